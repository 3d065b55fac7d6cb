//! `samples/awkward`: files as people have them, read right or refused with words to act on.

use std::fs;

use crate::support::{Rig, repository};

/// The files of the folder by name, and the page that says what each is.
fn folder() -> (Vec<String>, String) {
    let folder = repository().join("samples/awkward");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    (names, fs::read_to_string(folder.join("README.md")).unwrap())
}

#[test]
fn every_awkward_file_is_read_or_refused_as_it_should_be() {
    let rig = Rig::new();
    for name in folder().0 {
        let bytes = fs::read(repository().join("samples/awkward").join(&name)).unwrap();
        rig.write(&name, bytes);
        let ended = rig.enlist(["check", &name]).end();
        assert!(matches!(ended.code, Some(0 | 3)), "{name}: {ended:?}");
        assert_eq!(
            ended.code == Some(0),
            !ended.err.contains("error["),
            "{name}: {ended:?}"
        );
        let shown = format!("exit {}\n{}{}", ended.code.unwrap(), ended.out, ended.err);
        insta::with_settings!({ snapshot_path => "snapshots/awkward", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.clone(), shown);
        });
        // What a program is told is the same.
        let told = rig.enlist(["check", &name, "--json"]).exits(ended.code.unwrap());
        let summary = told.json_lines().pop().unwrap();
        assert_eq!(summary["errors"] == 0, ended.code == Some(0), "{name}: {summary}");
    }
}

#[test]
fn every_awkward_file_is_said_what_it_is_in_a_line() {
    let (names, page) = folder();
    let said: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter(|(_, what)| what.len() > 12)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(said, names);
}
