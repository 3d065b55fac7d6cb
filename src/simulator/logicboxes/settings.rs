//! What the LogicBoxes stand-in can be told: every knob of providers.md 7.3, and every fact of section 3 that is
//! not public.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::simulator::fault::{self, Fault, Faults};
use crate::simulator::limiter::{self, Window};
use crate::simulator::settings::{self, Settle};
use crate::simulator::span;

use super::Call;
use super::errors::ErrorShape;
use super::format::XmlShape;

/// The faults that this provider can show.
pub const FAULTS: [Fault; 20] = [
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
    Fault::Error502,
    Fault::Error504,
    Fault::Error500AfterCommit,
    Fault::Error502AfterCommit,
    Fault::Error503AfterCommit,
    Fault::Error504AfterCommit,
    Fault::Empty500,
    Fault::Empty502,
    Fault::Empty504,
];

/// What the stand-in can be told, at start and, through `POST /_simulator/settings`, at any time after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogicBoxesSettings {
    /// The `auth-userid` that is known. Not looked at with `any_credentials`.
    pub auth_userid: String,
    /// Its `api-key`.
    pub api_key: String,
    /// Take every numeric user id with every key. Each user id is a reseller with sub-resellers of its own.
    pub any_credentials: bool,
    /// Where the credentials are looked for. Consumers disagree.
    pub credentials_in: CredentialsIn,
    /// `false`: the caller's address is not on the allow-list, and every call is refused.
    pub ip_listed: bool,
    /// HTTP status code of a refusal for the credentials. Not public.
    pub auth_status: u16,
    /// HTTP status code of a refusal for the address. Not public.
    pub ip_status: u16,
    /// HTTP status code of a refusal for the verb. Not public.
    pub verb_status: u16,

    /// The parent's sign-up option.
    pub signup_option: SignupOption,
    /// How long a sign-up waits under the manual and the receipts option until somebody activates it, or pays.
    pub settle: Settle,
    /// How long a sign-up may wait before it is deleted (providers.md 3.5).
    #[serde(with = "span")]
    pub delete_after: Duration,
    /// Whether the username of what was deleted is free again. Not public.
    pub deleted_frees_username: bool,
    /// What `activationstatus` says under the manual option. Not public.
    pub manual_word: String,
    /// What `activationstatus` says under the receipts option. Not public.
    pub receipts_word: String,
    /// What `minreceiptrequired` says under the receipts option.
    pub min_receipt: u32,
    /// The status of the create action while the sign-up waits. Not public.
    pub waiting_word: String,
    /// Whether search shows sign-ups that wait. Not public.
    pub pending_visible: bool,
    /// The `resellerstatus` of a sign-up that waits. Not public, and may be empty.
    pub pending_word: String,
    /// How long search does not see a new account.
    #[serde(with = "span")]
    pub search_lag: Duration,
    /// How texts compare in search. Not public for resellers.
    pub text_match: TextMatch,
    /// How long a finished action stays among the current ones.
    #[serde(with = "span")]
    pub archive_after: Duration,

    /// How strictly parameters are checked.
    pub field_rules: FieldRules,
    /// The longest value of a parameter, in characters. Not public.
    pub field_chars_max: usize,
    /// Refuse every sign-up with this message.
    pub reject_all: Option<String>,
    /// The most accounts that are kept.
    pub accounts_max: usize,

    /// The shapes of refusals; one is drawn for each.
    pub error_shapes: Vec<ErrorShape>,
    /// The HTTP status codes of refusals; one is drawn for each.
    pub error_statuses: Vec<u16>,
    /// How a username that is taken is refused. Not public on this call.
    pub taken: Taken,
    /// How XML is written. Not public.
    pub xml_shape: XmlShape,
    /// Whether numbers in JSON are texts. Not public.
    pub numbers_as_text: bool,

    /// The limits, per user id. Not public; none unless told.
    pub windows: Vec<Window>,
    /// The HTTP status code above a limit. Not public.
    pub limit_status: u16,
    /// The body above a limit. Not public.
    pub limit_body: LimitBody,

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

