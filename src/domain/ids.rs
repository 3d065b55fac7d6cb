//! Names of things: each its own type, so that a batch id can never stand where an account id is meant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::action::Action;

/// The namespace of all correlation ids. Changing it makes every open intent a new one at the provider.
const CORRELATION_NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_0a52_8e0d_5b7e_9a43_2c7d_51e8_44b0);

/// Longest row key. Adobe refuses a longer `externalReferenceId` with 2126 (providers.md 2.6).
pub const ROW_KEY_CHARS_MAX: usize = 35;

/// What names a row for ever: the user's own identifier of the reseller, sent to the provider where a field exists.
///
/// 1 to 35 characters, no control characters, none of `< > "`, no space at either end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowKey(Arc<str>);

/// Why a text cannot be a [`RowKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowKeyError {
    /// Nothing but white space.
    #[error("the row key is empty")]
    Empty,
    /// More characters than the provider's reference field takes.
    #[error("the row key has {chars} characters, at most {ROW_KEY_CHARS_MAX} fit")]
    TooLong {
        /// How many it has.
        chars: usize,
    },
    /// A character that the provider's reference field refuses.
    #[error("the row key holds {0:?}, which is not allowed")]
    Character(char),
}

impl RowKey {
    /// Takes a trimmed text as a key.
    pub fn new(text: &str) -> Result<Self, RowKeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RowKeyError::Empty);
        }
        if let Some(bad) = text
            .chars()
            .find(|c| c.is_control() || matches!(c, '<' | '>' | '"'))
        {
            return Err(RowKeyError::Character(bad));
        }
        let chars = text.chars().count();
        if chars > ROW_KEY_CHARS_MAX {
            return Err(RowKeyError::TooLong { chars });
        }
        Ok(Self(text.into()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for the key in logs and traces, where a key has no place: it may be anything, a mail address too.
    /// `r_` and the first twelve hex digits of its SHA-256, so that whoever has the key can find it there.
    pub fn mark(&self) -> String {
        let hex = Digest::of(self.0.as_bytes()).to_string();
        format!("r_{}", hex.get(..12).unwrap_or(&hex))
    }
}

impl TryFrom<String> for RowKey {
    type Error = RowKeyError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<RowKey> for String {
    fn from(key: RowKey) -> Self {
        key.0.as_ref().to_owned()
    }
}

macro_rules! shown_as_text {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.as_str())
            }
        }
    )+};
}
shown_as_text!(RowKey, BatchId, AccountId, WorkerId, StatusCode);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it stands.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}
text_id!(
    /// One run of a job over one file. `b_` and twelve hex digits, derived from job and file, so the same file finds its batch.
    BatchId
);
text_id!(
    /// The provider's id of an account (Adobe: `resellerId`).
    AccountId
);
text_id!(
    /// One worker process. `w_` and a random part; never reused.
    WorkerId
);
text_id!(
    /// The provider's status code as text (Adobe: `"1002"`), which is not an HTTP status code.
    StatusCode
);

impl BatchId {
    /// The id of the batch that feeds the file with `file` digest under `scope`.
    pub fn derive(scope: &Scope, action: Action, file: &Digest) -> Self {
        let digest = Digest::of_parts(&[
            scope.provider.as_bytes(),
            scope.account.as_bytes(),
            action.as_str().as_bytes(),
            &file.0,
        ]);
        let hex = digest.to_string();
        Self::new(format!("b_{}", hex.get(..12).unwrap_or(&hex)))
    }
}

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of several parts, each with its length in front, so that no two lists of parts run together.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Wraps a finished SHA-256.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is not 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hex digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(DigestError);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| DigestError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| DigestError)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    /// As shown, without the formatter's detours: every stored task holds one.
    fn from(digest: Digest) -> Self {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let pair = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
        digest.0.iter().flat_map(pair).collect()
    }
}

/// Where a row key is unique: one account holder at one provider's system.
///
/// Two jobs with the same scope and action share their rows; sandbox and production never do, because the
/// address of the system is part of `account`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The provider's name, `adobe`.
    pub provider: String,
    /// The account holder at the provider and the system's address, `345434543@https://partners.adobe.io`.
    pub account: String,
}

impl Scope {
    /// The account holder at the provider, `345434543`: all before the last `@`, since a user's name may have one of its own.
    pub fn holder(&self) -> &str {
        self.account
            .rsplit_once('@')
            .map_or(&*self.account, |(holder, _)| holder)
    }
}

/// What names an intent towards the provider: sent as `X-Correlation-Id`, the same on every retry after silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CorrelationId(Uuid);

impl CorrelationId {
    /// The id of an intent: UUIDv5 over provider, account, row key, action, payload digest and generation.
    /// Same on every machine and after any crash, even if the ledger were lost.
    pub fn of_intent(scope: &Scope, key: &RowKey, action: Action, payload: &Digest, generation: u32) -> Self {
        let name = Digest::of_parts(&[
            scope.provider.as_bytes(),
            scope.account.as_bytes(),
            key.as_str().as_bytes(),
            action.as_str().as_bytes(),
            payload.as_bytes(),
            &generation.to_be_bytes(),
        ]);
        Self(Uuid::new_v5(&CORRELATION_NAMESPACE, name.as_bytes()))
    }

    /// A fresh id for a read: a poll that reused one could be answered from the provider's store for ten days
    /// (providers.md 2.4, consequence 2).
    pub const fn fresh(dice: Uuid) -> Self {
        Self(dice)
    }

    /// The id as a UUID, for stores.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What names one HTTP exchange: sent as `X-Request-Id`, never twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A fresh id.
    pub const fn fresh(dice: Uuid) -> Self {
        Self(dice)
    }

    /// The id as a UUID, for stores.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf R-1 | sha256sum`: whoever has the key can find the mark without this program.
    #[test]
    fn a_mark_is_the_beginning_of_the_keys_digest() {
        assert_eq!(RowKey::new("R-1").unwrap().mark(), "r_aee554ed8db7");
    }
}
