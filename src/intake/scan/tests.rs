use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::domain::fault::Severity;
use crate::intake::{Format, Limits, Source};
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
        ("resellers.jsonl", 5, 2),
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
    for id in CONTRACT.check_ids().filter(|id| !not_in_csv.contains(id)) {
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
fn a_json_number_keeps_its_text_and_is_warned_of_where_zeros_matter() {
    let text = SEED
        .replace("\"95110-1234\"", "95110")
        .replace("\"888\"", "123456789012345678901234567890");
    let outcome = read(&text).unwrap();
    assert_eq!(
        outcome.records[0].1.key().as_str(),
        "123456789012345678901234567890"
    );
    assert_eq!(
        outcome
            .faults
            .iter()
            .map(|fault| fault.rule.as_ref())
            .collect::<Vec<_>>(),
        ["postal_code.number"]
    );
}

#[test]
fn another_distributor_in_the_file_is_a_fault() {
    let outcome = read(SEED.replace("345434543", "1")).unwrap();
    assert_eq!(outcome.faults[0].rule, "distributor.other");
}

#[test]
fn lines_and_records_are_counted_as_an_editor_counts() {
    let text = format!(
        "\u{feff}{HEADER}\r\n{}\n\n{}{}",
        line("A"),
        line("B").replace("San Jose", "\"San\nJose\""),
        line("C")
    );
    let outcome = read(text).unwrap();
    assert_eq!(
        outcome
            .rows
            .iter()
            .map(|(seq, line, ..)| (*seq, *line))
            .collect::<Vec<_>>(),
        [(1, 3), (2, 6), (3, 8)]
    );
    assert_eq!(outcome.faults[0].place.line, 6);
    let json = format!("[\n{SEED},\n\n {{\"externalReferenceId\":\n1}}]");
    assert_eq!(
        read(json)
            .unwrap()
            .rows
            .iter()
            .map(|(_, line, ..)| *line)
            .collect::<Vec<_>>(),
        [2, 4]
    );
}

#[test]
fn a_bad_record_does_not_spoil_its_neighbours() {
    let not_text = |text: String| text.replace("San Jose", "S\u{fffd}").into_bytes();
    let mut bytes = format!(
        "{HEADER}{}B,too few\n{}",
        line("A"),
        line("C").replace("Mickey", "Mick,ey")
    )
    .into_bytes();
    let mut latin1 = not_text(line("D"));
    let at = latin1
        .windows(3)
        .position(|three| three == "\u{fffd}".as_bytes())
        .unwrap();
    latin1.splice(at..at + 3, [0xE9]);
    bytes.extend(latin1);
    bytes.extend(line("E").replace("San Jose", &"x".repeat(9000)).bytes());
    bytes.extend(line("F").replace("San Jose", &"x".repeat(300_000)).bytes());
    bytes.extend(line("G").bytes());
    let outcome = read(bytes).unwrap();
    insta::assert_snapshot!(outcome.shown().replace(&"x".repeat(79), "x…"), @r#"
    error[row.ragged]: input:3: 2 cells, and the header has 11
      hint: nothing was found for `language`, `country`, `region`, `city`, …; an empty cell still needs its comma
    error[row.ragged]: input:4 "c@mouse.com": 12 cells, and the header has 11
      hint: put a cell that has a comma in quotes
    error[row.encoding]: input:5: the record is not UTF-8 text
      hint: save the file as CSV UTF-8 from the program it comes from
    error[row.cell_too_long]: input:6: column 6 `city` "x……": more than 8192 characters in a cell
      hint: is a quote missing, so that several cells became one?
    error[row.too_long]: input:7: more than the bytes that a record may have
      hint: is a quote missing, so that several lines became one?
    "#);
    assert_eq!(
        outcome
            .records
            .iter()
            .map(|(_, record)| record.key().as_str())
            .collect::<Vec<_>>(),
        ["A", "G"]
    );
    assert_eq!(outcome.rows[3].2[5], "S\u{fffd}");
}

#[test]
fn a_broken_file_keeps_the_rows_before_the_break() {
    let csv = format!(
        "{HEADER}{}{}{}",
        line("A"),
        line("B").replace("San Jose", "\"San Jose"),
        line("C")
    );
    let outcome = read(csv).unwrap();
    assert!(outcome.summary.broken && outcome.records.len() == 1);
    insta::assert_snapshot!(outcome.shown(), @r"
    error[file.quote]: input:3: a quote opened in this record is never closed
      hint: close the quote, or write it twice where it belongs to the text; nothing after this line was read
    ");
    let json = format!("[{SEED},\n{{\"externalReferenceId\":");
    let outcome = read(&json).unwrap();
    assert!(outcome.summary.broken && outcome.records.len() == 1);
    assert_eq!(outcome.summary.digest, Digest::of(json.as_bytes()));
    insta::assert_snapshot!(outcome.shown(), @r"
    error[file.json]: input:2: the file ends in the middle of this record: it may be cut off
      hint: export the file again, or mend it here; nothing after this line was read
    ");
}

#[test]
fn bad_json_records_are_faults_of_their_own() {
    let text = format!(
        "{SEED}\n{{\"externalReferenceId\": 1,}}\n[1]\n{{\"externalReferenceId\":\"a\",\"externalReferenceId\":\"b\"}}\n{}\n",
        SEED.replace("888", "889")
    );
    let outcome = read(text).unwrap();
    assert_eq!(outcome.records.len(), 2);
    let json: Vec<String> = outcome
        .faults
        .iter()
        .filter(|fault| fault.rule == "row.json")
        .map(|f| format!("{}: {}", f.place.line, f.message))
        .collect();
    insta::assert_snapshot!(json.join("\n"), @r"
    2: not a JSON record: trailing comma
    3: not a JSON record: not an object
    4: `externalReferenceId` is there twice
    ");
}

#[test]
fn files_that_are_something_else_say_so() {
    let csv = |text: &str| {
        run(&file(text.as_bytes(), ".csv").1, &Limits::default())
            .err()
            .unwrap_or_default()
    };
    let shown = [
        read("").err(),
        read(" \n ").err(),
        read("[]").err(),
        read("[1]").err(),
        read("PK\x03\x04").err(),
        read(b"\xFF\xFEk\0").err(),
        read("k\0e\0y\0\n").err(),
        read(HEADER.replace(',', ";")).err(),
        read(HEADER.replace(',', "\t")).err(),
        read(b"key,comp\xE4ny\n").err(),
        read("\"key,company\n").err(),
        read(format!("{{\"resellers\":[{}]}}", vec![SEED; 100].join(","))).err(),
        run(&file(b"key,company", ".json").1, &Limits::default()).err(),
        Some(csv("")),
    ];
    let shown: Vec<String> = shown.into_iter().map(Option::unwrap_or_default).collect();
    let names = regex::Regex::new(r"\S*/\.tmp\S*\.(csv|json)").unwrap();
    insta::assert_snapshot!(names.replace_all(&shown.join("\n"), "file.$1"));
}

#[test]
fn the_format_is_told_by_extension_then_by_content() {
    let format = |bytes: &str, extension: &str| {
        let (_file, source) = file(bytes.as_bytes(), extension);
        Reader::open(&source, &Limits::default())
            .map(|reader| reader.format())
            .ok()
    };
    for (bytes, extension, expected) in [
        ("a,b\n", ".csv", Some(Format::Csv)),
        ("a,b\n", "", Some(Format::Csv)),
        ("[{\"a\":1}]", "", Some(Format::Json)),
        ("\u{feff} [{\"a\":1}]", ".json", Some(Format::Json)),
        ("{\"a\":1}\n{\"a\":2}", "", Some(Format::JsonLines)),
        ("{\"a\":1}\n{\"a\":2}", ".json", Some(Format::JsonLines)),
        ("{\n\"a\":1}", ".json", Some(Format::Json)),
        ("{\"a\":1}", ".ndjson", Some(Format::JsonLines)),
        ("{\"a\":1}", ".csv", Some(Format::Csv)),
        ("a,b\n", ".json", None),
    ] {
        assert_eq!(format(bytes, extension), expected, "{bytes} {extension}");
    }
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
    assert_eq!(outcome.records[0].1.key().as_str().len(), 22);
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
fn limits_hold() {
    let text = format!("{HEADER}{}{}{}", line("A"), line("B"), line("C"));
    let limited = |limits: Limits| run(&stream(&text), &limits);
    let outcome = limited(Limits {
        rows_max: 2,
        ..Limits::default()
    })
    .unwrap();
    assert_eq!(
        (outcome.records.len(), outcome.faults[0].rule.as_ref()),
        (2, "file.rows")
    );
    assert!(outcome.summary.broken);
    assert!(
        limited(Limits {
            columns_max: 10,
            ..Limits::default()
        })
        .err()
        .unwrap()
        .contains("11 columns, at most 10")
    );
    let small = Limits {
        file_bytes_max: 100,
        ..Limits::default()
    };
    assert!(
        Source::from_stream("x", &mut text.as_bytes(), &small)
            .unwrap_err()
            .to_string()
            .contains("100 bytes")
    );
    let (_file, source) = file(text.as_bytes(), ".csv");
    assert!(run(&source, &small).err().unwrap().contains("100 bytes"));
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

/// A CSV file of any length that is made as it is read.
struct Endless {
    rows: u64,
    made: Arc<AtomicU64>,
    left: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            let made = self.made.fetch_add(1, Ordering::Relaxed);
            match made {
                0 => self.left = HEADER.as_bytes().to_vec(),
                _ if made <= self.rows => self.left = line(&format!("K{made}")).into_bytes(),
                _ => return Ok(0),
            }
        }
        let count = buffer.len().min(self.left.len());
        buffer[..count].copy_from_slice(&self.left[..count]);
        self.left.drain(..count);
        Ok(count)
    }
}

#[test]
fn rows_are_read_as_they_are_asked_for() {
    let made = Arc::new(AtomicU64::new(0));
    let endless = Endless {
        rows: 200_000,
        made: Arc::clone(&made),
        left: Vec::new(),
    };
    let reader = Reader::of_csv(Box::new(endless), "endless", &Limits::default()).unwrap();
    let mapping = Mapping::build(reader.headers(), &CONTRACT, &BTreeMap::new()).unwrap();
    let mut ahead = 0;
    let summary = scan(reader, &mapping, &CONTRACT, Ruling::default(), &mut |scanned| {
        let Scanned::Row(row) = scanned else {
            panic!("broken")
        };
        ahead = ahead.max(made.load(Ordering::Relaxed) - row.seq);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((summary.rows, summary.sound), (200_000, 200_000));
    assert!(ahead < 1_000, "a buffer ahead, not a file: {ahead}");
}

fn neutralised(cell: &str) -> String {
    let behind = cell.trim_start_matches('\'');
    if behind.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// Text with what is special to readers in it.
fn awkward() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ab,;\"'\r\n\t=+é\\\\{}\\[\\]]{0,6}", 1 => any::<String>()]
}

/// Bytes as files have them: noise, and noise made of what formats are made of.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}\",:\\\\ \n1a-c.]{0,200}".prop_map(String::into_bytes),
        "[\",\n\r;'=ab ]{0,200}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_lose_a_row(noise in noise(), cut in 0usize..2000, kind in 0usize..4) {
        let (start, extension) = match kind {
            0 => (format!("{HEADER}{}", line("A")), ".csv"),
            1 => (format!("[{SEED},"), ".json"),
            2 => (format!("{SEED}\n"), ".jsonl"),
            _ => (String::new(), ""),
        };
        let mut bytes = start.into_bytes();
        bytes.truncate(cut);
        bytes.extend(noise);
        let limits = Limits { row_bytes_max: 1000, columns_max: 40, rows_max: 50, cell_chars_max: 100, ..Limits::default() };
        let (_file, source) = file(&bytes, extension);
        // `run` checks that the counts agree and that every faulty row has an error.
        if let Ok(outcome) = run(&source, &limits) {
            prop_assert_eq!(outcome.summary.digest, Digest::of(&bytes));
        }
    }

    #[test]
    fn what_a_csv_writer_wrote_is_read_cell_for_cell(
        rows in prop::collection::vec(prop::collection::vec(awkward(), 3), 0..8),
        windows in any::<bool>(),
    ) {
        let terminator = if windows { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
        writer.write_record(["x", "y", "z"]).unwrap();
        for row in &rows {
            writer.write_record(row.iter().map(|cell| neutralised(cell))).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let (_file, source) = file(&bytes, ".csv");
        let mut reader = Reader::open(&source, &Limits::default()).unwrap();
        let mut row = Row::default();
        for expected in rows.iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())) {
            let step = reader.next_row(&mut row).unwrap();
            prop_assert!(matches!(step, Step::Row), "{:?}", step);
            prop_assert_eq!(&row.to_vec(), expected);
            let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace('\r', "\n");
            prop_assert!(row.line() > 1 && row.line() <= text.matches('\n').count() as u64);
        }
        prop_assert!(matches!(reader.next_row(&mut row).unwrap(), Step::End));
    }

    #[test]
    fn what_a_json_writer_wrote_is_read_cell_for_cell(
        rows in prop::collection::vec((awkward(), awkward()), 1..8),
        shape in 0usize..3,
    ) {
        let objects: Vec<serde_json::Value> =
            rows.iter().map(|(x, y)| serde_json::json!({"a": {"x": x}, "l": [{"y": y}]})).collect();
        let text = match shape {
            0 => serde_json::to_string(&objects).unwrap(),
            1 => serde_json::to_string_pretty(&objects).unwrap(),
            _ => objects.iter().map(|object| format!("{object}\n")).collect(),
        };
        let mut reader = Reader::open(&stream(&text), &Limits::default()).unwrap();
        prop_assert_eq!(reader.headers().names(), &["a.x".to_owned(), "l[0].y".to_owned()]);
        let mut row = Row::default();
        for (x, y) in &rows {
            prop_assert!(matches!(reader.next_row(&mut row).unwrap(), Step::Row));
            prop_assert_eq!(row.to_vec(), [x.clone(), y.clone()]);
        }
        prop_assert!(matches!(reader.next_row(&mut row).unwrap(), Step::End));
    }
}
