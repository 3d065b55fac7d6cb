//! Where each key of a job was given, so that faults point there, and so that a value somebody chose moves a default
//! that contradicts it rather than the other way round.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Finding, Job, Span};

/// Who chose a value. Later wins over earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// Nobody: the default.
    #[default]
    Default,
    /// The job file.
    File,
    /// `--set`.
    Set,
    /// `--map`.
    Map,
}

/// Which keys were given, and where. A key's path is its parts joined by dots.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    keys: BTreeMap<String, (Chosen, String)>,
    origin: String,
}

impl Given {
    /// Nothing given yet in the file called `origin`.
    pub(super) fn new(origin: &str) -> Self {
        Self {
            keys: BTreeMap::new(),
            origin: origin.to_owned(),
        }
    }

    /// Notes that `key` was given `at` a place.
    pub(super) fn note(&mut self, key: String, chosen: Chosen, at: String) {
        self.keys.insert(key, (chosen, at));
    }

    /// Who chose the key's value; a key inside one that was given as a whole counts as given.
    pub(super) fn chosen(&self, key: &str) -> Chosen {
        self.entry(key).map_or(Chosen::Default, |(chosen, _)| *chosen)
    }

    /// Where the key was given, or the file if it was not.
    pub(super) fn at(&self, key: &str) -> String {
        self.entry(key)
            .map_or_else(|| self.origin.clone(), |(_, at)| at.clone())
    }

    fn entry(&self, key: &str) -> Option<&(Chosen, String)> {
        let mut key = key;
        loop {
            if let Some(entry) = self.keys.get(key) {
                return Some(entry);
            }
            key = key.rsplit_once('.')?.0;
        }
    }
}

/// Two keys of which the first must not be above the second.
struct Pair {
    low: &'static str,
    high: &'static str,
    of: fn(&mut Job) -> (&mut Span, &mut Span),
}

const PAIRS: [Pair; 4] = [
    Pair {
        low: "poll.first",
        high: "poll.max",
        of: |job| (&mut job.poll.first, &mut job.poll.max),
    },
    Pair {
        low: "retry.first",
        high: "retry.max",
        of: |job| (&mut job.retry.first, &mut job.retry.max),
    },
    Pair {
        low: "retry.throttle_default",
        high: "retry.throttle_max",
        of: |job| (&mut job.retry.throttle_default, &mut job.retry.throttle_max),
    },
    Pair {
        low: "connection.connect_timeout",
        high: "connection.timeout",
        of: |job| (&mut job.connection.connect_timeout, &mut job.connection.timeout),
    },
];

/// Moves the less deliberate of two contradicting values to the other one, so that `--set poll.first=10m` works
/// without a second flag for `poll.max`. Two that were chosen in the same place contradict each other for good.
pub(super) fn reconcile(job: &mut Job, given: &mut Given) -> (Vec<Finding>, Vec<Finding>) {
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    for pair in &PAIRS {
        let (low, high) = (pair.of)(job);
        if *low <= *high {
            continue;
        }
        let (low_chosen, high_chosen) = (given.chosen(pair.low), given.chosen(pair.high));
        let (moved, to, because) = match low_chosen.cmp(&high_chosen) {
            std::cmp::Ordering::Equal => {
                faults.push(Finding {
                    at: given.at(pair.low),
                    key: pair.low.into(),
                    value: low.to_string(),
                    message: format!("is above {} = {high}", pair.high),
                    hint: format!("lower {} or raise {}", pair.low, pair.high),
                });
                continue;
            }
            std::cmp::Ordering::Less => {
                *low = *high;
                (pair.low, *high, pair.high)
            }
            std::cmp::Ordering::Greater => {
                *high = *low;
                (pair.high, *low, pair.low)
            }
        };
        let at = given.at(because);
        given.note(
            moved.to_owned(),
            given.chosen(because),
            format!("{at}, moved to agree with {because}"),
        );
        notes.push(Finding {
            at,
            key: moved.into(),
            value: to.to_string(),
            message: format!("moved to agree with {because}"),
            hint: String::new(),
        });
    }
    (faults, notes)
}
