//! Email addresses: the shape that mail systems take, checked by hand so that each slip has its own words.

/// Longest part before the `@`, in characters (RFC 5321).
const LOCAL_MAX: usize = 64;
/// Longest label of a domain name (RFC 1035).
const LABEL_MAX: usize = 63;

/// What is wrong with `text` as an address, and what to do if that is known.
pub(super) fn fault_of(text: &str) -> Option<(&'static str, Option<String>)> {
    if text.contains([';', ',', '|']) && text.matches('@').count() > 1 {
        let hint = "one address for each contact; a second one goes into contact_2_email, with its names";
        return Some(("several addresses in one cell", Some(hint.to_owned())));
    }
    if let Some(bare) = bare_address(text) {
        return Some(("more than the bare address", Some(format!("write {bare}"))));
    }
    if !text.is_ascii() {
        let hint = "write the domain in its ASCII form (xn--…), and check for letters that only look alike";
        return Some(("an address has no letters outside ASCII", Some(hint.to_owned())));
    }
    if text.contains(' ') {
        let joined: String = text.split(' ').collect();
        return Some((
            "a space in the address",
            fault_of(&joined).is_none().then(|| format!("write {joined}")),
        ));
    }
    let Some((local, domain)) = text.split_once('@') else {
        return Some(("no @ in the address", None));
    };
    local_fault(local)
        .or_else(|| domain_fault(domain))
        .map(|message| (message, None))
}

/// The address inside `Mickey <mickey@mouse.example>` or `mailto:mickey@mouse.example`.
fn bare_address(text: &str) -> Option<&str> {
    let inner = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text.get(7..)?,
        _ => text.split_once('<')?.1.split_once('>')?.0,
    };
    fault_of(inner).is_none().then_some(inner)
}

fn local_fault(local: &str) -> Option<&'static str> {
    if local.is_empty() {
        return Some("nothing before the @");
    }
    if local.len() > LOCAL_MAX {
        return Some("more than 64 characters before the @");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Some("a dot at an end or two in a row before the @");
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    (!local.chars().all(allowed)).then_some("a character before the @ that no address has")
}

fn domain_fault(domain: &str) -> Option<&'static str> {
    if domain.contains('@') {
        return Some("more than one @");
    }
    let Some((_, last)) = domain.rsplit_once('.') else {
        return Some("no dot in the domain after the @");
    };
    if domain.split('.').any(str::is_empty) {
        return Some("a dot at an end or two in a row after the @");
    }
    let is_label = |label: &str| {
        let chars = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        chars && label.len() <= LABEL_MAX && !label.starts_with('-') && !label.ends_with('-')
    };
    if !domain.split('.').all(is_label) {
        return Some("a domain after the @ that cannot exist");
    }
    if last.len() < 2 || last.bytes().all(|b| b.is_ascii_digit()) {
        return Some("a domain that ends in no top-level domain");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            "mickey@mouse.com",
            "a.b+c_d@x-y.co.uk",
            "o'neil@example.org",
            "1@2.example",
            "x@xn--mller-kva.example",
        ] {
            assert_eq!(fault_of(good), None, "{good}");
        }
        for (bad, message) in [
            ("mickey", "no @ in the address"),
            ("@mouse.com", "nothing before the @"),
            ("mickey@", "no dot in the domain after the @"),
            ("mickey@mouse", "no dot in the domain after the @"),
            ("mickey@@mouse.com", "more than one @"),
            ("mickey@mouse..com", "a dot at an end or two in a row after the @"),
            (
                ".mickey@mouse.com",
                "a dot at an end or two in a row before the @",
            ),
            (
                "mic\"key@mouse.com",
                "a character before the @ that no address has",
            ),
            ("mickey@-mouse.com", "a domain after the @ that cannot exist"),
            ("mickey@10.0.0.1", "a domain that ends in no top-level domain"),
            ("mickey@mouse.c", "a domain that ends in no top-level domain"),
            ("mickey@müller.example", "an address has no letters outside ASCII"),
            ("a@b.example;c@d.example", "several addresses in one cell"),
        ] {
            assert_eq!(fault_of(bad).unwrap().0, message, "{bad}");
        }
        let long = format!("{}@mouse.com", "x".repeat(65));
        assert_eq!(fault_of(&long).unwrap().0, "more than 64 characters before the @");
    }

    #[test]
    fn says_what_to_write_where_it_can() {
        for (bad, hint) in [
            ("Mickey <mickey@mouse.com>", "write mickey@mouse.com"),
            ("mailto:mickey@mouse.com", "write mickey@mouse.com"),
            ("mickey @mouse.com", "write mickey@mouse.com"),
        ] {
            assert_eq!(fault_of(bad).unwrap().1.as_deref(), Some(hint), "{bad}");
        }
    }
}
