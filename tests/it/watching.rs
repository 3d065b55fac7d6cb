//! `/metrics`, `/healthz`, `/readyz`, traces and metrics to a collector, and log lines for machines.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Map, Value};

use crate::collector::{Collector, silent};
use crate::exposition::Scrape;
use crate::support::{Call, Rig, Running, Simulator, exchange, repository, wait_for};

const WELL: &str = "--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0";

/// Every name and its type. An interface: dashboards and alerts rest on it.
const FAMILIES: [(&str, &str); 15] = [
    ("enlist_batches_paused", "gauge"),
    ("enlist_calls_total", "counter"),
    ("enlist_intents_unknown", "gauge"),
    ("enlist_leases_held", "gauge"),
    ("enlist_ledger_operation_duration_seconds", "histogram"),
    ("enlist_limiter_pauses_total", "counter"),
    ("enlist_limiter_wait_seconds", "histogram"),
    ("enlist_queue_depth", "gauge"),
    ("enlist_queue_oldest_age_seconds", "gauge"),
    ("enlist_rows_imported_total", "counter"),
    ("enlist_task_settle_duration_seconds", "histogram"),
    ("enlist_tasks_claimed_total", "counter"),
    ("enlist_tasks_committed_total", "counter"),
    ("enlist_tasks_settled_total", "counter"),
    ("http_client_request_duration_seconds", "histogram"),
];

/// Every label. None can hold a row, a batch, or what somebody wrote.
const LABELS: [&str; 15] = [
    "answer",
    "call",
    "error_type",
    "http_request_method",
    "http_response_status_code",
    "kept",
    "le",
    "leave",
    "operation",
    "outcome",
    "reason",
    "result",
    "server_address",
    "server_port",
    "state",
];

/// A program that is watched.
struct Watched {
    running: Running,
    host: String,
}

impl Watched {
    fn start(call: Call) -> Self {
        let running = call.args(["--listen", "127.0.0.1:0"]).start();
        let host = running.address("watch at http://");
        Self { running, host }
    }

    /// Status code and body.
    fn get(&self, path: &str) -> (u16, String) {
        let (head, body) = exchange(&self.host, "GET", path, "").unwrap();
        (head[9..12].parse().unwrap(), body)
    }

    fn scrape(&self) -> Scrape {
        let (status, text) = self.get("/metrics");
        assert_eq!(status, 200, "{text}");
        Scrape::read(&text)
    }

    /// Waits until `/readyz` answers with this status code, and says why.
    fn readiness(&self, wanted: u16) -> String {
        wait_for("readiness", || {
            let (status, why) = self.get("/readyz");
            (status == wanted).then_some(why)
        })
    }
}

fn imported(rig: &Rig, simulator: &Simulator, rows: usize, sets: &[&str]) {
    rig.rows("rows.csv", rows);
    let call = rig.on(simulator, "import", "rows.csv");
    sets.iter().fold(call, |call, set| call.set(set)).exits(0);
}

