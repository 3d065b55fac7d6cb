//! What a tester may ask and change under `/_simulator/`. No provider has this.
//!
//! ```text
//! GET  /_simulator/ledger                    what happened
//! GET  /_simulator/accounts                  ?reference= &offset= &limit=
//! POST /_simulator/accounts/{id}/status      {"status":"1004"}
//! GET  /_simulator/settings                  the settings as they stand
//! POST /_simulator/settings                  some settings, to be changed
//! POST /_simulator/tokens/revoke             every token so far
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::time::Timestamp;
use crate::simulator::admin::{self, Answer, Pages};
use crate::simulator::tally::PerReference;
use crate::simulator::wire::Request;

use super::accounts::{Accounts, Status};
use super::journal::Entry;
use super::{Adobe, Ledger};

/// An account as a tester sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSeen {
    /// The provider's id.
    pub id: String,
    /// The caller's reference.
    pub reference: Option<String>,
    /// The company's name.
    pub company: String,
    /// The status as it stands.
    pub status: Status,
    /// What the account settles to.
    pub settled: Status,
    /// When it was created.
    pub created: Timestamp,
    /// When it settles; `None`: never.
    pub settles: Option<Timestamp>,
    /// Updates that were carried out for it.
    pub updates: u32,
}

impl Adobe {
    /// What happened so far.
    pub fn ledger(&self) -> Ledger {
        let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
        let with_reference: usize = self.accounts.references().map(|(_, accounts)| accounts).sum();
        Ledger {
            accounts_created: count(self.accounts.len()),
            accounts_per_reference: PerReference::of(self.accounts.references()),
            accounts_without_reference: count(self.accounts.len() - with_reference),
            tally: self.tally.clone(),
        }
    }

    /// The accounts that exist, in the order of their creation, as they stand at `now`; all of them, or those
    /// with a reference.
    pub fn accounts(&self, reference: Option<&str>, now: Timestamp) -> impl Iterator<Item = AccountSeen> {
        let chosen = reference.map(|reference| self.accounts.with_reference(reference).to_vec());
        let chosen: Box<dyn ExactSizeIterator<Item = u32>> = match chosen {
            Some(chosen) => Box::new(chosen.into_iter()),
            None => Box::new(self.accounts.indexes()),
        };
        chosen.filter_map(move |index| {
            let account = self.accounts.get(index)?;
            Some(AccountSeen {
                id: Accounts::id(index).to_string(),
                reference: account.face.reference.as_deref().map(str::to_owned),
                company: account.face.company.to_string(),
                status: account.status(now),
                settled: account.settled,
                created: account.created,
                settles: account.settles,
                updates: account.version(),
            })
        })
    }
}

impl Pages for Adobe {
    type Status = Status;

    fn ledger_page(&self) -> Value {
        json!(self.ledger())
    }

    fn accounts_page(&self, reference: Option<&str>, request: &Request, now: Timestamp) -> Answer {
        let total = match reference {
            Some(reference) => self.accounts.with_reference(reference).len(),
            None => self.accounts.len(),
        };
        admin::page(request, total, self.accounts(reference, now))
    }

    fn settings_page(&self) -> Value {
        json!(self.settings)
    }

    fn change_settings(&mut self, changes: &Value) -> Result<(), String> {
        self.set_settings(self.settings.changed(changes)?);
        Ok(())
    }

    fn set_status(&mut self, id: &str, status: &Status, now: Timestamp) -> Option<()> {
        let index = self.accounts.find(id)?;
        self.accounts.get_mut(index)?.set = Some((now, *status));
        self.notes.write(|| Entry::Status {
            id: id.to_owned(),
            at: now,
            status: *status,
        });
        Some(())
    }

    fn own_page(&mut self, method: &str, path: &str, _now: Timestamp) -> Answer {
        admin::token_page(&mut self.tokens, method, path)
    }
}
