//! How a file is to be read where it leaves a choice.

/// What the user decided about a file's reading. What is left open is found in the file, or asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The sheet of a workbook: its name, or its number counted from 1 over all sheets.
    pub sheet: Option<String>,
    /// What becomes of hidden rows and columns of a sheet.
    pub hidden: Hidden,
}

/// What becomes of hidden rows and columns of a sheet.
///
/// A filter hides rows. Who filtered a list may mean what is seen, or may have forgotten the filter; both guesses
/// would be wrong for half of the people, and either creates accounts nobody wanted or leaves out ones that were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hidden {
    /// A sheet that has any is refused.
    #[default]
    Refuse,
    /// They are read as if they were shown.
    Read,
    /// They are passed over.
    Skip,
}
