//! How a file is to be read, as far as somebody says so.

use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use encoding_rs::{Encoding, REPLACEMENT, X_USER_DEFINED};
use serde::{Serialize, Serializer};

use super::IntakeError;
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
    pub(super) fn word(self) -> String {
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
