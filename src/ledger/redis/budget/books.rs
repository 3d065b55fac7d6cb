//! What one process knows of a shared budget: leave it was given, calls it made, what it has yet to tell. It decides
//! when to ask and what; it asks nobody and reads no clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::ask::{Answer, Arrival, Ask, CallNo, TOLD_MAX};
use super::clock::Clock;
use super::ms;
use crate::domain::policy::rate::ARRIVAL_MAX;
use crate::domain::time::Timestamp;

/// Questions are at least this far apart, so that hands that wait at about the same time share one.
const ASK_GAP: Duration = Duration::from_millis(2);

/// While calls are remembered, Redis is asked at least this often: a loss must not stay unnoticed.
const BEAT: Duration = Duration::from_secs(1);

/// Calls are told again if Redis lost them, so each is remembered until Redis has answered so long after it was
/// written down. An append-only file is on the disk within two seconds, a replica has its copy long before.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);

/// No more calls are remembered than this: 4,000 a second for [`REMEMBERED_FOR`], of 64 bytes each.
const REMEMBERED_MAX: usize = 20_000;

/// Leave that a process comes to so late is void: it stood still, or was stopped. What a slow line takes comes on top.
const LEAVE_LATE_MAX: Duration = Duration::from_millis(250);

/// A line to Redis that is quicker than this needs nothing on top; leave in an answer that took longer than the other
/// is void.
const LAG_MIN: Duration = Duration::from_millis(20);
const LAG_MAX: Duration = Duration::from_secs(2);

/// Arrivals are told at once when there are so many of them.
const ARRIVED_MANY: usize = TOLD_MAX / 2;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Books {
    clock: Clock,
    life: String,
    next: CallNo,
    /// Numbers below this may have been given by an answer that never came.
    maybe_given: CallNo,
    /// Leave not taken yet, by when it may be, and Redis' time from which it is void.
    leave: BTreeMap<(Timestamp, CallNo), i64>,
    /// Calls that Redis may lose, and since when it has them.
    calls: BTreeMap<CallNo, (Arrival, Timestamp)>,
    arrived: Vec<(CallNo, i64)>,
    /// When the first of them came.
    arrived_since: Timestamp,
    unused: Vec<CallNo>,
    again: VecDeque<CallNo>,
    paused_until: Timestamp,
    pause_untold: bool,
    /// How often the windows were given anew, and of which of them Redis has heard, counted from 1.
    windows: u32,
    windows_told: u32,
    doubt: bool,
    ahead: Duration,
    report: Duration,
    /// How long Redis' answers took of late.
    lag: Duration,
    look_at: Timestamp,
    asked_at: Option<Timestamp>,
    heard_at: Timestamp,
}

impl Books {
    /// When Redis should be asked next, while so many wait for leave; `None` when there is nothing to ask or tell.
    pub(super) fn due(&self, waiting: usize) -> Option<Timestamp> {
        let at_once = Timestamp::default();
        let last = self
            .leave
            .last_key_value()
            .map(|((at, _), _)| at.minus(self.ahead / 2));
        let more = (waiting > self.leave.len()).then(|| self.look_at.max(last.unwrap_or(at_once)));
        let urgent = self.pause_untold
            || !self.unused.is_empty()
            || !self.again.is_empty()
            || self.arrived.len() >= ARRIVED_MANY;
        let report = (!self.arrived.is_empty()).then(|| self.arrived_since.plus(self.report));
        let beat = (!self.calls.is_empty()).then(|| self.heard_at.plus(BEAT));
        // Leave given some time ago: somebody may have been told to pause since.
        let check = self
            .next_leave()
            .filter(|at| at.since(self.heard_at) > self.ahead);
        let due = [
            more,
            urgent.then_some(at_once),
            report,
            beat,
            check.map(|at| at.minus(self.ahead / 2)),
        ]
        .into_iter()
        .flatten()
        .min()?;
        Some(self.asked_at.map_or(due, |asked| due.max(asked.plus(ASK_GAP))))
    }

    /// The question that is due.
    pub(super) fn question(&mut self, now: Timestamp, waiting: usize) -> Ask {
        self.asked_at = Some(now);
        let wait = self.paused_until.since(now);
        let some = |items: usize| items.min(TOLD_MAX);
        let again: Vec<CallNo> = self.again.drain(..some(self.again.len())).collect();
        Ask {
            first: self.next,
            want: u64::try_from(waiting.saturating_sub(self.leave.len()).min(TOLD_MAX)).unwrap_or(0),
            on_way_ms: ms(self.late_max() + ARRIVAL_MAX),
            windows: self.windows,
            windows_anew: self.windows_told != self.windows + 1,
            life: if self.calls.is_empty() {
                String::new()
            } else {
                self.life.clone()
            },
            pause_ms: if std::mem::take(&mut self.pause_untold) {
                ms(wait)
            } else {
                0
            },
            doubt: self.doubt,
            arrived: self.arrived.drain(..some(self.arrived.len())).collect(),
            unused: self.unused.drain(..some(self.unused.len())).collect(),
            again: again
                .into_iter()
                .filter_map(|call| Some((call, self.calls.get(&call)?.0)))
                .collect(),
        }
    }

    /// Other windows hold: Redis is to hear of them with the next question.
    pub(super) fn hold_to_new(&mut self) {
        self.windows += 1;
    }

