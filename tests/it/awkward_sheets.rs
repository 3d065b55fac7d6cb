//! Spreadsheets and archives as people have them (`samples/awkward/`): each is read right, or refused in words that
//! somebody who never saw a log can act on.

use std::fs;
use std::io::{Cursor, Write as _};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Formula, Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::support::{Rig, repository, sample};

/// The files that this test makes, in the order of the folder's README.
const FILES: [&str; 16] = [
    "leading-zeros.xlsx",
    "long-numbers.xlsx",
    "ids-as-dates.xlsx",
    "two-sheets.xlsx",
    "filtered.xlsx",
    "merged.xlsx",
    "formulas.xlsx",
    "error-cells.xlsx",
    "remark-beside.xlsx",
    "bomb.xlsx",
    "password.xlsx",
    "libreoffice.ods",
    "packed.csv.gz",
    "cut-off.csv.gz",
    "one-file.zip",
    "two-files.zip",
];

#[test]
fn a_sheet_that_was_named_and_hidden_rows_that_were_decided_are_read() {
    let rig = Rig::new();
    for name in ["two-sheets.xlsx", "filtered.xlsx"] {
        fs::copy(sample(&format!("awkward/{name}")), rig.path(name)).unwrap();
    }
    for (line, rows) in [
        ("check two-sheets.xlsx --sheet Partners --json", 3),
        ("check two-sheets.xlsx --sheet 2 --json", 2),
        ("check filtered.xlsx --hidden read --json", 5),
        ("check filtered.xlsx --hidden skip --json", 3),
    ] {
        let ended = rig.line(line).exits(0);
        assert_eq!(ended.json_lines().last().unwrap()["rows"], rows, "{line}");
    }
}

#[test]
fn the_same_file_with_another_sheet_or_without_what_is_hidden_is_another_batch() {
    let rig = Rig::new();
    for name in ["two-sheets.xlsx", "filtered.xlsx"] {
        fs::copy(sample(&format!("awkward/{name}")), rig.path(name)).unwrap();
    }
    let batch = |line: &str| {
        let call = rig.line(&format!("import {line} --job adobe-create --json"));
        let ended = call.env("ENLIST_ADOBE_DISTRIBUTOR_ID", "1234567").exits(0);
        let said: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        (
            said["batch"].as_str().unwrap().to_owned(),
            said["rows"].as_u64().unwrap(),
        )
    };
    let first = batch("two-sheets.xlsx --sheet Partners");
    assert_eq!(first, batch("two-sheets.xlsx --sheet 1"), "however it is named");
    let second = batch("two-sheets.xlsx --sheet 2");
    assert!(first.0 != second.0 && (first.1, second.1) == (3, 2));
    let (read, skip) = (
        batch("filtered.xlsx --hidden read"),
        batch("filtered.xlsx --hidden skip"),
    );
    assert!(read.0 != skip.0 && (read.1, skip.1) == (5, 3));
}

#[test]
fn a_place_in_a_sheet_has_its_address_in_json() {
    let rig = Rig::new();
    fs::copy(sample("awkward/error-cells.xlsx"), rig.path("a.xlsx")).unwrap();
    let ended = rig.line("check a.xlsx --json").exits(3);
    let faults = ended.json_lines();
    let fault = faults.iter().find(|line| line["rule"] == "cell.error").unwrap();
    assert_eq!(
        (&fault["sheet"], &fault["cell"]),
        (&"Sheet1".into(), &"J3".into()),
        "{fault}"
    );
}

#[test]
fn a_workbook_comes_from_standard_input_too() {
    let rig = Rig::new();
    let bytes = fs::read(sample("awkward/leading-zeros.xlsx")).unwrap();
    let ended = rig.line("check - --json").stdin(bytes).exits(0);
    assert_eq!(ended.json_lines().last().unwrap()["rows"], 3);
}

/// The files say what those say that are made here. `ENLIST_WRITE_SAMPLES=1` puts these in their place.
#[test]
fn awkward_sheets_are_as_they_are_made() {
    let folder = repository().join("samples/awkward");
    for name in FILES {
        if std::env::var_os("ENLIST_WRITE_SAMPLES").is_some() {
            fs::write(folder.join(name), made(name)).unwrap();
        }
        let said = |bytes: Vec<u8>| {
            let rig = Rig::new();
            rig.write(name, bytes);
            let ended = rig.line(&format!("check {name}")).end();
            (ended.code, ended.out, ended.err)
        };
        assert_eq!(
            said(fs::read(folder.join(name)).unwrap()),
            said(made(name)),
            "{name}"
        );
    }
}

