//! The operating system's random numbers, for keys and salts. Everywhere else chance comes from
//! [`World::dice`](crate::world::World::dice), so that a simulation can replay it; what protects a secret must not be
//! foreseen, not even by whoever knows a simulation's seed.

use ring::rand::{SecureRandom as _, SystemRandom};

use super::SealError;

/// `N` bytes that nobody can foresee.
#[allow(clippy::disallowed_methods, reason = "this is the place")]
pub(super) fn bytes<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| SealError::NoChance)?;
    Ok(bytes)
}
