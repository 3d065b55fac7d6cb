//! No output shows a secret, and no log a person's data; the report shows the user's own cells, and no secret.

use std::fs;
use std::path::Path;

use crate::support::{HEADER, Rig, SECRET, csv_of};

/// All that was written below a folder, report files and ledgers included.
fn everything_below(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything_below(&path, found);
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

const PERSON: [&str; 5] = [
    "Canaria",
    "Zwitscher",
    "canary@person.example",
    "0199-555-7777",
    "7 Canary Row",
];

#[test]
fn neither_secrets_nor_persons_are_told() {
    let rig = Rig::new();
    let simulator = rig.simulator(
        "--no-limit --settle 100ms --fault error_500_stored=0.3 --fault dropped_after_commit=0.2 \
         --fault html_502=0.2 --fault throttled_429=0.1",
    );
    let [first, last, email, phone, street] = PERSON;
    let canary = |at: usize| {
        format!(
            "C-{at},Company {at} Ltd,en-US,COM,US,MA,Boston,{street},02108,{phone},{first},{last},{email}\n"
        )
    };
    let rows: String = (1..=30).map(canary).collect();
    rig.write("rows.csv", format!("{HEADER}\n{rows}"));
    let mut told = Vec::new();
    let ended = rig.run(&simulator, "rows.csv").args(["-vvvv"]).end();
    assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.err);
    told.push(("run", ended));
    // Refusals whose bodies name fields and values, and a key that is not taken.
    simulator.change(&serde_json::json!({ "reject_all": "1117" }));
    rig.write(
        "more.csv",
        csv_of(5).replace("Grace", first).replace("Pratt", last),
    );
    told.push(("refused", rig.run(&simulator, "more.csv").args(["-vvvv"]).end()));
    simulator.change(&serde_json::json!({ "reject_all": null, "api_key_valid": false }));
    rig.write(
        "denied.csv",
        csv_of(9).replace("Grace", first).replace("Pratt", last),
    );
    told.push(("denied", rig.run(&simulator, "denied.csv").args(["-vvvv"]).end()));
    for line in [
        "status -vvvv",
        "status last --json",
        "jobs adobe-create",
        "jobs adobe-create --json",
        "report last -vvvv",
    ] {
        told.push((line, rig.line(line).end()));
    }
    for (what, ended) in &told {
        for text in [&ended.out, &ended.err] {
            assert!(!text.contains(SECRET), "{what} tells the secret: {text}");
            assert!(!text.contains("Bearer"), "{what} tells a token: {text}");
            for word in PERSON {
                assert!(!text.contains(word), "{what} tells {word:?}: {text}");
            }
        }
    }
    let mut files = Vec::new();
    everything_below(&rig.path("."), &mut files);
    assert!(
        files.iter().any(|(_, bytes)| holds(bytes, first)),
        "the search finds what is there"
    );
    for (name, bytes) in &files {
        assert!(!holds(bytes, SECRET), "{name} holds the secret");
    }
}

#[test]
fn a_secret_can_come_from_a_file_and_a_wrong_one_is_not_shown() {
    let rig = Rig::new();
    let simulator = rig.simulator(&format!("--no-limit --settle at-once --client-id canary-client --client-secret {SECRET} --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0"));
    rig.rows("rows.csv", 3);
    rig.write("secret", format!("{SECRET}\n"));
    let ended = rig
        .run(&simulator, "rows.csv")
        .env("ENLIST_ADOBE_CLIENT_SECRET", "canary-wrong-one")
        .exits(6);
    assert_eq!(ended.json()["pause"]["reason"], "auth");
    assert!(!(ended.err + &ended.out).contains("canary-wrong-one"));
    rig.line("resume last").exits(0);
    rig.run(&simulator, "rows.csv")
        .without_env("ENLIST_ADOBE_CLIENT_SECRET")
        .env(
            "ENLIST_ADOBE_CLIENT_SECRET_FILE",
            rig.path("secret").to_str().unwrap(),
        )
        .exits(0);
    simulator.has_one_account_each(3);
}
