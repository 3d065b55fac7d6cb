//! Ends that nobody planned, and ends that were asked for: kill -9, SIGINT, SIGTERM, a second signal.

use std::time::Duration;

use crate::support::{Dice, Rig, Running, Simulator, is_big, wait_for};

const SETTLES_WELL: &str = "--settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// Rows in hand at once: what a kill may leave unknown.
const IN_FLIGHT: u64 = 16;

/// Waits until something has happened that a throw of the dice picks: a number of creates, or a few milliseconds
/// of the program's life.
fn at_some_moment(dice: &mut Dice, running: &mut Running, simulator: &Simulator) {
    if dice.between(0, 1) == 0 {
        std::thread::sleep(Duration::from_millis(dice.between(1, 1_000)));
        return;
    }
    let creates = simulator.creates() + dice.between(1, 80);
    wait_for("creates, or the end", || {
        (running.is_over() || simulator.creates() >= creates).then_some(())
    });
}

#[test]
fn kill_9_loses_nothing_and_makes_nothing_twice() {
    let (kills, rows) = if is_big() { (30, 3_000) } else { (5, 400) };
    let rig = Rig::new();
    let simulator = rig.simulator(&format!("--limit 1000/1s --settle 100ms..500ms {SETTLES_WELL}"));
    rig.rows("rows.csv", rows);
    let run = || {
        rig.run(&simulator, "rows.csv")
            .set(&format!("limits.in_flight={IN_FLIGHT}"))
            .set("limits.windows=[{calls=150,per=\"1s\"}]")
    };
    let mut dice = Dice::new(0x5eed);
    let mut killed = 0;
    for _ in 0..kills {
        let mut running = run().start();
        at_some_moment(&mut dice, &mut running, &simulator);
        let ended = running.kill();
        killed += u64::from(ended.signal == Some(9));
        assert!(ended.signal == Some(9) || ended.code == Some(0), "{ended:?}");
    }
    assert!(
        killed >= 3,
        "the file is too short to be killed in the middle of: {killed}"
    );
    let summary = run().exits(0).json();
    assert_eq!(summary["rows"]["succeeded"], rows, "{summary}");
    assert_eq!(rig.table("out/results.csv").rows.len(), rows);
    simulator.has_one_account_each(rows);
    // A row is sent again only if a kill left it unknown, and the ledger counts each of those.
    let (creates, resends) = (simulator.creates(), summary["resends"].as_u64().unwrap());
    assert!(
        creates <= rows as u64 + resends,
        "{creates} creates, {resends} resends"
    );
    assert!(
        resends <= killed * IN_FLIGHT,
        "{resends} resends after {killed} kills"
    );

    let again = run().exits(0).json();
    assert_eq!(again["calls"], summary["calls"]);
    assert_eq!(simulator.creates(), creates, "finished rows are not sent again");
}

/// Starts a run and waits until rows are on their way.
fn under_way(rig: &Rig, simulator: &Simulator) -> Running {
    rig.rows("rows.csv", 2_000);
    let running = rig
        .run(simulator, "rows.csv")
        .set("limits.windows=[{calls=100,per=\"1s\"}]")
        .start();
    wait_for("rows on their way", || (simulator.creates() >= 20).then_some(()));
    running
}

#[test]
fn the_first_signal_ends_with_nothing_unknown() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let rig = Rig::new();
        let simulator = rig.simulator("--no-limit --settle 100ms --fault slow=0.2 --slow 300ms");
        let running = under_way(&rig, &simulator);
        running.signal(signal);
        let ended = running.end();
        assert_eq!(ended.code, Some(code), "{}", ended.err);
        let summary = ended.json();
        assert_eq!(summary["outcomes"]["unknown"], 0, "{summary}");
        assert_eq!(summary["progress"], "open");
        assert!(summary["outcomes"]["queued"].as_u64().unwrap() > 0, "{summary}");
        assert!(
            ended.err.contains("hint: run the same command again"),
            "{}",
            ended.err
        );
        let results = rig.table("out/results.csv");
        let sent = results
            .column("_attempts")
            .iter()
            .filter(|attempts| **attempts != "0")
            .count();
        for account in simulator.accounts() {
            let key = account["reference"].as_str().unwrap();
            let row = results.rows.iter().find(|row| row["external_id"] == key).unwrap();
            assert_ne!(
                row["_provider_id"],
                "",
                "{row:?} {} {}",
                rig.enlist(["status", "last", "--row", key]).end().out,
                ended.err
            );
        }
        assert_eq!(
            simulator.accounts_created(),
            sent as u64,
            "what was sent was answered and kept"
        );
    }
}

#[test]
fn the_second_signal_ends_at_once() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --fault hang=1");
    let mut running = under_way(&rig, &simulator);
    running.signal("INT");
    let told = wait_for("the program to drain", || {
        (simulator.creates() >= 20).then_some(running.is_over())
    });
    assert!(!told, "calls that hang are waited for");
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(143), "{}", ended.err);
}

#[test]
fn where_nothing_is_on_its_way_the_first_signal_ends_at_once() {
    let rig = Rig::new();
    rig.rows("rows.csv", 200_000);
    for args in [["check", "rows.csv"], ["run", "rows.csv"]] {
        let running = rig.enlist(args).start();
        running.signal("INT");
        let ended = running.end();
        // Either before it listens, or by its own hand.
        assert!(ended.signal == Some(2) || ended.code == Some(130), "{ended:?}");
    }
}
