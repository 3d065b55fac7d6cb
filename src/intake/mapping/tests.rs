use super::*;
use crate::intake::Limits;
use crate::provider::adobe::contract::{CONTRACT, UPDATE};

const REQUIRED: &str =
    "key,company,language,country,region,city,address_line_1,postal_code,first_name,last_name,email";

fn build(headers: &str, job: &[(&str, &str)]) -> Result<Mapping, Vec<Fault>> {
    build_for(&CONTRACT, headers, job)
}

fn build_for(contract: &Contract, headers: &str, job: &[(&str, &str)]) -> Result<Mapping, Vec<Fault>> {
    let names = headers.split(',').map(|name| name.trim().to_owned()).collect();
    let headers = Headers::new(&"a.csv".into(), 1, names, &Limits::default()).unwrap();
    let job = job
        .iter()
        .map(|(header, field)| ((*header).to_owned(), (*field).to_owned()))
        .collect();
    Mapping::build(&headers, contract, &job)
}

fn faults(headers: &str, job: &[(&str, &str)]) -> String {
    let faults = match build(headers, job) {
        Ok(mapping) => mapping.warnings().to_vec(),
        Err(faults) => faults,
    };
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn friendly_names_need_no_job() {
    let headers = "External ID,Company Name,Locale,Country Code,State,Town,Street,ZIP,Given name,Surname,E-Mail,Email 2,contact 3 phone";
    let mapping = build(headers, &[]).unwrap();
    assert_eq!(mapping.warnings(), []);
    assert_eq!(mapping.header_of(Field::PostalCode), Some("ZIP"));
    assert_eq!(mapping.column_of(Field::Email(1)), Some(11));
    assert_eq!(mapping.contacts(), 3);
    assert!(!mapping.derives_keys());
}

#[test]
fn what_is_missing_is_named_and_the_column_that_was_meant_too() {
    let headers = REQUIRED
        .replace("company", "Compnay")
        .replace("postal_code,", "")
        .replace("key,", "");
    insta::assert_snapshot!(faults(&headers, &[]), @r"
    warning[column.unknown]: a.csv:1: column 1 `Compnay`: not a column that is known
      hint: did you mean `company`? Rename it, or --map 'Compnay=company'
    note[key.derived]: a.csv: no column for your own id of each reseller: keys are derived from company, country and email
      hint: add a column `key`; without one, a row whose company, country or email changes is a new row
    error[column.missing]: a.csv: no column for company
      hint: rename `Compnay` to `company`, or --map 'Compnay=company'
    error[column.missing]: a.csv: no column for postal_code
      hint: add a column `postal_code`, or say which is: --map 'HEADER=postal_code'
    ");
}

#[test]
fn the_job_has_the_first_word() {
    let headers = format!("{REQUIRED},Kundennummer,phone,Vermerk");
    let job = [("kundennummer", "key"), ("Phone", "-"), ("Vermerke", "city")];
    let mapping = build(&headers, &job).unwrap();
    assert_eq!(mapping.header_of(Field::Key), Some("Kundennummer"));
    assert_eq!(mapping.header_of(Field::Phone), None);
    insta::assert_snapshot!(faults(&headers, &job), @r"
    warning[job.column]: a.csv: the job names a column `Vermerke` that the file does not have
      hint: did you mean `Vermerk`?
    warning[column.passed_over]: a.csv:1: column 1 `key`: passed over: the job takes `Kundennummer` for key
    warning[column.unknown]: a.csv:1: column 14 `Vermerk`: not a column that is known
      hint: nothing is sent from it; to use it, say what it is: --map 'Vermerk=FIELD'
    ");
    insta::assert_snapshot!(faults(REQUIRED, &[("city", "towne"), ("email", "companyProfile.contacts[0].email")]), @r"
    error[job.field]: a.csv:1: column 6 `city`: the job takes this for `towne`, which Adobe has no field for
      hint: did you mean `town`?
    ");
}

#[test]
fn two_columns_for_one_field_are_a_fault() {
    insta::assert_snapshot!(faults(&format!("{REQUIRED},zip,Company"), &[]), @r"
    error[column.twice]: a.csv:1: column 12 `zip`: this and column 8 `postal_code` are both taken for postal_code
      hint: rename one, or pass one over: --map 'postal_code=-' or --map 'zip=-'
    error[column.twice]: a.csv:1: column 13 `Company`: this and column 2 `company` are both taken for company
      hint: rename one, or pass one over: --map 'company=-' or --map 'Company=-'
    ");
    assert_eq!(faults(&format!("{REQUIRED},zip"), &[("zip", "-")]), "");
}

#[test]
fn a_report_can_be_fed_back() {
    let report = format!(
        "_line,_outcome,_key,{REQUIRED},_provider_id,_provider_status,_attempts,_correlation_id,_error_code,_error_field,_error_message,_hint"
    );
    let mapping = build(&report, &[]).unwrap();
    assert_eq!(mapping.warnings(), []);
    assert_eq!(mapping.header_of(Field::Key), Some("key"));
    let mapping = build(&report.replace(",key,", ","), &[]).unwrap();
    assert_eq!(mapping.header_of(Field::Key), Some("_key"));
}

#[test]
fn the_accounts_of_a_report_are_taken_where_accounts_can_be_named() {
    let report = "_line,key,company,country,region,_provider_id";
    let account = |text: &str, job: &[(&str, &str)]| {
        let mapping = build_for(&UPDATE, text, job).unwrap();
        mapping.header_of(Field::Account).map(str::to_owned)
    };
    assert_eq!(account(report, &[]).as_deref(), Some("_provider_id"));
    assert_eq!(
        account(&format!("{report},resellerId"), &[]).as_deref(),
        Some("resellerId")
    );
    assert_eq!(account(report, &[("_provider_id", "-")]), None);
    assert_eq!(account("key,company,country,region", &[]), None);
}

#[test]
fn what_the_provider_decides_is_told_and_what_has_no_name_is_not_read() {
    insta::assert_snapshot!(faults(&format!("{REQUIRED},resellerId,links.self.uri,"), &[]), @r"
    warning[column.read_only]: a.csv:1: column 12 `resellerId`: Adobe decides this itself; it is not sent
    warning[column.read_only]: a.csv:1: column 13 `links.self.uri`: Adobe decides this itself; it is not sent
    warning[column.unnamed]: a.csv:1: a column without a name is not read
    ");
}