fn made(name: &str) -> Vec<u8> {
    match name {
        "leading-zeros.xlsx" => leading_zeros(),
        "long-numbers.xlsx" => long_numbers(),
        "ids-as-dates.xlsx" => ids_as_dates(),
        "two-sheets.xlsx" => two_sheets(),
        "filtered.xlsx" => filtered(),
        "merged.xlsx" => merged(),
        "formulas.xlsx" => formulas(),
        "error-cells.xlsx" => error_cells(),
        "remark-beside.xlsx" => remark_beside(),
        "bomb.xlsx" => bomb(),
        "password.xlsx" => password(),
        "libreoffice.ods" => libreoffice(),
        "packed.csv.gz" => gzipped(&csv_of(4)),
        "cut-off.csv.gz" => {
            let bytes = gzipped(&csv_of(20));
            bytes[..bytes.len() / 2].to_vec()
        }
        "one-file.zip" => zipped(&[
            ("partners/", b""),
            ("partners/resellers.csv", csv_of(4).as_bytes()),
            ("__MACOSX/partners/._resellers.csv", b"\0\x05\x16\x07"),
            ("partners/.DS_Store", b"\0"),
        ]),
        "two-files.zip" => zipped(&[
            ("north.csv", csv_of(2).as_bytes()),
            ("south.csv", csv_of(3).as_bytes()),
        ]),
        other => panic!("{other}"),
    }
}

/// The first rows of the sample, and its header: fewer columns, so that they can be looked at.
fn rows(count: usize) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(sample("resellers.csv"))
        .unwrap();
    let records = reader.records().take(count + 1);
    records
        .map(|record| record.unwrap().iter().take(14).map(str::to_owned).collect())
        .collect()
}

fn csv_of(count: usize) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows(count)
        .iter()
        .for_each(|row| writer.write_record(row).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

const POSTAL_CODE: u16 = 9;
const PHONE: u16 = 10;

fn book() -> Workbook {
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_ymd(2026, 1, 2).unwrap();
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    workbook
}

/// Writes the rows from `first` on.
fn write(sheet: &mut Worksheet, first: u32, count: usize) {
    for (row, cells) in (first..).zip(rows(count)) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
    }
}

fn leading_zeros() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    write(sheet, 0, 3);
    let code = |code: &str| Format::new().set_num_format(code);
    sheet
        .write_number_with_format(2, POSTAL_CODE, 2_108, &code("00000"))
        .unwrap();
    sheet
        .write_number_with_format(3, POSTAL_CODE, 71_021_234, &code("00000-0000"))
        .unwrap();
    sheet
        .write_number_with_format(2, PHONE, 6_175_550_102_f64, &code("(###) ###-####"))
        .unwrap();
    workbook.save_to_buffer().unwrap()
}

fn long_numbers() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    write(sheet, 0, 3);
    sheet.write_number(1, PHONE, 18_005_550_100_f64).unwrap();
    sheet.write_number(2, PHONE, 4_930_123_456_789_f64).unwrap();
    let scientific = Format::new().set_num_format("0.00E+00");
    sheet
        .write_number_with_format(3, PHONE, 19_735_550_105_f64, &scientific)
        .unwrap();
    sheet.write_number(1, 0, 1_234_567_890_123_456_789_f64).unwrap();
    sheet.write_number(2, POSTAL_CODE, 2_108).unwrap();
    workbook.save_to_buffer().unwrap()
}

fn ids_as_dates() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    write(sheet, 0, 3);
    let code = |code: &str| Format::new().set_num_format(code);
    let date = ExcelDateTime::from_ymd(2026, 3, 1).unwrap();
    sheet
        .write_datetime_with_format(1, 0, &date, &code("d-mmm"))
        .unwrap();
    sheet
        .write_datetime_with_format(2, 0, &date, &Format::new().set_num_format_index(14))
        .unwrap();
    sheet
        .write_number_with_format(3, 0, -7, &code("yyyy-mm-dd"))
        .unwrap();
    workbook.save_to_buffer().unwrap()
}

