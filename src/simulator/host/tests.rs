//! What a state file brings back, and what is refused as one.

use std::fs;

use super::*;

/// Counts requests, and remembers the count.
#[derive(Default)]
struct Counter {
    count: u64,
    journal: Option<Vec<u64>>,
}

impl Brain for Counter {
    type Entry = u64;
    const NAME: &'static str = "counter";

    fn handle(&mut self, _request: &Request, _now: Timestamp) -> Delivery {
        self.count += 1;
        if let Some(journal) = &mut self.journal {
            journal.push(self.count);
        }
        Delivery::Hang(std::time::Duration::ZERO)
    }
    fn lost(&mut self, _receipt: &Receipt) {}
    fn keep_journal(&mut self) {
        self.journal = Some(Vec::new());
    }
    fn take_journal(&mut self) -> Vec<u64> {
        self.journal.as_mut().map(std::mem::take).unwrap_or_default()
    }
    fn restore(&mut self, entry: u64) -> Result<(), String> {
        if entry != self.count + 1 {
            return Err(format!("{entry} after {}", self.count));
        }
        self.count = entry;
        Ok(())
    }
}

fn open(path: &Path) -> Result<Host<Counter>, StateError> {
    Host::with_state(Counter::default(), path)
}

fn ask(host: &Host<Counter>, times: usize) -> u64 {
    (0..times).for_each(|_| drop(host.handle(&Request::default(), Timestamp::from_ms(0))));
    host.with(|brain| brain.count)
}

#[test]
fn what_happened_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.jsonl");
    assert_eq!(ask(&open(&path).unwrap(), 3), 3);
    assert_eq!(ask(&open(&path).unwrap(), 2), 5);
    assert_eq!(ask(&open(&path).unwrap(), 0), 5);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"simulator\":\"counter\",\"format\":1}\n1\n2\n3\n4\n5\n"
    );
}

#[test]
fn a_last_line_that_was_cut_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.jsonl");
    for cut in [
        "{\"simulator\":\"counter\",\"format\":1}\n1\n2\n3",
        "{\"simulator\":\"coun",
    ] {
        fs::write(&path, cut).unwrap();
        let before = open(&path).unwrap().with(|brain| brain.count);
        assert_eq!(before, if cut.contains('3') { 2 } else { 0 }, "{cut:?}");
        assert_eq!(ask(&open(&path).unwrap(), 1), before + 1);
        assert_eq!(ask(&open(&path).unwrap(), 0), before + 1);
    }
}

#[test]
fn a_file_that_is_no_state_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.jsonl");
    let head = "{\"simulator\":\"counter\",\"format\":1}\n";
    for (text, expected) in [
        ("name,city\nA,B\n".to_owned(), "line 1"),
        ("my only copy".to_owned(), "line 1: it is not a state file"),
        (
            "{\"simulator\":\"adobe\",\"format\":1}\n".to_owned(),
            "line 1: it belongs to adobe",
        ),
        (
            "{\"simulator\":\"counter\",\"format\":2}\n".to_owned(),
            "format 2",
        ),
        (format!("{head}1\nx\n"), "line 3"),
        (format!("{head}1\n3\n"), "line 3: 3 after 1"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = open(&path).err().unwrap().to_string();
        assert!(error.contains(expected) && error.contains("hint:"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert!(matches!(
        open(&folder.path().join("no/such/folder")),
        Err(StateError::Io { .. })
    ));
}

#[test]
fn two_hosts_do_not_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.jsonl");
    let first = open(&path).unwrap();
    assert!(matches!(open(&path), Err(StateError::InUse { .. })));
    drop(first);
    assert!(open(&path).is_ok());
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_answered_that_could_not_be_written() {
    // A device that is always full; it reads as nothing but zeros, so it is put in place afterwards.
    let folder = tempfile::tempdir().unwrap();
    let host = open(&folder.path().join("state.jsonl")).unwrap();
    host.lock().journal.as_mut().unwrap().file = File::options().write(true).open("/dev/full").unwrap();
    for _ in 0..2 {
        assert_eq!(
            host.handle(&Request::default(), Timestamp::from_ms(0)),
            Delivery::Drop
        );
    }
}
