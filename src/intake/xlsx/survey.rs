//! What must be known of a sheet before its first row is taken: where its header is, and what is hidden, merged and
//! computed in it. Merged cells stand behind the rows in the file, and a filter that was forgotten is to be told before
//! any row is; so the sheet is gone through once for that.

use std::collections::BTreeMap;

use super::grid::{Area, letters};
use super::rows::{Cell, Rows};
use super::show::{Look, Shower};
use crate::intake::header::{LOOK_AHEAD_ROWS, header_row};
use crate::intake::{Hidden, IntakeError};

/// Hidden rows that are named.
const ROWS_NAMED_MAX: usize = 5;

/// Columns that are named in a message.
const COLUMNS_NAMED_MAX: usize = 8;

/// The header of a sheet.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Its row.
    pub(super) row: u32,
    /// What stands in it, from the first column on.
    pub(super) names: Vec<String>,
}

impl Head {
    /// Looks for it in the first rows; `None` when the sheet is empty.
    pub(super) fn find(rows: &mut Rows, shower: &Shower) -> Result<Option<Self>, IntakeError> {
        let (mut seen, mut widths) = (Vec::new(), Vec::new());
        let (mut cell, mut text) = (Cell::default(), String::new());
        while let Some(start) = rows.next_row()? {
            let (mut names, mut width) = (Vec::new(), 0);
            while rows.next_cell(&mut cell)? {
                let look = shower.show(&cell, &mut text);
                if cell.is_blank() || (text.trim().is_empty() && !matches!(look, Look::Wrong(_))) {
                    continue;
                }
                width += 1;
                names.resize(cell.column as usize - 1, String::new());
                names.push(text.trim().to_owned());
            }
            if width == 0 {
                continue;
            }
            widths.push(width);
            seen.push(Self {
                row: start.number,
                names,
            });
            if seen.len() == LOOK_AHEAD_ROWS {
                break;
            }
        }
        let at = header_row(&widths);
        Ok(seen.into_iter().nth(at))
    }
}

/// What is in the rows below the header, and in its columns.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Rows with something in them that are hidden.
    hidden_rows: u64,
    first_hidden_rows: Vec<u32>,
    /// Hidden columns with a name or a cell, counted from 1.
    pub(super) hidden_columns: Vec<u32>,
    /// Formulas by column.
    pub(super) formulas: BTreeMap<u32, u64>,
    /// Merged cells that lie in the header or below it.
    pub(super) merges: Vec<Area>,
    /// Columns, counted from 0, that have neither a name nor a cell.
    pub(super) empty_columns: Vec<usize>,
}

impl Survey {
    /// Goes through all `rows` of the sheet, from its start. What is to be skipped does not count.
    pub(super) fn take(mut rows: Rows, head: &Head, hidden: Hidden) -> Result<Self, IntakeError> {
        let mut survey = Self::default();
        let columns = head.names.len();
        let mut used: Vec<bool> = head.names.iter().map(|name| !name.is_empty()).collect();
        let mut cell = Cell::default();
        while let Some(start) = rows.next_row()? {
            if start.number < head.row {
                continue;
            }
            let is_skipped = start.is_hidden && hidden == Hidden::Skip && start.number != head.row;
            let mut has_any = false;
            while rows.next_cell(&mut cell)? {
                let column = cell.column as usize - 1;
                if cell.is_blank() || column >= columns {
                    continue;
                }
                has_any = true;
                if let Some(used) = used.get_mut(column) {
                    *used = true;
                }
                if cell.is_formula && !is_skipped {
                    *survey.formulas.entry(cell.column).or_default() += 1;
                }
            }
            if start.is_hidden && has_any {
                survey.hidden_rows += 1;
                if survey.first_hidden_rows.len() < ROWS_NAMED_MAX {
                    survey.first_hidden_rows.push(start.number);
                }
            }
        }
        let is_used = |column: u32| used.get(column as usize - 1) == Some(&true);
        let runs = rows.hidden_columns.iter();
        let limit = u32::try_from(columns).unwrap_or(u32::MAX);
        let mut columns: Vec<u32> = runs
            .flat_map(|(first, last)| (*first).max(1)..=(*last).min(limit))
            .filter(|column| is_used(*column))
            .take(super::grid::COLUMNS_MAX as usize)
            .collect();
        columns.sort_unstable();
        columns.dedup();
        survey.hidden_columns = columns;
        if hidden == Hidden::Skip {
            let shown = |column: &u32| survey.hidden_columns.binary_search(column).is_err();
            survey.formulas.retain(|column, _| shown(column));
        }
        let is_near = |area: &Area| area.last_row >= head.row && area.first_column <= limit;
        survey.merges = rows.merges()?.into_iter().filter(is_near).collect();
        survey.merges.sort_by_key(|area| area.first_row);
        survey.empty_columns = (0..used.len())
            .filter(|column| used.get(*column) == Some(&false))
            .collect();
        Ok(survey)
    }

    /// Whether anything is hidden.
    pub(super) fn has_hidden(&self) -> bool {
        self.hidden_rows > 0 || !self.hidden_columns.is_empty()
    }

    /// `3 hidden rows (5, 7, 9) and 1 hidden column (F)`.
    pub(super) fn hidden_shown(&self) -> String {
        let mut parts = Vec::new();
        let more = |shown: usize, all: u64| if shown as u64 == all { "" } else { ", …" };
        let many = |n: u64, noun: &str| {
            if n == 1 {
                format!("1 hidden {noun}")
            } else {
                format!("{n} hidden {noun}s")
            }
        };
        if self.hidden_rows > 0 {
            let named: Vec<String> = self.first_hidden_rows.iter().map(u32::to_string).collect();
            let more = more(named.len(), self.hidden_rows);
            parts.push(format!(
                "{} ({}{more})",
                many(self.hidden_rows, "row"),
                named.join(", ")
            ));
        }
        if !self.hidden_columns.is_empty() {
            let all = self.hidden_columns.len() as u64;
            let named = columns_shown(self.hidden_columns.iter().copied());
            parts.push(format!("{} ({named})", many(all, "column")));
        }
        parts.join(" and ")
    }
}

/// `C, F, …`
pub(super) fn columns_shown(columns: impl Iterator<Item = u32>) -> String {
    let all: Vec<String> = columns.map(letters).collect();
    let more = if all.len() > COLUMNS_NAMED_MAX {
        ", …"
    } else {
        ""
    };
    let shown = all.get(..COLUMNS_NAMED_MAX).unwrap_or(&all);
    format!("{}{more}", shown.join(", "))
}
