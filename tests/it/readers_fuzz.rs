//! Files that nobody would write: the awkward ones and some oddities, cut, joined and changed by seed, through the readers
//! as a check and a feed go through them. A few thousand in every run; a million with `ENLIST_BIG=1`, and
//! `ENLIST_FUZZ_SEED=N` for others. A failure names the seed that makes it again alone: `ENLIST_FUZZ_ONLY=N`.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::num::NonZeroU64;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use enlist::domain::contract::Ruling;
use enlist::intake::{
    IntakeError, Limits, Manner, Mapping, Quote, Reader, Row, Scanned, Source, Step, encoding_of,
    known_names, scan,
};
use enlist::provider::adobe::contract::CONTRACT;
use tempfile::TempDir;

use crate::support::{Dice, HEADER, LOOK, clock, csv_row, is_big, repository};

/// An input that takes longer hangs; one takes milliseconds.
const HANGS: Duration = Duration::from_secs(30);

/// Longest input.
const BYTES_MAX: usize = 16 << 10;

const LIMITS: Limits = Limits {
    file_bytes_max: 64 << 10,
    part_bytes_max: 256 << 10,
    row_bytes_max: 2 << 10,
    rows_max: 100,
    columns_max: 24,
    cell_chars_max: 200,
};

/// What readers trip over.
const ODDITIES: [&[u8]; 44] = [
    b"",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\r",
    b"\"",
    b"\"\"",
    b"\"\"\"",
    b"'",
    b"''",
    b",",
    b";",
    b"\t",
    b"|",
    b",,,,,,,,,,,,",
    b"\0",
    b"\0\0\0\0",
    b"\x1A",
    b"\x1B$B",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xFE\xFF",
    b"\xFF\xFE\0\0",
    b"\x80",
    b"\xC3",
    b"\xC3\xA9",
    b"\xED\xA0\x80",
    b"\xF4\x90\x80\x80",
    b"\xE2\x80\xAE",
    b"\xC2\x85",
    b"\xE2\x80\xA8",
    b"\x93\x8C",
    b"\x81",
    b"\x00\xD8",
    b"sep=;\n",
    b"\"sep=,\"\r\n",
    b"'=1+1",
    b"=cmd|' /C calc'!A0",
    b"{",
    b"[",
    b"{\"a\":[{\"b\":1,",
    b"\\u0000",
    b"1e999",
    b"]}",
];

/// Mostly those of CSV: what is named JSON and is not is refused at once.
const EXTENSIONS: [&str; 8] = ["", "", ".csv", ".csv", ".tsv", ".txt", ".json", ".jsonl"];

/// What the mutations begin with: small files of this repository, and some made here.
fn corpus() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for folder in ["samples/awkward", "samples"] {
        let mut paths: Vec<_> = fs::read_dir(repository().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file() && path.extension().is_none_or(|extension| extension != "md"))
            .collect();
        paths.sort();
        files.extend(paths.into_iter().map(|path| {
            let mut bytes = fs::read(path).unwrap();
            bytes.truncate(BYTES_MAX / 4);
            bytes
        }));
    }
    let rows = format!("{HEADER}\n{}\n{}\n", csv_row(1), csv_row(2));
    files.push(rows.encode_utf16().flat_map(u16::to_le_bytes).collect());
    files.push(format!("A title\n\n{}", rows.replace(',', "|")).into_bytes());
    files.push(rows.into_bytes());
    files
}

/// A number below `below`, or 0.
fn pick(dice: &mut Dice, below: usize) -> usize {
    usize::try_from(dice.between(0, below.max(1) as u64 - 1)).unwrap()
}

/// Changes `bytes` in one of the ways that files are damaged.
fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) {
    let at = pick(dice, bytes.len() + 1);
    let to = (at + pick(dice, 40)).min(bytes.len());
    match dice.between(0, 8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..to)),
        2 | 3 => {
            let oddity = ODDITIES[pick(dice, ODDITIES.len())];
            bytes.splice(at..at, oddity.iter().copied());
        }
        4 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(dice.between(0, 255)).unwrap();
            }
        }
        5 => {
            let again = bytes[at..to].repeat(pick(dice, 30) + 1);
            bytes.splice(at..at, again);
        }
        6 => {
            let other = &corpus[pick(dice, corpus.len())];
            let from = pick(dice, other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        7 => {
            let signs = [b',', b';', b'\t', b'|', b'"', b'\'', b'\n', b'\r', b' '];
            let (from, to) = (signs[pick(dice, 9)], signs[pick(dice, 9)]);
            bytes
                .iter_mut()
                .filter(|byte| **byte == from)
                .for_each(|byte| *byte = to);
        }
        _ => {
            let oddity = ODDITIES[pick(dice, ODDITIES.len())];
            bytes.splice(0..0, oddity.iter().copied());
        }
    }
    bytes.truncate(BYTES_MAX);
}

