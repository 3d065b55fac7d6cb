//! Claims: what is due, fairly shared, taken by one script. The cost is that of the tasks taken and of the batches with
//! open ones, however many tasks wait or are done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use redis::Value;

use super::batches::weight_of;
use super::commit::Item;
use super::reply::{bytes, list, next, number, text};
use super::save::Save;
use super::stored::{Lane, Stored, fence_at, next_fence, six};
use super::tasks::{id_bytes, id_of};
use super::{CHUNK, RedisLedger, lock, lua};
use crate::domain::batch::Weight;
use crate::domain::ids::BatchId;
use crate::domain::machine::Order;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Claim, ClaimAsk, Claimed, Lease, LedgerError};
use crate::ledger::moves::{Hold, ordered};
use crate::ledger::pauses::read_pause;
use crate::ledger::turns::{self, Class};

/// Batches looked at in one script.
const PEEK_BATCHES: usize = 100;

/// No lease is shorter, so that no claim finds what it has just taken.
const LEASE_MIN: Duration = Duration::from_millis(1);

const ALWAYS: Timestamp = Timestamp::from_ms(i64::MIN);

/// Tasks of cancelled batches settled in passing by one claim, over all of them.
const CANCELLED_MAX: usize = 500;

/// A batch with open tasks.
struct OpenBatch {
    no: i64,
    id: BatchId,
    cancelled: bool,
    /// Since when or from when on it lends, [`ALWAYS`] without a pause; `None` while a person must act first.
    from: Option<Timestamp>,
    weight: Weight,
    /// Tasks due that nobody has, by class; no more than were asked for.
    due: [usize; Class::ALL.len()],
    /// Tasks whose leases ran out, likewise.
    left: [usize; Class::ALL.len()],
    /// When the next falls due, by class.
    heads: [Option<Timestamp>; Class::ALL.len()],
}

/// So many tasks of a batch and class are to be lent.
type Take = ((i64, Class), usize);

impl RedisLedger {
    pub(super) async fn claim_due(&self, ask: &ClaimAsk) -> Result<Claimed, LedgerError> {
        let mut open = self.peek(ask.only.as_ref(), ask.now, ask.max).await?;
        let is_due = |batch: &OpenBatch| (batch.due, batch.left) != ([0; 2], [0; 2]);
        if open.iter().any(|batch| batch.cancelled && is_due(batch)) {
            let mut room = CANCELLED_MAX;
            for batch in open.iter().filter(|batch| batch.cancelled) {
                room -= self.settle_cancelled(batch.no, room, ask).await?;
            }
            open = self.peek(ask.only.as_ref(), ask.now, ask.max).await?;
        }
        let takes = self.plan(&open, ask);
        let taken = self.take(&mut open, &takes, ask).await?;
        Ok(Claimed {
            claims: self.hand_out(&open, taken, ask).await?,
            next_due: next_due(&open),
        })
    }

    /// When the open task falls due that does so first, over all batches.
    pub(super) async fn oldest_due(&self, now: Timestamp) -> Result<Option<Timestamp>, LedgerError> {
        Ok(next_due(&self.peek(None, now, 1).await?))
    }

    /// The batches with open tasks, or the one asked for if it has any.
    async fn peek(
        &self,
        only: Option<&BatchId>,
        now: Timestamp,
        max: usize,
    ) -> Result<Vec<OpenBatch>, LedgerError> {
        let only = match only {
            None => None,
            Some(id) => match self.number(id).await? {
                Some(no) => Some(no),
                None => return Ok(Vec::new()),
            },
        };
        let page_max = if only.is_some() { 1 } else { PEEK_BATCHES };
        let mut behind = only.map_or(0, |no| no - 1);
        let mut open = Vec::new();
        loop {
            let answer = self
                .run(&lua::PEEK, &|cmd| {
                    cmd.arg(now.as_ms()).arg(behind).arg(page_max).arg(max.max(1));
                })
                .await?;
            let page = list(answer)?;
            let is_last = page.len() < page_max || only.is_some();
            for value in page {
                let mut fields = list(value)?.into_iter();
                behind = number(next(&mut fields)?)?.unwrap_or(i64::MAX);
                if only.is_none_or(|only| only == behind) && fields.len() > 0 {
                    open.push(open_batch(behind, &mut fields, now)?);
                }
            }
            if is_last {
                return Ok(open);
            }
        }
    }

