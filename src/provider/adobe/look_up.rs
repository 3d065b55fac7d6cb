//! Whether an account exists whose making went unanswered: through the list, by name, then by our key
//! (providers.md 2.7).
//!
//! "Not found" lets a second account be made. So it is said only after every page that could hold ours was read and
//! understood; anything less is silence, and the question is asked again later.

use super::classify;
use super::line::Line;
use super::wire::{ListPage, ListQuery, Order, Reseller, company_name};
use crate::domain::answer::{AccountSeen, Answer, Answered, Silence};
use crate::domain::attempt::CallKind;
use crate::domain::time::Timestamp;
use crate::engine::ports::LookUpCall;
use crate::provider::limits::{CLOCK_SKEW, PAGES_MAX};
use crate::provider::trail::Trail;

/// Statuses in the order an account moves through them, so that one that moves meanwhile is still met.
/// `1010` and `1012` cannot be listed.
pub(super) const STATUSES: [&str; 3] = ["1002", "1000", "1004"];

/// What is looked for.
pub(super) struct Wanted<'a> {
    pub(super) key: &'a str,
    pub(super) company_name: Option<String>,
    /// No account made before this is ours.
    pub(super) horizon: Timestamp,
}

/// What was seen under one status.
#[derive(Default)]
pub(super) struct Seen {
    /// Accounts that are ours, with the time of their making.
    pub(super) ours: Vec<(Option<Timestamp>, AccountSeen)>,
    /// Accounts of other companies with our key.
    pub(super) elsewhere: Vec<AccountSeen>,
    /// An account of the company that is shown without any key, and is young enough to be ours.
    pub(super) keyless: bool,
    /// Something that could be ours and cannot be told.
    pub(super) doubtful: bool,
}

impl Line {
    /// Looks under each status until the account is found. `Err` is the answer of a page that failed.
    pub(super) async fn find(&self, call: &LookUpCall, trail: &mut Trail) -> Result<Answer, Answer> {
        let wanted = Wanted {
            key: call.key.as_str(),
            company_name: company_name(&call.payload),
            horizon: call.sent_after.minus(CLOCK_SKEW),
        };
        let mut doubtful = false;
        for status in STATUSES {
            let seen = self.find_under(status, &wanted, trail).await?;
            if seen.ours.len() > 1 {
                let accounts: Vec<_> = seen.ours.iter().map(|(_, seen)| seen.account.as_str()).collect();
                tracing::warn!(
                    ?accounts,
                    status,
                    "several accounts carry one row's key; the oldest is taken"
                );
            }
            // An unreadable time sorts last: an account known to be young enough is the better guess.
            let oldest = seen.ours.into_iter().min_by_key(|(at, _)| (at.is_none(), *at));
            if let Some((_, account)) = oldest {
                return Ok(Answer::Answered(Answered::Account(account)));
            }
            // Our key on another company, or our company without a key: a person must look. Ours was sent with its key, and
            // whether a list always shows one is not public (providers.md 2.7).
            doubtful |= seen.doubtful || seen.keyless || !seen.elsewhere.is_empty();
        }
        Ok(if doubtful {
            Answer::Silent(Silence::Unreadable {
                http: trail.http.unwrap_or_default(),
            })
        } else {
            Answer::Answered(Answered::NotFound)
        })
    }

    /// Every page under one status. `Err` is the answer of a page that failed.
    pub(super) async fn find_under(
        &self,
        status: &str,
        wanted: &Wanted<'_>,
        trail: &mut Trail,
    ) -> Result<Seen, Answer> {
        let mut seen = Seen::default();
        let mut paging = Paging::default();
        for _ in 0..PAGES_MAX {
            let query = ListQuery {
                status,
                company_name: wanted.company_name.as_deref(),
                order: Order::Newest,
                offset: paging.offset,
            };
            let page = self.page(CallKind::LookUp, &query, trail).await?;
            for row in &page.rows {
                wanted.judge(row.as_ref(), status, &mut seen);
            }
            match paging.after(&page, wanted.horizon) {
                Next::Page => {}
                Next::End => return Ok(seen),
                Next::Lost => break,
            }
        }
        seen.doubtful = true;
        Ok(seen)
    }
}

impl Wanted<'_> {
    fn judge(&self, row: Option<&Reseller>, status: &str, seen: &mut Seen) {
        let Some(row) = row else {
            seen.doubtful = true;
            return;
        };
        let created = row.created();
        let too_old = created.is_some_and(|at| at < self.horizon);
        if too_old {
            return;
        }
        let same_name = match (&self.company_name, &row.company_name) {
            (Some(ours), Some(theirs)) => loosely(ours).eq(loosely(theirs)),
            _ => true,
        };
        match row.external_reference_id.as_deref() {
            Some(key) if key == self.key => {}
            Some(_) => return,
            None => {
                seen.keyless |= same_name;
                return;
            }
        }
        let Some(account) = classify::seen(row, Some(status)) else {
            // An account without an id.
            seen.doubtful = true;
            return;
        };
        // Read twice if the pages moved.
        let is_other = |known: &AccountSeen| known.account != account.account;
        if same_name {
            if seen.ours.iter().all(|(_, known)| is_other(known)) {
                seen.ours.push((created, account));
            }
        } else if seen.elsewhere.iter().all(is_other) {
            seen.elsewhere.push(account);
        }
    }
}

/// A name's letters and digits in lower case: how the provider keeps spaces and signs is not public.
fn loosely(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
}

/// Where to read on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Page,
    End,
    /// The pages do not add up.
    Lost,
}

/// A walk over pages of a set that may change meanwhile.
#[derive(Debug, Default)]
struct Paging {
    offset: u64,
    total: Option<u64>,
    /// The time of the last row read.
    oldest: Option<Timestamp>,
    /// A row was younger than the one before it, or its time cannot be read.
    out_of_order: bool,
    /// A row was older than the one before it.
    descended: bool,
}

impl Paging {
    fn after(&mut self, page: &ListPage, horizon: Timestamp) -> Next {
        let rows = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        // What left the set since the last page may have moved ours forward, past where we read on: step back.
        let gone = match (self.total, page.total) {
            (Some(before), Some(now)) => before.saturating_sub(now),
            _ => 0,
        };
        if page.total.is_some() {
            self.total = page.total;
        }
        if gone > 0 && self.offset > 0 {
            self.offset = self.offset.saturating_sub(gone);
            return Next::Page;
        }
        self.note_order(page);
        let read = self.offset.saturating_add(rows);
        let end = match self.total {
            Some(total) => read >= total,
            None => rows == 0,
        };
        let newest_first = self.descended && !self.out_of_order;
        let passed = newest_first && self.oldest.is_some_and(|oldest| oldest < horizon);
        if end || (passed && rows > 0) {
            return Next::End;
        }
        if rows == 0 {
            return Next::Lost;
        }
        self.offset = read;
        Next::Page
    }

    /// Stopping at the horizon is right only while rows really come newest first, which is checked, not believed.
    fn note_order(&mut self, page: &ListPage) {
        for row in &page.rows {
            let created = row.as_ref().and_then(Reseller::created);
            match (created, self.oldest) {
                (Some(at), Some(last)) => {
                    self.out_of_order |= at > last;
                    self.descended |= at < last;
                }
                (Some(_), None) => {}
                (None, _) => self.out_of_order = true,
            }
            self.oldest = created.or(self.oldest);
        }
    }
}

#[cfg(test)]
mod tests;
