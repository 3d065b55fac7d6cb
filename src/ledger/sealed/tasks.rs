//! Tasks on their way out and back: the payload that is lent, and what the provider found wrong with it.

use std::sync::Arc;

use super::SealError;
use super::cipher::{self, Place};
use super::keyring::Keyring;
use crate::domain::answer::RowError;
use crate::domain::batch::Batch;
use crate::domain::ids::{Digest, RowKey, Scope};
use crate::domain::task::{Action, Task};
use crate::engine::ports::{Claim, Commit};

/// Where row keys are unique.
pub(super) struct Space {
    scope: Scope,
    action: Action,
}

impl Space {
    pub(super) fn of(batch: &Batch) -> Self {
        Self {
            scope: batch.scope.clone(),
            action: batch.action,
        }
    }
}

/// Whose a sealed text is.
pub(super) struct Owner {
    pub(super) space: Arc<Space>,
    pub(super) key: RowKey,
}

impl Owner {
    /// The digest is a part of it: what opens is what the task's digest names, not an earlier payload of the same row.
    pub(super) fn place_of_payload(&self, digest: &Digest) -> Place {
        self.place("payload", digest.as_bytes())
    }

    fn place(&self, what: &str, more: &[u8]) -> Place {
        let Space { scope, action } = &*self.space;
        Place::of(
            what,
            &[
                scope.provider.as_bytes(),
                scope.account.as_bytes(),
                action.as_str().as_bytes(),
                self.key.as_str().as_bytes(),
                more,
            ],
        )
    }
}

/// Whether anything of the claim must be opened.
pub(super) fn is_marked(claim: &Claim) -> bool {
    let payload = claim.payload.as_deref().unwrap_or_default();
    cipher::is_marked(payload) || sealed_errors(&claim.task).is_some()
}

/// The claim opened, and whether it was sealed.
pub(super) fn open(ring: &Keyring, owner: &Owner, claim: &Claim) -> Result<(Claim, bool), SealError> {
    let mut opened = claim.clone();
    open_errors(ring, owner, &mut opened.task)?;
    let Some(stored) = claim.payload.as_deref() else {
        return Ok((opened, true));
    };
    let place = owner.place_of_payload(&claim.task.payload);
    let was_sealed = matches!(cipher::read(stored)?, cipher::Stored::Sealed { .. });
    opened.payload = Some(cipher::open(ring, &place, stored)?.into());
    Ok((opened, was_sealed))
}

/// The commit with what the provider said sealed: it can repeat what it was sent.
pub(super) fn seal_errors(ring: &Keyring, owner: &Owner, commit: &Commit) -> Result<Commit, SealError> {
    let mut commit = commit.clone();
    if !commit.task.errors.is_empty() {
        let text = serde_json::to_string(&commit.task.errors).map_err(|_| SealError::Form)?;
        let sealed = cipher::seal(ring, &owner.place("errors", &[]), &text)?;
        commit.task.errors = vec![RowError::new("", sealed)];
    }
    Ok(commit)
}

/// Opens a task's errors in place.
pub(super) fn open_errors(ring: &Keyring, owner: &Owner, task: &mut Task) -> Result<(), SealError> {
    if let Some(sealed) = sealed_errors(task) {
        let text = cipher::open(ring, &owner.place("errors", &[]), sealed)?;
        task.errors = serde_json::from_str(&text).map_err(|_| SealError::Form)?;
    }
    Ok(())
}

/// The sealed text that stands for a task's errors. What a provider says always has a code.
pub(super) fn sealed_errors(task: &Task) -> Option<&str> {
    match task.errors.as_slice() {
        [only] if only.code.is_empty() && only.field.is_empty() && cipher::is_marked(&only.message) => {
            Some(&only.message)
        }
        _ => None,
    }
}
