//! Tasks in Redis that somebody has spoilt: passed over, named, and in nobody's way.

use std::sync::Arc;

use enlist::domain::attempt::CallKind;
use enlist::domain::machine::Order;
use enlist::domain::task::{Outcome, State};
use enlist::engine::ports::{Kept, Ledger, LedgerError};
use enlist::ledger::redis::RedisLedger;

use crate::ledger_conformance::fixture::{
    after_lease, at, attempt, claim, claim_one, commit_with, feed, import_n, row, settled, task_of,
};
use crate::redis_server::RedisServer;

const LEDGER: &str = "damaged";

/// What somebody may have left in a task's place: nothing, too little, a head without a body, something else.
const SPOILT: [&[u8]; 4] = [
    b"",
    b"x",
    b"12345678901234",
    b"{\"state\":\"Queued\",\"action\":\"create\"}",
];

async fn open(redis: &RedisServer) -> Arc<dyn Ledger> {
    let address = redis.address(LEDGER).parse().unwrap();
    Arc::new(RedisLedger::open(&address).await.unwrap())
}

fn line_to(redis: &RedisServer) -> redis::Connection {
    let client = redis::Client::open(format!("redis://127.0.0.1:{}/0", redis.port())).unwrap();
    client.get_connection().unwrap()
}

fn key(rest: &str) -> String {
    format!("{{enlist:{LEDGER}}}:{rest}")
}

/// The number of the task that row `seq` of batch 1 made, as it is stored.
fn id(seq: i64) -> [u8; 8] {
    ((1_i64 << 40) | seq).to_be_bytes()
}

/// Puts `bytes` into the place of row `seq` of batch 1.
fn spoil(redis: &RedisServer, seq: i64, bytes: &[u8]) {
    let mut set = redis::cmd("HSET");
    let () = set
        .arg(key("t:1"))
        .arg(&id(seq))
        .arg(bytes)
        .query(&mut line_to(redis))
        .unwrap();
}

/// Takes row `seq` of batch 1 out of the due sets of batch `owner`, as docs/operations.md says.
fn out_of_the_way(redis: &RedisServer, owner: i64, seq: i64) {
    for class in 0..4 {
        let mut cut = redis::cmd("ZREM");
        let set = key(&format!("d:{owner}:{class}"));
        let () = cut.arg(set).arg(&id(seq)).query(&mut line_to(redis)).unwrap();
    }
}

/// Settles all that is due, with a call each.
async fn settle_all(ledger: &dyn Ledger) {
    for claim in claim(ledger, 99, at(1)).await {
        let done = settled(&claim.task, Outcome::Active, at(2));
        let calls = vec![attempt(CallKind::Submit, 1, Some(201))];
        assert_eq!(commit_with(ledger, &claim, done, calls, at(2)).await, Kept::Yes);
    }
}

/// The keys that hold rows, tasks, row keys, calls and due times.
fn holds(redis: &RedisServer) -> String {
    redis.cli(&["--scan", "--pattern", &format!("{}*", key("[rtkad]:"))])
}

#[tokio::test]
async fn it_is_passed_over_and_met_again_after_a_lease() {
    for bytes in SPOILT {
        let redis = RedisServer::start();
        let ledger = open(&redis).await;
        import_n(&*ledger, "one", 4).await;
        spoil(&redis, 1, bytes);
        let keys = |claims: Vec<enlist::engine::ports::Claim>| {
            claims
                .into_iter()
                .map(|claim| claim.key.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(claim(&*ledger, 9, at(0)).await), ["one-0", "one-2", "one-3"]);
        assert_eq!(claim(&*ledger, 9, at(1)).await, []);
        assert_eq!(claim(&*ledger, 9, after_lease(0)).await.len(), 3);
    }
}

#[tokio::test]
async fn in_a_cancelled_batch_it_holds_up_no_other() {
    for bytes in SPOILT {
        let redis = RedisServer::start();
        let ledger = open(&redis).await;
        let cancelled = import_n(&*ledger, "one", 3).await;
        spoil(&redis, 1, bytes);
        ledger.cancel(&cancelled).await.unwrap();
        let other = import_n(&*ledger, "two", 1).await;
        assert_eq!(claim_one(&*ledger, at(0)).await.batch, other);
        for seq in [0, 2] {
            let state = task_of(&*ledger, &cancelled, seq).await.state;
            assert_eq!(state, State::Settled(Outcome::Cancelled));
        }
    }
}

#[tokio::test]
async fn an_order_passes_it_by_and_a_file_that_feeds_it_is_told() {
    for bytes in SPOILT {
        let redis = RedisServer::start();
        let ledger = open(&redis).await;
        let id = import_n(&*ledger, "one", 3).await;
        spoil(&redis, 1, bytes);
        assert_eq!(
            ledger.apply_to_batch(&id, &Order::Cancel, at(0)).await.unwrap(),
            2
        );
        let rows = ledger.rows(&id, 0, 9).await.unwrap();
        assert!(rows[1].unreadable.is_some() && rows[1].task.is_none(), "{rows:?}");
        feed(&*ledger, "two", &[], 0).await;
        let batch = crate::ledger_conformance::fixture::batch("two").id;
        let error = ledger
            .append(&batch, &[row(0, "one-1")], at(1))
            .await
            .unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, LedgerError::Corrupt(_)), "{said}");
        assert!(
            said.contains("task 1099511627777") && said.contains("hint: "),
            "{said}"
        );
        assert_eq!(said.matches("unreadable").count(), 1, "said once: {said}");
    }
}

