//! Reads an address of a ledger in Redis. No error repeats what may hold a password.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Host;

use super::{HostPort, LEDGER, RedisAddress, RedisPlace, TlsFiles};
use crate::config::finding::did_you_mean;

/// Seeds of a cluster, or sentinels, that one address may name.
const SEEDS_MAX: usize = 16;

/// The longest name of a ledger or of a sentinels' master.
const NAME_CHARS_MAX: usize = 64;

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// What is wrong with an address, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

fn wrong<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong {
        message: message.into(),
        hint: hint.into(),
    })
}

/// What such an address begins with.
pub(in crate::config) const SCHEMES: [&str; 8] = [
    "redis",
    "rediss",
    "redis+unix",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Server,
    Socket,
    Sentinels,
    Cluster,
}

impl RedisAddress {
    /// Reads an address, and the password in it if there is one.
    pub fn parse(text: &str) -> Result<(Self, Option<SecretString>), Wrong> {
        let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
        let (tls, kind) = match scheme {
            "redis" => (false, Kind::Server),
            "rediss" => (true, Kind::Server),
            "redis+unix" | "unix" => (false, Kind::Socket),
            "redis+sentinel" => (false, Kind::Sentinels),
            "rediss+sentinel" => (true, Kind::Sentinels),
            "redis+cluster" => (false, Kind::Cluster),
            "rediss+cluster" => (true, Kind::Cluster),
            _ => {
                return wrong(
                    "is not an address of Redis",
                    "write redis://HOST:PORT/0?ledger=NAME",
                );
            }
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            // unix:/path
            None if kind == Kind::Socket => ("", rest),
            None => return wrong("names no host", format!("write {scheme}://HOST:PORT")),
        };
        if kind != Kind::Socket && path.contains('@') {
            return wrong(
                "has an @ after its first /",
                "write / and other special characters of a password as %XX",
            );
        }
        let (who, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        let user = Some(decoded(user)?).filter(|user| !user.is_empty());
        let password = Some(decoded(password)?).filter(|password| !password.is_empty());
        let query = Query::read(query, kind, tls)?;

        let (place, db) = match kind {
            Kind::Socket => (socket(hosts, path)?, query.db.unwrap_or(0)),
            Kind::Server => {
                let mut seeds = seeds(hosts, PORT)?.into_iter();
                match (seeds.next(), seeds.next()) {
                    (Some(only), None) => (RedisPlace::Server(only), number(path)?),
                    _ => {
                        let hint = "write redis+sentinel:// or redis+cluster:// if it is one";
                        return wrong("names more than one host", hint);
                    }
                }
            }
            Kind::Sentinels => {
                let seeds = seeds(hosts, SENTINEL_PORT)?;
                let path = path.trim_start_matches('/');
                let (master, db) = path.split_once('/').unwrap_or((path, ""));
                let master = master_name(master)?;
                (RedisPlace::Sentinels { seeds, master }, number(db)?)
            }
            Kind::Cluster => {
                if number(path)? != 0 {
                    return wrong("names a database", "a cluster has none but 0");
                }
                (RedisPlace::Cluster(seeds(hosts, PORT)?), 0)
            }
        };
        let address = Self {
            place,
            user,
            db,
            tls: tls.then_some(query.tls),
            ledger: query.ledger,
        };
        Ok((address, password.map(SecretString::from)))
    }
}

/// What follows the `?`.
struct Query {
    ledger: String,
    db: Option<u16>,
    tls: TlsFiles,
}

impl Query {
    fn read(query: &str, kind: Kind, tls: bool) -> Result<Self, Wrong> {
        let mut read = Self {
            ledger: LEDGER.to_owned(),
            db: None,
            tls: TlsFiles::default(),
        };
        let mut known = vec!["ledger"];
        if kind == Kind::Socket {
            known.push("db");
        }
        if tls {
            known.extend(["ca", "cert", "key"]);
        }
        let (mut cert, mut key) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value)?;
            match name {
                _ if !known.contains(&name) => {
                    // The value of a `pass=` is not for showing.
                    let hint = did_you_mean(name, &known);
                    return wrong(format!("does not know `{name}` after the `?`"), hint);
                }
                "ledger" => read.ledger = ledger_name(value)?,
                "db" => read.db = Some(number(&value)?),
                _ if value.is_empty() => return wrong(format!("`{name}` names no file"), ""),
                "ca" => read.tls.ca = Some(PathBuf::from(value)),
                "cert" => cert = Some(PathBuf::from(value)),
                _ => key = Some(PathBuf::from(value)),
            }
        }
        read.tls.client = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => return wrong("has one of `cert` and `key`", "a certificate of ours needs both"),
        };
        Ok(read)
    }
}

fn decoded(text: &str) -> Result<String, Wrong> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.contains('\0') => Ok(text.into_owned()),
        _ => wrong(
            "holds %XX that is not UTF-8",
            "write each byte of a special character as %XX",
        ),
    }
}

fn ledger_name(name: String) -> Result<String, Wrong> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(fits) {
        let hint = format!("a ledger's name is 1 to {NAME_CHARS_MAX} of a-z 0-9 - _");
        return wrong(format!("names no ledger: {name:?}"), hint);
    }
    Ok(name)
}

fn master_name(name: &str) -> Result<String, Wrong> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(fits) {
        return wrong(
            "names no master",
            "write redis+sentinel://HOST:26379/mymaster/0, with the name that the sentinels watch it by",
        );
    }
    Ok(name.to_owned())
}

/// `/3` or `3`; nothing is 0.
fn number(path: &str) -> Result<u16, Wrong> {
    let digits = path.strip_prefix('/').unwrap_or(path);
    if digits.is_empty() {
        return Ok(0);
    }
    match digits.parse() {
        Ok(number) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        _ => wrong("the database is not a number", "write /0 after the host"),
    }
}

fn socket(hosts: &str, path: &str) -> Result<RedisPlace, Wrong> {
    let path = decoded(path)?;
    // `///path` has an empty host, `//path` would make the first folder one.
    if !hosts.is_empty() || !path.starts_with('/') || path.ends_with('/') {
        return wrong(
            "names no socket",
            "write redis+unix:///run/redis/redis.sock, with the whole path",
        );
    }
    Ok(RedisPlace::Socket(PathBuf::from(path)))
}

fn seeds(hosts: &str, port: u16) -> Result<Vec<HostPort>, Wrong> {
    let seeds: Result<Vec<HostPort>, Wrong> = hosts.split(',').map(|text| host_port(text, port)).collect();
    let seeds = seeds?;
    if seeds.len() > SEEDS_MAX {
        return wrong(
            format!("names more than {SEEDS_MAX} hosts"),
            "a few are enough: they know the others",
        );
    }
    Ok(seeds)
}

fn host_port(text: &str, port: u16) -> Result<HostPort, Wrong> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, digits)) if !digits.contains(']') => match digits.parse() {
            Ok(port) if port > 0 => (host, port),
            _ => return wrong("the port is not a number from 1 to 65535", "write HOST:PORT"),
        },
        _ => (text, port),
    };
    match Host::parse(host) {
        Ok(Host::Ipv6(address)) => Ok(HostPort {
            host: address.to_string(),
            port,
        }),
        Ok(host) => Ok(HostPort {
            host: host.to_string(),
            port,
        }),
        // What stands there may be a piece of a password, and is not shown.
        Err(_) => wrong("names no host", "write HOST:PORT, an IPv6 address in [ ]"),
    }
}
