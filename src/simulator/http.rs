//! The shell: a brain on a real socket.
//!
//! Written on hyper and not on a web framework, because half of what it serves are answers that no framework
//! lets one give: a connection closed without a byte, a body that is cut. To hyper both are an error: of the
//! service, and of the body.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::world::World;

use super::Brain;
use super::host::Host;
use super::wire::{Delivery, Receipt, Reply, Request};

/// The longest body that is read; a longer one gets 413.
const BODY_BYTES_MAX: usize = 1 << 20;
/// The most connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 4_096;
/// How long a client may take over a request's head, and how long a connection may be idle.
const IDLE_MAX: Duration = Duration::from_secs(120);
/// How long a client may take over a request's body.
const BODY_READ_MAX: Duration = Duration::from_secs(60);
/// How long after its answer a connection is closed that is to be closed without notice.
const CLOSE_AFTER: Duration = Duration::from_millis(20);
/// How long to wait when the system has no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers on `listener` until `stop` is done; connections that are open then are closed.
pub async fn serve<B: Brain>(
    listener: TcpListener,
    host: Host<B>,
    world: Arc<dyn World>,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, place)) = accepted {
            let (host, world) = (host.clone(), Arc::clone(&world));
            connections.spawn(async move {
                connection(stream, host, world).await;
                drop(place);
            });
        }
    }
}

/// The next connection, and its place among those that are open; `None` if there was nothing to take.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!(%error, "the simulator cannot accept a connection");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection<B: Brain>(stream: TcpStream, host: Host<B>, world: Arc<dyn World>) {
    // Answers are small and must not wait for one another.
    let _ = stream.set_nodelay(true);
    let close = Arc::new(Notify::new());
    let closer = Arc::clone(&close);
    let service = service_fn(move |request| {
        let (host, world, close) = (host.clone(), Arc::clone(&world), Arc::clone(&close));
        async move { exchange(&host, world.as_ref(), &close, request).await }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let closed_without_notice = async {
        closer.notified().await;
        sleep(CLOSE_AFTER).await;
    };
    tokio::select! {
        // How a connection ends is the client's affair, or was our own doing.
        _ = served => {}
        () = closed_without_notice => {}
    }
}

/// The connection is to be closed without another byte.
#[derive(Debug, thiserror::Error)]
#[error("closed on purpose")]
struct Closed;

async fn exchange<B: Brain>(
    host: &Host<B>,
    world: &dyn World,
    close: &Notify,
    request: hyper::Request<Incoming>,
) -> Result<Response<Body<B>>, Closed> {
    let (head, body) = request.into_parts();
    let body = match tokio::time::timeout(BODY_READ_MAX, read(body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(Unread::TooLong)) => {
            return response(Reply::typed(413, "text/plain", "too long"), Body::whole);
        }
        Ok(Err(Unread::Gone)) | Err(_) => return Err(Closed),
    };
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body,
    };
    match host.handle(&request, world.now()) {
        Delivery::Respond(reply) => {
            let count = Count {
                host: host.clone(),
                receipt: reply.receipt,
            };
            sleep_for(reply.delay).await;
            if reply.close_after {
                close.notify_one();
            }
            response(reply, |body| Body {
                rest: Some(body),
                cut: None,
                count: Some(count),
            })
        }
        Delivery::Drop => Err(Closed),
        Delivery::Truncate { reply, bytes } => {
            sleep_for(reply.delay).await;
            response(reply, |body| Body {
                rest: Some(body.slice(..bytes.min(body.len()))),
                cut: Some(Cut::Flush),
                count: None,
            })
        }
        Delivery::Hang(span) => {
            sleep(span).await;
            Err(Closed)
        }
    }
}

/// Sleeping for no time at all would still wait for the timer's next tick.
async fn sleep_for(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

fn response<B: Brain>(
    reply: Reply,
    body: impl FnOnce(Bytes) -> Body<B>,
) -> Result<Response<Body<B>>, Closed> {
    let bytes = Bytes::from(reply.body);
    let length = HeaderValue::from(bytes.len());
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).map_err(|_| Closed)?);
    for (name, value) in reply.headers {
        // What a client sent as its request id comes back, and need not be text.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response = response.header(name, value);
        }
    }
    response
        .header(CONTENT_LENGTH, length)
        .body(body(bytes))
        .map_err(|_| Closed)
}

/// Why a request's body is not there.
enum Unread {
    TooLong,
    Gone,
}

/// A request's body, whole: half a body is no request.
async fn read(mut body: Incoming) -> Result<Vec<u8>, Unread> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame.map_err(|_| Unread::Gone)?.into_data() {
            if bytes.len() + data.len() > BODY_BYTES_MAX {
                return Err(Unread::TooLong);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.into())
}

/// Tells the brain that its answer was lost, unless it was put on the wire.
struct Count<B: Brain> {
    host: Host<B>,
    receipt: Option<Receipt>,
}

impl<B: Brain> Drop for Count<B> {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            self.host.lost(&receipt);
        }
    }
}

/// An answer's body, which may be cut.
struct Body<B: Brain> {
    rest: Option<Bytes>,
    cut: Option<Cut>,
    count: Option<Count<B>>,
}

/// How a body is cut.
#[derive(Clone, Copy)]
enum Cut {
    /// Let what there is be put on the wire first.
    Flush,
    /// Break off.
    Break,
}

impl<B: Brain> Body<B> {
    const fn whole(bytes: Bytes) -> Self {
        Self {
            rest: Some(bytes),
            cut: None,
            count: None,
        }
    }
}

impl<B: Brain> hyper::body::Body for Body<B> {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        if let Some(bytes) = self.rest.take() {
            if let Some(count) = &mut self.count {
                count.receipt = None;
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.cut {
            None => Poll::Ready(None),
            Some(Cut::Flush) => {
                self.cut = Some(Cut::Break);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Cut::Break) => Poll::Ready(Some(Err(Closed))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.rest, self.cut) {
            (Some(bytes), None) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            _ => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests;
