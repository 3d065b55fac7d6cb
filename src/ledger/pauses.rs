//! Pauses as every store keeps them: as text, the first one standing until it ends.

use super::unreadable;
use crate::domain::batch::Pause;
use crate::engine::ports::LedgerError;

/// Whether `new` takes the place of `old`: a pause where none is in force, no pause where there is one.
pub(super) fn gives_way(old: Option<&Pause>, new: Option<&Pause>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => !old.is_in_force(new.since),
        (old, new) => old.is_some() != new.is_some(),
    }
}

/// A stored pause.
pub(super) fn read_pause(text: Option<String>) -> Result<Option<Pause>, LedgerError> {
    text.map(|text| serde_json::from_str(&text).map_err(|why| unreadable("a stored pause", why)))
        .transpose()
}

/// A pause as it is stored.
pub(super) fn pause_text(pause: Option<&Pause>) -> Result<Option<String>, LedgerError> {
    pause
        .map(|pause| serde_json::to_string(pause).map_err(|why| unreadable("a pause", why)))
        .transpose()
}
