//! Examples of each command, as data: they stand below its help and in its page of the manual.

use clap::Command;

/// A line to type, and what it does.
type Example = (&'static str, &'static str);

/// Each command's examples, by what is written after `enlist`. The first one is also the hint to who wrote it wrong.
const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            (
                "enlist run samples/resellers.csv",
                "rehearses a file on the built-in simulator",
            ),
            (
                "enlist check resellers.csv --job adobe-create",
                "every fault of a file, before any call",
            ),
            ("enlist status last", "how the newest batch stands"),
        ],
    ),
    (
        "run",
        &[
            (
                "enlist run resellers.csv --job adobe-create --wait 15m",
                "makes the accounts, watches for a quarter of an hour, reports",
            ),
            (
                "enlist run resellers.csv --job adobe-create --skip-invalid --out report",
                "sends the sound rows; the report says what is wrong with the others",
            ),
            (
                "enlist run resellers.csv --set poll.first=1s",
                "with no job named: rehearses on the built-in simulator",
            ),
        ],
    ),
    (
        "check",
        &[
            (
                "enlist check resellers.csv --job adobe-create",
                "every fault of the file, by kind and one by one",
            ),
            (
                "enlist check resellers.csv --job adobe-create --map 'Firm=company' --map 'Notes=-'",
                "says what columns with other names are",
            ),
            (
                "enlist check resellers.csv --job adobe-create --json",
                "one fault a line as JSON, the summary last",
            ),
        ],
    ),
    (
        "plan",
        &[
            (
                "enlist plan resellers.csv --job adobe-create",
                "what a run would do, how many calls and how long",
            ),
            (
                "enlist plan resellers.csv --job adobe-create --out today.plan",
                "keeps it, for `enlist run resellers.csv --plan today.plan`",
            ),
        ],
    ),
    (
        "import",
        &[
            (
                "enlist import resellers.csv --job adobe-create",
                "puts the rows into the ledger; workers do the rest",
            ),
            (
                "enlist import - --job adobe-create --ledger redis://127.0.0.1:6379/0",
                "reads standard input, for a ledger that many machines share",
            ),
        ],
    ),
    (
        "worker",
        &[
            ("enlist worker", "works all batches of the ledger until Ctrl-C"),
            (
                "enlist worker --listen 127.0.0.1:9464 --log-format json",
                "with metrics to watch, and log lines for a collector",
            ),
        ],
    ),
    (
        "status",
        &[
            ("enlist status", "all batches, newest first"),
            (
                "enlist status last --line 7",
                "what happened to the row in line 7, attempt by attempt",
            ),
            ("enlist status last --json", "the newest batch as JSON"),
        ],
    ),
    (
        "report",
        &[
            (
                "enlist report last",
                "writes the newest batch's report as things stand",
            ),
            (
                "enlist report last --out report --json",
                "into a folder of your own; the summary as JSON",
            ),
        ],
    ),
    (
        "retry",
        &[(
            "enlist retry last",
            "the newest batch's failed rows are tried again",
        )],
    ),
    (
        "pause",
        &[(
            "enlist pause last --reason 'provider in maintenance'",
            "nothing new is sent until it is resumed",
        )],
    ),
    ("resume", &[("enlist resume last", "goes on with it")]),
    (
        "cancel",
        &[("enlist cancel last", "ends it; accounts that were made stay")],
    ),
    (
        "weight",
        &[(
            "enlist weight last 3",
            "three turns for each one of a batch of weight 1",
        )],
    ),
    (
        "forget",
        &[(
            "enlist forget last --yes",
            "drops a finished batch with its rows and history",
        )],
    ),
    (
        "simulate",
        &[
            ("enlist simulate adobe", "prints the address it answers at"),
            (
                "enlist simulate metallic --help",
                "what it can be told to do wrong",
            ),
        ],
    ),
    (
        "simulate adobe",
        &[
            (
                "enlist simulate adobe --listen 127.0.0.1:8080 --fault dropped_after_commit=0.05",
                "loses one answer in twenty",
            ),
            (
                "enlist simulate adobe --settle never",
                "accounts that never become active",
            ),
        ],
    ),
    (
        "simulate logicboxes",
        &[(
            "enlist simulate logicboxes --listen 127.0.0.1:8080 --state logicboxes.state",
            "remembers its accounts over a restart",
        )],
    ),
    (
        "simulate metallic",
        &[(
            "enlist simulate metallic --listen 127.0.0.1:8080 --seed 7",
            "the same faults in each run of seed 7",
        )],
    ),
    (
        "jobs",
        &[
            ("enlist jobs", "which jobs there are"),
            (
                "enlist jobs adobe-create --set limits.in_flight=8",
                "one as it would be used",
            ),
            (
                "enlist jobs adobe-create --origin",
                "and where each value comes from",
            ),
        ],
    ),
    (
        "template",
        &[
            (
                "enlist template adobe-create --out resellers.csv",
                "a file to fill in",
            ),
            (
                "enlist template adobe-create --all",
                "with the columns that a row can do without",
            ),
        ],
    ),
    (
        "doctor",
        &[
            ("enlist doctor", "looks at the ledger"),
            (
                "enlist doctor --job adobe-create",
                "and at the job's provider: address, credentials",
            ),
        ],
    ),
    (
        "keys",
        &[
            ("enlist keys", "which keys there are, and how many rows need each"),
            ("enlist keys new", "a new key, for ENLIST_SEAL_KEYS or its file"),
        ],
    ),
    ("keys list", &[("enlist keys list --json", "as JSON")]),
    (
        "keys new",
        &[(
            "enlist keys new",
            "prints it and keeps it nowhere: `>> keys` puts it below those you have",
        )],
    ),
    (
        "healthcheck",
        &[(
            "enlist healthcheck http://127.0.0.1:9464/readyz",
            "ends with 0 if a worker there is ready",
        )],
    ),
    (
        "completions",
        &[
            (
                "enlist completions bash",
                "to ~/.local/share/bash-completion/completions/enlist",
            ),
            (
                "enlist completions zsh",
                "to a file _enlist in a folder of $fpath",
            ),
            (
                "enlist completions fish",
                "to ~/.config/fish/completions/enlist.fish",
            ),
        ],
    ),
    (
        "man",
        &[
            ("enlist man ~/.local/share/man/man1", "then `man enlist-run`"),
            ("enlist man", "all pages, for `man -l -`"),
        ],
    ),
];

