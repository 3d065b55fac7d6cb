//! Several processes with their hands, calls on their way and a provider that counts arrivals, a millisecond at a time.

use std::collections::VecDeque;
use std::time::Duration;

use super::far::{Dice, Dump, Far};
use crate::domain::policy::rate::Window;
use crate::domain::time::Timestamp;
use crate::ledger::redis::budget::ask::{Answer, Ask, CallNo};
use crate::ledger::redis::budget::books::Books;
use crate::ledger::redis::budget::windows_text;

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Luck {
    /// Questions that never arrive, in a thousand.
    pub(super) question_lost: u64,
    /// Questions that arrive after they were given up, in a thousand.
    pub(super) question_late: u64,
    /// Answers that never arrive, in a thousand.
    pub(super) answer_lost: u64,
    /// Workers killed, each followed by a new one, in 100 s of each.
    pub(super) deaths: u64,
    /// Times that a worker stands still for up to 3 s, in 100 s of each.
    pub(super) stalls: u64,
    /// Pauses of up to 1.5 s that the provider asks for, in 100 s of each worker.
    pub(super) pauses: u64,
    /// A question takes up to this to reach Redis, and its answer as long, in ms.
    pub(super) line_max: u64,
    /// A call takes from 1 ms to this to reach the provider.
    pub(super) way_max: u64,
}

impl Default for Luck {
    fn default() -> Self {
        Self {
            question_lost: 0,
            question_late: 0,
            answer_lost: 0,
            deaths: 0,
            stalls: 0,
            pauses: 0,
            line_max: 2,
            way_max: 5,
        }
    }
}

struct Worker {
    name: String,
    books: Books,
    /// Its steady clock less the simulation's time.
    steady_ms: i64,
    stands_until: i64,
    line_ms: i64,
    waiting: usize,
    /// Answers on their way: when they come, whose.
    answers: Vec<(i64, CallNo)>,
    asking: Option<Asking>,
    try_at: i64,
    taken: u64,
}

struct Asking {
    ask: Ask,
    /// By the worker's steady clock.
    asked: Timestamp,
    /// When the script runs.
    there: i64,
    /// When the answer comes, or is given up.
    back: i64,
    back_known: bool,
    answer: Option<Answer>,
}

/// A question is given up after so long, in ms.
const GIVEN_UP: u64 = 1_000;

/// See the module.
pub(super) struct Sim<'a> {
    far: &'a mut Far,
    dice: Dice,
    windows: Vec<Window>,
    luck: Luck,
    hands: usize,
    now: i64,
    /// What is added to Redis' clock.
    pub(super) redis_ms: i64,
    workers: Vec<Worker>,
    /// Questions on their way: when they arrive, whose, what.
    on_the_line: Vec<(i64, String, Ask)>,
    born: u64,
    /// When calls reached the provider.
    pub(super) arrivals: Vec<i64>,
    pub(super) questions: u64,
    pub(super) redis_is_away: bool,
}

impl<'a> Sim<'a> {
    pub(super) fn new(
        far: &'a mut Far,
        seed: u64,
        windows: &[Window],
        workers: usize,
        hands: usize,
        luck: Luck,
    ) -> Self {
        far.empty();
        let mut sim = Self {
            far,
            dice: Dice::new(seed ^ 0x5eed),
            windows: windows.to_vec(),
            luck,
            hands,
            now: 100_000,
            redis_ms: 1_700_000_000_000,
            workers: Vec::new(),
            on_the_line: Vec::new(),
            born: 0,
            arrivals: Vec::new(),
            questions: 0,
            redis_is_away: false,
        };
        for _ in 0..workers {
            let worker = sim.worker();
            sim.workers.push(worker);
        }
        sim
    }

    fn worker(&mut self) -> Worker {
        self.born += 1;
        Worker {
            name: format!("w{}", self.born),
            books: Books::default(),
            steady_ms: i64::try_from(self.dice.between(0, 1_000_000)).unwrap(),
            stands_until: 0,
            line_ms: 0,
            waiting: self.hands,
            answers: Vec::new(),
            asking: None,
            try_at: 0,
            taken: 0,
        }
    }

    pub(super) fn run(&mut self, span_ms: i64) {
        for _ in 0..span_ms {
            self.now += 1;
            self.redis_works();
            let mut workers = std::mem::take(&mut self.workers);
            for worker in &mut workers {
                if self.strikes(self.luck.deaths) {
                    *worker = self.worker();
                }
                if self.strikes(self.luck.stalls) {
                    worker.stands_until = self.now + self.between(1, 3_000);
                }
                if self.now >= worker.stands_until {
                    self.step(worker);
                }
            }
            self.workers = workers;
        }
    }

    fn strikes(&mut self, in_100_s: u64) -> bool {
        self.dice.between(0, 99_999) < in_100_s
    }

    fn between(&mut self, min: u64, max: u64) -> i64 {
        i64::try_from(self.dice.between(min, max)).unwrap()
    }

