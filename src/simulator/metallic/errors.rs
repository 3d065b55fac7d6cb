//! Every refusal, in the one shape that there is: a code that is a number, a message, and fields (providers.md 4.3,
//! 4.4). Of most codes only the HTTP status code is public; then the code is the same number.

use serde_json::{Value, json};

use crate::simulator::wire::Reply;

use super::checks::Wrong;

/// A refusal without fields.
pub(super) fn error(status: u16, code: u32, message: &str) -> Reply {
    Reply::json(
        status,
        json!({ "error": { "code": code, "message": message } }).to_string(),
    )
}

/// 400: something is wrong with these fields.
pub(super) fn validation(wrong: &[Wrong]) -> Reply {
    let errors: Vec<_> = wrong
        .iter()
        .map(|(field, message)| json!({ "field": field, "message": message }))
        .collect();
    let error = json!({ "code": 1002, "message": "Request validation failed!", "errors": errors });
    Reply::json(400, json!({ "error": error }).to_string())
}

/// Nothing has this id.
pub(super) fn not_found() -> Reply {
    error(404, 1006, "Record not found")
}

/// The code in an error's body.
pub(super) fn code_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("error")?.get("code")?.to_string())
}
