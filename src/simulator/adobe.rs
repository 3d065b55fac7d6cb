//! The stand-in for Adobe VIP Marketplace (providers.md 2 and 7.2): the brain, without a socket.
//!
//! A call to the partner API passes three places, and each may be where it ends:
//!
//! ```text
//! gateway   key, limits, token; faults that strike before the service
//! service   correlation id, replay, request id; then the call itself; the answer is kept
//! way back  faults that strike after the service
//! ```

mod accounts;
mod admin;
mod args;
mod call;
mod checks;
mod errors;
mod gate;
mod journal;
mod list;
mod own;
mod replay;
mod service;
mod settings;
mod tables;
#[cfg(test)]
mod tests;
mod update;

use std::time::Duration;

pub use self::accounts::Status;
pub use self::admin::AccountSeen;
pub use self::args::SimulateAdobe;
pub use self::call::Call;
pub use self::journal::Entry;
pub use self::own::{Ledger, OwnCounts};
pub use self::settings::{
    AdobeSettings, GatewayShape, ListKey, NameMatch, OtherBody, RetryAfter, WhileRunning,
};
pub use super::settings::Settle;

use crate::domain::time::Timestamp;

use self::accounts::Accounts;
use self::errors::Gate;
use self::replay::{Answers, Key, RequestIds};
use super::Brain;
use super::dice::Dice;
use super::fault::Fault;
use super::limiter::{PerClient, Verdict};
use super::notes::Notes;
use super::tally::{self, Tally};
use super::tokens::Tokens;
use super::way;
use super::wire::{Delivery, Receipt, Reply, Request};

/// The faults that this provider can show.
pub const FAULTS: [Fault; 11] = [
    Fault::DroppedBeforeCommit,
    Fault::DroppedAfterCommit,
    Fault::Error500Stored,
    Fault::Unavailable503,
    Fault::Throttled429,
    Fault::Truncated,
    Fault::Gateway504AfterCommit,
    Fault::Html502,
    Fault::Slow,
    Fault::Hang,
    Fault::ClosedIdle,
];

/// The most answers to creates and updates that are kept: their memory is what keeps a row from being created twice.
const WRITES_KEPT_MAX: usize = 4_000_000;
/// The most answers to reads that are kept, and of them the bytes that are not accounts.
const READS_KEPT_MAX: usize = 200_000;
const READS_KEPT_BYTES_MAX: usize = 32 << 20;
const WRITES_KEPT_BYTES_MAX: usize = 1 << 30;

/// The brain. The same settings, seed, requests and times give the same deliveries.
#[derive(Clone, Debug)]
pub struct Adobe {
    settings: AdobeSettings,
    seed: u64,
    dice: Dice,
    accounts: Accounts,
    writes: Answers,
    reads: Answers,
    request_ids: RequestIds,
    limits: PerClient,
    tokens: Tokens,
    tally: Tally<OwnCounts>,
    notes: Notes<Entry>,
}

impl Brain for Adobe {
    type Entry = Entry;

    const NAME: &'static str = "adobe";

    fn handle(&mut self, request: &Request, now: Timestamp) -> Delivery {
        Self::handle(self, request, now)
    }

