//! The stack, really started: docker-compose.yml and Dockerfile as they stand, Redis, workers, importer, simulator.
//!
//! Where no Docker engine is to be had, this says so and passes.
#![cfg(test)]

mod command;
mod engine;
mod stack;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use enlist::config::Job;
use serde_json::{Value, json};

use command::{say, wait_for};
use engine::Engine;
use stack::Stack;

/// Puts a file into the stack, under the job on its simulator.
const IMPORT: [&str; 7] = [
    "import",
    "--job",
    "simulator",
    "--terms-accepted-by",
    "rehearsal",
    "--terms-version",
    "none",
];

/// Rows of the second file.
const ROWS: usize = 400;

/// Rows of samples/resellers.csv.
const SAMPLE_ROWS: usize = 50;

#[test]
fn every_row_settles_once_though_a_worker_is_killed() {
    let engine = match Engine::find() {
        Ok(engine) => engine,
        Err(why) => {
            let bar = "*".repeat(100);
            say(format!(
                "\n{bar}\nSKIPPED: no Docker engine for the stack: {why}\n{bar}"
            ));
            return;
        }
    };
    let stack = Stack::new(&engine);

    say("up, with one worker and the simulator");
    stack.compose("--profile try up --detach --build --scale worker=1");
    stack.wait_until_well("worker", 1);
    is_shut_off(&stack);
    let examined = stack.importer(["doctor", "--job", "simulator"]);
    assert!(
        !examined.contains("problem") && !examined.contains("warning"),
        "{examined}"
    );

    say("the sample");
    stack.importer(IMPORT.into_iter().chain(["files/resellers.csv"]));
    stack.wait_until_settled();
    created(&stack, SAMPLE_ROWS);

    say("three workers");
    let first = stack.containers("worker");
    stack.compose("--profile try up --detach --scale worker=3");
    stack.wait_until_well("worker", 3);
    let workers = stack.containers("worker");
    assert!(workers.contains(&first[0]), "the one that was there went on");

    say(format!("{ROWS} rows, and one worker killed among them"));
    fs::write(stack.path("samples/rows.csv"), rows()).unwrap();
    let slowly = "limits.windows=[{calls=60,per=\"1s\"}]";
    let mut import: Vec<&str> = IMPORT.into_iter().chain(["files/rows.csv"]).collect();
    import.extend(["--set", slowly, "--set", "secrets.seal=all"]);
    stack.importer(import);
    let before = u64::try_from(SAMPLE_ROWS).unwrap();
    wait_for("rows on their way", Duration::from_secs(30), || {
        (stack.creates() > before + 50).then_some(())
    });
    stack.docker(["kill", &workers[1]]);
    assert!(stack.open_rows() > 0, "it was killed in the midst of it");
    stack.wait_until_settled();
    created(&stack, SAMPLE_ROWS + ROWS);
    let keys: Value = serde_json::from_str(&stack.importer(["keys", "--json"])).unwrap();
    assert_eq!(keys[0]["rows"], ROWS, "all are sealed: {keys}");
    let folder = stack.importer(["report", "last"]);
    let results = stack.read(&format!("{}/results.csv", folder.trim()));
    assert_eq!(
        results.lines().count(),
        1 + ROWS,
        "a row of the report for each of the file"
    );

    say("Redis starts again, and has it all");
    stack.compose("restart redis");
    stack.wait_until_well("redis", 1);
    assert_eq!(stack.open_rows(), 0);
    stack.wait_until_well("worker", 2);

    say("down");
    stack.compose("stop worker");
    for worker in [&workers[0], &workers[2]] {
        let state = &stack.inspect(worker)["State"];
        assert_eq!(
            state["ExitCode"], 143,
            "it ended by itself, not by force: {state}"
        );
    }
    stack.compose("--profile try --profile tools down --volumes --timeout 5");
    let left = stack.docker(["ps", "--all", "--quiet", "--filter", &stack.label()]);
    assert_eq!(left.trim(), "", "a container was left");
    say("done");
}

