//! Puts a simulation together: the real machine, engine, adapter, budget and ledger between a seeded world and the
//! simulator's brain; processes that come and go; an operator who looks in from time to time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use enlist::domain::attempt::Attempt;
use enlist::domain::batch::{Batch, Counts, PauseReason};
use enlist::domain::ids::{RowKey, Scope};
use enlist::domain::machine::{IdempotencyContract, Order, Rules};
use enlist::domain::policy::poll::PollPolicy;
use enlist::domain::policy::rate::Window;
use enlist::domain::policy::retry::RetryPolicy;
use enlist::domain::task::{Action, Task};
use enlist::domain::time::Timestamp;
use enlist::engine::advance::Desk;
use enlist::engine::budget::LocalBudget;
use enlist::engine::gauge::ErrorGauge;
use enlist::engine::ports::{Budget, Commit, Kept, Lease, Ledger, Provider, Which};
use enlist::engine::sweep::PendingSet;
use enlist::provider::adobe::{Adobe, AdobeSettings};
use enlist::simulator::adobe as simulated;
use enlist::world::World;
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::dice::Dice;
use crate::far::Far;
use crate::fate::{Fate, Point};
use crate::process::{End, Process};
use crate::rows::{SimRow, as_new, batch, scope};
use crate::store::Store;
use crate::wire::Wire;
use crate::world::SimWorld;

/// No seed may take longer, in simulated time.
const SETTLED_WITHIN: Duration = Duration::from_secs(20 * 24 * 3600);

/// The operator looks in so often.
const ROUND: Duration = Duration::from_secs(120);

/// How the program is set up, and how its processes fare.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Processes at the same time.
    pub(crate) processes: u32,
    /// Tasks in the hands of each.
    pub(crate) in_flight: usize,
    /// How long a claim holds without being prolonged.
    pub(crate) lease: Duration,
    /// Calls that may leave each process. Longer than 10 s, so that they are not paced: pacing runs on a clock of its
    /// own that no simulation can stop.
    pub(crate) windows: Vec<Window>,
    /// From a death to the next start, at least and at most.
    pub(crate) down: (Duration, Duration),
    /// Share of rounds in which finished work is not saved yet.
    pub(crate) linger: f64,
    /// Share of commits before which the process stands still.
    pub(crate) pause_share: f64,
    /// Whether pending accounts are looked at in sets.
    pub(crate) in_sets: bool,
    /// How long after the one before the file is fed again, and the share of its rows that have changed meanwhile.
    pub(crate) feeds: Vec<(Duration, f64)>,
}

impl File {
    fn new(rows: Vec<SimRow>, now: Timestamp) -> Self {
        let batch = batch(&rows, now);
        Self { batch, rows }
    }
}

impl Plan {
    /// One process on a good day.
    pub(crate) fn calm() -> Self {
        Self {
            processes: 1,
            in_flight: 8,
            lease: Duration::from_secs(15),
            windows: Vec::new(),
            down: (Duration::from_secs(20), Duration::from_secs(20)),
            linger: 0.0,
            pause_share: 0.0,
            in_sets: true,
            feeds: Vec::new(),
        }
    }

    /// Whether data change while somebody may have them in hand. Then commits can be fenced without a new lease.
    pub(crate) fn changes_data(&self) -> bool {
        self.feeds.iter().any(|(_, changed)| *changed > 0.0)
    }
}

/// What a process that stands still has in its hands.
struct Paused {
    commits: Vec<Commit>,
}

/// A file and its batch.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) batch: Batch,
    pub(crate) rows: Vec<SimRow>,
}

/// What came about, counted by word, to know what a seed has tried.
pub(crate) type Told = BTreeMap<&'static str, u64>;

/// A simulation.
pub(crate) struct Rig {
    pub(crate) world: Arc<SimWorld>,
    pub(crate) far: Arc<Far>,
    pub(crate) fate: Arc<Fate>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) plan: Plan,
    scope: Scope,
    /// The files fed so far.
    files: Mutex<Vec<File>>,
    dice: Mutex<Dice>,
    /// The newest lease of each task.
    newest: Mutex<HashMap<i64, i64>>,
    paused: Mutex<Vec<Paused>>,
    told: Mutex<Told>,
}

