//! A record as the body of a sign-up: the parameters of providers.md 3.2, form-encoded, in the order of its table. Rendered
//! once, on import, and sent as it stands for ever. It holds the password, and no credentials: those join it when it leaves.

use std::sync::Arc;

use url::form_urlencoded::Serializer;

use super::contract::{CURRENCIES, LANGUAGES, NO_STATE};
use crate::domain::contract::{language_of, yes_or_no};
use crate::domain::field::Field;
use crate::domain::phone::Phone;
use crate::domain::record::Record;
use crate::provider::SettingError;

/// What the job says of every sign-up. A row that says it too goes before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignupDefaults {
    /// `lang-pref`, ISO 639-1.
    pub language: String,
    /// `accounting-currency-symbol`, ISO 4217. Without one every row must name its own.
    pub accounting_currency: Option<String>,
    /// `selling-currency-symbol`, ISO 4217. Without one every row must name its own.
    pub selling_currency: Option<String>,
    /// `sales-contact-id`: who of the parent's people sells to the reseller.
    pub sales_contact_id: Option<u64>,
    /// `auto-activate`: active at once, whatever the parent's sign-up option. Not sent unless it is so.
    pub auto_activate: bool,
    /// `accept-policy`.
    pub accept_policy: Option<bool>,
    /// `sms-consent`.
    pub sms_consent: Option<bool>,
    /// `marketing-email-consent`.
    pub marketing_consent: Option<bool>,
}

impl Default for SignupDefaults {
    /// English, and nothing else: a currency that nobody chose could not be changed afterwards.
    fn default() -> Self {
        Self {
            language: "en".to_owned(),
            accounting_currency: None,
            selling_currency: None,
            sales_contact_id: None,
            auto_activate: false,
            accept_policy: None,
            sms_consent: None,
            marketing_consent: None,
        }
    }
}

impl SignupDefaults {
    /// Whether the codes are codes.
    ///
    /// # Errors
    ///
    /// The first that is none.
    pub fn check(&self) -> Result<(), SettingError> {
        if !LANGUAGES.contains(&self.language.as_str()) {
            let problem = format!("{:?} is no language of ISO 639-1", self.language);
            return Err(SettingError::new(
                "logicboxes.language",
                problem,
                "write a code such as en",
            ));
        }
        for (setting, code) in [
            ("logicboxes.accounting_currency", &self.accounting_currency),
            ("logicboxes.selling_currency", &self.selling_currency),
        ] {
            if let Some(code) = code.as_deref().filter(|code| !CURRENCIES.contains(code)) {
                let problem = format!("{code:?} is no currency of ISO 4217");
                return Err(SettingError::new(setting, problem, "write a code such as USD"));
            }
        }
        Ok(())
    }
}

/// Why a sound record makes no sign-up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}\nhint: {hint}")]
pub struct RenderError {
    /// What is amiss.
    pub field: Field,
    /// Why. Says nothing of a secret.
    pub problem: String,
    /// What to do.
    pub hint: &'static str,
}

