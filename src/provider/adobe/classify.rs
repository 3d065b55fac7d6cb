//! What came back, as an [`Answer`]. Pure: the tables of providers.md 2.9 and 2.11, by HTTP status first and code
//! second, because one event has two numbering families (`4116` and `401013` are the same bad token).
//!
//! One rule stands above the tables: only the provider's *service* can close an intent. Whatever may come from
//! something in between (another shape of body, HTML, nothing) keeps the correlation id, because an earlier send
//! under it may have made the account.

mod problem;

use std::time::Duration;

use super::wire::{ListPage, Reseller};
use crate::domain::answer::{
    AccountSeen, Answer, Answered, InactiveReason, Meaning, Refused, RowError, Silence,
};
use crate::domain::ids::{AccountId, StatusCode};
use crate::domain::time::Timestamp;
use crate::provider::transport::{Exchange, Head};
use problem::{Origin, Problem};

/// The answer to a create.
pub fn create(exchange: &Exchange, now: Timestamp) -> Answer {
    common(exchange, now, |body| {
        // An account without a status is taken for pending: the next look will say.
        Reseller::parse(body).and_then(|reseller| seen(&reseller, None).or_else(|| seen(&reseller, Some(""))))
    })
}

/// The answer to a look at the account `asked`.
pub fn read(exchange: &Exchange, asked: &AccountId, now: Timestamp) -> Answer {
    let unknown = |problem: &Problem| problem.origin == Origin::Service && problem.code == "1115";
    if status(exchange) == Some(404) && problem(exchange).as_ref().is_some_and(unknown) {
        return Answer::Answered(Answered::Missing);
    }
    common(exchange, now, |body| {
        let reseller = Reseller::parse(body)?;
        seen(&reseller, None).filter(|seen| seen.account == *asked)
    })
}

/// The answer to an update of an account that was seen as `before` just now (providers.md 2.5, 2.9). One that was carried out
/// shows the account, or nothing (204): then as it was seen before.
pub fn update(exchange: &Exchange, before: &AccountSeen, now: Timestamp) -> Answer {
    let problem = problem(exchange).filter(|problem| problem.origin == Origin::Service);
    let code = problem.as_ref().map_or("", |problem| problem.code.as_str());
    match (status(exchange), code) {
        (Some(204), _) => return Answer::Answered(Answered::Account(before.clone())),
        (Some(404), "1115") => return Answer::Answered(Answered::NotFound),
        // Blocked accounts are refused as pending ones are, but to wait does not help them.
        (Some(400), "1125") if before.meaning != Meaning::Inactive(InactiveReason::Blocked) => {
            return Answer::Answered(Answered::NotYet(before.clone()));
        }
        _ => {}
    }
    let answer = common(exchange, now, |body| {
        let reseller = Reseller::parse(body)?;
        seen(&reseller, Some(before.status.as_str())).filter(|seen| seen.account == before.account)
    });
    match answer {
        Answer::Answered(Answered::Rejected(errors)) => {
            Answer::Answered(Answered::Rejected(errors.into_iter().map(placed).collect()))
        }
        other => other,
    }
}

/// What is said of segments is said in words, without their place.
fn placed(error: RowError) -> RowError {
    if error.code == "5122" && error.field.is_empty() {
        let field = "companyProfile.marketSegments".to_owned();
        return RowError { field, ..error };
    }
    error
}

/// A page of a list from `offset` on, or why there is none. Lists decide nothing about a row, so what the service
/// says against one is silence to the row that asked.
pub fn list(exchange: &Exchange, offset: u64, now: Timestamp) -> Result<ListPage, Answer> {
    if let (Some(200..=299), Some(body)) = (status(exchange), exchange.body()) {
        let page = ListPage::parse(body).filter(|page| page.offset.is_none_or(|answered| answered == offset));
        return page.ok_or_else(|| unreadable(exchange));
    }
    Err(match common(exchange, now, |_| None) {
        Answer::Answered(Answered::Misfit(error)) => Answer::Answered(Answered::Misfit(error)),
        Answer::Answered(_) => unreadable(exchange),
        other => other,
    })
}

/// The provider's own code, if it gave one.
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
            "the provider's gateway refused the request without a reason",
        ),
        (None, None) => RowError::new("", "no response"),
    }
}

