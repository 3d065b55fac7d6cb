//! The README's commands, run as they are written. A block marked `<!-- test -->` is run line by line in a copy of the
//! repository's samples and jobs; `# exit 0` or `# exit 0 or 4` says how a line must end.

use std::fs;
use std::path::Path;

use crate::support::{Rig, repository};

/// A line to run, and the exit codes it may have.
#[derive(Debug, PartialEq)]
struct Step {
    line: String,
    codes: Vec<i32>,
}

/// The blocks of a page that are to be run.
fn blocks(page: &str) -> Vec<Vec<Step>> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "<!-- test -->" {
            continue;
        }
        assert_eq!(
            lines.next().map(str::trim),
            Some("```sh"),
            "a marked block begins with ```sh"
        );
        let steps = lines
            .by_ref()
            .take_while(|line| line.trim() != "```")
            .filter_map(step)
            .collect();
        blocks.push(steps);
    }
    blocks
}

fn step(line: &str) -> Option<Step> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (command, codes) = match line.split_once("# exit ") {
        Some((command, codes)) => (
            command,
            codes
                .split(" or ")
                .map(|code| code.trim().parse().expect("an exit code"))
                .collect(),
        ),
        None => (line, vec![0]),
    };
    Some(Step {
        line: command.trim().to_owned(),
        codes,
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_commands_of_the_readme_work_as_written() {
    let page = fs::read_to_string(repository().join("README.md")).unwrap();
    let blocks = blocks(&page);
    assert!(blocks.len() >= 2, "the README has commands to try");
    for block in blocks {
        let rig = Rig::new();
        for folder in ["samples", "jobs"] {
            copy(&repository().join(folder), &rig.path(folder));
        }
        for Step { line, codes } in block {
            // The program that was built for this test stands for the one the README has built or installed.
            let line = line.replace("cargo run --release -- ", "enlist ");
            let ended = rig
                .shell(&line)
                .without_env("ENLIST_ADOBE_CLIENT_ID")
                .without_env("ENLIST_ADOBE_CLIENT_SECRET")
                .end();
            assert!(
                ended.code.is_some_and(|code| codes.contains(&code)),
                "{line}: {:?}\n{}\n{}",
                ended.code,
                ended.out,
                ended.err
            );
        }
    }
}

#[test]
fn marked_blocks_are_found_and_read() {
    let page = "x\n<!-- test -->\n```sh\n# a remark\nenlist a  # exit 3\n\nenlist b | wc -l # exit 0 or 4\nenlist c\n```\n\n```sh\nenlist d\n```\n";
    let step = |line: &str, codes: &[i32]| Step {
        line: line.into(),
        codes: codes.into(),
    };
    assert_eq!(
        blocks(page),
        [vec![
            step("enlist a", &[3]),
            step("enlist b | wc -l", &[0, 4]),
            step("enlist c", &[0])
        ]]
    );
}
