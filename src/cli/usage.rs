//! A command line is read, and what is wrong with it is said in the form of every other error: `error: …`, then `hint: …`.

use std::ffi::OsString;
use std::io::{self, Write as _};

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _, FromArgMatches as _};

use super::{Cli, examples};
use crate::app::{Exit, Failure};

/// The program's name.
pub(super) const NAME: &str = "enlist";

/// The whole command without its examples.
pub(super) fn bare() -> Command {
    Cli::command()
}

/// The whole command: verbs, flags, and examples below each help.
pub(super) fn command() -> Command {
    examples::put_below(bare(), "Examples:\n")
}

/// Reads a command line.
///
/// # Errors
/// The exit code, when there is nothing to run: help was asked for, or the line is wrong. All is said by then.
pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Exit> {
    let words: Vec<OsString> = words.into_iter().collect();
    let mut command = command();
    let read = command
        .try_get_matches_from_mut(&words)
        .and_then(|matches| Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command)));
    let error = match read {
        Ok(cli) => {
            let path = path(&command, &words);
            return Ok(Cli { path, ..cli });
        }
        Err(error) => error,
    };
    // Nobody may be there to read it, which is no other ending.
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            Err(Exit::Done)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            let path = path(&command, &words);
            let _ = writeln!(io::stderr(), "\nhint: {}", such_as(&path));
            Err(Exit::Usage)
        }
        _ => {
            super::talk::failure(&failure(&error, &path(&command, &words)));
            Err(Exit::Usage)
        }
    }
}

/// `failure`, with a hint if it is one of usage and has none.
pub(super) fn with_hint(mut failure: Failure, path: &str) -> Failure {
    let silent = failure.message.is_empty() || failure.to_string().contains("hint: ");
    if failure.exit == Exit::Usage && !silent {
        failure.hint = such_as(path);
    }
    failure
}

/// What clap found wrong. Its paragraphs are: what is wrong, what may have been meant, the usage, where the help is. A value of
/// ours that is refused brings its own hint.
fn failure(error: &clap::Error, path: &str) -> Failure {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let (wrong, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let (hints, wrong): (Vec<&str>, Vec<&str>) = wrong
        .lines()
        .map(str::trim)
        .partition(|line| line.starts_with("hint: "));
    let tips = rest
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("tip: "))
        .filter(|tip| !tip.starts_with("to pass"));
    let hints: Vec<&str> = hints
        .into_iter()
        .filter_map(|line| line.strip_prefix("hint: "))
        .chain(tips)
        .collect();
    let hint = match hints.as_slice() {
        [] => such_as(path),
        hints => hints.join("; "),
    };
    Failure {
        exit: Exit::Usage,
        message: one_line(&wrong.join(" ")),
        hint: one_line(&hint),
    }
}

/// An example of the command, and where there are more.
fn such_as(path: &str) -> String {
    let help = format!("`{NAME} {path}{}--help`", if path.is_empty() { "" } else { " " });
    match examples::of(path).first() {
        Some((line, _)) => format!("such as `{line}`; {help} says more"),
        None => format!("{help} says what it takes"),
    }
}

/// What somebody typed may hold what moves the cursor.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The verbs that the words name, `simulate adobe`.
fn path(command: &Command, words: &[OsString]) -> String {
    let mut at = command;
    let mut path: Vec<&str> = Vec::new();
    for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(below) = at
            .find_subcommand(word)
            .filter(|below| below.get_name() != "help")
        {
            at = below;
            path.push(below.get_name());
        }
    }
    path.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> (String, String) {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let mut command = command();
        let error = command.try_get_matches_from_mut(&words).unwrap_err();
        let failure = failure(&error, &path(&command, &words));
        (failure.message, failure.hint)
    }

    #[test]
    fn a_wrong_line_is_told_in_one_line_with_what_was_probably_meant() {
        let table = [
            ("enlist runn x.csv", "unrecognized subcommand 'runn'", "'run'"),
            (
                "enlist run x.csv --wate 5m",
                "unexpected argument '--wate' found",
                "'--wait'",
            ),
            (
                "enlist run",
                "the following required arguments were not provided: <FILE>",
                "such as `enlist run resellers.csv",
            ),
            (
                "enlist completions bsh",
                "invalid value 'bsh' for '<SHELL>' [possible values: bash,",
                "'bash'",
            ),
            (
                "enlist run x.csv --wait soon",
                "invalid value 'soon' for '--wait <SPAN>'",
                "`enlist run --help`",
            ),
            (
                "enlist simulate adobe --seed x",
                "invalid value 'x' for '--seed <NUMBER>'",
                "`enlist simulate adobe --help`",
            ),
            (
                "enlist run a\u{1b}[2J b",
                "unexpected argument 'b' found",
                "such as",
            ),
            (
                "enlist status --\u{1b}[2J\u{8}x",
                "unexpected argument '--x' found",
                "such as `enlist status`",
            ),
        ];
        for (line, message, hint) in table {
            let said = said(line);
            assert!(said.0.starts_with(message), "{line}: {said:?}");
            assert!(said.1.contains(hint), "{line}: {said:?}");
            assert!(
                !said.0.contains('\n') && !said.1.contains('\n'),
                "{line}: {said:?}"
            );
        }
    }

    #[test]
    fn a_usage_failure_always_has_a_hint() {
        let hint = |failure| with_hint(failure, "status").hint;
        assert!(hint(Failure::usage("wrong", "")).starts_with("such as `enlist status"));
        assert_eq!(hint(Failure::usage("wrong", "do this")), "do this");
        assert_eq!(hint(Failure::usage("one: wrong\n  hint: do this", "")), "");
        assert_eq!(hint(Failure::new(Exit::Failed, "broken", "")), "");
        assert_eq!(hint(Failure::unheard()), "");
    }
}
