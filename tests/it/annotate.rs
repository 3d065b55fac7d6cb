//! `enlist check FILE --annotate OUT.xlsx`, and `to-correct.xlsx` of a report: what to correct, where it stands.

use calamine::{Data, Reader as _, Xlsx, open_workbook};

use crate::support::{Rig, csv_of};

/// The rows of a workbook's first sheet; what is no text shows what it is.
fn rows(rig: &Rig, file: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = open_workbook(rig.path(file)).unwrap();
    let range = book.worksheet_range("Rows").unwrap();
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        other => format!("#{other}"),
    };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

/// Six rows, the second and the fourth with a postal code that lost its zero.
fn faulty(rig: &Rig) {
    let mut lines: Vec<String> = csv_of(6).lines().map(str::to_owned).collect();
    for at in [2, 4] {
        lines[at] = lines[at].replace("02108", "2108");
    }
    rig.write("rows.csv", lines.join("\n"));
}

#[test]
fn a_copy_has_the_rows_as_they_stand_and_says_what_is_wrong() {
    let rig = Rig::new();
    faulty(&rig);
    let ended = rig.line("check rows.csv --annotate out.xlsx").exits(3);
    assert!(
        ended.err.contains("out.xlsx: a copy of 6 rows, 2 of them marked"),
        "{}",
        ended.err
    );
    let rows = rows(&rig, "out.xlsx");
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[0][8], "postal_code");
    assert_eq!(
        (rows[1][8].as_str(), rows[2][8].as_str()),
        ("02108", "2108"),
        "text, as it stood"
    );
    let said = rows[0].iter().position(|name| name == "_error_message").unwrap();
    assert!(
        rows[2][said].starts_with("postal_code: not a postal code of US"),
        "{:?}",
        rows[2]
    );
    assert!(rows[2][said + 1].contains("write 02108"), "{:?}", rows[2]);
    assert_eq!(rows[1][said], "");
    let again = rig.line("check rows.csv --annotate out.xlsx").exits(2);
    assert!(again.err.contains("name a new file"), "{}", again.err);
    let other = rig.line("check rows.csv --annotate out.ods").exits(2);
    assert!(other.err.contains("ends in .xlsx"), "{}", other.err);
}

#[test]
fn faults_are_told_as_without_a_copy() {
    let rig = Rig::new();
    faulty(&rig);
    let plain = rig.line("check rows.csv --json").exits(3);
    let copied = rig.line("check rows.csv --json --annotate out.xlsx").exits(3);
    assert_eq!(plain.out, copied.out);
    rig.write("nothing.csv", "what,is,this\n1,2,3\n");
    let none = rig.line("check nothing.csv --annotate none.xlsx").exits(3);
    assert!(none.err.contains("none.xlsx was not written"), "{}", none.err);
    assert!(!rig.path("none.xlsx").exists());
}

#[test]
fn a_report_has_the_rows_to_correct() {
    let rig = Rig::new();
    faulty(&rig);
    let simulator = rig.simulator("--no-limit --settle at-once");
    rig.run(&simulator, "rows.csv").args(["--skip-invalid"]).exits(4);
    let rows = rows(&rig, "out/to-correct.xlsx");
    let lines: Vec<&str> = rows[1..].iter().map(|row| row[13].as_str()).collect();
    assert_eq!((rows[0][13].as_str(), lines), ("_line", vec!["#3", "#5"]));
    rig.write("sound.csv", csv_of(3));
    rig.run(&simulator, "sound.csv").end();
    assert!(
        !rig.path("out/to-correct.xlsx").exists(),
        "nothing of another batch is left"
    );
    assert!(rig.path("out/results.xlsx").exists());
}

/// A full disk, here a limit on the size of files: an error with a hint, and no half of a copy.
#[test]
fn a_copy_that_finds_no_room_says_so() {
    let rig = Rig::new();
    rig.write("rows.csv", csv_of(3_000));
    let line = "trap '' XFSZ; ulimit -f 100; enlist check rows.csv --annotate out.xlsx";
    let ended = rig.shell(line).exits(1);
    assert!(
        ended.err.contains("cannot be written to out.xlsx"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("hint: "), "{}", ended.err);
    assert!(!rig.path("out.xlsx").exists());
}