#[test]
fn numbers_of_a_worker() {
    let rig = Rig::new();
    let simulator = rig.simulator(&format!(
        "{WELL} --fault throttled_429=0.2 --fault unavailable_503=0.1"
    ));
    imported(&rig, &simulator, 60, &["limits.windows=[{calls=300,per=\"1s\"}]"]);
    let worker = Watched::start(rig.line("worker --in-flight 8"));
    let settled = |scrape: &Scrape| scrape.sum("enlist_tasks_settled_total", &[("outcome", "Active")]);
    let scrape = wait_for("all rows to settle", || {
        let scrape = worker.scrape();
        // What was saved is let go of a moment later.
        let waits = ["enlist_queue_depth", "enlist_leases_held"].map(|name| scrape.sum(name, &[]));
        (settled(&scrape) >= 60.0 && waits == [0.0, 0.0]).then_some(scrape)
    });

    let sum = |name: &str, labels: &[(&str, &str)]| scrape.sum(name, labels);
    assert_eq!(sum("enlist_tasks_settled_total", &[]), 60.0);
    assert_eq!(sum("enlist_task_settle_duration_seconds_count", &[]), 60.0);
    assert!(sum("enlist_task_settle_duration_seconds_sum", &[]) >= 60.0 * 0.1);
    for (name, labels) in [
        ("enlist_intents_unknown", [].as_slice()),
        ("enlist_queue_oldest_age_seconds", &[]),
        ("enlist_batches_paused", &[]),
        ("enlist_tasks_committed_total", &[("kept", "fenced")]),
    ] {
        assert_eq!(sum(name, labels), 0.0, "{name}");
    }
    assert_eq!(
        sum("enlist_tasks_claimed_total", &[]),
        sum("enlist_tasks_committed_total", &[])
    );
    // What the simulator counted is what was counted here; its own count has the tokens too.
    let calls = &simulator.ledger()["calls"];
    let creates = calls["create"].as_f64().unwrap();
    assert_eq!(sum("enlist_calls_total", &[("call", "submit")]), creates);
    let posts = [("http_request_method", "POST")];
    let tokens = calls["token"].as_f64().unwrap();
    assert_eq!(
        sum("http_client_request_duration_seconds_count", &posts),
        creates + tokens
    );
    let throttled = sum("enlist_calls_total", &[("answer", "throttled")]);
    let by_status = [("http_response_status_code", "429"), ("error_type", "429")];
    assert_eq!(
        throttled,
        sum("http_client_request_duration_seconds_count", &by_status)
    );
    assert!(throttled > 0.0 && sum("enlist_limiter_pauses_total", &[]) > 0.0);
    assert!(sum("enlist_limiter_wait_seconds_count", &[("leave", "given")]) >= creates);
    for operation in ["claim", "commit", "backlog"] {
        let labels = [("operation", operation)];
        assert!(
            sum("enlist_ledger_operation_duration_seconds_count", &labels) > 0.0,
            "{operation}"
        );
    }
    names_are_as_promised(&scrape);
    worker.running.signal("TERM");
    assert_eq!(worker.running.end().code, Some(143));
}

fn names_are_as_promised(scrape: &Scrape) {
    let page = fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    for (name, family) in &scrape.0 {
        if name == "target_info" {
            continue;
        }
        let known = FAMILIES.iter().find(|(known, _)| known == name);
        let (_, kind) = known.unwrap_or_else(|| panic!("{name} is not among those promised"));
        assert_eq!(family.kind, *kind, "{name}");
        assert!(family.help.len() > 20 && family.help.ends_with('.'), "{name}");
        for (_, labels, _) in &family.samples {
            for (label, value) in labels {
                assert!(LABELS.contains(&label.as_str()), "{name} has a label {label}");
                assert!(
                    !value.contains("b_") && !value.contains("R-"),
                    "{name} {labels:?}"
                );
            }
        }
    }
    for (name, _) in FAMILIES {
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/operations.md does not name {name}"
        );
        let elsewhere = ["enlist_rows_imported_total"];
        assert!(
            scrape.0.contains_key(name) || elsewhere.contains(&name),
            "{name} is missing"
        );
    }
    let target = &scrape.0["target_info"].samples[0].1;
    assert_eq!(target["service_name"], "enlist");
}

