//! Wiring: the only place that names concrete adapters, and the use cases that need several of them.

mod clock;
pub mod desks;
pub mod doctor;
pub mod exit;
pub mod feed;
pub mod housekeeping;
pub mod keys;
pub mod ledgers;
pub mod passwords;
pub mod plan;
pub mod providers;
pub mod rehearsal;
pub mod run;
pub mod watching;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{LedgerAddress, data_dir};
use crate::telemetry::Telemetry;
use crate::world::{RealWorld, SharedWorld, World};

pub use exit::{Exit, Failure};

/// Where settings and secrets come from: the process's environment, or a test's.
pub type Env = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The process's environment.
pub fn process_env() -> Env {
    Arc::new(crate::config::env::process_env)
}

/// `env`, with one variable set.
pub fn env_with(env: &Env, name: &'static str, value: String) -> Env {
    let env = Arc::clone(env);
    Arc::new(move |asked| {
        if asked == name {
            Some(value.clone())
        } else {
            env(asked)
        }
    })
}

/// What every verb needs.
#[derive(Clone)]
pub struct App {
    /// Time and chance. The time of day is the ledger's once that is open, if many machines share it.
    pub world: Arc<dyn World>,
    clock: Arc<SharedWorld>,
    /// The environment.
    pub env: Env,
    /// Which ledger.
    pub ledger: LedgerAddress,
    /// Whether it is the one that is found without a flag.
    unnamed: bool,
    /// Where things are kept that outlive a run.
    pub data_dir: PathBuf,
    /// What it tells of itself.
    pub telemetry: Arc<Telemetry>,
}

impl App {
    /// Reads what the environment and the flags say; opens nothing yet.
    pub fn new(ledger: Option<&str>, env: Env) -> Result<Self, Failure> {
        let data_dir = data_dir(&*env)?;
        let unnamed = LedgerAddress::unnamed(&data_dir, &*env);
        let ledger: LedgerAddress = match ledger {
            Some(text) => text.parse()?,
            None => unnamed.clone()?,
        };
        let clock = Arc::new(SharedWorld::new(Arc::new(RealWorld::default())));
        Ok(Self {
            world: Arc::clone(&clock) as Arc<dyn World>,
            clock,
            env,
            unnamed: unnamed.is_ok_and(|unnamed| unnamed == ledger),
            ledger,
            data_dir,
            telemetry: Arc::new(Telemetry::off()),
        })
    }
}
