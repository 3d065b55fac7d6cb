//! A file is checked before anything is done with it: its faults by kind, then one by one, and whether it may go all the same.

use std::collections::BTreeMap;

use clap::Args;

use super::Scene;
use super::talk::{self, many};
use crate::app::feed::{Checked, Feed};
use crate::app::{Exit, Failure};
use crate::domain::fault::{Fault, Group, Groups, Severity};
use crate::intake::ReadAs;

/// Faults listed to a person; all of them are counted, and `check --json` gives all.
const FAULTS_SHOWN_MAX: usize = 50;

/// Fewer faults than this are listed and not put together first.
const FAULTS_GROUPED_MIN: u64 = 6;

/// Kinds of faults told to a person.
const GROUPS_SHOWN_MAX: usize = 20;

/// Whether a file with faults may go.
#[derive(Debug, Args)]
pub(super) struct Tolerance {
    /// Send nothing if any row has a fault. This is what is done unless told otherwise.
    #[arg(long, conflicts_with_all = ["skip_invalid", "max_error_rate"])]
    strict: bool,
    /// Send the sound rows though others have faults.
    #[arg(long)]
    skip_invalid: bool,
    /// Skip rows with faults, but send nothing if more than this share of the rows has any: 5%, 0.05.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_error_rate: Option<f64>,
}

fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().map(|number| number / unit);
    share
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "is no share from 0 to 1: write 5% or 0.05".to_owned())
}

/// What a check told.
pub(super) struct Told {
    pub(super) checked: Option<Checked>,
    /// How the file was read; `None` when it could not be opened as what it is.
    pub(super) read_as: Option<ReadAs>,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    /// Faults by kind.
    pub(super) groups: Vec<Group>,
}

/// Checks the file and tells its faults: to a person by kind, then the first ones one by one; as JSON all of them.
pub(super) fn check(feed: &Feed, scene: &Scene, as_json: bool) -> Result<Told, Failure> {
    check_by(feed, scene, as_json, &mut |read_as, tell| {
        feed.check(read_as, tell)
    })
}

/// How a file is gone through: whoever does it tells how it is read, and every fault.
type Check<'a> =
    dyn FnMut(&mut dyn FnMut(&ReadAs), &mut dyn FnMut(&Fault)) -> Result<Option<Checked>, Failure> + 'a;

/// The same, with the file gone through in another way.
pub(super) fn check_by(
    feed: &Feed,
    scene: &Scene,
    as_json: bool,
    by: &mut Check<'_>,
) -> Result<Told, Failure> {
    let mut groups = Groups::default();
    let mut found: BTreeMap<Severity, u64> = BTreeMap::new();
    let mut listed: Vec<Fault> = Vec::new();
    let mut gone = None;
    let mut read_as = None;
    let checked = tokio::task::block_in_place(|| {
        let told_first = &mut |found: &ReadAs| {
            // As JSON, the summary says it.
            if !as_json {
                let file = feed.source.name();
                scene.talk.say(format!("{file}: read as {found}"));
            }
            read_as = Some(found.clone());
        };
        by(told_first, &mut |fault: &Fault| {
            groups.add(fault);
            let n = found.entry(fault.severity).or_default();
            *n += 1;
            if as_json {
                if gone.is_none() {
                    gone = talk::json_line(fault).err();
                }
            } else if *n <= FAULTS_SHOWN_MAX as u64 {
                listed.push(fault.clone());
            }
        })
    })?;
    if let Some(failure) = gone {
        return Err(failure);
    }
    let of = |severity| found.get(&severity).copied().unwrap_or(0);
    let told = Told {
        checked,
        read_as,
        errors: of(Severity::Error),
        warnings: of(Severity::Warning) + of(Severity::Note),
        groups: groups.into_sorted(),
    };
    if !as_json {
        tell(feed, scene, &told, &listed);
    }
    Ok(told)
}

fn tell(feed: &Feed, scene: &Scene, told: &Told, listed: &[Fault]) {
    if told.errors + told.warnings >= FAULTS_GROUPED_MIN {
        let many = told.groups.iter().filter(|group| group.faults > 1);
        for group in many.take(GROUPS_SHOWN_MAX) {
            scene.talk.say_of(group.severity, &group.to_string());
        }
        scene.talk.say("");
    }
    for fault in listed {
        scene.talk.fault(fault);
    }
    for (n, noun) in [(told.errors, "fault"), (told.warnings, "warning")] {
        let more = n.saturating_sub(FAULTS_SHOWN_MAX as u64);
        if more > 0 {
            let more = many(more, &format!("more {noun}"));
            let file = feed.source.name();
            scene
                .talk
                .say(format!("… and {more}; `enlist check {file} --json` gives all"));
        }
    }
}

/// Checks the file; it must have rows that may be sent. A file with faults has none, unless they are to be skipped.
pub(super) fn check_to_send(feed: &Feed, scene: &Scene, tolerance: &Tolerance) -> Result<Checked, Failure> {
    let told = check(feed, scene, false)?;
    let file = feed.source.name();
    let refuse = |message, hint: &str| Err(Failure::new(Exit::InvalidInput, message, hint));
    let Some(checked) = told.checked else {
        let message = format!("{file}: {}; no call was made", many(told.errors, "fault"));
        return refuse(message, "correct the file and run it again");
    };
    let (faulty, rows) = (checked.summary.faulty, checked.summary.rows);
    let said = format!(
        "{file}: {} in {} of {}",
        many(told.errors, "fault"),
        many(faulty, "row"),
        many(rows, "row")
    );
    match tolerance.max_error_rate {
        _ if told.errors == 0 && checked.summary.sound == 0 => {
            refuse(format!("{file} has no rows; no call was made"), "")
        }
        _ if checked.summary.sound == 0 => refuse(
            format!("{said}; no call was made"),
            "correct the file and run it again",
        ),
        Some(share) if faulty as f64 > share * rows as f64 => refuse(
            format!(
                "{said}, more than the {} allowed; no call was made",
                percent(share)
            ),
            "correct the file, or allow more with --max-error-rate",
        ),
        None if told.errors > 0 && !tolerance.skip_invalid => refuse(
            format!("{said}; no call was made"),
            "correct the file, or send the sound rows alone with --skip-invalid",
        ),
        _ => Ok(checked),
    }
}

fn percent(share: f64) -> String {
    let percent = format!("{:.2}", share * 100.0);
    format!("{}%", percent.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_two_ways() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share(" 0.05 "), Ok(0.05));
        assert_eq!(share("100 %"), Ok(1.0));
        for wrong in ["5", "-1%", "x", "", "%", "NaN", "101%"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            (percent(0.05), percent(0.125), percent(1.0)),
            ("5%".into(), "12.5%".into(), "100%".into())
        );
    }
}
