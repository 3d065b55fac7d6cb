//! Nothing of a person and no secret is in anything the program says of itself: log lines in both forms at full volume,
//! metrics, traces, what is sent to a collector. Canaries stand in every cell that takes one, in the credentials, and in
//! all that a provider answers; then everything is searched. The report and the ledger are the user's own data.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::collector::{Collector, Server};
use crate::support::{Call, Ended, Rig, SECRET, exchange, wait_for};

/// Every column that a file can have, and what stands in it. Columns of closed lists (language, country, …) have no room
/// for a canary. `{}` is the row's number.
const CELLS: [(&str, &str); 20] = [
    ("external_id", "Canary-Key-{}"),
    ("company_name", "Canaria {} Holding"),
    ("language", "en-US"),
    ("market_segments", "COM"),
    ("country", "US"),
    ("region", "MA"),
    ("city", "Canarytown"),
    ("address_line_1", "7 Canary Row"),
    ("address_line_2", "Canary Suite 9"),
    ("postal_code", "02108-7793"),
    ("phone", "0199-555-7777"),
    ("first_name", "Zwitscher"),
    ("last_name", "Vogelsang"),
    ("email", "canary{}@person.example"),
    ("contact_phone", "0199-555-8888"),
    ("contact_2_first_name", "Pieps"),
    ("contact_2_last_name", "Kanarienvogel"),
    ("contact_2_email", "second{}@vogel.example"),
    ("contact_2_phone", "0199-555-9999"),
    ("notes", "Canary-Note"),
];

/// What must not be found.
const CANARIES: [&str; 21] = [
    "Canary-Key",
    "Canaria",
    "Canarytown",
    "Canary Row",
    "Canary+Row",
    "Canary%20Row",
    "Canary Suite",
    "02108-7793",
    "0199-555",
    "Zwitscher",
    "Vogelsang",
    "person.example",
    "Pieps",
    "Kanarienvogel",
    "vogel.example",
    "Canary-Note",
    "canary-client-of-ours",
    SECRET,
    "canary-token-77aa",
    "Bearer",
    "canary-proxy-password",
];

fn file(rows: usize) -> String {
    let heads: Vec<&str> = CELLS.iter().map(|(head, _)| *head).collect();
    let mut text = heads.join(",");
    for at in 1..=rows {
        let cells: Vec<String> = CELLS
            .iter()
            .map(|(_, cell)| cell.replace("{}", &at.to_string()))
            .collect();
        text.push('\n');
        text.push_str(&cells.join(","));
    }
    text.push('\n');
    text
}

/// All that was said, by whom and in what form. In lower case: the name of a header or a host is often written so.
#[derive(Default)]
struct Heard(Vec<(String, String)>);

impl Heard {
    fn note(&mut self, what: &str, bytes: impl AsRef<[u8]>) {
        // What is no text (protobuf) has its texts between.
        let text = String::from_utf8_lossy(bytes.as_ref()).to_ascii_lowercase();
        self.0.push((what.to_owned(), text));
    }

    fn ended(&mut self, what: &str, ended: &Ended) {
        self.note(&format!("stdout of {what}"), &ended.out);
        self.note(&format!("stderr of {what}"), &ended.err);
    }

    fn collected(&mut self, collector: &Collector) {
        for path in ["/v1/traces", "/v1/metrics"] {
            let bytes = collector.bytes(path);
            assert!(!bytes.is_empty(), "nothing came to {path}");
            self.note(path, bytes);
        }
    }

    /// A search through silence proves nothing.
    fn spoke(&self, words: &[&str]) {
        for word in words {
            let word = word.to_ascii_lowercase();
            let said = self.0.iter().any(|(_, text)| text.contains(&word));
            assert!(said, "{word} was never said");
        }
    }

    /// Fails with the line that sings.
    fn is_clean(&self) {
        for (what, text) in &self.0 {
            for canary in CANARIES {
                if let Some(at) = text.find(&canary.to_ascii_lowercase()) {
                    let near: String = text[..at].chars().rev().take(300).collect();
                    let near: String = near.chars().rev().collect();
                    panic!("{what} tells {canary:?}: …{near}[here]");
                }
            }
        }
    }
}

