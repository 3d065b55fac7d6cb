//! The columns of an earlier report: what of them is taken when it is fed again.

use super::{Builder, Decided};
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
        let Some(column) = self
            .headers
            .names()
            .iter()
            .position(|name| name.eq_ignore_ascii_case(KEY_COLUMN))
        else {
            return;
        };
        if self.columns.get(Field::Key.slot()) == Some(&None)
            && self.decided.get(column) == Some(&Decided::No)
        {
            return self.assign(Field::Key, column, Decided::Yes);
        }
        self.decide(column, Decided::Yes);
    }

    /// Where accounts can be named, those of a report are taken, unless another column names them.
    fn account_of_report(&mut self) {
        let mut names = self.headers.names().iter();
        let Some(column) = names.position(|name| name.eq_ignore_ascii_case(ACCOUNT_COLUMN)) else {
            return;
        };
        if self.contract.rule(Field::Account).is_some()
            && self.columns.get(Field::Account.slot()) == Some(&None)
            && self.decided.get(column) != Some(&Decided::ByJob)
        {
            self.assign(Field::Account, column, Decided::Yes);
        }
    }

    /// What an earlier report says of consent stands in where the file has no column of its own for it.
    fn consent_of_report(&mut self) {
        for field in [
            Field::TermsAcceptedBy,
            Field::TermsVersion,
            Field::TermsAcceptedAt,
        ] {
            let name = format!("_{field}");
            let names = self.headers.names();
            let column = names.iter().position(|header| header.eq_ignore_ascii_case(&name));
            let is_free =
                self.columns.get(field.slot()) == Some(&None) && self.contract.rule(field).is_some();
            let by_job = |column: &usize| self.decided.get(*column) == Some(&Decided::ByJob);
            if let Some(column) = column.filter(|column| is_free && !by_job(column)) {
                self.assign(field, column, Decided::Yes);
            }
        }
    }
}
