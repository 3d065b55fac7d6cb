//! What a tester may ask and change under `/_simulator/`. No provider has this.
//!
//! ```text
//! GET  /_simulator/ledger                    what happened
//! GET  /_simulator/accounts                  ?reference= (an externalId) &offset= &limit=
//! POST /_simulator/accounts/{id}/status      {"status":"active"}, or any other word
//! GET  /_simulator/settings                  the settings as they stand
//! POST /_simulator/settings                  some settings, to be changed
//! POST /_simulator/tokens/revoke             every token so far
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::time::Timestamp;
use crate::simulator::admin::{self, Answer, Pages};
use crate::simulator::tally::{self, PerReference};
use crate::simulator::wire::Request;

use super::Metallic;
use super::accounts::{Kind, Unique};
use super::journal::Entry;

/// What happened so far. A reference is an `externalId`; names and emails are in small letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// What all stand-ins count.
    #[serde(flatten)]
    pub ledger: tally::Ledger,
    /// How many accounts share a name.
    pub accounts_per_name: PerReference,
    /// How many accounts share the email of a contact.
    pub accounts_per_email: PerReference,
}

/// An account as a tester sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSeen {
    /// The provider's id.
    pub id: String,
    /// The `externalId`.
    pub reference: String,
    /// The name.
    pub company: String,
    /// What it is.
    pub kind: Kind,
    /// The status as it stands.
    pub status: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it is active; `None`: never.
    pub settles: Option<Timestamp>,
}

impl Metallic {
    /// What happened so far.
    pub fn ledger(&self) -> Ledger {
        let per = |unique| PerReference::of(self.accounts.counts(unique));
        Ledger {
            ledger: tally::Ledger {
                accounts_created: u64::try_from(self.accounts.len()).unwrap_or(u64::MAX),
                accounts_per_reference: per(Unique::ExternalId),
                accounts_without_reference: 0,
                tally: self.tally.clone(),
            },
            accounts_per_name: per(Unique::Name),
            accounts_per_email: per(Unique::Email),
        }
    }

    /// The accounts that exist, in the order of their creation, as they stand at `now`; all of them, or those
    /// with an `externalId`.
    pub fn accounts(&self, reference: Option<&str>, now: Timestamp) -> impl Iterator<Item = AccountSeen> {
        self.chosen(reference).into_iter().filter_map(move |index| {
            let account = self.accounts.get(index)?;
            let body = account.body();
            let text = |name: &str| {
                let text = body.get(name).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            Some(AccountSeen {
                id: account.id.hyphenated().to_string(),
                reference: text("externalId"),
                company: text("name"),
                kind: account.kind,
                status: account.status(now).0.to_owned(),
                created: account.created,
                settles: account.settles,
            })
        })
    }

    fn chosen(&self, reference: Option<&str>) -> Vec<u32> {
        match reference {
            Some(reference) => self.accounts.with(Unique::ExternalId, reference).to_vec(),
            None => self.accounts.indexes().collect(),
        }
    }
}

impl Pages for Metallic {
    type Status = Box<str>;

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

    fn set_status(&mut self, id: &str, status: &Box<str>, now: Timestamp) -> Option<()> {
        let index = self.accounts.find(id)?;
        self.accounts.get_mut(index)?.set = Some((now, status.clone()));
        self.notes.write(|| Entry::Status {
            id: id.to_owned(),
            at: now,
            status: status.clone(),
        });
        Some(())
    }

    fn own_page(&mut self, method: &str, path: &str, _now: Timestamp) -> Answer {
        admin::token_page(&mut self.tokens, method, path)
    }
}
