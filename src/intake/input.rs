//! The text of a file in pieces, as UTF-8. Its bytes are counted, limited and digested on their way, before they are
//! decoded.

use std::io::{self, Read};
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};
use sha2::{Digest as _, Sha256};

use super::decode::Decoding;
use super::source::too_large;
use super::{IntakeError, Limits};
use crate::domain::ids::Digest;

/// Bytes held at a time: as far as one can look ahead.
pub(super) const BUFFER_BYTES: usize = 64 << 10;

/// A file being read. What is consumed is gone; what is not is given again.
pub(super) struct Input {
    raw: Raw,
    encoding: &'static Encoding,
    /// UTF-8 needs none: what is wrong with it is found where a record is taken for text.
    decoding: Option<Decoding>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    at_end: bool,
    /// The line of the next byte, counted from 1.
    line: u64,
    /// Whether the last byte consumed was a carriage return, so that a line feed after it ends no second line.
    after_return: bool,
}

/// The bytes as they lie in the file.
struct Raw {
    from: Box<dyn Read + Send>,
    name: Arc<str>,
    limits: Limits,
    bytes: u64,
    hasher: Sha256,
}

impl Raw {
    /// Reads some bytes; 0 is the end.
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let read = loop {
            match self.from.read(space) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                other => break other?,
            }
        };
        self.hasher.update(space.get(..read).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(read as u64);
        Ok(read)
    }
}

impl Input {
    pub(super) fn new(from: Box<dyn Read + Send>, name: &Arc<str>, limits: &Limits) -> Self {
        Self {
            raw: Raw {
                from,
                name: Arc::clone(name),
                limits: *limits,
                bytes: 0,
                hasher: Sha256::new(),
            },
            encoding: UTF_8,
            decoding: None,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            start: 0,
            end: 0,
            at_end: false,
            line: 1,
            after_return: false,
        }
    }

    /// The same file, its text in this encoding. Nothing has been read yet.
    pub(super) fn in_encoding(mut self, encoding: &'static Encoding) -> Self {
        self.encoding = encoding;
        self.decoding = (encoding != UTF_8).then(|| Decoding::new(encoding));
        self
    }

    /// The encoding of the text.
    pub(super) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// What messages call the file.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.raw.name
    }

    /// The line of the next byte.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes read from the file so far.
    pub(super) fn bytes(&self) -> u64 {
        self.raw.bytes
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
        Ok((
            Digest::from_bytes(self.raw.hasher.finalize().into()),
            self.raw.bytes,
        ))
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn read_more(&mut self) -> Result<(), IntakeError> {
        let space = self.buffer.get_mut(self.end..).unwrap_or_default();
        let raw = &mut self.raw;
        let read = match &mut self.decoding {
            None => raw.read(space),
            Some(decoding) => decoding.read(space, &mut |space| raw.read(space)),
        };
        let read = read.map_err(|error| IntakeError::io(&self.raw.name, error))?;
        self.end += read;
        self.at_end = read == 0;
        if self.raw.bytes > self.raw.limits.file_bytes_max {
            return Err(too_large(&self.raw.name, &self.raw.limits));
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
    fn lines_and_digest_are_those_of_the_file_whatever_its_encoding() {
        let text = "a,ü\r\nb\nc";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for encoding in [encoding_rs::UTF_16LE, encoding_rs::WINDOWS_1252] {
            let mut input = input(&utf16, &Limits::default()).in_encoding(encoding);
            let mut all = Vec::new();
            while let [byte, ..] = *input.fill().unwrap() {
                all.push(byte);
                input.consume(1);
            }
            if encoding == encoding_rs::UTF_16LE {
                assert_eq!((all.as_slice(), input.line()), (text.as_bytes(), 3));
            }
            assert_eq!(input.finish().unwrap(), (Digest::of(&utf16), utf16.len() as u64));
        }
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
