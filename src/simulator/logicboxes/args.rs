//! `enlist simulate logicboxes`: the settings as flags.

use std::time::Duration;

use clap::Args;

use crate::simulator::args::Common;
use crate::simulator::limiter::Window;
use crate::simulator::settings::Settle;
use crate::simulator::span;

use super::Call;
use super::errors::ErrorShape;
use super::format::XmlShape;
use super::settings::{
    CredentialsIn, FieldRules, LimitBody, LogicBoxesSettings, SignupOption, Taken, TextMatch,
};

/// Stand in for LogicBoxes / ResellerClub on a local address.
///
/// Point a job at it with connection.base_url=http://ADDRESS/api. What happened is at
/// http://ADDRESS/_simulator/ledger. A sign-up waits until POST http://ADDRESS/_simulator/activate, unless told
/// otherwise here.
#[derive(Args, Clone, Debug)]
pub struct SimulateLogicBoxes {
    #[command(flatten)]
    pub(crate) common: Common,

    /// Calls that faults strike: signup, search, details, current_actions, archived_actions
    #[arg(long, value_name = "CALL", value_delimiter = ',', default_value = "signup")]
    fault_on: Vec<Call>,
    /// Limit per user id, 200/1s; repeat for more
    #[arg(long = "limit", value_name = "CALLS/SPAN")]
    limits: Vec<Window>,
    /// HTTP status code above a limit
    #[arg(long, value_name = "STATUS", default_value_t = 429)]
    limit_status: u16,
    /// Body above a limit
    #[arg(long, value_enum, default_value_t = LimitBody::Error)]
    limit_body: LimitBody,

    /// The parent's sign-up option
    #[arg(long, value_enum, default_value_t = SignupOption::Manual)]
    signup_option: SignupOption,
    /// How long a sign-up waits until somebody activates it: at-once, never, 2s, 1s..3s
    #[arg(long, value_name = "SPAN", default_value = "never")]
    settle: Settle,
    /// How long a sign-up may wait before it is deleted
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "90d")]
    delete_after: Duration,
    /// Keep the usernames of what was deleted taken
    #[arg(long)]
    keep_usernames: bool,
    /// Hide sign-ups that wait from search
    #[arg(long)]
    pending_invisible: bool,
    /// Status word of a sign-up that waits
    #[arg(long, value_name = "WORD", default_value = "InActive")]
    pending_word: String,
    /// How long search does not see a new account
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "0")]
    search_lag: Duration,
    /// How texts compare in search
    #[arg(long, value_enum, default_value_t = TextMatch::Partial)]
    text_match: TextMatch,
    /// How long a finished action stays among the current ones
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "0")]
    archive_after: Duration,

    /// How strictly parameters are checked
    #[arg(long, value_enum, default_value_t = FieldRules::Documented)]
    field_rules: FieldRules,
    /// Refuse every sign-up with this message
    #[arg(long, value_name = "MESSAGE")]
    reject_all: Option<String>,
    /// Shapes of refusals, one drawn for each; without it all but bare
    #[arg(long = "error-shape", value_enum, value_delimiter = ',')]
    error_shapes: Vec<ErrorShape>,
    /// HTTP status codes of refusals, one drawn for each; without it 500 and 200
    #[arg(long = "error-status", value_name = "STATUS", value_delimiter = ',')]
    error_statuses: Vec<u16>,
    /// How a username that is taken is refused
    #[arg(long, value_enum, default_value_t = Taken::Status)]
    taken: Taken,
    /// How XML is written
    #[arg(long, value_enum, default_value_t = XmlShape::Elements)]
    xml_shape: XmlShape,
    /// Write numbers in JSON as numbers
    #[arg(long)]
    json_numbers: bool,

    /// User id that is known; every number is, if none is named
    #[arg(long, value_name = "ID")]
    auth_userid: Option<String>,
    /// Its API key, which is no secret: do not name a real one
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "simulator",
        requires = "auth_userid"
    )]
    api_key: String,
    /// Where credentials are looked for
    #[arg(long, value_enum, default_value_t = CredentialsIn::Either)]
    credentials_in: CredentialsIn,
    /// Refuse every call: the address is not on the allow-list
    #[arg(long)]
    ip_unlisted: bool,
}