    /// Carries out the questions that arrive now, whatever has become of whoever asked.
    fn redis_works(&mut self) {
        let now = self.now;
        for (_, worker, ask) in self
            .on_the_line
            .extract_if(.., |(there, ..)| *there <= now)
            .collect::<Vec<_>>()
        {
            if self.redis_is_away {
                continue;
            }
            let us = (now + self.redis_ms) * 1_000 + self.between(0, 999);
            let answer = self.far.ask(us, &worker, &windows_text(&self.windows), &ask);
            self.questions += 1;
            let asked_by = self.workers.iter_mut().find(|asked_by| asked_by.name == worker);
            if let Some(asking) = asked_by.and_then(|asked_by| asked_by.asking.as_mut())
                && asking.there == now
            {
                asking.answer = Some(answer);
            }
        }
    }

    fn step(&mut self, worker: &mut Worker) {
        let steady = Timestamp::from_ms(self.now + worker.steady_ms);
        let now = self.now;
        for (_, call) in worker.answers.extract_if(.., |(at, _)| *at <= now) {
            worker.books.arrived(call, steady);
            worker.waiting += 1;
        }
        if worker.asking.as_ref().is_some_and(|asking| asking.back <= now) {
            let asking = worker.asking.take().unwrap();
            match asking.answer.filter(|_| asking.back_known) {
                Some(answer) => {
                    worker.books.hear(&asking.ask, &answer, asking.asked, steady);
                }
                None => {
                    worker.books.unheard(asking.ask);
                    worker.try_at = now + 20;
                }
            }
        }
        if self.strikes(self.luck.pauses) {
            worker
                .books
                .pause(steady.plus(Duration::from_millis(self.dice.between(1, 1_500))));
        }
        worker.books.keep(worker.waiting);
        while let Some(call) = worker.books.take(steady) {
            let way = self.between(1, self.luck.way_max);
            self.arrivals.push(now + way);
            worker.answers.push((now + way + self.between(0, 3), call));
            worker.waiting -= 1;
            worker.taken += 1;
        }
        let due = worker.books.due(worker.waiting).is_some_and(|due| due <= steady);
        if due && worker.asking.is_none() && worker.try_at <= now {
            let ask = worker.books.question(steady, worker.waiting);
            let mut there = now + 1 + worker.line_ms + self.between(0, self.luck.line_max);
            let mut back = there + worker.line_ms + self.between(0, self.luck.line_max);
            if self.dice.luck(self.luck.question_late) {
                (there, back) = (now + self.between(GIVEN_UP, 3 * GIVEN_UP), i64::MAX);
            } else if self.dice.luck(self.luck.answer_lost) {
                back = i64::MAX;
            }
            if !self.dice.luck(self.luck.question_lost) {
                self.on_the_line.push((there, worker.name.clone(), ask.clone()));
            }
            worker.asking = Some(Asking {
                ask,
                asked: steady,
                there,
                back: back.min(now + i64::try_from(GIVEN_UP).unwrap()),
                back_known: back < i64::MAX,
                answer: None,
            });
        }
    }

    /// Worker `at` is far from Redis: each way takes so much longer.
    pub(super) fn is_remote(&mut self, at: usize, line_ms: i64) {
        self.workers[at].line_ms = line_ms;
    }

    /// Worker `at` has so many hands.
    pub(super) fn has_hands(&mut self, at: usize, hands: usize) {
        self.workers[at].waiting = hands;
    }

    /// Worker `at` is killed, and nobody takes its place.
    pub(super) fn dies(&mut self, at: usize) {
        self.workers.remove(at);
    }

    /// Calls of each worker.
    pub(super) fn taken(&self) -> Vec<u64> {
        self.workers.iter().map(|worker| worker.taken).collect()
    }

    /// What a disk would have of the budget now.
    pub(super) fn dump(&mut self) -> Dump {
        self.far.dump()
    }

    /// Redis ended, and another process, begun so many seconds ago, has what the disk had.
    pub(super) fn restarts(&mut self, dump: &Dump, run: &str, up_s: u64) {
        self.far.restore(dump);
        self.far.is_run(run, up_s);
    }

    /// Worker `at` is stopped for so long.
    pub(super) fn stands_still(&mut self, at: usize, span_ms: i64) {
        self.workers[at].stands_until = self.now + span_ms;
    }

    /// All workers are killed, and others take their places.
    pub(super) fn all_die(&mut self) {
        for at in 0..self.workers.len() {
            self.workers[at] = self.worker();
        }
    }

    /// The provider asks a worker for a pause.
    pub(super) fn pauses(&mut self, at: usize, span: Duration) {
        let worker = &mut self.workers[at];
        worker
            .books
            .pause(Timestamp::from_ms(self.now + worker.steady_ms).plus(span));
    }

    /// Calls in the log.
    pub(super) fn logged(&mut self) -> u64 {
        self.far.logged()
    }

    /// No rolling window saw more than its limit.
    pub(super) fn judge(&mut self, windows: &[Window]) {
        self.arrivals.sort_unstable();
        for window in windows {
            let per = i64::try_from(window.per.as_millis()).unwrap();
            let mut seen: VecDeque<i64> = VecDeque::new();
            for at in &self.arrivals {
                seen.push_back(*at);
                while at - seen[0] >= per {
                    seen.pop_front();
                }
                assert!(
                    seen.len() <= window.calls as usize,
                    "{} calls in {window:?} at {at}, luck {:?}",
                    seen.len(),
                    self.luck
                );
            }
        }
    }
}
