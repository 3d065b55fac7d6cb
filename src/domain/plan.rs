//! What a file will come to, before anything is sent: rows by what is done with them, calls, and the time that the job's
//! budget needs for them.
//!
//! The times are the budget's alone: how quickly a provider answers is not known before it is asked.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attempt::CallKind;
use super::batch::Counts;
use super::machine::IdempotencyContract;
use super::policy::rate::{Window, time_for};
use super::task::State;
use super::words::thousands;

/// What is expected of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    /// Rows by what is done with them.
    pub rows: ForeseenRows,
    /// HTTP exchanges, if nothing goes wrong.
    pub calls: ForeseenCalls,
    /// From the first call until the last row has been sent.
    pub created_in_ms: u64,
    /// From the first call until the last row has settled.
    pub settled_in_ms: u64,
    /// What that rests on.
    pub basis: Habit,
}

/// Rows by what is done with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeseenRows {
    /// Never met before: sent.
    pub new: u64,
    /// Met before and not done: gone on with.
    pub resumed: u64,
    /// Met before with other data. Sent again where the provider refused them; an account that exists is left as it is.
    pub changed: u64,
    /// Done before, and still as then.
    pub unchanged: u64,
    /// With faults: not sent.
    pub invalid: u64,
}

impl fmt::Display for ForeseenRows {
    /// `4 new, 1,200 as before`; those there are none of are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> = [
            (self.new, "new"),
            (self.resumed, "go on"),
            (self.changed, "changed"),
            (self.unchanged, "as before"),
            (self.invalid, "with faults"),
        ]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", thousands(n)))
        .collect();
        match told.as_slice() {
            [] => f.write_str("none"),
            told => f.write_str(&told.join(", ")),
        }
    }
}

/// HTTP exchanges by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeseenCalls {
    /// Make or change an account.
    pub submit: u64,
    /// Find out whether one exists.
    pub look_up: u64,
    /// Look at a status.
    pub poll: u64,
    /// All of them.
    pub total: u64,
}

/// What rows were seen to need, or are assumed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    /// Polls for each hundred accounts. Where pending accounts are listed, many share a call.
    pub polls_percent: u64,
    /// From an account's making to its settling.
    pub settle_ms: u64,
    /// Accounts this was seen of; 0 where it is assumed.
    pub seen: u64,
}

impl Habit {
    /// What is assumed until an account has been seen to settle: the first look, so long after, finds it settled.
    pub fn assumed(first_look: Duration) -> Self {
        Self {
            polls_percent: 100,
            settle_ms: ms(first_look),
            seen: 0,
        }
    }

    /// What earlier batches of the same kind needed; `None` if none of their accounts has settled.
    pub fn of<'a>(batches: impl IntoIterator<Item = &'a Counts>) -> Option<Self> {
        let (mut polls, mut settle_ms, mut seen) = (0_u64, 0_u64, 0_u64);
        for counts in batches {
            polls += counts.calls_of(CallKind::Poll);
            settle_ms += counts.settle_ms_sum;
            seen += counts.settle_n;
        }
        (seen > 0).then(|| Self {
            polls_percent: polls.saturating_mul(100) / seen,
            settle_ms: settle_ms / seen,
            seen,
        })
    }

    /// Calls for so many accounts.
    fn polls(self, accounts: u64) -> u64 {
        match accounts {
            0 => 0,
            _ => (accounts.saturating_mul(self.polls_percent) / 100).max(1),
        }
    }
}

/// Windows by the calls they count.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    /// Those of every call.
    pub all: Vec<Window>,
    /// Those of submits.
    pub writes: Vec<Window>,
    /// Those of look-ups and polls.
    pub reads: Vec<Window>,
}

/// Adds up what is to be done with rows.
#[derive(Clone, Debug, Default)]
pub struct Planner {
    rows: ForeseenRows,
    submit: u64,
    look_up: u64,
    settling: u64,
    looks_first: bool,
}

impl Planner {
    /// For rows under this contract.
    pub fn new(contract: &IdempotencyContract) -> Self {
        Self {
            looks_first: contract.looks_first(),
            ..Self::default()
        }
    }

    /// So many rows were never met before.
    pub fn new_rows(&mut self, rows: u64) {
        self.rows.new += rows;
        self.sent(rows);
    }

    /// So many rows have faults.
    pub fn invalid_rows(&mut self, rows: u64) {
        self.rows.invalid += rows;
    }

    /// A row whose task, once fed, stands in `state`; `changed` if the file says other than the task did.
    pub fn known_row(&mut self, state: &State, changed: bool) {
        match (changed, state.is_settled()) {
            (true, _) => self.rows.changed += 1,
            (false, true) => self.rows.unchanged += 1,
            (false, false) => self.rows.resumed += 1,
        }
        match state {
            State::Queued => self.sent(1),
            // Silence is followed by the same send, or by a look and perhaps a send.
            State::Submitting | State::Unknown => self.sent(1),
            State::Reconciling { .. } => {
                self.look_up += 1;
                self.submit += 1;
                self.settling += 1;
            }
            State::Pending => self.settling += 1,
            State::Settled(_) => {}
        }
    }

    fn sent(&mut self, rows: u64) {
        self.submit += rows;
        self.look_up += if self.looks_first { rows } else { 0 };
        self.settling += rows;
    }

