//! The texts of a workbook that cells share: cells say a number, this says the text.
//!
//! They are the one thing that must be held whole. All lie one after the other, 4 bytes each beside their text.

use super::text::Text;
use super::xml::{Node, Xml};
use crate::intake::IntakeError;
use crate::intake::packed::{Archive, Refused};

/// Bytes of all shared texts. Ten texts of fifteen letters in a million rows are 150 MB.
const BYTES_MAX: usize = 256 << 20;

/// How many there may be.
const COUNT_MAX: usize = 16 << 20;

/// All shared texts of a workbook.
#[derive(Default)]
pub(super) struct Strings {
    all: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Reads them; a workbook may have none.
    pub(super) fn read(archive: &Archive, path: Option<&str>, bytes_max: u64) -> Result<Self, IntakeError> {
        let mut strings = Self::default();
        let xml = match path {
            Some(path) => Xml::open(archive, path, bytes_max)?,
            None => None,
        };
        let Some(mut xml) = xml else {
            return Ok(strings);
        };
        let mut text = Text::default();
        loop {
            match xml.next()? {
                Node::Open if xml.is("si") => {
                    text.read(&mut xml)?;
                    strings
                        .push(text.as_str())
                        .map_err(|why| IntakeError::of(archive.name(), why))?;
                }
                Node::End => return Ok(strings),
                _ => (),
            }
        }
    }

    fn push(&mut self, text: &str) -> Result<(), Refused> {
        let end = self.all.len() + text.len();
        if end > BYTES_MAX || self.ends.len() == COUNT_MAX {
            return Err(Refused {
                rule: "file.too_large",
                message: format!(
                    "the workbook has more than {BYTES_MAX} bytes of text, or more than {COUNT_MAX} texts"
                ),
                hint: "save the sheet as CSV UTF-8, or split it; rows that were done are not done again",
            });
        }
        self.all.push_str(text);
        self.ends.push(u32::try_from(end).unwrap_or(u32::MAX));
        Ok(())
    }

    /// The text of a number.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        self.all.get(before.map_or(0, |start| *start as usize)..end)
    }
}