#[test]
fn numbers_of_an_import_and_of_a_run() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    // The listener answers while the file is read, before there is a ledger.
    let import = rig
        .on(&simulator, "import", "-")
        .args(["--listen", "127.0.0.1:0"])
        .stdin(crate::support::csv_of(20_000));
    let mut import = Watched {
        host: String::new(),
        running: import.start(),
    };
    import.host = import.running.address("watch at http://");
    let mut seen = BTreeSet::new();
    let mut rows = 0.0;
    while !import.running.is_over() {
        // It may end between two looks.
        let Ok((head, text)) = exchange(&import.host, "GET", "/metrics", "") else {
            continue;
        };
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        rows = Scrape::read(&text).sum("enlist_rows_imported_total", &[("result", "new")]);
        if let Ok((_, why)) = exchange(&import.host, "GET", "/readyz", "") {
            seen.insert(why);
        }
    }
    let ended = import.running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(rows >= 1_000.0, "{rows} rows were seen");
    assert!(
        seen.contains("ready\n") && seen.contains("not ready: the ledger is not open yet\n"),
        "{seen:?}"
    );

    let rig = Rig::new();
    rig.rows("rows.csv", 400);
    let run = Watched::start(
        rig.run(&simulator, "rows.csv")
            .set("limits.windows=[{calls=200,per=\"1s\"}]"),
    );
    run.readiness(200);
    let scrape = wait_for("rows on their way", || {
        let scrape = run.scrape();
        // Between a commit and the next claim nothing may be in hand for a moment.
        let is_under_way = scrape.sum("enlist_calls_total", &[]) > 20.0;
        (is_under_way && scrape.sum("enlist_leases_held", &[]) > 0.0).then_some(scrape)
    });
    assert_eq!(
        scrape.sum("enlist_rows_imported_total", &[("result", "new")]),
        400.0
    );
    let open = scrape.sum("enlist_queue_depth", &[]);
    assert!(open > 0.0 && open <= 400.0, "{open}");
    assert_eq!(run.running.end().code, Some(0));
}

#[test]
fn readiness_follows_the_ledger_and_the_end() {
    let rig = Rig::new();
    let simulator = rig.simulator(&format!("{WELL} --fault hang=1"));
    imported(&rig, &simulator, 3, &[]);
    let worker = Watched::start(rig.line("worker"));
    assert_eq!(worker.readiness(200), "ready\n");
    assert_eq!(worker.get("/healthz"), (200, "ok\n".to_owned()));

    let ledger = rusqlite::Connection::open(rig.path("data/ledger.sqlite")).unwrap();
    ledger
        .execute_batch("ALTER TABLE counts RENAME TO gone; ALTER TABLE tasks RENAME TO gone_too;")
        .unwrap();
    let why = worker.readiness(503);
    assert!(
        why.starts_with("not ready: ") && why.lines().count() == 1,
        "{why}"
    );
    let scrape = wait_for("numbers of the ledger to go away", || {
        let scrape = worker.scrape();
        (!scrape.0.contains_key("enlist_queue_depth")).then_some(scrape)
    });
    for gone in [
        "enlist_intents_unknown",
        "enlist_queue_oldest_age_seconds",
        "enlist_batches_paused",
    ] {
        assert!(!scrape.0.contains_key(gone), "{gone} would be an old number");
    }
    let failed = [("operation", "backlog"), ("error_type", "corrupt")];
    assert!(scrape.sum("enlist_ledger_operation_duration_seconds_count", &failed) > 0.0);
    assert_eq!(worker.get("/healthz").0, 200, "alive all the same");
    ledger
        .execute_batch("ALTER TABLE gone RENAME TO counts; ALTER TABLE gone_too RENAME TO tasks;")
        .unwrap();
    worker.readiness(200);
    assert_eq!(worker.scrape().sum("enlist_queue_depth", &[]), 3.0);

    // Calls hang, so that the drain takes as long as we look at it.
    wait_for("calls on their way", || (simulator.creates() >= 3).then_some(()));
    worker.running.signal("TERM");
    assert!(worker.readiness(503).contains("stopping"));
    assert_eq!(worker.get("/healthz").0, 200);
    assert_eq!(worker.scrape().sum("enlist_leases_held", &[]), 3.0);
    worker.running.signal("TERM");
    assert_eq!(worker.running.end().code, Some(143));
}