    fn lost(&mut self, receipt: &Receipt) {
        Self::lost(self, receipt);
    }

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

impl Adobe {
    /// A stand-in without accounts.
    pub fn new(settings: AdobeSettings, seed: u64) -> Self {
        Self {
            settings,
            seed,
            dice: Dice::new(seed),
            accounts: Accounts::default(),
            writes: Answers::new(WRITES_KEPT_MAX, WRITES_KEPT_BYTES_MAX),
            reads: Answers::new(READS_KEPT_MAX, READS_KEPT_BYTES_MAX),
            request_ids: RequestIds::default(),
            limits: PerClient::default(),
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
        let (call, id) = Call::of(request);
        tally::count(&mut self.tally.calls, call.as_str());
        let mut delivery = match call {
            Call::Ping => Delivery::Respond(Reply::typed(200, "text/plain", "pong")),
            Call::Health => Delivery::Respond(self.health()),
            Call::Token => self.token_call(request, now),
            Call::Create | Call::Update | Call::Get | Call::List => self.partner_call(call, id, request, now),
            Call::WrongMethod => Delivery::Respond(Gate::WrongMethod.reply(&self.settings)),
            Call::Other => Delivery::Respond(Gate::NoSuchPath.reply(&self.settings)),
        };
        if let Delivery::Respond(reply) | Delivery::Truncate { reply, .. } = &mut delivery {
            let request_id = request.header("x-request-id").filter(|id| !id.is_empty());
            let request_id =
                request_id.map_or_else(|| format!("sim-{:016x}", self.dice.next()), str::to_owned);
            reply.headers.push(("X-Request-Id".to_owned(), request_id));
        }
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

    /// The answer that carried `receipt` did not reach its caller after all, so its id is not spent by it.
    pub fn lost(&mut self, receipt: &Receipt) {
        for answers in [&mut self.writes, &mut self.reads] {
            if let Some(stored) = answers.get_mut(receipt.0) {
                stored.deliveries = stored.deliveries.saturating_sub(1);
            }
        }
        self.note_deliveries(receipt.0);
    }

    /// A token that is good for `client` (the API key) as long as the settings say, as if it had been asked for.
    pub fn token(&mut self, client: &str, now: Timestamp) -> String {
        self.tokens.issue(client, now.plus(self.settings.token_lifetime))
    }

    /// The settings as they stand.
    pub const fn settings(&self) -> &AdobeSettings {
        &self.settings
    }

    /// Changes the settings. Accounts that exist keep what was drawn for them.
    pub fn set_settings(&mut self, settings: AdobeSettings) {
        if settings.windows != self.settings.windows {
            self.limits.set_windows(&settings.windows);
        }
        self.settings = settings;
    }

    fn token_call(&mut self, request: &Request, now: Timestamp) -> Delivery {
        let fault = self.draw(Call::Token);
        if let Some(delivery) = self.before_service(fault, now) {
            return delivery;
        }
        let reply = if fault == Some(Fault::Error500Stored) {
            self.tally.fault(Fault::Error500Stored);
            errors::ims(500, "server_error", "internal error")
        } else {
            gate::token(request, &self.settings, &mut self.tokens, now)
        };
        let delay = self.slowness(fault);
        self.way_back(Served { reply, key: None }, delay, fault, now)
    }

    fn partner_call(&mut self, call: Call, id: &str, request: &Request, now: Timestamp) -> Delivery {
        let ids = self.note_ids(call, request, now);
        let delay = match self.pass_gate(request, now) {
            Ok(delay) => delay,
            Err(refusal) => return Delivery::Respond(refusal),
        };
        let fault = self.draw(call);
        if let Some(delivery) = self.before_service(fault, now) {
            return delivery;
        }
        let slow = self.slowness(fault);
        let served = self.serve(
            &service::Asked {
                call,
                id,
                request,
                ids,
                fault,
                slow,
            },
            now,
        );
        let delivery = self.way_back(served, delay + slow, fault, now);
        if let Some(key) = ids.key {
            self.note_answer(call, key, now);
        }
        delivery
    }

    /// Lets a call into the service, after a delay, or refuses it.
    fn pass_gate(&mut self, request: &Request, now: Timestamp) -> Result<Duration, Reply> {
        let settings = &self.settings;
        gate::check_key(request, settings).map_err(|gate| gate.reply(settings))?;
        let client = request.header("x-api-key").unwrap_or_default();
        let delay = match self.limits.admit(client, &settings.windows, now) {
            Verdict::Pass => Duration::ZERO,
            Verdict::Delay => {
                self.tally.calls_delayed += 1;
                self.dice.between(Duration::ZERO, settings.soft_delay_max)
            }
            Verdict::Refuse(wait) => {
                self.tally.calls_over_limit += 1;
                return Err(Gate::TooMany.reply_with_wait(settings, now, wait));
            }
        };
        gate::check_rest(request, &self.tokens, now).map_err(|gate| gate.reply(settings))?;
        Ok(delay)
    }

    fn draw(&mut self, call: Call) -> Option<Fault> {
        let settings = &self.settings;
        way::draw(&call, &settings.fault_on, &settings.faults, &mut self.dice)
    }

    fn slowness(&mut self, fault: Option<Fault>) -> Duration {
        let settings = &self.settings;
        way::slowness(fault, settings.slow_min, settings.slow_max, &mut self.dice)
    }

    /// What becomes of a call that does not reach the service.
    fn before_service(&mut self, fault: Option<Fault>, now: Timestamp) -> Option<Delivery> {
        let fault = fault?;
        let settings = &self.settings;
        let delivery = way::there(fault, settings.hang, &mut self.dice, |fault| {
            // The wait that these two ask for is the shortest that there is.
            let gate = if fault == Fault::Throttled429 {
                Gate::TooMany
            } else {
                Gate::Unavailable
            };
            gate.reply_with_wait(settings, now, Duration::ZERO)
        })?;
        self.tally.fault(fault);
        Some(delivery)
    }

    /// What becomes of an answer of the service.
    fn way_back(
        &mut self,
        served: Served,
        delay: Duration,
        fault: Option<Fault>,
        now: Timestamp,
    ) -> Delivery {
        let Served { mut reply, key } = served;
        // An error of the service's own is counted where it is made: a replay has none.
        if let Some(fault) = fault.filter(|fault| *fault != Fault::Error500Stored) {
            self.tally.fault(fault);
        }
        reply.delay += delay;
        let settings = &self.settings;
        let came = way::back(fault, reply, settings.hang, &mut self.dice, |_| {
            Gate::TimedOut.reply(settings)
        });
        let mut reply = match came {
            Ok(reply) => reply,
            Err(delivery) => return delivery,
        };
        if let Some(key) = key {
            let arrives = now.plus(reply.delay);
            for answers in [&mut self.writes, &mut self.reads] {
                if let Some(stored) = answers.get_mut(key) {
                    stored.count_delivery(arrives);
                }
            }
            reply.receipt = Some(Receipt(key));
        }
        Delivery::Respond(reply)
    }

    fn health(&self) -> Reply {
        let (status, word) = if self.settings.healthy {
            (200, "UP")
        } else {
            (503, "DOWN")
        };
        let components = serde_json::json!({
            "customerManagement": word, "orderManagement": "UP", "subscriptionManagement": "UP",
            "sandboxPortal": "UP",
        });
        Reply::json(
            status,
            serde_json::json!({ "status": word, "components": components }).to_string(),
        )
    }
}

/// An answer of the service.
struct Served {
    reply: Reply,
    /// The key of the intent that this answer closes, if it closes one.
    key: Option<Key>,
}
