//! Bytes as they are stored: numbers in as few bytes as they need, texts behind their length. Redis keeps everything
//! in memory, and a million rows are a hundred megabytes for every hundred bytes.

use crate::engine::ports::LedgerError;

/// Writes values one behind the other.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Seven bits a byte, the lowest first.
    pub(super) fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n.to_le_bytes()[0] | 0x80);
            n >>= 7;
        }
        self.0.push(n.to_le_bytes()[0]);
    }

    /// Small numbers of either sign stay short.
    pub(super) fn signed(&mut self, n: i64) {
        self.number(n.wrapping_shl(1).cast_unsigned() ^ (n >> 63).cast_unsigned());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(u64::try_from(text.len()).unwrap_or(u64::MAX));
        self.raw(text.as_bytes());
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Reads them back. Whatever does not read back is [`LedgerError::Corrupt`], never a panic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Of `bytes`, which are `what`.
    pub(super) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(super) fn corrupt(&self, why: impl std::fmt::Display) -> LedgerError {
        LedgerError::Corrupt(format!("{}: {why}", self.what))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn raw(&mut self, len: usize) -> Result<&'a [u8], LedgerError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| self.corrupt("it ends too soon"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], LedgerError> {
        let bytes = self.raw(N)?;
        bytes.try_into().map_err(|_| self.corrupt("it ends too soon"))
    }

    pub(super) fn byte(&mut self) -> Result<u8, LedgerError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn number(&mut self) -> Result<u64, LedgerError> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(self.corrupt("a number does not end"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, LedgerError> {
        let n = self.number()?;
        Ok((n >> 1).cast_signed() ^ -(n & 1).cast_signed())
    }

    /// A number that fits `T`.
    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, LedgerError> {
        let n = self.number()?;
        T::try_from(n).map_err(|_| self.corrupt("a number is too large"))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, LedgerError> {
        let len = self.small()?;
        let bytes = self.raw(len)?;
        std::str::from_utf8(bytes).map_err(|error| self.corrupt(error))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(numbers in prop::collection::vec((any::<u64>(), any::<i64>(), ".{0,20}"), 0..20)) {
            let mut writer = Writer::default();
            for (n, signed, text) in &numbers {
                writer.number(*n);
                writer.signed(*signed);
                writer.text(text);
            }
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes, "a test");
            for (n, signed, text) in &numbers {
                prop_assert_eq!(reader.number().unwrap(), *n);
                prop_assert_eq!(reader.signed().unwrap(), *signed);
                prop_assert_eq!(reader.text().unwrap(), text.as_str());
            }
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn anything_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader::new(&bytes, "a test");
            while !reader.is_empty() && reader.text().is_ok() && reader.signed().is_ok() {}
        }
    }

    #[test]
    fn small_numbers_are_short() {
        for (n, len) in [(0, 1), (-1, 1), (63, 1), (64, 2), (1_732_660_000_000, 6)] {
            let mut writer = Writer::default();
            writer.signed(n);
            assert_eq!(writer.into_bytes().len(), len, "{n}");
        }
    }
}
