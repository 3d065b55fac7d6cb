//! The providers a job can name: the section that only one of them has, and the defaults that differ.
//!
//! What is not public of a provider is a key with its default argued here and in its job file.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Span;
use super::ranges::Ranges;
use super::sections::{CallsOf, Connection, Limits, Poll, Retry, WindowLimit};
use crate::domain::task::Action;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// The longest path of an API.
const PATH_BYTES_MAX: usize = 200;

/// The providers a job can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderName {
    /// Adobe VIP Marketplace (providers.md 2).
    Adobe,
    /// LogicBoxes, also as ResellerClub and under many other brands (providers.md 3).
    LogicBoxes,
    /// Metallic, of Commvault (providers.md 4).
    Metallic,
}

impl ProviderName {
    /// The word in job files, scopes and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Adobe => "adobe",
            Self::LogicBoxes => "logicboxes",
            Self::Metallic => "metallic",
        }
    }

    /// What can be asked of it.
    pub const fn operations(self) -> &'static [Action] {
        match self {
            Self::Adobe => &[Action::Create, Action::Update],
            Self::LogicBoxes | Self::Metallic => &[Action::Create],
        }
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What only LogicBoxes has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogicBoxes {
    /// The form of answers: `json` or `xml`. Default `json`; both are read either way.
    pub format: Format,
    /// Where user id and API key stand in a sign-up: `body` or `query`. Default `body`: addresses are logged on the way.
    pub credentials_in: CredentialsIn,
    /// The reseller's language where the row names none, ISO 639-1. Default `en`.
    pub language: String,
    /// The currency the account is kept in where the row names none, ISO 4217. Default `USD`.
    pub accounting_currency: String,
    /// The currency the reseller sells in where the row names none, ISO 4217. Default `USD`.
    pub selling_currency: String,
    /// The sales contact, by its number there; 0 sends none. Default 0.
    pub sales_contact_id: u64,
    /// Activates each account at once, whatever the sign-up option of the parent says. Default false.
    pub auto_activate: bool,
    /// Waits before the look-ups after a sign-up that went unanswered; what none of them finds is asked for once more.
    /// Default 30 s, 2 min, 10 min (providers.md 3.6). Each at most 1 d.
    pub look_after: [Span; 3],
    /// Who may read the passwords that are made for rows without one: an age recipient, `age1…`. Required where the file
    /// has no passwords. Default: empty.
    pub passwords_to: String,
}

/// The form of LogicBoxes' answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `signup.json`.
    #[default]
    Json,
    /// `signup.xml`.
    Xml,
}

/// Where a write to LogicBoxes carries the credentials. Sources disagree (providers.md 3.1). A read has no body, so it carries
/// them in the query whatever is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialsIn {
    /// In the form: it stands in no proxy's log.
    #[default]
    Body,
    /// In the query, as the provider's own examples have it.
    Query,
}

impl Default for LogicBoxes {
    fn default() -> Self {
        Self {
            format: Format::Json,
            credentials_in: CredentialsIn::Body,
            language: "en".into(),
            accounting_currency: "USD".into(),
            selling_currency: "USD".into(),
            sales_contact_id: 0,
            auto_activate: false,
            look_after: [30, 120, 600].map(|s| Span::new(Duration::from_secs(s))),
            passwords_to: String::new(),
        }
    }
}

/// What only Metallic has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metallic {
    /// The path of resellers. Not public for sure (providers.md 4.3). Default `/api/v1/partner/resellers`, by its neighbours.
    pub resellers_path: String,
    /// What `externalId` is: the row's `key` as it is, or a `uuid` made of it. Default `key`: it is what people search for.
    pub external_id: ExternalId,
    /// Whether the reseller may manage its customers' accounts. Always sent. Default false, the provider's own.
    pub workload_access: bool,
    /// How long a token is used before another is asked for. Its life is not public; log-ins end after 30 min. Default 25 min.
    /// 1 s to 1 d.
    pub token_life: Span,
    /// What `X-RateLimit-Period` is a number of: `milliseconds`, `seconds`, `minutes` or `hours`. Not public; default
    /// `seconds`, as in `Retry-After`.
    pub rate_limit_period: SpanUnit,
}

/// What a number of spans is a number of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanUnit {
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    #[default]
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

/// What the row's key becomes at Metallic, which takes "String / UUID" (providers.md 4.2). Either way it is the same for the same
/// row for ever: it is what a second create is refused by. A job that has begun with one stays with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExternalId {
    /// The key as it stands: a person at the provider finds the row's reseller by it.
    #[default]
    Key,
    /// A version 5 UUID of the key, for keys that should not be seen there (they may be mail addresses).
    Uuid,
}

impl Default for Metallic {
    fn default() -> Self {
        Self {
            resellers_path: "/api/v1/partner/resellers".into(),
            external_id: ExternalId::Key,
            workload_access: false,
            token_life: Span::new(Duration::from_secs(25 * 60)),
            rate_limit_period: SpanUnit::Seconds,
        }
    }
}

