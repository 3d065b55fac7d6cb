//! Every way a Redis fails: calls end within their limits with words that help, and work again by themselves.

use super::*;
use crate::ledger::redis::redis_server::proxy::{Proxy, Weather};
use crate::ledger::redis::redis_server::{RedisServer, cli, wait_for};

/// More than there is room for.
const CALLERS: usize = IN_FLIGHT_MAX * 3;

#[tokio::test]
async fn killed_and_started_again() {
    let mut server = RedisServer::start();
    let link = open(&access(&server.address("a"))).await;
    add(&link, "a", 1).await.unwrap();
    server.kill();
    for error in all_fail(&link, "a", CALLERS).await {
        assert_says(&error, false, "see whether Redis runs");
    }
    server.restart();
    until_it_answers(&link, "a").await;
    // The new process does not know the script yet.
    assert_eq!(add(&link, "a", 1).await.unwrap(), 2);
}

#[tokio::test]
async fn a_replica_by_order() {
    let (server, other) = (RedisServer::start(), RedisServer::start());
    let link = open(&access(&server.address("a"))).await;
    add(&link, "a", 1).await.unwrap();
    let before = connection_of(&link).await;
    server.cli(&["replicaof", "127.0.0.1", &other.port().to_string()]);
    assert_says(&fails(&link, "a").await, false, "redis+sentinel://");
    server.cli(&["replicaof", "no", "one"]);
    until_it_answers(&link, "a").await;
    assert_ne!(connection_of(&link).await, before, "the line is a new one");
}

#[tokio::test]
async fn out_of_memory() {
    let server = RedisServer::start();
    let link = open(&access(&server.address("a"))).await;
    let before = connection_of(&link).await;
    server.cli(&["config", "set", "maxmemory", "1"]);
    assert_says(&fails(&link, "a").await, false, "give Redis more memory");
    server.cli(&["config", "set", "maxmemory", "0"]);
    assert_eq!(add(&link, "a", 1).await.unwrap(), 1);
    assert_eq!(
        connection_of(&link).await,
        before,
        "the line was never the trouble"
    );
}

#[tokio::test]
async fn paused() {
    let server = RedisServer::start();
    let link = open(&access(&server.address("a"))).await;
    let before = connection_of(&link).await;
    // Longer than any call here.
    server.cli(&["client", "pause", "2500"]);
    for error in all_fail(&link, "a", CALLERS).await {
        assert_says(&error, false, "can be reached");
    }
    until_it_answers(&link, "a").await;
    assert_ne!(connection_of(&link).await, before);
}

#[tokio::test]
async fn held_up_by_a_script_of_somebody_else() {
    let server = RedisServer::start_with(&["--busy-reply-threshold", "50"]);
    let link = open(&access(&server.address("a"))).await;
    let port = server.port();
    let loops = std::thread::spawn(move || cli(port, &["eval", "while true do end", "0"]));
    let error = loop {
        match add(&link, "a", 1).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_says(&error, false, "try again");
    server.cli(&["script", "kill"]);
    loops.join().unwrap();
    until_it_answers(&link, "a").await;
}

#[tokio::test]
async fn a_network_that_takes_all_and_gives_nothing() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let link = open(&access(&proxy.address("a"))).await;
    add(&link, "a", 1).await.unwrap();
    assert_eq!(proxy.taken(), 1);
    proxy.set(Weather::Stalled);
    for error in all_fail(&link, "a", CALLERS).await {
        assert_says(&error, false, "can be reached");
    }
    // One at a time opened the line, however many wanted to.
    assert!(proxy.taken() <= 4, "{} connections", proxy.taken());
    proxy.set(Weather::Fair);
    until_it_answers(&link, "a").await;
    // What was thrown away is closed: ours is left, and the one that asks.
    wait_for("the other connections to be closed", || {
        (server.cli(&["client", "list"]).lines().count() == 2).then_some(())
    });
}

#[tokio::test]
async fn a_network_that_is_gone_for_a_while() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let link = open(&access(&proxy.address("a"))).await;
    add(&link, "a", 1).await.unwrap();
    proxy.set(Weather::Gone);
    for _ in 0..5 {
        all_fail(&link, "a", CALLERS).await;
    }
    // Nearly a thousand calls: between openings they fail at once.
    assert!(proxy.taken() <= 20, "{} connections", proxy.taken());
    proxy.set(Weather::Fair);
    until_it_answers(&link, "a").await;
    assert_eq!(add(&link, "a", 0).await.unwrap(), 1);
}

#[tokio::test]
async fn calls_on_their_way_are_bounded() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let link = open(&access(&proxy.address("a"))).await;
    proxy.set(Weather::Stalled);
    let (failing, room) = (all_fail(&link, "a", CALLERS), link.shared.clone());
    let mut fullest = IN_FLIGHT_MAX;
    let watching = async {
        loop {
            fullest = fullest.min(room.room.available_permits());
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        errors = failing => assert_eq!(errors.len(), CALLERS),
        () = watching => {}
    }
    assert_eq!(fullest, 0);
    assert_eq!(
        link.shared.room.available_permits(),
        IN_FLIGHT_MAX,
        "and given back"
    );
}

#[tokio::test]
async fn many_callers_share_one_line() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let link = open(&access(&proxy.address("a"))).await;
    let callers: i64 = 1_000;
    let calls: Vec<_> = (0..callers)
        .map(|_| {
            let link = link.clone();
            tokio::spawn(async move { add(&link, "a", 1).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(add(&link, "a", 0).await.unwrap(), callers);
    assert_eq!(proxy.taken(), 1);
}

/// Keeps Redis busy for 300 ms.
static SLOW: Lua = Lua::new(
    "local function ms() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
    local from = ms() repeat until ms() - from > 300 return 1",
);

#[tokio::test]
async fn a_script_that_has_to_be_sent_whole_takes_no_longer_than_a_call() {
    let server = RedisServer::start();
    let limits = Limits {
        call: Duration::from_millis(450),
        ..SHORT
    };
    let link = Link::open_within(&access(&server.address("a")), limits)
        .await
        .unwrap();
    // That it is unknown is said after so long, and then it takes as long again.
    server.cli(&["client", "pause", "300"]);
    let error = link.run(&SLOW, "{enlist:a}:n", &|_| {}).await.unwrap_err();
    assert_says(&error, false, "can be reached");
}
