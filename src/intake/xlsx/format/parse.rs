//! A format code taken apart. There is no wrong code: a section that is not understood is [`Kind::Other`].

use super::{CODE_CHARS_MAX, Condition, Fill, Kind, Piece, Section, Test, Unit};

const COLORS: [&str; 8] = [
    "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow",
];

/// The sections of a code, at least one.
pub(super) fn sections(code: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut lexer = Lexer::default();
    let chars: Vec<char> = code.chars().take(CODE_CHARS_MAX + 1).collect();
    if chars.len() > CODE_CHARS_MAX {
        lexer.is_strange = true;
        return vec![lexer.into_section()];
    }
    let mut rest = chars.as_slice();
    while let Some((char, after)) = rest.split_first() {
        if *char == ';' {
            sections.push(std::mem::take(&mut lexer).into_section());
            rest = after;
        } else {
            let taken = lexer.take(*char, after);
            rest = after.get(taken..).unwrap_or_default();
        }
    }
    sections.push(lexer.into_section());
    sections
}

/// One section being taken apart.
#[derive(Default)]
struct Lexer {
    pieces: Vec<Piece>,
    condition: Option<Condition>,
    is_strange: bool,
    is_scientific: bool,
    is_iso: bool,
    is_foreign: bool,
    has_slash: bool,
}

impl Lexer {
    /// Takes `char` and says how many of those `after` it belong to it.
    fn take(&mut self, char: char, after: &[char]) -> usize {
        match char {
            '"' => {
                let end = after.iter().position(|c| *c == '"').unwrap_or(after.len());
                self.text(after.iter().take(end));
                end + 1
            }
            '\\' | '!' => {
                self.text(after.first());
                1
            }
            // As wide as the next character; filled up with it.
            '_' => {
                self.text([&' ']);
                1
            }
            '*' => 1,
            '[' => self.bracket(after),
            '0' => self.push(Piece::Digit(Fill::Zero)),
            '#' => self.push(Piece::Digit(Fill::Nothing)),
            '?' => self.push(Piece::Digit(Fill::Space)),
            ',' => self.push(Piece::Comma),
            '%' => self.push(Piece::Percent),
            '@' => self.push(Piece::At),
            '.' => self.point(after),
            '/' => {
                self.has_slash = true;
                self.text([&'/']);
                0
            }
            c if c.is_ascii_alphabetic() => self.letter(c, after),
            c => {
                self.text([&c]);
                0
            }
        }
    }

    fn push(&mut self, piece: Piece) -> usize {
        self.pieces.push(piece);
        0
    }

