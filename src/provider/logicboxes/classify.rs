//! What came back, as an [`Answer`]. Pure: providers.md 3.2 to 3.5.
//!
//! The body goes before the HTTP status: business errors come under 500, and under 200 too (3.3). A 500 with a refusal in
//! it is a refusal; one without is silence. Under 502, 503 and 504 the words of a refusal may be a proxy's: of a sign-up
//! they reject the row only if they name what is wrong with a parameter. What is neither an account nor a refusal is
//! silence as well, which costs a look-up and no second account.

mod heard;
mod problem;
mod values;

use std::time::Duration;

use super::wire::{Hit, Page, Said, account_id};
use crate::domain::answer::{
    AccountSeen, Answer, Answered, InactiveReason, Meaning, Refused, RowError, Silence,
};
use crate::domain::ids::{AccountId, StatusCode};
use crate::domain::time::Timestamp;
use crate::provider::limits::CODE_CHARS_MAX;
use crate::provider::secrets::Secrets;
use crate::provider::transport::{Exchange, Head, clean};
use problem::{About, Problem};

pub use heard::Heard;
pub use values::Values;

/// What a call asked with: what its answer is read against. Has no `Debug`: it holds persons' data.
#[derive(Clone, Default)]
pub struct Asked {
    /// Our own reseller id. No row's account is this one: it is what the provider shows when it lost the question (3.4).
    pub own: String,
    /// What an answer's text must not repeat.
    pub secrets: Secrets,
    /// What of an answer's text is not its own: words of the row decide nothing about the provider.
    pub values: Values,
}

/// The answer to a sign-up. `auto_activate`: it asked for an account that is active at once.
pub fn signup(heard: &Heard, asked: &Asked, auto_activate: bool, now: Timestamp) -> Answer {
    common(heard, asked, now, |answer| match answer {
        Body::Well(said) => signed_up(said, asked, auto_activate),
        Body::Refusal(problem) => Some(match problem.about {
            About::Busy => Answer::Silent(Silence::Busy),
            About::Taken => Answer::Answered(Answered::Taken(problem.one())),
            About::Trouble => Answer::Answered(Answered::Ambiguous(problem.one())),
            // The body goes before the status, as it does under 200, 4xx and 500, but not here: these are the statuses of
            // something in between, which has words of its own and may say them after the account was made. A row that is
            // rejected is not looked for. What something in between cannot know are our parameters.
            _ if by_gateway(heard) && !problem.names_a_fault() => {
                Answer::Answered(Answered::Ambiguous(problem.one()))
            }
            _ => Answer::Answered(Answered::Rejected(problem.rows())),
        }),
    })
}

/// Whether the HTTP status is one that something before the service says for itself.
fn by_gateway(heard: &Heard) -> bool {
    matches!(heard.exchange.head(), Some(head) if matches!(head.status, 502..=504))
}

/// The answer to a look at the account `account`.
pub fn read(heard: &Heard, account: &AccountId, asked: &Asked, now: Timestamp) -> Answer {
    common(heard, asked, now, |answer| match answer {
        Body::Well(said) => {
            let shown = said.text("resellerid").as_deref().and_then(account_id)?;
            if shown != *account || shown.as_str() == asked.own {
                return None;
            }
            let status = said.text("resellerstatus")?;
            Some(Answer::Answered(Answered::Account(account_with(shown, &status))))
        }
        Body::Refusal(problem) if problem.about == About::Nothing => {
            Some(Answer::Answered(Answered::Missing))
        }
        Body::Refusal(_) => None,
    })
}

/// A page of a search, or why there is none. Searches decide nothing about a row, so what the service says against one is
/// silence to the row that asked; that there is nothing is an empty page.
pub fn page(heard: &Heard, asked: &Asked, now: Timestamp) -> Result<Page, Answer> {
    let mut page = None;
    let answer = common(heard, asked, now, |answer| {
        match answer {
            Body::Well(said) => page = Page::parse(said),
            Body::Refusal(problem) if problem.about == About::Nothing => page = Some(Page::default()),
            Body::Refusal(_) => {}
        }
        None
    });
    page.ok_or(answer)
}

/// An account as a search shows it; `None` without an id of its own.
pub fn seen(hit: &Hit, asked: &Asked) -> Option<AccountSeen> {
    let account = hit
        .account
        .clone()
        .filter(|account| account.as_str() != asked.own)?;
    Some(match &hit.status {
        Some(status) => account_with(account, status),
        // Details will say.
        None => AccountSeen {
            account,
            status: StatusCode::new(""),
            meaning: Meaning::Pending,
            kept: Vec::new(),
        },
    })
}

