//! The numbers that come from the ledger: looked up when somebody asks, among what was read last.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

use super::Waiting;
use crate::domain::batch::{Backlog, PauseReason, Tally};

/// Makes the instruments. They show nothing while the ledger cannot be read.
pub(super) fn observe(meter: &Meter, waiting: &Waiting) {
    count(
        meter,
        waiting,
        ("enlist.queue.depth", "{task}"),
        "Tasks in the ledger with a step still to do, by state: queued, unknown, pending.",
        |backlog| {
            let open = Tally::ALL.into_iter().filter(|tally| tally.is_open());
            open.map(|tally| (backlog.of(tally), Some(("state", tally.as_str()))))
                .collect()
        },
    );
    count(
        meter,
        waiting,
        ("enlist.intents.unknown", "{intent}"),
        "Intents in the ledger of which it is not known what came of them: sent and unanswered, or being looked up.",
        |backlog| vec![(backlog.of(Tally::Unknown), None)],
    );
    count(
        meter,
        waiting,
        ("enlist.batches.paused", "{batch}"),
        "Batches in the ledger that are paused, by reason.",
        |backlog| {
            let reasons = PauseReason::ALL.into_iter();
            reasons
                .map(|reason| (backlog.paused_for(reason), Some(("reason", reason.as_str()))))
                .collect()
        },
    );
    let waiting = Arc::clone(waiting);
    meter
        .f64_observable_gauge("enlist.queue.oldest_age")
        .with_unit("s")
        .with_description(
            "How long the task in the ledger that is due longest has been due and not worked; 0 when none is due.",
        )
        .with_callback(move |observer| {
            let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((backlog, now)) = &*waiting {
                let age = backlog
                    .oldest_due
                    .map_or(Duration::ZERO, |oldest| now.since(oldest));
                observer.observe(age.as_secs_f64(), &[]);
            }
        })
        .build();
}

type Numbers = Vec<(u64, Option<(&'static str, &'static str)>)>;

fn count(
    meter: &Meter,
    waiting: &Waiting,
    (name, unit): (&'static str, &'static str),
    help: &'static str,
    numbers: impl Fn(&Backlog) -> Numbers + Send + Sync + 'static,
) {
    let waiting = Arc::clone(waiting);
    meter
        .u64_observable_gauge(name)
        .with_unit(unit)
        .with_description(help)
        .with_callback(move |observer| {
            let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            for (number, attribute) in waiting.iter().flat_map(|(backlog, _)| numbers(backlog)) {
                let attribute = attribute.map(|(key, value)| KeyValue::new(key, value));
                observer.observe(number, attribute.as_slice());
            }
        })
        .build();
}
