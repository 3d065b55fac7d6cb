//! What a ledger says when it cannot do what it was asked.

use crate::domain::ids::BatchId;

/// A ledger that cannot answer now, or never.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Busy, full, disconnected: the same call later can succeed. Nothing of it was kept.
    #[error("the ledger does not answer: {0}")]
    Unavailable(String),
    /// It is set up in a way that rules it out, or rules us out: credentials, encryption, eviction, version. Somebody
    /// must change something first.
    #[error("the ledger cannot be used: {0}")]
    Unfit(String),
    /// Another program, or another version of this one, wrote it.
    #[error(
        "the ledger at {at} has format {found}, this program reads format {wanted}; \
         hint: name another one, or use the version of enlist that made it"
    )]
    Format {
        /// Where it is.
        at: String,
        /// Its format.
        found: String,
        /// The format this program reads and writes.
        wanted: String,
    },
    /// It does not know the batch.
    #[error("the ledger has no batch {0}; hint: `enlist status` lists those it has")]
    NoBatch(BatchId),
    /// It does not have the rows before those given. Nothing of the call was kept.
    #[error(
        "the ledger has the first {imported} rows of batch {batch}, and not those up to the next: it was set back to \
         an earlier state; hint: give the same command again, which goes on from there"
    )]
    Behind {
        /// The batch.
        batch: BatchId,
        /// Its rows as far as it has them.
        imported: u64,
    },
    /// Something in it cannot be read.
    #[error("the ledger holds something unreadable: {0}")]
    Corrupt(String),
    /// What must not lie in the open cannot be sealed, or what is sealed cannot be opened: a key is missing or another.
    #[error("{0}")]
    Sealed(String),
}

impl LedgerError {
    /// The kind of error in a word, for whoever counts them.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Format { .. } => "format",
            Self::NoBatch(_) => "no_batch",
            Self::Behind { .. } => "behind",
            Self::Corrupt(_) => "corrupt",
            Self::Unfit(_) => "unfit",
            Self::Sealed(_) => "sealed",
        }
    }
}
