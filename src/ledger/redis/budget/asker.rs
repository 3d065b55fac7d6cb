//! The one in each process that asks Redis for leave, and gives it to the hands that wait, oldest first.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::sync::{mpsc, oneshot, watch};

use super::ask::{ASK, Answer, Ask, CallNo};
use super::books::Books;
use crate::domain::time::Timestamp;
use crate::engine::ports::LedgerError;
use crate::ledger::redis::link::Link;
use crate::world::World;

/// Pauses between questions while Redis does not answer.
const TRY_PAUSE_MIN: Duration = Duration::from_millis(20);
const TRY_PAUSE_MAX: Duration = Duration::from_secs(1);

/// When all is over, so long is spent on telling the last arrivals; what is not told counts a second longer.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);

/// Nothing to do until somebody says something.
const IDLE: Duration = Duration::from_secs(3600);

/// What hands and permits say.
pub(super) enum Note {
    /// A hand waits for leave.
    Waits(oneshot::Sender<Leave>),
    /// A call's answer is there, at this steady time.
    Arrived(CallNo, Timestamp),
    /// A hand went away without the leave it was given.
    Unused(CallNo),
    /// The provider asked for a pause, until this steady time.
    Paused(Timestamp),
    /// These windows hold from now on.
    HoldTo(String),
}

/// Leave for one call on its way to a hand; given back if no hand takes it.
pub(super) struct Leave(Option<(CallNo, mpsc::UnboundedSender<Note>)>);

impl Leave {
    /// Takes it. `None` if there is none in it.
    pub(super) fn take(mut self) -> Option<(CallNo, mpsc::UnboundedSender<Note>)> {
        self.0.take()
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some((call, notes)) = self.0.take() {
            let _ = notes.send(Note::Unused(call));
        }
    }
}

/// Where Redis is asked, and as whom.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) link: Link,
    /// The beginning of the budget's keys.
    pub(super) key: String,
    /// This process' windows, as the script reads them.
    pub(super) windows: String,
    /// This process' name in call numbers.
    pub(super) worker: String,
}

impl Place {
    async fn ask(self, ask: Ask) -> (Ask, Result<Answer, LedgerError>) {
        let answered = self
            .link
            .run(&ASK, &self.key, &|cmd| ask.fill(&self.worker, &self.windows, cmd))
            .await
            .and_then(Answer::read);
        (ask, answered)
    }
}

type Asking = Pin<Box<dyn Future<Output = (Ask, Result<Answer, LedgerError>)> + Send>>;

/// See the module.
pub(super) struct Asker {
    place: Place,
    world: Arc<dyn World>,
    notes: mpsc::UnboundedReceiver<Note>,
    /// Not one of those that keep the channel open.
    reply_to: mpsc::WeakUnboundedSender<Note>,
    closed: watch::Receiver<bool>,
    /// Whether nobody is given leave any more: the budget was closed, or is gone.
    is_closed: bool,
    books: Books,
    waiting: VecDeque<oneshot::Sender<Leave>>,
    asking: Option<(Asking, Timestamp)>,
    trouble: Option<ExponentialBackoff>,
    try_at: Timestamp,
}

impl Asker {
    pub(super) fn new(
        place: Place,
        world: Arc<dyn World>,
        notes: mpsc::UnboundedReceiver<Note>,
        reply_to: mpsc::WeakUnboundedSender<Note>,
        closed: watch::Receiver<bool>,
    ) -> Self {
        Self {
            place,
            world,
            notes,
            reply_to,
            closed,
            is_closed: false,
            books: Books::default(),
            waiting: VecDeque::new(),
            asking: None,
            trouble: None,
            try_at: Timestamp::default(),
        }
    }

