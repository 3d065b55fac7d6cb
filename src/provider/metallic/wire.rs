//! What goes over the line, as types, and the calls as requests. Pure.
//!
//! Answers are read leniently: fields nobody here needs are ignored, a number is taken for a text. `insertTs` and
//! `updateTs` are among the ignored: they have no zone (providers.md 4.3), so they are no points in time.

use std::sync::Arc;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::domain::ids::{AccountId, CorrelationId, RequestId};
use crate::provider::transport::{HttpRequest, Method, RequestBody};

/// Longest account id believed: it stands in addresses. The contract says UUID (4.3), 36 characters.
const ACCOUNT_ID_CHARS_MAX: usize = 64;

/// The body of a create (4.2). What is absent or empty is left out. Fields are written in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateReseller {
    /// Our own id of the reseller; unique at the provider.
    pub external_id: String,
    /// The company's name; unique at the provider.
    pub name: String,
    /// Its website.
    #[serde(skip_serializing_if = "absent")]
    pub website: Option<String>,
    /// Who speaks for it.
    pub contacts: [Contact; 1],
    /// Whether it may manage accounts. Always sent: a table calls it optional, the schema required.
    pub workload_access: bool,
}

/// The person of a reseller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// What the person is to the reseller.
    #[serde(rename = "type")]
    pub kind: ContactType,
    /// Email; unique at the provider.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Phone.
    #[serde(skip_serializing_if = "absent")]
    pub phone: Option<String>,
    /// The reseller's address.
    pub address: Address,
}

/// What a person is to a reseller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ContactType {
    /// The only type that there is (4.2).
    #[default]
    Primary,
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// First line.
    pub address_line1: String,
    /// Second line.
    #[serde(skip_serializing_if = "absent")]
    pub address_line2: Option<String>,
    /// City.
    pub city: String,
    /// Code or name; required for the United States.
    #[serde(skip_serializing_if = "absent")]
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Text: leading zeros count.
    pub postal_code: String,
}

#[allow(clippy::ref_option, reason = "the form serde calls")]
fn absent(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(str::is_empty)
}

impl CreateReseller {
    /// The body as it will be sent, compact. Rendered once and kept: the digest of these bytes names the intent.
    pub fn render(&self) -> Result<Arc<str>, serde_json::Error> {
        serde_json::to_string(self).map(Arc::from)
    }
}

/// A reseller as the provider shows it: what is read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reseller {
    /// The provider's id, if there is one that can stand in an address.
    #[serde(deserialize_with = "account_id")]
    pub id: Option<AccountId>,
    /// The status, `active`.
    #[serde(deserialize_with = "lenient")]
    pub status: Option<String>,
}

impl Reseller {
    /// Reads one from the `data` of a JSON object; anything else is none.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut body: Value = serde_json::from_slice(body).ok()?;
        let data = body.get_mut("data")?.take();
        // Serde would read an array as a struct's fields in order.
        data.is_object()
            .then(|| serde_json::from_value(data).ok())
            .flatten()
    }
}

/// Whether two ids name one account. They are compared as UUIDs: the provider writes the same one now small, now in
/// capitals (4.4).
pub fn same_account(a: &AccountId, b: &AccountId) -> bool {
    match (Uuid::try_parse(a.as_str()), Uuid::try_parse(b.as_str())) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// A text, or a number as one.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn lenient<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(text(&Value::deserialize(from)?))
}

fn account_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AccountId>, D::Error> {
    let sound = |id: &String| {
        id.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && id.len() <= ACCOUNT_ID_CHARS_MAX
    };
    Ok(text(&Value::deserialize(from)?).filter(sound).map(AccountId::new))
}

/// A call, before it has ids and a token.
#[derive(Clone)]
pub struct Ask {
    method: Method,
    url: Url,
    body: RequestBody,
}

impl Ask {
    /// `POST /api/v1/partner/resellers`.
    pub fn create(resellers: &Url, payload: Arc<str>) -> Self {
        Self {
            method: Method::Post,
            url: resellers.clone(),
            body: RequestBody::Json(payload),
        }
    }

    /// `GET /api/v1/partner/resellers/{id}`.
    pub fn read(resellers: &Url, account: &AccountId) -> Self {
        let mut url = resellers.clone();
        // Fails only for addresses without a path, which settings do not let through.
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(account.as_str());
        }
        Self {
            method: Method::Get,
            url,
            body: RequestBody::Empty,
        }
    }

    /// The request. The ids are no part of this provider's contract, and do no harm; they are sent because a row's
    /// history names them.
    pub fn request(
        &self,
        bearer: SecretString,
        correlation_id: CorrelationId,
        request_id: RequestId,
    ) -> HttpRequest {
        let mut headers = vec![
            ("accept", "application/json".to_owned()),
            ("x-correlation-id", correlation_id.to_string()),
            ("x-request-id", request_id.to_string()),
        ];
        if !matches!(self.body, RequestBody::Empty) {
            headers.push(("content-type", "application/json".to_owned()));
        }
        HttpRequest {
            method: self.method,
            url: self.url.clone(),
            headers,
            bearer: Some(bearer),
            body: self.body.clone(),
            timeout: None,
            held: None,
        }
    }
}

#[cfg(test)]
mod tests;
