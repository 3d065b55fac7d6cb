//! The values and patterns that a create is checked against (providers.md 2.6), written down here a second time
//! on purpose: a stand-in that shared `enlist`'s own tables could not find a slip in them.

use std::sync::LazyLock;

use regex::Regex;

const LOCALES: &str = "bg-BG cs-CZ da-DK de-DE en-AE en-GB en-IL en-US en-XM es-ES es-LA es-MX es-NA et-EE fi-FI \
    fr-CA fr-FR fr-MA fr-XM hr-HR hu-HU it-IT ja-JP ko-KR lt-LT lv-LV nb-NO nl-NL pl-PL pt-BR ro-RO ru-RU sk-SK \
    sl-SI sr-RS sr-SP sv-SE tr-TR uk-UA zh-CN zh-HANS zh-HANT zh-TW";

/// ISO 3166-1 alpha-2 without those that are not accepted.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AR AS AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW \
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CV CX CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR \
    GA GB GD GE GF GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IN IQ IS IT JM JO JP KE KG KH KI KN \
    KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ \
    NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PY QA RE RO RS RU RW SA SB SC SE SG SH \
    SI SK SL SM SN SO SR ST SV SX SZ TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS YE YT ZA ZM ZW";

const US_REGIONS: &str = "AA AE AK AL AP AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN \
    MO MP MS MT NC ND NE NH NJ NM NV NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY";

const CA_REGIONS: &str = "AB BC MB NB NL NS NT NU ON PE QC SK YT";

/// One of the spellings of a list of words.
fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|one| one == word)
}

/// Whether `text` is one of the 43 locales.
pub(super) fn is_locale(text: &str) -> bool {
    listed(LOCALES, text)
}

/// Whether `text` is the code of a country that is accepted.
pub(super) fn is_country(text: &str) -> bool {
    listed(COUNTRIES, text)
}

/// Whether `text` is the part after the hyphen of a region of `country`. Only two countries' regions are known
/// here; of the others it is the form.
pub(super) fn is_region(country: &str, text: &str) -> bool {
    match country {
        "US" => listed(US_REGIONS, text),
        "CA" => listed(CA_REGIONS, text),
        _ => {
            (1..=3).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        }
    }
}

/// Whether `text` is a postal code of `country`, for the countries whose pattern is known.
pub(super) fn is_postal_code(country: &str, text: &str) -> bool {
    let pattern = match country {
        "US" => &PATTERNS.us,
        "CA" => &PATTERNS.ca,
        "GB" => &PATTERNS.gb,
        "DE" => {
            let in_use = !text.starts_with("00") && text != "01000" && text != "99999";
            return in_use && PATTERNS.five_digits.is_match(text);
        }
        "JP" => &PATTERNS.jp,
        "IN" => &PATTERNS.india,
        "BR" => &PATTERNS.br,
        "IE" => &PATTERNS.ie,
        _ => return !text.trim().is_empty(),
    };
    pattern.is_match(text)
}

/// Letters and digits of any script, and what else a company name may hold.
pub(super) fn is_company_text(text: &str) -> bool {
    PATTERNS.company.is_match(text)
}

/// Letters and digits of any script, and what else a person's name may hold.
pub(super) fn is_person_text(text: &str) -> bool {
    PATTERNS.person.is_match(text)
}

/// Anything without angle brackets and double quotes.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains(['<', '>', '"'])
}

/// An email address in the usual form.
pub(super) fn is_email(text: &str) -> bool {
    PATTERNS.email.is_match(text)
}

/// Letters, digits and hyphens, 4 to 40.
pub(super) fn is_account_number(text: &str) -> bool {
    (4..=40).contains(&text.chars().count()) && PATTERNS.account_number.is_match(text)
}

struct Patterns {
    company: Regex,
    person: Regex,
    email: Regex,
    account_number: Regex,
    us: Regex,
    ca: Regex,
    gb: Regex,
    five_digits: Regex,
    jp: Regex,
    india: Regex,
    br: Regex,
    ie: Regex,
}

