//! How a file is to be read, for when what is found out is not so.

use std::num::NonZeroU64;

use clap::Args;

use crate::intake::{Delimiter, Encoding, Manner, Quote, encoding_of};

/// Flags on how to read the file.
#[derive(Debug, Args)]
#[command(next_help_heading = "How the file is read, where it is not found out rightly")]
pub(super) struct MannerArgs {
    /// How its text is encoded: utf-8, utf-16, windows-1252, shift_jis, …
    #[arg(long, value_name = "NAME", value_parser = encoding_of)]
    encoding: Option<&'static Encoding>,
    /// What stands between two cells of a CSV file: , ; tab | or another sign.
    #[arg(long, value_name = "SIGN")]
    delimiter: Option<Delimiter>,
    /// What stands around cells of a CSV file: " ' or none.
    #[arg(long, value_name = "SIGN")]
    quote: Option<Quote>,
    /// The line of a CSV file that has the names of the columns, counted from 1.
    #[arg(long, value_name = "LINE")]
    header_row: Option<NonZeroU64>,
}

impl MannerArgs {
    pub(super) fn given(&self) -> Manner {
        Manner {
            encoding: self.encoding,
            delimiter: self.delimiter,
            quote: self.quote,
            header_row: self.header_row,
        }
    }
}
