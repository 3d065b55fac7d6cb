//! A body that asks, when it is taken to be written, whether its request may still leave.
//!
//! Between the caller's last look at a lease and the socket lie a queue of connections, a handshake, other tasks: a process
//! that is stopped there would send minutes late. The HTTP library writes head and body into one buffer and flushes it
//! after the body has been asked for its bytes; a body that refuses then ends the connection with nothing written. Had a
//! long head been flushed before, the request would still be no whole one, which no server carries out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::engine::lease::{LeaseWatch, Moment};
use crate::world::World;

/// Until when a request may leave.
#[derive(Clone)]
pub struct Held {
    lease: LeaseWatch,
    world: Arc<dyn World>,
}

impl Held {
    /// While `lease` is held, by the clocks of `world`.
    pub fn by(lease: LeaseWatch, world: Arc<dyn World>) -> Self {
        Self { lease, world }
    }

    /// Whether it still may.
    pub fn still(&self) -> bool {
        self.lease.is_held(Moment::now(&*self.world))
    }
}

/// The lease ran out before the request was written.
#[derive(Debug, thiserror::Error)]
#[error("its lease ran out before it left")]
pub(super) struct Lapsed;

/// The bytes, given out once and whole.
pub(super) struct HeldBody {
    bytes: Bytes,
    held: Held,
}

impl HeldBody {
    pub(super) fn new(bytes: Bytes, held: Held) -> Self {
        Self { bytes, held }
    }
}

impl Body for HeldBody {
    type Data = Bytes;
    type Error = Lapsed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Lapsed>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        if !self.held.still() {
            return Poll::Ready(Some(Err(Lapsed)));
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }
}
