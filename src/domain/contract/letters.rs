//! Letters and digits as providers' patterns mean them: `\p{L}` and `\p{N}` of any script.

use std::sync::LazyLock;

use regex::Regex;

/// `char::is_alphabetic` also takes marks and symbols (`\p{Other_Alphabetic}`), which the patterns refuse;
/// Unicode's general category is in the regex crate.
static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{L}$").ok());

/// Whether `c` is in `\p{L}` or `\p{N}`.
pub(super) fn is_letter_or_digit(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && (is_letter(c) || c.is_numeric()))
}

fn is_letter(c: char) -> bool {
    match c {
        // Blocks without a gap, so that most of the world's names need no table.
        '\u{D7}' | '\u{F7}' => false,
        '\u{C0}'..='\u{2C1}'
        | '\u{400}'..='\u{481}'
        | '\u{48A}'..='\u{52F}'
        | '\u{5D0}'..='\u{5EA}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{4E00}'..='\u{9FFC}'
        | '\u{AC00}'..='\u{D7A3}' => true,
        _ if !c.is_alphabetic() => false,
        _ => LETTER
            .as_ref()
            .is_some_and(|letter| letter.is_match(c.encode_utf8(&mut [0; 4]))),
    }
}

/// Whether `c` is an accent written as a character of its own after its letter.
pub(super) fn is_combining_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_the_published_class_is_for_every_character() {
        let class = Regex::new(r"^[\p{L}\p{N}]$").unwrap();
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            // The standard library's Unicode can be newer than the regex crate's; assigned characters never change.
            let class = class.is_match(c.encode_utf8(&mut [0; 4]));
            assert!(
                is_letter_or_digit(c) == class || (c.is_numeric() && !class),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }
}
