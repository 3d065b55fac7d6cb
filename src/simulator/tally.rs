//! What happened, counted, for a test to ask: the stand-in's own ledger.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fault::Fault;

/// A count by word.
pub type Counts = BTreeMap<Cow<'static, str>, u64>;

/// What happened so far. Also the body of `GET /_simulator/ledger`. `Own` is what one personality alone counts.
///
/// Accounts survive a restart with a state file; the counters start again at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger<Own = ()> {
    /// Accounts that exist.
    pub accounts_created: u64,
    /// How many accounts share a reference: the key figure. `max` is 1 when no row was created twice.
    pub accounts_per_reference: PerReference,
    /// Accounts created without a reference.
    pub accounts_without_reference: u64,
    /// Everything else.
    #[serde(flatten)]
    pub tally: Tally<Own>,
}

/// How many accounts share a reference: the caller's own key, by which a row is known again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerReference {
    /// The most accounts that any reference has.
    pub max: u64,
    /// References with more than one account, the first [`DUPLICATES_SHOWN_MAX`] by name.
    pub duplicates: Vec<Duplicate>,
}

impl PerReference {
    /// From how many accounts each reference has.
    pub(super) fn of<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> Self {
        let mut all = Self::default();
        for (reference, count) in counts {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            all.max = all.max.max(count);
            if count > 1 {
                all.duplicates.push(Duplicate {
                    reference: reference.to_owned(),
                    count,
                });
            }
        }
        all.duplicates
            .sort_by(|one, other| one.reference.cmp(&other.reference));
        all.duplicates.truncate(DUPLICATES_SHOWN_MAX);
        all
    }
}

/// The most duplicates that a ledger names.
pub const DUPLICATES_SHOWN_MAX: usize = 1_000;

/// A reference with more than one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The reference.
    pub reference: String,
    /// How many accounts have it.
    pub count: u64,
}

/// Counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally<Own = ()> {
    /// Calls that arrived, by kind, whatever became of them.
    pub calls: Counts,
    /// Answers that were given, by HTTP status code and, for errors, the code in the body: `400 1117`. Those
    /// that faults took on the way are not among them.
    pub answers: Counts,
    /// Faults that struck.
    pub faults: BTreeMap<Fault, u64>,
    /// Creates that the service executed and refused, by code.
    pub rejected: Counts,
    /// What one personality alone counts.
    #[serde(flatten)]
    pub own: Own,
    /// Calls refused because a window was full.
    pub calls_over_limit: u64,
    /// Calls delayed by a soft limit.
    pub calls_delayed: u64,
}

/// One more of `word`.
pub(super) fn count(counts: &mut Counts, word: impl Into<Cow<'static, str>>) {
    *counts.entry(word.into()).or_default() += 1;
}

impl<Own> Tally<Own> {
    pub(crate) fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// Counts an answer that leaves whole. `code` is the code in its body, if it is an error.
    pub(crate) fn answer(&mut self, status: u16, code: Option<&str>) {
        let word = code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"));
        count(&mut self.answers, word);
    }
}
