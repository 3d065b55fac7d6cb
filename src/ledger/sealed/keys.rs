//! Which keys a ledger's rows need: to know before work begins that one is missing, and when one can be retired.

use std::collections::BTreeMap;

use super::{SealError, SealedLedger, rows};
use crate::domain::batch::Batch;
use crate::domain::ids::BatchId;
use crate::engine::ports::LedgerError;

/// Rows looked at together.
const PAGE_ROWS: u32 = 1_000;

impl SealedLedger {
    /// Looks at a batch's first row and its last, whose cells have the newest key.
    ///
    /// # Errors
    /// [`LedgerError::Sealed`] when a key that one of them needs is not in the ring.
    pub async fn has_keys_of(&self, batch: &Batch) -> Result<(), LedgerError> {
        let ends = [0, batch.rows_imported.saturating_sub(1)];
        for from in ends {
            for stored in self.inner.rows(&batch.id, from, 1).await? {
                if let Some(id) = rows::keys_of(&stored).into_iter().find(|id| !self.ring.has(id)) {
                    let missing = SealError::NoKey { id: id.to_owned() };
                    return Err(missing.of(format!("batch {}: its rows are", batch.id)));
                }
            }
        }
        Ok(())
    }

    /// How many rows of a batch need which key; a row may need two. Reads all of them.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn rows_by_key(&self, batch: &BatchId) -> Result<BTreeMap<String, u64>, LedgerError> {
        let mut found = BTreeMap::new();
        let mut from = 0;
        loop {
            let page = self.inner.rows(batch, from, PAGE_ROWS).await?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            from = last.seq + 1;
            for id in page.iter().flat_map(rows::keys_of) {
                *found.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
}
