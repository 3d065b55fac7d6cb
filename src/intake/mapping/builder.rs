//! How columns are matched to fields, and what is told of those that are not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Clash;
use crate::domain::contract::{Contract, Need};
use crate::domain::fault::{Fault, Place, Severity};
use crate::domain::field::Field;
use crate::domain::near::{fold, nearest};
use crate::domain::report::{COLUMNS, KEY_COLUMN};
use crate::intake::headers::Headers;
use crate::intake::names::Names;

/// What a job writes in a field's place to pass a column over.
const PASS_OVER: &str = "-";
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decided {
    No,
    /// By name, or passed over.
    Yes,
    ByJob,
}

/// Columns being matched.
pub(super) struct Builder<'a> {
    pub(super) headers: &'a Headers,
    pub(super) names: Names<'a>,
    pub(super) contract: &'a Contract,
    pub(super) columns: Vec<Option<usize>>,
    pub(super) decided: Vec<Decided>,
    pub(super) faults: Vec<Fault>,
    pub(super) clashes: Vec<Clash>,
}

/// The flag that says what a column is, as a shell takes it.
fn flag(header: &str, field: &str) -> String {
    format!("--map '{}={field}'", header.replace('\'', "'\\''"))
}

impl<'a> Builder<'a> {
    /// Columns by the job's word, then by name, then those of an earlier report.
    pub(super) fn of(
        headers: &'a Headers,
        contract: &'a Contract,
        job_columns: &BTreeMap<String, String>,
    ) -> Self {
        let mut builder = Self {
            headers,
            names: Names::new(contract),
            contract,
            columns: vec![None; Field::SLOTS],
            decided: vec![Decided::No; headers.names().len()],
            faults: Vec::new(),
            clashes: Vec::new(),
        };
        for (header, field) in job_columns {
            builder.by_job(header, field);
        }
        (0..headers.names().len()).for_each(|column| builder.by_name(column));
        builder.of_report();
        builder
    }
}

