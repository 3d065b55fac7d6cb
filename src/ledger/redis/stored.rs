//! A task as it lies in Redis: a head that scripts read and change, then the rest, which they hand about unopened.
//!
//! ```text
//! bytes 0..4    fence, grows with each lease, and with time
//!       4..10   since when somebody has it, milliseconds; all zero: nobody
//!      10..13   the batch it belongs to
//!      13       its class, 0 submit, 1 read; 2 and 3 while somebody has it
//!      14..     key, payloads' rows, task
//! ```
//! When it falls due, or its lease ends, is its score in the due set of batch and class.

mod task;

use super::bytes::{Reader, Writer};
use crate::domain::ids::RowKey;
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::places::{Sources, class_of};
use crate::ledger::turns::Class;

/// What the bytes are, in errors.
const WHAT: &str = "a stored task";

/// A task with all that is stored beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) fence: u32,
    /// Since when somebody has it.
    pub(super) since: Option<Timestamp>,
    /// The batch it belongs to.
    pub(super) owner: i64,
    pub(super) key: RowKey,
    pub(super) sources: Sources,
    pub(super) task: Task,
}

impl Stored {
    /// Where it waits for its turn: the due set of its batch and class; `None` once settled.
    pub(super) fn lane(&self) -> Option<Lane> {
        self.task.due().map(|_| Lane {
            owner: self.owner,
            class: class_of(&self.task),
            is_held: self.since.is_some(),
        })
    }

    /// The task changed: what is stored then. The lease ends with it.
    pub(super) fn becoming(
        &self,
        owner: i64,
        task: Task,
        fed: Option<(crate::domain::ids::Digest, i64)>,
    ) -> Result<Self, LedgerError> {
        Ok(Self {
            since: None,
            owner,
            sources: self.sources.after(&self.task, &task, fed)?,
            task,
            ..self.clone()
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(128);
        writer.raw(&self.fence.to_be_bytes());
        writer.raw(&six(self.since.map_or(0, Timestamp::as_ms)));
        let [.., a, b, c] = self.owner.to_be_bytes();
        writer.raw(&[a, b, c, class_byte(class_of(&self.task), self.since.is_some())]);
        writer.text(self.key.as_str());
        // Most tasks send the payload of the row that made them.
        writer.signed(self.sources.in_force - self.id);
        writer.signed(self.sources.staged.map_or(0, |row| row - self.id + 1));
        writer.byte(u8::from(self.sources.staged.is_some()));
        task::write(&mut writer, &self.task);
        writer.into_bytes()
    }

    /// The batch it belongs to, as scripts read it from the head; nothing of the rest need be sound.
    pub(super) fn owner_of(bytes: &[u8]) -> Option<i64> {
        match *bytes {
            [_, _, _, _, _, _, _, _, _, _, a, b, c, _, ..] => {
                Some(i64::from_be_bytes([0, 0, 0, 0, 0, a, b, c]))
            }
            _ => None,
        }
    }

    pub(super) fn decode(id: i64, bytes: &[u8]) -> Result<Self, LedgerError> {
        let mut reader = Reader::new(bytes, WHAT);
        let fence = u32::from_be_bytes(reader.array()?);
        let [a, b, c, d, e, f] = reader.array()?;
        let since = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let [a, b, c] = reader.array()?;
        let owner = i64::from_be_bytes([0, 0, 0, 0, 0, a, b, c]);
        reader.byte()?;
        let key = RowKey::new(reader.text()?).map_err(|why| reader.corrupt(why))?;
        let in_force = id.wrapping_add(reader.signed()?);
        let staged = reader.signed()?;
        let staged = (reader.byte()? != 0).then(|| id.wrapping_add(staged).wrapping_sub(1));
        let task = task::read(&mut reader)?;
        if !reader.is_empty() {
            return Err(reader.corrupt("it does not end where it should"));
        }
        Ok(Self {
            id,
            fence,
            since: (since > 0).then(|| Timestamp::from_ms(since)),
            owner,
            key,
            sources: Sources { in_force, staged },
            task,
        })
    }
}

/// The least fence of a lease that begins `now`. A Redis that lost its last second lends again what it had lent, and must
/// not give out the same fence twice: whoever had it first would pass for whoever has it now.
pub(super) fn fence_at(now: Timestamp) -> u32 {
    // In steps of 16 ms, which is shorter than any restart, 32 bits go round in two years.
    u32::try_from((now.as_ms() >> 4) & i64::from(u32::MAX)).unwrap_or_default()
}

/// The fence of a lease that begins when [`fence_at`] says `least`; `take.lua` counts the same way.
pub(super) const fn next_fence(fence: u32, least: u32) -> u32 {
    let ahead = least.wrapping_sub(fence);
    if ahead == 0 || ahead > u32::MAX / 2 {
        fence.wrapping_add(1)
    } else {
        least
    }
}

/// The six low bytes of a time; before 1970 and after the year 10,000 it is taken for the nearest that fits.
pub(super) fn six(ms: i64) -> [u8; 6] {
    let [_, _, six @ ..] = ms.clamp(0, (1 << 48) - 1).to_be_bytes();
    six
}

const fn class_byte(class: Class, is_held: bool) -> u8 {
    let class = match class {
        Class::Submit => 0,
        Class::Read => 1,
    };
    if is_held { class + 2 } else { class }
}

/// A due set: the open tasks of one batch and class, those that somebody has apart from those that nobody has. A lease
/// that ran out goes before all others: its row has waited longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) owner: i64,
    pub(super) class: Class,
    pub(super) is_held: bool,
}

impl Lane {
    /// All due sets of a batch.
    pub(super) fn all(owner: i64) -> impl Iterator<Item = Self> {
        let pair = move |class| {
            [false, true].map(|is_held| Self {
                owner,
                class,
                is_held,
            })
        };
        Class::ALL.into_iter().flat_map(pair)
    }
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.owner, class_byte(self.class, self.is_held))
    }
}

#[cfg(test)]
mod tests;
