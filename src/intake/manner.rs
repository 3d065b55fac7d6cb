//! How a file is to be read, as far as somebody says so, and how it was read in the end.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use encoding_rs::{Encoding, REPLACEMENT, X_USER_DEFINED};
use serde::{Serialize, Serializer};

use super::IntakeError;
use super::format::Format;
use crate::domain::near::{fold, nearest};

/// What is said of a file beforehand; whatever is not said is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// How its text is encoded.
    pub encoding: Option<&'static Encoding>,
    /// What stands between two cells. CSV alone.
    pub delimiter: Option<Delimiter>,
    /// What stands around a cell that has a delimiter or a line break in it. CSV alone.
    pub quote: Option<Quote>,
    /// The line of the header, counted from 1. CSV alone.
    pub header_row: Option<NonZeroU64>,
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

impl Manner {
    /// The flag of the first thing said that only CSV has.
    pub(super) fn of_csv_alone(&self) -> Option<&'static str> {
        let said = [
            (self.delimiter.is_some(), "--delimiter"),
            (self.quote.is_some(), "--quote"),
            (self.header_row.is_some(), "--header-row"),
        ];
        said.into_iter()
            .find(|(is_said, _)| *is_said)
            .map(|(_, flag)| flag)
    }

    /// Whether nothing is said that only a workbook has.
    pub(super) fn is_for_text(&self, file: &Arc<str>) -> Result<(), IntakeError> {
        let flag = match self {
            Self { sheet: Some(_), .. } => "--sheet",
            Self { hidden, .. } if *hidden != Hidden::Refuse => "--hidden",
            _ => return Ok(()),
        };
        let message = format!("{flag} is for workbooks, and this is none");
        Err(IntakeError::file(file, "file.format", message, "leave it out"))
    }

    /// Whether nothing is said that a workbook has not.
    pub(super) fn is_for_a_workbook(&self, file: &Arc<str>) -> Result<(), IntakeError> {
        let flag = self
            .encoding
            .map(|_| "--encoding")
            .or_else(|| self.of_csv_alone());
        let Some(flag) = flag else { return Ok(()) };
        let message = format!("{flag} is for text, and this is a workbook");
        Err(IntakeError::file(file, "file.format", message, "leave it out"))
    }
}

/// A value that is none of those known; says which are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAManner(String);

/// Encodings that are named to people: those that office programs write. Any label of the WHATWG's list is taken.
const ENCODINGS: [&str; 22] = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "windows-874",
    "iso-8859-2",
    "iso-8859-15",
    "koi8-r",
    "macintosh",
    "shift_jis",
    "euc-jp",
    "gb18030",
    "big5",
    "euc-kr",
];

/// An encoding by its name: `windows-1252`, `cp1252`, `latin1`, `sjis`, `utf-16`.
///
/// # Errors
/// A name that no encoding has, with those that are known.
pub fn encoding_of(name: &str) -> Result<&'static Encoding, NotAManner> {
    let label = name.trim().to_lowercase().replace('_', "-");
    let by_label = Encoding::for_label(label.as_bytes()).or_else(|| {
        // What spreadsheets call them: Windows (ANSI), UTF16, CP-1250, Windows1251.
        Encoding::for_label(match fold(&label).as_str() {
            "ansi" => b"windows-1252",
            "utf16" | "unicode" => b"utf-16le",
            "cp932" | "windows932" => b"shift_jis",
            "cp936" | "windows936" => b"gb18030",
            "cp949" | "windows949" => b"euc-kr",
            "cp950" | "windows950" => b"big5",
            folded => {
                let (maker, number) = folded.split_at(folded.find(|c: char| c.is_ascii_digit())?);
                if !["", "cp", "win", "windows", "ms", "ansi"].contains(&maker) {
                    return None;
                }
                return Encoding::for_label(format!("windows-{number}").as_bytes());
            }
        })
    });
    by_label
        .filter(|encoding| ![REPLACEMENT, X_USER_DEFINED].contains(encoding))
        .ok_or_else(|| {
            let near = nearest(name, ENCODINGS).map(|near| format!("did you mean {near}? "));
            NotAManner(format!(
                "{}known are {}",
                near.unwrap_or_default(),
                ENCODINGS.join(", ")
            ))
        })
}

/// An encoding's name as people write it.
pub fn name_of(encoding: &'static Encoding) -> String {
    encoding.name().replacen("windows", "Windows", 1)
}

