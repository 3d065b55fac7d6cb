//! Any sequence of operations against a model of a ledger that fits in a head: maps, and the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use enlist::domain::answer::{AccountSeen, Answer, Answered, InactiveReason, Meaning, RowError, Silence};
use enlist::domain::attempt::CallKind;
use enlist::domain::batch::{Counts, PauseReason, Tally};
use enlist::domain::ids::{AccountId, BatchId, StatusCode};
use enlist::domain::machine::{
    Event, IdempotencyContract, Order, Rules, Step, abandoned, apply, order, plan,
};
use enlist::domain::policy::poll::PollPolicy;
use enlist::domain::policy::retry::RetryPolicy;
use enlist::domain::task::{Action, Task};
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{Claim, ClaimAsk, Commit, Kept, Ledger, Which, payload_digest};
use enlist::ledger::redis::RedisLedger;
use enlist::ledger::sqlite::SqliteLedger;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::redis_server::RedisServer;

use super::fixture::{LEASE, ask, at, attempt, batch, key, pause, row_with, scope, weigh};
use super::sealed::sealed;

const BATCHES: [&str; 3] = ["one", "two", "three"];

#[derive(Clone, Debug)]
enum Op {
    /// Rows with these keys and payloads, at the end of the batch or again from the start.
    Feed(usize, Vec<(u8, u8)>, bool),
    Claim(usize, Option<usize>),
    /// The claim in hand at this place, stale or not, and what came back.
    Commit(usize, u8),
    Extend(usize),
    Order(usize, u8),
    Pause(usize, Option<i64>),
    Resume(usize),
    Cancel(usize),
    Weigh(usize, u32),
    Wait(i64),
}

fn any_op() -> impl Strategy<Value = Op> {
    let batch = 0..BATCHES.len();
    let rows = prop::collection::vec((0_u8..8, 0_u8..3), 1..6);
    prop_oneof![
        4 => (batch.clone(), rows, any::<bool>()).prop_map(|(b, rows, again)| Op::Feed(b, rows, again)),
        6 => (0_usize..6, prop::option::weighted(0.2, batch.clone())).prop_map(|(max, only)| Op::Claim(max, only)),
        8 => (any::<usize>(), 0_u8..9).prop_map(|(which, how)| Op::Commit(which, how)),
        1 => any::<usize>().prop_map(Op::Extend),
        2 => (batch.clone(), 0_u8..3).prop_map(|(b, order)| Op::Order(b, order)),
        1 => (batch.clone(), prop::option::of(0_i64..60_000)).prop_map(|(b, until)| Op::Pause(b, until)),
        2 => batch.clone().prop_map(Op::Resume),
        1 => batch.clone().prop_map(Op::Cancel),
        1 => (batch, 1_u32..=100).prop_map(|(b, weight)| Op::Weigh(b, weight)),
        5 => (1_i64..50_000).prop_map(Op::Wait),
    ]
}

struct Known {
    task: Task,
    owner: usize,
    /// Since when, until when, and which lease.
    held: Option<(Timestamp, Timestamp, i64)>,
    calls: usize,
}

#[derive(Default)]
struct Model {
    tasks: BTreeMap<u8, Known>,
    rows: [Vec<u8>; BATCHES.len()],
    /// What is not a tally.
    spent: [Counts; BATCHES.len()],
    paused_until: [Option<Timestamp>; BATCHES.len()],
    cancelled: [bool; BATCHES.len()],
    in_hand: Vec<(u8, Claim)>,
    ms: i64,
}

impl Model {
    fn now(&self) -> Timestamp {
        at(self.ms)
    }

