//! `enlist simulate PROVIDER`: a stand-in for a provider, to rehearse a file on.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use tokio::net::TcpListener;

use super::{Scene, talk};
use crate::app::{Exit, Failure};
use crate::simulator::Brain;
use crate::simulator::adobe::{Adobe, SimulateAdobe};
use crate::simulator::args::Common;
use crate::simulator::host::Host;
use crate::simulator::http::serve;
use crate::simulator::logicboxes::{LogicBoxes, SimulateLogicBoxes};
use crate::simulator::metallic::{Metallic, SimulateMetallic};

/// Flags of `simulate`.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    #[command(subcommand)]
    provider: Simulated,
}

#[derive(Debug, Subcommand)]
enum Simulated {
    Adobe(Box<SimulateAdobe>),
    #[command(name = "logicboxes")]
    LogicBoxes(Box<SimulateLogicBoxes>),
    Metallic(Box<SimulateMetallic>),
}

/// What `simulate --json` says once it listens.
#[derive(Serialize)]
struct Listening {
    base_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_url: Option<String>,
    ledger_url: String,
}

/// Where a stand-in answers, below its address.
struct Paths {
    /// What `connection.base_url` ends in.
    base: &'static str,
    /// Where tokens are to be had.
    token: Option<&'static str>,
    /// Whether a job is told where, or knows it from the base.
    sets_token: bool,
}

pub(super) async fn run(args: SimulateArgs, scene: Scene) -> Result<Exit, Failure> {
    match args.provider {
        Simulated::Adobe(args) => {
            let common = args.common.clone();
            let brain = Adobe::new(sound::<Adobe, _>(args.into_settings())?, common.seed);
            let paths = Paths {
                base: "",
                token: Some("/ims/token/v3"),
                sets_token: true,
            };
            listen(brain, &common, &paths, scene).await
        }
        Simulated::LogicBoxes(args) => {
            let common = args.common.clone();
            let brain = LogicBoxes::new(sound::<LogicBoxes, _>(args.into_settings())?, common.seed);
            let paths = Paths {
                base: "/api",
                token: None,
                sets_token: false,
            };
            listen(brain, &common, &paths, scene).await
        }
        Simulated::Metallic(args) => {
            let common = args.common.clone();
            let brain = Metallic::new(sound::<Metallic, _>(args.into_settings())?, common.seed);
            let paths = Paths {
                base: "",
                token: Some("/api/v1/authenticate"),
                sets_token: false,
            };
            listen(brain, &common, &paths, scene).await
        }
    }
}

/// The settings that the flags say, if they make sense together.
fn sound<B: Brain, S>(settings: Result<S, String>) -> Result<S, Failure> {
    settings.map_err(|error| Failure::usage(error, format!("`enlist simulate {} --help`", B::NAME)))
}

/// Serves until it is asked to stop.
async fn listen<B: Brain>(
    brain: B,
    common: &Common,
    paths: &Paths,
    mut scene: Scene,
) -> Result<Exit, Failure> {
    let host = match &common.state {
        Some(path) => Host::with_state(brain, path).map_err(|error| Failure::usage(error.to_string(), ""))?,
        None => Host::new(brain),
    };
    let cannot = |error: std::io::Error| {
        Failure::usage(
            format!("cannot listen on {}: {error}", common.listen),
            "name a free address with --listen",
        )
    };
    let listener = TcpListener::bind(common.listen).await.map_err(cannot)?;
    let root = format!("http://{}", listener.local_addr().map_err(cannot)?);
    let listening = Listening {
        base_url: format!("{root}{}", paths.base),
        token_url: paths.token.map(|path| format!("{root}{path}")),
        ledger_url: format!("{root}/_simulator/ledger"),
    };
    if scene.json {
        talk::json_line(&listening)?
    } else {
        talk::data(&listening.base_url)?
    }
    let token_set = listening
        .token_url
        .as_ref()
        .filter(|_| paths.sets_token)
        .map(|url| format!(" --set connection.token_url={url}"))
        .unwrap_or_default();
    scene.talk.say(format!(
        "simulating {}; use it with --set connection.base_url={}{token_set}",
        B::NAME,
        listening.base_url,
    ));
    let (ended, exit) = tokio::sync::oneshot::channel();
    let world = Arc::clone(&scene.app.world);
    serve(listener, host, world, async move {
        let _ = ended.send(scene.stop.asked().await);
    })
    .await;
    Ok(exit.await.unwrap_or(Exit::Interrupted))
}
