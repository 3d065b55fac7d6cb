//! Traces and metrics to a collector, over OTLP (HTTP, protobuf): on only when the usual variables name one.
//!
//! The libraries read most of these variables themselves: endpoints, headers, the sampler, the service's name, intervals
//! and queues. What is read here is whether there is anything to send, and where trouble should be said early.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use super::TelemetryError;
use super::post::Post;

/// How long one export may take when `OTEL_EXPORTER_OTLP_TIMEOUT` does not say.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Looks up an environment variable.
pub(super) type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) traces: bool,
    pub(super) metrics: bool,
    tls_needed: bool,
    timeout: Option<Duration>,
}

impl Wanted {
    /// Reads the usual variables. Whatever cannot be read as meant is said, and the rest is done.
    pub(super) fn read(env: Env<'_>, troubles: &mut Vec<TelemetryError>) -> Self {
        let set = |name: &str| env(name).map(|value| value.trim().to_owned());
        let set = |name: &str| set(name).filter(|value| !value.is_empty());
        let mut wanted = Self::default();
        if set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return wanted;
        }
        let general = set("OTEL_EXPORTER_OTLP_ENDPOINT");
        for (signal, on) in [("TRACES", &mut wanted.traces), ("METRICS", &mut wanted.metrics)] {
            let own = set(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"));
            let Some(endpoint) = own.or_else(|| general.clone()) else {
                continue;
            };
            let exporter = set(&format!("OTEL_{signal}_EXPORTER"));
            if exporter.is_some_and(|exporter| exporter.eq_ignore_ascii_case("none")) {
                continue;
            }
            let protocol = set(&format!("OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"))
                .or_else(|| set("OTEL_EXPORTER_OTLP_PROTOCOL"))
                .filter(|protocol| !protocol.eq_ignore_ascii_case("http/protobuf"));
            if let Some(protocol) = protocol {
                troubles.push(TelemetryError::Protocol(protocol));
                continue;
            }
            *on = true;
            wanted.tls_needed |= endpoint
                .get(..6)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
        }
        let millis = set("OTEL_EXPORTER_OTLP_TIMEOUT").and_then(|millis| millis.parse().ok());
        wanted.timeout = millis.map(Duration::from_millis);
        wanted
    }

    /// What sends, if anything is to be sent.
    pub(super) fn post(self) -> Result<Option<Post>, TelemetryError> {
        if !(self.traces || self.metrics) {
            return Ok(None);
        }
        Post::new(self.timeout.unwrap_or(TIMEOUT), self.tls_needed)
            .map(Some)
            .map_err(TelemetryError::Collector)
    }
}

/// Who speaks: the program, its version, and which of several it is; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`
/// come before.
pub(super) fn resource(env: Env<'_>, instance: Uuid) -> Resource {
    let asked = env("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let names = |key: &str| {
        asked
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .any(|(name, _)| name.trim() == key)
    };
    let ours = [
        ("service.name", "enlist".to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id", instance.to_string()),
    ];
    let named = env("OTEL_SERVICE_NAME").is_some_and(|name| !name.is_empty());
    let missing = ours
        .into_iter()
        .filter(|(key, _)| !(names(key) || (named && *key == "service.name")));
    Resource::builder()
        .with_attributes(missing.map(|(key, value)| opentelemetry::KeyValue::new(key, value)))
        .build()
}

/// Sends spans in batches from a thread of its own; what the queue cannot hold is dropped.
pub(super) fn tracer(post: &Post, resource: Resource) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(post.clone())
        .build()
        .map_err(|error| TelemetryError::Collector(error.to_string()))?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

/// Sends all numbers now and then (`OTEL_METRIC_EXPORT_INTERVAL`, a minute by default) from a thread of its own.
pub(super) fn reader(post: &Post) -> Result<PeriodicReader<MetricExporter>, TelemetryError> {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(post.clone())
        .build()
        .map_err(|error| TelemetryError::Collector(error.to_string()))?;
    Ok(PeriodicReader::builder(exporter).build())
}

/// Our own spans as traces, with what was said in them from warnings on. Other libraries' are left out: what they put
/// into theirs is not ours to vouch for.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("enlist"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(filter_fn(|metadata| {
            metadata.target().starts_with("enlist")
                && (metadata.is_span() || *metadata.level() <= Level::WARN)
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn read(pairs: Pairs<'_>) -> (Wanted, usize) {
        let env = |name: &str| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut troubles = Vec::new();
        (Wanted::read(&env, &mut troubles), troubles.len())
    }

    #[test]
    fn nothing_is_sent_unless_a_variable_says_where() {
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "HTTPS://c/v1/traces");
        let metrics = ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c/v1/metrics");
        let table: [(Pairs<'_>, (bool, bool, bool)); 9] = [
            (&[], (false, false, false)),
            (&[("OTEL_SERVICE_NAME", "x")], (false, false, false)),
            (&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")], (false, false, false)),
            (&[general], (true, true, false)),
            (&[traces], (true, false, true)),
            (&[metrics], (false, true, false)),
            (&[general, ("OTEL_SDK_DISABLED", "True")], (false, false, false)),
            (&[general, ("OTEL_TRACES_EXPORTER", "none")], (false, true, false)),
            (
                &[general, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")],
                (true, true, false),
            ),
        ];
        for (pairs, wanted) in table {
            let (read, troubles) = read(pairs);
            assert_eq!((read.traces, read.metrics, read.tls_needed), wanted, "{pairs:?}");
            assert_eq!(troubles, 0, "{pairs:?}");
        }
        let (asked_for_grpc, troubles) = read(&[general, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")]);
        assert!(!asked_for_grpc.traces && asked_for_grpc.metrics);
        assert_eq!(troubles, 1);
    }

    #[test]
    fn who_speaks_is_said_unless_the_user_says_it() {
        let told = |pairs: Pairs<'static>, key: &'static str| {
            let env = move |name: &str| {
                let found = pairs.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let resource = resource(&env, Uuid::nil());
            resource.get(&key.into()).map(|value| value.to_string())
        };
        assert_eq!(told(&[], "service.name").as_deref(), Some("enlist"));
        assert_eq!(
            told(&[], "service.instance.id").as_deref(),
            Some("00000000-0000-0000-0000-000000000000")
        );
        // What the user names is the libraries' to read, from the process's own environment; ours stands back.
        let named = told(&[("OTEL_SERVICE_NAME", "x")], "service.name");
        assert_ne!(named.as_deref(), Some("enlist"));
        let named = told(
            &[("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name = x")],
            "service.name",
        );
        assert_ne!(named.as_deref(), Some("enlist"));
    }
}
