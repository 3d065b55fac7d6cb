//! What is asked of whoever feeds a file, beside its rows: who accepted the provider's terms, and passwords.

use std::sync::Arc;

use super::Feed;
use crate::app::{Failure, passwords};
use crate::config::Job;
use crate::domain::batch::Batch;
use crate::domain::field::Field;
use crate::domain::task::Action;
use crate::intake::Mapping;

impl Feed {
    /// Whether all is there that is asked for beside the rows.
    ///
    /// # Errors
    /// What is missing, and how to give it.
    pub fn can_be_fed(&self, mapping: &Mapping) -> Result<(), Failure> {
        self.has_consent(mapping)?;
        self.has_passwords(mapping)
    }

    /// What is seen to for all rows that do not say it themselves.
    pub(super) fn for_all(&self) -> &'static [Field] {
        match (self.terms.is_some(), self.makes_passwords()) {
            (false, false) => &[],
            (false, true) => &[Field::Password],
            (true, false) => &[Field::TermsAcceptedBy, Field::TermsVersion],
            (true, true) => &[Field::TermsAcceptedBy, Field::TermsVersion, Field::Password],
        }
    }

    pub(super) fn makes_passwords(&self) -> bool {
        let section = self.job.logicboxes.as_ref();
        section.is_some_and(|section| !section.passwords_to.is_empty())
    }

    /// Whether each row has a password, where the provider takes one, or gets one that somebody can read.
    fn has_passwords(&self, mapping: &Mapping) -> Result<(), Failure> {
        passwords::reader(&self.job)?;
        let takes = self.contract.rule(Field::Password).is_some();
        if !takes || self.makes_passwords() || mapping.column_of(Field::Password).is_some() {
            return Ok(());
        }
        Err(Failure::usage(
            format!(
                "{} takes a password for each account, and the file has none",
                self.contract.provider
            ),
            "add a column password, or have them made: --set logicboxes.passwords_to=age1…, whose holder alone can read them",
        ))
    }

    /// Whether it is said for each row who accepted the provider's terms. Nothing is made without that.
    fn has_consent(&self, mapping: &Mapping) -> Result<(), Failure> {
        let by_row = [Field::TermsAcceptedBy, Field::TermsVersion].map(|field| mapping.column_of(field));
        if self.job.operation != Action::Create || self.terms.is_some() || by_row.iter().all(Option::is_some)
        {
            return Ok(());
        }
        Err(Failure::usage(
            format!(
                "{} asks that each reseller has accepted its terms before the account is made, and nobody says so",
                self.contract.provider
            ),
            "give --terms-accepted-by WHO --terms-version VERSION for all rows, or columns terms_accepted_by and terms_version",
        ))
    }
}

/// The evidence of consent for a row's cells, for a batch's report.
pub fn terms_of(batch: &Batch, job: &Job) -> crate::report::TermsOf {
    let mapping = super::mapping_of(batch, job);
    let columns = [
        Field::TermsAcceptedBy,
        Field::TermsVersion,
        Field::TermsAcceptedAt,
    ]
    .map(|field| mapping.as_ref().and_then(|mapping| mapping.column_of(field)));
    let all = batch.terms.clone().unwrap_or_default();
    Arc::new(move |cells| {
        let cell = |column: Option<usize>| {
            let cell = column.and_then(|column| cells.get(column));
            cell.map_or("", String::as_str)
        };
        let [by, version, at] = columns.map(cell);
        all.over(by, version, at)
    })
}
