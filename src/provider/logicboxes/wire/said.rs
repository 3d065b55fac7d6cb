//! What an answer says, in whichever form: a map of names and values, or a bare word (providers.md 3.3).

use serde_json::{Map, Value};

use super::xml;

/// Names that details of an account hold and that nobody here may have (providers.md 3.4).
const NOT_KEPT: [&str; 2] = ["password", "pin"];

/// An answer, read. Has no `Debug`: it may hold persons' data.
pub struct Said(Form);

enum Form {
    Map(Map<String, Value>),
    /// `true`, `false`, a number, or text that begins with `Success`.
    Bare(String),
}

impl Said {
    /// Reads a body by what it is, not by what was asked for. `None` for everything that is no answer of the service:
    /// pages, cut bodies, texts of something in between.
    ///
    /// `password` and `pin` are gone from here on, whatever they stand in.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body)
            .ok()?
            .trim_start_matches('\u{feff}')
            .trim();
        let value = if text.starts_with('<') {
            xml::read(text)?
        } else {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        };
        match value {
            Value::Object(mut map) => {
                forget(&mut map);
                Some(Self(Form::Map(map)))
            }
            Value::Bool(_) | Value::Number(_) => Some(Self(Form::Bare(value.to_string()))),
            Value::String(text) => is_bare(&text).then_some(Self(Form::Bare(text))),
            Value::Null | Value::Array(_) => None,
        }
    }

    /// The bare word, if it is one.
    pub fn bare(&self) -> Option<&str> {
        match &self.0 {
            Form::Bare(text) => Some(text),
            Form::Map(_) => None,
        }
    }

    /// The text or number called `name`, in any case; `None` for an object, and for what is not there.
    pub fn text(&self, name: &str) -> Option<String> {
        match &self.0 {
            Form::Map(map) => of(map, name).and_then(text),
            Form::Bare(_) => None,
        }
    }

    /// The entries with numbers for names, in the order in which they came; `None` for one that is no object.
    pub(super) fn numbered(&self) -> Vec<Option<&Map<String, Value>>> {
        let Form::Map(map) = &self.0 else {
            return Vec::new();
        };
        let is_number = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        map.iter()
            .filter(|(name, _)| is_number(name))
            .map(|(_, value)| value.as_object())
            .collect()
    }
}

/// The value called `name`, in any case.
pub(super) fn of<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A value as text; empty texts are texts.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_bare(text: &str) -> bool {
    let is_word = |word: &str| text.eq_ignore_ascii_case(word);
    let begins = text
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("success"));
    begins
        || is_word("true")
        || is_word("false")
        || (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
}

/// Depth is bounded: JSON by its reader at 128 levels, XML by ours.
fn forget(map: &mut Map<String, Value>) {
    map.retain(|name, _| {
        let last = name.rsplit('.').next().unwrap_or(name);
        !NOT_KEPT.iter().any(|secret| secret.eq_ignore_ascii_case(last))
    });
    map.values_mut().for_each(forget_in);
}

fn forget_in(value: &mut Value) {
    match value {
        Value::Object(map) => forget(map),
        Value::Array(values) => values.iter_mut().for_each(forget_in),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str) -> String {
        match Said::parse(body.as_bytes()).map(|said| said.0) {
            Some(Form::Map(map)) => Value::Object(map).to_string(),
            Some(Form::Bare(text)) => format!("bare {text}"),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn every_form() {
        for (body, said) in [
            (
                r#"{"status":"Success","resellerid":7}"#,
                r#"{"status":"Success","resellerid":7}"#,
            ),
            ("\u{feff} {}\n", "{}"),
            ("true", "bare true"),
            ("False", "bare False"),
            ("12345", "bare 12345"),
            (r#""Success""#, "bare Success"),
            ("Success: 12345", "bare Success: 12345"),
            ("<string>Success</string>", "bare Success"),
            ("<r><status>ERROR</status></r>", r#"{"status":"ERROR"}"#),
            ("", "nothing"),
            ("null", "nothing"),
            ("[]", "nothing"),
            (r#"[{"status":"Success"}]"#, "nothing"),
            (r#"{"status":"Succ"#, "nothing"),
            ("Bad Gateway", "nothing"),
            (r#""oops""#, "nothing"),
            ("<html><body>Bad Gateway</body></html>", "nothing"),
            ("<r><status>ERR", "nothing"),
            ("\u{fffd}\u{0}", "nothing"),
        ] {
            assert_eq!(shown(body), said, "{body}");
        }
        assert!(Said::parse(b"\xff{}").is_none());
    }

    #[test]
    fn passwords_and_pins_are_gone() {
        let json = r#"{"resellerid":"7","password":"c4nary","Pin":"c4nary","a":{"reseller.password":"c4nary","b":[{"PIN":"c4nary"}]},"pincode":"1"}"#;
        assert_eq!(shown(json), r#"{"resellerid":"7","a":{"b":[{}]},"pincode":"1"}"#);
        let xml = "<hashtable><entry><string>password</string><string>c4nary</string></entry>\
                   <entry><string>resellerid</string><string>7</string></entry></hashtable>";
        assert_eq!(shown(xml), r#"{"resellerid":"7"}"#);
        assert_eq!(
            shown("<r><pin>c4nary</pin><resellerid>7</resellerid></r>"),
            r#"{"resellerid":"7"}"#
        );
    }
}
