//! Number formats: how a sheet shows a number.
//!
//! A workbook stores `501` and a code, `00000`; the eye sees 00501. Codes are Excel's (ECMA-376 part 1, 18.8.31). Those
//! that matter for lists of companies are shown as Excel shows them; what cannot be (fractions, eras) says so, and the
//! number is given without a format. Why this is not a crate's: docs/decisions/0015-spreadsheets.md.

mod clock;
mod number;
mod parse;

pub(super) use self::clock::{Epoch, iso_text};
pub(super) use self::number::Decimal;

/// Characters that a code may have; Excel's own limit.
pub(super) const CODE_CHARS_MAX: usize = 255;

/// A format code, parsed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Format {
    /// At least one: for numbers above zero, below, zero, and text; or with conditions.
    sections: Vec<Section>,
}

/// One of up to four parts of a code.
#[derive(Clone, Debug, PartialEq)]
struct Section {
    condition: Option<Condition>,
    kind: Kind,
    pieces: Vec<Piece>,
}

/// When a section holds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Condition {
    test: Test,
    than: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// What a section shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The number as it is, with text around it.
    General,
    /// Digits in places.
    Number,
    /// A date or a time.
    Clock,
    /// A date or a time in the way of the place where the sheet is looked at; shown as ISO 8601 has it.
    Iso,
    /// Digits with a power of ten.
    Scientific,
    /// What is not shown here.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A place for a digit.
    Digit(Fill),
    Point,
    /// Between places: groups of three. Behind the last one: a thousandth.
    Comma,
    Percent,
    /// The number as it is.
    General,
    /// The text of the cell.
    At,
    Clock(Unit),
}

/// What stands in a place that has no digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    Zero,
    Nothing,
    Space,
}

/// A part of a date or a time, with the width that it is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Year(usize),
    Month(usize),
    Day(usize),
    Hour(usize),
    Minute(usize),
    Second(usize),
    /// Digits behind the second.
    Fraction(usize),
    /// Hours, minutes, seconds that are not wrapped around.
    Hours(usize),
    Minutes(usize),
    Seconds(usize),
    /// `AM` or `PM`.
    HalfDay,
    /// `A` or `P`.
    HalfDayLetter,
}

/// A number as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// What the eye sees.
    pub(super) text: String,
    /// Whether zeros at the start, had there been any, would be gone.
    pub(super) is_bare: bool,
    /// What the eye sees is not this text.
    pub(super) differs: Option<Differs>,
}

/// Why what the eye sees is something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Differs {
    /// It sees a power of ten.
    Scientific,
    /// It sees the number in a format that is not known here, or does not see it at all.
    Format,
}

/// A date or time that no calendar has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoDate;

impl Format {
    /// The format without a code.
    pub(super) fn general() -> Self {
        Self::parse("General")
    }

    /// Whether numbers are shown as they are, with nothing around them.
    pub(super) fn is_general(&self) -> bool {
        matches!(self.sections.as_slice(), [Section { kind: Kind::General, pieces, condition: None }]
            if matches!(pieces.as_slice(), [Piece::General | Piece::At]))
    }

    /// The format of one of the numbers that stand for a code everywhere. Dates in the way of the place become ISO 8601.
    pub(super) fn builtin(id: u32) -> Option<Self> {
        let code = match id {
            0 => "General",
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            5..=8 | 41..=44 => "#,##0.00",
            9 => "0%",
            10 => "0.00%",
            11 | 48 => "0.00E+00",
            12 | 13 => "# ?/?",
            15 => "d-mmm-yy",
            16 => "d-mmm",
            17 => "mmm-yy",
            18 => "h:mm AM/PM",
            19 => "h:mm:ss AM/PM",
            20 => "h:mm",
            21 => "h:mm:ss",
            14 | 22 | 27..=36 | 50..=58 => "[$-F800]",
            37 | 38 => "#,##0;(#,##0)",
            39 | 40 => "#,##0.00;(#,##0.00)",
            45 => "mm:ss",
            46 => "[h]:mm:ss",
            47 => "mm:ss.0",
            49 => "@",
            _ => return None,
        };
        Some(Self::parse(code))
    }

