//! Exit codes: a documented interface, and the two kinds of endings: one that was meant, and a failure with a hint.

use std::fmt;

use crate::config::ConfigError;
use crate::engine::ports::LedgerError;
use crate::intake::IntakeError;
use crate::provider::SettingError;
use crate::report::ReportError;

/// How the program ends. The numbers are promised in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every row is in its wanted state, or the verb did what it was asked.
    Done = 0,
    /// The tool failed.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The input is invalid; no call was made.
    InvalidInput = 3,
    /// Finished; some rows are not in their wanted state.
    SomeRowsNot = 4,
    /// Time is over; rows are still pending and can be resumed.
    StillPending = 5,
    /// Paused: credentials, quota, error rate, configuration, or a person.
    Paused = 6,
    /// Ended by SIGINT after a clean drain.
    Interrupted = 130,
    /// Ended by SIGTERM after a clean drain.
    Terminated = 143,
}

impl Exit {
    /// The code as the shell sees it.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The exit code it ends with.
    pub exit: Exit,
    /// What is wrong, and where.
    pub message: String,
    /// What to do next; empty when the message says it.
    pub hint: String,
}

impl Failure {
    /// A failure with a hint. A hint inside the message knows better what to do, and gets the line.
    pub fn new(exit: Exit, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let message: String = message.into();
        let inner = ["; hint: ", ". hint: "]
            .iter()
            .find_map(|mark| message.split_once(mark))
            .map(|(message, hint)| (message.to_owned(), hint.to_owned()));
        let (message, hint) = inner.unwrap_or_else(|| (message, hint.into()));
        Self { exit, message, hint }
    }

    /// Nobody is there to be told.
    pub fn unheard() -> Self {
        Self::new(Exit::Failed, "", "")
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, hint)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.hint.is_empty() {
            Ok(())
        } else {
            write!(f, "\nhint: {}", self.hint)
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let exit = match &error {
            LedgerError::Unfit(_) | LedgerError::Sealed(_) => Exit::Usage,
            _ => Exit::Failed,
        };
        let hint = match &error {
            LedgerError::Unavailable(_) => {
                "see whether the file can be written and the disk has room, then run the same command again"
            }
            LedgerError::Unfit(_)
            | LedgerError::Format { .. }
            | LedgerError::NoBatch(_)
            | LedgerError::Behind { .. } => "",
            LedgerError::Corrupt(_) => "name another ledger with --ledger and keep this one for a look",
            LedgerError::Sealed(_) => "",
        };
        Self::new(exit, error.to_string(), hint)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string(), "")
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Self {
        Self::usage(error.to_string(), "")
    }
}

impl From<IntakeError> for Failure {
    fn from(error: IntakeError) -> Self {
        let hint = error.hint().to_owned();
        Self::new(Exit::InvalidInput, error.to_string(), hint)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Rows(sealed @ LedgerError::Sealed(_)) => sealed.into(),
            error => Self::new(Exit::Failed, error.to_string(), ""),
        }
    }
}
