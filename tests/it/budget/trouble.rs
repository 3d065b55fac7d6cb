//! Redis ends, forgets and comes back; a provider asks for a pause; a program stops.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use enlist::domain::attempt::CallKind;
use enlist::engine::ports::{Budget, Permit, WindowedBudget};
use futures_util::FutureExt as _;

use super::hammer::{Calls, budget, hammer, judge, window};
use crate::redis_server::{RedisServer, cli};
use crate::support::wait_for;

const HOUR_MS: u64 = 3_600_000;

/// Everything is on the disk before it is answered.
const SAFE: [&str; 2] = ["--appendfsync", "always"];

/// Waits until so many budgets were told that nothing is free for them.
async fn refused(server: &RedisServer, budgets: usize) {
    let server = server.port();
    tokio::task::spawn_blocking(move || {
        wait_for("budgets to wait", || {
            let queue = cli(server, &["--scan", "--pattern", "*:queue"]);
            let waiting = cli(server, &["hlen", queue.trim()]);
            (waiting.trim() == budgets.to_string()).then_some(())
        });
    })
    .await
    .unwrap();
}

/// Waits until somebody has asked when the wait that follows a restart was over.
async fn asked_since_the_restart(server: &RedisServer) {
    let server = server.port();
    tokio::task::spawn_blocking(move || {
        wait_for("a question after the wait", || {
            let books = cli(server, &["--scan", "--pattern", "*:books"]);
            let times = cli(server, &["hmget", books.trim(), "hold", "last"]);
            let mut times = times.lines().filter_map(|ms| ms.parse::<u64>().ok());
            let (hold, last) = (times.next()?, times.next()?);
            (hold > 0 && last > hold).then_some(())
        });
    })
    .await
    .unwrap();
}

async fn made_all(made: &Calls, calls: usize) {
    let made = made.clone();
    tokio::task::spawn_blocking(move || {
        wait_for("calls to be made", || (made.made() >= calls).then_some(()));
    })
    .await
    .unwrap();
}

/// Takes leave and answers at once, `calls` times.
async fn calls(budget: &dyn Budget, calls: usize) {
    for _ in 0..calls {
        budget.permit(CallKind::Submit).await.expect("leave");
    }
}

fn waiting(budget: &Arc<dyn WindowedBudget>) -> tokio::task::JoinHandle<Option<Box<dyn Permit>>> {
    let budget = Arc::clone(budget);
    tokio::spawn(async move { budget.permit(CallKind::Submit).await })
}

#[tokio::test]
async fn an_hour_survives_everybody() {
    let mut server = RedisServer::start_with(&SAFE);
    let windows = [window(50, 200), window(30, HOUR_MS)];
    let (one, other) = (budget(&server, &windows).await, budget(&server, &windows).await);
    calls(&*one, 20).await;
    calls(&*other, 10).await;
    drop((one, other));
    server.kill();
    server.restart();
    let next = budget(&server, &windows).await;
    let hand = waiting(&next);
    asked_since_the_restart(&server).await;
    assert!(!hand.is_finished(), "the hour's calls were made");
    hand.abort();
}

/// The last second of the append-only file is gone; those that live have what was in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_lost_is_counted_all_the_same() {
    let mut server = RedisServer::start_with(&SAFE);
    let windows = [window(60, 300), window(150, HOUR_MS)];
    let budgets = [
        budget(&server, &windows).await,
        budget(&server, &windows).await,
        budget(&server, &windows).await,
    ];
    for budget in &budgets {
        calls(&**budget, 10).await;
    }
    let file = append_only_file(&server);
    let kept = file.metadata().unwrap().len();
    let made = Calls::up_to(60);
    let some = budgets
        .iter()
        .map(|budget| hammer(Arc::clone(budget) as Arc<dyn Budget>, 4, 1, &made));
    futures_util::future::join_all(some).await;
    assert!(file.metadata().unwrap().len() > kept);
    server.kill();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&file)
        .unwrap()
        .set_len(kept)
        .unwrap();
    server.restart();

    // 90 of 150 were made, of which Redis knows 30.
    let rest = Calls::up_to(1_000);
    let working: Vec<_> = budgets
        .iter()
        .map(|budget| {
            let (budget, rest) = (Arc::clone(budget), rest.clone());
            tokio::spawn(async move { hammer(budget, 4, 2, &rest).await })
        })
        .collect();
    made_all(&rest, 60).await;
    refused(&server, 3).await;
    asked_since_the_restart(&server).await;
    budgets.iter().for_each(|budget| budget.close());
    for working in working {
        working.await.unwrap();
    }
    assert_eq!(rest.made(), 60);
    judge(&rest.arrivals(), &windows);
}

