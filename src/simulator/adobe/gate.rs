//! What stands before the service: the token endpoint of IMS, and the gateway with its keys, tokens and limits
//! (providers.md 2.2, 2.9, 2.10).

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use crate::domain::time::Timestamp;
use crate::simulator::tokens::Tokens;
use crate::simulator::wire::{Reply, Request};

use super::errors::{self, Gate};
use super::settings::AdobeSettings;

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
