//! The stand-in for Metallic (providers.md 4 and 7.4): the brain, without a socket.
//!
//! A call passes three places, and each may be where it ends:
//!
//! ```text
//! gate      token, limits; faults that strike before the service
//! service   the call itself
//! way back  faults that strike after the service: what was made is known afterwards by "already exists" alone
//! ```

mod accounts;
mod admin;
mod args;
mod call;
mod checks;
mod errors;
mod gate;
mod journal;
mod service;
mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::accounts::{Kind, Unique};
pub use self::admin::{AccountSeen, Ledger};
pub use self::args::SimulateMetallic;
pub use self::call::Call;
pub use self::journal::Entry;
pub use self::settings::{FAULTS, FieldNames, MetallicSettings, PeriodForm};

use crate::domain::time::Timestamp;

use self::accounts::Accounts;
use self::call::Target;
use super::Brain;
use super::dice::Dice;
use super::fault::Fault;
use super::limiter::Limiter;
use super::notes::Notes;
use super::tally::{self, Tally};
use super::tokens::Tokens;
use super::way;
use super::wire::{Delivery, Receipt, Request};

/// The brain. The same settings, seed, requests and times give the same deliveries.
#[derive(Clone, Debug)]
pub struct Metallic {
    settings: MetallicSettings,
    seed: u64,
    dice: Dice,
    accounts: Accounts,
    writes: Limiter,
    reads: Limiter,
    tokens: Tokens,
    tally: Tally,
    notes: Notes<Entry>,
}

impl Brain for Metallic {
    type Entry = Entry;

    const NAME: &'static str = "metallic";

    fn handle(&mut self, request: &Request, now: Timestamp) -> Delivery {
        Self::handle(self, request, now)
    }

    fn lost(&mut self, _receipt: &Receipt) {}

    fn keep_journal(&mut self) {
        self.notes.keep();
    }

    fn take_journal(&mut self) -> Vec<Entry> {
        self.notes.take()
    }

    fn restore(&mut self, entry: Entry) -> Result<(), String> {
        Self::restore(self, entry)
    }
}

impl Metallic {
    /// A stand-in without accounts.
    pub fn new(settings: MetallicSettings, seed: u64) -> Self {
        Self {
            writes: Limiter::new(&settings.write_windows),
            reads: Limiter::new(&settings.read_windows),
            settings,
            seed,
            dice: Dice::new(seed),
            accounts: Accounts::default(),
            tokens: Tokens::new(seed),
            tally: Tally::default(),
            notes: Notes::default(),
        }
    }

    /// What the network does with `request`, which arrives at `now`.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Delivery {
        if let Some(path) = request.path.strip_prefix("/_simulator/") {
            return Delivery::Respond(super::admin::answer(self, path, request, now));
        }
        let target = Target::of(request, &self.settings);
        tally::count(&mut self.tally.calls, target.call.as_str());
        let delivery = match target.call {
            Call::Create | Call::Get | Call::Authenticate => self.call(target, request, now),
            Call::WrongMethod => Delivery::Respond(errors::error(405, 405, "Method not allowed")),
            Call::Other => Delivery::Respond(errors::error(404, 404, "Not found")),
        };
        if let Delivery::Respond(reply) = &delivery {
            let code = if reply.status < 400 {
                None
            } else {
                errors::code_of(&reply.body)
            };
            self.tally.answer(reply.status, code.as_deref());
        }
        delivery
    }

    /// A token that is good as long as the settings say, as if it had been asked for.
    pub fn token(&mut self, now: Timestamp) -> String {
        self.tokens.issue("", now.plus(self.settings.token_lifetime))
    }

    /// The settings as they stand.
    pub const fn settings(&self) -> &MetallicSettings {
        &self.settings
    }

    /// Changes the settings. Accounts that exist keep what was drawn for them.
    pub fn set_settings(&mut self, settings: MetallicSettings) {
        if settings.write_windows != self.settings.write_windows {
            self.writes.set_windows(&settings.write_windows);
        }
        if settings.read_windows != self.settings.read_windows {
            self.reads.set_windows(&settings.read_windows);
        }
        self.settings = settings;
    }

    fn call(&mut self, target: Target<'_>, request: &Request, now: Timestamp) -> Delivery {
        let Target { call, kind, id } = target;
        if let Err(gate) = self.pass_gate(call, request, now) {
            return Delivery::Respond(gate.reply(&self.settings));
        }
        let fault = self.draw(call);
        let settings = &self.settings;
        if let Some(fault) = fault
            && let Some(delivery) = way::there(fault, settings.hang, &mut self.dice, |fault| {
                gate::said(fault, call, settings)
            })
        {
            self.tally.fault(fault);
            return delivery;
        }
        let slow = self.slowness(fault);
        let mut reply = match call {
            Call::Authenticate => self.authenticate(request, now),
            Call::Get => self.get(id, kind, now),
            _ => self.create(&request.body, kind, now, now.plus(slow)),
        };
        reply.delay = slow;
        self.settle_account(call, reply.status, now);
        if let Some(fault) = fault {
            self.tally.fault(fault);
        }
        let settings = &self.settings;
        way::back(fault, reply, settings.hang, &mut self.dice, |fault| {
            gate::said(fault, call, settings)
        })
        .map_or_else(|delivery| delivery, Delivery::Respond)
    }

    fn draw(&mut self, call: Call) -> Option<Fault> {
        let settings = &self.settings;
        way::draw(&call, &settings.fault_on, &settings.faults, &mut self.dice)
    }

    fn slowness(&mut self, fault: Option<Fault>) -> Duration {
        let settings = &self.settings;
        way::slowness(fault, settings.slow_min, settings.slow_max, &mut self.dice)
    }
}