    /// Whose turn it is. What was left lying is nobody's share: it goes before all else, since it may have been sent.
    fn plan(&self, open: &[OpenBatch], ask: &ClaimAsk) -> Vec<Take> {
        let lends = |batch: &&OpenBatch| !batch.cancelled && batch.from.is_some_and(|from| from <= ask.now);
        let mut takes: Vec<Take> = Vec::new();
        let mut slots = ask.max;
        for batch in open.iter().filter(lends) {
            for (class, left) in Class::ALL.into_iter().zip(batch.left) {
                let got = left.min(slots);
                if got > 0 {
                    slots -= got;
                    takes.push(((batch.no, class), got));
                }
            }
        }
        let lanes: Vec<turns::Lane> = open
            .iter()
            .filter(lends)
            .map(|batch| turns::Lane {
                no: batch.no,
                weight: batch.weight.get(),
            })
            .collect();
        let mut waiting: BTreeMap<i64, [usize; 2]> = open
            .iter()
            .filter(lends)
            .map(|batch| (batch.no, batch.due))
            .collect();
        let taking = |owner, class: Class, want: usize| {
            let there = waiting
                .get_mut(&owner)
                .and_then(|due| due.get_mut(class as usize));
            let got = there.map_or(0, |there| {
                let got = want.min(*there);
                *there -= got;
                got
            });
            if got > 0 {
                takes.push(((owner, class), got));
            }
            Ok::<_, std::convert::Infallible>(got)
        };
        match lock(&self.turns).fill(&lanes, slots, taking) {
            Ok(()) => takes,
        }
    }

    /// Lends them; notes in `open` when the next of each lane falls due.
    async fn take(
        &self,
        open: &mut [OpenBatch],
        takes: &[Take],
        ask: &ClaimAsk,
    ) -> Result<Vec<Stored>, LedgerError> {
        let until = ask.now.plus(ask.lease.max(LEASE_MIN));
        let mut taken = Vec::new();
        for part in chunks(takes) {
            let mut lanes: Vec<(i64, Class)> = Vec::new();
            for (lane, _) in &part {
                if !lanes.contains(lane) {
                    lanes.push(*lane);
                }
            }
            let answer = self
                .run(&lua::TAKE, &|cmd| {
                    cmd.arg(ask.now.as_ms())
                        .arg(&six(ask.now.as_ms()))
                        .arg(fence_at(ask.now))
                        .arg(until.as_ms())
                        .arg(part.len());
                    for ((batch, class), n) in &part {
                        cmd.arg(*batch).arg(*class as u8).arg(*n);
                    }
                    cmd.arg(lanes.len());
                    for (batch, class) in &lanes {
                        cmd.arg(*batch).arg(*class as u8);
                    }
                })
                .await?;
            let mut answer = list(answer)?.into_iter();
            let mut pairs = list(next(&mut answer)?)?.into_iter();
            while let (Some(id), Some(task)) = (pairs.next(), pairs.next()) {
                let id = id_of(&bytes(id)?.unwrap_or_default())?;
                match Stored::decode(id, &bytes(task)?.unwrap_or_default()) {
                    Ok(stored) => taken.push(stored),
                    // It stays lent to nobody for the length of a lease, and holds no other up.
                    Err(error) => pass_over(id, &error),
                }
            }
            for ((owner, class), head) in lanes.iter().zip(list(next(&mut answer)?)?) {
                let head = number(head)?.map(Timestamp::from_ms);
                let batch = open.iter_mut().find(|batch| batch.no == *owner);
                if let Some(at) = batch.and_then(|batch| batch.heads.get_mut(*class as usize)) {
                    *at = head;
                }
            }
        }
        Ok(taken)
    }

    /// What was taken, as claims with their payloads.
    async fn hand_out(
        &self,
        open: &[OpenBatch],
        taken: Vec<Stored>,
        ask: &ClaimAsk,
    ) -> Result<Vec<Claim>, LedgerError> {
        let sends = |stored: &Stored| stored.task.needs_payload();
        let rows: Vec<i64> = taken
            .iter()
            .filter(|stored| sends(stored))
            .map(|stored| stored.sources.in_force)
            .collect();
        let payloads = self.payloads(&rows).await?;
        let mut claims = Vec::with_capacity(taken.len());
        for stored in taken {
            let payload = payloads.get(&stored.sources.in_force).map(Arc::clone);
            if sends(&stored) && payload.is_none() {
                tracing::error!(
                    row = %stored.key,
                    "the row's request body is not there; it is passed over; hint: docs/operations.md, recovering by hand"
                );
                continue;
            }
            let Some(batch) = open.iter().find(|batch| batch.no == stored.owner) else {
                continue;
            };
            let fence = next_fence(stored.fence, fence_at(ask.now));
            let lease = Lease {
                task: stored.id,
                fence: i64::from(fence),
            };
            let abandoned = stored.since;
            claims.push(Claim {
                lease,
                batch: batch.id.clone(),
                key: stored.key.clone(),
                task: stored.task.clone(),
                payload: payload.filter(|_| sends(&stored)),
                abandoned,
            });
            let held = Stored {
                fence,
                since: Some(abandoned.unwrap_or(ask.now)),
                ..stored
            };
            lock(&self.lent).lend(lease, held);
        }
        Ok(claims)
    }

