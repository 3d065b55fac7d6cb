//! The stand-in for LogicBoxes / ResellerClub (providers.md 3 and 7.3): the brain, without a socket.
//!
//! A call passes three places, and each may be where it ends:
//!
//! ```text
//! gate      verb, address, credentials, limits; faults that strike before the service
//! service   the call itself; what it says is put into JSON or XML
//! way back  faults that strike after the service
//! ```

mod accounts;
mod actions;
mod admin;
mod args;
mod call;
mod checks;
mod errors;
mod form;
mod format;
mod gate;
mod journal;
mod reads;
mod settings;
mod signup;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::accounts::Standing;
pub use self::admin::AccountSeen;
pub use self::args::SimulateLogicBoxes;
pub use self::call::Call;
pub use self::errors::ErrorShape;
pub use self::format::XmlShape;
pub use self::journal::Entry;
pub use self::settings::{
    CredentialsIn, FAULTS, FieldRules, LimitBody, LogicBoxesSettings, SignupOption, Taken, TextMatch,
};

use crate::domain::time::Timestamp;

use self::accounts::Accounts;
use self::errors::Said;
use self::form::Form;
use self::format::Format;
use super::Brain;
use super::dice::Dice;
use super::fault::Fault;
use super::limiter::PerClient;
use super::notes::Notes;
use super::tally::{self, Tally};
use super::way;
use super::wire::{Delivery, Receipt, Request};

/// The brain. The same settings, seed, requests and times give the same deliveries.
#[derive(Clone, Debug)]
pub struct LogicBoxes {
    settings: LogicBoxesSettings,
    seed: u64,
    dice: Dice,
    accounts: Accounts,
    limits: PerClient,
    tally: Tally,
    notes: Notes<Entry>,
}

/// A delivery, and the word by which its answer is counted if it is an error.
type Counted = (Delivery, Option<&'static str>);

impl Brain for LogicBoxes {
    type Entry = Entry;

    const NAME: &'static str = "logicboxes";

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

impl LogicBoxes {
    /// A stand-in without accounts.
    pub fn new(settings: LogicBoxesSettings, seed: u64) -> Self {
        Self {
            settings,
            seed,
            dice: Dice::new(seed),
            accounts: Accounts::default(),
            limits: PerClient::default(),
            tally: Tally::default(),
            notes: Notes::default(),
        }
    }

    /// What the network does with `request`, which arrives at `now`.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Delivery {
        if let Some(path) = request.path.strip_prefix("/_simulator/") {
            return Delivery::Respond(super::admin::answer(self, path, request, now));
        }
        let (delivery, word) = match Call::of(request) {
            None => {
                tally::count(&mut self.tally.calls, "other");
                (Delivery::Respond(way::html(404, "Not Found")), None)
            }
            Some((call, format)) => {
                let fits = call.fits(&request.method);
                let kind = if fits { call.as_str() } else { "wrong_method" };
                tally::count(&mut self.tally.calls, kind);
                self.call(call, format, request, now)
            }
        };
        if let Delivery::Respond(reply) = &delivery {
            self.tally.answer(reply.status, word);
        }
        delivery
    }

    /// The settings as they stand.
    pub const fn settings(&self) -> &LogicBoxesSettings {
        &self.settings
    }

    /// Changes the settings. Accounts that exist keep what was drawn for them.
    pub fn set_settings(&mut self, settings: LogicBoxesSettings) {
        if settings.windows != self.settings.windows {
            self.limits.set_windows(&settings.windows);
        }
        self.settings = settings;
    }

    fn call(&mut self, call: Call, format: Format, request: &Request, now: Timestamp) -> Counted {
        let form = Form::of(request);
        let parent = match self.pass_gate(call, request, &form, now) {
            Ok(parent) => parent,
            Err(gate) => {
                let reply = gate.reply(format, &self.settings);
                return (Delivery::Respond(reply), gate.word(&self.settings));
            }
        };
        let fault = self.draw(call);
        let settings = &self.settings;
        let mut word = None;
        if let Some(fault) = fault
            && let Some(delivery) = way::there(fault, settings.hang, &mut self.dice, |fault| {
                let (reply, counted) = gate::said(fault, format, settings);
                word = counted;
                reply
            })
        {
            self.tally.fault(fault);
            return (delivery, word);
        }
        let slow = self.slowness(fault);
        let said = self.serve(call, &form, &parent, now, now.plus(slow));
        let mut reply = format.write(&said, &self.settings);
        reply.delay = slow;
        if let Some(fault) = fault {
            self.tally.fault(fault);
        }
        let settings = &self.settings;
        let mut word = None;
        let came = way::back(fault, reply, settings.hang, &mut self.dice, |fault| {
            let (reply, counted) = gate::said(fault, format, settings);
            word = counted;
            reply
        });
        match came {
            Ok(reply) => (Delivery::Respond(reply), said.word),
            Err(delivery) => (delivery, word),
        }
    }

    /// What the service says to a call that arrived at `now` and has run at `done`.
    fn serve(&mut self, call: Call, form: &Form, parent: &str, now: Timestamp, done: Timestamp) -> Said {
        let said = match call {
            Call::Signup => self.sign_up(form, parent, now, done),
            Call::Search => self.search(form, parent, now),
            Call::Details => self.details(form, parent, now),
            Call::CurrentActions => self.actions(form, parent, false, now),
            Call::ArchivedActions => self.actions(form, parent, true, now),
        };
        said.unwrap_or_else(|refusal| {
            if call == Call::Signup {
                tally::count(&mut self.tally.rejected, refusal.reason());
            }
            refusal.say(&self.settings, &mut self.dice)
        })
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
