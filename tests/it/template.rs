//! A template is a file that its job finds no fault with.

use crate::support::{Rig, sample};

#[test]
fn each_job_has_a_template_that_it_takes() {
    let rig = Rig::new();
    let jobs = rig.line("jobs --json").exits(0).json();
    let names: Vec<&str> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["name"].as_str().unwrap())
        .collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        for all in [&["--all"][..], &[]] {
            let told = rig.enlist(["template", name]).args(all).exits(0);
            rig.write("template.csv", &told.out);
            let checked = rig
                .enlist(["check", "template.csv", "--job", name, "--json"])
                .without_env("ENLIST_TERMS_ACCEPTED_BY")
                .without_env("ENLIST_TERMS_VERSION")
                .exits(0);
            let summary = checked.json_lines().pop().unwrap();
            assert_eq!(
                (&summary["sound"], &summary["warnings"]),
                (&1.into(), &0.into()),
                "{name}: {}",
                checked.out
            );
        }
    }
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let rig = Rig::new();
    let write = || rig.line("template adobe-create --out mine.csv");
    let told = write().exits(0);
    assert!(
        told.err.contains("enlist check mine.csv --job adobe-create"),
        "{}",
        told.err
    );
    rig.write("mine.csv", "mine");
    let refused = write().exits(1);
    assert!(refused.err.contains("hint: "), "{}", refused.err);
    assert_eq!(rig.read("mine.csv"), "mine");
}

#[test]
fn each_system_has_a_sample_that_it_takes() {
    let rig = Rig::new();
    for (file, job) in [
        ("resellers.csv", "adobe-create"),
        ("adobe-update.csv", "adobe-update"),
        ("logicboxes.csv", "logicboxes-signup"),
        ("metallic.csv", "metallic-create"),
    ] {
        let checked = rig
            .enlist(["check", &sample(file), "--job", job, "--json"])
            .exits(0);
        let summary = checked.json_lines().pop().unwrap();
        assert_eq!(summary["faulty"], 0, "{file}: {}", checked.out);
        assert_eq!(summary["errors"], 0, "{file}: {}", checked.out);
    }
}
