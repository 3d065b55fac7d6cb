//! The sign-up call (providers.md 3.2).

use serde_json::json;

use crate::domain::time::Timestamp;
use crate::simulator::dice::Dice;
use crate::simulator::settings::Settle;

use super::LogicBoxes;
use super::accounts::{Account, Accounts, Standing};
use super::checks::{Fields, check};
use super::errors::{Refusal, Said};
use super::form::Form;
use super::journal::Entry;
use super::settings::SignupOption;

impl LogicBoxes {
    /// A sign-up that arrives at `now` and has run at `done`.
    pub(super) fn sign_up(
        &mut self,
        form: &Form,
        parent: &str,
        now: Timestamp,
        done: Timestamp,
    ) -> Result<Said, Refusal> {
        if let Some(message) = &self.settings.reject_all {
            return Err(Refusal::Told(message.clone()));
        }
        let fields = check(form, &self.settings).map_err(Refusal::Parameters)?;
        self.is_free(&fields, now)?;
        if self.accounts.len() >= self.settings.accounts_max {
            return Err(Refusal::Full);
        }
        let direct = self.settings.signup_option == SignupOption::Direct
            || fields
                .get("auto-activate")
                .is_some_and(|value| value.as_ref() == "true");
        let account = Account {
            activates: self.activates(&fields, direct, done),
            deletes: now.plus(self.settings.delete_after),
            parent: parent.into(),
            fields,
            created: now,
            done,
            set: None,
        };
        self.notes.write(|| Entry::Account(account.clone()));
        let index = self.accounts.add(account);
        Ok(Said::well(self.answer(index, direct, done)))
    }

    /// Whether nobody has the username: of all resellers, not of this one alone.
    fn is_free(&self, fields: &Fields, now: Timestamp) -> Result<(), Refusal> {
        let username = fields.get("username").map_or("", |value| value);
        for index in self.accounts.with_username(username) {
            let Some(account) = self.accounts.get(*index) else {
                continue;
            };
            if now < account.done {
                return Err(Refusal::Pending);
            }
            if account.standing(now) != Standing::Deleted || !self.settings.deleted_frees_username {
                return Err(Refusal::Taken);
            }
        }
        Ok(())
    }

    /// When somebody activates the account: drawn from the seed and its username, so that a row meets the same
    /// end whenever it comes.
    fn activates(&self, fields: &Fields, direct: bool, done: Timestamp) -> Option<Timestamp> {
        match self.settings.settle {
            _ if direct => Some(done),
            Settle::AtOnce => Some(done),
            Settle::Never => None,
            Settle::Between(min, max) => {
                let username = fields.get("username").map_or("", |value| value);
                let mut dice = Dice::of(self.seed, &username.to_lowercase());
                Some(done.plus(dice.between(min, max)))
            }
        }
    }

    fn answer(&self, index: u32, direct: bool, done: Timestamp) -> serde_json::Value {
        let settings = &self.settings;
        let id = Accounts::id(index);
        if direct {
            return json!({ "status": "Success", "resellerid": id });
        }
        let (word, min_receipt) = match settings.signup_option {
            SignupOption::Receipts => (&settings.receipts_word, settings.min_receipt),
            SignupOption::Manual | SignupOption::Direct => (&settings.manual_word, 0),
        };
        let waits = self
            .accounts
            .get(index)
            .is_some_and(|account| account.standing(done) == Standing::Waiting);
        json!({
            "activationstatus": word,
            "eaqid": Accounts::action(index),
            "status": if waits { settings.waiting_word.as_str() } else { "Success" },
            "resellerid": id,
            "minreceiptrequired": min_receipt,
        })
    }
}
