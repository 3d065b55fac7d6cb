//! What holds for any file, however long and however odd.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::domain::report::cell::neutralise;

/// A CSV file of any length that is made as it is read.
struct Endless {
    rows: u64,
    made: Arc<AtomicU64>,
    left: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() {
            let made = self.made.fetch_add(1, Ordering::Relaxed);
            match made {
                0 => self.left = HEADER.as_bytes().to_vec(),
                _ if made <= self.rows => self.left = line(&format!("K{made}")).into_bytes(),
                _ => return Ok(0),
            }
        }
        let count = buffer.len().min(self.left.len());
        buffer[..count].copy_from_slice(&self.left[..count]);
        self.left.drain(..count);
        Ok(count)
    }
}

#[test]
fn rows_are_read_as_they_are_asked_for() {
    let made = Arc::new(AtomicU64::new(0));
    let endless = Endless {
        rows: 200_000,
        made: Arc::clone(&made),
        left: Vec::new(),
    };
    let reader = Reader::of_csv(Box::new(endless), "endless", &Limits::default()).unwrap();
    let mapping = Mapping::build(reader.headers(), &CONTRACT, &BTreeMap::new()).unwrap();
    let mut ahead = 0;
    let summary = scan(reader, &mapping, &CONTRACT, Ruling::default(), &mut |scanned| {
        let Scanned::Row(row) = scanned else {
            panic!("broken")
        };
        ahead = ahead.max(made.load(Ordering::Relaxed) - row.seq);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((summary.rows, summary.sound), (200_000, 200_000));
    assert!(ahead < 1_000, "a buffer ahead, not a file: {ahead}");
}

/// Text with what is special to readers in it.
fn awkward() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ab,;\"'\r\n\t=+é\\\\{}\\[\\]]{0,6}", 1 => any::<String>()]
}

/// Bytes as files have them: noise, and noise made of what formats are made of.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}\",:\\\\ \n1a-c.]{0,200}".prop_map(String::into_bytes),
        "[\",\n\r;'=ab ]{0,200}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_lose_a_row(noise in noise(), cut in 0usize..2000, kind in 0usize..4) {
        let (start, extension) = match kind {
            0 => (format!("{HEADER}{}", line("A")), ".csv"),
            1 => (format!("[{SEED},"), ".json"),
            2 => (format!("{SEED}\n"), ".jsonl"),
            _ => (String::new(), ""),
        };
        let mut bytes = start.into_bytes();
        bytes.truncate(cut);
        bytes.extend(noise);
        let limits = Limits { row_bytes_max: 1000, columns_max: 40, rows_max: 50, cell_chars_max: 100, ..Limits::default() };
        let (_file, source) = file(&bytes, extension);
        // `run` checks that the counts agree and that every faulty row has an error.
        if let Ok(outcome) = run(&source, &limits) {
            prop_assert_eq!(outcome.summary.digest, Digest::of(&bytes));
        }
    }

    #[test]
    fn what_a_csv_writer_wrote_is_read_cell_for_cell(
        rows in prop::collection::vec(prop::collection::vec(awkward(), 3), 0..8),
        windows in any::<bool>(),
    ) {
        let terminator = if windows { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
        writer.write_record(["x", "y", "z"]).unwrap();
        for row in &rows {
            writer.write_record(row.iter().map(|cell| neutralise(cell).into_owned())).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let (_file, source) = file(&bytes, ".csv");
        let mut reader = Reader::open(&source, &Limits::default()).unwrap();
        let mut row = Row::default();
        for expected in rows.iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())) {
            let step = reader.next_row(&mut row).unwrap();
            prop_assert!(matches!(step, Step::Row), "{:?}", step);
            prop_assert_eq!(&row.to_vec(), expected);
            let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n").replace('\r', "\n");
            prop_assert!(row.line() > 1 && row.line() <= text.matches('\n').count() as u64);
        }
        prop_assert!(matches!(reader.next_row(&mut row).unwrap(), Step::End));
    }

    #[test]
    fn what_a_json_writer_wrote_is_read_cell_for_cell(
        rows in prop::collection::vec((awkward(), awkward()), 1..8),
        shape in 0usize..3,
    ) {
        let objects: Vec<serde_json::Value> =
            rows.iter().map(|(x, y)| serde_json::json!({"a": {"x": x}, "l": [{"y": y}]})).collect();
        let text = match shape {
            0 => serde_json::to_string(&objects).unwrap(),
            1 => serde_json::to_string_pretty(&objects).unwrap(),
            _ => objects.iter().map(|object| format!("{object}\n")).collect(),
        };
        let mut reader = Reader::open(&stream(&text), &Limits::default()).unwrap();
        prop_assert_eq!(reader.headers().names(), &["a.x".to_owned(), "l[0].y".to_owned()]);
        let mut row = Row::default();
        for (x, y) in &rows {
            prop_assert!(matches!(reader.next_row(&mut row).unwrap(), Step::Row));
            prop_assert_eq!(row.to_vec(), [x.clone(), y.clone()]);
        }
        prop_assert!(matches!(reader.next_row(&mut row).unwrap(), Step::End));
    }
}
