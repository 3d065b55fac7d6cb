//! What the service finds wrong with the body of a create or an update (providers.md 2.6 and 2.9).
//!
//! Everything wrong is collected, then one code wins: not JSON, extra fields (1121), missing fields (1122),
//! distributor (1114), reference too long (2126), segment (2135), fields (1117), and only if nothing else is
//! wrong the address (1118). The order of the first six is not documented.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::tables;

/// Why a create or an update is refused: the code, and paths or free text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) details: Vec<String>,
}

/// The body of a create as an object, if the service takes it. `distributors` are those that exist; with none
/// named every well-formed one does.
pub(super) fn check_create(
    body: &[u8],
    distributors: &BTreeSet<String>,
) -> Result<Map<String, Value>, Refusal> {
    let exists = |text: &str| {
        tables::is_account_number(text) && (distributors.is_empty() || distributors.contains(text))
    };
    check(
        body,
        &["distributorId", "externalReferenceId", "companyProfile"],
        |body, found| {
            found.text(body, "distributorId", Need::Required, Kind::Distributor, exists);
        },
    )
}

/// The body of an update as an object, if the service takes it: all but the distributor is sent again, the segments too
/// (seed 002).
pub(super) fn check_update(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    check(body, &["externalReferenceId", "companyProfile"], |body, found| {
        let segments = body
            .get("companyProfile")
            .map(|profile| profile.get("marketSegments"));
        if matches!(segments, Some(None | Some(Value::Null))) {
            found.add(Kind::Missing, "companyProfile.marketSegments");
        }
    })
}

fn check(
    body: &[u8],
    known: &[&str],
    more: impl FnOnce(&Map<String, Value>, &mut Findings),
) -> Result<Map<String, Value>, Refusal> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Refusal {
            code: "1117",
            details: vec!["the body is not a JSON object".to_owned()],
        });
    };
    let mut found = Findings::default();
    found.extras(&body, "", known);
    more(&body, &mut found);
    found.text(
        &body,
        "externalReferenceId",
        Need::Optional,
        Kind::LongReference,
        |text| up_to(35, text),
    );
    found.text(
        &body,
        "externalReferenceId",
        Need::Optional,
        Kind::Field,
        tables::is_plain,
    );
    if let Some(profile) = found.object(&body, "companyProfile") {
        found.profile(profile);
    }
    match found.refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(body),
    }
}

fn up_to(chars_max: usize, text: &str) -> bool {
    // Counting stops where the answer is known.
    text.chars().nth(chars_max).is_none()
}

fn between(chars_min: usize, chars_max: usize, text: &str) -> bool {
    up_to(chars_max, text) && text.chars().nth(chars_min - 1).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
}

/// What a value that does not fit is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Extra,
    Missing,
    Distributor,
    LongReference,
    Segment,
    Field,
    Address,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::Extra => "1121",
            Self::Missing => "1122",
            Self::Distributor => "1114",
            Self::LongReference => "2126",
            Self::Segment => "2135",
            Self::Field => "1117",
            Self::Address => "1118",
        }
    }
}

/// Everything found wrong, with where.
#[derive(Default)]
struct Findings(Vec<(Kind, String)>);

impl Findings {
    /// The kind that wins, with its paths alone: what else is wrong shows in the next round.
    fn refusal(self) -> Option<Refusal> {
        let wins = self.0.iter().map(|(kind, _)| *kind).min()?;
        let mut details: Vec<_> = self
            .0
            .into_iter()
            .filter(|(kind, _)| *kind == wins)
            .map(|(_, path)| path)
            .collect();
        // A value of the wrong type fails each rule of its field.
        details.dedup();
        Some(Refusal {
            code: wins.code(),
            details,
        })
    }

    fn add(&mut self, kind: Kind, path: &str) {
        self.0.push((kind, path.to_owned()));
    }

