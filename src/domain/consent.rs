//! Evidence that a reseller accepted the provider's terms. Providers require it before an account is made (providers.md 2.5, 3.2);
//! none takes it through its API, so it is kept here, with each row, for whoever asks later.

use serde::{Deserialize, Serialize};

use super::contract::{Check, FieldRule, Need, Test};
use super::field::Field;

/// The longest name or version.
pub const CHARS_MAX: usize = 200;

/// Who accepted which terms, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The person or department that accepted them, or has the acceptances of all.
    pub accepted_by: String,
    /// Their version, as the provider or the user names it.
    pub version: String,
    /// When; as the file says it, else the time of the import.
    pub accepted_at: String,
}

impl Terms {
    /// Terms from what somebody gave; `None` if there is nothing, and an error if there is half.
    pub fn given(accepted_by: Option<&str>, version: Option<&str>) -> Result<Option<Self>, &'static str> {
        let text = |text: Option<&str>| text.map(str::trim).unwrap_or_default().to_owned();
        let (accepted_by, version) = (text(accepted_by), text(version));
        for text in [&accepted_by, &version] {
            if text.chars().count() > CHARS_MAX || text.chars().any(char::is_control) {
                return Err("names and versions are one line of at most 200 characters");
            }
        }
        match (accepted_by.is_empty(), version.is_empty()) {
            (true, true) => Ok(None),
            (false, false) => Ok(Some(Self {
                accepted_by,
                version,
                accepted_at: String::new(),
            })),
            (true, false) => Err("a version was given, and not who accepted it"),
            (false, true) => Err("it was given who accepted terms, and not which version"),
        }
    }

    /// The evidence of one row: what it says itself, and this for what it does not say.
    pub fn over(&self, accepted_by: &str, version: &str, accepted_at: &str) -> Self {
        if accepted_by.trim().is_empty() || version.trim().is_empty() {
            return self.clone();
        }
        Self {
            accepted_by: accepted_by.trim().to_owned(),
            version: version.trim().to_owned(),
            accepted_at: accepted_at.trim().to_owned(),
        }
    }
}

const SOURCE: &str = "providers.md 2.5";

const HINT: &str = "write who accepted the terms and which version, or give --terms-accepted-by and --terms-version for all rows";

const fn rule(
    field: Field,
    need: Need,
    wire_path: &'static str,
    aliases: &'static [&'static str],
    checks: &'static [Check],
) -> FieldRule {
    FieldRule {
        field,
        need,
        wire_path,
        aliases,
        checks,
        source: SOURCE,
        hint: HINT,
    }
}

/// Who accepted them.
pub const ACCEPTED_BY: FieldRule = rule(
    Field::TermsAcceptedBy,
    Need::OrForAll,
    "terms.acceptedBy",
    &["accepted_by", "consent_by", "terms_by"],
    &[Check::error(
        "terms_accepted_by.length",
        Test::Chars {
            min: 1,
            max: CHARS_MAX,
        },
        SOURCE,
        "shorten it",
    )],
);

/// Which version.
pub const VERSION: FieldRule = rule(
    Field::TermsVersion,
    Need::OrForAll,
    "terms.version",
    &["terms", "consent_version"],
    &[Check::error(
        "terms_version.length",
        Test::Chars {
            min: 1,
            max: CHARS_MAX,
        },
        SOURCE,
        "shorten it",
    )],
);

/// When.
pub const ACCEPTED_AT: FieldRule = rule(
    Field::TermsAcceptedAt,
    Need::Optional,
    "terms.acceptedAt",
    &["accepted_at", "accepted_on", "terms_accepted_on", "consent_at"],
    &[Check::error(
        "terms_accepted_at.length",
        Test::Chars { min: 1, max: 40 },
        SOURCE,
        "write a date",
    )],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_an_attestation_is_none() {
        let given = |by, version| Terms::given(by, version).map(|terms| terms.is_some());
        assert_eq!(given(None, None), Ok(false));
        assert_eq!(given(Some(" "), Some("")), Ok(false));
        assert_eq!(given(Some("Ann"), Some("2026-01")), Ok(true));
        assert!(given(Some("Ann"), None).is_err());
        assert!(given(None, Some("2026-01")).is_err());
        assert!(given(Some("A\nB"), Some("1")).is_err());
        assert!(given(Some(&"x".repeat(201)), Some("1")).is_err());
    }

    #[test]
    fn a_row_speaks_for_itself_or_not_at_all() {
        let all = Terms {
            accepted_by: "Ann".into(),
            version: "1".into(),
            accepted_at: "today".into(),
        };
        assert_eq!(all.over(" ", "2", "x"), all);
        assert_eq!(all.over("Ben", " ", "x"), all, "half of it is none");
        let own = all.over("Ben ", "2", "");
        assert_eq!(
            (
                own.accepted_by.as_str(),
                own.version.as_str(),
                own.accepted_at.as_str()
            ),
            ("Ben", "2", "")
        );
    }
}
