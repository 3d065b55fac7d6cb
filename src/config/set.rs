//! `--set key=value`: any key of a job, from the command line. The value is read as TOML, and as plain text where
//! that is what the key takes or where it is no TOML.

use toml::{Table, Value};

use super::finding::{did_you_mean, names_a_secret, secret_refused};
use super::{Finding, Job, ProviderName};
use crate::domain::task::Action;

/// A key's parts.
pub(super) type Path = Vec<String>;

/// Every key a job of this provider has, each with its default. What stands below `columns` is the user's.
pub(super) fn schema(provider: ProviderName) -> Table {
    Table::try_from(Job::new("", provider, Action::Create)).unwrap_or_default()
}

/// Where an override stands, in messages.
pub(super) const AT: &str = "--set";

/// The key whose parts are the user's own words.
pub(super) const OPEN_TABLE: &str = "columns";

/// The job with one key set, and its path; of a section that is set as a whole, the paths of its keys.
pub(super) fn apply(job: &Job, set: &str) -> Result<(Job, Vec<Path>), Finding> {
    // The value is not shown: it can be an address with a password in it.
    let fault = |key: &str, message: String, hint: String| Finding {
        at: AT.to_owned(),
        key: key.to_owned(),
        value: String::new(),
        message,
        hint,
    };
    let Some((key, text)) = split(set) else {
        return Err(fault(
            "",
            "is not of the form key=value".into(),
            "--set limits.in_flight=64".into(),
        ));
    };
    let Some(path) = parse_key(key) else {
        let hint = "parts are joined by dots, such as limits.in_flight; lists are set as a whole".into();
        return Err(fault("", format!("{key:?} is not a key"), hint));
    };
    let known = find(&schema(job.provider), &path).map_err(|unknown| match unknown {
        Unknown { word, .. } if names_a_secret(&word) => secret_refused(AT, key),
        Unknown { word, siblings } if siblings.is_empty() => fault(
            key,
            format!("there is nothing below {:?}", parent(&path, &word)),
            "it is a value, not a section".into(),
        ),
        Unknown { word, siblings } => {
            let siblings: Vec<&str> = siblings.iter().map(String::as_str).collect();
            fault(
                key,
                format!("there is no key {word:?}"),
                did_you_mean(&word, &siblings),
            )
        }
    })?;
    let value = parse_value(text, known.as_ref());
    let mut tree = Table::try_from(job).map_err(|error| fault(key, error.to_string(), String::new()))?;
    let given = leaves(&path, &value);
    put(&mut tree, &path, value);
    match Value::Table(tree).try_into() {
        // Its other keys have the defaults of another provider.
        Ok(Job { provider, .. }) if provider != job.provider => Err(fault(
            key,
            "is another provider than the job's".into(),
            "name a job of that provider: `enlist jobs` lists them".into(),
        )),
        Ok(job) => Ok((job, given)),
        Err(error) => {
            let hint = match known {
                Some(Value::Array(_)) => "a list is written in brackets and set as a whole".to_owned(),
                _ => String::new(),
            };
            Err(fault(key, error.message().trim().replace('\n', ", "), hint))
        }
    }
}

/// Splits at the first `=` outside quotes, which a key may hold.
fn split(set: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (index, c) in set.char_indices() {
        match (quote, c) {
            (None, '=') => {
                let (key, value) = set.split_at(index);
                return Some((key.trim(), value.strip_prefix('=')?.trim()));
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The parts of a dotted key, by TOML's own rules.
fn parse_key(key: &str) -> Option<Path> {
    if key.contains(['\n', '\r', '#']) {
        return None;
    }
    let mut table: Table = toml::from_str(&format!("{key} = 0")).ok()?;
    let mut path = Path::new();
    loop {
        let only = table.len() == 1;
        let (part, value) = table.into_iter().next().filter(|_| only)?;
        path.push(part);
        match value {
            Value::Table(inner) => table = inner,
            Value::Integer(0) => return Some(path),
            _ => return None,
        }
    }
}

/// A part of a key that is not known, and those that are in its place.
struct Unknown {
    word: String,
    siblings: Vec<String>,
}

/// The part of the path that `part` stands below.
fn parent(path: &[String], part: &str) -> String {
    path.iter()
        .take_while(|known| *known != part)
        .cloned()
        .collect::<Vec<_>>()
        .join(".")
}

/// What the schema has at `path`: a value of the key's type, or `None` for a key of the user's own.
fn find(schema: &Table, path: &[String]) -> Result<Option<Value>, Unknown> {
    let unknown = |word: &String, table: &Table| {
        let siblings = table.keys().cloned().collect();
        Unknown {
            word: word.clone(),
            siblings,
        }
    };
    let mut table = schema;
    let mut parts = path.iter().peekable();
    while let Some(part) = parts.next() {
        let Some(value) = table.get(part) else {
            return Err(unknown(part, table));
        };
        match (value, parts.peek()) {
            (value, None) => return Ok(Some(value.clone())),
            (Value::Table(_), Some(_)) if part == OPEN_TABLE => return Ok(None),
            (Value::Table(inner), Some(_)) => table = inner,
            (_, Some(deeper)) => return Err(unknown(deeper, &Table::new())),
        }
    }
    Err(unknown(&String::new(), schema))
}

/// The value as TOML; as plain text where it is not TOML, or where the key takes text: `345434543` and
/// `2026-05-02` are ids there.
fn parse_value(text: &str, known: Option<&Value>) -> Value {
    let takes_text = known.is_none_or(Value::is_str);
    match text.parse::<Value>() {
        Ok(value) if !takes_text || value.is_str() => value,
        _ => Value::String(text.to_owned()),
    }
}

/// The paths of all values in a value; of one that holds none, its own.
fn leaves(path: &[String], value: &Value) -> Vec<Path> {
    match value {
        Value::Table(table) if !table.is_empty() => table
            .iter()
            .flat_map(|(part, value)| leaves(&[path, std::slice::from_ref(part)].concat(), value))
            .collect(),
        _ => vec![path.to_vec()],
    }
}

/// Puts the value at the path. A table is laid over the one that is there; the user's own table is replaced.
fn put(tree: &mut Table, path: &[String], value: Value) {
    let Some((part, rest)) = path.split_first() else {
        return;
    };
    let here = tree.entry(part).or_insert_with(|| Value::Table(Table::new()));
    match (here, rest.is_empty(), value) {
        (Value::Table(table), false, value) => put(table, rest, value),
        (Value::Table(table), true, Value::Table(over)) if part != OPEN_TABLE => lay_over(table, over),
        (here, _, value) => *here = value,
    }
}

/// Puts one table over another.
pub(super) fn lay_over(table: &mut Table, over: Table) {
    for (part, value) in over {
        match (table.get_mut(&part), value) {
            (Some(Value::Table(inner)), Value::Table(over)) => lay_over(inner, over),
            (_, value) => {
                table.insert(part, value);
            }
        }
    }
}
