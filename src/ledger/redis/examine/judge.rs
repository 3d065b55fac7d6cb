//! What a server's own words mean for a ledger. Pure; every rule is a row of a test.

use std::collections::HashMap;

use crate::domain::diagnosis::Diagnosis;

/// The oldest version that has all that is used.
const VERSION_MIN: (u32, u32) = (6, 2);

/// From these shares of its limit on, memory is called short.
const MEMORY_WARNING_PERCENT: u64 = 75;
const MEMORY_PROBLEM_PERCENT: u64 = 95;

/// What was found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The fields of `INFO`, if we may see them.
    pub(super) info: Option<HashMap<String, String>>,
    /// What `CONFIG GET` told, if we may ask.
    pub(super) settings: Option<HashMap<String, String>>,
    /// Whether the address names a cluster.
    pub(super) in_cluster: bool,
    /// Whether sentinels named the server.
    pub(super) by_sentinels: bool,
}

/// The fields of an `INFO` answer.
pub(super) fn fields(info: &str) -> HashMap<String, String> {
    let pairs = info.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

type Info = HashMap<String, String>;

fn field<'a>(info: &'a Info, name: &str) -> &'a str {
    info.get(name).map_or("", String::as_str)
}

fn count(info: &Info, name: &str) -> Option<u64> {
    info.get(name)?.parse().ok()
}

/// All there is to say.
pub(super) fn judge(seen: &Seen) -> Vec<Diagnosis> {
    let Some(info) = &seen.info else {
        let message = "INFO is not allowed: version, persistence, eviction and memory cannot be checked";
        return vec![Diagnosis::warning("redis", message, MAY_ASK)];
    };
    let mut found = vec![version(info), role(info, seen)];
    found.extend(persistence(info, seen.settings.as_ref()));
    found.extend(eviction(info));
    found.extend(memory(info));
    found
}

const MAY_ASK: &str = "let the user ask (+info +config|get), or see to it by hand: docs/operations.md";

/// Whether it knows the commands that scripts use.
pub(super) fn version(info: &Info) -> Diagnosis {
    let part = "version";
    if let Some(version) = info.get("valkey_version") {
        return Diagnosis::ok(part, format!("Valkey {version}"));
    }
    let version = field(info, "redis_version");
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().ok());
    let (major, minor) = VERSION_MIN;
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(a), Some(b)) if (a, b) >= VERSION_MIN => Diagnosis::ok(part, format!("Redis {version}")),
        (Some(_), Some(_)) => Diagnosis::misconfigured(
            part,
            format!("Redis {version} is too old"),
            format!("use Redis from {major}.{minor} on, or Valkey"),
        ),
        _ => Diagnosis::warning(
            part,
            "does not say which version it is",
            format!("it must do what Redis {major}.{minor} does"),
        ),
    }
}

fn role(info: &Info, seen: &Seen) -> Diagnosis {
    let part = "role";
    if field(info, "redis_mode") == "cluster" && !seen.in_cluster {
        return Diagnosis::misconfigured(
            part,
            "it is one of a cluster, which the address does not say",
            "write redis+cluster://…, or calls fail when the ledger's slot moves",
        );
    }
    match field(info, "role") {
        "slave" if seen.by_sentinels => Diagnosis::failing(
            part,
            "it is a replica: no master has taken over yet",
            "ask again in a moment",
        ),
        "slave" => Diagnosis::misconfigured(
            part,
            format!(
                "it is a replica of {}:{} and takes no writes",
                field(info, "master_host"),
                field(info, "master_port")
            ),
            "name the master, or the sentinels that know it: redis+sentinel://…",
        ),
        _ => Diagnosis::ok(
            part,
            match count(info, "connected_slaves").unwrap_or(0) {
                0 => "master, without a replica".to_owned(),
                1 => "master, with one replica".to_owned(),
                replicas => format!("master, with {replicas} replicas"),
            },
        ),
    }
}

