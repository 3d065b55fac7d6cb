//! The far end of the line: the simulator's brain, with its own clock, and everything that a process sent to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use enlist::domain::time::Timestamp;
use enlist::simulator::adobe::{AccountSeen, Adobe, Ledger, Status};
use enlist::simulator::wire::{Delivery, Receipt, Request};
use enlist::world::World;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::world::SimWorld;

/// A create that left a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The row it was for.
    pub(crate) reference: String,
    /// Its `X-Correlation-Id`.
    pub(crate) correlation_id: String,
}

/// What happens just before the brain hears of a request. Gets the request's number, counted from 1.
pub(crate) type Hook = Box<dyn FnMut(&mut Adobe, &Request, u64) + Send>;

/// The provider.
pub(crate) struct Far {
    world: Arc<SimWorld>,
    state: Mutex<State>,
}

struct State {
    brain: Adobe,
    dice: Dice,
    /// How far the provider's clock is ahead of ours, in milliseconds.
    ahead_ms: i64,
    /// The longest that a request is on its way, in milliseconds; less than `policy::rate::ARRIVAL_MAX`.
    way_max_ms: u64,
    /// Share of calls whose connection is refused.
    refuse: f64,
    hook: Hook,
    heard: u64,
    sent: Vec<Sent>,
    left: BTreeMap<&'static str, u64>,
    /// The last connection was closed without notice.
    stale: bool,
}

impl Far {
    pub(crate) fn new(world: Arc<SimWorld>, brain: Adobe, dice: Dice) -> Self {
        Self {
            world,
            state: Mutex::new(State {
                brain,
                dice,
                ahead_ms: 0,
                way_max_ms: 24,
                refuse: 0.0,
                hook: Box::new(|_, _, _| {}),
                heard: 0,
                sent: Vec::new(),
                left: BTreeMap::new(),
                stale: false,
            }),
        }
    }

    pub(crate) fn set_clock(&self, ahead_ms: i64) {
        self.state().ahead_ms = ahead_ms;
    }

    pub(crate) fn set_way(&self, max_ms: u64) {
        self.state().way_max_ms = max_ms;
    }

    pub(crate) fn set_refuse(&self, share: f64) {
        self.state().refuse = share;
    }

    pub(crate) fn set_hook(&self, hook: impl FnMut(&mut Adobe, &Request, u64) + Send + 'static) {
        self.state().hook = Box::new(hook);
    }

    /// Looks at the brain, or changes it.
    pub(crate) fn brain<T>(&self, look: impl FnOnce(&mut Adobe, Timestamp) -> T) -> T {
        let mut state = self.state();
        let now = state.now(&self.world);
        look(&mut state.brain, now)
    }

    /// Changes the brain's settings.
    pub(crate) fn set(&self, changes: &Value) {
        self.brain(|brain, _| set(brain, changes));
    }

    /// Gives the accounts of a row that are pending this status.
    pub(crate) fn settle_pending(&self, reference: &str, status: &str) {
        self.brain(|brain, now| {
            let accounts: Vec<_> = brain.accounts(Some(reference), now).collect();
            for account in accounts
                .iter()
                .filter(|account| account.status == Status::PENDING)
            {
                let target = format!("/_simulator/accounts/{}/status", account.id);
                let request = Request::new("POST", &target).with_body(format!(r#"{{"status":"{status}"}}"#));
                assert!(
                    brain
                        .handle(&request, now)
                        .reply()
                        .is_some_and(|reply| reply.status == 200)
                );
            }
        });
    }

    /// What happened at the provider.
    pub(crate) fn ledger(&self) -> Ledger {
        self.brain(|brain, _| brain.ledger())
    }

    /// The accounts of a row.
    pub(crate) fn accounts(&self, reference: &str) -> Vec<AccountSeen> {
        self.brain(|brain, now| brain.accounts(Some(reference), now).collect())
    }

    /// Every create that left, in order.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    /// How many exchanges were begun: `create`, `read`, `token`.
    pub(crate) fn left(&self, kind: &str) -> u64 {
        self.state().left.get(kind).copied().unwrap_or_default()
    }

    /// A request is about to leave. `Err` when the connection is refused.
    pub(super) fn leave(&self, request: &Request) -> Result<Duration, String> {
        let mut state = self.state();
        let kind = match (request.method.as_str(), request.path.as_str()) {
            (_, path) if !path.starts_with("/v3/") => "token",
            ("POST", _) => "create",
            _ => "read",
        };
        *state.left.entry(kind).or_default() += 1;
        let refuse = state.refuse;
        if state.dice.chance(refuse) {
            return Err("connection refused".to_owned());
        }
        if kind == "create" {
            let sent = Sent::of(request);
            state.sent.push(sent);
        }
        let longest = state.way_max_ms;
        Ok(state.dice.ms(0, longest))
    }

    /// The request arrives.
    pub(super) fn hear(&self, request: &Request) -> Delivery {
        let mut state = self.state();
        if std::mem::take(&mut state.stale) && state.dice.chance(0.5) {
            return Delivery::Drop;
        }
        let now = state.now(&self.world);
        let State {
            brain, hook, heard, ..
        } = &mut *state;
        *heard += 1;
        tracing::debug!(
            number = *heard,
            method = request.method,
            path = request.path,
            "heard"
        );
        hook(brain, request, *heard);
        let delivery = brain.handle(request, now);
        state.stale = delivery.reply().is_some_and(|reply| reply.close_after);
        delivery
    }

    /// The process that sent the request is gone before it arrived; it may arrive all the same.
    pub(super) fn hear_of_the_dead(&self, request: &Request) {
        if self.state().dice.chance(0.5)
            && let Delivery::Respond(reply) = self.hear(request)
            && let Some(receipt) = reply.receipt
        {
            self.lost(&receipt);
        }
    }

    /// An answer was lost, or whoever had it died before it was saved: nobody has had it.
    pub(super) fn lost(&self, receipt: &Receipt) {
        self.state().brain.lost(receipt);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn now(&self, world: &SimWorld) -> Timestamp {
        Timestamp::from_ms(world.now().as_ms() + self.ahead_ms)
    }
}

impl Sent {
    fn of(request: &Request) -> Self {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        Self {
            reference: body["externalReferenceId"].as_str().unwrap().to_owned(),
            correlation_id: request.header("x-correlation-id").unwrap().to_owned(),
        }
    }
}

/// Changes a brain's settings; objects are merged.
pub(crate) fn set(brain: &mut Adobe, changes: &Value) {
    let settings = brain.settings().changed(changes).unwrap();
    brain.set_settings(settings);
}

/// Lets this fault, or none, strike every create from now on.
pub(crate) fn strike(brain: &mut Adobe, fault: Option<&str>) {
    let mut settings = brain.settings().clone();
    settings.faults.clear();
    brain.set_settings(settings);
    if let Some(fault) = fault {
        set(brain, &json!({ "faults": { fault: 1.0 } }));
    }
}

/// Every token so far is refused from now on.
pub(crate) fn revoke_tokens(brain: &mut Adobe, now: Timestamp) {
    brain.handle(&Request::new("POST", "/_simulator/tokens/revoke"), now);
}
