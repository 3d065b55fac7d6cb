//! Workers as processes: started, killed, replaced, and what they cost.

use std::fs;
use std::time::Duration;

use crate::support::{Ended, Rig, Running};

/// Ticks a second in `/proc/PID/stat`, the same on every Linux that people run.
const TICKS: u64 = 100;

/// Running workers, each in its place.
pub(crate) struct Fleet<'a> {
    rig: &'a Rig,
    ledger: String,
    in_flight: String,
    workers: Vec<Option<Running>>,
    retired: Retired,
}

/// What became of all workers.
#[derive(Debug, Default)]
pub(crate) struct Retired {
    pub(crate) kills: usize,
    pub(crate) cpu: Duration,
    /// Rows whose leases ran out while their holders lived.
    pub(crate) overtaken: usize,
    /// What those said that ended by themselves.
    pub(crate) fallen: Vec<String>,
}

impl<'a> Fleet<'a> {
    pub(crate) fn start(rig: &'a Rig, ledger: &str, workers: usize, in_flight: usize) -> Self {
        let mut fleet = Self {
            rig,
            ledger: ledger.to_owned(),
            in_flight: in_flight.to_string(),
            workers: (0..workers).map(|_| None).collect(),
            retired: Retired::default(),
        };
        (0..workers).for_each(|place| fleet.replace(place));
        fleet
    }

    /// Puts a new worker into a place.
    pub(crate) fn replace(&mut self, place: usize) {
        let args = ["worker", "--ledger", &self.ledger, "--in-flight", &self.in_flight];
        self.workers[place] = Some(self.rig.enlist(args).start());
    }

    /// Kills the worker in a place, and leaves the place empty.
    pub(crate) fn kill(&mut self, place: usize) {
        let worker = self.workers[place].take().unwrap();
        self.retired.cpu += cpu(worker.pid());
        let ended = worker.kill();
        self.retired.overtaken += overtaken(&ended);
        if ended.signal == Some(9) {
            self.retired.kills += 1;
            assert!(!ended.err.contains("panicked"), "{}", ended.err);
        } else {
            self.retired.fell(&ended);
        }
    }

    /// Replaces those that ended by themselves.
    pub(crate) fn tend(&mut self) {
        for place in 0..self.workers.len() {
            let worker = self.workers[place].as_mut();
            if worker.is_some_and(Running::is_over) {
                let ended = self.workers[place].take().unwrap().end();
                self.retired.fell(&ended);
                self.replace(place);
            }
        }
    }

    /// Asks all to end, and waits.
    pub(crate) fn stop(mut self) -> Retired {
        let workers: Vec<Running> = self.workers.drain(..).flatten().collect();
        for worker in &workers {
            self.retired.cpu += cpu(worker.pid());
            worker.signal("TERM");
        }
        for worker in workers {
            let ended = worker.end();
            self.retired.overtaken += overtaken(&ended);
            if ended.code != Some(143) || ended.err.contains("panicked") {
                self.retired.fell(&ended);
            }
        }
        self.retired
    }
}

impl Retired {
    fn fell(&mut self, ended: &Ended) {
        self.fallen
            .push(format!("{:?} {:?}: {}", ended.code, ended.signal, ended.err));
    }
}

/// How often a worker said that a row was no longer its own.
fn overtaken(ended: &Ended) -> usize {
    ended.err.matches("a lease had run out").count()
}

/// Processor time a process has used so far, with all its threads; zero where there is no `/proc`.
pub(crate) fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may hold anything.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    Duration::from_millis((ticks(11) + ticks(12)) * 1_000 / TICKS)
}
