//! `enlist check FILE`: every fault of the whole file, before any call.

use clap::Args;
use serde::Serialize;

use super::Scene;
use super::asking::ask;
use super::checking;
use super::files::{self, FileArgs};
use super::talk::{self, many};
use crate::app::{Exit, Failure};
use crate::domain::fault::Group;
use crate::intake::ReadAs;

/// Flags of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    file: FileArgs,
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
    ask(&mut feed, &scene)?;
    let told = checking::check(&feed, &scene, scene.json)?;
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
    Ok(if told.errors == 0 {
        Exit::Done
    } else {
        Exit::InvalidInput
    })
}
