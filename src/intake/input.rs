//! The bytes of a file in pieces: counted, limited and digested on their way.

use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::source::too_large;
use super::{IntakeError, Limits};
use crate::domain::ids::Digest;

/// Bytes held at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// A file being read. What is consumed is gone; what is not is given again.
pub(super) struct Input {
    from: Box<dyn Read + Send>,
    name: Arc<str>,
    limits: Limits,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    at_end: bool,
    bytes: u64,
    hasher: Sha256,
    /// The line of the next byte, counted from 1.
    line: u64,
    /// Whether the last byte consumed was a carriage return, so that a line feed after it ends no second line.
    after_return: bool,
}

impl Input {
    pub(super) fn new(from: Box<dyn Read + Send>, name: &Arc<str>, limits: &Limits) -> Self {
        Self {
            from,
            name: Arc::clone(name),
            limits: *limits,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            at_end: false,
            bytes: 0,
            hasher: Sha256::new(),
            line: 1,
            after_return: false,
        }
    }

    /// What messages call the file.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The line of the next byte.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes read from the file so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next bytes, at least one unless the file is at its end.
    pub(super) fn fill(&mut self) -> Result<&[u8], IntakeError> {
        if self.start == self.end && !self.at_end {
            (self.start, self.end) = (0, 0);
            self.read_more()?;
        }
        Ok(self.held())
    }

    /// The next bytes, `wanted` if the file and the buffer have so many.
    pub(super) fn peek(&mut self, wanted: usize) -> Result<&[u8], IntakeError> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        while self.end < wanted.min(self.buffer.len()) && !self.at_end {
            self.read_more()?;
        }
        Ok(self.held())
    }

    /// Takes `count` of the bytes last given.
    pub(super) fn consume(&mut self, count: usize) {
        let from = self.start;
        self.start = (self.start + count).min(self.end);
        let taken = self.buffer.get(from..self.start).unwrap_or_default();
        let Some((first, last)) = taken.first().zip(taken.last()) else {
            return;
        };
        // Lines end in LF, CR LF or CR.
        let feeds = taken.iter().filter(|byte| **byte == b'\n').count();
        let returns = taken.iter().filter(|byte| **byte == b'\r').count();
        let split_pair = usize::from(self.after_return && *first == b'\n');
        let pairs = if returns == 0 {
            0
        } else {
            taken.windows(2).filter(|pair| *pair == b"\r\n").count()
        };
        self.line += (feeds + returns - pairs - split_pair) as u64;
        self.after_return = *last == b'\r';
    }

    /// Reads the rest of the file; gives the digest and the count of all its bytes.
    pub(super) fn finish(mut self) -> Result<(Digest, u64), IntakeError> {
        while !self.at_end {
            (self.start, self.end) = (0, 0);
            self.read_more()?;
        }
        Ok((Digest::from_bytes(self.hasher.finalize().into()), self.bytes))
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn read_more(&mut self) -> Result<(), IntakeError> {
        let space = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.from.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                other => break other.map_err(|error| IntakeError::io(&self.name, error))?,
            }
        };
        self.hasher.update(space.get(..read).unwrap_or_default());
        self.end += read;
        self.at_end = read == 0;
        self.bytes = self.bytes.saturating_add(read as u64);
        if self.bytes > self.limits.file_bytes_max {
            return Err(too_large(&self.name, &self.limits));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, as a slow pipe does.
    struct Drip(io::Cursor<Vec<u8>>);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    fn input(bytes: &[u8], limits: &Limits) -> Input {
        Input::new(
            Box::new(Drip(io::Cursor::new(bytes.to_vec()))),
            &"f".into(),
            limits,
        )
    }

    #[test]
    fn lines_are_counted_however_they_end_and_however_they_arrive() {
        for (bytes, line) in [
            ("a\nb\n", 3),
            ("a\r\nb\r\n", 3),
            ("a\rb\r", 3),
            ("\r\n\r\n", 3),
            ("\n\r\n\r", 4),
            ("a", 1),
        ] {
            for at_once in [true, false] {
                let mut input = input(bytes.as_bytes(), &Limits::default());
                if at_once {
                    let all = input.peek(64).unwrap().len();
                    input.consume(all);
                }
                while !input.fill().unwrap().is_empty() {
                    input.consume(1);
                }
                assert_eq!(input.line(), line, "{bytes:?} at once: {at_once}");
            }
        }
    }

    #[test]
    fn the_digest_is_of_the_whole_file_whatever_was_consumed() {
        let mut part = input(b"abc", &Limits::default());
        part.peek(2).unwrap();
        part.consume(1);
        assert_eq!(part.finish().unwrap(), (Digest::of(b"abc"), 3));
    }

    #[test]
    fn the_limit_holds_for_what_is_read_not_for_what_was_promised() {
        let limits = Limits {
            file_bytes_max: 2,
            ..Limits::default()
        };
        let Err(IntakeError::File(fault)) = input(b"abc", &limits).finish() else {
            panic!()
        };
        assert_eq!(fault.rule, "file.too_large");
    }
}