/// What is kept on disk, and how well.
fn persistence(info: &Info, settings: Option<&Info>) -> Vec<Diagnosis> {
    let part = "persistence";
    let aof = field(info, "aof_enabled") == "1";
    let mut found = Vec::new();
    if field(info, "loading") == "1" {
        found.push(Diagnosis::failing(
            part,
            "it still reads its data after a start",
            "ask again in a moment",
        ));
    }
    let failed = [
        (
            "aof_last_write_status",
            aof,
            "the append-only file cannot be written",
        ),
        (
            "rdb_last_bgsave_status",
            true,
            "the last snapshot failed, which stops writes by default",
        ),
        (
            "aof_last_bgrewrite_status",
            aof,
            "the append-only file could not be rewritten, and grows",
        ),
    ];
    for (name, matters, message) in failed {
        if matters && !matches!(field(info, name), "ok" | "") {
            found.push(Diagnosis::failing(part, message, "see to its disk, and its log"));
        }
    }
    let set = |name: &str| {
        settings
            .and_then(|settings| settings.get(name))
            .map(String::as_str)
    };
    found.push(match (aof, set("appendfsync"), set("save")) {
        (true, Some("always"), _) => Diagnosis::ok(part, "append-only file, on disk before each answer"),
        (true, Some("everysec"), _) => Diagnosis::ok(
            part,
            "append-only file, on disk every second: a crash of the machine loses up to about two seconds, which heal",
        ),
        (true, Some(_), _) => Diagnosis::warning(
            part,
            "append-only file, written to disk when the system likes: a crash of the machine can lose half a minute",
            "CONFIG SET appendfsync everysec, and in redis.conf",
        ),
        (true, None, _) => Diagnosis::warning(
            part,
            "append-only file; how often it goes to disk (appendfsync) cannot be checked",
            MAY_ASK,
        ),
        (false, _, None) => Diagnosis::warning(
            part,
            "no append-only file; whether there are snapshots cannot be checked",
            "see that the service keeps what it was given: with snapshots alone a crash loses all since the last one",
        ),
        (false, _, Some("")) => Diagnosis::misconfigured(
            part,
            "nothing is kept on disk: a restart loses all rows and what became of them",
            "CONFIG SET appendonly yes, and in redis.conf",
        ),
        (false, _, Some(save)) => Diagnosis::warning(
            part,
            format!("snapshots alone (save {save}): a crash loses all since the last one"),
            "CONFIG SET appendonly yes, and in redis.conf",
        ),
    });
    found
}

/// What happens when memory is full; `None` if it does not say.
pub(super) fn eviction(info: &Info) -> Option<Diagnosis> {
    let part = "eviction";
    let policy = info.get("maxmemory_policy")?;
    let thrown_away = match policy.as_str() {
        "noeviction" => {
            return Some(Diagnosis::ok(
                part,
                "noeviction: when memory is full, writes wait",
            ));
        }
        // Nothing but the budgets' keys expires: `budget/ask.lua`.
        volatile if volatile.starts_with("volatile-") => {
            "the budget away, and more calls leave than the provider allows"
        }
        _ => "rows away",
    };
    Some(Diagnosis::misconfigured(
        part,
        format!("maxmemory-policy is {policy}: when memory is full, Redis throws {thrown_away}"),
        "CONFIG SET maxmemory-policy noeviction, and in redis.conf; not shared with a cache",
    ))
}

fn memory(info: &Info) -> Option<Diagnosis> {
    let part = "memory";
    let used = count(info, "used_memory")?;
    let (limit, of) = match (count(info, "maxmemory"), count(info, "total_system_memory")) {
        (Some(limit @ 1..), _) => (limit, "maxmemory"),
        (_, Some(limit @ 1..)) => (limit, "the machine's memory; maxmemory is not set"),
        _ => return None,
    };
    let percent = used.saturating_mul(100) / limit;
    let message = format!("{} of {} in use ({percent} % of {of})", mib(used), mib(limit));
    let hint = "give it more (maxmemory), or `enlist forget BATCH` what is finished; rows wait meanwhile";
    Some(match percent {
        MEMORY_PROBLEM_PERCENT.. => Diagnosis::failing(part, message, hint),
        MEMORY_WARNING_PERCENT.. => Diagnosis::warning(part, message, hint),
        _ => Diagnosis::ok(part, message),
    })
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
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
}
