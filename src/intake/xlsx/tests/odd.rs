//! What the XML of a sheet can say.

use super::*;
use crate::intake::Hidden;

#[test]
fn every_kind_of_cell() {
    let rows = r#"<row r="1"><c t="inlineStr"><is><t>a</t></is></c><c><v>1</v></c><c r="C1" t="str"><v>c</v></c><c r="D1" t="str"><v>d</v></c><c r="E1" t="str"><v>e</v></c><c r="F1" t="str"><v>f</v></c><c r="G1" t="str"><v>g</v></c></row>
        <row r="2" spans="1:7"><c r="A2" t="s"><v>1</v></c><c r="B2" t="b"><v>1</v></c><c r="C2" t="d"><v>2026-11-27T00:00:00</v></c><c r="D2" t="inlineStr"><is><r><t>Fuji</t></r><r><rPr><b/></rPr><t xml:space="preserve"> Ltd</t></r><rPh sb="0" eb="1"><t>reading</t></rPh></is></c><c r="E2" t="str"><v>x_x000D_
y &amp; &#228;<![CDATA[<z>]]></v></c><c r="F2" s="1"><v>501</v></c><c r="G2" t="s"><v>0</v></c></row>"#;
    let book = Book {
        strings: "<sst><si><t/></si><si><r><t>Tokyo</t></r><phoneticPr/><rPh><t>no</t></rPh></si></sst>".to_owned(),
        styles: r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"#.to_owned(),
        ..Book::of(rows)
    };
    let outcome = book.read();
    assert_eq!(outcome.headers, ["a", "1", "c", "d", "e", "f", "g"]);
    assert_eq!(
        outcome.first(),
        [
            "Tokyo",
            "TRUE",
            "2026-11-27",
            "Fuji Ltd",
            "x\r\ny & ä<z>",
            "00501",
            ""
        ]
    );
    assert_eq!(outcome.told(), "");
}

#[test]
fn prefixes_and_other_names_of_parts_are_read() {
    let sheet = r#"<?xml version="1.0"?><!-- made --><x:worksheet xmlns:x="m"><x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:v>k</x:v></x:c><x:c r="B1" t="str"><x:v>l</x:v></x:c></x:row><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"#;
    let relation = |kind: &str, target: &str| {
        format!(
            r#"<Relationships><Relationship Id="a" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let bytes = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "_rels/.rels",
            relation("officeDocument", "/book/main.xml").as_bytes(),
        ),
        (
            "book/main.xml",
            br#"<workbook><sheets><sheet name="S" id="a"/></sheets></workbook>"#,
        ),
        (
            "book/_rels/main.xml.rels",
            relation("worksheet", "../book/worksheets/one.xml").as_bytes(),
        ),
        ("book/worksheets/one.xml", sheet.as_bytes()),
    ]);
    let outcome = read(&bytes).unwrap();
    assert_eq!(
        (outcome.headers, outcome.rows),
        (
            vec!["k".into(), "l".into()],
            vec![(2, vec!["1".into(), String::new()])]
        )
    );
}

#[test]
fn titles_and_rows_without_anything_do_not_count() {
    let empty: String = (6..3_000)
        .map(|r| format!("<row r=\"{r}\" s=\"1\" customFormat=\"1\"><c r=\"A{r}\" s=\"1\"/></row>"))
        .collect();
    let rows = [
        row(2, &["Partners of the north"]),
        "<row r=\"4\"><c r=\"B4\" t=\"str\"><v>key</v></c><c r=\"D4\" t=\"str\"><v>company</v></c></row>"
            .to_owned(),
        "<row r=\"5\"><c r=\"B5\"><v>1</v></c><c r=\"D5\" t=\"str\"><v>Fairmont</v></c></row>".to_owned(),
        empty,
        "<row r=\"1048576\"><c r=\"D1048576\" t=\"str\"><v>last</v></c></row>".to_owned(),
    ];
    let outcome = Book::of(&rows.concat()).read();
    assert_eq!(outcome.headers, ["", "key", "", "company"]);
    let lines: Vec<u64> = outcome.rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [5, 1_048_576]);
    assert_eq!(outcome.first(), ["", "1", "", "Fairmont"]);
}

#[test]
fn errors_formulas_and_odd_numbers_are_told_by_cell() {
    let rows = [
        row(1, &["a", "b", "c", "d"]),
        "<row r=\"2\"><c r=\"A2\" t=\"e\"><f>VLOOKUP(1)</f><v>#N/A</v></c><c r=\"B2\"><f>1+1</f></c><c r=\"C2\"><v>1234567890123456</v></c><c r=\"D2\" s=\"1\"><v>-5</v></c></row>".to_owned(),
        "<row r=\"3\"><c r=\"A3\" t=\"str\"><f>B1</f><v></v></c><c r=\"B3\"><f>1+1</f><v>2</v></c><c r=\"C3\" s=\"2\"><v>491234567890</v></c><c r=\"D3\" t=\"zz\"><v>?</v></c></row>".to_owned(),
        "<row r=\"4\"><c r=\"A4\"><v>x</v></c><c r=\"B4\" t=\"s\"><v>7</v></c><c r=\"C4\" s=\"2\"><v>491234567891</v></c><c r=\"D4\" t=\"b\"><v>3</v></c><c r=\"F4\" t=\"str\"><v>remark</v></c></row>".to_owned(),
    ];
    let book = Book {
        styles: r#"<styleSheet><cellXfs><xf/><xf numFmtId="14"/><xf numFmtId="11"/></cellXfs></styleSheet>"#
            .to_owned(),
        ..Book::of(&rows.concat())
    };
    let outcome = book.read();
    assert_eq!(outcome.rows[1].1, ["", "2", "491234567890", "?"]);
    insta::assert_snapshot!(outcome.told());
    let computed = Book {
        workbook: book
            .workbook
            .replace("</workbook>", "<calcPr fullCalcOnLoad=\"1\"/></workbook>"),
        ..book
    };
    assert!(computed.read().notes[0].hint.contains("left them to be computed"));
}

