//! A refusal in any of its shapes (providers.md 3.3), what it is about, and made fit to keep: bounded, no control
//! characters, nothing that was secret in the request.

use super::Asked;
use crate::domain::answer::RowError;
use crate::provider::limits::{CODE_CHARS_MAX, MESSAGE_CHARS_MAX};
use crate::provider::logicboxes::contract::CONTRACT;
use crate::provider::logicboxes::wire::Said;
use crate::provider::transport::clean;

/// Words of `status` that no success has, in lower case.
const ERROR_WORDS: [&str; 5] = ["error", "failed", "failure", "fail", "alreadyreseller"];

/// A refusal that is a bare word.
const NO: &str = "false";

/// Where a refusal says why.
const MESSAGES: [&str; 3] = ["message", "error", "actionstatusdesc"];

/// What a refusal is about. The words are those that were seen, and near ones: messages are NOT PUBLIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// An earlier call for the same username is still working.
    Busy,
    /// The username belongs to an account.
    Taken,
    /// Calls came too fast.
    Pace,
    /// The credentials, or the address that the call came from.
    Access,
    /// There is nothing of this kind.
    Nothing,
    /// The service failed, and says no more.
    Trouble,
    /// What was sent.
    Request,
}

/// Words in lower case, of which one is enough. Read from the top: "already an action pending" is no taken username.
static WORDS: &[(About, &[&str])] = &[
    (About::Busy, &["action pending", "pending action"]),
    (About::Taken, &["alreadyreseller", "already a reseller"]),
    (
        About::Pace,
        &["too many requests", "rate limit", "too many calls"],
    ),
    (
        About::Access,
        &[
            "authenticat",
            "unauthenticat",
            "auth-userid",
            "auth-password",
            "api-key",
            "api key",
            "access denied",
            "not authorized",
            "not authorised",
            "unauthorized",
            "unauthorised",
            "ip address",
            "your ip",
            "whitelist",
            "allow-list",
        ],
    ),
    (About::Nothing, &["no entity found"]),
    // A failure that says what failed is about the request; these do not.
    (
        About::Trouble,
        &[
            "unexpected error",
            "internal error",
            "internal server error",
            "temporarily unavailable",
            "service unavailable",
            "timed out",
        ],
    ),
];

/// Words for whom a username belongs to: with "already" they say that it is taken.
const NAMES: [&str; 5] = ["username", "user name", "email", "e-mail", "reseller"];

/// Words people use for a parameter, and the parameter.
const SYNONYMS: [(&str, &str); 5] = [
    ("password", "passwd"),
    ("email", "username"),
    ("e-mail", "username"),
    ("zip", "zipcode"),
    ("vat", "vat-id"),
];

/// Words for what is wrong with a parameter, in lower case.
const FAULTS: [&str; 7] = [
    "invalid",
    "not valid",
    "missing",
    "required",
    "should",
    "must",
    "too ",
];

/// Parameters whose names anybody uses: a server has a name, calls come from a country.
const COMMON: [&str; 6] = ["name", "company", "state", "country", "phone", "username"];

/// A refusal, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The word that makes it one: `ERROR`.
    word: String,
    message: String,
    pub(super) about: About,
    /// The message's words that are the provider's own, in lower case: without the values that were sent.
    own: String,
}

impl Problem {
    /// Reads what was said in a refusal that its `word` makes one.
    pub(super) fn of(word: &str, said: &Said, asked: &Asked) -> Self {
        if said.bare().is_some() {
            return Self {
                word: word.to_owned(),
                message: "the provider said no, and not why".to_owned(),
                about: About::Request,
                own: String::new(),
            };
        }
        let message = MESSAGES
            .into_iter()
            .find_map(|name| said.text(name).filter(|text| !text.is_empty()))
            .unwrap_or_default();
        let own = asked.values.taken_from(&asked.secrets.hidden(&message));
        Self {
            about: about(word, &message, &own),
            word: word.to_owned(),
            message: clean(&asked.secrets.hidden(&message), MESSAGE_CHARS_MAX),
            own,
        }
    }

    /// As one error, without a field.
    pub(super) fn one(&self) -> RowError {
        RowError::new(self.word.clone(), self.message.clone())
    }

