//! `enlist simulate`: each stand-in on a real socket, and what it says when it starts. The rules of each are in its
//! own tests beside the code.

use serde_json::{Value, json};

use crate::support::{Rig, Simulator, exchange, exchange_with, wait_for};

const SIGN_UP: &str = "/api/resellers/v2/signup.json?auth-userid=5&api-key=k&username=a@example.com\
                       &passwd=Passw0rd!x&name=Ann&company=Beacon&address-line-1=1&city=Boston&state=MA&country=US\
                       &zipcode=02108&phone-cc=1&phone=6175550102&lang-pref=en&accounting-currency-symbol=USD\
                       &selling-currency-symbol=USD";
const SEARCH: &str =
    "/api/resellers/search.json?auth-userid=5&api-key=k&no-of-records=10&page-no=1&status=Active";

#[test]
fn logicboxes_signs_up_and_remembers_over_a_restart() {
    let rig = Rig::new();
    let simulator = rig.simulator_of("logicboxes", "--state far.jsonl");
    assert!(simulator.url.ends_with("/api"), "{}", simulator.url);
    let answer = simulator.ask("POST", SIGN_UP, "");
    assert_eq!(
        (&answer["resellerid"], &answer["status"]),
        (&"700001".into(), &"PendingExecution".into())
    );
    assert_eq!(simulator.ask("GET", SEARCH, "")["recsindb"], "0");
    simulator.has_one_account_each(1);
    assert_eq!(simulator.ledger()["calls"]["signup"], 1);
    drop(simulator);

    let simulator = rig.simulator_of("logicboxes", "--state far.jsonl --fault dropped_after_commit=1");
    simulator.settle("700001", "Active");
    assert_eq!(
        simulator.ask("GET", SEARCH, "")["1"]["reseller.username"],
        "a@example.com"
    );
    let second = SIGN_UP.replace("a@example.com", "b@example.com");
    assert!(
        exchange(simulator.host(), "POST", &second, "").is_err(),
        "no byte came"
    );
    simulator.has_one_account_each(2);
}

/// A question with a token and a JSON body; the HTTP status code and the answer.
fn ask_metallic(
    simulator: &Simulator,
    token: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> (String, Value) {
    let token = format!("Authorization: Bearer {token}\r\n");
    let (head, body) = exchange_with(simulator.host(), method, path, &token, &body.to_string()).unwrap();
    let status = head.split(' ').nth(1).unwrap().to_owned();
    (status, serde_json::from_str(&body).unwrap())
}

#[test]
fn metallic_gives_a_token_creates_once_and_stops_at_its_limit() {
    let rig = Rig::new();
    let simulator = rig.simulator_of("metallic", "--write-limit 3/1h --state far.jsonl");
    let body = json!({ "username": "u", "password": "p" });
    let (_, answer) = ask_metallic(&simulator, "", "POST", "/api/v1/authenticate", &body);
    let token = answer["data"]["authToken"].as_str().unwrap();
    let row = json!({
        "name": "Beacon", "externalId": "row-1", "workloadAccess": false,
        "contacts": [{
            "type": "primary", "email": "a@example.com", "firstName": "Ann", "lastName": "Pratt",
            "address": { "addressLine1": "1", "city": "Bonn", "country": "DE", "postalCode": "53111" },
        }],
    });
    let create = |row: &Value| ask_metallic(&simulator, token, "POST", "/api/v1/partner/resellers", row);
    let (status, made) = create(&row);
    assert_eq!(
        (status.as_str(), &made["data"]["status"]),
        ("201", &"active".into()),
        "{made}"
    );
    let (status, again) = create(&row);
    assert_eq!(
        (status.as_str(), &again["error"]["code"]),
        ("400", &1002.into()),
        "{again}"
    );
    let mut other = row.clone();
    other["workloadAccess"] = "x".into();
    assert_eq!(create(&other).0, "400");
    assert_eq!(create(&row).0, "429");
    let path = format!(
        "/api/v1/partner/resellers/{}",
        made["data"]["id"].as_str().unwrap()
    );
    let (status, got) = ask_metallic(&simulator, token, "GET", &path, &Value::Null);
    assert_eq!(
        (status.as_str(), &got["data"]["externalId"]),
        ("200", &"row-1".into()),
        "{got}"
    );
    simulator.has_one_account_each(1);
    let ledger = simulator.ledger();
    assert_eq!(
        (&ledger["calls_over_limit"], &ledger["accounts_per_email"]["max"]),
        (&1.into(), &1.into())
    );
    drop(simulator);
    rig.simulator_of("metallic", "--state far.jsonl")
        .has_one_account_each(1);
}

#[test]
fn it_says_where_it_listens_and_how_to_use_it() {
    let rig = Rig::new();
    for (provider, keys, base, hint) in [
        (
            "adobe",
            &["base_url", "token_url", "ledger_url"][..],
            "",
            " --set connection.token_url=http",
        ),
        ("logicboxes", &["base_url", "ledger_url"], "/api", "\n"),
        ("metallic", &["base_url", "token_url", "ledger_url"], "", "\n"),
    ] {
        let running = rig.line(&format!("simulate {provider} --json")).start();
        wait_for("its hint", || running.said().contains("--set").then_some(()));
        running.signal("TERM");
        let ended = running.end();
        let said = ended.json();
        assert_eq!(said.as_object().unwrap().keys().collect::<Vec<_>>(), keys);
        let url = said["base_url"].as_str().unwrap();
        let root = said["ledger_url"]
            .as_str()
            .unwrap()
            .strip_suffix("/_simulator/ledger")
            .unwrap();
        assert_eq!(url, format!("{root}{base}"));
        let use_it = format!("simulating {provider}; use it with --set connection.base_url={url}{hint}");
        assert!(ended.err.contains(&use_it), "{}", ended.err);
    }
}

#[test]
fn one_simulator_does_not_take_anothers_state() {
    let rig = Rig::new();
    drop(rig.simulator_of("logicboxes", "--state far.jsonl"));
    let ended = rig.line("simulate adobe --state far.jsonl").exits(2);
    assert!(ended.err.contains("it belongs to logicboxes"), "{}", ended.err);
    let ended = rig
        .line("simulate logicboxes --fault error_500_stored=1")
        .exits(2);
    assert!(
        ended.err.contains("not a fault of this simulator")
            && ended.err.contains("simulate logicboxes --help"),
        "{}",
        ended.err
    );
}