#[test]
fn a_client_gets_what_is_there_and_no_more_time_than_it_needs() {
    let rig = Rig::new();
    let worker = Watched::start(rig.line("worker"));
    for (method, path, status) in [
        ("GET", "/", "404"),
        ("GET", "/metrics/x", "404"),
        ("POST", "/metrics", "405"),
        ("DELETE", "/healthz", "405"),
        ("GET", "/healthz", "200"),
    ] {
        let (head, _) = exchange(&worker.host, method, path, "").unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}")),
            "{method} {path}: {head}"
        );
        assert!(
            head.to_ascii_lowercase().contains("connection: close"),
            "one answer a connection: {head}"
        );
    }
    let (head, _) = exchange(&worker.host, "GET", "/metrics", "").unwrap();
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    let mut large = TcpStream::connect(&worker.host).unwrap();
    let _ = write!(
        large,
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let mut answer = String::new();
    let _ = large.read_to_string(&mut answer);
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    // All places taken by clients that say nothing: they are sent away, and the next one is answered.
    let idle: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(&worker.host).unwrap())
        .collect();
    assert_eq!(worker.get("/healthz").0, 200);
    drop(idle);
    worker.running.signal("INT");
    assert_eq!(worker.running.end().code, Some(130));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = rig.enlist(["worker", "--listen", &address]).exits(2);
    assert!(ended.err.contains("hint: name a free address"), "{}", ended.err);
    let ended = rig.line("worker").env("ENLIST_LISTEN", "nowhere").exits(2);
    assert!(ended.err.contains("--listen"), "{}", ended.err);
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn traces_and_metrics_reach_a_collector() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 5);
    let collector = Collector::new();
    let run = |file: &str| {
        rig.run(&simulator, file)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.server.url)
            .env("OTEL_SERVICE_NAME", "enlist-of-a-test")
            .env("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    };
    let summary = run("rows.csv").exits(0).json();
    let traces = collector.bytes("/v1/traces");
    let metrics = collector.bytes("/v1/metrics");
    let batch = summary["batch"].as_str().unwrap();
    for word in [
        "enlist-of-a-test",
        "deployment.environment.name",
        "service.instance.id",
        "step",
        batch,
        "r_aee554ed8db7",
        "call",
        "submit",
        "poll",
        "correlation_id",
        "http.request.method",
        "POST",
        "GET",
        "url.full",
        "/v3/resellers",
        "server.address",
        "http.response.status_code",
    ] {
        assert!(holds(&traces, word), "no {word} in the traces");
    }
    assert!(!holds(&traces, "R-1"), "a key has no place there");
    for word in [
        "enlist-of-a-test",
        "service.instance.id",
        "enlist.calls",
        "enlist.queue.depth",
        "enlist.queue.oldest_age",
        "enlist.intents.unknown",
        "enlist.limiter.wait",
        "enlist.task.settle.duration",
        "http.client.request.duration",
    ] {
        assert!(holds(&metrics, word), "no {word} in the metrics");
    }
    let (before_traces, before_metrics) = (traces.len(), metrics.len());
    rig.write("more.csv", crate::support::csv_of(6));
    run("more.csv").env("OTEL_TRACES_SAMPLER", "always_off").exits(0);
    assert_eq!(
        collector.bytes("/v1/traces").len(),
        before_traces,
        "none is sampled"
    );
    assert!(collector.bytes("/v1/metrics").len() > before_metrics);
    let before_metrics = collector.bytes("/v1/metrics").len();
    rig.write("most.csv", crate::support::csv_of(7));
    run("most.csv").env("OTEL_SDK_DISABLED", "true").exits(0);
    let after = (
        collector.bytes("/v1/traces").len(),
        collector.bytes("/v1/metrics").len(),
    );
    assert_eq!(after, (before_traces, before_metrics), "nothing is sent");
}