    /// Notes what `key` became, with what that adds to the counts of its owner.
    fn put(&mut self, key: u8, owner: usize, task: Task) {
        let resends = |task: &Task| u64::from(task.tries.sends.saturating_sub(1));
        let known = self.tasks.get_mut(&key).unwrap();
        let spent = &mut self.spent[owner];
        spent.resends = spent.resends + resends(&task) - resends(&known.task);
        let tally = Tally::of(&task.state);
        if matches!(tally, Tally::Active | Tally::Inactive) && !known.task.state.is_settled() {
            spent.settle_n += 1;
            let span = task.settled_at.unwrap().since(task.created_at.unwrap());
            spent.settle_ms_sum += u64::try_from(span.as_millis()).unwrap();
        }
        known.owner = owner;
        known.task = task;
    }

    fn cancel_if(&self, owner: usize, task: Task) -> Task {
        match self.cancelled[owner] {
            true => order(&task, &Order::Cancel, self.now()),
            false => task,
        }
    }

    fn feed(&mut self, owner: usize, key: u8, payload: u8) {
        let digest = payload_digest(&payload_of(key, payload));
        let now = self.now();
        self.rows[owner].push(key);
        let Some(known) = self.tasks.get_mut(&key) else {
            let task = self.cancel_if(owner, Task::new(Action::Create, digest, now));
            let known = Known {
                task,
                owner,
                held: None,
                calls: 0,
            };
            self.tasks.insert(key, known);
            return;
        };
        let fed = order(&known.task, &Order::Fed(digest), now);
        match known.held {
            Some(_) if fed == known.task => known.owner = owner,
            held => {
                known.held = None;
                let task = match held {
                    Some((since, ..)) => order(&abandoned(&known.task, since, now), &Order::Fed(digest), now),
                    None => fed,
                };
                let task = self.cancel_if(owner, task);
                self.put(key, owner, task);
            }
        }
    }

    fn order(&mut self, owner: usize, given: Option<Order>) -> u64 {
        let now = self.now();
        self.cancelled[owner] &= given == Some(Order::Cancel);
        let mut changed = 0;
        let mine: Vec<u8> = self.owned(owner).collect();
        for key in mine {
            let known = self.tasks.get_mut(&key).unwrap();
            let free = match known.held {
                Some((_, until, _)) if until > now => continue,
                Some((since, ..)) => abandoned(&known.task, since, now),
                None => known.task.clone(),
            };
            known.held = None;
            let given = given.unwrap_or(Order::Fed(known.task.payload));
            let task = order(&free, &given, now);
            changed += u64::from(task.state != known.task.state);
            self.put(key, owner, task);
        }
        changed
    }

    fn owned(&self, owner: usize) -> impl Iterator<Item = u8> {
        self.tasks
            .iter()
            .filter(move |(_, known)| known.owner == owner)
            .map(|(key, _)| *key)
    }

    /// When the open task can be claimed, if ever.
    fn due(&self, key: u8, only: Option<usize>) -> Option<Timestamp> {
        let known = &self.tasks[&key];
        let due = known.held.map_or(known.task.due()?, |(_, until, _)| until);
        if only.is_some_and(|only| only != known.owner) {
            return None;
        }
        match self.paused_until[known.owner] {
            Some(until) if until == FOR_EVER => None,
            Some(until) if until > self.now() => Some(due.max(until)),
            _ => Some(due),
        }
    }

    fn all_due(&self, only: Option<usize>) -> BTreeSet<u8> {
        let is_due = |key: &u8| self.due(*key, only).is_some_and(|due| due <= self.now());
        self.tasks.keys().copied().filter(is_due).collect()
    }

    /// Due tasks of cancelled batches are settled by whoever comes by, paused or not.
    fn sweep(&mut self, only: Option<usize>) {
        let now = self.now();
        for owner in 0..BATCHES.len() {
            if !self.cancelled[owner] || only.is_some_and(|only| only != owner) {
                continue;
            }
            let mine: Vec<u8> = self.owned(owner).collect();
            for key in mine {
                let known = self.tasks.get_mut(&key).unwrap();
                let due = known.held.map(|(_, until, _)| until).or(known.task.due());
                if due.is_none_or(|due| due > now) {
                    continue;
                }
                let free = match known.held.take() {
                    Some((since, ..)) => abandoned(&known.task, since, now),
                    None => known.task.clone(),
                };
                let task = order(&free, &Order::Cancel, now);
                self.put(key, owner, task);
            }
        }
    }

