//! XML answers, turned into what the same answer would be in JSON, so that the rest reads one form.
//!
//! Bodies are NOT PUBLIC; consumers look for elements (`<status>Success</status>`) and for a map of string pairs
//! (`<entry><string>status</string><string>Success</string></entry>`, providers.md 3.2). Both are read, nested too.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

/// Elements in one another at most, and events all together. Answers have a handful of levels, and 500 hits at most
/// (providers.md 3.4).
const DEPTH_MAX: usize = 16;
const EVENTS_MAX: usize = 150_000;

/// One element being read.
#[derive(Default)]
struct Node {
    name: String,
    /// Its `key` attribute: the name of an entry that cannot be an element's name, `1`.
    key: Option<String>,
    text: String,
    children: Vec<Child>,
}

/// One element read.
struct Child {
    element: String,
    /// What it is called in a JSON object.
    name: String,
    value: Value,
}

/// The document as JSON would have it: an element with elements in it is an object, one without is a text. `None` for what
/// is no well-formed XML, a page (HTML), and what has a document type.
pub(super) fn read(text: &str) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    let mut events = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push(node(&start)?),
            Event::Empty(start) => {
                open.push(node(&start)?);
                close(&mut open, &mut root)?;
            }
            Event::End(_) => close(&mut open, &mut root)?,
            Event::Text(text) => told(&mut open, &text.xml10_content())?,
            Event::CData(text) => told(&mut open, &text)?,
            Event::GeneralRef(reference) => told(&mut open, &resolved(&reference)?)?,
            // Entities can be declared here, and no answer needs any.
            Event::DocType(_) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        events += 1;
        if open.len() > DEPTH_MAX || events > EVENTS_MAX {
            return None;
        }
    }
    root.filter(|_| open.is_empty())
}

fn node(start: &BytesStart<'_>) -> Option<Node> {
    let key = match start.try_get_attribute("key").ok()? {
        Some(key) => Some(key.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned()),
        None => None,
    };
    let name = start.name();
    let name: &str = name.as_ref();
    (!name.eq_ignore_ascii_case("html")).then(|| Node {
        name: name.to_owned(),
        key,
        ..Node::default()
    })
}

fn told(open: &mut [Node], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(node) => node.text.push_str(text),
        // Nothing but white space stands outside of the root.
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(c) = reference.resolve_char_ref().ok()? {
        return Some(c.to_string());
    }
    quick_xml::escape::resolve_xml_entity(reference).map(str::to_owned)
}

fn close(open: &mut Vec<Node>, root: &mut Option<Value>) -> Option<()> {
    let child = open.pop()?.read();
    match open.last_mut() {
        Some(parent) => parent.children.push(child),
        None if root.is_none() => *root = Some(child.value),
        None => return None,
    }
    Some(())
}

impl Node {
    fn read(mut self) -> Child {
        let is_pair = self.key.is_none()
            && self.name == "entry"
            && self.children.len() == 2
            && self
                .children
                .first()
                .is_some_and(|first| first.element == "string");
        let (name, value) = if is_pair {
            let second = self.children.pop().map(|child| child.value);
            let first = self.children.pop().map(|child| child.value);
            let name = first
                .as_ref()
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            (name, second.unwrap_or_default())
        } else {
            let name = self.key.take().unwrap_or_else(|| self.name.clone());
            (name, self.value())
        };
        Child {
            element: self.name,
            name,
            value,
        }
    }

    fn value(&mut self) -> Value {
        if self.children.is_empty() {
            return Value::String(self.text.trim().to_owned());
        }
        let mut map = Map::new();
        for child in self.children.drain(..) {
            // The first of a name stands. Hits that shared one would be missed, which their count tells.
            map.entry(child.name).or_insert(child.value);
        }
        Value::Object(map)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_and_what_is_none() {
        let head = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
        for (text, value) in [
            (
                "<r><status>Success</status><n>7</n></r>",
                Some(json!({ "status": "Success", "n": "7" })),
            ),
            (
                "<r>\n <a> x &amp; &#65;&lt;<![CDATA[<b>]]> </a> <!-- c --> <e/></r>\n",
                Some(json!({ "a": "x & A<<b>", "e": "" })),
            ),
            (
                r#"<r><n>1</n><entry key="1"><reseller.username>a@b.cd</reseller.username></entry></r>"#,
                Some(json!({ "n": "1", "1": { "reseller.username": "a@b.cd" } })),
            ),
            (
                "<hashtable><entry><string>status</string><string>Success</string></entry>\
                 <entry><string>1</string><hashtable><entry><string>a</string><string>b</string></entry></hashtable></entry>\
                 </hashtable>",
                Some(json!({ "status": "Success", "1": { "a": "b" } })),
            ),
            (
                "<map><entry><string>1</string><hashtable></hashtable></entry></map>",
                Some(json!({ "1": "" })),
            ),
            ("<string>false</string>", Some(json!("false"))),
            ("<r><a>1</a><a>2</a></r>", Some(json!({ "a": "1" }))),
            ("<r/>", Some(json!(""))),
            ("<r><a></r>", None),
            ("<r>", None),
            ("<r/><r/>", None),
            ("<r/>text", None),
            ("text", None),
            ("", None),
            ("<r>&unknown;</r>", None),
            ("<!DOCTYPE r [<!ENTITY a \"b\">]><r>&a;</r>", None),
            ("<html><body>Bad Gateway</body></html>", None),
            ("<HTML><body/></HTML>", None),
        ] {
            assert_eq!(read(text), value, "{text}");
            assert_eq!(read(&format!("{head}{text}")), value, "{text}");
        }
    }

    #[test]
    fn has_a_floor_and_an_end() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read(&nested(DEPTH_MAX)).is_some());
        assert!(read(&nested(DEPTH_MAX + 1)).is_none());
        assert!(read(&format!("<r>{}</r>", "<a/>".repeat(EVENTS_MAX))).is_none());
    }
}
