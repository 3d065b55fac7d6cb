//! What reading a workbook costs: `enlist check` of 100,000 and 1,000,000 rows of 16 columns, with texts in the cells
//! (as libraries write them) and shared (as Excel does). Rows a second, and the most memory that was in use.
//!
//! `cargo bench --bench sheet [-- ROWS …]`. The figures are the machine's.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement: it reads the clock, prints, and may fail"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use rust_xlsxwriter::{Format, Workbook};

const HEADER: [&str; 16] = [
    "external_id",
    "company_name",
    "language",
    "market_segments",
    "country",
    "region",
    "city",
    "address_line_1",
    "address_line_2",
    "postal_code",
    "phone",
    "first_name",
    "last_name",
    "email",
    "contact_phone",
    "remark",
];

fn main() {
    let asked: Vec<u32> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes = if asked.is_empty() {
        vec![100_000, 1_000_000]
    } else {
        asked
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    println!(
        "{:<28}{:>10}{:>10}{:>12}{:>12}",
        "", "MB", "seconds", "rows/s", "peak MB"
    );
    for rows in sizes {
        for shared in [false, true] {
            let path = folder.path().join("book.xlsx");
            write(&path, rows, shared);
            let name = format!(
                "{rows} rows, texts {}",
                if shared { "shared" } else { "in cells" }
            );
            measure(&name, &path, rows);
        }
    }
}

/// Reads the workbook with the program, in a process of its own so that its memory is its own.
fn measure(name: &str, path: &Path, rows: u32) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_enlist"))
        .arg("check")
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0_u64;
    let ended = loop {
        // The system keeps the most that was in use; the last look before the end has it.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let seen = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak_kb = peak_kb.max(seen.unwrap_or_default());
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let seconds = began.elapsed().as_secs_f64();
    let bytes = std::fs::metadata(path).unwrap().len();
    println!(
        "{name:<28}{:>10}{seconds:>10.2}{:>12.0}{:>12}  ended with {}",
        bytes / 1_000_000,
        f64::from(rows) / seconds,
        peak_kb / 1_000,
        ended.code().unwrap_or(-1),
    );
}

fn write(path: &Path, rows: u32, shared: bool) {
    let mut workbook = Workbook::new();
    let sheet = if shared {
        workbook.add_worksheet_with_low_memory().unwrap()
    } else {
        workbook.add_worksheet_with_constant_memory().unwrap()
    };
    let zip = Format::new().set_num_format("00000");
    for (column, name) in (0..).zip(HEADER) {
        sheet.write_string(0, column, name).unwrap();
    }
    for row in 1..=rows {
        let text = |what: &str| format!("{what} {row}");
        let cells = [
            format!("NW-{row:07}"),
            text("Fairmont Software Supply"),
            "en-US".to_owned(),
            "COM;EDU".to_owned(),
            "US".to_owned(),
            "CA".to_owned(),
            "San Jose".to_owned(),
            text("Fairmont Avenue"),
            "Apt 123".to_owned(),
        ];
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, cell).unwrap();
        }
        sheet
            .write_number_with_format(row, 9, f64::from(501 + row % 90_000), &zip)
            .unwrap();
        sheet.write_string(row, 10, "800-555-0100").unwrap();
        sheet.write_string(row, 11, "Mickey").unwrap();
        sheet.write_string(row, 12, text("Marlowe")).unwrap();
        sheet
            .write_string(row, 13, format!("m{row}@fairmont.example"))
            .unwrap();
        sheet.write_number(row, 14, 4_085_550_101_f64).unwrap();
        sheet.write_boolean(row, 15, row % 2 == 0).unwrap();
    }
    workbook.save(path).unwrap();
}
