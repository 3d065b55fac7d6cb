//! The shape of `--json` is an interface: its keys, in their order, and what each can be. Every verb that prints data has a
//! snapshot here, and `docs/json.md` says what its keys mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{HEADER, Rig, Simulator, csv_row, repository, sample};

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// Keys of a ring.
const RING: &str = "one:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// What stands in job files, and what a stand-in tells of itself: both have pages of their own.
const DOCUMENTED_ELSEWHERE: [&str; 2] = ["job", "simulator_ledger"];

/// Every path of some values, in the order they were met, with the kinds of what is there.
#[derive(Default)]
struct Paths {
    order: Vec<String>,
    kinds: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Paths {
    fn add(&mut self, value: &Value, at: &str) {
        let kind = match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, inner) in map {
                    self.add(inner, &format!("{at}.{key}"));
                }
                return;
            }
            Value::Array(all) if !all.is_empty() => {
                for inner in all {
                    self.add(inner, &format!("{at}[]"));
                }
                return;
            }
            Value::Array(_) => "[]",
            Value::Object(_) => "{}",
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "text",
        };
        if !self.kinds.contains_key(at) {
            self.order.insert(self.place(at), at.to_owned());
        }
        self.kinds.entry(at.to_owned()).or_default().insert(kind);
    }

    /// A new path stands behind those it has a parent with, wherever the first value that had it was.
    fn place(&self, at: &str) -> usize {
        let mut parent = at;
        while let Some(cut) = parent.rfind(['.', '[']).filter(|cut| *cut > 0) {
            parent = &parent[..cut];
            let is_below = |path: &String| {
                path.strip_prefix(parent)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            if let Some(last) = self.order.iter().rposition(is_below) {
                return last + 1;
            }
        }
        self.order.len()
    }

    /// A path a line. Of a list that may be empty only its items are told, if any was seen.
    fn text(&self) -> String {
        let has_items = |path: &str| {
            self.order
                .iter()
                .any(|other| other.starts_with(&format!("{path}[]")))
        };
        let line = |path: &String| {
            let kinds: Vec<&str> = self.kinds[path]
                .iter()
                .copied()
                .filter(|kind| *kind != "[]" || !has_items(path))
                .collect();
            (!kinds.is_empty()).then(|| format!("{path}: {}", kinds.join(" or ")))
        };
        self.order.iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }
}

fn paths<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let mut paths = Paths::default();
    for value in values {
        paths.add(value, "");
    }
    paths.text()
}

/// Batches as different as can be, each looked at in all ways.
#[derive(Default)]
struct Looks {
    run: Vec<Value>,
    report: Vec<Value>,
    batches: Vec<Value>,
    batch: Vec<Value>,
    row: Vec<Value>,
}

impl Looks {
    fn look(&mut self, rig: &Rig, line: u64) {
        let json = |line: &str| rig.line(line).exits(0).json();
        self.report.push(json("report last --json"));
        self.batches.push(json("status --json"));
        self.batch.push(json("status last --json"));
        self.row.push(json(&format!("status last --line {line} --json")));
    }

    fn run(&mut self, rig: &Rig, simulator: &Simulator, file: &str, code: i32) {
        self.run.push(rig.run(simulator, file).exits(code).json());
    }
}

/// From now on this fault strikes every create.
fn strike(simulator: &Simulator, fault: &str) {
    let mut faults = simulator.ask("GET", "/_simulator/settings", "")["faults"].take();
    let shares = faults.as_object_mut().unwrap();
    shares.values_mut().for_each(|share| *share = 0.0.into());
    shares.insert(fault.to_owned(), 1.0.into());
    simulator.change(&serde_json::json!({ "faults": faults }));
}

