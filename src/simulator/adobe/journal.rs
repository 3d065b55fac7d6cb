//! What survives a restart: the accounts, and the answers to creates and updates under their correlation ids. Reads, tokens
//! and counters do not: nobody asks for them twice.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::time::Timestamp;

use super::accounts::{Account, Face, Status};
use super::replay::{Kept, Key, Stored};
use super::{Adobe, Call};

/// A line of the journal. What it holds is the stand-in's own affair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    private_interfaces,
    reason = "callers carry entries about and do not look inside"
)]
pub enum Entry {
    /// The next account.
    Account(Account),
    /// An update: what the account with this id says from now on.
    Changed {
        /// The account's id.
        id: String,
        /// What it says.
        face: Arc<Face>,
    },
    /// What a create or an update was answered.
    Answer {
        /// Client, call and correlation id, digested; in hex, because JSON's numbers are too short.
        key: String,
        /// The answer.
        stored: Stored,
    },
    /// How often an answer has been delivered by now.
    Deliveries {
        /// As in `Answer`.
        key: String,
        /// How often.
        count: u32,
        /// When first.
        first: Timestamp,
    },
    /// A tester set an account's status.
    Status {
        /// The account's id.
        id: String,
        /// Since when.
        at: Timestamp,
        /// The status.
        status: Status,
    },
}

impl Adobe {
    /// Takes back a line of the journal. Lines come in the order in which they were written.
    ///
    /// # Errors
    ///
    /// A line that does not fit what came before it.
    pub fn restore(&mut self, entry: Entry) -> Result<(), String> {
        let key_of = |key: &str| Key::from_str_radix(key, 16).map_err(|_| format!("{key:?} is not a key"));
        match entry {
            Entry::Account(account) => {
                let mut profile: Value =
                    serde_json::from_str(&account.face.profile).map_err(|error| error.to_string())?;
                self.accounts.settle_names(&mut profile);
                self.accounts.add(account);
            }
            Entry::Changed { id, face } => {
                let mut profile: Value =
                    serde_json::from_str(&face.profile).map_err(|error| error.to_string())?;
                self.accounts.settle_names(&mut profile);
                let index = self.accounts.find(&id).ok_or("an account that is not there")?;
                self.accounts.change(index, face);
            }
            Entry::Answer { key, mut stored } => {
                if let Kept::Account { index, echoed, .. } = &mut stored.kept {
                    let account = self
                        .accounts
                        .get(*index)
                        .ok_or("an answer shows an account that is not there")?;
                    if echoed.as_deref() == Some(account.face.as_ref()) {
                        *echoed = Some(Arc::clone(&account.face));
                    }
                }
                self.writes.put(key_of(&key)?, stored);
            }
            Entry::Deliveries { key, count, first } => {
                let stored = self
                    .writes
                    .get_mut(key_of(&key)?)
                    .ok_or("an answer that is not there")?;
                stored.deliveries = count;
                stored.delivered = first;
            }
            Entry::Status { id, at, status } => {
                let index = self.accounts.find(&id).ok_or("an account that is not there")?;
                if let Some(account) = self.accounts.get_mut(index) {
                    account.set = Some((at, status));
                }
            }
        }
        Ok(())
    }

    /// Writes down the answer to a create or an update that arrived at `now`, or how often it has been delivered.
    pub(super) fn note_answer(&mut self, call: Call, key: Key, now: Timestamp) {
        if !call.writes() {
            return;
        }
        match self.writes.get(key) {
            Some(stored) if stored.at == now => self.notes.write(|| Entry::Answer {
                key: format!("{key:032x}"),
                stored: stored.clone(),
            }),
            _ => self.note_deliveries(key),
        }
    }

    pub(super) fn note_deliveries(&mut self, key: Key) {
        if let Some(stored) = self.writes.get(key) {
            self.notes.write(|| Entry::Deliveries {
                key: format!("{key:032x}"),
                count: stored.deliveries,
                first: stored.delivered,
            });
        }
    }
}
