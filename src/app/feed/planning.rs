//! What will be done with a file's rows, from what the ledger knows of them. Changes nothing.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{BLOCKS_AHEAD, Checked, Feed};
use crate::app::{Exit, Failure, providers};
use crate::config::CallsOf;
use crate::domain::batch::Counts;
use crate::domain::machine::{Order, order};
use crate::domain::plan::{Foreseen, Habit, Planner, Windows};
use crate::domain::time::Timestamp;
use crate::engine::ports::{Ledger, NewRow, NewRowBody};

/// Earlier batches whose accounts say what to expect; the newest count.
const BATCHES_MAX: usize = 20;

impl Feed {
    /// What this file will come to.
    pub async fn foresee(
        self: &Arc<Self>,
        checked: &Arc<Checked>,
        ledger: &dyn Ledger,
        now: Timestamp,
    ) -> Result<Foreseen, Failure> {
        let mut planner = Planner::new(&providers::idempotency(&self.job));
        let earlier = self.earlier(ledger).await?;
        if earlier.is_empty() {
            planner.new_rows(checked.summary.sound);
            planner.invalid_rows(checked.summary.faulty);
        } else {
            let (blocks_in, mut blocks) = mpsc::channel(BLOCKS_AHEAD);
            let (feed, seen) = (Arc::clone(self), Arc::clone(checked));
            let reading = tokio::task::spawn_blocking(move || feed.read(&seen, 0, &blocks_in));
            while let Some(block) = blocks.recv().await {
                self.look_at(&block, ledger, now, &mut planner).await?;
            }
            reading
                .await
                .map_err(|error| Failure::new(Exit::Failed, format!("reading ended: {error}"), ""))??;
        }
        let habit = Habit::of(&earlier).unwrap_or_else(|| Habit::assumed(self.job.poll.first.get()));
        let windows = Windows {
            all: self.job.windows(CallsOf::All),
            writes: self.job.windows(CallsOf::Writes),
            reads: self.job.windows(CallsOf::Reads),
        };
        Ok(planner.foresee(habit, &windows))
    }

    /// What batches of the same kind have cost.
    async fn earlier(&self, ledger: &dyn Ledger) -> Result<Vec<Counts>, Failure> {
        let mut counts = Vec::new();
        let batches = ledger.batches().await?.into_iter();
        let same = |(scope, action)| scope == self.scope && action == self.job.operation;
        for batch in batches
            .filter(|batch| same((batch.scope.clone(), batch.action)))
            .take(BATCHES_MAX)
        {
            counts.push(ledger.counts(&batch.id).await?);
        }
        Ok(counts)
    }

    async fn look_at(
        &self,
        block: &[NewRow],
        ledger: &dyn Ledger,
        now: Timestamp,
        planner: &mut Planner,
    ) -> Result<(), Failure> {
        let sound: Vec<_> = block
            .iter()
            .filter_map(|row| match &row.body {
                NewRowBody::Sound { key, digest, .. } => Some((key.clone(), *digest)),
                NewRowBody::Faulty(_) => None,
            })
            .collect();
        planner.invalid_rows((block.len() - sound.len()) as u64);
        let keys: Vec<_> = sound.iter().map(|(key, _)| key.clone()).collect();
        let tasks = ledger.tasks(&self.scope, self.job.operation, &keys).await?;
        for ((_, digest), task) in sound.iter().zip(tasks) {
            match task {
                None => planner.new_rows(1),
                Some(task) => {
                    let fed = order(&task, &Order::Fed(*digest), now);
                    planner.known_row(&fed.state, task.payload != *digest);
                }
            }
        }
        Ok(())
    }
}