#[tokio::test]
async fn it_is_forgotten_with_its_batch_and_is_in_no_files_way_then() {
    for bytes in SPOILT {
        let redis = RedisServer::start();
        let ledger = open(&redis).await;
        let one = import_n(&*ledger, "one", 120).await;
        spoil(&redis, 1, bytes);
        settle_all(&*ledger).await;
        settle_all(&*ledger).await;
        assert!(!ledger.forget(&one).await.unwrap(), "it is open");
        out_of_the_way(&redis, 1, 1);
        assert!(ledger.forget(&one).await.unwrap());
        assert_eq!(holds(&redis).trim(), "");
        assert_eq!(redis.cli(&["scard", &key("gone")]).trim(), "0");
        let (_, appended) = feed(&*ledger, "two", &[row(0, "one-1")], 3).await;
        assert_eq!(appended.new, 1);
    }
}

#[tokio::test]
async fn one_that_another_batch_took_over_is_forgotten_with_that() {
    let redis = RedisServer::start();
    let ledger = open(&redis).await;
    let one = import_n(&*ledger, "one", 3).await;
    let (two, _) = feed(&*ledger, "two", &[row(0, "one-1"), row(1, "b"), row(2, "c")], 0).await;
    let ended: Vec<u8> = redis::cmd("HGET")
        .arg(key("t:1"))
        .arg(&id(1))
        .query(&mut line_to(&redis))
        .unwrap();
    spoil(&redis, 1, &ended[..20]);
    settle_all(&*ledger).await;
    out_of_the_way(&redis, 2, 1);
    assert!(ledger.forget(&one).await.unwrap());
    assert!(ledger.rows(&two, 0, 1).await.unwrap()[0].unreadable.is_some());
    assert!(ledger.forget(&two).await.unwrap());
    assert_eq!(holds(&redis).trim(), "");
}

#[tokio::test]
async fn a_forgetting_that_was_broken_off_is_finished() {
    let redis = RedisServer::start();
    let ledger = open(&redis).await;
    let one = import_n(&*ledger, "one", 3).await;
    settle_all(&*ledger).await;
    // Killed between the dropping of a task and of the calls made for it.
    let mut line = line_to(&redis);
    let () = redis::cmd("HDEL")
        .arg(key("t:1"))
        .arg(&id(1))
        .query(&mut line)
        .unwrap();
    for hash in redis.cli(&["--scan", "--pattern", &key("k:*")]).lines() {
        let () = redis::cmd("HDEL")
            .arg(hash)
            .arg("one-1")
            .query(&mut line)
            .unwrap();
    }
    assert!(ledger.forget(&one).await.unwrap());
    assert_eq!(holds(&redis).trim(), "");
}

#[tokio::test]
async fn a_block_that_cannot_be_read_holds_up_no_other() {
    let redis = RedisServer::start();
    let ledger = open(&redis).await;
    let one = import_n(&*ledger, "one", 120).await;
    settle_all(&*ledger).await;
    settle_all(&*ledger).await;
    let two = import_n(&*ledger, "two", 3).await;
    settle_all(&*ledger).await;
    redis.cli(&["hset", &key("r:1"), "1", "spoilt"]);
    assert!(ledger.forget(&one).await.unwrap());
    assert_eq!(
        redis.cli(&["hkeys", &key("r:1")]).trim(),
        "1",
        "the others are gone"
    );
    assert_eq!(redis.cli(&["hlen", &key("t:1")]).trim(), "50");
    assert!(ledger.forget(&two).await.unwrap());
    assert_eq!(
        redis
            .cli(&["exists", &key("r:2"), &key("t:2"), &key("b:2")])
            .trim(),
        "0"
    );
}

/// What others change faster than it can be looked at, or what seems so: a task that is gone and whose key is not.
#[tokio::test]
async fn what_never_stands_still_is_told_with_what_to_do() {
    let redis = RedisServer::start();
    let ledger = open(&redis).await;
    import_n(&*ledger, "one", 3).await;
    let mut cut = redis::cmd("HDEL");
    let () = cut
        .arg(key("t:1"))
        .arg(&id(1))
        .query(&mut line_to(&redis))
        .unwrap();
    feed(&*ledger, "two", &[], 0).await;
    let two = crate::ledger_conformance::fixture::batch("two").id;
    let error = ledger.append(&two, &[row(0, "one-1")], at(1)).await.unwrap_err();
    let told = enlist::app::Failure::from(error);
    assert!(told.hint.starts_with("run the same command again"), "{told}");
}
