//! A file under a job: checked whole, then fed to the ledger.

mod annotate;
mod asked;
mod import;
mod planning;
mod row;

use std::ops::ControlFlow;
use std::sync::Arc;

use super::keys::Sealing;
use super::{Env, Failure, providers};
use crate::config::{ConfigError, Job, SAMPLE_DISTRIBUTOR};
use crate::domain::batch::{Batch, Weight};
use crate::domain::consent::Terms;
use crate::domain::contract::{Contract, Ruling};
use crate::domain::fault::Fault;
use crate::domain::ids::{BatchId, Digest, Scope};
use crate::domain::report::COLUMNS;
use crate::domain::time::Timestamp;
use crate::intake::{
    Clash, Headers, IntakeError, Limits, Manner, Mapping, ReadAs, Reader, ScanSummary, Scanned, ScannedRow,
    Source, known_names, scan,
};

pub use self::annotate::Annotated;
pub use self::asked::terms_of;

/// Blocks read ahead of the ledger.
const BLOCKS_AHEAD: usize = 4;

/// A file and the job it is fed under.
pub struct Feed {
    /// The job.
    pub job: Job,
    /// Whose rows these will be.
    pub scope: Scope,
    /// The file.
    pub source: Source,
    /// Who attests for all rows that the provider's terms are accepted.
    pub terms: Option<Terms>,
    limits: Limits,
    contract: &'static Contract,
    sealing: Sealing,
}

/// A file that was read from its first row to its last.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What was found.
    pub summary: ScanSummary,
    /// Which column is which field.
    pub mapping: Mapping,
    /// How the file was read.
    pub read_as: ReadAs,
}

impl Checked {
    /// Whether every row can be sent.
    pub fn is_sound(&self) -> bool {
        self.summary.errors == 0
    }
}

impl Feed {
    /// Opens the file; `-` reads standard input to a temporary file first, since it is read twice. What `manner` does not say
    /// of how it is to be read is found out.
    pub fn open(env: &Env, file: &str, manner: Manner, job: Job) -> Result<Self, Failure> {
        let scope = job.scope(&**env)?;
        // Before a long file is read, and before anything is stored.
        let sealing = Sealing::of(&job, providers::contract(&job), env)?;
        Self::under(scope, file, manner, job, sealing)
    }

    /// Opens the file to check it only: whose rows they would be need not be known yet. The error says why it is not.
    pub fn open_to_check(
        env: &Env,
        file: &str,
        manner: Manner,
        job: Job,
    ) -> Result<(Self, Option<ConfigError>), Failure> {
        let nobody = || Scope {
            provider: job.provider.to_string(),
            account: SAMPLE_DISTRIBUTOR.to_owned(),
        };
        let (scope, missing) = match job.scope(&**env) {
            Ok(scope) => (scope, None),
            Err(missing) => (nobody(), Some(missing)),
        };
        let no_keys = |failure: Failure| ConfigError::one("environment", failure.message, failure.hint);
        let missing = missing.or_else(|| {
            Sealing::of(&job, providers::contract(&job), env)
                .err()
                .map(no_keys)
        });
        // What is only checked is not stored, so it needs no keys.
        let feed = Self::under(scope, file, manner, job, Sealing::default())?;
        Ok((feed, missing))
    }

    fn under(scope: Scope, file: &str, manner: Manner, job: Job, sealing: Sealing) -> Result<Self, Failure> {
        let limits = Limits::default();
        let contract = providers::contract(&job);
        let source = Source::from_arg(file, &limits)?
            .with(manner)
            .expecting(known_names(contract, &job.columns));
        Ok(Self {
            contract,
            job,
            scope,
            source,
            terms: None,
            limits,
            sealing,
        })
    }

    /// The columns of the file, and those of them that are taken for the same field.
    pub fn clashes(&self) -> Result<(Headers, Vec<Clash>), Failure> {
        let reader = Reader::open(&self.source, &self.limits)?;
        let clashes = Mapping::clashes(reader.headers(), self.contract, &self.job.columns);
        Ok((reader.headers().clone(), clashes))
    }

