//! From the kill of a worker until the rows it had in hand move again, as the ledger shows it.
//!
//! Right after a kill all leased tasks are noted with their fences. A task that is seen without a lease and with its
//! fence as it was has been committed by whoever held it, so its holder lives. A task whose fence has grown was claimed
//! by another: it was the dead worker's, and moves again. Between a commit and the next claim of the same task lies a
//! pause of the job (100 ms at least), so that looking every few milliseconds tells the two apart.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::{clock, wait_for};

/// How often the noted tasks are looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Rows that have not moved this long after the last kill never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// Watches in a thread of its own.
pub(crate) struct Motion {
    kills: Sender<Note>,
    eye: Eye,
    watching: JoinHandle<Moved>,
}

/// What was leased when a worker was killed.
struct Note {
    at: Instant,
    leased: Vec<(Vec<u8>, u32)>,
}

/// How long it took.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// For each row of each killed worker, in ascending order.
    pub(crate) times: Vec<Duration>,
    /// Rows that never moved.
    pub(crate) stuck: usize,
}

impl Moved {
    pub(crate) fn longest(&self) -> Duration {
        self.times.last().copied().unwrap_or_default()
    }

    /// The time within which `share` of the rows moved.
    pub(crate) fn within(&self, share: f64) -> Duration {
        let at = (self.times.len() as f64 * share) as usize;
        let at = at.min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or_default()
    }
}

impl Motion {
    pub(crate) fn watch(port: u16, ledger: &str) -> Self {
        let (kills, notes) = channel();
        let mut eye = Eye::new(port, ledger);
        Self {
            kills,
            eye: Eye::new(port, ledger),
            watching: std::thread::spawn(move || watch(&mut eye, &notes)),
        }
    }

    /// A worker was killed.
    pub(crate) fn killed(&mut self, at: Instant) {
        let leased = wait_for("Redis to answer", || self.eye.leased().ok());
        self.kills.send(Note { at, leased }).unwrap();
    }

    /// Waits for what has not moved yet, with patience.
    pub(crate) fn end(self) -> Moved {
        drop(self.kills);
        self.watching.join().unwrap()
    }
}

fn watch(eye: &mut Eye, notes: &Receiver<Note>) -> Moved {
    let mut moved = Moved::default();
    // By task and fence: since which kill it is waited for.
    let mut waiting: BTreeMap<(Vec<u8>, u32), Instant> = BTreeMap::new();
    let mut is_over = false;
    let mut last = clock();
    while !is_over || (!waiting.is_empty() && last.elapsed() < PATIENCE) {
        match notes.recv_timeout(LOOK) {
            Ok(note) => {
                last = note.at;
                for task in note.leased {
                    waiting.entry(task).or_insert(note.at);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_over = true;
                std::thread::sleep(LOOK);
            }
        }
        let ids: Vec<Vec<u8>> = waiting.keys().map(|(id, _)| id.clone()).collect();
        // While Redis is away nothing moves.
        let Ok(heads) = eye.look(&ids) else { continue };
        let now = clock();
        for (id, head) in ids.into_iter().zip(heads) {
            waiting.retain(|(of, fence), since| {
                let is_same = head.fence == *fence;
                if *of != id || (is_same && head.is_leased) {
                    return true;
                }
                if !is_same {
                    moved.times.push(now - *since);
                }
                false
            });
        }
    }
    moved.stuck = waiting.len();
    moved.times.sort();
    moved
}

/// What is at the beginning of a stored task.
struct Head {
    fence: u32,
    is_leased: bool,
}

impl Head {
    fn of(bytes: &[u8]) -> Self {
        Self {
            fence: u32::from_be_bytes(bytes[..4].try_into().unwrap()),
            is_leased: bytes[4..10] != [0; 6],
        }
    }
}

/// Reads tasks where they lie. Connects anew after trouble.
struct Eye {
    client: redis::Client,
    prefix: String,
    line: Option<redis::Connection>,
}

impl Eye {
    fn new(port: u16, ledger: &str) -> Self {
        Self {
            client: redis::Client::open(format!("redis://127.0.0.1:{port}/0")).unwrap(),
            prefix: format!("{{enlist:{ledger}}}:"),
            line: None,
        }
    }

    /// Ids and fences of the leased tasks of the first batch.
    fn leased(&mut self) -> redis::RedisResult<Vec<(Vec<u8>, u32)>> {
        let all: Vec<(Vec<u8>, Vec<u8>)> =
            self.ask(redis::cmd("HGETALL").arg(format!("{}t:1", self.prefix)))?;
        let heads = all.into_iter().map(|(id, task)| (id, Head::of(&task)));
        Ok(heads
            .filter(|(_, head)| head.is_leased)
            .map(|(id, head)| (id, head.fence))
            .collect())
    }

    fn look(&mut self, ids: &[Vec<u8>]) -> redis::RedisResult<Vec<Head>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let tasks: Vec<Vec<u8>> =
            self.ask(redis::cmd("HMGET").arg(format!("{}t:1", self.prefix)).arg(ids))?;
        Ok(tasks.iter().map(|task| Head::of(task)).collect())
    }

    fn ask<T: redis::FromRedisValue>(&mut self, cmd: &redis::Cmd) -> redis::RedisResult<T> {
        let line = match &mut self.line {
            Some(line) => line,
            none => none.insert(self.client.get_connection_with_timeout(Duration::from_secs(1))?),
        };
        cmd.query(line).inspect_err(|_| self.line = None)
    }
}
