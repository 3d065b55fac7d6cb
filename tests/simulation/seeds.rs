//! Some hundred seeded worlds, in shards that run side by side.
//!
//! `ENLIST_SIM_SEED=n` replays one world and shows what the program logs, `ENLIST_SIM_SEEDS=m` tries the first `m`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use enlist::domain::task::{Outcome, State};
use enlist::simulator::adobe::FAULTS;
use enlist::simulator::fault::Fault;

use tokio::time::{Instant, sleep};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::far::strike;
use crate::fate::Point;
use crate::judge::{Looks, judge};
use crate::rig::{Rig, Told};
use crate::weather;

const SEEDS: u64 = 320;
const SHARDS: u64 = 4;

/// What a world went through.
#[derive(Debug, Default)]
struct Lived {
    told: Told,
    struck: BTreeMap<Point, u32>,
    faults: BTreeMap<Fault, u64>,
}

impl Lived {
    fn add(&mut self, other: Self) {
        for (word, n) in other.told {
            *self.told.entry(word).or_default() += n;
        }
        for (point, n) in other.struck {
            *self.struck.entry(point).or_default() += n;
        }
        for (fault, n) in other.faults {
            *self.faults.entry(fault).or_default() += n;
        }
    }
}

/// Runs a simulation in simulated time.
pub(crate) fn simulate<T>(world: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(world)
}

async fn live(seed: u64) -> Lived {
    let rig = weather::rig(seed);
    rig.import().await;
    rig.work().await;
    rig.wake_all().await;
    judge(&rig, Looks::PerhapsInVain).await;
    if settle_the_rest(&rig).await {
        // A new process, and a budget that knows nothing of the calls before.
        sleep(rig.plan.down.0).await;
        rig.work().await;
        rig.wake_all().await;
        judge(&rig, Looks::Answered).await;
    }
    Lived {
        told: rig.told(),
        struck: rig.fate.struck(),
        faults: rig.far.ledger().tally.faults,
    }
}

/// Rows that were given up as still pending: the provider settles them on a good day, and the file is fed again.
async fn settle_the_rest(rig: &Rig) -> bool {
    rig.far.brain(|brain, _| strike(brain, None));
    let tasks = rig.tasks().await;
    let pending = |state: &State| *state == State::Settled(Outcome::StillPending);
    let given_up = tasks.iter().filter(|(_, task)| pending(&task.state));
    let statuses = ["1000", "1004", "1010"].into_iter().cycle();
    let mut reopened = 0;
    for ((key, _), status) in given_up.zip(statuses) {
        rig.far.settle_pending(key.as_str(), status);
        rig.tell("resumed");
        reopened += 1;
    }
    // In another order, so that it is another file.
    let mut rows = rig.file().rows;
    rows.reverse();
    rig.feed(rows).await;
    assert_eq!(rig.open().await, reopened);
    reopened > 0
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}

fn shard(shard: u64) {
    let one = number("ENLIST_SIM_SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..number("ENLIST_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let _log = one.map(|_| log());
    let mut lived = Lived::default();
    let mut red = Vec::new();
    for seed in seeds.filter(|seed| seed % SHARDS == shard) {
        match catch_unwind(AssertUnwindSafe(|| simulate(live(seed)))) {
            Ok(one) => lived.add(one),
            Err(_) => red.push(seed),
        }
    }
    assert!(
        red.is_empty(),
        "red seeds: {red:?}. hint: ENLIST_SIM_SEED={} cargo test --test simulation seeds",
        red[0]
    );
    if one.is_none() {
        println!("{lived:?}");
        check_reach(&lived);
    }
}

/// A world in which nothing happens proves nothing.
fn check_reach(lived: &Lived) {
    let points = Point::ALL
        .iter()
        .filter(|point| !lived.struck.contains_key(point));
    let faults = FAULTS.iter().filter(|fault| !lived.faults.contains_key(fault));
    let words = [
        "deaths",
        "late and fenced",
        "late and kept",
        "paused: auth",
        "resumed",
    ];
    let words = words.iter().filter(|word| !lived.told.contains_key(*word));
    let missing: Vec<String> = points
        .map(|point| format!("{point:?}"))
        .chain(faults.map(|fault| format!("{fault:?}")))
        .chain(words.map(|word| (*word).to_owned()))
        .collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

/// Simulated seconds since the runtime was started.
struct Seconds;

impl FormatTime for Seconds {
    #[allow(
        clippy::disallowed_methods,
        reason = "the runtime's clock is paused: this is simulated time"
    )]
    fn format_time(&self, to: &mut Writer<'_>) -> std::fmt::Result {
        static BEGAN: OnceLock<Instant> = OnceLock::new();
        let now = Instant::now();
        write!(to, "{:>11.3}", (now - *BEGAN.get_or_init(|| now)).as_secs_f64())
    }
}

fn log() -> tracing::subscriber::DefaultGuard {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_timer(Seconds)
        .with_test_writer()
        .finish();
    tracing::subscriber::set_default(subscriber)
}

/// A seed that did not replay exactly would be no help to whoever has to find out why it is red.
#[test]
fn a_seed_replays_exactly() {
    let once = |seed| {
        simulate(async {
            let rig = weather::rig(seed);
            rig.import().await;
            rig.work().await;
            let sent = rig.far.sent();
            let tasks = rig.tasks().await;
            (sent, tasks, rig.told(), rig.far.ledger(), rig.counts().await)
        })
    };
    for seed in 0..10 {
        assert_eq!(once(seed), once(seed), "seed {seed}");
    }
    assert_ne!(once(0), once(1));
}

#[test]
fn seeds_1_of_4() {
    shard(0);
}

#[test]
fn seeds_2_of_4() {
    shard(1);
}

#[test]
fn seeds_3_of_4() {
    shard(2);
}

#[test]
fn seeds_4_of_4() {
    shard(3);
}