impl Default for LogicBoxesSettings {
    fn default() -> Self {
        Self {
            auth_userid: "1".to_owned(),
            api_key: "simulator".to_owned(),
            any_credentials: true,
            credentials_in: CredentialsIn::Either,
            ip_listed: true,
            auth_status: 401,
            ip_status: 403,
            verb_status: 405,
            signup_option: SignupOption::Manual,
            settle: Settle::Never,
            delete_after: Duration::from_secs(90 * 24 * 60 * 60),
            deleted_frees_username: true,
            manual_word: "ManualActivation".to_owned(),
            receipts_word: "ActivationOnTotalReceipts".to_owned(),
            min_receipt: 100,
            waiting_word: "PendingExecution".to_owned(),
            pending_visible: true,
            pending_word: "InActive".to_owned(),
            search_lag: Duration::ZERO,
            text_match: TextMatch::Partial,
            archive_after: Duration::ZERO,
            field_rules: FieldRules::Documented,
            field_chars_max: 255,
            reject_all: None,
            accounts_max: 250_000,
            error_shapes: vec![
                ErrorShape::Message,
                ErrorShape::Error,
                ErrorShape::Failed,
                ErrorShape::ActionStatus,
            ],
            error_statuses: vec![500, 200],
            taken: Taken::Status,
            xml_shape: XmlShape::Elements,
            numbers_as_text: true,
            windows: Vec::new(),
            limit_status: 429,
            limit_body: LimitBody::Error,
            faults: Faults::new(),
            fault_on: [Call::Signup].into(),
            slow_min: Duration::from_secs(1),
            slow_max: Duration::from_secs(5),
            hang: Duration::from_secs(10 * 60),
        }
    }
}

impl LogicBoxesSettings {
    /// Whether the shares are shares, the spans in order, and the HTTP status codes such.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        fault::check(&self.faults, &FAULTS)?;
        limiter::check_hard(self.windows.iter())?;
        if self.slow_min > self.slow_max {
            return Err("slow_min is longer than slow_max".to_owned());
        }
        if self.error_shapes.is_empty() || self.error_statuses.is_empty() {
            return Err("error_shapes and error_statuses need one entry at least".to_owned());
        }
        let statuses = [
            self.auth_status,
            self.ip_status,
            self.verb_status,
            self.limit_status,
        ];
        match statuses
            .iter()
            .chain(&self.error_statuses)
            .find(|status| !(200..=599).contains(*status))
        {
            Some(status) => Err(format!("{status} is not an HTTP status code from 200 to 599")),
            None => Ok(()),
        }
    }

    /// These settings with those that `changes` names changed: objects are merged, all else is replaced.
    ///
    /// # Errors
    ///
    /// A name or a value that does not fit, or settings that [`LogicBoxesSettings::check`] refuses.
    pub fn changed(&self, changes: &Value) -> Result<Self, String> {
        settings::changed(self, changes, Self::check)
    }
}

/// The parent's "Sub-Reseller Signup Option" (providers.md 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum SignupOption {
    /// A person activates each sign-up.
    Manual,
    /// Money activates it.
    Receipts,
    /// It is active at once.
    Direct,
}

/// Where credentials are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsIn {
    /// In the query and in the body.
    Either,
    /// In the query alone.
    Query,
    /// In the body of a write alone. A read has none, so there it is the query.
    Body,
}

/// How texts compare in search, letters without regard to case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum TextMatch {
    /// One is part of the other.
    Partial,
    /// They are the same.
    Exact,
}

/// How strictly parameters are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum FieldRules {
    /// What the page says: what is required, and the types.
    Documented,
    /// Also what consumers found out: passwords of 9 to 16 characters of four kinds, telephone numbers of 4 to 12
    /// digits.
    Strict,
}

/// How a username that is taken is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// `"status":"AlreadyReseller"`, as seen on the older call.
    Status,
    /// The same word as the message of an error.
    Message,
}

/// The body of an answer above a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LimitBody {
    /// An error as the service words it.
    Error,
    /// None.
    Empty,
    /// A proxy's page.
    Html,
}
