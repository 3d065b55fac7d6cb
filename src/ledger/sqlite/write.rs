//! The one that writes: takes all requests that wait and carries them out in one transaction.

use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::open::still_ours;
use crate::engine::ports::LedgerError;
use crate::ledger::turns::Turns;

/// Requests that may wait; more wait with their callers.
const QUEUE_MAX: usize = 256;

/// Rows or tasks after which a transaction takes no further request: bounds its memory and everybody's wait.
const GROUP_WEIGHT_MAX: usize = 4_000;

/// What the writer works with.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) turns: Turns,
}

impl Store {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            turns: Turns::default(),
        }
    }

    fn run(&self, statement: &'static str) -> Result<(), LedgerError> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }

    fn begin(&self) -> Result<(), LedgerError> {
        self.roll_back();
        self.run("BEGIN IMMEDIATE")?;
        still_ours(&self.connection).inspect_err(|_| self.roll_back())
    }

    fn commit(&self) -> Result<(), LedgerError> {
        self.run("COMMIT").inspect_err(|_| self.roll_back())
    }

    /// SQLite itself ends a transaction on some errors; then there is nothing left to roll back.
    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

/// Carries one request out in a transaction of its own.
pub(super) fn alone<T>(
    store: &mut Store,
    work: impl FnOnce(&mut Store) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    store.begin()?;
    match work(store) {
        Ok(done) => store.commit().map(|()| done),
        Err(error) => {
            store.roll_back();
            Err(error)
        }
    }
}

/// A request with its answer's way back.
trait Request: Send {
    fn weight(&self) -> usize;

    /// Whether the caller still waits.
    fn is_wanted(&self) -> bool;

    /// Carries it out; whether what it did is to be kept.
    fn carry_out(&mut self, store: &mut Store) -> bool;

    /// Answers, after the transaction: with `lost`, nothing of it was kept.
    fn answer(self: Box<Self>, lost: Option<&LedgerError>);
}

struct Asked<T, W> {
    weight: usize,
    work: Option<W>,
    done: Option<Result<T, LedgerError>>,
    reply: oneshot::Sender<Result<T, LedgerError>>,
}

impl<T, W> Request for Asked<T, W>
where
    T: Send,
    W: FnOnce(&mut Store) -> Result<T, LedgerError> + Send,
{
    fn weight(&self) -> usize {
        self.weight
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn carry_out(&mut self, store: &mut Store) -> bool {
        self.done = self.work.take().map(|work| work(store));
        matches!(self.done, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<&LedgerError>) {
        let answer = match (self.done, lost) {
            (Some(Err(own)), _) => Err(own),
            (Some(Ok(done)), None) => Ok(done),
            (_, Some(lost)) => Err(again(lost)),
            (None, None) => Err(LedgerError::Unavailable("the request was passed over".into())),
        };
        // Whoever no longer waits does not need the answer.
        let _ = self.reply.send(answer);
    }
}

/// The same trouble for another caller.
fn again(error: &LedgerError) -> LedgerError {
    match error {
        LedgerError::Corrupt(what) => LedgerError::Corrupt(what.clone()),
        LedgerError::Unavailable(what) => LedgerError::Unavailable(what.clone()),
        LedgerError::Format { at, found, wanted } => LedgerError::Format {
            at: at.clone(),
            found: found.clone(),
            wanted: wanted.clone(),
        },
        other => LedgerError::Unavailable(other.to_string()),
    }
}

/// The thread that writes. Dropping it carries out what waits, and ends it.
#[derive(Debug)]
pub(super) struct Writer {
    requests: Option<mpsc::Sender<Box<dyn Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(mut store: Store) -> Result<Self, LedgerError> {
        let (requests, mut waiting) = mpsc::channel::<Box<dyn Request>>(QUEUE_MAX);
        let write = move || {
            while let Some(first) = waiting.blocking_recv() {
                let mut weight = first.weight();
                let mut group = vec![first];
                while weight < GROUP_WEIGHT_MAX
                    && let Ok(next) = waiting.try_recv()
                {
                    weight += next.weight();
                    group.push(next);
                }
                carry_out(&mut store, group);
            }
        };
        let thread = std::thread::Builder::new()
            .name("enlist-ledger".into())
            .spawn(write)
            .map_err(|error| {
                LedgerError::Unavailable(format!("the ledger's thread cannot start: {error}"))
            })?;
        Ok(Self {
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    pub(super) async fn write<T, W>(&self, weight: usize, work: W) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Store) -> Result<T, LedgerError> + Send + 'static,
    {
        let ended = || LedgerError::Unavailable("the ledger's thread has ended; hint: start again".into());
        let (reply, answer) = oneshot::channel();
        let asked = Box::new(Asked {
            weight: weight.max(1),
            work: Some(work),
            done: None,
            reply,
        });
        let requests = self.requests.as_ref().ok_or_else(ended)?;
        requests.send(asked).await.map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the ledger's thread ended badly");
        }
    }
}

/// All of a group in one transaction; a request that fails takes back its own part alone.
fn carry_out(store: &mut Store, mut group: Vec<Box<dyn Request>>) {
    let lost = try_group(store, &mut group).err();
    for request in group {
        request.answer(lost.as_ref());
    }
}

fn try_group(store: &mut Store, group: &mut [Box<dyn Request>]) -> Result<(), LedgerError> {
    store.begin()?;
    if let [alone] = group {
        // A savepoint costs a copy of every page touched; who is alone can take all of it back.
        if alone.is_wanted() && alone.carry_out(store) {
            return store.commit();
        }
        store.roll_back();
        return Ok(());
    }
    for request in group.iter_mut().filter(|request| request.is_wanted()) {
        if let Err(error) = try_request(store, request.as_mut()) {
            store.roll_back();
            return Err(error);
        }
    }
    store.commit()
}

fn try_request(store: &mut Store, request: &mut dyn Request) -> Result<(), LedgerError> {
    store.run("SAVEPOINT request")?;
    let is_done = request.carry_out(store);
    if store.connection.is_autocommit() {
        return Err(LedgerError::Unavailable(
            "the transaction was taken back, with all that was in it".into(),
        ));
    }
    if !is_done {
        store.run("ROLLBACK TO request")?;
    }
    store.run("RELEASE request")
}
