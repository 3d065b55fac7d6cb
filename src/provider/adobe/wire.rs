//! What goes over the line, as types, and the calls as requests. Pure.
//!
//! Requests are strict, because unknown fields are refused (1121). Answers are read leniently: fields nobody here
//! needs are ignored, a number is taken for a text, and one odd entry does not spoil a page (providers.md 2.5, 6.3).

use std::sync::Arc;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::domain::ids::{AccountId, CorrelationId, RequestId};
use crate::domain::time::Timestamp;
use crate::provider::transport::{HttpRequest, Method, RequestBody};

/// Rows on a page at most (providers.md 2.7).
pub const PAGE_ROWS: u64 = 50;

/// Longest account id believed: it stands in addresses. The contract says 40 (providers.md 2.6).
const ACCOUNT_ID_CHARS_MAX: usize = 64;

/// The body of `POST /v3/resellers`: the reseller resource without read-only fields (providers.md 2.6).
/// What is absent or empty is left out. Fields are written in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateReseller {
    /// The account that the credentials belong to.
    pub distributor_id: String,
    /// The row's key; what a look-up finds the account by.
    #[serde(default, skip_serializing_if = "absent")]
    pub external_reference_id: Option<String>,
    /// The company.
    pub company_profile: CompanyProfile,
}

/// A reseller's company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompanyProfile {
    /// Its name; cannot be changed later.
    pub company_name: String,
    /// A locale, `en-US`.
    pub preferred_language: String,
    /// `COM`, `EDU`, `GOV`; the provider takes `COM` if none is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub market_segments: Vec<String>,
    /// Where it is.
    pub address: Address,
    /// Who speaks for it; at least one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
}

/// A company's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The part of ISO 3166-2 after the hyphen.
    pub region: String,
    /// City.
    pub city: String,
    /// First line.
    pub address_line1: String,
    /// Second line.
    #[serde(default, skip_serializing_if = "absent")]
    pub address_line2: Option<String>,
    /// Text: leading zeros count.
    pub postal_code: String,
    /// Phone.
    #[serde(default, skip_serializing_if = "absent")]
    pub phone_number: Option<String>,
}

/// A person of a company.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Email.
    pub email: String,
    /// Phone.
    #[serde(default, skip_serializing_if = "absent")]
    pub phone_number: Option<String>,
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

/// The company name in a rendered body.
pub(super) fn company_name(payload: &str) -> Option<String> {
    let body: Value = serde_json::from_str(payload).ok()?;
    text(body.pointer("/companyProfile/companyName")?)
}

/// A reseller as the provider shows it: what is read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Reseller {
    /// The provider's id, if there is one that can stand in an address.
    #[serde(deserialize_with = "account_id")]
    pub reseller_id: Option<AccountId>,
    /// The status code, `"1002"`.
    #[serde(deserialize_with = "lenient")]
    pub status: Option<String>,
    /// The row's key, if it was made with one.
    #[serde(deserialize_with = "lenient")]
    pub external_reference_id: Option<String>,
    /// When it was made, as the provider wrote it.
    #[serde(deserialize_with = "lenient")]
    pub creation_date: Option<String>,
    /// `companyProfile.companyName`; optional in lists.
    #[serde(rename = "companyProfile", deserialize_with = "profile_name")]
    pub company_name: Option<String>,
}

impl Reseller {
    /// Reads one from a JSON object; anything else is none.
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().and_then(Self::of)
    }

    fn of(value: Value) -> Option<Self> {
        // Serde would read an array as a struct's fields in order.
        value
            .is_object()
            .then(|| serde_json::from_value(value).ok())
            .flatten()
    }

    /// When it was made, if that can be read.
    pub fn created(&self) -> Option<Timestamp> {
        let at: jiff::Timestamp = self.creation_date.as_deref()?.parse().ok()?;
        Some(Timestamp::from_ms(at.as_millisecond()))
    }
}

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

fn profile_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Value::deserialize(from)?.get("companyName").and_then(text))
}

fn account_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AccountId>, D::Error> {
    Ok(text(&Value::deserialize(from)?).and_then(sound_account))
}

/// An account id that can stand in an address.
pub(super) fn sound_account(id: String) -> Option<AccountId> {
    let is_sound = id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        && id.chars().count() <= ACCOUNT_ID_CHARS_MAX;
    is_sound.then(|| AccountId::new(id))
}

