//! LogicBoxes from the file to the report: the real binary, real HTTP, both ledgers.

use std::fs;
use std::io::Read as _;

use age::x25519::Identity;

use crate::redis_server::RedisServer;
use crate::support::{Call, Rig, Simulator};

/// A folder with keys for what is secret.
struct Scene {
    rig: Rig,
    keys: String,
    ledger: String,
    _redis: Option<RedisServer>,
}

impl Scene {
    fn new(redis: Option<RedisServer>) -> Self {
        let rig = Rig::new();
        let keys = rig.line("keys new").exits(0).out;
        let ledger = redis
            .as_ref()
            .map_or("sqlite:ledger.sqlite".to_owned(), |redis| redis.address("boxes"));
        Self {
            rig,
            keys,
            ledger,
            _redis: redis,
        }
    }

    fn simulator(&self, flags: &str) -> Simulator {
        self.rig.simulator_of("logicboxes", flags)
    }

    /// Rows made of the template; without their password column if so.
    fn rows(&self, rows: usize, passwords: bool) {
        let template = self.rig.line("template logicboxes-signup").exits(0).out;
        let mut lines = template.lines();
        let header = lines.next().unwrap().replacen("key", "external_id", 1);
        let example = lines.next().unwrap();
        let (header, example) = match passwords {
            true => (header, example.to_owned()),
            false => (
                header.replace(",password", ""),
                example.replace(",Change.Me9", ""),
            ),
        };
        let rows = (1..=rows).map(|n| {
            example
                .replace("EXAMPLE-1", &format!("R-{n}"))
                .replace("Change.Me9", &format!("Canary.Pw{n}"))
                .replace("ann@", &format!("ann{n}@"))
        });
        let text: Vec<String> = std::iter::once(header).chain(rows).collect();
        self.rig.write("rows.csv", text.join("\n") + "\n");
    }

    fn on(&self, simulator: &Simulator, out: &str) -> Call {
        self.verb("run", simulator).args(["--out", out, "-vv"])
    }

    fn verb(&self, verb: &str, simulator: &Simulator) -> Call {
        self.rig
            .enlist([
                verb,
                "rows.csv",
                "--job",
                "logicboxes-signup",
                "--ledger",
                &self.ledger,
            ])
            .env("ENLIST_LOGICBOXES_USER_ID", "1234")
            .env("ENLIST_LOGICBOXES_API_KEY", "canary-api-key")
            .env("ENLIST_SEAL_KEYS", &self.keys)
            .set(&format!("connection.base_url={}", simulator.url))
            .set("limits.windows=[{calls=500,per=\"1s\"}]")
            .set("poll.first=50ms")
            .set("logicboxes.look_after=[\"100ms\",\"200ms\",\"400ms\"]")
    }

    /// No file of the report or the ledger, and nothing that was said, holds one of these.
    fn holds_none_of(&self, secrets: &[&str], said: &str, input: &str) {
        for secret in secrets {
            assert!(!said.contains(secret), "{secret} was said");
        }
        let mut folders = vec![self.rig.path("")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with(input) {
                    let bytes = fs::read(&path).unwrap();
                    for secret in secrets {
                        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                        assert!(!found, "{secret} stands in {}", path.display());
                    }
                }
            }
        }
    }
}

fn on_each(test: impl Fn(&Scene)) {
    test(&Scene::new(None));
    test(&Scene::new(Some(RedisServer::start())));
}

#[test]
fn everybody_is_signed_up_once_and_those_who_wait_for_a_person_are_told_apart() {
    on_each(|scene| {
        let simulator = scene.simulator("--signup-option direct");
        scene.rows(12, true);
        let ran = scene.on(&simulator, "out").exits(0);
        simulator.has_one_account_each(12);
        let table = scene.rig.table("out/results.csv");
        assert_eq!(table.column("_outcome"), ["Active"; 12]);
        scene.holds_none_of(&["Canary.Pw", "canary-api-key"], &ran.err, "rows.csv");
        // Known by their usernames, also to a ledger that has never seen them.
        let elsewhere = Scene::new(None);
        elsewhere.rows(12, true);
        elsewhere.on(&simulator, "out").exits(0);
        let hints = elsewhere.rig.table("out/results.csv");
        assert!(
            hints
                .column("_hint")
                .iter()
                .all(|hint| hint.contains("was there before")),
            "{hints:?}"
        );
        simulator.has_one_account_each(12);
    });
    let scene = Scene::new(None);
    let simulator = scene.simulator("--signup-option manual");
    scene.rows(3, true);
    scene.on(&simulator, "out").exits(4);
    let waiting = scene.rig.table("out/results.csv");
    assert_eq!(waiting.column("_outcome"), ["AwaitingActivation"; 3]);
    simulator.ask("POST", "/_simulator/activate", "");
    scene.on(&simulator, "out").exits(0);
    assert_eq!(
        scene.rig.table("out/results.csv").column("_outcome"),
        ["Active"; 3]
    );
    simulator.has_one_account_each(3);
}

