//! Writing tasks: what is sent along so that the script can compare and set, and what this process knows of the tasks it
//! has in hand, so that most commits need no look first.

use std::collections::{HashMap, HashSet};

use redis::Cmd;

use super::stored::Stored;
use super::tasks::id_bytes;
use crate::domain::time::Timestamp;
use crate::engine::ports::Lease;
use crate::ledger::counting::Differences;

/// A task to be written over what was seen of it.
#[derive(Debug)]
pub(super) struct Save {
    pub(super) id: i64,
    expected: Vec<u8>,
    new: Vec<u8>,
    from: String,
    to: String,
    /// The new due time; `None` leaves it, as it stands for the end of a lease.
    score: Option<i64>,
    counts: Vec<(i64, i64, i64)>,
}

impl Save {
    /// `old`, seen as `bytes`, becomes `new`.
    pub(super) fn moved(old: &Stored, bytes: Vec<u8>, new: &Stored) -> Self {
        let mut counts = Differences::default();
        counts.moved(old.owner, &old.task, new.owner, &new.task);
        Self::new(old, bytes, new, counts)
    }

    /// The same, by way of other states that are counted in `counts`.
    pub(super) fn new(old: &Stored, bytes: Vec<u8>, new: &Stored, counts: Differences<i64>) -> Self {
        Self {
            id: old.id,
            expected: bytes,
            new: new.encode(),
            from: place(old),
            to: place(new),
            score: match new.since {
                None => score(new),
                Some(_) => None,
            },
            counts: counts.into_changes().collect(),
        }
    }

    /// Nothing but a place in the list.
    pub(super) const fn nothing(id: i64) -> Self {
        Self {
            id,
            expected: Vec::new(),
            new: Vec::new(),
            from: String::new(),
            to: String::new(),
            score: None,
            counts: Vec::new(),
        }
    }

    /// As `common.lua` reads it.
    pub(super) fn add_to(&self, cmd: &mut Cmd) {
        cmd.arg(&id_bytes(self.id))
            .arg(&self.expected)
            .arg(&self.new)
            .arg(&self.from)
            .arg(&self.to);
        match self.score {
            Some(score) => cmd.arg(score),
            None => cmd.arg(""),
        };
    }

    pub(super) fn counts(&self) -> &[(i64, i64, i64)] {
        &self.counts
    }
}

/// The due set in which a task is found; the empty name once it is settled.
pub(super) fn place(task: &Stored) -> String {
    task.lane().map(|lane| lane.to_string()).unwrap_or_default()
}

/// When it is due.
pub(super) fn score(task: &Stored) -> Option<i64> {
    task.task.due().map(Timestamp::as_ms)
}

/// Differences of counts, as `common.lua` reads them.
pub(super) fn add_counts(cmd: &mut Cmd, counts: &[(i64, i64, i64)]) {
    cmd.arg(counts.len());
    for (batch, slot, n) in counts {
        cmd.arg(*batch).arg(*slot).arg(*n);
    }
}

/// What this process has in hand; more than this are forgotten, which costs a look at commit.
const LENT_MAX: usize = 8_192;

/// Tasks as they lay when they were lent to this process.
#[derive(Debug, Default)]
pub(super) struct Lent {
    tasks: HashMap<Lease, Stored>,
    /// Leases whose commit may or may not have been kept: no answer came.
    unsure: HashSet<Lease>,
}

impl Lent {
    pub(super) fn lend(&mut self, lease: Lease, stored: Stored) {
        if self.tasks.len() >= LENT_MAX {
            self.tasks.clear();
        }
        self.tasks.insert(lease, stored);
    }

    pub(super) fn get(&self, lease: Lease) -> Option<&Stored> {
        self.tasks.get(&lease)
    }

    pub(super) fn end(&mut self, lease: Lease) {
        self.tasks.remove(&lease);
        self.unsure.remove(&lease);
    }

    /// No answer came to the commits of these.
    pub(super) fn doubt(&mut self, leases: impl Iterator<Item = Lease>) {
        if self.unsure.len() >= LENT_MAX {
            self.unsure.clear();
        }
        self.unsure.extend(leases);
    }

    pub(super) fn is_unsure(&self, lease: Lease) -> bool {
        self.unsure.contains(&lease)
    }
}
