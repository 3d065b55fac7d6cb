//! Tasks in Redis that somebody has spoilt: passed over, named, and in nobody's way.

use std::sync::Arc;

use enlist::domain::machine::Order;
use enlist::domain::task::{Outcome, State};
use enlist::engine::ports::{Ledger, LedgerError};
use enlist::ledger::redis::RedisLedger;

use crate::ledger_conformance::fixture::{after_lease, at, claim, claim_one, feed, import_n, row, task_of};
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

/// Puts `bytes` into the place of row `seq` of batch 1.
fn spoil(redis: &RedisServer, seq: i64, bytes: &[u8]) {
    let client = redis::Client::open(format!("redis://127.0.0.1:{}/0", redis.port())).unwrap();
    let mut line = client.get_connection().unwrap();
    let id = ((1_i64 << 40) | seq).to_be_bytes();
    let key = format!("{{enlist:{LEDGER}}}:t:1");
    let () = redis::cmd("HSET")
        .arg(key)
        .arg(&id)
        .arg(bytes)
        .query(&mut line)
        .unwrap();
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
    }
}
