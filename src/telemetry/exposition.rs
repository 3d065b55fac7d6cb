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
