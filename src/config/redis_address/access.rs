//! Everything it takes to be let in: the address, and from the environment the passwords and the files it names.

use std::path::Path;
use std::str::FromStr;

use secrecy::SecretString;

use super::{RedisAddress, RedisPlace};
use crate::config::env::{Env, secret_if_any};
use crate::config::place::{LEDGER_VARIABLE, LedgerAddress};
use crate::config::{ConfigError, Finding};

const PASSWORD: &str = "ENLIST_REDIS_PASSWORD";
const SENTINEL_PASSWORD: &str = "ENLIST_REDIS_SENTINEL_PASSWORD";

/// A certificate's or key's file may be this long.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Everything it takes to use a ledger in Redis. Debug output shows no secret.
#[derive(Clone, Debug)]
pub struct RedisAccess {
    /// Where it is.
    pub address: RedisAddress,
    /// The user's password.
    pub password: Option<SecretString>,
    /// The sentinels' password, if they ask for one.
    pub sentinel_password: Option<SecretString>,
    /// The certificates of the only authority that is trusted, PEM; `None` trusts those that the system does.
    pub ca: Option<Vec<u8>>,
    /// Our own certificate and its key, PEM.
    pub client: Option<(Vec<u8>, SecretString)>,
}

impl FromStr for RedisAccess {
    type Err = ConfigError;

    /// Access to a server that asks for no password.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.parse()? {
            LedgerAddress::Redis(address) => Self::of(&address, &|_| None),
            LedgerAddress::Sqlite(_) => Err(ConfigError::one(
                "--ledger",
                "is no ledger in Redis",
                "write redis://HOST:PORT/0?ledger=NAME",
            )),
        }
    }
}

impl From<RedisAddress> for RedisAccess {
    /// Access to a server that asks for nothing.
    fn from(address: RedisAddress) -> Self {
        Self {
            address,
            password: None,
            sentinel_password: None,
            ca: None,
            client: None,
        }
    }
}

impl RedisAccess {
    /// Gathers what `address` needs: passwords from `ENLIST_REDIS_PASSWORD` and `ENLIST_REDIS_SENTINEL_PASSWORD` (or
    /// `…_FILE`), or the one in `ENLIST_LEDGER` if that holds the same address; and the files of the address. All that
    /// is missing or wrong at once.
    pub fn of(address: &RedisAddress, env: Env<'_>) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let mut access = Self::from(address.clone());
        access.password = take(secret_if_any(PASSWORD, env), &mut faults).flatten();
        if let Some(inside) = password_in_variable(address, env) {
            if access.password.is_some() {
                let message = format!("the address holds a password, and {PASSWORD} another");
                faults.push(fault(
                    LEDGER_VARIABLE,
                    message,
                    "take the one that is out of date away",
                ));
            }
            access.password = Some(inside);
        }
        if let Some(user) = address
            .user()
            .filter(|_| access.password.is_none() && faults.is_empty())
        {
            let message = format!("the user {user} needs a password");
            let hint = format!("export {PASSWORD}=…, or {PASSWORD}_FILE=PATH of a file that holds it");
            faults.push(fault("environment", message, hint));
        }
        if matches!(address.place(), RedisPlace::Sentinels { .. }) {
            access.sentinel_password = take(secret_if_any(SENTINEL_PASSWORD, env), &mut faults).flatten();
        }
        if let Some(files) = address.tls() {
            access.ca = files
                .ca
                .as_deref()
                .and_then(|path| take(read("ca", path), &mut faults));
            access.client = files.client.as_ref().and_then(|(cert, key)| {
                let cert = take(read("cert", cert), &mut faults);
                let key = take(read("key", key), &mut faults);
                Some((
                    cert?,
                    SecretString::from(String::from_utf8_lossy(&key?).into_owned()),
                ))
            });
        }
        match faults.is_empty() {
            true => Ok(access),
            false => Err(ConfigError { faults }),
        }
    }
}

fn password_in_variable(address: &RedisAddress, env: Env<'_>) -> Option<SecretString> {
    let text = env(LEDGER_VARIABLE)?;
    match LedgerAddress::read(LEDGER_VARIABLE, &text) {
        Ok((LedgerAddress::Redis(known), password)) if known == *address => password,
        _ => None,
    }
}

