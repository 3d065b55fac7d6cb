//! A question to the script and its answer, as words on the wire.

use redis::{Cmd, Value};

use super::ms;
use crate::engine::budget::PACED_WINDOW_MAX;
use crate::engine::ports::LedgerError;
use crate::ledger::redis::link::Lua;

/// The script. What it does with each word stands there.
pub(super) static ASK: Lua = Lua::new(include_str!("ask.lua"));

/// Items of each kind told in one question: bounds the script's work.
pub(super) const TOLD_MAX: usize = 256;

/// A call's number among those of this process.
pub(super) type CallNo = u64;

/// What is known of a call's arrival at the provider, by Redis' clock in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// There is no answer, and it has arrived by then all the same.
    Latest(i64),
    /// The answer was there by then.
    By(i64),
}

impl Arrival {
    /// The score in the log.
    fn score(self) -> String {
        match self {
            Self::Latest(at) => format!("{at}.5"),
            Self::By(at) => at.to_string(),
        }
    }
}

/// A question, with all there is to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ask {
    /// Leave is given under this number and those after it.
    pub(super) first: CallNo,
    /// For so many calls at most.
    pub(super) want: u64,
    /// A call has arrived so long after the time its leave is for, at the latest.
    pub(super) on_way_ms: i64,
    /// Which of this process' windows it tells, counted from 0.
    pub(super) windows: u32,
    /// The windows are this process', not those found.
    pub(super) windows_anew: bool,
    /// The books' life as this process knows it; empty if nothing of its own depends on it.
    pub(super) life: String,
    /// The provider asked for so long a pause.
    pub(super) pause_ms: i64,
    /// One of the clocks was set.
    pub(super) doubt: bool,
    /// Calls that have arrived.
    pub(super) arrived: Vec<(CallNo, i64)>,
    /// Leave that is not used.
    pub(super) unused: Vec<CallNo>,
    /// Calls that Redis may have lost.
    pub(super) again: Vec<(CallNo, Arrival)>,
}

impl Ask {
    /// Puts the words behind a command: `worker` names this process, `windows` are its own.
    pub(super) fn fill(&self, worker: &str, windows: &str, cmd: &mut Cmd) {
        cmd.arg(worker).arg(self.first).arg(self.want);
        cmd.arg(windows).arg(u8::from(self.windows_anew)).arg(&self.life);
        cmd.arg(self.pause_ms).arg(u8::from(self.doubt));
        cmd.arg(self.on_way_ms).arg(ms(PACED_WINDOW_MAX));
        cmd.arg(self.arrived.len());
        for (call, by) in &self.arrived {
            cmd.arg(call).arg(by);
        }
        cmd.arg(self.unused.len()).arg(&self.unused);
        cmd.arg(self.again.len());
        for (call, arrival) in &self.again {
            cmd.arg(call).arg(arrival.score());
        }
    }
}

/// The answer. Times are Redis' in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its time, in microseconds.
    pub(super) now_us: i64,
    /// Changes when another server process than before has the books.
    pub(super) life: String,
    /// Nobody leaves before then.
    pub(super) paused_until: i64,
    /// How far ahead leave is given.
    pub(super) ahead_ms: i64,
    /// Arrivals should be told within this.
    pub(super) report_ms: i64,
    /// When to ask for those who got no leave. Not after now: whenever it suits.
    pub(super) look_at: i64,
    /// When each call may leave, in the order of their numbers.
    pub(super) leave: Vec<i64>,
}

impl Answer {
    /// Reads it from the wire.
    pub(super) fn read(value: Value) -> Result<Self, LedgerError> {
        type Words = (i64, String, i64, i64, i64, i64);
        let wrong = || LedgerError::Corrupt("the budget's script answers in words that are not known".into());
        let Value::Array(mut head) = value else {
            return Err(wrong());
        };
        let leave = head.split_off(head.len().min(6));
        let (now_us, life, paused_until, ahead_ms, report_ms, look_at) =
            redis::from_redis_value::<Words>(Value::Array(head)).map_err(|_| wrong())?;
        Ok(Self {
            now_us,
            life,
            paused_until,
            ahead_ms,
            report_ms,
            look_at,
            leave: redis::from_redis_value(Value::Array(leave)).map_err(|_| wrong())?,
        })
    }
}
