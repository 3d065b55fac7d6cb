//! `enlist check FILE`: every fault of the whole file, before any call.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Scene;
use super::asking::ask;
use super::checking;
use super::files::{self, FileArgs};
use super::talk::{self, many};
use crate::app::feed::Annotated;
use crate::app::{Exit, Failure};
use crate::domain::fault::Group;
use crate::intake::ReadAs;

/// Flags of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Write a copy of the file as a workbook, with each faulty cell red and a note at it that says what is wrong and what to
    /// do. A file that is there is left alone.
    #[arg(long, value_name = "OUT.xlsx", value_parser = workbook)]
    annotate: Option<PathBuf>,
}

fn workbook(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_workbook = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"));
    match is_workbook {
        true => Ok(path),
        false => Err("a workbook's name ends in .xlsx".to_owned()),
    }
}

/// The last line of `check --json`; the lines before it are the faults, one a line.
#[derive(Serialize)]
struct CheckSummary {
    file: String,
    job: String,
    rows: u64,
    sound: u64,
    faulty: u64,
    errors: u64,
    warnings: u64,
    /// SHA-256 of the file; `null` when its columns could not be matched.
    digest: Option<String>,
    derived_keys: bool,
    /// Faults and warnings by kind, errors first.
    groups: Vec<Group>,
    /// How the file was read (docs/files.md); `null` when it could not be opened as what it is.
    read_as: Option<ReadAs>,
}

pub(super) async fn run(args: CheckArgs, scene: Scene) -> Result<Exit, Failure> {
    let setting = files::load(&scene.app, &args.file.job, scene.talk)?;
    let mut feed = files::open_to_check(&args.file, setting, scene.talk)?;
    if args.file.job.job.is_none() {
        // As a run without a job would: nobody is asked for what a rehearsal does not need.
        files::rehearse(&mut feed);
    }
    ask(&mut feed, &scene)?;
    let mut copied = None;
    let told = match &args.annotate {
        None => checking::check(&feed, &scene, scene.json)?,
        Some(path) => checking::check_by(&feed, &scene, scene.json, &mut |read_as, tell| {
            let (checked, annotated) = feed.check_annotating(path, scene.app.world.now(), read_as, tell)?;
            copied = annotated;
            Ok(checked)
        })?,
    };
    let summary = told.checked.as_ref().map(|checked| &checked.summary);
    if let (Some(checked), Some(_)) = (&told.checked, &args.file.job.job)
        && let Err(failure) = feed.can_be_fed(&checked.mapping)
    {
        scene.talk.say(format!(
            "warning: the file can be checked, but not run yet: {failure}"
        ));
    }
    let rows = summary.map_or(0, |summary| summary.rows);
    let sound = summary.map_or(0, |summary| summary.sound);
    if scene.json {
        talk::json_line(&CheckSummary {
            file: feed.source.name().to_string(),
            job: feed.job.name.clone(),
            rows,
            sound,
            faulty: rows - sound,
            errors: told.errors,
            warnings: told.warnings,
            digest: summary.map(|summary| summary.digest.to_string()),
            derived_keys: summary.is_some_and(|summary| summary.derived_keys),
            groups: told.groups,
            read_as: told.read_as,
        })?;
    } else {
        scene.talk.say(format!(
            "{}: {}, {} sound; {}, {}",
            feed.source.name(),
            many(rows, "row"),
            talk::thousands(sound),
            many(told.errors, "fault"),
            many(told.warnings, "warning"),
        ));
    }
    if let Some(path) = &args.annotate {
        scene.talk.say(annotated(path, copied));
    }
    Ok(if told.errors == 0 {
        Exit::Done
    } else {
        Exit::InvalidInput
    })
}

/// What the copy has, and what it lacks.
fn annotated(path: &Path, copied: Option<Annotated>) -> String {
    let path = path.display();
    let Some(Annotated { copied, is_private }) = copied else {
        return format!("{path} was not written: there are no rows that could be copied");
    };
    let mut text = format!(
        "{path}: a copy of {}, {} of them marked; correct the red cells, or filter `_error_message`",
        many(copied.rows, "row"),
        talk::thousands(copied.marked)
    );
    for (n, noun) in [(copied.rows_left_out, "row"), (copied.notes_left_out, "note")] {
        if n > 0 {
            text.push_str(&format!("\nwarning: {} did not fit", many(n, noun)));
        }
    }
    if is_private {
        text.push_str("\nwarning: it holds passwords, as the file does; only you may read it");
    }
    text
}
