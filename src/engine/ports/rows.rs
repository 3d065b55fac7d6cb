//! Rows on their way into a ledger, and as a report finds them there.

use std::sync::Arc;

use crate::domain::ids::{Digest, RowKey};
use crate::domain::task::Task;

/// A row as an import brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// Its number in the file, from 0.
    pub seq: u64,
    /// The line it starts on, from 1.
    pub line: u64,
    /// The user's cells, in the order of the batch's columns.
    pub cells: Vec<String>,
    /// What of it must not lie in the ledger in the open.
    pub seal: Seal,
    /// What it came to.
    pub body: NewRowBody,
}

/// What of a row is kept sealed (`docs/operations.md`, "Secrets at rest"). A store keeps what it is given; the sealing is done
/// in front of it. Digest, key and place stay readable: work needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seal {
    /// Nothing.
    #[default]
    Nothing,
    /// The payload, because it holds a secret. The cells hold none.
    Payload,
    /// Payload, cells and faults.
    Row,
}

/// What became of a row on import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewRowBody {
    /// It makes a task.
    Sound {
        /// Its key.
        key: RowKey,
        /// The request body, rendered once and sent as it stands for ever.
        payload: Arc<str>,
        /// What names the payload: equal for equal payloads, whatever the ledger makes of them. Given by whoever
        /// renders, since a ledger may hold the payload in another form.
        digest: Digest,
    },
    /// It is kept for the report only.
    Faulty(Vec<RowFault>),
}

/// A fault of a row, as kept for its report. One row's faults keep their order.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RowFault {
    /// The rule's id.
    pub code: String,
    /// The user's column.
    pub column: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What an append found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Rows whose key was new.
    pub new: u64,
    /// Rows with a known key and the data known, whose work goes on or starts again.
    pub resumed: u64,
    /// Rows with a known key and the data known, and nothing to do.
    pub unchanged: u64,
    /// Rows with a known key whose data differ from what is in force for it, whether they are sent, wait for a
    /// look-up, or come too late.
    pub changed: u64,
    /// Rows with faults.
    pub faulty: u64,
}

impl Appended {
    /// Of so many rows, those that were there before: another put them there, or this one whose answer was lost.
    pub const fn there_of(&self, rows: u64) -> u64 {
        rows.saturating_sub(self.new + self.resumed + self.changed + self.unchanged + self.faulty)
    }

    /// What a further part of the same rows found.
    pub const fn add(&mut self, part: Self) {
        self.new += part.new;
        self.resumed += part.resumed;
        self.unchanged += part.unchanged;
        self.changed += part.changed;
        self.faulty += part.faulty;
    }
}

/// A row as the report needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowView {
    /// Its number in the file, from 0.
    pub seq: u64,
    /// The line it starts on.
    pub line: u64,
    /// The user's cells.
    pub cells: Vec<String>,
    /// Its faults, if it made no task.
    pub faults: Vec<RowFault>,
    /// Its key and task, if it made one that can be read.
    pub task: Option<(RowKey, Task)>,
    /// Why the task that it made cannot be read; a person must look.
    pub unreadable: Option<String>,
    /// Whether the task that it fed is gone: another batch had it last, and was forgotten with it.
    pub forgotten: bool,
}