fn two_sheets() -> Vec<u8> {
    let mut workbook = book();
    write(workbook.add_worksheet().set_name("Partners").unwrap(), 0, 3);
    write(workbook.add_worksheet().set_name("Partners 2025").unwrap(), 0, 2);
    workbook.add_worksheet().set_name("Empty").unwrap();
    let lists = workbook.add_worksheet().set_name("Lists").unwrap();
    lists.write_string(0, 0, "US").unwrap();
    lists.set_hidden(true);
    workbook.save_to_buffer().unwrap()
}

fn filtered() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    write(sheet, 0, 5);
    sheet.autofilter(0, 0, 5, 13).unwrap();
    sheet.set_row_hidden(2).unwrap();
    sheet.set_row_hidden(4).unwrap();
    workbook.save_to_buffer().unwrap()
}

fn merged() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    let centred = Format::new().set_bold();
    sheet
        .merge_range(0, 0, 0, 13, "New partners, spring 2026", &centred)
        .unwrap();
    write(sheet, 2, 4);
    sheet.merge_range(3, 4, 5, 4, "US", &Format::new()).unwrap();
    // Formatted far below the last row.
    sheet.write_blank(5_000, 3, &centred).unwrap();
    workbook.save_to_buffer().unwrap()
}

fn formulas() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    write(sheet, 0, 3);
    for row in 1..=2 {
        let cell = rows(3)[row as usize][13].clone();
        let formula = Formula::new(format!("=LOWER(\"{cell}\")")).set_result(cell);
        sheet.write_formula(row, 13, formula).unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    // A formula of a program that computes nothing: without a result.
    let computed = "<c r=\"N4\" t=\"s\">";
    changed(&bytes, "xl/worksheets/sheet1.xml", |xml| {
        let at = xml.find(computed).unwrap();
        let end = at + xml[at..].find("</c>").unwrap();
        format!("{}<c r=\"N4\"><f>LOWER(\"X\")</f>{}", &xml[..at], &xml[end..])
    })
}

fn error_cells() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    write(sheet, 0, 3);
    let bytes = {
        sheet.write_string(2, POSTAL_CODE, "MARK-1").unwrap();
        sheet.write_string(3, 13, "MARK-2").unwrap();
        workbook.save_to_buffer().unwrap()
    };
    let error = |xml: &str, cell: &str, formula: &str, shown: &str| {
        let at = xml.find(&format!("<c r=\"{cell}\"")).unwrap();
        let end = at + xml[at..].find("</c>").unwrap();
        format!(
            "{}<c r=\"{cell}\" t=\"e\"><f>{formula}</f><v>{shown}</v>{}",
            &xml[..at],
            &xml[end..]
        )
    };
    changed(&bytes, "xl/worksheets/sheet1.xml", |xml| {
        let first = error(xml, "J3", "VLOOKUP(A3,Codes!A:B,2,0)", "#N/A");
        error(&first, "N4", "#REF!&amp;\"@example\"", "#REF!")
    })
}

fn remark_beside() -> Vec<u8> {
    let mut workbook = book();
    let sheet = workbook.add_worksheet();
    write(sheet, 0, 3);
    sheet.write_string(2, 15, "call them first?").unwrap();
    workbook.save_to_buffer().unwrap()
}

/// 48 MiB of comments on 50 KiB of disk.
fn bomb() -> Vec<u8> {
    let comments = format!("<!--{}-->", "x".repeat(1 << 16)).repeat(768);
    changed(&leading_zeros(), "xl/worksheets/sheet1.xml", |xml| {
        xml.replace("<sheetData>", &format!("{comments}<sheetData>"))
    })
}

/// The beginning of a compound file, which is what an encrypted workbook is, and an XLS.
fn password() -> Vec<u8> {
    let mut bytes = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    bytes.resize(512, 0);
    bytes.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    bytes.resize(1_536, 0);
    bytes
}

fn libreoffice() -> Vec<u8> {
    zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", b"<office:document-content/>"),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
    ])
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default());
    for (path, bytes) in parts {
        zip.start_file(*path, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The same archive with one part changed.
fn changed(bytes: &[u8], path: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for at in 0..from.len() {
        let mut part = from.by_index(at).unwrap();
        let mut held = Vec::new();
        std::io::copy(&mut part, &mut held).unwrap();
        let name = String::from_utf8(part.name_raw().to_vec()).unwrap();
        if name == path {
            held = change(std::str::from_utf8(&held).unwrap()).into_bytes();
        }
        parts.push((name, held));
    }
    let parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, held)| (name.as_str(), held.as_slice()))
        .collect();
    zipped(&parts)
}
