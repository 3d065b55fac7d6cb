//! The second reading of a file: its rows go to the ledger, in blocks.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{BLOCKS_AHEAD, Checked, Feed};
use crate::app::{Exit, Failure};
use crate::config::Job;
use crate::domain::batch::Batch;
use crate::domain::ids::Digest;
use crate::domain::machine::Order;
use crate::domain::plan::Foreseen;
use crate::engine::ports::{Appended, Ledger, NewRow};
use crate::intake::{Reader, Scanned, scan};
use crate::world::World;

/// Rows that go to the ledger together.
const BLOCK_ROWS: usize = 1_000;
impl Feed {
    /// Puts the rows that are missing into the ledger, and takes up again what had stopped short of its end.
    /// An import that was broken off goes on where it was. `foreseen` is kept with a new batch; `at` hears how many rows
    /// are in.
    pub async fn import(
        self: &Arc<Self>,
        checked: &Arc<Checked>,
        ledger: &dyn Ledger,
        world: &dyn World,
        foreseen: Option<Foreseen>,
        at: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(Batch, Appended), Failure> {
        self.can_be_fed(&checked.mapping)?;
        let batch = Batch {
            foreseen,
            ..self.batch(checked, world.now())
        };
        self.is_sealed_as_begun(&batch, ledger).await?;
        let mut batch = ledger.open_batch(&batch).await?;
        if batch.cancelled {
            return Err(Failure::usage(
                format!("this file's batch {} was cancelled", batch.id),
                format!("`enlist retry {}` takes it up again", batch.id),
            ));
        }
        if batch.is_imported() {
            let unused = Digest::of(b"");
            let resumed = ledger
                .apply_to_batch(&batch.id, &Order::Fed(unused), world.now())
                .await?;
            let unchanged = batch.rows_total.saturating_sub(resumed);
            return Ok((
                batch,
                Appended {
                    resumed,
                    unchanged,
                    ..Appended::default()
                },
            ));
        }
        let (blocks_in, mut blocks) = mpsc::channel(BLOCKS_AHEAD);
        let (feed, seen, from) = (Arc::clone(self), Arc::clone(checked), batch.rows_imported);
        let reading = tokio::task::spawn_blocking(move || feed.read(&seen, from, &blocks_in));
        let mut appended = Appended::default();
        while let Some(block) = blocks.recv().await {
            let part = ledger.append(&batch.id, &block, world.now()).await?;
            appended.add(part);
            batch.rows_imported = block.last().map_or(batch.rows_imported, |row| row.seq + 1);
            at(batch.rows_imported);
        }
        reading
            .await
            .map_err(|error| Failure::new(Exit::Failed, format!("reading ended: {error}"), ""))??;
        Ok((batch, appended))
    }

    /// A batch is sealed as it was begun: turned on in the middle, sealing would hide a part and be taken for the whole.
    async fn is_sealed_as_begun(&self, batch: &Batch, ledger: &dyn Ledger) -> Result<(), Failure> {
        let known = ledger
            .batch(&batch.id)
            .await?
            .filter(|known| known.rows_imported > 0);
        let Some(known) = known else { return Ok(()) };
        let begun = Job::parse(&known.job_text, &known.job, &[])?.job.secrets.seal;
        let now = self.job.secrets.seal;
        if begun == now {
            return Ok(());
        }
        Err(Failure::usage(
            format!(
                "batch {} of {} was begun with secrets.seal = \"{begun}\", and the job now says \"{now}\"",
                batch.id,
                self.source.name()
            ),
            format!("its rows stay as they lie: go on with --set secrets.seal={begun}"),
        ))
    }

    /// The second reading: rows from number `from` on, in blocks.
    pub(super) fn read(
        &self,
        checked: &Checked,
        from: u64,
        blocks: &mpsc::Sender<Vec<NewRow>>,
    ) -> Result<(), Failure> {
        let reader = Reader::open(&self.source, &self.limits)?;
        let keep = self.kept_columns(checked);
        let mut block = Vec::with_capacity(BLOCK_ROWS);
        let mut broken = None;
        let summary = scan(
            reader,
            &checked.mapping,
            self.contract,
            self.ruling(),
            &mut |scanned| {
                let Scanned::Row(row) = scanned else {
                    return ControlFlow::Continue(());
                };
                if row.seq <= from {
                    return ControlFlow::Continue(());
                }
                match self.new_row(&row, &keep) {
                    Ok(row) => block.push(row),
                    Err(failure) => {
                        broken = Some(failure);
                        return ControlFlow::Break(());
                    }
                }
                if block.len() < BLOCK_ROWS || blocks.blocking_send(std::mem::take(&mut block)).is_ok() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
        )?;
        if let Some(failure) = broken {
            return Err(failure);
        }
        if summary.digest != checked.summary.digest {
            return Err(Failure::new(
                Exit::InvalidInput,
                format!("{} was changed while it was read", self.source.name()),
                "run the command again when nothing writes to the file; rows taken so far are met again",
            ));
        }
        if !block.is_empty() {
            let _ = blocks.blocking_send(block);
        }
        Ok(())
    }
}
