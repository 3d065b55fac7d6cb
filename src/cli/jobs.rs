//! `enlist jobs`: which jobs there are, and what one says.

use clap::Args;
use serde::Serialize;

use super::{Scene, mapped, talk};
use crate::app::{Exit, Failure};
use crate::config::{Job, Sourced, Variable, jobs};

/// Flags of `jobs`.
#[derive(Debug, Args)]
pub(super) struct JobsArgs {
    /// Print this job as it would be used, overrides applied.
    #[arg(value_name = "NAME|PATH")]
    job: Option<String>,
    /// Say of each key where its value comes from: the job file and line, --set, --map, or nobody; and of each variable of the
    /// environment that is read, whether it is set.
    #[arg(long, requires = "job")]
    origin: bool,
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

pub(super) fn run(args: &JobsArgs, scene: &Scene) -> Result<Exit, Failure> {
    if let Some(name) = &args.job {
        return one(name, args, scene);
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

/// Prints a job as it would be used.
fn one(name: &str, args: &JobsArgs, scene: &Scene) -> Result<Exit, Failure> {
    let mut loaded = Job::load(name, &args.sets)?;
    for (header, field) in &args.maps {
        loaded.map(header, field);
    }
    match (args.origin, scene.json) {
        (true, true) => talk::json(&loaded.keys(&*scene.app.env))?,
        (true, false) => lines(&loaded.keys(&*scene.app.env))
            .iter()
            .try_for_each(talk::data)?,
        (false, true) => talk::json(&loaded.job)?,
        (false, false) => talk::data(loaded.job.to_toml().trim_end())?,
    }
    Ok(Exit::Done)
}

/// Values longer than this push where they come from out of its column.
const COLUMN_CHARS_MAX: usize = 60;

/// Each key with its origin as a remark, so that what is printed is a job file still.
fn lines(keys: &[Sourced]) -> Vec<String> {
    let settings: Vec<String> = keys
        .iter()
        .map(|key| format!("{} = {}", key.key, key.value))
        .collect();
    let chars = |setting: &String| setting.chars().count();
    let width = settings
        .iter()
        .map(chars)
        .filter(|chars| *chars <= COLUMN_CHARS_MAX)
        .max()
        .unwrap_or_default();
    settings
        .iter()
        .zip(keys)
        .map(|(setting, key)| {
            let variables: String = key
                .variables
                .iter()
                .map(|Variable { name, set }| format!("; {name} is {}", if *set { "set" } else { "not set" }))
                .collect();
            format!("{setting:width$}  # {}{variables}", key.at)
        })
        .collect()
}
