//! The kinds of calls: what the tally counts by, and what faults may be told to strike (providers.md 3.2, 3.4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::simulator::wire::Request;

use super::format::Format;

/// The kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `POST /api/resellers/v2/signup`.
    Signup,
    /// `GET /api/resellers/search`.
    Search,
    /// `GET /api/resellers/details`.
    Details,
    /// `GET /api/actions/search-current`.
    CurrentActions,
    /// `GET /api/actions/search-archived`.
    ArchivedActions,
}

impl Call {
    /// All of them; each may be struck by a fault.
    pub const ALL: [Self; 5] = [
        Self::Signup,
        Self::Search,
        Self::Details,
        Self::CurrentActions,
        Self::ArchivedActions,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Signup => "signup",
            Self::Search => "search",
            Self::Details => "details",
            Self::CurrentActions => "current_actions",
            Self::ArchivedActions => "archived_actions",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Signup => "resellers/v2/signup",
            Self::Search => "resellers/search",
            Self::Details => "resellers/details",
            Self::CurrentActions => "actions/search-current",
            Self::ArchivedActions => "actions/search-archived",
        }
    }

    /// Reads are `GET`, writes are `POST`.
    pub(super) fn fits(self, method: &str) -> bool {
        method == if self == Self::Signup { "POST" } else { "GET" }
    }

    /// What a request asks for, and the format of the answer that it wants; `None`: nothing that is offered.
    pub(super) fn of(request: &Request) -> Option<(Self, Format)> {
        let (name, suffix) = request.path.strip_prefix("/api/")?.rsplit_once('.')?;
        let call = Self::ALL.into_iter().find(|call| call.name() == name)?;
        Some((call, Format::of(suffix)?))
    }
}

impl FromStr for Call {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|call| call.as_str() == text);
        known.ok_or_else(|| {
            let words = Self::ALL.map(Self::as_str).join(", ");
            format!("{text:?} is not a call\n  hint: one of {words}")
        })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
