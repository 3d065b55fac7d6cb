//! The keys: one that seals, those before it that still open, and one that names.
//!
//! A keyring is text, `ID:KEY` one a line: 32 bytes in Base64. The first seals, all open. The one called `names` does neither:
//! it gives payloads that hold secrets their digests ([`Names`]), and stays the same when the others are changed.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::{hkdf, hmac};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{SealError, chance};
use crate::domain::ids::Digest;
use crate::domain::time::Timestamp;

/// The id of the key that names.
pub const NAMES: &str = "names";

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Most keys in a ring.
const KEYS_MAX: usize = 100;

/// Longest id, in characters.
const ID_CHARS_MAX: usize = 32;

/// Base64 as people have it: with `=` at the end or without.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys of a process. Not printable beyond their ids.
#[derive(Clone, Default)]
pub struct Keyring {
    keys: Vec<Key>,
    names: Option<Names>,
}

/// A key that seals or opens.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: String,
    /// What each message's own key is derived from.
    pub(super) secret: hkdf::Prk,
}

/// A keyring that cannot be read. Says nothing of the keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// An item without a colon, or with an id that is none.
    #[error("item {item} is not of the form ID:KEY, with an ID of 1 to {ID_CHARS_MAX} out of a-z 0-9 - _")]
    Form {
        /// Which, counted from 1.
        item: usize,
    },
    /// Not 32 bytes of Base64.
    #[error("the key {id} is not {KEY_BYTES} bytes in Base64")]
    Key {
        /// Which.
        id: String,
    },
    /// The same id or the same key twice.
    #[error("the key {id} is there twice")]
    Twice {
        /// Which.
        id: String,
    },
    /// A list that no person keeps.
    #[error("there are more than {KEYS_MAX} keys")]
    TooMany,
}

impl Keyring {
    /// Reads a keyring. Items stand on lines of their own or are separated by commas; a line that begins with `#` is a remark.
    ///
    /// # Errors
    /// When an item is not `ID:KEY`, or is there twice.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let items = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split(|c: char| c == ',' || c.is_whitespace()))
            .filter(|item| !item.is_empty());
        let mut ring = Self::default();
        let mut seen: Vec<(String, Zeroizing<[u8; KEY_BYTES]>)> = Vec::new();
        for (at, item) in items.enumerate() {
            if at >= KEYS_MAX {
                return Err(KeyringError::TooMany);
            }
            let form = || KeyringError::Form { item: at + 1 };
            let (id, text) = item.split_once(':').ok_or_else(form)?;
            if !is_id(id) {
                return Err(form());
            }
            let id = id.to_owned();
            let Some(bytes) = decode(text) else {
                return Err(KeyringError::Key { id });
            };
            if seen.iter().any(|(known, key)| *known == id || *key == bytes) {
                return Err(KeyringError::Twice { id });
            }
            if id == NAMES {
                ring.names = Some(Names(hmac::Key::new(hmac::HMAC_SHA256, &*bytes)));
            } else {
                // The bytes are random already, so there is nothing to extract: they are the pseudorandom key.
                let secret = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &*bytes);
                ring.keys.push(Key {
                    id: id.clone(),
                    secret,
                });
            }
            seen.push((id, bytes));
        }
        Ok(ring)
    }

    /// The ids of the keys that open; the first seals.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// Whether there is a key of this id that opens.
    pub fn has(&self, id: &str) -> bool {
        self.ids().any(|known| known == id)
    }

    /// Whether there is a key that seals.
    ///
    /// # Errors
    /// When there is none, with what to do.
    pub fn can_seal(&self) -> Result<(), SealError> {
        self.sealing().map(drop)
    }

    /// The key that names.
    ///
    /// # Errors
    /// When there is none, with what to do.
    pub fn names(&self) -> Result<&Names, SealError> {
        self.names.as_ref().ok_or(SealError::NoNames)
    }

    pub(super) fn sealing(&self) -> Result<&Key, SealError> {
        self.keys.first().ok_or(SealError::NoKeys)
    }

    pub(super) fn opening(&self, id: &str) -> Result<&Key, SealError> {
        let known = self.keys.iter().find(|key| key.id == id);
        known.ok_or_else(|| SealError::NoKey { id: id.to_owned() })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("keys", &self.ids().collect::<Vec<_>>())
            .field("names", &self.names.is_some())
            .finish()
    }
}

/// Names what holds a secret, so that the secret cannot be found out from its name.
///
/// The digest of a payload is stored beside it, and the correlation id that it makes goes to the provider, into logs and
/// reports. A plain SHA-256 there would let anybody who has one of them try out passwords until one fits. HMAC-SHA256
/// under a key that stands nowhere else is as good a name, and gives nothing to try against.
#[derive(Clone)]
pub struct Names(hmac::Key);

impl Names {
    /// The digest of a payload that holds a secret.
    pub fn payload(&self, payload: &str) -> Digest {
        self.of(b"payload", payload.as_bytes())
    }

    /// What stands for the digest of a file that has secrets: of a file of one row it is no better than the row's.
    pub fn file(&self, file: &Digest) -> Digest {
        self.of(b"file", file.as_bytes())
    }

    /// A secret made of the key, for this purpose alone.
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        *self.of(b"secret", purpose.as_bytes()).as_bytes()
    }

    fn of(&self, what: &[u8], bytes: &[u8]) -> Digest {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(what);
        context.update(&[0]);
        context.update(bytes);
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        Digest::from_bytes(digest)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

/// A fresh key as a line of a keyring.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn fresh(id: &str) -> Result<SecretString, SealError> {
    let key = Zeroizing::new(chance::bytes::<KEY_BYTES>()?);
    let text = Zeroizing::new(BASE64.encode(*key));
    Ok(SecretString::from(format!("{id}:{}", &*text)))
}

/// An id for a key made now, `k-20260131-5f3a09`: the day says which is older.
///
/// # Errors
/// When the operating system gives no random numbers.
pub fn fresh_id(now: Timestamp) -> Result<String, SealError> {
    let day: String = now.to_string().chars().take(10).filter(|c| *c != '-').collect();
    let [a, b, c] = chance::bytes()?;
    Ok(format!("k-{day}-{a:02x}{b:02x}{c:02x}"))
}

pub(super) fn is_id(id: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    (1..=ID_CHARS_MAX).contains(&id.len()) && id.chars().all(is_letter)
}

fn decode(text: &str) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    // The alphabet that is safe in addresses is taken too.
    let text = Zeroizing::new(text.replace('-', "+").replace('_', "/"));
    let bytes = Zeroizing::new(BASE64.decode(&*text).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}