impl Builder<'_> {
    pub(super) fn by_job(&mut self, header: &str, field_name: &str) {
        let names = self.headers.names();
        let exact = names.iter().position(|name| name == header.trim());
        let Some(column) = exact.or_else(|| names.iter().position(|name| fold(name) == fold(header))) else {
            let near = nearest(header, names.iter().map(String::as_str));
            let hint = near
                .map(|name| format!("did you mean `{name}`?"))
                .unwrap_or_default();
            let message = format!("the job names a column `{header}` that the file does not have");
            let fault = Fault::error(Place::file(self.headers.file()), "job.column", message, hint);
            return self.faults.push(fault.with_severity(Severity::Warning));
        };
        if field_name.trim() == PASS_OVER {
            return self.decide(column, Decided::ByJob);
        }
        let field = field_name
            .trim()
            .parse()
            .ok()
            .or_else(|| self.names.field_of(field_name));
        let Some(field) = field.filter(|field| self.contract.rule(*field).is_some()) else {
            let near = nearest(field_name, self.names.known().map(|(name, _)| name));
            let hint = near
                .map(|name| format!("did you mean `{name}`?"))
                .unwrap_or_default();
            let message = format!(
                "the job takes this for `{field_name}`, which {} has no field for",
                self.contract.provider
            );
            return self.faults.push(Fault::error(
                self.headers.place(column),
                "job.field",
                message,
                hint,
            ));
        };
        self.assign(field, column, Decided::ByJob);
    }

    fn by_name(&mut self, column: usize) {
        let name = self
            .headers
            .names()
            .get(column)
            .map(|name| name.to_lowercase())
            .unwrap_or_default();
        if self.decided.get(column) != Some(&Decided::No) {
            return;
        }
        if COLUMNS.contains(&name.as_str()) {
            return self.decide(column, Decided::Yes);
        }
        if name != KEY_COLUMN
            && let Some(field) = self.names.field_of(&name)
        {
            self.assign(field, column, Decided::Yes);
        }
    }

    pub(super) fn assign(&mut self, field: Field, column: usize, how: Decided) {
        let before = self.columns.get(field.slot()).copied().flatten();
        if let Some(before) = before {
            return self.second(field, before, column, how);
        }
        if let Some(place) = self.columns.get_mut(field.slot()) {
            *place = Some(column);
        }
        self.decide(column, how);
    }

    /// Two columns for one field: the job's own word stands against a name, names do not stand against each other.
    fn second(&mut self, field: Field, before: usize, column: usize, how: Decided) {
        let other = self.headers.names().get(before).cloned().unwrap_or_default();
        let job_decided = self.decided.get(before) == Some(&Decided::ByJob) && how == Decided::Yes;
        self.decide(column, how);
        let place = self.headers.place(column);
        let fault = if job_decided {
            let message = format!("passed over: the job takes `{other}` for {field}");
            Fault::error(place, "column.passed_over", message, "").with_severity(Severity::Warning)
        } else {
            let message = format!(
                "this and column {} `{other}` are both taken for {field}",
                before + 1
            );
            self.clashes.push(Clash {
                field,
                columns: [before, column],
            });
            let name = self.headers.names().get(column).map_or("", String::as_str);
            let hint = format!(
                "rename one, or pass one over: {} or {}",
                flag(&other, PASS_OVER),
                flag(name, PASS_OVER)
            );
            Fault::error(place, "column.twice", message, hint)
        };
        self.faults.push(Fault {
            field: Some(field),
            ..fault
        });
    }

    pub(super) fn decide(&mut self, column: usize, how: Decided) {
        if let Some(decided) = self.decided.get_mut(column) {
            *decided = how;
        }
    }

    pub(super) fn undecided(&self) -> impl Iterator<Item = (usize, &String)> {
        let open = self.headers.names().iter().enumerate();
        open.filter(|(column, _)| self.decided.get(*column) == Some(&Decided::No))
    }

    /// Tells of the columns that nothing was made of.
    pub(super) fn unknown(&mut self) {
        let warn = |column: usize, rule, message: &str, hint: String| {
            Fault::error(self.headers.place(column), rule, message, hint).with_severity(Severity::Warning)
        };
        let free = || {
            self.names
                .known()
                .filter(|(_, field)| self.columns.get(field.slot()) == Some(&None))
        };
        let faults: Vec<Fault> = self
            .undecided()
            .filter(|(column, _)| !self.headers.is_empty(*column))
            .map(|(column, name)| {
                let last = name.rsplit('.').next().unwrap_or(name);
                let root = name.split(['.', '[']).next().unwrap_or(name);
                if name.is_empty() {
                    return warn(
                        column,
                        "column.unnamed",
                        "a column without a name is not read",
                        String::new(),
                    );
                }
                if self.contract.read_only.contains(&root) {
                    let message = format!("{} decides this itself; it is not sent", self.contract.provider);
                    return warn(column, "column.read_only", &message, String::new());
                }
                let hint = match nearest(last, free().map(|(known, _)| known)) {
                    Some(near) => format!("did you mean `{near}`? Rename it, or {}", flag(name, near)),
                    None => format!(
                        "nothing is sent from it; to use it, say what it is: {}",
                        flag(name, "FIELD")
                    ),
                };
                warn(column, "column.unknown", "not a column that is known", hint)
            })
            .collect();
        self.faults.extend(faults);
    }

    /// Tells of the fields that must have a column and have none.
    pub(super) fn missing(&mut self) {
        let file: &Arc<str> = self.headers.file();
        let without = |field: Field| self.columns.get(field.slot()) == Some(&None);
        let mut faults = Vec::new();
        for rule in self.contract.fields.iter().filter(|rule| without(rule.field)) {
            let field = rule.field;
            let names = || std::iter::once(field.base_name()).chain(rule.aliases.iter().copied());
            let near = self
                .undecided()
                .find(|(_, header)| nearest(header, names()).is_some());
            let hint = match near {
                Some((_, header)) => {
                    format!(
                        "rename `{header}` to `{field}`, or {}",
                        flag(header, &field.to_string())
                    )
                }
                None => format!("add a column `{field}`, or say which is: --map 'HEADER={field}'"),
            };
            match rule.need {
                Need::Required => {
                    let fault = Fault::error(
                        Place::file(file),
                        "column.missing",
                        format!("no column for {field}"),
                        hint,
                    );
                    faults.push(Fault {
                        field: Some(field),
                        source: rule.source.into(),
                        ..fault
                    });
                }
                Need::WithColumn if field == Field::Key => {
                    let message = "no column for your own id of each reseller: keys are derived from company, country and email";
                    let hint = "add a column `key`; without one, a row whose company, country or email changes is a new row";
                    let fault = Fault::error(Place::file(file), "key.derived", message, hint);
                    faults.push(Fault {
                        field: Some(field),
                        ..fault.with_severity(Severity::Note)
                    });
                }
                // What a record can do without, and what a row's country decides.
                _ => (),
            }
        }
        self.faults.extend(faults);
    }
}
