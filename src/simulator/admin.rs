//! What the pages under `/_simulator/` of all stand-ins have in common. No provider has these pages.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::wire::{Reply, Request};

/// The most accounts that one answer shows.
const SHOWN_MAX: usize = 10_000;
/// How many it shows when it is not told.
const SHOWN: usize = 1_000;

/// What a tester gets: a body, or an HTTP status code and what is wrong.
pub(super) type Answer = Result<Value, (u16, String)>;

pub(super) fn no_such_path() -> Answer {
    Err((404, "no such path".to_owned()))
}

pub(super) fn reply(answer: Answer) -> Reply {
    match answer {
        Ok(body) => Reply::json(200, body.to_string()),
        Err((status, error)) => Reply::json(status, json!({ "error": error }).to_string()),
    }
}

/// A request's body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (u16, String)> {
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
