//! Rows counted into a [`Summary`].

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::summary::{
    Calls, FORMAT, ForeseenShown, KeptOtherwise, Outcomes, PauseShown, Progress, Rows, RuleGap, Summary,
};
use super::{Bucket, INVALID, ResultRow};
use crate::domain::attempt::CallKind;
use crate::domain::batch::{Batch, Counts};
use crate::domain::time::Timestamp;

/// Gathers rows into a summary.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    rows: Rows,
    outcomes: Outcomes,
    first_created_at: Option<Timestamp>,
    last_created_at: Option<Timestamp>,
    last_settled_at: Option<Timestamp>,
    gaps: BTreeMap<(String, String), RuleGap>,
    kept: BTreeMap<String, u64>,
}

/// Kinds of refusals that are told apart.
const GAPS_MAX: usize = 200;

impl Fold {
    /// Counts a row in.
    pub fn add(&mut self, row: &ResultRow) {
        self.rows.reported += 1;
        match row.bucket {
            Bucket::Succeeded => self.rows.succeeded += 1,
            Bucket::Failed => self.rows.failed += 1,
            Bucket::Pending => self.rows.pending += 1,
            Bucket::Forgotten => self.rows.forgotten += 1,
        }
        self.rows.open += u64::from(row.open);
        self.rows.invalid += u64::from(row.outcome == INVALID);
        self.rows.changed += u64::from(row.changed);
        self.outcomes.add(row.outcome);
        for kept in &row.kept {
            let is_full = self.kept.len() >= GAPS_MAX;
            match self.kept.entry(kept.column.clone()) {
                Entry::Occupied(known) => *known.into_mut() += 1,
                Entry::Vacant(place) if !is_full => {
                    place.insert(1);
                }
                Entry::Vacant(_) => {}
            }
        }
        for gap in &row.gaps {
            let kind = (gap.code.clone(), gap.field.clone());
            let is_full = self.gaps.len() >= GAPS_MAX;
            match self.gaps.entry(kind) {
                Entry::Occupied(known) => known.into_mut().rows += 1,
                Entry::Vacant(place) if !is_full => {
                    place.insert(gap.clone());
                }
                Entry::Vacant(_) => {}
            }
        }
        self.first_created_at = match (self.first_created_at, row.created_at) {
            (Some(first), Some(at)) => Some(first.min(at)),
            (first, at) => first.or(at),
        };
        self.last_created_at = self.last_created_at.max(row.created_at);
        self.last_settled_at = self.last_settled_at.max(row.settled_at);
    }

    /// The summary of the rows counted in, at the time `now`. `counts` may be a moment older or newer than the rows
    /// while work goes on.
    pub fn finish(self, batch: &Batch, counts: &Counts, now: Timestamp) -> Summary {
        let rows = Rows {
            in_file: batch.rows_total.max(self.rows.reported),
            ..self.rows
        };
        let missing = rows.in_file - rows.reported;
        let pause = batch
            .pause
            .as_ref()
            .filter(|pause| pause.until.is_none_or(|until| until > now));
        let progress = match () {
            () if batch.cancelled && rows.open == 0 => Progress::Cancelled,
            () if pause.is_some() && (rows.open > 0 || missing > 0) => Progress::Paused,
            () if missing > 0 => Progress::Importing,
            () if rows.open > 0 => Progress::Open,
            () => Progress::Finished,
        };
        let (exit_code, exit_meaning) = exit(&rows, progress);
        let calls = [CallKind::Submit, CallKind::LookUp, CallKind::Poll].map(|kind| counts.calls_of(kind));
        let [submit, look_up, poll] = calls;
        let total = calls.iter().sum();
        let mut rule_gaps: Vec<RuleGap> = self.gaps.into_values().collect();
        rule_gaps.sort_by_key(|gap| Reverse(gap.rows));
        let kept = self
            .kept
            .into_iter()
            .map(|(field, rows)| KeptOtherwise { field, rows });
        let mut kept: Vec<KeptOtherwise> = kept.collect();
        kept.sort_by_key(|kept| Reverse(kept.rows));
        let since_import = |at: Option<Timestamp>| at.map(|at| millis(at.since(batch.created_at)));
        let foreseen = batch.foreseen.as_ref().map(|foreseen| ForeseenShown {
            rows: foreseen.rows,
            calls: (foreseen.calls.total, total),
            created_in_ms: (foreseen.created_in_ms, since_import(self.last_created_at)),
            settled_in_ms: (foreseen.settled_in_ms, since_import(self.last_settled_at)),
            basis: foreseen.basis,
        });
        Summary {
            format: FORMAT,
            batch: batch.id.to_string(),
            job: batch.job.clone(),
            provider: batch.scope.provider.clone(),
            account: batch.scope.account.clone(),
            action: batch.action.as_str(),
            file: batch.file_name.clone(),
            file_digest: batch.file_digest.to_string(),
            progress,
            exit_code,
            exit_meaning,
            rows,
            outcomes: self.outcomes,
            calls: Calls {
                submit,
                look_up,
                poll,
                total,
            },
            resends: counts.resends,
            throttled: counts.throttled,
            settle_ms_mean: counts.settle_ms_sum.checked_div(counts.settle_n),
            took_ms: since_import(self.last_settled_at),
            imported_at: batch.created_at.to_string(),
            first_created_at: self.first_created_at.map(|at| at.to_string()),
            last_settled_at: self.last_settled_at.map(|at| at.to_string()),
            written_at: now.to_string(),
            pause: pause.map(|pause| PauseShown::of(pause, &batch.id)),
            resume: resume(batch, &rows, progress),
            rule_gaps,
            kept,
            foreseen,
        }
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The exit code of a run that ends like this. Pending rows outrank failed ones: the first can be waited for.
fn exit(rows: &Rows, progress: Progress) -> (u8, &'static str) {
    let unfinished = rows.pending > 0 || rows.reported < rows.in_file;
    match progress {
        Progress::Paused => (6, "paused"),
        Progress::Cancelled if rows.succeeded < rows.in_file => {
            (4, "finished, some rows are not in their wanted state")
        }
        _ if unfinished => (5, "rows are still pending"),
        _ if rows.invalid > 0 && rows.invalid == rows.reported => {
            (3, "the input is invalid, no call was made")
        }
        _ if rows.failed + rows.forgotten > 0 => (4, "finished, some rows are not in their wanted state"),
        _ => (0, "every row is in its wanted state"),
    }
}

fn resume(batch: &Batch, rows: &Rows, progress: Progress) -> Option<String> {
    match progress {
        Progress::Paused => {
            let pause = batch.pause.as_ref()?;
            Some(pause.reason.hint_for(&batch.id))
        }
        Progress::Cancelled => None,
        _ if rows.pending > 0 || rows.reported < rows.in_file => {
            Some("run the same command again: it goes on where it stopped".to_owned())
        }
        _ => None,
    }
}
