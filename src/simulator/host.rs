//! A brain behind a lock, with its journal on disk, so that a rehearsal survives a restart of the program.
//!
//! The journal is JSON Lines, appended to and never rewritten: a first line that says what it is, then one line
//! for each thing to remember. A line is handed to the operating system before the answer leaves, so that no
//! caller knows of an account that a killed program has forgotten.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

use super::Brain;
use super::wire::{Delivery, Receipt, Request};

/// The journal's format. A program that finds another one does not touch the file.
const FORMAT: u32 = 1;

/// The longest line that is read back.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// A brain that many connections share.
pub struct Host<B: Brain>(Arc<Mutex<Stage<B>>>);

struct Stage<B> {
    brain: B,
    journal: Option<Journal>,
}

struct Journal {
    file: File,
    path: PathBuf,
    /// A write failed: what the file says is no longer known, so nothing more is answered.
    broken: bool,
}

/// The journal's first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    simulator: String,
    format: u32,
}

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be opened, read or written.
    #[error("the state file {path}: {source}. hint: name a file in a directory you may write to")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another program has it open.
    #[error("the state file {path} is in use. hint: stop the other simulator or name another file")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is not a journal of this simulator.
    #[error(
        "the state file {path}, line {line}: {what}. hint: name another file, or remove this one to start anew"
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

impl<B: Brain> Clone for Host<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Brain> Host<B> {
    /// A host that forgets everything when it ends.
    pub fn new(brain: B) -> Self {
        Self(Arc::new(Mutex::new(Stage { brain, journal: None })))
    }

    /// A host that remembers in `path`: what the file says is told to `brain` first, what happens is appended.
    /// A last line that was cut by a crash is removed.
    ///
    /// # Errors
    ///
    /// The file cannot be used, is in use, or is not a journal of this simulator.
    pub fn with_state(mut brain: B, path: &Path) -> Result<Self, StateError> {
        let io = |source| StateError::Io {
            path: path.to_owned(),
            source,
        };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(io)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => StateError::InUse {
                path: path.to_owned(),
            },
            std::fs::TryLockError::Error(source) => io(source),
        })?;
        let whole_bytes = replay(&mut brain, &file, path)?;
        file.set_len(whole_bytes).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        if whole_bytes == 0 {
            let head = Head {
                simulator: B::NAME.to_owned(),
                format: FORMAT,
            };
            let line = serde_json::to_string(&head).map_err(|error| io(error.into()))?;
            file.write_all(format!("{line}\n").as_bytes()).map_err(io)?;
        }
        brain.keep_journal();
        let journal = Some(Journal {
            file,
            path: path.to_owned(),
            broken: false,
        });
        Ok(Self(Arc::new(Mutex::new(Stage { brain, journal }))))
    }

    /// Tells the brain of a request. What must be remembered is written before this returns.
    pub fn handle(&self, request: &Request, now: Timestamp) -> Delivery {
        let mut stage = self.lock();
        let delivery = stage.brain.handle(request, now);
        if stage.write_journal() {
            delivery
        } else {
            Delivery::Drop
        }
    }

    /// Tells the brain that an answer did not arrive.
    pub fn lost(&self, receipt: &Receipt) {
        let mut stage = self.lock();
        stage.brain.lost(receipt);
        stage.write_journal();
    }

    /// Looks at the brain, or changes it, between two requests.
    pub fn with<T>(&self, look: impl FnOnce(&mut B) -> T) -> T {
        look(&mut self.lock().brain)
    }

    fn lock(&self) -> MutexGuard<'_, Stage<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: Brain> Stage<B> {
    /// Whether everything so far is on disk, or need not be.
    fn write_journal(&mut self) -> bool {
        let Some(journal) = &mut self.journal else {
            return true;
        };
        let entries = self.brain.take_journal();
        if entries.is_empty() && !journal.broken {
            return true;
        }
        let mut lines = Vec::new();
        let rendered = entries.iter().try_for_each(|entry| {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
            Ok::<_, serde_json::Error>(())
        });
        let written = rendered
            .map_err(std::io::Error::from)
            .and_then(|()| journal.file.write_all(&lines));
        if let Err(error) = written {
            journal.broken = true;
            tracing::error!(path = %journal.path.display(), %error, "the simulator's state file cannot be written");
        }
        !journal.broken
    }
}

/// Tells `brain` every whole line, and says how many bytes they take.
fn replay<B: Brain>(brain: &mut B, file: &File, path: &Path) -> Result<u64, StateError> {
    let io = |source| StateError::Io {
        path: path.to_owned(),
        source,
    };
    let mut reader = BufReader::new(file);
    let mut whole_bytes = 0;
    let mut text = Vec::new();
    let head = serde_json::to_string(&Head {
        simulator: B::NAME.to_owned(),
        format: FORMAT,
    })
    .map_err(|error| io(error.into()))?;
    for line in 1.. {
        let content = |what: String| StateError::Content {
            path: path.to_owned(),
            line,
            what,
        };
        text.clear();
        let read = (&mut reader)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut text)
            .map_err(io)?;
        if text.last() != Some(&b'\n') {
            if u64::try_from(read).unwrap_or(u64::MAX) == LINE_BYTES_MAX {
                return Err(content("the line is too long".to_owned()));
            }
            // Only what this program began to write may be taken away.
            if line == 1 && !head.as_bytes().starts_with(&text) {
                return Err(content("it is not a state file".to_owned()));
            }
            break;
        }
        if line == 1 {
            let head = serde_json::from_slice::<Head>(&text).map_err(|error| content(error.to_string()))?;
            if head.simulator != B::NAME || head.format != FORMAT {
                return Err(content(format!(
                    "it belongs to {} in format {}, not to {} in format {FORMAT}",
                    head.simulator,
                    head.format,
                    B::NAME
                )));
            }
        } else {
            let entry = serde_json::from_slice(&text).map_err(|error| content(error.to_string()))?;
            brain.restore(entry).map_err(content)?;
        }
        whole_bytes += u64::try_from(text.len()).unwrap_or(u64::MAX);
    }
    Ok(whole_bytes)
}

#[cfg(test)]
mod tests;
