//! What the program says of itself: log lines on stderr, numbers for whoever asks, traces and numbers to a collector.
//! Never on stdout, never with a secret or a person's data.
//!
//! ```text
//! tracing spans and events ─▶ logs (text or flat JSON) ─▶ stderr
//!                          └▶ otlp ──────────────────────▶ collector
//! metrics (instruments) ─────▶ exposition ──────────────▶ /metrics
//!                          └▶ otlp ──────────────────────▶ collector
//! ```

mod exposition;
mod json;
mod logs;
pub mod metrics;
mod otlp;
mod post;
mod redact;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use uuid::Uuid;

pub use exposition::{EXPOSITION_TYPE, Exposition};
#[cfg(test)]
pub(crate) use exposition::{Shown, shown};
pub use logs::{LOG_VARIABLE, LogFormat};
pub use redact::redact_url;

use metrics::Metrics;
use otlp::Wanted;

/// At the end, what is not sent yet is waited for no longer.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// Something that could not be set up; everything else works without it.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("{LOG_VARIABLE}: {0}\n  hint: write it like enlist=debug,apalis=info")]
    Filter(String),
    /// Another part of the process has set it up already.
    #[error("logging is set up already")]
    Twice,
    /// A protocol that is not spoken here.
    #[error(
        "OTEL_EXPORTER_OTLP_PROTOCOL: {0} is not spoken here, so nothing is sent\n  hint: http/protobuf, port 4318 of most collectors"
    )]
    Protocol(String),
    /// The exporters cannot be made.
    #[error("no traces and metrics are sent: {0}\n  hint: see OTEL_EXPORTER_OTLP_ENDPOINT, http://HOST:4318")]
    Collector(String),
    /// The numbers cannot be shown.
    #[error("no metrics can be shown: {0}")]
    Exposition(String),
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How much is logged, 0 for warnings only.
    pub verbosity: u8,
    /// The form of log lines.
    pub log_format: LogFormat,
    /// Whether the numbers will be asked for ([`Telemetry::exposition`]).
    pub exposition: bool,
    /// Which of several processes this is, in what is sent.
    pub instance: Uuid,
}

/// What was set up.
#[derive(Debug)]
pub struct Telemetry {
    metrics: Arc<Metrics>,
    exposition: Option<Exposition>,
    meter: Option<SdkMeterProvider>,
    tracer: Option<SdkTracerProvider>,
    pushes_metrics: bool,
}

/// Sets up all that `settings` and the environment ask for, once a process, inside a runtime. What cannot be set up comes
/// back beside what was.
pub fn start(settings: &Settings, env: &dyn Fn(&str) -> Option<String>) -> (Telemetry, Vec<TelemetryError>) {
    let mut troubles = Vec::new();
    let wanted = Wanted::read(env, &mut troubles);
    let post = take(wanted.post(), &mut troubles).flatten();
    let resource = || otlp::resource(env, settings.instance);

    let reader = post.as_ref().filter(|_| wanted.metrics).map(otlp::reader);
    let reader = reader.and_then(|reader| take(reader, &mut troubles));
    let pushes_metrics = reader.is_some();
    let shown = settings.exposition.then(Exposition::new);
    let shown = shown.and_then(|shown| take(shown, &mut troubles));
    let (exposition, shown) = shown.unzip();
    let meter = (pushes_metrics || exposition.is_some()).then(|| {
        let builder = SdkMeterProvider::builder().with_resource(resource());
        let builder = match reader {
            Some(reader) => builder.with_reader(reader),
            None => builder,
        };
        match shown {
            Some(shown) => builder.with_reader(shown).build(),
            None => builder.build(),
        }
    });
    let metrics = match &meter {
        Some(meter) => Metrics::new(&meter.meter("enlist")),
        None => Metrics::off(),
    };

    let tracer = post.as_ref().filter(|_| wanted.traces);
    let tracer = tracer.and_then(|post| take(otlp::tracer(post, resource()), &mut troubles));
    let filter = logs::filter(env(LOG_VARIABLE).as_deref(), settings.verbosity);
    let filter = take(filter, &mut troubles).unwrap_or_else(|| EnvFilter::new("warn"));
    let set = tracing_subscriber::registry()
        .with(logs::layer(settings.log_format, settings.verbosity, filter, env))
        .with(tracer.as_ref().map(otlp::layer))
        .try_init();
    if set.is_err() {
        troubles.push(TelemetryError::Twice);
    }
    let telemetry = Telemetry {
        metrics: Arc::new(metrics),
        exposition,
        meter,
        tracer,
        pushes_metrics,
    };
    (telemetry, troubles)
}

/// The value, or `None` and one trouble more.
fn take<T>(result: Result<T, TelemetryError>, troubles: &mut Vec<TelemetryError>) -> Option<T> {
    result.map_err(|trouble| troubles.push(trouble)).ok()
}

impl Telemetry {
    /// Nothing is told.
    pub fn off() -> Self {
        Self {
            metrics: Arc::new(Metrics::off()),
            exposition: None,
            meter: None,
            tracer: None,
            pushes_metrics: false,
        }
    }

    /// The instruments.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// The numbers as text, if they were asked for.
    pub fn exposition(&self) -> Option<Exposition> {
        self.exposition.clone()
    }

    /// Whether numbers are sent unasked, so that somebody must keep those of the ledger fresh.
    pub const fn pushes_metrics(&self) -> bool {
        self.pushes_metrics
    }

    /// Sends what is not sent yet, for at most two seconds.
    pub async fn finish(&self) {
        let (meter, tracer) = (self.meter.clone(), self.tracer.clone());
        if meter.is_none() && tracer.is_none() {
            return;
        }
        // Both block; what a collector that does not answer holds up is left behind.
        let ends = [
            tokio::task::spawn_blocking(move || {
                if let Some(tracer) = tracer {
                    let _ = tracer.shutdown_with_timeout(FLUSH_MAX);
                }
            }),
            tokio::task::spawn_blocking(move || {
                if let Some(meter) = meter {
                    let _ = meter.shutdown_with_timeout(FLUSH_MAX);
                }
            }),
        ];
        let _ = tokio::time::timeout(FLUSH_MAX, futures_util::future::join_all(ends)).await;
    }
}