    fn counts(&self, owner: usize) -> Counts {
        let mut counts = self.spent[owner].clone();
        for key in self.owned(owner) {
            counts.tasks[Tally::of(&self.tasks[&key].task.state) as usize] += 1;
        }
        counts
    }
}

const FOR_EVER: Timestamp = Timestamp::from_ms(i64::MAX);

fn payload_of(key: u8, payload: u8) -> String {
    format!("k{key} with {payload}")
}

fn rules() -> Rules {
    Rules {
        contract: IdempotencyContract::Replay {
            trusted_for: Duration::from_secs(9 * 86_400),
        },
        retry: RetryPolicy::default(),
        poll: PollPolicy::default(),
    }
}

/// What the engine would commit for a claim, had `how` come back.
fn advanced(claim: &Claim, how: u8, now: Timestamp) -> Task {
    let rules = rules();
    let learn = |task: &Task, event: Event| apply(task, &event, &rules, now, 7).task;
    let mut task = claim.task.clone();
    if let Some(claimed_at) = claim.abandoned {
        task = learn(&task, Event::Abandoned { claimed_at });
    }
    let account = |meaning| {
        Answer::Answered(Answered::Account(AccountSeen {
            account: AccountId::new("P1"),
            status: StatusCode::new("1002"),
            meaning,
            kept: Vec::new(),
        }))
    };
    let answer = match how {
        0 => return task,
        1 => account(Meaning::Active),
        2 => account(Meaning::Inactive(InactiveReason::Blocked)),
        3 => account(Meaning::Pending),
        4 => Answer::Answered(Answered::Rejected(vec![RowError::new("1117", "no")])),
        5 => Answer::Silent(Silence::TimedOut),
        6 => Answer::Answered(Answered::Ambiguous(RowError::new("1124", "failed"))),
        7 => Answer::Answered(Answered::NotFound),
        _ => Answer::NotSent("refused".into()),
    };
    match plan(&task, &rules, now) {
        Step::Submit => learn(&learn(&task, Event::Sent), Event::Answer(answer)),
        Step::LookUp { .. } | Step::Poll => learn(&task, Event::Answer(answer)),
        Step::Learn(event) => learn(&task, event),
        Step::Wait(_) | Step::Nothing => task,
    }
}

struct Run {
    ledger: Arc<dyn Ledger>,
    ids: Vec<BatchId>,
    model: Model,
}

impl Run {
    async fn new(ledger: Arc<dyn Ledger>) -> Self {
        let mut ids = Vec::new();
        for name in BATCHES {
            ids.push(ledger.open_batch(&batch(name)).await.unwrap().id);
        }
        Self {
            ledger,
            ids,
            model: Model::default(),
        }
    }

