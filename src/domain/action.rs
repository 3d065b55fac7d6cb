//! What can be asked of a provider.

use serde::{Deserialize, Serialize};

/// What is asked of the provider for each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make the account.
    Create,
}

impl Action {
    /// The word in job files, ids and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
        }
    }
}
