//! Where things are kept when nobody says: the data directory, and the ledger's address.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::SecretString;

use super::env::Env;
use super::redis_address::SCHEMES;
use super::{ConfigError, RedisAddress};

/// Names the ledger when `--ledger` does not.
pub(super) const LEDGER_VARIABLE: &str = "ENLIST_LEDGER";

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

/// Which ledger: `sqlite:FILE`, `sqlite::memory:`, a path, or one in Redis (`redis://…`).
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

impl LedgerAddress {
    /// The ledger used when no flag names one: that of `ENLIST_LEDGER`, else one in the data directory. A password in
    /// it is left where it is, for [`RedisAccess::of`](super::RedisAccess::of).
    pub fn unnamed(data_dir: &Path, env: Env<'_>) -> Result<Self, ConfigError> {
        match env(LEDGER_VARIABLE).filter(|text| !text.trim().is_empty()) {
            Some(text) => Ok(Self::read(LEDGER_VARIABLE, &text)?.0),
            None => Ok(Self::default_in(data_dir)),
        }
    }

    /// Reads the address that stands in `at`, and the password in it.
    pub(super) fn read(at: &str, text: &str) -> Result<(Self, Option<SecretString>), ConfigError> {
        let text = text.trim();
        let refuse = |message: String| {
            let hint = "write sqlite:FILE, a file's path, or redis://HOST:PORT/0?ledger=NAME";
            ConfigError::one(at, message, hint)
        };
        let path = match text.split_once(':') {
            Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
            Some((scheme, _)) if SCHEMES.contains(&scheme) => {
                let (address, password) = RedisAddress::parse(text)
                    .map_err(|wrong| ConfigError::one(at, wrong.message, wrong.hint))?;
                return Ok((Self::Redis(address), password));
            }
            Some((scheme, rest)) if rest.starts_with("//") => {
                return Err(refuse(format!("there is no ledger behind {scheme}://")));
            }
            _ => text,
        };
        if path.is_empty() || path.ends_with('/') || path.contains('\0') {
            return Err(refuse("names no file".into()));
        }
        Ok((Self::Sqlite(path.into()), None))
    }
}

impl FromStr for LedgerAddress {
    type Err = ConfigError;

    /// Reads the value of `--ledger`, where no password may stand.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match Self::read("--ledger", text)? {
            (address, None) => Ok(address),
            (_, Some(_)) => Err(ConfigError::one(
                "--ledger",
                "holds a password, which every user of this machine can see with `ps`",
                "put it into ENLIST_REDIS_PASSWORD, or into the file that ENLIST_REDIS_PASSWORD_FILE names; \
                 ENLIST_LEDGER may hold the whole address",
            )),
        }
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
        for text in ["", "sqlite:", "dir/", "postgres://u:p@x"] {
            let error = text.parse::<LedgerAddress>().unwrap_err().to_string();
            assert!(error.contains("hint: write sqlite:FILE"), "{error}");
            assert!(!error.contains("u:p"), "{error}");
        }
        let address: LedgerAddress = "rediss://me@h?ledger=x".parse().unwrap();
        assert_eq!(address.to_string(), "rediss://me@h:6379/0?ledger=x");
        assert!(!address.is_memory());
        let error = "redis://h:x".parse::<LedgerAddress>().unwrap_err().to_string();
        assert!(error.starts_with("--ledger: the port is not a number"), "{error}");
    }

    #[test]
    fn a_password_may_stand_in_the_environment_alone() {
        let error = "redis://:s3cret@h"
            .parse::<LedgerAddress>()
            .unwrap_err()
            .to_string();
        assert!(error.contains("`ps`") && error.contains("hint: put it into ENLIST_REDIS_PASSWORD"));
        assert!(!error.contains("s3cret"), "{error}");

        let unnamed = |value: &'static str| {
            LedgerAddress::unnamed(Path::new("/data"), &move |name| {
                (name == "ENLIST_LEDGER").then(|| value.to_owned())
            })
        };
        assert_eq!(unnamed("").unwrap().to_string(), "sqlite:/data/ledger.sqlite");
        assert_eq!(unnamed("/x.sqlite").unwrap().to_string(), "sqlite:/x.sqlite");
        assert_eq!(
            unnamed("redis://me:s3cret@h").unwrap().to_string(),
            "redis://me@h:6379/0"
        );
        let error = unnamed("redis://me:s3cret@h:x").unwrap_err().to_string();
        assert!(
            error.starts_with("ENLIST_LEDGER: ") && !error.contains("s3cret"),
            "{error}"
        );
    }
}
