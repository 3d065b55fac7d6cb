//! What every budget does with those who wait, wherever its numbers are: none waits for ever, none once it is closed.

use std::time::Duration;

use tokio::sync::watch;

/// Nobody waits longer for leave with a row in hand: its data may be changed by a file meanwhile, and a look-up for
/// the old ones believes that what was claimed is sent, or given back, by now (`Task::quiet_at`).
pub const LEAVE_WAIT_MAX: Duration = Duration::from_secs(30);

/// Where hands wait for their turn.
#[derive(Debug)]
pub struct Gate {
    closed: watch::Sender<bool>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            closed: watch::Sender::new(false),
        }
    }
}

impl Gate {
    /// Waits for `turn`, for [`LEAVE_WAIT_MAX`] at most and while the gate is open.
    pub async fn pass<T>(&self, turn: impl Future<Output = T>) -> Option<T> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => None,
            turn = turn => Some(turn),
            () = tokio::time::sleep(LEAVE_WAIT_MAX) => None,
        }
    }

    /// Nobody passes any more; whoever waits goes away.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Tells of the closing.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closed.subscribe()
    }
}
