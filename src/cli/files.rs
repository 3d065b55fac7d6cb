//! What `run`, `check` and `import` have in common: a file, a job, and faults to tell.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::talk::{self, Talk, many};
use super::{JobArgs, Scene};
use crate::app::feed::{Checked, Feed};
use crate::app::rehearsal::{Rehearsal, SAMPLE_JOB};
use crate::app::{App, Env, Exit, Failure};
use crate::config::Job;
use crate::domain::batch::Batch;
use crate::domain::consent::Terms;
use crate::domain::fault::Fault;
use crate::engine::ports::Appended;
use crate::intake::{Hidden, Manner};

/// Faults listed to a person; all of them are counted, and `check --json` gives all.
const FAULTS_SHOWN_MAX: u64 = 50;

/// Which file.
#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The file: .xlsx, .csv, .json, .jsonl, or one of them packed (.gz, .zip); - reads standard input.
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    #[command(flatten)]
    pub(super) job: JobArgs,
    #[command(flatten)]
    pub(super) terms: TermsArgs,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
}

/// How the file is to be read where it leaves a choice.
#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    /// The sheet of a workbook: its name, or its number counted from 1.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// What becomes of hidden rows and columns of a sheet; a sheet that has any is refused without this.
    #[arg(long, value_name = "WHAT")]
    hidden: Option<HiddenArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HiddenArg {
    /// Read them as if they were shown.
    Read,
    /// Pass them over.
    Skip,
}

impl ReadingArgs {
    fn manner(&self) -> Manner {
        Manner {
            sheet: self.sheet.clone(),
            hidden: match self.hidden {
                None => Hidden::Refuse,
                Some(HiddenArg::Read) => Hidden::Read,
                Some(HiddenArg::Skip) => Hidden::Skip,
            },
        }
    }
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
    let loaded = Job::load(name, &args.sets)?;
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
    let rehearsal = Rehearsal::start(app, &args.sets).await?;
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
    let feed = Feed::open(&setting.env, &args.file, setting.job.clone())?;
    let mut feed = feed.with(args.reading.manner());
    feed.terms = terms;
    if setting.rehearsal.is_some() {
        feed.scope = Rehearsal::scope(&feed.scope);
        feed.terms.get_or_insert_with(Rehearsal::terms);
    }
    Ok(feed)
}

/// Opens the file for a check: what is missing to run a job that was named is told, and is no reason not to check.
pub(super) fn open_to_check(args: &FileArgs, setting: Setting, talk: Talk) -> Result<Feed, Failure> {
    let terms = args.terms.given()?;
    let (feed, missing) = Feed::open_to_check(&setting.env, &args.file, setting.job)?;
    let mut feed = feed.with(args.reading.manner());
    feed.terms = terms;
    if let Some(missing) = missing.filter(|_| args.job.job.is_some()) {
        talk.say(format!(
            "warning: the file can be checked, but not run yet: {missing}"
        ));
    }
    Ok(feed)
}

/// What a check told.
pub(super) struct Told {
    pub(super) checked: Option<Checked>,
    pub(super) errors: u64,
    pub(super) warnings: u64,
}

/// Checks the file and tells its faults: to a person the first ones and how many there are, as JSON all of them.
pub(super) fn check(feed: &Feed, scene: &Scene, as_json: bool) -> Result<Told, Failure> {
    let (mut errors, mut warnings) = (0_u64, 0_u64);
    let mut gone = None;
    let checked = tokio::task::block_in_place(|| {
        feed.check(&mut |fault: &Fault| {
            let shown = if fault.is_error() {
                errors += 1;
                errors
            } else {
                warnings += 1;
                warnings
            };
            if as_json {
                if gone.is_none() {
                    gone = talk::json_line(fault).err();
                }
            } else if shown <= FAULTS_SHOWN_MAX {
                scene.talk.fault(fault);
            }
        })
    })?;
    if let Some(failure) = gone {
        return Err(failure);
    }
    if !as_json {
        for (n, noun) in [(errors, "fault"), (warnings, "warning")] {
            if n > FAULTS_SHOWN_MAX {
                let more = many(n - FAULTS_SHOWN_MAX, &format!("more {noun}"));
                scene.talk.say(format!(
                    "… and {more}; `enlist check {} --json` gives all",
                    feed.source.name()
                ));
            }
        }
    }
    Ok(Told {
        checked,
        errors,
        warnings,
    })
}