/// Where Redis appends: one file up to version 6, a folder since.
fn append_only_file(server: &RedisServer) -> PathBuf {
    let folder = server.dir().join("appendonlydir");
    let files = std::fs::read_dir(folder).into_iter().flatten();
    files
        .map(|file| file.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with(".incr.aof"))
        .unwrap_or_else(|| server.dir().join("appendonly.aof"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_away_is_waited_for() {
    let mut server = RedisServer::start();
    let windows = [window(20, 200)];
    let shared = budget(&server, &windows).await;
    calls(&*shared, 5).await;
    server.kill();
    let hands: Vec<_> = (0..3).map(|_| waiting(&shared)).collect();
    assert!(
        hands.iter().all(|hand| !hand.is_finished()),
        "leave without Redis"
    );
    server.restart();
    for hand in hands {
        assert!(hand.await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_holds_all() {
    let server = RedisServer::start();
    let windows = [window(20, 200)];
    let (one, other) = (budget(&server, &windows).await, budget(&server, &windows).await);
    calls(&*one, 1).await;
    calls(&*other, 1).await;
    one.pause_for(Duration::from_secs(3_600));
    let mine = waiting(&one);
    refused(&server, 1).await;
    let others = waiting(&other);
    refused(&server, 2).await;
    assert!(!mine.is_finished() && !others.is_finished());
    one.close();
    assert!(
        mine.await.unwrap().is_none(),
        "whoever waits when it closes goes without"
    );
    assert!(one.permit(CallKind::Poll).await.is_none());
    assert!(!others.is_finished(), "another process goes on waiting");
    others.abort();
}

/// A job is put right while its workers run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_given_anew_hold_for_all_and_count_what_was_called() {
    let server = RedisServer::start();
    let windows = [window(2, HOUR_MS)];
    let (one, other) = (budget(&server, &windows).await, budget(&server, &windows).await);
    calls(&*one, 1).await;
    calls(&*other, 1).await;
    let hands = [waiting(&one), waiting(&other), waiting(&other)];
    refused(&server, 2).await;
    one.hold_to(&[window(4, HOUR_MS)]);
    wait_for("two more of four", || {
        (hands.iter().filter(|hand| hand.is_finished()).count() == 2).then_some(())
    });
    one.hold_to(&[window(3, HOUR_MS)]);
    other.hold_to(&[window(5, HOUR_MS)]);
    for hand in hands {
        assert!(hand.await.unwrap().is_some(), "the last of five");
    }
}

/// What was given to hands that went away is there for others, in a window where each call counts for an hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leave_that_nobody_takes_is_given_back() {
    let server = RedisServer::start();
    let windows = [window(3, HOUR_MS)];
    let (one, other) = (budget(&server, &windows).await, budget(&server, &windows).await);
    let mut taken = 0;
    for _ in 0..50 {
        // Polled once: the hand stands in line, and is gone before its leave comes, or just then.
        let mut hand = pin!(one.permit(CallKind::Submit));
        taken += usize::from(hand.as_mut().now_or_never().is_some());
        tokio::task::yield_now().await;
    }
    assert!(taken < 3, "the hands were to go away");
    calls(&*other, 3 - taken).await;
}
