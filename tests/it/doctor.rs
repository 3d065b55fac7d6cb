//! `enlist doctor`, and what is refused before work begins: real servers, the real program.

use serde_json::Value;

use crate::redis_server::proxy::{Proxy, Weather};
use crate::redis_server::sentinel::Sentinels;
use crate::redis_server::{RedisServer, free_port};
use crate::support::{Ended, Rig, SECRET};

/// A password that must never be seen.
const PASSWORD: &str = "canary-redis-9f20";

/// `doctor --json`, ended with this code.
fn doctor(rig: &Rig, ledger: &str, code: i32) -> Vec<Value> {
    let ended = rig.enlist(["doctor", "--json", "--ledger", ledger]).exits(code);
    checks(&ended)
}

fn checks(ended: &Ended) -> Vec<Value> {
    assert!(!ended.out.contains(PASSWORD) && !ended.err.contains(PASSWORD));
    assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET));
    let checks = ended.json().as_array().unwrap().clone();
    for check in &checks {
        let is_ok = check["verdict"] == "ok";
        assert_eq!(check["hint"] == "", is_ok, "what is not ok has a hint: {check}");
    }
    checks
}

/// The worst verdict on a part, and what is said of it.
fn of<'a>(checks: &'a [Value], part: &str) -> (&'a str, &'a str) {
    let rank = |check: &&Value| match check["verdict"].as_str() {
        Some("ok") => 0,
        Some("warning") => 1,
        _ => 2,
    };
    let about = checks.iter().filter(|check| check["part"] == part);
    let worst = about
        .max_by_key(rank)
        .unwrap_or_else(|| panic!("{part} in {checks:?}"));
    (
        worst["verdict"].as_str().unwrap(),
        worst["message"].as_str().unwrap(),
    )
}

#[test]
fn an_embedded_ledger() {
    let rig = Rig::new();
    let ended = rig.line("doctor").exits(0);
    for words in ["ok       ledger", "takes writes", "MiB free in"] {
        assert!(ended.out.contains(words), "{}", ended.out);
    }
    rig.write(
        "other.sqlite",
        "no ledger at all, but a text that is long enough to be looked at".repeat(9),
    );
    let ended = rig.line("doctor --ledger other.sqlite").end();
    assert!(
        ended.code != Some(0) && ended.out.starts_with("problem  ledger"),
        "{}",
        ended.out
    );
}

#[test]
fn a_redis_as_it_should_be() {
    let (rig, server) = (Rig::new(), RedisServer::start());
    server.cli(&["config", "set", "maxmemory", "100mb"]);
    let checks = doctor(&rig, &server.address("a"), 0);
    for part in [
        "ledger",
        "line",
        "clock",
        "version",
        "role",
        "persistence",
        "eviction",
        "memory",
    ] {
        assert_eq!(of(&checks, part).0, "ok", "{part}");
    }
    assert!(of(&checks, "persistence").1.contains("every second"));
    doctor(&rig, &server.socket_address("a"), 0);
}

#[test]
fn a_redis_that_throws_things_away_is_refused_by_every_verb() {
    let (rig, server) = (Rig::new(), RedisServer::start());
    let simulator = rig.simulator("--no-limit");
    rig.rows("rows.csv", 3);
    server.cli(&["config", "set", "maxmemory-policy", "allkeys-lru"]);
    let ledger = server.address("a");
    let refused = |ended: Ended| {
        assert!(ended.err.contains("allkeys-lru"), "{}", ended.err);
        assert!(
            ended.err.contains("hint: CONFIG SET maxmemory-policy noeviction"),
            "{}",
            ended.err
        );
    };
    refused(rig.enlist(["worker", "--ledger", &ledger]).exits(2));
    refused(rig.enlist(["status", "--ledger", &ledger]).exits(2));
    for verb in ["run", "import"] {
        refused(
            rig.on(&simulator, verb, "rows.csv")
                .args(["--ledger", &ledger])
                .exits(2),
        );
    }
    assert_eq!(server.cli(&["dbsize"]).trim(), "0", "nothing was written");

    let checks = doctor(&rig, &ledger, 2);
    assert_eq!(of(&checks, "eviction").0, "problem");
    assert_eq!(of(&checks, "version").0, "ok", "all the rest is looked at too");
    // What has a time to live is the budget: without it more is sent than the provider allows.
    server.cli(&["config", "set", "maxmemory-policy", "volatile-ttl"]);
    let ended = rig.enlist(["status", "--ledger", &ledger]).exits(2);
    assert!(ended.err.contains("volatile-ttl"), "{}", ended.err);
    let checks = doctor(&rig, &ledger, 2);
    assert!(of(&checks, "eviction").1.contains("throws the budget away"));
    server.cli(&["config", "set", "maxmemory-policy", "noeviction"]);
    doctor(&rig, &ledger, 0);
}

