//! Redis servers of a test's own: on free ports of the loopback address, with an append-only file, ended with the value.
//! The unit tests of the line to Redis use this file too.

#[path = "redis_server/cluster.rs"]
pub(crate) mod cluster;
#[path = "redis_server/proxy.rs"]
pub(crate) mod proxy;
#[path = "redis_server/sentinel.rs"]
pub(crate) mod sentinel;
#[path = "redis_server/tls.rs"]
pub(crate) mod tls;

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// How often a condition is looked at, and how often at most: 60 s.
const LOOK: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 12_000;

/// The socket's name in the server's folder.
const SOCKET: &str = "redis.sock";

/// Ports tried until one is free: between finding one and using it, another program can take it.
const PORTS_TRIED: usize = 20;

/// Where the append-only file lies, in its pieces (Redis from 7 on).
const FILES: &str = "appendonlydir";

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

    /// The address of the ledger `name` on it, by its socket.
    pub(crate) fn socket_address(&self, name: &str) -> String {
        format!("redis+unix://{}/{SOCKET}?ledger={name}", self.dir().display())
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

    /// How long its files are, in bytes.
    pub(crate) fn file_len(&self) -> u64 {
        let files = fs::read_dir(self.dir.path().join(FILES)).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    }

    /// A copy of its files as they are now.
    pub(crate) fn files(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_files(&self.dir.path().join(FILES), copy.path());
        copy
    }

    /// Ends it at once, and starts it again with these files: what was written since is lost.
    pub(crate) fn set_back(&mut self, files: &TempDir) {
        self.kill();
        let dir = self.dir.path().join(FILES);
        fs::remove_dir_all(&dir).unwrap();
        fs::create_dir(&dir).unwrap();
        copy_files(files.path(), &dir);
        self.restart();
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

fn copy_files(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Waits until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK);
    }
    panic!("waited long for {what}");
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// The server that is tested: `redis-server`, or what `ENLIST_REDIS_SERVER` names (an older Redis, a Valkey).
fn program() -> OsString {
    std::env::var_os("ENLIST_REDIS_SERVER").unwrap_or_else(|| "redis-server".into())
}

fn spawn(dir: &Path, port: u16, flags: &[String]) -> Child {
    Command::new(program())
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"])
        .arg(dir)
        .arg("--unixsocket")
        .arg(dir.join(SOCKET))
        .args([
            "--appendonly",
            "yes",
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
            "--repl-diskless-sync-delay",
            "0",
        ])
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed; `make tools`")
}

/// Waits until it answers as itself and has read its files; `false` if it ended, as when the port was taken.
fn is_up(child: &mut Child, port: u16) -> bool {
    wait_for("redis-server to answer", || {
        if child.try_wait().unwrap().is_some() {
            return Some(false);
        }
        let pid = format!("process_id:{}", child.id());
        let told = cli(port, &["info"]);
        let has = |wanted: &str| told.lines().any(|line| line.trim_end() == wanted);
        (has(&pid) && has("loading:0")).then_some(true)
    })
}

/// What `redis-cli` says to these words at this port.
pub(crate) fn cli(port: u16, words: &[&str]) -> String {
    let said = Command::new("redis-cli")
        .args(["-p", &port.to_string()])
        .args(words)
        .output()
        .expect("redis-cli is installed; `make tools`");
    String::from_utf8_lossy(&said.stdout).into_owned()
}