#[test]
fn keys_of_batches_do_not_change() {
    let (rig, mut looks) = (Rig::new(), Looks::default());
    let simulator = rig.simulator(WELL);
    // One that does well, one whose second row is kept otherwise, and one with a fault.
    rig.rows("rows.csv", 2);
    looks.run(&rig, &simulator, "rows.csv", 0);
    looks.look(&rig, 2);
    let other = csv_row(3)
        .replace("r3@company3.example", "r1@company1.example")
        .replace("Grace", "Nora");
    rig.write(
        "kept.csv",
        [HEADER, &other, &csv_row(4).replace("02108", "2108")].join("\n"),
    );
    let kept = rig
        .run(&simulator, "kept.csv")
        .args(["--skip-invalid"])
        .exits(4)
        .json();
    looks.run.push(kept);
    looks.look(&rig, 2);
    looks.look(&rig, 3);
    // One that is refused, and one that waits.
    simulator.change(&serde_json::json!({ "reject_all": "1117" }));
    rig.write("refused.csv", [HEADER, &csv_row(5)].join("\n"));
    looks.run(&rig, &simulator, "refused.csv", 4);
    looks.look(&rig, 2);
    rig.write("paused.csv", [HEADER, &csv_row(6)].join("\n"));
    rig.on(&simulator, "import", "paused.csv").exits(0);
    rig.line("pause last").exits(0);
    looks.run(&rig, &simulator, "paused.csv", 6);
    looks.look(&rig, 2);
    // One that gets no answer.
    simulator.change(&serde_json::json!({ "reject_all": null }));
    strike(&simulator, "dropped_before_commit");
    rig.write("struck.csv", [HEADER, &csv_row(7)].join("\n"));
    let struck = rig.run(&simulator, "struck.csv").args(["--wait", "2s"]).exits(5);
    looks.run.push(struck.json());
    looks.look(&rig, 2);

    insta::assert_snapshot!("run", paths(&looks.run));
    insta::assert_snapshot!("report", paths(&looks.report));
    insta::assert_snapshot!("status", paths(&looks.batches));
    insta::assert_snapshot!("status_of_a_batch", paths(&looks.batch));
    insta::assert_snapshot!("status_of_a_row", paths(&looks.row));
    insta::assert_snapshot!("simulator_ledger", paths([&simulator.ledger()]));
}

#[test]
fn keys_of_what_is_known_before_a_run_do_not_change() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 2);
    rig.write("columns.csv", "a,b\n1,2\n");
    let errors = sample("resellers-with-errors.csv");
    let (mut faults, mut checks) = (Vec::new(), Vec::new());
    for (file, code) in [("rows.csv", 0), (errors.as_str(), 3), ("columns.csv", 3)] {
        let mut lines = rig
            .on(&simulator, "check", file)
            .args(["--json"])
            .exits(code)
            .json_lines();
        checks.push(lines.pop().unwrap());
        faults.extend(lines);
    }
    insta::assert_snapshot!("check_fault", paths(&faults));
    insta::assert_snapshot!("check", paths(&checks));
    let json = |verb: &str| {
        rig.on(&simulator, verb, "rows.csv")
            .args(["--json"])
            .exits(0)
            .json()
    };
    insta::assert_snapshot!("plan", paths([&json("plan")]));
    insta::assert_snapshot!("import", paths([&json("import")]));
}

#[test]
fn keys_of_orders_do_not_change() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 2);
    rig.on(&simulator, "import", "rows.csv").exits(0);
    let orders = [
        "retry last",
        "pause last",
        "resume last",
        "weight last 2",
        "cancel last",
        "forget last --yes",
    ];
    let told = orders.map(|order| rig.line(&format!("{order} --json")).exits(0).json());
    for (order, told) in orders.iter().zip(&told) {
        assert!(order.starts_with(told["verb"].as_str().unwrap()), "{told}");
    }
    insta::assert_snapshot!("order", paths(&told));
}

