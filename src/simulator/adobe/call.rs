//! The kinds of calls: what the tally counts by, and what faults may be told to strike.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::simulator::wire::Request;

/// The kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST /v3/resellers`.
    Create,
    /// `PATCH /v3/resellers/{id}`.
    Update,
    /// `GET /v3/resellers/{id}`.
    Get,
    /// `GET /v3/resellers`.
    List,
    /// `POST /ims/token/v3`.
    Token,
    /// `GET /partnerservice/ping`.
    Ping,
    /// `GET /v1/health`.
    Health,
    /// A path of the provider with a method that is not offered here.
    WrongMethod,
    /// Anything else.
    Other,
}

impl Call {
    /// The kinds that faults can strike.
    pub const FAULTY: [Self; 5] = [Self::Create, Self::Update, Self::Get, Self::List, Self::Token];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Get => "get",
            Self::List => "list",
            Self::Token => "token",
            Self::Ping => "ping",
            Self::Health => "health",
            Self::WrongMethod => "wrong_method",
            Self::Other => "other",
        }
    }

    /// Whether it makes or changes something: its answer is kept for long.
    pub(super) const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update)
    }

    /// What a request is, and the account id in its path.
    pub(super) fn of(request: &Request) -> (Self, &str) {
        let id = request.path.strip_prefix("/v3/resellers/").unwrap_or_default();
        let call = match (request.method.as_str(), request.path.as_str()) {
            (_, "/ims/token/v3") => Self::Token,
            ("GET", "/partnerservice/ping") => Self::Ping,
            ("GET", "/v1/health") => Self::Health,
            ("POST", "/v3/resellers") => Self::Create,
            ("GET", "/v3/resellers") => Self::List,
            (_, "/v3/resellers") => Self::WrongMethod,
            ("GET", _) if !id.is_empty() && !id.contains('/') => Self::Get,
            ("PATCH", _) if !id.is_empty() && !id.contains('/') => Self::Update,
            _ if !id.is_empty() && !id.contains('/') => Self::WrongMethod,
            _ => Self::Other,
        };
        (call, id)
    }
}

impl FromStr for Call {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::FAULTY.into_iter().find(|call| call.as_str() == text);
        known
            .ok_or_else(|| format!("{text:?} is not a call\n  hint: one of create, update, get, list, token"))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
