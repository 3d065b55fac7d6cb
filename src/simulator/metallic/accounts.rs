//! The accounts that exist, and which values are taken (providers.md 4.2, 4.3).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::domain::ids::Digest;
use crate::domain::time::Timestamp;

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Made at once.
    Reseller,
    /// Provisioned in the background (providers.md 4.6).
    Partner,
}

/// A field whose value no two accounts share. In the order in which the sample names them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "camelCase")]
#[value(rename_all = "camelCase")]
pub enum Unique {
    /// The account's name.
    Name,
    /// The email of each contact.
    Email,
    /// The caller's own id.
    ExternalId,
}

impl Unique {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Name, Self::Email, Self::ExternalId];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::ExternalId => "externalId",
        }
    }

    /// What an error says of a value that is taken; of `externalId` it says the same when it is missing.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Name => "name already exists.",
            Self::Email => "email already exists in Metallic.",
            Self::ExternalId => "externalId is required and should be unique in Partner system.",
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub(super) id: Uuid,
    pub(super) kind: Kind,
    /// The sound body of its create, as JSON text.
    pub(super) body: Box<str>,
    pub(super) created: Timestamp,
    /// From when on it can be read.
    pub(super) visible: Timestamp,
    /// When it becomes active; `None`: never.
    pub(super) settles: Option<Timestamp>,
    /// A tester set this status at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set: Option<(Timestamp, Box<str>)>,
}

impl Account {
    /// Its status at `at`, and since when.
    pub(super) fn status(&self, at: Timestamp) -> (&str, Timestamp) {
        match (&self.set, self.settles) {
            (Some((since, status)), _) if *since <= at => (status, *since),
            (_, Some(settles)) if settles <= at => ("active", settles),
            _ => ("provisioning", self.created),
        }
    }

    pub(super) fn body(&self) -> Map<String, Value> {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The account as create and get show it at `at`.
    pub(super) fn show(&self, at: Timestamp, upper_case_id: bool) -> Value {
        let mut sent = self.body();
        let mut take = |name: &str| sent.remove(name).unwrap_or_default();
        let (status, since) = self.status(at);
        let id = self.id.hyphenated().to_string();
        let mut shown = json!({
            "id": if upper_case_id { id.to_uppercase() } else { id },
            "insertTs": zoneless(self.created),
            "updateTs": zoneless(since),
            "name": take("name"),
            "type": self.kind,
            "status": status,
            "contacts": take("contacts"),
        });
        if let Some(shown) = shown.as_object_mut() {
            let website = take("website");
            if !website.is_null() {
                shown.insert("website".to_owned(), website);
            }
            shown.insert("externalId".to_owned(), take("externalId"));
            let access = take("workloadAccess").as_bool().unwrap_or(false);
            shown.insert("workloadAccess".to_owned(), access.into());
        }
        json!({ "data": shown })
    }
}

/// A time as the provider writes it, without a zone: `2022-09-20T08:42:52`.
fn zoneless(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The values of a sound body that are to be unique.
pub(super) fn values(body: &Map<String, Value>) -> impl Iterator<Item = (Unique, &str)> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let contacts = body.get("contacts").and_then(Value::as_array);
    let emails = contacts
        .into_iter()
        .flatten()
        .filter_map(|contact| contact.get("email")?.as_str());
    text("name")
        .map(|name| (Unique::Name, name))
        .into_iter()
        .chain(emails.map(|email| (Unique::Email, email)))
        .chain(text("externalId").map(|id| (Unique::ExternalId, id)))
}

/// All accounts, in the order in which they were created.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    all: Vec<Account>,
    by_id: HashMap<Uuid, u32>,
    /// Which accounts have a value: names and emails in small letters.
    by_value: HashMap<(Unique, Box<str>), Vec<u32>>,
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

    /// The next account's id, drawn from the seed.
    pub(super) fn next_id(&self, seed: u64) -> Uuid {
        let number = self.indexes().end;
        let digest = Digest::of_parts(&[b"metallic", &seed.to_be_bytes(), &number.to_be_bytes()]);
        let bytes = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The place of the account with this id, in any case, in the usual form alone.
    pub(super) fn find(&self, id: &str) -> Option<u32> {
        let uuid = Uuid::try_parse(id).ok()?;
        let usual = uuid.hyphenated().to_string().eq_ignore_ascii_case(id);
        self.by_id.get(&uuid).copied().filter(|_| usual)
    }

    /// The accounts with this value, names and emails without regard to case.
    pub(super) fn with(&self, unique: Unique, value: &str) -> &[u32] {
        self.by_value.get(&key(unique, value)).map_or(&[], Vec::as_slice)
    }

    /// How many accounts have each value.
    pub(super) fn counts(&self, unique: Unique) -> impl Iterator<Item = (&str, usize)> {
        self.by_value
            .iter()
            .filter(move |((of, _), _)| *of == unique)
            .map(|((_, value), accounts)| (value.as_ref(), accounts.len()))
    }

    pub(super) fn add(&mut self, account: Account) -> u32 {
        let index = self.indexes().end;
        for (unique, value) in values(&account.body()) {
            let accounts = self.by_value.entry(key(unique, value)).or_default();
            // Two contacts of one account may share an email.
            if accounts.last() != Some(&index) {
                accounts.push(index);
            }
        }
        self.by_id.insert(account.id, index);
        self.all.push(account);
        index
    }
}

fn key(unique: Unique, value: &str) -> (Unique, Box<str>) {
    let value = match unique {
        Unique::ExternalId => value.into(),
        Unique::Name | Unique::Email => value.to_lowercase().into(),
    };
    (unique, value)
}