    /// No answer came: it is not known whether the question did. All of it is asked again under the same numbers.
    pub(super) fn unheard(&mut self, ask: Ask) {
        self.maybe_given = self.maybe_given.max(ask.first.saturating_add(ask.want));
        self.pause_untold |= ask.pause_ms > 0;
        self.arrived.extend(ask.arrived);
        self.unused.extend(ask.unused);
        self.again.extend(ask.again.into_iter().map(|(call, _)| call));
    }

    /// The answer came at `heard`, to the question put at `asked`.
    pub(super) fn hear(&mut self, ask: &Ask, answer: &Answer, asked: Timestamp, heard: Timestamp) {
        let now = answer.now_us.div_euclid(1_000);
        let was_set = self.clock.note(asked, answer.now_us, heard);
        self.lag = heard.since(asked).max(self.lag * 7 / 8).min(LAG_MAX);
        self.windows_told = ask.windows + 1;
        self.heard_at = heard;
        self.ahead = span(answer.ahead_ms);
        self.report = span(answer.report_ms);
        self.look_at = self.when(answer.look_at, now, heard);
        if answer.paused_until > now {
            self.paused_until = self.paused_until.max(self.clock.certainly(answer.paused_until));
        }
        self.mind_life(answer, heard);
        for at in &answer.leave {
            let call = self.next;
            self.next += 1;
            let latest = at.saturating_add(ask.on_way_ms);
            self.calls.insert(call, (Arrival::Latest(latest), heard));
            let void_from = latest.saturating_sub(ms(ARRIVAL_MAX));
            self.leave.insert((self.when(*at, now, heard), call), void_from);
        }
        // What an answer that never came may have given, and this one did not. A number given back is never used
        // again: the question that gives it back could come late.
        self.unused.extend(self.next..self.maybe_given);
        self.next = self.next.max(self.maybe_given);
        self.doubt = was_set || (self.doubt && !ask.doubt);
        if was_set {
            tracing::warn!(
                "the clock of Redis, or of this machine, was set; calls wait until it does not matter"
            );
            self.give_back(|_, _| true);
        }
    }

    /// How late leave may be taken that is asked for now.
    fn late_max(&self) -> Duration {
        let lag = Some(self.lag).filter(|lag| *lag > LAG_MIN).unwrap_or_default();
        LEAVE_LATE_MAX + lag
    }

    /// A moment that Redis named, by the steady clock.
    fn when(&self, redis_ms: i64, now_ms: i64, heard: Timestamp) -> Timestamp {
        if redis_ms <= now_ms {
            heard
        } else {
            self.clock.certainly(redis_ms)
        }
    }

    /// Forgets what Redis has for sure, or tells all again if it may have lost some.
    fn mind_life(&mut self, answer: &Answer, heard: Timestamp) {
        if self.life == answer.life {
            let enough = |since: Timestamp| heard.since(since) > REMEMBERED_FOR;
            while let Some(oldest) = self.calls.first_entry()
                && (enough(oldest.get().1) || self.calls.len() > REMEMBERED_MAX)
                && self.again.is_empty()
            {
                self.calls.pop_first();
            }
            return;
        }
        if !self.life.is_empty() {
            self.again = self.calls.keys().copied().collect();
            self.calls.values_mut().for_each(|(_, since)| *since = heard);
        }
        self.life.clone_from(&answer.life);
    }

    /// When the next leave may be taken.
    pub(super) fn next_leave(&self) -> Option<Timestamp> {
        self.leave.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes leave whose time has come. What comes too late is given back: it would arrive after it is taken to.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<CallNo> {
        if self.leave.is_empty() {
            return None;
        }
        let paused_until = self.paused_until;
        if now < paused_until {
            self.give_back(|at, _| at < paused_until);
        }
        let redis_now = self.clock.at_most(now).unwrap_or(i64::MAX);
        self.give_back(|_, void_from| redis_now > void_from);
        let next = self.leave.first_entry().filter(|next| next.key().0 <= now)?;
        Some(next.remove_entry().0.1)
    }

    /// More leave than anybody waits for is not kept.
    pub(super) fn keep(&mut self, waiting: usize) {
        while self.leave.len() > waiting
            && let Some(((_, call), _)) = self.leave.pop_last()
        {
            self.unused(call);
        }
    }

    fn give_back(&mut self, which: impl Fn(Timestamp, i64) -> bool) {
        let mut back = Vec::new();
        self.leave.retain(|(at, call), void_from| {
            let stays = !which(*at, *void_from);
            if !stays {
                back.push(*call);
            }
            stays
        });
        back.into_iter().for_each(|call| self.unused(call));
    }

    /// A call that had leave is not made.
    pub(super) fn unused(&mut self, call: CallNo) {
        self.calls.remove(&call);
        self.unused.push(call);
    }

    /// A call's answer is there, or will never be.
    pub(super) fn arrived(&mut self, call: CallNo, at: Timestamp) {
        let (Some((arrival, _)), Some(by)) = (self.calls.get_mut(&call), self.clock.at_most(at)) else {
            return;
        };
        if let Arrival::Latest(latest) = *arrival
            && by < latest
        {
            *arrival = Arrival::By(by);
            if self.arrived.is_empty() {
                self.arrived_since = at;
            }
            self.arrived.push((call, by));
        }
    }

    /// The provider asked for a pause.
    pub(super) fn pause(&mut self, until: Timestamp) {
        if until > self.paused_until {
            self.paused_until = until;
            self.pause_untold = true;
        }
    }

    /// Whether something is left to tell.
    pub(super) fn has_news(&self) -> bool {
        self.pause_untold || !self.unused.is_empty() || !self.arrived.is_empty() || !self.again.is_empty()
    }
}

fn span(span_ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(span_ms).unwrap_or(0))
}
