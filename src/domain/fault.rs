//! What is wrong with a file, a row or a cell: where, which rule, and what to do.

mod groups;

pub use groups::{Example, Group, Groups};

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::field::Field;

/// Longest piece of a user's cell that a fault repeats, in characters.
pub const VALUE_CHARS_MAX: usize = 80;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The canonical column, when the fault belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// The cell as it stood, cut at [`VALUE_CHARS_MAX`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Id of the rule, `postal_code.pattern`: stable, for job files and programs.
    pub rule: Cow<'static, str>,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// Where the rule comes from, `providers.md 2.6`; empty for rules of our own.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub source: Cow<'static, str>,
}

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know; nothing is wrong.
    Note,
    /// The row can go, and someone should look.
    Warning,
    /// The row cannot go.
    Error,
}

impl Severity {
    /// The word in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Where in a file something is. Zero and empty mean: not tied to a line, a record, a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// The sheet, where the file is a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<Arc<str>>,
    /// Line in the file, counted from 1, the one on which the record starts; of a sheet, the number of the row.
    #[serde(default)]
    pub line: u64,
    /// Record in the file, counted from 1 without the header.
    #[serde(default)]
    pub record: u64,
    /// The user's header.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub column: String,
    /// The column, counted from 1.
    #[serde(default)]
    pub column_number: u32,
    /// The cell of a sheet as people find it, `F12`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cell: String,
}

impl Place {
    /// The file as a whole.
    pub fn file(file: &Arc<str>) -> Self {
        Self {
            file: Arc::clone(file),
            sheet: None,
            line: 0,
            record: 0,
            column: String::new(),
            column_number: 0,
            cell: String::new(),
        }
    }

    /// A record.
    pub fn record(file: &Arc<str>, line: u64, record: u64) -> Self {
        Self {
            line,
            record,
            ..Self::file(file)
        }
    }
}

impl Fault {
    /// An error of the rule `rule`, without a cell.
    pub fn error(
        place: Place,
        rule: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            place,
            field: None,
            value: String::new(),
            rule: Cow::Borrowed(rule),
            severity: Severity::Error,
            message: message.into(),
            hint: hint.into(),
            source: Cow::Borrowed(""),
        }
    }

    /// The same fault, less or more bad.
    #[must_use]
    pub fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// The same fault, of this canonical column and cell.
    #[must_use]
    pub fn with_cell(self, field: Option<Field>, value: &str) -> Self {
        Self {
            field,
            value: cut(value),
            ..self
        }
    }

    /// Whether the row cannot go.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `value` with at most [`VALUE_CHARS_MAX`] characters; a cut one ends in `…`.
pub fn cut(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        None => value.to_owned(),
        Some(_) => value.chars().take(VALUE_CHARS_MAX - 1).chain(['…']).collect(),
    }
}

/// `text` for a terminal: cut, and nothing in it that could move the cursor or turn the writing direction.
fn harmless(text: &str) -> String {
    let shown = |c: char| if is_unprintable(c) { '\u{FFFD}' } else { c };
    cut(text).chars().map(shown).collect()
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

impl fmt::Display for Fault {
    /// `error[rule]: file:line: column `header` "cell": message`, and the hint on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity.as_str(), self.rule, self.place)?;
        if !self.value.is_empty() {
            write!(f, " {:?}", harmless(&self.value))?;
        }
        write!(f, ": {}", harmless_line(&self.message))?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", harmless_line(&self.hint))?;
        }
        Ok(())
    }
}

/// Like [`harmless`] without the cut: messages and hints may repeat a piece of the file.
fn harmless_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unprintable) {
        return Cow::Owned(
            text.chars()
                .map(|c| if is_unprintable(c) { '\u{FFFD}' } else { c })
                .collect(),
        );
    }
    Cow::Borrowed(text)
}

