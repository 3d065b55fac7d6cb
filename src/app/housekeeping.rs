//! Finished batches whose time is over are forgotten, so that no ledger grows for ever. Workers see to it now and then.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Job;
use crate::domain::batch::Batch;
use crate::domain::ids::BatchId;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Ledger, LedgerError};
use crate::world::World;

/// How often a worker looks. All workers of a ledger look; what one has forgotten costs the others nothing.
const EVERY: Duration = Duration::from_secs(600);

/// Looks now and then, for as long as it is let.
pub async fn keep_house(ledger: Arc<dyn Ledger>, world: Arc<dyn World>) {
    loop {
        match forget_expired(&*ledger, world.now()).await {
            Ok(forgotten) if forgotten.is_empty() => {}
            Ok(forgotten) => tracing::info!(batches = forgotten.len(), "finished batches were forgotten"),
            Err(error @ LedgerError::Unavailable(_)) => {
                tracing::debug!(%error, "the ledger does not answer; looked at again later");
            }
            Err(error) => tracing::warn!(%error, "finished batches are not forgotten; looked at again later"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Forgets the finished batches whose jobs say that their time is over; returns which. One that cannot be forgotten is
/// told, and keeps no other.
///
/// # Errors
/// When the ledger does not answer, or its batches cannot be listed.
pub async fn forget_expired(ledger: &dyn Ledger, now: Timestamp) -> Result<Vec<BatchId>, LedgerError> {
    let mut forgotten = Vec::new();
    for batch in ledger.batches().await? {
        if !is_expired(&batch, now) {
            continue;
        }
        match ledger.forget(&batch.id).await {
            Ok(true) => forgotten.push(batch.id),
            Ok(false) => {}
            Err(error @ LedgerError::Unavailable(_)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, batch = %batch.id, "a finished batch cannot be forgotten; tried again later");
            }
        }
    }
    Ok(forgotten)
}

/// A job that cannot be read says nothing of retention: the batch stays.
fn is_expired(batch: &Batch, now: Timestamp) -> bool {
    let Ok(loaded) = Job::parse(&batch.job_text, &batch.job, &[]) else {
        return false;
    };
    let kept = loaded.job.retention.finished.get();
    !kept.is_zero() && now.since(batch.created_at) >= kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ProviderName, Span};
    use crate::domain::batch::Weight;
    use crate::domain::ids::{Digest, Scope};
    use crate::domain::task::Action;
    use crate::ledger::sqlite::SqliteLedger;
    use crate::provider::testing::Log;

    fn batch(name: &str, kept: Duration) -> Batch {
        let mut job = Job::new("adobe-create", ProviderName::Adobe, Action::Create);
        job.retention.finished = Span::new(kept);
        let scope = Scope {
            provider: "adobe".into(),
            account: "1@https://partners.example".into(),
        };
        let file_digest = Digest::of(name.as_bytes());
        Batch {
            id: BatchId::derive(&scope, Action::Create, &file_digest),
            job: job.name.clone(),
            job_text: job.to_toml(),
            scope,
            action: Action::Create,
            file_name: name.into(),
            file_digest,
            rows_total: 0,
            rows_imported: 0,
            columns: Vec::new(),
            derived_keys: false,
            created_at: Timestamp::from_ms(1_000),
            pause: None,
            cancelled: false,
            weight: Weight::default(),
            terms: None,
            foreseen: None,
        }
    }

    #[tokio::test]
    async fn one_that_cannot_be_forgotten_is_told_and_keeps_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let ledger = SqliteLedger::open(&path).unwrap();
        let day = Duration::from_secs(86_400);
        let batches = ["one", "two", "three"].map(|name| batch(name, day));
        for batch in &batches {
            ledger.open_batch(batch).await.unwrap();
        }
        let by_hand = rusqlite::Connection::open(&path).unwrap();
        let spoil = "UPDATE batches SET rows_total = 'x' WHERE id = ?1";
        by_hand.execute(spoil, (batches[1].id.as_str(),)).unwrap();
        let (log, _guard) = Log::capture();
        let late = Timestamp::from_ms(1_000).plus(2 * day);
        let mut forgotten = forget_expired(&ledger, late).await.unwrap();
        forgotten.sort();
        let mut wanted = vec![batches[0].id.clone(), batches[2].id.clone()];
        wanted.sort();
        assert_eq!(forgotten, wanted);
        let said = log.text();
        assert!(
            said.contains("WARN") && said.contains(batches[1].id.as_str()),
            "{said}"
        );
    }

    #[tokio::test]
    async fn what_is_finished_and_old_is_forgotten_and_nothing_else() {
        let ledger = SqliteLedger::in_memory().unwrap();
        let day = Duration::from_secs(86_400);
        let old = batch("old", day);
        let open = Batch {
            rows_total: 1,
            ..batch("open", day)
        };
        for batch in [
            &old,
            &open,
            &batch("young", 3 * day),
            &batch("for ever", Duration::ZERO),
        ] {
            ledger.open_batch(batch).await.unwrap();
        }
        let early = Timestamp::from_ms(999).plus(day);
        assert_eq!(forget_expired(&ledger, early).await.unwrap(), []);
        let late = Timestamp::from_ms(1_000).plus(2 * day);
        assert_eq!(forget_expired(&ledger, late).await.unwrap(), [old.id]);
        assert_eq!(ledger.batches().await.unwrap().len(), 3);
    }
}
