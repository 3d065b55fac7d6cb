//! What failed, what the provider kept otherwise, and what our rules do not know yet: kinds of rows, not rows.

use maud::{Markup, html};

use super::words::{many, shown, thousands};
use crate::domain::report::RuleGap;
use crate::domain::report::story::{Kind, Kinds};

/// What failed, by code and column.
pub(super) fn failures(kinds: &Kinds) -> Markup {
    html! {
        section aria-labelledby="failures" {
            h2 id="failures" { "What failed" }
            @if kinds.rows() == 0 {
                p.quiet { "Nothing did." }
            } @else {
                p.quiet {
                    (many(kinds.rows(), "row")) " in " (many(kinds.sorted().len() as u64, "kind"))
                    ". Code and message are the provider's, or those of the rule that a cell broke; what to do is said as of the first row."
                }
                (table("Failures by code and column", kinds, true))
            }
        }
    }
}

/// What the provider kept otherwise than it was sent; nothing if it kept all.
pub(super) fn overrides(kinds: &Kinds) -> Markup {
    html! {
        @if kinds.rows() > 0 {
            section aria-labelledby="overrides" {
                h2 id="overrides" { "What the provider kept otherwise" }
                p.quiet {
                    (many(kinds.rows(), "row")) ", in their wanted state: the account is usable, and shows something else than was sent."
                }
                (table("What the provider kept otherwise, by column", kinds, false))
            }
        }
    }
}

fn table(about: &str, kinds: &Kinds, with_hint: bool) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(about) {
            table.stack {
                thead {
                    tr {
                        th.n scope="col" { "Rows" }
                        th scope="col" { "Code" }
                        th scope="col" { "Column" }
                        th scope="col" { @if with_hint { "What is wrong, and what to do" } @else { "What the provider says" } }
                        th scope="col" { "First lines" }
                    }
                }
                tbody {
                    @for kind in kinds.sorted() { (row(kind, with_hint)) }
                }
            }
        }
        @if kinds.more() > 0 {
            p.quiet { (many(kinds.more(), "row")) " with further kinds; " code { "failed.csv" } " has all." }
        }
    }
}

fn row(kind: &Kind, with_hint: bool) -> Markup {
    let first = &kind.first;
    let lines: Vec<String> = kind.lines.iter().map(u64::to_string).collect();
    let more = if kind.rows > lines.len() as u64 {
        " …"
    } else {
        ""
    };
    html! {
        tr {
            td.n data-label="Rows" { (thousands(kind.rows)) }
            th scope="row" data-label="Code" { code { (breaking(&first.code)) } }
            td data-label="Column" { bdi { (breaking(&first.column)) } }
            td data-label="What" {
                p { bdi { (or_dash(&first.message)) } }
                @if with_hint && !first.hint.is_empty() {
                    p.hint { bdi { (shown(&first.hint)) } }
                }
            }
            td.lines data-label="First lines" { (lines.join(", ")) (more) }
        }
    }
}

fn or_dash(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_empty() {
        "–".into()
    } else {
        shown(text)
    }
}

/// A name that may be broken where its parts meet.
fn breaking(name: &str) -> Markup {
    let name = or_dash(name);
    html! {
        @for part in name.split_inclusive(['.', '_', '/', '-']) { (part) wbr; }
    }
}

/// What the provider refused though our rules had let it pass.
pub(super) fn gaps(gaps: &[RuleGap]) -> Markup {
    html! {
        @if !gaps.is_empty() {
            section aria-labelledby="gaps" {
                h2 id="gaps" { "Rules that are missing" }
                p.quiet {
                    "The provider refused these, and the check before had let them pass. Each is a rule that could be told before any call."
                }
                div.scroll tabindex="0" role="region" aria-label="Refusals that no rule foresaw" {
                    table.stack {
                        thead {
                            tr {
                                th.n scope="col" { "Rows" }
                                th scope="col" { "Code" }
                                th scope="col" { "Column" }
                                th scope="col" { "What the provider said of the first" }
                            }
                        }
                        tbody {
                            @for gap in gaps {
                                tr {
                                    td.n data-label="Rows" { (thousands(gap.rows)) }
                                    th scope="row" data-label="Code" { code { (breaking(&gap.code)) } }
                                    td data-label="Column" { bdi { (breaking(&gap.field)) } }
                                    td data-label="What" { bdi { (or_dash(&gap.message)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
