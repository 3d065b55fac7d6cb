//! What the pages under `/_simulator/` of all stand-ins have in common. No provider has these pages.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tokens::Tokens;
use super::wire::{Reply, Request};
use crate::domain::time::Timestamp;

/// The most accounts that one answer shows.
const SHOWN_MAX: usize = 10_000;
/// How many it shows when it is not told.
const SHOWN: usize = 1_000;

/// What a tester gets: a body, or an HTTP status code and what is wrong.
pub(super) type Answer = Result<Value, (u16, String)>;

/// What the pages of one stand-in show and change.
pub(super) trait Pages {
    /// How an account stands, as a tester sets it.
    type Status: Serialize + DeserializeOwned;

    /// What happened so far.
    fn ledger_page(&self) -> Value;

    /// The [`page`] of the accounts with a reference, or of all.
    fn accounts_page(&self, reference: Option<&str>, request: &Request, now: Timestamp) -> Answer;

    /// The settings as they stand.
    fn settings_page(&self) -> Value;

    /// Changes the settings that `changes` names.
    ///
    /// # Errors
    ///
    /// A name or a value that does not fit.
    fn change_settings(&mut self, changes: &Value) -> Result<(), String>;

    /// Sets how an account stands from `now` on. `None`: nothing has this id.
    fn set_status(&mut self, id: &str, status: &Self::Status, now: Timestamp) -> Option<()>;

    /// The pages that this stand-in alone has.
    fn own_page(&mut self, method: &str, path: &str, now: Timestamp) -> Answer;
}

/// What a tester is told who asks for `path`, below `/_simulator/`.
pub(super) fn answer(of: &mut impl Pages, path: &str, request: &Request, now: Timestamp) -> Reply {
    match page_at(of, path, request, now) {
        Ok(body) => Reply::json(200, body.to_string()),
        Err((status, error)) => Reply::json(status, json!({ "error": error }).to_string()),
    }
}

fn page_at<P: Pages>(of: &mut P, path: &str, request: &Request, now: Timestamp) -> Answer {
    let status_of = path
        .strip_prefix("accounts/")
        .and_then(|rest| rest.strip_suffix("/status"));
    match (request.method.as_str(), path, status_of) {
        ("GET", "ledger", _) => Ok(of.ledger_page()),
        ("GET", "accounts", _) => {
            let reference = request.query_value("reference");
            of.accounts_page(reference.as_deref(), request, now)
        }
        ("GET", "settings", _) => Ok(of.settings_page()),
        ("POST", "settings", _) => {
            of.change_settings(&read(&request.body)?)
                .map_err(|error| (400, error))?;
            Ok(of.settings_page())
        }
        ("POST", _, Some(id)) => {
            let Wanted::<P::Status> { status } = read(&request.body)?;
            of.set_status(id, &status, now)
                .ok_or_else(|| (404, format!("no account {id:?}")))?;
            Ok(json!({ "id": id, "status": status }))
        }
        (method, _, _) => of.own_page(method, path, now),
    }
}

/// How a tester wants an account to stand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted<S> {
    status: S,
}

/// The page of stand-ins that give tokens: every token so far is taken back.
pub(super) fn token_page(tokens: &mut Tokens, method: &str, path: &str) -> Answer {
    match (method, path) {
        ("POST", "tokens/revoke") => {
            tokens.revoke_all();
            Ok(json!({}))
        }
        _ => no_such_path(),
    }
}

pub(super) fn no_such_path() -> Answer {
    Err((404, "no such path".to_owned()))
}

/// A request's body.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(body).map_err(|error| (400, error.to_string()))
}

/// The page of `accounts` that `?offset=` and `?limit=` ask for. `total` is how many there are.
pub(super) fn page<T: Serialize>(
    request: &Request,
    total: usize,
    accounts: impl Iterator<Item = T>,
) -> Answer {
    let number = |name: &str, default: usize| match request.query_value(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| (400, format!("{name} is not a number: {text:?}"))),
    };
    let (offset, limit) = (number("offset", 0)?, number("limit", SHOWN)?.min(SHOWN_MAX));
    let page: Vec<_> = accounts.skip(offset).take(limit).collect();
    Ok(json!({ "total": total, "offset": offset, "accounts": page }))
}
