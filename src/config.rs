//! What a job file says, as small structs, one a concern, so that nobody has to guess a limit or where it comes from.
//!
//! A [`Job`] is read from TOML ([`Job::load`]), every key can be overridden (`--set key=value`), and all faults of
//! the result are told at once. Text in `[connection]` may hold `${NAME}` or `${NAME:-default}`; it is kept as
//! written, so that [`Job::to_toml`] can be stored with a batch, and filled in from the environment only when
//! somebody connects ([`Job::scope`], [`Job::access`]). Secrets never stand in a job file.
//!
//! `jobs/adobe-create.toml` shows every key with its default and the reason for it.

pub mod access;
mod check;
pub mod env;
pub mod file;
pub mod finding;
mod given;
pub mod place;
pub mod redis_address;
pub mod sections;
mod set;
pub mod span;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::policy::rate::Window;
use crate::domain::task::Action;

pub use access::{Access, SAMPLE_DISTRIBUTOR};
pub use file::{Listed, Loaded, jobs};
pub use finding::{ConfigError, Finding};
pub use place::{LedgerAddress, data_dir};
pub use redis_address::{RedisAccess, RedisAddress};
pub use sections::{
    Connection, Limits, Poll, Report, Retention, Retry, Rules, SealWhat, Secrets, WindowLimit,
};
pub use span::Span;

/// A job file: what is done to each row, where, and within which limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The job's name in messages, lists and reports. 1 to 64 of `a-z 0-9 -`. Required.
    pub name: String,
    /// The provider's name. Required.
    pub provider: ProviderName,
    /// What is asked for each row: `create`. Required.
    pub operation: Action,
    /// How the provider is reached.
    #[serde(default)]
    pub connection: Connection,
    /// The user's header → the column it means. Default: empty, the well-known headers are found by themselves.
    /// At most 1,000 entries.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// How strictly rows are checked.
    #[serde(default)]
    pub rules: Rules,
    /// How fast, and when to stop.
    #[serde(default)]
    pub limits: Limits,
    /// What happens after silence.
    #[serde(default)]
    pub retry: Retry,
    /// How settling is watched.
    #[serde(default)]
    pub poll: Poll,
    /// How the report is written.
    #[serde(default)]
    pub report: Report,
    /// How long a finished batch is kept.
    #[serde(default)]
    pub retention: Retention,
    /// What lies sealed in the ledger.
    #[serde(default)]
    pub secrets: Secrets,
}

/// The providers a job can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// Adobe VIP Marketplace (providers.md 2).
    Adobe,
}

impl ProviderName {
    /// The word in job files, scopes and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adobe => "adobe",
        }
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Job {
    /// A job with every limit at its default.
    pub fn new(name: impl Into<String>, provider: ProviderName, operation: Action) -> Self {
        Self {
            name: name.into(),
            provider,
            operation,
            connection: Connection::default(),
            columns: BTreeMap::new(),
            rules: Rules::default(),
            limits: Limits::default(),
            retry: Retry::default(),
            poll: Poll::default(),
            report: Report::default(),
            retention: Retention::default(),
            secrets: Secrets::default(),
        }
    }

    /// The windows of the budget.
    pub fn windows(&self) -> Vec<Window> {
        self.limits
            .windows
            .iter()
            .map(|window| Window {
                calls: window.calls,
                per: window.per.get(),
            })
            .collect()
    }

    /// The job as a file that reads back as the same job: overrides applied, `${NAME}` as written, no secrets.
    pub fn to_toml(&self) -> String {
        // A struct of texts, numbers, lists and tables always has a TOML form.
        toml::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
