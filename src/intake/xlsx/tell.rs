//! What is said of a sheet, its rows and its cells.

use std::sync::Arc;

use super::grid::Area;
use super::show::{Doubt, Wrong};
use super::survey::{Survey, columns_shown};
use crate::domain::fault::{Fault, Place, Severity};
use crate::intake::headers::Headers;
use crate::intake::{Hidden, IntakeError};

/// What to do about a number that should have been a text.
const AS_TEXT: &str = "format the column as Text and type the number again from where it came";

/// A sheet without anything in it.
pub(super) fn empty(place: Place) -> IntakeError {
    IntakeError::File(Box::new(Fault::error(
        place,
        "file.empty",
        "the sheet is empty",
        "feed a sheet with a header row and a row for each reseller",
    )))
}

/// A header that is too wide.
pub(super) fn too_many_columns(name: &Arc<str>, columns: usize, max: usize) -> IntakeError {
    IntakeError::file(
        name,
        "file.columns",
        format!("{columns} columns, at most {max} are read"),
        "take out the columns that are not needed",
    )
}

/// What is said of the sheet once; or why it is not read before the user says more.
pub(super) fn notes(
    survey: &Survey,
    headers: &Headers,
    header_row: u32,
    hidden: Hidden,
    wants_computing: bool,
) -> Result<Vec<Fault>, IntakeError> {
    let place = headers.record_place(0, 0);
    let warning = |rule, message: String, hint: &str| {
        Fault::error(place.clone(), rule, message, hint).with_severity(Severity::Warning)
    };
    let mut notes = Vec::new();
    if survey.has_hidden() {
        let shown = survey.hidden_shown();
        match hidden {
            Hidden::Refuse => {
                let fault = Fault::error(
                    place,
                    "sheet.hidden",
                    format!("the sheet has {shown}, and it is not clear whether they are meant"),
                    "show them or delete them (a filter hides rows: Data, Clear); or say --hidden skip or --hidden read",
                );
                return Err(IntakeError::File(Box::new(fault)));
            }
            Hidden::Read => notes.push(warning("sheet.hidden", format!("read too: {shown}"), "")),
            Hidden::Skip => notes.push(warning("sheet.hidden", format!("not read: {shown}"), "")),
        }
    }
    let formulas: u64 = survey.formulas.values().sum();
    if formulas > 0 {
        let columns = columns_shown(survey.formulas.keys().copied());
        let cells = if formulas == 1 {
            "1 cell holds a formula"
        } else {
            &format!("{formulas} cells hold formulas")
        };
        let message = format!("{cells} (columns {columns}), read as last computed");
        let hint = if wants_computing {
            "the program that wrote the file has left them to be computed: open it in the spreadsheet program and save it"
        } else {
            "if the file was not saved by a spreadsheet program since, open it in one and save it"
        };
        notes.push(warning("sheet.formulas", message, hint));
    }
    let in_header = |area: &&Area| (area.first_row..=area.last_row).contains(&header_row);
    for area in survey.merges.iter().filter(in_header) {
        let message = format!(
            "{} in the header are merged: only the first has the name",
            area.shown()
        );
        notes.push(warning(
            "sheet.merged",
            message,
            "unmerge them and give each column a name of its own",
        ));
    }
    Ok(notes)
}

/// A cell beside the last column that has a name.
pub(super) fn surplus(headers: &Headers, place: &Place, column: usize, text: &str) -> Fault {
    Fault::error(
        headers.cell_place(place, column),
        "row.ragged",
        "a cell in a column without a name",
        "give the column a name in the header row, or empty the cell",
    )
    .with_cell(None, text)
}

/// A row with too much in it.
pub(super) fn too_long(place: Place, bytes: usize) -> Fault {
    let message = format!("more than the {bytes} bytes that a row may have");
    Fault::error(
        place,
        "row.too_long",
        message,
        "take out the columns that are not needed",
    )
}

/// A cell whose value is in the first of the merged ones, if it is meant for all.
pub(super) fn merged(headers: &Headers, place: &Place, column: usize, area: &Area) -> Fault {
    let message = format!("merged ({}): only the first cell has the value", area.shown());
    let hint = "unmerge the cells (Home, Merge & Center) and write into each what is meant for it";
    Fault::error(headers.cell_place(place, column), "row.merged", message, hint)
}

/// A cell with nothing to take.
pub(super) fn wrong(headers: &Headers, place: &Place, column: usize, text: &str, wrong: Wrong) -> Fault {
    let (rule, message, hint) = match wrong {
        Wrong::Error => (
            "cell.error",
            "the cell shows an error",
            "correct the formula, or write the value in its place",
        ),
        Wrong::NoResult => (
            "cell.formula",
            "a formula that was never computed",
            "open the file in the spreadsheet program, which computes it, and save it",
        ),
        Wrong::NoDate => (
            "cell.date",
            "shown as a date, and no calendar has it",
            "correct the date, or format the cell as a number",
        ),
        Wrong::Damaged => (
            "cell.damaged",
            "the cell does not hold what its type says",
            "open the file in the spreadsheet program, look at the cell, and save it",
        ),
    };
    Fault::error(headers.cell_place(place, column), rule, message, hint).with_cell(None, text)
}

/// A cell that was taken, and may not be what was meant.
pub(super) fn doubt(headers: &Headers, place: &Place, column: usize, text: &str, doubt: Doubt) -> Fault {
    let (rule, message, hint) = match doubt {
        Doubt::Digits => (
            "cell.digits",
            "a number of more than 15 digits, which spreadsheets do not keep: the last ones may be others",
            AS_TEXT,
        ),
        Doubt::Scientific => (
            "cell.scientific",
            "shown as a power of ten, and read with the digits that are stored; told once for the column",
            "if digits are missing, format the column as Text and type the number again from where it came",
        ),
        Doubt::Format => (
            "cell.format",
            "shown in a format that is not read, or not at all; taken as the number that is stored; told once for the column",
            "format the column as Text or General if that is not meant",
        ),
    };
    Fault::error(headers.cell_place(place, column), rule, message, hint)
        .with_cell(None, text)
        .with_severity(Severity::Warning)
}
