//! What stands before the service: verb, address, credentials and limits (providers.md 3.1). How each refusal looks
//! is not public: the HTTP status codes are settings, the shape is that of the page.

use crate::domain::time::Timestamp;
use crate::simulator::fault::Fault;
use crate::simulator::limiter::Verdict;
use crate::simulator::way;
use crate::simulator::wire::{Reply, Request};

use super::errors::ErrorShape;
use super::form::{Form, Place};
use super::format::Format;
use super::settings::{CredentialsIn, LimitBody, LogicBoxesSettings};
use super::{Call, LogicBoxes};

/// Why a call is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Verb,
    Address,
    Credentials,
    Limit,
}

impl Gate {
    pub(super) fn reply(self, format: Format, settings: &LogicBoxesSettings) -> Reply {
        let (status, message) = match self {
            Self::Verb => (
                settings.verb_status,
                "This call is not offered with this HTTP method",
            ),
            Self::Address => (
                settings.ip_status,
                "Access denied: your IP address is not on the list",
            ),
            Self::Credentials => (
                settings.auth_status,
                "Authentication failed: invalid auth-userid or api-key",
            ),
            Self::Limit => (settings.limit_status, "Too many requests"),
        };
        match settings.limit_body {
            LimitBody::Empty if self == Self::Limit => Reply {
                status,
                ..Reply::default()
            },
            LimitBody::Html if self == Self::Limit => way::html(status, message),
            _ => format.write(&ErrorShape::Message.say(status, message), settings),
        }
    }

    /// The word by which the answer is counted.
    pub(super) fn word(self, settings: &LogicBoxesSettings) -> Option<&'static str> {
        (self != Self::Limit || settings.limit_body == LimitBody::Error).then_some("ERROR")
    }
}

impl LogicBoxes {
    /// The user id of a caller that is let in.
    pub(super) fn pass_gate(
        &mut self,
        call: Call,
        request: &Request,
        form: &Form,
        now: Timestamp,
    ) -> Result<String, Gate> {
        let settings = &self.settings;
        if !call.fits(&request.method) {
            return Err(Gate::Verb);
        }
        if !settings.ip_listed {
            return Err(Gate::Address);
        }
        let parent = caller(call, form, settings).ok_or(Gate::Credentials)?;
        match self.limits.admit(&parent, &settings.windows, now) {
            Verdict::Pass | Verdict::Delay => Ok(parent),
            Verdict::Refuse(_) => {
                self.tally.calls_over_limit += 1;
                Err(Gate::Limit)
            }
        }
    }
}

/// The user id in a call, if its credentials are good.
fn caller(call: Call, form: &Form, settings: &LogicBoxesSettings) -> Option<String> {
    let get = |name| match settings.credentials_in {
        CredentialsIn::Either => form.get(name),
        CredentialsIn::Body if call == Call::Signup => form.get_at(Place::Body, name),
        CredentialsIn::Query | CredentialsIn::Body => form.get_at(Place::Query, name),
    };
    let (user, key) = (get("auth-userid")?, get("api-key")?);
    let known = settings.any_credentials || (user == settings.auth_userid && key == settings.api_key);
    (known && user.parse::<u64>().is_ok()).then(|| user.to_owned())
}

/// What a fault says in the service's place, and the word by which that is counted. The words do not tell whether the
/// service did its work before.
pub(super) fn said(
    fault: Fault,
    format: Format,
    settings: &LogicBoxesSettings,
) -> (Reply, Option<&'static str>) {
    let error = |status, message| {
        let said = ErrorShape::Message.say(status, message);
        (format.write(&said, settings), said.word)
    };
    match fault {
        Fault::Throttled429 => (Gate::Limit.reply(format, settings), Gate::Limit.word(settings)),
        Fault::Error500 | Fault::Error500AfterCommit => error(500, "An unexpected error occurred"),
        Fault::Error502 | Fault::Error502AfterCommit => error(502, "The request could not be processed"),
        Fault::Error503AfterCommit => error(503, "The service is temporarily unavailable"),
        Fault::Error504 | Fault::Error504AfterCommit => {
            error(504, "The request could not be processed in time")
        }
        Fault::Gateway504AfterCommit => (way::html(504, "Gateway Timeout"), None),
        _ => (way::html(503, "Service Unavailable"), None),
    }
}
