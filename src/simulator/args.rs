//! The flags that all stand-ins have.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::fault::{Fault, Faults, parse_share};
use super::span;

// No documentation comment: clap would show it in place of the stand-in's own.
#[allow(missing_docs, reason = "what it is stands above")]
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Address to listen on; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Seed of everything that is left to chance
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// File that keeps accounts and answers, so that they survive a restart
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// Share of calls that go wrong, dropped_after_commit=0.05; repeat for more
    #[arg(long = "fault", value_name = "FAULT=SHARE", value_parser = parse_share::<Fault>)]
    faults: Vec<(Fault, f64)>,
    /// Shortest and longest delay of a slow call
    #[arg(long, value_name = "SPAN..SPAN", value_parser = parse_range, default_value = "1s..5s")]
    pub(super) slow: (Duration, Duration),
    /// How long a hanging connection stays open
    #[arg(long, value_name = "SPAN", value_parser = span::parse, default_value = "10m")]
    pub(super) hang: Duration,
}

impl Common {
    pub(super) fn faults(&self) -> Faults {
        self.faults.iter().copied().collect()
    }
}

/// The flags of a stand-in, read from a line.
#[cfg(test)]
pub(super) fn parse<A: Args>(line: &str) -> Result<A, String> {
    #[derive(clap::Parser)]
    struct Cli<A: Args> {
        #[command(flatten)]
        args: A,
    }
    let words = std::iter::once("simulate").chain(line.split_whitespace());
    match <Cli<A> as clap::Parser>::try_parse_from(words) {
        Ok(cli) => Ok(cli.args),
        Err(error) => Err(error.to_string()),
    }
}

/// `1s..5s`, or `2s` for both.
fn parse_range(text: &str) -> Result<(Duration, Duration), String> {
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    Ok((span::parse(min)?, span::parse(max)?))
}
