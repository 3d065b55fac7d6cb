//! Where things are kept when nobody says: the data directory, and the ledger's address.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::ConfigError;
use super::env::Env;

/// The directory for what must outlive a run: `ENLIST_DATA_DIR`, else `enlist` in `XDG_DATA_HOME`, else
/// `.local/share/enlist` at home. Not made here.
pub fn data_dir(env: Env<'_>) -> Result<PathBuf, ConfigError> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // A relative XDG_DATA_HOME must be ignored by that specification.
    let shared = || {
        set("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .map(|path| path.join("enlist"))
    };
    let home = || set("HOME").map(|home| home.join(".local/share/enlist"));
    set("ENLIST_DATA_DIR")
        .or_else(shared)
        .or_else(home)
        .ok_or_else(|| {
            let message = "no place for the ledger: none of ENLIST_DATA_DIR, XDG_DATA_HOME, HOME is set";
            ConfigError::one(
                "environment",
                message,
                "export ENLIST_DATA_DIR=DIR, or name a ledger with --ledger sqlite:FILE",
            )
        })
}

/// A ledger in Redis: the server, and which of its ledgers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisAddress {
    url: String,
    ledger: String,
}

impl RedisAddress {
    /// The address as the client library takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The ledger's name among those of the same server; begins the names of all its keys.
    pub fn ledger(&self) -> &str {
        &self.ledger
    }
}

impl FromStr for RedisAddress {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (url, ledger) = match text.split_once("?ledger=") {
            Some((url, ledger)) => (url, ledger),
            None => (text, "enlist"),
        };
        Ok(Self {
            url: url.to_owned(),
            ledger: ledger.to_owned(),
        })
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}?ledger={}", self.url, self.ledger)
    }
}

/// Which ledger: `sqlite:FILE`, `sqlite::memory:`, a path, or one in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerAddress {
    /// A ledger in Redis, shared by many machines.
    Redis(RedisAddress),
    /// An embedded ledger in this file; the path `:memory:` is one that is gone with the process.
    Sqlite(PathBuf),
}

impl LedgerAddress {
    /// The ledger used when none is named.
    pub fn default_in(data_dir: &Path) -> Self {
        Self::Sqlite(data_dir.join("ledger.sqlite"))
    }

    /// Whether it is gone with the process.
    pub fn is_memory(&self) -> bool {
        matches!(self, Self::Sqlite(path) if path.as_os_str() == ":memory:")
    }
}

impl FromStr for LedgerAddress {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        let refuse =
            |message: String| ConfigError::one("--ledger", message, "write sqlite:FILE, or a file's path");
        let path = match text.split_once(':') {
            Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
            Some(("redis" | "rediss", _)) => return Ok(Self::Redis(text.parse()?)),
            Some((scheme, rest)) if rest.starts_with("//") => {
                return Err(refuse(format!("there is no ledger behind {scheme}://")));
            }
            _ => text,
        };
        if path.is_empty() || path.ends_with('/') || path.contains('\0') {
            return Err(refuse("names no file".into()));
        }
        Ok(Self::Sqlite(path.into()))
    }
}

impl fmt::Display for LedgerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redis(address) => address.fmt(f),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory() {
        let dir = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> =
                pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
            let env = move |name: &str| {
                pairs
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.clone())
            };
            data_dir(&env).map(|path| path.display().to_string())
        };
        let all = [
            ("ENLIST_DATA_DIR", "here"),
            ("XDG_DATA_HOME", "/x"),
            ("HOME", "/h"),
        ];
        assert_eq!(dir(&all).unwrap(), "here");
        assert_eq!(
            dir(&[("ENLIST_DATA_DIR", ""), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")]).unwrap(),
            "/x/enlist"
        );
        assert_eq!(
            dir(&[("XDG_DATA_HOME", "relative"), ("HOME", "/h")]).unwrap(),
            "/h/.local/share/enlist"
        );
        assert!(
            dir(&[])
                .unwrap_err()
                .to_string()
                .contains("hint: export ENLIST_DATA_DIR")
        );
    }

    #[test]
    fn ledger_addresses() {
        for (text, shown) in [
            ("sqlite:a/b.sqlite", "sqlite:a/b.sqlite"),
            ("sqlite:///tmp/x", "sqlite:/tmp/x"),
            ("/tmp/x y", "sqlite:/tmp/x y"),
            ("x.sqlite", "sqlite:x.sqlite"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            let address: LedgerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.is_memory(), text.ends_with(":memory:"));
        }
        for text in ["", "sqlite:", "dir/", "postgres://x"] {
            let error = text.parse::<LedgerAddress>().unwrap_err().to_string();
            assert!(error.contains("hint: write sqlite:FILE"), "{error}");
            assert!(!error.contains("u:p"), "{error}");
        }
    }
}
