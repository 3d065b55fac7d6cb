//! Whether this process is fit to work, for whoever decides where work goes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::world::World;

/// A claim that takes longer is as good as none.
const CLAIM_MAX: Duration = Duration::from_secs(5);

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It takes tasks in hand.
    Works,
    /// It puts rows into the ledger.
    Imports,
}

/// What is known of the last claim.
enum LastClaim {
    Never,
    Asked(Timestamp),
    Answered,
    Failed(String),
}

/// How the process is.
pub struct Pulse {
    role: Role,
    world: Arc<dyn World>,
    known: Mutex<Known>,
}

struct Known {
    claim: LastClaim,
    draining: bool,
}

impl Pulse {
    /// A process that has done nothing yet.
    pub fn new(role: Role, world: Arc<dyn World>) -> Self {
        let known = Known {
            claim: LastClaim::Never,
            draining: false,
        };
        Self {
            role,
            world,
            known: Mutex::new(known),
        }
    }

    /// Why it should not be given work; `None` when it is ready. Whether the ledger answers is
    /// [`super::Depths::refresh`]'s to say.
    pub fn unready(&self) -> Option<String> {
        let known = self.known();
        if known.draining {
            return Some("stopping: what is in flight is finished, nothing new is taken".to_owned());
        }
        if self.role == Role::Imports {
            return None;
        }
        match &known.claim {
            LastClaim::Answered => None,
            LastClaim::Never => Some("the worker has not claimed yet".to_owned()),
            LastClaim::Failed(why) => Some(format!("the worker cannot claim: {why}")),
            LastClaim::Asked(at) => {
                let waited = self.world.steady().since(*at);
                let long = waited > CLAIM_MAX;
                long.then(|| format!("a claim has gone unanswered for {} s", waited.as_secs()))
            }
        }
    }

    /// From now on nothing new is taken.
    pub fn drains(&self) {
        self.known().draining = true;
    }

    /// A claim is on its way. Until it is answered, one that failed before it still counts.
    pub(super) fn claims(&self) {
        let mut known = self.known();
        if matches!(known.claim, LastClaim::Answered) {
            known.claim = LastClaim::Asked(self.world.steady());
        }
    }

    /// A claim was answered, or failed.
    pub(super) fn claimed(&self, failed: Option<String>) {
        self.known().claim = failed.map_or(LastClaim::Answered, LastClaim::Failed);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