    async fn step(&mut self, op: Op) {
        let now = self.model.now();
        match op {
            Op::Wait(ms) => self.model.ms += ms,
            Op::Feed(owner, rows, again) => self.feed(owner, &rows, again).await,
            Op::Claim(max, only) => self.claim(max, only).await,
            Op::Commit(which, how) => self.commit(which, how).await,
            Op::Extend(which) => self.extend(which).await,
            Op::Order(owner, which) => {
                let (sent, given) = match which {
                    0 => (Order::Retry, Some(Order::Retry)),
                    1 => (Order::Cancel, Some(Order::Cancel)),
                    _ => (Order::Fed(payload_digest("any")), None),
                };
                let changed = self
                    .ledger
                    .apply_to_batch(&self.ids[owner], &sent, now)
                    .await
                    .unwrap();
                assert_eq!(changed, self.model.order(owner, given));
            }
            Op::Pause(owner, wait) => {
                let until = wait.map(|wait| self.model.ms + wait);
                let paused = pause(PauseReason::Operator, self.model.ms, until);
                let which = Which::Batch(self.ids[owner].clone());
                let changed = self.ledger.set_pause(&which, Some(&paused)).await.unwrap();
                let old = &mut self.model.paused_until[owner];
                let stands = old.is_some_and(|until| until > now);
                assert_eq!(changed.is_empty(), stands);
                if !stands {
                    *old = Some(until.map_or(FOR_EVER, at));
                }
            }
            Op::Resume(owner) => {
                let which = Which::Batch(self.ids[owner].clone());
                let changed = self.ledger.set_pause(&which, None).await.unwrap();
                assert_eq!(
                    changed.len(),
                    usize::from(self.model.paused_until[owner].take().is_some())
                );
            }
            Op::Weigh(owner, weight) => weigh(&*self.ledger, &self.ids[owner], weight).await,
            Op::Cancel(owner) => {
                self.ledger.cancel(&self.ids[owner]).await.unwrap();
                self.model.cancelled[owner] = true;
            }
        }
        self.check().await;
    }

    async fn feed(&mut self, owner: usize, rows: &[(u8, u8)], again: bool) {
        let there = self.model.rows[owner].len() as u64;
        let from = if again { there / 2 } else { there };
        let rows: Vec<_> = (from..)
            .zip(rows)
            .map(|(seq, (k, p))| (seq, *k, *p, row_with(seq, &format!("k{k}"), &payload_of(*k, *p))))
            .collect();
        let sent: Vec<_> = rows.iter().map(|(.., row)| row.clone()).collect();
        let appended = self
            .ledger
            .append(&self.ids[owner], &sent, self.model.now())
            .await
            .unwrap();
        let mut new = 0;
        for (_, key, payload, _) in rows.iter().filter(|(seq, ..)| *seq >= there) {
            self.model.feed(owner, *key, *payload);
            new += 1;
        }
        let told = appended.new + appended.resumed + appended.unchanged + appended.changed;
        assert_eq!(told, new);
    }

    async fn claim(&mut self, max: usize, only: Option<usize>) {
        let ask = ClaimAsk {
            only: only.map(|only| self.ids[only].clone()),
            ..ask(max, self.model.now())
        };
        let claimed = self.ledger.claim(&ask).await.unwrap();
        self.model.sweep(only);
        let due = self.model.all_due(only);
        assert_eq!(claimed.claims.len(), max.min(due.len()), "{due:?}");
        let mut seen = BTreeSet::new();
        for claim in claimed.claims {
            let no: u8 = claim.key.as_str().trim_start_matches('k').parse().unwrap();
            assert!(
                due.contains(&no) && seen.insert(no),
                "{no} was not due, or lent twice"
            );
            let now = self.model.now();
            let known = self.model.tasks.get_mut(&no).unwrap();
            assert_eq!(claim.task, known.task);
            assert_eq!(claim.batch, self.ids[known.owner]);
            assert_eq!(claim.abandoned, known.held.map(|(since, ..)| since));
            let digest = claim.payload.as_deref().map(payload_digest);
            assert_eq!(digest, known.task.account.is_none().then_some(known.task.payload));
            let since = claim.abandoned.unwrap_or(now);
            known.held = Some((since, now.plus(LEASE), claim.lease.fence));
            self.model.in_hand.push((no, claim));
        }
        let next = self
            .model
            .tasks
            .keys()
            .filter_map(|key| self.model.due(*key, only))
            .min();
        assert_eq!(claimed.next_due, next);
    }

