//! The names of a ledger's keys. All begin with one hash tag, so that a cluster keeps them in one slot, where scripts can
//! change several at once.
//!
//! ```text
//! {enlist:NAME}:meta      format, counters
//!               batches   batch id → number          spaces   scope and action → number
//!               newest    batch numbers by age       open     numbers of batches with open tasks
//!               paused    numbers of paused batches          c:all    counts of all batches together
//!               gone      numbers of forgotten batches whose rows are still to be dropped
//!               b:NO      one batch                  c:NO     its counts by slot
//!               r:NO      its rows, in blocks        t:NO     the tasks that its rows made
//!               d:NO:0    open tasks by due time, submits;  d:NO:1 reads
//!               d:NO:2    those that somebody has, by the end of the lease;  d:NO:3 the same for reads
//!               k:SPACE:N row keys → tasks, in 16,384 small hashes
//!               a:NO:N    calls made for the tasks of 32 rows
//!               limit:OWNER:log, books, queue     the budget of a provider and credential, in `budget/ask.lua`
//! ```
//! The small hashes stay below the sizes up to which Redis packs a hash into one piece of memory: a key costs about 30
//! bytes that way, 110 in a large hash.

use crate::domain::ids::{Digest, RowKey, Scope};
use crate::domain::task::Action;
use crate::ledger::places::{batch_of, seq_of};

/// Small hashes for the row keys of a space.
const BUCKETS: u32 = 1 << 14;

/// Rows whose calls share a hash, as a power of two.
const CALLS_BITS: u32 = 5;

/// Names keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(ledger: &str) -> Self {
        Self {
            prefix: format!("{{enlist:{ledger}}}:"),
        }
    }

    pub(super) fn named(&self, rest: impl std::fmt::Display) -> String {
        format!("{}{rest}", self.prefix)
    }

    pub(super) fn meta(&self) -> String {
        self.named("meta")
    }

    pub(super) fn batch(&self, no: i64) -> String {
        self.named(format_args!("b:{no}"))
    }

    pub(super) fn tasks(&self, home: i64) -> String {
        self.named(format_args!("t:{home}"))
    }

    pub(super) fn rows(&self, no: i64) -> String {
        self.named(format_args!("r:{no}"))
    }

    pub(super) fn counts(&self, no: i64) -> String {
        self.named(format_args!("c:{no}"))
    }
}

/// The name, without prefix, of the hash that holds a row key.
pub(super) fn bucket(space: i64, key: &RowKey) -> String {
    let digest = Digest::of(key.as_str().as_bytes());
    let [a, b, ..] = digest.as_bytes();
    let bucket = u32::from(u16::from_be_bytes([*a, *b])) % BUCKETS;
    format!("k:{space}:{bucket}")
}

/// The names, without prefix, of all hashes that hold row keys of a space.
pub(super) fn buckets(space: i64) -> impl Iterator<Item = String> {
    (0..BUCKETS).map(move |bucket| format!("k:{space}:{bucket}"))
}

/// The name, without prefix, of the hash that holds the calls made for a task.
pub(super) fn calls(task: i64) -> String {
    format!("a:{}:{}", batch_of(task), seq_of(task) >> CALLS_BITS)
}

/// What names a space: no two scopes and actions run together.
pub(super) fn space(scope: &Scope, action: Action) -> String {
    let Scope { provider, account } = scope;
    format!("{}\n{provider}\n{account}", action.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_spread_over_all_buckets() {
        let mut used = std::collections::HashMap::new();
        for n in 0..100_000 {
            let key = RowKey::new(&format!("R-{n}")).unwrap();
            *used.entry(bucket(1, &key)).or_insert(0) += 1;
        }
        assert!(used.len() > 16_000, "{}", used.len());
        assert!(used.values().all(|n| *n < 30));
    }

    #[test]
    fn all_names_have_the_hash_tag() {
        let keys = Keys::new("team-a");
        for name in [
            keys.meta(),
            keys.batch(3),
            keys.tasks(3),
            keys.named(calls(1 << 40 | 65)),
        ] {
            assert!(name.starts_with("{enlist:team-a}:"), "{name}");
        }
        assert_eq!(calls(1 << 40 | 65), "a:1:2");
    }
}
