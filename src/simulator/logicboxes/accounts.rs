//! The sub-resellers that exist, and how each stands at a moment (providers.md 3.5).

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

use super::checks::Fields;

const FIRST_ID: u64 = 700_001;
const FIRST_ACTION: u64 = 40_000_001;

/// How a sub-reseller stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// Signed up, and waits for a person or for money. The provider's own word for it is a setting.
    Waiting,
    /// Usable.
    Active,
    /// Was active.
    Suspended,
    /// Deleted, by a person or because nobody activated it.
    Deleted,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "Waiting",
            Self::Active => "Active",
            Self::Suspended => "Suspended",
            Self::Deleted => "Deleted",
        })
    }
}

/// A sub-reseller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user id of the reseller that signed it up.
    pub(super) parent: Box<str>,
    pub(super) fields: Fields,
    pub(super) created: Timestamp,
    /// When the sign-up had run.
    pub(super) done: Timestamp,
    /// When it becomes active by itself; `None`: never.
    pub(super) activates: Option<Timestamp>,
    /// When it is deleted if it is not active.
    pub(super) deletes: Timestamp,
    /// A tester set this at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<(Timestamp, Standing)>,
}

impl Account {
    /// How it stands at `at`, and since when.
    pub(super) fn stands(&self, at: Timestamp) -> (Standing, Timestamp) {
        let by_itself = match self.activates {
            Some(activates) if activates <= at && activates < self.deletes => (Standing::Active, activates),
            _ if self.deletes <= at => (Standing::Deleted, self.deletes),
            _ => (Standing::Waiting, self.created),
        };
        match self.set {
            Some((since, standing)) if since <= at => (standing, since),
            _ => by_itself,
        }
    }

    pub(super) fn standing(&self, at: Timestamp) -> Standing {
        self.stands(at).0
    }

    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |value| value)
    }

    pub(super) fn username(&self) -> &str {
        self.field("username")
    }
}

/// All sub-resellers of all resellers, in the order of their sign-up.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    all: Vec<Account>,
    /// By username in small letters: all that ever had it.
    by_username: HashMap<Box<str>, Vec<u32>>,
}

impl Accounts {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, index: u32) -> Option<&Account> {
        self.all.get(usize::try_from(index).ok()?)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Account> {
        self.all.get_mut(usize::try_from(index).ok()?)
    }

    pub(super) fn indexes(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    pub(super) const fn id(index: u32) -> u64 {
        FIRST_ID + index as u64
    }

    /// The id of the action that made the account.
    pub(super) const fn action(index: u32) -> u64 {
        FIRST_ACTION + index as u64
    }

    /// The place of the sub-reseller with this id.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        self.place(id, FIRST_ID)
    }

    /// The place of the sub-reseller that this action made.
    pub(super) fn find_by_action(&self, id: &str) -> Option<u32> {
        self.place(id, FIRST_ACTION)
    }

    fn place(&self, id: &str, first: u64) -> Option<u32> {
        let number = id.parse::<u64>().ok()?;
        let index = u32::try_from(number.checked_sub(first)?).ok()?;
        // The number reads back as it was written, so that `+700001` is no account.
        (number.to_string() == id && self.get(index).is_some()).then_some(index)
    }

    /// All that ever had a username, but for case.
    pub(super) fn with_username(&self, username: &str) -> &[u32] {
        self.by_username
            .get(username.to_lowercase().as_str())
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn usernames(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_username
            .iter()
            .map(|(username, accounts)| (username.as_ref(), accounts.len()))
    }

    pub(super) fn add(&mut self, account: Account) -> u32 {
        let index = self.indexes().end;
        self.by_username
            .entry(account.username().to_lowercase().into())
            .or_default()
            .push(index);
        self.all.push(account);
        index
    }
}
