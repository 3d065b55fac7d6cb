//! Telephone numbers for providers that take the country's calling code apart from the rest (providers.md 3.2, 5).
//!
//! The code comes from a column of its own, or from a number in international form, because no calling code begins
//! with another one. It is never guessed from the country: a phone may well be abroad.

mod codes;

use crate::domain::country;

pub use codes::CALLING_CODES;

/// A number without its calling code has at least and at most so many digits (providers.md 3.2, of customers).
pub const DIGITS: (usize, usize) = (4, 12);

/// A telephone number, told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// The country's calling code, digits alone: `44`.
    pub code: &'static str,
    /// The rest, digits alone: `2079460000`.
    pub number: String,
}

/// Why a text is no telephone number that can be told apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Letters, or signs that belong to no number; an extension, mostly.
    #[error("a telephone number has digits, spaces and + - . / ( ) alone")]
    Sign,
    /// It begins with `+`, and then with no calling code.
    #[error("no country has the calling code that this begins with")]
    UnknownCode,
    /// It does not say in which country.
    #[error("the country's calling code is missing")]
    NoCode,
    /// It begins with another code than the one that stands apart.
    #[error("begins with the calling code {found}, and the code that stands apart is {apart}")]
    OtherCode {
        /// The code that it begins with.
        found: &'static str,
        /// The code of the other column.
        apart: &'static str,
    },
    /// Too few digits, or too many.
    #[error("{digits} digits without the calling code, {} to {} are taken", DIGITS.0, DIGITS.1)]
    Length {
        /// How many.
        digits: usize,
    },
}

impl PhoneError {
    /// What to do, for a record of this country.
    pub fn hint(&self, country: Option<&str>) -> String {
        let code = country.and_then(code_of).unwrap_or("44");
        match self {
            Self::Sign => "write the number alone, without an extension or a second number".to_owned(),
            Self::UnknownCode | Self::NoCode => format!(
                "write it in international form, +{code} and the number without its first 0, or write {code} into the column of the code"
            ),
            Self::OtherCode { found, .. } => {
                format!("write {found} into the column of the code, or leave that empty")
            }
            Self::Length { .. } => "write one whole number, without an extension".to_owned(),
        }
    }
}

impl Phone {
    /// Tells a number apart. `apart` is the code where it has a column of its own; without one the number must be in
    /// international form, `+44 20 …` or `0044 20 …`.
    ///
    /// # Errors
    ///
    /// What is wrong with the number; a code that is none is [`PhoneError::UnknownCode`].
    pub fn split(apart: Option<&str>, text: &str) -> Result<Self, PhoneError> {
        let apart = match apart.map(str::trim).filter(|code| !code.is_empty()) {
            Some(code) => Some(calling_code(code).ok_or(PhoneError::UnknownCode)?),
            None => None,
        };
        let (is_international, digits) = digits_of(text)?;
        let (code, number) = match (is_international, apart) {
            (false, None) => return Err(PhoneError::NoCode),
            (false, Some(code)) => (code, digits.as_str()),
            (true, apart) => {
                let (code, number) = leading_code(&digits).ok_or(PhoneError::UnknownCode)?;
                if let Some(apart) = apart.filter(|apart| *apart != code) {
                    return Err(PhoneError::OtherCode { found: code, apart });
                }
                (code, number)
            }
        };
        if !(DIGITS.0..=DIGITS.1).contains(&number.len()) {
            return Err(PhoneError::Length { digits: number.len() });
        }
        Ok(Self {
            code,
            number: number.to_owned(),
        })
    }
}

/// The calling code that `text` is, as it may be written: `44`, `+44`, `0044`.
pub fn calling_code(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let digits = text
        .strip_prefix('+')
        .or_else(|| text.strip_prefix("00"))
        .unwrap_or(text)
        .trim_start();
    let mut known = CALLING_CODES.iter().map(|(code, _)| *code);
    known.find(|code| *code == digits)
}

/// The calling code of a country (ISO 3166-1 alpha-2).
pub fn code_of(country: &str) -> Option<&'static str> {
    let country = country::is_code(country).then_some(country)?;
    let mut known = CALLING_CODES.iter();
    let (code, _) = known.find(|(_, countries)| countries.contains(&country))?;
    Some(code)
}

