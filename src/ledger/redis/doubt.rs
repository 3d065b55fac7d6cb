//! Doubt about tasks that look as if they had never been sent.
//!
//! A server that lost the last it was told, because its machine lost power or a replica took its place, may have lost the
//! note that a task was lent, and the request may have left. The same data do no harm: they go out under the same id. But
//! changed data would go out under an id of their own, and make a second account. So a task that was there before the
//! server's present life began is taken for sent when changed data come: the account is looked for first. That it was
//! cancelled since changes nothing.

use std::collections::BTreeSet;

use super::reply::{list, next, text};
use super::{RedisLedger, lua};
use crate::domain::ids::Digest;
use crate::domain::task::{Action, Outcome, State};
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::places::batch_of;
use crate::ledger::redis::stored::Stored;

/// Which tasks may have been lent without a note.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    life: String,
    /// The batches made in an earlier life of the server.
    batches: BTreeSet<i64>,
}

impl Doubt {
    /// The server's life in which this was found out; empty if it does not say.
    pub(super) fn life(&self) -> &str {
        &self.life
    }

    /// Since when the task may have been in somebody's hands unnoted, now that `payload` comes. It was lent no earlier
    /// than it was due.
    pub(super) fn lent_since(&self, stored: &Stored, payload: Digest) -> Option<Timestamp> {
        let task = &stored.task;
        let looks_unsent = match task.state {
            State::Queued => true,
            State::Settled(Outcome::Cancelled) => task.account.is_none() && !task.unknown,
            _ => false,
        };
        let is_in_doubt = task.action == Action::Create
            && looks_unsent
            && payload != task.payload
            && self.batches.contains(&batch_of(stored.id));
        is_in_doubt.then_some(task.due_at)
    }
}

impl RedisLedger {
    /// What there is to doubt about these tasks.
    pub(super) async fn doubt(&self, tasks: impl Iterator<Item = i64> + Send) -> Result<Doubt, LedgerError> {
        let homes: BTreeSet<i64> = tasks.map(batch_of).collect();
        if homes.is_empty() {
            return Ok(Doubt::default());
        }
        let answer = self
            .run(&lua::LIVES, &|cmd| {
                cmd.arg(homes.len());
                for home in &homes {
                    cmd.arg(*home);
                }
            })
            .await?;
        let mut lives = list(answer)?.into_iter();
        let life = text(next(&mut lives)?)?.unwrap_or_default();
        let mut batches = BTreeSet::new();
        for home in homes {
            let made_in = text(next(&mut lives)?)?.unwrap_or_default();
            if life.is_empty() || made_in != life {
                batches.insert(home);
            }
        }
        Ok(Doubt { life, batches })
    }
}