impl Rig {
    pub(crate) fn new(
        seed: u64,
        plan: Plan,
        fate: Fate,
        settings: simulated::AdobeSettings,
        rows: Vec<SimRow>,
    ) -> Self {
        let world = Arc::new(SimWorld::new(Dice::of(seed, 1)));
        let brain = simulated::Adobe::new(settings, seed);
        let far = Arc::new(Far::new(Arc::clone(&world), brain, Dice::of(seed, 2)));
        Self {
            far,
            fate: Arc::new(fate),
            ledger: Store::Sqlite.ledger(),
            files: Mutex::new(vec![File::new(rows, world.now())]),
            scope: scope(),
            world,
            plan,
            dice: Mutex::new(Dice::of(seed, 3)),
            newest: Mutex::default(),
            paused: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The same on another ledger, which is empty.
    pub(crate) fn on(self, ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger, ..self }
    }

    /// The defaults, but for the patience with pending accounts, which takes most of a simulation's time.
    pub(crate) fn rules() -> Rules {
        Rules {
            contract: IdempotencyContract::Replay {
                trusted_for: Duration::from_secs(9 * 24 * 3600),
            },
            retry: RetryPolicy::default(),
            poll: PollPolicy {
                deadline: Duration::from_secs(40 * 60),
                ..PollPolicy::default()
            },
        }
    }

    /// The desk of a process that has just started: it knows nothing but the ledger.
    pub(crate) fn desk(&self, wire: &Arc<Wire>) -> Desk {
        let world: Arc<dyn World> = Arc::clone(&self.world) as Arc<dyn World>;
        let budget: Arc<dyn Budget> =
            Arc::new(LocalBudget::new(&self.plan.windows, false, Arc::clone(&world)));
        let settings = AdobeSettings {
            base_url: "http://127.0.0.1:9".to_owned(),
            token_url: "http://127.0.0.1:9/ims/token/v3".to_owned(),
            client_id: "simulator".to_owned(),
            client_secret: "simulator".to_owned().into(),
            scopes: "openid".to_owned(),
            plain_http: false,
        };
        let transport = Arc::clone(wire) as _;
        let adobe = Adobe::new(settings, transport, Arc::clone(&budget), Arc::clone(&world)).unwrap();
        let provider: Arc<dyn Provider> = Arc::new(adobe);
        let rules = Self::rules();
        let set = || PendingSet::new(Arc::clone(&provider), Arc::clone(&world), rules.poll.pause.first);
        Desk {
            scope: self.scope.clone(),
            rules,
            pending: self.plan.in_sets.then(set),
            provider,
            budget,
            ledger: Arc::clone(&self.ledger),
            world,
            gauge: ErrorGauge::new(100, 0.5),
            strikes: 0.into(),
            throttle: Mutex::default(),
            paused: false.into(),
        }
    }

    /// The newest file.
    pub(crate) fn file(&self) -> File {
        self.files.lock().unwrap().last().unwrap().clone()
    }

    /// Imports the newest file in blocks, and starts over when struck in between.
    pub(crate) async fn import(&self) {
        let File { batch, rows } = self.file();
        let rows = as_new(&rows);
        'life: loop {
            self.ledger.open_batch(&batch).await.unwrap();
            let mut left = rows.as_slice();
            while !left.is_empty() {
                let (block, rest) = left.split_at(self.dice(|dice| dice.index(1, left.len())));
                let now = self.world.now();
                self.ledger.append(&batch.id, block, now).await.unwrap();
                if self.fate.strikes(Point::Importing) {
                    continue 'life;
                }
                left = rest;
            }
            return;
        }
    }

    /// The rows are in another file again, with these data.
    pub(crate) async fn feed(&self, rows: Vec<SimRow>) {
        let file = File::new(rows, self.world.now());
        self.files.lock().unwrap().push(file);
        self.import().await;
    }

    /// Works until every row is settled. Panics when that takes for ever.
    pub(crate) async fn work(&self) {
        let fed = async {
            join(self.slots(), self.feeder()).await;
            while self.open().await > 0 {
                sleep(self.plan.down.0).await;
                self.slots().await;
            }
        };
        let settled = async {
            tokio::select! {
                () = fed => {}
                () = self.operator() => {}
            }
        };
        if timeout(SETTLED_WITHIN, settled).await.is_err() {
            let mut tasks = self.tasks().await;
            tasks.retain(|(_, task)| !task.state.is_settled());
            panic!("not settled within {SETTLED_WITHIN:?}: {tasks:?}");
        }
    }

    /// Works for so long, with nobody to put anything right.
    pub(crate) async fn work_alone(&self, span: Duration) {
        let _ = timeout(span, self.slots()).await;
    }

    async fn slots(&self) {
        join_all((0..self.plan.processes).map(|_| self.slot())).await;
    }

    /// Somebody who feeds the file again, in another order, with some rows changed.
    async fn feeder(&self) {
        let already = self.files.lock().unwrap().len() - 1;
        for (wait, changed) in self.plan.feeds.iter().skip(already) {
            sleep(*wait).await;
            let mut rows = self.file().rows;
            self.dice(|dice| {
                dice.shuffle(&mut rows);
                for row in &mut rows {
                    if dice.chance(*changed) {
                        *row = row.changed(dice);
                        self.tell("changed");
                    }
                }
            });
            self.tell("fed again");
            self.feed(rows).await;
        }
    }

