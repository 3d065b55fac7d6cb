//! The service behind the gateway: the rules of ids (providers.md 2.4), then the calls themselves.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::simulator::dice::Dice;
use crate::simulator::fault::Fault;
use crate::simulator::settings::Settle;
use crate::simulator::tally;
use crate::simulator::wire::{Reply, Request};

use super::accounts::{Account, Face, Status, render};
use super::checks::{Refusal, check_create};
use super::errors::{self, Gate};
use super::journal::Entry;
use super::list::list;
use super::replay::{self, Kept, Key, Stored};
use super::settings::{OtherBody, WhileRunning};
use super::{Adobe, Call, Served};

/// The longest correlation or request id; how long one may be is not documented.
const ID_CHARS_MAX: usize = 255;

/// The ids of a call.
#[derive(Clone, Copy)]
pub(super) struct Ids {
    /// `None`: the correlation id is missing or invalid.
    pub(super) key: Option<Key>,
    request: Option<Key>,
}

/// A call that the gateway let in.
pub(super) struct Asked<'r> {
    pub(super) call: Call,
    /// The account id in the path.
    pub(super) id: &'r str,
    pub(super) request: &'r Request,
    pub(super) ids: Ids,
    pub(super) fault: Option<Fault>,
    /// How long the service takes.
    pub(super) slow: Duration,
}

impl Adobe {
    /// Reads the ids of a call that arrives, and counts those that ought not to come again, whatever becomes of
    /// the call.
    pub(super) fn note_ids(&mut self, call: Call, request: &Request, now: Timestamp) -> Ids {
        let client = request.header("x-api-key").unwrap_or_default();
        let valid = |name| {
            request.header(name).filter(|id: &&str| {
                !id.is_empty() && id.len() <= ID_CHARS_MAX && id.bytes().all(|byte| byte.is_ascii_graphic())
            })
        };
        // The method and the path template are what `call` says.
        let key = valid("x-correlation-id").map(|id| replay::key(&[client, call.as_str(), id]));
        let request = valid("x-request-id").map(|id| replay::key(&[client, id]));
        if request.is_some_and(|id| self.request_ids.arrive(id, now)) {
            self.tally.own.request_ids_reused += 1;
        }
        let (answers, reused) = match call.writes() {
            true => (&self.writes, &mut self.tally.own.reused_ids),
            false => (&self.reads, &mut self.tally.own.reused_read_ids),
        };
        if key
            .and_then(|key| answers.get(key))
            .is_some_and(|stored| stored.is_spent(now))
        {
            *reused += 1;
        }
        Ids { key, request }
    }

    /// What the service says to a call.
    pub(super) fn serve(&mut self, asked: &Asked<'_>, now: Timestamp) -> Served {
        let Some(key) = asked.ids.key else {
            return Served {
                reply: errors::service("4119", vec![]),
                key: None,
            };
        };
        let body = replay::body_mark(&asked.request.body);
        if let Some(served) = self.replay(asked.call, key, body, now) {
            if let Some(id) = asked.ids.request {
                self.request_ids.take(id, now, self.settings.replay_memory);
            }
            return served;
        }
        let memory = self.settings.replay_memory;
        if asked
            .ids
            .request
            .is_some_and(|id| !self.request_ids.take(id, now, memory))
        {
            return Served {
                reply: errors::service("4120", vec![]),
                key: None,
            };
        }
        let done = now.plus(asked.slow);
        let kept = match self.execute(asked, now, done) {
            Ok(kept) => kept,
            // The gateway speaks in the service's place: nothing was done, nothing is kept.
            Err(gate) => {
                return Served {
                    reply: gate.reply(&self.settings),
                    key: None,
                };
            }
        };
        let reply = self.show(&kept);
        if reply.status >= 500 && !self.settings.store_5xx {
            return Served { reply, key: None };
        }
        let stored = Stored {
            at: now,
            done,
            body,
            kept,
            deliveries: 0,
            delivered: now,
        };
        match asked.call.writes() {
            true => self.writes.put(key, stored),
            false => self.reads.put(key, stored),
        }
        Served {
            reply,
            key: Some(key),
        }
    }

    /// The answer to a correlation id that is known; `None` if the call is to be executed.
    fn replay(&mut self, call: Call, key: Key, body: u64, now: Timestamp) -> Option<Served> {
        let answers = if call.writes() { &self.writes } else { &self.reads };
        let stored = answers.get(key)?;
        if now.since(stored.at) >= self.settings.replay_memory {
            return None;
        }
        let mut delay = Duration::ZERO;
        if now < stored.done {
            match self.settings.while_running {
                WhileRunning::Busy => {
                    return Some(Served {
                        reply: errors::service("4122", vec![]),
                        key: None,
                    });
                }
                WhileRunning::Wait => delay = stored.done.since(now),
                WhileRunning::RunTwice => return None,
            }
        }
        if stored.body != body && call.writes() {
            self.tally.own.other_body += 1;
            if self.settings.other_body == OtherBody::Refuse {
                let detail = "the correlation id was used with another body".to_owned();
                return Some(Served {
                    reply: errors::service("4119", vec![detail]),
                    key: None,
                });
            }
        }
        let mut reply = self.show(&stored.kept);
        reply.delay = delay;
        self.tally.own.replayed += 1;
        Some(Served {
            reply,
            key: Some(key),
        })
    }