impl SimulateLogicBoxes {
    /// The settings that the flags say.
    ///
    /// # Errors
    ///
    /// Shares that come to more than 1, spans that are out of order, numbers that are no HTTP status codes.
    pub fn into_settings(self) -> Result<LogicBoxesSettings, String> {
        fn or<T>(named: Vec<T>, default: Vec<T>) -> Vec<T> {
            if named.is_empty() { default } else { named }
        }
        let defaults = LogicBoxesSettings::default();
        let settings = LogicBoxesSettings {
            any_credentials: self.auth_userid.is_none(),
            auth_userid: self.auth_userid.unwrap_or(defaults.auth_userid),
            api_key: self.api_key,
            credentials_in: self.credentials_in,
            ip_listed: !self.ip_unlisted,
            signup_option: self.signup_option,
            settle: self.settle,
            delete_after: self.delete_after,
            deleted_frees_username: !self.keep_usernames,
            pending_visible: !self.pending_invisible,
            pending_word: self.pending_word,
            search_lag: self.search_lag,
            text_match: self.text_match,
            archive_after: self.archive_after,
            field_rules: self.field_rules,
            reject_all: self.reject_all,
            error_shapes: or(self.error_shapes, defaults.error_shapes),
            error_statuses: or(self.error_statuses, defaults.error_statuses),
            taken: self.taken,
            xml_shape: self.xml_shape,
            numbers_as_text: !self.json_numbers,
            windows: self.limits,
            limit_status: self.limit_status,
            limit_body: self.limit_body,
            faults: self.common.faults(),
            fault_on: self.fault_on.into_iter().collect(),
            slow_min: self.common.slow.0,
            slow_max: self.common.slow.1,
            hang: self.common.hang,
            auth_status: defaults.auth_status,
            ip_status: defaults.ip_status,
            verb_status: defaults.verb_status,
            manual_word: defaults.manual_word,
            receipts_word: defaults.receipts_word,
            min_receipt: defaults.min_receipt,
            waiting_word: defaults.waiting_word,
            field_chars_max: defaults.field_chars_max,
            accounts_max: defaults.accounts_max,
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

    fn settings(flags: &str) -> Result<LogicBoxesSettings, String> {
        parse::<SimulateLogicBoxes>(flags)?.into_settings()
    }

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        assert_eq!(settings(""), Ok(LogicBoxesSettings::default()));
    }

    #[test]
    fn flags_become_settings() {
        let settings = settings(
            "--fault empty_502=0.05 --fault-on signup,search --limit 20/1s --signup-option receipts --settle 1s..2s \
             --error-shape bare --error-status 200,500 --auth-userid 7 --pending-invisible",
        )
        .unwrap();
        assert_eq!(settings.faults, [(Fault::Empty502, 0.05)].into());
        assert_eq!(settings.fault_on, [Call::Signup, Call::Search].into());
        assert_eq!(settings.windows, ["20/1s".parse().unwrap()]);
        assert_eq!(settings.signup_option, SignupOption::Receipts);
        assert_eq!(settings.settle, "1s..2s".parse().unwrap());
        assert_eq!(settings.error_shapes, [ErrorShape::Bare]);
        assert_eq!(settings.error_statuses, [200, 500]);
        assert!(!settings.any_credentials && !settings.pending_visible);
    }

    #[test]
    fn wrong_flags_are_refused() {
        for (flags, word) in [
            ("--fault error_500_stored=0.1", "not a fault of this simulator"),
            ("--slow 5s..1s", "slow_min"),
            ("--limit 5-9/1s", "hint: write 9/1s"),
            ("--fault-on create", "one of signup"),
            ("--error-status 99", "99 is not an HTTP status code"),
            ("--api-key abc", "--auth-userid"),
        ] {
            let error = settings(flags).unwrap_err();
            assert!(error.contains(word), "{flags}: {error}");
        }
    }
}
