//! The workbooks, read back.

use calamine::{Data, Reader as _, Xlsx, open_workbook};

use super::*;

fn sheet(dir: &Path, file: &str, sheet: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(dir.join(file)).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        other => format!("#{other}"),
    };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

#[test]
fn a_workbook_has_the_rows_of_the_list_as_text() {
    let dir = tempfile::tempdir().unwrap();
    write_to(
        dir.path(),
        &batch(&["Ref", "Name", "Zip"], 16),
        &Fake::new(mixed()),
    )
    .unwrap();
    let rows = sheet(dir.path(), "results.xlsx", "Rows");
    let list = records(dir.path(), "results.csv");
    assert_eq!(rows.len(), list.len() + 1);
    for (row, record) in rows[1..].iter().zip(&list) {
        for (column, (cell, listed)) in row.iter().zip(record.iter()).enumerate() {
            let listed = crate::domain::report::cell::restore(listed);
            match column {
                // `_line` and `_attempts` are counts of ours.
                3 | 7 => assert_eq!(*cell, format!("#{listed}")),
                _ => assert_eq!(cell, listed),
            }
        }
    }
    assert_eq!(rows[1][..3], ["R-1", "Müller, Söhne \"GmbH\"", "01067"]);
    assert_eq!(rows[2][1], "=cmd|' /C calc'!A0", "a text, whatever it looks like");
    let summary = sheet(dir.path(), "results.xlsx", "Summary");
    assert_snapshot!(
        "summary_sheet",
        summary
            .iter()
            .map(|row| row.join(": "))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn rows_to_correct_are_the_refused_and_the_invalid() {
    let dir = tempfile::tempdir().unwrap();
    write_to(
        dir.path(),
        &batch(&["Ref", "Name", "Zip"], 16),
        &Fake::new(mixed()),
    )
    .unwrap();
    let rows = sheet(dir.path(), "to-correct.xlsx", "Rows");
    assert_snapshot!(
        "to_correct",
        rows.iter()
            .map(|row| format!("{row:?}"))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn a_workbook_that_is_not_written_is_not_left_from_before() {
    let dir = tempfile::tempdir().unwrap();
    let batch = batch(&["Ref", "Name", "Zip"], 1);
    write_to(dir.path(), &batch, &Fake::new(mixed())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let options = Options {
        workbook: false,
        ..options()
    };
    let sound = Fake::new(mixed()[..1].to_vec());
    runtime
        .block_on(write(
            dir.path(),
            &batch,
            &Counts::default(),
            &sound,
            &options,
            NOW,
        ))
        .unwrap();
    assert_eq!(names(dir.path()).len(), FILES.len());
}

#[test]
fn a_batch_beyond_a_sheet_has_all_but_the_workbook() {
    let dir = tempfile::tempdir().unwrap();
    let mut batch = batch(&["Ref"], 1);
    batch.rows_total = crate::report::sheet::ROWS_MAX + 1;
    write_to(dir.path(), &batch, &Fake::new(mixed()[..1].to_vec())).unwrap();
    assert_eq!(names(dir.path()).len(), FILES.len());
}
