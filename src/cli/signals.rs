//! SIGINT and SIGTERM: the first asks for a clean end, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::exit::Exit;

/// Tells whether and how the program was asked to end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Option<Exit>>);

impl Stop {
    /// Waits for the first signal; gives the exit code that goes with it.
    pub async fn asked(&mut self) -> Exit {
        let asked = self
            .0
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|asked| *asked);
        match asked {
            Some(exit) => exit,
            None => std::future::pending().await,
        }
    }
}

/// Listens from now on. The future ends with the second signal.
pub fn listen() -> std::io::Result<(Stop, impl Future<Output = Exit>)> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = watch::channel(None);
    let second = async move {
        for first in [true, false] {
            let asked = tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            };
            if !first {
                return asked;
            }
            sender.send_replace(Some(asked));
        }
        Exit::Interrupted
    };
    Ok((Stop(receiver), second))
}
