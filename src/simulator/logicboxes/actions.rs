//! The search for actions (providers.md 3.4): a sign-up is one, current while it waits, archived when it is
//! finished.

use serde_json::{Value, json};

use crate::domain::time::Timestamp;

use super::LogicBoxes;
use super::accounts::{Accounts, Standing};
use super::errors::{Refusal, Said};
use super::form::Form;
use super::reads::Page;

/// The entity type of a reseller, and the type of its sign-up. Not public.
const ENTITY_TYPE: u32 = 1;
const ACTION_TYPE: &str = "AddReseller";

impl LogicBoxes {
    pub(super) fn actions(
        &self,
        form: &Form,
        parent: &str,
        archived: bool,
        now: Timestamp,
    ) -> Result<Said, Refusal> {
        let page = Page::read(form, 1..=500)?;
        let wanted = |name: &str, value: &str| {
            let mut all = form.all(name).peekable();
            all.peek().is_none() || all.any(|one| one == value)
        };
        let matches = |index: u32| {
            let account = self
                .accounts
                .get(index)
                .filter(|account| account.parent.as_ref() == parent);
            account.is_some()
                && self.is_archived(index, now) == archived
                && wanted("order-id", &Accounts::id(index).to_string())
                && wanted("entity-type-id", &ENTITY_TYPE.to_string())
                && wanted("action-type", ACTION_TYPE)
                && wanted("action-status", self.action_status(index, now))
        };
        let mut named: Vec<_> = form.all("eaq-id").collect();
        let hits: Vec<u32> = if named.is_empty() {
            self.accounts.indexes().filter(|index| matches(*index)).collect()
        } else {
            named.sort_unstable();
            named.dedup();
            let found = named
                .into_iter()
                .filter_map(|id| self.accounts.find_by_action(id));
            found.filter(|index| matches(*index)).collect()
        };
        Ok(Said::well(page.show(&hits, |index| self.action(index, now))))
    }

    fn action(&self, index: u32, now: Timestamp) -> Option<Value> {
        let account = self.accounts.get(index)?;
        let second = |at: Timestamp| at.as_ms() / 1_000;
        let (standing, since) = account.stands(now);
        Some(json!({
            "entityid": Accounts::id(index),
            "entitytypeid": ENTITY_TYPE,
            "eaqid": Accounts::action(index),
            "actiontype": ACTION_TYPE,
            "actiontypedesc": "Sign-up of a sub-reseller",
            "actionadded": second(account.created),
            "actionstarted": second(account.created),
            "actioncompleted": if standing == Standing::Waiting { Value::Null } else { second(since).into() },
            "actionstatus": self.action_status(index, now),
            "actionstatusdesc": self.action_status(index, now),
        }))
    }

    /// The action is done when the account is active; one that was deleted before has failed.
    fn action_status(&self, index: u32, now: Timestamp) -> &str {
        match self.accounts.get(index).map(|account| account.standing(now)) {
            Some(Standing::Waiting) => &self.settings.waiting_word,
            Some(Standing::Active | Standing::Suspended) => "Success",
            Some(Standing::Deleted) | None => "Failed",
        }
    }

    fn is_archived(&self, index: u32, now: Timestamp) -> bool {
        self.accounts.get(index).is_some_and(|account| {
            let (standing, since) = account.stands(now);
            standing != Standing::Waiting && since.plus(self.settings.archive_after) <= now
        })
    }
}
