//! Serves routes on a socket, with limits on everything a client can do.
//!
//! A connection answers one request and ends: those who watch come every few seconds, and a connection that is not there
//! cannot be held open.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 32;

/// The longest head of a request, in bytes; a longer one gets 431.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// How long a client may take over the head of its request.
const HEAD_MAX: Duration = Duration::from_secs(5);

/// How long a connection may last in all.
const CONNECTION_MAX: Duration = Duration::from_secs(10);

/// How long answers under way are waited for at the end.
const FINISH_MAX: Duration = Duration::from_secs(2);

/// How long to wait when the system has no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers on `listener` until `stop` is done; what is under way then is finished.
pub async fn serve(listener: TcpListener, routes: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, place)) = accepted {
            let routes = routes.clone();
            connections.spawn(async move {
                let _place = place;
                // How a connection ends is the client's affair.
                let _ = tokio::time::timeout(CONNECTION_MAX, connection(stream, routes)).await;
            });
        }
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FINISH_MAX, finished).await;
}

/// The next connection, and its place among those that are open; `None` if there was nothing to take.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!(%error, "a connection cannot be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, routes: Router) {
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
        .await;
}
