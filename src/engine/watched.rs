//! The ports, watched: each stands before the real one, lets everything through, and counts. Who works need not know
//! that anybody looks, and a new ledger or provider is watched from its first day.

mod budget;
mod depths;
mod ledger;
mod provider;
mod pulse;

pub use budget::WatchedBudget;
pub use depths::Depths;
pub use ledger::WatchedLedger;
pub use provider::WatchedProvider;
pub use pulse::{Pulse, Role};

#[cfg(test)]
mod tests;
