//! What can be asked of a provider.

use serde::{Deserialize, Serialize};

/// What is asked of the provider for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make the account.
    Create,
    /// Make an existing account say what the record says.
    Update,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Create, Self::Update];

    /// The word in job files, ids and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
        }
    }
}
