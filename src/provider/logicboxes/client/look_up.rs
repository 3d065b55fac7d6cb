//! Whether an account with a row's username exists: before the first sign-up, and after one that went unanswered
//! (providers.md 3.6).
//!
//! "Not found" lets an account be asked for. So it is said only after every page that could hold it was read and
//! understood; anything less is silence, and the question is asked again later.

use std::collections::BTreeSet;

use super::LogicBoxes;
use crate::domain::answer::{AccountSeen, Answer, Answered, Silence};
use crate::engine::ports::LookUpCall;
use crate::provider::limits::{CLOCK_SKEW, PAGES_MAX};
use crate::provider::logicboxes::classify::{self, Asked};
use crate::provider::logicboxes::wire::{Hit, Page, Search, parameter};
use crate::provider::trail::Trail;

/// The status of accounts that are no more; another may have taken the username.
const DELETED: &str = "deleted";

/// What was seen of a username.
#[derive(Default)]
struct Seen {
    /// The account, and whether it is deleted.
    account: Option<(AccountSeen, bool)>,
    /// Something that could be it and cannot be told.
    doubtful: bool,
    /// The accounts on the pages so far, each once however often it was read: a page that comes again shows none of those
    /// that are missing. By id, or by username where there is none.
    known: BTreeSet<String>,
    /// Hits that cannot be read, or not told from one another.
    nameless: usize,
    /// All that match, as the provider last said.
    total: Option<u64>,
}

impl LogicBoxes {
    /// Searches for the username until it is found or the pages end. `Err` is the answer of a page that failed.
    pub(super) async fn find(&self, call: &LookUpCall, trail: &mut Trail) -> Result<Answer, Answer> {
        let Some(username) = parameter(&call.payload, "username") else {
            return Err(Answer::NotSent(
                "the request names no username to look for".to_owned(),
            ));
        };
        let since = (!call.any_age).then(|| call.sent_after.minus(CLOCK_SKEW));
        let asked = self.asked(&call.payload);
        let mut seen = Seen::default();
        for page in 1..=PAGES_MAX {
            let search = Search {
                username: Some(&username),
                account: None,
                since,
                page,
            };
            let found = self.page(&search, &asked, trail).await?;
            let is_last = seen.note(&found, &username, &asked);
            if seen.account.as_ref().is_some_and(|(_, is_deleted)| !is_deleted) || is_last {
                return Ok(seen.answer(trail.http));
            }
        }
        seen.doubtful = true;
        Ok(seen.answer(trail.http))
    }
}

impl Seen {
    /// Takes a page in; says whether it is the last. Where the provider does not say how many match (3.4 has it as a habit),
    /// that is an empty one: how many hits it puts on a page at most is not public, so a short page says nothing.
    fn note(&mut self, page: &Page, username: &str, asked: &Asked) -> bool {
        let before = self.read();
        for row in &page.rows {
            self.judge(row.as_ref(), username, asked);
            match row.as_ref().and_then(identity) {
                Some(identity) => {
                    self.known.insert(identity);
                }
                None => self.nameless += 1,
            }
        }
        self.total = page.total.or(self.total);
        let is_whole = match self.total {
            Some(total) => self.read() >= total,
            None => page.rows.is_empty(),
        };
        let brought_nothing = self.read() == before;
        // The pages do not add up.
        self.doubtful |= brought_nothing && !is_whole;
        is_whole || brought_nothing
    }

    /// Accounts read so far.
    fn read(&self) -> u64 {
        u64::try_from(self.known.len().saturating_add(self.nameless)).unwrap_or(u64::MAX)
    }

    /// The search may match parts of usernames, which is not public, so they are compared here (providers.md 3.4).
    fn judge(&mut self, row: Option<&Hit>, username: &str, asked: &Asked) {
        let Some((row, theirs)) = row.and_then(|row| Some((row, row.username.as_deref()?))) else {
            self.doubtful = true;
            return;
        };
        if folded(theirs) != folded(username) {
            return;
        }
        let Some(account) = classify::seen(row, asked) else {
            self.doubtful = true;
            return;
        };
        let is_deleted = account.status.as_str().eq_ignore_ascii_case(DELETED);
        if self
            .account
            .as_ref()
            .is_none_or(|(_, known_is_deleted)| *known_is_deleted)
        {
            self.account = Some((account, is_deleted));
        }
    }

    fn answer(self, http: Option<u16>) -> Answer {
        match self.account {
            // A deleted account does not stand for one that could not be read.
            Some((account, is_deleted)) if !(is_deleted && self.doubtful) => {
                Answer::Answered(Answered::Account(account))
            }
            None if !self.doubtful => Answer::Answered(Answered::NotFound),
            _ => Answer::Silent(Silence::Unreadable {
                http: http.unwrap_or_default(),
            }),
        }
    }
}

/// What tells a hit from the others.
fn identity(hit: &Hit) -> Option<String> {
    let id = hit.account.as_ref().map(|account| account.as_str().to_owned());
    id.or_else(|| hit.username.as_deref().map(folded))
}

fn folded(username: &str) -> String {
    username.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
