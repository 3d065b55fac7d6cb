//! What was secret in a request, taken out of what came back: an answer may repeat it, and answers are kept and shown.

use secrecy::{ExposeSecret, SecretString};

use crate::domain::contract::SECRET_SHOWN;

/// Texts that must not be kept, should an answer repeat them. Its `Debug` does not show them.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// These. Short ones could be parts of words and are let be.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a str>) -> Self {
        let long = all.into_iter().filter(|secret| secret.chars().count() >= 4);
        Self(long.map(SecretString::from).collect())
    }

    /// `text` without them.
    pub fn hidden(&self, text: &str) -> String {
        let hide = |text: String, secret: &SecretString| text.replace(secret.expose_secret(), SECRET_SHOWN);
        self.0.iter().fold(text.to_owned(), hide)
    }
}
