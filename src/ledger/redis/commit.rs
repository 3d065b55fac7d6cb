//! What workers bring back, and leases prolonged. A commit is written over the task as it was lent; only if it is
//! something else by now is it looked at again.

use std::collections::HashMap;

use redis::Cmd;

use super::bytes::Writer;
use super::keys::calls;
use super::reply::{list, number};
use super::save::{Save, add_counts};
use super::stored::Stored;
use super::tasks::id_bytes;
use super::{CHUNK, ROUNDS_MAX, RedisLedger, lock, lua, too_busy};
use crate::domain::attempt::Attempt;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Commit, Kept, Lease, LedgerError};
use crate::ledger::counting::Differences;
use crate::ledger::moves::committed;

/// What the script is to do with one task.
#[derive(Debug)]
pub(super) struct Item {
    mode: &'static str,
    save: Save,
    calls: Vec<Noted>,
}

/// A call to be noted, once.
#[derive(Debug)]
struct Noted {
    key: String,
    field: Vec<u8>,
    value: Vec<u8>,
    counts: Vec<(i64, i64, i64)>,
}

/// What the script said to one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is done.
    Done,
    /// The task is something else than was seen.
    Changed,
    /// Its batch is cancelled, and it would have stayed open.
    Cancelled,
}

impl Item {
    /// Saves a task whatever is with its batch.
    pub(super) const fn save(save: Save) -> Self {
        Self {
            mode: "save",
            save,
            calls: Vec::new(),
        }
    }

    fn add_to(&self, cmd: &mut Cmd) {
        cmd.arg(self.mode);
        self.save.add_to(cmd);
        add_counts(cmd, self.save.counts());
        cmd.arg(self.calls.len());
        for call in &self.calls {
            cmd.arg(&call.key).arg(&call.field).arg(&call.value);
            add_counts(cmd, &call.counts);
        }
    }
}

impl RedisLedger {
    /// Writes items, each by itself; says what came of each.
    pub(super) async fn write(&self, items: &[Item]) -> Result<Vec<Written>, LedgerError> {
        let mut written = Vec::with_capacity(items.len());
        for part in items.chunks(CHUNK) {
            let answers = self
                .run(&lua::COMMIT, &|cmd| {
                    cmd.arg(part.len());
                    part.iter().for_each(|item| item.add_to(cmd));
                })
                .await?;
            for answer in list(answers)? {
                written.push(match number(answer)? {
                    Some(1) => Written::Done,
                    Some(2) => Written::Cancelled,
                    _ => Written::Changed,
                });
            }
        }
        Ok(written)
    }

    pub(super) async fn keep(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        let kept = self.keep_all(commits, now).await;
        let mut lent = lock(&self.lent);
        match &kept {
            Ok(_) => commits.iter().for_each(|commit| lent.end(commit.lease)),
            Err(_) => lent.doubt(commits.iter().map(|commit| commit.lease)),
        }
        kept
    }

    async fn keep_all(&self, commits: &[Commit], now: Timestamp) -> Result<Vec<Kept>, LedgerError> {
        let mut kept: Vec<Option<Kept>> = vec![None; commits.len()];
        let mut seen: HashMap<usize, Seen> = {
            let lent = lock(&self.lent);
            let in_hand = commits.iter().enumerate().filter_map(|(at, commit)| {
                let stored = lent.get(commit.lease)?.clone();
                let bytes = stored.encode();
                Some((
                    at,
                    Seen {
                        stored,
                        bytes,
                        cancelled: false,
                    },
                ))
            });
            in_hand.collect()
        };
        for _ in 0..ROUNDS_MAX {
            let open: Vec<usize> = (0..commits.len())
                .filter(|at| kept.get(*at).is_some_and(Option::is_none))
                .collect();
            if open.is_empty() {
                return Ok(kept.into_iter().flatten().collect());
            }
            self.look(commits, &open, &mut seen, &mut kept).await?;
            let mut items = Vec::new();
            for at in open {
                let (Some(commit), Some(seen)) = (commits.get(at), seen.get(&at)) else {
                    continue;
                };
                items.push((at, self.item(commit, seen, now)?));
            }
            let (places, items): (Vec<_>, Vec<(Item, Kept)>) = items.into_iter().unzip();
            let (items, verdicts): (Vec<Item>, Vec<Kept>) = items.into_iter().unzip();
            for ((at, verdict), written) in places.into_iter().zip(verdicts).zip(self.write(&items).await?) {
                match (written, kept.get_mut(at)) {
                    (Written::Done, Some(kept)) => *kept = Some(verdict),
                    (Written::Cancelled, _) => {
                        if let Some(seen) = seen.get_mut(&at) {
                            seen.cancelled = true;
                        }
                    }
                    _ => {
                        seen.remove(&at);
                    }
                }
            }
        }
        Err(too_busy("the tasks"))
    }

