//! Raw bytes in, UTF-8 out, as a stream.

use std::io;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE};

/// Bytes decoded at a time.
const BLOCK_BYTES: usize = 16 << 10;

/// A byte that no UTF-8 text has. It stands for what cannot be decoded, so that the row that has it is refused by the same
/// check as one of a UTF-8 file: a replacement character would pass for text.
const UNDECODABLE: u8 = 0xFF;

/// Decodes what it is given.
pub(super) struct Decoding {
    decoder: Decoder,
    /// Whether what a code page leaves unused becomes characters that nobody can mean. In Unicode itself it does not.
    is_code_page: bool,
    raw: Box<[u8]>,
    raw_start: usize,
    raw_end: usize,
    out: Box<[u8]>,
    out_start: usize,
    out_end: usize,
    at_end: bool,
    done: bool,
}

impl Decoding {
    /// Marks at the start are left in the text, as UTF-8.
    pub(super) fn new(encoding: &'static Encoding) -> Self {
        Self {
            decoder: encoding.new_decoder_without_bom_handling(),
            is_code_page: ![UTF_16LE, UTF_16BE].contains(&encoding),
            raw: vec![0; BLOCK_BYTES].into_boxed_slice(),
            raw_start: 0,
            raw_end: 0,
            out: vec![0; BLOCK_BYTES].into_boxed_slice(),
            out_start: 0,
            out_end: 0,
            at_end: false,
            done: false,
        }
    }

    /// Fills `space` as far as it goes; 0 is the end. `read` gives raw bytes, 0 at their end.
    pub(super) fn read(
        &mut self,
        space: &mut [u8],
        read: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        while self.out_start == self.out_end && !self.done {
            if self.raw_start == self.raw_end && !self.at_end {
                self.raw_end = read(&mut self.raw)?;
                (self.raw_start, self.at_end) = (0, self.raw_end == 0);
            }
            self.decode();
        }
        let held = self.out.get(self.out_start..self.out_end).unwrap_or_default();
        let count = held.len().min(space.len());
        if let (Some(to), Some(from)) = (space.get_mut(..count), held.get(..count)) {
            to.copy_from_slice(from);
        }
        self.out_start += count;
        Ok(count)
    }

    /// Decodes a piece of the raw bytes. What was decoded before has been taken.
    fn decode(&mut self) {
        let raw = self.raw.get(self.raw_start..self.raw_end).unwrap_or_default();
        // A byte is kept free for the mark of what cannot be decoded.
        let room = self.out.len() - 1;
        let out = self.out.get_mut(..room).unwrap_or_default();
        let (result, read, written) = self
            .decoder
            .decode_to_utf8_without_replacement(raw, out, self.at_end);
        self.raw_start += read;
        (self.out_start, self.out_end) = (0, written);
        if self.is_code_page {
            self.mark_unused();
        }
        match result {
            DecoderResult::InputEmpty => self.done = self.at_end,
            DecoderResult::OutputFull => (),
            DecoderResult::Malformed(..) => {
                if let Some(byte) = self.out.get_mut(self.out_end) {
                    *byte = UNDECODABLE;
                    self.out_end += 1;
                }
            }
        }
    }

    /// Puts the mark in the place of what unused bytes become: control characters from 80 to 9F, and characters for private
    /// use, which no two machines show alike.
    fn mark_unused(&mut self) {
        let Some(text) = self.out.get_mut(..self.out_end) else {
            return;
        };
        if text.is_ascii() {
            return;
        }
        let (mut from, mut to) = (0, 0);
        while let Some(byte) = text.get(from).copied() {
            let next = text.get(from + 1).copied().unwrap_or_default();
            let unused = match byte {
                0xC2 if next <= 0x9F => 2,
                0xEE => 3,
                0xEF if next <= 0xA3 => 3,
                _ => 0,
            };
            if let Some(place) = text.get_mut(to) {
                *place = if unused > 0 { UNDECODABLE } else { byte };
            }
            from += unused.max(1);
            to += 1;
        }
        self.out_end = to;
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, WINDOWS_1252};

    use super::*;

    fn decoded(encoding: &'static Encoding, bytes: &[u8], step: usize) -> Vec<u8> {
        let mut decoding = Decoding::new(encoding);
        let (mut rest, mut all) = (bytes, Vec::new());
        let mut space = vec![0; step];
        loop {
            let read = decoding
                .read(&mut space, &mut |to| {
                    let count = to.len().min(step).min(rest.len());
                    to[..count].copy_from_slice(&rest[..count]);
                    rest = &rest[count..];
                    Ok(count)
                })
                .unwrap();
            if read == 0 {
                return all;
            }
            all.extend_from_slice(&space[..read]);
        }
    }

    #[test]
    fn text_is_the_same_however_it_arrives() {
        for (encoding, bytes, text) in [
            (
                WINDOWS_1252,
                &b"M\xFCller \x80"[..],
                &b"M\xC3\xBCller \xE2\x82\xAC"[..],
            ),
            (WINDOWS_1252, b"a\x81b\x9Dc", b"a\xFFb\xFFc"),
            (SHIFT_JIS, b"\x93\x8C\x8B\x9E,1", "東京,1".as_bytes()),
            (SHIFT_JIS, b"\x93,\x93", b"\xFF,\xFF"),
            (SHIFT_JIS, b"a\xF6\x6E,\xB1", b"a\xFF,\xEF\xBD\xB1"),
            (UTF_16LE, b"\xFF\xFEa\0\xFC\0", b"\xEF\xBB\xBFa\xC3\xBC"),
            (UTF_16LE, b"a\0\x00\xD8b\0c", b"a\xFFb\xFF"),
            (UTF_16BE, b"\xE0\0\0\x85", "\u{e000}\u{85}".as_bytes()),
            (UTF_16BE, b"\0a\xD8\x3D\xDE\x00", "a😀".as_bytes()),
        ] {
            for step in [1, 2, 3, 7, 64] {
                let shown = format!("{} {bytes:?} by {step}", encoding.name());
                assert_eq!(decoded(encoding, bytes, step), text, "{shown}");
            }
        }
        let long = vec![0xFC; 100_000];
        assert_eq!(
            decoded(WINDOWS_1252, &long, 4096),
            "ü".repeat(100_000).into_bytes()
        );
    }
}
