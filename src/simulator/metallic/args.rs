//! `enlist simulate metallic`: the settings as flags.

use std::time::Duration;

use clap::Args;

use crate::simulator::args::Common;
use crate::simulator::limiter::Window;
use crate::simulator::settings::Settle;
use crate::simulator::span;

use super::Call;
use super::accounts::Unique;
use super::settings::{FieldNames, MetallicSettings, PeriodForm};

/// Stand in for Metallic on a local address.
///
/// Point a job at it with connection.base_url=http://ADDRESS; tokens are at http://ADDRESS/api/v1/authenticate.
/// What happened is at http://ADDRESS/_simulator/ledger. Mind the limits: 100 writes an hour, unless told
/// otherwise here.
#[derive(Args, Clone, Debug)]
pub struct SimulateMetallic {
    #[command(flatten)]
    pub(crate) common: Common,

    /// Calls that faults strike: create, get, authenticate
    #[arg(long, value_name = "CALL", value_delimiter = ',', default_value = "create")]
    fault_on: Vec<Call>,
    /// Limit of writes; repeat for more
    #[arg(long = "write-limit", value_name = "CALLS/SPAN", default_value = "100/1h")]
    write_limits: Vec<Window>,
    /// Limit of reads; repeat for more
    #[arg(long = "read-limit", value_name = "CALLS/SPAN", default_value = "1000/1h")]
    read_limits: Vec<Window>,
    /// No limits
    #[arg(long, conflicts_with_all = ["write_limits", "read_limits"])]
    no_limit: bool,
    /// Do not count calls that fail
    #[arg(long)]
    forgive_failed: bool,
    /// Count asking for a token as a write
    #[arg(long)]
    authenticate_counts: bool,
    /// How X-RateLimit-Period writes a span
    #[arg(long, value_enum, default_value_t = PeriodForm::Seconds)]
    period: PeriodForm,

    /// Where resellers are created
    #[arg(long, value_name = "PATH", default_value = "/api/v1/partner/resellers")]
    path: String,
    /// Offer /api/v1/partner/partners too, whose accounts are provisioned in the background
    #[arg(long)]
    partners: bool,
    /// How long a partner is provisioned: at-once, never, 2s, 1s..3s
    #[arg(long, value_name = "SPAN", default_value = "1s..3s")]
    settle: Settle,
    /// Answer a create with 200 in place of 201
    #[arg(long)]
    created_as_200: bool,
    /// Show ids as they were given, not in capitals, when they are asked for
    #[arg(long)]
    keep_id_case: bool,

    /// Fields that are unique; without it all three
    #[arg(long, value_enum, value_delimiter = ',')]
    unique: Vec<Unique>,
    /// Names and emails that differ in case are different
    #[arg(long)]
    case_sensitive: bool,
    /// Take a create without workloadAccess
    #[arg(long)]
    workload_access_optional: bool,
    /// How an error names a field of a contact
    #[arg(long, value_enum, default_value_t = FieldNames::Short)]
    field_names: FieldNames,
    /// Refuse every create, naming this field
    #[arg(long, value_name = "FIELD")]
    reject_all: Option<String>,

    /// User name that is known; every one is, if none is named
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Its password, which is no secret: do not name a real one
    #[arg(long, value_name = "TEXT", default_value = "simulator", requires = "username")]
    password: String,
    /// How long a token is good for
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "30m")]
    token_lifetime: Duration,
    /// Put the token into data.data
    #[arg(long)]
    token_nested: bool,
}

impl SimulateMetallic {
    /// The settings that the flags say.
    ///
    /// # Errors
    ///
    /// Shares that come to more than 1, spans that are out of order, a path that is none.
    pub fn into_settings(self) -> Result<MetallicSettings, String> {
        let defaults = MetallicSettings::default();
        let limits = |named: Vec<Window>| if self.no_limit { Vec::new() } else { named };
        let settings = MetallicSettings {
            any_credentials: self.username.is_none(),
            username: self.username.unwrap_or(defaults.username),
            password: self.password,
            credentials_valid: defaults.credentials_valid,
            token_lifetime: self.token_lifetime,
            token_nested: self.token_nested,
            path: self.path,
            partners: self.partners,
            settle: self.settle,
            created_as_200: self.created_as_200,
            upper_case_ids: !self.keep_id_case,
            unique: if self.unique.is_empty() {
                defaults.unique
            } else {
                self.unique.into_iter().collect()
            },
            ignore_case: !self.case_sensitive,
            workload_access_required: !self.workload_access_optional,
            field_names: self.field_names,
            field_chars_max: defaults.field_chars_max,
            reject_all: self.reject_all,
            accounts_max: defaults.accounts_max,
            write_windows: limits(self.write_limits),
            read_windows: limits(self.read_limits),
            failed_calls_count: !self.forgive_failed,
            authenticate_counts: self.authenticate_counts,
            period: self.period,
            faults: self.common.faults(),
            fault_on: self.fault_on.into_iter().collect(),
            slow_min: self.common.slow.0,
            slow_max: self.common.slow.1,
            hang: self.common.hang,
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

    fn settings(flags: &str) -> Result<MetallicSettings, String> {
        parse::<SimulateMetallic>(flags)?.into_settings()
    }

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        assert_eq!(settings(""), Ok(MetallicSettings::default()));
    }

    #[test]
    fn flags_become_settings() {
        let some = settings(
            "--fault error_500_after_commit=0.05 --fault-on create,get --write-limit 5/1s --read-limit 50/1s \
             --unique externalId,name --partners --settle 1s..2s --username u --password p --token-lifetime 2s",
        )
        .unwrap();
        assert_eq!(some.faults, [(Fault::Error500AfterCommit, 0.05)].into());
        assert_eq!(some.fault_on, [Call::Create, Call::Get].into());
        assert_eq!(some.write_windows, ["5/1s".parse().unwrap()]);
        assert_eq!(some.read_windows, ["50/1s".parse().unwrap()]);
        assert_eq!(some.unique, [Unique::Name, Unique::ExternalId].into());
        assert!(some.partners && !some.any_credentials);
        let none = settings("--no-limit").unwrap();
        assert!(none.write_windows.is_empty() && none.read_windows.is_empty());
    }

    #[test]
    fn wrong_flags_are_refused() {
        for (flags, word) in [
            ("--fault empty_502=0.1", "not a fault of this simulator"),
            ("--slow 5s..1s", "slow_min"),
            ("--read-limit 5-9/1h", "hint: write 9/1h"),
            ("--fault-on list", "one of create"),
            ("--path resellers", "is not a path"),
            ("--path /_simulator", "is not a path"),
            ("--unique phone", "possible values"),
            ("--no-limit --write-limit 1/1s", "cannot be used"),
            ("--password abc", "--username"),
        ] {
            let error = settings(flags).unwrap_err();
            assert!(error.contains(word), "{flags}: {error}");
        }
    }
}
