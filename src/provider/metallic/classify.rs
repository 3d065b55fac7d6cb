//! What came back, as an [`Answer`]. Pure: the tables of providers.md 4.3 to 4.5.
//!
//! Two rules stand above the tables. Only the provider's *service* can close an intent: whatever may come from something
//! in between (another shape of body, HTML, nothing) leaves it open, because an earlier send may have made the account.
//! And of a refusal the fields decide, never the words: those are free text.

mod problem;

use std::time::Duration;

use super::wire::{Reseller, same_account};
use crate::domain::answer::{AccountSeen, Answer, Answered, Meaning, Refused, RowError, Silence};
use crate::domain::ids::{AccountId, StatusCode};
use crate::domain::time::Timestamp;
use crate::provider::transport::rate_limit::SpanUnit;
use crate::provider::transport::{Exchange, Head};

pub use problem::Problem;

/// The fields that no two resellers share (4.2). All of them taken means that this very reseller is there.
const UNIQUE: [&str; 3] = ["name", "email", "externalId"];

/// Fields that are filled by the job and by us, never by a row.
const NOT_THE_ROWS: [&str; 2] = ["workloadAccess", "type"];

/// The code of an account that is not known (4.4).
const NOT_FOUND: &str = "1006";

/// How answers are read beyond what is public.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The time.
    pub now: Timestamp,
    /// What `X-RateLimit-Period` is a number of.
    pub period_unit: SpanUnit,
}

/// The answer to a create.
pub fn create(exchange: &Exchange, reading: Reading) -> Answer {
    let success = |body: &[u8]| {
        // An account without a status is taken for pending: the next look will say.
        let reseller = Reseller::parse(body)?;
        let status = reseller.status.as_deref().unwrap_or_default();
        Some(seen(reseller.id.clone()?, status))
    };
    common(exchange, reading, success, |problem, head| match head.status {
        404 | 405 => not_served(head.status),
        _ => refused_create(problem),
    })
}

/// The answer to a look at the account `asked`, which keeps the id it has.
pub fn read(exchange: &Exchange, asked: &AccountId, reading: Reading) -> Answer {
    let success = |body: &[u8]| {
        let reseller = Reseller::parse(body)?;
        let is_it = reseller.id.is_some_and(|id| same_account(&id, asked));
        reseller
            .status
            .filter(|_| is_it)
            .map(|status| seen(asked.clone(), &status))
    };
    common(exchange, reading, success, |problem, head| {
        match (head.status, problem.code.as_str()) {
            (404, NOT_FOUND) => Answer::Answered(Answered::Missing),
            (404 | 405, _) => not_served(head.status),
            _ => Answer::Answered(Answered::Rejected(problem.rows())),
        }
    })
}

/// The provider's own code, if it gave one. A number on the line, a text here.
pub fn code(exchange: &Exchange) -> Option<String> {
    status(exchange).filter(|status| *status >= 300)?;
    problem(exchange).map(|problem| problem.code)
}

/// The error a refusal brought, for messages.
pub fn refusal(exchange: &Exchange) -> RowError {
    match (problem(exchange), status(exchange)) {
        (Some(problem), _) => problem.one(),
        (None, Some(status)) => RowError::new(
            format!("HTTP {status}"),
            "the provider refused the request without a reason",
        ),
        (None, None) => RowError::new("", "no response"),
    }
}

/// What a refused create means (4.5). Everything that is unique was sent, so whatever of it is named is taken.
fn refused_create(problem: &Problem) -> Answer {
    let named = problem.fields();
    let all_of = |fields: &[&str]| !named.is_empty() && named.iter().all(|name| is_one_of(name, fields));
    let has = |field: &str| named.iter().any(|name| name.eq_ignore_ascii_case(field));
    if all_of(&UNIQUE) && UNIQUE.into_iter().all(has) {
        return Answer::Answered(Answered::Taken(problem.one()));
    }
    if all_of(&NOT_THE_ROWS) {
        return Answer::Answered(Answered::Misfit(problem.one()));
    }
    Answer::Answered(Answered::Rejected(problem.rows()))
}

fn is_one_of(name: &str, fields: &[&str]) -> bool {
    fields.iter().any(|field| field.eq_ignore_ascii_case(name))
}

fn seen(account: AccountId, status: &str) -> AccountSeen {
    AccountSeen {
        account,
        status: StatusCode::new(status),
        meaning: meaning(status),
        kept: Vec::new(),
    }
}

/// A reseller's only status is `active` (4.3). The other two are those of the asynchronous variant (4.6).
fn meaning(status: &str) -> Meaning {
    match status {
        "active" => Meaning::Active,
        "" | "provisioning" | "updating" => Meaning::Pending,
        _ => Meaning::Unrecognised,
    }
}

/// What every call's exchange means; `success` reads the body of a 2xx, `refused` an error of the service.
fn common(
    exchange: &Exchange,
    reading: Reading,
    success: impl FnOnce(&[u8]) -> Option<AccountSeen>,
    refused: impl FnOnce(&Problem, &Head) -> Answer,
) -> Answer {
    let head = match exchange {
        Exchange::NotSent(why) => return Answer::NotSent(why.clone()),
        Exchange::TimedOut => return Answer::Silent(Silence::TimedOut),
        Exchange::Broken(why) => return Answer::Silent(Silence::Broken(why.clone())),
        Exchange::Response { head, .. } | Exchange::BodyCut { head } | Exchange::BodyTooLong { head } => head,
    };
    match head.status {
        200..=299 => match exchange.body().and_then(|body| success(body)) {
            Some(seen) => Answer::Answered(Answered::Account(seen)),
            None => unreadable(exchange),
        },
        401 => Answer::Refused(Refused::TokenStale),
        403 => Answer::Refused(Refused::Denied(refusal(exchange))),
        429 => Answer::Refused(Refused::Throttled {
            retry_after: wait(head, reading),
        }),
        // A failure that the service itself reports is silence too: only sending again tells what came of it.
        408 | 500..=599 => Answer::Silent(Silence::Gateway {
            http: head.status,
            retry_after: head.wait(reading.now),
        }),
        400..=499 => match problem(exchange) {
            Some(problem) => refused(&problem, head),
            None if matches!(head.status, 404 | 405 | 413) && exchange.body().is_some() => {
                not_served(head.status)
            }
            None => unreadable(exchange),
        },
        _ => unreadable(exchange),
    }
}

/// The wait that a 429 asks for: the period of the limit, since there is no `Retry-After` (4.1); should there be one, it
/// knows better.
fn wait(head: &Head, reading: Reading) -> Option<Duration> {
    head.wait(reading.now)
        .or_else(|| head.rate_limit_period(reading.period_unit))
}

/// The path is not public, so one that is not served is a setting that is wrong, whoever says so. A refusal, not an
/// answer: no row fails by it.
fn not_served(status: u16) -> Answer {
    let message = format!(
        "no resellers are served at this address (HTTP {status}); are connection.base_url and \
         metallic.resellers_path right?"
    );
    Answer::Refused(Refused::WrongAddress(RowError::new(
        format!("HTTP {status}"),
        message,
    )))
}

fn unreadable(exchange: &Exchange) -> Answer {
    Answer::Silent(Silence::Unreadable {
        http: status(exchange).unwrap_or_default(),
    })
}

fn status(exchange: &Exchange) -> Option<u16> {
    exchange.head().map(|head| head.status)
}

fn problem(exchange: &Exchange) -> Option<Problem> {
    exchange.body().and_then(|body| Problem::parse(body))
}

#[cfg(test)]
mod tests;
