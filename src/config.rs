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
mod origin;
pub mod place;
pub mod providers;
mod ranges;
pub mod redis_address;
pub mod sections;
mod set;
pub mod span;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::policy::rate::Window;
use crate::domain::task::Action;

pub use access::{Access, SAMPLE_DISTRIBUTOR};
pub use file::{Listed, Loaded, jobs};
pub use finding::{ConfigError, Finding};
pub use given::Chosen;
pub use origin::{Sourced, Variable};
pub use place::{LedgerAddress, data_dir};
pub use providers::{LogicBoxes, Metallic, ProviderName};
pub use redis_address::{RedisAccess, RedisAddress};
pub use sections::{
    CallsOf, Connection, Limits, Poll, Report, Retention, Retry, Rules, SealWhat, Secrets, WindowLimit,
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
    /// What is asked for each row: `create`, at Adobe `update` too. Required.
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
    /// What only LogicBoxes has; absent in jobs of other providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logicboxes: Option<LogicBoxes>,
    /// What only Metallic has; absent in jobs of other providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metallic: Option<Metallic>,
}

impl Job {
    /// A job with every key at its provider's default.
    pub fn new(name: impl Into<String>, provider: ProviderName, operation: Action) -> Self {
        Self {
            name: name.into(),
            provider,
            operation,
            connection: Connection::of(provider),
            columns: BTreeMap::new(),
            rules: Rules::default(),
            limits: Limits::of(provider),
            retry: Retry::of(provider),
            poll: Poll::of(provider),
            report: Report::default(),
            retention: Retention::default(),
            secrets: Secrets::default(),
            logicboxes: (provider == ProviderName::LogicBoxes).then(LogicBoxes::default),
            metallic: (provider == ProviderName::Metallic).then(Metallic::default),
        }
    }

    /// The windows of the budget that count these calls, and no others.
    pub fn windows(&self, of: CallsOf) -> Vec<Window> {
        self.limits
            .windows
            .iter()
            .filter(|window| window.of == of)
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
