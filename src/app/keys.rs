//! The keyring of a process: from the environment or a file, and what a job needs of it.

use secrecy::ExposeSecret as _;

use super::{Env, Failure};
use crate::config::env::{is_set, secret};
use crate::config::{Job, SealWhat};
use crate::domain::batch::Batch;
use crate::domain::contract::Contract;
use crate::engine::ports::{Ledger as _, LedgerError, Seal};
use crate::ledger::sealed::{Keyring, Names, SealError, SealedLedger};

/// The variable that holds the keyring; with `_FILE` appended, the one that names a file with it.
pub const SEAL_KEYS: &str = "ENLIST_SEAL_KEYS";

/// Reads the keyring; without one it is empty.
pub fn keyring(env: &Env) -> Result<Keyring, Failure> {
    if !is_set(SEAL_KEYS, &**env) {
        return Ok(Keyring::default());
    }
    let text = secret(SEAL_KEYS, &**env)?;
    Keyring::parse(text.expose_secret()).map_err(|error| {
        Failure::usage(
            format!("{SEAL_KEYS}: {error}"),
            "a keyring is made of lines ID:KEY; `enlist keys new` prints them",
        )
    })
}

/// What of a job's rows must be sealed, and the names for it.
#[derive(Clone, Debug, Default)]
pub struct Sealing {
    whole: bool,
    /// There, if the provider takes secrets.
    names: Option<Names>,
}

impl Sealing {
    /// What a job and its provider's contract ask for.
    ///
    /// # Errors
    /// When they ask for something and there are no keys for it: nothing is then stored in the open.
    pub fn of(job: &Job, contract: &Contract, env: &Env) -> Result<Self, Failure> {
        let whole = job.secrets.seal == SealWhat::All;
        let has_secrets = !contract.secret.is_empty();
        if !whole && !has_secrets {
            return Ok(Self::default());
        }
        let ring = keyring(env)?;
        let ready = || -> Result<Option<Names>, SealError> {
            ring.can_seal()?;
            has_secrets.then(|| ring.names().cloned()).transpose()
        };
        let names = ready().map_err(|error| {
            let why = if has_secrets {
                format!("{} takes secrets", contract.provider)
            } else {
                "secrets.seal is \"all\"".to_owned()
            };
            Failure::usage(format!("job {}: {why}: {error}", job.name), "")
        })?;
        Ok(Self { whole, names })
    }

    /// Whether rows are sealed whatever is in them.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The names for what holds secrets, where the provider takes any.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// What of a faulty row must be sealed. Where secrets can come, a cell may be a secret that slipped into another column.
    pub fn of_faults(&self) -> Seal {
        if self.whole || self.names.is_some() {
            Seal::Row
        } else {
            Seal::Nothing
        }
    }
}

/// Whether the keys are there that a batch's rows need, before it is worked.
///
/// # Errors
/// Names the key that is missing.
pub async fn check_batch(ledger: &SealedLedger, batch: &Batch) -> Result<(), Failure> {
    Ok(ledger.has_keys_of(batch).await?)
}

/// The same of every batch that a worker would take up now.
///
/// # Errors
/// Names a batch and the key that is missing.
pub async fn check_all(ledger: &SealedLedger) -> Result<(), LedgerError> {
    for batch in ledger.batches().await? {
        if batch.pause.is_none() && !batch.cancelled && ledger.counts(&batch.id).await?.open() > 0 {
            ledger.has_keys_of(&batch).await.map_err(|error| match error {
                LedgerError::Sealed(why) => LedgerError::Sealed(format!(
                    "{why}; or `enlist pause {}` leaves that batch aside",
                    batch.id
                )),
                other => other,
            })?;
        }
    }
    Ok(())
}
