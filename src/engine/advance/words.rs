//! What happened to a task, in words of a closed list: for the history, for logs and for whoever counts. Nothing that a
//! provider wrote is among them.

use crate::domain::answer::{Answer, Answered, Meaning, Refused, Silence};
use crate::domain::ids::BatchId;
use crate::domain::machine::{Event, Step};
use crate::domain::task::{State, Task};

/// An answer in a word or two, for the history.
pub const fn read_as(answer: &Answer) -> &'static str {
    match answer {
        Answer::Answered(Answered::Account(seen)) => match seen.meaning {
            Meaning::Pending => "pending",
            Meaning::Active => "active",
            Meaning::Inactive(_) => "inactive",
            Meaning::Awaiting => "awaiting activation",
            Meaning::Unrecognised => "unknown status",
        },
        Answer::Answered(Answered::Taken(_)) => "taken",
        Answer::Answered(Answered::Unchanged(_)) => "unchanged",
        Answer::Answered(Answered::Updated { .. }) => "updated",
        Answer::Answered(Answered::NotYet(_)) => "not yet",
        Answer::Answered(Answered::NotFound) => "not found",
        Answer::Answered(Answered::Missing) => "missing",
        Answer::Answered(Answered::Rejected(_)) => "rejected",
        Answer::Answered(Answered::Ambiguous(_)) => "ambiguous",
        Answer::Answered(Answered::Misfit(_)) => "misfit",
        Answer::Refused(Refused::Throttled { .. }) => "throttled",
        Answer::Refused(Refused::TokenStale) => "token stale",
        Answer::Refused(Refused::Denied(_)) => "denied",
        Answer::Refused(Refused::WrongAddress(_)) => "wrong address",
        Answer::Refused(Refused::IdsRefused(_)) => "ids refused",
        Answer::Silent(Silence::TimedOut) => "timed out",
        Answer::Silent(Silence::Broken(_)) => "connection broken",
        Answer::Silent(Silence::Gateway { .. }) => "gateway error",
        Answer::Silent(Silence::Unreadable { .. }) => "unreadable",
        Answer::Silent(Silence::Busy) => "busy",
        Answer::Silent(Silence::Abandoned) => "abandoned",
        Answer::NotSent(_) => "not sent",
        Answer::NoLeave => "no leave",
    }
}

/// An event in a word or two.
pub(super) const fn of_event(event: &Event) -> &'static str {
    match event {
        Event::Sent => "sent",
        Event::Abandoned { .. } => "abandoned",
        Event::Answer(answer) => read_as(answer),
        Event::LookFirst => "look first",
        Event::CannotLook => "cannot look",
        Event::MemoryOver => "memory over",
        Event::DeadlineOver => "deadline over",
        Event::Order(_) => "order",
    }
}

/// Which call of its kind a step's is for the row, as far as the task remembers.
pub(super) fn nth(task: &Task, step: &Step) -> u32 {
    let tries = &task.tries;
    let before = match (step, &task.state) {
        (Step::Submit, _) => tries.sends,
        (_, State::Reconciling { misses, .. }) => tries.read_failures.saturating_add((*misses).into()),
        _ => tries.polls.saturating_add(tries.read_failures),
    };
    before.saturating_add(1)
}

/// The first of these batches, for a line.
pub(super) fn names(batches: &[BatchId]) -> String {
    let names: Vec<&str> = batches.iter().take(8).map(BatchId::as_str).collect();
    let more = if batches.len() > names.len() { " …" } else { "" };
    format!("{}{more}", names.join(" "))
}
