//! `enlist simulate adobe`: the settings as flags.

use std::time::Duration;

use clap::Args;

use crate::simulator::args::Common;
use crate::simulator::fault::parse_share;
use crate::simulator::limiter::Window;
use crate::simulator::settings::Settle;
use crate::simulator::span;

use super::Call;
use super::accounts::Status;
use super::settings::{AdobeSettings, GatewayShape, ListKey, NameMatch, OtherBody, RetryAfter, WhileRunning};

/// Stand in for Adobe VIP Marketplace on a local address.
///
/// Point a job at it with connection.base_url=http://ADDRESS and connection.token_url=http://ADDRESS/ims/token/v3.
/// What happened is at http://ADDRESS/_simulator/ledger.
#[derive(Args, Clone, Debug)]
pub struct SimulateAdobe {
    #[command(flatten)]
    pub(crate) common: Common,

    /// Calls that faults strike: create, update, get, list, token
    #[arg(long, value_name = "CALL", value_delimiter = ',', default_value = "create")]
    fault_on: Vec<Call>,
    /// Limit per API key, 200/1s, or 1000-1500/5s with a soft limit first; repeat for more
    #[arg(long = "limit", value_name = "CALLS/SPAN", default_value = "1000-1500/5s")]
    limits: Vec<Window>,
    /// No limits
    #[arg(long, conflicts_with = "limits")]
    no_limit: bool,
    /// Longest delay that a soft limit adds
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "500ms")]
    soft_delay: Duration,
    /// Whether a refusal says when to come again
    #[arg(long, value_enum, default_value_t = RetryAfter::Never)]
    retry_after: RetryAfter,

    /// How long an account stays pending: at-once, never, 2s, 1s..3s
    #[arg(long, value_name = "SPAN", default_value = "1s..3s")]
    settle: Settle,
    /// Share of accounts that settle to a status, 1004=0.01; the rest becomes 1000. Repeat for more; 1000=0 for none
    #[arg(long, value_name = "STATUS=SHARE", value_parser = parse_share::<Status>)]
    settle_as: Vec<(Status, f64)>,
    /// How long a get does not see a new account
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "0")]
    visible_after: Duration,
    /// By how much the list call lags behind
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "0")]
    list_lag: Duration,
    /// A distributor that exists; none named: every well-formed one. Repeat for more
    #[arg(long = "distributor", value_name = "ID")]
    distributors: Vec<String>,
    /// Refuse every create with this code
    #[arg(long, value_name = "CODE")]
    reject_all: Option<String>,
    /// Answer a create with 200 in place of 201
    #[arg(long)]
    created_as_200: bool,
    /// Put fields that are not documented into answers
    #[arg(long)]
    extra_fields: bool,
    /// Name of the array in the list call's answer
    #[arg(long, value_enum, default_value_t = ListKey::Accounts)]
    list_key: ListKey,
    /// How the list call compares a name without *
    #[arg(long, value_enum, default_value_t = NameMatch::Exact)]
    name_match: NameMatch,

    /// How long an answer is remembered under its correlation id
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "10d")]
    replay_memory: Duration,
    /// Forget answers with a 5xx code, so that the same correlation id is executed again
    #[arg(long)]
    forget_5xx: bool,
    /// What a known correlation id with another body gets
    #[arg(long, value_enum, default_value_t = OtherBody::Replay)]
    other_body: OtherBody,
    /// What a correlation id gets while its first call is still running
    #[arg(long, value_enum, default_value_t = WhileRunning::Busy)]
    while_running: WhileRunning,

    /// Client id that is known, and API key; every one is, if none is named
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Its secret, which is no secret: do not name a real one
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "simulator",
        requires = "client_id"
    )]
    client_secret: String,
    /// How long a token is good for
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "86399s")]
    token_lifetime: Duration,
    /// How the gateway words its refusals
    #[arg(long, value_enum, default_value_t = GatewayShape::Documented)]
    gateway_shape: GatewayShape,
}

impl SimulateAdobe {
    /// The settings that the flags say.
    ///
    /// # Errors
    ///
    /// Shares that come to more than 1, or spans that are out of order.
    pub fn into_settings(self) -> Result<AdobeSettings, String> {
        let defaults = AdobeSettings::default();
        let settings = AdobeSettings {
            any_credentials: self.client_id.is_none(),
            client_id: self.client_id.unwrap_or(defaults.client_id),
            client_secret: self.client_secret,
            token_lifetime: self.token_lifetime,
            gateway_shape: self.gateway_shape,
            replay_memory: self.replay_memory,
            store_5xx: !self.forget_5xx,
            other_body: self.other_body,
            while_running: self.while_running,
            settle: self.settle,
            settle_as: if self.settle_as.is_empty() {
                defaults.settle_as
            } else {
                self.settle_as.into_iter().collect()
            },
            visible_after: self.visible_after,
            list_lag: self.list_lag,
            distributors: self.distributors.into_iter().collect(),
            reject_all: self.reject_all,
            created_as_200: self.created_as_200,
            extra_fields: self.extra_fields,
            list_key: self.list_key,
            name_match: self.name_match,
            windows: if self.no_limit { Vec::new() } else { self.limits },
            soft_delay_max: self.soft_delay,
            retry_after: self.retry_after,
            faults: self.common.faults(),
            fault_on: self.fault_on.into_iter().collect(),
            slow_min: self.common.slow.0,
            slow_max: self.common.slow.1,
            hang: self.common.hang,
            ..defaults
        };
        settings.check()?;
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use crate::simulator::args::parse;
    use crate::simulator::fault::Fault;

    use super::*;

    fn settings(flags: &str) -> Result<AdobeSettings, String> {
        parse::<SimulateAdobe>(flags)?.into_settings()
    }

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        assert_eq!(settings(""), Ok(AdobeSettings::default()));
    }

    #[test]
    fn flags_become_settings() {
        let settings = settings(
            "--listen 127.0.0.1:0 --seed 7 --fault dropped_after_commit=0.05 --fault slow=0.1 --fault-on create,get \
             --limit 200/1s --settle 1s..3s --settle-as 1010=0.5 --state x --client-id abc --forget-5xx",
        )
        .unwrap();
        assert_eq!(
            settings.faults,
            [(Fault::DroppedAfterCommit, 0.05), (Fault::Slow, 0.1)].into()
        );
        assert_eq!(settings.fault_on, [Call::Create, Call::Get].into());
        assert_eq!(settings.windows, ["200/1s".parse().unwrap()]);
        assert_eq!(
            settings.settle,
            Settle::Between(Duration::from_secs(1), Duration::from_secs(3))
        );
        assert_eq!(settings.settle_as, [(Status::INVALID_ADDRESS, 0.5)].into());
        assert!(!settings.any_credentials && !settings.store_5xx);
    }

    #[test]
    fn wrong_flags_are_refused() {
        for flags in [
            "--fault dropped=0.1",
            "--fault empty_502=0.1",
            "--fault slow=0.6 --fault truncated=0.6",
            "--limit 200",
            "--settle soon",
            "--slow 5s..1s",
            "--fault-on ping",
            "--settle-as 99=0.1",
            "--client-secret abc",
        ] {
            assert!(settings(flags).is_err(), "{flags}");
        }
        assert_eq!(settings("--no-limit").unwrap().windows, []);
    }
}
