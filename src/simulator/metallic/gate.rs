//! What stands before the service: tokens and limits (providers.md 4.1).

use serde::Deserialize;
use serde_json::json;

use crate::domain::time::Timestamp;
use crate::simulator::fault::Fault;
use crate::simulator::limiter::{Limiter, Verdict, Window};
use crate::simulator::way;
use crate::simulator::wire::{Reply, Request};

use super::errors::{error, validation};
use super::settings::MetallicSettings;
use super::{Call, Metallic};

/// Why a call is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Token,
    Writes,
    Reads,
    WrongMedia,
}

impl Gate {
    /// The limit that a call is held to.
    fn limit_of(call: Call) -> Self {
        match call {
            Call::Get => Self::Reads,
            _ => Self::Writes,
        }
    }

    pub(super) fn reply(self, settings: &MetallicSettings) -> Reply {
        match self {
            Self::Token => error(401, 401, "Unauthorized"),
            Self::Writes => over_limit(&settings.write_windows, settings),
            Self::Reads => over_limit(&settings.read_windows, settings),
            Self::WrongMedia => error(415, 415, "Unsupported media type"),
        }
    }
}

/// 429 with the limit and its period, and without `Retry-After`.
fn over_limit(windows: &[Window], settings: &MetallicSettings) -> Reply {
    let reply = error(429, 429, "Too many requests");
    match windows.first() {
        None => reply,
        Some(window) => reply
            .with_header("X-RateLimit-Limit", window.hard.to_string())
            .with_header("X-RateLimit-Period", settings.period.write(window.per)),
    }
}

impl Metallic {
    /// Lets a call into the service, or refuses it. A call without a good token counts for nobody.
    pub(super) fn pass_gate(&mut self, call: Call, request: &Request, now: Timestamp) -> Result<(), Gate> {
        let authenticates = call == Call::Authenticate;
        if !authenticates && !self.has_token(request, now) {
            return Err(Gate::Token);
        }
        let counts = !authenticates || self.settings.authenticate_counts;
        if counts && let Verdict::Refuse(_) = self.limiter_of(call).admit(now) {
            self.tally.calls_over_limit += 1;
            return Err(Gate::limit_of(call));
        }
        let content_type = request.header("content-type").unwrap_or_default();
        let is_json = content_type
            .get(..16)
            .is_some_and(|start| start.eq_ignore_ascii_case("application/json"));
        if call != Call::Get && !is_json {
            return Err(Gate::WrongMedia);
        }
        Ok(())
    }

    /// A call that failed is taken back, if such calls do not count.
    pub(super) fn settle_account(&mut self, call: Call, status: u16, now: Timestamp) {
        let counted = call != Call::Authenticate || self.settings.authenticate_counts;
        if status < 400 || self.settings.failed_calls_count || !counted {
            return;
        }
        self.limiter_of(call).take_back(now);
    }

    fn limiter_of(&mut self, call: Call) -> &mut Limiter {
        match Gate::limit_of(call) {
            Gate::Reads => &mut self.reads,
            _ => &mut self.writes,
        }
    }

    fn has_token(&self, request: &Request, now: Timestamp) -> bool {
        let authorization = request.header("authorization").unwrap_or_default();
        let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
        self.settings.credentials_valid
            && scheme.eq_ignore_ascii_case("bearer")
            && self.tokens.is_good(token.trim(), "", now)
    }

    /// `POST /api/v1/authenticate`.
    pub(super) fn authenticate(&mut self, request: &Request, now: Timestamp) -> Reply {
        #[derive(Deserialize)]
        struct Credentials {
            username: String,
            password: String,
        }
        let settings = &self.settings;
        let Ok(asked) = serde_json::from_slice::<Credentials>(&request.body) else {
            let required = |name: &str| (name.to_owned(), format!("{name} is required."));
            return validation(&[required("username"), required("password")]);
        };
        let known = settings.any_credentials && !asked.username.is_empty() && !asked.password.is_empty()
            || asked.username == settings.username && asked.password == settings.password;
        if !known || !settings.credentials_valid {
            return error(401, 401, "Invalid username or password");
        }
        let token = self.token(now);
        let mut body = json!({ "data": { "authToken": token } });
        if self.settings.token_nested {
            body = json!({ "data": body });
        }
        Reply::json(200, body.to_string())
    }
}

/// What a fault says to a call in the service's place.
pub(super) fn said(fault: Fault, call: Call, settings: &MetallicSettings) -> Reply {
    match fault {
        Fault::Throttled429 => Gate::limit_of(call).reply(settings),
        Fault::Error500 | Fault::Error500AfterCommit => error(500, 500, "Internal server error"),
        Fault::Gateway504AfterCommit => way::html(504, "Gateway Timeout"),
        _ => way::html(503, "Service Unavailable"),
    }
}
