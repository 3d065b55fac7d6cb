//! How it went: progress, settle times, calls, forecasts, slow rows. Every chart has its numbers beside it in words.

use maud::{Markup, html};

use super::charts;
use super::words::{many, percent, shown, spaced, span, thousands};
use crate::domain::report::Summary;
use crate::domain::report::story::{Point, SENDS_MAX, Told};

/// Times told of the progress, in parts of all.
const PARTS: [u64; 4] = [25, 50, 90, 100];

/// Accounts made and rows settled, over time.
pub(super) fn progress(told: &Told) -> Markup {
    let points = told.timeline.points();
    let Some(last) = points.last().copied() else {
        return html! {};
    };
    let about = format!(
        "{} made and {} settled, the last after {}.",
        many(last.created, "account"),
        many(last.settled, "row"),
        span(last.at_ms)
    );
    html! {
        section aria-labelledby="progress" {
            h2 id="progress" { "Progress" }
            figure {
                (charts::progress(&points, &about))
                figcaption {
                    span.key { span.line.second {} "accounts made" }
                    span.key { span.line.accent {} "rows settled" }
                    span.quiet { "since the import" }
                }
            }
            div.scroll tabindex="0" role="region" aria-label="Progress in numbers" {
                table.numbers {
                    thead {
                        tr {
                            th scope="col" { "Part of them" }
                            th.n scope="col" { "Accounts made after" }
                            th.n scope="col" { "Rows settled after" }
                        }
                    }
                    tbody {
                        @for part in PARTS {
                            tr {
                                th scope="row" { (part) "%" }
                                td.n { (after(&points, last.created, part, |point| point.created)) }
                                td.n { (after(&points, last.settled, part, |point| point.settled)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// When a part of all was reached, as finely as the steps tell.
fn after(points: &[Point], all: u64, part: u64, of: fn(&Point) -> u64) -> String {
    let enough = all.saturating_mul(part).div_ceil(100);
    let reached = points.iter().find(|point| of(point) >= enough);
    match reached {
        Some(point) if all > 0 => span(point.at_ms),
        _ => "–".to_owned(),
    }
}

/// How long accounts took to settle.
pub(super) fn settle(told: &Told) -> Markup {
    let Some(bins) = told.settle.bins() else {
        return html! {};
    };
    let [half, most, max] = [
        told.settle.percentile_ms(50).unwrap_or_default(),
        told.settle.percentile_ms(95).unwrap_or_default(),
        told.settle.max_ms(),
    ];
    let about = format!(
        "Of {}, half settled within {}, 95 in 100 within {}, the slowest after {}.",
        many(told.settle.count(), "account"),
        span(half),
        span(most),
        span(max)
    );
    html! {
        section aria-labelledby="settle" {
            h2 id="settle" { "Time to settle" }
            p.quiet { "From the provider's word that an account exists until the account's status was seen to be final. " (about) }
            figure {
                (charts::settle(&bins, &about))
                @if bins.beyond > 0 {
                    figcaption {
                        span.key { span.line.second {} (many(bins.beyond, "account")) " took longer" }
                    }
                }
            }
            details {
                summary { "The bars in numbers" }
                div.scroll tabindex="0" role="region" aria-label="Accounts by time to settle" {
                    table.numbers {
                        thead { tr { th scope="col" { "Settled within" } th.n scope="col" { "Accounts" } } }
                        tbody {
                            @for (at, count) in (0..).zip(&bins.counts) {
                                tr { th scope="row" { (charts::bin_of(&bins, at)) } td.n { (thousands(*count)) } }
                            }
                            @if bins.beyond > 0 {
                                tr { th scope="row" { "longer" } td.n { (thousands(bins.beyond)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Calls by kind, and what they cost beyond the least.
pub(super) fn calls(summary: &Summary, told: &Told) -> Markup {
    let calls = &summary.calls;
    let kinds = [
        ("Submits", "make or change an account", calls.submit),
        ("Look-ups", "find out whether one exists", calls.look_up),
        ("Polls", "look at a status", calls.poll),
    ];
    let most = kinds.iter().map(|(_, _, n)| *n).max().unwrap_or(0).max(1);
    let sent_again: u64 = told.sends.iter().skip(2).sum();
    html! {
        section aria-labelledby="calls" {
            h2 id="calls" { "Calls" }
            dl.tiles {
                (tile("Calls in all", calls.total))
                (tile("Submits sent again", summary.resends))
                (tile("Answers that said: too fast", summary.throttled))
            }
            div.scroll tabindex="0" role="region" aria-label="Calls by kind" {
                table.bars {
                    thead { tr { th scope="col" { "Kind" } th.n scope="col" { "Calls" } th scope="col" { span.unseen { "Share" } } } }
                    tbody {
                        @for (kind, what, n) in kinds {
                            tr {
                                th scope="row" { (kind) span.quiet.what { (what) } }
                                td.n { (thousands(n)) }
                                td.track aria-hidden="true" {
                                    @if n > 0 { span style=(format!("width:{}%", n.saturating_mul(100) / most)) {} }
                                }
                            }
                        }
                    }
                }
            }
            @if sent_again > 0 {
                p.quiet {
                    (many(sent_again, "row")) " needed more than one submit, under the same correlation id unless an answer had come: "
                    (by_sends(told)) "."
                }
            }
        }
    }
}

fn tile(name: &str, n: u64) -> Markup {
    html! { div { dt { (name) } dd { (thousands(n)) } } }
}

/// `12 twice, 3 three times`.
fn by_sends(told: &Told) -> String {
    let some = (0_usize..)
        .zip(&told.sends)
        .skip(2)
        .filter(|(_, rows)| **rows > 0);
    let told: Vec<String> = some
        .map(|(sends, rows)| match sends {
            2 => format!("{} twice", thousands(*rows)),
            SENDS_MAX.. => format!("{} five times or more", thousands(*rows)),
            3 => format!("{} three times", thousands(*rows)),
            _ => format!("{} four times", thousands(*rows)),
        })
        .collect();
    told.join(", ")
}

/// Both forecasts beside what came.
pub(super) fn foreseen(summary: &Summary) -> Markup {
    let Some(foreseen) = &summary.foreseen else {
        return html! {};
    };
    let basis = &foreseen.basis;
    let rows = [
        (
            "Calls",
            thousands(foreseen.calls.0),
            thousands(foreseen.calls.1),
            difference(foreseen.calls.0, Some(foreseen.calls.1)),
        ),
        time_row("Last account made after", foreseen.created_in_ms),
        time_row("Last row settled after", foreseen.settled_in_ms),
    ];
    html! {
        section aria-labelledby="forecast" {
            h2 id="forecast" { "Forecast and what came" }
            p.quiet {
                "Expected before anything was sent, from the job's budget and a settle time of " (span(basis.settle_ms))
                @if basis.seen > 0 { ", seen of " (many(basis.seen, "account")) " before." } @else { ", which is assumed." }
            }
            div.scroll tabindex="0" role="region" aria-label="Forecast and what came" {
                table.numbers {
                    thead {
                        tr {
                            th scope="col" { span.unseen { "What" } }
                            th.n scope="col" { "Expected" }
                            th.n scope="col" { "Came" }
                            th.n scope="col" { "Difference" }
                        }
                    }
                    tbody {
                        @for (what, expected, came, difference) in rows {
                            tr { th scope="row" { (what) } td.n { (expected) } td.n { (came) } td.n { (difference) } }
                        }
                    }
                }
            }
        }
    }
}

fn time_row(
    what: &'static str,
    (expected, came): (u64, Option<u64>),
) -> (&'static str, String, String, String) {
    let shown = came.map_or_else(|| "not yet".to_owned(), span);
    (what, span(expected), shown, difference(expected, came))
}

/// How much more or less came than was expected.
fn difference(expected: u64, came: Option<u64>) -> String {
    match came {
        Some(came) if expected > 0 && came >= expected => format!("+{}", percent(came - expected, expected)),
        Some(came) if expected > 0 => format!("−{}", percent(expected - came, expected)),
        _ => "–".to_owned(),
    }
}

/// The rows that took longest to settle.
pub(super) fn slowest(told: &Told) -> Markup {
    html! {
        @if !told.slowest.is_empty() {
            section aria-labelledby="slowest" {
                h2 id="slowest" { "Slowest rows" }
                div.scroll tabindex="0" role="region" aria-label="Slowest rows" {
                    table.numbers {
                        thead {
                            tr {
                                th.n scope="col" { "Line" }
                                th scope="col" { "Key" }
                                th scope="col" { "Account" }
                                th scope="col" { "Outcome" }
                                th.n scope="col" { "Submits" }
                                th.n scope="col" { "Time to settle" }
                            }
                        }
                        tbody {
                            @for row in &told.slowest {
                                tr {
                                    td.n { (row.line) }
                                    th scope="row" { bdi { (shown(&row.key)) } }
                                    td { bdi { (shown(&row.provider_id)) } }
                                    td { (spaced(row.outcome)) }
                                    td.n { (thousands(u64::from(row.sends))) }
                                    td.n { (span(row.settle_ms)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
