//! From the kill of a worker until the rows it had in hand move again, as the ledger shows it.
//!
//! Right after a kill all leased tasks are noted, with their fences and the ends of their leases. What is seen first of
//! each tells whose it was: a lease that is prolonged, or ended by a commit, has a holder who lives. A task whose fence has
//! grown was claimed by another: it was the dead worker's, and moves again. Between a commit and the next claim of the
//! same task lies a pause of the job (100 ms at least), so that looking every few milliseconds tells them apart.

use std::collections::HashSet;
use std::fmt::Display;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::{clock, wait_for};

/// How often the noted tasks are looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The classes of tasks in somebody's hands, in the names of their due sets.
const HELD: [u8; 2] = [2, 3];

/// What a dead worker had said before its end can reach the ledger this much later.
const LAST_WORDS: Duration = Duration::from_millis(50);

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
    leased: Vec<Leased>,
}

/// A leased task.
struct Leased {
    id: Vec<u8>,
    fence: u32,
    until: i64,
}

/// A task as it is now.
struct Seen {
    fence: u32,
    /// The end of the lease, milliseconds, if there is one.
    until: Option<i64>,
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
        let as_many = |index: &usize| *index as f64 >= self.times.len() as f64 * share;
        let at = (0..self.times.len()).find(as_many);
        at.map_or_else(
            || self.longest(),
            |at| self.times.get(at).copied().unwrap_or_default(),
        )
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
    // Since which kill each is waited for.
    let mut waiting: Vec<(Instant, Leased)> = Vec::new();
    let mut is_over = false;
    let mut last = clock();
    while !is_over || (!waiting.is_empty() && last.elapsed() < PATIENCE) {
        match notes.recv_timeout(LOOK) {
            Ok(note) => {
                last = note.at;
                let known: HashSet<Vec<u8>> = waiting.iter().map(|(_, task)| task.id.clone()).collect();
                let new = note.leased.into_iter().filter(|task| !known.contains(&task.id));
                waiting.extend(new.map(|task| (note.at, task)));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_over = true;
                std::thread::sleep(LOOK);
            }
        }
        let ids: Vec<&[u8]> = waiting.iter().map(|(_, task)| &*task.id).collect();
        // While Redis is away nothing moves.
        let Ok(found) = eye.look(&ids) else { continue };
        let now = clock();
        let mut found = found.into_iter();
        waiting.retain_mut(|(since, task)| {
            let seen = found.next().unwrap();
            match seen.until {
                _ if seen.fence != task.fence => {
                    moved.times.push(now - *since);
                    false
                }
                Some(until) if until != task.until => {
                    task.until = until;
                    now - *since < LAST_WORDS
                }
                still => still.is_some(),
            }
        });
    }
    moved.stuck = waiting.len();
    moved.times.sort();
    moved
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

    /// The leased tasks of the first batch.
    fn leased(&mut self) -> redis::RedisResult<Vec<Leased>> {
        let mut held = redis::pipe();
        for class in HELD {
            held.cmd("ZRANGE")
                .arg(self.key(format_args!("d:1:{class}")))
                .arg(0)
                .arg(-1);
        }
        let held: Vec<Vec<Vec<u8>>> = self.ask(&held)?;
        let ids: Vec<Vec<u8>> = held.into_iter().flatten().collect();
        let seen = self.look(&ids.iter().map(|id| &**id).collect::<Vec<_>>())?;
        let leased = ids
            .into_iter()
            .zip(seen)
            .filter_map(|(id, Seen { fence, until })| {
                Some(Leased {
                    id,
                    fence,
                    until: until?,
                })
            });
        Ok(leased.collect())
    }

    /// These tasks as they are now.
    fn look(&mut self, ids: &[&[u8]]) -> redis::RedisResult<Vec<Seen>> {
        type Scores = Vec<Option<f64>>;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut look = redis::pipe();
        // All at once, so that what is read belongs together.
        look.atomic().cmd("HMGET").arg(self.key("t:1")).arg(ids);
        for class in HELD {
            look.cmd("ZMSCORE")
                .arg(self.key(format_args!("d:1:{class}")))
                .arg(ids);
        }
        let (tasks, submits, reads): (Vec<Vec<u8>>, Scores, Scores) = self.ask(&look)?;
        let ends = submits.into_iter().zip(reads);
        let seen = tasks.into_iter().zip(ends).map(|(task, (submit, read))| Seen {
            fence: u32::from_be_bytes(task[..4].try_into().unwrap()),
            until: submit.or(read).map(|until| until as i64),
        });
        Ok(seen.collect())
    }

    fn key(&self, rest: impl Display) -> String {
        format!("{}{rest}", self.prefix)
    }

    fn ask<T: redis::FromRedisValue>(&mut self, ask: &redis::Pipeline) -> redis::RedisResult<T> {
        let line = match &mut self.line {
            Some(line) => line,
            none => none.insert(self.client.get_connection_with_timeout(Duration::from_secs(1))?),
        };
        ask.query(line).inspect_err(|_| self.line = None)
    }
}