/// A page of `GET /v3/resellers` (providers.md 2.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// All that match, over all pages, if the provider said.
    pub total: Option<u64>,
    /// The offset answered, if the provider said.
    pub offset: Option<u64>,
    /// The entries; `None` for one that is not an object.
    pub rows: Vec<Option<Reseller>>,
}

impl ListPage {
    /// Reads a page. The entries stand under `accounts` or `resellers`; without either it is a page only if it says
    /// that there are none.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut page: Value = serde_json::from_slice(body).ok()?;
        let count = |key: &str| page.get(key).and_then(text)?.parse().ok();
        let (total, offset) = (count("totalCount"), count("offset"));
        let mut entries = |key: &str| match page.get_mut(key).map(Value::take) {
            Some(Value::Array(entries)) => Some(entries),
            _ => None,
        };
        let entries = match entries("accounts").or_else(|| entries("resellers")) {
            Some(entries) => entries,
            None if total == Some(0) => Vec::new(),
            None => return None,
        };
        Some(Self {
            total,
            offset,
            rows: entries.into_iter().map(Reseller::of).collect(),
        })
    }
}

/// A call, before it has ids and a token.
#[derive(Clone)]
pub struct Ask {
    method: Method,
    url: Url,
    body: RequestBody,
}

impl Ask {
    /// `POST /v3/resellers`.
    pub fn create(base: &Url, payload: Arc<str>) -> Self {
        Self {
            method: Method::Post,
            url: resellers(base, None),
            body: RequestBody::Json(payload),
        }
    }

    /// `PATCH /v3/resellers/{id}`.
    pub fn update(base: &Url, account: &AccountId, payload: Arc<str>) -> Self {
        Self {
            method: Method::Patch,
            url: resellers(base, Some(account)),
            body: RequestBody::Json(payload),
        }
    }

    /// `GET /v3/resellers/{id}`.
    pub fn read(base: &Url, account: &AccountId) -> Self {
        Self {
            method: Method::Get,
            url: resellers(base, Some(account)),
            body: RequestBody::Empty,
        }
    }

    /// `GET /v3/resellers?…`.
    pub fn list(base: &Url, query: &ListQuery<'_>) -> Self {
        let mut url = resellers(base, None);
        url.set_query(Some(&query.text()));
        Self {
            method: Method::Get,
            url,
            body: RequestBody::Empty,
        }
    }

    /// The request with every header of providers.md 2.3.
    pub fn request(
        &self,
        api_key: &str,
        bearer: SecretString,
        correlation_id: CorrelationId,
        request_id: RequestId,
    ) -> HttpRequest {
        HttpRequest {
            method: self.method,
            url: self.url.clone(),
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("content-type", "application/json".to_owned()),
                ("x-api-key", api_key.to_owned()),
                ("x-correlation-id", correlation_id.to_string()),
                ("x-request-id", request_id.to_string()),
            ],
            bearer: Some(bearer),
            body: self.body.clone(),
            timeout: None,
            held: None,
        }
    }
}

fn resellers(base: &Url, account: Option<&AccountId>) -> Url {
    let mut url = base.clone();
    // Fails only for addresses without a path, which settings do not let through.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty()
            .extend(["v3", "resellers"])
            .extend(account.map(AccountId::as_str));
    }
    url
}

/// Oldest or newest first, by the time of making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Oldest,
    /// Newest first.
    Newest,
}

/// The parameters of a list call.
#[derive(Clone, Copy, Debug)]
pub struct ListQuery<'a> {
    /// One status code; left out, the provider would show active accounts only.
    pub status: &'a str,
    /// A company's name.
    pub company_name: Option<&'a str>,
    /// Which first.
    pub order: Order,
    /// Entries to skip.
    pub offset: u64,
}

impl ListQuery<'_> {
    /// Encoded as RFC 3986 has it, a space as `%20`: a `+` is a space to some readers only, and names hold both.
    fn text(&self) -> String {
        let mut query = format!("status={}", self.status);
        if let Some(name) = self.company_name {
            let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
            query.push_str("&company-name=");
            query.push_str(&encoded.replace('+', "%20"));
        }
        let order = match self.order {
            Order::Oldest => "asc",
            Order::Newest => "desc",
        };
        query.push_str(&format!(
            "&sort-by=creationDate&order-by={order}&limit={PAGE_ROWS}&offset={}",
            self.offset
        ));
        query
    }
}

#[cfg(test)]
mod tests;
