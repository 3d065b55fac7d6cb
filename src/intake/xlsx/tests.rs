//! Workbooks as spreadsheet programs write them, as others do, and as they break.

mod broken;
mod made;
mod odd;

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::domain::fault::Fault;
use crate::intake::{IntakeError, Limits, Manner, Reader, Row, Source, Step};

/// What came of a workbook.
#[derive(Debug, Default)]
struct Outcome {
    headers: Vec<String>,
    rows: Vec<(u64, Vec<String>)>,
    notes: Vec<Fault>,
    faults: Vec<Fault>,
}

impl Outcome {
    /// The first data row.
    fn first(&self) -> Vec<&str> {
        self.rows[0].1.iter().map(String::as_str).collect()
    }

    fn told(&self) -> String {
        let all = self.notes.iter().chain(&self.faults);
        all.map(Fault::to_string).collect::<Vec<_>>().join("\n")
    }
}

fn read_as(bytes: &[u8], manner: Manner, limits: &Limits) -> Result<Outcome, IntakeError> {
    let source = Source::from_stream("book.xlsx", &mut &*bytes, &Limits::default())?.with(manner);
    let mut reader = Reader::open(&source, limits)?;
    let mut outcome = Outcome {
        headers: reader.headers().names().to_vec(),
        notes: reader.warnings().to_vec(),
        ..Outcome::default()
    };
    let mut row = Row::default();
    loop {
        match reader.next_row(&mut row)? {
            Step::Row => (),
            Step::Doubtful(faults) | Step::Bad(faults) => outcome.faults.extend(faults),
            Step::Broken(fault) | Step::Short { fault, .. } => outcome.faults.push(fault),
            Step::End => break,
        }
        outcome.rows.push((row.line(), row.to_vec()));
    }
    let (digest, size, _) = reader.finish()?;
    assert_eq!(
        (digest, size),
        (crate::domain::ids::Digest::of(bytes), bytes.len() as u64)
    );
    Ok(outcome)
}

fn read(bytes: &[u8]) -> Result<Outcome, IntakeError> {
    read_as(bytes, Manner::default(), &Limits::default())
}

fn refused(bytes: &[u8]) -> String {
    match read(bytes).unwrap_err() {
        IntakeError::File(fault) => fault.to_string(),
        error @ IntakeError::Io { .. } => panic!("{error}"),
    }
}

/// The parts of a workbook with one sheet.
#[derive(Clone)]
struct Book {
    sheet: String,
    strings: String,
    styles: String,
    workbook: String,
    more: Vec<(String, Vec<u8>)>,
}

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

impl Default for Book {
    fn default() -> Self {
        Self {
            sheet: String::new(),
            strings: "<sst/>".to_owned(),
            styles: "<styleSheet/>".to_owned(),
            workbook: r#"<workbook><sheets><sheet name="List" sheetId="1" r:id="rId1"/></sheets></workbook>"#
                .to_owned(),
            more: Vec::new(),
        }
    }
}

impl Book {
    /// A sheet of these rows.
    fn of(rows: &str) -> Self {
        Self {
            sheet: format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
            ..Self::default()
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let relation = |id: &str, kind: &str, target: &str| {
            format!(r#"<Relationship Id="{id}" Type="{RELATIONS}/{kind}" Target="{target}"/>"#)
        };
        let root = format!(
            "<Relationships>{}</Relationships>",
            relation("rId1", "officeDocument", "xl/workbook.xml")
        );
        let book = format!(
            "<Relationships>{}{}{}{}</Relationships>",
            relation("rId1", "worksheet", "worksheets/sheet1.xml"),
            relation("rId2", "sharedStrings", "sharedStrings.xml"),
            relation("rId3", "styles", "/xl/styles.xml"),
            relation("rId4", "worksheet", "worksheets/sheet2.xml"),
        );
        let mut parts: Vec<(&str, &[u8])> = vec![
            ("_rels/.rels", root.as_bytes()),
            ("xl/workbook.xml", self.workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", book.as_bytes()),
            ("xl/sharedStrings.xml", self.strings.as_bytes()),
            ("xl/styles.xml", self.styles.as_bytes()),
            ("xl/worksheets/sheet1.xml", self.sheet.as_bytes()),
        ];
        parts.extend(
            self.more
                .iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
        );
        zipped(&parts)
    }

    fn read(&self) -> Outcome {
        read(&self.bytes()).unwrap()
    }
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9));
    for (path, bytes) in parts {
        zip.start_file(*path, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A row of texts.
fn row(number: u32, cells: &[&str]) -> String {
    let cell = |text: &&str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    format!(
        "<row r=\"{number}\">{}</row>",
        cells.iter().map(cell).collect::<String>()
    )
}