// `[0-9]`, because `\d` takes the digits of every script here and those of ASCII alone in the contract.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    company: compiled(r#"^[\p{L}\p{N}_ \x{3000},.＆&・'()（）"/\-]+$"#),
    person: compiled(r#"^[\p{L}\p{N}\-_ \x{3000},.＆&'"]+$"#),
    email: compiled(
        r"(?i)^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    ),
    account_number: compiled(r"^[\p{L}0-9-]+$"),
    us: compiled(r"^[0-9]{5}(-[0-9]{4})?$"),
    ca: compiled(r"^[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] [0-9][ABCEGHJ-NPRSTV-Z][0-9]$"),
    gb: compiled(r"^(GIR|[A-Z][0-9][A-Z0-9]?|[A-Z]{2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{1,2})$"),
    five_digits: compiled(r"^[0-9]{5}$"),
    jp: compiled(r"^[0-9]{3}-?[0-9]{4}$"),
    india: compiled(r"^[0-9]{3} ?[0-9]{3}$"),
    br: compiled(r"^[0-9]{5}(-?[0-9]{3})?$"),
    ie: compiled(r"^[A-Za-z0-9]{3} ?[A-Za-z0-9]{4}$"),
});

#[allow(
    clippy::expect_used,
    reason = "the patterns are constants, and a test compiles them"
)]
fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern compiles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_the_sizes_that_the_contract_names() {
        assert_eq!(LOCALES.split_ascii_whitespace().count(), 43);
        let countries: std::collections::BTreeSet<_> = COUNTRIES.split_ascii_whitespace().collect();
        assert_eq!(countries.len(), COUNTRIES.split_ascii_whitespace().count());
        let refused = "AQ AX BL BQ BV CU CW EH GG GS HM IM IO IR JE KM KP MF PN PW SD SJ SS SY TF";
        for code in refused.split_ascii_whitespace() {
            assert!(!is_country(code), "{code}");
        }
        assert_eq!(countries.len() + refused.split_ascii_whitespace().count(), 249);
    }

    #[test]
    fn postal_codes_and_regions() {
        for (country, good, bad) in [
            ("US", "95110-1234", "9511"),
            ("CA", "K1A 0B1", "k1a 0b1"),
            ("GB", "SW1A 1AA", "SW1A-1AA"),
            ("DE", "01067", "01000"),
            ("DE", "99998", "00999"),
            ("JP", "100-0001", "1000-001"),
            ("IN", "110 001", "11 0001"),
            ("BR", "01310-100", "0131"),
            ("IE", "D02 AF30", "D02AF3"),
            ("FR", "75001", " "),
        ] {
            assert!(is_postal_code(country, good), "{country} {good}");
            assert!(!is_postal_code(country, bad), "{country} {bad}");
        }
        for (country, good, bad) in [
            ("US", "CA", "US-CA"),
            ("US", "AP", "00"),
            ("CA", "QC", "XX"),
            ("DE", "00", "DE-BY"),
        ] {
            assert!(is_region(country, good), "{country} {good}");
            assert!(!is_region(country, bad), "{country} {bad}");
        }
    }

    #[test]
    fn texts() {
        for good in [
            "Fairmont",
            "Müller & Söhne (GmbH)",
            "株式会社　テスト・東京",
            "O'Neil \"Best\" Co.,/-_",
        ] {
            assert!(is_company_text(good), "{good}");
        }
        for bad in ["", "A*B", "a<b", "Smith; Co", "a\nb", "100%"] {
            assert!(!is_company_text(bad), "{bad}");
        }
        assert!(is_person_text("Zoë-Ann d'Arc") && !is_person_text("A/B") && !is_person_text("(A)"));
        for good in ["mickey@mouse.com", "a.b+c@d-e.co.uk", "X@Y.Z"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "mickey",
            "a@b",
            "a..b@c.de",
            "a@-b.de",
            "a b@c.de",
            "ä@c.de",
            "a@b.c\n",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_account_number("345434543") && !is_account_number("123") && !is_account_number("12_34"));
    }
}
