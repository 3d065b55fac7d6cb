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
pub(super) fn layer<S>(
    format: LogFormat,
    verbosity: u8,
    filter: EnvFilter,
    env: &dyn Fn(&str) -> Option<String>,
) -> Box<dyn Layer<S> + Send + Sync>
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
        LogFormat::Text => lines
            .with_ansi(has_colour(io::stderr().is_terminal(), env))
            .with_target(verbosity > 1)
            .with_filter(filter)
            .boxed(),
    }
}

/// Whether lines have colours: on a terminal that can show them, unless NO_COLOR or CLICOLOR=0 says no; elsewhere only if
/// CLICOLOR_FORCE says so.
fn has_colour(is_terminal: bool, env: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let is_off = |name: &str| set(name).is_some_and(|value| value == "0");
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some() && !is_off("CLICOLOR_FORCE") {
        return true;
    }
    is_terminal && !is_off("CLICOLOR") && set("TERM").is_some_and(|term| term != "dumb")
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

    #[test]
    fn colours_are_for_terminals_whose_owner_wants_them() {
        type Set = &'static [(&'static str, &'static str)];
        let table: [(Set, bool, bool); 9] = [
            // On a terminal, and elsewhere.
            (&[], false, false),
            (&[("TERM", "xterm")], true, false),
            (&[("TERM", "dumb")], false, false),
            (&[("TERM", "xterm"), ("NO_COLOR", "1")], false, false),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], true, false),
            (&[("TERM", "xterm"), ("CLICOLOR", "0")], false, false),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[("CLICOLOR_FORCE", "0")], false, false),
            (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false, false),
        ];
        for (variables, on_terminal, elsewhere) in table {
            let env = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let told = (has_colour(true, &env), has_colour(false, &env));
            assert_eq!(told, (on_terminal, elsewhere), "{variables:?}");
        }
    }
}
