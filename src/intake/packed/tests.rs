//! Packed text, and archives that are something else.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::intake::{Format, Reader, Row, Step};

const CSV: &str = "key,company\n1,Fairmont\n2,Back Bay\n";
const JSON: &str = "[{\"key\":\"1\"},{\"key\":\"2\"}]";

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in parts {
        zip.start_file(
            *path,
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated),
        )
        .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// How many rows a file has and how it is written, or what is said of it.
fn read(bytes: &[u8], extension: &str, limits: &Limits) -> Result<(Format, u64), String> {
    let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let shown = |error: IntakeError| match error {
        IntakeError::File(fault) => format!("{}: {}", fault.rule, fault.message),
        error @ IntakeError::Io { .. } => panic!("{error}"),
    };
    let source = Source::from_path(file.path(), limits).map_err(shown)?;
    let mut reader = Reader::open(&source, limits).map_err(shown)?;
    let mut rows = 0;
    let mut row = Row::default();
    loop {
        match reader.next_row(&mut row).map_err(shown)? {
            Step::End => break,
            Step::Row => rows += 1,
            other => panic!("{other:?}"),
        }
    }
    let format = reader.format();
    let (digest, size, _) = reader.finish().map_err(shown)?;
    assert_eq!(
        (digest, size),
        (crate::domain::ids::Digest::of(bytes), bytes.len() as u64)
    );
    Ok((format, rows))
}

#[test]
fn packed_text_is_read_as_what_it_is() {
    let twice = [gz(b"key,company\n1,Fairmont\n"), gz(b"2,Back Bay\n")].concat();
    let mac = zipped(&[
        ("__MACOSX/._a.csv", b"\0"),
        ("a/.DS_Store", b"\0"),
        ("a/A.CSV", CSV.as_bytes()),
        ("a/notes.pdf", b"%PDF"),
    ]);
    for (bytes, extension, expected) in [
        (gz(CSV.as_bytes()), ".csv.gz", (Format::Csv, 2)),
        (gz(CSV.as_bytes()), ".bin", (Format::Csv, 2)),
        (gz(JSON.as_bytes()), ".json.gz", (Format::Json, 2)),
        (gz(b"{\"key\":1}\n"), ".jsonl.gz", (Format::JsonLines, 1)),
        // Several members are one file.
        (twice, ".csv.gz", (Format::Csv, 2)),
        (mac, ".zip", (Format::Csv, 2)),
        (zipped(&[("a.json", JSON.as_bytes())]), ".zip", (Format::Json, 2)),
    ] {
        assert_eq!(
            read(&bytes, extension, &Limits::default()),
            Ok(expected),
            "{extension}"
        );
    }
}

#[test]
fn a_workbook_in_an_archive_is_put_aside_and_read() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["key", "company"]).unwrap();
    sheet.write_row(1, 0, ["1", "Fairmont"]).unwrap();
    let book = workbook.save_to_buffer().unwrap();
    for bytes in [gz(&book), zipped(&[("list.xlsx", &book)])] {
        assert_eq!(read(&bytes, "", &Limits::default()), Ok((Format::Xlsx, 1)));
    }
}

#[test]
fn archives_that_cannot_be_taken_say_why() {
    let cut_off = gz(CSV.repeat(100).as_bytes());
    let cut_off = &cut_off[..cut_off.len() - 12];
    let told: Vec<String> = [
        zipped(&[]),
        zipped(&[("a.csv", b"x"), ("b.csv", b"x")]),
        zipped(&[("a.pdf", b"x"), ("b.png", b"x")]),
        zipped(&[("xl/workbook.bin", b"x"), ("[Content_Types].xml", b"x")]),
        zipped(&[("mimetype", b"x"), ("content.xml", b"x")]),
        zipped(&[("Index/Document.iwa", b"x")]),
        zipped(&[("word/document.xml", b"x"), ("[Content_Types].xml", b"x")]),
        zipped(&[("a.csv", &zipped(&[("b.csv", CSV.as_bytes())]))]),
        zipped(&[("a.csv", &gz(CSV.as_bytes()))]),
        gz(&gz(CSV.as_bytes())),
        cut_off.to_vec(),
        b"\x1F\x8B\x08".to_vec(),
        gz(b""),
    ]
    .iter()
    .map(|bytes| read(bytes, "", &Limits::default()).unwrap_err())
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_is_unpacked_has_a_limit_of_its_own() {
    let limits = Limits {
        file_bytes_max: 1_000,
        ..Limits::default()
    };
    let long = CSV.to_owned() + &"3,x\n".repeat(500);
    for bytes in [gz(long.as_bytes()), zipped(&[("a.csv", long.as_bytes())])] {
        assert!(bytes.len() < 1_000);
        let told = read(&bytes, "", &limits).unwrap_err();
        assert!(
            told.starts_with("file.unpacked") && told.contains("more than 1000 bytes"),
            "{told}"
        );
    }
    let bomb = gz(format!(
        "key,company\n{}",
        format!("{},b\n", "x".repeat(1_000)).repeat(32 << 10)
    )
    .as_bytes());
    let told = read(&bomb, ".csv.gz", &Limits::default()).unwrap_err();
    assert!(told.contains("300 times"), "{told}");
}

#[test]
fn a_file_that_is_written_to_while_it_is_read_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&gz(CSV.as_bytes())).unwrap();
    let source = Source::from_path(file.path(), &Limits::default()).unwrap();
    let mut reader = Reader::open(&source, &Limits::default()).unwrap();
    while !matches!(reader.next_row(&mut Row::default()).unwrap(), Step::End) {}
    file.write_all(b"more").unwrap();
    let told = reader.finish().unwrap_err().to_string();
    assert!(told.contains("was changed while it was read"), "{told}");
}

#[test]
fn a_damaged_byte_of_packed_text_is_told_and_panics_nothing() {
    for packed in [gz(CSV.as_bytes()), zipped(&[("a.csv", CSV.as_bytes())])] {
        for at in 0..packed.len() {
            for bit in 0..8 {
                let mut bytes = packed.clone();
                bytes[at] ^= 1 << bit;
                let mut from = bytes.as_slice();
                let source = Source::from_stream("x", &mut from, &Limits::default()).unwrap();
                let Ok(mut reader) = Reader::open(&source, &Limits::default()) else {
                    continue;
                };
                while matches!(reader.next_row(&mut Row::default()), Ok(Step::Row | Step::Bad(_))) {}
                let _ = reader.finish();
            }
        }
    }
}
