//! What a provider keeps otherwise than it was sent, and says nothing of: one error for each text.

use std::collections::BTreeMap;

use serde_json::Value;

use super::transport::clean;
use crate::domain::answer::{KEPT, RowError};

/// Errors told of one row at most.
const ERRORS_MAX: usize = 50;

/// Characters shown of a stored text.
const SHOWN_MAX: usize = 100;

/// That the field at `place` is kept as `message` says.
pub(super) fn kept(place: &str, message: impl Into<String>) -> RowError {
    RowError {
        code: KEPT.to_owned(),
        field: place.to_owned(),
        message: message.into(),
    }
}

/// What is kept, as it is shown.
pub(super) fn as_shown(text: &str) -> String {
    format!("the provider keeps \"{}\"", clean(text, SHOWN_MAX))
}

/// The texts that are shown otherwise than they were sent. What is not shown is not known to differ.
pub(super) fn differences<'a>(
    sent: impl IntoIterator<Item = (&'a str, &'a str)>,
    shown: &BTreeMap<String, String>,
) -> Vec<RowError> {
    sent.into_iter()
        .filter_map(|(place, text)| {
            let has = shown.get(place)?;
            (has.trim() != text.trim()).then(|| kept(place, as_shown(has)))
        })
        .take(ERRORS_MAX)
        .collect()
}

/// The texts, numbers and truths of a JSON value by their places, `contacts[0].email`.
pub(super) fn leaves(value: &Value) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    gather(value, String::new(), &mut leaves);
    leaves
}

fn gather(value: &Value, place: String, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Bool(is) => {
            leaves.insert(place, is.to_string());
        }
        Value::Number(number) => {
            leaves.insert(place, number.to_string());
        }
        Value::String(text) => {
            leaves.insert(place, text.clone());
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                gather(item, format!("{place}[{at}]"), leaves);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let dot = if place.is_empty() { "" } else { "." };
                gather(item, format!("{place}{dot}{key}"), leaves);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_otherwise_is_told_and_nothing_else() {
        let sent = leaves(&json!({"name": "Fairmont", "gone": "x", "n": 1,
                                  "contacts": [{"email": "a@x", "phone": "1 ", "is": true}]}));
        let shown = leaves(&json!({"name": "FAIRMONT\u{7}", "n": "1", "more": "y",
                                   "contacts": [{"email": "a@x", "phone": "1", "is": false}, {"email": "b@x"}]}));
        let told = differences(sent.iter().map(|(place, text)| (&**place, &**text)), &shown);
        let told: Vec<(&str, &str)> = told
            .iter()
            .map(|error| (&*error.field, &*error.message))
            .collect();
        assert_eq!(
            told,
            [
                ("contacts[0].is", "the provider keeps \"false\""),
                ("name", "the provider keeps \"FAIRMONT \""),
            ]
        );
    }
}
