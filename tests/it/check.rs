//! `enlist check`: every fault of the whole file, in words or as JSON, before any call.

use serde_json::json;

use crate::support::{HEADER, Rig, csv_of, csv_row, sample};

#[test]
fn as_json_every_fault_is_a_line_and_the_last_is_the_summary() {
    let rig = Rig::new();
    let ended = rig
        .enlist(["check", &sample("resellers-with-errors.csv"), "--json"])
        .exits(3);
    let lines = ended.json_lines();
    let (summary, faults) = lines.split_last().unwrap();
    let keys: Vec<&String> = summary.as_object().unwrap().keys().collect();
    let shown = [
        "file",
        "job",
        "rows",
        "sound",
        "faulty",
        "errors",
        "warnings",
        "digest",
        "derived_keys",
        "groups",
        "read_as",
    ];
    assert_eq!(keys, shown);
    let errors = faults.iter().filter(|fault| fault["severity"] == "error").count();
    assert_eq!(summary["errors"], errors, "{summary}");
    assert_eq!(
        summary["errors"].as_u64().unwrap() + summary["warnings"].as_u64().unwrap(),
        faults.len() as u64
    );
    let groups = summary["groups"].as_array().unwrap();
    let grouped: u64 = groups.iter().map(|group| group["faults"].as_u64().unwrap()).sum();
    assert_eq!(grouped, faults.len() as u64, "every fault is in one group");
    for fault in faults {
        for key in ["file", "rule", "severity", "message"] {
            assert!(
                fault[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key}: {fault}"
            );
        }
        assert!(fault["line"].is_u64() && fault["record"].is_u64(), "{fault}");
    }
}

#[test]
fn in_words_the_first_faults_and_how_many_there_are() {
    let rig = Rig::new();
    let ended = rig
        .enlist(["check", &sample("resellers-with-errors.csv")])
        .exits(3);
    assert_eq!(ended.out, "", "talk is no data");
    assert!(ended.err.contains("more fault"), "{}", ended.err);
    assert!(
        ended.err.lines().last().unwrap().contains("67 rows"),
        "{}",
        ended.err
    );
    let quiet = rig
        .enlist(["check", &sample("resellers.csv"), "--quiet"])
        .exits(0);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}

#[test]
fn a_check_needs_no_credentials_and_no_ledger() {
    let rig = Rig::new();
    rig.rows("rows.csv", 3);
    for line in ["check rows.csv", "check rows.csv --job adobe-create"] {
        let call = rig
            .line(line)
            .without_env("ENLIST_ADOBE_CLIENT_ID")
            .without_env("ENLIST_ADOBE_CLIENT_SECRET");
        let ended = call.exits(0);
        assert!(ended.err.contains("3 rows, 3 sound"), "{}", ended.err);
    }
    assert!(!rig.path("data").exists(), "nothing was written");
}

#[test]
fn every_form_of_a_file_is_read() {
    let rig = Rig::new();
    for (name, rows) in [
        ("resellers.csv", 50),
        ("resellers.json", 1),
        ("resellers.jsonl", 5),
    ] {
        let ended = rig.enlist(["check", &sample(name), "--json"]).exits(0);
        assert_eq!(ended.json_lines().last().unwrap()["rows"], rows, "{name}");
    }
    let ended = rig.line("check - --json").stdin(csv_of(7)).exits(0);
    assert_eq!(ended.json_lines().last().unwrap()["sound"], 7);
    let ended = rig.line("check - --json").stdin("").exits(3);
    let lines = ended.json_lines();
    assert_eq!((lines.len(), &lines[1]["errors"]), (2, &json!(1)), "{lines:?}");
}

#[test]
fn keys_that_come_twice_are_found() {
    let rig = Rig::new();
    let row = csv_row(1);
    let other = csv_row(2).replace("R-2,", "R-1,");
    rig.write("rows.csv", format!("{HEADER}\n{row}\n{other}\n"));
    let ended = rig.line("check rows.csv --json").exits(3);
    let fault = &ended.json_lines()[0];
    assert_eq!(fault["line"], json!(3), "{fault}");
}

#[test]
fn so_many_rows_may_be_faulty_and_no_more() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit");
    let mut lines: Vec<String> = csv_of(10).lines().map(str::to_owned).collect();
    for line in &mut lines[1..3] {
        *line = line.replace("02108", "2108");
    }
    rig.write("rows.csv", lines.join("\n"));
    let plan = |share: &str| {
        rig.on(&simulator, "plan", "rows.csv")
            .args(["--max-error-rate", share])
    };
    let refused = plan("19%").exits(3);
    assert!(
        refused
            .err
            .contains("2 faults in 2 rows of 10 rows, more than the 19% allowed; no call was made"),
        "{}",
        refused.err
    );
    plan("0.2").exits(0);
    let wrong = plan("5").exits(2);
    assert!(wrong.err.contains("write 5% or 0.05"), "{}", wrong.err);
    let both = plan("1%").args(["--strict"]).exits(2);
    assert!(both.err.contains("cannot be used with"), "{}", both.err);
}

/// The summary's `read_as` of a check, and how it ended.
fn read_as(rig: &Rig, line: &str, code: i32) -> serde_json::Value {
    let lines = rig.line(line).exits(code).json_lines();
    lines.last().unwrap()["read_as"].clone()
}

