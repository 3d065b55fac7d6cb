//! The text of a cell: runs of rich text joined, readings of Asian names left out, escapes undone.

use std::borrow::Cow;

use super::xml::{Node, Xml};
use crate::intake::IntakeError;

/// Bytes of one text. A cell has 32,767 characters at most.
const BYTES_MAX: usize = 128 << 10;

/// A text being read, its memory used again.
#[derive(Default)]
pub(super) struct Text {
    text: String,
}

impl Text {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Reads up to the end of the element that was opened last (`si` or `is`).
    pub(super) fn read(&mut self, xml: &mut Xml) -> Result<(), IntakeError> {
        self.text.clear();
        let outside = xml.depth().saturating_sub(1);
        let mut in_text = 0;
        while xml.depth() > outside {
            let depth = xml.depth();
            match xml.next()? {
                Node::Open if xml.is("t") => in_text = depth + 1,
                Node::Open if xml.is("rPh") => xml.skip()?,
                Node::Text if in_text > 0 && in_text == depth => {
                    if self.text.len() + xml.text().len() <= BYTES_MAX {
                        self.text.push_str(xml.text());
                    } else {
                        return Err(xml.damaged("a text has more characters than a cell can have"));
                    }
                }
                Node::Close if in_text == depth => in_text = 0,
                Node::End => break,
                _ => (),
            }
        }
        if let Cow::Owned(unescaped) = unescaped(&self.text) {
            self.text = unescaped;
        }
        Ok(())
    }
}

/// Undoes `_x000D_`, which is how a workbook writes characters that XML cannot hold.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("_x") {
        let (before, here) = rest.split_at(at);
        out.push_str(before);
        let code = here.get(2..6).filter(|_| here.get(6..7) == Some("_"));
        let char = code
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        let taken = match char {
            Some(char) => {
                out.push(char);
                7
            }
            None => {
                out.push_str("_x");
                2
            }
        };
        rest = here.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_what_only_looks_like_one_stays() {
        for (written, meant) in [
            ("a_x000D_b", "a\rb"),
            ("_x0041__x0042_", "AB"),
            ("_x005F_x0041_", "_x0041_"),
            ("_xD83D_", "_xD83D_"),
            ("_x12_", "_x12_"),
            ("_xGGGG_", "_xGGGG_"),
            ("_x00é1_", "_x00é1_"),
            ("tax_xls", "tax_xls"),
            ("_x", "_x"),
            ("", ""),
        ] {
            assert_eq!(unescaped(written), meant, "{written}");
        }
    }
}
