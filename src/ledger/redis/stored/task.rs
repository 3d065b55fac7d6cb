//! A task's fields in bytes. What says nothing takes no room: a word of flags says which fields follow.
//!
//! The numbers below are part of the stored format: new ones are added at the end, none is given twice.

use crate::domain::answer::{InactiveReason, RowError};
use crate::domain::ids::{AccountId, Digest, StatusCode};
use crate::domain::task::{Action, Outcome, ParkReason, State, Task, Then, Tries};
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::redis::bytes::{Reader, Writer};

/// Fields that are not always there, in the order they follow.
mod flag {
    pub(super) const GENERATION: u64 = 1;
    pub(super) const FIRST_SENT: u64 = 1 << 1;
    pub(super) const QUIET: u64 = 1 << 2;
    pub(super) const TRYING: u64 = 1 << 3;
    pub(super) const POLLING: u64 = 1 << 4;
    pub(super) const CREATED: u64 = 1 << 5;
    pub(super) const SETTLED: u64 = 1 << 6;
    pub(super) const ACCOUNT: u64 = 1 << 7;
    pub(super) const STATUS: u64 = 1 << 8;
    pub(super) const STAGED: u64 = 1 << 9;
    pub(super) const TRIES: u64 = 1 << 10;
    pub(super) const ERRORS: u64 = 1 << 11;
    /// These say all by themselves.
    pub(super) const UNKNOWN: u64 = 1 << 12;
    pub(super) const CHANGED: u64 = 1 << 13;
    pub(super) const LOOKED: u64 = 1 << 14;
    pub(super) const EXISTED: u64 = 1 << 15;
    pub(super) const ALL: u64 = (1 << 16) - 1;
}

