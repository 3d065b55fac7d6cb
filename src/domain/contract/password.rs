//! What a password must hold, as a rule that a check and a generator share.

/// A rule for passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRule {
    /// At least so many characters.
    pub chars_min: usize,
    /// At most so many.
    pub chars_max: usize,
    /// One of these at least, beside a small letter, a capital and a digit (ASCII, all of them).
    pub special: &'static str,
}

impl PasswordRule {
    /// Whether the password keeps the rule.
    pub fn fits(&self, password: &str) -> bool {
        self.fault_of(password).is_none()
    }

    /// What is wrong with it. Says nothing of what is in it.
    pub(super) fn fault_of(&self, password: &str) -> Option<&'static str> {
        let count = password.chars().count();
        let has = |is: &dyn Fn(char) -> bool| password.chars().any(is);
        match () {
            () if count < self.chars_min => Some("too short"),
            () if count > self.chars_max => Some("too long"),
            () if !has(&|c| c.is_ascii_lowercase()) => Some("no small letter"),
            () if !has(&|c| c.is_ascii_uppercase()) => Some("no capital"),
            () if !has(&|c| c.is_ascii_digit()) => Some("no digit"),
            () if !has(&|c| self.special.contains(c)) => Some("no special character"),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_the_rule() {
        let rule = PasswordRule {
            chars_min: 9,
            chars_max: 16,
            special: "~*",
        };
        for (password, fault) in [
            ("Abcdef1~x", None),
            ("Abcdef1~xAbcdef1", None),
            ("Äbcdef1~X", None),
            ("Abcde1~x", Some("too short")),
            ("Abcdef1~xAbcdef12", Some("too long")),
            ("ABCDEF1~X", Some("no small letter")),
            ("abcdef1~x", Some("no capital")),
            ("Abcdefg~x", Some("no digit")),
            ("Abcdefg1x", Some("no special character")),
            ("Abcdefg1!", Some("no special character")),
        ] {
            assert_eq!(rule.fault_of(password), fault, "{password}");
            assert_eq!(rule.fits(password), fault.is_none(), "{password}");
        }
    }
}
