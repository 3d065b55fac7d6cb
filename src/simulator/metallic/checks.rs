//! What the service finds wrong with the body of a create (providers.md 4.2). Written down here a second time on
//! purpose: a stand-in that shared `enlist`'s own table could not find a slip in it.

use serde_json::{Map, Value};

use super::accounts::Unique;
use super::settings::{FieldNames, MetallicSettings};

/// A field, and what is wrong with it.
pub(super) type Wrong = (String, String);

/// The body of a create as an object, and everything that is wrong with it but values that are taken. Fields that
/// are not known are not looked at.
pub(super) fn check(body: &[u8], settings: &MetallicSettings) -> (Map<String, Value>, Vec<Wrong>) {
    let mut findings = Findings {
        names: settings.field_names,
        chars_max: settings.field_chars_max,
        wrong: Vec::new(),
    };
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        findings.add("body", "body is not a JSON object.");
        return (Map::new(), findings.wrong);
    };
    findings.text(&body, "name", true);
    findings.text(&body, "website", false);
    findings.contacts(body.get("contacts"));
    findings.external_id(&body);
    match body.get("workloadAccess") {
        Some(Value::Bool(_)) => {}
        None | Some(Value::Null) if settings.workload_access_required => findings.required("workloadAccess"),
        None | Some(Value::Null) => {}
        Some(_) => findings.invalid("workloadAccess"),
    }
    (body, findings.wrong)
}

struct Findings {
    names: FieldNames,
    chars_max: usize,
    wrong: Vec<Wrong>,
}

impl Findings {
    fn add(&mut self, path: &str, message: &str) {
        let name = match self.names {
            FieldNames::Short => leaf(path),
            FieldNames::Path => path,
        };
        self.wrong.push((name.to_owned(), message.to_owned()));
    }

    fn required(&mut self, path: &str) {
        self.add(path, &format!("{} is required.", leaf(path)));
    }

    fn invalid(&mut self, path: &str) {
        self.add(path, &format!("{} is not valid.", leaf(path)));
    }

    /// A text whose name is the last part of `path`, if it is there and sound. `null` is as good as absent.
    fn text<'v>(&mut self, object: &'v Map<String, Value>, path: &str, required: bool) -> Option<&'v str> {
        match object.get(leaf(path)) {
            None | Some(Value::Null) if !required => return None,
            None | Some(Value::Null) => self.required(path),
            Some(Value::String(text)) if text.trim().is_empty() && required => self.required(path),
            Some(Value::String(text)) if text.chars().nth(self.chars_max).is_none() => return Some(text),
            Some(_) => self.invalid(path),
        }
        None
    }

    fn external_id(&mut self, body: &Map<String, Value>) {
        let sound = body
            .get("externalId")
            .and_then(Value::as_str)
            .is_some_and(|id| !id.trim().is_empty() && id.chars().nth(self.chars_max).is_none());
        if !sound {
            self.add("externalId", Unique::ExternalId.message());
        }
    }

    fn contacts(&mut self, contacts: Option<&Value>) {
        let contacts = match contacts {
            None | Some(Value::Null) => return self.required("contacts"),
            Some(Value::Array(contacts)) if contacts.is_empty() => return self.required("contacts"),
            Some(Value::Array(contacts)) => contacts,
            Some(_) => return self.invalid("contacts"),
        };
        for (place, contact) in contacts.iter().enumerate() {
            let path = format!("contacts[{place}]");
            let Value::Object(contact) = contact else {
                self.invalid(&path);
                continue;
            };
            let at = |name: &str| format!("{path}.{name}");
            if let Some(kind) = self.text(contact, &at("type"), true)
                && kind != "primary"
            {
                self.invalid(&at("type"));
            }
            if let Some(email) = self.text(contact, &at("email"), true)
                && !is_email(email)
            {
                self.invalid(&at("email"));
            }
            self.text(contact, &at("firstName"), true);
            self.text(contact, &at("lastName"), true);
            self.text(contact, &at("phone"), false);
            match contact.get("address") {
                None | Some(Value::Null) => self.required(&at("address")),
                Some(Value::Object(address)) => self.address(address, &at("address")),
                Some(_) => self.invalid(&at("address")),
            }
        }
    }

    fn address(&mut self, address: &Map<String, Value>, path: &str) {
        let at = |name: &str| format!("{path}.{name}");
        self.text(address, &at("addressLine1"), true);
        self.text(address, &at("addressLine2"), false);
        self.text(address, &at("city"), true);
        let country = self.text(address, &at("country"), true).unwrap_or_default();
        if country.contains(|c: char| c.is_ascii_digit()) {
            self.invalid(&at("country"));
        }
        self.text(address, &at("state"), is_united_states(country));
        self.text(address, &at("postalCode"), true);
    }
}

/// `email` of `contacts[0].email`.
fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn is_united_states(country: &str) -> bool {
    ["US", "USA", "United States", "United States of America"]
        .iter()
        .any(|name| country.trim().eq_ignore_ascii_case(name))
}

fn is_email(text: &str) -> bool {
    let sound = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    text.split_once('@')
        .is_some_and(|(local, domain)| sound(local) && domain.contains('.') && domain.split('.').all(sound))
}
