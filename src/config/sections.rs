//! The sections of a job file. Defaults of waiting come from the policies themselves, so there is one place for each.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Span;
use crate::domain::policy::Growing;
use crate::domain::policy::poll::PollPolicy;
use crate::domain::policy::retry::RetryPolicy;

/// How the provider is reached. Texts may hold `${NAME}` and `${NAME:-default}`, filled in from the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// The provider's address, `https`, without a path of a call. Default: Adobe's sandbox (providers.md 2.1), so
    /// that a first try makes nothing in production.
    pub base_url: String,
    /// Where tokens come from (providers.md 2.2). Default: the sandbox's. Adobe only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token_url: String,
    /// Who calls. Adobe: the OAuth client id, sent as `X-Api-Key` too (default `${ENLIST_ADOBE_CLIENT_ID}`). LogicBoxes: the
    /// reseller's own number, `auth-userid` (`${ENLIST_LOGICBOXES_USER_ID}`). Metallic: the service principal's name
    /// (`${ENLIST_METALLIC_USERNAME}`).
    pub client_id: String,
    /// The *name* of the environment variable that holds the secret of that: OAuth client secret, API key, password; the
    /// same name with `_FILE` appended may name a file that holds it. Default: `ENLIST_ADOBE_CLIENT_SECRET`,
    /// `ENLIST_LOGICBOXES_API_KEY`, `ENLIST_METALLIC_PASSWORD`.
    pub client_secret_env: String,
    /// OAuth scopes asked for. 1 to 20. Adobe only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The distributor under whom accounts are made: 4 to 40 letters, digits, hyphens (providers.md 2.6).
    /// Default: `${ENLIST_ADOBE_DISTRIBUTOR_ID:-345434543}`, the sample of Adobe's pages, refused at Adobe's hosts. Adobe only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub distributor_id: String,
    /// Time to a finished TLS handshake. Default 10 s; 10 ms to 5 min.
    pub connect_timeout: Span,
    /// Time from sending to the last byte of the answer. Default 75 s, longer than the gateway's own 60 s, because an
    /// earlier cut throws away answers on their way (providers.md 2.10); 10 ms to 30 min.
    pub timeout: Span,
    /// Allows `http://` to hosts other than this machine. Default false.
    pub insecure_http: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            base_url: "https://partnersandbox-stage.adobe.io".into(),
            token_url: "https://ims-na1-stg1.adobelogin.com/ims/token/v3".into(),
            client_id: "${ENLIST_ADOBE_CLIENT_ID}".into(),
            client_secret_env: "ENLIST_ADOBE_CLIENT_SECRET".into(),
            scopes: ["openid", "AdobeID", "read_organizations"]
                .map(String::from)
                .to_vec(),
            distributor_id: "${ENLIST_ADOBE_DISTRIBUTOR_ID:-345434543}".into(),
            connect_timeout: Span::new(Duration::from_secs(10)),
            timeout: Span::new(Duration::from_secs(75)),
            insecure_http: false,
        }
    }
}

/// How strictly rows are checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Ids of checks whose findings are warnings instead of faults. Default: none. At most 100.
    pub warn_only: Vec<String>,
}

/// How fast, how wide, and when to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Calls that may leave; all windows hold at once. 1 to 8. Default: 900 in any 5 s, a tenth below the rate at
    /// which Adobe begins to delay (1,000 in any 5 s for a client id, providers.md 2.10), which leaves the tenth to
    /// others that use the same client id.
    pub windows: Vec<WindowLimit>,
    /// Calls on their way at the same time. Default 32; 1 to 1024.
    pub in_flight: u32,
    /// The batch pauses when more than this share of the last `error_rate_over` answers refused their rows.
    /// Default 0.5; above 0, at most 1, which never pauses.
    pub error_rate_max: f64,
    /// How many answers the error rate is taken over. Default 100; 1 to 100,000.
    pub error_rate_over: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            windows: vec![WindowLimit {
                calls: 900,
                per: Span::new(Duration::from_secs(5)),
                of: CallsOf::All,
            }],
            in_flight: 32,
            error_rate_max: 0.5,
            error_rate_over: 100,
        }
    }
}

/// At most `calls` calls in any span of length `per`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowLimit {
    /// Calls allowed. 1 to 1,000,000.
    pub calls: u32,
    /// In any span of this length. 1 ms to 31 d.
    pub per: Span,
    /// Which calls count: `all`, `writes` (those that make or change an account) or `reads`. Default `all`.
    #[serde(default, skip_serializing_if = "CallsOf::is_all")]
    pub of: CallsOf,
}

/// Which calls a window counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallsOf {
    /// Every call.
    #[default]
    All,
    /// Those that make or change an account.
    Writes,
    /// Those that look for or at accounts.
    Reads,
}

