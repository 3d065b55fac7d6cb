//! Waiting for a ledger that does not answer: said once, asked again in pauses that grow, and said once that it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::world::World;

/// The first pause.
const PAUSE_FIRST: Duration = Duration::from_millis(20);

/// The longest pause between tries.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(2);

/// What a worker asks a ledger for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Commit = 1,
    Extend = 2,
    Claim = 4,
    Open = 8,
}

/// Which calls fail at present. It begins with the first that does, and is over when none does any more.
#[derive(Debug, Default)]
pub(super) struct Trouble(AtomicU8);

impl Trouble {
    fn met(&self, call: Call, error: &LedgerError) {
        let before = self.0.fetch_or(call as u8, Ordering::Relaxed);
        match (before, error) {
            (0, LedgerError::Unavailable(_) | LedgerError::Unfit(_)) => {
                tracing::warn!("nothing is lost, the worker waits and goes on by itself: {error}");
            }
            (0, _) => tracing::error!("the worker asks again until the ledger can be read: {error}"),
            _ => tracing::debug!(?call, %error, "still"),
        }
    }

    fn went_well(&self, call: Call) {
        let before = self.0.fetch_and(!(call as u8), Ordering::Relaxed);
        if before == call as u8 {
            tracing::warn!("the ledger answers again; the work goes on");
        }
    }
}

/// The patience with one kind of call.
#[derive(Debug)]
pub(super) struct Patience {
    call: Call,
    pause_max: Duration,
    trouble: Arc<Trouble>,
    pauses: Option<ExponentialBackoff>,
    until: Option<Timestamp>,
}

impl Patience {
    pub(super) fn new(call: Call, pause_max: Duration, trouble: &Arc<Trouble>) -> Self {
        Self {
            call,
            pause_max: pause_max.clamp(PAUSE_FIRST, PAUSE_MAX),
            trouble: Arc::clone(trouble),
            pauses: None,
            until: None,
        }
    }

    /// The call failed; says when it is to be made again, by the steady clock.
    pub(super) fn failed(&mut self, error: &LedgerError, now: Timestamp) {
        self.trouble.met(self.call, error);
        let pauses = self.pauses.get_or_insert_with(|| {
            ExponentialBuilder::default()
                .with_min_delay(PAUSE_FIRST)
                .with_max_delay(self.pause_max)
                .without_max_times()
                .build()
        });
        self.until = Some(now.plus(pauses.next().unwrap_or(self.pause_max)));
    }

    /// The call went well, or is not needed.
    pub(super) fn went_well(&mut self) {
        self.trouble.went_well(self.call);
        self.pauses = None;
        self.until = None;
    }

    /// How long to wait before the call is made again; nothing when it may be made now.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        self.until
            .map(|until| until.since(now))
            .filter(|wait| !wait.is_zero())
    }
}

/// Asks until the ledger answers. It is waited for as long as it takes; anything but silence is an answer.
///
/// # Errors
/// What the ledger says when it answers.
pub async fn patiently<T, Asked>(world: &dyn World, mut ask: impl FnMut() -> Asked) -> Result<T, LedgerError>
where
    Asked: Future<Output = Result<T, LedgerError>>,
{
    let mut patience = Patience::new(Call::Open, PAUSE_MAX, &Arc::default());
    loop {
        match ask().await {
            Err(error @ LedgerError::Unavailable(_)) => {
                patience.failed(&error, world.steady());
                if let Some(pause) = patience.wait(world.steady()) {
                    tokio::time::sleep(pause).await;
                }
            }
            answer => {
                patience.went_well();
                return answer;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::testing::Log;

    fn down() -> LedgerError {
        LedgerError::Unavailable("gone".into())
    }

    #[test]
    fn pauses_grow_to_the_longest_and_start_over_when_it_went_well() {
        let mut patience = Patience::new(Call::Claim, PAUSE_MAX, &Arc::default());
        let mut now = Timestamp::from_ms(0);
        let mut pause = |patience: &mut Patience| {
            patience.failed(&down(), now);
            let wait = patience.wait(now).unwrap();
            now = now.plus(wait);
            assert_eq!(patience.wait(now), None);
            wait
        };
        let pauses: Vec<Duration> = (0..12).map(|_| pause(&mut patience)).collect();
        assert_eq!(pauses[0], PAUSE_FIRST);
        assert!(pauses.is_sorted() && pauses[11] == PAUSE_MAX, "{pauses:?}");
        patience.went_well();
        assert_eq!(pause(&mut patience), PAUSE_FIRST);
    }

    #[test]
    fn it_is_said_once_over_all_calls_and_over_when_all_are_well() {
        let (log, _guard) = Log::capture();
        let trouble = Arc::default();
        let [mut commit, mut claim] =
            [Call::Commit, Call::Claim].map(|call| Patience::new(call, PAUSE_MAX, &trouble));
        let now = Timestamp::from_ms(0);
        let said = |words: &str| log.text().matches(words).count();
        claim.went_well();
        for _ in 0..3 {
            claim.failed(&down(), now);
            commit.failed(&down(), now);
        }
        commit.went_well();
        commit.went_well();
        assert_eq!((said("WARN"), said("answers again")), (1, 0));
        claim.went_well();
        assert_eq!((said("nothing is lost"), said("answers again")), (1, 1));
        commit.failed(&LedgerError::Corrupt("odd".into()), now);
        assert_eq!((said("ERROR"), said("odd")), (1, 1));
    }
}
