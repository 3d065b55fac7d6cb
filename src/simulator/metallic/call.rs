//! The kinds of calls: what the tally counts by, and what faults may be told to strike (providers.md 4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::simulator::wire::Request;

use super::accounts::Kind;
use super::settings::MetallicSettings;

const AUTHENTICATE: &str = "/api/v1/authenticate";
const PARTNERS: &str = "/api/v1/partner/partners";

/// The kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST /api/v1/partner/resellers`, or partners.
    Create,
    /// `GET` of one of them.
    Get,
    /// `POST /api/v1/authenticate`.
    Authenticate,
    /// A path of the provider with a method that is not offered here. There is no list.
    WrongMethod,
    /// Anything else.
    Other,
}

impl Call {
    /// The kinds that faults can strike.
    pub const FAULTY: [Self; 3] = [Self::Create, Self::Get, Self::Authenticate];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::Authenticate => "authenticate",
            Self::WrongMethod => "wrong_method",
            Self::Other => "other",
        }
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'r> {
    pub(super) call: Call,
    pub(super) kind: Kind,
    /// The account id in the path.
    pub(super) id: &'r str,
}

impl<'r> Target<'r> {
    pub(super) fn of(request: &'r Request, settings: &MetallicSettings) -> Self {
        let (method, path) = (request.method.as_str(), request.path.as_str());
        let target = |call, kind, id| Self { call, kind, id };
        if path == AUTHENTICATE {
            let call = if method == "POST" {
                Call::Authenticate
            } else {
                Call::WrongMethod
            };
            return target(call, Kind::Reseller, "");
        }
        let partners = settings.partners.then_some((PARTNERS, Kind::Partner));
        for (root, kind) in [(settings.path.as_str(), Kind::Reseller)]
            .into_iter()
            .chain(partners)
        {
            let Some(rest) = path.strip_prefix(root) else {
                continue;
            };
            match rest.strip_prefix('/') {
                None if rest.is_empty() && method == "POST" => return target(Call::Create, kind, ""),
                None if rest.is_empty() => return target(Call::WrongMethod, kind, ""),
                Some(id) if !id.is_empty() && !id.contains('/') => {
                    let call = if method == "GET" {
                        Call::Get
                    } else {
                        Call::WrongMethod
                    };
                    return target(call, kind, id);
                }
                _ => {}
            }
        }
        target(Call::Other, Kind::Reseller, "")
    }
}

impl FromStr for Call {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::FAULTY.into_iter().find(|call| call.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is not a call\n  hint: one of create, get, authenticate"))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
