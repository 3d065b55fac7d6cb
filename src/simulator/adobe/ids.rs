//! What is counted of correlation and request ids: no other provider has them.

use serde::{Deserialize, Serialize};

use crate::simulator::tally;

/// What happened so far.
pub type Ledger = tally::Ledger<IdCounts>;

/// How ids were used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdCounts {
    /// Answers that came from the replay store.
    pub replayed: u64,
    /// Creates sent under a correlation id whose answer had been delivered already (providers.md 2.4, I2).
    pub reused_ids: u64,
    /// The same for reads.
    pub reused_read_ids: u64,
    /// Request ids that came more than once.
    pub request_ids_reused: u64,
    /// Creates sent under a correlation id of a create with another body.
    pub other_body: u64,
}
