//! From a file's bytes to records and faults.

mod formats;
mod properties;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;

use super::*;
use crate::domain::fault::Severity;
use crate::intake::{Limits, Manner, Source};
use crate::provider::adobe::contract::CONTRACT;

const HEADER: &str =
    "key,company,language,country,region,city,address_line_1,postal_code,first_name,last_name,email\n";

const SOUND: &str = ",Fairmont,en-US,US,CA,San Jose,200 Fairmont Ave,95110,Mickey,Mouse,";

const SEED: &str = r#"{"distributorId":"345434543","externalReferenceId":"888","companyProfile":{"companyName":"Fairmont","preferredLanguage":"en-US","marketSegments":["COM","EDU"],"address":{"country":"US","region":"CA","city":"San Jose","addressLine1":"200 Fairmont Ave","addressLine2":"Apt 123","postalCode":"95110-1234","phoneNumber":"800-123-4567"},"contacts":[{"firstName":"Mickey","lastName":"Mouse","email":"mickey@mouse.com","phoneNumber":"408-123-4567"}]}}"#;

/// A sound line of CSV under [`HEADER`].
fn line(key: &str) -> String {
    format!("{key}{SOUND}{}@mouse.com\n", key.to_lowercase())
}

/// What became of a file.
struct Outcome {
    records: Vec<(u64, Record)>,
    faults: Vec<Fault>,
    rows: Vec<(u64, u64, Vec<String>, bool)>,
    summary: ScanSummary,
    notes: Vec<Fault>,
}

