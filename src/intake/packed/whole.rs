//! A file that is read here and there, and its digest from the first byte to the last.
//!
//! Pieces of an archive are read by position and some of its bytes never, so the digest cannot be taken on the way. It
//! is taken before and after: when both are equal, what was read between them is what they say.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::domain::ids::Digest;
use crate::intake::source::{Source, too_large};
use crate::intake::{IntakeError, Limits};

/// Bytes hashed at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// A file that was hashed when it was opened.
pub(in crate::intake) struct Whole {
    file: Arc<File>,
    name: Arc<str>,
    limits: Limits,
    digest: Digest,
    bytes: u64,
}

impl Whole {
    /// Opens the source and takes its digest.
    pub(in crate::intake) fn open(source: &Source, limits: &Limits) -> Result<Self, IntakeError> {
        let file = Arc::new(source.open()?);
        let (digest, bytes) = hash(&file, source.name(), limits)?;
        Ok(Self {
            file,
            name: Arc::clone(source.name()),
            limits: *limits,
            digest,
            bytes,
        })
    }

    /// The file, to be read by position.
    pub(in crate::intake) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// What messages call the file.
    pub(in crate::intake) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The file's size.
    pub(in crate::intake) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the digest again. A file that was written to in between is refused.
    pub(in crate::intake) fn finish(self) -> Result<(Digest, u64), IntakeError> {
        let (digest, bytes) = hash(&self.file, &self.name, &self.limits)?;
        if digest == self.digest {
            return Ok((digest, bytes));
        }
        Err(IntakeError::file(
            &self.name,
            "file.changed",
            "the file was changed while it was read",
            "run the command again when nothing writes to the file",
        ))
    }
}

fn hash(file: &Arc<File>, name: &Arc<str>, limits: &Limits) -> Result<(Digest, u64), IntakeError> {
    let mut from = At::new(file, 0, u64::MAX);
    let (mut hasher, mut bytes, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK_BYTES]);
    loop {
        let read = from
            .read(&mut chunk)
            .map_err(|error| IntakeError::io(name, error))?;
        if read == 0 {
            return Ok((Digest::from_bytes(hasher.finalize().into()), bytes));
        }
        hasher.update(chunk.get(..read).unwrap_or_default());
        bytes = bytes.saturating_add(read as u64);
        if bytes > limits.file_bytes_max {
            return Err(too_large(name, limits));
        }
    }
}

/// A piece of a file. Several can be read at once: the file has no position of its own here.
#[derive(Debug)]
pub(in crate::intake) struct At {
    file: Arc<File>,
    start: u64,
    at: u64,
    end: u64,
}

impl At {
    /// The bytes from `start` to `end`, or to the end of the file.
    pub(in crate::intake) fn new(file: &Arc<File>, start: u64, end: u64) -> Self {
        Self {
            file: Arc::clone(file),
            start,
            at: start,
            end,
        }
    }
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let into = buffer.get_mut(..wanted).unwrap_or_default();
        loop {
            match self.file.read_at(into, self.at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
                Ok(read) => {
                    self.at += read as u64;
                    return Ok(read);
                }
            }
        }
    }
}

impl Seek for At {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(from_start) => self.start.checked_add(from_start),
            SeekFrom::End(from_end) => self.end.checked_add_signed(from_end),
            SeekFrom::Current(from_here) => self.at.checked_add_signed(from_here),
        };
        match target.filter(|at| *at >= self.start) {
            Some(at) => {
                self.at = at;
                Ok(at - self.start)
            }
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "before the start")),
        }
    }
}