/// An answer of the service.
enum Body<'a> {
    /// No refusal.
    Well(&'a Said),
    /// A refusal.
    Refusal(&'a Problem),
}

/// An account made: a numeric `resellerid`, and no word of an error (3.2).
fn signed_up(said: &Said, asked: &Asked, auto_activate: bool) -> Option<Answer> {
    let account = said.text("resellerid").as_deref().and_then(account_id)?;
    if account.as_str() == asked.own {
        return None;
    }
    let action = said.text("status").unwrap_or_default();
    let waits = said.text("eaqid").is_some() || said.text("activationstatus").is_some();
    // `status` is the sign-up's own, not the account's: one that need not wait is looked at once.
    let meaning = if waits && !auto_activate {
        Meaning::Awaiting
    } else {
        Meaning::Pending
    };
    Some(Answer::Answered(Answered::Account(AccountSeen {
        account,
        status: StatusCode::new(clean(&action, CODE_CHARS_MAX)),
        meaning,
        kept: Vec::new(),
    })))
}

fn account_with(account: AccountId, status: &str) -> AccountSeen {
    AccountSeen {
        account,
        status: StatusCode::new(clean(status, CODE_CHARS_MAX)),
        meaning: meaning(status),
        kept: Vec::new(),
    }
}

/// The words of 3.5. The word for a sign-up that waits is NOT PUBLIC: empty, `InActive`, or one that says so.
fn meaning(status: &str) -> Meaning {
    let word = status.trim().to_lowercase();
    match word.as_str() {
        "active" => Meaning::Active,
        "suspended" => Meaning::Inactive(InactiveReason::Blocked),
        "deleted" => Meaning::Inactive(InactiveReason::Unspecified),
        "" | "inactive" => Meaning::Awaiting,
        word if word.contains("pending") || word.contains("wait") => Meaning::Awaiting,
        _ => Meaning::Unrecognised,
    }
}

/// What every call's exchange means. `own` is asked what a body that can be read means to this call; where it has no
/// answer, the refusals that concern every call and the HTTP status have.
fn common(
    heard: &Heard,
    asked: &Asked,
    now: Timestamp,
    own: impl FnOnce(&Body<'_>) -> Option<Answer>,
) -> Answer {
    let head = match &heard.exchange {
        Exchange::NotSent(why) => return Answer::NotSent(why.clone()),
        Exchange::TimedOut => return Answer::Silent(Silence::TimedOut),
        Exchange::Broken(why) => return Answer::Silent(Silence::Broken(why.clone())),
        Exchange::Response { head, .. } | Exchange::BodyCut { head } | Exchange::BodyTooLong { head } => head,
    };
    let problem = heard.problem(asked);
    let answer = match (&problem, &heard.said) {
        (Some(problem), _) => refused(problem, head, now).or_else(|| own(&Body::Refusal(problem))),
        (None, Some(said)) => own(&Body::Well(said)),
        (None, None) => None,
    };
    let may_be_elsewhere = heard.exchange.body().is_some() && problem.is_none();
    answer.unwrap_or_else(|| by_status(head, may_be_elsewhere, head.wait(now)))
}

/// Refusals of a call for reasons that are not its own: by their words, and by an HTTP status that says nothing else.
fn refused(problem: &Problem, head: &Head, now: Timestamp) -> Option<Answer> {
    let is_named = matches!(problem.about, About::Busy | About::Taken);
    let refused = match (problem.about, head.status) {
        (About::Access, _) | (About::Request | About::Nothing | About::Trouble, 401 | 403) => {
            Refused::Denied(problem.one())
        }
        (About::Pace, _) => Refused::Throttled {
            retry_after: head.wait(now),
        },
        (_, 429) if !is_named => Refused::Throttled {
            retry_after: head.wait(now),
        },
        (About::Request, 405) => Refused::WrongAddress(problem.one()),
        _ => return None,
    };
    Some(Answer::Refused(refused))
}

/// What is left to go by where the body says nothing.
fn by_status(head: &Head, may_be_elsewhere: bool, retry_after: Option<Duration>) -> Answer {
    let http = head.status;
    match http {
        401 | 403 => Answer::Refused(Refused::Denied(RowError::new(
            format!("HTTP {http}"),
            "the provider does not let us in, and does not say why",
        ))),
        429 => Answer::Refused(Refused::Throttled { retry_after }),
        404 | 405 | 413 if may_be_elsewhere => {
            let message = format!(
                "LogicBoxes does not answer at this address (HTTP {http}); is connection.base_url right?"
            );
            Answer::Refused(Refused::WrongAddress(RowError::new(
                format!("HTTP {http}"),
                message,
            )))
        }
        408 | 500..=599 => Answer::Silent(Silence::Gateway { http, retry_after }),
        _ => Answer::Silent(Silence::Unreadable { http }),
    }
}

#[cfg(test)]
mod tests;
