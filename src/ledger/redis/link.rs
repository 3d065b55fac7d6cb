//! The line to Redis: one connection that comes back by itself, limits on every wait, errors in the ledger's words.
//!
//! ```text
//! callers ──▶ room for 64 ──▶ the line ──▶ one server
//!                               │ lost: silence, or a server that is no longer the right one
//!                               └──▶ one caller opens it again, the others wait for that one or fail with it
//! ```

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::dial::Dial;
use super::pace::Pace;
use super::trouble::{Fate, fate, is_refused, is_unknown_script, silence, trouble};
use crate::config::RedisAccess;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::world::{RealWorld, World as _};

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For one connection, with TLS and password.
    pub(super) connect: Duration,
    /// For finding the server and connecting to it.
    pub(super) dial: Duration,
    /// For an answer; the library's own default of 500 ms is shorter than a Redis that forks.
    pub(super) response: Duration,
    /// For a call in all: room, the line, the answer, and a second try; of a script also the telling of what it is.
    pub(super) call: Duration,
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    dial: Duration::from_secs(5),
    response: Duration::from_secs(5),
    call: Duration::from_secs(10),
};

/// Calls on their way at once; the others wait for room. Calls are blocks of rows: more would only queue at Redis,
/// which carries out one at a time.
pub(super) const IN_FLIGHT_MAX: usize = 64;

/// A script, known to the server by its digest once it has been sent whole.
pub(crate) struct Lua {
    source: &'static str,
    sha1: OnceLock<String>,
}

impl Lua {
    pub(crate) const fn new(source: &'static str) -> Self {
        Self {
            source,
            sha1: OnceLock::new(),
        }
    }

    fn sha1(&self) -> &str {
        self.sha1
            .get_or_init(|| redis::Script::new(self.source).get_hash().to_owned())
    }
}

/// A connection shared by all who use the ledger in this process.
#[derive(Clone)]
pub(crate) struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    limits: Limits,
    dial: Dial,
    room: Semaphore,
    line: Mutex<Line>,
    /// Held by the one who opens the line.
    opening: tokio::sync::Mutex<()>,
    world: RealWorld,
}

/// The line as it stands.
#[derive(Default)]
struct Line {
    open: Option<MultiplexedConnection>,
    /// Counts the lines, so that nobody throws a newer one away than that which failed.
    number: u64,
    pace: Pace,
    /// Why there is none.
    lost: Option<RedisError>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Link").field(&self.shared.name).finish()
    }
}

impl Link {
    /// Connects; fails when nobody answers.
    pub(crate) async fn open(access: &RedisAccess) -> Result<Self, LedgerError> {
        Self::open_within(access, LIMITS).await
    }

    async fn open_within(access: &RedisAccess, limits: Limits) -> Result<Self, LedgerError> {
        let link = Self {
            shared: Arc::new(Shared {
                name: access.address.to_string(),
                limits,
                dial: Dial::new(access, limits),
                room: Semaphore::new(IN_FLIGHT_MAX),
                line: Mutex::default(),
                opening: tokio::sync::Mutex::default(),
                world: RealWorld::default(),
            }),
        };
        match link.shared.line().await {
            Ok(_) => Ok(link),
            Err(error) => Err(trouble(link.name(), &error)),
        }
    }

    /// Where it leads, for messages.
    pub(crate) fn name(&self) -> &str {
        &self.shared.name
    }

    /// Which line this is since the beginning. Behind the next there may be a server that lost the last it was told: what
    /// was read over one is no truth over another.
    pub(crate) fn line_number(&self) -> u64 {
        self.shared.standing().number
    }

    /// Runs a script with the arguments that `fill` adds. It may have run even if no answer came: scripts must bear
    /// repetition. `key` begins with the ledger's tag; the script makes the names of its keys from it.
    pub(crate) async fn run(
        &self,
        lua: &Lua,
        key: &str,
        fill: &(dyn Fn(&mut Cmd) + Sync),
    ) -> Result<Value, LedgerError> {
        let call = |verb: &str, what: &str| {
            let mut cmd = redis::cmd(verb);
            cmd.arg(what).arg(1).arg(key);
            fill(&mut cmd);
            cmd
        };
        let both = async {
            match self.send(&call("EVALSHA", lua.sha1())).await {
                Err(error) if is_unknown_script(&error) => self.send(&call("EVAL", lua.source)).await,
                answered => answered,
            }
        };
        let answer = timeout(self.shared.limits.call, both).await;
        let answer = answer.unwrap_or_else(|_| Err(silence()));
        answer.map_err(|error| trouble(self.name(), &error))
    }

