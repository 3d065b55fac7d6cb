//! What a tester may ask and change under `/_simulator/`. No provider has this.
//!
//! ```text
//! GET  /_simulator/ledger                    what happened
//! GET  /_simulator/accounts                  ?reference= (a username) &offset= &limit=
//! POST /_simulator/accounts/{id}/status      {"status":"Active"}: a person activates it; or Suspended, Deleted
//! POST /_simulator/activate                  a person activates everybody who waits
//! GET  /_simulator/settings                  the settings as they stand
//! POST /_simulator/settings                  some settings, to be changed
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::time::Timestamp;
use crate::simulator::admin::{self, Answer, Pages};
use crate::simulator::tally::{Ledger, PerReference};
use crate::simulator::wire::Request;

use super::LogicBoxes;
use super::accounts::{Accounts, Standing};
use super::journal::Entry;

/// A sub-reseller as a tester sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSeen {
    /// The provider's id.
    pub id: String,
    /// The username.
    pub reference: String,
    /// The company's name.
    pub company: String,
    /// How it stands.
    pub status: Standing,
    /// The user id of the reseller that signed it up.
    pub parent: String,
    /// When it signed up.
    pub created: Timestamp,
    /// When it becomes active by itself; `None`: never.
    pub settles: Option<Timestamp>,
}

impl LogicBoxes {
    /// What happened so far. A reference is a username in small letters.
    pub fn ledger(&self) -> Ledger {
        Ledger {
            accounts_created: u64::try_from(self.accounts.len()).unwrap_or(u64::MAX),
            accounts_per_reference: PerReference::of(self.accounts.usernames()),
            accounts_without_reference: 0,
            tally: self.tally.clone(),
        }
    }

    /// The sub-resellers of all resellers, in the order of their sign-up, as they stand at `now`; all of them, or
    /// those that ever had a username.
    pub fn accounts(&self, username: Option<&str>, now: Timestamp) -> impl Iterator<Item = AccountSeen> {
        self.chosen(username).into_iter().filter_map(move |index| {
            let account = self.accounts.get(index)?;
            Some(AccountSeen {
                id: Accounts::id(index).to_string(),
                reference: account.username().to_owned(),
                company: account.field("company").to_owned(),
                status: account.standing(now),
                parent: account.parent.to_string(),
                created: account.created,
                settles: account.activates,
            })
        })
    }

    fn chosen(&self, username: Option<&str>) -> Vec<u32> {
        match username {
            Some(username) => self.accounts.with_username(username).to_vec(),
            None => self.accounts.indexes().collect(),
        }
    }

    fn activate_all(&mut self, now: Timestamp) -> Value {
        let waits = |index: &u32| {
            self.accounts
                .get(*index)
                .is_some_and(|account| account.standing(now) == Standing::Waiting)
        };
        let waiting: Vec<_> = self.accounts.indexes().filter(waits).collect();
        for index in &waiting {
            self.set_standing(*index, Standing::Active, now);
        }
        json!({ "activated": waiting.len() })
    }

    /// A person sets how a sub-reseller stands from `now` on.
    fn set_standing(&mut self, index: u32, status: Standing, now: Timestamp) {
        if let Some(account) = self.accounts.get_mut(index) {
            account.set = Some((now, status));
        }
        self.notes.write(|| Entry::Status {
            id: Accounts::id(index).to_string(),
            at: now,
            status,
        });
    }
}

impl Pages for LogicBoxes {
    type Status = Standing;

    fn ledger_page(&self) -> Value {
        json!(self.ledger())
    }

    fn accounts_page(&self, reference: Option<&str>, request: &Request, now: Timestamp) -> Answer {
        let total = self.chosen(reference).len();
        admin::page(request, total, self.accounts(reference, now))
    }

    fn settings_page(&self) -> Value {
        json!(self.settings)
    }

    fn change_settings(&mut self, changes: &Value) -> Result<(), String> {
        self.set_settings(self.settings.changed(changes)?);
        Ok(())
    }

    fn set_status(&mut self, id: &str, status: &Standing, now: Timestamp) -> Option<()> {
        let index = self.accounts.find(id)?;
        self.set_standing(index, *status, now);
        Some(())
    }

    fn own_page(&mut self, method: &str, path: &str, now: Timestamp) -> Answer {
        match (method, path) {
            ("POST", "activate") => Ok(self.activate_all(now)),
            _ => admin::no_such_path(),
        }
    }
}
