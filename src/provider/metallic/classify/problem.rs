//! An error body (providers.md 4.3), made fit to keep: bounded, no control characters.

use serde_json::Value;

use crate::domain::answer::RowError;
use crate::provider::limits::{CODE_CHARS_MAX, FIELD_CHARS_MAX, MESSAGE_CHARS_MAX};
use crate::provider::metallic::contract::CONTRACT;
use crate::provider::metallic::wire::text;
use crate::provider::secrets::Secrets;
use crate::provider::transport::clean;

const ERRORS_MAX: usize = 50;

/// `{"error":{"code":1002,"message":"…","errors":[{"field":"name","message":"…"}]}}`, read. Only the provider's service
/// writes so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The code. A number on the line; kept as a text, because another provider's codes look like it and mean something
    /// else.
    pub code: String,
    message: String,
    /// Field, as the provider names it, and message.
    errors: Vec<(String, String)>,
}

impl Problem {
    /// Reads an error body; `None` if it has not the shape.
    pub fn parse(body: &[u8]) -> Option<Self> {
        Self::parse_without(body, &Secrets::default())
    }

    /// Reads an error body that may repeat what was secret in the request.
    pub fn parse_without(body: &[u8], secrets: &Secrets) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let error = body.get("error")?.as_object()?;
        let part = |value: Option<&Value>, chars_max| {
            let said = value.and_then(text).unwrap_or_default();
            clean(&secrets.hidden(&said), chars_max)
        };
        let code = part(error.get("code"), CODE_CHARS_MAX);
        if code.is_empty() {
            return None;
        }
        let errors = error.get("errors").and_then(Value::as_array);
        let errors = errors.into_iter().flatten().take(ERRORS_MAX).map(|error| {
            let field = part(error.get("field"), FIELD_CHARS_MAX);
            (field, part(error.get("message"), MESSAGE_CHARS_MAX))
        });
        Some(Self {
            code,
            message: part(error.get("message"), MESSAGE_CHARS_MAX),
            errors: errors.collect(),
        })
    }

    /// The fields named, by their last names: `email` of `contacts[0].email`.
    pub(super) fn fields(&self) -> Vec<&str> {
        let named = self.errors.iter().map(|(field, _)| leaf(field));
        named.filter(|name| !name.is_empty()).collect()
    }

    /// As one error: everything said, in one message.
    pub fn one(&self) -> RowError {
        let parts = std::iter::once(&self.message).chain(self.errors.iter().map(|(_, message)| message));
        let parts: Vec<&str> = parts
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        RowError::new(self.code.clone(), clean(&parts.join(" "), MESSAGE_CHARS_MAX))
    }

    /// As a row's errors: one for each that names a field or says something. Never empty.
    pub(super) fn rows(&self) -> Vec<RowError> {
        let mut rows: Vec<RowError> = Vec::new();
        for (field, about) in &self.errors {
            let message = if about.is_empty() { &self.message } else { about };
            let row = RowError {
                code: self.code.clone(),
                field: wire_path(field),
                message: message.clone(),
            };
            if (!field.is_empty() || !about.is_empty()) && !rows.contains(&row) {
                rows.push(row);
            }
        }
        if rows.is_empty() {
            rows.push(self.one());
        }
        rows
    }
}

/// The last name of a path.
fn leaf(path: &str) -> &str {
    path.rsplit(['.', '/']).next().unwrap_or(path)
}

/// The provider's name of a field as the contract's path, by which it becomes the user's column: `email` is
/// `contacts[0].email`, the only contact sent. The provider writes the last name alone (4.3), so that is what is looked
/// at; what the contract does not know stays as it is.
fn wire_path(field: &str) -> String {
    let name = leaf(field);
    let known = CONTRACT
        .fields
        .iter()
        .find(|rule| leaf(rule.wire_path).eq_ignore_ascii_case(name));
    known.map_or_else(|| field.to_owned(), |rule| rule.wire_path.replace("[]", "[0]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str) -> Vec<String> {
        let rows = Problem::parse(body.as_bytes()).expect("the shape").rows();
        rows.iter()
            .map(|row| format!("{}|{}|{}", row.code, row.field, row.message))
            .collect()
    }

    fn with(errors: &str) -> String {
        format!(r#"{{"error":{{"code":1002,"message":"m","errors":{errors}}}}}"#)
    }

    #[test]
    fn errors_become_fields_or_words() {
        let table: [(String, &[&str]); 13] = [
            (
                with(r#"[{"field":"name","message":"a"},{"field":"email","message":"b"}]"#),
                &["1002|name|a", "1002|contacts[0].email|b"],
            ),
            (
                with(r#"[{"field":"contacts[0].address.state","message":"a"}]"#),
                &["1002|contacts[0].address.state|a"],
            ),
            (
                with(r#"[{"field":"address.postalcode"}]"#),
                &["1002|contacts[0].address.postalCode|m"],
            ),
            (
                with(r#"[{"field":"/externalId","message":"a"}]"#),
                &["1002|externalId|a"],
            ),
            (
                with(r#"[{"field":"contacts","message":"a"}]"#),
                &["1002|contacts|a"],
            ),
            (
                with(r#"[{"field":"name","message":"a"},{"field":"name","message":"a"},{"message":"b"}]"#),
                &["1002|name|a", "1002||b"],
            ),
            (with(r#"[{},7,null,"x",[]]"#), &["1002||m"]),
            (with("[]"), &["1002||m"]),
            (with("{}"), &["1002||m"]),
            (with("null"), &["1002||m"]),
            (r#"{"error":{"code":"E7"}}"#.to_owned(), &["E7||"]),
            (r#"{"error":{"code":1002,"message":{}}}"#.to_owned(), &["1002||"]),
            (
                "{\"error\":{\"code\":1,\"message\":\"a\\u001b[2Jb\\r\\n\"}}".to_owned(),
                &["1||a [2Jb"],
            ),
        ];
        for (body, wanted) in table {
            assert_eq!(rows(&body), wanted, "{body}");
        }
    }

    #[test]
    fn no_shape() {
        for body in [
            "",
            "null",
            "[]",
            "7",
            "{}",
            "<html>",
            r#"{"code":1002,"message":"m"}"#,
            r#"{"message":"Too Many Requests"}"#,
            r#"{"error":"invalid_token"}"#,
            r#"{"error":{}}"#,
            r#"{"error":{"code":null}}"#,
            r#"{"error":{"code":""}}"#,
            r#"{"error":[1002]}"#,
            r#"{"error":{"code":1002"#,
        ] {
            assert_eq!(Problem::parse(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let long = "x".repeat(100_000);
        let errors: Vec<_> = (0..1_000)
            .map(|n| serde_json::json!({ "field": format!("{n}{long}"), "message": long }))
            .collect();
        let body = serde_json::json!({ "error": { "code": long, "message": long, "errors": errors } });
        let problem = Problem::parse(body.to_string().as_bytes()).expect("the shape");
        let rows = problem.rows();
        assert_eq!(rows.len(), ERRORS_MAX);
        assert!(problem.one().message.len() <= MESSAGE_CHARS_MAX);
        for row in rows {
            assert!(row.code.len() <= CODE_CHARS_MAX && row.field.len() <= FIELD_CHARS_MAX);
            assert!(row.message.len() <= MESSAGE_CHARS_MAX);
        }
    }
}
