//! Opens the ledger, and finds batches in it.

use std::path::Path;
use std::sync::Arc;

use super::{App, Exit, Failure};
use crate::config::LedgerAddress;
use crate::domain::batch::Batch;
use crate::engine::ports::Ledger;
use crate::ledger::sqlite::SqliteLedger;

impl App {
    /// Opens the ledger, making its folder if need be.
    pub fn open_ledger(&self) -> Result<Arc<dyn Ledger>, Failure> {
        if self.ledger.is_memory() {
            return Ok(Arc::new(SqliteLedger::in_memory()?));
        }
        let LedgerAddress::Sqlite(path) = &self.ledger;
        if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
            std::fs::create_dir_all(folder).map_err(|error| {
                Failure::new(
                    Exit::Failed,
                    format!(
                        "cannot make the folder of the ledger, {}: {error}",
                        folder.display()
                    ),
                    "name a ledger you may write to with --ledger sqlite:FILE, or set ENLIST_DATA_DIR",
                )
            })?;
        }
        Ok(Arc::new(SqliteLedger::open(path)?))
    }

    /// The batch that `word` names: its id, the beginning of it, or `last`.
    pub async fn find_batch(&self, ledger: &dyn Ledger, word: &str) -> Result<Batch, Failure> {
        let mut batches = ledger.batches().await?;
        if word == "last" && !batches.is_empty() {
            return Ok(batches.swap_remove(0));
        }
        let mut found = batches
            .into_iter()
            .filter(|batch| batch.id.as_str().starts_with(word));
        let hint = format!("`enlist status --ledger {}` lists the batches", self.ledger);
        match (found.next(), found.next()) {
            (Some(batch), None) => Ok(batch),
            (Some(_), Some(_)) => Err(Failure::usage(
                format!("more than one batch begins with {word}"),
                hint,
            )),
            (None, _) => Err(Failure::usage(
                format!("there is no batch {word} in {}", self.ledger),
                hint,
            )),
        }
    }
}
