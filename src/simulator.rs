//! Stand-ins for providers, faithful to their contracts, for tests and for rehearsing a file.
//!
//! A stand-in is two things. Its *brain* ([`Brain`]) is told a request and the time and says what the network
//! does; it has no clock, no dice but a seed, no I/O and no async, so that a simulation may drive a thousand of
//! them in simulated time and replay any of them from its seed. The *shell* ([`http::serve`]) puts a brain on a
//! real socket, where a dropped connection is dropped and a cut body is cut.
//!
//! Nothing here is shared with the code that talks to providers: a stand-in that used the same checks could
//! not disprove them.
//!
//! ```text
//! wire        Request, Reply, Delivery: what a brain is told and what it says
//! fault       what may go wrong on the way, by share
//! way         what a fault does to a call, there and back
//! dice        a seeded generator
//! limiter     rolling windows
//! tokens      bearer tokens
//! settings    how settings are changed, how long something takes to settle; args: flags that all have
//! tally       what happened, for a test to ask; admin: the pages where it asks
//! host        a brain behind a lock, with its journal on disk; notes: what is to be written there
//! http        the shell
//! adobe       the personalities: VIP Marketplace (providers.md 7.2),
//! logicboxes  LogicBoxes / ResellerClub (7.3),
//! metallic    Metallic (7.4)
//! ```
//!
//! What is the same in all personalities is here; each has its own gate, service, accounts and settings.

mod admin;
pub mod adobe;
pub mod args;
mod dice;
pub mod fault;
pub mod host;
pub mod http;
pub mod limiter;
pub mod logicboxes;
pub mod metallic;
mod notes;
pub mod settings;
pub mod span;
pub mod tally;
#[cfg(test)]
mod testing;
mod tokens;
mod way;
pub mod wire;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::time::Timestamp;
use wire::{Delivery, Receipt, Request};

/// A provider's stand-in, as the shell and simulations see it.
pub trait Brain: Send + 'static {
    /// One line of the journal: something that must survive a restart.
    type Entry: Serialize + DeserializeOwned;

    /// The word for this provider in the journal's first line.
    const NAME: &'static str;

    /// What the network does with `request`, which arrives at `now`.
    fn handle(&mut self, request: &Request, now: Timestamp) -> Delivery;

    /// The answer that carried `receipt` did not reach its caller after all: the caller was gone.
    fn lost(&mut self, receipt: &Receipt);

    /// Begins to write down what must survive; without it [`Brain::take_journal`] stays empty.
    fn keep_journal(&mut self);

    /// What was written down since the last call.
    fn take_journal(&mut self) -> Vec<Self::Entry>;

    /// Takes back a line of the journal. Lines come in the order in which they were written.
    ///
    /// # Errors
    ///
    /// A line that does not fit what came before it.
    fn restore(&mut self, entry: Self::Entry) -> Result<(), String>;
}
