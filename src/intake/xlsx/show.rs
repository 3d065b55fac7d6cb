//! A cell as the eye sees it, or why there is nothing to take.

use super::book::Book;
use super::format::{Decimal, Differs, Epoch, iso_text};
use super::rows::{Cell, Kind};
use super::strings::Strings;
use super::styles::Styles;

/// Digits of an integer that every spreadsheet keeps.
const SURE_DIGITS: usize = 15;

/// What cells are looked up in.
pub(super) struct Shower {
    strings: Strings,
    styles: Styles,
    epoch: Epoch,
}

/// What became of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Its text.
    Text { is_number: bool },
    /// Its text, and what is odd about it.
    Odd { is_number: bool, why: Doubt },
    /// Nothing to take.
    Wrong(Wrong),
}

/// What is odd about a cell that has a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// More digits than a spreadsheet keeps.
    Digits,
    /// The eye sees a power of ten.
    Scientific,
    /// The eye sees something else, and it is not known what.
    Format,
}

/// Why a cell has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// `#N/A` and the like.
    Error,
    /// A formula that was never computed.
    NoResult,
    /// A number shown as a date that no calendar has.
    NoDate,
    /// Not what its type says.
    Damaged,
}

impl Shower {
    pub(super) fn of(book: Book) -> Self {
        Self {
            strings: book.strings,
            styles: book.styles,
            epoch: book.epoch,
        }
    }

    /// Writes what the eye sees of `cell` into `text`.
    pub(super) fn show(&self, cell: &Cell, text: &mut String) -> Look {
        text.clear();
        if cell.is_formula && (!cell.has_value || (cell.value.is_empty() && cell.kind != Kind::Text)) {
            return Look::Wrong(Wrong::NoResult);
        }
        match cell.kind {
            Kind::Number => self.number(cell, text),
            Kind::Shared => {
                let shared = cell
                    .value
                    .trim()
                    .parse()
                    .ok()
                    .and_then(|index| self.strings.get(index));
                match shared {
                    Some(shared) => self.text(cell, shared, text),
                    None => plain(text, &cell.value).wrong(Wrong::Damaged),
                }
            }
            Kind::Text => self.text(cell, &cell.value, text),
            Kind::Boolean => match cell.value.trim() {
                "1" | "true" => plain(text, "TRUE"),
                "0" | "false" => plain(text, "FALSE"),
                other => plain(text, other).wrong(Wrong::Damaged),
            },
            Kind::Error => plain(text, &cell.value).wrong(Wrong::Error),
            Kind::Date => plain(text, &iso_text(&cell.value)),
            Kind::Unknown => plain(text, &cell.value).wrong(Wrong::Damaged),
        }
    }

    fn text(&self, cell: &Cell, stored: &str, text: &mut String) -> Look {
        match self.styles.format(cell.style).show_text(stored) {
            Some(shown) => plain(text, &shown),
            None => plain(text, stored),
        }
    }

    fn number(&self, cell: &Cell, text: &mut String) -> Look {
        let stored = cell.value.trim();
        let format = self.styles.format(cell.style);
        let is_short_integer = stored.len() <= SURE_DIGITS
            && !stored.starts_with('0')
            && !stored.is_empty()
            && stored.bytes().all(|byte| byte.is_ascii_digit());
        if is_short_integer && format.is_general() {
            text.push_str(stored);
            return Look::Text { is_number: true };
        }
        let Some(number) = Decimal::parse(stored) else {
            return plain(text, stored).wrong(Wrong::Damaged);
        };
        let Ok(shown) = format.show(&number, self.epoch) else {
            return plain(text, stored).wrong(Wrong::NoDate);
        };
        // Spaces at the ends are there to align columns.
        text.push_str(shown.text.trim());
        let is_number = shown.is_bare;
        let why = match shown.differs {
            _ if number.has_lost_digits() => Doubt::Digits,
            Some(Differs::Scientific) => Doubt::Scientific,
            Some(Differs::Format) => Doubt::Format,
            None => return Look::Text { is_number },
        };
        Look::Odd { is_number, why }
    }
}

impl Look {
    fn wrong(self, wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

fn plain(into: &mut String, text: &str) -> Look {
    into.push_str(text);
    Look::Text { is_number: false }
}
