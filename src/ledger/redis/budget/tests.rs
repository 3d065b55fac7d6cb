//! The script on a real Redis and the books of several processes, in simulated time: years of bad luck in seconds.

mod far;
mod sim;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::domain::time::Timestamp;
use crate::ledger::redis::redis_server::RedisServer;
use crate::world::RealWorld;
use far::Dice;
use sim::{Luck, Sim};

fn window(calls: u32, per_ms: u64) -> Window {
    Window {
        calls,
        per: Duration::from_millis(per_ms),
    }
}

/// Whatever happens to answers, workers and clocks, no rolling window sees more than its limit.
#[test]
fn no_window_is_ever_exceeded() {
    let mut far = far::Far::start();
    let seeds = if std::env::var_os("ENLIST_BIG").is_some() {
        2_000
    } else {
        50
    };
    for seed in 0..seeds {
        let mut dice = Dice::new(seed);
        let mut windows = vec![window(
            u32::try_from(dice.between(1, 60)).unwrap(),
            dice.between(20, 3_000),
        )];
        if dice.between(0, 2) == 0 {
            windows.push(window(
                u32::try_from(dice.between(1, 200)).unwrap(),
                dice.between(3_000, 30_000),
            ));
        }
        let luck = Luck {
            question_lost: dice.between(0, 5),
            question_late: dice.between(0, 5),
            answer_lost: dice.between(0, 5),
            deaths: dice.between(0, 20),
            pauses: dice.between(0, 10),
            stalls: dice.between(0, 10),
            way_max: dice.between(1, 999),
            ..Luck::default()
        };
        let workers = usize::try_from(dice.between(1, 6)).unwrap();
        let mut sim = Sim::new(&mut far, seed, &windows, workers, 12, luck);
        sim.run(12_000);
        sim.judge(&windows);
    }
}

/// The share of a limit that is used in the long run, and questions for each call. Both ends of what is measured lie
/// at the same call of the limit's number, so that it does not matter how calls bunch within a window.
fn utilisation(sim: &mut Sim<'_>, window: Window, spans: u32) -> (f64, f64) {
    let per = i64::try_from(window.per.as_millis()).unwrap();
    sim.run(3 * per);
    let (asked, from) = (sim.questions, sim.arrivals.len());
    let last = from + (window.calls * spans) as usize;
    while sim.arrivals.len() <= last {
        sim.run(per / 4);
    }
    let questions = (sim.questions - asked) as f64 / (sim.arrivals.len() - from) as f64;
    sim.judge(&[window]);
    let took = sim.arrivals[last] - sim.arrivals[from];
    (
        window.per.as_millis() as f64 * f64::from(spans) / took as f64,
        questions,
    )
}

/// Nothing of the limit is left unused, however many share it; and all have a part in it.
#[test]
fn the_limit_is_used() {
    let mut far = far::Far::start();
    let windows = [
        window(20, 1_000),
        window(200, 1_000),
        window(1_000, 1_000),
        window(900, 5_000),
    ];
    for window in windows {
        for workers in [1, 4, 16] {
            let mut sim = Sim::new(&mut far, 7, &[window], workers, 32, Luck::default());
            let (used, questions) = utilisation(&mut sim, window, 8);
            let taken = sim.taken();
            println!("{window:?} {workers}: {used:.3}, {questions:.2} questions a call, {taken:?}");
            assert!(used > 0.97, "{used:.3} of {window:?} with {workers}");
            assert!(
                questions < 4.0,
                "{questions:.2} questions a call of {window:?} with {workers}"
            );
            let fair = taken.iter().sum::<u64>() / taken.len() as u64;
            assert!(
                taken.iter().all(|calls| calls * 3 > fair),
                "{taken:?} of {window:?}"
            );
            assert!(
                sim.logged() < u64::from(window.calls) * 2 + 16,
                "{} calls logged",
                sim.logged()
            );
        }
    }
}

