//! The built-in sample job on the built-in simulator: what `enlist run FILE` does when no job is named. Real HTTP
//! over loopback, so that the first try goes the whole way.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{App, Env, Exit, Failure, env_with};
use crate::config::Job;
use crate::domain::consent::Terms;
use crate::domain::ids::Scope;
use crate::simulator::adobe::{Adobe, AdobeSettings};
use crate::simulator::host::Host;
use crate::simulator::http::serve;

/// The job that is used when none is named.
pub const SAMPLE_JOB: &str = "adobe-create";

/// The secret's variable while rehearsing.
const SECRET_VARIABLE: &str = "ENLIST_SIMULATOR_SECRET";

/// What the job is changed by, so that a first try takes seconds; flags come after and win.
const SETS: [&str; 6] = [
    "connection.client_id=simulator",
    "connection.client_secret_env=ENLIST_SIMULATOR_SECRET",
    "poll.first=500ms",
    "poll.max=2s",
    "limits.windows=[{calls=50,per=\"1s\"}]",
    "retry.first=300ms",
];

/// A simulator running in this process.
pub struct Rehearsal {
    /// Its address.
    pub base_url: String,
    /// The sample job, pointed at it.
    pub job: Job,
    /// The environment with the simulator's secret.
    pub env: Env,
    stop: Option<oneshot::Sender<()>>,
}

impl Rehearsal {
    /// Starts the simulator on a free port. Its accounts outlive the process in the data directory, as a provider's
    /// would.
    pub async fn start(app: &App, sets: &[String]) -> Result<Self, Failure> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Failure::new(
                Exit::Failed,
                format!("{what}: {error}"),
                "name a job with --job, or set ENLIST_DATA_DIR to a folder you may write to",
            )
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(|error| failed("the built-in simulator cannot listen", &error))?;
        let address = listener
            .local_addr()
            .map_err(|error| failed("the built-in simulator has no address", &error))?;
        std::fs::create_dir_all(&app.data_dir)
            .map_err(|error| failed("cannot make the data directory", &error))?;
        let settings =
            settings().map_err(|error| failed("the built-in simulator cannot be set up", &error))?;
        let host = Host::with_state(Adobe::new(settings, 7), &app.data_dir.join("simulator.jsonl"))
            .map_err(|error| failed("the built-in simulator cannot read its state", &error))?;
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(serve(listener, host, Arc::clone(&app.world), async move {
            let _ = stopped.await;
        }));
        let base_url = format!("http://{address}");
        let job = Self::job(&base_url, sets)?;
        let env = env_with(&app.env, SECRET_VARIABLE, "simulator".to_owned());
        Ok(Self {
            base_url,
            job,
            env,
            stop: Some(stop),
        })
    }

    fn job(base_url: &str, sets: &[String]) -> Result<Job, Failure> {
        let mut all: Vec<String> = SETS.map(str::to_owned).to_vec();
        all.push(format!("connection.base_url={base_url}"));
        all.push(format!("connection.token_url={base_url}/ims/token/v3"));
        all.extend_from_slice(sets);
        Ok(Job::load(SAMPLE_JOB, &all)?.job)
    }

    /// Nobody has to have accepted anything for a rehearsal, and its report must not say that somebody has: it may be fed to a
    /// provider.
    pub fn terms() -> Terms {
        Terms::default()
    }

    /// The scope of rehearsed rows: the port changes with each start, the accounts do not.
    pub fn scope(scope: &Scope) -> Scope {
        let distributor = scope.holder();
        Scope {
            provider: scope.provider.clone(),
            account: format!("{distributor}@built-in simulator"),
        }
    }
}

impl Drop for Rehearsal {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// A provider on a good day, with a dropped connection here and there.
fn settings() -> Result<AdobeSettings, String> {
    AdobeSettings::default().changed(&serde_json::json!({
        "settle": "1s..3s",
        "faults": { "dropped_after_commit": 0.04, "unavailable_503": 0.04 },
    }))
}
