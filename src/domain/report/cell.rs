//! Cells that a spreadsheet would run: made harmless on the way out, restored on the way back in.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, tab or CR is a formula (or becomes one) in Excel and its kin. An
//! apostrophe in front makes it text. A cell that already begins with apostrophes before such a character gets one
//! more, so that taking exactly one away restores every cell. Plain numbers are no exception: `-5` typed by a user
//! and `-5+cmd` are told apart by nobody in a hurry, and what is read back is the same either way.

use std::borrow::Cow;

/// Whether the text, after any apostrophes, begins like a formula.
fn is_dangerous(text: &str) -> bool {
    text.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The cell as it may stand in a file that a spreadsheet opens.
pub fn neutralise(cell: &str) -> Cow<'_, str> {
    if is_dangerous(cell) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// The cell as it was before [`neutralise`]. A cell that never was neutralised and begins like one (`'=x`) loses its
/// apostrophe, as it would in a spreadsheet.
pub fn restore(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_dangerous(rest) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_that_would_run() {
        let table = [
            ("=1+1", "'=1+1"),
            ("+1 408 555", "'+1 408 555"),
            ("-5", "'-5"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("'=x", "''=x"),
            ("''=x", "'''=x"),
            ("'s-Hertogenbosch", "'s-Hertogenbosch"),
            ("'", "'"),
            ("a=b", "a=b"),
            ("", ""),
        ];
        for (cell, safe) in table {
            assert_eq!(neutralise(cell), safe);
            assert_eq!(restore(safe), cell);
        }
    }

    proptest! {
        #[test]
        fn every_cell_comes_back(cell in "['=+\\-@\t\r a]{0,4}.{0,6}") {
            let safe = neutralise(&cell);
            prop_assert!(!safe.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(restore(&safe), cell.as_str());
        }
    }
}
