//! Which column is meant, where two are taken for one field: asked of a person at a terminal, and of nobody else. Elsewhere the
//! fault says which flag to give.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::Scene;
use crate::app::Failure;
use crate::app::feed::Feed;

/// A wrong answer is asked for again so often.
const ANSWERS_MAX: usize = 5;

/// Columns that clash, beyond which nobody is asked one by one.
const CLASHES_MAX: usize = 20;

/// Settles what is ambiguous, if somebody can answer. The answers hold for this run, and are said as flags for the next.
pub(super) fn ask(feed: &mut Feed, scene: &Scene) -> Result<(), Failure> {
    let can_answer = io::stdin().is_terminal() && io::stderr().is_terminal();
    if scene.json || !scene.talk.is_live() || !can_answer || feed.source.is_standard_input() {
        return Ok(());
    }
    let mut flags = Vec::new();
    for _ in 0..CLASHES_MAX {
        // A file that cannot be read is told by the check.
        let Ok((headers, clashes)) = feed.clashes() else {
            break;
        };
        let Some(clash) = clashes.first() else { break };
        let names = clash
            .columns
            .map(|column| headers.names().get(column).cloned().unwrap_or_default());
        scene.talk.say(format!(
            "two columns could be {}:\n  1  column {} {:?}\n  2  column {} {:?}",
            clash.field,
            clash.columns[0] + 1,
            names[0],
            clash.columns[1] + 1,
            names[1],
        ));
        let Some(meant) = answer() else { break };
        let [first, second] = names;
        let other = if meant == 1 { second } else { first };
        flags.push(format!("--map '{}=-'", other.replace('\'', "'\\''")));
        feed.job.columns.insert(other, "-".to_owned());
    }
    if !flags.is_empty() {
        scene.talk.say(format!("next time: {}", flags.join(" ")));
    }
    Ok(())
}

/// 1 or 2; `None` when the person has no answer.
fn answer() -> Option<usize> {
    for _ in 0..ANSWERS_MAX {
        let mut to = io::stderr();
        let _ = write!(to, "which one? 1, 2, or nothing to leave it: ").and_then(|()| to.flush());
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => return None,
        }
        match line.trim() {
            "1" => return Some(1),
            "2" => return Some(2),
            "" => return None,
            _ => {}
        }
    }
    None
}