    /// Looks at those of the `open` commits' tasks that are not known yet; one that is not there is fenced.
    async fn look(
        &self,
        commits: &[Commit],
        open: &[usize],
        seen: &mut HashMap<usize, Seen>,
        kept: &mut [Option<Kept>],
    ) -> Result<(), LedgerError> {
        let unseen: Vec<(usize, i64)> = open
            .iter()
            .filter(|at| !seen.contains_key(at))
            .filter_map(|at| Some((*at, commits.get(*at)?.lease.task)))
            .collect();
        if unseen.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = unseen.iter().map(|(_, id)| *id).collect();
        let mut found = self.find(&ids).await?;
        for (at, id) in unseen {
            match found.get_mut(&id) {
                None => {
                    if let Some(kept) = kept.get_mut(at) {
                        *kept = Some(Kept::Fenced);
                    }
                }
                Some(found) => {
                    let stored = match &found.stored {
                        Ok(stored) => stored.clone(),
                        Err(error) => return Err(LedgerError::Corrupt(error.to_string())),
                    };
                    let bytes = found.bytes.clone();
                    seen.insert(
                        at,
                        Seen {
                            stored,
                            bytes,
                            cancelled: false,
                        },
                    );
                }
            }
        }
        Ok(())
    }

    /// What is to be written for a commit, and whether it counts.
    fn item(&self, commit: &Commit, seen: &Seen, now: Timestamp) -> Result<(Item, Kept), LedgerError> {
        let Seen {
            stored,
            bytes,
            cancelled,
        } = seen;
        // Calls were made, whoever has the task now.
        let calls = noted(commit, stored.owner);
        let task = committed(&commit.task, *cancelled, now);
        if i64::from(stored.fence) == commit.lease.fence && stored.since.is_some() {
            let new = stored.becoming(stored.owner, task, None)?;
            let item = Item {
                mode: "heed",
                save: Save::moved(stored, bytes.clone(), &new),
                calls,
            };
            return Ok((item, Kept::Yes));
        }
        // The answer to an earlier try may have been lost, not the try.
        let was_kept = i64::from(stored.fence) == commit.lease.fence
            && stored.task == task
            && lock(&self.lent).is_unsure(commit.lease);
        let item = Item {
            mode: "note",
            save: Save::nothing(stored.id),
            calls,
        };
        Ok((item, if was_kept { Kept::Yes } else { Kept::Fenced }))
    }

    pub(super) async fn prolong(&self, leases: &[Lease], until: Timestamp) -> Result<(), LedgerError> {
        for part in leases.chunks(CHUNK) {
            let known: Vec<(i64, u32)> = part
                .iter()
                .filter_map(|lease| Some((lease.task, u32::try_from(lease.fence).ok()?)))
                .collect();
            self.run(&lua::EXTEND, &|cmd| {
                cmd.arg(until.as_ms()).arg(known.len());
                for (id, fence) in &known {
                    cmd.arg(&id_bytes(*id)).arg(&fence.to_be_bytes());
                }
            })
            .await?;
        }
        Ok(())
    }
}

/// A commit's task as it lay when it was looked at.
struct Seen {
    stored: Stored,
    bytes: Vec<u8>,
    /// Whether its batch is cancelled, as far as is known.
    cancelled: bool,
}

fn noted(commit: &Commit, owner: i64) -> Vec<Noted> {
    let lease = commit.lease;
    (0_u64..)
        .zip(&commit.attempts)
        .map(|(n, attempt)| {
            let mut field = Writer::with_capacity(12);
            field.raw(&id_bytes(lease.task));
            field.signed(lease.fence);
            field.number(n);
            let mut counts = Differences::default();
            counts.called(owner, attempt);
            Noted {
                key: calls(lease.task),
                field: field.into_bytes(),
                value: write_call(attempt),
                counts: counts.into_changes().collect(),
            }
        })
        .collect()
}

/// A call in bytes; `read_call` in `read.rs` reads it.
fn write_call(attempt: &Attempt) -> Vec<u8> {
    let mut writer = Writer::with_capacity(64);
    writer.byte(match attempt.kind {
        crate::domain::attempt::CallKind::Submit => 0,
        crate::domain::attempt::CallKind::LookUp => 1,
        crate::domain::attempt::CallKind::Poll => 2,
    });
    writer.signed(attempt.at.as_ms());
    writer.number(attempt.took_ms);
    writer.number(u64::from(attempt.exchanges));
    writer.number(attempt.http.map_or(0, |http| u64::from(http) + 1));
    writer.text(&attempt.read_as);
    writer.byte(u8::from(attempt.code.is_some()));
    if let Some(code) = &attempt.code {
        writer.text(code);
    }
    writer.raw(attempt.correlation_id.as_uuid().as_bytes());
    writer.raw(attempt.request_id.as_uuid().as_bytes());
    writer.into_bytes()
}
