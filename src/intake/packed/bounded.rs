//! Bytes as they are unpacked: counted, limited, and held against their checksum.

use std::io::{self, Read};

use flate2::Crc;

/// Unpacked bytes up to which nobody asks how well they were packed.
const RATIO_FREE_BYTES: u64 = 16 << 20;

/// How many times its packed size a part may have beyond that. Sheets have 5 to 60 times; what is made to burst has up
/// to 1,030 times, which is the most that deflate can do.
const RATIO_MAX: u64 = 300;

/// Why a reader below gave no more bytes; goes through [`io::Error`] and comes out as a fault of the file.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(in crate::intake) struct Refused {
    /// Id of the rule.
    pub(in crate::intake) rule: &'static str,
    /// What is wrong.
    pub(in crate::intake) message: String,
    /// What to do.
    pub(in crate::intake) hint: &'static str,
}

impl Refused {
    /// A part that is not as it should be.
    pub(in crate::intake) fn damaged(what: &str, why: impl std::fmt::Display) -> Self {
        Self {
            rule: "file.damaged",
            message: format!("{what} cannot be read: {why}"),
            hint: "is the file complete? Open it in the program it comes from and save it again",
        }
    }

    /// The same as an error of a reader.
    pub(in crate::intake) fn into_io(self) -> io::Error {
        io::Error::other(self)
    }

    fn bursts(what: &str, why: impl std::fmt::Display) -> io::Error {
        Self {
            rule: "file.unpacked",
            message: format!("{what} unpacks to {why}"),
            hint: "no list of resellers does; is it the right file? If it is, split it, or save it as CSV UTF-8",
        }
        .into_io()
    }
}

/// A reader of unpacked bytes under limits.
pub(in crate::intake) struct Bounded<R> {
    from: R,
    what: String,
    packed_bytes: u64,
    unpacked_bytes: u64,
    unpacked_bytes_max: u64,
    check: Option<(Crc, u32)>,
}

impl<R: Read> Bounded<R> {
    /// `what` is the part in messages; `crc` its checksum, where none below looks at it.
    pub(in crate::intake) fn new(from: R, what: &str, packed_bytes: u64, max: u64, crc: Option<u32>) -> Self {
        Self {
            from,
            what: what.to_owned(),
            packed_bytes,
            unpacked_bytes: 0,
            unpacked_bytes_max: max,
            check: crc.map(|crc| (Crc::new(), crc)),
        }
    }

    fn take(&mut self, read: &[u8]) -> io::Result<()> {
        self.unpacked_bytes += read.len() as u64;
        if self.unpacked_bytes > self.unpacked_bytes_max {
            let why = format!("more than {} bytes", self.unpacked_bytes_max);
            return Err(Refused::bursts(&self.what, why));
        }
        if self.unpacked_bytes > RATIO_FREE_BYTES
            && self.unpacked_bytes > self.packed_bytes.saturating_mul(RATIO_MAX)
        {
            let why = format!("more than {RATIO_MAX} times its size");
            return Err(Refused::bursts(&self.what, why));
        }
        let Some((sum, wanted)) = &mut self.check else {
            return Ok(());
        };
        sum.update(read);
        if read.is_empty() && sum.sum() != *wanted {
            return Err(Refused::damaged(&self.what, "its checksum does not fit").into_io());
        }
        Ok(())
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match self.from.read(buffer) {
            Ok(read) => read,
            Err(error) if is_of_the_bytes(&error) => {
                return Err(Refused::damaged(&self.what, error).into_io());
            }
            Err(error) => return Err(error),
        };
        self.take(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}

/// Whether the bytes are wrong, and not the machine.
fn is_of_the_bytes(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: &io::Error) -> Option<&Refused> {
        error.get_ref()?.downcast_ref()
    }

    #[test]
    fn limits_and_checksums_hold() {
        let read = |bytes: &[u8], packed, max, crc| {
            let mut all = Vec::new();
            let mut bounded = Bounded::new(bytes, "x", packed, max, crc);
            bounded
                .read_to_end(&mut all)
                .map_err(|error| refused(&error).unwrap().rule)
        };
        let mut crc = Crc::new();
        crc.update(b"abc");
        assert_eq!(read(b"abc", 1, 3, Some(crc.sum())), Ok(3));
        assert_eq!(read(b"abd", 1, 3, Some(crc.sum())), Err("file.damaged"));
        assert_eq!(read(b"abc", 1, 2, None), Err("file.unpacked"));
    }

    #[test]
    fn what_was_made_to_burst_is_let_go_early() {
        let mut bounded = Bounded::new(io::repeat(b'x'), "x", 1_000, u64::MAX, None);
        let error = io::copy(&mut bounded, &mut io::sink()).unwrap_err();
        assert_eq!(refused(&error).unwrap().rule, "file.unpacked");
        assert!(bounded.unpacked_bytes < RATIO_FREE_BYTES + (1 << 20));
    }
}
