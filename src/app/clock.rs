//! One clock for all machines that share a ledger: the ledger's own, if it has one.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::ports::{Ledger, LedgerError};
use crate::world::{Reading, SharedWorld, World as _};

/// How often the ledger's clock is looked at. Machines' clocks drift apart by less than a millisecond meanwhile.
const EVERY: Duration = Duration::from_secs(10);

/// Looks in a row, of which the quickest counts.
const LOOKS: usize = 4;

/// Looks at the ledger's clock a few times; empty if it has none.
pub(super) async fn look(world: &SharedWorld, ledger: &dyn Ledger) -> Result<Vec<Reading>, LedgerError> {
    let mut readings = Vec::with_capacity(LOOKS);
    while readings.len() < LOOKS {
        let asked = world.steady();
        let Some(server) = ledger.time().await? else { break };
        readings.push(Reading {
            server,
            asked,
            answered: world.steady(),
        });
    }
    Ok(readings)
}

/// Has `world` show the ledger's time from now on, as long as both are in use. Does nothing if the ledger has no clock.
pub(super) async fn follow(world: &Arc<SharedWorld>, ledger: &Arc<dyn Ledger>) -> Result<(), LedgerError> {
    let readings = look(world, &**ledger).await?;
    if readings.is_empty() {
        return Ok(());
    }
    let of = ledger.describe();
    if let Some(ms) = world.tell(&readings) {
        tracing::warn!(ms, ledger = %of, "this machine's clock is off; that of the ledger counts");
    }
    let (world, ledger) = (Arc::downgrade(world), Arc::downgrade(ledger));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            let (Some(world), Some(ledger)) = (world.upgrade(), ledger.upgrade()) else {
                return;
            };
            // Whoever works notices that the ledger does not answer, and says so.
            let Ok(readings) = look(&world, &*ledger).await else {
                continue;
            };
            if let Some(ms) = world.tell(&readings) {
                tracing::warn!(ms, ledger = %of, "the ledger's clock jumped, and ours with it");
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::time::Timestamp;
    use crate::ledger::redis::RedisLedger;
    use crate::ledger::redis::redis_server::RedisServer;
    use crate::ledger::sqlite::SqliteLedger;
    use crate::world::{RealWorld, World};

    /// A machine whose clock is wrong.
    struct Off(RealWorld, Duration);

    impl World for Off {
        fn now(&self) -> Timestamp {
            self.0.now().minus(self.1)
        }

        fn steady(&self) -> Timestamp {
            self.0.steady()
        }

        fn dice(&self) -> Uuid {
            self.0.dice()
        }
    }

    #[tokio::test]
    async fn machines_whose_clocks_differ_have_the_ledgers_time() {
        let server = RedisServer::start();
        let access = server.address("a").parse().unwrap();
        let ledger: Arc<dyn Ledger> = Arc::new(RedisLedger::open(&access).await.unwrap());
        let right = RealWorld::default();
        for off in [0, 700, 90_000, 86_400_000] {
            let own = Off(right, Duration::from_millis(off));
            let world = Arc::new(SharedWorld::new(Arc::new(own)));
            follow(&world, &ledger).await.unwrap();
            let (now, truth) = (world.now().as_ms(), right.now().as_ms());
            // Server and test are on one machine, so the truth is known; a busy machine reads it late.
            assert!((truth - now).abs() < 400, "{off}: {}", truth - now);
        }
        let own: Arc<dyn Ledger> = Arc::new(SqliteLedger::in_memory().unwrap());
        let world = Arc::new(SharedWorld::new(Arc::new(Off(right, Duration::from_secs(90)))));
        follow(&world, &own).await.unwrap();
        assert!(
            right.now().since(world.now()) >= Duration::from_secs(89),
            "nobody shares it"
        );
    }
}
