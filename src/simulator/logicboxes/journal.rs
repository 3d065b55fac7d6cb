//! What survives a restart: the sub-resellers, and what testers did to them.

use crate::simulator::notes;

use super::LogicBoxes;
use super::accounts::{Account, Standing};

/// A line of the journal.
pub type Entry = notes::Entry<Account, Standing>;

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
