//! Manners on the command line: completions, manual, colours, narrow terminals, readers that go away.

use crate::support::Rig;

#[test]
fn completions_are_made_for_each_shell_and_bash_reads_its_own() {
    let rig = Rig::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        // They are needed before anything is set up: not even the ledger's address must be right.
        let made = rig
            .enlist(["completions", shell])
            .env("ENLIST_LEDGER", "bogus://x")
            .exits(0);
        for word in ["status", "max-error-rate", "logicboxes"] {
            assert!(made.out.contains(word), "{shell}: {word}");
        }
        assert_eq!(made.err, "");
    }
    let read = rig.shell("enlist completions bash > completions && bash -n completions");
    assert_eq!(read.exits(0).err, "");
    // What a shell would ask once it is sourced.
    let asked = rig.shell(
        "bash -c 'source completions; COMP_WORDS=(enlist sta); COMP_CWORD=1; _enlist enlist sta enlist; echo ${COMPREPLY[@]}'",
    );
    assert_eq!(asked.exits(0).out.trim(), "status");
}

#[test]
fn the_manual_goes_to_a_folder_or_to_standard_output() {
    let rig = Rig::new();
    let told = rig.line("man pages/man1").exits(0);
    assert_eq!(told.out, "");
    assert!(told.err.contains("enlist-run.1"), "{}", told.err);
    let page = rig.read("pages/man1/enlist-run.1");
    assert!(page.contains(".TH ENLIST-RUN 1"), "{page}");
    let all = rig.line("man").exits(0).out;
    assert_eq!(
        all.matches("\n.TH ").count(),
        std::fs::read_dir(rig.path("pages/man1")).unwrap().count()
    );
    rig.write("file", "");
    let told = rig.line("man file").exits(1);
    assert!(
        told.err.contains("cannot write file") && told.err.contains("hint: "),
        "{}",
        told.err
    );
}

#[test]
fn a_reader_that_goes_away_ends_each_verb_quietly() {
    let rig = Rig::new();
    for line in [
        "status -q",
        "jobs --json",
        "jobs adobe-create --origin",
        "man",
        "completions bash",
        "template adobe-create",
        "--help",
        "run --help",
    ] {
        let ended = rig
            .shell(&format!("(enlist {line}; echo $? >&2) | true"))
            .exits(0);
        // Whether it was still writing is a matter of chance; that it says nothing of it is not.
        assert!(
            ["0\n", "1\n"].contains(&ended.err.as_str()),
            "{line}: {}",
            ended.err
        );
    }
    // More than a pipe holds, so it surely is.
    let ended = rig.shell("(enlist man; echo $? >&2) | true").exits(0);
    assert_eq!(ended.err, "1\n");
}

#[test]
fn help_and_talk_have_no_colours_without_a_terminal() {
    let rig = Rig::new();
    rig.rows("rows.csv", 3);
    for line in ["--help", "run --help", "run rows.csv -vv --wait 1s", "runn"] {
        let ended = rig.line(line).env("TERM", "xterm").end();
        for text in [&ended.out, &ended.err] {
            assert!(!text.contains('\u{1b}'), "{line}: {text:?}");
        }
    }
}

/// What a terminal of 40 columns is sent by a line of shell; `None` where there is no terminal to be had.
fn on_a_terminal(rig: &Rig, line: &str, variables: &[(&str, &str)]) -> Option<String> {
    rig.write("go.sh", format!("stty cols 40 rows 24\n{line}\n"));
    let script = rig
        .shell("command -v script > there && command -v stty >> there")
        .end();
    if script.code != Some(0) {
        eprintln!(
            "NOT RUN: there is no `script` or no `stty` (util-linux, coreutils) to make a terminal with"
        );
        return None;
    }
    let mut call = rig
        .shell("script -qec 'sh go.sh' typescript")
        .env("TERM", "xterm")
        .stdin("");
    for (name, value) in variables {
        call = call.env(name, value);
    }
    Some(call.exits(0).out)
}

/// Text without the sequences that move the cursor or change colours, and whether any did the latter.
fn without_sequences(text: &str) -> (String, bool) {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    let mut has_colour = false;
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        has_colour |= part[end..].starts_with('m');
        // A line that is cleared begins anew.
        if part[end..].starts_with(['K', 'J']) {
            plain.push('\r');
        }
        plain.push_str(&part[end + 1..]);
    }
    (plain, has_colour)
}

#[test]
fn on_a_narrow_terminal_nothing_wraps_and_no_colour_is_heeded() {
    let rig = Rig::new();
    let simulator = rig.simulator("--no-limit --settle 1s");
    rig.rows("rows.csv", 40);
    let sets: String = simulator
        .sets()
        .iter()
        .map(|set| format!(" --set {set}"))
        .collect();
    let doctor = format!("enlist doctor -vvvv --job adobe-create{sets} 2>&1");
    let run = format!(
        "enlist run rows.csv --job adobe-create --set poll.first=1s --set poll.max=1s{sets} 2>&1 || true"
    );
    let Some(sent) = on_a_terminal(&rig, &run, &[]) else {
        return;
    };
    let (plain, _) = without_sequences(&sent);
    let bars: Vec<&str> = plain
        .split(['\r', '\n'])
        .filter(|line| line.contains('─') || line.contains('━'))
        .collect();
    assert!(bars.iter().any(|line| line.contains("settled")), "{plain:?}");
    for line in bars {
        assert!(line.chars().count() <= 40, "{line:?} in {plain:?}");
    }
    let sent = on_a_terminal(&rig, &run, &[("TERM", "dumb")]).unwrap();
    assert!(!sent.contains('\u{1b}'), "nothing is redrawn: {sent:?}");

    let sent = on_a_terminal(&rig, &doctor, &[]).unwrap();
    assert!(without_sequences(&sent).1, "log lines have colours: {sent:?}");
    for variables in [[("NO_COLOR", "1")], [("CLICOLOR", "0")]] {
        for line in [&doctor, "enlist --help"] {
            let sent = on_a_terminal(&rig, line, &variables).unwrap();
            assert!(!without_sequences(&sent).1, "{variables:?}: {sent:?}");
        }
    }
    let help = on_a_terminal(&rig, "enlist jobs --help; enlist weight --help", &[]).unwrap();
    let (plain, has_colour) = without_sequences(&help);
    assert!(has_colour, "{help:?}");
    // A word alone that is too long cannot be parted; the usage is one line.
    for line in plain
        .split(['\r', '\n'])
        .filter(|line| line.split_whitespace().count() > 1 && !line.starts_with("Usage: "))
    {
        assert!(line.chars().count() <= 40, "{line:?}");
    }
    // It asks nothing, though there is somebody to ask.
    let asked = on_a_terminal(&rig, "enlist forget last; echo ended with $?", &[]).unwrap();
    assert!(asked.contains("ended with 2"), "{asked}");
}
