//! The instruments: every number the program can be asked for, with its name, unit and help. Nowhere else is one named.
//!
//! Names are OpenTelemetry's (`enlist.queue.depth`); Prometheus sees them translated (`enlist_queue_depth`), units and
//! `_total` at the end. An attribute's values are words of a closed list, or a provider's address: never a batch, a row,
//! or anything a file or a provider wrote.

mod backlog;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider, NoopMeterProvider};

use crate::domain::batch::Backlog;
use crate::domain::time::Timestamp;

/// Limits of the buckets of things that take milliseconds to seconds: the ledger, HTTP (OpenTelemetry's own choice for
/// HTTP, and longer ones, since a call may take 75 s).
const SHORT_S: [f64; 16] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 75.0,
];

/// Waits for leave: nothing up to the longest, 30 s.
const WAIT_S: [f64; 10] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Settling: seconds to the ten days after which watching ends at the latest.
const SETTLE_S: [f64; 12] = [
    1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 259_200.0, 864_000.0,
];

/// What a ledger holds, as last read; gone when it could not be read, so that nobody takes an old number for a new one.
pub type Waiting = Arc<Mutex<Option<(Backlog, Timestamp)>>>;

/// All instruments. Recording costs next to nothing when nobody asked for numbers.
#[derive(Debug)]
pub struct Metrics {
    on: bool,
    waiting: Waiting,
    limiter_wait: Histogram<f64>,
    limiter_pauses: Counter<u64>,
    calls: Counter<u64>,
    settle: Histogram<f64>,
    settled: Counter<u64>,
    claimed: Counter<u64>,
    committed: Counter<u64>,
    leases: Gauge<u64>,
    imported: Counter<u64>,
    ledger: Histogram<f64>,
    http: Histogram<f64>,
}

impl Metrics {
    /// Instruments that record nothing.
    pub fn off() -> Self {
        Self {
            on: false,
            ..Self::new(&NoopMeterProvider::new().meter("enlist"))
        }
    }

