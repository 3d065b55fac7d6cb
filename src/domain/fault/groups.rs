//! Faults of the same kind together: a file with ten thousand faults has a handful of causes, and those are what a person can
//! do something about.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{Fault, Place, Severity, harmless, harmless_line};

/// Kinds that are told apart; faults of further ones are counted together.
const KINDS_MAX: usize = 500;

/// Places named of each kind.
const PLACES_MAX: usize = 3;

/// Messages told of each kind.
const MESSAGES_MAX: usize = 2;

/// Characters of a cell shown in a line about many.
const VALUE_CHARS_MAX: usize = 24;

/// What probably happened, by words that stand in the message or the hint.
const SUSPICIONS: [(&str, &str); 5] = [
    (
        "a leading zero was lost",
        "a leading zero was lost; did a spreadsheet program open this file?",
    ),
    (
        "the code went through a number",
        "codes went through numbers; did a spreadsheet program open this file?",
    ),
    (
        "a spreadsheet shortened this",
        "long numbers were shortened; did a spreadsheet program save this file?",
    ),
    (
        "read in the wrong encoding",
        "letters were garbled; was the file saved in another encoding on its way?",
    ),
    (
        "is a quote missing",
        "cells or lines ran together; is a quote missing?",
    ),
];

/// Faults of one kind: the same rule in the same column, and probably the same cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How bad.
    pub severity: Severity,
    /// The rule's id; empty of the rest, when there are too many kinds.
    pub rule: Cow<'static, str>,
    /// The user's column; empty when the fault belongs to none.
    pub column: String,
    /// How many there are; of a rule that looks at one cell, as many rows.
    pub faults: u64,
    /// What is wrong, as the first of them that differ say it, or what probably happened to all.
    pub messages: Vec<Cow<'static, str>>,
    /// What to do about the first of them.
    pub hint: String,
    /// Where the rule comes from.
    pub source: Cow<'static, str>,
    /// The first cells of it.
    pub examples: Vec<Example>,
}

/// A cell with a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// What stands there, cut.
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    rule: Cow<'static, str>,
    column: String,
    severity: Severity,
    suspicion: Option<usize>,
}

/// Gathers faults into groups.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    by_kind: BTreeMap<Kind, Group>,
    rest: Option<Group>,
}

impl Groups {
    /// Counts a fault in.
    pub fn add(&mut self, fault: &Fault) {
        let suspicion = suspicion(fault);
        let kind = Kind {
            rule: fault.rule.clone(),
            column: fault.place.column.clone(),
            severity: fault.severity,
            suspicion,
        };
        let is_full = self.by_kind.len() >= KINDS_MAX;
        let group = match self.by_kind.get_mut(&kind) {
            Some(group) => group,
            None if is_full => self.rest.get_or_insert_with(rest),
            None => self
                .by_kind
                .entry(kind)
                .or_insert_with(|| of_kind(fault, suspicion)),
        };
        group.faults += 1;
        let is_told =
            suspicion.is_some() || is_full || group.messages.contains(&Cow::Borrowed(&*fault.message));
        if !is_told && group.messages.len() < MESSAGES_MAX {
            group.messages.push(Cow::Owned(fault.message.clone()));
        }
        group.severity = group.severity.max(fault.severity);
        if group.examples.len() < PLACES_MAX {
            group.examples.push(Example {
                place: fault.place.clone(),
                value: fault.value.clone(),
            });
        }
    }

    /// The groups: errors before warnings, the largest first.
    pub fn into_sorted(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self.by_kind.into_values().chain(self.rest).collect();
        groups.sort_by_key(|group| Reverse((group.severity, group.faults)));
        groups
    }
}

fn suspicion(fault: &Fault) -> Option<usize> {
    let says = |needle: &str| fault.hint.contains(needle) || fault.message.contains(needle);
    SUSPICIONS.iter().position(|(needle, _)| says(needle))
}

fn of_kind(fault: &Fault, suspicion: Option<usize>) -> Group {
    let suspected = suspicion.and_then(|at| SUSPICIONS.get(at));
    Group {
        severity: fault.severity,
        rule: fault.rule.clone(),
        column: fault.place.column.clone(),
        faults: 0,
        messages: suspected
            .map(|(_, text)| Cow::Borrowed(*text))
            .into_iter()
            .collect(),
        hint: fault.hint.clone(),
        source: fault.source.clone(),
        examples: Vec::new(),
    }
}

