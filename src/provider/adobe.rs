//! Adobe VIP Marketplace (Commerce Partner API): reseller accounts, made ([`Adobe`]) and changed ([`AdobeUpdate`]).
//!
//! The contract is providers.md 2; numbers in comments are its sections. Retries are not made here, with one exception
//! (a read over a stale connection): the engine decides them, because only it knows what is unknown.

pub mod classify;
pub mod client;
pub mod contract;
mod examine;
mod line;
mod look_up;
pub mod render;
pub mod update;
pub mod wire;

use secrecy::{ExposeSecret, SecretString};

pub use client::Adobe;
pub use update::AdobeUpdate;

use super::SettingError;
use super::token::Credentials;
use super::transport::address;
use url::Url;

/// How to reach the provider, and as whom. Its `Debug` does not show the secret.
#[derive(Clone, Debug)]
pub struct AdobeSettings {
    /// The API's address without `/v3`, `https://partners.adobe.io` (2.1).
    pub base_url: String,
    /// Where tokens are had, `https://ims-na1.adobelogin.com/ims/token/v3` (2.2).
    pub token_url: String,
    /// The OAuth client; sent as `X-Api-Key` too.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Comma separated, `openid,AdobeID,read_organizations`.
    pub scopes: String,
    /// Whether plain http may leave this machine.
    pub plain_http: bool,
}

/// [`AdobeSettings`] found sound.
struct Connection {
    base: Url,
    credentials: Credentials,
}

impl AdobeSettings {
    fn checked(self) -> Result<Connection, SettingError> {
        let base = address::parse("connection.base_url", &self.base_url, self.plain_http)?;
        let token_url = address::parse("connection.token_url", &self.token_url, self.plain_http)?;
        if self.client_id.is_empty() || !self.client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "empty, or holds a space or a character that cannot be sent";
            let hint = "set ENLIST_ADOBE_CLIENT_ID to the API key of the integration";
            return Err(SettingError::new("connection.client_id", problem, hint));
        }
        if self.client_secret.expose_secret().trim().is_empty() {
            let hint = "set ENLIST_ADOBE_CLIENT_SECRET, or ENLIST_ADOBE_CLIENT_SECRET_FILE";
            return Err(SettingError::new("connection.client_secret", "empty", hint));
        }
        let Self {
            client_id,
            client_secret,
            scopes,
            ..
        } = self;
        Ok(Connection {
            base,
            credentials: Credentials {
                token_url,
                client_id,
                client_secret,
                scopes,
            },
        })
    }
}
