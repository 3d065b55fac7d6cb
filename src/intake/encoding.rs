//! Which encoding a file's text has: by its mark, by its bytes, else a guess.
//!
//! The whole file is looked at, not its start: what tells encodings apart are letters beyond ASCII, and in a file of
//! English names the first may stand in row 90,000. Taken for UTF-8 by its start, that row would be refused, or the
//! file guessed by too little. A block of ASCII, the usual case, is passed over at the speed of the disk. Only lines
//! that cannot be UTF-8 go to the guesser, and only so many: it is a hundred times slower, and a few dozen lines tell
//! it all it can know.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};

use super::read_as::EncodingBy;

/// Bytes looked at together.
const BLOCK_BYTES: usize = 64 << 10;

/// A longer line is looked at in pieces.
const LINE_BYTES_MAX: usize = 64 << 10;

/// Bytes of lines that the guesser gets.
const SAMPLE_BYTES: usize = 256 << 10;

/// Fewer bytes beyond ASCII than these make a doubtful guess. Measured on files of names and towns in nine encodings,
/// 300 files each: by eight such bytes, 95 to 100 guesses of a hundred are right. Encodings with two bytes a letter need
/// forty for that (GBK by eight: 67).
const TELLING_BYTES_MIN: usize = 8;
const TELLING_BYTES_MIN_OF_TWO: usize = 40;

/// Letters shown of a guess.
const LETTERS_SHOWN: usize = 6;

/// What a file's bytes say of its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) encoding: &'static Encoding,
    pub(super) by: EncodingBy,
    /// Some letters that a guess makes of the bytes.
    pub(super) letters: String,
    /// Whether a guess is made of so little that it may well be wrong.
    pub(super) is_doubtful: bool,
}

/// A file that begins with the mark of an encoding that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IsUtf32;

impl Found {
    pub(super) fn new(encoding: &'static Encoding, by: EncodingBy) -> Self {
        Self {
            encoding,
            by,
            letters: String::new(),
            is_doubtful: false,
        }
    }
}

/// The encoding that a mark at the start of a file names.
pub(super) fn by_mark(start: &[u8]) -> Result<Option<&'static Encoding>, IsUtf32> {
    if start.starts_with(b"\xFF\xFE\0\0") || start.starts_with(b"\0\0\xFE\xFF") {
        return Err(IsUtf32);
    }
    Ok(Encoding::for_bom(start).map(|(encoding, _)| encoding))
}

/// Goes through `from`, at most `bytes_max` of it, for its encoding. The file is known to have no mark.
pub(super) fn by_content(from: &mut dyn Read, bytes_max: u64) -> io::Result<Found> {
    let mut from = from.take(bytes_max);
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    let mut survey = Survey::default();
    let mut is_first = true;
    loop {
        block.clear();
        (&mut from).take(BLOCK_BYTES as u64).read_to_end(&mut block)?;
        if block.is_empty() {
            break;
        }
        if is_first && let Some(encoding) = by_structure(&block) {
            return Ok(Found::new(encoding, EncodingBy::Content));
        }
        is_first = false;
        survey.block(&block);
    }
    Ok(survey.end())
}

/// UTF-16 by where its zero bytes stand: every ASCII character has one, in the same half of its pair. ISO-2022-JP by
/// its escapes, which no other text has.
fn by_structure(block: &[u8]) -> Option<&'static Encoding> {
    let pairs = block.chunks_exact(2);
    let count = |half: usize| pairs.clone().filter(|pair| pair.get(half) == Some(&0)).count();
    let (high, low, all) = (count(0), count(1), pairs.len());
    // An eighth: names in another script have no zeros, the commas, digits and addresses between them do.
    if low * 8 > all && high * 8 < low {
        return Some(UTF_16LE);
    }
    if high * 8 > all && low * 8 < high {
        return Some(UTF_16BE);
    }
    let has = |escape: &[u8]| block.windows(escape.len()).any(|bytes| bytes == escape);
    (block.contains(&0x1B) && block.is_ascii() && (has(b"\x1B$B") || has(b"\x1B$@"))).then_some(ISO_2022_JP)
}

#[derive(Default)]
struct Survey {
    /// The line begun in the last block.
    line: Vec<u8>,
    /// Lines beyond ASCII that are UTF-8.
    utf8_lines: u64,
    /// Lines that are not.
    other_lines: u64,
    /// Some of those.
    sample: Vec<u8>,
}

