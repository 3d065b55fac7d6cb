//! Servers that are set up as they should be, and all that can be wrong with one.

use super::*;
use crate::domain::diagnosis::Verdict;

const FINE: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\r\n# Memory\r\n\
    used_memory:104857600\r\nmaxmemory:1073741824\r\nmaxmemory_policy:noeviction\r\n\
    total_system_memory:25276510208\r\n# Persistence\r\nloading:0\r\naof_enabled:1\r\n\
    aof_last_write_status:ok\r\naof_last_bgrewrite_status:ok\r\nrdb_last_bgsave_status:ok\r\n\
    # Replication\r\nrole:master\r\nconnected_slaves:1\r\n";

/// Fields, and what they are.
type Pairs = &'static [(&'static str, &'static str)];

fn seen(changes: Pairs, settings: Pairs) -> Seen {
    let mut info = fields(FINE);
    for (name, value) in changes {
        info.insert((*name).to_owned(), (*value).to_owned());
    }
    let mut known = fields("appendfsync:everysec\nsave:3600 1 300 100");
    for (name, value) in settings {
        known.insert((*name).to_owned(), (*value).to_owned());
    }
    Seen {
        info: Some(info),
        settings: Some(known),
        ..Seen::default()
    }
}

/// The worst of what is said about `part`.
fn of(seen: &Seen, part: &str) -> Diagnosis {
    let about = judge(seen).into_iter().filter(|found| found.part == part);
    about.max_by_key(|found| found.verdict).unwrap()
}

#[test]
fn a_server_that_is_set_up_as_it_should_be() {
    let found = judge(&seen(&[], &[]));
    assert!(
        found.iter().all(|found| found.verdict == Verdict::Ok),
        "{found:?}"
    );
    let parts: Vec<&str> = found.iter().map(|found| found.part.as_str()).collect();
    assert_eq!(parts, ["version", "role", "persistence", "eviction", "memory"]);
}

#[test]
fn all_that_can_be_wrong() {
    use Verdict::{Failing, Misconfigured, Ok, Warning};
    let table: [(Pairs, Pairs, &str, Verdict, &str); 25] = [
        (&[("redis_version", "6.2.0")], &[], "version", Ok, "Redis 6.2.0"),
        (&[("redis_version", "8.2.1")], &[], "version", Ok, "Redis 8.2.1"),
        (&[("redis_version", "10.0.0")], &[], "version", Ok, "Redis 10"),
        (
            &[("redis_version", "6.0.16")],
            &[],
            "version",
            Misconfigured,
            "too old",
        ),
        (
            &[("redis_version", "5.9.1")],
            &[],
            "version",
            Misconfigured,
            "too old",
        ),
        (&[("valkey_version", "8.0.1")], &[], "version", Ok, "Valkey 8.0.1"),
        (
            &[("redis_version", "unstable")],
            &[],
            "version",
            Warning,
            "which version",
        ),
        (
            &[("redis_mode", "cluster")],
            &[],
            "role",
            Misconfigured,
            "cluster",
        ),
        (
            &[("role", "slave"), ("master_host", "m")],
            &[],
            "role",
            Misconfigured,
            "replica of m",
        ),
        (&[("loading", "1")], &[], "persistence", Failing, "reads its data"),
        (
            &[("aof_last_write_status", "err")],
            &[],
            "persistence",
            Failing,
            "cannot be written",
        ),
        (
            &[("aof_last_bgrewrite_status", "err")],
            &[],
            "persistence",
            Failing,
            "rewritten",
        ),
        (
            &[("rdb_last_bgsave_status", "err")],
            &[],
            "persistence",
            Failing,
            "snapshot failed",
        ),
        (
            &[],
            &[("appendfsync", "always")],
            "persistence",
            Ok,
            "before each answer",
        ),
        (
            &[],
            &[("appendfsync", "no")],
            "persistence",
            Warning,
            "half a minute",
        ),
        (
            &[("aof_enabled", "0")],
            &[],
            "persistence",
            Warning,
            "save 3600 1 300 100",
        ),
        (
            &[("aof_enabled", "0")],
            &[("save", "")],
            "persistence",
            Misconfigured,
            "loses all rows",
        ),
        (
            &[("maxmemory_policy", "allkeys-lru")],
            &[],
            "eviction",
            Misconfigured,
            "throws rows away",
        ),
        (
            &[("maxmemory_policy", "allkeys-random")],
            &[],
            "eviction",
            Misconfigured,
            "throws rows away",
        ),
        (
            &[("maxmemory_policy", "volatile-ttl")],
            &[],
            "eviction",
            Misconfigured,
            "throws the budget away",
        ),
        (
            &[("used_memory", "900000000")],
            &[],
            "memory",
            Warning,
            "83 % of maxmemory",
        ),
        (
            &[("used_memory", "1073741824")],
            &[],
            "memory",
            Failing,
            "100 % of maxmemory",
        ),
        (&[("maxmemory", "0")], &[], "memory", Ok, "maxmemory is not set"),
        (
            &[("maxmemory", "0"), ("used_memory", "20000000000")],
            &[],
            "memory",
            Warning,
            "79 %",
        ),
        (&[("connected_slaves", "0")], &[], "role", Ok, "without a replica"),
    ];
    for (changes, settings, part, verdict, words) in table {
        let found = of(&seen(changes, settings), part);
        assert_eq!(found.verdict, verdict, "{changes:?} {settings:?}: {found:?}");
        assert!(
            found.message.contains(words),
            "{changes:?} {settings:?}: {found:?}"
        );
        assert_eq!(found.hint.is_empty(), verdict == Ok, "{found:?}");
    }
}

#[test]
fn what_may_not_be_asked_cannot_be_checked() {
    let closed = Seen {
        settings: None,
        ..seen(&[], &[])
    };
    let found = of(&closed, "persistence");
    assert_eq!(found.verdict, Verdict::Warning);
    assert!(found.message.contains("cannot be checked"), "{found:?}");
    let snapshots = Seen {
        settings: None,
        ..seen(&[("aof_enabled", "0")], &[])
    };
    assert_eq!(of(&snapshots, "persistence").verdict, Verdict::Warning);
    let found = judge(&Seen::default());
    assert_eq!((found.len(), found[0].verdict), (1, Verdict::Warning));
}

#[test]
fn where_it_was_found_matters() {
    let replica = Seen {
        by_sentinels: true,
        ..seen(&[("role", "slave")], &[])
    };
    assert_eq!(of(&replica, "role").verdict, Verdict::Failing);
    let node = Seen {
        in_cluster: true,
        ..seen(&[("redis_mode", "cluster")], &[])
    };
    assert_eq!(of(&node, "role").verdict, Verdict::Ok);
}