#[test]
fn whoever_is_far_away_or_wants_little_gets_its_part() {
    let mut far = far::Far::start();
    for (calls, per) in [(20, 1_000), (200, 1_000), (3, 300)] {
        let mut sim = Sim::new(&mut far, 3, &[window(calls, per)], 8, 64, Luck::default());
        sim.is_remote(3, 10);
        sim.has_hands(5, 1);
        sim.run(30_000);
        let taken = sim.taken();
        let fair = taken.iter().sum::<u64>() / 8;
        assert!(
            taken[3] * 5 > fair && taken[5] * 5 > fair.min(20),
            "{taken:?} of {calls} in {per} ms"
        );
        sim.judge(&[window(calls, per)]);
    }
}

/// Answers that take longer than leave is good for make calls late, not impossible.
#[test]
fn a_slow_line_is_reckoned_with() {
    let mut far = far::Far::start();
    for windows in [
        vec![window(50, 1_000)],
        vec![window(50, 1_000), window(5_000, 60_000)],
    ] {
        let mut sim = Sim::new(&mut far, 6, &windows, 2, 32, Luck::default());
        sim.is_remote(0, 300);
        sim.is_remote(1, 300);
        sim.run(10_000);
        sim.judge(&windows);
        assert!(sim.arrivals.len() > 150, "{} calls", sim.arrivals.len());
    }
}

#[test]
fn what_a_dead_worker_held_is_used_by_others() {
    let mut far = far::Far::start();
    let window = window(100, 1_000);
    let mut sim = Sim::new(&mut far, 5, &[window], 4, 32, Luck::default());
    sim.run(5_000);
    sim.dies(0);
    sim.dies(0);
    // What the dead had counts for a window after the latest time that it can have arrived.
    sim.run(1_000 + 1_250);
    let (used, _) = utilisation(&mut sim, window, 4);
    assert!(used > 0.97, "{used:.3}");
}

/// Where calls count for long, nothing is held ahead: the dead take along only what they may have sent.
#[test]
fn a_long_window_loses_nothing_to_the_dead() {
    let mut far = far::Far::start();
    let windows = [window(50, 1_000), window(600, 60_000)];
    let mut sim = Sim::new(
        &mut far,
        9,
        &windows,
        4,
        8,
        Luck {
            way_max: 50,
            ..Luck::default()
        },
    );
    for _ in 0..10 {
        sim.run(1_000);
        sim.all_die();
    }
    sim.run(45_000);
    sim.judge(&windows);
    // Ten times four workers with eight hands: at most those calls were given leave and never left.
    assert!(sim.arrivals.len() > 590, "{} calls of 600", sim.arrivals.len());
}

/// Leave in an answer that never came is not lost either.
#[test]
fn a_long_window_loses_nothing_on_the_line() {
    let mut far = far::Far::start();
    let windows = [window(50, 1_000), window(400, 60_000)];
    let luck = Luck {
        answer_lost: 300,
        ..Luck::default()
    };
    let mut sim = Sim::new(&mut far, 4, &windows, 3, 8, luck);
    sim.run(30_000);
    sim.judge(&windows);
    assert_eq!(sim.arrivals.len(), 400);
}

/// Redis was slow to load what it had. One worker is there at once, the other a second later, with calls that Redis
/// lost: nobody leaves before they are told.
#[test]
fn all_are_heard_after_a_restart() {
    let mut far = far::Far::start();
    let windows = [window(50, 1_000), window(200, 60_000)];
    let mut sim = Sim::new(&mut far, 4, &windows, 2, 16, Luck::default());
    sim.run(3_000);
    let disk = sim.dump();
    sim.run(700);
    sim.redis_is_away = true;
    sim.run(300);
    sim.restarts(&disk, "b", 100);
    sim.redis_is_away = false;
    sim.stands_still(1, 1_500);
    sim.run(15_000);
    sim.judge(&windows);
    assert_eq!(sim.arrivals.len(), 200);
}

