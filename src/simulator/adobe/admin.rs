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
use crate::simulator::admin::{self, Answer};
use crate::simulator::tally::PerReference;
use crate::simulator::wire::{Reply, Request};

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

    pub(super) fn admin(&mut self, path: &str, request: &Request, now: Timestamp) -> Reply {
        let answer = match (request.method.as_str(), path) {
            ("GET", "ledger") => Ok(json!(self.ledger())),
            ("GET", "accounts") => self.admin_accounts(request, now),
            ("GET", "settings") => Ok(json!(self.settings)),
            ("POST", "settings") => self.admin_settings(&request.body),
            ("POST", "tokens/revoke") => {
                self.tokens.revoke_all();
                Ok(json!({}))
            }
            ("POST", _) => match path
                .strip_prefix("accounts/")
                .and_then(|rest| rest.strip_suffix("/status"))
            {
                Some(id) => self.admin_status(id, &request.body, now),
                None => admin::no_such_path(),
            },
            _ => admin::no_such_path(),
        };
        admin::reply(answer)
    }

    fn admin_accounts(&self, request: &Request, now: Timestamp) -> Answer {
        let reference = request.query_value("reference");
        let total = match &reference {
            Some(reference) => self.accounts.with_reference(reference).len(),
            None => self.accounts.len(),
        };
        admin::page(request, total, self.accounts(reference.as_deref(), now))
    }

    fn admin_settings(&mut self, body: &[u8]) -> Answer {
        let changes: Value = admin::read(body)?;
        let settings = self.settings.changed(&changes).map_err(|error| (400, error))?;
        self.set_settings(settings);
        Ok(json!(self.settings))
    }

    fn admin_status(&mut self, id: &str, body: &[u8], now: Timestamp) -> Answer {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wanted {
            status: Status,
        }
        let Wanted { status } = admin::read(body)?;
        let index = self
            .accounts
            .find(id)
            .ok_or_else(|| (404, format!("no account {id:?}")))?;
        if let Some(account) = self.accounts.get_mut(index) {
            account.set = Some((now, status));
        }
        self.notes.write(|| Entry::Status {
            id: id.to_owned(),
            at: now,
            status,
        });
        Ok(json!({ "id": id, "status": status }))
    }
}