/// What is said of how to read it: mostly nothing.
fn manner(dice: &mut Dice) -> Manner {
    let encodings = [
        "utf-8",
        "utf-16",
        "windows-1252",
        "shift_jis",
        "gb18030",
        "iso-8859-2",
    ];
    let delimiters = [",", ";", "tab", "|", "^"];
    let quotes = [Quote::Double, Quote::Single, Quote::None];
    let mut said = |times: u64| dice.between(0, times) == 0;
    let which = [said(9), said(9), said(9), said(9)];
    let mut pick = |below: usize| pick(dice, below);
    Manner {
        encoding: which[0].then(|| encoding_of(encodings[pick(6)]).unwrap()),
        delimiter: which[1].then(|| delimiters[pick(5)].parse().unwrap()),
        quote: which[2].then(|| quotes[pick(3)]),
        header_row: which[3].then(|| NonZeroU64::new(pick(6) as u64 + 1).unwrap()),
        ..Manner::default()
    }
}

/// All rows of one reading, with what is wrong with each.
type Reading = Result<Vec<(u64, u64, Vec<String>, String)>, String>;

/// Reads all rows, and holds each to what is promised of rows.
fn read(source: &Source, bytes: usize) -> Reading {
    let refused = |error: IntakeError| {
        assert!(!matches!(error, IntakeError::Io { .. }), "{error}");
        assert!(!error.hint().is_empty(), "a refusal says what to do: {error}");
        error.to_string()
    };
    let mut reader = Reader::open(source, &LIMITS).map_err(refused)?;
    let columns = reader.headers().names().len();
    assert!((1..=LIMITS.columns_max).contains(&columns), "{columns} columns");
    let (mut rows, mut row, mut before) = (Vec::new(), Row::default(), (0, 0));
    // Each step takes a byte at least.
    for _ in 0..=bytes + 1 {
        let step = reader.next_row(&mut row).map_err(refused)?;
        let said = match &step {
            Step::End => return Ok(rows),
            Step::Row => String::new(),
            Step::Short { fault, cells } => {
                assert!(*cells < columns, "{fault}");
                fault.to_string()
            }
            Step::Doubtful(faults) => format!("{faults:?}"),
            Step::Bad(faults) => {
                assert!(faults.iter().any(|fault| fault.is_error()), "{faults:?}");
                format!("{faults:?}")
            }
            Step::Broken(fault) => fault.to_string(),
        };
        assert!(
            row.line() >= before.0 && row.record() > before.1,
            "{before:?} {row:?}"
        );
        before = (row.line(), row.record());
        assert!(row.record() <= LIMITS.rows_max || matches!(step, Step::Broken(_)));
        if matches!(step, Step::Row | Step::Doubtful(_) | Step::Short { .. }) {
            assert!(row.len() >= columns, "a cell for every column: {row:?}");
            let longest = row.cells().map(|cell| cell.chars().count()).max();
            assert!(longest <= Some(LIMITS.cell_chars_max), "{longest:?}");
        }
        rows.push((row.line(), row.record(), row.to_vec(), said));
    }
    panic!("more steps than bytes");
}

/// Goes through it as a check does: every row is a record or has an error, and the counts agree.
fn check(source: &Source) {
    let Ok(reader) = Reader::open(source, &LIMITS) else {
        return;
    };
    let Ok(mapping) = Mapping::build(reader.headers(), &CONTRACT, &BTreeMap::new()) else {
        return;
    };
    let (mut rows, mut sound) = (0, 0);
    let summary = scan(reader, &mapping, &CONTRACT, Ruling::default(), &mut |scanned| {
        if let Scanned::Row(row) = scanned {
            rows += 1;
            sound += u64::from(row.record.is_ok());
            assert_eq!(row.seq, rows);
            if let Err(faults) = row.record {
                assert!(faults.iter().any(|fault| fault.is_error()), "{faults:?}");
            }
        }
        ControlFlow::Continue(())
    });
    let summary = summary.unwrap();
    assert_eq!((summary.rows, summary.sound), (rows, sound));
}

/// What all inputs are made of and read with.
struct Bench {
    corpus: Vec<Vec<u8>>,
    names: Arc<HashSet<String>>,
    folder: TempDir,
}

