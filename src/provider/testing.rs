//! Stand-ins for tests of providers: a world that is told the time, a budget that counts, a transport with a script.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::transport::{Exchange, HttpRequest, Transport};
use crate::domain::attempt::CallKind;
use crate::domain::time::Timestamp;
use crate::engine::ports::{Budget, Permit};
use crate::world::World;

/// 2026-05-02T22:49:52Z.
pub(crate) const NOON: Timestamp = Timestamp::from_ms(1_777_762_192_000);

/// A world whose clock stands until it is moved, and whose dice count.
#[derive(Debug)]
pub(crate) struct TestWorld {
    now_ms: AtomicI64,
    dice: AtomicU64,
}

impl TestWorld {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            now_ms: AtomicI64::new(NOON.as_ms()),
            dice: AtomicU64::new(1),
        })
    }

    pub(crate) fn pass(&self, span: Duration) {
        self.now_ms
            .fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl World for TestWorld {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Timestamp {
        self.now()
    }

    fn dice(&self) -> Uuid {
        Uuid::from_u128(self.dice.fetch_add(1, Ordering::SeqCst).into())
    }
}

/// A budget without limits that keeps count.
#[derive(Debug, Default)]
pub(crate) struct CountingBudget {
    pub(crate) given: Mutex<Vec<CallKind>>,
    pub(crate) out: Arc<AtomicUsize>,
    pub(crate) paused_for: Mutex<Option<Duration>>,
}

struct CountedPermit(Arc<AtomicUsize>);

impl Permit for CountedPermit {}

impl Drop for CountedPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Budget for CountingBudget {
    async fn permit(&self, kind: CallKind) -> Option<Box<dyn Permit>> {
        self.given.lock().unwrap().push(kind);
        self.out.fetch_add(1, Ordering::SeqCst);
        Some(Box::new(CountedPermit(Arc::clone(&self.out))))
    }

    fn pause_for(&self, wait: Duration) {
        *self.paused_for.lock().unwrap() = Some(wait);
    }

    fn close(&self) {}

    fn is_closed(&self) -> bool {
        false
    }
}

type Script = Box<dyn FnMut(&HttpRequest) -> Exchange + Send>;

/// A transport that answers from a script after a moment, and remembers what it was asked.
pub(crate) struct ScriptedTransport {
    script: Mutex<Script>,
    pub(crate) asked: Mutex<Vec<HttpRequest>>,
}

impl ScriptedTransport {
    pub(crate) fn new(script: impl FnMut(&HttpRequest) -> Exchange + Send + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(Box::new(script)),
            asked: Mutex::default(),
        })
    }

    pub(crate) fn calls(&self, path: &str) -> Vec<HttpRequest> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.url.path() == path)
            .cloned()
            .collect()
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: HttpRequest) -> Exchange {
        // Long enough that callers overlap; the clock of these tests is paused.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let answer = (self.script.lock().unwrap())(&request);
        self.asked.lock().unwrap().push(request);
        answer
    }
}

/// Everything logged by this thread while the guard lives.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
