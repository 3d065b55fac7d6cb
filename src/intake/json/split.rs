//! Where one JSON record ends and the next begins, without reading more than one: the extent is found here, the
//! record itself is serde_json's.

use crate::intake::input::Input;
use crate::intake::{IntakeError, Limits};

/// How records follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Shape {
    /// `[{…}, {…}]`
    Array,
    /// One object, or several with white space between.
    Sequence,
    /// One object a line, so that a broken one spoils its line alone.
    Lines,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A record, its bytes in the buffer; it starts on this line.
    Record { line: u64 },
    /// A record with more bytes than allowed; skipped.
    TooLong { line: u64 },
    /// The file is no longer what it should be, and nothing after this can be trusted.
    Broken { line: u64, message: &'static str },
    /// No more.
    End,
}

pub(super) struct Splitter {
    pub(super) input: Input,
    shape: Shape,
    row_bytes_max: usize,
    /// Whether the array's `[` has been read.
    opened: bool,
    /// Whether a record has been read.
    any: bool,
    /// Nothing more comes.
    done: bool,
}

/// How far into a value the bytes read so far have come.
#[derive(Default)]
struct Extent {
    depth: usize,
    in_string: bool,
    escaped: bool,
    any: bool,
}

impl Extent {
    /// Takes one byte: whether it belongs to the value, and whether the value ends with it.
    fn take(&mut self, byte: u8) -> (bool, bool) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => (),
            }
            return (true, !self.in_string && self.depth == 0);
        }
        // A bare word ends before what cannot be part of it.
        if self.depth == 0
            && self.any
            && matches!(
                byte,
                b',' | b']' | b'}' | b'{' | b'[' | b'"' | b' ' | b'\t' | b'\r' | b'\n'
            )
        {
            return (false, true);
        }
        self.any = true;
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return (true, self.depth == 0);
            }
            _ => (),
        }
        (true, false)
    }
}

impl Splitter {
    pub(super) fn new(input: Input, shape: Shape, limits: &Limits) -> Self {
        Self {
            input,
            shape,
            row_bytes_max: limits.row_bytes_max,
            opened: false,
            any: false,
            done: false,
        }
    }

    /// Finds the next record and puts its bytes into `record`.
    pub(super) fn next(&mut self, record: &mut Vec<u8>) -> Result<Piece, IntakeError> {
        record.clear();
        if self.done {
            return Ok(Piece::End);
        }
        let piece = match self.shape {
            Shape::Lines => self.next_line(record)?,
            Shape::Sequence => match self.skip_space()? {
                None => Piece::End,
                Some(_) => self.value(record)?,
            },
            Shape::Array => match self.before_element()? {
                None => self.value(record)?,
                Some(piece) => piece,
            },
        };
        self.any = true;
        self.done = matches!(piece, Piece::Broken { .. } | Piece::End);
        Ok(piece)
    }

    /// Reads what stands between two elements; `None` when an element follows.
    fn before_element(&mut self) -> Result<Option<Piece>, IntakeError> {
        let first = !self.any;
        if !self.opened {
            self.skip_space()?;
            self.input.consume(1);
            self.opened = true;
        }
        let mut after_comma = false;
        loop {
            let next = self.skip_space()?;
            let line = self.input.line();
            let broken = |message| Ok(Some(Piece::Broken { line, message }));
            match next {
                None => return broken("the file ends before the list does: it may be cut off"),
                Some(b']') if after_comma => return broken("a comma and no record after it"),
                Some(b']') => {
                    self.input.consume(1);
                    return match self.skip_space()? {
                        None => Ok(Some(Piece::End)),
                        Some(_) => broken("there is more after the end of the list"),
                    };
                }
                Some(b',') if !first && !after_comma => {
                    self.input.consume(1);
                    after_comma = true;
                }
                Some(_) if first || after_comma => return Ok(None),
                Some(_) => return broken("a comma is missing between two records"),
            }
        }
    }

    fn value(&mut self, record: &mut Vec<u8>) -> Result<Piece, IntakeError> {
        let line = self.input.line();
        let mut extent = Extent::default();
        let mut too_long = false;
        loop {
            let held = self.input.fill()?;
            if held.is_empty() {
                let whole = extent.any && extent.depth == 0 && !extent.in_string;
                let message = "the file ends in the middle of this record: it may be cut off";
                return Ok(if whole {
                    found(line, too_long)
                } else {
                    Piece::Broken { line, message }
                });
            }
            let mut ended = false;
            let mut taken = 0;
            for byte in held {
                let (belongs, ends) = extent.take(*byte);
                taken += usize::from(belongs);
                if ends {
                    ended = true;
                    break;
                }
            }
            // A separator where a value should be belongs to none: it is taken, so that there is an end.
            let taken = if ended && taken == 0 && record.is_empty() {
                1
            } else {
                taken
            };
            too_long |= record.len() + taken > self.row_bytes_max;
            if !too_long {
                record.extend_from_slice(held.get(..taken).unwrap_or_default());
            }
            self.input.consume(taken);
            if ended {
                return Ok(found(line, too_long));
            }
        }
    }