/// What each container may do, and who can see the secrets.
fn is_shut_off(stack: &Stack<'_>) {
    let secrets = [
        stack.read("secrets/redis_password"),
        stack.read("secrets/seal_keys"),
    ];
    let secrets: Vec<&str> = secrets
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split(':').next_back())
        .collect();
    assert_eq!(secrets.len(), 3);
    let mode = fs::metadata(stack.path("secrets")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the secrets are the operator's alone");
    for service in ["redis", "worker", "simulator"] {
        for container in stack.containers(service) {
            let known = stack.inspect(&container);
            let host = &known["HostConfig"];
            assert_eq!(host["ReadonlyRootfs"], true, "{service}");
            assert_eq!(host["CapDrop"], json!(["ALL"]), "{service}");
            assert_eq!(
                host["SecurityOpt"],
                json!(["no-new-privileges:true"]),
                "{service}"
            );
            assert_eq!(host["LogConfig"]["Config"]["max-file"], "5", "{service}");
            let user = if service == "redis" {
                "redis"
            } else {
                "10001:10001"
            };
            assert_eq!(known["Config"]["User"], user);
            let heard = [known.to_string(), stack.docker(["top", &container])].concat();
            assert!(secrets.iter().all(|secret| !heard.contains(secret)), "{service}");
            let published = &known["NetworkSettings"]["Ports"];
            let open = published
                .as_object()
                .unwrap()
                .values()
                .any(|port| !port.is_null());
            assert_eq!(open, service == "simulator", "{service}: {published}");
        }
    }
    let logs = stack.compose("logs --no-color");
    assert!(secrets.iter().all(|secret| !logs.contains(secret)), "in the logs");
    let refused = stack.docker(["exec", &stack.containers("redis")[0], "redis-cli", "dbsize"]);
    assert!(refused.contains("NOAUTH"), "{refused}");
    for (name, value) in [
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
        ("maxmemory-policy", "noeviction"),
        ("maxmemory", "1073741824"),
    ] {
        assert_eq!(
            stack.redis(&format!("config get {name}")),
            format!("{name}\n{value}")
        );
    }
    let bytes = |image: &str| {
        stack
            .docker(["image", "inspect", "--format", "{{.Size}}", image])
            .trim()
            .parse::<u64>()
            .unwrap()
    };
    let program = fs::metadata(stack.path("dist/enlist")).unwrap().len();
    let beside = bytes(&stack.image()) - program;
    assert!(beside < 8 << 20, "{beside} bytes in the image beside the program");
}

/// The simulator has this many accounts, one for each row.
fn created(stack: &Stack<'_>, rows: usize) {
    let ledger = stack.simulator();
    assert_eq!(ledger["accounts_created"], rows, "{ledger}");
    assert_eq!(ledger["accounts_per_reference"]["max"], 1, "{ledger}");
    assert_eq!(ledger["accounts_without_reference"], 0, "{ledger}");
}

/// A file of sound rows.
fn rows() -> String {
    let mut text = String::from(
        "external_id,company_name,language,market_segments,country,region,city,address_line_1,postal_code,phone,\
         first_name,last_name,email\n",
    );
    for at in 1..=ROWS {
        let _ = writeln!(
            text,
            "S-{at},Company {at} Ltd,en-US,COM,US,MA,Boston,{at} Beacon Street,02108,617-555-0102,Grace,Pratt,\
             s{at}@company{at}.example"
        );
    }
    text
}

#[test]
fn the_job_of_the_stack_leaves_nothing_to_be_said() {
    let loaded = Job::load_beside(Path::new(env!("CARGO_MANIFEST_DIR")), "simulator", &[]).unwrap();
    assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    let nobody = |_: &str| None;
    loaded.job.scope(&nobody).unwrap();
}

#[test]
fn each_variable_of_the_stack_is_explained() {
    let read = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let compose = read("docker-compose.yml");
    let asked: BTreeSet<(&str, &str)> = compose
        .split("${")
        .skip(1)
        .map(|from| from.split_once('}').unwrap().0.split_once(":-").unwrap())
        .collect();
    assert!(asked.len() > 5, "{asked:?}");
    let explained = read(".env.example");
    for (name, default) in &asked {
        assert!(
            explained.lines().any(|line| line == format!("#{name}={default}")),
            "{name} with its default, {default:?}, is not in .env.example"
        );
    }
    for name in compose.lines().filter_map(|line| line.trim().strip_suffix(':')) {
        let passed_on = name.starts_with("ENLIST_") || name.starts_with("OTEL_");
        assert!(
            !passed_on || explained.contains(&format!("#{name}=\n")),
            "{name} is not in .env.example"
        );
    }
}