pub(super) fn write(writer: &mut Writer, task: &Task) {
    let tries = task.tries != Tries::default();
    let flags = [
        (flag::GENERATION, task.generation != 0),
        (flag::FIRST_SENT, task.first_sent_at.is_some()),
        (flag::QUIET, task.quiet_at.is_some()),
        (flag::TRYING, task.trying_since.is_some()),
        (flag::POLLING, task.polling_since.is_some()),
        (flag::CREATED, task.created_at.is_some()),
        (flag::SETTLED, task.settled_at.is_some()),
        (flag::ACCOUNT, task.account.is_some()),
        (flag::STATUS, task.status.is_some()),
        (flag::STAGED, task.staged.is_some()),
        (flag::TRIES, tries),
        (flag::ERRORS, !task.errors.is_empty()),
        (flag::UNKNOWN, task.unknown),
        (flag::CHANGED, task.changed),
        (flag::LOOKED, task.looked),
        (flag::EXISTED, task.existed),
    ];
    let set = flags.iter().filter(|(_, is_set)| *is_set);
    writer.number(set.fold(0, |all, (flag, _)| all | flag));
    state(writer, &task.state);
    writer.byte(match task.action {
        Action::Create => 0,
        Action::Update => 1,
    });
    writer.raw(task.payload.as_bytes());
    writer.signed(task.due_at.as_ms());
    if task.generation != 0 {
        writer.number(u64::from(task.generation));
    }
    // Times are near each other: their distance to the due time is short.
    let times = [
        task.first_sent_at,
        task.quiet_at,
        task.trying_since,
        task.polling_since,
        task.created_at,
        task.settled_at,
    ];
    for at in times.into_iter().flatten() {
        writer.signed(at.as_ms().wrapping_sub(task.due_at.as_ms()));
    }
    if let Some(account) = &task.account {
        writer.text(account.as_str());
    }
    if let Some(status) = &task.status {
        writer.text(status.as_str());
    }
    if let Some(staged) = &task.staged {
        writer.raw(staged.as_bytes());
    }
    if tries {
        for n in numbers(&task.tries) {
            writer.number(u64::from(n));
        }
    }
    if !task.errors.is_empty() {
        writer.number(u64::try_from(task.errors.len()).unwrap_or(u64::MAX));
        for error in &task.errors {
            writer.text(&error.code);
            writer.text(&error.field);
            writer.text(&error.message);
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<Task, LedgerError> {
    let flags = reader.number()?;
    if flags & !flag::ALL != 0 {
        return Err(reader.corrupt("it has fields of another version"));
    }
    let has = |flag: u64| flags & flag != 0;
    let state = read_state(reader)?;
    let action = match reader.byte()? {
        0 => Action::Create,
        1 => Action::Update,
        other => return Err(reader.corrupt(format_args!("no action has the number {other}"))),
    };
    let payload = Digest::from_bytes(reader.array()?);
    let due_at = Timestamp::from_ms(reader.signed()?);
    let mut task = Task {
        state,
        ..Task::new(action, payload, due_at)
    };
    if has(flag::GENERATION) {
        task.generation = reader.small()?;
    }
    for (flag, at) in [
        (flag::FIRST_SENT, &mut task.first_sent_at),
        (flag::QUIET, &mut task.quiet_at),
        (flag::TRYING, &mut task.trying_since),
        (flag::POLLING, &mut task.polling_since),
        (flag::CREATED, &mut task.created_at),
        (flag::SETTLED, &mut task.settled_at),
    ] {
        if has(flag) {
            *at = Some(Timestamp::from_ms(due_at.as_ms().wrapping_add(reader.signed()?)));
        }
    }
    if has(flag::ACCOUNT) {
        task.account = Some(AccountId::new(reader.text()?));
    }
    if has(flag::STATUS) {
        task.status = Some(StatusCode::new(reader.text()?));
    }
    if has(flag::STAGED) {
        task.staged = Some(Digest::from_bytes(reader.array()?));
    }
    if has(flag::TRIES) {
        let mut tries = Tries::default();
        for n in numbers_mut(&mut tries) {
            *n = reader.small()?;
        }
        task.tries = tries;
    }
    if has(flag::ERRORS) {
        for _ in 0..reader.number()? {
            task.errors.push(RowError {
                code: reader.text()?.to_owned(),
                field: reader.text()?.to_owned(),
                message: reader.text()?.to_owned(),
            });
        }
    }
    task.unknown = has(flag::UNKNOWN);
    task.changed = has(flag::CHANGED);
    task.looked = has(flag::LOOKED);
    task.existed = has(flag::EXISTED);
    Ok(task)
}

const fn numbers(tries: &Tries) -> [u32; 8] {
    [
        tries.sends,
        tries.silences,
        tries.refusals,
        tries.unsent,
        tries.generations,
        tries.polls,
        tries.read_failures,
        tries.missing,
    ]
}

const fn numbers_mut(tries: &mut Tries) -> [&mut u32; 8] {
    [
        &mut tries.sends,
        &mut tries.silences,
        &mut tries.refusals,
        &mut tries.unsent,
        &mut tries.generations,
        &mut tries.polls,
        &mut tries.read_failures,
        &mut tries.missing,
    ]
}

fn state(writer: &mut Writer, state: &State) {
    match state {
        State::Queued => writer.byte(0),
        State::Submitting => writer.byte(1),
        State::Unknown => writer.byte(2),
        State::Reconciling { misses, then } => {
            let then = match then {
                Then::SendAgain => 0,
                Then::SendAnyway => 1,
                Then::GiveUp => 2,
                Then::Park => 3,
                Then::SendFirst => 4,
            };
            writer.raw(&[3, *misses, then]);
        }
        State::Pending => writer.byte(4),
        State::Settled(outcome) => {
            writer.byte(5);
            writer.byte(match outcome {
                Outcome::Active => 0,
                Outcome::Inactive(InactiveReason::Unspecified) => 1,
                Outcome::Inactive(InactiveReason::InvalidAddress) => 2,
                Outcome::Inactive(InactiveReason::Blocked) => 3,
                Outcome::Rejected => 4,
                Outcome::StillPending => 5,
                Outcome::Parked(ParkReason::UnknownStatus) => 6,
                Outcome::Parked(ParkReason::UnknownOutcome) => 7,
                Outcome::Parked(ParkReason::AccountMissing) => 8,
                Outcome::Exhausted => 9,
                Outcome::Cancelled => 10,
                Outcome::Updated => 11,
                Outcome::Unchanged => 12,
                Outcome::AwaitingActivation => 13,
                Outcome::CreatedIdUnknown => 14,
            });
        }
    }
}

fn read_state(reader: &mut Reader<'_>) -> Result<State, LedgerError> {
    Ok(match reader.byte()? {
        0 => State::Queued,
        1 => State::Submitting,
        2 => State::Unknown,
        3 => State::Reconciling {
            misses: reader.byte()?,
            then: match reader.byte()? {
                0 => Then::SendAgain,
                1 => Then::SendAnyway,
                2 => Then::GiveUp,
                3 => Then::Park,
                4 => Then::SendFirst,
                other => return Err(reader.corrupt(format_args!("nothing follows as number {other}"))),
            },
        },
        4 => State::Pending,
        5 => State::Settled(match reader.byte()? {
            0 => Outcome::Active,
            1 => Outcome::Inactive(InactiveReason::Unspecified),
            2 => Outcome::Inactive(InactiveReason::InvalidAddress),
            3 => Outcome::Inactive(InactiveReason::Blocked),
            4 => Outcome::Rejected,
            5 => Outcome::StillPending,
            6 => Outcome::Parked(ParkReason::UnknownStatus),
            7 => Outcome::Parked(ParkReason::UnknownOutcome),
            8 => Outcome::Parked(ParkReason::AccountMissing),
            9 => Outcome::Exhausted,
            10 => Outcome::Cancelled,
            11 => Outcome::Updated,
            12 => Outcome::Unchanged,
            13 => Outcome::AwaitingActivation,
            14 => Outcome::CreatedIdUnknown,
            other => return Err(reader.corrupt(format_args!("no outcome has the number {other}"))),
        }),
        other => return Err(reader.corrupt(format_args!("no state has the number {other}"))),
    })
}