impl Connection {
    /// How a provider is reached if the job does not say.
    pub fn of(provider: ProviderName) -> Self {
        let none = Self {
            base_url: String::new(),
            token_url: String::new(),
            client_id: String::new(),
            client_secret_env: String::new(),
            scopes: Vec::new(),
            distributor_id: String::new(),
            ..Self::default()
        };
        match provider {
            ProviderName::Adobe => Self::default(),
            ProviderName::LogicBoxes => Self {
                base_url: "https://test.httpapi.com/api".into(),
                client_id: "${ENLIST_LOGICBOXES_USER_ID}".into(),
                client_secret_env: "ENLIST_LOGICBOXES_API_KEY".into(),
                ..none
            },
            ProviderName::Metallic => Self {
                base_url: "https://api.metallic.io".into(),
                client_id: "${ENLIST_METALLIC_USERNAME}".into(),
                client_secret_env: "ENLIST_METALLIC_PASSWORD".into(),
                ..none
            },
        }
    }
}

impl Limits {
    /// How fast a provider is asked if the job does not say.
    pub fn of(provider: ProviderName) -> Self {
        let window = |calls, per, of| WindowLimit {
            calls,
            per: Span::new(per),
            of,
        };
        match provider {
            ProviderName::Adobe => Self::default(),
            // No limit is public (providers.md 3.1). Five a second is what a careful script does.
            ProviderName::LogicBoxes => Self {
                windows: vec![window(5, SECOND, CallsOf::All)],
                in_flight: 8,
                ..Self::default()
            },
            // Its own limits (providers.md 4.1). They are a tenant's, so whoever shares it takes less here.
            ProviderName::Metallic => Self {
                windows: vec![
                    window(100, HOUR, CallsOf::Writes),
                    window(1_000, HOUR, CallsOf::Reads),
                ],
                in_flight: 4,
                ..Self::default()
            },
        }
    }
}

impl Retry {
    /// What follows silence at a provider if the job does not say.
    pub fn of(provider: ProviderName) -> Self {
        match provider {
            // Its limits are by the hour, so a wait of an hour is no reason to stand still until somebody comes.
            ProviderName::Metallic => Self {
                throttle_max: Span::new(2 * HOUR),
                ..Self::default()
            },
            ProviderName::Adobe | ProviderName::LogicBoxes => Self::default(),
        }
    }
}

impl Poll {
    /// How settling is watched at a provider if the job does not say.
    pub fn of(provider: ProviderName) -> Self {
        match provider {
            ProviderName::Adobe => Self::default(),
            // An account is as it will be when it is made, or waits for a person: one look is enough, and there is no list.
            ProviderName::LogicBoxes | ProviderName::Metallic => Self {
                first: Span::new(SECOND),
                in_sets: false,
                ..Self::default()
            },
        }
    }
}

/// Faults of the sections that one provider has.
pub(super) fn faults(job: &super::Job, ranges: &mut Ranges) {
    if !job.provider.operations().contains(&job.operation) {
        let words: Vec<&str> = job.provider.operations().iter().map(|op| op.as_str()).collect();
        let hint = format!("{} has {}", job.provider, words.join(" and "));
        ranges.fault("operation", job.operation.as_str(), "is not there", &hint);
    }
    if let Some(section) = &job.logicboxes {
        section.faults(ranges);
    }
    if let Some(section) = &job.metallic {
        section.faults(ranges);
    }
}

impl LogicBoxes {
    fn faults(&self, ranges: &mut Ranges) {
        let letters = |text: &str, len: usize, is_right: fn(&u8) -> bool| {
            text.len() == len && text.bytes().all(|byte| is_right(&byte))
        };
        if !letters(&self.language, 2, u8::is_ascii_lowercase) {
            let message = "is not a language code of two letters";
            ranges.fault("logicboxes.language", &self.language, message, "en");
        }
        for (key, value) in [
            ("logicboxes.accounting_currency", &self.accounting_currency),
            ("logicboxes.selling_currency", &self.selling_currency),
        ] {
            if !letters(value, 3, u8::is_ascii_uppercase) {
                ranges.fault(key, value, "is not a currency code of three capitals", "USD");
            }
        }
        for after in self.look_after {
            ranges.span("logicboxes.look_after", after, Duration::ZERO, 24 * HOUR);
        }
    }
}

impl Metallic {
    fn faults(&self, ranges: &mut Ranges) {
        let path = &self.resellers_path;
        if !path.starts_with('/') || path.len() > PATH_BYTES_MAX || path.contains(['?', '#', ' ']) {
            let hint = "write it like /api/v1/partner/resellers";
            ranges.fault("metallic.resellers_path", path, "is not a path", hint);
        }
        ranges.span("metallic.token_life", self.token_life, SECOND, 24 * HOUR);
    }
}
