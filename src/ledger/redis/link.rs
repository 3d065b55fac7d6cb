//! The line to Redis: one connection that comes back by itself, limits on every wait, errors in the ledger's words.

use std::sync::OnceLock;
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, Pipeline, RedisResult, Value};

use super::trouble::{is_unknown_script, trouble};
use crate::config::RedisAddress;
use crate::engine::ports::LedgerError;

/// No answer is waited for longer; the library's own default of 500 ms is shorter than a Redis that forks.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// No connection attempt takes longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Pauses between attempts to connect grow up to this.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

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
    wire: ConnectionManager,
    name: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Link").field(&self.name).finish()
    }
}

impl Link {
    /// Connects; fails when nobody answers.
    pub(crate) async fn open(address: &RedisAddress) -> Result<Self, LedgerError> {
        let name = address.to_string();
        let client = redis::Client::open(address.url()).map_err(|error| trouble(&name, &error))?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_max_delay(RECONNECT_PAUSE_MAX);
        let wire = ConnectionManager::new_with_config(client, config)
            .await
            .map_err(|error| trouble(&name, &error))?;
        Ok(Self { wire, name })
    }

    /// Where it leads, for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs a script with the arguments that `fill` adds. It may have run even if no answer came: scripts must bear
    /// repetition. `key` tells a cluster where to run it; the script makes the names of its keys from it.
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
        match self.send(&call("EVALSHA", lua.sha1())).await {
            Err(error) if is_unknown_script(&error) => self.send(&call("EVAL", lua.source)).await,
            answered => answered,
        }
        .map_err(|error| trouble(&self.name, &error))
    }

    async fn send(&self, cmd: &Cmd) -> RedisResult<Value> {
        let mut wire = self.wire.clone();
        wire.req_packed_command(cmd).await?.extract_error()
    }

    /// One command.
    pub(crate) async fn ask(&self, cmd: &Cmd) -> Result<Value, LedgerError> {
        self.send(cmd).await.map_err(|error| trouble(&self.name, &error))
    }

    /// Several commands in one round trip; not atomic.
    pub(crate) async fn ask_all(&self, pipeline: &Pipeline) -> Result<Vec<Value>, LedgerError> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let mut wire = self.wire.clone();
        wire.req_packed_commands(pipeline, 0, pipeline.len())
            .await
            .and_then(|values| values.into_iter().map(Value::extract_error).collect())
            .map_err(|error| trouble(&self.name, &error))
    }
}