fn fault(at: &str, message: String, hint: impl Into<String>) -> Finding {
    Finding {
        at: at.to_owned(),
        message,
        hint: hint.into(),
        ..Finding::default()
    }
}

fn take<T>(found: Result<T, ConfigError>, faults: &mut Vec<Finding>) -> Option<T> {
    found.map_err(|error| faults.extend(error.faults)).ok()
}

fn read(what: &str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    let refuse = |message: String| {
        let hint = "name a file of certificates in PEM form that can be read";
        Err(fault("address", message, hint).into())
    };
    match read {
        Ok(_) if bytes.windows(5).any(|five| five == b"-----") => Ok(bytes),
        Ok(_) => refuse(format!("{what}={}: is not in PEM form", path.display())),
        Err(error) => refuse(format!("{what}={}: cannot be read: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn of(address: &str, pairs: &[(&str, &str)]) -> Result<RedisAccess, String> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        let env = move |name: &str| {
            let (_, value) = pairs.iter().find(|(known, _)| known == name)?;
            Some(value.clone())
        };
        let (address, _) = RedisAddress::parse(address).unwrap();
        RedisAccess::of(&address, &env).map_err(|error| error.to_string())
    }

    fn shown(secret: Option<&SecretString>) -> Option<&str> {
        secret.map(SecretString::expose_secret)
    }

    #[test]
    fn passwords_come_from_where_nobody_sees_them() {
        let plain = of("redis://h", &[]).unwrap();
        assert!(plain.password.is_none() && plain.sentinel_password.is_none());

        let own = of("redis://me@h", &[(PASSWORD, "s3cret")]).unwrap();
        assert_eq!(shown(own.password.as_ref()), Some("s3cret"));
        assert!(!format!("{own:?}").contains("s3cret"));

        let both = [(PASSWORD, "a"), (SENTINEL_PASSWORD, "b")];
        let sentinels = of("redis+sentinel://h/m", &both).unwrap();
        assert_eq!(shown(sentinels.password.as_ref()), Some("a"));
        assert_eq!(shown(sentinels.sentinel_password.as_ref()), Some("b"));
        assert!(of("redis://h", &both).unwrap().sentinel_password.is_none());

        let inside = [(LEDGER_VARIABLE, "redis://me:s3cret@h")];
        let found = of("redis://me@h:6379/0", &inside).unwrap();
        assert_eq!(shown(found.password.as_ref()), Some("s3cret"));
        // It is nobody else's.
        assert!(of("redis://h", &inside).unwrap().password.is_none());
        let error = of("redis://me@h", &[inside[0], (PASSWORD, "0ther")]).unwrap_err();
        assert!(
            error.contains("ENLIST_LEDGER: ") && error.contains("hint: "),
            "{error}"
        );
        assert!(!error.contains("s3cret") && !error.contains("0ther"), "{error}");

        let error = of("redis://me@h", &[]).unwrap_err();
        assert!(error.contains("the user me needs a password"), "{error}");
    }

    #[test]
    fn a_text_is_access_to_a_server_that_asks_for_nothing() {
        let access: RedisAccess = "redis://h?ledger=x".parse().unwrap();
        assert_eq!(access.address.ledger(), "x");
        for text in [
            "redis://:s3cret@h",
            "redis://me@h",
            "x.sqlite",
            "rediss://h?ca=/none",
        ] {
            assert!(text.parse::<RedisAccess>().is_err(), "{text}");
        }
    }

    #[test]
    fn certificates_are_read_and_all_that_is_missing_is_told_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(path("pem"), "-----BEGIN CERTIFICATE-----").unwrap();
        std::fs::write(path("odd"), "no certificate").unwrap();
        let good = format!("rediss://h?ca={0}&cert={0}&key={0}", path("pem"));
        let access = of(&good, &[]).unwrap();
        assert!(access.ca.is_some() && access.client.is_some());
        assert!(!format!("{access:?}").contains("BEGIN"), "a key is a secret");

        let bad = format!(
            "rediss://h?ca={}&cert={}&key={}",
            path("none"),
            path("odd"),
            path("pem")
        );
        let error = of(&bad, &[]).unwrap_err();
        assert!(
            error.contains("ca=") && error.contains("cannot be read"),
            "{error}"
        );
        assert!(
            error.contains("cert=") && error.contains("not in PEM form"),
            "{error}"
        );
        assert!(!error.contains("key="), "{error}");
    }
}