#[test]
fn merged_cells_are_told_where_they_leave_a_cell_in_doubt() {
    let rows = [
        row(1, &["Partners"]),
        row(2, &["a", "b", "c"]),
        row(3, &["1", "2", "3"]),
        row(4, &["4", "", "6"]),
        row(5, &["7", "8", ""]),
    ];
    let merges = "<mergeCells><mergeCell ref=\"A1:C1\"/><mergeCell ref=\"B3:B4\"/><mergeCell ref=\"B5:C5\"/><mergeCell ref=\"D3:E9\"/><mergeCell ref=\"A6:C9\"/><mergeCell ref=\"?\"/></mergeCells>";
    let book = Book::of(&rows.concat());
    let sheet = |merges: &str| {
        book.sheet
            .replace("</worksheet>", &format!("{merges}</worksheet>"))
    };
    let with = |merges: &str| {
        Book {
            sheet: sheet(merges),
            ..book.clone()
        }
        .read()
        .told()
    };
    insta::assert_snapshot!(with(merges));
    insta::assert_snapshot!(with("<mergeCells><mergeCell ref=\"B2:C2\"/></mergeCells>"));
}

#[test]
fn hidden_rows_and_columns_stop_the_reading_until_something_is_said() {
    let rows = [
        row(1, &["a", "b", "c"]),
        row(2, &["1", "2", "3"]),
        row(3, &["4", "5", "6"]).replace("<row", "<row hidden=\"1\""),
        row(4, &["7", "8", "9"]).replace("<row", "<row hidden=\"true\""),
        "<row r=\"5\" hidden=\"1\"/>".to_owned(),
        row(6, &["10", "11", "12"]),
    ];
    let book = Book::of(&rows.concat());
    let sheet = book.sheet.replace("<sheetData>", "<cols><col min=\"2\" max=\"2\" hidden=\"1\"/><col min=\"5\" max=\"16384\" hidden=\"1\"/></cols><sheetData>");
    let bytes = Book { sheet, ..book }.bytes();
    insta::assert_snapshot!(refused(&bytes));
    let with = |hidden| {
        let manner = Manner {
            hidden,
            ..Manner::default()
        };
        let outcome = read_as(&bytes, manner, &Limits::default()).unwrap();
        let rows: Vec<String> = outcome
            .rows
            .iter()
            .map(|(line, cells)| format!("{line}: {}", cells.join(",")))
            .collect();
        (rows, outcome.told())
    };
    let (rows, told) = with(Hidden::Read);
    assert_eq!(rows, ["2: 1,2,3", "3: 4,5,6", "4: 7,8,9", "6: 10,11,12"]);
    insta::assert_snapshot!(told);
    let (rows, told) = with(Hidden::Skip);
    assert_eq!(rows, ["2: 1,,3", "6: 10,,12"]);
    insta::assert_snapshot!(told);
}

#[test]
fn the_sheet_is_the_only_one_shown_with_something_in_it_or_the_one_that_was_named() {
    let list = |name: &str, text: &str, state: &str| {
        let sheet = Book::of(&format!("{}{}", row(1, &["a", "b"]), row(2, &[text, "x"]))).sheet;
        (name.to_owned(), sheet, state.to_owned())
    };
    let book = |first: (String, String, String), second: (String, String, String)| {
        Book {
        workbook: format!(
            r#"<workbook><sheets><sheet name="{}" r:id="rId1" {}/><sheet name="{}" r:id="rId4" {}/></sheets></workbook>"#,
            first.0, first.2, second.0, second.2
        ),
        sheet: first.1,
        more: vec![("xl/worksheets/sheet2.xml".to_owned(), second.1.into_bytes())],
        ..Book::default()
    }
    .bytes()
    };
    let empty = (
        "Sheet2".to_owned(),
        "<worksheet><sheetData><row r=\"7\"><c s=\"0\"/></row></sheetData></worksheet>".to_owned(),
        String::new(),
    );
    let hidden = "state=\"veryHidden\"";
    let only = |bytes: &[u8]| read(bytes).unwrap().first()[0].to_owned();
    assert_eq!(only(&book(list("A", "1", ""), empty.clone())), "1");
    assert_eq!(only(&book(list("A", "1", hidden), list("B", "2", ""))), "2");
    let both = book(list("A", "1", ""), list("All partners", "2", ""));
    insta::assert_snapshot!(refused(&both));
    insta::assert_snapshot!(refused(&book(list("A", "1", hidden), empty.clone())));
    let named = |sheet: &str| {
        let manner = Manner {
            sheet: Some(sheet.to_owned()),
            ..Manner::default()
        };
        read_as(&both, manner, &Limits::default())
            .map(|outcome| outcome.first()[0].to_owned())
            .map_err(|error| error.to_string())
    };
    assert_eq!(named("all partners"), Ok("2".to_owned()));
    assert_eq!(named("1"), Ok("1".to_owned()));
    assert_eq!(named("C"), Err("book.xlsx: there is no sheet \"C\"".to_owned()));
}

#[test]
fn the_epoch_of_old_macs() {
    let book = Book {
        workbook: Book::default()
            .workbook
            .replace("<sheets>", "<workbookPr date1904=\"1\"/><sheets>"),
        styles: r#"<styleSheet><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>"#.to_owned(),
        ..Book::of(&format!(
            "{}<row r=\"2\"><c><v>44891</v></c></row>",
            row(1, &["a", "b"])
        ))
    };
    assert_eq!(book.read().first()[0], "2026-11-27");
}