    /// A place for a process: when one dies, another one starts there after a while.
    async fn slot(&self) {
        while Process::new(self).live().await == End::Died {
            self.tell("deaths");
            let (min, max) = self.plan.down;
            let down = self.dice(|dice| {
                dice.ms(
                    u64::try_from(min.as_millis()).unwrap(),
                    u64::try_from(max.as_millis()).unwrap(),
                )
            });
            sleep(down).await;
        }
    }

    /// Puts right what paused the batches, then resumes them.
    async fn operator(&self) {
        loop {
            sleep(ROUND).await;
            let batches = self.ledger.batches().await.unwrap();
            let Some(pause) = batches.into_iter().find_map(|batch| batch.pause) else {
                continue;
            };
            self.tell(match pause.reason {
                PauseReason::Auth => "paused: auth",
                _ => "paused: other",
            });
            self.put_right().await;
        }
    }

    /// A valid key, and the word to go on.
    pub(crate) async fn put_right(&self) {
        self.far.set(&json!({ "api_key_valid": true }));
        let which = Which::Scope(self.scope.clone());
        self.ledger.set_pause(&which, None).await.unwrap();
    }

    /// Gives an order about all rows of the newest file.
    pub(crate) async fn order(&self, order: &Order) -> u64 {
        let (id, now) = (self.file().batch.id, self.world.now());
        self.ledger.apply_to_batch(&id, order, now).await.unwrap()
    }

    /// The newest batch as it stands.
    pub(crate) async fn batch(&self) -> Batch {
        let id = self.file().batch.id;
        self.ledger.batch(&id).await.unwrap().unwrap()
    }

    /// The counts of all batches together.
    pub(crate) async fn counts(&self) -> Counts {
        let mut all = Counts::default();
        for batch in self.ledger.batches().await.unwrap() {
            let counts = self.ledger.counts(&batch.id).await.unwrap();
            let add = |sum: &mut [u64], more: &[u64]| {
                sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            };
            add(&mut all.tasks, &counts.tasks);
            add(&mut all.calls, &counts.calls);
        }
        all
    }

    /// Rows with a step still to do.
    pub(crate) async fn open(&self) -> u64 {
        self.counts().await.open()
    }

    /// Every task, in the order of the newest file.
    pub(crate) async fn tasks(&self) -> Vec<(RowKey, Task)> {
        let id = self.file().batch.id;
        let rows = self.ledger.rows(&id, 0, 10_000).await.unwrap();
        rows.into_iter().filter_map(|row| row.task).collect()
    }

    /// Every call for a row that was saved, oldest first.
    pub(crate) async fn attempts(&self, key: &RowKey) -> Vec<Attempt> {
        self.ledger
            .history(&self.scope, Action::Create, key)
            .await
            .unwrap()
    }

    pub(crate) fn dice<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        throw(&mut self.dice.lock().unwrap())
    }

    pub(crate) fn tell(&self, word: &'static str) {
        *self.told.lock().unwrap().entry(word).or_default() += 1;
    }

    pub(crate) fn told(&self) -> Told {
        self.told.lock().unwrap().clone()
    }

    /// A task was lent.
    pub(crate) fn note_lease(&self, lease: Lease) {
        let before = self.newest.lock().unwrap().insert(lease.task, lease.fence);
        assert!(
            before.is_none_or(|before| before < lease.fence),
            "a fence came twice"
        );
    }

    /// A process stands still with this work in its hands.
    pub(crate) fn stand_still(&self, commits: Vec<Commit>) {
        self.paused.lock().unwrap().push(Paused { commits });
    }

    /// Now and then one that stood still wakes up and saves what it had.
    pub(crate) async fn wake_the_paused(&self) {
        let wakes = !self.paused.lock().unwrap().is_empty() && self.dice(|dice| dice.chance(0.05));
        if wakes {
            self.wake_one().await;
        }
    }

    /// All that still stand still wake up.
    pub(crate) async fn wake_all(&self) {
        while !self.paused.lock().unwrap().is_empty() {
            self.wake_one().await;
        }
    }

    async fn wake_one(&self) {
        let Paused { commits } = self.paused.lock().unwrap().remove(0);
        let kept = self.ledger.commit(&commits, self.world.now()).await.unwrap();
        for (commit, kept) in commits.iter().zip(kept) {
            let newest = self.newest.lock().unwrap().get(&commit.lease.task).copied();
            let is_newest = newest == Some(commit.lease.fence);
            let expected = if is_newest { Kept::Yes } else { Kept::Fenced };
            assert!(
                kept == expected || (kept == Kept::Fenced && self.plan.changes_data()),
                "somebody else has had the task since: {}, and yet {kept:?}",
                !is_newest
            );
            self.tell(if is_newest {
                "late and kept"
            } else {
                "late and fenced"
            });
        }
    }
}
