//! What is wrong (or odd) in a configuration: where, what, and what to do; all of it at once.

use std::fmt;

/// Of a longer value only the beginning is shown.
const VALUE_CHARS_MAX: usize = 100;

/// One thing found in a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Where it stands: `jobs/x.toml:12:3`, `--set`, `job adobe-create`.
    pub at: String,
    /// The key's path, `limits.in_flight`; empty when it is not about one key.
    pub key: String,
    /// The value as given; empty when there is none or it must not be shown.
    pub value: String,
    /// What is wrong.
    pub message: String,
    /// What to do; empty when the message says it.
    pub hint: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.at)?;
        if !self.key.is_empty() {
            f.write_str(&self.key)?;
            if !self.value.is_empty() {
                write!(f, " = {}", on_one_line(&self.value))?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", self.hint)?;
        }
        Ok(())
    }
}

/// A value may be long, and its control characters must not move the terminal's cursor.
fn on_one_line(value: &str) -> String {
    let cut = value.chars().count() > VALUE_CHARS_MAX;
    let shown = value
        .chars()
        .take(VALUE_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c });
    shown.chain(cut.then_some('…')).collect()
}

/// A configuration that cannot be used: all its faults, each with a hint on a line of its own. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong.
    pub faults: Vec<Finding>,
}

impl ConfigError {
    /// An error with a single fault.
    pub fn one(at: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Finding {
            at: at.into(),
            message: message.into(),
            hint: hint.into(),
            ..Finding::default()
        }
        .into()
    }
}

impl From<Finding> for ConfigError {
    fn from(fault: Finding) -> Self {
        Self { faults: vec![fault] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// The candidate that `word` was probably meant to be.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

/// A hint for a word that is not in the list: the nearest one, or the whole list.
pub fn did_you_mean(word: &str, candidates: &[&str]) -> String {
    match near(word, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean {candidate}?"),
        None => format!("known: {}", candidates.join(", ")),
    }
}

/// Words by which a key gives itself away as holding a secret.
const SECRET_WORDS: [&str; 6] = ["secret", "password", "passwd", "api_key", "apikey", "private_key"];

/// Whether a key that is not in the contract was meant to hold a secret.
pub(super) fn names_a_secret(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| key.contains(word)) || key.ends_with("token")
}

/// What is said to somebody who puts a secret where everybody can read it.
pub(super) fn secret_refused(at: impl Into<String>, key: impl Into<String>) -> Finding {
    Finding {
        at: at.into(),
        key: key.into(),
        value: String::new(),
        message: "secrets never stand in a job file or on a command line".into(),
        hint: "put it into an environment variable and name that variable in connection.client_secret_env; NAME_FILE \
               may name a file that holds it"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_matches() {
        let keys = ["in_flight", "error_rate_max", "windows"];
        assert_eq!(near("inflight", keys), Some("in_flight"));
        assert_eq!(near("Windows", keys), Some("windows"));
        assert_eq!(near("colour", keys), None);
        assert_eq!(did_you_mean("window", &keys), "did you mean windows?");
        assert_eq!(
            did_you_mean("zzz", &keys),
            "known: in_flight, error_rate_max, windows"
        );
    }
}
