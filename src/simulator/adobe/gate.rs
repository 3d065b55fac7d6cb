//! What stands before the service: the token endpoint of IMS, and the gateway with its keys, tokens and limits
//! (providers.md 2.2, 2.9, 2.10).

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use crate::domain::ids::Digest;
use crate::domain::time::Timestamp;
use crate::simulator::limiter::{Limiter, Verdict, Window};
use crate::simulator::wire::{Reply, Request};

use super::errors::{self, Gate};
use super::settings::AdobeSettings;

/// The most API keys that are limited each for itself; those that come after share one limit.
const CLIENTS_MAX: usize = 1_000;

/// The limits of every API key.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits(HashMap<String, Limiter>);

impl Limits {
    pub(super) fn admit(&mut self, client: &str, windows: &[Window], now: Timestamp) -> Verdict {
        let own = self.0.contains_key(client) || self.0.len() < CLIENTS_MAX;
        let name = if own { client } else { "" };
        match self.0.get_mut(name) {
            Some(limiter) => limiter.admit(now),
            None => self
                .0
                .entry(name.to_owned())
                .or_insert_with(|| Limiter::new(windows))
                .admit(now),
        }
    }

    pub(super) fn set_windows(&mut self, windows: &[Window]) {
        self.0
            .values_mut()
            .for_each(|limiter| limiter.set_windows(windows));
    }
}

/// The tokens that are good: none is remembered, each says of itself when it ends and is sealed with the seed,
/// so that a restart does not take them away.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    seed: u64,
    issued: u64,
    /// Tokens with a smaller number were revoked.
    good_from: u64,
}

impl Tokens {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            seed,
            issued: 0,
            good_from: 0,
        }
    }

    pub(super) fn issue(&mut self, client: &str, ends: Timestamp) -> String {
        let number = self.issued;
        self.issued += 1;
        let seal = self.seal(client, number, ends.as_ms());
        format!("{number}.{}.{seal}", ends.as_ms())
    }

    pub(super) const fn revoke_all(&mut self) {
        self.good_from = self.issued;
    }

    pub(super) fn is_good(&self, token: &str, client: &str, now: Timestamp) -> bool {
        let mut parts = token.splitn(3, '.');
        let (Some(number), Some(ends), Some(seal)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let (Ok(number), Ok(ends)) = (number.parse(), ends.parse()) else {
            return false;
        };
        number >= self.good_from && now.as_ms() < ends && seal == self.seal(client, number, ends)
    }

    fn seal(&self, client: &str, number: u64, ends_ms: i64) -> String {
        let parts: [&[u8]; 4] = [
            &self.seed.to_be_bytes(),
            client.as_bytes(),
            &number.to_be_bytes(),
            &ends_ms.to_be_bytes(),
        ];
        Digest::of_parts(&parts).to_string()
    }
}

/// `POST /ims/token/v3`.
pub(super) fn token(
    request: &Request,
    settings: &AdobeSettings,
    tokens: &mut Tokens,
    now: Timestamp,
) -> Reply {
    if request.method != "POST" {
        return errors::ims(405, "invalid_request", "only POST");
    }
    if !request
        .header("content-type")
        .is_some_and(|value| starts_with(value, "application/x-www-form-urlencoded"))
    {
        return errors::ims(
            400,
            "invalid_request",
            "the content type must be application/x-www-form-urlencoded",
        );
    }
    let fields: HashMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name| {
        fields
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let (Some(client), Some(secret), Some(grant)) =
        (field("client_id"), field("client_secret"), field("grant_type"))
    else {
        return errors::ims(
            400,
            "invalid_request",
            "client_id, client_secret and grant_type are required",
        );
    };
    if grant != "client_credentials" {
        return errors::ims(400, "unsupported_grant_type", "only client_credentials");
    }
    if field("scope").is_none() {
        return errors::ims(400, "invalid_scope", "scope is required");
    }
    if !settings.any_credentials && client != settings.client_id {
        return errors::ims(400, "invalid_client", "invalid client_id parameter");
    }
    if !settings.any_credentials && secret != settings.client_secret {
        return errors::ims(401, "invalid_client", "invalid client_secret parameter");
    }
    let lifetime_s = settings.token_lifetime.as_secs();
    let token = tokens.issue(client, now.plus(Duration::from_secs(lifetime_s)));
    Reply::json(
        200,
        json!({ "access_token": token, "token_type": "bearer", "expires_in": lifetime_s }).to_string(),
    )
}

/// Whether the API key is good.
pub(super) fn check_key(request: &Request, settings: &AdobeSettings) -> Result<(), Gate> {
    match request.header("x-api-key") {
        None | Some("") => Err(Gate::KeyMissing),
        Some(_) if !settings.api_key_valid => Err(Gate::KeyInvalid),
        Some(key) if !settings.any_credentials && key != settings.client_id => Err(Gate::KeyInvalid),
        Some(_) => Ok(()),
    }
}

/// Whether the token is good for the API key, and the media types are those of the contract.
pub(super) fn check_rest(request: &Request, tokens: &Tokens, now: Timestamp) -> Result<(), Gate> {
    let authorization = request.header("authorization").unwrap_or_default();
    let (scheme, token) = authorization.split_once(' ').unwrap_or((authorization, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(Gate::TokenMissing);
    }
    if !tokens.is_good(token.trim(), request.header("x-api-key").unwrap_or_default(), now) {
        return Err(Gate::TokenInvalid);
    }
    let is_json = |name| {
        request
            .header(name)
            .is_some_and(|value| starts_with(value, "application/json"))
    };
    if !is_json("accept") {
        return Err(Gate::NotAcceptable);
    }
    if !is_json("content-type") {
        return Err(Gate::WrongMedia);
    }
    Ok(())
}

/// Whether a media type begins with `expected`, parameters aside and without regard to case.
fn starts_with(value: &str, expected: &str) -> bool {
    value
        .get(..expected.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(expected))
}
