//! What the tests of all stand-ins ask of an answer.

use serde_json::Value;

use super::wire::{Delivery, Reply};

/// An answer that arrives whole.
pub(super) fn whole(delivery: &Delivery) -> Reply {
    delivery
        .reply()
        .unwrap_or_else(|| panic!("no answer but {delivery:?}"))
        .clone()
}

/// Its body.
pub(super) fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}
