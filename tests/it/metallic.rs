//! Metallic from the file to the report: the real binary, real HTTP, both ledgers.

use crate::redis_server::RedisServer;
use crate::support::{Call, Rig, Simulator, clock};

/// Rows that Metallic takes, made of its template.
fn rows(rig: &Rig, name: &str, rows: usize) {
    let template = rig.line("template metallic-create").exits(0).out;
    let mut lines = template.lines();
    let (header, example) = (lines.next().unwrap(), lines.next().unwrap());
    let mut text = format!("{}\n", header.replacen("key", "external_id", 1));
    for n in 1..=rows {
        let row = example
            .replace("EXAMPLE-1", &format!("R-{n}"))
            .replace("Example Reseller", &format!("Reseller {n}"))
            .replace("ann@", &format!("ann{n}@"));
        text.push_str(&row);
        text.push('\n');
    }
    rig.write(name, text);
}

fn on(rig: &Rig, simulator: &Simulator, verb: &str, ledger: &str) -> Call {
    let base_url = format!("connection.base_url={}", simulator.url);
    rig.enlist([verb, "rows.csv", "--job", "metallic-create", "--ledger", ledger])
        .env("ENLIST_METALLIC_USERNAME", "principal")
        .env("ENLIST_METALLIC_PASSWORD", "canary-password")
        .set(&base_url)
        .set("limits.windows=[{calls=200,per=\"1s\"}]")
        .set("retry.first=100ms")
        .set("retry.max=500ms")
}

/// On a ledger in a file, and on one in Redis.
fn on_each(test: impl Fn(&Rig, &str)) {
    let rig = Rig::new();
    test(&rig, "sqlite:ledger.sqlite");
    let (rig, redis) = (Rig::new(), RedisServer::start());
    test(&rig, &redis.address("metallic"));
}

#[test]
fn a_file_becomes_accounts_in_one_call_each() {
    on_each(|rig, ledger| {
        let simulator = rig.simulator_of("metallic", "--no-limit");
        rows(rig, "rows.csv", 20);
        let ran = on(rig, &simulator, "run", ledger).args(["--out", "out"]).exits(0);
        assert!(ran.err.contains("20 Active"), "{}", ran.err);
        simulator.has_one_account_each(20);
        rig.shows_the_ids_that_exist("out/results.csv", &simulator);
        assert_eq!(simulator.creates(), 20, "no call besides");
        let again = on(rig, &simulator, "run", ledger)
            .args(["--out", "again"])
            .exits(0);
        assert!(again.err.contains("20 as before"), "{}", again.err);
        assert_eq!(simulator.creates(), 20);
    });
}

/// What was made, and whose answer was lost, cannot be found: it is said, and not made again.
#[test]
fn t13_an_answer_lost_after_the_account_was_made_is_a_row_whose_id_is_unknown() {
    on_each(|rig, ledger| {
        let simulator = rig.simulator_of("metallic", "--no-limit --fault dropped_after_commit=0.3 --seed 3");
        rows(rig, "rows.csv", 30);
        on(rig, &simulator, "run", ledger).args(["--out", "out"]).exits(4);
        simulator.has_one_account_each(30);
        let table = rig.table("out/results.csv");
        let unknown = table
            .column("_outcome")
            .iter()
            .filter(|outcome| **outcome == "CreatedIdUnknown")
            .count();
        assert!((3..20).contains(&unknown), "{unknown}");
        for row in &table.rows {
            match row["_outcome"].as_str() {
                "Active" => assert!(!row["_provider_id"].is_empty()),
                "CreatedIdUnknown" => {
                    assert_eq!(row["_provider_id"], "");
                    assert!(
                        row["_hint"].contains("feeding the row again makes no other"),
                        "{row:?}"
                    );
                }
                other => panic!("{other}: {row:?}"),
            }
        }
    });
}

/// A different reseller has the name or the email: the row's fault, told in its own columns.
#[test]
fn a_name_that_is_taken_is_the_rows_fault_in_its_own_column() {
    on_each(|rig, ledger| {
        let simulator = rig.simulator_of("metallic", "--no-limit");
        rows(rig, "rows.csv", 1);
        on(rig, &simulator, "run", ledger)
            .args(["--out", "first"])
            .exits(0);
        let other = rig
            .read("rows.csv")
            .replace("R-1", "R-2")
            .replace("ann1@", "ben@");
        rig.write("rows.csv", other);
        on(rig, &simulator, "run", ledger).args(["--out", "out"]).exits(4);
        let table = rig.table("out/failed.csv");
        assert_eq!(table.column("_outcome"), ["Rejected"]);
        assert_eq!(table.column("_error_field"), ["company"]);
        simulator.has_one_account_each(1);
    });
}

/// A second process goes on within the quota that the first has used (the forecast: T12 in the simulation).
#[test]
fn a_quota_is_kept_across_a_kill() {
    on_each(|rig, ledger| {
        let simulator = rig.simulator_of("metallic", "--write-limit 10/12s --read-limit 1000/12s");
        rows(rig, "rows.csv", 25);
        let run = |out: &str| {
            on(rig, &simulator, "run", ledger)
                .set("limits.windows=[{calls=10,per=\"12s\",of=\"writes\"},{calls=100,per=\"12s\",of=\"reads\"}]")
                .args(["--out", out])
        };
        let began = clock();
        let first = run("first").start();
        crate::support::wait_for("the quota to be used up", || {
            (simulator.creates() >= 10).then_some(())
        });
        first.kill();
        // What was on its way when the process was killed may be there, with an id that is not told.
        let ended = run("out").end();
        assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.err);
        assert!(began.elapsed().as_secs() >= 20, "{:?}", began.elapsed());
        simulator.has_one_account_each(25);
        let told = simulator.ledger();
        assert_eq!(told["calls_over_limit"], 0, "{told}");
    });
}
