//! Whether an account with a row's username exists: before the first sign-up, and after one that went unanswered
//! (providers.md 3.6).
//!
//! "Not found" lets an account be asked for. So it is said only after every page that could hold it was read and
//! understood; anything less is silence, and the question is asked again later.

use std::time::Duration;

use super::LogicBoxes;
use crate::domain::answer::{AccountSeen, Answer, Answered, Silence};
use crate::engine::ports::LookUpCall;
use crate::provider::logicboxes::classify::{self, Asked};
use crate::provider::logicboxes::wire::{Hit, PAGE_ROWS_MIN, Page, Search, parameter};
use crate::provider::trail::Trail;

/// How far the provider's clock and ours may differ (providers.md 3.6).
const CLOCK_SKEW: Duration = Duration::from_secs(600);

/// Pages read at most.
const PAGES_MAX: u64 = 40;

/// The status of accounts that are no more; another may have taken the username.
const DELETED: &str = "deleted";

/// What was seen of a username.
#[derive(Default)]
struct Seen {
    /// The account, and whether it is deleted.
    account: Option<(AccountSeen, bool)>,
    /// Something that could be it and cannot be told.
    doubtful: bool,
    /// Hits on the pages so far.
    rows: u64,
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
        let asked = self.asked(None);
        let mut seen = Seen::default();
        for page in 1..=PAGES_MAX {
            let search = Search {
                username: Some(&username),
                account: None,
                since,
                page,
            };
            let found = self.page(&search, trail).await?;
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
    /// Takes a page in; says whether it is the last.
    fn note(&mut self, page: &Page, username: &str, asked: &Asked) -> bool {
        for row in &page.rows {
            self.judge(row.as_ref(), username, asked);
        }
        let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        self.rows = self.rows.saturating_add(rows);
        self.total = page.total.or(self.total);
        match self.total {
            Some(total) if self.rows < total && rows == 0 => {
                // The pages do not add up.
                self.doubtful = true;
                true
            }
            Some(total) => self.rows >= total,
            None => rows < PAGE_ROWS_MIN,
        }
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

fn folded(username: &str) -> String {
    username.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
