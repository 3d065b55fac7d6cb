//! Workbooks that a library writes as Excel does.

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

use super::*;
use crate::intake::Hidden;

#[test]
fn what_the_eye_sees_survives() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Companies").unwrap();
    let code = |code: &str| Format::new().set_num_format(code);
    for (column, name) in [
        "zip", "phone", "long", "date", "iso", "text", "share", "yes", "sum", "empty",
    ]
    .iter()
    .enumerate()
    {
        sheet
            .write_string(0, u16::try_from(column).unwrap(), *name)
            .unwrap();
    }
    sheet
        .write_number_with_format(1, 0, 2108, &code("00000"))
        .unwrap();
    sheet.write_number(1, 1, 4_930_123_456_789_f64).unwrap();
    sheet
        .write_number_with_format(1, 2, 4_155_550_100_f64, &code("(###) ###-####"))
        .unwrap();
    let date = ExcelDateTime::from_ymd(2026, 11, 27).unwrap();
    sheet
        .write_datetime_with_format(1, 3, &date, &code("dd/mm/yyyy"))
        .unwrap();
    sheet
        .write_datetime_with_format(1, 4, &date, &Format::new().set_num_format_index(14))
        .unwrap();
    sheet.write_string(1, 5, "007 – Müller & Söhne").unwrap();
    sheet.write_number_with_format(1, 6, 0.25, &code("0%")).unwrap();
    sheet.write_boolean(1, 7, true).unwrap();
    sheet
        .write_formula(1, 8, Formula::new("=1+1").set_result("2"))
        .unwrap();
    sheet.write_blank(1, 9, &code("@")).unwrap();
    let outcome = read(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        outcome.first(),
        [
            "02108",
            "4930123456789",
            "(415) 555-0100",
            "27/11/2026",
            "2026-11-27",
            "007 – Müller & Söhne",
            "25%",
            "TRUE",
            "2",
            ""
        ]
    );
    let rules: Vec<&str> = outcome.notes.iter().map(|note| note.rule.as_ref()).collect();
    assert_eq!(rules, ["sheet.formulas"]);
}

#[test]
fn rows_that_a_filter_hides_stop_the_reading() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_column_hidden(1).unwrap();
    sheet.autofilter(0, 0, 2, 2).unwrap();
    for (row, cells) in [["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]]
        .iter()
        .enumerate()
    {
        if row == 2 {
            sheet.set_row_hidden(2).unwrap();
        }
        for (column, text) in cells.iter().enumerate() {
            sheet
                .write_string(u32::try_from(row).unwrap(), u16::try_from(column).unwrap(), *text)
                .unwrap();
        }
    }
    let bytes = workbook.save_to_buffer().unwrap();
    assert!(
        refused(&bytes).contains("1 hidden row (3) and 1 hidden column (B)"),
        "{}",
        refused(&bytes)
    );
    let manner = Manner {
        hidden: Hidden::Skip,
        ..Manner::default()
    };
    assert_eq!(
        read_as(&bytes, manner, &Limits::default()).unwrap().rows,
        [(2, vec!["1".into(), String::new(), "3".into()])]
    );
}
