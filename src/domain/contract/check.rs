//! What each [`Test`] means.

use super::address::{lost_zero, postal_fault, region_fault, region_or_name_fault};
use super::letters::{is_combining_accent, is_letter_or_digit};
use super::validate::split_segments;
use super::{Cells, Test, email, language_of, yes_or_no};
use crate::domain::country;
use crate::domain::fault::cut;
use crate::domain::field::Field;
use crate::domain::near::{fold, nearest};
use crate::domain::phone::{Phone, calling_code};

/// Most different characters that one message names.
const NAMED_CHARS_MAX: usize = 5;

/// Characters that word processors put in, and the plain ones that providers take.
const PLAIN: [(char, char); 12] = [
    ('\u{2018}', '\''),
    ('\u{2019}', '\''),
    ('\u{00B4}', '\''),
    ('`', '\''),
    ('\u{201C}', '"'),
    ('\u{201D}', '"'),
    ('\u{2010}', '-'),
    ('\u{2011}', '-'),
    ('\u{2013}', '-'),
    ('\u{2014}', '-'),
    ('\u{00A0}', ' '),
    ('\u{202F}', ' '),
];

/// What a test sees.
pub(super) struct Look<'a> {
    /// The value, trimmed, not empty.
    pub(super) value: &'a str,
    /// Whether it is printable ASCII and nothing else, as most values are: half of the tests then have nothing to find.
    pub(super) is_plain: bool,
    /// The record's country, if it is a sound one.
    pub(super) country: Option<&'a str>,
    /// Whether the file wrote a number.
    pub(super) is_number: bool,
    /// The job's account holder.
    pub(super) distributor: Option<&'a str>,
    /// The provider's name.
    pub(super) provider: &'static str,
    /// The row, for tests that look at two cells.
    pub(super) cells: &'a dyn Cells,
}

/// What a test found wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) message: String,
    /// What to do, when the value tells; else the check's own hint stands.
    pub(super) hint: Option<String>,
}

fn finding(message: impl Into<String>) -> Option<Finding> {
    Some(Finding {
        message: message.into(),
        hint: None,
    })
}

impl Test {
    /// What is wrong with the value, if anything.
    pub(super) fn run(self, look: &Look<'_>) -> Option<Finding> {
        let value = look.value;
        match self {
            Self::Chars { min, max } => chars(value, min, max),
            Self::Alphabet { also } => alphabet(value, also),
            Self::AllBut(banned) => {
                let any = value.bytes().any(|byte| banned.as_bytes().contains(&byte));
                any.then(|| named(value, |c| banned.contains(c), "not accepted here"))
                    .flatten()
            }
            Self::OneOf(allowed) => one_of(value, allowed, look.provider),
            Self::Language(allowed) => one_of(language_of(value), allowed, look.provider),
            Self::EachOneOf(allowed) => each_one_of(value, allowed, look.provider),
            Self::Country => known_country(value),
            Self::CountryNotIn(excluded) => {
                let (_, advice) = excluded.iter().find(|(code, _)| same(code, value))?;
                let hint = (!advice.is_empty()).then(|| (*advice).to_owned());
                Some(Finding {
                    message: format!("{} takes no resellers in {value}", look.provider),
                    hint,
                })
            }
            Self::Region(tables) => region_fault(tables, look.country?, value),
            Self::RegionOrName(tables) => region_or_name_fault(tables, look.country?, value),
            Self::PostalCode(forms) => postal_fault(forms, look.country?, value),
            Self::NoZeroLost(lengths) => lost_zero(lengths, look.country?, value),
            Self::Email => email::fault_of(value).map(|(message, hint)| Finding {
                message: message.to_owned(),
                hint,
            }),
            Self::NoControls | Self::NoInvisibles | Self::NoGarbling if look.is_plain => None,
            Self::NoControls => named(value, char::is_control, "inside the cell"),
            Self::NoInvisibles => named(value, is_invisible, "cannot be seen"),
            Self::NoSheetError => sheet_error(value),
            Self::NoSheetNumber if is_sheet_number(value) => {
                finding("a spreadsheet shortened this to a number")
            }
            Self::NoGarbling if is_garbled(value) => {
                finding("looks like text that was read in the wrong encoding")
            }
            Self::NotANumber if look.is_number => {
                finding("written as a number: leading zeros are lost in one")
            }
            Self::SameAsJob => {
                let expected = look.distributor.filter(|expected| *expected != value)?;
                finding(format!("the job sends to {expected}"))
            }
            Self::YesOrNo if yes_or_no(value).is_none() => {
                finding(format!("`{}` says neither yes nor no", cut(value)))
            }
            Self::CallingCode if calling_code(value).is_none() => finding("no country has this calling code"),
            Self::Phone { code } => phone(look, code),
            Self::Password(rule) => rule.fault_of(value).and_then(finding),
            Self::NoSheetNumber | Self::NoGarbling | Self::NotANumber | Self::YesOrNo | Self::CallingCode => {
                None
            }
        }
    }
}

fn chars(value: &str, min: usize, max: usize) -> Option<Finding> {
    let count = value.chars().count();
    match count {
        _ if count < min => finding(format!("{count} characters, at least {min} are needed")),
        _ if count > max => finding(format!("{count} characters, at most {max} fit")),
        _ => None,
    }
}

fn alphabet(value: &str, also: &str) -> Option<Finding> {
    let is_bad = |c: char| !is_letter_or_digit(c) && !also.contains(c);
    if value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
        && also.contains(' ')
    {
        return None;
    }
    let mut found = named(value, is_bad, "not accepted here")?;
    let plain = |c: char| {
        PLAIN
            .iter()
            .find(|(fancy, _)| *fancy == c)
            .map_or(c, |(_, plain)| *plain)
    };
    let corrected: String = value.chars().map(plain).collect();
    if value.chars().any(is_combining_accent) {
        let how =
            "accents stand as characters of their own: save the file with composed characters (Unicode NFC)";
        found.hint = Some(how.to_owned());
    } else if !corrected.chars().any(is_bad) {
        found.hint = Some(format!("write {corrected}"));
    }
    Some(found)
}

