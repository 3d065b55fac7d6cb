//! Passwords that nobody has to think of: made from a key, and the same for a row whenever they are made.
//!
//! The password of the first try is the valid one should that try turn out to have gone through (providers.md 3.6), and a
//! row fed again must render to the same bytes, or it would be another intent. So a password is not drawn but derived: who
//! has the key has all passwords, and a password leads to neither the key nor another password.

use ring::hmac;
use secrecy::SecretString;

use super::contract::PASSWORD_RULE;
use crate::domain::ids::{RowKey, Scope};

/// As long as the rule allows: 100 bits.
const CHARS: usize = PASSWORD_RULE.chars_max;

/// Names the way passwords are made. Another way is another name: passwords in use must not change.
const WAY: &[u8] = b"enlist logicboxes password 1";

/// The password of the row `key` of `scope`: of all passwords of the greatest length that keep
/// [`PASSWORD_RULE`], each as likely as another.
pub fn generate(secret: &[u8; 32], scope: &Scope, key: &RowKey) -> SecretString {
    let alphabet: Vec<char> = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain(PASSWORD_RULE.special.chars())
        .collect();
    let mut draws = Draws::of(secret, scope, key);
    // Passwords that do not keep the rule are drawn again, whole: mending one would make some likelier than others. Six in
    // seven keep it.
    loop {
        let password: String = (0..CHARS).filter_map(|_| draws.one_of(&alphabet)).collect();
        if PASSWORD_RULE.fits(&password) {
            return password.into();
        }
    }
}

/// Bytes without end: HMAC-SHA-256 of what they are for and a counter.
struct Draws {
    key: hmac::Key,
    about: Vec<u8>,
    counter: u64,
    block: Vec<u8>,
}

impl Draws {
    fn of(secret: &[u8; 32], scope: &Scope, key: &RowKey) -> Self {
        let mut about = WAY.to_vec();
        for part in [
            scope.provider.as_bytes(),
            scope.account.as_bytes(),
            key.as_str().as_bytes(),
        ] {
            // Its length before each part, so that no two rows have the same bytes.
            about.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            about.extend(part);
        }
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            about,
            counter: 0,
            block: Vec::new(),
        }
    }

    fn byte(&mut self) -> u8 {
        loop {
            if let Some(byte) = self.block.pop() {
                return byte;
            }
            let mut context = hmac::Context::with_key(&self.key);
            context.update(&self.about);
            context.update(&self.counter.to_be_bytes());
            // Taken from the end.
            self.block = context.sign().as_ref().iter().rev().copied().collect();
            self.counter = self.counter.wrapping_add(1);
        }
    }

    /// One of them, each as likely as another: bytes beyond the last whole round are drawn again.
    fn one_of(&mut self, all: &[char]) -> Option<char> {
        let count = u8::try_from(all.len()).ok().filter(|count| *count > 0)?;
        let rounds = u8::MAX / count * count;
        loop {
            let byte = self.byte();
            if byte < rounds {
                return all.get(usize::from(byte % count)).copied();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use secrecy::ExposeSecret;

    use super::*;

    fn made(secret: u8, provider: &str, account: &str, key: &str) -> String {
        let scope = Scope {
            provider: provider.into(),
            account: account.into(),
        };
        let password = generate(&[secret; 32], &scope, &RowKey::new(key).unwrap());
        password.expose_secret().to_owned()
    }

    #[test]
    fn is_the_same_for_a_row_for_ever() {
        // A change here gives every row of every user another password than the one that was sent.
        assert_eq!(made(7, "logicboxes", "12345", "R-1"), "e2eN%1k}emZgU@H,");
    }

    #[test]
    fn is_another_for_another_key_scope_or_row() {
        let all = [
            made(7, "logicboxes", "12345", "R-1"),
            made(8, "logicboxes", "12345", "R-1"),
            made(7, "logicboxes", "12345", "R-2"),
            made(7, "logicboxes", "12346", "R-1"),
            made(7, "logicboxe", "s12345", "R-1"),
            made(7, "logicboxes", "12345R", "-1"),
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{all:?}");
    }

    #[test]
    fn keeps_the_rule_and_prefers_no_character() {
        let mut counts: HashMap<char, u32> = HashMap::new();
        for row in 0..5_000 {
            let password = made(7, "logicboxes", "1", &format!("R-{row}"));
            assert!(PASSWORD_RULE.fits(&password), "{password}");
            password.chars().for_each(|c| *counts.entry(c).or_default() += 1);
        }
        assert_eq!(counts.len(), 77);
        // 80,000 characters. The rule makes digits and signs a little likelier than letters, and within a kind nothing is.
        for kind in [
            "abcdefghijklmnopqrstuvwxyz",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "0123456789",
            PASSWORD_RULE.special,
        ] {
            let of_kind: Vec<f64> = kind.chars().map(|c| f64::from(counts[&c])).collect();
            let mean = of_kind.iter().sum::<f64>() / f64::from(u32::try_from(of_kind.len()).unwrap());
            // Five standard deviations.
            assert!(
                of_kind
                    .iter()
                    .all(|count| (count - mean).abs() < 5.0 * mean.sqrt()),
                "{of_kind:?}"
            );
        }
    }
}
