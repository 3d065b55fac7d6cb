//! Metallic (Commvault): reseller accounts.
//!
//! The contract is providers.md 4; numbers in comments are its sections. A create is synchronous, and the provider can
//! neither be asked whether it made an account nor told the same thing twice: three fields are unique there, and a second
//! create of the same row is refused by all three (4.5). Retries are not made here; the engine decides them.

pub mod classify;
pub mod client;
pub mod contract;
mod examine;
mod login;
pub mod render;
pub mod wire;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use client::Metallic;

use super::SettingError;
use super::transport::address;
use super::transport::rate_limit::SpanUnit;
use login::ServicePrincipal;

/// Where resellers are made and read below the base address. No public page shows it; its neighbours
/// `/api/v1/partner/accounts` and `/api/v1/partner/partners` do (4.3), so it is a setting.
pub const RESELLERS_PATH: &str = "/api/v1/partner/resellers";

/// How long a token is used before a new one is asked for. Its life is not public; classic log-ins of the same house end
/// after 30 minutes (4.1), and five less leave room for a slow renewal.
pub const RENEW_TOKEN_AFTER: Duration = Duration::from_secs(25 * 60);

/// The times that make sense: less would be a log-in a call, more than a day is beyond any token.
const RENEW_TOKEN_MIN: Duration = Duration::from_secs(1);
const RENEW_TOKEN_MAX: Duration = Duration::from_secs(24 * 3600);

/// How to reach the provider, and as whom. Its `Debug` does not show the secret.
#[derive(Clone, Debug)]
pub struct MetallicSettings {
    /// The API's address without a path, `https://api.metallic.io` (4.1).
    pub base_url: String,
    /// [`RESELLERS_PATH`], or where the provider says.
    pub resellers_path: String,
    /// The service principal that the provider gave (4.1).
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// [`RENEW_TOKEN_AFTER`], or what is known of the tokens. A token is believed to live a fifth longer than this.
    pub renew_token_after: Duration,
    /// What `X-RateLimit-Period` is a number of; not public (4.1). Seconds by default, as in `Retry-After`: taken for
    /// seconds, a number of minutes or hours makes a few refused calls more, and one of milliseconds a wait of a day at
    /// most, which the batch says.
    pub rate_limit_period_unit: SpanUnit,
    /// Whether plain http may leave this machine.
    pub plain_http: bool,
}

/// [`MetallicSettings`] found sound.
struct Connection {
    resellers: Url,
    base: Url,
    principal: ServicePrincipal,
    period_unit: SpanUnit,
}

impl MetallicSettings {
    fn checked(self) -> Result<Connection, SettingError> {
        let base = address::parse("connection.base_url", &self.base_url, self.plain_http)?;
        let Some(resellers) = below(&base, &self.resellers_path) else {
            let problem = format!("{:?} is not a path", self.resellers_path);
            let hint = "write /api/v1/partner/resellers, or the path that the provider names";
            return Err(SettingError::new("metallic.resellers_path", problem, hint));
        };
        if self.username.trim().is_empty() {
            let hint = "set ENLIST_METALLIC_USERNAME to the service principal's user name";
            return Err(SettingError::new("connection.client_id", "empty", hint));
        }
        if self.password.expose_secret().is_empty() {
            let hint = "set ENLIST_METALLIC_PASSWORD, or ENLIST_METALLIC_PASSWORD_FILE";
            return Err(SettingError::new("connection.client_secret", "empty", hint));
        }
        if !(RENEW_TOKEN_MIN..=RENEW_TOKEN_MAX).contains(&self.renew_token_after) {
            let problem = format!("{} s", self.renew_token_after.as_secs());
            let hint = "write 1s to 1d; 25m if nothing better is known";
            return Err(SettingError::new("metallic.token_life", problem, hint));
        }
        let Some(url) = below(&base, login::PATH) else {
            let hint = "write https://HOST";
            return Err(SettingError::new("connection.base_url", "takes no path", hint));
        };
        Ok(Connection {
            resellers,
            base,
            principal: ServicePrincipal {
                url,
                username: self.username,
                password: self.password,
                renew_after: self.renew_token_after,
            },
            period_unit: self.rate_limit_period_unit,
        })
    }
}

/// The address of `path` below `base`; `None` for what is no plain path. Characters that have no place in one are
/// encoded.
fn below(base: &Url, path: &str) -> Option<Url> {
    let inner = path.trim().strip_prefix('/')?.trim_end_matches('/');
    let sound = |part: &str| !part.is_empty() && !matches!(part, "." | "..");
    if inner.contains(['?', '#', '\\', '%']) || !inner.split('/').all(sound) {
        return None;
    }
    let mut url = base.clone();
    url.path_segments_mut()
        .ok()?
        .pop_if_empty()
        .extend(inner.split('/'));
    Some(url)
}
