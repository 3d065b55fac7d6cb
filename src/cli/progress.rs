//! The progress line: redrawn on a terminal, a plain line now and then elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::talk::{Talk, span, tallies, thousands};
use crate::app::run::Tick;
use crate::domain::batch::{Counts, Tally};
use crate::domain::time::Timestamp;
use crate::world::World;

/// Without a terminal a line is written this often, and only if something moved.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Shows how a batch goes.
pub(super) struct ProgressLine {
    talk: Talk,
    bar: Option<ProgressBar>,
    said_at: Option<Timestamp>,
    said: Counts,
}

impl ProgressLine {
    pub(super) fn new(talk: Talk, rows: u64) -> Self {
        let bar = talk.is_live().then(|| {
            let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr_with_hz(8));
            // What does not fit is cut: a line that wraps cannot be redrawn.
            if let Ok(style) = ProgressStyle::with_template("{bar:12} {wide_msg}") {
                bar.set_style(style.progress_chars("━╸─"));
            }
            bar
        });
        Self {
            talk,
            bar,
            said_at: None,
            said: Counts::default(),
        }
    }

    /// Shows how many rows are in the ledger; on a terminal only, since an import does not take long.
    pub(super) fn importing(&mut self, rows: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(rows);
            let total = bar.length().unwrap_or(rows);
            bar.set_message(format!(
                "{} of {} rows imported",
                thousands(rows),
                thousands(total)
            ));
        }
    }

    /// Shows a tick.
    pub(super) fn show(&mut self, tick: &Tick, world: &dyn World) {
        let line = line(tick);
        if let Some(bar) = &self.bar {
            bar.set_length(tick.counts.total());
            bar.set_position(tick.counts.total() - tick.counts.open());
            bar.set_message(line);
            return;
        }
        let now = world.steady();
        let due = self.said_at.is_none_or(|said| now.since(said) >= PLAIN_EVERY);
        if due && self.said != tick.counts {
            self.talk.say(line);
            self.said_at = Some(now);
            self.said = tick.counts.clone();
        }
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `37 of 50 settled · 30 active, 7 rejected · 10 pending · 3 to create · 12/s · created in 1 s, settled in 4 s`
fn line(tick: &Tick) -> String {
    let counts = &tick.counts;
    let total = counts.total();
    let mut parts = vec![format!(
        "{} of {} settled",
        thousands(total - counts.open()),
        thousands(total)
    )];
    let settled = tallies(counts, |tally| !tally.is_open());
    if !settled.is_empty() {
        parts.push(settled);
    }
    for (tally, word) in [
        (Tally::Pending, "pending"),
        (Tally::Unknown, "unknown"),
        (Tally::Queued, "to create"),
    ] {
        if counts.of(tally) > 0 {
            parts.push(format!("{} {word}", thousands(counts.of(tally))));
        }
    }
    if let Some(pause) = &tick.pause {
        parts.push(format!("paused: {}", pause.reason.as_str()));
        return parts.join(" · ");
    }
    let forecast = &tick.forecast;
    if forecast.settled_per_s >= 0.1 {
        parts.push(format!("{:.1}/s", forecast.settled_per_s));
    }
    match (forecast.created_in, forecast.settled_in) {
        (Some(created), Some(settled)) if !created.is_zero() => {
            parts.push(format!(
                "created in {}, settled in {}",
                span(created),
                span(settled)
            ));
        }
        (_, Some(settled)) if !settled.is_zero() => parts.push(format!("settled in {}", span(settled))),
        _ => {}
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::eta::Forecast;

    #[test]
    fn a_line_says_counts_rate_and_both_times() {
        let mut counts = Counts::default();
        counts.tasks[Tally::Queued as usize] = 3;
        counts.tasks[Tally::Pending as usize] = 10;
        counts.tasks[Tally::Active as usize] = 30;
        counts.tasks[Tally::Rejected as usize] = 7;
        let forecast = Forecast {
            settled_per_s: 12.04,
            created_in: Some(Duration::from_secs(1)),
            settled_in: Some(Duration::from_secs(4)),
        };
        assert_eq!(
            line(&Tick {
                counts,
                forecast,
                pause: None
            }),
            "37 of 50 settled · 30 active, 7 rejected · 10 pending · 3 to create · 12.0/s · created in 1 s, settled in 4 s"
        );
    }
}
