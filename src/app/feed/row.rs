//! A row of the file as the ledger gets it: request rendered and named, cells kept, and what of it is secret.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Checked, Feed, kept};
use crate::app::passwords::PURPOSE;
use crate::app::{Failure, providers};
use crate::domain::contract::SECRET_SHOWN;
use crate::domain::fault::Fault;
use crate::domain::field::Field;
use crate::domain::record::Record;
use crate::engine::ports::{NewRow, NewRowBody, RowFault, Seal, payload_digest};
use crate::intake::ScannedRow;
use crate::provider::logicboxes::password::generate;

impl Feed {
    /// The columns that are kept, and whether what stands there is secret.
    pub(super) fn kept_columns(&self, checked: &Checked) -> Vec<(usize, bool)> {
        let secret: Vec<usize> = Field::all()
            .filter(|field| self.contract.is_secret(*field))
            .filter_map(|field| checked.mapping.column_of(field))
            .collect();
        kept(&checked.summary)
            .map(|(column, _)| (column, secret.contains(&column)))
            .collect()
    }

    /// The password that is made for a row without one.
    fn password(&self, record: &Record) -> Option<SecretString> {
        let names = self.sealing.names().filter(|_| self.makes_passwords())?;
        let is_missing = record.get(Field::Password).is_none();
        is_missing.then(|| generate(&names.secret(PURPOSE), &self.scope, record.key()))
    }

    pub(super) fn new_row(&self, row: &ScannedRow<'_>, keep: &[(usize, bool)]) -> Result<NewRow, Failure> {
        let cell = |(column, is_secret): &(usize, bool)| match row.cells.cell(*column).unwrap_or_default() {
            // It is in the payload, if it is sound; nobody reads it from here.
            cell if *is_secret && !cell.trim().is_empty() => SECRET_SHOWN.to_owned(),
            cell => cell.to_owned(),
        };
        let cells = keep.iter().map(cell).collect();
        let (seal, body) = match &row.record {
            Ok(record) => {
                let password = self.password(record);
                let made = password.as_ref().map(|password| password.expose_secret());
                let rendered = providers::render(&self.job, record, self.scope.holder(), made);
                let payload = rendered.map_err(|mut failure| {
                    failure.message = format!("line {}: {}", row.cells.line(), failure.message);
                    failure
                })?;
                let has_secrets =
                    password.is_some() || record.fields().any(|(field, _)| self.contract.is_secret(field));
                let seal = match has_secrets {
                    _ if self.sealing.is_whole() => Seal::Row,
                    true => Seal::Payload,
                    false => Seal::Nothing,
                };
                // Whether a row is sealed must not change its name: with another name it is another intent.
                let digest = match self.sealing.names() {
                    Some(names) if has_secrets => names.payload(&payload),
                    _ => payload_digest(&payload),
                };
                let body = NewRowBody::Sound {
                    key: record.key().clone(),
                    digest,
                    payload,
                };
                (seal, body)
            }
            Err(faults) => {
                let faults = faults.iter().map(row_fault).collect();
                (self.sealing.of_faults(), NewRowBody::Faulty(faults))
            }
        };
        Ok(NewRow {
            seq: row.seq - 1,
            line: row.cells.line(),
            cells,
            seal,
            body,
        })
    }
}

fn row_fault(fault: &Fault) -> RowFault {
    RowFault {
        code: fault.rule.clone().into_owned(),
        column: fault.place.column.clone(),
        message: fault.message.clone(),
        hint: fault.hint.clone(),
    }
}
