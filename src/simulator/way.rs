//! The way to the service and back, and what a fault does to a call on it.
//!
//! How a gateway or a failing service words its answer is the personality's affair: `said` knows.

use std::collections::BTreeSet;
use std::time::Duration;

use super::dice::Dice;
use super::fault::{Fault, Faults};
use super::wire::{Delivery, Reply};

/// The fault that strikes a call, if one does: faults strike calls that are among `on`.
pub(super) fn draw<C: Ord>(call: &C, on: &BTreeSet<C>, faults: &Faults, dice: &mut Dice) -> Option<Fault> {
    if !on.contains(call) {
        return None;
    }
    dice.draw(faults.iter().map(|(fault, share)| (*fault, *share)))
}

/// How long the service takes for a call, from `min` to `max` if it is slow.
pub(super) fn slowness(fault: Option<Fault>, min: Duration, max: Duration, dice: &mut Dice) -> Duration {
    match fault {
        Some(Fault::Slow) => dice.between(min, max),
        _ => Duration::ZERO,
    }
}

/// What a call gets that does not reach the service; `None`: it reaches it.
pub(super) fn there(
    fault: Fault,
    hang: Duration,
    dice: &mut Dice,
    said: impl FnOnce(Fault) -> Reply,
) -> Option<Delivery> {
    match fault {
        Fault::DroppedBeforeCommit => Some(Delivery::Drop),
        Fault::Unavailable503 | Fault::Throttled429 | Fault::Error500 | Fault::Error502 | Fault::Error504 => {
            Some(Delivery::Respond(said(fault)))
        }
        Fault::Html502 | Fault::Empty500 | Fault::Empty502 | Fault::Empty504 => {
            dice.coin().then(|| Delivery::Respond(wordless(fault)))
        }
        Fault::Hang => dice.coin().then_some(Delivery::Hang(hang)),
        _ => None,
    }
}

/// The service's answer as it arrives, or what arrives in its place.
pub(super) fn back(
    fault: Option<Fault>,
    mut reply: Reply,
    hang: Duration,
    dice: &mut Dice,
    said: impl FnOnce(Fault) -> Reply,
) -> Result<Reply, Delivery> {
    match fault {
        Some(Fault::DroppedAfterCommit) => return Err(Delivery::Drop),
        Some(Fault::Hang) => return Err(Delivery::Hang(hang)),
        Some(fault @ (Fault::Html502 | Fault::Empty500 | Fault::Empty502 | Fault::Empty504)) => {
            return Err(Delivery::Respond(wordless(fault)));
        }
        Some(
            fault @ (Fault::Gateway504AfterCommit
            | Fault::Error500AfterCommit
            | Fault::Error502AfterCommit
            | Fault::Error503AfterCommit
            | Fault::Error504AfterCommit),
        ) => return Err(Delivery::Respond(said(fault))),
        Some(Fault::Truncated) => {
            let bytes = dice.below(reply.body.len());
            return Err(Delivery::Truncate { reply, bytes });
        }
        Some(Fault::ClosedIdle) => reply.close_after = true,
        _ => {}
    }
    Ok(reply)
}

/// Answers that are nobody's words.
fn wordless(fault: Fault) -> Reply {
    let empty = |status| Reply {
        status,
        ..Reply::default()
    };
    match fault {
        Fault::Empty500 => empty(500),
        Fault::Empty504 => empty(504),
        Fault::Html502 => html(502, "Bad Gateway"),
        _ => empty(502),
    }
}

/// What a proxy shows when what is behind it has gone.
pub(super) fn html(status: u16, reason: &str) -> Reply {
    let page = format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n\
         <center><h1>{status} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    Reply::typed(status, "text/html", page)
}
