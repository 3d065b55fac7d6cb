//! A Redis for these tests: a real server on a socket in a folder of its own, told what time it is.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use redis::{Connection, Value};
use std::time::Duration;

use tempfile::TempDir;

use crate::ledger::redis::budget::ask::{Answer, Ask};
use crate::world::{RealWorld, World as _};

/// Numbers that look random and are the same in each run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    /// A number from `min` to `max`.
    pub(super) fn between(&mut self, min: u64, max: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        min + (z ^ (z >> 31)) % (max - min + 1)
    }

    /// Whether something happens that does so in `per_mille` of a thousand cases.
    pub(super) fn luck(&mut self, per_mille: u64) -> bool {
        self.between(0, 999) < per_mille
    }
}

/// The server. The script reads its clock and who it is from keys, which the test sets.
pub(super) struct Far {
    child: Child,
    line: Connection,
    script: String,
    _dir: TempDir,
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was there at some time: the log and the books.
pub(super) struct Dump(Vec<Option<Vec<u8>>>);

pub(super) const KEY: &str = "{enlist:t}:limit:0";

impl Far {
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket: PathBuf = dir.path().join("redis");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--dir"])
            .arg(dir.path())
            .arg("--unixsocket")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed; `make tools`");
        let client = redis::Client::open(format!("redis+unix://{}", socket.display())).unwrap();
        let world = RealWorld::default();
        let began = world.steady();
        let line = loop {
            match client.get_connection() {
                Ok(line) => break line,
                Err(error) => assert!(
                    world.steady().since(began) < Duration::from_secs(20),
                    "redis-server does not start: {error}"
                ),
            }
        };
        let source = include_str!("../ask.lua")
            .replace("redis.call('TIME')", "redis.call('HMGET', 'clock', 's', 'us')")
            .replace("redis.call('INFO', 'server')", "redis.call('GET', 'server')")
            .replace(
                "redis.call('INFO', 'replication')",
                "redis.call('GET', 'replication')",
            );
        assert!(!source.contains("'TIME'") && !source.contains("'INFO'"));
        let mut far = Self {
            child,
            line,
            script: String::new(),
            _dir: dir,
        };
        far.script = redis::from_redis_value(far.say(redis::cmd("SCRIPT").arg("LOAD").arg(source))).unwrap();
        far
    }

    fn say(&mut self, cmd: &redis::Cmd) -> Value {
        cmd.query(&mut self.line).unwrap()
    }

    /// An empty server, as if just installed.
    pub(super) fn empty(&mut self) {
        self.say(&redis::cmd("FLUSHALL"));
        self.is_run("a", 1_000_000);
    }

    /// It is this process, started so many seconds ago, and never was a replica.
    pub(super) fn is_run(&mut self, run: &str, up_s: u64) {
        let run = run.repeat(40);
        self.say(
            redis::cmd("SET")
                .arg("server")
                .arg(format!("run_id:{run}\r\nuptime_in_seconds:{up_s}\r\n")),
        );
        let replid2 = "0".repeat(40);
        self.say(
            redis::cmd("SET")
                .arg("replication")
                .arg(format!("role:master\r\nmaster_replid2:{replid2}\r\n")),
        );
    }

    /// The script is asked at `now_us`.
    pub(super) fn ask(&mut self, now_us: i64, worker: &str, windows: &str, ask: &Ask) -> Answer {
        let (s, us) = (now_us.div_euclid(1_000_000), now_us.rem_euclid(1_000_000));
        self.say(redis::cmd("HSET").arg("clock").arg("s").arg(s).arg("us").arg(us));
        let mut cmd = redis::cmd("EVALSHA");
        cmd.arg(&self.script).arg(1).arg(KEY);
        ask.fill(worker, windows, &mut cmd);
        Answer::read(self.say(&cmd)).unwrap()
    }

    /// What a disk would have of the budget now.
    pub(super) fn dump(&mut self) -> Dump {
        let read = |far: &mut Self, name: &str| {
            redis::from_redis_value(far.say(redis::cmd("DUMP").arg(format!("{KEY}:{name}")))).unwrap()
        };
        Dump(vec![read(self, "log"), read(self, "books")])
    }

    /// All that was written since is lost.
    pub(super) fn restore(&mut self, dump: &Dump) {
        for (name, bytes) in ["log", "books"].iter().zip(&dump.0) {
            let key = format!("{KEY}:{name}");
            self.say(redis::cmd("DEL").arg(&key));
            if let Some(bytes) = bytes {
                self.say(redis::cmd("RESTORE").arg(&key).arg(0).arg(bytes.as_slice()));
            }
        }
    }

    /// Calls in the log.
    pub(super) fn logged(&mut self) -> u64 {
        redis::from_redis_value(self.say(redis::cmd("ZCARD").arg(format!("{KEY}:log")))).unwrap()
    }
}