/// The examples of the command that is written so after `enlist`.
pub(super) fn of(path: &str) -> &'static [Example] {
    EXAMPLES
        .iter()
        .find(|(named, _)| *named == path)
        .map_or(&[], |(_, examples)| examples)
}

/// The command with its examples, and those of all commands in it, below their help, under this heading.
pub(super) fn put_below(command: Command, heading: &str) -> Command {
    put(command, "", heading)
}

fn put(command: Command, path: &str, heading: &str) -> Command {
    let lines: Vec<String> = of(path)
        .iter()
        .map(|(line, does)| format!("  {line}\n      {does}"))
        .collect();
    let command = match lines.is_empty() {
        true => command,
        false => command.after_help(format!("{heading}{}", lines.join("\n"))),
    };
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        put(below, path.trim_start(), heading)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::usage::bare;

    /// What follows `enlist` for each command, that of all of them among them.
    fn paths(command: &Command, path: &str, found: &mut BTreeSet<String>) {
        found.insert(path.to_owned());
        for below in command
            .get_subcommands()
            .filter(|below| below.get_name() != "help")
        {
            paths(below, format!("{path} {}", below.get_name()).trim_start(), found);
        }
    }

    /// The words of a line; what stands between `'` is one.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (at, part) in line.split('\'').enumerate() {
            match at % 2 {
                1 => words.push(part.to_owned()),
                _ => words.extend(part.split_whitespace().map(str::to_owned)),
            }
        }
        words
    }

    #[test]
    fn every_command_has_one_to_three_examples_and_no_other_has_any() {
        let mut all = BTreeSet::new();
        paths(&bare(), "", &mut all);
        let named: BTreeSet<String> = EXAMPLES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(named, all);
        assert_eq!(EXAMPLES.len(), named.len(), "each once");
        for (path, examples) in EXAMPLES {
            assert!((1..=3).contains(&examples.len()), "{path}");
        }
    }

    #[test]
    fn every_example_is_a_line_that_can_be_read() {
        for (path, examples) in EXAMPLES {
            for (line, does) in *examples {
                assert!(
                    line.starts_with(format!("enlist {path}").trim_end()),
                    "{line}: not of {path:?}"
                );
                assert!(!does.is_empty(), "{line}");
                if let Err(error) = bare().try_get_matches_from(words(line)) {
                    assert_eq!(
                        error.kind(),
                        clap::error::ErrorKind::DisplayHelp,
                        "{line}: {error}"
                    );
                }
            }
        }
    }
}
