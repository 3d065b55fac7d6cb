//! What the Metallic stand-in can be told: every knob of providers.md 7.4, and every fact of section 4 that is not
//! public.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::simulator::fault::{self, Fault, Faults};
use crate::simulator::limiter::{self, Window};
use crate::simulator::settings::{self, Settle};
use crate::simulator::span;

use super::Call;
use super::accounts::Unique;

/// The faults that this provider can show.
pub const FAULTS: [Fault; 12] = [
    Fault::DroppedBeforeCommit,
    Fault::DroppedAfterCommit,
    Fault::Unavailable503,
    Fault::Throttled429,
    Fault::Truncated,
    Fault::Gateway504AfterCommit,
    Fault::Html502,
    Fault::Slow,
    Fault::Hang,
    Fault::ClosedIdle,
    Fault::Error500,
    Fault::Error500AfterCommit,
];

/// What the stand-in can be told, at start and, through `POST /_simulator/settings`, at any time after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetallicSettings {
    /// The user name that is known. Not looked at with `any_credentials`.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Take every user name with every password.
    pub any_credentials: bool,
    /// `false` takes the service principal away: 401 for every password and every token until it is `true` again.
    pub credentials_valid: bool,
    /// How long a token is good for. Not public.
    #[serde(with = "span")]
    pub token_lifetime: Duration,
    /// Put the token into `data.data`, as the schema has it, and not into `data`.
    pub token_nested: bool,

    /// Where resellers are created. Not public.
    pub path: String,
    /// Offer `/api/v1/partner/partners` too (providers.md 4.6).
    pub partners: bool,
    /// How long a new partner is `provisioning`. A reseller is active at once.
    pub settle: Settle,
    /// Answer a create with 200 in place of 201.
    pub created_as_200: bool,
    /// Show ids in capitals when they are asked for.
    pub upper_case_ids: bool,

    /// The fields that are unique.
    pub unique: BTreeSet<Unique>,
    /// Whether names and emails that differ in case alone are the same. Not public.
    pub ignore_case: bool,
    /// Whether `workloadAccess` is required: the schema says so, the table does not.
    pub workload_access_required: bool,
    /// How an error names a field of a contact. Not public but for `email`.
    pub field_names: FieldNames,
    /// The longest text of a field, in characters. Not public.
    pub field_chars_max: usize,
    /// Refuse every create that the service executes, naming this field.
    pub reject_all: Option<String>,
    /// The most accounts that are kept; above that, creates get a 503.
    pub accounts_max: usize,

    /// The limits of writes, for all callers together: they are one tenant. Empty: none.
    pub write_windows: Vec<Window>,
    /// The limits of reads.
    pub read_windows: Vec<Window>,
    /// Whether a call that fails counts. Not public.
    pub failed_calls_count: bool,
    /// Whether asking for a token counts as a write. Not public.
    pub authenticate_counts: bool,
    /// How `X-RateLimit-Period` writes a span. Not public.
    pub period: PeriodForm,

    /// Shares of calls that go wrong.
    pub faults: Faults,
    /// The calls that `faults` may strike.
    pub fault_on: BTreeSet<Call>,
    /// The shortest delay of a slow call.
    #[serde(with = "span")]
    pub slow_min: Duration,
    /// The longest delay of a slow call.
    #[serde(with = "span")]
    pub slow_max: Duration,
    /// How long a hanging connection stays open.
    #[serde(with = "span")]
    pub hang: Duration,
}

impl Default for MetallicSettings {
    fn default() -> Self {
        let hour = |calls| Window {
            soft: calls,
            hard: calls,
            per: Duration::from_secs(60 * 60),
        };
        Self {
            username: "simulator".to_owned(),
            password: "simulator".to_owned(),
            any_credentials: true,
            credentials_valid: true,
            token_lifetime: Duration::from_secs(30 * 60),
            token_nested: false,
            path: "/api/v1/partner/resellers".to_owned(),
            partners: false,
            settle: Settle::Between(Duration::from_secs(1), Duration::from_secs(3)),
            created_as_200: false,
            upper_case_ids: true,
            unique: Unique::ALL.into(),
            ignore_case: true,
            workload_access_required: true,
            field_names: FieldNames::Short,
            field_chars_max: 255,
            reject_all: None,
            accounts_max: 250_000,
            write_windows: vec![hour(100)],
            read_windows: vec![hour(1_000)],
            failed_calls_count: true,
            authenticate_counts: false,
            period: PeriodForm::Seconds,
            faults: Faults::new(),
            fault_on: [Call::Create].into(),
            slow_min: Duration::from_secs(1),
            slow_max: Duration::from_secs(5),
            hang: Duration::from_secs(10 * 60),
        }
    }
}

impl MetallicSettings {
    /// Whether the shares are shares, the spans are in order, and the path is one.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        fault::check(&self.faults, &FAULTS)?;
        limiter::check_hard(self.write_windows.iter().chain(&self.read_windows))?;
        if self.slow_min > self.slow_max {
            return Err("slow_min is longer than slow_max".to_owned());
        }
        let fits = self.path.starts_with('/') && !self.path.ends_with('/') && !self.path.contains(['?', '#']);
        if !fits || self.path.starts_with("/_simulator") {
            return Err(format!(
                "{:?} is not a path\n  hint: write /api/v1/partner/resellers",
                self.path
            ));
        }
        Ok(())
    }

    /// These settings with those that `changes` names changed: objects are merged, all else is replaced.
    ///
    /// # Errors
    ///
    /// A name or a value that does not fit, or settings that [`MetallicSettings::check`] refuses.
    pub fn changed(&self, changes: &Value) -> Result<Self, String> {
        settings::changed(self, changes, Self::check)
    }
}

/// How an error names a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum FieldNames {
    /// `email`, as the sample has it.
    Short,
    /// `contacts[0].email`.
    Path,
}

/// How a span is written in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PeriodForm {
    /// `3600`.
    Seconds,
    /// `3600000`.
    Milliseconds,
    /// `60`, rounded up.
    Minutes,
    /// `1h`.
    Text,
}

impl PeriodForm {
    pub(super) fn write(self, span: Duration) -> String {
        let ms = span.as_millis();
        match self {
            Self::Milliseconds => ms.to_string(),
            Self::Seconds => ms.div_ceil(1_000).to_string(),
            Self::Minutes => ms.div_ceil(60_000).to_string(),
            Self::Text => span::show(span).replace(' ', ""),
        }
    }
}
