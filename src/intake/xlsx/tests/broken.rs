//! Workbooks that are damaged, and those that were made to do harm. Nothing panics, hangs, or takes memory without end.

use super::*;

fn sound() -> Book {
    Book {
        strings: "<sst><si><t>Fairmont</t></si></sst>".to_owned(),
        styles: r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="14"/></cellXfs></styleSheet>"#.to_owned(),
        ..Book::of(&format!(
            "{}<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c><c r=\"B2\" s=\"1\"><v>501</v></c><c r=\"C2\" s=\"2\"><f>TODAY()</f><v>46353</v></c></row>",
            row(1, &["a", "b", "c"])
        ))
    }
}

#[test]
fn xml_that_no_workbook_has_is_refused() {
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    let wide = format!("<row r=\"2\" {}>", "x=\"1\" ".repeat(300_000));
    let told: Vec<String> = [
        "<row r=\"2\"/><row r=\"2\"/>",
        "<row r=\"1048577\"/>",
        "<row r=\"2\"><c r=\"B2\"/><c r=\"A2\"/></row>",
        "<row r=\"2\"><c r=\"A3\"/></row>",
        "<row r=\"2\"><c r=\"XFE2\"/></row>",
        "<row r=\"2\"><c><v>&lol;</v></c></row>",
        "<row r=\"2\"><c><v>1</c></row>",
        "<row r=\"2\"",
        &deep,
        &wide,
        &format!("<row r=\"2\"><c><v>{}</v></c></row>", "9".repeat(200_000)),
        &format!("<!--{}-->", "x".repeat(2 << 20)),
    ]
    .iter()
    .map(|rows| refused(&Book::of(&format!("{}{rows}", row(1, &["a", "b"]))).bytes()))
    .collect();
    insta::assert_snapshot!(told.join("\n"));
    let doctype = Book {
        sheet: format!("<!DOCTYPE a [<!ENTITY lol \"lol\">]>{}", sound().sheet),
        ..sound()
    };
    assert!(refused(&doctype.bytes()).contains("document type"));
}

#[test]
fn what_bursts_is_refused_before_it_does() {
    let spaces = " ".repeat(18 << 20);
    let row = row(1, &["a", "b"]);
    let in_sheet = Book {
        sheet: format!("<worksheet>{spaces}"),
        ..sound()
    };
    // Between two rows nothing is kept, and the ratio tells; in one piece, its length does.
    let comment = format!("<!--{}-->", "x".repeat(1 << 10));
    let rows = format!("<worksheet><sheetData>{row}{}", comment.repeat(18 << 10));
    let in_rows = Book {
        sheet: rows,
        ..sound()
    };
    let in_texts = Book {
        strings: format!(
            "<sst>{}",
            format!("<si><t>{}</t></si>", "a".repeat(1 << 10)).repeat(18 << 10)
        ),
        ..sound()
    };
    let told: Vec<String> = [in_sheet, in_rows, in_texts]
        .iter()
        .map(|book| refused(&book.bytes()))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    let limits = Limits {
        part_bytes_max: 200,
        ..Limits::default()
    };
    let error = read_as(&sound().bytes(), Manner::default(), &limits).unwrap_err();
    assert!(error.to_string().contains("more than 200 bytes"), "{error}");
}