#[test]
fn a_collector_that_is_gone_or_silent_holds_nobody_up() {
    let rig = Rig::new();
    let simulator = rig.simulator(WELL);
    rig.rows("rows.csv", 5);
    let silent = silent();
    for (endpoint, says) in [("http://127.0.0.1:9", true), (silent.url.as_str(), false)] {
        let ended = rig
            .run(&simulator, "rows.csv")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_METRIC_EXPORT_INTERVAL", "50")
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .exits(0);
        let said = ended.err.matches("the telemetry collector").count();
        assert_eq!(
            said,
            usize::from(says),
            "once, however often it fails: {}",
            ended.err
        );
    }
    // Where it is to be sent cannot be read, or in what form: said, and no reason not to work.
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "not an address"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ] {
        let ended = rig
            .run(&simulator, "rows.csv")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &silent.url)
            .env(name, value)
            .exits(0);
        assert!(
            ended.err.contains("warning: ") && ended.err.contains("hint: "),
            "{}",
            ended.err
        );
    }
}

#[test]
fn log_lines_are_flat_json_with_batch_row_attempt_and_correlation_id() {
    let rig = Rig::new();
    let simulator = rig.simulator(&format!("{WELL} --fault dropped_after_commit=0.3"));
    rig.rows("rows.csv", 10);
    let ended = rig
        .run(&simulator, "rows.csv")
        .env("ENLIST_LOG_FORMAT", "json")
        .args(["-vv"])
        .exits(0);
    let summary = ended.json();
    let results = rig.table("out/results.csv");
    let lines: Vec<Map<String, Value>> = ended
        .err
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert!(lines.len() > 20, "{}", ended.err);
    for line in &lines {
        for key in ["timestamp", "level", "message", "target"] {
            assert!(line.get(key).is_some_and(Value::is_string), "{key} in {line:?}");
        }
        assert!(
            line.values().all(|value| !value.is_object() && !value.is_array()),
            "{line:?}"
        );
    }
    let exchanges: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "exchange")
        .collect();
    assert!(exchanges.len() >= 20);
    let ids = results.column("_correlation_id");
    for line in &exchanges {
        assert_eq!(line["batch"], summary["batch"], "{line:?}");
        assert!(line["row"].as_str().unwrap().starts_with("r_"), "{line:?}");
        assert!(line["attempt"].as_u64().unwrap() >= 1, "{line:?}");
        let id = line["correlation_id"].as_str().unwrap();
        if line["call"] == "submit" {
            assert!(ids.contains(&id), "the report leads to the line: {line:?}");
        }
    }
    let again = exchanges
        .iter()
        .any(|line| line["call"] == "submit" && line["attempt"] == 2);
    assert!(again, "a submit that went unanswered goes again");

    // From a line to its row, and from a key to its lines.
    let mark = exchanges[0]["row"].as_str().unwrap();
    let row = rig
        .enlist(["status", "last", "--row", mark, "--json"])
        .exits(0)
        .json();
    let key = row["key"].as_str().unwrap();
    let digest = rig
        .shell(&format!("printf %s {key} | sha256sum | cut -c1-12"))
        .exits(0);
    assert_eq!(format!("r_{}", digest.out.trim()), mark);

    // At the usual verbosity what there is to say says of which row it speaks, too.
    simulator.change(&serde_json::json!({ "reject_all": "1114" }));
    rig.write("more.csv", crate::support::csv_of(11));
    let ended = rig
        .run(&simulator, "more.csv")
        .args(["--log-format", "json"])
        .exits(6);
    let line = ended
        .err
        .lines()
        .find(|line| line.contains("paused; no row fails"))
        .unwrap();
    let line: Map<String, Value> = serde_json::from_str(line).unwrap();
    for key in [
        "batch",
        "row",
        "attempt",
        "correlation_id",
        "call",
        "reason",
        "batches",
    ] {
        assert!(line.contains_key(key), "{key} in {line:?}");
    }
    rig.line("jobs --log-format yaml").exits(2);
}
