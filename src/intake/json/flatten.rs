//! A nested JSON object as one row: `{"address":{"country":"US"}}` is a column `address.country`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Deepest nesting of a record. Adobe's has four levels.
const DEPTH_MAX: usize = 12;

/// The cells of one record: path, text, and whether it was a number.
#[derive(Default)]
pub(super) struct Flat {
    cells: Vec<(String, String, bool)>,
    used: usize,
}

impl Flat {
    /// What the last record had, in its order.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.cells
            .iter()
            .take(self.used)
            .map(|(path, text, is_number)| (path.as_str(), text.as_str(), *is_number))
    }

    /// Takes the record apart. On an error what was found so far stays.
    pub(super) fn read(&mut self, record: &str) -> Result<(), String> {
        self.used = 0;
        let raw: &RawValue = serde_json::from_str(record).map_err(|error| reason(&error))?;
        if !raw.get().starts_with('{') {
            return Err("not an object".to_owned());
        }
        self.value(&mut String::new(), raw, 0)
    }

    fn value(&mut self, path: &mut String, raw: &RawValue, depth: usize) -> Result<(), String> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'{' | b'[') if depth == DEPTH_MAX => Err(format!("nested deeper than {DEPTH_MAX} levels")),
            Some(b'{') => self.object(path, text, depth),
            Some(b'[') => self.list(path, text, depth),
            _ => {
                let (text, is_number) = scalar(text)?;
                self.push(path, &text, is_number);
                Ok(())
            }
        }
    }

    fn object(&mut self, path: &mut String, text: &str, depth: usize) -> Result<(), String> {
        let Entries(entries) = serde_json::from_str(text).map_err(|error| reason(&error))?;
        for (name, raw) in entries {
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(&name);
            self.value(path, raw, depth + 1)?;
            path.truncate(length);
        }
        Ok(())
    }

    /// A list of plain values is one cell, joined by `;`; any other is a column for each part.
    fn list(&mut self, path: &mut String, text: &str, depth: usize) -> Result<(), String> {
        let parts: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| reason(&error))?;
        if !parts.iter().any(|part| part.get().starts_with(['{', '['])) {
            let texts: Result<Vec<_>, _> = parts.iter().map(|part| scalar(part.get())).collect();
            let texts: Vec<Cow<'_, str>> = texts?
                .into_iter()
                .map(|(text, _)| text)
                .filter(|text| !text.is_empty())
                .collect();
            self.push(path, &texts.join(";"), false);
            return Ok(());
        }
        for (at, part) in parts.into_iter().enumerate() {
            let length = path.len();
            path.push_str(&format!("[{at}]"));
            self.value(path, part, depth + 1)?;
            path.truncate(length);
        }
        Ok(())
    }

    fn push(&mut self, path: &str, text: &str, number: bool) {
        if self.used == self.cells.len() {
            self.cells.push(Default::default());
        }
        if let Some((known_path, cell, is_number)) = self.cells.get_mut(self.used) {
            known_path.clear();
            known_path.push_str(path);
            cell.clear();
            cell.push_str(text);
            *is_number = number;
        }
        self.used += 1;
    }
}

/// A plain value as a cell: numbers and booleans as they are written, nothing for `null`.
fn scalar(text: &str) -> Result<(Cow<'_, str>, bool), String> {
    match text.as_bytes().first() {
        Some(b'"') => {
            let Text(text) = serde_json::from_str(text).map_err(|error| reason(&error))?;
            Ok((text, false))
        }
        Some(b'n') => Ok((Cow::Borrowed(""), false)),
        Some(first) => Ok((Cow::Borrowed(text), *first == b'-' || first.is_ascii_digit())),
        None => Err("nothing where a value should be".to_owned()),
    }
}

/// serde_json's reason without its line and column, which count from the start of the record.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .map_or(text.clone(), |(reason, _)| reason.to_owned())
}

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

/// The entries of an object in their order, repeated names included.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Text(name), raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    entries.push((name, raw));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(record: &str) -> Result<Vec<String>, String> {
        let mut flat = Flat::default();
        flat.read(record)?;
        Ok(flat
            .cells()
            .map(|(path, text, is_number)| format!("{path}={text}{}", if is_number { " #" } else { "" }))
            .collect())
    }

    #[test]
    fn nested_things_become_paths() {
        let record = r#"{"a":{"b":"x","c":[{"d":"1"},{"d":null}]},"s":["COM",null,"EDU"],"n":01e,"t":true}"#;
        assert!(flat(record).is_err());
        let record = record.replace("01e", "1.50E+3");
        let expected = [
            "a.b=x",
            "a.c[0].d=1",
            "a.c[1].d=",
            "s=COM;EDU",
            "n=1.50E+3 #",
            "t=true",
        ];
        assert_eq!(flat(&record).unwrap(), expected);
        assert_eq!(flat("{}").unwrap(), Vec::<String>::new());
        assert_eq!(
            flat(r#"{"e":[],"f":[[1],2],"g":{}}"#).unwrap(),
            ["e=", "f[0]=1", "f[1]=2 #"]
        );
        assert_eq!(flat("{\"k\\u00e9y\":\"\\u00e9\\n\"}").unwrap(), ["kéy=é\n"]);
        assert_eq!(
            flat(r#"{"big":123456789012345678901234567890}"#).unwrap(),
            ["big=123456789012345678901234567890 #"]
        );
    }

    #[test]
    fn what_is_not_a_record_is_said_so() {
        for (record, why) in [
            ("[]", "not an object"),
            ("1", "not an object"),
            ("{\"a\":1", "EOF while parsing an object"),
            ("{\"a\" 1}", "expected `:`"),
            ("{'a':1}", "key must be a string"),
            ("{} x", "trailing characters"),
            (r#"{"a":"\ud800"}"#, "unexpected end of hex escape"),
        ] {
            assert_eq!(flat(record).unwrap_err(), why, "{record}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(13), "]".repeat(13));
        assert_eq!(flat(&deep).unwrap_err(), "nested deeper than 12 levels");
        let deeper = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(flat(&deeper).is_err());
    }
}
