//! Files that are packed: gzip, a zip archive with one file in it, a workbook (which is a zip archive).
//!
//! What is unpacked is read as it comes and never kept, save for a workbook inside of an archive, which has to be read by
//! position and is put aside first.

mod archive;
mod bounded;
mod whole;

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

pub(super) use self::archive::{Archive, Entry, Part};
pub(super) use self::bounded::{Bounded, Refused};
pub(super) use self::whole::{At, Whole};
use super::source::Source;
use super::{IntakeError, Limits};

const GZIP: &[u8] = b"\x1F\x8B";
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Names of files that are read.
const KNOWN_EXTENSIONS: [&str; 10] = [
    "csv", "tsv", "tab", "txt", "json", "jsonl", "ndjson", "xlsx", "xlsm", "xltx",
];

/// Archives that are a document, by a part that each of them has.
const DOCUMENTS: [(&str, &str, &str); 6] = [
    ("xl/workbook.bin", "a binary spreadsheet (XLSB)", AS_XLSX),
    (
        "content.xml",
        "an OpenDocument file (ODS, if it is a spreadsheet)",
        AS_XLSX,
    ),
    ("index/document.iwa", "a Numbers document", AS_XLSX),
    ("index.zip", "a Numbers document", AS_XLSX),
    (
        "word/document.xml",
        "a text document (DOCX)",
        "feed the spreadsheet or CSV file that the list is in",
    ),
    (
        "ppt/presentation.xml",
        "a presentation (PPTX)",
        "feed the spreadsheet or CSV file that the list is in",
    ),
];

const AS_XLSX: &str = "open it and save it as XLSX (Numbers: File, Export To, Excel), or as CSV UTF-8";

/// What a file turned out to be.
pub(super) enum Content {
    /// Not packed.
    Plain,
    /// Text in a gzip or zip archive.
    Text(Packed),
    /// A workbook, and the file it came from.
    Book(Archive, Whole),
}

/// Text in an archive.
pub(super) struct Packed {
    whole: Whole,
    /// Extension of the name inside.
    extension: String,
    inside: Inside,
    limits: Limits,
}

enum Inside {
    Gzip,
    Zip(Archive, Entry),
}

impl Content {
    /// Looks at the first bytes, and into an archive.
    pub(super) fn of(source: &Source, limits: &Limits) -> Result<Self, IntakeError> {
        let mut start = [0; 4];
        let mut file = source.open()?;
        let read =
            read_up_to(&mut file, &mut start).map_err(|error| IntakeError::io(source.name(), error))?;
        let start = start.get(..read).unwrap_or_default();
        if is_zip(start) {
            let whole = Whole::open(source, limits)?;
            let archive = Archive::open(whole.file(), whole.bytes(), source.name())?;
            return of_archive(archive, whole, limits);
        }
        if !start.starts_with(GZIP) {
            return Ok(Self::Plain);
        }
        let packed = Packed {
            whole: Whole::open(source, limits)?,
            extension: source.extension_before("gz"),
            inside: Inside::Gzip,
            limits: *limits,
        };
        packed.or_book()
    }
}

impl Packed {
    /// The extension of the file inside, in lower case.
    pub(super) fn extension(&self) -> &str {
        &self.extension
    }

    /// Unpacks it from its start.
    pub(super) fn open(&self) -> Result<Box<dyn Read + Send>, IntakeError> {
        let max = self.limits.file_bytes_max;
        match &self.inside {
            Inside::Zip(archive, entry) => Ok(Box::new(archive.open_part(entry, max)?)),
            Inside::Gzip => {
                let raw = BufReader::new(At::new(self.whole.file(), 0, self.whole.bytes()));
                let unpacked = MultiGzDecoder::new(raw);
                Ok(Box::new(Bounded::new(
                    unpacked,
                    "the archive",
                    self.whole.bytes(),
                    max,
                    None,
                )))
            }
        }
    }

    /// The file as it lies on the disk.
    pub(super) fn into_whole(self) -> Whole {
        self.whole
    }

