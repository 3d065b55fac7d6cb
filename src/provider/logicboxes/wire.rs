//! What goes over the line, as types, and the calls as requests. Pure.
//!
//! Reads are `GET` and writes are `POST`: the wrong verb is an error (providers.md 3.1). Answers are read leniently: a
//! number is taken for a text, names in any case, JSON and XML alike.

mod said;
mod xml;

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

pub use crate::config::providers::{CredentialsIn, Format};
use crate::domain::ids::{AccountId, CorrelationId, RequestId};
use crate::domain::time::Timestamp;
use crate::provider::transport::{HttpRequest, Method, RequestBody};

pub use said::Said;
use said::{of, text};

/// Hits on a page. 10 to 500 are taken (providers.md 3.4); a username has one, or a few where parts of it match.
pub const PAGE_ROWS: u64 = 50;

/// Digits of an account's id at most. It stands in addresses.
const ACCOUNT_ID_DIGITS_MAX: usize = 20;

impl Format {
    /// As it ends a path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }
}

/// As whom calls are made. Its `Debug` does not show the key.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `auth-userid`: the parent's numeric reseller id.
    pub auth_userid: String,
    /// `api-key`.
    pub api_key: SecretString,
    /// Where writes carry them.
    pub place: CredentialsIn,
}

/// The value of a parameter in a rendered sign-up.
pub(super) fn parameter(payload: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(payload.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// An account id as the provider writes it: a number, and not 0.
pub(super) fn account_id(text: &str) -> Option<AccountId> {
    let digits = text.trim();
    let is_number =
        (1..=ACCOUNT_ID_DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (is_number && digits.bytes().any(|b| b != b'0')).then(|| AccountId::new(digits))
}

/// One hit of a search: what is read of it (providers.md 3.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Its id, if that is one.
    pub account: Option<AccountId>,
    /// The username; an email address.
    pub username: Option<String>,
    /// `resellerstatus`, which may be empty.
    pub status: Option<String>,
}

impl Hit {
    fn of(map: &Map<String, Value>) -> Self {
        let said = |name: &str| {
            of(map, &format!("reseller.{name}"))
                .or_else(|| of(map, name))
                .and_then(text)
        };
        Self {
            account: said("resellerid").as_deref().and_then(account_id),
            username: said("username"),
            status: said("resellerstatus"),
        }
    }
}

/// A page of hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// All that match, over all pages, if the provider said (`recsindb`).
    pub total: Option<u64>,
    /// The hits; `None` for one that cannot be read.
    pub rows: Vec<Option<Hit>>,
}

impl Page {
    /// Reads a page: hits under `"1"`, `"2"` and so on, beside counters. Without either it is none. Hits that the counter
    /// counts and that are not there are told as hits that cannot be read.
    pub fn parse(said: &Said) -> Option<Self> {
        let count = |name: &str| said.text(name).and_then(|text| text.parse::<u64>().ok());
        let (on_page, total) = (count("recsonpage"), count("recsindb"));
        let mut rows: Vec<Option<Hit>> = said.numbered().into_iter().map(|hit| hit.map(Hit::of)).collect();
        if rows.is_empty() && on_page.is_none() && total.is_none() {
            return None;
        }
        let counted = on_page.unwrap_or_default().min(PAGE_ROWS);
        while u64::try_from(rows.len()).is_ok_and(|read| read < counted) {
            rows.push(None);
        }
        Some(Self { total, rows })
    }
}

/// The parameters of a search for resellers.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// Usernames that are this, or hold it: which is not public.
    pub username: Option<&'a str>,
    /// This account alone.
    pub account: Option<&'a str>,
    /// Made since.
    pub since: Option<Timestamp>,
    /// Which page, from 1.
    pub page: u64,
}

/// A call, before it has ids and credentials.
#[derive(Clone)]
pub struct Ask {
    url: Url,
    /// The form of a write.
    payload: Option<Arc<str>>,
}

impl Ask {
    /// `POST resellers/v2/signup`.
    pub fn signup(base: &Url, format: Format, payload: Arc<str>) -> Self {
        Self {
            url: below(base, &["resellers", "v2"], "signup", format),
            payload: Some(payload),
        }
    }

    /// `GET resellers/search`.
    pub fn search(base: &Url, format: Format, search: &Search<'_>) -> Self {
        let mut url = below(base, &["resellers"], "search", format);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("no-of-records", &PAGE_ROWS.to_string());
            query.append_pair("page-no", &search.page.to_string());
            let since = search.since.map(|at| (at.as_ms() / 1000).max(0).to_string());
            for (name, value) in [
                ("username", search.username),
                ("reseller-id", search.account),
                ("creation-date-start", since.as_deref()),
            ] {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
        }
        Self { url, payload: None }
    }

    /// `GET resellers/details`.
    pub fn details(base: &Url, format: Format, account: &AccountId) -> Self {
        let mut url = below(base, &["resellers"], "details", format);
        url.query_pairs_mut().append_pair("reseller-id", account.as_str());
        Self { url, payload: None }
    }

    /// The request. LogicBoxes reads neither id: they are for whoever compares the logs of both ends.
    pub fn request(
        &self,
        credentials: &Credentials,
        correlation_id: CorrelationId,
        request_id: RequestId,
    ) -> HttpRequest {
        let known = [
            ("auth-userid", credentials.auth_userid.as_str()),
            ("api-key", credentials.api_key.expose_secret()),
        ];
        let mut url = self.url.clone();
        let mut headers = vec![
            ("accept", "application/json, application/xml, text/xml".to_owned()),
            ("x-correlation-id", correlation_id.to_string()),
            ("x-request-id", request_id.to_string()),
        ];
        let in_query = self.payload.is_none() || credentials.place == CredentialsIn::Query;
        if in_query {
            url.query_pairs_mut().extend_pairs(known);
        }
        let (method, body) = match &self.payload {
            None => (Method::Get, RequestBody::Empty),
            Some(payload) => {
                headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
                let form = if in_query {
                    payload.as_ref().to_owned()
                } else {
                    let known = form_urlencoded::Serializer::new(String::new())
                        .extend_pairs(known)
                        .finish();
                    format!("{known}&{payload}")
                };
                (Method::Post, RequestBody::SecretForm(form.into()))
            }
        };
        HttpRequest {
            method,
            url,
            headers,
            bearer: None,
            body,
            timeout: None,
            held: None,
        }
    }
}

fn below(base: &Url, folders: &[&str], call: &str, format: Format) -> Url {
    let mut url = base.clone();
    // Fails only for addresses without a path, which settings do not let through.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty()
            .extend(folders)
            .push(&format!("{call}.{}", format.as_str()));
    }
    url
}

#[cfg(test)]
mod tests;