/// Names the different characters of `value` that are bad.
fn named(value: &str, is_bad: impl Fn(char) -> bool, what: &str) -> Option<Finding> {
    let mut bad: Vec<char> = Vec::new();
    for c in value.chars().filter(|c| is_bad(*c)) {
        if !bad.contains(&c) && bad.len() < NAMED_CHARS_MAX {
            bad.push(c);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let names: Vec<String> = bad.iter().map(|c| name_of(*c)).collect();
    finding(format!("{what}: {}", names.join(" ")))
}

fn name_of(c: char) -> String {
    match c {
        '\n' | '\r' => "a line break".to_owned(),
        '\t' => "a tab".to_owned(),
        '\u{A0}' => "a no-break space (U+00A0)".to_owned(),
        _ if c.is_ascii_graphic() => format!("`{c}`"),
        _ if c.is_control() || c.is_whitespace() || is_invisible(c) || is_combining_accent(c) => {
            format!("U+{:04X}", u32::from(c))
        }
        _ => format!("`{c}` (U+{:04X})", u32::from(c)),
    }
}

/// Whether two codes are equal: byte by byte, which for a few bytes beats a call of memcmp.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().eq(b.bytes())
}

fn one_of(value: &str, allowed: &[&'static str], provider: &str) -> Option<Finding> {
    if allowed.iter().any(|known| same(known, value)) {
        return None;
    }
    let beginning_with = |start: &str| -> Vec<&'static str> {
        let start = fold(start);
        allowed
            .iter()
            .copied()
            .filter(|known| !start.is_empty() && fold(known).starts_with(&start))
            .collect()
    };
    let hint = match beginning_with(value).as_slice() {
        [one] => Some(format!("write {one}")),
        [] => nearest(value, allowed.iter().copied()).map(|near| format!("did you mean {near}?")),
        several => Some(format!("one of {}", several.join(", "))),
    };
    // `de-AT` is no slip of the hand, and its language is known.
    let head = value.split(['-', '_']).next().unwrap_or_default();
    let hint = hint.or_else(|| match beginning_with(head).as_slice() {
        [] => None,
        [one] => Some(format!("did you mean {one}?")),
        several => Some(format!("one of {}", several.join(", "))),
    });
    let hint =
        hint.or_else(|| (allowed.len() <= NAMED_CHARS_MAX).then(|| format!("one of {}", allowed.join(", "))));
    Some(Finding {
        message: format!(
            "`{value}` is not one of the {} that {provider} takes",
            allowed.len()
        ),
        hint,
    })
}

fn each_one_of(value: &str, allowed: &[&'static str], provider: &str) -> Option<Finding> {
    if split_segments(value).next().is_none() {
        return finding("separators and nothing between them");
    }
    split_segments(value).find_map(|part| one_of(part, allowed, provider))
}

fn known_country(value: &str) -> Option<Finding> {
    if country::is_code(value) {
        return None;
    }
    let meant = country::meant_by(value).or_else(|| {
        let name = nearest(value, country::COUNTRIES.iter().map(|(_, _, name)| *name))?;
        country::meant_by(name)
    });
    let hint = meant.map(|code| format!("write {code}"));
    Some(Finding {
        message: "not a two-letter country code (ISO 3166-1, capitals)".to_owned(),
        hint,
    })
}

fn phone(look: &Look<'_>, code: Field) -> Option<Finding> {
    let apart = look.cells.text(code).unwrap_or_default().trim();
    if !apart.is_empty() && calling_code(apart).is_none() {
        // The code's own column says so.
        return None;
    }
    let error = Phone::split(Some(apart), look.value).err()?;
    Some(Finding {
        message: error.to_string(),
        hint: Some(error.hint(look.country)),
    })
}

fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    )
}

fn sheet_error(value: &str) -> Option<Finding> {
    const ERRORS: [&str; 9] = [
        "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
    ];
    (value.starts_with('#') && ERRORS.contains(&value)).then(|| Finding {
        message: "a spreadsheet's error, not a value".to_owned(),
        hint: None,
    })
}

/// `4.91512E+11`, in any locale's decimal mark.
fn is_sheet_number(value: &str) -> bool {
    if !value.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return false;
    }
    let Some((mantissa, exponent)) = value.split_once(['E', 'e']) else {
        return false;
    };
    let Some(exponent) = exponent.strip_prefix('+') else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, rest) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    digits(exponent) && whole.len() == 1 && digits(whole) && digits(rest)
}

/// UTF-8 read as Windows-1252 or Latin-1 leaves pairs that no language writes; a replacement character is what
/// is left when even that failed.
fn is_garbled(value: &str) -> bool {
    if value.contains('\u{FFFD}') || value.contains("â€") {
        return true;
    }
    let lead = |c: char| matches!(c, 'Ã' | 'Â' | 'Ä' | 'Å');
    let trail = |c: char| matches!(c, '\u{80}'..='\u{BF}' | '\u{152}'..='\u{153}' | '\u{160}'..='\u{161}' | '\u{178}' | '\u{17D}'..='\u{17E}' | '\u{192}' | '\u{2013}'..='\u{2022}' | '\u{2026}' | '\u{2030}' | '\u{20AC}');
    value
        .chars()
        .zip(value.chars().skip(1))
        .any(|(a, b)| lead(a) && trail(b))
}
