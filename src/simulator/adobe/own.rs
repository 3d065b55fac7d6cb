//! What is counted of correlation and request ids, and of updates: no other provider has them.

use serde::{Deserialize, Serialize};

use crate::simulator::tally;

/// What happened so far.
pub type Ledger = tally::Ledger<OwnCounts>;

/// How ids were used, and how much was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCounts {
    /// Answers that came from the replay store.
    pub replayed: u64,
    /// Creates and updates sent under a correlation id whose answer had been delivered already (providers.md 2.4, I2).
    pub reused_ids: u64,
    /// The same for reads.
    pub reused_read_ids: u64,
    /// Request ids that came more than once.
    pub request_ids_reused: u64,
    /// Creates and updates sent under a correlation id of one with another body.
    pub other_body: u64,
    /// Updates that were carried out.
    pub updates: u64,
    /// The most that were for any one account.
    pub updates_per_account_max: u64,
}
