//! What somebody probably meant: texts compared by what matters in a name, and the nearest of several.

use icu_normalizer::DecomposingNormalizerBorrowed;

/// Least likeness of two names for one to be offered in the other's place.
const LIKENESS_MIN: f64 = 0.84;

/// `text` without case, spaces, punctuation and accents: `Postal Code`, `postal-code`, `postalCode` and `Póstal Code` are one
/// name, and so is what a wide keyboard makes of it.
pub fn fold(text: &str) -> String {
    let folded = |text: &str| {
        // An accent that stands alone is no letter.
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    if text.is_ascii() {
        return folded(text);
    }
    folded(&DecomposingNormalizerBorrowed::new_nfkd().normalize(text))
}

/// The one of `candidates` that is most like `text`, if any is like enough.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(text);
    if folded.is_empty() {
        return None;
    }
    let mut best = None;
    for candidate in candidates {
        let likeness = likeness(&folded, &fold(candidate));
        if likeness >= LIKENESS_MIN && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// 1 for equal names, 0 for strangers. Jaro-Winkler alone takes any two short names with one beginning for
/// alike; one edit in every four letters is what a slip of the hand looks like.
fn likeness(a: &str, b: &str) -> f64 {
    let edits = strsim::damerau_levenshtein(a, b);
    let letters = a.chars().count().min(b.chars().count());
    if edits * 4 > letters + 1 {
        0.0
    } else {
        strsim::jaro_winkler(a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_their_letters_and_digits() {
        for (text, folded) in [
            ("Postal Code", "postalcode"),
            ("postal-code ", "postalcode"),
            ("Région", "region"),
            ("Re\u{301}gion", "region"),
            ("ＣＩＴＹ　１", "city1"),
            ("Straße", "straße"),
            ("会社名", "会社名"),
            ("Ａｄｄｒｅｓｓ①", "address1"),
            ("…", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn slips_are_seen_and_strangers_are_not() {
        let names = ["company", "country", "postal_code", "city", "email", "region"];
        for (slip, meant) in [
            ("Compnay", Some("company")),
            ("Contry", Some("country")),
            ("postal code", Some("postal_code")),
            ("POSTCODE", Some("postal_code")),
            ("e-mial", Some("email")),
            ("cty", Some("city")),
            ("notes", None),
            ("", None),
            ("rating", None),
        ] {
            assert_eq!(nearest(slip, names), meant, "{slip}");
        }
    }
}
