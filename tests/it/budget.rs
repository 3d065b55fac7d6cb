//! A budget in Redis, shared by processes that are killed, cut off and paused: no rolling window ever sees more calls
//! than its limit, and what nobody uses is there for others.
//!
//! The same laws in simulated time, with far worse luck, are in `src/ledger/redis/budget/tests.rs`.

mod hammer;
mod processes;
mod trouble;

use enlist::domain::policy::rate::Window;

use crate::redis_server::RedisServer;
use hammer::{Calls, budget, hammer, judge, window};

async fn shared_by(budgets: usize, windows: &[Window], calls: usize) {
    let server = RedisServer::start();
    let made = Calls::up_to(calls);
    let mut working = Vec::new();
    for at in 0..budgets {
        let budget = budget(&server, windows).await;
        // A few have many hands, the others one or two.
        let hands = if at % 4 == 0 { 24 } else { 2 };
        working.push(hammer(budget, hands, at as u64, &made));
    }
    futures_util::future::join_all(working).await;
    judge(&made.arrivals(), windows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_keeps_the_limit() {
    shared_by(1, &[window(100, 400)], 600).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_keep_every_limit() {
    shared_by(4, &[window(60, 300), window(250, 2_000)], 700).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_processes_keep_the_limit() {
    shared_by(16, &[window(200, 500)], 1_200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_window_is_kept_beside_a_short_one() {
    shared_by(4, &[window(40, 200), window(300, 11_000)], 300).await;
}
