//! A redis-server of a test's own: on a free port of the loopback address, with an append-only file, ended with the value.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::wait_for;

/// Ports tried until one is free: between finding one and using it, another program can take it.
const PORTS_TRIED: usize = 20;

/// A running server.
pub(crate) struct RedisServer {
    dir: TempDir,
    port: u16,
    flags: Vec<String>,
    child: Child,
}

impl RedisServer {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server with more flags, such as `--maxmemory 10mb`.
    pub(crate) fn start_with(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        for _ in 0..PORTS_TRIED {
            let port = free_port();
            let mut child = spawn(dir.path(), port, &flags);
            if is_up(&mut child, port) {
                return Self {
                    dir,
                    port,
                    flags,
                    child,
                };
            }
        }
        panic!("no redis-server could be started; is the package redis-server installed? `make tools`");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of the ledger `name` on it.
    pub(crate) fn address(&self, name: &str) -> String {
        format!("redis://127.0.0.1:{}/0?ledger={name}", self.port)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a loss of the process would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port and files.
    pub(crate) fn restart(&mut self) {
        self.child = wait_for("redis-server to start again", || {
            let mut child = spawn(self.dir.path(), self.port, &self.flags);
            is_up(&mut child, self.port).then_some(child)
        });
    }

    /// What `redis-cli` says to these words.
    pub(crate) fn cli(&self, words: &[&str]) -> String {
        cli(self.port, words)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn spawn(dir: &Path, port: u16, flags: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"])
        .arg(dir)
        .args([
            "--appendonly",
            "yes",
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
        ])
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed; `make tools`")
}

/// Waits until it answers as itself; `false` if it ended, as when the port was taken.
fn is_up(child: &mut Child, port: u16) -> bool {
    wait_for("redis-server to answer", || {
        if child.try_wait().unwrap().is_some() {
            return Some(false);
        }
        let pid = format!("process_id:{}", child.id());
        cli(port, &["info", "server"]).contains(&pid).then_some(true)
    })
}

/// What `redis-cli` says to these words, on any thread.
pub(crate) fn cli(port: u16, words: &[&str]) -> String {
    let said = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(words)
        .output()
        .expect("redis-cli is installed; `make tools`");
    String::from_utf8_lossy(&said.stdout).into_owned()
}
