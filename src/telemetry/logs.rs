//! Log lines on stderr, never on stdout: which are written, and in which form.

use std::io::{self, IsTerminal as _};

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::Filter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::TelemetryError;
use super::json::FlatJson;

/// The environment variable with a filter such as `enlist=debug,apalis=info`; it wins over the verbosity.
pub const LOG_VARIABLE: &str = "ENLIST_LOG";

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, its keys flat.
    Json,
}

/// Writes log lines: warnings, with each step of `verbosity` more of our own (info, debug, trace), other libraries' only
/// from the fourth step on.
///
/// JSON lines say of which batch and row they speak at any verbosity. That costs some 3 us a step, which nobody pays who
/// has not asked for it: text lines say so from `info` on.
pub(super) fn layer<S>(format: LogFormat, verbosity: u8, filter: EnvFilter) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Json => lines
            .with_ansi(false)
            .fmt_fields(JsonFields::new())
            .event_format(FlatJson)
            .with_filter(filter.or(our_spans()))
            .boxed(),
        LogFormat::Text => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines
                .with_ansi(colour)
                .with_target(verbosity > 1)
                .with_filter(filter)
                .boxed()
        }
    }
}

/// Lets the spans through that know batch, row and call.
fn our_spans<S>() -> impl Filter<S> + Send + Sync {
    filter_fn(|metadata| {
        metadata.is_span() && *metadata.level() <= Level::INFO && metadata.target().starts_with("enlist")
    })
    .with_max_level_hint(Level::INFO)
}

pub(super) fn filter(asked: Option<&str>, verbosity: u8) -> Result<EnvFilter, TelemetryError> {
    let by_verbosity = match verbosity {
        0 => "warn",
        1 => "warn,enlist=info",
        2 => "warn,enlist=debug",
        3 => "warn,enlist=trace",
        _ => "debug,enlist=trace",
    };
    let text = asked
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .unwrap_or(by_verbosity);
    EnvFilter::builder()
        .parse(text)
        .map_err(|error| TelemetryError::Filter(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_asked_for_wins() {
        assert_eq!(filter(None, 1).unwrap().to_string(), "enlist=info,warn");
        assert_eq!(filter(Some(" "), 0).unwrap().to_string(), "warn");
        assert_eq!(
            filter(Some("enlist=trace"), 0).unwrap().to_string(),
            "enlist=trace"
        );
        let error = filter(Some("enlist=loud"), 0).unwrap_err().to_string();
        assert!(error.contains("ENLIST_LOG") && error.contains("hint:"), "{error}");
    }
}