    /// Works until nobody is left who could wait or have a call on its way.
    pub(super) async fn run(mut self) {
        loop {
            self.serve();
            let pause = self.ask_if_due();
            tokio::select! {
                biased;
                (ask, answered) = answer(&mut self.asking) => self.hear(ask, answered),
                note = self.notes.recv() => {
                    let Some(note) = note else { break };
                    self.note(note);
                    while let Ok(note) = self.notes.try_recv() {
                        self.note(note);
                    }
                }
                changed = self.closed.changed(), if !self.is_closed => {
                    self.is_closed = changed.is_err() || *self.closed.borrow();
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
        // Leave that nobody took, and the last arrivals.
        let _ = tokio::time::timeout(LAST_WORD_MAX, self.say_last()).await;
    }

    async fn say_last(&mut self) {
        if self.asking.is_some() {
            let (ask, answered) = answer(&mut self.asking).await;
            self.hear(ask, answered);
        }
        self.books.keep(0);
        while self.books.has_news() && self.trouble.is_none() {
            let asked = self.world.steady();
            let ask = self.books.question(asked, 0);
            self.asking = Some((Box::pin(self.place.clone().ask(ask)), asked));
            let (ask, answered) = answer(&mut self.asking).await;
            self.hear(ask, answered);
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Waits(hand) => self.waiting.push_back(hand),
            Note::Arrived(call, at) => self.books.arrived(call, at),
            Note::Unused(call) => self.books.unused(call),
            Note::Paused(until) => self.books.pause(until),
            Note::HoldTo(windows) => {
                self.place.windows = windows;
                self.books.hold_to_new();
            }
        }
    }

    /// Gives leave whose time has come to those who wait.
    fn serve(&mut self) {
        self.waiting.retain(|hand| !hand.is_closed());
        if self.is_closed {
            self.waiting.clear();
        }
        self.books.keep(self.waiting.len());
        while let Some(call) = self.books.take(self.world.steady()) {
            self.give(call);
        }
    }

    fn give(&mut self, call: CallNo) {
        let Some(notes) = self.reply_to.upgrade() else {
            return self.books.unused(call);
        };
        let mut leave = Leave(Some((call, notes)));
        while let Some(hand) = self.waiting.pop_front() {
            match hand.send(leave) {
                Ok(()) => return,
                Err(back) => leave = back,
            }
        }
    }

    /// Asks if it is time to, and says how long nothing else is to be done.
    fn ask_if_due(&mut self) -> Duration {
        let now = self.world.steady();
        let due = match self.asking {
            Some(_) => None,
            None => self.books.due(self.waiting.len()).map(|due| due.max(self.try_at)),
        };
        let due = if due.is_some_and(|due| due <= now) {
            let ask = self.books.question(now, self.waiting.len());
            self.asking = Some((Box::pin(self.place.clone().ask(ask)), now));
            None
        } else {
            due
        };
        let next = [due, self.books.next_leave()].into_iter().flatten().min();
        next.map_or(IDLE, |next| next.since(now))
    }

    fn hear(&mut self, ask: Ask, answered: Result<Answer, LedgerError>) {
        let asked = self.asking.take().map(|(_, asked)| asked);
        let heard = self.world.steady();
        match answered {
            Ok(answer) => {
                self.books.hear(&ask, &answer, asked.unwrap_or(heard), heard);
                if self.trouble.take().is_some() {
                    tracing::info!("the budget in Redis answers again");
                }
            }
            Err(error) => {
                self.books.unheard(ask);
                if self.trouble.is_none() {
                    match &error {
                        // The ledger beside it does not answer either, and says so: once is enough.
                        LedgerError::Unavailable(_) => {
                            tracing::info!(%error, "the budget in Redis does not answer; no call leaves until it does");
                        }
                        _ => {
                            tracing::warn!(%error, "the budget in Redis cannot be used; no call leaves until it can")
                        }
                    }
                }
                let pauses = self.trouble.get_or_insert_with(|| {
                    ExponentialBuilder::default()
                        .with_min_delay(TRY_PAUSE_MIN)
                        .with_max_delay(TRY_PAUSE_MAX)
                        .without_max_times()
                        .build()
                });
                self.try_at = heard.plus(pauses.next().unwrap_or(TRY_PAUSE_MAX));
            }
        }
    }
}

/// The answer to the question asked; waits for ever if none is.
async fn answer(asking: &mut Option<(Asking, Timestamp)>) -> (Ask, Result<Answer, LedgerError>) {
    match asking {
        Some((asking, _)) => asking.await,
        None => std::future::pending().await,
    }
}
