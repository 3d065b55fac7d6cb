//! Digits put into the places of a format.

use super::{Differs, Fill, Piece, Section, Shown};

/// Digits that a spreadsheet keeps of a number.
const DIGITS_KEPT: usize = 15;

/// Digits that an integer may have to be taken as it is written.
const INTEGER_DIGITS_MAX: usize = 40;

/// Digits before the point up to which a number is written out.
const PLAIN_DIGITS_MAX: i32 = 40;

/// Zeros behind the point up to which a number is written out.
const PLAIN_ZEROS_MAX: i32 = 15;

/// A number in digits: with fifteen of them at most, as a spreadsheet has it, or all of an integer that was stored with
/// more.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::intake::xlsx) struct Decimal {
    value: f64,
    /// Without zeros at the start and the end; empty for zero.
    digits: Vec<u8>,
    /// How many digits stand before the point; below zero, how many zeros behind it come first.
    point: i32,
    /// How many digits an integer was stored with.
    stored: usize,
}

impl Decimal {
    /// Reads a number as a workbook stores it: digits, a point, a power of ten.
    pub(in crate::intake::xlsx) fn parse(stored: &str) -> Option<Self> {
        let value: f64 = stored.parse().ok().filter(|value: &f64| value.is_finite())?;
        let unsigned = stored.trim_start_matches(['-', '+']);
        let is_integer = unsigned.len() <= INTEGER_DIGITS_MAX && unsigned.bytes().all(|b| b.is_ascii_digit());
        let mut number = if is_integer {
            let digits: Vec<u8> = unsigned.trim_start_matches('0').bytes().collect();
            let count = digits.len();
            Self {
                value,
                digits,
                point: i32::try_from(count).ok()?,
                stored: count,
            }
        } else {
            Self::of(value)?
        };
        let kept = number.digits.iter().rposition(|digit| *digit != b'0');
        number.digits.truncate(kept.map_or(0, |last| last + 1));
        if number.digits.is_empty() {
            number.point = 0;
        }
        Some(number)
    }

    fn of(value: f64) -> Option<Self> {
        let text = format!("{:.*e}", DIGITS_KEPT - 1, value.abs());
        let (mantissa, power) = text.split_once('e')?;
        let point = power.parse::<i32>().ok()? + 1;
        Some(Self {
            value,
            digits: mantissa.bytes().filter(|byte| *byte != b'.').collect(),
            point,
            stored: usize::try_from(point).unwrap_or_default(),
        })
    }

    /// The number itself.
    pub(super) fn value(&self) -> f64 {
        self.value
    }

    /// Whether it has more digits than a spreadsheet keeps, so that the last ones may have been dropped.
    pub(in crate::intake::xlsx) fn has_lost_digits(&self) -> bool {
        let is_integer = usize::try_from(self.point).is_ok_and(|point| self.digits.len() <= point);
        is_integer && self.stored > DIGITS_KEPT
    }

    /// Whether no one would write it out.
    pub(super) fn is_huge(&self) -> bool {
        self.point > PLAIN_DIGITS_MAX || self.point < -PLAIN_ZEROS_MAX
    }

    /// The number in full: long ones are not made powers of ten, since a telephone number in one is a number lost.
    pub(super) fn general(&self) -> String {
        let sign = if self.value < 0.0 && !self.digits.is_empty() {
            "-"
        } else {
            ""
        };
        if self.is_huge() {
            return format!("{:E}", self.value);
        }
        let decimals = i32::try_from(self.digits.len()).unwrap_or_default() - self.point;
        let decimals = usize::try_from(decimals).unwrap_or_default();
        let (whole, part) = self.rounded(decimals, 0);
        let (whole, part) = (text_of(&whole), text_of(&part));
        let (whole, part) = (whole.as_str(), part.trim_end_matches('0'));
        let whole = if whole.is_empty() { "0" } else { whole };
        match part {
            "" => format!("{sign}{whole}"),
            part => format!("{sign}{whole}.{part}"),
        }
    }

    /// The digits before the point, none for zero, and so many behind it, of the number times a power of ten.
    fn rounded(&self, decimals: usize, power: i32) -> (Vec<u8>, Vec<u8>) {
        let point = self.point + power;
        let kept = i64::from(point) + i64::try_from(decimals).unwrap_or(i64::MAX);
        let Ok(kept) = usize::try_from(kept) else {
            return (Vec::new(), vec![b'0'; decimals]);
        };
        let mut digits: Vec<u8> = self.digits.iter().copied().take(kept).collect();
        digits.resize(kept, b'0');
        let mut whole_count = usize::try_from(point).unwrap_or_default();
        if self.digits.get(kept).is_some_and(|next| *next >= b'5') && carry(&mut digits) {
            digits.insert(0, b'1');
            // Behind the point the zeros before the first digit are not in `digits`.
            whole_count += usize::from(point >= 0);
        }
        let zeros = decimals.saturating_sub(digits.len().saturating_sub(whole_count));
        let part_start = whole_count.min(digits.len());
        let behind = digits.split_off(part_start);
        let mut part = vec![b'0'; zeros];
        part.extend(behind);
        (digits, part)
    }
}