/// What became of some inputs.
#[derive(Default)]
struct Tally {
    inputs: u64,
    bytes: u64,
    with_rows: u64,
}

impl Bench {
    fn new() -> Self {
        Self {
            corpus: corpus(),
            names: known_names(&CONTRACT, &BTreeMap::new()),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// One input, made by its seed alone.
    fn one(&self, seed: u64, tally: &mut Tally) {
        let mut dice = Dice::new(seed);
        let mut bytes = self.corpus[pick(&mut dice, self.corpus.len())].clone();
        for _ in 0..dice.between(1, 6) {
            mutate(&mut bytes, &self.corpus, &mut dice);
        }
        let extension = EXTENSIONS[pick(&mut dice, EXTENSIONS.len())];
        let lane = std::thread::current().id();
        let path = self.folder.path().join(format!("{lane:?}{extension}"));
        // A file that is written anew is taken to the disk when it is closed; a new one is not.
        let _ = fs::remove_file(&path);
        fs::write(&path, &bytes).unwrap();
        let mut source = Source::from_path(&path, &LIMITS).unwrap().with(manner(&mut dice));
        if seed.is_multiple_of(2) {
            source = source.expecting(Arc::clone(&self.names));
        }
        let first = read(&source, bytes.len());
        assert_eq!(first, read(&source, bytes.len()), "both readings are the same");
        // Matching columns costs as much as all the rest, and is not what is looked at.
        if seed.is_multiple_of(4) {
            check(&source);
        }
        tally.inputs += 1;
        tally.bytes += bytes.len() as u64;
        tally.with_rows += u64::from(first.is_ok_and(|rows| !rows.is_empty()));
    }

    /// A lane of all inputs: each `lanes`th seed.
    fn lane(&self, seeds: Range<u64>, lane: usize, lanes: usize, at: &AtomicU64) -> Tally {
        let mut tally = Tally::default();
        for seed in seeds.skip(lane).step_by(lanes) {
            at.store(seed, Ordering::Relaxed);
            let done = catch_unwind(AssertUnwindSafe(|| self.one(seed, &mut tally)));
            assert!(done.is_ok(), "ENLIST_FUZZ_ONLY={seed} makes it again");
        }
        tally
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_file_makes_a_reader_panic_hang_or_tell_two_stories() {
    let bench = Bench::new();
    if let Some(seed) = number("ENLIST_FUZZ_ONLY") {
        return bench.one(seed, &mut Tally::default());
    }
    let inputs = if is_big() { 1_000_000 } else { 4_000 };
    let start = number("ENLIST_FUZZ_SEED")
        .unwrap_or(1)
        .wrapping_mul(1_000_000_000);
    let lanes = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let began = clock();
    let mut all = Tally::default();
    let at: Vec<AtomicU64> = (0..lanes).map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        let bench = &bench;
        let working: Vec<_> = at
            .iter()
            .enumerate()
            .map(|(lane, at)| scope.spawn(move || bench.lane(start..start + inputs, lane, lanes, at)))
            .collect();
        let mut since: Vec<(u64, Instant)> = vec![(0, began); lanes];
        while working.iter().any(|lane| !lane.is_finished()) {
            std::thread::sleep(LOOK);
            for ((seed, since), (at, lane)) in since.iter_mut().zip(at.iter().zip(&working)) {
                if *seed != at.load(Ordering::Relaxed) || lane.is_finished() {
                    (*seed, *since) = (at.load(Ordering::Relaxed), clock());
                } else if since.elapsed() > HANGS {
                    // The lane never ends, so no panic of this thread would be heard.
                    eprintln!("ENLIST_FUZZ_ONLY={seed} hangs");
                    std::process::abort();
                }
            }
        }
        for lane in working {
            let tally = lane.join().unwrap_or_else(|_| panic!("an input is read wrongly"));
            all.inputs += tally.inputs;
            all.bytes += tally.bytes;
            all.with_rows += tally.with_rows;
        }
    });
    let s = began.elapsed().as_secs_f64();
    println!(
        "{} inputs, {:.0} a second, {} bytes each, {} with rows",
        all.inputs,
        all.inputs as f64 / s,
        all.bytes / all.inputs,
        all.with_rows
    );
    assert_eq!(all.inputs, inputs);
    // A harness whose inputs are all refused at once tests nothing.
    assert!(
        all.with_rows * 4 > inputs,
        "{} of {inputs} have rows",
        all.with_rows
    );
}