/// A call that says all it can, watched and traced.
fn loud(call: Call, format: &str, filter: &str, collector: &Collector) -> Call {
    let url = collector
        .server
        .url
        .replace("http://", "http://u:canary-proxy-password@");
    call.args(["-vvvv", "--log-format", format, "--listen", "127.0.0.1:0"])
        .env("ENLIST_LOG", filter)
        .env("ENLIST_ADOBE_CLIENT_ID", "canary-client-of-ours")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
        .env(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer canary-token-77aa",
        )
        .env("OTEL_METRIC_EXPORT_INTERVAL", "200")
}

/// Runs it to its end, scraping all the while.
fn listen_to(what: &str, call: Call, heard: &mut Heard) -> Ended {
    let mut running = call.start();
    let host = running.address("watch at http://");
    wait_for("the end", || {
        scrape(what, &host, heard);
        running.is_over().then_some(())
    });
    let ended = running.end();
    heard.ended(what, &ended);
    ended
}

/// Counters and histograms only grow: the last scrape has what all had.
fn scrape(what: &str, host: &str, heard: &mut Heard) {
    for path in ["/metrics", "/readyz"] {
        if let Ok((head, body)) = exchange(host, "GET", path, "") {
            let what = format!("{path} of {what}");
            heard.0.retain(|(known, _)| *known != what || path != "/metrics");
            heard.note(&what, format!("{head}\n{body}"));
        }
    }
}

#[test]
fn no_canary_sings_at_the_simulator() {
    let rig = Rig::new();
    let simulator = rig.simulator(
        "--no-limit --settle 100ms --extra-fields --fault error_500_stored=0.2 --fault dropped_after_commit=0.1 \
         --fault html_502=0.1 --fault throttled_429=0.1 --fault truncated=0.1",
    );
    let collector = Collector::new();
    let mut heard = Heard::default();
    for (form, filter) in [("text", ""), ("json", "trace")] {
        let rows = file(12).replace("Canary-Key", &format!("Canary-Key-{form}"));
        rig.write("rows.csv", rows);
        let call = rig.run(&simulator, "rows.csv");
        let ended = listen_to(form, loud(call, form, filter, &collector), &mut heard);
        assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.err);
    }
    // Rows refused, then a key refused: the batch is paused, by a run and by a worker.
    for (name, change) in [
        ("refused", json!({ "reject_all": "1117" })),
        ("misfit", json!({ "reject_all": "1114" })),
        ("denied", json!({ "reject_all": null, "api_key_valid": false })),
    ] {
        simulator.change(&change);
        rig.write(
            "more.csv",
            file(12).replace("Canary-Key", &format!("Canary-Key-{name}")),
        );
        let call = rig.run(&simulator, "more.csv");
        let ended = listen_to(name, loud(call, "json", "", &collector), &mut heard);
        assert!(matches!(ended.code, Some(4 | 6)), "{name}: {}", ended.err);
    }
    for line in [
        "status -vvvv",
        "status last --json",
        "report last -vvvv --out again",
    ] {
        heard.ended(line, &rig.line(line).end());
    }
    heard.collected(&collector);
    heard.spoke(&[
        "exchange",
        "no row fails by it",
        "enlist_calls_total",
        "enlist_queue_depth",
        "url.full",
        "correlation_id",
        "enlist.calls",
        "\"level\":\"DEBUG\"",
        "\"level\":\"TRACE\"",
        "DEBUG step{",
    ]);
    let report = rig.read("again/results.csv");
    for canary in ["Canary-Key", "Zwitscher", "Canary-Note", "0199-555"] {
        assert!(report.contains(canary), "the search finds {canary}");
    }
    heard.is_clean();
}

/// A provider that says back whatever it heard, in every place an answer has for words.
fn parrot(heard: Arc<Mutex<Vec<String>>>) -> Server {
    let turn = Arc::new(AtomicUsize::new(0));
    let answer = move |request: Request| {
        let (heard, turn) = (Arc::clone(&heard), Arc::clone(&turn));
        async move {
            let (head, body) = request.into_parts();
            let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
            if head.uri.path().contains("token") {
                return json_of(
                    200,
                    &json!({ "access_token": "canary-token-77aa", "expires_in": 86_399 }),
                );
            }
            let said = format!("{} {body} {:?}", head.uri, head.headers);
            heard.lock().unwrap().push(said.clone());
            let turn = turn.fetch_add(1, Ordering::SeqCst);
            if head.method == "GET" {
                return read(turn, &said);
            }
            created(turn, &body, &said)
        }
    };
    Server::new(Router::new().fallback(answer))
}

