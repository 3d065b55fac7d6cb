//! `enlist jobs`: which jobs there are, and what one says.

use clap::Args;
use serde::Serialize;

use super::{Scene, mapped, talk};
use crate::app::{Exit, Failure};
use crate::config::{Job, jobs};

/// Flags of `jobs`.
#[derive(Debug, Args)]
pub(super) struct JobsArgs {
    /// Print this job as it would be used, overrides applied.
    #[arg(value_name = "NAME|PATH")]
    job: Option<String>,
    /// Changes any key of the job before it is printed.
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "job")]
    sets: Vec<String>,
    /// Says what a column of a file is before the job is printed: keep what is printed in jobs/, and it holds for every file.
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = mapped, requires = "job")]
    maps: Vec<(String, String)>,
}

/// A job in the list.
#[derive(Serialize)]
struct JobLine {
    name: String,
    origin: String,
    about: String,
}

pub(super) async fn run(args: JobsArgs, scene: Scene) -> Result<Exit, Failure> {
    if let Some(name) = &args.job {
        let mut job = Job::load(name, &args.sets)?.job;
        job.columns.extend(args.maps);
        if scene.json {
            talk::json(&job)?
        } else {
            talk::data(job.to_toml().trim_end())?
        }
        return Ok(Exit::Done);
    }
    let lines: Vec<JobLine> = jobs()
        .into_iter()
        .map(|job| JobLine {
            name: job.name,
            origin: job.origin,
            about: job.about.unwrap_or_else(|error| error),
        })
        .collect();
    if scene.json {
        talk::json(&lines)?;
    } else {
        let width = lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
        for line in &lines {
            talk::data(format!("{:width$}  {}  ({})", line.name, line.about, line.origin))?;
        }
    }
    Ok(Exit::Done)
}