impl Outcome {
    fn shown(&self) -> String {
        self.faults
            .iter()
            .map(Fault::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn run(source: &Source, limits: &Limits) -> Result<Outcome, String> {
    let reader = Reader::open(source, limits).map_err(|error| error.to_string())?;
    let told = |faults: Vec<Fault>| faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
    let mapping = Mapping::build(reader.headers(), &CONTRACT, &BTreeMap::new()).map_err(told)?;
    let (mut records, mut faults, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let ruling = Ruling {
        warn_only: &[],
        distributor: Some("345434543"),
        for_all: &[],
    };
    let summary = scan(reader, &mapping, &CONTRACT, ruling, &mut |scanned| {
        match scanned {
            Scanned::Broken(fault) => faults.push(fault),
            Scanned::Row(row) => {
                rows.push((row.seq, row.cells.line(), row.cells.to_vec(), row.record.is_ok()));
                match row.record {
                    Ok(record) => records.push((row.cells.line(), record)),
                    Err(errors) => {
                        assert!(!errors.is_empty() && errors.iter().all(Fault::is_error));
                        faults.extend(errors);
                    }
                }
                faults.extend(row.warnings);
            }
        }
        ControlFlow::Continue(())
    })
    .map_err(|error| error.to_string())?;
    let outcome = Outcome {
        records,
        faults,
        rows,
        summary,
        notes: mapping.warnings().to_vec(),
    };
    is_consistent(&outcome);
    Ok(outcome)
}

/// Nothing is lost: rows in are rows out, and each has a record or an error.
fn is_consistent(outcome: &Outcome) {
    let summary = &outcome.summary;
    assert_eq!(summary.rows, outcome.rows.len() as u64);
    assert_eq!(summary.sound, outcome.records.len() as u64);
    assert_eq!(summary.sound + summary.faulty, summary.rows);
    assert_eq!(
        summary.errors,
        outcome.faults.iter().filter(|fault| fault.is_error()).count() as u64
    );
    assert_eq!(
        summary.warnings,
        outcome
            .faults
            .iter()
            .filter(|fault| fault.severity == Severity::Warning)
            .count() as u64
    );
    assert!(
        outcome
            .rows
            .iter()
            .enumerate()
            .all(|(at, (seq, ..))| *seq == at as u64 + 1)
    );
    assert!(
        outcome.rows.windows(2).all(|pair| pair[0].1 <= pair[1].1),
        "lines go up"
    );
}

/// A file of that extension.
fn file(bytes: &[u8], extension: &str) -> (tempfile::NamedTempFile, Source) {
    let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let source = Source::from_path(file.path(), &Limits::default()).unwrap();
    (file, source)
}

/// A stream: no name to tell the format by.
fn stream(text: impl AsRef<[u8]>) -> Source {
    Source::from_stream("input", &mut text.as_ref(), &Limits::default()).unwrap()
}

fn read(text: impl AsRef<[u8]>) -> Result<Outcome, String> {
    run(&stream(text), &Limits::default())
}

fn sample(name: &str) -> Outcome {
    run(
        &Source::from_path(&Path::new("samples").join(name), &Limits::default()).unwrap(),
        &Limits::default(),
    )
    .unwrap()
}

#[test]
fn samples_are_what_they_say() {
    for (name, rows, two_contacts) in [
        ("resellers.csv", 50, 6),
        ("resellers.json", 1, 0),
        ("resellers.jsonl", 5, 1),
    ] {
        let outcome = sample(name);
        assert_eq!(outcome.shown(), "", "{name}");
        assert_eq!(outcome.notes, [], "{name}");
        assert_eq!(outcome.summary.sound, rows, "{name}");
        let two = outcome
            .records
            .iter()
            .filter(|(_, record)| record.contacts().count() == 2)
            .count();
        assert_eq!(two, two_contacts, "{name}");
    }
    let bytes = std::fs::read("samples/resellers.csv").unwrap();
    let summary = sample("resellers.csv").summary;
    assert_eq!(
        (summary.digest, summary.bytes),
        (Digest::of(&bytes), bytes.len() as u64)
    );
}

#[test]
fn every_kind_of_fault_is_in_the_sample_and_said() {
    let outcome = sample("resellers-with-errors.csv");
    let shown: Vec<String> = outcome
        .notes
        .iter()
        .chain(&outcome.faults)
        .map(Fault::to_string)
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!(
        (
            outcome.summary.rows,
            outcome.summary.sound,
            outcome.summary.faulty
        ),
        (67, 10, 57)
    );
    let seen: BTreeSet<&str> = outcome.faults.iter().map(|fault| fault.rule.as_ref()).collect();
    // Only JSON tells numbers from text.
    let not_in_csv = ["postal_code.number", "phone.number", "contact_phone.number"];
    // Who accepted the terms stands in the flags, and has no column here.
    let is_meant = |id: &&str| !not_in_csv.contains(id) && !id.starts_with("terms_");
    for id in CONTRACT.check_ids().filter(is_meant) {
        assert!(seen.contains(id), "{id} is not in the sample");
    }
}

#[test]
fn the_seed_as_it_stands() {
    for text in [
        SEED.to_owned(),
        format!("[{SEED}]"),
        format!("{SEED}\n{}\n", SEED.replace("888", "889")),
    ] {
        let outcome = read(&text).unwrap();
        assert_eq!(outcome.shown(), "");
        let (_, record) = &outcome.records[0];
        assert_eq!(record.key().as_str(), "888");
        assert_eq!(record.get(Field::PostalCode), Some("95110-1234"));
        assert_eq!(record.segments().collect::<Vec<_>>(), ["COM", "EDU"]);
        let contact = record.contacts().next().unwrap();
        assert_eq!(
            (contact.first_name, contact.email, contact.phone),
            ("Mickey", "mickey@mouse.com", Some("408-123-4567"))
        );
    }
    // Seed 001 prints the same with white space. What the provider answers can be fed back too.
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(SEED).unwrap()).unwrap();
    let answer = pretty.replacen(
        '{',
        r#"{"resellerId":"5556667778","status":"1000","links":{"self":{"headers":[]}},"#,
        1,
    );
    for text in [&pretty, &answer] {
        let outcome = read(text).unwrap();
        assert_eq!(outcome.records[0].1, read(SEED).unwrap().records[0].1);
    }
    assert_eq!(read(&answer).unwrap().notes.len(), 3);
    // The request body printed in seed 001 lacks its last brace.
    let cut = pretty.trim_end().strip_suffix('}').unwrap();
    assert_eq!(
        read(cut).err().unwrap(),
        "input:1: the file ends in the middle of this record: it may be cut off"
    );
}

#[test]
fn the_same_rows_are_the_same_records_in_every_format() {
    let (csv, jsonl) = (sample("resellers.csv"), sample("resellers.jsonl"));
    let by_key = |outcome: &Outcome, key: &str| {
        outcome
            .records
            .iter()
            .find(|(_, r)| r.key().as_str() == key)
            .unwrap()
            .1
            .digest()
    };
    assert_eq!(by_key(&csv, "NW-0019"), by_key(&jsonl, "NL-0019"));
    assert_eq!(by_key(&csv, "NW-0047"), by_key(&jsonl, "NL-0047"));
}

#[test]
fn another_distributor_in_the_file_is_a_fault() {
    let outcome = read(SEED.replace("345434543", "1")).unwrap();
    assert_eq!(outcome.faults[0].rule, "distributor.other");
}

#[test]
fn duplicate_keys_name_both_lines_even_when_the_first_row_is_faulty() {
    let faulty = line("A").replace("en-US", "xx");
    let outcome = read(format!("{HEADER}{faulty}{}{}", line("B"), line("A"))).unwrap();
    let twins: Vec<&Fault> = outcome
        .faults
        .iter()
        .filter(|fault| fault.rule == "key.duplicate")
        .collect();
    assert_eq!(twins.len(), 1);
    assert_eq!(
        (
            twins[0].place.line,
            twins[0].message.as_str(),
            twins[0].value.as_str()
        ),
        (4, "already on line 2", "A")
    );
    assert_eq!(outcome.records.len(), 1);
    // On one line, lines tell nothing.
    let outcome = read(format!("[{SEED},{SEED}]")).unwrap();
    assert_eq!(outcome.faults[0].message, "already in record 1");
    assert!(
        outcome
            .shown()
            .starts_with("error[key.duplicate]: input:1: record 2: column 2 `externalReferenceId` \"888\"")
    );
}

#[test]
fn one_email_with_two_names_is_a_warning() {
    let other = line("B")
        .replace("b@mouse", "A@MOUSE")
        .replace("Mickey", "Minnie");
    let outcome = read(format!(
        "{HEADER}{}{other}{}",
        line("A"),
        line("C").replace("c@", "a@")
    ))
    .unwrap();
    assert_eq!(outcome.records.len(), 3);
    assert_eq!(outcome.faults.len(), 1);
    assert_eq!(
        (outcome.faults[0].rule.as_ref(), outcome.faults[0].place.line),
        ("email.names", 3)
    );
}

#[test]
fn a_file_without_keys_gets_them_from_its_content() {
    let header = HEADER.replace("key,", "");
    let row = |key: &str| line(key).split_once(',').unwrap().1.to_owned();
    let outcome = read(format!("{header}{}{}{}", row("A"), row("B"), row("A"))).unwrap();
    assert!(outcome.summary.derived_keys);
    assert_eq!(outcome.notes[0].rule, "key.derived");
    assert_eq!(outcome.records.len(), 2);
    let key = derived_key("Fairmont", "US", "a@mouse.com").unwrap();
    assert_eq!(outcome.records[0].1.key(), &key);
    insta::assert_snapshot!(outcome.shown(), @r"
    error[key.duplicate]: input:4: column `key`: the same company, country and email as on line 2, and no key to tell the two apart
      hint: add a column `key` with your own id of each reseller, or take one of the rows out
    ");
    // A row without what a key is made of says what it lacks, not that it has no key.
    let faults = read(format!("{header}{}", row("A").replace("Fairmont,", ",")))
        .unwrap()
        .faults;
    assert_eq!(
        faults.iter().map(|fault| fault.rule.as_ref()).collect::<Vec<_>>(),
        ["company.required"]
    );
}

#[test]
fn a_scan_that_is_ended_early_still_has_the_digest_of_the_whole() {
    let text = format!("{HEADER}{}{}", line("A"), line("B"));
    let reader = Reader::open(&stream(&text), &Limits::default()).unwrap();
    let mapping = Mapping::build(reader.headers(), &CONTRACT, &BTreeMap::new()).unwrap();
    let summary = scan(reader, &mapping, &CONTRACT, Ruling::default(), &mut |_| {
        ControlFlow::Break(())
    })
    .unwrap();
    assert_eq!((summary.rows, summary.digest), (1, Digest::of(text.as_bytes())));
}
