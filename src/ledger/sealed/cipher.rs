//! One text, sealed for one place.
//!
//! ```text
//! sealed:1:KEY-ID:BASE64( salt 24 bytes │ ChaCha20-Poly1305( text ‖ 0x80 ‖ 0x00 … ) │ tag 16 bytes )
//! ```
//!
//! Each text has a key of its own, HKDF-SHA256 of the ring's key and a random salt, and that key is used once, so its nonce is
//! zero. Two texts share key and nonce only if 192 random bits fall the same way twice
//! (`docs/decisions/0008-secrets-at-rest.md`). The place is authenticated with the text: what is carried
//! to another row does not open there.

use std::borrow::Cow;

use base64::Engine as _;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::Prk;

use super::keyring::{BASE64, Keyring, is_id};
use super::{SealError, chance};

/// What every sealed text begins with. Plain text that does is [guarded](guard).
const MARK: &str = "sealed:";
/// This form, after the mark.
const FORM: &str = "1:";
/// A text that stands as it is, after the mark.
const PLAIN: &str = "0:";

/// Bytes of a salt.
const SALT_BYTES: usize = 24;

/// Texts are filled up to a multiple of this many bytes: the length of a password is a part of it.
const FILL_BYTES: usize = 64;

/// What a message's key is derived for.
const PURPOSE: &[u8] = b"enlist seal 1";

/// What a text is and where it belongs: authenticated, not stored.
pub(super) struct Place(Vec<u8>);

impl Place {
    /// `what` of the place that `parts` name. Each part goes in with its length, so that no two lists run together.
    pub(super) fn of(what: &str, parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        let mut put = |part: &[u8]| {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        };
        put(what.as_bytes());
        parts.iter().for_each(|part| put(part));
        Self(bytes)
    }

    fn aad(&self, id: &str) -> Aad<Vec<u8>> {
        let mut bytes = self.0.clone();
        bytes.extend_from_slice(id.as_bytes());
        Aad::from(bytes)
    }
}

/// Seals `text` for `place` with the ring's first key.
pub(super) fn seal(ring: &Keyring, place: &Place, text: &str) -> Result<String, SealError> {
    let key = ring.sealing()?;
    let salt = chance::bytes::<SALT_BYTES>()?;
    let room = text.len() + FILL_BYTES + CHACHA20_POLY1305.tag_len();
    let mut sealed = Vec::with_capacity(SALT_BYTES + room);
    let mut body = Vec::with_capacity(room);
    body.extend_from_slice(text.as_bytes());
    body.push(0x80);
    body.resize(body.len().next_multiple_of(FILL_BYTES), 0);
    once(&key.secret, &salt)?
        .seal_in_place_append_tag(no_nonce(), place.aad(&key.id), &mut body)
        .map_err(|_| SealError::NoChance)?;
    sealed.extend_from_slice(&salt);
    sealed.append(&mut body);
    Ok(format!("{MARK}{FORM}{}:{}", key.id, BASE64.encode(sealed)))
}

/// A stored text: what it says, opened at `place` if it is sealed.
pub(super) fn open<'a>(ring: &Keyring, place: &Place, stored: &'a str) -> Result<Cow<'a, str>, SealError> {
    let (id, text) = match read(stored)? {
        Stored::Plain(text) => return Ok(Cow::Borrowed(text)),
        Stored::Sealed { id, text } => (id, text),
    };
    let key = ring.opening(id)?;
    let broken = || SealError::Broken { id: id.to_owned() };
    let mut bytes = BASE64.decode(text).map_err(|_| broken())?;
    let (salt, body) = bytes.split_at_mut_checked(SALT_BYTES).ok_or_else(broken)?;
    let body = once(&key.secret, salt)?
        .open_in_place(no_nonce(), place.aad(id), body)
        .map_err(|_| broken())?;
    let end = body.iter().rposition(|byte| *byte == 0x80).ok_or_else(broken)?;
    let text = body.get(..end).and_then(|text| std::str::from_utf8(text).ok());
    Ok(Cow::Owned(text.ok_or_else(broken)?.to_owned()))
}

/// What a stored text is.
pub(super) enum Stored<'a> {
    /// It stands as it is.
    Plain(&'a str),
    /// It is sealed with the key `id`.
    Sealed { id: &'a str, text: &'a str },
}

/// Tells sealed text from plain.
pub(super) fn read(stored: &str) -> Result<Stored<'_>, SealError> {
    let Some(marked) = stored.strip_prefix(MARK) else {
        return Ok(Stored::Plain(stored));
    };
    if let Some(text) = marked.strip_prefix(PLAIN) {
        return Ok(Stored::Plain(text));
    }
    let parts = marked.strip_prefix(FORM).and_then(|rest| rest.split_once(':'));
    match parts.filter(|(id, _)| is_id(id)) {
        Some((id, text)) => Ok(Stored::Sealed { id, text }),
        None => Err(SealError::Form),
    }
}

/// Whether a text would not be read as itself.
pub(super) fn is_marked(text: &str) -> bool {
    text.starts_with(MARK)
}

/// `text` so that [`open`] gives it back, though it begins like a sealed one.
pub(super) fn guard(text: &str) -> Cow<'_, str> {
    if is_marked(text) {
        Cow::Owned(format!("{MARK}{PLAIN}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A key for one message.
fn once(secret: &Prk, salt: &[u8]) -> Result<LessSafeKey, SealError> {
    let info = [PURPOSE, salt];
    let derived = secret
        .expand(&info, &CHACHA20_POLY1305)
        .map_err(|_| SealError::NoChance)?;
    Ok(LessSafeKey::new(UnboundKey::from(derived)))
}

fn no_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}
