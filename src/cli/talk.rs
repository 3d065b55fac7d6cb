//! What is said to people, on stderr; data alone goes to stdout.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use serde::Serialize;

use crate::app::{Exit, Failure};
use crate::domain::batch::{Counts, Tally};
use crate::domain::fault::{Fault, Severity};
pub(super) use crate::domain::words::{many, thousands};

/// Speaks to the person, or keeps quiet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    quiet: bool,
    terminal: bool,
}

impl Talk {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            // A dumb terminal takes a redrawn line for many.
            terminal: io::stderr().is_terminal()
                && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }

    /// Whether a line can be redrawn.
    pub(super) const fn is_live(self) -> bool {
        self.terminal && !self.quiet
    }

    /// A line of talk. A person who has gone away is no reason to stop working.
    pub(super) fn say(self, line: impl AsRef<str>) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{}", line.as_ref());
        }
    }
}

impl Talk {
    /// A line about something this bad; errors are told even when quiet.
    pub(super) fn say_of(self, severity: Severity, line: &str) {
        if severity == Severity::Error || !self.quiet {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }

    /// A fault of the file; errors are told even when quiet.
    pub(super) fn fault(self, fault: &Fault) {
        self.say_of(fault.severity, &fault.to_string());
    }
}

/// An error, with its hint.
pub(super) fn failure(failure: &Failure) {
    if failure.message.is_empty() {
        return;
    }
    let _ = writeln!(io::stderr(), "error: {failure}");
}

/// A line of data. A reader that has gone away ends the program as it would any filter.
pub(super) fn data(line: impl AsRef<str>) -> Result<(), Failure> {
    writeln!(io::stdout(), "{}", line.as_ref()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::unheard(),
        _ => Failure::new(Exit::Failed, format!("cannot write to stdout: {error}"), ""),
    })
}

/// A value as JSON on stdout.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot render the answer: {error}"), ""))?;
    data(text)
}

/// A value as one line of JSON on stdout.
pub(super) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot render the answer: {error}"), ""))?;
    data(text)
}

/// A time as people say it: `2 h 5 min`, `40 s`.
pub(super) fn span(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..=119 => format!("{s} s"),
        120..=7_199 => format!("{} min", s / 60),
        7_200..=172_799 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        _ => format!("{} days", s / 86_400),
    }
}

/// How many tasks stand where: `30 active, 7 rejected`; of those that `wanted` picks.
pub(super) fn tallies(counts: &Counts, wanted: impl Fn(Tally) -> bool) -> String {
    let parts: Vec<String> = Tally::ALL
        .into_iter()
        .filter(|tally| counts.of(*tally) > 0 && wanted(*tally))
        .map(|tally| {
            format!(
                "{} {}",
                thousands(counts.of(tally)),
                tally.as_str().replace('_', " ")
            )
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_say_them() {
        for (s, text) in [
            (0, "0 s"),
            (119, "119 s"),
            (150, "2 min"),
            (7_500, "2 h 5 min"),
            (260_000, "3 days"),
        ] {
            assert_eq!(span(Duration::from_secs(s)), text);
        }
    }
}