    fn extras(&mut self, object: &Map<String, Value>, prefix: &str, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.add(Kind::Extra, &format!("{prefix}{key}"));
        }
    }

    /// A field whose name is the last part of `path`. `null` is as good as absent.
    fn text(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        need: Need,
        kind: Kind,
        fits: impl Fn(&str) -> bool,
    ) {
        match object.get(last_part(path)) {
            None | Some(Value::Null) => {
                if need == Need::Required {
                    self.add(Kind::Missing, path);
                }
            }
            Some(Value::String(text)) if fits(text) => {}
            Some(Value::String(_)) => self.add(kind, path),
            // A number where a text belongs is a bad field, whatever it would have said.
            Some(_) => self.add(if kind == Kind::Address { kind } else { Kind::Field }, path),
        }
    }

    fn object<'v>(&mut self, object: &'v Map<String, Value>, path: &str) -> Option<&'v Map<String, Value>> {
        match object.get(last_part(path)) {
            None | Some(Value::Null) => self.add(Kind::Missing, path),
            Some(Value::Object(inner)) => return Some(inner),
            Some(_) => self.add(Kind::Field, path),
        }
        None
    }

    fn profile(&mut self, profile: &Map<String, Value>) {
        let known = [
            "companyName",
            "preferredLanguage",
            "marketSegments",
            "address",
            "contacts",
        ];
        self.extras(profile, "companyProfile.", &known);
        self.text(
            profile,
            "companyProfile.companyName",
            Need::Required,
            Kind::Field,
            |text| between(4, 80, text) && tables::is_company_text(text),
        );
        let language = "companyProfile.preferredLanguage";
        self.text(profile, language, Need::Required, Kind::Field, tables::is_locale);
        self.segments(profile.get("marketSegments"));
        if let Some(address) = self.object(profile, "companyProfile.address") {
            self.address(address);
        }
        self.contacts(profile.get("contacts"));
    }

    fn segments(&mut self, segments: Option<&Value>) {
        let path = "companyProfile.marketSegments";
        match segments {
            None | Some(Value::Null) => {}
            Some(Value::Array(segments)) => {
                let known = |one: &Value| {
                    one.as_str()
                        .is_some_and(|one| ["COM", "EDU", "GOV"].contains(&one))
                };
                if segments.is_empty() || !segments.iter().all(known) {
                    self.add(Kind::Segment, path);
                }
            }
            Some(_) => self.add(Kind::Field, path),
        }
    }

    fn address(&mut self, address: &Map<String, Value>) {
        let known = [
            "country",
            "region",
            "city",
            "addressLine1",
            "addressLine2",
            "postalCode",
            "phoneNumber",
        ];
        self.extras(address, "companyProfile.address.", &known);
        let country = address.get("country").and_then(Value::as_str).unwrap_or_default();
        let mut field = |name, need, fits: &dyn Fn(&str) -> bool| {
            self.text(
                address,
                &format!("companyProfile.address.{name}"),
                need,
                Kind::Address,
                fits,
            );
        };
        let line = |chars_max| move |text: &str| between(1, chars_max, text) && tables::is_plain(text);
        field("country", Need::Required, &tables::is_country);
        field("region", Need::Required, &|text| tables::is_region(country, text));
        field("city", Need::Required, &line(40));
        field("addressLine1", Need::Required, &line(60));
        field("addressLine2", Need::Optional, &|text| {
            up_to(60, text) && tables::is_plain(text)
        });
        field("postalCode", Need::Required, &|text| {
            up_to(40, text) && tables::is_plain(text) && tables::is_postal_code(country, text)
        });
        field("phoneNumber", Need::Optional, &|text| {
            up_to(40, text) && tables::is_plain(text)
        });
    }

    fn contacts(&mut self, contacts: Option<&Value>) {
        let path = "companyProfile.contacts";
        let contacts = match contacts {
            None | Some(Value::Null) => return self.add(Kind::Missing, path),
            Some(Value::Array(contacts)) if contacts.is_empty() => return self.add(Kind::Missing, path),
            Some(Value::Array(contacts)) => contacts,
            Some(_) => return self.add(Kind::Field, path),
        };
        for (place, contact) in contacts.iter().enumerate() {
            let path = format!("{path}[{place}]");
            let Value::Object(contact) = contact else {
                self.add(Kind::Field, &path);
                continue;
            };
            self.extras(
                contact,
                &format!("{path}."),
                &["firstName", "lastName", "email", "phoneNumber"],
            );
            let name = |text: &str| between(1, 35, text) && tables::is_person_text(text);
            let mut field = |field, need, fits: &dyn Fn(&str) -> bool| {
                self.text(contact, &format!("{path}.{field}"), need, Kind::Field, fits);
            };
            field("firstName", Need::Required, &name);
            field("lastName", Need::Required, &name);
            field("email", Need::Required, &|text| {
                up_to(240, text) && tables::is_email(text)
            });
            field("phoneNumber", Need::Optional, &|text| up_to(40, text));
        }
    }
}

/// `companyName` of `companyProfile.companyName`.
fn last_part(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