/// What stands between two cells: one ASCII character that is no letter, digit, quote or line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    pub(super) const COMMA: Self = Self(b',');

    /// Those that are looked for, the usual one first.
    pub(super) const ALL: [Self; 4] = [Self::COMMA, Self(b';'), Self(b'\t'), Self(b'|')];

    pub(super) const fn byte(self) -> u8 {
        self.0
    }

    pub(super) fn of_byte(byte: u8) -> Option<Self> {
        let can_be = byte == b'\t' || byte.is_ascii_punctuation() && !matches!(byte, b'"' | b'\'');
        can_be.then_some(Self(byte))
    }

    /// What people call it.
    pub(super) fn noun(self) -> String {
        match self.0 {
            b',' => "comma".to_owned(),
            b';' => "semicolon".to_owned(),
            b'\t' => "tab".to_owned(),
            b'|' => "bar".to_owned(),
            other => char::from(other).to_string(),
        }
    }

    /// As `--delimiter` takes it.
    fn word(self) -> String {
        match self.0 {
            b'\t' => "tab".to_owned(),
            other => char::from(other).to_string(),
        }
    }
}

impl FromStr for Delimiter {
    type Err = NotAManner;

    fn from_str(text: &str) -> Result<Self, NotAManner> {
        let byte = match (text, text.to_lowercase().as_str()) {
            (_, "comma") => b',',
            (_, "semicolon") => b';',
            ("\t", _) | (_, "tab" | "\\t") => b'\t',
            (_, "bar" | "pipe") => b'|',
            _ => match text.as_bytes() {
                [byte] => *byte,
                _ => 0,
            },
        };
        Self::of_byte(byte)
            .ok_or_else(|| NotAManner("known are , ; tab | (or the words comma, semicolon, bar)".into()))
    }
}

impl Serialize for Delimiter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.word())
    }
}

/// What stands around a cell that has a delimiter or a line break in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Quote {
    /// `"`
    #[serde(rename = "\"")]
    Double,
    /// `'`
    #[serde(rename = "'")]
    Single,
    /// Nothing: a quote is a character as any other.
    #[serde(rename = "none")]
    None,
}

impl Quote {
    pub(super) const fn byte(self) -> Option<u8> {
        match self {
            Self::Double => Some(b'"'),
            Self::Single => Some(b'\''),
            Self::None => None,
        }
    }
}

impl FromStr for Quote {
    type Err = NotAManner;

    fn from_str(text: &str) -> Result<Self, NotAManner> {
        match text.to_lowercase().as_str() {
            "\"" | "double" => Ok(Self::Double),
            "'" | "single" => Ok(Self::Single),
            "none" | "" => Ok(Self::None),
            _ => Err(NotAManner(
                "known are \" ' none (or the words double, single)".into(),
            )),
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_by_the_names_people_give_them() {
        for (name, encoding) in [
            ("UTF-8", "UTF-8"),
            ("utf8", "UTF-8"),
            ("utf-16", "UTF-16LE"),
            ("UTF16", "UTF-16LE"),
            ("utf-16be", "UTF-16BE"),
            ("Windows-1252", "windows-1252"),
            ("cp1252", "windows-1252"),
            ("CP-1250", "windows-1250"),
            ("windows 1251", "windows-1251"),
            ("1251", "windows-1251"),
            ("latin1", "windows-1252"),
            ("ANSI", "windows-1252"),
            ("Shift_JIS", "Shift_JIS"),
            ("sjis", "Shift_JIS"),
            ("cp932", "Shift_JIS"),
            ("big5", "Big5"),
            ("gbk", "GBK"),
        ] {
            assert_eq!(encoding_of(name).map(Encoding::name), Ok(encoding), "{name}");
        }
        for name in [
            "",
            "utf-7",
            "windows-9999",
            "x-user-defined",
            "replacement",
            "rot13",
        ] {
            assert!(encoding_of(name).is_err(), "{name}");
        }
        let said = encoding_of("windws-1252").unwrap_err().to_string();
        assert!(said.starts_with("did you mean windows-125"), "{said}");
        for known in ENCODINGS {
            assert!(encoding_of(known).is_ok(), "{known}");
        }
    }

    #[test]
    fn delimiters_and_quotes_by_sign_and_word() {
        for (text, byte) in [
            (",", Some(b',')),
            ("semicolon", Some(b';')),
            ("tab", Some(b'\t')),
            ("\\t", Some(b'\t')),
            ("\t", Some(b'\t')),
            ("|", Some(b'|')),
            ("pipe", Some(b'|')),
            ("^", Some(b'^')),
            ("", None),
            ("a", None),
            ("\"", None),
            ("\n", None),
            (";;", None),
            ("é", None),
        ] {
            let byte_of = text.parse::<Delimiter>().ok().map(Delimiter::byte);
            assert_eq!(byte_of, byte, "{text:?}");
        }
        assert_eq!("single".parse(), Ok(Quote::Single));
        assert!("`".parse::<Quote>().is_err());
    }
}