    /// An answer as bytes: the same ones every time.
    fn show(&self, kept: &Kept) -> Reply {
        match kept {
            Kept::Text { http, body } => Reply::json(*http, body.as_bytes()),
            Kept::Account {
                http,
                index,
                status,
                extra,
                echoed,
                version,
            } => match self.accounts.get(*index) {
                Some(account) => {
                    let face = echoed.as_ref().unwrap_or_else(|| account.face_of(*version));
                    Reply::json(*http, render(*index, face, account.created, *status, *extra))
                }
                // Accounts are never taken away; a journal that says otherwise is refused when it is read.
                None => errors::service("1124", vec![]),
            },
        }
    }

    fn execute(&mut self, asked: &Asked<'_>, now: Timestamp, done: Timestamp) -> Result<Kept, Gate> {
        let fails = asked.fault == Some(Fault::Error500Stored);
        if fails {
            self.tally.fault(Fault::Error500Stored);
        }
        let mut kept = None;
        // A service that fails has done its work, or it has not.
        if !fails || self.dice.coin() {
            kept = Some(match asked.call {
                Call::Create => self.create(asked.request, now, done)?,
                Call::Update => self.update(asked, now, done)?,
                Call::Get => self.get(asked.id, now),
                _ => as_kept(&list(&self.accounts, &self.settings, asked.request, now)),
            });
        }
        match kept {
            Some(kept) if !fails => Ok(kept),
            _ => Ok(as_kept(&errors::service("1124", vec![]))),
        }
    }

    fn create(&mut self, request: &Request, now: Timestamp, done: Timestamp) -> Result<Kept, Gate> {
        if self.accounts.len() >= self.settings.accounts_max {
            return Err(Gate::Unavailable);
        }
        let checked = match &self.settings.reject_all {
            Some(code) => Err((code.clone(), vec![])),
            None => check_create(&request.body, &self.settings.distributors)
                .map_err(|Refusal { code, details }| (code.to_owned(), details)),
        };
        let body = match checked {
            Ok(body) => body,
            Err((code, details)) => {
                tally::count(&mut self.tally.rejected, code.clone());
                return Ok(as_kept(&errors::service(&code, details)));
            }
        };
        let (echoed, face) = self.accounts.faces(&body);
        let (settles, settled) = self.fate(&face, done);
        let account = Account {
            face: Arc::clone(&face),
            created: now,
            visible: done,
            settles,
            settled,
            set: None,
            earlier: Vec::new(),
        };
        let status = account.status(done);
        self.notes.write(|| Entry::Account(account.clone()));
        Ok(Kept::Account {
            http: if self.settings.created_as_200 { 200 } else { 201 },
            index: self.accounts.add(account),
            status,
            extra: self.settings.extra_fields,
            echoed: (!Arc::ptr_eq(&echoed, &face)).then_some(echoed),
            version: 0,
        })
    }

    /// When a new account settles, and to what: drawn from the seed, its reference and its name, so that a row
    /// meets the same end whenever it comes.
    fn fate(&self, face: &Face, done: Timestamp) -> (Option<Timestamp>, Status) {
        let name = format!(
            "{}\n{}",
            face.reference.as_deref().unwrap_or_default(),
            face.company
        );
        let mut dice = Dice::of(self.seed, &name);
        let shares = self
            .settings
            .settle_as
            .iter()
            .map(|(status, share)| (*status, *share));
        let settled = dice.draw(shares).unwrap_or(Status::ACTIVE);
        let settles = match self.settings.settle {
            _ if settled == Status::PENDING => None,
            Settle::AtOnce => Some(done),
            Settle::Never => None,
            Settle::Between(min, max) => Some(done.plus(dice.between(min, max))),
        };
        (settles, settled)
    }

    fn get(&self, id: &str, now: Timestamp) -> Kept {
        match self.visible(id, now) {
            Some((index, account)) => Kept::Account {
                http: 200,
                index,
                status: account.status(now),
                extra: self.settings.extra_fields,
                echoed: None,
                version: account.version(),
            },
            None => as_kept(&errors::service("1115", vec![])),
        }
    }

    /// The account with this id, if reads can see it.
    pub(super) fn visible(&self, id: &str, now: Timestamp) -> Option<(u32, &Account)> {
        let index = self.accounts.find(id)?;
        let account = self.accounts.get(index)?;
        (account.visible.plus(self.settings.visible_after) <= now).then_some((index, account))
    }
}

pub(super) fn as_kept(reply: &Reply) -> Kept {
    Kept::Text {
        http: reply.status,
        body: String::from_utf8_lossy(&reply.body).into(),
    }
}
