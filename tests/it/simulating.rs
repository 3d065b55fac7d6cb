//! `enlist simulate`: each stand-in on a real socket, and what it says when it starts. The rules of each are in its
//! own tests beside the code.

use crate::support::{Rig, exchange, wait_for};

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
        ("logicboxes", &["base_url", "ledger_url"], "/api", "/api\n"),
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
        let use_it = format!("simulating {provider}; use it with --set connection.base_url={url}");
        assert!(
            ended.err.contains(&use_it) && ended.err.contains(hint),
            "{}",
            ended.err
        );
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
