//! The two formats of answers: the suffix of the path picks one (providers.md 3.1). XML bodies are not documented;
//! both forms that consumers look for are here (providers.md 3.2).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::simulator::wire::Reply;

use super::errors::Said;
use super::settings::LogicBoxesSettings;

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

/// How a map is written in XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum XmlShape {
    /// `<status>Success</status>`.
    Elements,
    /// `<entry><string>status</string><string>Success</string></entry>`.
    Pairs,
}

impl Format {
    pub(super) fn of(suffix: &str) -> Option<Self> {
        match suffix {
            "json" => Some(Self::Json),
            "xml" => Some(Self::Xml),
            _ => None,
        }
    }

    /// What the service says, as an answer.
    pub(super) fn write(self, said: &Said, settings: &LogicBoxesSettings) -> Reply {
        match self {
            Self::Json => {
                let mut body = said.body.clone();
                if settings.numbers_as_text {
                    as_text(&mut body);
                }
                Reply::json(said.http, body.to_string())
            }
            Self::Xml => Reply::typed(
                said.http,
                "text/xml;charset=UTF-8",
                xml(&said.body, settings.xml_shape),
            ),
        }
    }
}

/// Numbers inside of a map become texts; a bare number stays one.
fn as_text(value: &mut Value) {
    for inner in value.as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
        if inner.is_number() {
            *inner = inner.to_string().into();
        }
        as_text(inner);
    }
}

fn xml(body: &Value, shape: XmlShape) -> String {
    let mut out = r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned();
    match shape {
        _ if !body.is_object() => tag(&mut out, "string", &text(body)),
        XmlShape::Pairs => pairs(&mut out, body),
        XmlShape::Elements => {
            out.push_str("<response>");
            elements(&mut out, body);
            out.push_str("</response>");
        }
    }
    out
}

fn elements(out: &mut String, body: &Value) {
    for (key, value) in body.as_object().into_iter().flatten() {
        // A name in XML does not begin with a digit.
        let numbered = key.starts_with(|c: char| c.is_ascii_digit());
        let (open, close) = if numbered {
            (format!(r#"entry key="{key}""#), "entry")
        } else {
            (key.clone(), key.as_str())
        };
        out.push_str(&format!("<{open}>"));
        if value.is_object() {
            elements(out, value);
        } else {
            out.push_str(&escaped(&text(value)));
        }
        out.push_str(&format!("</{close}>"));
    }
}

fn pairs(out: &mut String, body: &Value) {
    out.push_str("<hashtable>");
    for (key, value) in body.as_object().into_iter().flatten() {
        out.push_str("<entry>");
        tag(out, "string", key);
        if value.is_object() {
            pairs(out, value);
        } else {
            tag(out, "string", &text(value));
        }
        out.push_str("</entry>");
    }
    out.push_str("</hashtable>");
}

fn tag(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>{}</{name}>", escaped(text)));
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(c),
            // No XML holds these, not even escaped.
            _ if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_of_xml() {
        let body = json!({ "status": "A<&>\u{1}", "eaqid": 7, "1": { "reseller.username": "a@b.cd" } });
        assert_eq!(
            xml(&body, XmlShape::Elements),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response><status>A&lt;&amp;&gt;\u{fffd}</status>\
             <eaqid>7</eaqid><entry key=\"1\"><reseller.username>a@b.cd</reseller.username></entry></response>"
        );
        assert_eq!(
            xml(&json!({ "status": "Success", "1": {} }), XmlShape::Pairs),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><hashtable><entry><string>status</string>\
             <string>Success</string></entry><entry><string>1</string><hashtable></hashtable></entry></hashtable>"
        );
        assert!(xml(&json!(false), XmlShape::Elements).ends_with("?><string>false</string>"));
    }
}
