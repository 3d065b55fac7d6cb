//! Rows with fewer cells than the header.
//!
//! Spreadsheets leave out the delimiters of empty cells at the end of a row, and such a row says all it has to say. A row
//! that lost a cell in its middle looks the same, with every cell behind the gap one column too far left: a town for a
//! street, a first name for a phone. So a short row counts as one with empty cells at its end only when nothing can have
//! shifted: its last cell with something in it must look like what its column is for, and that must be something that
//! looks like nothing else (an email address, a country's code, a phone number); neither of the two columns next to it
//! may be of the same kind; and no column may be missing that every row must have. Had a cell been lost before that
//! last one, it would hold what belongs to another column. The looks are told here and not by the contract, whose
//! checks a job can turn into warnings. The row is told as a warning all the same; any other short row is refused.

use super::super::mapping::Mapping;
use super::super::row::Row;
use crate::domain::contract::{Contract, Need};
use crate::domain::fault::{Fault, Severity};
use crate::domain::field::Field;

/// How far to the right a cell of the same kind could have slipped from.
const SLIP_COLUMNS_MAX: usize = 2;

/// The fault of a short row as a warning, when the `cells` that it has are surely its first.
pub(super) fn excused(
    fault: &Fault,
    row: &Row,
    cells: usize,
    mapping: &Mapping,
    contract: &Contract,
) -> Option<Fault> {
    let last = (0..cells)
        .rev()
        .find(|column| row.cell(*column).is_some_and(|cell| !cell.trim().is_empty()))?;
    let kind = kind_of(mapping.field_at(last)?)?;
    let looks_right = kind.fits(row.cell(last).unwrap_or_default().trim());
    let is_alone = (last + 1..=last + SLIP_COLUMNS_MAX)
        .filter_map(|column| mapping.field_at(column))
        .all(|field| kind_of(field) != Some(kind));
    let can_do_without = (cells..row.len())
        .filter_map(|column| mapping.field_at(column))
        // A further contact that has nothing needs nothing.
        .filter(|field| field.contact().is_none_or(|number| number == 0))
        .filter_map(|field| contract.rule(field))
        .all(|rule| rule.need != Need::Required);
    (looks_right && is_alone && can_do_without).then(|| Fault {
        hint: "the cells that are not there count as empty".to_owned(),
        ..fault.clone().with_severity(Severity::Warning)
    })
}

/// What looks like nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Email,
    /// A phone, and what may look like one.
    Digits,
}

/// Digits that make a number a phone's.
const PHONE_DIGITS_MIN: usize = 6;

impl Kind {
    fn fits(self, cell: &str) -> bool {
        match self {
            Self::Email => cell
                .split_once('@')
                .is_some_and(|(user, host)| !user.is_empty() && host.contains('.')),
            Self::Digits => {
                let digits = cell.chars().filter(char::is_ascii_digit).count();
                digits >= PHONE_DIGITS_MIN && !cell.chars().any(char::is_alphabetic)
            }
        }
    }
}

fn kind_of(field: Field) -> Option<Kind> {
    match field {
        Field::Email(_) => Some(Kind::Email),
        Field::Phone
        | Field::ContactPhone(_)
        | Field::AltPhone
        | Field::Fax
        | Field::Mobile
        | Field::PostalCode
        | Field::VatId
        | Field::PhoneCc
        | Field::AltPhoneCc
        | Field::FaxCc
        | Field::MobileCc => Some(Kind::Digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::fault::Place;
    use crate::intake::Headers;
    use crate::provider::adobe::contract::CONTRACT;

    const HEADER: &str =
        "key,company,language,country,region,city,address_line_1,postal_code,first_name,last_name,email";

    /// Whether the row of `cells` under `HEADER` and `more` columns is taken.
    fn is_excused(more: &str, cells: &str) -> bool {
        let names: Vec<String> = format!("{HEADER}{more}").split(',').map(str::to_owned).collect();
        let mapping = Mapping::build(&Headers::of("f", &names), &CONTRACT, &BTreeMap::new()).unwrap();
        let mut row = Row::default();
        let mut ends = Vec::new();
        let mut text = String::new();
        for cell in cells.split(',') {
            text.push_str(cell);
            ends.push(text.len());
        }
        row.fill(&text, &ends);
        row.pad(names.len());
        let fault = Fault::error(Place::file(&"f".into()), "row.ragged", "", "");
        excused(&fault, &row, ends.len(), &mapping, &CONTRACT).is_some()
    }

    #[test]
    fn only_a_row_that_cannot_have_shifted_is_taken() {
        let whole = "K,Fairmont,en-US,US,CA,San Jose,200 Fairmont Ave,95110,Mickey,Mouse,m@mouse.example";
        let shifted = "K,Fairmont,en-US,US,CA,San Jose,200 Fairmont Ave,95110,Mickey,m@mouse.example";
        for (more, cells, is_taken) in [
            (",contact_phone,notes", whole.to_owned(), true),
            (",notes", whole.to_owned(), true),
            (
                ",contact_phone,contact_2_email",
                format!("{whole},800-555-0100"),
                true,
            ),
            (",contact_phone,notes", format!("{whole},"), true),
            // The email stands where a name should.
            (",contact_phone,notes", shifted.to_owned(), false),
            // A phone in the column of another: which of the two it is, nobody knows.
            (
                ",contact_phone,phone,notes",
                format!("{whole},800-555-0100"),
                false,
            ),
            (
                ",contact_phone,contact_2_email",
                format!("{whole},x@y.example"),
                false,
            ),
            (",contact_phone,contact_2_email", format!("{whole},12"), false),
            // Neither is known of a last cell of free text.
            (",address_line_2,notes", format!("{whole},Apt 4"), false),
            (",contact_2_email,notes", whole.to_owned(), false),
        ] {
            assert_eq!(is_excused(more, &cells), is_taken, "{more} {cells}");
        }
    }
}
