//! What goes wrong with Redis: what becomes of the line, and how it is said in the ledger's words.

use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::FORMAT;
use crate::engine::ports::LedgerError;

/// What an error means for the line it came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The line is good: the server answered this call.
    Keep,
    /// The line is dead, or the server is not well: the next call opens it anew.
    Reopen,
    /// It leads to the wrong server, which did nothing: the same call goes to the right one.
    Elsewhere,
}

/// What becomes of the line.
pub(super) fn fate(error: &RedisError) -> Fate {
    match code(error) {
        Some("READONLY" | "MOVED") => Fate::Elsewhere,
        // A master that lost its replicas may have been replaced; a password may have been changed.
        Some("LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "NOREPLICAS" | "NOAUTH") => Fate::Reopen,
        Some(_) => Fate::Keep,
        None => match error.kind() {
            ErrorKind::Io | ErrorKind::Parse | ErrorKind::AuthenticationFailed => Fate::Reopen,
            _ => Fate::Keep,
        },
    }
}

/// The server does not know the script by its digest: it was restarted, or is another one.
pub(super) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// The server does not let this user ask that, or does not know the command.
pub(super) fn is_refused(error: &RedisError) -> bool {
    code(error) == Some("NOPERM") || says(error, "unknown command") || says(error, "unknown subcommand")
}

/// No answer came in time.
pub(super) fn silence() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()
}

/// The error's code, `READONLY`. Before Redis 7 an error inside a script comes as
/// `ERR Error running script (call to f_…): @user_script:1: @user_script: 1: -READONLY You can't write…`.
fn code(error: &RedisError) -> Option<&str> {
    let code = error.code()?;
    if code != "ERR" {
        return Some(code);
    }
    let inner = error.detail().and_then(|detail| {
        let (_, after) = detail.strip_prefix("Error running script")?.split_once(": -")?;
        after.split(' ').next()
    });
    Some(inner.unwrap_or(code))
}

/// The error of a call to the Redis at `name`.
pub(super) fn trouble(name: &str, error: &RedisError) -> LedgerError {
    let unfit = |hint: &str| LedgerError::Unfit(format!("{name}: {error}; hint: {hint}"));
    let hint = match code(error) {
        Some("OOM") => {
            "give Redis more memory (maxmemory), or `enlist forget BATCH` what is finished; nothing is lost meanwhile"
        }
        Some("READONLY") => {
            "it is a replica: name the master, or the sentinels that know it (redis+sentinel://…); after a failover \
             the new master is looked for"
        }
        Some("MOVED") if !name.contains("+cluster://") => {
            return unfit("it is one of a cluster: write redis+cluster://…");
        }
        Some("MOVED" | "ASK" | "TRYAGAIN") => {
            "the cluster is moving the ledger to another node; workers try again by themselves"
        }
        Some("LOADING") => "Redis has just started and reads its data; workers try again by themselves",
        Some("BUSY") => "another program's script holds Redis up; workers try again by themselves",
        Some("CLUSTERDOWN" | "MASTERDOWN" | "NOREPLICAS") => {
            "Redis misses one of its own, and takes no writes until it is back; workers try again by themselves"
        }
        Some("MISCONF") => "Redis cannot save to its disk: see to it",
        Some("FORMAT") => {
            return LedgerError::Format {
                at: name.to_owned(),
                found: error.detail().unwrap_or_default().to_owned(),
                wanted: FORMAT.to_owned(),
            };
        }
        Some("WRONGTYPE") => {
            return LedgerError::Corrupt(format!("{name}: {error}; hint: another program uses its keys"));
        }
        Some("NOAUTH" | "WRONGPASS") => return unfit(PASSWORD),
        Some("NOPERM") => {
            return unfit("give the user the rights that docs/operations.md lists");
        }
        Some(_) if says(error, "non local key") => {
            "the cluster moves the ledger to another node while it is written to, which cuts scripts short: stop the \
             workers until it is done (docs/operations.md)"
        }
        Some(_) if says(error, "unknown command") => {
            return unfit(
                "it is no Redis from 6.2 on, or a sentinel: those are named with redis+sentinel://…",
            );
        }
        Some(_) if says(error, "DB index") || says(error, "switch database") => {
            return unfit("it has no database of that number: write /0 after the host");
        }
        Some(_) => "see the log of Redis",
        None => match error.kind() {
            ErrorKind::AuthenticationFailed => return unfit(PASSWORD),
            ErrorKind::MasterNameNotFoundBySentinel => {
                return unfit("name the master as `sentinel monitor NAME …` does");
            }
            ErrorKind::Io if says(error, "certificate") => return unfit(CERTIFICATE),
            ErrorKind::Client | ErrorKind::InvalidClientConfig => return unfit(CERTIFICATE),
            _ => "see whether Redis runs and can be reached; workers try again by themselves",
        },
    };
    LedgerError::Unavailable(format!("{name}: {error}; hint: {hint}"))
}

const PASSWORD: &str = "set ENLIST_REDIS_PASSWORD or ENLIST_REDIS_PASSWORD_FILE, and the user in the address if it \
                        is not `default`";

const CERTIFICATE: &str =
    "name the authority of Redis's certificate with ?ca=FILE, and call Redis by a name in it";

