//! What rows were told, put together by code and column: thousands of rows have a handful of causes.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::domain::report::Wrong;

/// Kinds that are told apart; rows of further ones are only counted.
const KINDS_MAX: usize = 100;

/// Lines named of each kind.
const LINES_MAX: usize = 8;

/// Rows with the same thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// How many.
    pub rows: u64,
    /// What the first of them was told.
    pub first: Wrong,
    /// The lines that the first of them start on.
    pub lines: Vec<u64>,
}

/// What rows were told, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    by_kind: BTreeMap<(String, String), Kind>,
    rows: u64,
    more: u64,
}

impl Kinds {
    /// Counts in what the row on `line` was told.
    pub fn add(&mut self, line: u64, wrong: &[Wrong]) {
        if wrong.is_empty() {
            return;
        }
        self.rows += 1;
        let mut is_beyond = false;
        for (at, one) in wrong.iter().enumerate() {
            let is_again = |other: &Wrong| (&other.code, &other.column) == (&one.code, &one.column);
            if wrong.iter().take(at).any(is_again) {
                continue;
            }
            let kind = (one.code.clone(), one.column.clone());
            if self.by_kind.len() >= KINDS_MAX && !self.by_kind.contains_key(&kind) {
                is_beyond = true;
                continue;
            }
            let kind = self.by_kind.entry(kind).or_insert_with(|| Kind {
                rows: 0,
                first: one.clone(),
                lines: Vec::new(),
            });
            kind.rows += 1;
            if kind.lines.len() < LINES_MAX {
                kind.lines.push(line);
            }
        }
        self.more += u64::from(is_beyond);
    }

    /// Rows that were told anything.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows with something of a kind beyond those told apart.
    pub const fn more(&self) -> u64 {
        self.more
    }

    /// The kinds, the most frequent first.
    pub fn sorted(&self) -> Vec<&Kind> {
        let mut kinds: Vec<&Kind> = self.by_kind.values().collect();
        kinds.sort_by_key(|kind| Reverse(kind.rows));
        kinds
    }
}
