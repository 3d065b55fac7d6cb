//! Finds the server that has the ledger, and connects to it.
//!
//! All keys of a ledger share one hash tag and so one slot, which one server has at a time: the one named, the one
//! the sentinels call master, or the one in the cluster that has the slot. So there is one way to be connected, to one
//! server, and three ways to find it (`docs/decisions/0012-one-line-to-redis.md`).

use std::time::Duration;

use futures_util::future::select_ok;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo as _, RedisConnectionInfo, RedisError, RedisResult, ServerErrorKind, TlsCertificates,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::link::{IN_FLIGHT_MAX, Limits};
use crate::config::RedisAccess;
use crate::config::redis_address::{HostPort, RedisPlace};

/// Times that a cluster's nodes may send us on: a slot that just moved is found with one.
const HOPS_MAX: u8 = 3;

/// What was sent and is not acknowledged for so long ends the connection, and a silent one is tried after this long,
/// then as often: a line that was cut without a word is noticed even while nobody waits.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Knows the way to the server.
pub(super) struct Dial {
    access: RedisAccess,
    limits: Limits,
    tls: Option<TlsCertificates>,
    /// A key with the ledger's tag: its slot is the ledger's.
    key: String,
}

impl Dial {
    pub(super) fn new(access: &RedisAccess, limits: Limits) -> Self {
        // Fails only if one is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client_tls = access.client.as_ref().map(|(cert, key)| ClientTlsConfig {
            client_cert: cert.clone(),
            client_key: key.expose_secret().as_bytes().to_vec(),
        });
        Self {
            tls: access.address.tls().map(|_| TlsCertificates {
                client_tls,
                root_cert: access.ca.clone(),
            }),
            key: format!("{{enlist:{}}}:", access.address.ledger()),
            access: access.clone(),
            limits,
        }
    }

    /// A connection to the server that has the ledger now.
    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        match self.access.address.place() {
            RedisPlace::Server(at) => self.reach(self.tcp(at), self.user()).await,
            RedisPlace::Socket(path) => self.reach(ConnectionAddr::Unix(path.clone()), self.user()).await,
            RedisPlace::Sentinels { seeds, master } => {
                first(seeds, |seed| Box::pin(self.through_sentinel(seed, master))).await
            }
            RedisPlace::Cluster(seeds) => first(seeds, |seed| Box::pin(self.through_cluster(seed))).await,
        }
    }

    /// Asks a sentinel who is master, and the master whether it knows. A sentinel that was cut off names an old one.
    async fn through_sentinel(&self, seed: &HostPort, master: &str) -> RedisResult<MultiplexedConnection> {
        let sentinel = with_password(
            RedisConnectionInfo::default(),
            self.access.sentinel_password.as_ref(),
        );
        let mut sentinel = self.reach(self.tcp(seed), sentinel).await?;
        let found: Option<(String, u16)> = redis::cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(master)
            .query_async(&mut sentinel)
            .await?;
        let Some((host, port)) = found else {
            let detail = format!("the sentinel at {seed} knows no master {master}");
            return Err(RedisError::from((
                ErrorKind::MasterNameNotFoundBySentinel,
                "no such master",
                detail,
            )));
        };
        let at = HostPort { host, port };
        let mut line = self.reach(self.tcp(&at), self.user()).await?;
        let role: RedisResult<Vec<redis::Value>> = redis::cmd("ROLE").query_async(&mut line).await;
        // A user that may not ask is told the truth by the first write.
        let is_replica = role.is_ok_and(|role| match role.first() {
            Some(redis::Value::BulkString(word)) => word == b"slave",
            _ => false,
        });
        if is_replica {
            let detail = format!("{at}, which the sentinel at {seed} calls master, is a replica");
            return Err(RedisError::from((
                ErrorKind::Server(ServerErrorKind::ReadOnly),
                "no master yet",
                detail,
            )));
        }
        Ok(line)
    }

    /// Asks a node for a key of the ledger, and goes where it says.
    async fn through_cluster(&self, seed: &HostPort) -> RedisResult<MultiplexedConnection> {
        let mut at = seed.clone();
        let mut hops = 0;
        loop {
            let mut line = self.reach(self.tcp(&at), self.user()).await?;
            let asked: RedisResult<i64> = redis::cmd("EXISTS").arg(&self.key).query_async(&mut line).await;
            let Err(error) = asked else { return Ok(line) };
            at = match moved_to(&error, &at) {
                Some(next) if hops < HOPS_MAX => next,
                _ => return Err(error),
            };
            hops += 1;
        }
    }

    async fn reach(
        &self,
        at: ConnectionAddr,
        whom: RedisConnectionInfo,
    ) -> RedisResult<MultiplexedConnection> {
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(UNACKNOWLEDGED_MAX);
        let encrypted = matches!(at, ConnectionAddr::TcpTls { .. });
        let info: ConnectionInfo = at.into_connection_info()?;
        let info = info.set_redis_settings(whom).set_tcp_settings(tcp);
        let client = match &self.tls {
            Some(certificates) if encrypted => Client::build_with_tls(info, certificates.clone())?,
            _ => Client::open(info)?,
        };
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limits.connect))
            .set_response_timeout(Some(self.limits.response))
            .set_pipeline_buffer_size(IN_FLIGHT_MAX);
        client.get_multiplexed_async_connection_with_config(&limits).await
    }

    fn tcp(&self, at: &HostPort) -> ConnectionAddr {
        let HostPort { host, port } = at.clone();
        match self.tls {
            None => ConnectionAddr::Tcp(host, port),
            Some(_) => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
        }
    }

    fn user(&self) -> RedisConnectionInfo {
        let mut user = RedisConnectionInfo::default().set_db(i64::from(self.access.address.db()));
        if let Some(name) = self.access.address.user() {
            user = user.set_username(name);
        }
        with_password(user, self.access.password.as_ref())
    }
}

