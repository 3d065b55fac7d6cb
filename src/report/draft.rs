//! Files that appear whole or not at all: written under another name in the same folder, then renamed over the old.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::{Builder, NamedTempFile};

use super::ReportError;
use crate::domain::time::Timestamp;

/// How drafts are called. A name of theirs is gone when the writer ends, unless it was killed.
const PREFIX: &str = ".enlist-";
const SUFFIX: &str = ".part";

/// A draft this old belongs to nobody any more.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Bytes gathered before a write.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file in the making; dropped, it leaves nothing behind.
pub(super) struct Draft {
    name: &'static str,
    file: BufWriter<NamedTempFile>,
}

impl Draft {
    /// Begins a file that will be called `name` in `dir`.
    pub(super) fn begin(dir: &Path, name: &'static str) -> io::Result<Self> {
        // As any other new file: who may read it is for the umask to say, not for the way it is written.
        Self::begin_as(dir, name, 0o666)
    }

    /// Begins a file that its owner alone may read.
    pub(super) fn begin_private(dir: &Path, name: &'static str) -> io::Result<Self> {
        Self::begin_as(dir, name, 0o600)
    }

    #[cfg_attr(not(unix), allow(unused_variables, reason = "there are no modes"))]
    fn begin_as(dir: &Path, name: &'static str, mode: u32) -> io::Result<Self> {
        let mut builder = Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        let file = BufWriter::with_capacity(BUFFER_BYTES, builder.tempfile_in(dir)?);
        Ok(Self { name, file })
    }

    /// Brings every byte to the disk, so that the name never stands for a part of the file.
    pub(super) fn finish(self) -> io::Result<Finished> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok(Finished {
            name: self.name,
            file,
        })
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that only lacks its name.
pub(super) struct Finished {
    name: &'static str,
    file: NamedTempFile,
}

impl Finished {
    /// Takes the place of the old file.
    pub(super) fn put_in(self, dir: &Path) -> Result<(), ReportError> {
        let path = dir.join(self.name);
        self.file
            .persist(&path)
            .map(drop)
            .map_err(|error| ReportError::File {
                path,
                source: error.error,
            })
    }
}

/// Takes a file away that a report had before and has no more.
pub(super) fn remove(dir: &Path, name: &str) -> Result<(), ReportError> {
    let path = dir.join(name);
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ReportError::File { path, source }),
        _ => Ok(()),
    }
}

/// Makes the folder's new names last through a power cut. Not every file system can; the files are whole either way.
pub(super) fn settle(dir: &Path) {
    if let Ok(folder) = File::open(dir) {
        let _ = folder.sync_all();
    }
}

/// Removes what killed writers left behind, long ago enough that nobody writes it any more.
pub(super) fn sweep(dir: &Path, now: Timestamp) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with(PREFIX) || !name.ends_with(SUFFIX) {
            continue;
        }
        let modified = entry.metadata().and_then(|data| data.modified()).ok();
        let since_epoch = modified
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
            .unwrap_or(Duration::MAX);
        let modified = Timestamp::default().plus(since_epoch);
        if now.since(modified) > ABANDONED_AFTER {
            let _ = fs::remove_file(entry.path());
        }
    }
}
