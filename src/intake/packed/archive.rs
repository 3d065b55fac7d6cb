//! What lies in a zip archive. The directory is read by the `zip` crate under a limit of bytes; the parts are unpacked
//! here, so that each is a reader of its own that can be kept from row to row.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use flate2::read::DeflateDecoder;
use zip::CompressionMethod;
use zip::read::{ArchiveOffset, Config};

use super::bounded::{Bounded, Refused};
use super::whole::At;
use crate::intake::IntakeError;

/// Bytes that may be read to find out what lies in an archive: some 20,000 names.
const DIRECTORY_BYTES_MAX: u64 = 2 << 20;

/// Parts that an archive may have. Workbooks have some tens.
const ENTRIES_MAX: usize = 10_000;

/// Bytes of packed data held for each part being read.
const PACKED_BUFFER_BYTES: usize = 32 << 10;

/// A part being unpacked.
pub(in crate::intake) type Part = Bounded<Box<dyn Read + Send>>;

/// The directory of a zip archive.
pub(in crate::intake) struct Archive {
    file: Arc<File>,
    name: Arc<str>,
    entries: Vec<Entry>,
}

/// A part of an archive.
#[derive(Clone, Debug)]
pub(in crate::intake) struct Entry {
    /// Its path in the archive.
    pub(in crate::intake) path: String,
    start: u64,
    packed_bytes: u64,
    crc: u32,
    method: CompressionMethod,
    encrypted: bool,
}

/// A file that gives no more than so many bytes.
struct Metered {
    from: At,
    left: u64,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        if self.left == 0 {
            let why = format!("its list of parts has more than {DIRECTORY_BYTES_MAX} bytes");
            return Err(Refused::damaged("the archive", why).into_io());
        }
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.from.seek(to)
    }
}

impl Archive {
    /// Reads the directory of `file`, which has so many `bytes`.
    pub(in crate::intake) fn open(
        file: &Arc<File>,
        bytes: u64,
        name: &Arc<str>,
    ) -> Result<Self, IntakeError> {
        let damaged = |why: String| IntakeError::of(name, Refused::damaged("the archive", why));
        let metered = Metered {
            from: At::new(file, 0, bytes),
            left: DIRECTORY_BYTES_MAX,
        };
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let mut zip =
            zip::ZipArchive::with_config(config, metered).map_err(|error| damaged(error.to_string()))?;
        // Two parts of one name: one program sees the one, another the other.
        if zip.has_duplicate_names() {
            return Err(damaged("two of its parts have the same name".to_owned()));
        }
        if zip.len() > ENTRIES_MAX {
            return Err(damaged(format!("it has more than {ENTRIES_MAX} parts")));
        }
        let mut entries = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let part = zip
                .by_index_raw(index)
                .map_err(|error| damaged(error.to_string()))?;
            let path = String::from_utf8_lossy(part.name_raw()).into_owned();
            entries.push(Entry {
                path,
                start: part.data_start().unwrap_or(u64::MAX),
                packed_bytes: part.compressed_size(),
                crc: part.crc32(),
                method: part.compression(),
                encrypted: part.encrypted(),
            });
        }
        Ok(Self {
            file: Arc::clone(file),
            name: Arc::clone(name),
            entries,
        })
    }

    /// What messages call the file.
    pub(in crate::intake) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// All parts, folders too.
    pub(in crate::intake) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The part at a path. Programs do not agree about case and the slash at the start.
    pub(in crate::intake) fn find(&self, path: &str) -> Option<&Entry> {
        let path = path.trim_start_matches('/');
        let exact = self.entries.iter().find(|entry| entry.path == path);
        let same = |entry: &&Entry| entry.path.trim_start_matches('/').eq_ignore_ascii_case(path);
        exact.or_else(|| self.entries.iter().find(same))
    }

    /// Unpacks a part. What exceeds `unpacked_bytes_max` is an error of the reader.
    pub(in crate::intake) fn open_part(
        &self,
        entry: &Entry,
        unpacked_bytes_max: u64,
    ) -> Result<Part, IntakeError> {
        let refuse = |why: String| Err(IntakeError::of(&self.name, Refused::damaged(&entry.path, why)));
        if entry.encrypted {
            return Err(IntakeError::file(
                &self.name,
                "file.encrypted",
                format!("{} is protected with a password", entry.path),
                "unpack it with the password, and feed what comes out",
            ));
        }
        let end = entry.start.saturating_add(entry.packed_bytes);
        let raw = BufReader::with_capacity(PACKED_BUFFER_BYTES, At::new(&self.file, entry.start, end));
        let from: Box<dyn Read + Send> = match entry.method {
            CompressionMethod::Stored => Box::new(raw),
            CompressionMethod::Deflated => Box::new(DeflateDecoder::new(raw)),
            other => return refuse(format!("it is packed in a way that is not known ({other})")),
        };
        Ok(Bounded::new(
            from,
            &entry.path,
            entry.packed_bytes,
            unpacked_bytes_max,
            Some(entry.crc),
        ))
    }
}
