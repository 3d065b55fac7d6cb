//! Which sheet of a workbook is read.

use super::book::Sheet;
use super::rows::{Cell, Rows};
use crate::domain::fault::cut;
use crate::intake::IntakeError;
use crate::intake::packed::Archive;

/// Sheets named in a message.
const NAMED_MAX: usize = 12;

/// The sheet that was asked for; else the only one that is shown and has something in it.
pub(super) fn choose(
    archive: &Archive,
    sheets: &[Sheet],
    asked: Option<&str>,
    bytes_max: u64,
) -> Result<Sheet, IntakeError> {
    let refuse =
        |rule, message: String, hint: String| Err(IntakeError::file(archive.name(), rule, message, hint));
    if let Some(asked) = asked {
        return match find(sheets, asked) {
            Some(sheet) => Ok(sheet.clone()),
            None => refuse(
                "sheet.unknown",
                format!("there is no sheet {asked:?}"),
                format!("the sheets are {}", listed(sheets)),
            ),
        };
    }
    let mut filled = Vec::new();
    for sheet in sheets.iter().filter(|sheet| !sheet.is_hidden) {
        if has_cells(archive, sheet, bytes_max)? {
            filled.push(sheet.clone());
        }
    }
    match filled.as_slice() {
        [only] => Ok(only.clone()),
        [] if sheets.iter().any(|sheet| sheet.is_hidden) => refuse(
            "file.empty",
            "every sheet that is shown is empty".to_owned(),
            format!(
                "a hidden sheet is read only when it is named with --sheet; the sheets are {}",
                listed(sheets)
            ),
        ),
        [] => refuse(
            "file.empty",
            "every sheet is empty".to_owned(),
            "feed a file with a header row and a row for each reseller".to_owned(),
        ),
        [first, ..] => refuse(
            "sheet.choose",
            format!(
                "{} sheets have something in them: {}",
                filled.len(),
                listed(&filled)
            ),
            format!("say which one: --sheet {}", quoted(&first.name)),
        ),
    }
}

/// By name, by name whatever its case, by number.
fn find<'a>(sheets: &'a [Sheet], asked: &str) -> Option<&'a Sheet> {
    let folded = asked.trim().to_lowercase();
    let number = asked
        .trim()
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1));
    sheets
        .iter()
        .find(|sheet| sheet.name == asked)
        .or_else(|| {
            sheets
                .iter()
                .find(|sheet| sheet.name.trim().to_lowercase() == folded)
        })
        .or_else(|| sheets.get(number?))
}

fn has_cells(archive: &Archive, sheet: &Sheet, bytes_max: u64) -> Result<bool, IntakeError> {
    let mut rows = Rows::open(archive, &sheet.path, bytes_max)?;
    let mut cell = Cell::default();
    while rows.next_row()?.is_some() {
        while rows.next_cell(&mut cell)? {
            if !cell.is_blank() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn listed(sheets: &[Sheet]) -> String {
    let named = sheets.iter().take(NAMED_MAX).map(|sheet| {
        let hidden = if sheet.is_hidden { " (hidden)" } else { "" };
        format!("{:?}{hidden}", cut(&sheet.name))
    });
    let more = if sheets.len() > NAMED_MAX { ", …" } else { "" };
    format!("{}{more}", named.collect::<Vec<_>>().join(", "))
}

/// A word as a shell takes it.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !name.is_empty() && name.chars().all(is_plain) && !name.starts_with('-') {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_goes_before_a_number() {
        let sheet = |name: &str| Sheet {
            name: name.to_owned(),
            path: String::new(),
            is_hidden: false,
        };
        let sheets = [sheet("Notes"), sheet("1"), sheet("Companies ")];
        for (asked, found) in [
            ("Notes", Some("Notes")),
            ("companies", Some("Companies ")),
            ("1", Some("1")),
            ("3", Some("Companies ")),
            ("0", None),
            ("4", None),
            ("x", None),
        ] {
            assert_eq!(
                find(&sheets, asked).map(|sheet| sheet.name.as_str()),
                found,
                "{asked}"
            );
        }
        assert_eq!(quoted("List"), "List");
        assert_eq!(quoted("It's $1"), r"'It'\''s $1'");
    }
}
