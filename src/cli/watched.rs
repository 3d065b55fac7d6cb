//! `--listen`: an address for those who watch a verb that works or imports.

use std::net::SocketAddr;

use clap::Args;

use super::Scene;
use crate::app::Failure;
use crate::app::watching::Watching;
use crate::engine::watched::Role;

/// Whether the verb may be watched.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Answer GET /metrics, /healthz and /readyz here: 127.0.0.1:9464. There is no log-in. Default: nowhere.
    #[arg(long, value_name = "IP:PORT", env = "ENLIST_LISTEN", hide_env_values = true)]
    pub(super) listen: Option<SocketAddr>,
}

impl WatchArgs {
    /// Answers from now on, before any work begins.
    pub(super) async fn start(&self, scene: &Scene, role: Role) -> Result<Watching, Failure> {
        let watching = Watching::start(&scene.app, role, self.listen).await?;
        if let Some(address) = watching.address() {
            scene.talk.say(format!("watch at http://{address}/metrics"));
        }
        Ok(watching)
    }
}
