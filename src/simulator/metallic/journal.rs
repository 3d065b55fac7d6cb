//! What survives a restart: the accounts, and what testers did to them. Windows and counters do not.

use crate::simulator::notes;

use super::Metallic;
use super::accounts::Account;

/// A line of the journal.
pub type Entry = notes::Entry<Account, Box<str>>;

impl Metallic {
    /// Takes back a line of the journal. Lines come in the order in which they were written.
    ///
    /// # Errors
    ///
    /// A line that does not fit what came before it.
    pub fn restore(&mut self, entry: Entry) -> Result<(), String> {
        match entry {
            Entry::Account(account) => {
                serde_json::from_str::<serde_json::Map<_, _>>(&account.body)
                    .map_err(|error| error.to_string())?;
                self.accounts.add(account);
            }
            Entry::Status { id, at, status } => {
                let index = self.accounts.find(&id);
                let account = index.and_then(|index| self.accounts.get_mut(index));
                account.ok_or("an account that is not there")?.set = Some((at, status));
            }
        }
        Ok(())
    }
}
