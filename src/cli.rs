//! The command line: one file a verb. Data goes to stdout, talk to stderr, and every ending has its exit code.

mod asking;
mod check;
mod checking;
mod completions;
mod doctor;
mod examples;
mod feeding;
mod files;
mod healthcheck;
mod import;
mod jobs;
mod keys;
mod man;
mod manner;
mod orders;
mod plan;
mod progress;
mod report;
mod run;
pub mod signals;
mod simulate;
mod status;
mod talk;
mod template;
mod usage;
mod watched;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::app::exit::{Exit, Failure};
use crate::app::{App, process_env};
use crate::telemetry::{self, LogFormat};
use signals::Stop;

pub use usage::read;

/// Takes a file of resellers and makes every row a settled account at the provider: created once, never twice.
#[derive(Debug, Parser)]
#[command(
    name = "enlist",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: Common,
    /// The verb as it was written, `simulate adobe`.
    #[arg(skip)]
    path: String,
}

/// Flags of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Common {
    /// The ledger: sqlite:FILE, a path, or redis://HOST:PORT/0?ledger=NAME. Default: ENLIST_LEDGER, else a file in the
    /// data directory (ENLIST_DATA_DIR).
    #[arg(long, global = true, value_name = "ADDRESS")]
    ledger: Option<String>,
    /// Data on stdout as JSON; docs/json.md says which.
    #[arg(long, global = true)]
    json: bool,
    /// Say less: errors only.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say more; twice for everything.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Log lines for people (text), or one JSON object a line (json).
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        value_enum,
        default_value_t,
        env = "ENLIST_LOG_FORMAT",
        hide_env_values = true
    )]
    log_format: LogForm,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum LogForm {
    #[default]
    Text,
    Json,
}

/// Which job, and what of it to change.
#[derive(Debug, Args)]
struct JobArgs {
    /// The job: a name in jobs/, a built-in one, or a path. With none, `run` and `check` take the sample job on the
    /// built-in simulator.
    #[arg(long, short, value_name = "NAME|PATH")]
    job: Option<String>,
    /// Changes any key of the job: --set limits.in_flight=64 --set poll.first=1s.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Says what a column of the file is: --map 'Firm=company', or - to pass it over: --map 'Notes=-'.
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = mapped)]
    maps: Vec<(String, String)>,
}

/// A column and its field; the last `=` parts them, since a header may have one.
fn mapped(text: &str) -> Result<(String, String), String> {
    text.rsplit_once('=')
        .map(|(header, field)| (header.trim().to_owned(), field.trim().to_owned()))
        .filter(|(header, field)| !header.is_empty() && !field.is_empty())
        .ok_or_else(|| "write it as HEADER=FIELD, such as 'Firm=company'".to_owned())
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check a file, create what is missing, watch until settled, report.
    Run(run::RunArgs),
    /// Find every fault of a file. Makes no call.
    Check(check::CheckArgs),
    /// Say what a run would do, how many calls it needs and how long that takes. Makes no call.
    Plan(plan::PlanArgs),
    /// Put a file's rows into the ledger for workers.
    Import(import::ImportArgs),
    /// Work the ledger's batches until stopped.
    Worker(worker::WorkerArgs),
    /// Show batches, one batch, or one row with its history.
    Status(status::StatusArgs),
    /// Write a batch's report folder as things stand.
    Report(report::ReportArgs),
    /// Try a batch's failed rows again.
    Retry(orders::RetryArgs),
    /// Stop claiming a batch's rows; what is in flight ends.
    Pause(orders::PauseArgs),
    /// Go on with a paused batch.
    Resume(orders::ResumeArgs),
    /// Cancel a batch: rows not settled yet are settled as Cancelled.
    Cancel(orders::CancelArgs),
    /// Give a batch another share of the turns beside others; works at once.
    Weight(orders::WeightArgs),
    /// Forget a finished batch: its rows, outcomes and history. Rows fed again afterwards are new rows.
    Forget(orders::ForgetArgs),
    /// Run a stand-in for a provider, to rehearse a file on.
    Simulate(simulate::SimulateArgs),
    /// List the jobs, or print one.
    Jobs(jobs::JobsArgs),
    /// Write a file to fill in: the columns that a job's provider takes, and an example row.
    Template(template::TemplateArgs),
    /// Look at the ledger, and at a job's provider, and say what is not as it should be.
    Doctor(doctor::DoctorArgs),
    /// Make keys that seal what is secret in the ledger, and see which are needed.
    Keys(keys::KeysArgs),
    /// Ask a worker or a simulator whether it is well: for health checks of containers.
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Print what makes a shell complete verbs and flags.
    Completions(completions::CompletionsArgs),
    /// Write the manual: a page for each command.
    Man(man::ManArgs),
}