#[test]
fn how_a_file_was_read_is_told() {
    let rig = Rig::new();
    rig.rows("plain.csv", 2);
    rig.write(
        "odd.csv",
        format!(
            "Resellers\r\n{}",
            csv_of(2).replace(',', ";").replace("Grace", "Gr\u{e9}ce")
        ),
    );
    assert_eq!(
        read_as(&rig, "check plain.csv --json", 0),
        json!({
            "format": "csv", "encoding": "UTF-8", "encoding_by": "content", "letters": "",
            "delimiter": ",", "quote": "\"", "header_line": 1, "lines_above": 0,
        })
    );
    assert_eq!(
        read_as(&rig, "check odd.csv --json", 0),
        json!({
            "format": "csv", "encoding": "UTF-8", "encoding_by": "content", "letters": "",
            "delimiter": ";", "quote": "\"", "header_line": 2, "lines_above": 1,
        })
    );
    assert_eq!(
        read_as(&rig, &format!("check {} --json", sample("resellers.jsonl")), 0),
        json!({"format": "json_lines", "encoding": "UTF-8", "encoding_by": "content", "letters": ""})
    );
    rig.write("none.csv", "");
    assert_eq!(read_as(&rig, "check none.csv --json", 3), json!(null));
    let ended = rig.line("check odd.csv").exits(0);
    let told = "odd.csv: read as CSV, UTF-8, ; between cells, header in line 2 (1 line above it passed over)";
    assert_eq!(ended.err.lines().next(), Some(told));
    let run = rig.line("run plain.csv --wait 0s").end();
    assert!(run.err.contains("plain.csv: read as CSV, UTF-8\n"), "{}", run.err);
}

#[test]
fn what_is_said_of_a_file_goes_before_what_is_found() {
    let rig = Rig::new();
    let rows = csv_of(2).replace(',', "^").replace("Grace", "Gr\u{e9}ce");
    let latin: Vec<u8> = format!("key,company\n{rows}")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    rig.write("odd.csv", latin);
    let ended = rig.line("check odd.csv --encoding latin1 --delimiter ^ --header-row 2 --json");
    let read_as = ended.exits(0).json_lines().last().unwrap()["read_as"].clone();
    assert_eq!(
        (
            &read_as["encoding"],
            &read_as["encoding_by"],
            &read_as["delimiter"],
            &read_as["header_line"]
        ),
        (&json!("windows-1252"), &json!("given"), &json!("^"), &json!(2))
    );
    // A flag that cannot be meant says what can be.
    for (line, says) in [
        (
            "check odd.csv --encoding klingon",
            "--encoding <NAME>': known are utf-8",
        ),
        (
            "check odd.csv --delimiter ab",
            "--delimiter <SIGN>': known are , ; tab |",
        ),
        ("check odd.csv --quote x", "--quote <SIGN>': known are"),
        ("check odd.csv --header-row 0", "--header-row <LINE>"),
    ] {
        let ended = rig.line(line).exits(2);
        assert!(ended.err.contains(says), "{line}: {}", ended.err);
    }
    for (line, says) in [
        (
            "check odd.csv --header-row 9",
            "the file has no line 9: it ends in line 5",
        ),
        (
            "check odd.csv --delimiter ;",
            "no semicolon in the header line, but a comma",
        ),
        (
            "check odd.csv --encoding utf-8 --delimiter ^ --header-row 2",
            "column 11 `first_name`",
        ),
        (
            "check marked.csv --encoding latin1",
            "the mark of UTF-8, and --encoding says Windows-1252",
        ),
        (
            "check rows.json --delimiter ;",
            "--delimiter is for CSV, and this is JSON",
        ),
    ] {
        rig.write("marked.csv", format!("\u{feff}{}", csv_of(1)));
        rig.write("rows.json", "[{\"key\":1}]");
        let ended = rig.line(line).exits(3);
        assert!(ended.err.contains(says), "{line}: {}", ended.err);
    }
}

/// A file in which two columns could be the postal code.
fn with_two_codes(rig: &Rig) {
    let mut lines = csv_of(2).lines().map(str::to_owned).collect::<Vec<_>>();
    lines[0].push_str(",Zip Code");
    lines[1..].iter_mut().for_each(|line| line.push_str(",02109"));
    rig.write("rows.csv", lines.join("\n"));
}

#[test]
fn what_is_ambiguous_is_refused_with_the_flag_that_settles_it() {
    let rig = Rig::new();
    with_two_codes(&rig);
    let refused = rig.line("check rows.csv").exits(3);
    let hint = "pass one over: --map 'postal_code=-' or --map 'Zip Code=-'";
    assert!(refused.err.contains(hint), "{}", refused.err);
    rig.enlist(["check", "rows.csv", "--map", "Zip Code=-"]).exits(0);
    let wrong = rig.enlist(["check", "rows.csv", "--map", "Zip Code"]).exits(2);
    assert!(wrong.err.contains("write it as HEADER=FIELD"), "{}", wrong.err);
    // What was said once can be kept in a job.
    let job = rig
        .enlist(["jobs", "adobe-create", "--map", "Zip Code=-"])
        .exits(0)
        .out;
    std::fs::create_dir_all(rig.path("jobs")).unwrap();
    rig.write("jobs/ours.toml", job);
    rig.line("check rows.csv --job ours").exits(0);
}

/// At a terminal a person is asked, and only there.
#[test]
fn what_is_ambiguous_is_asked_of_a_person() {
    let rig = Rig::new();
    with_two_codes(&rig);
    let Some(asked) = rig.at_a_terminal("check rows.csv", "x\n1\n") else {
        eprintln!("SKIPPED: there is no `script` to make a terminal with");
        return;
    };
    assert!(
        asked.out.contains("two columns could be postal_code"),
        "{}",
        asked.out
    );
    assert_eq!(asked.out.matches("which one? 1, 2").count(), 2, "{}", asked.out);
    assert!(
        asked.out.contains("next time: --map 'Zip Code=-'"),
        "{}",
        asked.out
    );
    assert!(asked.out.contains("2 sound"), "{}", asked.out);
}