#[test]
fn t10_a_sign_up_that_went_unanswered_is_found_and_not_made_again() {
    on_each(|scene| {
        let faults = [
            "dropped_after_commit",
            "error_500_after_commit",
            "error_502_after_commit",
            "error_503_after_commit",
            "error_504_after_commit",
        ];
        let flags = faults.map(|fault| format!("--fault {fault}=0.15")).join(" ");
        let simulator = scene.simulator(&format!(
            "--signup-option direct --fault-on signup --seed 5 {flags}"
        ));
        scene.rows(60, true);
        scene.on(&simulator, "out").exits(0);
        simulator.has_one_account_each(60);
        let table = scene.rig.table("out/results.csv");
        assert_eq!(table.column("_outcome"), ["Active"; 60]);
        scene.rig.shows_the_ids_that_exist("out/results.csv", &simulator);
        let struck = &simulator.ledger()["faults"];
        for fault in faults {
            assert!(struck[fault].as_u64().unwrap() >= 2, "{fault}: {struck}");
        }
    });
}

/// What is secret is named by keys: a plan knows rows again as a run does.
#[test]
fn a_plan_knows_rows_with_secrets_again() {
    on_each(|scene| {
        let simulator = scene.simulator("--signup-option direct");
        scene.rows(2, true);
        scene.on(&simulator, "out").exits(0);
        scene.rows(3, true);
        let plan = scene.verb("plan", &simulator).args(["--out", "plan.json"]);
        let told = plan.exits(0);
        assert!(told.out.contains("rows   1 new, 2 as before\n"), "{}", told.out);
        scene.on(&simulator, "out").args(["--plan", "plan.json"]).exits(0);
        simulator.has_one_account_each(3);
        scene.holds_none_of(&["Canary.Pw"], &told.out, "rows.csv");
    });
}

#[test]
fn t11_an_error_in_the_body_refuses_the_row_whatever_the_status_code() {
    on_each(|scene| {
        for status in ["500", "200"] {
            let flags = format!("--reject-all Invalid-zipcode --error-status {status}");
            let simulator = scene.simulator(&flags);
            scene.rows(2, true);
            let text = scene.rig.read("rows.csv").replace("R-", &format!("S{status}-"));
            scene.rig.write("rows.csv", text);
            scene.on(&simulator, "out").exits(4);
            let table = scene.rig.table("out/results.csv");
            assert_eq!(table.column("_outcome"), ["Rejected"; 2], "{table:?}");
            assert_eq!(simulator.ledger()["calls"]["signup"], 2, "not sent again");
        }
    });
}

#[test]
fn passwords_that_are_made_are_for_one_reader_alone() {
    on_each(|scene| {
        let simulator = scene.simulator("--signup-option direct");
        scene.rows(3, false);
        let refused = scene.on(&simulator, "out").exits(2);
        assert!(
            refused.err.contains("logicboxes.passwords_to=age1"),
            "{}",
            refused.err
        );
        let reader = Identity::generate();
        let to = format!("logicboxes.passwords_to={}", reader.to_public());
        let run = || {
            let ran = scene.on(&simulator, "out").set(&to).exits(0);
            let bytes = fs::read(scene.rig.path("out/passwords.age")).unwrap();
            let decryptor = age::Decryptor::new(&bytes[..]).unwrap();
            let mut text = String::new();
            let mut open = decryptor
                .decrypt(std::iter::once(&reader as &dyn age::Identity))
                .unwrap();
            open.read_to_string(&mut text).unwrap();
            (text, ran.err)
        };
        let (text, said) = run();
        let passwords: Vec<&str> = text
            .lines()
            .skip(1)
            .map(|line| line.splitn(3, ',').nth(2).unwrap())
            .collect();
        assert_eq!(passwords.len(), 3, "{text}");
        assert!(
            passwords
                .iter()
                .all(|password| (9..=18).contains(&password.len())),
            "{text}"
        );
        assert!(text.contains("R-2,ann2@example.com,"), "{text}");
        let plain: Vec<&str> = passwords
            .iter()
            .map(|password| password.trim_matches('"'))
            .collect();
        scene.holds_none_of(&plain, &said, "rows.csv");
        assert_eq!(run().0, text, "the same each time");
        simulator.has_one_account_each(3);
    });
}