impl Verb {
    /// Whether numbers will be asked for.
    const fn is_watched(&self) -> bool {
        let watch = match self {
            Self::Run(args) => &args.watch,
            Self::Import(args) => &args.watch,
            Self::Worker(args) => &args.watch,
            _ => return false,
        };
        watch.listen.is_some()
    }
}

/// Runs the verb; everything that can be said has been said when it returns.
pub async fn run(cli: Cli, stop: Stop) -> Exit {
    let Cli { verb, common, path } = cli;
    let talk = talk::Talk::new(common.quiet);
    let told = |failure: Failure| {
        let failure = usage::with_hint(failure, &path);
        talk::failure(&failure);
        failure.exit
    };
    // What is known without a ledger is told even where its address is wrong.
    let verb = match verb {
        Verb::Completions(args) => return completions::run(&args).unwrap_or_else(told),
        Verb::Man(args) => return man::run(&args, talk).unwrap_or_else(told),
        verb => verb,
    };
    let mut app = match App::new(common.ledger.as_deref(), process_env()) {
        Ok(app) => app,
        Err(failure) => return told(failure),
    };
    let settings = telemetry::Settings {
        verbosity: common.verbose,
        log_format: match common.log_format {
            LogForm::Text => LogFormat::Text,
            LogForm::Json => LogFormat::Json,
        },
        exposition: verb.is_watched(),
        instance: app.world.dice(),
    };
    let (telemetry, troubles) = telemetry::start(&settings, &*app.env);
    for trouble in troubles {
        talk.say(format!("warning: {trouble}"));
    }
    let telemetry = Arc::new(telemetry);
    app.telemetry = Arc::clone(&telemetry);
    let scene = Scene {
        app: app.clone(),
        json: common.json,
        talk,
        stop,
    };
    let exit = dispatch(verb, scene).await.unwrap_or_else(|mut failure| {
        failure.hint = app.with_ledger(&failure.hint);
        told(failure)
    });
    telemetry.finish().await;
    exit
}

/// What a verb works with.
struct Scene {
    app: App,
    json: bool,
    talk: talk::Talk,
    stop: Stop,
}

async fn dispatch(verb: Verb, scene: Scene) -> Result<Exit, Failure> {
    match verb {
        Verb::Run(args) => run::run(args, scene).await,
        Verb::Check(args) => check::run(args, scene).await,
        Verb::Plan(args) => plan::run(args, scene).await,
        Verb::Import(args) => import::run(args, scene).await,
        Verb::Worker(args) => worker::run(args, scene).await,
        Verb::Status(args) => status::run(args, scene).await,
        Verb::Report(args) => report::run(args, scene).await,
        Verb::Retry(args) => orders::retry(args, scene).await,
        Verb::Pause(args) => orders::pause(args, scene).await,
        Verb::Resume(args) => orders::resume(args, scene).await,
        Verb::Cancel(args) => orders::cancel(args, scene).await,
        Verb::Weight(args) => orders::weight(args, scene).await,
        Verb::Forget(args) => orders::forget(args, scene).await,
        Verb::Simulate(args) => simulate::run(args, scene).await,
        Verb::Jobs(args) => jobs::run(&args, &scene),
        Verb::Template(args) => template::run(&args, &scene),
        Verb::Doctor(args) => doctor::run(args, scene).await,
        Verb::Keys(args) => keys::run(args, scene).await,
        Verb::Healthcheck(args) => healthcheck::run(args, scene).await,
        Verb::Completions(args) => completions::run(&args),
        Verb::Man(args) => man::run(&args, scene.talk),
    }
}

/// A folder as a flag's value.
type Folder = PathBuf;
