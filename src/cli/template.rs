//! `enlist template JOB`: a file to fill in, with the columns that the job's provider takes and an example row.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Scene, talk};
use crate::app::{Exit, Failure, providers};
use crate::config::Job;
use crate::report::template::csv;

/// Flags of `template`.
#[derive(Debug, Args)]
pub(super) struct TemplateArgs {
    /// The job: a name in jobs/, a built-in one, or a path.
    #[arg(value_name = "JOB")]
    job: String,
    /// Columns too that a row can do without.
    #[arg(long)]
    all: bool,
    /// Where to write it; a file that is there is left alone. Default: standard output.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A column, as `template --json` shows it.
#[derive(Serialize)]
struct Column<'a> {
    column: String,
    example: &'a str,
}

pub(super) fn run(args: &TemplateArgs, scene: &Scene) -> Result<Exit, Failure> {
    let job = Job::load(&args.job, &[])?.job;
    let columns = providers::contract(&job).template(args.all);
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Failed,
            format!("the template cannot be written: {error}"),
            "name a new file in a folder you may write to with --out",
        )
    };
    let text = csv(&columns).map_err(|error| failed(&error))?;
    if scene.json {
        let told: Vec<Column<'_>> = columns
            .iter()
            .map(|(field, example)| Column {
                column: field.to_string(),
                example,
            })
            .collect();
        talk::json(&told)?;
    }
    match &args.out {
        None if scene.json => {}
        None => talk::data(String::from_utf8_lossy(&text).trim_end())?,
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let mut file = file.map_err(|error| failed(&format!("{}: {error}", path.display())))?;
            file.write_all(&text).map_err(|error| failed(&error))?;
            scene.talk.say(format!(
                "{}: put your rows in the place of the example, then `enlist check {} --job {}`",
                path.display(),
                path.display(),
                args.job
            ));
        }
    }
    Ok(Exit::Done)
}
