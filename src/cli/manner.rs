//! How a file is to be read, for when what is found out is not so.

use std::num::NonZeroU64;

use clap::{Args, ValueEnum};

use crate::intake::{Delimiter, Encoding, Hidden, Manner, Quote, encoding_of};

/// A heading of one's own, which does not go on to the flags after these.
const HEADING: &str = "How the file is read, where it is not found out rightly";

/// Flags on how to read the file.
#[derive(Debug, Args)]
pub(super) struct MannerArgs {
    /// How its text is encoded: utf-8, utf-16, windows-1252, shift_jis, …
    #[arg(long, help_heading = HEADING, value_name = "NAME", value_parser = encoding_of)]
    encoding: Option<&'static Encoding>,
    /// What stands between two cells of a CSV file: , ; tab | or another sign.
    #[arg(long, help_heading = HEADING, value_name = "SIGN")]
    delimiter: Option<Delimiter>,
    /// What stands around cells of a CSV file: " ' or none.
    #[arg(long, help_heading = HEADING, value_name = "SIGN")]
    quote: Option<Quote>,
    /// The line of a CSV file that has the names of the columns, counted from 1.
    #[arg(long, help_heading = HEADING, value_name = "LINE")]
    header_row: Option<NonZeroU64>,
    /// The sheet of a workbook: its name, or its number counted from 1.
    #[arg(long, help_heading = HEADING, value_name = "NAME")]
    sheet: Option<String>,
    /// What becomes of hidden rows and columns of a sheet; a sheet that has any is refused without this.
    #[arg(long, help_heading = HEADING, value_name = "WHAT")]
    hidden: Option<HiddenArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HiddenArg {
    /// Read them as if they were shown.
    Read,
    /// Pass them over.
    Skip,
}

impl MannerArgs {
    pub(super) fn given(&self) -> Manner {
        Manner {
            encoding: self.encoding,
            delimiter: self.delimiter,
            quote: self.quote,
            header_row: self.header_row,
            sheet: self.sheet.clone(),
            hidden: match self.hidden {
                None => Hidden::Refuse,
                Some(HiddenArg::Read) => Hidden::Read,
                Some(HiddenArg::Skip) => Hidden::Skip,
            },
        }
    }
}