fn says(error: &RedisError, words: &str) -> bool {
    error
        .to_string()
        .to_ascii_lowercase()
        .contains(&words.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> RedisError {
        redis::parse_redis_value(format!("-{text}\r\n").as_bytes())
            .unwrap()
            .extract_error()
            .unwrap_err()
    }

    #[test]
    fn what_the_server_says() {
        use Fate::{Elsewhere, Keep, Reopen};
        let old = "ERR Error running script (call to f_c85c): @user_script:1: @user_script: 1: -";
        let table = [
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                Keep,
                "not answer",
                "maxmemory",
            ),
            (
                &format!("{old}OOM command not allowed"),
                Keep,
                "not answer",
                "maxmemory",
            ),
            (
                "READONLY You can't write against a read only replica.",
                Elsewhere,
                "not answer",
                "replica",
            ),
            (
                &format!("{old}READONLY You can't write"),
                Elsewhere,
                "not answer",
                "redis+sentinel",
            ),
            (
                "MOVED 3999 127.0.0.1:6381",
                Elsewhere,
                "cannot be used",
                "redis+cluster://",
            ),
            ("ASK 3999 127.0.0.1:6381", Keep, "not answer", "try again"),
            ("TRYAGAIN Multiple keys request", Keep, "not answer", "try again"),
            (
                "LOADING Redis is loading the dataset in memory",
                Reopen,
                "not answer",
                "started",
            ),
            (
                "MASTERDOWN Link with MASTER is down",
                Reopen,
                "not answer",
                "try again",
            ),
            (
                "CLUSTERDOWN The cluster is down",
                Reopen,
                "not answer",
                "try again",
            ),
            (
                "NOREPLICAS Not enough good replicas to write.",
                Reopen,
                "not answer",
                "try again",
            ),
            (
                "BUSY Redis is busy running a script",
                Keep,
                "not answer",
                "try again",
            ),
            (
                "MISCONF Redis is configured to save RDB snapshots",
                Keep,
                "not answer",
                "disk",
            ),
            (
                "WRONGTYPE Operation against a key",
                Keep,
                "unreadable",
                "another program",
            ),
            (
                "NOAUTH Authentication required.",
                Reopen,
                "cannot be used",
                "ENLIST_REDIS_PASSWORD",
            ),
            (
                "WRONGPASS invalid username-password pair",
                Keep,
                "cannot be used",
                "ENLIST_REDIS_PASSWORD",
            ),
            (
                "NOPERM this user has no permissions",
                Keep,
                "cannot be used",
                "operations.md",
            ),
            ("ERR unknown command 'EVALSHA'", Keep, "cannot be used", "6.2"),
            ("ERR DB index is out of range", Keep, "cannot be used", "/0"),
            (
                "ERR Script attempted to access a non local key in a cluster node",
                Keep,
                "not answer",
                "stop the workers",
            ),
            ("ERR something else", Keep, "not answer", "log of Redis"),
            ("ODD one of a module", Keep, "not answer", "log of Redis"),
        ];
        for (text, becomes, kind, hint) in table {
            let error = said(text);
            assert_eq!(fate(&error), becomes, "{text}");
            let told = trouble("redis://h", &error).to_string();
            let (message, hinted) = told.split_once("; hint: ").unwrap();
            assert!(message.contains(kind) && message.contains("redis://h"), "{told}");
            assert!(hinted.contains(hint), "{told}");
        }
        let told = trouble("redis://h", &said("FORMAT 7")).to_string();
        assert!(told.contains("has format 7") && told.contains("hint: "), "{told}");
        let told = trouble("redis+cluster://h", &said("MOVED 3999 h:1")).to_string();
        assert!(told.contains("hint: the cluster is moving"), "{told}");
        assert!(is_unknown_script(&said("NOSCRIPT No matching script.")));
    }

    #[test]
    fn what_the_line_does() {
        let io = |kind: io::ErrorKind, text: &str| RedisError::from(io::Error::new(kind, text.to_owned()));
        let certificate = io(
            io::ErrorKind::InvalidData,
            "invalid peer certificate: UnknownIssuer",
        );
        let table = [
            (silence(), Fate::Reopen, "not answer", "can be reached"),
            (
                io(io::ErrorKind::ConnectionRefused, "refused"),
                Fate::Reopen,
                "not answer",
                "can be reached",
            ),
            (
                io(io::ErrorKind::BrokenPipe, "broken pipe"),
                Fate::Reopen,
                "not answer",
                "can be reached",
            ),
            (
                io(io::ErrorKind::UnexpectedEof, "eof"),
                Fate::Reopen,
                "not answer",
                "can be reached",
            ),
            (certificate, Fate::Reopen, "cannot be used", "?ca=FILE"),
            (
                RedisError::from((ErrorKind::AuthenticationFailed, "no")),
                Fate::Reopen,
                "cannot be used",
                "ENLIST_REDIS_PASSWORD",
            ),
            (
                RedisError::from((ErrorKind::Parse, "no RESP")),
                Fate::Reopen,
                "not answer",
                "can be reached",
            ),
            (
                RedisError::from((ErrorKind::MasterNameNotFoundBySentinel, "no")),
                Fate::Keep,
                "cannot be used",
                "sentinel monitor",
            ),
            (
                RedisError::from((ErrorKind::InvalidClientConfig, "no")),
                Fate::Keep,
                "cannot be used",
                "?ca=FILE",
            ),
        ];
        for (error, becomes, kind, hint) in table {
            assert_eq!(fate(&error), becomes, "{error}");
            let told = trouble("redis://h", &error).to_string();
            assert!(told.contains(kind) && told.contains(hint), "{told}");
        }
    }
}