    /// Parses a code. There is no wrong one: what is not understood shows as [`Differs::Format`].
    pub(super) fn parse(code: &str) -> Self {
        Self {
            sections: parse::sections(code),
        }
    }

    /// A number as the eye sees it.
    pub(super) fn show(&self, number: &Decimal, epoch: Epoch) -> Result<Shown, NoDate> {
        let value = number.value();
        let Some((section, is_signed)) = self.section_of(value) else {
            return Ok(general(number, Some(Differs::Format)));
        };
        let is_blank = section.pieces.is_empty();
        Ok(match section.kind {
            Kind::Other => general(number, Some(Differs::Format)),
            Kind::Scientific => general(number, Some(Differs::Scientific)),
            // `;;;` hides what is there.
            Kind::General if is_blank => general(number, Some(Differs::Format)),
            Kind::General => section.around(&number.general(), number),
            Kind::Number => section.number(number, is_signed),
            Kind::Clock => Shown {
                text: clock::show(&section.pieces, value, epoch)?,
                is_bare: false,
                differs: None,
            },
            Kind::Iso => Shown {
                text: clock::iso(value, epoch)?,
                is_bare: false,
                differs: None,
            },
        })
    }

    /// A text as the eye sees it, when the format adds to it.
    pub(super) fn show_text(&self, text: &str) -> Option<String> {
        let has_at = |section: &&Section| section.pieces.contains(&Piece::At);
        let section = match self.sections.as_slice() {
            [_, _, _, section] => Some(section).filter(has_at),
            all => all.last().filter(has_at),
        }?;
        if section.pieces == [Piece::At] {
            return None;
        }
        let part = |piece: &Piece| match piece {
            Piece::At => text.to_owned(),
            Piece::Text(text) => text.clone(),
            _ => String::new(),
        };
        Some(section.pieces.iter().map(part).collect())
    }

    /// The section for a value, and whether a minus is put before it.
    fn section_of(&self, value: f64) -> Option<(&Section, bool)> {
        let numeric = match self.sections.as_slice() {
            // A text section at the end says nothing of numbers.
            [first @ .., last] if !first.is_empty() && last.pieces.contains(&Piece::At) => first,
            all => all.get(..all.len().min(3)).unwrap_or_default(),
        };
        if numeric.iter().any(|section| section.condition.is_some()) {
            let holds = |(at, section): &(usize, &Section)| match section.condition {
                Some(condition) => condition.holds(value),
                None if *at == 1 && numeric.len() > 2 => value < 0.0,
                None => true,
            };
            let (_, section) = numeric.iter().enumerate().find(holds)?;
            return Some((section, value < 0.0));
        }
        match numeric {
            [only] => Some((only, value < 0.0)),
            [above, _, ..] if value > 0.0 => Some((above, false)),
            [_, below, ..] if value < 0.0 => Some((below, false)),
            [_, _, zero] => Some((zero, false)),
            [above, ..] => Some((above, false)),
            [] => None,
        }
    }
}

impl Condition {
    fn holds(self, value: f64) -> bool {
        match self.test {
            Test::Less => value < self.than,
            Test::LessOrEqual => value <= self.than,
            Test::Greater => value > self.than,
            Test::GreaterOrEqual => value >= self.than,
            Test::Equal => value.total_cmp(&self.than).is_eq(),
            Test::NotEqual => value.total_cmp(&self.than).is_ne(),
        }
    }
}

impl Section {
    /// The number as it is, in the text around it.
    fn around(&self, number: &str, of: &Decimal) -> Shown {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::General | Piece::At => text.push_str(number),
                _ => (),
            }
        }
        let is_bare = text == number;
        Shown {
            text,
            is_bare,
            differs: of.is_huge().then_some(Differs::Scientific),
        }
    }
}

/// The number without a format.
fn general(number: &Decimal, differs: Option<Differs>) -> Shown {
    Shown {
        text: number.general(),
        is_bare: true,
        differs,
    }
}

#[cfg(test)]
mod tests;