#[test]
fn a_redis_that_is_too_old_is_refused_by_every_verb() {
    let (rig, server) = (Rig::new(), RedisServer::start());
    let network = Proxy::to(server.port());
    network.set(Weather::Aged);
    let ledger = network.address("a");
    for verb in ["status", "worker"] {
        let ended = rig.enlist([verb, "--ledger", &ledger]).exits(2);
        assert!(ended.err.contains("is too old"), "{}", ended.err);
        assert!(ended.err.contains("hint: use Redis from 6.2 on"), "{}", ended.err);
    }
    assert_eq!(server.cli(&["dbsize"]).trim(), "0", "nothing was written");
    assert_eq!(of(&doctor(&rig, &ledger, 2), "version").0, "problem");
}

#[test]
fn a_redis_that_keeps_too_little() {
    let (rig, server) = (Rig::new(), RedisServer::start());
    let ledger = server.address("a");
    server.cli(&["config", "set", "appendfsync", "no"]);
    assert_eq!(of(&doctor(&rig, &ledger, 0), "persistence").0, "warning");
    server.cli(&["config", "set", "appendonly", "no"]);
    let checks = doctor(&rig, &ledger, 2);
    assert_eq!(of(&checks, "persistence").0, "problem");
    server.cli(&["config", "set", "save", "3600 1"]);
    let checks = doctor(&rig, &ledger, 0);
    let (verdict, message) = of(&checks, "persistence");
    assert!(
        verdict == "warning" && message.contains("since the last one"),
        "{message}"
    );
    server.cli(&["config", "set", "maxmemory", "1mb"]);
    let checks = doctor(&rig, &ledger, 1);
    assert_eq!(of(&checks, "memory").0, "problem");
}

#[test]
fn a_replica_and_a_redis_that_is_not_there() {
    let rig = Rig::new();
    let sentinels = Sentinels::start(1);
    let checks = doctor(&rig, &sentinels.replica().address("a"), 2);
    assert!(
        of(&checks, "role").1.contains("is a replica of 127.0.0.1"),
        "{checks:?}"
    );
    let checks = doctor(&rig, &sentinels.address("a"), 0);
    assert_eq!(of(&checks, "role").1, "master, with one replica");

    let nobody = format!("redis://127.0.0.1:{}", free_port());
    let checks = doctor(&rig, &nobody, 1);
    assert!(of(&checks, "ledger").1.contains("refused"), "{checks:?}");
}

