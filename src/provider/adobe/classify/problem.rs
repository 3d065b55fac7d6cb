//! An error body in any of its three shapes (providers.md 2.9), made fit to keep: bounded, no control characters.

use serde_json::Value;

use crate::domain::answer::RowError;
use crate::provider::limits::{CODE_CHARS_MAX, FIELD_CHARS_MAX, MESSAGE_CHARS_MAX};
use crate::provider::transport::clean;

const DETAILS_MAX: usize = 50;

/// Who wrote an error body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The provider's service: `code`.
    Service,
    /// Something before it: `error_code`, or a token service's `error`.
    Gateway,
}

/// An error body, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) origin: Origin,
    pub(super) code: String,
    message: String,
    details: Vec<String>,
}

impl Problem {
    /// Reads an error body; `None` if it has none of the shapes.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let text = |key: &str, chars_max| body.get(key).and_then(text).map(|text| clean(&text, chars_max));
        let filled = |key| text(key, CODE_CHARS_MAX).filter(|code| !code.is_empty());
        let (origin, code) = filled("code").map(|code| (Origin::Service, code)).or_else(|| {
            filled("error_code")
                .or_else(|| filled("error"))
                .map(|code| (Origin::Gateway, code))
        })?;
        let message =
            text("message", MESSAGE_CHARS_MAX).or_else(|| text("error_description", MESSAGE_CHARS_MAX));
        // An old remark calls the list `invalidFields`.
        let details = ["additionalDetails", "invalidFields"]
            .into_iter()
            .flat_map(|key| match body.get(key) {
                Some(Value::Array(details)) => details.as_slice(),
                Some(detail) => std::slice::from_ref(detail),
                None => &[],
            })
            .take(DETAILS_MAX)
            .filter(|detail| !detail.is_null())
            .map(|detail| {
                clean(
                    &self::text(detail).unwrap_or_else(|| detail.to_string()),
                    MESSAGE_CHARS_MAX,
                )
            })
            .collect();
        Some(Self {
            origin,
            code,
            message: message.unwrap_or_default(),
            details,
        })
    }

    /// As one error: everything said, in one message.
    pub(super) fn one(&self) -> RowError {
        RowError::new(
            self.code.clone(),
            self.message_with(self.details.iter().map(String::as_str)),
        )
    }

    /// As a row's errors: one for each field named; what is no field belongs to the message. Never empty.
    pub(super) fn rows(&self) -> Vec<RowError> {
        let (mut fields, mut remarks): (Vec<(&str, &str)>, Vec<&str>) = (Vec::new(), Vec::new());
        for detail in &self.details {
            match split_field(detail) {
                Some(named) if !fields.contains(&named) => fields.push(named),
                Some(_) => {}
                None => remarks.push(detail),
            }
        }
        if fields.is_empty() {
            return vec![self.one()];
        }
        let row = |(field, about): (&str, &str)| RowError {
            code: self.code.clone(),
            field: field.to_owned(),
            message: self.message_with(
                remarks
                    .iter()
                    .copied()
                    .chain((!about.is_empty()).then_some(about)),
            ),
        };
        fields.into_iter().map(row).collect()
    }

    fn message_with<'a>(&self, remarks: impl Iterator<Item = &'a str>) -> String {
        let remarks = remarks.collect::<Vec<_>>().join("; ");
        let message = match (self.message.is_empty(), remarks.is_empty()) {
            (_, true) => self.message.clone(),
            (true, false) => remarks,
            (false, false) => format!("{}: {remarks}", self.message),
        };
        clean(&message, MESSAGE_CHARS_MAX)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A detail as a field path and what is said about it: `companyProfile.contacts[0].email`, or the same followed by
/// words. A plain first word of a sentence is no field.
fn split_field(detail: &str) -> Option<(&str, &str)> {
    if is_path(detail) {
        return Some((detail, ""));
    }
    let end = detail.find(|c: char| c == ':' || c.is_whitespace())?;
    let (head, rest) = detail.split_at(end);
    let dotted = head.contains(['.', '[']) && is_path(head);
    dotted.then(|| {
        (
            head,
            rest.trim_start_matches(|c: char| matches!(c, ':' | '-') || c.is_whitespace()),
        )
    })
}

/// Names joined by dots, each with or without an index.
fn is_path(text: &str) -> bool {
    let name = |part: &str| {
        let (name, index) = part
            .split_once('[')
            .map_or((part, None), |(name, index)| (name, Some(index)));
        let digits = |index: &str| {
            index
                .strip_suffix(']')
                .is_some_and(|i| i.bytes().all(|b| b.is_ascii_digit()))
        };
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && index.is_none_or(digits)
    };
    text.len() <= FIELD_CHARS_MAX && text.split('.').all(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(body: &str) -> Vec<String> {
        let rows = Problem::parse(body.as_bytes()).expect("a known shape").rows();
        rows.iter()
            .map(|row| format!("{}|{}|{}", row.code, row.field, row.message))
            .collect()
    }

    #[test]
    fn details_become_fields_or_words() {
        let seed = r#"{"code":"1117","message":"Some Fields are Invalid",
            "additionalDetails":["companyProfile.companyName","companyProfile.contacts[0].firstName"]}"#;
        let table: [(&str, &[&str]); 12] = [
            (
                seed,
                &[
                    "1117|companyProfile.companyName|Some Fields are Invalid",
                    "1117|companyProfile.contacts[0].firstName|Some Fields are Invalid",
                ],
            ),
            (
                r#"{"code":1117,"message":"m","invalidFields":["region"]}"#,
                &["1117|region|m"],
            ),
            (
                r#"{"code":"5122","message":"m","additionalDetails":["Reason: not permitted."]}"#,
                &["5122||m: Reason: not permitted."],
            ),
            (
                r#"{"code":"1","message":"m","additionalDetails":["a.b: too long"]}"#,
                &["1|a.b|m: too long"],
            ),
            (
                r#"{"code":"1","message":"m","additionalDetails":["a.b","Do this"]}"#,
                &["1|a.b|m: Do this"],
            ),
            (
                r#"{"code":"1","message":"m","additionalDetails":["a.b","a.b"]}"#,
                &["1|a.b|m"],
            ),
            (
                r#"{"code":"1","message":"m","additionalDetails":"a.b"}"#,
                &["1|a.b|m"],
            ),
            (
                r#"{"code":"1","message":"m","additionalDetails":[null,7,{"x":1}]}"#,
                &[r#"1||m: 7; {"x":1}"#],
            ),
            (
                r#"{"code":"1","additionalDetails":["Wrong thing"]}"#,
                &["1||Wrong thing"],
            ),
            (r#"{"code":"1","message":{},"additionalDetails":{}}"#, &["1||{}"]),
            (r#"{"code":"1"}"#, &["1||"]),
            (
                "{\"code\":\"1\",\"message\":\"a\\u001b[2Jb\\r\\n\"}",
                &["1||a [2Jb"],
            ),
        ];
        for (body, wanted) in table {
            assert_eq!(rows(body), wanted, "{body}");
        }
    }

    #[test]
    fn the_three_shapes_and_no_shape() {
        let shape = |body: &str| Problem::parse(body.as_bytes()).map(|p| (p.origin, p.code, p.message));
        let is = |origin, code: &str, message: &str| Some((origin, code.to_owned(), message.to_owned()));
        assert_eq!(
            shape(r#"{"code":"1124","message":"m"}"#),
            is(Origin::Service, "1124", "m")
        );
        let gateway = r#"{"error_code":"504001","message":"Gateway Timeout"}"#;
        assert_eq!(shape(gateway), is(Origin::Gateway, "504001", "Gateway Timeout"));
        let ims = r#"{"error":"invalid_token","error_description":"d"}"#;
        assert_eq!(shape(ims), is(Origin::Gateway, "invalid_token", "d"));
        for body in [
            "",
            "null",
            "[]",
            "7",
            "{}",
            r#"{"code":""}"#,
            r#"{"code":null}"#,
            "<html>",
            r#"{"code":"1"#,
        ] {
            assert_eq!(shape(body), None, "{body}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let long = "x".repeat(100_000);
        let details = vec![format!("{long} y"); 1_000];
        let body =
            serde_json::json!({ "code": long, "message": long, "additionalDetails": details }).to_string();
        let rows = Problem::parse(body.as_bytes()).expect("service shape").rows();
        assert_eq!(rows.len(), 1);
        assert!(rows[0].code.len() <= CODE_CHARS_MAX && rows[0].message.len() <= MESSAGE_CHARS_MAX);
    }
}