    fn text<'a>(&mut self, chars: impl IntoIterator<Item = &'a char>) {
        let text = chars.into_iter();
        if let Some(Piece::Text(before)) = self.pieces.last_mut() {
            before.extend(text);
            return;
        }
        self.pieces.push(Piece::Text(text.collect()));
    }

    fn point(&mut self, after: &[char]) -> usize {
        let zeros = after.iter().take_while(|c| **c == '0').count();
        let is_second = matches!(
            self.pieces.last(),
            Some(Piece::Clock(Unit::Second(_) | Unit::Seconds(_)))
        );
        if is_second && zeros > 0 {
            self.pieces.push(Piece::Clock(Unit::Fraction(zeros.min(3))));
            return zeros;
        }
        self.push(Piece::Point)
    }

    fn letter(&mut self, letter: char, after: &[char]) -> usize {
        let follows = |word: &str| {
            let mut own = std::iter::once(&letter)
                .chain(after)
                .map(char::to_ascii_lowercase);
            word.chars().all(|c| own.next() == Some(c))
        };
        for (word, piece) in [
            ("general", Piece::General),
            ("am/pm", Piece::Clock(Unit::HalfDay)),
            ("a/p", Piece::Clock(Unit::HalfDayLetter)),
        ] {
            if follows(word) {
                self.pieces.push(piece);
                return word.len() - 1;
            }
        }
        if follows("e+") || follows("e-") {
            self.is_scientific = true;
            return 1;
        }
        let same = after
            .iter()
            .take_while(|c| c.eq_ignore_ascii_case(&letter))
            .count();
        let width = same + 1;
        let unit = match letter.to_ascii_lowercase() {
            'y' => Unit::Year(width),
            'm' => Unit::Month(width),
            'd' => Unit::Day(width),
            'h' => Unit::Hour(width),
            's' => Unit::Second(width),
            _ => {
                self.is_strange = true;
                return same;
            }
        };
        self.pieces.push(Piece::Clock(unit));
        same
    }

    /// `[Red]`, `[<=99]`, `[h]`, `[$€-407]`.
    fn bracket(&mut self, after: &[char]) -> usize {
        let Some(end) = after.iter().position(|c| *c == ']') else {
            self.is_strange = true;
            return after.len();
        };
        let inside: String = after.iter().take(end).collect::<String>().to_lowercase();
        if let Some(money) = inside.strip_prefix('$') {
            self.money(money, after.get(1..end).unwrap_or_default());
        } else if inside.starts_with(['<', '>', '=']) {
            self.condition = condition(&inside);
            self.is_strange |= self.condition.is_none();
        } else if let Some(unit) = elapsed(&inside) {
            self.pieces.push(Piece::Clock(unit));
        } else {
            let is_color = COLORS.contains(&inside.as_str()) || inside.starts_with("color");
            self.is_strange |= !is_color;
        }
        end + 1
    }

    /// A sign of money, and the language that months are written in.
    fn money(&mut self, lower: &str, as_written: &[char]) {
        let sign = as_written.iter().take_while(|c| **c != '-').count();
        if sign > 0 {
            self.text(as_written.iter().take(sign));
        }
        let Some((_, language)) = lower.split_once('-') else {
            return;
        };
        match language {
            "f800" | "f400" | "x-sysdate" | "x-systime" => self.is_iso = true,
            "" => (),
            named if named.starts_with("en") => (),
            // The lower ten bits are the language, and 9 is English.
            number => {
                let id = u32::from_str_radix(number, 16).ok();
                self.is_foreign |= id.is_none_or(|id| id & 0x3ff != 9 && id & 0xffff != 0);
            }
        }
    }

    fn into_section(mut self) -> Section {
        self.find_minutes();
        let has = |test: fn(&Piece) -> bool| self.pieces.iter().any(test);
        let has_digits = has(|piece| matches!(piece, Piece::Digit(_)));
        let has_clock = has(|piece| matches!(piece, Piece::Clock(_)));
        let has_value = has(|piece| matches!(piece, Piece::General | Piece::At));
        let names_words = has(|piece| matches!(piece, Piece::Clock(Unit::Month(3..) | Unit::Day(3..))));
        let is_mixed = usize::from(has_digits) + usize::from(has_clock) + usize::from(has_value) > 1;
        let kind = if self.is_strange || is_mixed || (has_digits && self.has_slash) {
            Kind::Other
        } else if self.is_iso || (self.is_foreign && names_words) {
            Kind::Iso
        } else if has_clock {
            Kind::Clock
        } else if self.is_scientific {
            Kind::Scientific
        } else if has_digits {
            Kind::Number
        } else if has_value || self.pieces.is_empty() {
            Kind::General
        } else {
            // Words in the place of the number.
            Kind::Other
        };
        Section {
            condition: self.condition,
            kind,
            pieces: self.pieces,
        }
    }

    /// `m` is a minute behind an hour and before a second, else a month.
    fn find_minutes(&mut self) {
        let units: Vec<(usize, Unit)> = self
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(at, piece)| match piece {
                Piece::Clock(unit) => Some((at, *unit)),
                _ => None,
            })
            .collect();
        for (number, (at, unit)) in units.iter().enumerate() {
            let Unit::Month(width @ ..=2) = unit else { continue };
            let before = number.checked_sub(1).and_then(|before| units.get(before));
            let after = units.get(number + 1);
            let is_minute = matches!(before, Some((_, Unit::Hour(_) | Unit::Hours(_))))
                || matches!(after, Some((_, Unit::Second(_) | Unit::Seconds(_))));
            if let Some(piece) = self.pieces.get_mut(*at).filter(|_| is_minute) {
                *piece = Piece::Clock(Unit::Minute(*width));
            }
        }
    }
}

fn condition(inside: &str) -> Option<Condition> {
    for (sign, test) in [
        ("<=", Test::LessOrEqual),
        (">=", Test::GreaterOrEqual),
        ("<>", Test::NotEqual),
        ("<", Test::Less),
        (">", Test::Greater),
        ("=", Test::Equal),
    ] {
        if let Some(number) = inside.strip_prefix(sign) {
            let than = number.trim().parse().ok()?;
            return Some(Condition { test, than });
        }
    }
    None
}

fn elapsed(inside: &str) -> Option<Unit> {
    let first = inside.chars().next()?;
    if !inside.chars().all(|c| c == first) {
        return None;
    }
    match first {
        'h' => Some(Unit::Hours(inside.len())),
        'm' => Some(Unit::Minutes(inside.len())),
        's' => Some(Unit::Seconds(inside.len())),
        _ => None,
    }
}
