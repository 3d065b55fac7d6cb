//! What the Adobe stand-in can be told: every knob of providers.md 7.2, with the defaults of its table.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::simulator::fault::{self, Faults, check_shares};
use crate::simulator::limiter::Window;
use crate::simulator::settings::{self, Settle};
use crate::simulator::span;

use super::accounts::Status;
use super::{Call, FAULTS};

/// What the stand-in can be told, at start and, through `POST /_simulator/settings`, at any time after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdobeSettings {
    /// The client id that the token endpoint knows, and the API key. Not looked at with `any_credentials`.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Take every client id with every secret.
    pub any_credentials: bool,
    /// `false` revokes every API key: 403 `4115` until it is `true` again.
    pub api_key_valid: bool,
    /// How long a token is good for.
    #[serde(with = "span")]
    pub token_lifetime: Duration,
    /// How the gateway words its refusals.
    pub gateway_shape: GatewayShape,

    /// How long an answer is remembered under its correlation id (providers.md 2.4, I5).
    #[serde(with = "span")]
    pub replay_memory: Duration,
    /// Whether an answer of the service with a 5xx code is remembered too. Not documented.
    pub store_5xx: bool,
    /// What a known correlation id with another body gets. Not documented.
    pub other_body: OtherBody,
    /// What a correlation id gets while its first call is still running. Not documented for resellers.
    pub while_running: WhileRunning,

    /// How long a new account stays pending.
    pub settle: Settle,
    /// Shares of accounts, by the status code that they settle to; the rest settles to `1000`. `1002` is an
    /// account that never settles. Which account draws what depends on the seed and on its reference and
    /// company name alone.
    pub settle_as: BTreeMap<Status, f64>,
    /// How long a get of a new account answers 404 `1115`.
    #[serde(with = "span")]
    pub visible_after: Duration,
    /// By how much the list call lags behind.
    #[serde(with = "span")]
    pub list_lag: Duration,
    /// The distributors that exist; empty: every well-formed one.
    pub distributors: BTreeSet<String>,
    /// Refuse every create that the service executes with this code, `1117` for instance.
    pub reject_all: Option<String>,
    /// Answer a create with 200 in place of 201.
    pub created_as_200: bool,
    /// Put fields that are not documented into answers that show an account.
    pub extra_fields: bool,
    /// The name of the array in the list call's answer; the documentation has both.
    pub list_key: ListKey,
    /// How `company-name` without `*` compares. Not documented.
    pub name_match: NameMatch,
    /// The most accounts that are kept; above that, creates get a 503 of the gateway.
    pub accounts_max: usize,

    /// The limits, per API key. Empty: none.
    pub windows: Vec<Window>,
    /// The longest delay that a soft limit adds; each is drawn between 0 and this.
    #[serde(with = "span")]
    pub soft_delay_max: Duration,
    /// Send `Retry-After` with a 429 and with a fault's 503. Not documented.
    pub retry_after: RetryAfter,

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
    /// What `GET /v1/health` says.
    pub healthy: bool,
}

impl Default for AdobeSettings {
    fn default() -> Self {
        Self {
            client_id: "simulator".to_owned(),
            client_secret: "simulator".to_owned(),
            any_credentials: true,
            api_key_valid: true,
            token_lifetime: Duration::from_secs(86_399),
            gateway_shape: GatewayShape::Documented,
            replay_memory: Duration::from_secs(10 * 24 * 60 * 60),
            store_5xx: true,
            other_body: OtherBody::Replay,
            while_running: WhileRunning::Busy,
            settle: Settle::Between(Duration::from_secs(1), Duration::from_secs(3)),
            settle_as: [
                (Status::INACTIVE, 0.01),
                (Status::INVALID_ADDRESS, 0.01),
                (Status::BLOCKED, 0.01),
            ]
            .into(),
            visible_after: Duration::ZERO,
            list_lag: Duration::ZERO,
            distributors: BTreeSet::new(),
            reject_all: None,
            created_as_200: false,
            extra_fields: false,
            list_key: ListKey::Accounts,
            name_match: NameMatch::Exact,
            accounts_max: 1_000_000,
            windows: vec![Window {
                soft: 1_000,
                hard: 1_500,
                per: Duration::from_secs(5),
            }],
            soft_delay_max: Duration::from_millis(500),
            retry_after: RetryAfter::Never,
            faults: Faults::new(),
            fault_on: [Call::Create].into(),
            slow_min: Duration::from_secs(1),
            slow_max: Duration::from_secs(5),
            hang: Duration::from_secs(10 * 60),
            healthy: true,
        }
    }
}

