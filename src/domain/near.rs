//! What somebody probably meant: texts compared by what matters in a name, and the nearest of several.

/// Least likeness of two names for one to be offered in the other's place.
const LIKENESS_MIN: f64 = 0.84;

/// `text` without case, spaces and punctuation: `Postal Code`, `postal-code` and `postalCode` are one name.
pub fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
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
