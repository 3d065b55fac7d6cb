//! What a verb that works or imports shows of itself while it runs: its ledger is measured, and if asked it answers
//! those who watch.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{App, Failure};
use crate::engine::ports::Ledger;
use crate::engine::watched::{Depths, Pulse, Role, WatchedLedger};
use crate::telemetry::metrics::Metrics;
use crate::web::listen::serve;
use crate::web::watch::{Watch, routes};
use crate::world::World;

/// A process that is watched. Ends with the value.
pub struct Watching {
    metrics: Arc<Metrics>,
    world: Arc<dyn World>,
    pulse: Arc<Pulse>,
    depths: Arc<Depths>,
    /// Whether numbers are sent unasked.
    pushes: bool,
    freshening: OnceLock<JoinHandle<()>>,
    serving: Option<Serving>,
}

struct Serving {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Watching {
    /// Answers on `listen` from now on, if that is given; a port of 0 takes any.
    pub async fn start(app: &App, role: Role, listen: Option<SocketAddr>) -> Result<Self, Failure> {
        let (metrics, world) = (app.telemetry.metrics(), Arc::clone(&app.world));
        let pulse = Arc::new(Pulse::new(role, Arc::clone(&world)));
        let depths = Arc::new(Depths::new(Arc::clone(&metrics), Arc::clone(&world)));
        let serving = match listen.zip(app.telemetry.exposition()) {
            None => None,
            Some((address, exposition)) => {
                let (pulse, depths) = (Arc::clone(&pulse), Arc::clone(&depths));
                let watch = Watch {
                    exposition,
                    pulse,
                    depths,
                };
                Some(Serving::start(address, watch).await?)
            }
        };
        Ok(Self {
            metrics,
            world,
            pulse,
            depths,
            pushes: app.telemetry.pushes_metrics(),
            freshening: OnceLock::new(),
            serving,
        })
    }

    /// Where it answers, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.serving.as_ref().map(|serving| serving.address)
    }

    /// `ledger`, measured; from now on it is asked what it holds.
    pub fn over(&self, ledger: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
        let (metrics, pulse) = (Arc::clone(&self.metrics), Arc::clone(&self.pulse));
        let ledger = Arc::new(WatchedLedger::new(
            ledger,
            metrics,
            pulse,
            Arc::clone(&self.world),
        ));
        self.depths.read_from(Arc::clone(&ledger) as Arc<dyn Ledger>);
        if self.pushes {
            let depths = Arc::clone(&self.depths);
            let freshen = || tokio::spawn(async move { depths.keep_fresh().await });
            self.freshening.get_or_init(freshen);
        }
        ledger
    }

    /// From now on the process is not ready: it finishes what it has.
    pub fn drains(&self) {
        self.pulse.drains();
    }

    /// Finishes the answers under way and ends. Numbers sent unasked end with how things are now.
    pub async fn end(mut self) {
        if self.pushes {
            let _ = self.depths.refresh().await;
        }
        if let Some(serving) = self.serving.take() {
            let _ = serving.stop.send(());
            let _ = serving.done.await;
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(freshening) = self.freshening.get() {
            freshening.abort();
        }
    }
}

impl Serving {
    async fn start(address: SocketAddr, watch: Watch) -> Result<Self, Failure> {
        let cannot = |error: std::io::Error| {
            Failure::usage(
                format!("cannot listen on {address}: {error}"),
                "name a free address with --listen, 127.0.0.1:9464",
            )
        };
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let (stop, stopped) = oneshot::channel();
        // The other end going away is a stop too.
        let stopped = async { drop(stopped.await) };
        Ok(Self {
            address,
            stop,
            done: tokio::spawn(serve(listener, routes(watch), stopped)),
        })
    }
}
