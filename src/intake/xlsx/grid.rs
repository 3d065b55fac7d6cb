//! Rows, columns, and addresses as people write them: F12.

/// Rows that a sheet can have.
pub(super) const ROWS_MAX: u32 = 1_048_576;

/// Columns that a sheet can have.
pub(super) const COLUMNS_MAX: u32 = 16_384;

/// Cells from one corner to another, both counted from 1 and both in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) first_row: u32,
    pub(super) last_row: u32,
    pub(super) first_column: u32,
    pub(super) last_column: u32,
}

impl Area {
    /// Reads `B2:D2`, or `B2`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once(':').unwrap_or((text, text));
        let ((row, column), (last_row, last_column)) = (address(from)?, address(to)?);
        Some(Self {
            first_row: row.min(last_row),
            last_row: row.max(last_row),
            first_column: column.min(last_column),
            last_column: column.max(last_column),
        })
    }

    /// Whether a cell lies in it and is not the first, which has the value.
    pub(super) fn covers(&self, row: u32, column: u32) -> bool {
        (self.first_row..=self.last_row).contains(&row)
            && (self.first_column..=self.last_column).contains(&column)
            && (row, column) != (self.first_row, self.first_column)
    }

    /// `B2:D2`.
    pub(super) fn shown(&self) -> String {
        format!(
            "{}{}:{}{}",
            letters(self.first_column),
            self.first_row,
            letters(self.last_column),
            self.last_row
        )
    }
}

/// Row and column of `$B$2`.
pub(super) fn address(text: &str) -> Option<(u32, u32)> {
    let (mut row, mut column) = (0_u32, 0_u32);
    for byte in text.bytes() {
        match byte {
            b'$' => (),
            b'0'..=b'9' if column > 0 => row = row * 10 + u32::from(byte - b'0'),
            _ if row == 0 && byte.is_ascii_alphabetic() => {
                column = column * 26 + u32::from(byte.to_ascii_uppercase() - b'A') + 1;
            }
            _ => return None,
        }
        if row > ROWS_MAX || column > COLUMNS_MAX {
            return None;
        }
    }
    (row > 0 && column > 0).then_some((row, column))
}

pub(super) use crate::domain::fault::column_letters as letters;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_both_ways() {
        for (text, place) in [
            ("A1", Some((1, 1))),
            ("$XFD$1048576", Some((ROWS_MAX, COLUMNS_MAX))),
            ("aa10", Some((10, 27))),
            ("XFE1", None),
            ("A1048577", None),
            ("A0", None),
            ("1A", None),
            ("A1B", None),
            ("", None),
            ("ZZZZZZZZZZZZ99999999999", None),
        ] {
            assert_eq!(address(text), place, "{text}");
        }
        for column in 1..=COLUMNS_MAX {
            assert_eq!(address(&format!("{}7", letters(column))), Some((7, column)));
        }
        let area = Area::parse("D5:B2").unwrap();
        assert_eq!(area.shown(), "B2:D5");
        assert!(area.covers(2, 3) && area.covers(5, 2) && !area.covers(2, 2) && !area.covers(6, 2));
    }
}
