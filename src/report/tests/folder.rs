//! The folder on disk: each file old or new, never half, and nothing left lying about.

use super::*;

#[test]
fn rows_that_break_off_leave_the_old_report_alone() {
    let dir = tempfile::tempdir().unwrap();
    let batch = batch(&["Ref", "Name", "Zip"], 16);
    write_to(dir.path(), &batch, &Fake::new(mixed())).unwrap();
    let old: Vec<String> = FILES.iter().map(|name| read(dir.path(), name)).collect();
    let mut broken = Fake::new(mixed());
    broken.fail_at = 9;
    let error = write_to(dir.path(), &batch, &broken).unwrap_err();
    assert!(
        matches!(error, ReportError::Rows(LedgerError::Unavailable(_))),
        "{error}"
    );
    assert_eq!(
        FILES
            .iter()
            .map(|name| read(dir.path(), name))
            .collect::<Vec<_>>(),
        old
    );
    assert_eq!(names(dir.path()).len(), FILES.len() + BOOKS.len());
}

/// A stop between two files, here because a folder stands where the third should go: each file is the whole new one
/// or the whole old one, and the summary, the last, is still the old one.
#[test]
fn between_two_files_each_is_old_or_new() {
    let dir = tempfile::tempdir().unwrap();
    let batch = batch(&["Ref", "Name", "Zip"], 16);
    write_to(dir.path(), &batch, &Fake::new(mixed()[..3].to_vec())).unwrap();
    let old_summary = read(dir.path(), "summary.json");
    fs::remove_file(dir.path().join("failed.csv")).unwrap();
    fs::create_dir_all(dir.path().join("failed.csv/in the way")).unwrap();
    let error = write_to(dir.path(), &batch, &Fake::new(mixed()))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("failed.csv") && error.contains("hint: "),
        "{error}"
    );
    assert_eq!(records(dir.path(), "results.csv").len(), 16);
    assert_eq!(read(dir.path(), "summary.json"), old_summary);
    assert!(names(dir.path()).iter().all(|name| !name.ends_with(".part")));
}

#[test]
fn a_reader_keeps_the_file_it_opened() {
    let dir = tempfile::tempdir().unwrap();
    let batch = batch(&["Ref", "Name", "Zip"], 16);
    write_to(dir.path(), &batch, &Fake::new(mixed()[..3].to_vec())).unwrap();
    let open = fs::File::open(dir.path().join("results.csv")).unwrap();
    write_to(dir.path(), &batch, &Fake::new(mixed())).unwrap();
    assert_eq!(csv::Reader::from_reader(open).records().count(), 3);
    assert_eq!(records(dir.path(), "results.csv").len(), 16);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = write_to(&file.join("report"), &batch(&[], 0), &Fake::new(vec![])).unwrap_err();
    assert!(matches!(error, ReportError::Folder { .. }));
    assert!(
        error.to_string().contains("hint: name a folder you may write to"),
        "{error}"
    );
}

#[test]
fn drafts_of_killed_writers_are_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    for name in [".enlist-abc.part", ".enlist-abc", "mine.part"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    let far_future = Timestamp::from_ms(i64::MAX);
    draft::sweep(dir.path(), Timestamp::from_ms(0));
    assert_eq!(names(dir.path()).len(), 3);
    draft::sweep(dir.path(), far_future);
    assert_eq!(names(dir.path()), [".enlist-abc", "mine.part"]);
}

#[test]
fn wide_rows_are_asked_for_a_few_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let wide = "x".repeat(PAGE_BYTES / 8);
    let rows = numbered((0..6).map(|_| row(&[&wide], vec![], None)).collect());
    let fake = Fake::new(rows);
    write_to(dir.path(), &batch(&["a"], 6), &fake).unwrap();
    assert_eq!(*fake.asked.lock().unwrap(), [PAGE_ROWS_MAX, 8, 8]);
}

#[test]
fn rows_out_of_order_end_the_report() {
    let dir = tempfile::tempdir().unwrap();
    struct Again;
    #[async_trait]
    impl RowSource for Again {
        async fn page(&self, _from: u64, _max: u32) -> Result<Vec<RowView>, LedgerError> {
            Ok(numbered(vec![row(&["a"], vec![], None)]))
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let batch = batch(&["a"], 1);
    let written = runtime.block_on(write(
        dir.path(),
        &batch,
        &Counts::default(),
        &Again,
        &options(),
        NOW,
    ));
    assert!(matches!(written, Err(ReportError::Rows(LedgerError::Corrupt(_)))));
}
