//! An exchange, its body read once: for the log and for the answer alike.

use std::collections::BTreeMap;

use super::Asked;
use super::problem::{self, Problem};
use crate::provider::logicboxes::wire::Said;
use crate::provider::transport::Exchange;

/// Parameters of a sign-up, and their names in details (providers.md 3.4). The username, which an account is found by, is not
/// among them.
const DETAILS: [(&str, &str); 11] = [
    ("name", "name"),
    ("company", "company"),
    ("address-line-1", "address1"),
    ("city", "city"),
    ("state", "state"),
    ("country", "country"),
    ("zipcode", "zip"),
    ("phone-cc", "telnocc"),
    ("phone", "telno"),
    ("lang-pref", "langpref"),
    ("selling-currency-symbol", "sellingcurrencysymbol"),
];

/// What came back. Has no `Debug`: it may hold persons' data.
pub struct Heard {
    pub(super) exchange: Exchange,
    /// What the body says, if it is one of the service.
    pub(super) said: Option<Said>,
    /// The word that makes it a refusal.
    word: Option<String>,
}

impl Heard {
    /// Reads an exchange.
    pub fn of(exchange: Exchange) -> Self {
        let said = exchange.body().and_then(|body| Said::parse(body));
        let word = said.as_ref().and_then(problem::word);
        Self { exchange, said, word }
    }

    /// The refusal, if it is one.
    pub(super) fn problem(&self, asked: &Asked) -> Option<Problem> {
        let (word, said) = (self.word.as_ref()?, self.said.as_ref()?);
        Some(Problem::of(word, said, asked))
    }

    /// An account's details by the names that a sign-up has for them, as JSON. Nothing else of the answer is in it: it may
    /// hold a password.
    pub fn details(&self) -> Option<Vec<u8>> {
        let said = self.said.as_ref()?;
        let shown = DETAILS
            .iter()
            .filter_map(|(sent, shown)| Some((*sent, said.text(shown)?)));
        serde_json::to_vec(&shown.collect::<BTreeMap<_, _>>()).ok()
    }

    /// The word that made the answer a refusal, as the provider's own code.
    pub fn code(&self) -> Option<String> {
        self.word.clone()
    }
}

impl AsRef<Exchange> for Heard {
    fn as_ref(&self) -> &Exchange {
        &self.exchange
    }
}