    /// One command.
    pub(crate) async fn ask(&self, cmd: &Cmd) -> Result<Value, LedgerError> {
        self.send(cmd).await.map_err(|error| trouble(self.name(), &error))
    }

    /// One command, or `None` if the server does not let this user give it.
    pub(super) async fn ask_if_allowed(&self, cmd: &Cmd) -> Result<Option<Value>, LedgerError> {
        match self.send(cmd).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_refused(&error) => Ok(None),
            Err(error) => Err(trouble(self.name(), &error)),
        }
    }

    /// Several commands in one round trip; not atomic. Fails if one of them does, and the others may have been done.
    pub(crate) async fn ask_all(&self, pipeline: &Pipeline) -> Result<Vec<Value>, LedgerError> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.shared.call(What::Several(pipeline)).await;
        answer.map_err(|error| trouble(self.name(), &error))
    }

    /// The server's time.
    pub(crate) async fn time(&self) -> Result<Timestamp, LedgerError> {
        let (seconds, micros): (i64, i64) = redis::from_redis_value(self.ask(&redis::cmd("TIME")).await?)
            .map_err(|error| trouble(self.name(), &error.into()))?;
        Ok(Timestamp::from_ms(
            seconds.saturating_mul(1_000).saturating_add(micros / 1_000),
        ))
    }

    async fn send(&self, cmd: &Cmd) -> RedisResult<Value> {
        let mut values = self.shared.call(What::One(cmd)).await?;
        Ok(values.pop().unwrap_or(Value::Nil))
    }
}

/// What is asked in one round trip.
#[derive(Clone, Copy)]
enum What<'a> {
    One(&'a Cmd),
    Several(&'a Pipeline),
}

impl What<'_> {
    async fn ask(self, mut wire: MultiplexedConnection) -> RedisResult<Vec<Value>> {
        let values = match self {
            Self::One(cmd) => vec![wire.req_packed_command(cmd).await?],
            Self::Several(pipeline) => wire.req_packed_commands(pipeline, 0, pipeline.len()).await?,
        };
        values.into_iter().map(Value::extract_error).collect()
    }
}

impl Shared {
    /// Makes a call, within all limits.
    async fn call(&self, what: What<'_>) -> RedisResult<Vec<Value>> {
        let call = async {
            let Ok(_room) = self.room.acquire().await else {
                return Err(silence());
            };
            let (number, wire) = self.line().await?;
            let error = match what.ask(wire).await {
                Ok(values) => return Ok(values),
                Err(error) => error,
            };
            match (fate(&error), what) {
                (Fate::Keep, _) => return Err(error),
                // Of several commands some may have been carried out.
                (Fate::Reopen, _) | (Fate::Elsewhere, What::Several(_)) => {
                    self.throw_away(number, &error);
                    return Err(error);
                }
                (Fate::Elsewhere, What::One(_)) => self.throw_away(number, &error),
            }
            let (number, wire) = self.line().await?;
            what.ask(wire).await.inspect_err(|error| {
                if fate(error) != Fate::Keep {
                    self.throw_away(number, error);
                }
            })
        };
        timeout(self.limits.call, call)
            .await
            .unwrap_or_else(|_| Err(silence()))
    }

    /// The line, and its number; opened if need be and if it is time to. All who come while one opens it wait for
    /// that one, and have what it had.
    async fn line(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        if let Some(open) = self.standing().open() {
            return Ok(open);
        }
        let _opening = self.opening.lock().await;
        {
            let line = self.standing();
            if let Some(open) = line.open() {
                return Ok(open);
            }
            if !line.pace.allows(self.world.steady()) {
                return Err(line.lost.clone().unwrap_or_else(silence));
            }
        }
        let opened = timeout(self.limits.dial, self.dial.connect())
            .await
            .unwrap_or_else(|_| Err(silence()));
        let mut line = self.standing();
        match opened {
            Ok(wire) => {
                line.number += 1;
                line.pace.opened(self.world.steady());
                line.lost = None;
                line.open = Some(wire.clone());
                Ok((line.number, wire))
            }
            Err(error) => {
                line.pace.lost(self.world.steady());
                line.lost = Some(error.clone());
                Err(error)
            }
        }
    }

    fn throw_away(&self, number: u64, why: &RedisError) {
        let mut line = self.standing();
        if line.number == number && line.open.take().is_some() {
            line.pace.lost(self.world.steady());
            line.lost = Some(why.clone());
            tracing::debug!(redis = %self.name, error = %why, "the line is lost, and opened anew with the next call");
        }
    }

    fn standing(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn open(&self) -> Option<(u64, MultiplexedConnection)> {
        self.open.clone().map(|wire| (self.number, wire))
    }
}

#[cfg(test)]
mod tests;
