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
mod tests;
