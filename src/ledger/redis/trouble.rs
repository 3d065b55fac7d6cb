//! What goes wrong with Redis, in the ledger's words: later, or never.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::engine::ports::LedgerError;

/// The server does not know the script by its digest: it was restarted, or is another one.
pub(super) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// The error of a call to the Redis at `name`.
pub(super) fn trouble(name: &str, error: &RedisError) -> LedgerError {
    let hint = match error.code() {
        Some("OOM") => {
            "give Redis more memory (maxmemory), or let finished batches expire; nothing is lost meanwhile"
        }
        Some("READONLY") => "it is a replica; the new master is looked for",
        Some("LOADING" | "BUSY" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "NOREPLICAS") => {
            "it is tried again"
        }
        Some("MISCONF") => "Redis cannot save to its disk: see to it",
        Some("WRONGTYPE") => {
            return LedgerError::Corrupt(format!("{name}: {error}; hint: another program uses its keys"));
        }
        Some("NOAUTH" | "WRONGPASS" | "NOPERM") => {
            "set ENLIST_REDIS_PASSWORD or ENLIST_REDIS_PASSWORD_FILE, and the user in the address"
        }
        _ if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() => {
            "see whether Redis runs and can be reached; it is tried again"
        }
        _ => "see the log of Redis",
    };
    LedgerError::Unavailable(format!("{name}: {error}; hint: {hint}"))
}
