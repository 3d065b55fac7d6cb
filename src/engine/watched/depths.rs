//! The numbers that come from the ledger, kept fresh enough and never asked for too often: looking must not hurt.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::domain::time::Timestamp;
use crate::engine::ports::Ledger;
use crate::telemetry::metrics::Metrics;
use crate::world::World;

/// What was read serves everybody who asks this soon after.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// A ledger that takes longer counts as one that does not answer.
const READ_MAX: Duration = Duration::from_secs(2);

/// Numbers that are sent unasked are read this often.
const UNASKED_EVERY: Duration = Duration::from_secs(10);

/// Reads what waits in the ledger, for whoever asks.
pub struct Depths {
    ledger: OnceLock<Arc<dyn Ledger>>,
    metrics: Arc<Metrics>,
    world: Arc<dyn World>,
    last: Mutex<Option<Read>>,
}

struct Read {
    at: Timestamp,
    failed: Option<String>,
}

impl Depths {
    /// Reads for `metrics`, once there is a ledger.
    pub fn new(metrics: Arc<Metrics>, world: Arc<dyn World>) -> Self {
        Self {
            ledger: OnceLock::new(),
            metrics,
            world,
            last: Mutex::default(),
        }
    }

    /// From now on `ledger` is read. Only the first one given is.
    pub fn read_from(&self, ledger: Arc<dyn Ledger>) {
        let _ = self.ledger.set(ledger);
    }

    /// Reads, unless somebody has just done so. Those who come meanwhile wait for the same answer.
    ///
    /// # Errors
    /// Why the ledger does not answer, in one line; then its numbers are gone from the metrics.
    pub async fn refresh(&self) -> Result<(), String> {
        let Some(ledger) = self.ledger.get() else {
            return Err("the ledger is not open yet".to_owned());
        };
        let mut last = self.last.lock().await;
        let now = self.world.steady();
        if let Some(read) = last.as_ref().filter(|read| now.since(read.at) < FRESH_FOR) {
            return read.failed.clone().map_or(Ok(()), Err);
        }
        let at = self.world.now();
        let answer = tokio::time::timeout(READ_MAX, ledger.backlog(at)).await;
        let (backlog, failed) = match answer {
            Ok(Ok(backlog)) => (Some((backlog, at)), None),
            Ok(Err(error)) => (None, Some(one_line(&error.to_string()))),
            Err(_) => {
                let why = format!("the ledger does not answer within {} s", READ_MAX.as_secs());
                (None, Some(why))
            }
        };
        self.metrics.waiting(backlog);
        *last = Some(Read {
            at: self.world.steady(),
            failed: failed.clone(),
        });
        failed.map_or(Ok(()), Err)
    }

    /// Reads now and then, for ever.
    pub async fn keep_fresh(&self) {
        loop {
            // Trouble with the ledger is said by those who work with it.
            let _ = self.refresh().await;
            tokio::time::sleep(UNASKED_EVERY).await;
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