    /// The instruments of `meter`.
    pub(super) fn new(meter: &Meter) -> Self {
        let waiting = Waiting::default();
        backlog::observe(meter, &waiting);
        let counter = |name: &'static str, unit: &'static str, help: &'static str| {
            meter
                .u64_counter(name)
                .with_unit(unit)
                .with_description(help)
                .build()
        };
        let seconds = |name: &'static str, limits: &[f64], help: &'static str| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_boundaries(limits.to_vec())
                .with_description(help)
                .build()
        };
        Self {
            on: true,
            waiting,
            limiter_wait: seconds(
                "enlist.limiter.wait",
                &WAIT_S,
                "How long a call waited for leave to be sent, by what it was for and whether leave was given.",
            ),
            limiter_pauses: counter(
                "enlist.limiter.pauses",
                "{pause}",
                "Times all calls were held back, because the provider asked for it or could not be reached.",
            ),
            calls: counter(
                "enlist.calls",
                "{call}",
                "Calls made to the provider, by what they were for and what the answer was taken for.",
            ),
            settle: seconds(
                "enlist.task.settle.duration",
                &SETTLE_S,
                "From the account's making to its settling, of accounts that settled.",
            ),
            settled: counter(
                "enlist.tasks.settled",
                "{task}",
                "Tasks this process settled, by outcome.",
            ),
            claimed: counter(
                "enlist.tasks.claimed",
                "{task}",
                "Tasks this process took in hand.",
            ),
            committed: counter(
                "enlist.tasks.committed",
                "{task}",
                "Tasks this process gave back, by whether what it learned was kept: fenced means that somebody else \
                 had the task by then.",
            ),
            leases: meter
                .u64_gauge("enlist.leases.held")
                .with_unit("{lease}")
                .with_description("Tasks in this process's hands.")
                .build(),
            imported: counter(
                "enlist.rows.imported",
                "{row}",
                "Rows this process put into the ledger, by what was found.",
            ),
            ledger: seconds(
                "enlist.ledger.operation.duration",
                &SHORT_S,
                "How long the ledger took, by operation, and by the kind of error where it failed.",
            ),
            http: seconds(
                "http.client.request.duration",
                &SHORT_S,
                "Duration of HTTP client requests.",
            ),
        }
    }

    /// What the ledger holds, read at `now`; `None` when it could not be read.
    pub fn waiting(&self, backlog: Option<(Backlog, Timestamp)>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = backlog;
    }

    /// A call waited for leave, and got it or not.
    pub fn waited(&self, call: &'static str, given: bool, wait: Duration) {
        let leave = if given { "given" } else { "none" };
        let attributes = [KeyValue::new("call", call), KeyValue::new("leave", leave)];
        self.limiter_wait.record(wait.as_secs_f64(), &attributes);
    }

    /// All calls are held back.
    pub fn held_back(&self) {
        self.limiter_pauses.add(1, &[]);
    }

    /// A call was answered, or not.
    pub fn called(&self, call: &'static str, answer: &'static str) {
        let attributes = [KeyValue::new("call", call), KeyValue::new("answer", answer)];
        self.calls.add(1, &attributes);
    }

    /// A task settled; `settle` is known where an account was made and has settled.
    pub fn settled(&self, outcome: &'static str, settle: Option<Duration>) {
        let attributes = [KeyValue::new("outcome", outcome)];
        self.settled.add(1, &attributes);
        if let Some(settle) = settle {
            self.settle.record(settle.as_secs_f64(), &attributes);
        }
    }

    /// So many tasks were taken in hand.
    pub fn claimed(&self, tasks: usize) {
        if tasks > 0 {
            self.claimed.add(u64::try_from(tasks).unwrap_or(u64::MAX), &[]);
        }
    }

    /// So many tasks are in hand now.
    pub fn holds(&self, tasks: usize) {
        self.leases.record(u64::try_from(tasks).unwrap_or(u64::MAX), &[]);
    }

    /// So many tasks were given back.
    pub fn committed(&self, kept: usize, fenced: usize) {
        for (tasks, word) in [(kept, "yes"), (fenced, "fenced")] {
            if tasks > 0 {
                let attributes = [KeyValue::new("kept", word)];
                self.committed
                    .add(u64::try_from(tasks).unwrap_or(u64::MAX), &attributes);
            }
        }
    }

    /// So many rows were imported, with this result.
    pub fn imported(&self, result: &'static str, rows: u64) {
        if rows > 0 {
            self.imported.add(rows, &[KeyValue::new("result", result)]);
        }
    }

    /// The ledger did, or failed to do, an operation.
    pub fn ledger(&self, operation: &'static str, error: Option<&'static str>, took: Duration) {
        let operation = KeyValue::new("operation", operation);
        match error {
            None => self.ledger.record(took.as_secs_f64(), &[operation]),
            Some(error) => {
                let attributes = [operation, KeyValue::new("error.type", error)];
                self.ledger.record(took.as_secs_f64(), &attributes);
            }
        }
    }

    /// An HTTP exchange went so.
    pub fn exchanged(&self, exchange: &HttpExchange<'_>, took: Duration) {
        if !self.on {
            return;
        }
        let mut attributes = Vec::with_capacity(5);
        attributes.push(KeyValue::new("http.request.method", exchange.method));
        attributes.push(KeyValue::new("server.address", exchange.host.to_owned()));
        attributes.push(KeyValue::new("server.port", i64::from(exchange.port)));
        if let Some(status) = exchange.status {
            attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
        }
        if let Some(error) = exchange.error_type() {
            attributes.push(KeyValue::new("error.type", error));
        }
        self.http.record(took.as_secs_f64(), &attributes);
    }
}

/// An HTTP exchange as OpenTelemetry's conventions describe it.
#[derive(Clone, Copy, Debug)]
pub struct HttpExchange<'a> {
    /// `GET`, `POST`.
    pub method: &'static str,
    /// The server's name.
    pub host: &'a str,
    /// The server's port.
    pub port: u16,
    /// The HTTP status code, if one came.
    pub status: Option<u16>,
    /// What went wrong, if the response did not come whole: a word of a closed list.
    pub broken: Option<&'static str>,
}

impl HttpExchange<'_> {
    /// `error.type`: what went wrong, or the status code of an error.
    pub fn error_type(&self) -> Option<String> {
        let of_status = || self.status.filter(|status| *status >= 400);
        self.broken
            .map(str::to_owned)
            .or_else(|| of_status().map(|status| status.to_string()))
    }
}
