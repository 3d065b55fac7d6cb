//! Looks at everything that work would depend on: the ledger, clocks, and a job's provider.

use std::sync::Arc;

use super::providers::{self, Surroundings};
use super::{App, Exit, Failure, clock};
use crate::config::{Job, LedgerAddress, RedisAccess};
use crate::domain::diagnosis::{Diagnosis, Verdict};
use crate::engine::budget::LocalBudget;
use crate::engine::ports::Ledger;
use crate::ledger::redis::examine as examine_redis;

/// A clock that is further off is told.
const CLOCK_OFF_MS: i64 = 1_000;

/// Rounds to the ledger that take longer are told: a step of a row needs a part of one, an import one for each block.
const ROUND_TRIP_WARNING_MS: u128 = 100;

/// How the program ends: 2 if a person must change a setting before anything works, since then there is no point in
/// asking again; 1 if something does not work now and may by itself later, so that whoever starts programs tries again;
/// 0 otherwise. Warnings stop nothing.
pub fn exit(found: &[Diagnosis]) -> Exit {
    match found.iter().map(|found| found.verdict).max() {
        Some(Verdict::Misconfigured) => Exit::Usage,
        Some(Verdict::Failing) => Exit::Failed,
        Some(Verdict::Ok | Verdict::Warning) | None => Exit::Done,
    }
}

/// What keeps a verb from beginning, as a diagnosis.
fn refused(part: &str, failure: Failure) -> Diagnosis {
    let verdict = match failure.exit {
        Exit::Usage => Verdict::Misconfigured,
        _ => Verdict::Failing,
    };
    Diagnosis::new(part, verdict, failure.message, failure.hint)
}

impl App {
    /// Looks at the ledger. It is made if there is none, as every verb would.
    pub async fn examine_ledger(&self) -> Vec<Diagnosis> {
        match self.open_ledger().await {
            Ok(ledger) => {
                let mut found = vec![Diagnosis::ok("ledger", format!("{} opens", ledger.describe()))];
                found.extend(self.examine_line(&*ledger).await);
                found.extend(ledger.examine().await);
                found
            }
            Err(failure) => {
                let mut found = vec![refused("ledger", failure)];
                // Whoever cannot open it wants to know all that is wrong, not the first thing alone.
                if let LedgerAddress::Redis(address) = &self.ledger
                    && let Ok(access) = RedisAccess::of(address, &*self.env)
                    && let Ok(more) = examine_redis(&access).await
                {
                    found.extend(more);
                }
                found
            }
        }
    }

    /// How far away the ledger is, and how far off this machine's clock is by the ledger's.
    async fn examine_line(&self, ledger: &dyn Ledger) -> Vec<Diagnosis> {
        let readings = match clock::look(&self.clock, ledger).await {
            Ok(readings) => readings,
            Err(error) => return vec![refused("line", error.into())],
        };
        let own = self.clock.own();
        let own_ms = own.now().as_ms().saturating_sub(own.steady().as_ms());
        let Some(best) = readings.iter().min_by_key(|reading| reading.round_trip()) else {
            return Vec::new();
        };
        let ms = best.round_trip().as_millis();
        let line = match ms {
            ..=ROUND_TRIP_WARNING_MS => Diagnosis::ok("line", format!("a round trip takes {ms} ms")),
            _ => Diagnosis::warning(
                "line",
                format!("a round trip takes {ms} ms"),
                "run workers near the ledger: each step of a row waits for it",
            ),
        };
        let off_ms = own_ms.saturating_sub(best.offset_ms());
        let clock = match off_ms.abs() {
            ..=CLOCK_OFF_MS => Diagnosis::ok("clock", "this machine's clock is as the ledger's"),
            off => Diagnosis::warning(
                "clock",
                format!(
                    "this machine's clock is {}.{} s {} the ledger's, which counts",
                    off / 1_000,
                    off % 1_000 / 100,
                    if off_ms > 0 { "ahead of" } else { "behind" }
                ),
                "have both machines' clocks set by NTP: the times in reports and logs go by them",
            ),
        };
        vec![line, clock]
    }

    /// Looks at the job's provider.
    pub async fn examine_provider(&self, job: &Job) -> Vec<Diagnosis> {
        let access = match job.access(&*self.env) {
            Ok(access) => access,
            Err(error) => {
                let each = |fault: crate::config::Finding| {
                    let hint = fault.hint.clone();
                    let message = crate::config::Finding {
                        hint: String::new(),
                        ..fault
                    };
                    Diagnosis::misconfigured("job", message.to_string(), hint)
                };
                return error.faults.into_iter().map(each).collect();
            }
        };
        let ready = Diagnosis::ok("job", format!("{}: all that it needs is there", job.name));
        // Looks are not counted by the provider; the budget is for calls on accounts.
        let around = Surroundings {
            budget: Arc::new(LocalBudget::new(&[], false, Arc::clone(&self.world))),
            world: Arc::clone(&self.world),
            metrics: self.telemetry.metrics(),
        };
        let now = || self.clock.own().now();
        match providers::examine(job, access, around, &now).await {
            Ok(found) => std::iter::once(ready).chain(found).collect(),
            Err(failure) => vec![refused("job", failure)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides() {
        let of = |verdicts: &[Verdict]| {
            let found: Vec<Diagnosis> = verdicts
                .iter()
                .map(|verdict| Diagnosis::new("part", *verdict, "", ""))
                .collect();
            exit(&found).code()
        };
        use Verdict::{Failing, Misconfigured, Ok, Warning};
        assert_eq!(of(&[]), 0);
        assert_eq!(of(&[Ok, Warning]), 0);
        assert_eq!(of(&[Ok, Failing, Warning]), 1);
        assert_eq!(of(&[Misconfigured, Failing]), 2);
    }
}
