//! A master and its replica, watched by sentinels.

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::{RedisServer, cli, free_port, wait_for};

pub(crate) struct Sentinels {
    master: RedisServer,
    replica: RedisServer,
    sentinels: Vec<(TempDir, u16, Child)>,
}

impl Sentinels {
    /// With this many sentinels, any one of which may decide. A replica needs half a second and more to take over.
    pub(crate) fn start(sentinels: usize) -> Self {
        let master = RedisServer::start();
        let replica = RedisServer::start_with(&["--replicaof", &format!("127.0.0.1 {}", master.port())]);
        wait_for("the replica to follow", || {
            replica
                .cli(&["info", "replication"])
                .contains("master_link_status:up")
                .then_some(())
        });
        let sentinels: Vec<_> = (0..sentinels).map(|_| sentinel(master.port())).collect();
        for (_, port, _) in &sentinels {
            wait_for("the sentinel to see the replica", || {
                let said = cli(*port, &["sentinel", "replicas", "mymaster"]);
                said.contains(&replica.port().to_string()).then_some(())
            });
        }
        Self {
            master,
            replica,
            sentinels,
        }
    }

    /// The address of the ledger `name`, by all sentinels.
    pub(crate) fn address(&self, name: &str) -> String {
        let seeds: Vec<String> = self
            .sentinels
            .iter()
            .map(|(_, port, _)| format!("127.0.0.1:{port}"))
            .collect();
        format!("redis+sentinel://{}/mymaster/0?ledger={name}", seeds.join(","))
    }

    /// Adds a sentinel that takes the replica for the master, as one would that was cut off. The address by it alone.
    pub(crate) fn add_mistaken(&mut self, name: &str) -> String {
        let added = sentinel(self.replica.port());
        let address = format!("redis+sentinel://127.0.0.1:{}/mymaster/0?ledger={name}", added.1);
        self.sentinels.push(added);
        address
    }

    /// Asks for a password from now on.
    pub(crate) fn ask_for(&self, password: &str) {
        for (_, port, _) in &self.sentinels {
            cli(*port, &["config", "set", "requirepass", password]);
            cli(
                *port,
                &["acl", "setuser", "default", "resetpass", &format!(">{password}")],
            );
        }
    }

    pub(crate) fn master(&mut self) -> &mut RedisServer {
        &mut self.master
    }

    pub(crate) fn replica(&self) -> &RedisServer {
        &self.replica
    }
}

impl Drop for Sentinels {
    fn drop(&mut self) {
        for (_, _, child) in &mut self.sentinels {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn sentinel(master: u16) -> (TempDir, u16, Child) {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..20 {
        let port = free_port();
        let config = dir.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor mymaster 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 2000\n",
            dir.path().display()
        );
        fs::write(&config, text).unwrap();
        let mut child = Command::new(super::program())
            .arg(&config)
            .arg("--sentinel")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = format!("process_id:{}", child.id());
        let is_up = wait_for("the sentinel to answer", || {
            if child.try_wait().unwrap().is_some() {
                return Some(false);
            }
            cli(port, &["info", "server"]).contains(&pid).then_some(true)
        });
        if is_up {
            return (dir, port, child);
        }
    }
    panic!("no sentinel could be started");
}