    fn next_line(&mut self, record: &mut Vec<u8>) -> Result<Piece, IntakeError> {
        if self.skip_space()?.is_none() {
            return Ok(Piece::End);
        }
        let line = self.input.line();
        let mut too_long = false;
        loop {
            let held = self.input.fill()?;
            let end = held.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(held.len());
            too_long |= record.len() + taken > self.row_bytes_max;
            if !too_long {
                record.extend_from_slice(held.get(..taken).unwrap_or_default());
            }
            let at_end = held.is_empty();
            self.input.consume(taken);
            if at_end || end.is_some() {
                return Ok(found(line, too_long));
            }
        }
    }

    /// Skips white space; gives the byte that follows without taking it.
    fn skip_space(&mut self) -> Result<Option<u8>, IntakeError> {
        loop {
            let held = self.input.fill()?;
            let space = held.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = held.get(space).copied();
            let at_end = held.is_empty();
            self.input.consume(space);
            if next.is_some() || at_end {
                return Ok(next);
            }
        }
    }
}

fn found(line: u64, too_long: bool) -> Piece {
    if too_long {
        Piece::TooLong { line }
    } else {
        Piece::Record { line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, shape: Shape) -> Vec<String> {
        let limits = Limits {
            row_bytes_max: 20,
            ..Limits::default()
        };
        let input = Input::new(
            Box::new(std::io::Cursor::new(text.to_owned())),
            &"f".into(),
            &limits,
        );
        let (mut splitter, mut record, mut all) =
            (Splitter::new(input, shape, &limits), Vec::new(), Vec::new());
        loop {
            match splitter.next(&mut record).unwrap() {
                Piece::Record { line } => all.push(format!("{line} {}", String::from_utf8_lossy(&record))),
                Piece::TooLong { line } => all.push(format!("{line} too long")),
                Piece::Broken { line, message } => all.push(format!("{line} ! {message}")),
                Piece::End => return all,
            }
        }
    }

    #[test]
    fn arrays() {
        for (text, expected) in [
            ("[]", vec![]),
            (" [ ] ", vec![]),
            (r#"[{"a":1},{"a":"]}"}]"#, vec![r#"1 {"a":1}"#, r#"1 {"a":"]}"}"#]),
            ("[\n{\"a\":\n[1]}\n,\n{}\n]\n", vec!["2 {\"a\":\n[1]}", "5 {}"]),
            (r#"[{"a":"\"}"}]"#, vec![r#"1 {"a":"\"}"}"#]),
            ("[1,null,\"x\"]", vec!["1 1", "1 null", "1 \"x\""]),
            (
                "[{}",
                vec![
                    "1 {}",
                    "1 ! the file ends before the list does: it may be cut off",
                ],
            ),
            (
                "[{},\n{\"a\":",
                vec![
                    "1 {}",
                    "2 ! the file ends in the middle of this record: it may be cut off",
                ],
            ),
            ("[{},]", vec!["1 {}", "1 ! a comma and no record after it"]),
            (
                "[{} {}]",
                vec!["1 {}", "1 ! a comma is missing between two records"],
            ),
            (
                "[{}]x",
                vec!["1 {}", "1 ! there is more after the end of the list"],
            ),
            (
                "[{\"a\":\"xxxxxxxxxxxxxxxxxxxxxxxxx\"},{}]",
                vec!["1 too long", "1 {}"],
            ),
            ("[,{}]", vec!["1 ,", "1 ! a comma is missing between two records"]),
        ] {
            assert_eq!(pieces(text, Shape::Array), expected, "{text}");
        }
    }

    #[test]
    fn sequences_and_lines() {
        for (text, shape, expected) in [
            ("", Shape::Sequence, vec![]),
            ("{\n}\n{}{}", Shape::Sequence, vec!["1 {\n}", "3 {}", "3 {}"]),
            ("abc {}", Shape::Sequence, vec!["1 abc", "1 {}"]),
            ("{}\n\n{\"a\n{}", Shape::Lines, vec!["1 {}", "3 {\"a", "4 {}"]),
            ("{}\r\n{}\r\n", Shape::Lines, vec!["1 {}\r", "2 {}\r"]),
            (
                "xxxxxxxxxxxxxxxxxxxxxxxxx\n{}",
                Shape::Lines,
                vec!["1 too long", "2 {}"],
            ),
            ("]", Shape::Sequence, vec!["1 ]"]),
        ] {
            assert_eq!(pieces(text, shape), expected, "{text}");
        }
    }
}