impl fmt::Display for Place {
    /// `resellers.csv:12: column 7 `zip``, as far as known. The record's number comes along where several records
    /// share a line and the line says little. Of a sheet, what the eye finds: `resellers.xlsx, sheet Companies, cell F12`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless_line(&self.file))?;
        if let Some(sheet) = &self.sheet {
            return self.fmt_in_sheet(sheet, f);
        }
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.record > self.line {
            write!(f, ": record {}", self.record)?;
        }
        match (self.column_number, self.column.as_str()) {
            (_, "") => Ok(()),
            (0, column) => write!(f, ": column `{}`", harmless(column)),
            (number, column) => write!(f, ": column {number} `{}`", harmless(column)),
        }
    }
}

impl Place {
    fn fmt_in_sheet(&self, sheet: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ", sheet {}", harmless(sheet))?;
        match (self.cell.as_str(), self.line) {
            ("", 0) => (),
            ("", row) => write!(f, ", row {row}")?,
            (cell, _) => write!(f, ", cell {cell}")?,
        }
        match self.column.as_str() {
            "" => Ok(()),
            column => write!(f, ": column `{}`", harmless(column)),
        }
    }
}

/// The letters of a sheet's column, counted from 1: 1 is `A`, 28 is `AB`.
pub fn column_letters(column: u32) -> String {
    let (mut letters, mut left) = (Vec::new(), column);
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault() -> Fault {
        let place = Place {
            column: "zip".into(),
            column_number: 7,
            ..Place::record(&"a.csv".into(), 12, 11)
        };
        Fault::error(
            place,
            "postal_code.pattern",
            "not a postal code of US",
            "write 02110",
        )
        .with_cell(Some(Field::PostalCode), "2110")
    }

    #[test]
    fn reads_as_one_line_and_a_hint() {
        let shown = "error[postal_code.pattern]: a.csv:12: column 7 `zip` \"2110\": not a postal code of US\n  hint: write 02110";
        assert_eq!(fault().to_string(), shown);
        let bare = Fault::error(
            Place::file(&"a.csv".into()),
            "file.empty",
            "the file is empty",
            "",
        );
        assert_eq!(bare.to_string(), "error[file.empty]: a.csv: the file is empty");
        assert_eq!(
            Place::record(&"a.json".into(), 1, 2).to_string(),
            "a.json:1: record 2"
        );
        let in_sheet = Place {
            sheet: Some("Companies".into()),
            cell: "G12".into(),
            ..fault().place
        };
        assert_eq!(
            in_sheet.to_string(),
            "a.csv, sheet Companies, cell G12: column `zip`"
        );
        let row = Place {
            cell: String::new(),
            column: String::new(),
            ..in_sheet
        };
        assert_eq!(row.to_string(), "a.csv, sheet Companies, row 12");
    }

    #[test]
    fn goes_to_json_and_back() {
        let json = serde_json::to_string(&fault()).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault());
        insta::assert_snapshot!(json, @r#"{"file":"a.csv","line":12,"record":11,"column":"zip","column_number":7,"field":"postal_code","value":"2110","rule":"postal_code.pattern","severity":"error","message":"not a postal code of US","hint":"write 02110"}"#);
    }

    #[test]
    fn long_values_are_cut_and_nothing_reaches_the_terminal_raw() {
        assert_eq!(cut(&"ä".repeat(80)), "ä".repeat(80));
        assert_eq!(cut(&"ä".repeat(81)).chars().count(), VALUE_CHARS_MAX);
        let nasty = Fault::error(
            Place {
                column: "a\u{1b}[2Jb".into(),
                ..Place::file(&"f\u{7}.csv".into())
            },
            "x",
            "m\u{202e}",
            "h\n",
        )
        .with_cell(None, "\u{1b}]0;x\u{7}");
        assert!(
            !nasty
                .to_string()
                .replace("\n  hint", "")
                .chars()
                .any(is_unprintable)
        );
    }
}
