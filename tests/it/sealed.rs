//! Secrets at rest: with everything sealed nothing of the rows can be read in the ledger's files, and the work goes on as
//! before; without keys nothing is stored; with other keys nothing is lost.

use std::fs;
use std::path::Path;

use crate::support::{Call, HEADER, Rig, Simulator, wait_for};

const WELL: &str = "--no-limit --settle at-once --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// A word of each cell of a row that nothing else in the ledger says. The key is none of them: it stays readable.
const CANARIES: [&str; 9] = [
    "Aardvark",
    "Bartlesville",
    "Cottonwood",
    "74003",
    "918-555-0199",
    "Dorothea",
    "Ellingsworth",
    "dorothea@aardvark",
    "Flibbertigibbet",
];

fn rows(n: usize) -> String {
    let mut text = format!("{HEADER},notes\n");
    for at in 1..=n {
        text.push_str(&format!(
            "S-{at},Aardvark {at} Ltd,en-US,COM,US,OK,Bartlesville,{at} Cottonwood Road,74003,918-555-0199,Dorothea,\
             Ellingsworth,dorothea@aardvark{at}.example,Flibbertigibbet {at}\n"
        ));
    }
    text
}

/// A row with faults that repeat what the cells say.
fn with_a_faulty_row(n: usize) -> String {
    let faulty = "S-0,Aardvark <0>,en-US,COM,US,OK,Bartlesville,Cottonwood <Road>,74003,918-555-0199,Dorothea,Ellingsworth,\
                  dorothea@aardvark,Flibbertigibbet\n";
    rows(n) + faulty
}

fn sealed(rig: &Rig, simulator: &Simulator, file: &str) -> Call {
    let keys = rig.path("keys");
    rig.run(simulator, file)
        .args(["--skip-invalid"])
        .set("secrets.seal=all")
        .env("ENLIST_SEAL_KEYS_FILE", keys.to_str().unwrap())
}

fn with_keys(rig: &Rig, line: &str) -> Call {
    rig.line(line)
        .env("ENLIST_SEAL_KEYS_FILE", rig.path("keys").to_str().unwrap())
}

/// The ledger's files, log included, as bytes.
fn ledger_files(rig: &Rig) -> Vec<(String, Vec<u8>)> {
    let files: Vec<(String, Vec<u8>)> = fs::read_dir(rig.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| name(path).starts_with("ledger.sqlite"))
        .map(|path| (name(&path), fs::read(&path).unwrap()))
        .collect();
    assert!(!files.is_empty());
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Which of the words can be read in the ledger's files.
fn readable(rig: &Rig) -> Vec<&'static str> {
    let files = ledger_files(rig);
    let is_there = |word: &&&str| files.iter().any(|(_, bytes)| holds(bytes, word));
    CANARIES.iter().filter(is_there).copied().collect()
}