    /// A workbook in an archive is put aside to be read by position. Archives in archives are not opened.
    fn or_book(self) -> Result<Content, IntakeError> {
        let name = self.name().clone();
        let mut start = [0; 4];
        let mut unpacked = self.open()?;
        let failed = |error| IntakeError::io(&name, error);
        let read = read_up_to(&mut unpacked, &mut start).map_err(failed)?;
        let start = start.get(..read).unwrap_or_default();
        let nested = || {
            IntakeError::file(
                &name,
                "file.nested",
                "this is an archive in an archive",
                "unpack it, and feed the file inside",
            )
        };
        if start.starts_with(GZIP) {
            return Err(nested());
        }
        if !is_zip(start) {
            return Ok(Content::Text(self));
        }
        let (file, bytes) =
            put_aside(&mut io::Cursor::new(start.to_vec()).chain(unpacked)).map_err(failed)?;
        let archive = Archive::open(&Arc::new(file), bytes, &name)?;
        let limits = self.limits;
        match of_archive(archive, self.into_whole(), &limits)? {
            book @ Content::Book(..) => Ok(book),
            Content::Plain | Content::Text(_) => Err(nested()),
        }
    }

    fn name(&self) -> &Arc<str> {
        self.whole.name()
    }
}

fn is_zip(start: &[u8]) -> bool {
    ZIP.iter().any(|magic| start.starts_with(magic))
}

/// Reads until the buffer is full or the end is reached.
fn read_up_to(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(space) = buffer.get_mut(filled..).filter(|space| !space.is_empty()) {
        match from.read(space) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Copies what is unpacked, which is limited, into a file without a name.
fn put_aside(from: &mut dyn Read) -> io::Result<(File, u64)> {
    let mut file = tempfile::tempfile()?;
    let bytes = io::copy(from, &mut file)?;
    file.flush()?;
    Ok((file, bytes))
}

fn of_archive(archive: Archive, whole: Whole, limits: &Limits) -> Result<Content, IntakeError> {
    let name = archive.name().clone();
    let refuse = |rule, message: String, hint: &str| Err(IntakeError::file(&name, rule, message, hint));
    if archive.find("xl/workbook.xml").is_some() || is_strange_book(&archive) {
        return Ok(Content::Book(archive, whole));
    }
    if let Some((_, what, hint)) = DOCUMENTS.iter().find(|(part, ..)| archive.find(part).is_some()) {
        return refuse("file.format", format!("this is {what}"), hint);
    }
    let files: Vec<&Entry> = archive.entries().iter().filter(is_file).collect();
    let known: Vec<&&Entry> = files
        .iter()
        .filter(|entry| KNOWN_EXTENSIONS.contains(&extension_of(&entry.path).as_str()))
        .collect();
    let [only] = known.as_slice() else {
        let (rule, hint) = (
            "file.archive",
            "unpack the archive, and feed the one file that is meant",
        );
        let message = match (files.len(), known.len()) {
            (0, _) => "the archive is empty".to_owned(),
            (_, 0) => format!(
                "no file in the archive is a list that can be read: {}",
                names(files.iter())
            ),
            (_, n) => format!(
                "{n} files in the archive could be meant: {}",
                names(known.iter().copied())
            ),
        };
        return refuse(rule, message, hint);
    };
    let entry = (**only).clone();
    let packed = Packed {
        extension: extension_of(&entry.path),
        inside: Inside::Zip(archive, entry),
        whole,
        limits: *limits,
    };
    packed.or_book()
}

/// A workbook whose main part has another name; the list of relations says which.
fn is_strange_book(archive: &Archive) -> bool {
    let has_sheets = |entry: &Entry| entry.path.to_lowercase().contains("worksheets/");
    archive.find("[Content_Types].xml").is_some()
        && archive.find("xl/workbook.bin").is_none()
        && archive.entries().iter().any(has_sheets)
}

/// Whether an entry is a file that a person put there.
fn is_file(entry: &&Entry) -> bool {
    let path = &entry.path;
    let base = path.rsplit('/').next().unwrap_or_default();
    !(path.ends_with('/') || path.starts_with("__MACOSX/") || base.starts_with('.'))
}

fn extension_of(path: &str) -> String {
    let base = path.rsplit(['/', '\\']).next().unwrap_or_default();
    base.rsplit_once('.')
        .map_or(String::new(), |(_, ext)| ext.to_lowercase())
}

/// The first names, for a message.
fn names<'a>(entries: impl Iterator<Item = &'a &'a Entry>) -> String {
    let all: Vec<&str> = entries.map(|entry| entry.path.as_str()).collect();
    let shown = all.iter().take(5).map(|path| crate::domain::fault::cut(path));
    let more = if all.len() > 5 { ", …" } else { "" };
    format!("{}{more}", shown.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
