//! The line against real servers: every kind of address, and every way a Redis fails.

mod failing;
mod finding;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::config::RedisAddress;

/// Short, so that tests need not wait long for a failure.
const SHORT: Limits = Limits {
    connect: Duration::from_millis(400),
    dial: Duration::from_millis(800),
    response: Duration::from_millis(400),
    call: Duration::from_millis(1_600),
};

/// Tries of [`until_it_answers`], with pauses of 20 ms.
const TRIES_MAX: u32 = 1_500;

fn access(address: &str) -> RedisAccess {
    access_in(address, &[])
}

fn access_in(address: &str, env: &'static [(&str, &str)]) -> RedisAccess {
    let (address, _) = RedisAddress::parse(address).unwrap();
    let env = |name: &str| {
        let (_, value) = env.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    };
    RedisAccess::of(&address, &env).unwrap()
}

async fn open(access: &RedisAccess) -> Link {
    Link::open_within(access, SHORT).await.unwrap()
}

/// Why it does not open.
async fn refused(access: &RedisAccess) -> LedgerError {
    match Link::open_within(access, SHORT).await {
        Ok(link) => panic!("{link:?} opens"),
        Err(error) => error,
    }
}

static ADD: Lua = Lua::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");

/// Adds to a number in the ledger `name`; what it is now.
async fn add(link: &Link, name: &str, n: i64) -> Result<i64, LedgerError> {
    let key = format!("{{enlist:{name}}}:n");
    let value = link
        .run(&ADD, &key, &|cmd| {
            cmd.arg(n);
        })
        .await?;
    Ok(redis::from_redis_value(value).unwrap())
}

/// Which of the server's connections this is.
async fn connection_of(link: &Link) -> i64 {
    let id = link.ask(redis::cmd("CLIENT").arg("ID")).await.unwrap();
    redis::from_redis_value(id).unwrap()
}

/// Adds until it works; says how often it did not.
async fn until_it_answers(link: &Link, name: &str) -> u32 {
    for failed in 0..TRIES_MAX {
        if add(link, name, 0).await.is_ok() {
            return failed;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{link:?} did not come back");
}

/// The longest a call may take here, with room for a slow machine.
const CALL_MAX: Duration = Duration::from_secs(4);

/// The error of a call, which must come in time.
async fn fails(link: &Link, name: &str) -> LedgerError {
    match timeout(CALL_MAX, add(link, name, 0)).await {
        Ok(Err(error)) => error,
        Ok(Ok(n)) => panic!("it answered {n}"),
        Err(_) => panic!("a call hung"),
    }
}

/// The errors of many calls at once, each of which must come in time.
async fn all_fail(link: &Link, name: &'static str, callers: usize) -> Vec<LedgerError> {
    let link = Arc::new(link.clone());
    let calls: Vec<_> = (0..callers)
        .map(|_| {
            let link = Arc::clone(&link);
            tokio::spawn(async move { fails(&link, name).await })
        })
        .collect();
    let mut errors = Vec::new();
    for call in calls {
        errors.push(call.await.unwrap());
    }
    errors
}

fn assert_says(error: &LedgerError, unfit: bool, words: &str) {
    let told = error.to_string();
    assert_eq!(matches!(error, LedgerError::Unfit(_)), unfit, "{told}");
    assert_eq!(matches!(error, LedgerError::Unavailable(_)), !unfit, "{told}");
    assert!(told.contains(words) && told.contains("; hint: "), "{told}");
}