impl Survey {
    fn block(&mut self, block: &[u8]) {
        if self.line.is_ascii() && block.is_ascii() {
            self.line.clear();
            // A line of ASCII so far may go on otherwise, and the guesser looks at what stands around a letter.
            let tail = block
                .iter()
                .rposition(|byte| is_line_end(*byte))
                .map_or(0, |at| at + 1);
            self.line.extend(block.get(tail..).unwrap_or_default());
            self.line.truncate(LINE_BYTES_MAX);
            return;
        }
        for piece in block.split_inclusive(|byte| is_line_end(*byte)) {
            self.line.extend_from_slice(piece);
            let is_whole = piece.last().is_some_and(|byte| is_line_end(*byte));
            if is_whole || self.line.len() > LINE_BYTES_MAX {
                self.end_line(is_whole);
            }
        }
    }

    fn end_line(&mut self, is_whole: bool) {
        let line = std::mem::take(&mut self.line);
        if !line.is_ascii() {
            // A piece of a line may end, and the next begin, in the middle of a letter.
            let start = line
                .iter()
                .take_while(|byte| **byte & 0xC0 == 0x80)
                .take(3)
                .count();
            let start = if is_whole { 0 } else { start };
            match std::str::from_utf8(line.get(start..).unwrap_or_default()) {
                Ok(_) => self.utf8_lines += 1,
                Err(error) if !is_whole && error.error_len().is_none() => self.utf8_lines += 1,
                Err(_) => {
                    self.other_lines += 1;
                    let room = SAMPLE_BYTES - self.sample.len();
                    self.sample.extend(line.iter().take(room));
                }
            }
        }
        self.line = line;
        self.line.clear();
    }

    fn end(mut self) -> Found {
        self.end_line(true);
        // Text in another encoding is UTF-8 by accident in a line at most here and there; a file of UTF-8 with some
        // broken lines is UTF-8, and those lines are told as faults.
        if self.other_lines == 0 || self.utf8_lines > self.other_lines {
            return Found::new(UTF_8, EncodingBy::Content);
        }
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(&self.sample, true);
        let encoding = detector.guess(None, Utf8Detection::Deny);
        let telling = self.sample.iter().filter(|byte| !byte.is_ascii()).count();
        let enough = if encoding.is_single_byte() {
            TELLING_BYTES_MIN
        } else {
            TELLING_BYTES_MIN_OF_TWO
        };
        Found {
            letters: letters(encoding, &self.sample),
            is_doubtful: telling < enough,
            ..Found::new(encoding, EncodingBy::Guess)
        }
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// The first different letters beyond ASCII. Letters by themselves, and no words: a word may be a secret.
fn letters(encoding: &'static Encoding, sample: &[u8]) -> String {
    let start = sample.get(..sample.len().min(BLOCK_BYTES)).unwrap_or_default();
    let (text, _) = encoding.decode_without_bom_handling(start);
    let mut found: Vec<char> = Vec::with_capacity(LETTERS_SHOWN);
    for c in text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()) {
        if found.len() < LETTERS_SHOWN && !found.contains(&c) {
            found.push(c);
        }
    }
    let shown: Vec<String> = found.iter().map(char::to_string).collect();
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        BIG5, EUC_JP, EUC_KR, GBK, SHIFT_JIS, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253,
        WINDOWS_1254,
    };

    use super::*;

    fn found(bytes: &[u8]) -> Found {
        by_content(&mut &bytes[..], u64::MAX).unwrap()
    }

    fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        match encoding.name() {
            "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => encoding.encode(text).0.into_owned(),
        }
    }

    const GERMAN: &str =
        "key,company,city\n1,Müller Bürobedarf GmbH,Köln\n2,Größe & Söhne,Nürnberg\n3,Weiß,Lübeck\n";
    const POLISH: &str =
        "key,company,city\n1,Księgarnia Łódzka,Łódź\n2,Żółty Słoń,Kraków\n3,Dźwięk,Wrocław\n";
    const RUSSIAN: &str = "key,company,city\n1,Северный ветер,Москва\n2,Мастерская,Казань\n3,Берег,Самара\n";
    const GREEK: &str = "key,company,city\n1,Βιβλιοπωλείο,Αθήνα\n2,Θάλασσα,Πάτρα\n";
    const TURKISH: &str =
        "key,company,city\n1,Işık Yazılım,İstanbul\n2,Güneş Bilişim,Eskişehir\n3,Çağdaş,Muğla\n";
    const JAPANESE: &str =
        "key,company,city\n1,東京ソフト株式会社,東京\n2,さくら商事,大阪\n3,北海道データ,札幌\n";
    const CHINESE: &str =
        "key,company,city\n1,北京软件有限公司,北京\n2,上海数据服务,上海\n3,广州办公用品,广州\n";
    const TAIWANESE: &str =
        "key,company,city\n1,臺北軟體股份有限公司,臺北\n2,高雄資訊服務,高雄\n3,新竹辦公用品,新竹\n";
    const KOREAN: &str =
        "key,company,city\n1,서울소프트웨어,서울\n2,부산데이터서비스,부산\n3,대구사무용품,대구\n";

    #[test]
    fn the_encodings_of_office_programs_are_told_apart() {
        for (encoding, text, by) in [
            (UTF_8, "key,company\n", EncodingBy::Content),
            (UTF_8, GERMAN, EncodingBy::Content),
            (UTF_8, JAPANESE, EncodingBy::Content),
            (UTF_16LE, GERMAN, EncodingBy::Content),
            (UTF_16BE, GERMAN, EncodingBy::Content),
            (UTF_16LE, JAPANESE, EncodingBy::Content),
            (UTF_16BE, RUSSIAN, EncodingBy::Content),
            (ISO_2022_JP, JAPANESE, EncodingBy::Content),
            (WINDOWS_1252, GERMAN, EncodingBy::Guess),
            (WINDOWS_1250, POLISH, EncodingBy::Guess),
            (WINDOWS_1251, RUSSIAN, EncodingBy::Guess),
            (WINDOWS_1253, GREEK, EncodingBy::Guess),
            (WINDOWS_1254, TURKISH, EncodingBy::Guess),
            (SHIFT_JIS, JAPANESE, EncodingBy::Guess),
            (EUC_JP, JAPANESE, EncodingBy::Guess),
            (GBK, CHINESE, EncodingBy::Guess),
            (BIG5, TAIWANESE, EncodingBy::Guess),
            (EUC_KR, KOREAN, EncodingBy::Guess),
        ] {
            let found = found(&encoded(encoding, text));
            let shown = format!("{} as {found:?}", encoding.name());
            assert_eq!((found.encoding, found.by), (encoding, by), "{shown}");
            assert!(!found.is_doubtful, "{shown}");
        }
    }

    #[test]
    fn a_late_letter_tells_as_much_as_an_early_one() {
        let mut bytes = "1,Company Ltd,Boston\n".repeat(100_000).into_bytes();
        bytes.extend(encoded(WINDOWS_1252, GERMAN));
        let late = found(&bytes);
        assert_eq!((late.encoding, late.letters.as_str()), (WINDOWS_1252, "ü ö ß"));
        // Whatever of it stands at the end of a block.
        for pad in 0..60 {
            let mut bytes = vec![b'x'; BLOCK_BYTES - 30 + pad];
            bytes.push(b'\n');
            let at = bytes.len() - 20;
            bytes.splice(at..at, "\nMüller, Köln".bytes());
            assert_eq!(found(&bytes).encoding, UTF_8, "{pad}");
        }
        let unbroken = "ü€東".repeat(60_000);
        assert_eq!(found(unbroken.as_bytes()).encoding, UTF_8);
    }

    #[test]
    fn some_broken_lines_do_not_make_a_file_something_else() {
        let mut bytes = GERMAN.as_bytes().to_vec();
        bytes.extend(encoded(WINDOWS_1252, "4,Gebrüder,Bonn\n"));
        assert_eq!(found(&bytes).encoding, UTF_8);
        assert_eq!(
            found(b"key\0,company\n1,\0\0x\n").encoding,
            UTF_8,
            "zeros without order"
        );
    }

    #[test]
    fn a_guess_by_little_is_doubtful() {
        let little = found(&encoded(WINDOWS_1252, "key,company\n1,Müller\n"));
        assert!(little.is_doubtful && little.by == EncodingBy::Guess, "{little:?}");
    }

    #[test]
    fn marks() {
        assert_eq!(by_mark(b"\xEF\xBB\xBFkey"), Ok(Some(UTF_8)));
        assert_eq!(by_mark(b"\xFF\xFEk\0"), Ok(Some(UTF_16LE)));
        assert_eq!(by_mark(b"\xFE\xFF\0k"), Ok(Some(UTF_16BE)));
        assert_eq!(by_mark(b"\xFF\xFE\0\0k\0\0\0"), Err(IsUtf32));
        assert_eq!(by_mark(b"key"), Ok(None));
    }
}
