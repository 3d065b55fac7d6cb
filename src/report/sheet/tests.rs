use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};

use super::to_correct::{Copied, Mark, NOTES_MAX, ToCorrect};
use super::*;

const NOW: Timestamp = Timestamp::from_ms(1_760_000_000_000);

fn mark(column: Option<usize>, message: &'static str) -> Mark<'static> {
    Mark {
        column,
        name: column.map_or("", |column| ["Ref", "Name", "Zip"][column]),
        message,
        hint: "do so",
        is_warning: false,
    }
}

fn names() -> Vec<String> {
    ["Ref", "Name", "Zip"].map(str::to_owned).to_vec()
}

/// The file's parts, unpacked.
fn part(path: &Path, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    io::read_to_string(archive.by_name(name).unwrap()).unwrap()
}

fn rows(path: &Path, sheet: &str) -> Vec<Vec<Data>> {
    let bytes = std::fs::read(path).unwrap();
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range(sheet).unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

#[test]
fn a_copy_to_correct_says_at_each_cell_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy.xlsx");
    let mut copy = ToCorrect::begin(dir.path(), &names(), false, NOW).unwrap();
    copy.row(2, "", ["007", "=1+1", "02110"].into_iter(), &[])
        .unwrap();
    let marks = [
        mark(Some(2), "too short"),
        mark(Some(1), "empty"),
        mark(None, "twice in the file"),
    ];
    copy.row(3, "", ["+1", "", "2110"].into_iter(), &marks).unwrap();
    let copied = copy.finish_as(&path, true).unwrap();
    assert_eq!(
        copied,
        Copied {
            rows: 2,
            marked: 1,
            ..Copied::default()
        }
    );

    let read = rows(&path, "Rows");
    let text = |text: &str| Data::String(text.to_owned());
    assert_eq!(read[0][..4], ["Ref", "Name", "Zip", "_line"].map(text));
    assert_eq!(
        read[1][..4],
        [text("007"), text("=1+1"), text("02110"), Data::Float(2.0)],
        "no number and no formula"
    );
    assert_eq!(read[2][5], text("Zip: too short\nName: empty\ntwice in the file"));
    assert_eq!(read[2][1], Data::Empty);
    let notes = part(&path, "xl/comments1.xml");
    assert_eq!(notes.matches("<comment ").count(), 2);
    assert!(
        notes.contains("ref=\"C3\"") && notes.contains("ref=\"B3\""),
        "{notes}"
    );
    assert!(notes.contains("too short\nhint: do so"), "{notes}");
    let sheet = part(&path, "xl/worksheets/sheet1.xml");
    assert!(
        sheet.contains("<autoFilter ref=\"A1:G3\"") && sheet.contains("state=\"frozen\""),
        "{sheet}"
    );
    assert!(!sheet.contains("<f>"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy.xlsx");
    std::fs::write(&path, "mine").unwrap();
    let copy = ToCorrect::begin(dir.path(), &names(), false, NOW).unwrap();
    let error = copy.finish_as(&path, false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn there_are_never_more_notes_than_can_be_held() {
    let dir = tempfile::tempdir().unwrap();
    let mut copy = ToCorrect::begin(dir.path(), &names(), false, NOW).unwrap();
    let marks = [mark(Some(0), "a"), mark(Some(1), "b"), mark(Some(2), "c")];
    let rows = NOTES_MAX as u64 / 3 + 2;
    for line in 0..rows {
        copy.row(line, "", ["a", "b", "c"].into_iter(), &marks).unwrap();
    }
    let copied = copy.finish_as(&dir.path().join("copy.xlsx"), false).unwrap();
    assert_eq!(copied.notes_left_out, rows * 3 - NOTES_MAX as u64);
    assert_eq!(copied.marked, rows);
}

#[test]
fn what_no_cell_can_hold_is_cut_and_never_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy.xlsx");
    let long = "ä".repeat(40_000);
    let wild = "a\u{0}b\u{1f}_x0041_ <&>\u{fffe}";
    let mut copy = ToCorrect::begin(dir.path(), &names(), true, NOW).unwrap();
    copy.row(2, "K", [long.as_str(), wild, "\u{1F600}"].into_iter(), &[])
        .unwrap();
    copy.finish_as(&path, false).unwrap();
    let read = rows(&path, "Rows");
    assert_eq!(read[1][0].to_string().chars().count(), 32_701);
    assert_eq!(read[1][2].to_string(), "\u{1F600}");
    assert_eq!(read[1][7].to_string(), "K");
    assert_eq!(read[0][7].to_string(), "_key");
}

#[test]
fn too_many_columns_are_refused_and_nothing_is_left_lying_about() {
    let dir = tempfile::tempdir().unwrap();
    let many: Vec<String> = (0..COLUMNS_MAX).map(|n| n.to_string()).collect();
    assert!(ToCorrect::begin(dir.path(), &many, false, NOW).is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(fits(ROWS_MAX, 3).is_ok() && fits(ROWS_MAX + 1, 3).is_err());
}
