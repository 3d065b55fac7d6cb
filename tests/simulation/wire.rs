//! A process' line to the provider: a [`Transport`] without a socket.
//!
//! The brain counts an id as spent once its answer is delivered. Delivered means here: *saved* by the process that
//! got it. An answer that dies with its process reached nobody, and the same id has to be sent again (providers.md 2.4).

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use enlist::engine::ports::Commit;
use enlist::provider::transport::{Exchange, Head, HttpRequest, Transport};
use enlist::simulator::wire::{Delivery, Receipt, Reply, Request};
use secrecy::ExposeSecret;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::far::Far;
use crate::fate::{Fate, Point};

/// From sending to the last byte of the answer (providers.md 2.10).
const TIMEOUT: Duration = Duration::from_secs(75);

/// One process' line.
pub(crate) struct Wire {
    far: Arc<Far>,
    fate: Arc<Fate>,
    kill: Notify,
    /// Answers this process has got and not saved, by correlation id.
    unsaved: Mutex<Vec<(String, Receipt)>>,
}

impl Wire {
    pub(crate) fn new(far: Arc<Far>, fate: Arc<Fate>) -> Self {
        Self {
            far,
            fate,
            kill: Notify::new(),
            unsaved: Mutex::default(),
        }
    }

    /// Waits until the process is struck in the middle of a call.
    pub(crate) async fn struck(&self) {
        self.kill.notified().await;
    }

    /// What this commit learned is saved.
    pub(crate) fn saved(&self, commit: &Commit) {
        let ids: Vec<String> = commit
            .attempts
            .iter()
            .map(|attempt| attempt.correlation_id.to_string())
            .collect();
        self.unsaved.lock().unwrap().retain(|(id, _)| !ids.contains(id));
    }

    /// The process dies here: nothing of it goes on.
    async fn pass(&self, point: Point, partner: bool) {
        if partner && self.fate.strikes(point) {
            self.kill.notify_one();
            pending::<()>().await;
        }
    }

    async fn arrive(&self, reply: Reply, id: &str, timeout: Duration, partner: bool) -> Exchange {
        let mut carried = Carried {
            far: &self.far,
            receipt: reply.receipt,
        };
        self.pass(Point::OnTheWay, partner).await;
        sleep(reply.delay.min(timeout)).await;
        if reply.delay >= timeout {
            return Exchange::TimedOut;
        }
        if let Some(receipt) = carried.receipt.take() {
            self.unsaved.lock().unwrap().push((id.to_owned(), receipt));
        }
        self.pass(Point::Answered, partner).await;
        Exchange::Response {
            head: head(&reply),
            body: reply.body.into(),
        }
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: HttpRequest) -> Exchange {
        let timeout = request.timeout.unwrap_or(TIMEOUT);
        let request = as_heard(&request);
        let partner = request.path.starts_with("/v3/");
        self.pass(Point::BeforeLeaving, partner).await;
        let way = match self.far.leave(&request) {
            Ok(way) => way,
            Err(why) => return Exchange::NotSent(why),
        };
        let mut transit = Transit {
            far: &self.far,
            request: Some(request),
        };
        sleep(way).await;
        let Some(request) = transit.request.take() else {
            return Exchange::TimedOut;
        };
        match self.far.hear(&request) {
            Delivery::Respond(reply) => {
                let id = request.header("x-correlation-id").unwrap_or_default();
                self.arrive(reply, id, timeout, partner).await
            }
            Delivery::Drop => Exchange::Broken("closed without a byte".to_owned()),
            Delivery::Truncate { reply, .. } => {
                sleep(reply.delay).await;
                Exchange::BodyCut { head: head(&reply) }
            }
            Delivery::Hang(span) => {
                sleep(span.min(timeout)).await;
                if span < timeout {
                    Exchange::Broken("closed without a byte".to_owned())
                } else {
                    Exchange::TimedOut
                }
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for (_, receipt) in self.unsaved.get_mut().unwrap().drain(..) {
            self.far.lost(&receipt);
        }
    }
}

/// A request that has left and not arrived. Its process may be gone meanwhile.
struct Transit<'a> {
    far: &'a Far,
    request: Option<Request>,
}

impl Drop for Transit<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.far.hear_of_the_dead(&request);
        }
    }
}

/// An answer that has left the provider and not arrived.
struct Carried<'a> {
    far: &'a Far,
    receipt: Option<Receipt>,
}

impl Drop for Carried<'_> {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            self.far.lost(&receipt);
        }
    }
}

pub(crate) fn as_heard(request: &HttpRequest) -> Request {
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    if let Some(bearer) = &request.bearer {
        let value = format!("Bearer {}", bearer.expose_secret());
        headers.push(("authorization".to_owned(), value));
    }
    Request {
        method: request.method.as_str().to_owned(),
        path: request.url.path().to_owned(),
        query: request.url.query().unwrap_or_default().to_owned(),
        headers,
        body: request.body.bytes().to_vec(),
    }
}

pub(crate) fn head(reply: &Reply) -> Head {
    let header = |wanted: &str| {
        let mut headers = reply.headers.iter();
        headers
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.clone())
    };
    Head {
        status: reply.status,
        retry_after: header("retry-after"),
        rate_limit: header("x-ratelimit-limit"),
        rate_limit_period: header("x-ratelimit-period"),
        request_id: header("x-request-id"),
        content_type: header("content-type"),
        date: header("date"),
    }
}
