//! Opening: which format the ledger has, or that there is none yet.

use super::FORMAT;
use super::keys::Keys;
use super::link::Link;
use super::reply::text;
use crate::engine::ports::LedgerError;

/// Makes the ledger if there is none of this name, and refuses one of another format. Where there is one nothing is
/// written: a Redis that is full or cannot save refuses every write, and must still be read, and make room by `forget`.
pub(super) async fn open(link: &Link, keys: &Keys) -> Result<(), LedgerError> {
    let mut look = redis::cmd("HGET");
    look.arg(keys.meta()).arg("format");
    let found = match text(link.ask(&look).await?)? {
        Some(found) => found,
        None => {
            let mut make = redis::cmd("HSETNX");
            make.arg(keys.meta()).arg("format").arg(FORMAT);
            link.ask(&make).await?;
            // Another may have been faster, and of another version.
            text(link.ask(&look).await?)?.unwrap_or_default()
        }
    };
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
