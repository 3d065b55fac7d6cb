//! Bearer tokens.

use crate::domain::ids::Digest;
use crate::domain::time::Timestamp;

/// The tokens that are good: none is remembered, each says of itself when it ends and is sealed with the seed,
/// so that a restart does not take them away.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    seed: u64,
    issued: u64,
    /// Tokens with a smaller number were revoked.
    good_from: u64,
}

impl Tokens {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            seed,
            issued: 0,
            good_from: 0,
        }
    }

    pub(super) fn issue(&mut self, client: &str, ends: Timestamp) -> String {
        let number = self.issued;
        self.issued += 1;
        let seal = self.seal(client, number, ends.as_ms());
        format!("{number}.{}.{seal}", ends.as_ms())
    }

    pub(super) const fn revoke_all(&mut self) {
        self.good_from = self.issued;
    }

    pub(super) fn is_good(&self, token: &str, client: &str, now: Timestamp) -> bool {
        let mut parts = token.splitn(3, '.');
        let (Some(number), Some(ends), Some(seal)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let (Ok(number), Ok(ends)) = (number.parse(), ends.parse()) else {
            return false;
        };
        number >= self.good_from && now.as_ms() < ends && seal == self.seal(client, number, ends)
    }

    fn seal(&self, client: &str, number: u64, ends_ms: i64) -> String {
        let parts: [&[u8]; 4] = [
            &self.seed.to_be_bytes(),
            client.as_bytes(),
            &number.to_be_bytes(),
            &ends_ms.to_be_bytes(),
        ];
        Digest::of_parts(&parts).to_string()
    }
}
