//! Opening: which format the ledger has, or that there is none yet.

use super::FORMAT;
use super::keys::Keys;
use super::link::Link;
use super::reply::text;
use crate::engine::ports::LedgerError;

/// Makes the ledger if there is none of this name, and refuses one of another format.
pub(super) async fn open(link: &Link, keys: &Keys) -> Result<(), LedgerError> {
    let mut make = redis::cmd("HSETNX");
    make.arg(keys.meta()).arg("format").arg(FORMAT);
    link.ask(&make).await?;
    let mut look = redis::cmd("HGET");
    look.arg(keys.meta()).arg("format");
    let found = text(link.ask(&look).await?)?.unwrap_or_default();
    if found == FORMAT {
        Ok(())
    } else {
        Err(LedgerError::Format {
            at: link.name().to_owned(),
            found,
            wanted: FORMAT.to_owned(),
        })
    }
}
