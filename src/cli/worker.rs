//! `enlist worker`: works all batches of the ledger until stopped.

use std::sync::Arc;

use clap::Args;

use super::Scene;
use super::talk::many;
use super::watched::WatchArgs;
use crate::app::housekeeping::keep_house;
use crate::app::run::Crew;
use crate::app::{Exit, Failure};
use crate::engine::ports::Ledger;
use crate::engine::watched::Role;

/// Said after the first signal, since a call on its way may take a minute.
pub(super) const STOPPING: &str = "stopping: finishing what is in flight; once more ends at once";

/// Flags of `worker`.
#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    /// Rows in hand at once.
    #[arg(long, value_name = "ROWS", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    in_flight: u32,
    #[command(flatten)]
    pub(super) watch: WatchArgs,
}

pub(super) async fn run(args: WorkerArgs, mut scene: Scene) -> Result<Exit, Failure> {
    let watching = args.watch.start(&scene, Role::Works).await?;
    let sealed = scene.app.open_for_work().await?;
    let ledger = watching.over(sealed as Arc<dyn Ledger>);
    let in_flight = usize::try_from(args.in_flight).unwrap_or(usize::MAX);
    let crew = Crew::start(&scene.app, &scene.app.env, &ledger, in_flight, None);
    let house = tokio::spawn(keep_house(Arc::clone(&ledger), Arc::clone(&scene.app.world)));
    scene.talk.say(format!(
        "working {} with {} in hand; Ctrl-C finishes what is in flight and ends",
        ledger.describe(),
        many(u64::from(args.in_flight), "row")
    ));
    let _heed = scene.stop.heed();
    let asked = tokio::select! {
        exit = scene.stop.asked() => Some(exit),
        () = crew.ended() => None,
    };
    if asked.is_some() {
        scene.talk.say(STOPPING);
    }
    house.abort();
    watching.drains();
    let stopped = crew.stop().await;
    watching.end().await;
    stopped?;
    asked.ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "the worker ended before it was told to",
            "start it again: rows go on when their leases run out",
        )
    })
}
