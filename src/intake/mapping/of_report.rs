//! The columns of an earlier report: what of them is taken when it is fed again.

use super::builder::{Builder, Decided};
use crate::domain::field::Field;
use crate::domain::report::{ACCOUNT_COLUMN, KEY_COLUMN};

impl Builder<'_> {
    /// Takes what no other column gave.
    pub(super) fn of_report(&mut self) {
        self.key_of_report();
        self.account_of_report();
        self.consent_of_report();
    }

    /// The key of a row that had none of its own.
    fn key_of_report(&mut self) {
        let Some(column) = self.column_named(KEY_COLUMN) else {
            return;
        };
        if self.is_missing(Field::Key) && self.decided.get(column) == Some(&Decided::No) {
            return self.assign(Field::Key, column, Decided::Yes);
        }
        self.decide(column, Decided::Yes);
    }

    /// Where accounts can be named, those of a report are taken, unless another column names them.
    fn account_of_report(&mut self) {
        self.stand_in(Field::Account, ACCOUNT_COLUMN);
    }

    /// What an earlier report says of consent stands in where the file has no column of its own for it.
    fn consent_of_report(&mut self) {
        for field in [
            Field::TermsAcceptedBy,
            Field::TermsVersion,
            Field::TermsAcceptedAt,
        ] {
            self.stand_in(field, &format!("_{field}"));
        }
    }

    /// The report's column is the field, unless it has another, or the job says what the column is.
    fn stand_in(&mut self, field: Field, name: &str) {
        let by_job = |column: &usize| self.decided.get(*column) == Some(&Decided::ByJob);
        let column = self.column_named(name).filter(|column| !by_job(column));
        if let Some(column) = column.filter(|_| self.is_missing(field) && self.contract.rule(field).is_some())
        {
            self.assign(field, column, Decided::Yes);
        }
    }

    fn column_named(&self, name: &str) -> Option<usize> {
        let mut names = self.headers.names().iter();
        names.position(|header| header.eq_ignore_ascii_case(name))
    }

    fn is_missing(&self, field: Field) -> bool {
        self.columns.get(field.slot()) == Some(&None)
    }
}
