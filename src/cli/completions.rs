//! `enlist completions SHELL`: what makes a shell complete verbs and flags.

use clap::Args;
use clap_complete::{Shell, generate};

use super::talk;
use super::usage::{NAME, command};
use crate::app::{Exit, Failure};

/// Flags of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Which shell it is for.
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    // Into memory first: a reader that goes away must not make the generator panic.
    let mut text = Vec::new();
    generate(args.shell, &mut command(), NAME, &mut text);
    talk::data(String::from_utf8_lossy(&text).trim_end())?;
    Ok(Exit::Done)
}
