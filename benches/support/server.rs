//! A redis-server for the length of a measurement.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// Ends with the value.
pub(crate) struct Server {
    _dir: TempDir,
    port: u16,
    child: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(dir.path())
            .args(["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self {
            _dir: dir,
            port,
            child,
        };
        for _ in 0..200 {
            if server.ask(&["PING"]) == Some("PONG".to_owned()) {
                return server;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not answer");
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/0?ledger=bench", self.port)
    }

    fn ask(&self, words: &[&str]) -> Option<String> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/0", self.port)).ok()?;
        let mut connection = client.get_connection().ok()?;
        redis::cmd(words[0]).arg(&words[1..]).query(&mut connection).ok()
    }

    fn info(&self, section: &str, field: &str) -> String {
        let info = self.ask(&["INFO", section]).unwrap_or_default();
        let line = info.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    pub(crate) fn about(&self) -> String {
        format!(
            "redis-server {}, append-only file, everysec",
            self.info("server", "redis_version")
        )
    }

    /// Drops all there is; the bytes in use then.
    pub(crate) fn empty(&self) -> u64 {
        self.ask(&["FLUSHALL", "SYNC"]).unwrap();
        self.memory()
    }

    /// Bytes in use.
    pub(crate) fn memory(&self) -> u64 {
        self.info("memory", "used_memory").parse().unwrap()
    }

    /// Processor time it has used, in milliseconds.
    pub(crate) fn cpu_ms(&self) -> f64 {
        let of = |field| self.info("cpu", field).parse::<f64>().unwrap_or(0.0);
        (of("used_cpu_user") + of("used_cpu_sys")) * 1_000.0
    }

    /// Bytes of the pressed blocks of a batch, from a sample of them.
    pub(crate) fn bytes_in_blocks(&self, batch: u64) -> u64 {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/0", self.port)).unwrap();
        let mut connection = client.get_connection().unwrap();
        let key = format!("{{enlist:bench}}:r:{batch}");
        let blocks: u64 = redis::cmd("HLEN").arg(&key).query(&mut connection).unwrap();
        let step = (blocks / 200).max(1);
        let (mut bytes, mut seen) = (0, 0);
        for block in (0..blocks).step_by(step as usize) {
            let len: u64 = redis::cmd("HSTRLEN")
                .arg(&key)
                .arg(block)
                .query(&mut connection)
                .unwrap();
            bytes += len;
            seen += 1;
        }
        bytes * blocks / seen
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