#[test]
fn a_redis_that_answers_few_questions_cannot_be_checked_and_can_be_used() {
    let (rig, server) = (Rig::new(), RedisServer::start());
    let rights = [
        "~{enlist:a}:*",
        "resetchannels",
        "+@all",
        "-@admin",
        "-@dangerous",
    ];
    let password = format!(">{PASSWORD}");
    server.cli(&[&["acl", "setuser", "me", "on", &password], &rights[..]].concat());
    let ledger = server.address("a").replace("//", "//me@");
    let with = |rig: &Rig, verb: &str| {
        rig.enlist([verb, "--json", "--ledger", &ledger])
            .env("ENLIST_REDIS_PASSWORD", PASSWORD)
            .exits(0)
    };
    let checks = checks(&with(&rig, "doctor"));
    assert_eq!(of(&checks, "redis").0, "warning");
    server.cli(&["acl", "setuser", "me", "+info"]);
    let checks = self::checks(&with(&rig, "doctor"));
    assert_eq!(of(&checks, "version").0, "ok");
    assert!(of(&checks, "persistence").1.contains("cannot be checked"));
    with(&rig, "status");
    // The password was wrong, or none was given.
    let ended = rig
        .enlist(["status", "--ledger", &ledger])
        .env("ENLIST_REDIS_PASSWORD", "canary-wrong")
        .exits(2);
    assert!(
        ended.err.contains("hint: set ENLIST_REDIS_PASSWORD"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("canary-wrong"), "{}", ended.err);
    let ended = rig.enlist(["status", "--ledger", &ledger]).exits(2);
    assert!(
        ended.err.contains("the user me needs a password"),
        "{}",
        ended.err
    );
}

#[test]
fn a_password_may_stand_in_the_environment_and_never_in_a_flag() {
    let (rig, server) = (Rig::new(), RedisServer::start());
    let simulator =
        rig.simulator("--no-limit --settle at-once --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    // The rights that docs/operations.md asks for are enough for a whole run.
    let rights = "~{enlist:a}:* resetchannels +@all -@admin -@dangerous +info +config|get";
    let rights: Vec<&str> = rights.split(' ').collect();
    let password = format!(">{PASSWORD}");
    server.cli(&[&["acl", "setuser", "me", "on", &password], &rights[..]].concat());
    let inside = server.address("a").replace("//", &format!("//me:{PASSWORD}@"));

    let ended = rig.enlist(["status", "--ledger", &inside]).exits(2);
    assert!(
        ended.err.contains("hint: put it into ENLIST_REDIS_PASSWORD"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains(PASSWORD), "{}", ended.err);

    rig.rows("rows.csv", 5);
    let ended = rig
        .run(&simulator, "rows.csv")
        .args(["-vvvv"])
        .env("ENLIST_LEDGER", &inside)
        .exits(0);
    assert!(!(ended.err + &ended.out).contains(PASSWORD));
    simulator.has_one_account_each(5);
    let ended = rig.line("status -vvvv").env("ENLIST_LEDGER", &inside).exits(0);
    assert!(ended.out.contains("rows.csv"), "{}", ended.out);
    assert!(!(ended.err + &ended.out).contains(PASSWORD));
    // A flag names another one, whose password it is not.
    let other = server.address("b").replace("//", "//you@");
    let ended = rig
        .enlist(["status", "--ledger", &other])
        .env("ENLIST_LEDGER", &inside)
        .exits(2);
    assert!(
        ended.err.contains("the user you needs a password"),
        "{}",
        ended.err
    );
    // The same address may be named again, as a hint does.
    let same = server.address("a").replace("//", "//me@");
    rig.enlist(["status", "--ledger", &same])
        .env("ENLIST_LEDGER", &inside)
        .exits(0);
}

#[test]
fn a_jobs_provider() {
    let rig = Rig::new();
    let simulator = rig.simulator(&format!(
        "--no-limit --client-id canary-client --client-secret {SECRET}"
    ));
    let ask = || {
        let mut call = rig.enlist(["doctor", "--json", "--job", "adobe-create"]);
        for set in simulator.sets() {
            call = call.args(["--set", &set]);
        }
        call
    };
    let checks = checks(&ask().exits(0));
    for part in [
        "job",
        "provider",
        "provider's clock",
        "provider's health",
        "token",
    ] {
        assert_eq!(of(&checks, part).0, "ok", "{part}");
    }
    let ended = ask().env("ENLIST_ADOBE_CLIENT_SECRET", "canary-wrong").exits(2);
    let checks = self::checks(&ended);
    assert_eq!(of(&checks, "token").0, "problem");
    assert!(!ended.out.contains("canary-wrong"), "{}", ended.out);
    let checks = self::checks(&ask().without_env("ENLIST_ADOBE_CLIENT_SECRET").exits(2));
    assert!(of(&checks, "job").1.contains("ENLIST_ADOBE_CLIENT_SECRET"));

    let nobody = format!("connection.base_url=http://127.0.0.1:{}", free_port());
    let checks = self::checks(&ask().set(&nobody).exits(1));
    assert!(of(&checks, "provider").1.contains("cannot reach"));
    rig.line("doctor --job no-such-job").exits(2);
}
