//! What the settings of all stand-ins have in common: how they are changed, and how long something takes to settle.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::span;

/// `settings` with those that `changes` names changed: objects are merged, all else is replaced.
///
/// # Errors
///
/// A name or a value that does not fit, or what `check` says.
pub(super) fn changed<S: Serialize + DeserializeOwned>(
    settings: &S,
    changes: &Value,
    check: impl FnOnce(&S) -> Result<(), String>,
) -> Result<S, String> {
    let mut all = serde_json::to_value(settings).map_err(|error| error.to_string())?;
    merge(&mut all, changes);
    let settings: S = serde_json::from_value(all).map_err(|error| error.to_string())?;
    check(&settings)?;
    Ok(settings)
}

fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(into.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
        (into, change) => into.clone_from(change),
    }
}

/// How long a new account waits. Written `at-once`, `never`, `2s` or `1s..3s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Settle {
    /// The answer to the create shows the settled status.
    AtOnce,
    /// For ever.
    Never,
    /// A span between the two, drawn for each account.
    Between(Duration, Duration),
}

impl FromStr for Settle {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "at-once" => return Ok(Self::AtOnce),
            "never" => return Ok(Self::Never),
            _ => {}
        }
        let (min, max) = text.split_once("..").unwrap_or((text, text));
        let (min, max) = (span::parse(min)?, span::parse(max)?);
        if min > max {
            return Err(format!("{text:?} ends before it begins"));
        }
        Ok(Self::Between(min, max))
    }
}

impl fmt::Display for Settle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtOnce => f.write_str("at-once"),
            Self::Never => f.write_str("never"),
            Self::Between(min, max) => write!(f, "{}..{}", span::show(*min), span::show(*max)),
        }
    }
}

impl TryFrom<String> for Settle {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Settle> for String {
    fn from(settle: Settle) -> Self {
        settle.to_string()
    }
}
