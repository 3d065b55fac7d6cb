//! Where a ledger in Redis is: one server, a socket, sentinels, or a cluster.

mod access;
mod parse;

use std::fmt;
use std::path::{Path, PathBuf};

pub use access::RedisAccess;
pub(super) use parse::SCHEMES;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands as it is in a user's name, a path or a file's name; all else is written as `%XX`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// The ledger used when an address names none.
const LEDGER: &str = "enlist";

/// A ledger in Redis: where its server is found, as whom, and which of the server's ledgers. Holds no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisAddress {
    place: RedisPlace,
    user: Option<String>,
    db: u16,
    tls: Option<TlsFiles>,
    ledger: String,
}

/// How the server is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisPlace {
    /// It is this one.
    Server(HostPort),
    /// It is this one, on the same machine.
    Socket(PathBuf),
    /// These sentinels know it: the master of this name, whichever it is at the moment.
    Sentinels {
        /// Some of the sentinels, at least one.
        seeds: Vec<HostPort>,
        /// The name they know the master by.
        master: String,
    },
    /// One of a cluster's, and these know which: the one that has the ledger's slot.
    Cluster(Vec<HostPort>),
}

/// A host and a port. An IPv6 address stands without its brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Files for TLS beside the system's own; paths as given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the authority that alone is trusted, PEM; without it, those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, PEM, for a server that asks for one.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl RedisAddress {
    /// How the server is found.
    pub const fn place(&self) -> &RedisPlace {
        &self.place
    }

    /// The user; `None` is Redis's `default`.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The number of the database.
    pub const fn db(&self) -> u16 {
        self.db
    }

    /// Whether the line is encrypted, and what for that is read.
    pub const fn tls(&self) -> Option<&TlsFiles> {
        self.tls.as_ref()
    }

    /// The ledger's name among those of the same server: 1 to 64 of `a-z 0-9 - _`.
    pub fn ledger(&self) -> &str {
        &self.ledger
    }

    fn scheme(&self) -> &'static str {
        match (&self.place, self.tls.is_some()) {
            (RedisPlace::Server(_), false) => "redis",
            (RedisPlace::Server(_), true) => "rediss",
            (RedisPlace::Socket(_), _) => "redis+unix",
            (RedisPlace::Sentinels { .. }, false) => "redis+sentinel",
            (RedisPlace::Sentinels { .. }, true) => "rediss+sentinel",
            (RedisPlace::Cluster(_), false) => "redis+cluster",
            (RedisPlace::Cluster(_), true) => "rediss+cluster",
        }
    }
}

impl fmt::Display for RedisAddress {
    /// Reads back as the same address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        if let Some(user) = &self.user {
            write!(f, "{}@", utf8_percent_encode(user, PLAIN))?;
        }
        let mut asked = Vec::new();
        match &self.place {
            RedisPlace::Server(at) => write!(f, "{at}/{}", self.db)?,
            RedisPlace::Socket(path) => {
                write!(f, "{}", encoded(path))?;
                if self.db > 0 {
                    asked.push(format!("db={}", self.db));
                }
            }
            RedisPlace::Sentinels { seeds, master } => write!(f, "{}/{master}/{}", list(seeds), self.db)?,
            RedisPlace::Cluster(seeds) => write!(f, "{}", list(seeds))?,
        }
        if self.ledger != LEDGER {
            asked.push(format!("ledger={}", self.ledger));
        }
        if let Some(TlsFiles { ca, client }) = &self.tls {
            if let Some(ca) = ca {
                asked.push(format!("ca={}", encoded(ca)));
            }
            if let Some((cert, key)) = client {
                asked.push(format!("cert={}", encoded(cert)));
                asked.push(format!("key={}", encoded(key)));
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        write!(f, "?{}", asked.join("&"))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn list(seeds: &[HostPort]) -> String {
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    seeds.join(",")
}

fn encoded(path: &Path) -> String {
    utf8_percent_encode(&path.to_string_lossy(), PLAIN).to_string()
}

#[cfg(test)]
mod tests;
