//! `report.html`: how a batch ended, what is to be done, and how it went. One file that needs nothing else: no script, no
//! font, no picture from anywhere.
//!
//! It names no row by more than its line, its key and its account, and repeats no cell of the file: whatever is personal
//! stays in the lists beside it. Every text of a user or a provider is escaped by the template and shown without
//! characters that hide or turn it.

mod charts;
mod story;
mod words;
mod wrong;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::words::{many, percent, shown, spaced, span, thousands, time};
use crate::domain::report::story::Told;
use crate::domain::report::summary::Progress;
use crate::domain::report::{FORGOTTEN, Summary};

const STYLE: &str = include_str!("page/style.css");

/// Nothing is loaded and nothing runs, even if something of a row should ever get through.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page.
pub(super) fn page(summary: &Summary, told: &Told) -> String {
    let title = format!("{} · {}", shown(&summary.file), summary.batch);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (headline(summary))
                    (outcomes(summary))
                    (wrong::failures(&told.failures))
                    (wrong::overrides(&told.overrides))
                    (wrong::gaps(&summary.rule_gaps))
                    (story::progress(told))
                    (story::settle(told))
                    (story::calls(summary, told))
                    (story::foreseen(summary))
                    (story::slowest(told))
                }
                footer {
                    "Written by enlist at " (time(&summary.written_at)) ". "
                    code { "results.csv" } " in the same folder has every row."
                }
            }
        }
    };
    page.into_string()
}

fn headline(summary: &Summary) -> Markup {
    let (class, word) = verdict(summary);
    html! {
        header {
            p.over { "Report of batch " code { (summary.batch) } }
            h1 { (shown(&summary.file)) }
            p class=(format!("verdict {class}")) { strong { (word) } " " (sentence(summary)) }
            @for step in next(summary) {
                p.next { (step) }
            }
            dl.facts {
                (fact("Provider", &summary.provider))
                (fact("Account", &summary.account))
                (fact("Job", &format!("{} ({})", summary.job, summary.action)))
                (fact("Imported", &time(&summary.imported_at)))
                @if let Some(took) = summary.took_ms {
                    (fact("Until the last row settled", &span(took)))
                }
                (fact("Written", &time(&summary.written_at)))
            }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (shown(value)) } } }
}

fn verdict(summary: &Summary) -> (&'static str, &'static str) {
    match summary.progress {
        Progress::Paused => ("wait", "Paused."),
        Progress::Cancelled => ("bad", "Cancelled."),
        Progress::Importing => ("wait", "Not all rows are in yet."),
        Progress::Open => ("wait", "Not finished."),
        Progress::Finished if summary.rows.pending > 0 => ("wait", "Not settled."),
        Progress::Finished if summary.exit_code == 0 => ("good", "Done."),
        Progress::Finished => ("bad", "Finished, with rows to look at."),
    }
}

/// How it ended, in a sentence.
fn sentence(summary: &Summary) -> String {
    let rows = &summary.rows;
    if rows.in_file > 0 && rows.succeeded == rows.in_file {
        return match rows.in_file {
            1 => "The row is in its wanted state.".to_owned(),
            n => format!("All {} rows are in their wanted state.", thousands(n)),
        };
    }
    let mut rest = Vec::new();
    for (n, what) in [
        (rows.failed - rows.invalid.min(rows.failed), "failed"),
        (rows.invalid, "had faults and were not sent"),
        (rows.pending, "are still pending"),
        (rows.forgotten, "were forgotten with another batch"),
        (
            rows.in_file - rows.reported.min(rows.in_file),
            "are not imported yet",
        ),
    ] {
        if n > 0 {
            rest.push(format!("{} {what}", thousands(n)));
        }
    }
    let share = percent(rows.succeeded, rows.in_file);
    let done = format!(
        "{} of {} ({share}) are in their wanted state",
        thousands(rows.succeeded),
        many(rows.in_file, "row"),
    );
    match rest.is_empty() {
        true => format!("{done}."),
        false => format!("{done}; {}.", rest.join(", ")),
    }
}

/// What to do next.
fn next(summary: &Summary) -> Vec<Markup> {
    let mut steps = Vec::new();
    if let Some(pause) = &summary.pause {
        steps.push(html! { "Why: " (pause.reason) ", " (shown(&pause.detail)) });
    }
    if let Some(resume) = &summary.resume {
        steps.push(html! { "Next: " (shown(resume)) });
    }
    if summary.rows.failed > 0 {
        let can_correct = summary.rows.invalid + summary.outcomes.of("Rejected") > 0;
        steps.push(html! {
            @if can_correct {
                "Next: correct " code { "to-correct.xlsx" } " in this folder, which shows the fault at each cell, or " code { "failed.csv" }
                ", and run it as you ran the file. Accounts that exist are not made again. "
            }
            "What to do about each kind of failure stands below."
        });
    }
    if steps.is_empty() {
        steps.push(html! { "Nothing is left to do." });
    }
    steps
}

/// A colour for an outcome's word.
fn class_of(outcome: &str) -> &'static str {
    match outcome {
        "Active" | "Updated" | "Unchanged" => "good",
        "StillPending" | "Queued" | "Submitting" | "Unknown" | "Reconciling" | "Pending" => "wait",
        FORGOTTEN => "gone",
        _ => "bad",
    }
}

fn outcomes(summary: &Summary) -> Markup {
    let all = summary.rows.reported;
    let seen: Vec<(&str, u64)> = summary.outcomes.iter().filter(|(_, rows)| *rows > 0).collect();
    let told: Vec<String> = seen
        .iter()
        .map(|(word, rows)| format!("{} {}", thousands(*rows), spaced(word)))
        .collect();
    html! {
        section aria-labelledby="outcomes" {
            h2 id="outcomes" { "Outcomes" }
            @if seen.is_empty() {
                p.quiet { "There are no rows." }
            } @else {
                div.bar role="img" aria-label=(told.join(", ")) {
                    @for (word, rows) in &seen {
                        span class=(class_of(word)) style=(format!("flex-grow:{rows}")) {}
                    }
                }
                div.scroll tabindex="0" role="region" aria-label="Rows by outcome" {
                    table.numbers {
                        thead { tr { th scope="col" { "Outcome" } th.n scope="col" { "Rows" } th.n scope="col" { "Share" } } }
                        tbody {
                            @for (word, rows) in &seen {
                                tr {
                                    th scope="row" { span class=(format!("dot {}", class_of(word))) {} (spaced(word)) }
                                    td.n { (thousands(*rows)) }
                                    td.n { (percent(*rows, all)) }
                                }
                            }
                        }
                    }
                }
                @if summary.rows.changed > 0 {
                    p.quiet {
                        (many(summary.rows.changed, "row")) " of accounts that exist: the file now says something else than the account. "
                        "An update job can take it."
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
