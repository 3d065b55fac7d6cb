//! The numbers as text, in Prometheus' format, for whoever asks.

use std::fmt;

use opentelemetry_prometheus::PrometheusExporter;
use prometheus::{Registry, TextEncoder};

use super::TelemetryError;

/// The media type of [`Exposition::text`].
pub const EXPOSITION_TYPE: &str = prometheus::TEXT_FORMAT;

/// What the instruments have counted, when asked. Cheap to clone.
#[derive(Clone)]
pub struct Exposition {
    registry: Registry,
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exposition")
    }
}

impl Exposition {
    /// An exposition, and the reader that feeds it once it is given to a provider of meters.
    pub(super) fn new() -> Result<(Self, PrometheusExporter), TelemetryError> {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()
            .map_err(|error| TelemetryError::Exposition(error.to_string()))?;
        Ok((Self { registry }, reader))
    }

    /// All numbers.
    pub fn text(&self) -> Result<String, TelemetryError> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| TelemetryError::Exposition(error.to_string()))
    }
}

/// What an instrument shows, by its name: the first of its numbers.
#[cfg(test)]
pub(crate) type Shown = Box<dyn Fn(&str) -> Option<f64> + Send + Sync>;

/// Instruments, and what they show.
#[cfg(test)]
pub(crate) fn shown() -> (std::sync::Arc<super::metrics::Metrics>, Shown) {
    use opentelemetry::metrics::MeterProvider as _;

    let (exposition, reader) = Exposition::new().unwrap();
    let provider = opentelemetry_sdk::metrics::SdkMeterProvider::builder()
        .with_reader(reader)
        .build();
    let metrics = super::metrics::Metrics::new(&provider.meter("enlist"));
    let shown = move |name: &str| {
        // Its end would be the end of the numbers.
        let _provider = &provider;
        let text = exposition.text().unwrap();
        let mut rests = text.lines().filter_map(|line| line.strip_prefix(name));
        let (_, number) = rests.find_map(|rest| rest.rsplit_once(' '))?;
        number.parse().ok()
    };
    (std::sync::Arc::new(metrics), Box::new(shown))
}