fn rest() -> Group {
    Group {
        severity: Severity::Note,
        rule: Cow::Borrowed(""),
        column: String::new(),
        faults: 0,
        messages: vec![Cow::Borrowed("faults of further kinds")],
        hint: String::new(),
        source: Cow::Borrowed(""),
        examples: Vec::new(),
    }
}

impl fmt::Display for Group {
    /// `312 errors in column `zip`: a leading zero was lost; …`, and the first places on a line of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.faults == 1 { "" } else { "s" };
        write!(f, "{} {}{ending}", self.faults, self.severity.as_str())?;
        if !self.column.is_empty() {
            write!(f, " in column `{}`", harmless(&self.column))?;
        }
        write!(f, ": {}", harmless_line(&self.messages.join("; ")))?;
        let places: Vec<String> = self
            .examples
            .iter()
            .filter(|example| example.place.line > 0)
            .map(|Example { place, value }| {
                let at = match place.cell.as_str() {
                    "" => format!("line {}", place.line),
                    cell => format!("cell {cell}"),
                };
                match value.as_str() {
                    "" => at,
                    value => format!("{at} {:?}", short(&harmless(value))),
                }
            })
            .collect();
        if places.is_empty() {
            return Ok(());
        }
        let more = if self.faults > places.len() as u64 {
            ", …"
        } else {
            ""
        };
        write!(f, "\n  {}{more}", places.join(", "))
    }
}

fn short(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", value.get(..cut).unwrap_or_default()),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(line: u64, rule: &'static str, hint: &str) -> Fault {
        let place = Place {
            column: "zip".into(),
            ..Place::record(&"a.csv".into(), line, line - 1)
        };
        Fault::error(place, rule, "not a postal code of US", hint).with_cell(None, "2110")
    }

    #[test]
    fn faults_of_one_cause_are_one_group() {
        let mut groups = Groups::default();
        for line in 2..314 {
            groups.add(&fault(
                line,
                "postal_code.pattern",
                &format!("a leading zero was lost: write 0{line}"),
            ));
        }
        groups.add(&fault(400, "postal_code.pattern", "write the postal code"));
        groups.add(&fault(2, "email.shape", "write an address").with_severity(Severity::Warning));
        groups.add(&fault(3, "email.shape", "write an address").with_severity(Severity::Warning));
        let told: Vec<(u64, String)> = groups
            .into_sorted()
            .into_iter()
            .map(|group| {
                let lines: Vec<u64> = group.examples.iter().map(|at| at.place.line).collect();
                (
                    group.faults,
                    format!("{} {lines:?}: {}", group.rule, group.messages.join("; ")),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (312, "postal_code.pattern [2, 3, 4]: a leading zero was lost; did a spreadsheet program open this file?".into()),
                (1, "postal_code.pattern [400]: not a postal code of US".into()),
                (2, "email.shape [2, 3]: not a postal code of US".into()),
            ],
            "errors come first"
        );
    }

    #[test]
    fn a_group_is_told_in_two_lines() {
        let mut groups = Groups::default();
        for (line, message) in [
            (2, "no @ in it"),
            (3, "two of them"),
            (4, "no @ in it"),
            (5, "a third thing"),
        ] {
            let mut fault = fault(line, "email.shape", "");
            fault.message = message.to_owned();
            fault.value = "a\u{202e}".repeat(20);
            groups.add(&fault);
        }
        let told = groups.into_sorted().remove(0).to_string();
        assert!(
            told.starts_with("4 errors in column `zip`: no @ in it; two of them\n  line 2 \"a\u{FFFD}a"),
            "{told}"
        );
        assert!(told.ends_with("…\", …") && !told.contains('\u{202e}'), "{told}");
    }

    #[test]
    fn there_are_never_more_kinds_than_can_be_held() {
        let mut groups = Groups::default();
        for n in 0..2_000_u64 {
            let mut fault = fault(n + 2, "x", "");
            fault.place.column = format!("column {n}");
            groups.add(&fault);
        }
        let groups = groups.into_sorted();
        assert_eq!(groups.len(), KINDS_MAX + 1);
        assert_eq!(groups.iter().map(|group| group.faults).sum::<u64>(), 2_000);
    }
}
