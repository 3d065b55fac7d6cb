//! The accounts that exist, and how each looks at a moment.
//!
//! Nothing is unique here but the id: a create that the service takes for new makes another account, whatever
//! its reference and name (providers.md 2.5).

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::time::Timestamp;

/// The first account's id: the one in the contract's sample.
const FIRST_ID: u64 = 5_556_667_778;

/// An account's status code, four digits (providers.md 2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Status(u16);

impl Status {
    /// Usable.
    pub const ACTIVE: Self = Self(1000);
    /// Not settled.
    pub const PENDING: Self = Self(1002);
    /// Not usable.
    pub const INACTIVE: Self = Self(1004);
    /// Not usable: the address is invalid.
    pub const INVALID_ADDRESS: Self = Self(1010);
    /// Not usable: blocked.
    pub const BLOCKED: Self = Self(1012);
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(code @ 1000..=9999) if text.len() == 4 => Ok(Self(code)),
            _ => Err(format!(
                "{text:?} is not a status code\n  hint: four digits, 1004 for instance"
            )),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Status {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.to_string()
    }
}

/// What an account says of itself: the caller's part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Face {
    pub(super) distributor: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<Box<str>>,
    pub(super) company: Box<str>,
    /// The company profile as JSON text.
    pub(super) profile: Box<str>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) face: Arc<Face>,
    pub(super) created: Timestamp,
    /// From when on reads can see it.
    pub(super) visible: Timestamp,
    /// When it stops being pending; `None`: never.
    pub(super) settles: Option<Timestamp>,
    /// What it settles to.
    pub(super) settled: Status,
    /// A tester set this status at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<(Timestamp, Status)>,
    /// What it said before each update, oldest first: answers that showed it are replayed as they were.
    #[serde(skip)]
    pub(super) earlier: Vec<Arc<Face>>,
}

impl Account {
    /// How many updates there were.
    pub(super) fn version(&self) -> u32 {
        u32::try_from(self.earlier.len()).unwrap_or(u32::MAX)
    }

    /// What it said after so many updates.
    pub(super) fn face_of(&self, version: u32) -> &Arc<Face> {
        let then = usize::try_from(version)
            .ok()
            .and_then(|version| self.earlier.get(version));
        then.unwrap_or(&self.face)
    }

    pub(super) fn status(&self, at: Timestamp) -> Status {
        match (self.set, self.settles) {
            (Some((since, status)), _) if since <= at => status,
            (_, Some(settles)) if settles <= at => self.settled,
            _ => Status::PENDING,
        }
    }
}