/// The body of `POST resellers/v2/signup` for `record`. `password` is for records that have none of their own.
///
/// # Errors
///
/// Neither the record nor the job says something that every sign-up must have. Phones and consents cannot fail for
/// records that [`CONTRACT`](super::contract::CONTRACT) let through: their checks are firm.
pub fn signup(
    record: &Record,
    defaults: &SignupDefaults,
    password: Option<&str>,
) -> Result<Arc<str>, RenderError> {
    let said = |field, otherwise: Option<&str>, hint| {
        let text = record.get(field).or(otherwise).map(str::to_owned);
        text.ok_or_else(|| missing(field, hint))
    };
    let text = |field| said(field, None, "write it into the row");
    let mut form = Form::default();
    form.add("username", &text(Field::Email(0))?);
    form.add(
        "passwd",
        &said(
            Field::Password,
            password,
            "add a column `password`, or let the job make passwords",
        )?,
    );
    let names = [Field::FirstName(0), Field::LastName(0)];
    let name: Vec<&str> = names.into_iter().filter_map(|field| record.get(field)).collect();
    form.add("name", &name.join(" "));
    form.add("company", &text(Field::Company)?);
    form.add("address-line-1", &text(Field::Line1)?);
    form.add_any("address-line-2", record.get(Field::Line2));
    form.add_any("address-line-3", record.get(Field::Line3));
    form.add("city", &text(Field::City)?);
    form.add("state", record.get(Field::Region).unwrap_or(NO_STATE));
    form.add("country", &text(Field::Country)?);
    form.add("zipcode", &text(Field::PostalCode)?);
    text(Field::Phone)?;
    for (cc_name, name, code, field) in PHONES {
        if let Some(phone) = phone(record, code, field)? {
            form.add(cc_name, phone.code);
            form.add(name, &phone.number);
        }
    }
    let language = record.get(Field::Language).unwrap_or(&defaults.language);
    form.add("lang-pref", language_of(language));
    let hint = "add a column for it, or set it in the job";
    for (name, field, otherwise) in [
        (
            "accounting-currency-symbol",
            Field::AccountingCurrency,
            &defaults.accounting_currency,
        ),
        (
            "selling-currency-symbol",
            Field::SellingCurrency,
            &defaults.selling_currency,
        ),
    ] {
        form.add(name, &said(field, otherwise.as_deref(), hint)?);
    }
    form.add_any(
        "sales-contact-id",
        defaults.sales_contact_id.map(|id| id.to_string()).as_deref(),
    );
    form.add_any("vat-id", record.get(Field::VatId));
    for (name, field, otherwise) in [
        ("sms-consent", Field::SmsConsent, defaults.sms_consent),
        ("accept-policy", Field::AcceptPolicy, defaults.accept_policy),
        (
            "marketing-email-consent",
            Field::MarketingConsent,
            defaults.marketing_consent,
        ),
    ] {
        form.add_any(name, consent(record, field, otherwise)?);
    }
    form.add_any("auto-activate", defaults.auto_activate.then_some(word(true)));
    Ok(form.0.finish().into())
}

/// The parameters of each phone, with the columns that they come from.
const PHONES: [(&str, &str, Field, Field); 4] = [
    ("phone-cc", "phone", Field::PhoneCc, Field::Phone),
    ("alt-phone-cc", "alt-phone", Field::AltPhoneCc, Field::AltPhone),
    ("fax-cc", "fax", Field::FaxCc, Field::Fax),
    ("mobile-cc", "mobile", Field::MobileCc, Field::Mobile),
];

/// Parameters in the making.
struct Form(Serializer<'static, String>);

impl Default for Form {
    fn default() -> Self {
        Self(Serializer::new(String::new()))
    }
}

impl Form {
    fn add(&mut self, name: &str, value: &str) {
        self.0.append_pair(name, value);
    }

    fn add_any(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

fn phone(record: &Record, code: Field, field: Field) -> Result<Option<Phone>, RenderError> {
    let Some(text) = record.get(field) else {
        return Ok(None);
    };
    let phone = Phone::split(record.get(code), text);
    phone.map(Some).map_err(|error| RenderError {
        field,
        problem: error.to_string(),
        hint: "write it in international form, such as +44 20 7946 0000",
    })
}

fn consent(
    record: &Record,
    field: Field,
    otherwise: Option<bool>,
) -> Result<Option<&'static str>, RenderError> {
    let said = match record.get(field) {
        Some(text) => Some(yes_or_no(text).ok_or_else(|| RenderError {
            field,
            problem: "says neither yes nor no".to_owned(),
            hint: "write yes or no",
        })?),
        None => otherwise,
    };
    Ok(said.map(word))
}

const fn word(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

fn missing(field: Field, hint: &'static str) -> RenderError {
    RenderError {
        field,
        problem: "neither the row nor the job says it".to_owned(),
        hint,
    }
}

#[cfg(test)]
mod tests;