#[test]
fn all_that_redis_lost_is_told_again() {
    let mut far = far::Far::start();
    for seed in 0..12 {
        let windows = [window(40, 1_000), window(300, 20_000)];
        let luck = Luck {
            way_max: 300,
            pauses: 5,
            ..Luck::default()
        };
        let mut sim = Sim::new(&mut far, seed, &windows, 3, 16, luck);
        for run in ["b", "c", "d"] {
            sim.run(13_000 + 300 * i64::try_from(seed).unwrap());
            let disk = sim.dump();
            sim.run(1_500);
            sim.redis_is_away = true;
            sim.run(300);
            sim.restarts(&disk, run, 0);
            sim.redis_is_away = false;
        }
        sim.run(30_000);
        sim.judge(&windows);
        assert!(sim.arrivals.len() > 600, "{} calls", sim.arrivals.len());
    }
}

/// Redis' own clock is what counts; whatever is done to it, time goes on and no window is exceeded.
#[test]
fn a_clock_that_is_set_stops_nothing() {
    let mut far = far::Far::start();
    for (seed, by_ms) in [(0, -3_600_000), (1, -1_000), (2, 3_600_000), (3, 1_500), (4, 700)] {
        let windows = [window(40, 1_000)];
        let mut sim = Sim::new(&mut far, seed, &windows, 3, 16, Luck::default());
        sim.run(2_300);
        sim.redis_ms += by_ms;
        sim.run(4_000);
        let before = sim.arrivals.len();
        sim.run(2_000);
        sim.judge(&windows);
        assert!(sim.arrivals.len() > before + 60, "stands still after {by_ms} ms");
    }
}

#[test]
fn a_pause_holds_everybody() {
    let mut far = far::Far::start();
    for calls in [5, 50, 500] {
        let mut sim = Sim::new(&mut far, 2, &[window(calls, 1_000)], 4, 16, Luck::default());
        sim.run(3_000);
        sim.pauses(1, Duration::from_secs(5));
        // Others hear of it with their next question, and what has left arrives.
        sim.run(120);
        let before = sim.arrivals.len();
        sim.run(4_870);
        assert_eq!(sim.arrivals.len(), before, "of {calls}");
        sim.run(2_000);
        assert!(sim.arrivals.len() > before + calls as usize, "of {calls}");
        sim.judge(&[window(calls, 1_000)]);
    }
}

#[test]
fn one_call_an_hour_and_none_more() {
    let mut far = far::Far::start();
    let hour = [window(1, 3_600_000)];
    let mut sim = Sim::new(&mut far, 1, &hour, 2, 1, Luck::default());
    sim.run(60_000);
    assert_eq!(sim.arrivals.len(), 1);
    assert!(sim.questions < 150, "{} questions in a minute", sim.questions);
    // The hour goes by, for Redis alone: the workers believe its clock.
    sim.redis_ms += 3_600_000;
    sim.run(10_000);
    assert_eq!(sim.arrivals.len(), 2);
}

#[test]
fn without_windows_there_is_no_limit() {
    let mut far = far::Far::start();
    let mut sim = Sim::new(&mut far, 1, &[], 2, 4, Luck::default());
    sim.run(1_000);
    assert!(sim.arrivals.len() > 500, "{}", sim.arrivals.len());
    assert_eq!(sim.logged(), 0);
}

/// The machine's clock, and how often it was read.
#[derive(Default)]
struct WatchedClock {
    own: RealWorld,
    reads: AtomicU32,
}

impl World for WatchedClock {
    fn now(&self) -> Timestamp {
        self.own.now()
    }

    fn steady(&self) -> Timestamp {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.own.steady()
    }

    fn dice(&self) -> Uuid {
        self.own.dice()
    }
}

#[tokio::test]
async fn a_budget_that_goes_before_its_last_call_leaves_nobody_running_in_circles() {
    let redis = RedisServer::start();
    let access = redis.address("t").parse().unwrap();
    let world = Arc::new(WatchedClock::default());
    let shared: Arc<dyn World> = Arc::clone(&world) as Arc<dyn World>;
    let budgets = RedisBudgets::open(&access, shared).await.unwrap();
    let budget = budgets.budget("somebody", &[window(5, 60_000)], false);
    let permit = budget.permit(CallKind::Submit).await.unwrap();
    drop(budget);
    let before = world.reads.load(Ordering::SeqCst);
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let reads = world.reads.load(Ordering::SeqCst) - before;
    assert!(
        reads < 100,
        "the clock was read {reads} times while nothing happened"
    );
    drop(permit);
}
