//! Regions and postal codes: what the country of a record decides.

use super::check::{Finding, same};
use crate::domain::near::{fold, nearest};

/// The regions of one country.
#[derive(Debug)]
pub struct RegionTable {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// Code and name.
    pub regions: &'static [(&'static str, &'static str)],
    /// Codes that people take for regions and that are countries of their own here.
    pub own_countries: &'static [&'static str],
}

/// How a country writes its postal codes.
#[derive(Debug)]
pub struct PostalForm {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// The forms, each a mask: `9` a digit, `1` a digit but 0, `A` a capital, `X` a capital or digit, `x` a
    /// letter of any case or a digit, `F` and `L` the first and the further letters of a Canadian code; a `?`
    /// makes what is before it optional; anything else is itself.
    pub masks: &'static [&'static str],
    /// Codes that fit a mask and that are none.
    pub never: &'static [&'static str],
    /// How many digits a code has when it is nothing but digits; 0 when none is.
    pub digits: usize,
    /// One for the hint.
    pub example: &'static str,
}

/// What is wrong with `value` as a region of `country`.
pub(super) fn region_fault(tables: &[RegionTable], country: &str, value: &str) -> Option<Finding> {
    let tail = value
        .strip_prefix(country)
        .and_then(|rest| rest.strip_prefix('-'));
    match tables.iter().find(|table| same(table.country, country)) {
        Some(table) => region_in_table(table, value, tail),
        None => region_by_form(country, value, tail),
    }
}

/// What is wrong with `value` as a region's code or name, where those of `country` are known.
pub(super) fn region_or_name_fault(tables: &[RegionTable], country: &str, value: &str) -> Option<Finding> {
    let table = tables.iter().find(|table| same(table.country, country))?;
    let meant = fold(value);
    if table.regions.iter().any(|(_, name)| fold(name) == meant) {
        return None;
    }
    region_fault(tables, country, value)
}

fn region_in_table(table: &RegionTable, value: &str, tail: Option<&str>) -> Option<Finding> {
    if table.regions.iter().any(|(code, _)| same(code, value)) {
        return None;
    }
    let country = table.country;
    let meant = fold(tail.unwrap_or(value));
    let by_name = |wanted: &str| {
        table
            .regions
            .iter()
            .find(|(_, name)| *name == wanted)
            .map(|(code, _)| *code)
    };
    let code = table
        .regions
        .iter()
        .find(|(code, name)| fold(code) == meant || fold(name) == meant)
        .map(|(code, _)| *code)
        .or_else(|| nearest(value, table.regions.iter().map(|(_, name)| *name)).and_then(by_name));
    let hint = match code {
        Some(code) if tail == Some(code) => Some(format!("write the part after the hyphen: {code}")),
        Some(code) => Some(format!("write {code}")),
        None if table.own_countries.contains(&value) => Some(format!(
            "{value} has a country code of its own: write {value} as the country"
        )),
        None => None,
    };
    Some(Finding {
        message: format!("not a region code of {country}"),
        hint,
    })
}

fn region_by_form(country: &str, value: &str, tail: Option<&str>) -> Option<Finding> {
    let is_code = |text: &str| {
        (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    if is_code(value) {
        return None;
    }
    let capitals = value.to_uppercase();
    let hint = match tail {
        Some(tail) if is_code(tail) => Some(format!("write the part after the hyphen: {tail}")),
        _ if is_code(&capitals) => Some(format!("write {capitals}")),
        _ => None,
    };
    Some(Finding {
        message: format!("not a region code: one to three capitals or digits, for {country}"),
        hint,
    })
}

/// What is wrong with `value` as a postal code of `country`.
pub(super) fn postal_fault(forms: &[PostalForm], country: &str, value: &str) -> Option<Finding> {
    let form = forms.iter().find(|form| same(form.country, country))?;
    if form.fits(value) {
        return None;
    }
    let hint = form.meant_by(value);
    Some(Finding {
        message: format!("not a postal code of {country}"),
        hint: Some(hint.unwrap_or_else(|| format!("a postal code of {country} looks like {}", form.example))),
    })
}

impl PostalForm {
    fn fits(&self, value: &str) -> bool {
        self.masks
            .iter()
            .any(|mask| fits(mask.as_bytes(), value.as_bytes()))
            && !self.never.contains(&value)
    }

    /// What to do, if the value is one slip away from a code.
    fn meant_by(&self, value: &str) -> Option<String> {
        let digits = value.strip_suffix(".0").unwrap_or(value);
        if !digits.is_empty() && digits.len() <= self.digits && digits.bytes().all(|b| b.is_ascii_digit()) {
            let padded = format!("{digits:0>width$}", width = self.digits);
            if self.digits - digits.len() <= 2 && self.fits(&padded) && padded != value {
                let lost = if padded == digits {
                    "the code went through a number"
                } else {
                    "a leading zero was lost"
                };
                return Some(format!("{lost}: write {padded}, and keep the column as text"));
            }
        }
        let plain: String = value
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_uppercase)
            .collect();
        let spaced = plain.char_indices().flat_map(|(at, _)| {
            let (head, tail) = plain.split_at(at);
            [format!("{head} {tail}"), format!("{head}-{tail}")]
        });
        let fitting = std::iter::once(plain.clone())
            .chain(spaced.take(32))
            .find(|text| self.fits(text));
        fitting.map(|text| format!("write {text}"))
    }
}

/// Whether the whole of `text` fits `mask`.
fn fits(mask: &[u8], text: &[u8]) -> bool {
    let Some((&kind, mask)) = mask.split_first() else {
        return text.is_empty();
    };
    let taken = text
        .split_first()
        .filter(|(byte, _)| is_of_kind(kind, **byte))
        .map(|(_, rest)| rest);
    match mask.split_first() {
        Some((b'?', mask)) => taken.is_some_and(|rest| fits(mask, rest)) || fits(mask, text),
        _ => taken.is_some_and(|rest| fits(mask, rest)),
    }
}

fn is_of_kind(kind: u8, byte: u8) -> bool {
    match kind {
        b'9' => byte.is_ascii_digit(),
        b'1' => matches!(byte, b'1'..=b'9'),
        b'A' => byte.is_ascii_uppercase(),
        b'X' => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        b'x' => byte.is_ascii_alphanumeric(),
        b'F' => b"ABCEGHJKLMNPRSTVXY".contains(&byte),
        b'L' => b"ABCEGHJKLMNPRSTVWXYZ".contains(&byte),
        literal => byte == literal,
    }
}

/// What is wrong with `value` as a postal code of a country whose codes have a fixed number of digits and no
/// other published form.
pub(super) fn lost_zero(lengths: &[(&str, usize)], country: &str, value: &str) -> Option<Finding> {
    let (_, digits) = lengths.iter().find(|(known, _)| same(known, country))?;
    if value.len() + 1 != *digits || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(Finding {
        message: format!("one digit short of a postal code of {country}"),
        hint: Some(format!(
            "a leading zero was lost: write 0{value}, and keep the column as text"
        )),
    })
}
