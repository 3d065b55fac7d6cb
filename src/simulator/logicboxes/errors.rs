//! What the service says, and the many shapes of its refusals (providers.md 3.3).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::simulator::dice::Dice;

use super::settings::{LogicBoxesSettings, Taken};

/// What the service says, before it is put into JSON or XML.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) http: u16,
    pub(super) body: Value,
    /// The word by which an error is counted; `None`: it is none.
    pub(super) word: Option<&'static str>,
}

impl Said {
    pub(super) const fn well(body: Value) -> Self {
        Self {
            http: 200,
            body,
            word: None,
        }
    }
}

/// How the service words a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `{"status":"ERROR","message":…}`, as the page has it.
    Message,
    /// `{"status":"error","error":…}`.
    Error,
    /// `{"status":"Failed","actionstatusdesc":…}`.
    Failed,
    /// A good `status` beside an `actionstatus` that is not `Success`.
    ActionStatus,
    /// A bare `false`.
    Bare,
}

impl ErrorShape {
    pub(super) fn say(self, http: u16, message: &str) -> Said {
        let (word, body) = match self {
            Self::Message => ("ERROR", json!({ "status": "ERROR", "message": message })),
            Self::Error => ("error", json!({ "status": "error", "error": message })),
            Self::Failed => (
                "Failed",
                json!({ "status": "Failed", "actionstatusdesc": message }),
            ),
            Self::ActionStatus => (
                "actionstatus",
                json!({ "status": "Success", "actionstatus": "Failed", "actionstatusdesc": message }),
            ),
            Self::Bare => ("false", json!(false)),
        };
        Said {
            http,
            body,
            word: Some(word),
        }
    }
}

/// Why the service refuses a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Parameters are missing or do not fit.
    Parameters(String),
    /// The username belongs to a reseller.
    Taken,
    /// The first call for this username is still working.
    Pending,
    /// There is nothing with this id.
    NotFound,
    /// A tester wants every sign-up to be refused.
    Told(String),
    /// There are as many accounts as are kept.
    Full,
}

impl Refusal {
    /// The word by which the tally counts it, whatever its shape.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Parameters(_) => "parameters",
            Self::Taken => "AlreadyReseller",
            Self::Pending => "action_pending",
            Self::NotFound => "not_found",
            Self::Told(_) => "told",
            Self::Full => "full",
        }
    }

    /// In one of the shapes, under one of the HTTP status codes, that the settings name.
    pub(super) fn say(&self, settings: &LogicBoxesSettings, dice: &mut Dice) -> Said {
        let http = one_of(&settings.error_statuses, dice).unwrap_or(500);
        let shape = one_of(&settings.error_shapes, dice).unwrap_or(ErrorShape::Message);
        let message = match self {
            Self::Parameters(text) | Self::Told(text) => text.as_str(),
            Self::Taken if settings.taken == Taken::Status => {
                return Said {
                    http,
                    body: json!({ "status": "AlreadyReseller" }),
                    word: Some("AlreadyReseller"),
                };
            }
            Self::Taken => "AlreadyReseller",
            Self::Pending => "There is already an action pending on this Order.",
            Self::NotFound => "No Entity found",
            Self::Full => "The simulator keeps no more accounts",
        };
        shape.say(http, message)
    }
}

fn one_of<T: Copy>(all: &[T], dice: &mut Dice) -> Option<T> {
    all.get(dice.below(all.len())).copied()
}
