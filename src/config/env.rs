//! What comes from the environment: `${NAME}` inside texts, and secrets. The environment is an argument, so that tests
//! need not change the real one.

use std::fs::File;
use std::io::Read as _;

use secrecy::SecretString;

use super::ConfigError;

/// Looks up an environment variable.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A secret's file may be this long.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// The process's own environment. A value that is not Unicode counts as not set.
pub fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Why a text could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// A variable without a default that is not set, or empty.
    #[error("the environment variable {0} is not set")]
    Missing(String),
    /// A `${` that is not closed, or whose name is not a name.
    #[error("{0:?} is not of the form ${{NAME}} or ${{NAME:-default}}")]
    Form(String),
}

/// Replaces each `${NAME}` by the variable's value, each `${NAME:-default}` by the value or the default. An empty
/// variable counts as not set. Defaults are taken as they stand.
pub fn fill(text: &str, env: Env<'_>) -> Result<String, FillError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((inside, after)) = from.split_once('}') else {
            return Err(FillError::Form(format!("${{{from}")));
        };
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if !is_variable_name(name) {
            return Err(FillError::Form(format!("${{{inside}}}")));
        }
        match (env(name).filter(|value| !value.is_empty()), default) {
            (Some(value), _) => filled.push_str(&value),
            (None, Some(default)) => filled.push_str(default),
            (None, None) => return Err(FillError::Missing(name.to_owned())),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The variables that [`fill`] would look up for a text, in their order.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((inside, after)) = rest.split_once("${").and_then(|(_, from)| from.split_once('}')) {
        names.push(inside.split_once(":-").map_or(inside, |(name, _)| name));
        rest = after;
    }
    names.retain(|name| is_variable_name(name));
    names
}

/// Whether a text can be the name of an environment variable: letters, digits and `_`, no digit first.
pub(super) fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether the variable `name` or its `_FILE` is set.
pub fn is_set(name: &str, env: Env<'_>) -> bool {
    let set = |name: &str| env(name).is_some_and(|value| !value.trim().is_empty());
    set(name) || set(&format!("{name}_FILE"))
}

/// The secret in the variable `name`, or in the file that `name` with `_FILE` appended names; white space at its
/// ends is dropped. Both set is an error, because one of them is probably stale.
pub fn secret(name: &str, env: Env<'_>) -> Result<SecretString, ConfigError> {
    secret_if_any(name, env)?.ok_or_else(|| {
        ConfigError::one(
            "environment",
            format!("neither {name} nor {name}_FILE is set"),
            format!("export {name}=…, or {name}_FILE=PATH of a file that holds the secret"),
        )
    })
}

/// [`secret`], where none is needed.
pub fn secret_if_any(name: &str, env: Env<'_>) -> Result<Option<SecretString>, ConfigError> {
    let file_name = format!("{name}_FILE");
    let set = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    let fault = |at: &str, message: String, hint: String| ConfigError::one(at, message, hint);
    match (set(name), set(&file_name)) {
        (Some(_), Some(_)) => Err(fault(
            "environment",
            format!("both {name} and {file_name} are set"),
            "unset the one that is out of date".into(),
        )),
        (None, None) => Ok(None),
        (Some(value), None) => Ok(Some(SecretString::from(value.trim()))),
        (None, Some(path)) => {
            let read = File::open(&path).and_then(|file| {
                let mut text = String::new();
                file.take(SECRET_BYTES_MAX)
                    .read_to_string(&mut text)
                    .map(|_| text)
            });
            match read {
                Ok(text) if !text.trim().is_empty() => Ok(Some(SecretString::from(text.trim()))),
                Ok(_) => Err(fault(
                    &file_name,
                    format!("{path} is empty"),
                    "write the secret into it".into(),
                )),
                Err(error) => Err(fault(
                    &file_name,
                    format!("cannot read {path}: {error}"),
                    "check the path and its permissions".into(),
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "A" => Some("alpha".into()),
            "EMPTY" => Some(String::new()),
            "ODD" => Some("${A}".into()),
            _ => None,
        }
    }

    #[test]
    fn texts_are_filled_in() {
        let table = [
            ("", ""),
            ("plain $A {A} }", "plain $A {A} }"),
            ("${A}", "alpha"),
            ("x${A}y${A}", "xalphayalpha"),
            ("${B:-beta}", "beta"),
            ("${B:-}", ""),
            ("${A:-beta}", "alpha"),
            ("${EMPTY:-beta}", "beta"),
            ("${ODD}", "${A}"),
        ];
        for (text, filled) in table {
            assert_eq!(fill(text, &env).as_deref(), Ok(filled), "{text}");
        }
        assert_eq!(names("x${A}y${B:-${C}z${1}"), ["A", "B"]);
        assert_eq!(fill("${B}", &env), Err(FillError::Missing("B".into())));
        assert_eq!(fill("${EMPTY}", &env), Err(FillError::Missing("EMPTY".into())));
        for text in ["${", "a${A", "${}", "${A B}", "${1A}", "${A-b}", "${:-x}"] {
            assert!(matches!(fill(text, &env), Err(FillError::Form(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[${}:\\-A-C é]{0,30}") {
            let _ = fill(&text, &env);
        }
    }

    #[test]
    fn a_secret_comes_from_its_variable_or_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        std::fs::write(&path, "  from a file\n").unwrap();
        let path = path.display().to_string();
        let lookup = |pairs: Vec<(&'static str, String)>| {
            move |name: &str| {
                pairs
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| value.clone())
            }
        };
        let by_value = lookup(vec![("S", " direct ".into())]);
        assert_eq!(secret("S", &by_value).unwrap().expose_secret(), "direct");
        let by_file = lookup(vec![("S_FILE", path.clone()), ("S", String::new())]);
        assert_eq!(secret("S", &by_file).unwrap().expose_secret(), "from a file");

        let both = lookup(vec![("S", "x".into()), ("S_FILE", path)]);
        assert!(
            secret("S", &both)
                .unwrap_err()
                .to_string()
                .contains("both S and S_FILE are set")
        );
        let neither = secret("S", &lookup(vec![])).unwrap_err().to_string();
        assert!(neither.contains("neither S nor S_FILE is set"), "{neither}");
        let empty = dir.path().join("empty");
        std::fs::write(&empty, "\n").unwrap();
        let empty = lookup(vec![("S_FILE", empty.display().to_string())]);
        assert!(secret("S", &empty).unwrap_err().to_string().contains("is empty"));
        let missing = lookup(vec![("S_FILE", "/nonexistent/secret".into())]);
        assert!(
            secret("S", &missing)
                .unwrap_err()
                .to_string()
                .contains("cannot read /nonexistent/secret")
        );
    }
}