/// What an account shown by the provider means; `asked_status` stands in for a status that is not shown. `None`
/// without an id, or without any status.
pub fn seen(reseller: &Reseller, asked_status: Option<&str>) -> Option<AccountSeen> {
    let status = reseller.status.as_deref().or(asked_status)?;
    Some(AccountSeen {
        account: reseller.reseller_id.clone()?,
        status: StatusCode::new(status),
        meaning: meaning(status),
        kept: Vec::new(),
    })
}

/// The closed list of providers.md 2.8. `1014` and `1026` are not reseller statuses and count as unknown.
fn meaning(status: &str) -> Meaning {
    match status {
        "1000" => Meaning::Active,
        "" | "1002" => Meaning::Pending,
        "1004" => Meaning::Inactive(InactiveReason::Unspecified),
        "1010" => Meaning::Inactive(InactiveReason::InvalidAddress),
        "1012" => Meaning::Inactive(InactiveReason::Blocked),
        _ => Meaning::Unrecognised,
    }
}

/// What every call's exchange means; `success` reads the body of a 2xx.
fn common(exchange: &Exchange, now: Timestamp, success: impl FnOnce(&[u8]) -> Option<AccountSeen>) -> Answer {
    let head = match exchange {
        Exchange::NotSent(why) => return Answer::NotSent(why.clone()),
        Exchange::TimedOut => return Answer::Silent(Silence::TimedOut),
        Exchange::Broken(why) => return Answer::Silent(Silence::Broken(why.clone())),
        Exchange::Response { head, .. } | Exchange::BodyCut { head } | Exchange::BodyTooLong { head } => head,
    };
    let wait = head.wait(now);
    match head.status {
        200..=299 => match exchange.body().and_then(|body| success(body)) {
            Some(seen) => Answer::Answered(Answered::Account(seen)),
            None => unreadable(exchange),
        },
        401 => Answer::Refused(Refused::TokenStale),
        403 => Answer::Refused(Refused::Denied(refusal(exchange))),
        429 => Answer::Refused(Refused::Throttled { retry_after: wait }),
        408 => gateway(head, wait),
        400..=499 => client_error(exchange, head, wait),
        500..=599 => match problem(exchange) {
            Some(problem) if head.status == 500 && problem.origin == Origin::Service => {
                Answer::Answered(Answered::Ambiguous(problem.one()))
            }
            _ => gateway(head, wait),
        },
        _ => unreadable(exchange),
    }
}

fn client_error(exchange: &Exchange, head: &Head, wait: Option<Duration>) -> Answer {
    match problem(exchange) {
        Some(problem) if problem.origin == Origin::Service => by_code(&problem, wait),
        _ if matches!(head.status, 404 | 405 | 413) && exchange.body().is_some() => {
            Answer::Refused(Refused::WrongAddress(wrong_address(head.status)))
        }
        Some(_) => gateway(head, wait),
        None => unreadable(exchange),
    }
}

/// What the service's codes mean where the HTTP status says no more than "bad request" (providers.md 2.9).
fn by_code(problem: &Problem, wait: Option<Duration>) -> Answer {
    match problem.code.as_str() {
        "1114" | "1121" | "4119" => Answer::Answered(Answered::Misfit(problem.one())),
        // "Account exists" and "internal error": an account may be ours, so it is looked for first.
        "1124" | "1127" => Answer::Answered(Answered::Ambiguous(problem.one())),
        "4120" => Answer::Refused(Refused::IdsRefused(problem.one())),
        "4122" => Answer::Silent(Silence::Busy),
        // The gateway's codes, should they ever come with another status than their own.
        "4115" | "4116" | "4117" | "4121" => Answer::Refused(Refused::Denied(problem.one())),
        "4118" => Answer::Refused(Refused::Throttled { retry_after: wait }),
        _ => Answer::Answered(Answered::Rejected(problem.rows())),
    }
}

/// No service of the contract answers so: the request went somewhere else. A refusal, not an answer, so that the
/// correlation id stays.
fn wrong_address(status: u16) -> RowError {
    let message =
        format!("/v3/resellers is not served at this address (HTTP {status}); is connection.base_url right?");
    RowError::new(format!("HTTP {status}"), message)
}

const fn gateway(head: &Head, retry_after: Option<Duration>) -> Answer {
    Answer::Silent(Silence::Gateway {
        http: head.status,
        retry_after,
    })
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