    /// As a row's errors: one for each parameter named. Never empty.
    pub(super) fn rows(&self) -> Vec<RowError> {
        let named = parameters(&self.own);
        if named.is_empty() {
            return vec![self.one()];
        }
        let row = |field: &'static str| RowError {
            field: field.to_owned(),
            ..self.one()
        };
        named.into_iter().map(row).collect()
    }
    /// Whether it says, in one sentence, what is wrong with which parameter.
    pub(super) fn names_a_fault(&self) -> bool {
        self.own.split(['.', ';']).any(|sentence| {
            let named = parameters(sentence);
            let is_ours = named.iter().any(|name| !COMMON.contains(name))
                || (!named.is_empty() && holds(sentence, &["parameter"]));
            is_ours && holds(sentence, &FAULTS)
        })
    }
}

/// Whether `text` has one of the words. Words begin where words begin: a "zip address" is no "ip address".
fn holds(text: &str, words: &[&str]) -> bool {
    let begins = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        !before.ends_with(char::is_alphanumeric)
    };
    let mut places = words.iter().flat_map(|word| text.match_indices(word));
    places.any(|(at, _)| begins(at))
}

/// Whether a `status` is one of a refusal.
fn is_error_word(word: &str) -> bool {
    ERROR_WORDS.contains(&word.to_lowercase().as_str())
}

/// The word that makes an answer a refusal; `None` if it is none. One with an account in it is one only if `status` says
/// so.
pub(super) fn word(said: &Said) -> Option<String> {
    if let Some(bare) = said.bare() {
        return bare.eq_ignore_ascii_case(NO).then(|| NO.to_owned());
    }
    let filled = |name| said.text(name).filter(|text| !text.is_empty());
    let (status, action) = (filled("status"), filled("actionstatus"));
    let word = status.filter(|word| is_error_word(word)).or_else(|| {
        let is_well = |word: &str| word.eq_ignore_ascii_case("success");
        let has_account = filled("resellerid").is_some();
        action.filter(|word| is_error_word(word) || !(is_well(word) || has_account))
    });
    word.map(|word| clean(&word, CODE_CHARS_MAX))
}

/// What a refusal is about. That an account may be there is read from all of the `message`, because to look for one does no
/// harm; all else from the words that are the provider's `own`.
fn about(word: &str, message: &str, own: &str) -> About {
    let [all, own] = [message, own].map(|text| format!("{word} {text}").to_lowercase());
    let first = |text: &str| {
        let mut known = WORDS.iter();
        known
            .find(|(_, words)| holds(text, words))
            .map(|(about, _)| *about)
    };
    match first(&all) {
        Some(about @ (About::Busy | About::Taken)) => about,
        _ if all.contains("already") && holds(&all, &NAMES) => About::Taken,
        _ => first(&own).unwrap_or(About::Request),
    }
}

