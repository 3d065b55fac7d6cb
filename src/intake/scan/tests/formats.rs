//! Files as programs write them, and as they break.

use super::*;
use crate::intake::Format;

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

/// A file that is said to be UTF-8; by its bytes it would be taken for another.
fn read_as_utf8(bytes: &[u8]) -> Result<Outcome, String> {
    let utf8 = Manner {
        encoding: Some(encoding_rs::UTF_8),
        ..Manner::default()
    };
    run(&stream(bytes).with(utf8), &Limits::default())
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
    let outcome = read_as_utf8(&bytes).unwrap();
    insta::assert_snapshot!(outcome.shown().replace(&"x".repeat(79), "x…"), @r#"
    error[row.ragged]: input:3: 2 cells, and the header has 11: none for `language`, `country`, `region`, `city`, …
      hint: an empty cell still needs its comma
    error[row.ragged]: input:4 "c@mouse.com": 12 cells, and the header has 11
      hint: put a cell that has a comma in quotes
    error[row.encoding]: input:5: column 6 `city` "S�": bytes that are no UTF-8 text
      hint: save the file as CSV UTF-8 from the program it comes from, or say how it is encoded: --encoding windows-1252, utf-16, shift_jis, …
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
fn two_halves_of_a_letter_in_two_cells_are_no_text() {
    let mut bytes = HEADER.replace("key,", "key,note,").into_bytes();
    bytes.extend(b"A\xC3,\xA9");
    bytes.extend(SOUND.bytes());
    bytes.extend(b"a@mouse.com\n");
    assert_eq!(read_as_utf8(&bytes).unwrap().faults[0].rule, "row.encoding");
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
      hint: close the quote, or write it twice where it belongs to the text; where quotes are letters like any other, say --quote none; nothing after this line was read
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
    2: not a JSON record: key must be a string
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
    let first = |shown: Option<String>| {
        shown
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let shown: Vec<String> = shown.into_iter().map(first).collect();
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
        ("[{\"a\":1}]", ".csv", Some(Format::Json)),
        ("{\"a\":1}\n{\"a\":2}", ".txt", Some(Format::JsonLines)),
        ("[a],b\n", ".csv", Some(Format::Csv)),
        ("{a},b\n", ".csv", Some(Format::Csv)),
        ("a,b\n", ".json", None),
    ] {
        assert_eq!(format(bytes, extension), expected, "{bytes} {extension}");
    }
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