/// All accounts, in the order in which they were created.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    all: Vec<Account>,
    by_reference: HashMap<Box<str>, Vec<u32>>,
    /// By company name in small letters.
    by_name: HashMap<Box<str>, Vec<u32>>,
    /// First and last name of every contact by email in small letters: the first name that came is kept.
    contacts: HashMap<Box<str>, (Value, Value)>,
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

    /// The place of the account with this id.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        let index = id.parse::<u64>().ok()?.checked_sub(FIRST_ID)?;
        let index = u32::try_from(index).ok()?;
        // The number reads back as it was written, so that `+5556667778` is no account.
        (Self::id(index).to_string() == id && self.get(index).is_some()).then_some(index)
    }

    pub(super) fn id(index: u32) -> u64 {
        FIRST_ID + u64::from(index)
    }

    pub(super) fn indexes(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn with_reference(&self, reference: &str) -> &[u32] {
        self.by_reference.get(reference).map_or(&[], Vec::as_slice)
    }

    /// Those whose company name is `name`, but for case.
    pub(super) fn with_name(&self, name: &str) -> &[u32] {
        self.by_name
            .get(name.to_lowercase().as_str())
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn references(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_reference
            .iter()
            .map(|(reference, accounts)| (reference.as_ref(), accounts.len()))
    }

    pub(super) fn add(&mut self, account: Account) -> u32 {
        let index = self.indexes().end;
        self.by_name
            .entry(account.face.company.to_lowercase().into())
            .or_default()
            .push(index);
        if let Some(reference) = &account.face.reference {
            self.by_reference
                .entry(reference.clone())
                .or_default()
                .push(index);
        }
        self.all.push(account);
        index
    }

    /// From now on the account says this. Its company stays.
    pub(super) fn change(&mut self, index: u32, face: Arc<Face>) {
        let Some(account) = usize::try_from(index)
            .ok()
            .and_then(|index| self.all.get_mut(index))
        else {
            return;
        };
        let before = std::mem::replace(&mut account.face, face);
        if before.reference != account.face.reference {
            if let Some(reference) = &before.reference
                && let Some(accounts) = self.by_reference.get_mut(reference)
            {
                accounts.retain(|other| *other != index);
                if accounts.is_empty() {
                    self.by_reference.remove(reference);
                }
            }
            if let Some(reference) = &account.face.reference {
                let accounts = self.by_reference.entry(reference.clone()).or_default();
                accounts.push(index);
                accounts.sort_unstable();
            }
        }
        account.earlier.push(before);
    }

    /// The two faces of a create's or an update's sound body: the one that the answer echoes, and the one that is kept, with
    /// the names of known contacts as they were first given (providers.md 2.5).
    pub(super) fn faces(&mut self, body: &Map<String, Value>) -> (Arc<Face>, Arc<Face>) {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(Box::from);
        let mut profile = body.get("companyProfile").cloned().unwrap_or_default();
        if let Some(fields) = profile.as_object_mut() {
            let segments = fields.entry("marketSegments").or_insert(Value::Null);
            if segments.is_null() {
                *segments = Value::from(vec!["COM"]);
            }
        }
        let echoed = Arc::new(Face {
            distributor: text(body.get("distributorId")).unwrap_or_default(),
            reference: text(body.get("externalReferenceId")),
            company: text(profile.get("companyName")).unwrap_or_default(),
            profile: profile.to_string().into(),
        });
        if !self.settle_names(&mut profile) {
            return (Arc::clone(&echoed), echoed);
        }
        let kept = Face {
            profile: profile.to_string().into(),
            ..Face::clone(&echoed)
        };
        (echoed, Arc::new(kept))
    }

    /// Learns the contacts of a profile, and puts known names in place of others. Says whether any changed.
    pub(super) fn settle_names(&mut self, profile: &mut Value) -> bool {
        let mut changed = false;
        for contact in profile
            .get_mut("contacts")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let Some(contact) = contact.as_object_mut() else {
                continue;
            };
            let email = contact
                .get("email")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_lowercase();
            let name = |part| contact.get(part).cloned().unwrap_or_default();
            let sent = (name("firstName"), name("lastName"));
            let known = self.contacts.entry(email.into()).or_insert_with(|| sent.clone());
            if *known != sent {
                contact.insert("firstName".to_owned(), known.0.clone());
                contact.insert("lastName".to_owned(), known.1.clone());
                changed = true;
            }
        }
        changed
    }
}

/// An account as create and get show it.
pub(super) fn render(index: u32, face: &Face, created: Timestamp, status: Status, extra: bool) -> Vec<u8> {
    let id = Accounts::id(index);
    let reference = match &face.reference {
        Some(reference) => format!(r#""externalReferenceId":{},"#, Value::from(reference.as_ref())),
        None => String::new(),
    };
    let more = if extra {
        r#","tags":[],"benefits":[],"globalSalesEnabled":false"#
    } else {
        ""
    };
    format!(
        r#"{{"distributorId":{},{reference}"resellerId":"{id}","companyProfile":{},"creationDate":"{}","status":"{status}","links":{}{more}}}"#,
        Value::from(face.distributor.as_ref()),
        face.profile,
        seconds(created),
        links(index),
    )
    .into_bytes()
}

/// The `links` of an account, as JSON text.
pub(super) fn links(index: u32) -> String {
    format!(
        r#"{{"self":{{"uri":"/v3/resellers/{}","method":"GET","headers":[]}}}}"#,
        Accounts::id(index)
    )
}

/// A time as the provider writes it, `2019-05-02T22:49:52Z`.
pub(super) fn seconds(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_ms()).map_or_else(|_| at.to_string(), |at| format!("{at:.0}"))
}