fn created(turn: usize, body: &str, said: &str) -> Response {
    let words = json!({ "message": said, "additionalDetails": [said, "companyProfile.companyName: Canaria 1 Holding"] });
    let with_code = |key: &str, code: &str| {
        let mut words = words.clone();
        words[key] = code.into();
        words
    };
    match turn % 11 {
        0 => json_of(400, &with_code("code", "1117")),
        1 => json_of(500, &with_code("code", "1124")),
        2 => (
            StatusCode::BAD_GATEWAY,
            [(CONTENT_TYPE, "text/html")],
            said.to_owned(),
        )
            .into_response(),
        3 => {
            let mut answer = json_of(429, &with_code("error_code", "429050"));
            let odd = "Zwitscher Vogelsang".parse().unwrap();
            answer.headers_mut().insert(RETRY_AFTER, odd);
            answer
        }
        4 => (StatusCode::OK, format!("no json: {said}")).into_response(),
        5 => json_of(401, &with_code("error", "invalid_token")),
        6 => json_of(400, &with_code("code", "9999 Zwitscher")),
        7 => json_of(404, &json!({ "title": said })),
        8 => json_of(403, &with_code("error_code", "403003")),
        9 => json_of(400, &with_code("code", "1114")),
        _ => {
            let mut account: Value = serde_json::from_str(body).unwrap();
            account["resellerId"] = format!("10000{turn}").into();
            account["status"] = "1002".into();
            account["said"] = said.into();
            let mut answer = json_of(201, &account);
            let odd = "Zwitscher Vogelsang".parse().unwrap();
            answer.headers_mut().insert("x-request-id", odd);
            answer
        }
    }
}

fn read(turn: usize, said: &str) -> Response {
    match turn % 4 {
        0 => json_of(
            500,
            &json!({ "code": "1124", "message": said, "additionalDetails": [said] }),
        ),
        1 => json_of(
            200,
            &json!({ "totalCount": 1, "offset": 0, "limit": 50, "accounts": [{ "companyProfile": { "companyName": said } }] }),
        ),
        2 => json_of(404, &json!({ "code": "1115", "message": said })),
        _ => json_of(200, &json!({ "resellerId": said, "status": said })),
    }
}

fn json_of(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

#[test]
fn no_canary_sings_back_from_a_provider_that_repeats_everything() {
    let rig = Rig::new();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let provider = parrot(Arc::clone(&said));
    let collector = Collector::new();
    let mut heard = Heard::default();
    rig.write("rows.csv", file(40));
    let url = &provider.url;
    let mut import = rig.enlist(["import", "rows.csv", "--job", "adobe-create"]);
    for set in [
        &format!("connection.base_url={url}"),
        &format!("connection.token_url={url}/ims/token/v3"),
        "limits.windows=[{calls=1000,per=\"1s\"}]",
        "poll.first=100ms",
        "poll.max=200ms",
        "retry.first=50ms",
        "retry.max=200ms",
        "retry.look_after=[\"0s\",\"100ms\"]",
    ] {
        import = import.args(["--set", set]);
    }
    let import = import.env("ENLIST_ADOBE_CLIENT_ID", "canary-client-of-ours");
    listen_to("the import", loud(import, "json", "", &collector), &mut heard);
    for (form, filter) in [("text", ""), ("json", "trace")] {
        let before = said.lock().unwrap().len();
        let worker = loud(rig.line("worker"), form, filter, &collector).start();
        let host = worker.address("watch at http://");
        wait_for("the provider to have said everything", || {
            scrape(form, &host, &mut heard);
            // A refused key, a wrong distributor or a wrong address pauses the batch.
            heard.ended("resume", &rig.line("resume last").end());
            (said.lock().unwrap().len() >= before + 60).then_some(())
        });
        worker.signal("TERM");
        let ended = worker.end();
        assert_eq!(ended.code, Some(143), "{}", ended.err);
        heard.ended(form, &ended);
    }
    heard.collected(&collector);
    heard.spoke(&["exchange", "no row fails by it", "enlist.calls"]);
    let said = said.lock().unwrap().join("\n");
    for canary in [
        "Canary-Key",
        "Zwitscher",
        "0199-555",
        "Bearer canary-token-77aa",
        "canary-client-of-ours",
    ] {
        assert!(said.contains(canary), "the provider never heard {canary}");
    }
    heard.is_clean();
}
