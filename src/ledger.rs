//! Floor 3: the stores behind [`crate::engine::ports::Ledger`].
//!
//! [`sealed`] stands in front of any of them and keeps what is secret from lying in the open.
//!
//! What being fed, ordered about or committed does to a task ([`moves`]), what that does to the counts
//! ([`counting`]) and whose turn it is ([`turns`]) is said once, for every store. `tests/it/ledger_conformance.rs`
//! holds the laws that each of them keeps.

mod counting;
mod moves;
mod pauses;
mod places;
pub mod redis;
pub mod sealed;
pub mod sqlite;
#[cfg(test)]
pub(crate) mod testing;
mod turns;

use crate::engine::ports::LedgerError;

/// What an error says of a thing, for a message that says itself that it cannot be read.
fn why(error: &LedgerError) -> String {
    match error {
        LedgerError::Corrupt(what) => what.clone(),
        other => other.to_string(),
    }
}

/// Something stored that does not read back: `what` it is, and why.
fn unreadable(what: &str, why: impl std::fmt::Display) -> LedgerError {
    LedgerError::Corrupt(format!("{what}: {why}"))
}
