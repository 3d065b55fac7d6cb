//! How a file was read in the end: told in a line, and part of what names a batch.

use std::fmt;

use serde::Serialize;

use super::format::Format;
use super::manner::{Delimiter, Quote};

/// How a file was read: what was said, and what was found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadAs {
    /// How it is written.
    pub format: Format,
    /// How it is encoded, if it is text.
    #[serde(flatten)]
    pub text: Option<TextAs>,
    /// How its cells stand, if it is CSV.
    #[serde(flatten)]
    pub layout: Option<Layout>,
    /// What of it was read, if it is a workbook.
    #[serde(flatten)]
    pub sheet: Option<SheetAs>,
}

/// How text is encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextAs {
    /// The encoding, in the WHATWG's spelling.
    pub encoding: &'static str,
    /// How that is known.
    pub encoding_by: EncodingBy,
    /// Of a guess: some letters that it makes of the bytes, by which a person sees whether it is right.
    pub letters: String,
}

/// What of a workbook was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SheetAs {
    /// The sheet's name.
    pub sheet: String,
    /// Whether hidden rows and columns were passed over.
    pub skips_hidden: bool,
}

/// How an encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingBy {
    /// Somebody said so.
    Given,
    /// The file begins with its mark.
    Mark,
    /// No other fits.
    Content,
    /// Its bytes look most like it.
    Guess,
}

/// How the cells of a CSV file stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// What stands between two cells.
    pub delimiter: Delimiter,
    /// What stands around some.
    pub quote: Quote,
    /// The line of the header, counted from 1.
    pub header_line: u64,
    /// Lines above the header with something in them: titles, notes, `sep=;`.
    pub lines_above: u64,
}

impl ReadAs {
    /// What of it decides which rows a file has, as text; empty for what is usual. Two readings of the same bytes with the
    /// same text are the same rows.
    pub fn identity(&self) -> String {
        let mut parts = Vec::new();
        if let Some(text) = self
            .text
            .as_ref()
            .filter(|text| text.encoding != encoding_rs::UTF_8.name())
        {
            parts.push(format!("encoding={}", text.encoding));
        }
        if let Some(layout) = &self.layout {
            layout.add_identity(&mut parts);
        }
        if let Some(sheet) = &self.sheet {
            parts.push(format!("sheet={}", sheet.sheet));
            if sheet.skips_hidden {
                parts.push("hidden=skip".to_owned());
            }
        }
        parts.join(" ")
    }
}

impl Layout {
    fn add_identity(&self, parts: &mut Vec<String>) {
        if self.delimiter != Delimiter::COMMA {
            parts.push(format!("delimiter={}", self.delimiter.word()));
        }
        if self.quote != Quote::Double {
            parts.push(format!("quote={:?}", self.quote));
        }
        if self.lines_above > 0 {
            parts.push(format!("header={}", self.header_line));
        }
    }
}

impl fmt::Display for ReadAs {
    /// `CSV, UTF-8`, and what is not usual: `CSV, Windows-1252 (a guess: its letters are ä ö), ; between cells, header in line 3 (…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        if let Some(text) = &self.text {
            write!(f, "{text}")?;
        }
        if let Some(layout) = &self.layout {
            write!(f, "{layout}")?;
        }
        if let Some(SheetAs { sheet, skips_hidden }) = &self.sheet {
            write!(f, ", sheet {sheet}")?;
            if *skips_hidden {
                f.write_str(", without hidden rows and columns")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for TextAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ", {}", self.encoding.replacen("windows", "Windows", 1))?;
        match (self.encoding_by, self.letters.as_str()) {
            (EncodingBy::Guess, "") => f.write_str(" (a guess)"),
            (EncodingBy::Guess, letters) => write!(f, " (a guess: its letters are {letters})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.delimiter.byte() {
            b',' => (),
            b'\t' => f.write_str(", tabs between cells")?,
            other => write!(f, ", {} between cells", char::from(other))?,
        }
        match self.quote {
            Quote::Double => (),
            Quote::Single => f.write_str(", ' around cells")?,
            Quote::None => f.write_str(", no quotes")?,
        }
        if self.lines_above > 0 {
            let lines = if self.lines_above == 1 { "line" } else { "lines" };
            write!(
                f,
                ", header in line {} ({} {lines} above it passed over)",
                self.header_line, self.lines_above
            )?;
        } else if self.header_line > 1 {
            write!(f, ", header in line {}", self.header_line)?;
        }
        Ok(())
    }
}