#[test]
fn archives_that_are_damaged_or_tricked_are_refused() {
    let bytes = sound().bytes();
    assert!(refused(&bytes[..bytes.len() / 2]).contains("file.damaged"));
    assert!(refused(b"PK\x03\x04").contains("file.damaged"));
    // Two parts of one name.
    let twins = zipped(&[("xl/a.xml", b"1"), ("xl/b.xml", b"2")]);
    let twins: Vec<u8> = String::from_utf8_lossy(&twins)
        .contains("xl/b.xml")
        .then(|| replaced(&twins, b"xl/b.xml", b"xl/a.xml"))
        .unwrap();
    assert!(refused(&twins).contains("the same name"), "{}", refused(&twins));
    // A checksum that does not fit.
    let at = bytes.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    let mut wrong = bytes.clone();
    wrong[at + 16] ^= 1;
    assert!(refused(&wrong).contains("checksum"), "{}", refused(&wrong));
    let many: Vec<(String, &[u8])> = (0..10_001).map(|n| (format!("p{n}"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    assert!(refused(&zipped(&many)).contains("more than 10000 parts"));
    let without = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook/>"),
    ]);
    assert!(refused(&without).contains("every sheet is empty"));
    let missing = Book {
        workbook: sound().workbook.replace("rId1", "rId4"),
        ..sound()
    };
    assert!(refused(&missing.bytes()).contains("sheet2.xml, which a sheet is in, is missing"));
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    bytes
}

#[test]
fn limits_of_rows_columns_and_cells_hold() {
    let limits = Limits {
        rows_max: 1,
        columns_max: 3,
        cell_chars_max: 10,
        row_bytes_max: 30,
        ..Limits::default()
    };
    let outcome = |rows: &[String]| read_as(&Book::of(&rows.concat()).bytes(), Manner::default(), &limits);
    let rules = |rows: &[String]| match outcome(rows) {
        Ok(outcome) => outcome
            .faults
            .iter()
            .map(|fault| fault.rule.to_string())
            .collect(),
        Err(IntakeError::File(fault)) => vec![fault.rule.to_string()],
        Err(error) => panic!("{error}"),
    };
    let head = row(1, &["a", "b", "c"]);
    assert_eq!(
        rules(&[head.clone(), row(2, &["1"]), row(3, &["2"])]),
        ["file.rows"]
    );
    assert_eq!(
        rules(&[head.clone(), row(2, &["12345678901"])]),
        ["row.cell_too_long"]
    );
    assert_eq!(
        rules(&[head, row(2, &["1234567890", "1234567890", "12345678901"])]),
        ["row.too_long"]
    );
    assert_eq!(rules(&[row(1, &["a", "b", "c", "d"])]), ["file.columns"]);
    assert_eq!(rules(&[row(1, &["a", "12345678901"])]), ["file.header"]);
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % end.max(1) as u64).unwrap()
    }

    /// Turns, takes out, doubles or overwrites a few bytes.
    fn spoil(&mut self, bytes: &mut Vec<u8>, words: &[&[u8]]) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let until = (at + 1 + self.below(24)).min(bytes.len());
            match self.below(5) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => drop(bytes.drain(at..until)),
                2 => {
                    let piece = bytes[at..until].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
                3 => drop(bytes.splice(at..at, words[self.below(words.len())].to_vec())),
                _ => bytes[at] = u8::try_from(self.below(256)).unwrap(),
            }
            if bytes.is_empty() {
                bytes.push(b'P');
            }
        }
    }
}

/// How many spoilt files a test reads.
fn rounds(usual: u32) -> u32 {
    if std::env::var_os("ENLIST_BIG").is_some() {
        usual * 100
    } else {
        usual
    }
}

#[test]
fn no_spoilt_byte_of_an_archive_panics_or_hangs() {
    let bytes = sound().bytes();
    let words: [&[u8]; 5] = [
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"PK\x03\x04",
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
    ];
    let mut dice = Dice(5);
    for _ in 0..rounds(3_000) {
        let mut spoilt = bytes.clone();
        dice.spoil(&mut spoilt, &words);
        let _ = read(&spoilt);
    }
}

#[test]
fn no_spoilt_part_of_a_workbook_panics_or_hangs() {
    let book = sound();
    let words: [&[u8]; 14] = [
        b"<row r=\"2\">",
        b"</row>",
        b"<c r=\"",
        b"t=\"s\"",
        b"<v>",
        b"</v>",
        b"<is><t>",
        b"&amp;",
        b"&#x0;",
        b"_x000D_",
        b"<mergeCell ref=\"A1:XFD1048576\"/>",
        b"hidden=\"1\"",
        b"99999999999",
        b"\xff",
    ];
    let mut dice = Dice(6);
    let spoilt = |part: &str, dice: &mut Dice| {
        let mut bytes = part.as_bytes().to_vec();
        dice.spoil(&mut bytes, &words);
        bytes
    };
    for round in 0..rounds(2_000) {
        let mut book = book.clone();
        let part = match round % 4 {
            0 => &mut book.styles,
            1 => &mut book.strings,
            2 => &mut book.workbook,
            _ => &mut book.sheet,
        };
        let bytes = spoilt(part, &mut dice);
        *part = String::from_utf8_lossy(&bytes).into_owned();
        let _ = read(&book.bytes());
    }
}