impl CallsOf {
    /// The word in job files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Writes => "writes",
            Self::Reads => "reads",
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// What happens after silence and throttling. Defaults: [`RetryPolicy::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// The first pause after an unanswered send. 1 ms to 1 d.
    pub first: Span,
    /// Each pause is the one before times this. 1 to 10.
    pub growth: f64,
    /// No pause is longer. Not below `first`, at most 1 d.
    pub max: Span,
    /// Pauses vary by up to this share either way. 0 to 1.
    pub jitter: f64,
    /// Unanswered sends of one intent before a look-up takes over. 1 to 1,000.
    pub attempts_max: u32,
    /// From the first send until a row that never got an answer is given up. 1 s to 30 d.
    pub deadline: Span,
    /// Equal refusals in a row after which a new correlation id is taken, if nothing is unknown. 1 to 100.
    pub refusals_max: u32,
    /// Intents opened for one row before it is given up. 1 to 100.
    pub generations_max: u32,
    /// Waits before the first and the second look-up after an ambiguous answer. Each at most 1 h.
    pub look_after: [Span; 2],
    /// The wait after a 429 that names none. 1 ms to 1 h.
    pub throttle_default: Span,
    /// A provider that asks for a longer wait than this pauses the batch by name. Not below `throttle_default`,
    /// at most 1 d.
    pub throttle_max: Span,
}

impl From<RetryPolicy> for Retry {
    fn from(policy: RetryPolicy) -> Self {
        Self {
            first: policy.pause.first.into(),
            growth: policy.pause.growth,
            max: policy.pause.max.into(),
            jitter: policy.pause.jitter,
            attempts_max: policy.attempts_max,
            deadline: policy.deadline.into(),
            refusals_max: policy.refusals_max,
            generations_max: policy.generations_max,
            look_after: policy.look_after.map(Span::new),
            throttle_default: policy.throttle_default.into(),
            throttle_max: policy.throttle_max.into(),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        RetryPolicy::default().into()
    }
}

impl Retry {
    /// The policy these limits make.
    pub fn policy(&self) -> RetryPolicy {
        RetryPolicy {
            pause: growing(self.first, self.growth, self.max, self.jitter),
            attempts_max: self.attempts_max,
            deadline: self.deadline.get(),
            refusals_max: self.refusals_max,
            generations_max: self.generations_max,
            look_after: self.look_after.map(Span::get),
            throttle_default: self.throttle_default.get(),
            throttle_max: self.throttle_max.get(),
        }
    }
}

/// How settling is watched. Defaults: [`PollPolicy::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Poll {
    /// From the create to the first look, and the first pause between looks. 1 ms to 1 d.
    pub first: Span,
    /// Each pause is the one before times this. 1 to 10.
    pub growth: f64,
    /// No pause is longer. Not below `first`, at most 1 d.
    pub max: Span,
    /// Pauses vary by up to this share either way. 0 to 1.
    pub jitter: f64,
    /// From the first look until the row is reported as still pending. 1 ms to 366 d.
    pub deadline: Span,
    /// Looks in a row told "no such account" before a person must look. 1 to 1,000.
    pub missing_max: u32,
    /// Looks at many pending accounts with one call where that costs less. Default true.
    pub in_sets: bool,
}

impl Default for Poll {
    fn default() -> Self {
        let policy = PollPolicy::default();
        Self {
            first: policy.pause.first.into(),
            growth: policy.pause.growth,
            max: policy.pause.max.into(),
            jitter: policy.pause.jitter,
            deadline: policy.deadline.into(),
            missing_max: policy.missing_max,
            in_sets: true,
        }
    }
}

impl Poll {
    /// The policy these limits make.
    pub fn policy(&self) -> PollPolicy {
        PollPolicy {
            pause: growing(self.first, self.growth, self.max, self.jitter),
            deadline: self.deadline.get(),
            missing_max: self.missing_max,
        }
    }
}

/// How long a finished batch is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// So long after its import a batch with no open rows is forgotten by the workers: rows, tasks, history. 1 min to
    /// 366 d; default 0 s: never. A row that is fed again afterwards is a new row, so at a provider that makes a second
    /// account for it this must outlast every file that can come back.
    pub finished: Span,
}

/// How the report is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// Begins each CSV file with a UTF-8 byte order mark, which Excel needs to show accents when a file is opened
    /// by a double click. Default false.
    pub byte_order_mark: bool,
    /// Writes `results.xlsx` too: the rows of `results.csv` as a workbook. Default true; a batch of more than 1,048,575 rows
    /// has none.
    pub workbook: bool,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            byte_order_mark: false,
            workbook: true,
        }
    }
}

/// What lies sealed in the ledger (`docs/operations.md`, "Secrets at rest"). The keys come from the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// Which rows. Default: `marked`.
    pub seal: SealWhat,
}

/// Which rows are sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealWhat {
    /// Payloads with a field that the provider's contract marks as secret.
    #[default]
    Marked,
    /// Every payload, every row's cells, and what is found wrong with them.
    All,
}

impl fmt::Display for SealWhat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Marked => "marked",
            Self::All => "all",
        })
    }
}

fn growing(first: Span, growth: f64, max: Span, jitter: f64) -> Growing {
    Growing {
        first: first.get(),
        growth,
        max: max.get(),
        jitter,
    }
}
