//! What the service finds wrong with the parameters of a sign-up (providers.md 3.2). Written down here a second
//! time on purpose: a stand-in that shared `enlist`'s own table could not find a slip in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::form::Form;
use super::settings::{FieldRules, LogicBoxesSettings};

/// What a parameter holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Email,
    Password,
    /// ISO 3166-1 alpha-2.
    Country,
    /// ISO 639-1.
    Language,
    /// ISO 4217.
    Currency,
    /// Telephone number, or its country code, by the most and least digits that consumers know of.
    Digits(usize, usize),
    Integer,
    Boolean,
}

const PHONE: Kind = Kind::Digits(4, 12);
const PHONE_CC: Kind = Kind::Digits(1, 3);

const PARAMETERS: &[(&str, bool, Kind)] = &[
    ("username", true, Kind::Email),
    ("passwd", true, Kind::Password),
    ("name", true, Kind::Text),
    ("company", true, Kind::Text),
    ("address-line-1", true, Kind::Text),
    ("city", true, Kind::Text),
    ("state", true, Kind::Text),
    ("country", true, Kind::Country),
    ("zipcode", true, Kind::Text),
    ("phone-cc", true, PHONE_CC),
    ("phone", true, PHONE),
    ("lang-pref", true, Kind::Language),
    ("accounting-currency-symbol", true, Kind::Currency),
    ("selling-currency-symbol", true, Kind::Currency),
    ("sales-contact-id", false, Kind::Integer),
    ("address-line-2", false, Kind::Text),
    ("address-line-3", false, Kind::Text),
    ("alt-phone-cc", false, PHONE_CC),
    ("alt-phone", false, PHONE),
    ("fax-cc", false, PHONE_CC),
    ("fax", false, PHONE),
    ("mobile-cc", false, PHONE_CC),
    ("mobile", false, PHONE),
    ("sms-consent", false, Kind::Boolean),
    ("vat-id", false, Kind::Text),
    ("auto-activate", false, Kind::Boolean),
    ("accept-policy", false, Kind::Boolean),
    ("marketing-email-consent", false, Kind::Boolean),
];

/// A sound sign-up: its parameters by name, without the password, which nobody needs again.
pub(super) type Fields = BTreeMap<Cow<'static, str>, Box<str>>;

/// The parameters of a sign-up, if the service takes them. Those that are not known are not looked at.
///
/// # Errors
///
/// The names of those that are missing, or else of those that do not fit.
pub(super) fn check(form: &Form, settings: &LogicBoxesSettings) -> Result<Fields, String> {
    let mut fields = Fields::new();
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for (name, required, kind) in PARAMETERS {
        match form.get(name) {
            None if *required => missing.push(*name),
            None => {}
            Some(value) if !fits(*kind, value, settings) => wrong.push(*name),
            Some(_) if *kind == Kind::Password => {}
            Some(value) => {
                fields.insert((*name).into(), value.into());
            }
        }
    }
    if !missing.is_empty() {
        return Err(format!("Required parameter missing: {}", missing.join(", ")));
    }
    if !wrong.is_empty() {
        return Err(format!("Invalid value for parameter: {}", wrong.join(", ")));
    }
    Ok(fields)
}

fn fits(kind: Kind, value: &str, settings: &LogicBoxesSettings) -> bool {
    let strict = settings.field_rules == FieldRules::Strict;
    let letters = |count: usize, is: fn(&char) -> bool| value.len() == count && value.chars().all(|c| is(&c));
    if value.chars().nth(settings.field_chars_max).is_some() {
        return false;
    }
    match kind {
        Kind::Text => true,
        Kind::Email => is_email(value),
        Kind::Password => !strict || is_strong(value),
        Kind::Country => letters(2, char::is_ascii_uppercase),
        Kind::Language => letters(2, char::is_ascii_lowercase),
        Kind::Currency => letters(3, char::is_ascii_uppercase),
        Kind::Digits(min, max) => {
            value.bytes().all(|byte| byte.is_ascii_digit()) && (!strict || (min..=max).contains(&value.len()))
        }
        Kind::Integer => value.parse::<u64>().is_ok(),
        Kind::Boolean => ["true", "false"].contains(&value),
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let sound = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    let labels = domain.split('.');
    sound(local) && domain.contains('.') && labels.into_iter().all(sound)
}

/// The rule that a consumer of this call keeps; the page has none, and its own sample breaks this one.
fn is_strong(password: &str) -> bool {
    let has = |is: fn(char) -> bool| password.chars().any(is);
    (9..=16).contains(&password.chars().count())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_digit())
        && has(|c| "~*!@$#%_+.?:,{}".contains(c))
}
