//! What survives a restart: the sub-resellers, and what testers did to them.

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

use super::LogicBoxes;
use super::accounts::{Account, Standing};

/// A line of the journal. What it holds is the stand-in's own affair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(
    private_interfaces,
    reason = "callers carry entries about and do not look inside"
)]
pub enum Entry {
    /// The next sub-reseller.
    Account(Account),
    /// A tester set how one stands.
    Status {
        /// Its id.
        id: String,
        /// Since when.
        at: Timestamp,
        /// How it stands.
        status: Standing,
    },
}

impl LogicBoxes {
    /// Takes back a line of the journal. Lines come in the order in which they were written.
    ///
    /// # Errors
    ///
    /// A line that does not fit what came before it.
    pub fn restore(&mut self, entry: Entry) -> Result<(), String> {
        match entry {
            Entry::Account(account) => {
                self.accounts.add(account);
            }
            Entry::Status { id, at, status } => {
                let account = self
                    .accounts
                    .find(&id)
                    .and_then(|index| self.accounts.get_mut(index));
                account.ok_or("an account that is not there")?.set = Some((at, status));
            }
        }
        Ok(())
    }
}
