//! Where the bytes come from: a file, or standard input put aside so that it can be read twice.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::{IntakeError, Limits, Manner};

/// Bytes copied at a time from a stream.
const COPY_BYTES: usize = 64 << 10;

/// Something that can be read from the start as often as needed.
#[derive(Debug)]
pub struct Source {
    name: Arc<str>,
    path: PathBuf,
    /// The copy of a stream; gone with the source.
    spooled: Option<NamedTempFile>,
    manner: Manner,
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
        Ok(Self {
            name,
            path: path.to_owned(),
            spooled: None,
            manner: Manner::default(),
        })
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
        Ok(Self {
            name,
            path: PathBuf::new(),
            spooled: Some(file),
            manner: Manner::default(),
        })
    }

    /// The same source, to be read in this manner.
    #[must_use]
    pub fn with(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// How it is to be read.
    pub fn manner(&self) -> &Manner {
        &self.manner
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

pub(super) fn too_large(name: &Arc<str>, limits: &Limits) -> IntakeError {
    let message = format!("larger than the limit of {} bytes", limits.file_bytes_max);
    IntakeError::file(
        name,
        "file.too_large",
        message,
        "split the file; rows that were done are not done again",
    )
}