/// Whether the number is in international form, and its digits without what says so.
fn digits_of(text: &str) -> Result<(bool, String), PhoneError> {
    let text = text.trim();
    let (is_international, rest) = match text.strip_prefix('+').or_else(|| text.strip_prefix("00")) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // `+44 (0)20 …`: the 0 is dialled inside the country alone.
    let shortened = rest.replacen("(0)", "", usize::from(is_international));
    let is_sign = |c: char| matches!(c, ' ' | '\u{a0}' | '-' | '.' | '/' | '(' | ')');
    if shortened.chars().any(|c| !c.is_ascii_digit() && !is_sign(c)) {
        return Err(PhoneError::Sign);
    }
    let digits = shortened.chars().filter(char::is_ascii_digit).collect();
    Ok((is_international, digits))
}

fn leading_code(digits: &str) -> Option<(&'static str, &str)> {
    CALLING_CODES
        .iter()
        .find_map(|(code, _)| digits.strip_prefix(code).map(|number| (*code, number)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_that_can_be_told_apart() {
        for (apart, text, code, number) in [
            (None, "+44 20 7946 0000", "44", "2079460000"),
            (None, "0044 20 7946 0000", "44", "2079460000"),
            (None, "+44 (0)20 7946 0000", "44", "2079460000"),
            (None, "+1 (408) 555-0100", "1", "4085550100"),
            (None, "+1-408-555-0100", "1", "4085550100"),
            (None, "+7 495 123-45-67", "7", "4951234567"),
            (None, "+353.1.555.0100", "353", "15550100"),
            (None, "+39 06 1234567", "39", "061234567"),
            (None, "+998 71 123 45 67", "998", "711234567"),
            (Some("44"), "20 7946 0000", "44", "2079460000"),
            (Some("+44"), "020 7946 0000", "44", "02079460000"),
            (Some("0044"), "+44 20 7946 0000", "44", "2079460000"),
            (Some(" "), "+44 20 7946 0000", "44", "2079460000"),
            (Some("1"), "5550", "1", "5550"),
            (Some("49"), "123456789012", "49", "123456789012"),
        ] {
            let phone = Phone::split(apart, text).unwrap();
            assert_eq!(
                (phone.code, phone.number.as_str()),
                (code, number),
                "{apart:?} {text}"
            );
        }
    }

    #[test]
    fn numbers_that_cannot() {
        for (apart, text, error) in [
            (None, "020 7946 0000", PhoneError::NoCode),
            (None, "555-0100", PhoneError::NoCode),
            (None, "+999 123 4567", PhoneError::UnknownCode),
            (None, "+800 1234 5678", PhoneError::UnknownCode),
            (None, "+", PhoneError::UnknownCode),
            (None, "00", PhoneError::UnknownCode),
            (Some("999"), "123 4567", PhoneError::UnknownCode),
            (Some("UK"), "123 4567", PhoneError::UnknownCode),
            (None, "+44 20 7946 0000 ext. 5", PhoneError::Sign),
            (None, "+44 20 7946 0000, +44 20 7946 0001", PhoneError::Sign),
            (Some("44"), "٢٠٧٩٤٦", PhoneError::Sign),
            (
                Some("1"),
                "+44 20 7946 0000",
                PhoneError::OtherCode {
                    found: "44",
                    apart: "1",
                },
            ),
            (Some("44"), "123", PhoneError::Length { digits: 3 }),
            (Some("44"), "1234567890123", PhoneError::Length { digits: 13 }),
            (None, "+44 ", PhoneError::Length { digits: 0 }),
            (Some("44"), "-", PhoneError::Length { digits: 0 }),
        ] {
            assert_eq!(Phone::split(apart, text), Err(error), "{apart:?} {text}");
        }
        assert!(PhoneError::NoCode.hint(Some("DE")).contains("+49 and the number"));
        assert!(PhoneError::NoCode.hint(Some("??")).contains("+44"));
    }

    proptest! {
        #[test]
        fn what_is_told_apart_is_digits_within_bounds(apart in "[+0-9 ]{0,5}", text in ".{0,30}") {
            if let Ok(phone) = Phone::split(Some(&apart), &text) {
                prop_assert!((DIGITS.0..=DIGITS.1).contains(&phone.number.len()));
                prop_assert!(phone.number.bytes().all(|byte| byte.is_ascii_digit()));
                // Told apart once, it comes to the same again.
                let again = format!("+{} {}", phone.code, phone.number);
                prop_assert_eq!(Phone::split(None, &again), Ok(phone));
            }
        }
    }
}
