//! Where the names of the columns stand, when there may be a title above them.

/// Rows that are looked at.
pub(super) const LOOK_AHEAD_ROWS: usize = 20;

/// Which of the first rows that are not empty holds the names, given how many cells of each have something in them: the
/// first one with at least two that most rows after it are not wider than. Not all: a row with a remark beside it is to be
/// told for what it is, and must not make itself a header.
pub(super) fn header_row(widths: &[usize]) -> usize {
    let is_header = |at: &usize| {
        let (Some(width), Some(after)) = (widths.get(*at), widths.get(at + 1..)) else {
            return false;
        };
        let wider = after.iter().filter(|other| *other > width).count();
        *width >= 2 && 2 * wider <= after.len()
    };
    (0..widths.len()).find(is_header).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::header_row;

    #[test]
    fn titles_are_passed_over_and_remarks_are_not_headers() {
        for (widths, header) in [
            (&[16, 16, 14, 15][..], 0),
            (&[1, 16, 16], 1),
            (&[1, 2, 16, 14, 15], 2),
            (&[2, 16], 1),
            (&[16, 17, 16, 15], 0),
            (&[3], 0),
            (&[1, 1, 1], 0),
            (&[1, 3], 1),
            (&[], 0),
        ] {
            assert_eq!(header_row(widths), header, "{widths:?}");
        }
    }
}
