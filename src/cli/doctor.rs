//! `enlist doctor`: what work would depend on, looked at one by one.

use clap::Args;
use serde::Serialize;

use super::{JobArgs, Scene, files, talk};
use crate::app::{Exit, Failure, doctor};
use crate::domain::diagnosis::{Diagnosis, Verdict};

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    job: JobArgs,
}

/// What `doctor --json` says of one thing.
#[derive(Serialize)]
struct Told<'a> {
    part: &'a str,
    verdict: &'static str,
    /// Whether it is a problem that somebody must change a setting for.
    configuration: bool,
    message: &'a str,
    hint: &'a str,
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Warning => "warning",
        Verdict::Failing | Verdict::Misconfigured => "problem",
    }
}

pub(super) async fn run(args: DoctorArgs, scene: Scene) -> Result<Exit, Failure> {
    let mut found = scene.app.examine_ledger().await;
    if args.job.job.is_some() {
        let setting = files::load(&scene.app, &args.job, scene.talk)?;
        found.extend(scene.app.examine_provider(&setting.job).await);
    }
    if scene.json {
        let told: Vec<Told<'_>> = found.iter().map(told).collect();
        talk::json(&told)?;
    } else {
        let width = found.iter().map(|found| found.part.chars().count()).max();
        for Diagnosis {
            part,
            verdict,
            message,
            hint,
        } in &found
        {
            let width = width.unwrap_or_default();
            talk::data(format!("{:7}  {part:width$}  {message}", word(*verdict)))?;
            if !hint.is_empty() {
                talk::data(format!(
                    "{:7}  {:width$}  hint: {}",
                    "",
                    "",
                    scene.app.with_ledger(hint)
                ))?;
            }
        }
    }
    Ok(doctor::exit(&found))
}

fn told(found: &Diagnosis) -> Told<'_> {
    Told {
        part: &found.part,
        verdict: word(found.verdict),
        configuration: found.verdict == Verdict::Misconfigured,
        message: &found.message,
        hint: &found.hint,
    }
}
