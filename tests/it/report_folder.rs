//! The report folder: at any moment, whole, every row once, in the order of the file.

use crate::support::{Rig, wait_for};

#[test]
fn a_report_can_be_written_while_the_work_goes_on() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle 100ms..300ms");
    rig.rows("rows.csv", 400);
    let running = rig
        .run(&simulator, "rows.csv")
        .set("limits.windows=[{calls=150,per=\"1s\"}]")
        .start();
    wait_for("rows on their way", || (simulator.creates() >= 30).then_some(()));
    let mut open = Vec::new();
    for at in 0..5 {
        let folder = format!("at-{at}");
        let ended = rig.line(&format!("report last --json --out {folder}")).exits(0);
        let summary = ended.json();
        let rows = &summary["rows"];
        let of = |name: &str| rows[name].as_u64().unwrap();
        assert_eq!(
            of("succeeded") + of("failed") + of("pending"),
            of("reported"),
            "{summary}"
        );
        let results = rig.table(&format!("{folder}/results.csv"));
        assert_eq!(results.rows.len() as u64, of("reported"));
        let lines: Vec<u64> = results
            .column("_line")
            .iter()
            .map(|line| line.parse().unwrap())
            .collect();
        assert!(lines.is_sorted(), "{lines:?}");
        let parts: usize = ["succeeded", "failed", "pending"]
            .iter()
            .map(|name| rig.table(&format!("{folder}/{name}.csv")).rows.len())
            .sum();
        assert_eq!(parts, results.rows.len(), "each row is in one list");
        open.push(of("open"));
    }
    assert!(open.is_sorted_by(|one, next| one >= next), "{open:?}");
    running.end();
    let files: Vec<String> = std::fs::read_dir(rig.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files.len(), 7, "nothing is left over: {files:?}");
}

#[test]
fn without_out_the_folder_has_the_batch_s_name() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle at-once");
    rig.rows("rows.csv", 2);
    let ended = rig.on(&simulator, "run", "rows.csv").args(["--json"]).end();
    let batch = ended.json()["batch"].as_str().unwrap().to_owned();
    assert_eq!(
        rig.json(&format!("enlist-reports/{batch}/summary.json")),
        ended.json()
    );
    let told = rig.line("report").exits(0);
    assert_eq!(told.out.trim(), format!("enlist-reports/{batch}"));
}
