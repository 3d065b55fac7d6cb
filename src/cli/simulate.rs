//! `enlist simulate adobe`: a stand-in for a provider, to rehearse a file on.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use tokio::net::TcpListener;

use super::{Scene, talk};
use crate::app::{Exit, Failure};
use crate::simulator::adobe::{Adobe, SimulateAdobe};
use crate::simulator::host::Host;
use crate::simulator::http::serve;

/// Flags of `simulate`.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    #[command(subcommand)]
    provider: Simulated,
}

#[derive(Debug, Subcommand)]
enum Simulated {
    Adobe(Box<SimulateAdobe>),
}

/// What `simulate --json` says once it listens.
#[derive(Serialize)]
struct Listening {
    base_url: String,
    token_url: String,
    ledger_url: String,
}

pub(super) async fn run(args: SimulateArgs, mut scene: Scene) -> Result<Exit, Failure> {
    let Simulated::Adobe(args) = args.provider;
    let (listen, seed, state) = (args.common.listen, args.common.seed, args.common.state.clone());
    let settings = args
        .into_settings()
        .map_err(|error| Failure::usage(error, "`enlist simulate adobe --help`"))?;
    let brain = Adobe::new(settings, seed);
    let host = match &state {
        Some(path) => Host::with_state(brain, path).map_err(|error| Failure::usage(error.to_string(), ""))?,
        None => Host::new(brain),
    };
    let cannot = |error: std::io::Error| {
        Failure::usage(
            format!("cannot listen on {listen}: {error}"),
            "name a free address with --listen",
        )
    };
    let listener = TcpListener::bind(listen).await.map_err(cannot)?;
    let base_url = format!("http://{}", listener.local_addr().map_err(cannot)?);
    let listening = Listening {
        token_url: format!("{base_url}/ims/token/v3"),
        ledger_url: format!("{base_url}/_simulator/ledger"),
        base_url,
    };
    if scene.json {
        talk::json_line(&listening)?
    } else {
        talk::data(&listening.base_url)?
    }
    scene.talk.say(format!(
        "simulating adobe; use it with --set connection.base_url={} --set connection.token_url={}",
        listening.base_url, listening.token_url
    ));
    let (ended, exit) = tokio::sync::oneshot::channel();
    let world = Arc::clone(&scene.app.world);
    serve(listener, host, world, async move {
        let _ = ended.send(scene.stop.asked().await);
    })
    .await;
    Ok(exit.await.unwrap_or(Exit::Interrupted))
}
