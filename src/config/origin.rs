//! Where each key of a job comes from, for somebody who wonders why it is as it is.

use serde::Serialize;
use toml::{Table, Value};

use super::env::{Env, is_set, names};
use super::file::Loaded;
use super::given::Chosen;
use super::set;

/// The section whose texts are filled in from the environment.
const FILLED_IN: &str = "connection.";

/// The key that names the variable of the secret.
const NAMES_A_VARIABLE: &str = "connection.client_secret_env";

/// A key of a job with its value as written, and where that comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sourced {
    /// Its path as `--set` takes it, `limits.in_flight`.
    pub key: String,
    /// Its value; `${NAME}` is left as it is.
    pub value: Value,
    /// Who chose it.
    pub from: Chosen,
    /// Where: `jobs/mine.toml:12:1`, `adobe-create (built in):12:1`, `--set`, `--map`, `default`.
    pub at: String,
    /// The variables of the environment that are read for it when the job runs.
    pub variables: Vec<Variable>,
}

/// A variable of the environment. What it says is nobody's business here: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether it is set, and not empty; of a secret, whether it or its `_FILE` is.
    pub set: bool,
}

impl Loaded {
    /// Says what a column of the file is, as `--map` does.
    pub fn map(&mut self, header: &str, field: &str) {
        self.job.columns.insert(header.to_owned(), field.to_owned());
        let key = format!("{}.{header}", set::OPEN_TABLE);
        self.given.note(key, Chosen::Map, "--map".to_owned());
    }

    /// Every key of the job, sorted by its path.
    pub fn keys(&self, env: Env<'_>) -> Vec<Sourced> {
        let mut keys = Vec::new();
        // A struct of texts, numbers, lists and tables always has a TOML form.
        let tree = Table::try_from(&self.job).unwrap_or_default();
        self.add(&tree, &[], env, &mut keys);
        keys
    }

    fn add(&self, table: &Table, above: &[&str], env: Env<'_>, keys: &mut Vec<Sourced>) {
        for (part, value) in table {
            let path = [above, &[part.as_str()]].concat();
            match value {
                Value::Table(inner) if !inner.is_empty() => self.add(inner, &path, env, keys),
                value => keys.push(self.sourced(&path, value, env)),
            }
        }
    }

    fn sourced(&self, path: &[&str], value: &Value, env: Env<'_>) -> Sourced {
        let plain = path.join(".");
        let from = self.given.chosen(&plain);
        let at = match from {
            Chosen::Default => "default".to_owned(),
            Chosen::File | Chosen::Set | Chosen::Map => self.given.at(&plain),
        };
        Sourced {
            key: path.iter().map(|part| quoted(part)).collect::<Vec<_>>().join("."),
            value: value.clone(),
            from,
            at,
            variables: variables(&plain, value, env),
        }
    }
}

/// A part of a key as TOML has it.
fn quoted(part: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !part.is_empty() && part.chars().all(is_bare) {
        true => part.to_owned(),
        // JSON escapes what TOML's own strings on one line must.
        false => serde_json::Value::from(part).to_string(),
    }
}

fn variables(key: &str, value: &Value, env: Env<'_>) -> Vec<Variable> {
    let texts: Vec<&str> = match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let of = |name: &str, set: bool| Variable {
        name: name.to_owned(),
        set,
    };
    match key {
        NAMES_A_VARIABLE => texts
            .into_iter()
            .map(|name| of(name, is_set(name, env)))
            .collect(),
        _ if key.starts_with(FILLED_IN) => texts
            .into_iter()
            .flat_map(names)
            .map(|name| of(name, env(name).is_some_and(|value| !value.is_empty())))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Job;

    const TEXT: &str = "name = \"mine\"\nprovider = \"adobe\"\noperation = \"create\"\n\n[columns]\n\"Firm, name\" = \
                        \"company\"\n\n[limits]\nin_flight = 7\n";

    fn keys(sets: &[&str]) -> Vec<Sourced> {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let mut loaded = Job::parse(TEXT, "jobs/mine.toml", &sets).unwrap();
        loaded.map("Notes", "-");
        loaded.keys(&|name| (name == "ENLIST_ADOBE_CLIENT_SECRET_FILE").then(|| "canary".to_owned()))
    }

    fn of<'a>(keys: &'a [Sourced], key: &str) -> &'a Sourced {
        keys.iter().find(|sourced| sourced.key == key).unwrap()
    }

    #[test]
    fn each_key_says_where_it_comes_from() {
        let keys = keys(&["poll.first=10m", "retry={jitter=0.5, growth=3}"]);
        let table = [
            ("name", Chosen::File, "jobs/mine.toml:1:1"),
            ("columns.\"Firm, name\"", Chosen::File, "jobs/mine.toml:6:1"),
            ("columns.Notes", Chosen::Map, "--map"),
            ("limits.in_flight", Chosen::File, "jobs/mine.toml:9:1"),
            ("limits.windows", Chosen::Default, "default"),
            ("poll.first", Chosen::Set, "--set"),
            ("poll.max", Chosen::Set, "--set, moved to agree with poll.first"),
            ("retry.jitter", Chosen::Set, "--set"),
            ("retry.growth", Chosen::Set, "--set"),
            ("retry.first", Chosen::Default, "default"),
        ];
        for (key, from, at) in table {
            let found = of(&keys, key);
            assert_eq!((found.from, found.at.as_str()), (from, at), "{key}");
        }
    }

    #[test]
    fn of_the_environment_only_names_are_told() {
        let keys = keys(&[]);
        let variable = |name: &str, set| {
            vec![Variable {
                name: name.to_owned(),
                set,
            }]
        };
        assert_eq!(
            of(&keys, "connection.client_id").variables,
            variable("ENLIST_ADOBE_CLIENT_ID", false)
        );
        assert_eq!(
            of(&keys, "connection.client_secret_env").variables,
            variable("ENLIST_ADOBE_CLIENT_SECRET", true)
        );
        assert!(!format!("{keys:?}").contains("canary"));
    }

    #[test]
    fn keys_and_values_are_a_job_file() {
        let keys = keys(&["limits.windows=[{calls=3,per=\"1s\"}]"]);
        let text: String = keys
            .iter()
            .map(|key| format!("{} = {}\n", key.key, key.value))
            .collect();
        let read = Job::parse(&text, "again", &[]).unwrap().job;
        assert_eq!(read.limits.windows.len(), 1);
        assert_eq!(read.columns.len(), 2, "{text}");
        assert_eq!(read.limits.in_flight, 7);
    }
}