#[test]
fn nothing_of_a_sealed_row_can_be_read_in_the_ledger() {
    let rig = Rig::new();
    let simulator =
        rig.simulator("--no-limit --settle 300ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    rig.write("rows.csv", with_a_faulty_row(300));
    rig.write("keys", &rig.line("keys new").exits(0).out);
    let run = || sealed(&rig, &simulator, "rows.csv").set("limits.windows=[{calls=300,per=\"1s\"}]");

    // Killed in the middle, so that the log is still there to be searched.
    let running = run().start();
    wait_for("rows on their way", || {
        (simulator.accounts_created() >= 50).then_some(())
    });
    running.kill();
    let logs = ledger_files(&rig)
        .iter()
        .filter(|(name, bytes)| name.ends_with("-wal") && bytes.len() > 100_000)
        .count();
    assert_eq!(logs, 1, "the log has the rows");
    assert_eq!(readable(&rig), [] as [&str; 0]);

    let ended = run().exits(4);
    assert_eq!(ended.json()["rows"]["succeeded"], 300);
    simulator.has_one_account_each(300);
    assert_eq!(readable(&rig), [] as [&str; 0]);
    let ids = rig.read("keys");
    for secret in ids.lines().map(|line| line.split_once(':').unwrap().1) {
        assert!(!ended.err.contains(secret) && !ended.out.contains(secret));
        assert!(ledger_files(&rig).iter().all(|(_, bytes)| !holds(bytes, secret)));
    }

    // The report says all of it.
    let results = rig.table("out/results.csv");
    assert_eq!(results.column("notes")[6], "Flibbertigibbet 7");
    let failed = rig.table("out/failed.csv");
    assert_eq!(failed.column("address_line_1"), ["Cottonwood <Road>"]);
    assert!(failed.column("_error_message")[0].contains('<'), "{failed:?}");

    // And the search finds what is not sealed.
    let open = Rig::new();
    open.write("rows.csv", with_a_faulty_row(3));
    open.run(&simulator, "rows.csv").args(["--skip-invalid"]).exits(4);
    assert_eq!(readable(&open), CANARIES);
}

#[test]
fn without_keys_nothing_is_stored_and_no_call_is_made() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.write("rows.csv", rows(3));
    let missing = rig.path("nowhere");
    for (keys, message) in [
        (None, "hint: `enlist keys new` prints"),
        (
            Some("names:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
            "hint: `enlist keys new` prints",
        ),
        (Some("only:hunter2"), "the key only is not 32 bytes in Base64"),
        (Some("hunter2"), "item 1 is not of the form ID:KEY"),
    ] {
        for verb in ["run", "import"] {
            let mut call = rig.on(&simulator, verb, "rows.csv").set("secrets.seal=all");
            if let Some(keys) = keys {
                call = call.env("ENLIST_SEAL_KEYS", keys);
            }
            let ended = call.exits(2);
            assert!(ended.err.contains(message), "{}", ended.err);
            assert!(!ended.err.contains("hunter2"), "{}", ended.err);
        }
    }
    let ended = sealed(&rig, &simulator, "rows.csv")
        .env("ENLIST_SEAL_KEYS_FILE", missing.to_str().unwrap())
        .exits(2);
    assert!(ended.err.contains("cannot read"), "{}", ended.err);
    assert_eq!(simulator.creates(), 0);
    assert!(!rig.path("data/ledger.sqlite").exists(), "nothing was made");
}

#[test]
fn keys_are_changed_one_after_the_other_and_a_missing_one_is_named() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.write("one.csv", rows(5));
    rig.write("keys", &rig.line("keys new").exits(0).out);
    let first = rig.read("keys");
    let first_id = first.split_once(':').unwrap().0.to_owned();
    sealed(&rig, &simulator, "one.csv").exits(0);
    let correlation_ids = |rig: &Rig| -> Vec<String> {
        let results = rig.table("out/results.csv");
        results
            .column("_correlation_id")
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    let ids = correlation_ids(&rig);

    // A new key before the old one: what names is there already, so there is one line.
    let fresh = with_keys(&rig, "keys new").exits(0).out;
    assert_eq!(fresh.lines().count(), 1, "{fresh}");
    rig.write("keys", format!("# newest first\n{fresh}{first}"));
    let ended = sealed(&rig, &simulator, "one.csv").exits(0);
    assert!(ended.err.contains("5 as before"), "{}", ended.err);
    assert_eq!((correlation_ids(&rig), simulator.creates()), (ids, 5));
    rig.write("two.csv", rows(7));
    let ended = sealed(&rig, &simulator, "two.csv").exits(0);
    assert!(ended.err.contains("2 new, 5 as before"), "{}", ended.err);
    assert_eq!(
        rig.table("out/results.csv").column("notes")[6],
        "Flibbertigibbet 7"
    );
    simulator.has_one_account_each(7);
    let listed = with_keys(&rig, "keys --json").exits(0).json();
    let roles: Vec<(&str, u64)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (key["role"].as_str().unwrap(), key["rows"].as_u64().unwrap()))
        .collect();
    assert_eq!(roles, [("seals", 7), ("opens", 5), ("names", 0)]);

    // The old key is thrown away while rows need it.
    let names = first.lines().nth(1).unwrap();
    rig.write("keys", format!("{fresh}{names}\n"));
    let batches = with_keys(&rig, "status --json").exits(0).json();
    let old = batches.as_array().unwrap().last().unwrap()["batch"]
        .as_str()
        .unwrap()
        .to_owned();
    for call in [
        sealed(&rig, &simulator, "one.csv"),
        with_keys(&rig, &format!("report {old}")),
        with_keys(&rig, &format!("status {old} --line 2")),
    ] {
        let ended = call.exits(2);
        assert!(
            ended.err.contains(&format!(
                "sealed with the key {first_id}, which is not in the keyring"
            )),
            "{}",
            ended.err
        );
        assert!(
            ended.err.contains("hint: put it back into ENLIST_SEAL_KEYS"),
            "{}",
            ended.err
        );
    }
    with_keys(&rig, "report last").exits(0);
    let told = with_keys(&rig, "keys list").exits(0).out;
    assert!(
        told.contains(&format!("{first_id}  missing  5 rows sealed with it")),
        "{told}"
    );
}

#[test]
fn a_worker_does_not_begin_without_the_keys_that_its_rows_need() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.write("rows.csv", rows(5));
    rig.write("keys", &rig.line("keys new").exits(0).out);
    let keys = rig.path("keys").to_str().unwrap().to_owned();
    rig.on(&simulator, "import", "rows.csv")
        .set("secrets.seal=all")
        .env("ENLIST_SEAL_KEYS_FILE", &keys)
        .exits(0);
    let ended = rig.line("worker").exits(2);
    assert!(ended.err.contains("which is not in the keyring"), "{}", ended.err);
    assert!(ended.err.contains("or `enlist pause b_"), "{}", ended.err);
    assert_eq!(simulator.creates(), 0);

    let worker = with_keys(&rig, "worker").start();
    wait_for("five accounts", || {
        (simulator.accounts_created() == 5).then_some(())
    });
    worker.signal("TERM");
    assert_eq!(worker.end().code, Some(143));
    simulator.has_one_account_each(5);
}

#[test]
fn sealing_changes_no_id_and_a_batch_is_sealed_as_it_was_begun() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.write("rows.csv", rows(2));
    rig.write("keys", rig.line("keys new").exits(0).out);
    rig.run(&simulator, "rows.csv").exits(0);
    let ended = sealed(&rig, &simulator, "rows.csv").exits(2);
    assert!(
        ended.err.contains("was begun with secrets.seal = \"marked\"")
            && ended.err.contains("--set secrets.seal=marked"),
        "{}",
        ended.err
    );
    // Even where the ledger was lost in between: the provider knows the ids, and answers as it did.
    sealed(&rig, &simulator, "rows.csv")
        .args(["--ledger", "other.sqlite"])
        .exits(0);
    assert_eq!((simulator.accounts_created(), simulator.creates()), (2, 4));
    let ended = rig
        .run(&simulator, "rows.csv")
        .args(["--ledger", "other.sqlite"])
        .exits(2);
    assert!(ended.err.contains("--set secrets.seal=all"), "{}", ended.err);
    // Rows that lie in the open are the same rows when another file has them sealed.
    rig.write("more.csv", rows(3));
    let ended = sealed(&rig, &simulator, "more.csv").exits(0);
    assert!(ended.err.contains("1 new, 2 as before"), "{}", ended.err);
    simulator.has_one_account_each(3);
}