    /// The sample distributor is nobody's, so a file that names another is not held against it.
    fn ruling(&self) -> Ruling<'_> {
        let distributor = Some(self.scope.holder()).filter(|own| *own != SAMPLE_DISTRIBUTOR);
        Ruling {
            warn_only: &self.job.rules.warn_only,
            distributor,
            for_all: self.for_all(),
        }
    }

    /// Reads the whole file, tells `read_as` how, and every fault to `tell`. `None` when the columns cannot be matched or the file
    /// cannot be opened as what it is; then the faults say why. Blocks the thread.
    pub fn check(
        &self,
        read_as: &mut dyn FnMut(&ReadAs),
        tell: &mut dyn FnMut(&Fault),
    ) -> Result<Option<Checked>, Failure> {
        self.check_seeing(&mut |_, _| (), read_as, tell)
    }

    /// The same, and shows every row, with the file's columns, to `see`.
    pub fn check_seeing(
        &self,
        see: &mut dyn FnMut(&Headers, &ScannedRow<'_>),
        read_as: &mut dyn FnMut(&ReadAs),
        tell: &mut dyn FnMut(&Fault),
    ) -> Result<Option<Checked>, Failure> {
        match self.read_through(see, read_as, tell) {
            Err(IntakeError::File(fault)) => {
                tell(&fault);
                Ok(None)
            }
            read => Ok(read?),
        }
    }

    fn read_through(
        &self,
        see: &mut dyn FnMut(&Headers, &ScannedRow<'_>),
        read_as: &mut dyn FnMut(&ReadAs),
        tell: &mut dyn FnMut(&Fault),
    ) -> Result<Option<Checked>, IntakeError> {
        let reader = Reader::open(&self.source, &self.limits)?;
        let how = reader.read_as();
        read_as(&how);
        reader.warnings().iter().for_each(&mut *tell);
        let headers = reader.headers().clone();
        let mapping = match Mapping::build(reader.headers(), self.contract, &self.job.columns) {
            Ok(mapping) => mapping,
            Err(faults) => {
                faults.iter().for_each(&mut *tell);
                return Ok(None);
            }
        };
        mapping.warnings().iter().for_each(&mut *tell);
        let summary = scan(reader, &mapping, self.contract, self.ruling(), &mut |scanned| {
            match scanned {
                Scanned::Row(row) => {
                    see(&headers, &row);
                    if let Err(faults) = &row.record {
                        faults.iter().for_each(&mut *tell);
                    }
                    row.warnings.iter().for_each(&mut *tell);
                }
                Scanned::Broken(fault) => tell(&fault),
            }
            ControlFlow::Continue(())
        })?;
        Ok(Some(Checked {
            summary,
            mapping,
            read_as: how,
        }))
    }

    /// The batch that this file makes under this job, or made before.
    pub fn batch(&self, checked: &Checked, now: Timestamp) -> Batch {
        let file = match self.sealing.names() {
            Some(names) => names.file(&checked.summary.digest),
            None => checked.summary.digest,
        };
        // The same file under another mapping says something else.
        let columns = format!("{:?}", self.job.columns);
        // So does the same file read in another manner. What counts is how it was read, whether that was said or found: a
        // flag that says what would have been found makes no other batch, and one that was forgotten meets none of
        // other rows. Nothing is added for a plain file, whose batches keep their names.
        let manner = checked.read_as.identity();
        let mut parts = vec![file.as_bytes().as_slice(), columns.as_bytes()];
        if !manner.is_empty() {
            parts.push(manner.as_bytes());
        }
        let what = Digest::of_parts(&parts);
        Batch {
            id: BatchId::derive(&self.scope, self.job.operation, &what),
            job: self.job.name.clone(),
            job_text: self.job.to_toml(),
            scope: self.scope.clone(),
            action: self.job.operation,
            file_name: self
                .source
                .name()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            file_digest: file,
            rows_total: checked.summary.rows,
            rows_imported: 0,
            columns: kept(&checked.summary).map(|(_, name)| name.clone()).collect(),
            derived_keys: checked.summary.derived_keys,
            created_at: now,
            pause: None,
            cancelled: false,
            weight: Weight::default(),
            terms: self
                .terms
                .clone()
                .filter(|terms| !terms.accepted_by.is_empty())
                .map(|terms| Terms {
                    accepted_at: now.to_string(),
                    ..terms
                }),
            foreseen: None,
        }
    }
}

/// The user's columns: all but those that an earlier report added.
fn kept(summary: &ScanSummary) -> impl Iterator<Item = (usize, &String)> {
    own_columns(&summary.headers)
}

/// The same, of a file's header.
pub(super) fn own_columns(headers: &Headers) -> impl Iterator<Item = (usize, &String)> {
    headers
        .names()
        .iter()
        .enumerate()
        .filter(|(_, name)| !COLUMNS.contains(&name.as_str()))
}

/// How the batch's columns were read; `None` if its job no longer fits them.
pub(super) fn mapping_of(batch: &Batch, job: &Job) -> Option<Mapping> {
    let headers = Headers::of(&batch.file_name, &batch.columns);
    Mapping::build(&headers, providers::contract(job), &job.columns).ok()
}

/// Names the user's column for a provider's field path, for a batch's report.
pub fn column_of(batch: &Batch, job: &Job) -> crate::report::ColumnOf {
    let contract = providers::contract(job);
    let mapping = mapping_of(batch, job);
    Arc::new(move |path| {
        let field = contract.field_of_wire_path(path)?;
        mapping.as_ref()?.header_of(field).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests;