impl AdobeSettings {
    /// Whether the shares are shares and the spans are in order.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        fault::check(&self.faults, &FAULTS)?;
        check_shares("settle_as", self.settle_as.values())?;
        if self.slow_min > self.slow_max {
            return Err("slow_min is longer than slow_max".to_owned());
        }
        if self.token_lifetime < Duration::from_secs(1) {
            return Err("token_lifetime is shorter than 1s, and expires_in is in whole seconds".to_owned());
        }
        Ok(())
    }

    /// These settings with those that `changes` names changed: objects are merged, all else is replaced.
    ///
    /// # Errors
    ///
    /// A name or a value that does not fit, or settings that [`AdobeSettings::check`] refuses.
    pub fn changed(&self, changes: &Value) -> Result<Self, String> {
        settings::changed(self, changes, Self::check)
    }
}

/// How the gateway words its refusals (providers.md 2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum GatewayShape {
    /// `{"code":"4116","message":…}`, as the error page has it.
    Documented,
    /// `{"error_code":"401013","message":…}`, as the gateway's own code has it.
    Gateway,
}

/// What a known correlation id with another body gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum OtherBody {
    /// The stored answer.
    Replay,
    /// 400 `4119`.
    Refuse,
}

/// What a correlation id gets while its first call is still running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum WhileRunning {
    /// 400 `4122`.
    Busy,
    /// The answer of the first call, when it is there.
    Wait,
    /// Executed a second time: a second account.
    RunTwice,
}

/// The name of the array in the list call's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ListKey {
    /// `accounts`, as the sample has it.
    Accounts,
    /// `resellers`, as the parameter table has it.
    Resellers,
}

/// How `company-name` without `*` compares with a name. With `*`, letters compare in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum NameMatch {
    /// The same, letter by letter.
    Exact,
    /// The same but for case.
    IgnoreCase,
    /// The name starts with it.
    Prefix,
}

/// Whether and how a refusal says when to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// No `Retry-After`.
    Never,
    /// In whole seconds.
    Seconds,
    /// As an HTTP date.
    Date,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_survive_json_and_unknown_ones_are_refused() {
        let settings = AdobeSettings::default();
        assert_eq!(settings.changed(&json!({})), Ok(settings.clone()));
        assert!(
            settings
                .changed(&json!({ "api_key_vaild": false }))
                .unwrap_err()
                .contains("api_key_vaild")
        );
        assert_eq!(settings.check(), Ok(()));
    }

    #[test]
    fn changes_are_merged_and_checked() {
        let settings = AdobeSettings::default();
        let changed = settings
            .changed(&json!({
                "api_key_valid": false,
                "faults": { "slow": 0.5 },
                "settle": "1s..2s",
                "settle_as": { "1099": 0.1 },
                "windows": ["20/1s"],
                "fault_on": ["create", "get"],
            }))
            .unwrap();
        assert!(!changed.api_key_valid);
        assert_eq!(changed.settle_as.len(), 4, "a map is added to");
        assert_eq!(changed.windows.len(), 1, "a list is replaced");
        let again = changed.changed(&json!({ "faults": { "truncated": 0.6 } }));
        assert!(again.unwrap_err().contains("more than 1"));
        for bad in [
            json!({ "settle": "3s..1s" }),
            json!({ "windows": ["x"] }),
            json!([1]),
            json!({ "hang": 5 }),
        ] {
            assert!(settings.changed(&bad).is_err(), "{bad}");
        }
    }
}