    /// What all of it comes to.
    pub fn foresee(&self, habit: Habit, windows: &Windows) -> Foreseen {
        let (submit, look_up, poll) = (self.submit, self.look_up, habit.polls(self.settling));
        let settle = Duration::from_millis(habit.settle_ms);
        let time = |submit: u64, reads: u64| {
            let all = time_for(&windows.all, submit + reads);
            let apart = time_for(&windows.writes, submit).max(time_for(&windows.reads, reads));
            all.max(apart)
        };
        // While accounts are still asked for, those asked for earlier are looked at already.
        let alone = time(submit, look_up);
        let beside = u128::from(poll) * alone.saturating_sub(settle).as_millis();
        let meanwhile = beside.checked_div(alone.as_millis()).unwrap_or(0);
        let meanwhile = u64::try_from(meanwhile).unwrap_or(poll);
        let created_in = time(submit, look_up + meanwhile);
        let settled_in = match self.settling {
            0 => created_in,
            _ => time(submit, look_up + poll).max(created_in + settle),
        };
        Foreseen {
            rows: self.rows,
            calls: ForeseenCalls {
                submit,
                look_up,
                poll,
                total: submit + look_up + poll,
            },
            created_in_ms: ms(created_in),
            settled_in_ms: ms(settled_in),
            basis: habit,
        }
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::{Outcome, Then};

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn windows(all: &[(u32, Duration)]) -> Windows {
        Windows {
            all: all
                .iter()
                .map(|(calls, per)| Window {
                    calls: *calls,
                    per: *per,
                })
                .collect(),
            ..Windows::default()
        }
    }

    fn replay() -> IdempotencyContract {
        IdempotencyContract::Replay { trusted_for: HOUR }
    }

    #[test]
    fn every_state_has_its_calls() {
        let after = Then::SendAgain;
        let table = [
            (State::Queued, (1, 0, 1)),
            (State::Submitting, (1, 0, 1)),
            (State::Unknown, (1, 0, 1)),
            (
                State::Reconciling {
                    misses: 0,
                    then: after,
                },
                (1, 1, 1),
            ),
            (State::Pending, (0, 0, 1)),
            (State::Settled(Outcome::Active), (0, 0, 0)),
        ];
        for (state, calls) in table {
            let mut planner = Planner::new(&replay());
            planner.known_row(&state, false);
            let told = planner.foresee(Habit::assumed(SECOND), &Windows::default()).calls;
            assert_eq!((told.submit, told.look_up, told.poll), calls, "{state:?}");
            assert_eq!(told.total, calls.0 + calls.1 + calls.2);
        }
        let mut planner = Planner::new(&IdempotencyContract::NaturalKey { looks: [SECOND; 3] });
        planner.new_rows(10);
        let told = planner.foresee(Habit::assumed(SECOND), &Windows::default()).calls;
        assert_eq!((told.submit, told.look_up, told.poll), (10, 10, 10));
    }

    #[test]
    fn rows_are_told_by_what_is_done_with_them() {
        let mut planner = Planner::new(&replay());
        planner.new_rows(3);
        planner.invalid_rows(2);
        planner.known_row(&State::Pending, false);
        planner.known_row(&State::Settled(Outcome::Active), false);
        planner.known_row(&State::Settled(Outcome::Active), true);
        planner.known_row(&State::Queued, true);
        let rows = ForeseenRows {
            new: 3,
            resumed: 1,
            changed: 2,
            unchanged: 1,
            invalid: 2,
        };
        assert_eq!(planner.foresee(Habit::default(), &Windows::default()).rows, rows);
    }

    #[test]
    fn the_budget_says_how_long_it_takes() {
        let mut planner = Planner::new(&replay());
        planner.new_rows(1_000);
        let told = |habit, windows: &Windows| {
            let told = planner.foresee(habit, windows);
            (told.created_in_ms, told.settled_in_ms)
        };
        // 2,000 calls at ten a second. Nothing settles before the last is sent, so no poll is in its way.
        let slow = Habit {
            polls_percent: 100,
            settle_ms: 500_000,
            seen: 1,
        };
        assert_eq!(told(slow, &windows(&[(10, SECOND)])), (99_000, 599_000));
        // All settle at once: each account is looked at while the others are sent.
        let quick = Habit { settle_ms: 0, ..slow };
        assert_eq!(told(quick, &windows(&[(10, SECOND)])), (199_000, 199_000));
        // The hour's limit outweighs the second's.
        let (created, _) = told(quick, &windows(&[(10, SECOND), (500, HOUR)]));
        assert_eq!(created, 3 * 3_600_000);
        assert_eq!(
            told(quick, &Windows::default()),
            (0, 0),
            "without a limit, at once"
        );
        let apart = Windows {
            writes: vec![Window {
                calls: 100,
                per: HOUR,
            }],
            reads: vec![Window {
                calls: 1_000,
                per: HOUR,
            }],
            ..Windows::default()
        };
        assert_eq!(
            told(quick, &apart).0,
            9 * 3_600_000,
            "a hundred an hour are ten hours, the last at once"
        );
    }

    #[test]
    fn what_was_seen_before_is_the_best_guess() {
        assert_eq!(Habit::of(&[Counts::default()]), None);
        let seen = Counts {
            calls: [10, 0, 5],
            settle_ms_sum: 40_000,
            settle_n: 10,
            ..Counts::default()
        };
        let habit = Habit {
            polls_percent: 50,
            settle_ms: 4_000,
            seen: 20,
        };
        assert_eq!(Habit::of(&[seen.clone(), seen]), Some(habit));
    }

    #[test]
    fn nothing_to_do_takes_no_time() {
        let told = Planner::new(&replay()).foresee(Habit::assumed(SECOND), &windows(&[(1, HOUR)]));
        assert_eq!(
            (told.calls.total, told.created_in_ms, told.settled_in_ms),
            (0, 0, 0)
        );
    }
}
