//! `enlist healthcheck URL`: asks a part of the stack whether it is well. The image holds this program alone, so no other
//! could ask.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::{Scene, talk};
use crate::app::{Exit, Failure};

/// From the first packet to the status line. Shorter than the pause between two checks.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// `HTTP/1.1 200`: what is read of an answer.
const STATUS_BYTES: usize = 12;

/// Flags of `healthcheck`.
#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// What to ask, http://127.0.0.1:9464/readyz; 200 is well.
    #[arg(value_name = "URL", value_parser = address)]
    url: Url,
}

/// What `healthcheck --json` says of who answered.
#[derive(Serialize)]
struct Health<'a> {
    url: &'a str,
    well: bool,
    /// The status of the answer; `null` where that is no number.
    http: Option<u16>,
}

pub(super) async fn run(args: HealthcheckArgs, scene: Scene) -> Result<Exit, Failure> {
    let url = args.url;
    let failed = |what: String| Failure::new(Exit::Failed, format!("{url}: {what}"), "");
    let status = tokio::time::timeout(WAIT_MAX, ask(&url))
        .await
        .map_err(|_| failed(format!("no answer within {} s", WAIT_MAX.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    let Some(http) = status.strip_prefix("HTTP/1.1 ") else {
        return Err(failed("what answered does not speak HTTP/1.1".to_owned()));
    };
    let well = http == "200";
    if scene.json {
        talk::json(&Health {
            url: url.as_str(),
            well,
            http: http.parse().ok(),
        })?;
    }
    if !well {
        return Err(failed(format!("answered {http}")));
    }
    scene.talk.say("well");
    Ok(Exit::Done)
}

/// The first bytes of the answer.
async fn ask(url: &Url) -> std::io::Result<String> {
    let (host, port) = (
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or_default(),
    );
    let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n",
        url.path()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut status = [0; STATUS_BYTES];
    stream.read_exact(&mut status).await?;
    Ok(String::from_utf8_lossy(&status).into_owned())
}

/// An address that can be asked. Plain http only: who asks sits beside who answers.
fn address(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "http" && url.has_host() => Ok(url),
        Ok(_) => Err("write http://HOST:PORT/PATH".into()),
        Err(error) => Err(format!("{error}; write http://HOST:PORT/PATH")),
    }
}
