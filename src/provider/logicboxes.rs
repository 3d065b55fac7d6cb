//! LogicBoxes, which is also ResellerClub (OrderBox HTTP API): accounts of sub-resellers.
//!
//! The contract is providers.md 3; numbers in comments are its sections. The provider remembers nothing of a call, so a
//! sign-up is never repeated here: what became of one that went unanswered is found by its username (3.6).

pub mod classify;
pub mod client;
pub mod contract;
mod examine;
pub mod password;
pub mod render;
pub mod wire;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use client::LogicBoxes;
pub use wire::{CredentialsIn, Format};

use super::SettingError;
use super::transport::address;
use wire::Credentials;

/// How to reach the provider, and as whom. Its `Debug` does not show the key.
#[derive(Clone, Debug)]
pub struct LogicBoxesSettings {
    /// The API's address with `/api`: `https://httpapi.com/api`, or the test system's `https://test.httpapi.com/api`, which
    /// must have credentials of a demo account (3.1).
    pub base_url: String,
    /// `auth-userid`: the parent's reseller id, a number.
    pub auth_userid: String,
    /// `api-key`. Making a new one ends the old one at once (3.1).
    pub api_key: SecretString,
    /// What answers are written in. JSON unless told: its forms are known better (3.2, 3.3).
    pub format: Format,
    /// Where writes carry the credentials. The body unless told: an address stands in logs (3.1).
    pub credentials_in: CredentialsIn,
    /// Whether plain http may leave this machine.
    pub plain_http: bool,
}

/// [`LogicBoxesSettings`] found sound.
struct Connection {
    base: Url,
    credentials: Credentials,
    format: Format,
}

impl LogicBoxesSettings {
    fn checked(self) -> Result<Connection, SettingError> {
        let base = address::parse("connection.base_url", &self.base_url, self.plain_http)?;
        let Some(auth_userid) = wire::account_id(&self.auth_userid) else {
            let hint = "set ENLIST_LOGICBOXES_USER_ID to the number of your own reseller account";
            return Err(SettingError::new("connection.client_id", "not a number", hint));
        };
        let key = self.api_key.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "empty, or holds a space or a character that no key has";
            let hint = "set ENLIST_LOGICBOXES_API_KEY, or ENLIST_LOGICBOXES_API_KEY_FILE";
            return Err(SettingError::new("connection.client_secret", problem, hint));
        }
        Ok(Connection {
            base,
            credentials: Credentials {
                auth_userid: auth_userid.as_str().to_owned(),
                api_key: self.api_key,
                place: self.credentials_in,
            },
            format: self.format,
        })
    }
}