    async fn commit(&mut self, which: usize, how: u8) {
        if self.model.in_hand.is_empty() {
            return;
        }
        let which = which % self.model.in_hand.len();
        // Now and then twice, as after an error whose cause is unknown.
        let (no, claim) = match how {
            0 => self.model.in_hand[which].clone(),
            _ => self.model.in_hand.swap_remove(which),
        };
        let now = self.model.now();
        let commit = Commit {
            lease: claim.lease,
            task: advanced(&claim, how, now),
            attempts: match how {
                0 => Vec::new(),
                _ => vec![attempt(CallKind::Submit, self.model.ms, Some(429))],
            },
        };
        let kept = self
            .ledger
            .commit(std::slice::from_ref(&commit), now)
            .await
            .unwrap();
        let known = self.model.tasks.get_mut(&no).unwrap();
        known.calls += commit.attempts.len();
        let owner = known.owner;
        let spent = &mut self.model.spent[owner];
        spent.calls[0] += commit.attempts.len() as u64;
        spent.throttled += commit.attempts.len() as u64;
        let wanted = match known.held {
            Some((_, _, fence)) if fence == claim.lease.fence => {
                known.held = None;
                let task = self.model.cancel_if(owner, commit.task);
                self.model.put(no, owner, task);
                Kept::Yes
            }
            _ => Kept::Fenced,
        };
        assert_eq!(kept, [wanted]);
    }

    async fn extend(&mut self, which: usize) {
        if self.model.in_hand.is_empty() {
            return;
        }
        let (no, claim) = &self.model.in_hand[which % self.model.in_hand.len()];
        let longer = self.model.now().plus(LEASE);
        self.ledger.extend(&[claim.lease], longer).await.unwrap();
        if let Some((_, until, fence)) = &mut self.model.tasks.get_mut(no).unwrap().held
            && *fence == claim.lease.fence
        {
            *until = (*until).max(longer);
        }
    }

    /// What the ledger says equals what the model has: every row, every count.
    async fn check(&self) {
        let mut total = 0;
        for (owner, id) in self.ids.iter().enumerate() {
            let counts = self.ledger.counts(id).await.unwrap();
            assert_eq!(counts, self.model.counts(owner), "{}", BATCHES[owner]);
            total += counts.total();
            let rows = self.ledger.rows(id, 0, u32::MAX).await.unwrap();
            assert_eq!(rows.len(), self.model.rows[owner].len());
            for (row, no) in rows.iter().zip(&self.model.rows[owner]) {
                let (row_key, task) = row.task.as_ref().unwrap();
                assert_eq!(*row_key, key(&format!("k{no}")));
                assert_eq!(*task, self.model.tasks[no].task);
            }
        }
        assert_eq!(total, self.model.tasks.len() as u64, "each task counts once");
        for (no, known) in &self.model.tasks {
            let history = self
                .ledger
                .history(&scope(), Action::Create, &key(&format!("k{no}")))
                .await
                .unwrap();
            assert_eq!(history.len(), known.calls);
        }
    }
}

async fn run(ledger: Arc<dyn Ledger>, ops: Vec<Op>) {
    let mut run = Run::new(ledger).await;
    for op in ops {
        run.step(op).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_sequence_of_operations(ops in prop::collection::vec(any_op(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            run(Arc::new(SqliteLedger::in_memory().unwrap()), ops).await;
        });
    }

    #[test]
    fn any_sequence_of_operations_with_every_row_sealed(ops in prop::collection::vec(any_op(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            run(sealed(Arc::new(SqliteLedger::in_memory().unwrap())), ops).await;
        });
    }
}

/// One server for all cases; each case has a ledger of its own name.
#[test]
fn any_sequence_of_operations_on_redis() {
    let server = RedisServer::start();
    let case = AtomicU32::new(0);
    let mut runner = TestRunner::new(ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(96)
    });
    let sequences = prop::collection::vec(any_op(), 1..80);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let tried = runner.run(&sequences, |ops| {
        let name = format!("case-{}", case.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(async {
            let address = server.address(&name).parse().unwrap();
            run(Arc::new(RedisLedger::open(&address).await.unwrap()), ops).await;
        });
        Ok(())
    });
    tried.unwrap();
}