/// The parameters that a message in lower case names, each once, in its order. A parameter stands as a word of its own, `phone-cc`.
fn parameters(message: &str) -> Vec<&'static str> {
    let mut named = Vec::new();
    let words = message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    for word in words.map(|word| word.trim_matches('-')) {
        let meant = SYNONYMS
            .iter()
            .find(|(synonym, _)| *synonym == word)
            .map_or(word, |(_, meant)| meant);
        let known = CONTRACT
            .fields
            .iter()
            .map(|rule| rule.wire_path)
            .find(|path| *path == meant);
        named.extend(known.filter(|path| !named.contains(path)));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::secrets::Secrets;

    fn read(body: &str) -> Option<Problem> {
        let said = Said::parse(body.as_bytes()).unwrap();
        let asked = Asked {
            secrets: Secrets::of(["Abcdef1~x", "k3y-k3y", "a"]),
            ..Asked::default()
        };
        word(&said).map(|word| Problem::of(&word, &said, &asked))
    }

    #[test]
    fn every_shape() {
        for (body, word, message) in [
            (r#"{"status":"ERROR","message":"m"}"#, "ERROR", "m"),
            (r#"{"status":"error","error":"m"}"#, "error", "m"),
            (r#"{"status":"Failed","actionstatusdesc":"m"}"#, "Failed", "m"),
            (
                r#"{"status":"Success","actionstatus":"Failed","actionstatusdesc":"m"}"#,
                "Failed",
                "m",
            ),
            (r#"{"actionstatus":"InvalidData"}"#, "InvalidData", ""),
            (r#"{"status":"AlreadyReseller"}"#, "AlreadyReseller", ""),
            (r#"{"Status":"FAILURE","Message":"m\u0001"}"#, "FAILURE", "m "),
            (r#"{"status":"ERROR","message":"","error":"e"}"#, "ERROR", "e"),
            (
                r#"{"status":"ERROR","resellerid":"7","message":"m"}"#,
                "ERROR",
                "m",
            ),
            (
                "<r><status>ERROR</status><message>a &amp; b</message></r>",
                "ERROR",
                "a & b",
            ),
            ("false", "false", "the provider said no, and not why"),
            (
                "<string>false</string>",
                "false",
                "the provider said no, and not why",
            ),
        ] {
            let problem = read(body).unwrap();
            assert_eq!(
                (problem.word.as_str(), problem.message.as_str()),
                (word, message),
                "{body}"
            );
        }
        for body in [
            "{}",
            r#"{"status":"Success","resellerid":"7"}"#,
            r#"{"status":"PendingExecution","eaqid":"7"}"#,
            r#"{"status":"Success","actionstatus":"PendingExecution","resellerid":"7"}"#,
            // A gateway's, and a framework's.
            r#"{"message":"Internal server error"}"#,
            r#"{"status":500,"error":"Internal Server Error","path":"/api"}"#,
            "true",
            "7",
            "Success",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn what_each_message_is_about() {
        for (message, about) in [
            ("There is already an action pending on this Order.", About::Busy),
            ("AlreadyReseller", About::Taken),
            ("Username already exists", About::Taken),
            ("This email address is already registered.", About::Taken),
            ("Too many requests", About::Pace),
            (
                "Authentication failed: invalid auth-userid or api-key",
                About::Access,
            ),
            (
                "Access Denied: You are not authorized to perform this action",
                About::Access,
            ),
            ("Access denied: your IP address is not on the list", About::Access),
            ("No Entity found", About::Nothing),
            ("An unexpected error occurred", About::Trouble),
            ("Required parameter missing: zipcode", About::Request),
            ("The VAT ID is in use already", About::Request),
            ("Invalid zip address", About::Request),
            ("Unauthenticated request", About::Access),
            ("", About::Request),
        ] {
            let body = serde_json::json!({ "status": "ERROR", "message": message }).to_string();
            assert_eq!(read(&body).unwrap().about, about, "{message}");
        }
    }

    #[test]
    fn parameters_become_fields() {
        for (message, fields) in [
            (
                "Invalid value for parameter: phone-cc, zipcode",
                vec!["phone-cc", "zipcode"],
            ),
            ("Required parameter missing: name", vec!["name"]),
            (
                "{phone=Invalid phone, zipcode=too long}",
                vec!["phone", "zipcode"],
            ),
            (
                "The Password is too weak; choose another password",
                vec!["passwd"],
            ),
            ("Username should be an email address", vec!["username"]),
            ("phone-", vec!["phone"]),
            ("telephone, phone-x", vec![""]),
            ("(row key)", vec![""]),
            ("Something is wrong", vec![""]),
        ] {
            let body = serde_json::json!({ "status": "ERROR", "message": message }).to_string();
            let rows = read(&body).unwrap().rows();
            let named: Vec<&str> = rows.iter().map(|row| row.field.as_str()).collect();
            assert_eq!(named, fields, "{message}");
            assert!(
                rows.iter()
                    .all(|row| row.message == message && row.code == "ERROR")
            );
        }
    }

    #[test]
    fn what_was_secret_is_not_repeated() {
        let body = r#"{"status":"ERROR","message":"passwd=Abcdef1~x is weak for k3y-k3y"}"#;
        let row = read(body).unwrap().rows().remove(0);
        assert_eq!(
            (row.field.as_str(), row.message.as_str()),
            ("passwd", "passwd=(secret) is weak for (secret)")
        );
    }

    #[test]
    fn long_texts_are_cut() {
        let body = serde_json::json!({ "status": "ERROR", "message": "x".repeat(9_999) }).to_string();
        assert_eq!(read(&body).unwrap().message.len(), MESSAGE_CHARS_MAX);
    }
}
