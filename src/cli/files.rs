//! What `run`, `check` and `import` have in common: a file, a job, and faults to tell.

use std::sync::Arc;

use clap::Args;

use super::JobArgs;
use super::manner::MannerArgs;
use super::talk::Talk;
use crate::app::feed::Feed;
use crate::app::rehearsal::{Rehearsal, SAMPLE_JOB};
use crate::app::{App, Env, Failure};
use crate::config::Job;
use crate::domain::consent::Terms;

/// Which file.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The file: .csv, .json, .jsonl; - reads standard input.
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    #[command(flatten)]
    pub(super) job: JobArgs,
    #[command(flatten)]
    pub(super) terms: TermsArgs,
    #[command(flatten)]
    manner: MannerArgs,
}

/// Who accepted the provider's terms, for all rows that do not say it themselves.
#[derive(Debug, Args)]
pub(super) struct TermsArgs {
    /// Who accepted the provider's terms for all resellers of the file; kept with each row, and in the report.
    #[arg(
        long,
        value_name = "WHO",
        env = "ENLIST_TERMS_ACCEPTED_BY",
        hide_env_values = true
    )]
    terms_accepted_by: Option<String>,
    /// Which version of the terms that was.
    #[arg(
        long,
        value_name = "VERSION",
        env = "ENLIST_TERMS_VERSION",
        hide_env_values = true
    )]
    terms_version: Option<String>,
}

impl TermsArgs {
    fn given(&self) -> Result<Option<Terms>, Failure> {
        Terms::given(self.terms_accepted_by.as_deref(), self.terms_version.as_deref()).map_err(|why| {
            Failure::usage(
                format!("--terms-accepted-by, --terms-version: {why}"),
                "give both, or write columns terms_accepted_by and terms_version",
            )
        })
    }
}

/// The job, and the environment to connect with.
pub(super) struct Setting {
    pub(super) job: Job,
    pub(super) env: Env,
    /// The simulator, while it is needed.
    pub(super) rehearsal: Option<Rehearsal>,
}

/// Loads the job that was named, without anything running.
pub(super) fn load(app: &App, args: &JobArgs, talk: Talk) -> Result<Setting, Failure> {
    let name = args.job.as_deref().unwrap_or(SAMPLE_JOB);
    let mut loaded = Job::load(name, &args.sets)?;
    loaded.job.columns.extend(args.maps.iter().cloned());
    for note in &loaded.notes {
        talk.say(format!("warning: {note}"));
    }
    Ok(Setting {
        job: loaded.job,
        env: Arc::clone(&app.env),
        rehearsal: None,
    })
}

/// Loads the job; with none named, the sample job on the simulator, which is started.
pub(super) async fn load_to_run(app: &App, args: &JobArgs, talk: Talk) -> Result<Setting, Failure> {
    if args.job.is_some() {
        return load(app, args, talk);
    }
    let mut rehearsal = Rehearsal::start(app, &args.sets).await?;
    rehearsal.job.columns.extend(args.maps.iter().cloned());
    talk.say(format!(
        "no job named: rehearsing {SAMPLE_JOB} on the built-in simulator at {}; nothing reaches a provider",
        rehearsal.base_url
    ));
    Ok(Setting {
        job: rehearsal.job.clone(),
        env: Arc::clone(&rehearsal.env),
        rehearsal: Some(rehearsal),
    })
}

/// Opens the file under the job.
pub(super) fn open(args: &FileArgs, setting: &Setting) -> Result<Feed, Failure> {
    let terms = args.terms.given()?;
    let mut feed = Feed::open(&setting.env, &args.file, args.manner.given(), setting.job.clone())?;
    feed.terms = terms;
    if setting.rehearsal.is_some() {
        rehearse(&mut feed);
    }
    Ok(feed)
}

/// Makes the rows those of a rehearsal.
pub(super) fn rehearse(feed: &mut Feed) {
    feed.scope = Rehearsal::scope(&feed.scope);
    feed.terms.get_or_insert_with(Rehearsal::terms);
}

/// Opens the file for a check: what is missing to run a job that was named is told, and is no reason not to check.
pub(super) fn open_to_check(args: &FileArgs, setting: Setting, talk: Talk) -> Result<Feed, Failure> {
    let terms = args.terms.given()?;
    let (mut feed, missing) =
        Feed::open_to_check(&setting.env, &args.file, args.manner.given(), setting.job)?;
    feed.terms = terms;
    if let Some(missing) = missing.filter(|_| args.job.job.is_some()) {
        talk.say(format!(
            "warning: the file can be checked, but not run yet: {missing}"
        ));
    }
    Ok(feed)
}
