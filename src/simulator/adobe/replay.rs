//! What the service remembers of calls: the answer under each correlation id, and the request ids it has seen
//! (providers.md 2.4).
//!
//! Answers that show an account are kept as what they show, not as bytes, and rendered again byte for byte:
//! a rehearsal of 200,000 rows asks for them a million times.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::ids::Digest;
use crate::domain::time::Timestamp;

use super::accounts::{Face, Status};

/// Names a call to the service: client, method, path template and correlation id.
pub(super) type Key = u128;

/// The key that `parts` make.
pub(super) fn key(parts: &[&str]) -> Key {
    let parts: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
    Digest::of_parts(&parts)
        .as_bytes()
        .first_chunk()
        .map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

/// A body, as far as telling one from another goes.
pub(super) fn body_mark(body: &[u8]) -> u64 {
    Digest::of(body)
        .as_bytes()
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// An answer of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kept {
    /// An account as it stood.
    Account {
        http: u16,
        index: u32,
        status: Status,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        extra: bool,
        /// What the answer echoed, if that is not what is kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        echoed: Option<Arc<Face>>,
        /// How many updates there had been.
        #[serde(default, skip_serializing_if = "is_zero")]
        version: u32,
    },
    /// Anything else.
    Text { http: u16, body: Box<str> },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the form serde calls")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An answer with what is known of its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    /// When the call arrived.
    pub(super) at: Timestamp,
    /// When the call had run.
    pub(super) done: Timestamp,
    pub(super) body: u64,
    pub(super) kept: Kept,
    /// How many times the answer was delivered whole.
    pub(super) deliveries: u32,
    /// When it was first delivered.
    pub(super) delivered: Timestamp,
}

impl Stored {
    /// Whether the caller has had the answer, so that the id is spent (providers.md 2.4, I2).
    pub(super) fn is_spent(&self, now: Timestamp) -> bool {
        self.deliveries > 0 && self.delivered <= now
    }

    pub(super) fn count_delivery(&mut self, at: Timestamp) {
        if self.deliveries == 0 {
            self.delivered = at;
        }
        self.deliveries = self.deliveries.saturating_add(1);
    }

    fn text_bytes(&self) -> usize {
        match &self.kept {
            Kept::Account { .. } => 0,
            Kept::Text { body, .. } => body.len(),
        }
    }
}

/// Answers by key; the oldest are forgotten when there are too many.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    stored: HashMap<Key, Stored>,
    order: VecDeque<(Timestamp, Key)>,
    text_bytes: usize,
    entries_max: usize,
    text_bytes_max: usize,
}

impl Answers {
    pub(super) fn new(entries_max: usize, text_bytes_max: usize) -> Self {
        Self {
            stored: HashMap::new(),
            order: VecDeque::new(),
            text_bytes: 0,
            entries_max,
            text_bytes_max,
        }
    }

    pub(super) fn get(&self, key: Key) -> Option<&Stored> {
        self.stored.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Stored> {
        self.stored.get_mut(&key)
    }

    pub(super) fn put(&mut self, key: Key, stored: Stored) {
        self.text_bytes += stored.text_bytes();
        self.order.push_back((stored.at, key));
        if let Some(before) = self.stored.insert(key, stored) {
            self.text_bytes -= before.text_bytes();
        }
        while self.order.len() > self.entries_max || self.text_bytes > self.text_bytes_max {
            let Some((at, key)) = self.order.pop_front() else {
                return;
            };
            // A key that was put again stands in the queue twice; its first place says nothing any more.
            if self.stored.get(&key).is_some_and(|stored| stored.at == at)
                && let Some(gone) = self.stored.remove(&key)
            {
                self.text_bytes -= gone.text_bytes();
            }
        }
    }
}

/// The request ids seen, each with when, and whether the service had it.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestIds {
    seen: HashMap<Key, (Timestamp, bool)>,
    order: VecDeque<Key>,
}

/// The most request ids that are remembered.
const REQUEST_IDS_MAX: usize = 1_000_000;

impl RequestIds {
    /// A call with this request id arrives. Says whether the id was ever seen before.
    pub(super) fn arrive(&mut self, id: Key, now: Timestamp) -> bool {
        if self.seen.contains_key(&id) {
            return true;
        }
        self.seen.insert(id, (now, false));
        self.order.push_back(id);
        if self.order.len() > REQUEST_IDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        false
    }

    /// The service takes this request id. `false` when it had it before, within `memory`.
    pub(super) fn take(&mut self, id: Key, now: Timestamp, memory: Duration) -> bool {
        let had = self
            .seen
            .get(&id)
            .is_some_and(|(at, served)| *served && now.since(*at) < memory);
        if !had {
            self.seen.insert(id, (now, true));
        }
        !had
    }
}
