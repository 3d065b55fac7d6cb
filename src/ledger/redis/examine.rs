//! Whether a Redis is fit to hold a ledger: asked before the ledger is used, and by `enlist doctor`.

mod judge;

use std::collections::HashMap;

use super::link::Link;
use super::reply::{list, text};
use crate::config::RedisAccess;
use crate::config::redis_address::RedisPlace;
use crate::domain::diagnosis::{Diagnosis, Verdict};
use crate::engine::ports::LedgerError;
use judge::{Seen, judge};

/// Settings that only `CONFIG GET` tells.
const SETTINGS: [&str; 2] = ["appendfsync", "save"];

/// Refuses a server that is too old, or would throw rows or budgets away when its memory is full. One that does not tell
/// is believed.
pub(super) async fn refuse_unfit(link: &Link) -> Result<(), LedgerError> {
    let Some(info) = info(link).await? else {
        return Ok(());
    };
    let mut judged = std::iter::once(judge::version(&info)).chain(judge::eviction(&info));
    match judged.find(|found| found.verdict == Verdict::Misconfigured) {
        Some(Diagnosis { message, hint, .. }) => Err(LedgerError::Unfit(format!(
            "{}: {message}; hint: {hint}",
            link.name()
        ))),
        None => Ok(()),
    }
}

/// Looks at the server that `access` leads to, whether or not it can hold a ledger.
///
/// # Errors
/// When it cannot be reached, or does not let us in.
pub async fn examine(access: &RedisAccess) -> Result<Vec<Diagnosis>, LedgerError> {
    look(&Link::open(access).await?, access.address.place()).await
}

/// Looks at the server behind `link`.
pub(super) async fn look(link: &Link, place: &RedisPlace) -> Result<Vec<Diagnosis>, LedgerError> {
    let mut seen = Seen {
        info: info(link).await?,
        settings: Some(HashMap::new()),
        in_cluster: matches!(place, RedisPlace::Cluster(_)),
        by_sentinels: matches!(place, RedisPlace::Sentinels { .. }),
    };
    for name in SETTINGS {
        let value = link
            .ask_if_allowed(redis::cmd("CONFIG").arg("GET").arg(name))
            .await?;
        let Some(pair) = value else {
            seen.settings = None;
            break;
        };
        if let (Some(settings), Some(value)) = (&mut seen.settings, list(pair)?.into_iter().nth(1)) {
            settings.insert(name.to_owned(), text(value)?.unwrap_or_default());
        }
    }
    Ok(judge(&seen))
}

/// What the server says of itself; `None` if this user may not ask.
async fn info(link: &Link) -> Result<Option<HashMap<String, String>>, LedgerError> {
    match link.ask_if_allowed(&redis::cmd("INFO")).await? {
        Some(answer) => Ok(Some(judge::fields(&text(answer)?.unwrap_or_default()))),
        None => Ok(None),
    }
}