fn with_password(user: RedisConnectionInfo, password: Option<&SecretString>) -> RedisConnectionInfo {
    let user = user.set_lib_name("enlist", env!("CARGO_PKG_VERSION"));
    match password {
        Some(password) => user.set_password(password.expose_secret()),
        None => user,
    }
}

/// The first way that leads there; all are tried at once, since one that is dead may take all the time there is.
async fn first<'a, F>(
    seeds: &'a [HostPort],
    way: impl FnMut(&'a HostPort) -> F,
) -> RedisResult<MultiplexedConnection>
where
    F: Future<Output = RedisResult<MultiplexedConnection>> + Unpin,
{
    select_ok(seeds.iter().map(way)).await.map(|(line, _)| line)
}

/// Where a cluster's node at `from` says the slot is. It leaves the host out when it does not know its own name.
fn moved_to(error: &RedisError, from: &HostPort) -> Option<HostPort> {
    if error.kind() != ErrorKind::Server(ServerErrorKind::Moved) {
        return None;
    }
    let (to, _) = error.redirect_node()?;
    let (host, port) = to.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some(HostPort {
        host: if host.is_empty() { &from.host } else { host }.to_owned(),
        port: port.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_slot_is() {
        let from = HostPort {
            host: "seed".into(),
            port: 1,
        };
        for (text, to) in [
            ("-MOVED 3999 127.0.0.1:6381\r\n", Some("127.0.0.1:6381")),
            ("-MOVED 3999 ::1:6381\r\n", Some("[::1]:6381")),
            ("-MOVED 3999 [::1]:6381\r\n", Some("[::1]:6381")),
            (
                "-MOVED 3999 redis-2.example:6381\r\n",
                Some("redis-2.example:6381"),
            ),
            ("-MOVED 3999 :6381\r\n", Some("seed:6381")),
            ("-MOVED 3999 nowhere\r\n", None),
            ("-ASK 3999 127.0.0.1:6381\r\n", None),
            ("-ERR no\r\n", None),
        ] {
            let error = redis::parse_redis_value(text.as_bytes())
                .unwrap()
                .extract_error()
                .unwrap_err();
            let found = moved_to(&error, &from).map(|at| at.to_string());
            assert_eq!(found.as_deref(), to, "{text}");
        }
    }
}