/// Checks the file; it must have rows that may be sent. A file with faults has none, unless they are to be skipped.
pub(super) fn check_to_send(feed: &Feed, scene: &Scene, skip_invalid: bool) -> Result<Checked, Failure> {
    let told = check(feed, scene, false)?;
    let file = feed.source.name();
    let (sound, among) = told.checked.as_ref().map_or((0, String::new()), |checked| {
        let (faulty, rows) = (checked.summary.faulty, checked.summary.rows);
        (
            checked.summary.sound,
            format!(" in {} of {}", many(faulty, "row"), many(rows, "row")),
        )
    });
    let (message, hint) = match told.checked {
        Some(checked) if sound > 0 && (told.errors == 0 || skip_invalid) => return Ok(checked),
        _ if told.errors == 0 => (format!("{file} has no rows; no call was made"), ""),
        _ => {
            let message = format!("{file}: {}{among}; no call was made", many(told.errors, "fault"));
            let hint = match sound {
                0 => "correct the file and run it again",
                _ => "correct the file, or send the sound rows alone with --skip-invalid",
            };
            (message, hint)
        }
    };
    Err(Failure::new(Exit::InvalidInput, message, hint))
}

/// What became of the file's rows on import, in a line; and in another that evidence given now was not taken.
pub(super) fn imported(feed: &Feed, batch: &Batch, appended: &Appended) -> String {
    let mut said = format!(
        "batch {}: {} of {}: {}",
        batch.id,
        many(batch.rows_total, "row"),
        feed.source.name(),
        came_to(batch.rows_total, appended)
    );
    if let Some(kept) = evidence_kept(feed.terms.as_ref(), batch.terms.as_ref()) {
        said.push('\n');
        said.push_str(&kept);
    }
    said
}

/// The evidence that a batch was begun with stands: its rows may be accounts already. Says so where another is given.
fn evidence_kept(given: Option<&Terms>, kept: Option<&Terms>) -> Option<String> {
    let same = |kept: &Terms, given: &Terms| {
        (&kept.accepted_by, &kept.version) == (&given.accepted_by, &given.version)
    };
    match (given?, kept) {
        (given, Some(kept)) if same(kept, given) => None,
        (_, Some(kept)) => Some(format!(
            "the batch keeps the acceptance of terms it was begun with (version {}, {}); what was given now is not stored\n\
             hint: rows not yet sent can be attested for anew in a file of their own, after `enlist cancel`",
            kept.version, kept.accepted_at
        )),
        (_, None) => Some(
            "the batch was begun with each row's own acceptance of the terms; what was given now is not stored\n\
             hint: rows that were refused for want of it can be attested for in a file of their own"
                .to_owned(),
        ),
    }
}

/// What so many rows came to, each of them told.
fn came_to(rows: u64, appended: &Appended) -> String {
    let parts: Vec<String> = [
        (appended.new, "new"),
        (appended.resumed, "go on"),
        (appended.changed, "changed"),
        (appended.unchanged, "as before"),
        (appended.faulty, "with faults"),
        (appended.there_of(rows), "there already"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", talk::thousands(n)))
    .collect();
    match parts.as_slice() {
        [] => "none".to_owned(),
        parts => parts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_that_is_not_taken_is_told() {
        let terms = |by: &str, version: &str, at: &str| Terms {
            accepted_by: by.into(),
            version: version.into(),
            accepted_at: at.into(),
        };
        let (kept, same) = (terms("Ann", "1", "2026-01-01"), terms("Ann", "1", ""));
        assert_eq!(evidence_kept(None, Some(&kept)), None);
        assert_eq!(evidence_kept(Some(&same), Some(&kept)), None);
        for other in [terms("Ben", "1", ""), terms("Ann", "2", "")] {
            let said = evidence_kept(Some(&other), Some(&kept)).unwrap();
            assert!(
                said.contains("(version 1, 2026-01-01)") && said.contains("hint: "),
                "{said}"
            );
        }
        let said = evidence_kept(Some(&same), None).unwrap();
        assert!(said.contains("each row's own"), "{said}");
    }

    #[test]
    fn every_row_of_an_import_is_told() {
        let some = Appended {
            new: 1_200,
            faulty: 3,
            ..Appended::default()
        };
        let table = [
            (1_203, some, "1,200 new, 3 with faults"),
            // Another importer, or this one before its answer was lost, put the others there.
            (1_500, some, "1,200 new, 3 with faults, 297 there already"),
            (50, Appended::default(), "50 there already"),
            (0, Appended::default(), "none"),
        ];
        for (rows, appended, told) in table {
            assert_eq!(came_to(rows, &appended), told);
        }
    }
}
