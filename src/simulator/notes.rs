//! What a brain writes down, so that its host can put it on disk.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

/// A line of the journal of a stand-in that remembers accounts alone. What it holds is the stand-in's own affair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry<Account, Status> {
    /// The next account.
    Account(Account),
    /// A tester set how an account stands.
    Status {
        /// The account's id.
        id: String,
        /// Since when.
        at: Timestamp,
        /// How it stands.
        status: Status,
    },
}

/// Lines of the journal that nobody has taken yet; none is kept before [`Notes::keep`].
#[derive(Clone, Debug)]
pub(super) struct Notes<E>(Option<Vec<E>>);

// Derived, it would ask for a default of `E`.
impl<E> Default for Notes<E> {
    fn default() -> Self {
        Self(None)
    }
}

impl<E> Notes<E> {
    pub(super) fn keep(&mut self) {
        self.0.get_or_insert_default();
    }

    pub(super) fn take(&mut self) -> Vec<E> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn write(&mut self, line: impl FnOnce() -> E) {
        if let Some(lines) = &mut self.0 {
            lines.push(line());
        }
    }
}
