//! Where the bytes come from: a file, or standard input put aside so that it can be read twice.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use tempfile::NamedTempFile;

use super::encoding::{self, Found};
use super::manner::{Manner, name_of};
use super::read_as::EncodingBy;
use super::{IntakeError, Limits};
use crate::domain::near::fold;

/// Bytes copied at a time from a stream.
const COPY_BYTES: usize = 64 << 10;

/// Bytes in which a mark stands, if there is one.
const MARK_BYTES: u64 = 4;

/// Opens the bytes of a source's text, unpacked if they are packed.
pub(super) type Open<'a> = dyn Fn() -> Result<Box<dyn Read + Send>, IntakeError> + 'a;

/// Something that can be read from the start as often as needed.
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    path: PathBuf,
    /// The copy of a stream; gone with the source.
    spooled: Option<NamedTempFile>,
    manner: Manner,
    /// Names of columns that somebody waits for, folded.
    names: Arc<HashSet<String>>,
    /// Found out once, so that both readings are the same.
    encoding: OnceLock<Found>,
}

impl Source {
    /// The source that a command line names: a path, or `-` for standard input.
    pub fn from_arg(arg: &str, limits: &Limits) -> Result<Self, IntakeError> {
        if arg == "-" {
            return Self::from_stream("standard input", &mut io::stdin().lock(), limits);
        }
        Self::from_path(Path::new(arg), limits)
    }

    /// A file. A pipe or device is put aside first.
    pub fn from_path(path: &Path, limits: &Limits) -> Result<Self, IntakeError> {
        let name: Arc<str> = path.display().to_string().into();
        let metadata = std::fs::metadata(path).map_err(|error| IntakeError::io(&name, error))?;
        if metadata.is_dir() {
            return Err(IntakeError::file(
                &name,
                "file.folder",
                "this is a folder",
                "name one file in it",
            ));
        }
        if !metadata.is_file() {
            let mut stream = File::open(path).map_err(|error| IntakeError::io(&name, error))?;
            return Self::from_stream(&name, &mut stream, limits);
        }
        if metadata.len() > limits.file_bytes_max {
            return Err(too_large(&name, limits));
        }
        Ok(Self::of(name, path.to_owned(), None))
    }

    /// A stream, read to its end into a temporary file. `name` is what messages call it.
    pub fn from_stream(name: &str, stream: &mut dyn Read, limits: &Limits) -> Result<Self, IntakeError> {
        let name: Arc<str> = name.into();
        let failed = |error| IntakeError::io(&name, error);
        let mut file = NamedTempFile::new().map_err(failed)?;
        let mut chunk = vec![0; COPY_BYTES];
        let mut bytes: u64 = 0;
        loop {
            let read = match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            bytes = bytes.saturating_add(read as u64);
            if bytes > limits.file_bytes_max {
                return Err(too_large(&name, limits));
            }
            file.write_all(chunk.get(..read).unwrap_or_default())
                .map_err(failed)?;
        }
        file.flush().map_err(failed)?;
        Ok(Self::of(name, PathBuf::new(), Some(file)))
    }

    fn of(name: Arc<str>, path: PathBuf, spooled: Option<NamedTempFile>) -> Self {
        Self {
            name,
            path,
            spooled,
            manner: Manner::default(),
            names: Arc::default(),
            encoding: OnceLock::new(),
        }
    }

    /// The same source, to be read in this manner.
    #[must_use]
    pub fn with(self, manner: Manner) -> Self {
        Self {
            manner,
            encoding: OnceLock::new(),
            ..self
        }
    }

    /// The same source, its header probably with some of these names, which are folded: a hint to find it by, and no more.
    #[must_use]
    pub fn expecting(self, names: Arc<HashSet<String>>) -> Self {
        Self { names, ..self }
    }

    /// What is said of how it is to be read.
    pub fn manner(&self) -> &Manner {
        &self.manner
    }

    /// Whether somebody waits for a column of this name.
    pub(super) fn expects(&self, name: &str) -> bool {
        !self.names.is_empty() && self.names.contains(&fold(name))
    }

    /// The encoding of its text: what is given, else what is found out. A mark at its start is proof, so what is given
    /// cannot say otherwise.
    pub(super) fn encoding(&self, limits: &Limits, open: &Open<'_>) -> Result<&Found, IntakeError> {
        if let Some(found) = self.encoding.get() {
            return Ok(found);
        }
        let found = self.find_encoding(limits, open)?;
        Ok(self.encoding.get_or_init(|| found))
    }

    fn find_encoding(&self, limits: &Limits, open: &Open<'_>) -> Result<Found, IntakeError> {
        let failed = |error| IntakeError::io(&self.name, error);
        let mut start = Vec::new();
        let mut file = open()?;
        (&mut file)
            .take(MARK_BYTES)
            .read_to_end(&mut start)
            .map_err(failed)?;
        let mark = encoding::by_mark(&start).map_err(|_| {
            let hint = "save the file as CSV UTF-8";
            IntakeError::file(&self.name, "file.encoding", "the text is UTF-32", hint)
        })?;
        match (mark, self.manner.encoding) {
            (Some(mark), Some(given)) if mark != given && !is_utf16(mark, given) => {
                let message = format!(
                    "the file begins with the mark of {}, and --encoding says {}",
                    name_of(mark),
                    name_of(given)
                );
                Err(IntakeError::file(
                    &self.name,
                    "file.encoding",
                    message,
                    "leave out --encoding",
                ))
            }
            (Some(mark), None | Some(_)) => Ok(Found::new(mark, EncodingBy::Mark)),
            (None, Some(given)) => Ok(Found::new(given, EncodingBy::Given)),
            (None, None) => {
                let mut all = start.as_slice().chain(file);
                encoding::by_content(&mut all, limits.file_bytes_max).map_err(failed)
            }
        }
    }

    /// Whether it came in on standard input.
    pub fn is_standard_input(&self) -> bool {
        self.spooled.is_some()
    }

    /// What messages call it.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The name's extension in lower case; empty when there is none.
    pub(super) fn extension(&self) -> String {
        self.path
            .extension()
            .map(|ext| ext.to_string_lossy().to_lowercase())
            .unwrap_or_default()
    }

    /// The extension that is left when the last one, `packed`, is taken off.
    pub(super) fn extension_before(&self, packed: &str) -> String {
        match self.extension() == packed {
            true => {
                let stem = self.path.file_stem().map(Path::new);
                let inner = stem.and_then(Path::extension);
                inner.map_or(String::new(), |ext| ext.to_string_lossy().to_lowercase())
            }
            false => String::new(),
        }
    }

    /// Opens it at its start.
    pub(super) fn open(&self) -> Result<File, IntakeError> {
        let opened = match &self.spooled {
            Some(file) => file.reopen(),
            None => File::open(&self.path),
        };
        opened.map_err(|error| IntakeError::io(&self.name, error))
    }
}

/// Whether both are UTF-16: which of the two, a mark knows better than a person.
fn is_utf16(mark: &'static Encoding, given: &'static Encoding) -> bool {
    [mark, given].iter().all(|one| [UTF_16LE, UTF_16BE].contains(one))
}

pub(super) fn too_large(name: &Arc<str>, limits: &Limits) -> IntakeError {
    let message = format!("larger than the limit of {} bytes", limits.file_bytes_max);
    IntakeError::file(
        name,
        "file.too_large",
        message,
        "split the file; rows that were done are not done again",
    )
}