#[test]
fn keys_of_what_is_set_up_do_not_change() {
    let rig = Rig::new();
    let json = |line: &str| rig.line(line).exits(0).json();
    let all = json("jobs --json");
    let names: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["name"].as_str().unwrap())
        .collect();
    insta::assert_snapshot!("jobs", paths([&all]));
    let jobs: Vec<Value> = names
        .iter()
        .map(|name| json(&format!("jobs {name} --json")))
        .collect();
    insta::assert_snapshot!("job", paths(&jobs));
    let origins: Vec<Value> = names
        .iter()
        .map(|name| json(&format!("jobs {name} --origin --json")))
        .collect();
    insta::assert_snapshot!("job_origin", paths(&origins));
    let templates: Vec<Value> = names
        .iter()
        .map(|name| json(&format!("template {name} --json")))
        .collect();
    insta::assert_snapshot!("template", paths(&templates));

    let simulator = rig.simulator(WELL);
    let sets = simulator.sets();
    let job = [
        "doctor",
        "--json",
        "--job",
        "adobe-create",
        "--set",
        &sets[0],
        "--set",
        &sets[1],
    ];
    insta::assert_snapshot!(
        "doctor",
        paths([&json("doctor --json"), &rig.enlist(job).exits(0).json()])
    );
    insta::assert_snapshot!("keys_new", paths([&json("keys new --json")]));
    let keys = rig
        .line("keys --json")
        .env("ENLIST_SEAL_KEYS", RING)
        .exits(0)
        .json();
    insta::assert_snapshot!("keys", paths([&keys]));
    let health = |path: &str, code: i32| {
        rig.enlist(["healthcheck", &format!("{}{path}", simulator.url), "--json"])
            .exits(code)
            .json()
    };
    let health = [
        health("/_simulator/settings", 0),
        health("/_simulator/nothing", 1),
    ];
    assert_eq!(
        (&health[0]["well"], &health[1]["well"]),
        (&true.into(), &false.into())
    );
    insta::assert_snapshot!("healthcheck", paths(&health));
    let listening = ["adobe", "logicboxes", "metallic"].map(|provider| {
        let running = rig.line(&format!("simulate {provider} --json")).start();
        crate::support::wait_for("the simulator to listen", || {
            running.said().contains("use it with").then_some(())
        });
        running.signal("TERM");
        running.end().json()
    });
    insta::assert_snapshot!("simulate", paths(&listening));
}

/// `docs/json.md`: what stands below `<!-- shape: NAME … -->`, a key a line: path, kinds, two spaces or more, meaning.
fn documented() -> BTreeMap<String, String> {
    let page = std::fs::read_to_string(repository().join("docs/json.md")).unwrap();
    let mut shapes = BTreeMap::new();
    for part in page.split("<!-- shape: ").skip(1) {
        let (names, rest) = part.split_once(" -->\n```text\n").unwrap();
        let (block, _) = rest.split_once("\n```").unwrap();
        let keys = block.lines().map(|line| {
            let (key, meaning) = line.split_once("  ").unwrap_or((line, ""));
            assert!(
                !meaning.trim().is_empty(),
                "{names}: {line:?} says not what it means"
            );
            key
        });
        let keys = keys.collect::<Vec<_>>().join("\n");
        shapes.extend(names.split(' ').map(|name| (name.to_owned(), keys.clone())));
    }
    shapes
}

#[test]
fn every_shape_is_documented_as_it_is() {
    let mut documented = documented();
    let folder = repository().join("tests/it/snapshots");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let name = file
            .strip_prefix("it__shapes__")
            .and_then(|name| name.strip_suffix(".snap"));
        let Some(name) = name.filter(|name| !DOCUMENTED_ELSEWHERE.contains(name)) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let seen = text.splitn(3, "---\n").nth(2).unwrap().trim_end();
        let told = documented
            .remove(name)
            .unwrap_or_else(|| panic!("docs/json.md has no {name}"));
        assert_eq!(told, seen, "{name} in docs/json.md (left), and as it is (right)");
    }
    assert!(documented.is_empty(), "docs/json.md has more: {documented:?}");
}
