//! `enlist man [DIR]`: the manual, a page for each command, made of the same words as `--help`.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;

use super::examples;
use super::talk::{self, Talk, many};
use super::usage::{NAME, bare};
use crate::app::{Exit, Failure};

/// Flags of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write a file for each page into this folder, enlist-run.1. Default: all pages to standard output.
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A page of the manual.
struct Page {
    /// `enlist-run.1`.
    file: String,
    text: String,
}

pub(super) fn run(args: &ManArgs, talk: Talk) -> Result<Exit, Failure> {
    let pages = pages().map_err(|error| {
        let message = format!("the manual cannot be made: {error}");
        Failure::new(Exit::Failed, message, "")
    })?;
    let Some(dir) = &args.dir else {
        for page in &pages {
            talk::data(page.text.trim_end())?;
        }
        return Ok(Exit::Done);
    };
    let cannot = |path: &std::path::Path, error: &io::Error| {
        Failure::new(
            Exit::Failed,
            format!("cannot write {}: {error}", path.display()),
            "name a folder you may write to",
        )
    };
    std::fs::create_dir_all(dir).map_err(|error| cannot(dir, &error))?;
    for page in &pages {
        let path = dir.join(&page.file);
        std::fs::write(&path, &page.text).map_err(|error| cannot(&path, &error))?;
    }
    talk.say(format!(
        "{} in {}; `man -l {}` shows one",
        many(pages.len() as u64, "page"),
        dir.display(),
        dir.join("enlist-run.1").display()
    ));
    Ok(Exit::Done)
}

fn pages() -> io::Result<Vec<Page>> {
    let mut command = examples::put_below(bare(), "").disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, pages: &mut Vec<Page>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .source(format!("{NAME} {}", env!("CARGO_PKG_VERSION")))
        .manual("Manual of enlist");
    let mut text = Vec::new();
    man.render(&mut text)?;
    pages.push(Page {
        file: format!("{name}.1"),
        // What stands below the flags is examples and nothing else.
        text: String::from_utf8_lossy(&text).replace("\n.SH EXTRA\n", "\n.SH EXAMPLES\n"),
    });
    command.get_subcommands().try_for_each(|below| add(below, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_all_its_flags_and_examples() {
        let pages = pages().unwrap();
        let mut command = bare().disable_help_subcommand(true);
        command.build();
        let mut commands = vec![&command];
        let mut seen = 0;
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands());
            let name = command.get_display_name().unwrap_or(NAME);
            let page = pages.iter().find(|page| page.file == format!("{name}.1"));
            let text = &page.unwrap_or_else(|| panic!("no page for {name}")).text;
            for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
                let flag = format!("\\-\\-{}", flag.replace('-', "\\-"));
                assert!(text.contains(&flag), "{flag} is not in the page of {name}");
            }
            assert!(text.contains("\n.SH EXAMPLES\n"), "{name}");
            seen += 1;
        }
        assert_eq!(seen, pages.len());
    }
}