    /// Nothing of a cancelled batch is sent again: what falls due there, or was left lying by a dead worker, is settled:
    /// `max` tasks at most. Returns how many were met.
    async fn settle_cancelled(&self, no: i64, max: usize, ask: &ClaimAsk) -> Result<usize, LedgerError> {
        let now = ask.now;
        let mut lanes = BTreeMap::new();
        for lane in Lane::all(no) {
            let left = max.saturating_sub(lanes.len());
            if left == 0 {
                break;
            }
            let set = self.keys.named(format_args!("d:{lane}"));
            let mut due = redis::cmd("ZRANGEBYSCORE");
            due.arg(&set)
                .arg("-inf")
                .arg(now.as_ms())
                .arg("LIMIT")
                .arg(0)
                .arg(left);
            for id in list(self.link.ask(&due).await?)? {
                lanes.insert(id_of(&bytes(id)?.unwrap_or_default())?, set.clone());
            }
        }
        let ids: Vec<i64> = lanes.keys().copied().collect();
        let mut items = Vec::new();
        for (id, found) in self.find(&ids).await? {
            let old = match found.stored {
                Ok(old) => old,
                Err(error) => {
                    pass_over(id, &error);
                    let mut later = redis::cmd("ZADD");
                    let until = ask.now.plus(ask.lease.max(LEASE_MIN));
                    later
                        .arg(lanes.get(&id))
                        .arg("XX")
                        .arg(until.as_ms())
                        .arg(&id_bytes(id));
                    self.link.ask(&later).await?;
                    continue;
                }
            };
            let hold = old.since.map(|since| Hold { since, until: now });
            if let Some(moved) = ordered(&old.task, hold, &Order::Cancel, now) {
                let new = old.becoming(old.owner, moved.task, None)?;
                items.push(Item::save(Save::moved(&old, found.bytes, &new)));
            }
        }
        // Whatever somebody else has changed meanwhile is met again.
        self.write(&items).await?;
        Ok(ids.len())
    }
}

/// Says that a task is passed over; it is met again after the length of a lease.
pub(super) fn pass_over(task: i64, error: &LedgerError) {
    tracing::error!(
        %error,
        task,
        "a task cannot be read and is passed over; hint: docs/operations.md, recovering by hand"
    );
}

fn open_batch(
    no: i64,
    fields: &mut impl Iterator<Item = Value>,
    now: Timestamp,
) -> Result<OpenBatch, LedgerError> {
    let id = BatchId::new(text(next(fields)?)?.unwrap_or_default());
    let cancelled = text(next(fields)?)?.as_deref() == Some("1");
    let pause = read_pause(text(next(fields)?)?.filter(|pause| !pause.is_empty()))?;
    let weight = weight_of(number(next(fields)?)?.unwrap_or(1))?;
    let (mut due, mut left, mut heads) = ([0; 2], [0; 2], [None; 2]);
    for ((due, left), head) in due.iter_mut().zip(&mut left).zip(&mut heads) {
        *due = usize::try_from(number(next(fields)?)?.unwrap_or(0)).unwrap_or(0);
        *left = usize::try_from(number(next(fields)?)?.unwrap_or(0)).unwrap_or(0);
        *head = number(next(fields)?)?.map(Timestamp::from_ms);
    }
    Ok(OpenBatch {
        no,
        id,
        cancelled,
        from: match pause {
            Some(pause) if pause.is_in_force(now) => pause.until,
            _ => Some(ALWAYS),
        },
        weight,
        due,
        left,
        heads,
    })
}

fn next_due(open: &[OpenBatch]) -> Option<Timestamp> {
    let of_batch = |batch: &OpenBatch| {
        let head = batch.heads.iter().flatten().min()?;
        Some((*head).max(batch.from?))
    };
    open.iter().filter_map(of_batch).min()
}

/// The takes in parts of [`CHUNK`] tasks at most.
fn chunks(takes: &[Take]) -> Vec<Vec<Take>> {
    let mut parts: Vec<Vec<Take>> = Vec::new();
    let mut room = 0;
    for (lane, n) in takes {
        let mut left = *n;
        while left > 0 {
            if room == 0 {
                parts.push(Vec::new());
                room = CHUNK;
            }
            let some = left.min(room);
            if let Some(part) = parts.last_mut() {
                part.push((*lane, some));
            }
            room -= some;
            left -= some;
        }
    }
    parts
}