/// Adds one at the last digit; `true` when a one has to be put before the first.
fn carry(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return false;
        }
        *digit = b'0';
    }
    true
}

fn text_of(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(*digit)).collect()
}

impl Section {
    /// The number in the places of this section.
    pub(super) fn number(&self, number: &Decimal, is_signed: bool) -> Shown {
        let point = self.pieces.iter().position(|piece| *piece == Piece::Point);
        let (before, after) = self.pieces.split_at(point.unwrap_or(self.pieces.len()));
        let is_place = |piece: &&Piece| matches!(piece, Piece::Digit(_));
        let decimals = after.iter().filter(is_place).count();
        let thousandths = self.thousandths();
        let percents = self
            .pieces
            .iter()
            .filter(|piece| **piece == Piece::Percent)
            .count();
        let power = 2 * i32::try_from(percents).unwrap_or_default()
            - 3 * i32::try_from(thousandths).unwrap_or_default();
        let (whole, part) = number.rounded(decimals, power);
        let is_zero = whole.iter().chain(&part).all(|digit| *digit == b'0');
        let mut text = String::new();
        if is_signed && !is_zero {
            text.push('-');
        }
        text.push_str(&placed(before, &whole));
        behind(after, &part, &mut text);
        let zeros = before
            .iter()
            .filter(|piece| **piece == Piece::Digit(Fill::Zero))
            .count();
        let has_words = self.pieces.iter().any(|piece| matches!(piece, Piece::Text(_)));
        Shown {
            is_bare: zeros < 2 && !has_words,
            differs: number.is_huge().then_some(Differs::Format),
            text,
        }
    }

    /// Commas behind the last place before the point, or behind the last of all.
    fn thousandths(&self) -> usize {
        let (mut all, mut count) = (0, 0);
        for piece in &self.pieces {
            match piece {
                Piece::Digit(_) => count = 0,
                Piece::Comma => count += 1,
                Piece::Point => {
                    all += count;
                    count = 0;
                }
                _ => (),
            }
        }
        all + count
    }
}

/// The digits before the point, put in from the right; what is left over goes to the first place.
fn placed(pieces: &[Piece], digits: &[u8]) -> String {
    let places: Vec<usize> = (0..pieces.len())
        .filter(|at| matches!(pieces.get(*at), Some(Piece::Digit(_))))
        .collect();
    let (first, last) = (places.first().copied(), places.last().copied());
    let grouped = pieces
        .iter()
        .enumerate()
        .any(|(at, piece)| *piece == Piece::Comma && Some(at) > first && Some(at) < last);
    let mut out: Vec<char> = Vec::new();
    let mut left = digits.iter().rev();
    let mut count = 0;
    let mut put = |out: &mut Vec<char>, digit: char| {
        if grouped && count > 0 && count % 3 == 0 {
            out.push(',');
        }
        count += 1;
        out.push(digit);
    };
    for (at, piece) in pieces.iter().enumerate().rev() {
        match piece {
            Piece::Digit(fill) => {
                match (left.next(), fill) {
                    (Some(digit), _) => put(&mut out, char::from(*digit)),
                    (None, Fill::Zero) => put(&mut out, '0'),
                    (None, Fill::Space) => out.push(' '),
                    (None, Fill::Nothing) => (),
                }
                if Some(at) == first {
                    left.by_ref().for_each(|digit| put(&mut out, char::from(*digit)));
                }
            }
            Piece::Text(text) => out.extend(text.chars().rev()),
            Piece::Percent => out.push('%'),
            _ => (),
        }
    }
    // A code may begin with its point: then the digits before it have no place.
    if first.is_none() {
        left.for_each(|digit| put(&mut out, char::from(*digit)));
    }
    out.iter().rev().collect()
}

/// The point and the digits behind it; zeros at the end only where a place asks for them.
fn behind(pieces: &[Piece], digits: &[u8], text: &mut String) {
    let shown = digits
        .iter()
        .rposition(|digit| *digit != b'0')
        .map_or(0, |last| last + 1);
    let mut at = 0;
    for piece in pieces {
        match piece {
            Piece::Point => text.push('.'),
            Piece::Text(words) => text.push_str(words),
            Piece::Percent => text.push('%'),
            Piece::Digit(fill) => {
                match (digits.get(at), fill) {
                    (Some(digit), _) if at < shown => text.push(char::from(*digit)),
                    (_, Fill::Zero) => text.push('0'),
                    (_, Fill::Space) => text.push(' '),
                    (_, Fill::Nothing) => (),
                }
                at += 1;
            }
            _ => (),
        }
    }
}
