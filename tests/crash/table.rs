//! What is counted at the end, and how it is printed.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::fleet::Retired;
use crate::motion::{Moved, Span, within};
use crate::plan::Plan;
use crate::support::{Rig, Simulator};

/// What the provider and the report say at the end.
#[derive(Debug)]
pub(crate) struct Found {
    /// Accounts at the provider.
    pub(crate) made: usize,
    /// Accounts beyond the first of a row.
    pub(crate) twice: usize,
    /// Rows without an account, or whose report does not name it.
    pub(crate) lost: usize,
    /// The provider's account of what happened.
    provider: Value,
    /// The batch's summary.
    summary: Value,
}

impl Found {
    pub(crate) fn gather(rig: &Rig, simulator: &Simulator, rows: usize) -> Self {
        let accounts = simulator.accounts();
        let mut by_row: HashMap<&str, Vec<&str>> = HashMap::new();
        for account in &accounts {
            let id = account["id"].as_str().unwrap();
            let reference = account["reference"].as_str().unwrap_or_default();
            by_row.entry(reference).or_default().push(id);
        }
        let results = rig.table("out/results.csv");
        let told = results.rows.iter().filter(|row| {
            by_row
                .get(row["external_id"].as_str())
                .is_some_and(|ids| ids.contains(&row["_provider_id"].as_str()))
        });
        Self {
            made: accounts.len(),
            twice: accounts.len() - by_row.len(),
            lost: rows - told.count(),
            provider: simulator.ledger(),
            summary: rig.json("out/summary.json"),
        }
    }

    /// Calls that the provider refused because a window was full.
    pub(crate) fn over_limit(&self) -> u64 {
        self.provider["calls_over_limit"].as_u64().unwrap()
    }
}

/// All figures of a run.
pub(crate) struct Table<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) took: Duration,
    pub(crate) retired: &'a Retired,
    pub(crate) redis_away: &'a [Span],
    /// Bytes of its append-only file.
    pub(crate) redis_file: u64,
    pub(crate) found: &'a Found,
    pub(crate) moved: &'a Moved,
    pub(crate) redis_cpu: Duration,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            plan, found, moved, ..
        } = self;
        let mut line = |name: &str, value: String| writeln!(f, "{name:<36}{value:>12}");
        let per_row = |span: Duration| format!("{:.3} ms", span.as_secs_f64() * 1e3 / plan.rows as f64);
        let ms = |span: Duration| format!("{} ms", span.as_millis());
        line("rows", plan.rows.to_string())?;
        line("workers", plan.workers.to_string())?;
        line("rows in hand, each worker", plan.in_flight.to_string())?;
        line("limit, calls a second", plan.limit.to_string())?;
        line("appendfsync", plan.appendfsync.clone())?;
        line("workers killed", self.retired.kills.to_string())?;
        line("Redis killed", self.redis_away.len().to_string())?;
        let away = self.redis_away.iter().map(|(gone, back)| *back - *gone);
        line("Redis away, longest", ms(away.max().unwrap_or_default()))?;
        line("accounts made", found.made.to_string())?;
        line("made twice", found.twice.to_string())?;
        line("lost", found.lost.to_string())?;
        for (kind, calls) in sorted(&found.provider["calls"]) {
            line(&format!("calls: {kind}"), calls.to_string())?;
        }
        let answers = sorted(&found.provider["answers"]);
        let throttled = answers.iter().filter(|(answer, _)| answer.starts_with("429"));
        line("answers 429", throttled.map(|(_, n)| n).sum::<u64>().to_string())?;
        line("of them over the limit", found.over_limit().to_string())?;
        line(
            "rows overtaken, their worker alive",
            self.retired.overtaken.to_string(),
        )?;
        line("rows sent again", found.summary["resends"].to_string())?;
        for (outcome, rows) in sorted(&found.summary["outcomes"]) {
            if rows > 0 {
                line(&format!("outcome: {outcome}"), rows.to_string())?;
            }
        }
        line("time to settle all", format!("{:.1} s", self.took.as_secs_f64()))?;
        line("rows of killed workers", moved.times.len().to_string())?;
        for (name, percent) in [("p50", 50), ("p99", 99), ("max", 100)] {
            let moved = within(&moved.times, percent);
            line(&format!("kill to moving again, {name}"), ms(moved))?;
        }
        line(
            "  with the time Redis was away, max",
            ms(within(&moved.in_all, 100)),
        )?;
        line("never moved again", moved.stuck.to_string())?;
        let kib = self.redis_file as f64 / 1024.0 / plan.rows as f64;
        line("append-only file, a row", format!("{kib:.1} KiB"))?;
        line("processor, Redis, a row", per_row(self.redis_cpu))?;
        line("processor, workers, a row", per_row(self.retired.cpu))
    }
}

/// The numbers of an object by name.
fn sorted(object: &Value) -> Vec<(&String, u64)> {
    let fields = object.as_object().unwrap();
    let mut sorted: Vec<_> = fields
        .iter()
        .filter_map(|(name, n)| Some((name, n.as_u64()?)))
        .collect();
    sorted.sort();
    sorted
}
