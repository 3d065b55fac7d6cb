//! The service behind the gate: create and get (providers.md 4.3, 4.4, 4.6).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::time::Timestamp;
use crate::simulator::dice::Dice;
use crate::simulator::settings::Settle;
use crate::simulator::tally;
use crate::simulator::way;
use crate::simulator::wire::Reply;

use super::Metallic;
use super::accounts::{Account, Kind, Unique, values};
use super::checks::{Wrong, check};
use super::errors::{not_found, validation};
use super::journal::Entry;
use super::settings::FieldNames;

impl Metallic {
    /// A create that arrives at `now` and has run at `done`.
    pub(super) fn create(&mut self, body: &[u8], kind: Kind, now: Timestamp, done: Timestamp) -> Reply {
        if self.accounts.len() >= self.settings.accounts_max {
            return way::html(503, "Service Unavailable");
        }
        if let Some(field) = &self.settings.reject_all {
            tally::count(&mut self.tally.rejected, "told");
            return validation(&[(field.clone(), format!("{field} is not accepted."))]);
        }
        let (body, mut wrong) = check(body, &self.settings);
        let taken = self.taken(&body);
        if !wrong.is_empty() || !taken.is_empty() {
            let word = if wrong.is_empty() {
                let names: BTreeSet<_> = taken.iter().map(|(unique, _)| *unique).collect();
                names
                    .into_iter()
                    .map(Unique::as_str)
                    .collect::<Vec<_>>()
                    .join("+")
            } else {
                "validation".to_owned()
            };
            tally::count(&mut self.tally.rejected, word);
            wrong.extend(taken.into_iter().map(|(_, wrong)| wrong));
            return validation(&wrong);
        }
        let account = Account {
            id: self.accounts.next_id(self.seed),
            kind,
            settles: self.settles(kind, &body, done),
            body: Value::from(body).to_string().into(),
            created: now,
            visible: done,
            set: None,
        };
        self.notes.write(|| Entry::Account(account.clone()));
        let shown = account.show(done, false);
        self.accounts.add(account);
        let status = if self.settings.created_as_200 { 200 } else { 201 };
        Reply::json(status, shown.to_string())
    }

    /// The fields whose values belong to another account, in the sample's order and words.
    fn taken(&self, body: &Map<String, Value>) -> Vec<(Unique, Wrong)> {
        let settings = &self.settings;
        let mut taken = Vec::new();
        let mut contact = 0;
        for (unique, value) in values(body) {
            let path = format!("contacts[{contact}].email");
            if unique == Unique::Email {
                contact += 1;
            }
            if !settings.unique.contains(&unique) || !self.is_taken(unique, value) {
                continue;
            }
            let field = match (unique, settings.field_names) {
                (Unique::Email, FieldNames::Path) => path,
                _ => unique.as_str().to_owned(),
            };
            taken.push((unique, (field, unique.message().to_owned())));
        }
        taken
    }

    fn is_taken(&self, unique: Unique, value: &str) -> bool {
        let mut having = self.accounts.with(unique, value).iter();
        self.settings.ignore_case && having.len() > 0
            || having.any(|index| {
                self.accounts
                    .get(*index)
                    .is_some_and(|account| values(&account.body()).any(|of| of == (unique, value)))
            })
    }

    /// When a new account is active: a reseller at once; a partner after a span drawn from the seed and its
    /// `externalId`, so that a row meets the same end whenever it comes.
    fn settles(&self, kind: Kind, body: &Map<String, Value>, done: Timestamp) -> Option<Timestamp> {
        match (kind, self.settings.settle) {
            (Kind::Reseller, _) | (Kind::Partner, Settle::AtOnce) => Some(done),
            (Kind::Partner, Settle::Never) => None,
            (Kind::Partner, Settle::Between(min, max)) => {
                let name = body.get("externalId").and_then(Value::as_str).unwrap_or_default();
                Some(done.plus(Dice::of(self.seed, name).between(min, max)))
            }
        }
    }

    pub(super) fn get(&self, id: &str, kind: Kind, now: Timestamp) -> Reply {
        let account = self.accounts.find(id).and_then(|index| self.accounts.get(index));
        match account.filter(|account| account.kind == kind && account.visible <= now) {
            None => not_found(),
            Some(account) => {
                let shown = account.show(now, self.settings.upper_case_ids);
                Reply::json(200, shown.to_string())
            }
        }
    }
}
