//! SIGINT and SIGTERM: the first asks for a clean end, where there is something to end cleanly; the second ends at
//! once. A file that is only read, or half imported, needs no clean end: it can be read again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::exit::Exit;

/// Tells whether and how the program was asked to end.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Receiver<Option<Exit>>,
    /// How many see to a clean end.
    heard_by: Arc<AtomicUsize>,
}

impl Stop {
    /// While this is held the first signal does not end the program: somebody sees to a clean end.
    pub fn heed(&self) -> Heed {
        self.heard_by.fetch_add(1, Ordering::SeqCst);
        Heed(Arc::clone(&self.heard_by))
    }

    /// Waits for the first signal; gives the exit code that goes with it.
    pub async fn asked(&mut self) -> Exit {
        let _heed = self.heed();
        let asked = self.asked.wait_for(Option::is_some).await;
        match asked.ok().and_then(|asked| *asked) {
            Some(exit) => exit,
            None => std::future::pending().await,
        }
    }
}

/// Somebody sees to a clean end.
#[derive(Debug)]
pub struct Heed(Arc<AtomicUsize>);

impl Drop for Heed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Listens from now on. The future ends with the second signal, or with the first if nobody sees to a clean end.
pub fn listen() -> std::io::Result<(Stop, impl Future<Output = Exit>)> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, asked) = watch::channel(None);
    let heard_by = Arc::new(AtomicUsize::new(0));
    let stop = Stop {
        asked,
        heard_by: Arc::clone(&heard_by),
    };
    let at_once = async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            }
        };
        let first = next().await;
        if heard_by.load(Ordering::SeqCst) == 0 {
            return first;
        }
        sender.send_replace(Some(first));
        next().await
    };
    Ok((stop, at_once))
}
