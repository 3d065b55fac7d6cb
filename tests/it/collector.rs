//! Servers of the tests' own, on loopback: a collector that keeps what it is sent, and whatever else axum can be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use tokio::sync::oneshot;

/// Routes, served until dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn new(routes: Router) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    _ = axum::serve(listener, routes) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            url,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().unwrap().join();
    }
}

/// What came: path, and body.
type Taken = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector of traces and metrics.
pub(crate) struct Collector {
    pub(crate) server: Server,
    taken: Taken,
}

impl Collector {
    pub(crate) fn new() -> Self {
        let taken = Taken::default();
        let keep = Arc::clone(&taken);
        let take = move |request: Request| {
            let keep = Arc::clone(&keep);
            async move {
                let path = request.uri().path().to_owned();
                let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
                keep.lock().unwrap().push((path, body.to_vec()));
                StatusCode::OK
            }
        };
        Self {
            server: Server::new(Router::new().fallback(take)),
            taken,
        }
    }

    /// All bodies that came to `path`, one after another.
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        let taken = self.taken.lock().unwrap();
        let bodies: Vec<&[u8]> = taken
            .iter()
            .filter(|(own, _)| own == path)
            .map(|(_, body)| body.as_slice())
            .collect();
        bodies.concat()
    }
}

/// A collector that takes every connection and never answers.
pub(crate) fn silent() -> Server {
    Server::new(Router::new().fallback(async || {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        StatusCode::OK
    }))
}
