use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::engine::lease::{LeaseWatch, Moment};
use crate::provider::transport::Held;
use crate::world::{RealWorld, World};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: r-1\r\nretry-after: 7\r\n\r\n{}";
const THROTTLED: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nX-RateLimit-Limit: 100\r\nX-RateLimit-Period: 3600\r\n\r\n";

/// No root certificates, so that these tests need none on the machine; every TLS here fails before they matter.
fn settings() -> TransportSettings {
    TransportSettings {
        body_bytes_max: 1_000,
        tls_needed: false,
        ..TransportSettings::default()
    }
}

fn transport() -> HttpTransport {
    HttpTransport::new(&settings()).unwrap()
}

/// For servers that never go on.
fn hasty() -> HttpTransport {
    HttpTransport::new(&TransportSettings {
        total_timeout: Duration::from_secs(1),
        ..settings()
    })
    .unwrap()
}

fn request(method: Method, url: &str) -> HttpRequest {
    let body = if method == Method::Post {
        RequestBody::Json("{}".into())
    } else {
        RequestBody::Empty
    };
    HttpRequest {
        method,
        url: Url::parse(url).unwrap(),
        headers: vec![("x-api-key", "key".to_owned())],
        bearer: Some("token".to_owned().into()),
        body,
        timeout: None,
        held: None,
    }
}

/// Reads a request up to the end of its head and a two-byte body, if it has one.
async fn take(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let read = stream.read(&mut chunk).await.unwrap();
        text.extend_from_slice(&chunk[..read]);
        let so_far = String::from_utf8_lossy(&text);
        let whole =
            so_far.starts_with("GET") && so_far.ends_with("\r\n\r\n") || so_far.ends_with("\r\n\r\n{}");
        if read == 0 || whole {
            return so_far.into_owned();
        }
    }
}

/// Takes one request on each connection, answers with `answer` and then holds the line for `hold` before closing.
async fn server(answer: Vec<u8>, hold: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                take(&mut stream).await;
                stream.write_all(&answer).await.unwrap();
                tokio::time::sleep(hold).await;
            });
        }
    });
    url
}

async fn told(answer: impl Into<Vec<u8>>, hold: Duration) -> Exchange {
    let url = server(answer.into(), hold).await;
    transport().send(request(Method::Post, &url)).await
}

async fn told_in_haste(answer: &str) -> Exchange {
    let url = server(answer.into(), LONG).await;
    hasty().send(request(Method::Post, &url)).await
}

const AT_ONCE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_whole_response() {
    let Exchange::Response { head, body } = told(OK, LONG).await else {
        panic!("no response")
    };
    assert_eq!(
        (
            head.status,
            head.request_id.as_deref(),
            head.retry_after.as_deref()
        ),
        (200, Some("r-1"), Some("7"))
    );
    assert_eq!(&body[..], b"{}");
    let throttled = told(THROTTLED, AT_ONCE).await;
    let head = throttled.head().unwrap();
    assert_eq!(
        (head.rate_limit.as_deref(), head.rate_limit_period.as_deref()),
        (Some("100"), Some("3600"))
    );
    let empty = told("HTTP/1.1 204 No Content\r\n\r\n", AT_ONCE).await;
    assert_eq!(empty, Exchange::response(204, ""));
    let until_close = told("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", AT_ONCE).await;
    assert_eq!(until_close, Exchange::response(502, "<html>"));
    let redirect = told(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        AT_ONCE,
    )
    .await;
    assert_eq!(redirect, Exchange::response(302, ""));
}

#[tokio::test]
async fn what_never_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let refused = transport()
        .send(request(Method::Post, &format!("http://{closed}/")))
        .await;
    let Exchange::NotSent(why) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        why.starts_with(&format!("cannot reach {closed}: Connection refused")),
        "{why}"
    );

    // A label longer than 63 characters has no address anywhere.
    let nameless = format!("https://{}.invalid/", "x".repeat(64));
    let unknown = transport().send(request(Method::Post, &nameless)).await;
    assert!(
        matches!(&unknown, Exchange::NotSent(why) if why.contains("cannot reach xxx")),
        "{unknown:?}"
    );

    let mut unsendable = request(Method::Post, "http://127.0.0.1:1/");
    unsendable.bearer = Some("secret\n".to_owned().into());
    assert_eq!(
        transport().send(unsendable).await,
        Exchange::NotSent("the token is not sendable".to_owned())
    );
}

#[tokio::test]
async fn tls_that_fails_never_let_the_request_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 4096];
        let read = stream.read(&mut hello).await.unwrap();
        stream.write_all(b"this is no TLS\n").await.unwrap();
        hello.truncate(read);
        hello
    });
    let exchange = transport().send(request(Method::Post, &url)).await;
    assert!(matches!(exchange, Exchange::NotSent(_)), "{exchange:?}");
    let hello = seen.await.unwrap();
    assert!(!hello.windows(4).any(|bytes| bytes == b"POST"));

    // Mute: the connect limit ends it, still unsent.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let limits = TransportSettings {
        connect_timeout: Duration::from_millis(50),
        ..settings()
    };
    let exchange = HttpTransport::new(&limits)
        .unwrap()
        .send(request(Method::Post, &url))
        .await;
    assert!(
        matches!(&exchange, Exchange::NotSent(why) if why.ends_with("no connection in time")),
        "{exchange:?}"
    );
}

#[tokio::test]
async fn what_may_have_been_sent() {
    let closed = told("", AT_ONCE).await;
    assert!(matches!(closed, Exchange::Broken(_)), "{closed:?}");
    let garbage = told("no HTTP at all\r\n\r\n", LONG).await;
    assert!(matches!(garbage, Exchange::Broken(_)), "{garbage:?}");
    let half_a_head = told("HTTP/1.1 201 Created\r\ncontent-le", AT_ONCE).await;
    assert!(matches!(half_a_head, Exchange::Broken(_)), "{half_a_head:?}");
    assert_eq!(told_in_haste("").await, Exchange::TimedOut);
}

#[tokio::test]
async fn a_connection_closed_without_reading_is_not_called_unsent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let exchange = transport().send(request(Method::Post, &url)).await;
    assert!(matches!(exchange, Exchange::Broken(_)), "{exchange:?}");
}

#[tokio::test]
async fn bodies_that_do_not_arrive_whole() {
    let head = Head::of(201);
    let short = told(
        "HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"resellerId\"",
        AT_ONCE,
    )
    .await;
    assert_eq!(short, Exchange::BodyCut { head: head.clone() });
    let slow = told_in_haste("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"resellerId\"").await;
    assert_eq!(slow, Exchange::BodyCut { head: head.clone() });
    let chunks = told(
        "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"res\r\n",
        AT_ONCE,
    )
    .await;
    assert_eq!(chunks, Exchange::BodyCut { head: head.clone() });
    let announced = told("HTTP/1.1 201 Created\r\ncontent-length: 1001\r\n\r\n", LONG).await;
    assert_eq!(announced, Exchange::BodyTooLong { head: head.clone() });
    let endless = format!("HTTP/1.1 201 Created\r\n\r\n{}", "x".repeat(1_001));
    assert_eq!(told(endless, LONG).await, Exchange::BodyTooLong { head });
    let fits = format!("HTTP/1.1 201 Created\r\n\r\n{}", "x".repeat(1_000));
    assert_eq!(
        told(fits, AT_ONCE).await,
        Exchange::response(201, "x".repeat(1_000))
    );
}

#[tokio::test]
async fn a_request_can_have_less_time() {
    let url = server(Vec::new(), LONG).await;
    let mut request = request(Method::Get, &url);
    request.timeout = Some(Duration::from_millis(300));
    assert_eq!(transport().send(request).await, Exchange::TimedOut);
}

#[tokio::test]
async fn the_request_on_the_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let text = take(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
        text
    });
    transport()
        .send(request(
            Method::Post,
            &format!("http://{address}/v3/resellers?a=b"),
        ))
        .await;
    let text = seen.await.unwrap().to_lowercase();
    let mut lines: Vec<_> = text.trim_end_matches("{}").trim_end().lines().collect();
    assert_eq!(lines.remove(0), "post /v3/resellers?a=b http/1.1");
    lines.sort_unstable();
    let (host, agent) = (
        format!("host: {address}"),
        concat!("user-agent: enlist/", env!("CARGO_PKG_VERSION")),
    );
    let wanted = [
        "accept: */*",
        "authorization: bearer token",
        "content-length: 2",
        &host,
        agent,
        "x-api-key: key",
    ];
    assert_eq!(lines, wanted);
}

/// Takes the requests of every connection and answers them; tells what was on the lines.
async fn listening() -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                loop {
                    let text = take(&mut stream).await;
                    if text.is_empty() {
                        let _ = tell.send("closed".into());
                        return;
                    }
                    let line = text.lines().next().unwrap_or_default().to_owned();
                    let _ = tell.send(line);
                    stream.write_all(OK.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (url, told)
}

#[tokio::test]
async fn a_request_whose_lease_ran_out_on_its_way_never_leaves() {
    let (url, mut told) = listening().await;
    let world: Arc<dyn World> = Arc::new(RealWorld::default());
    let under = |length| {
        let lease = LeaseWatch::new(Moment::now(&*world), length);
        HttpRequest {
            held: Some(Held::by(lease, Arc::clone(&world))),
            ..request(Method::Post, &url)
        }
    };
    let transport = transport();
    let lapsed = Exchange::NotSent("its lease ran out before it left".to_owned());
    // On a new connection, and on one that is reused.
    assert_eq!(transport.send(under(Duration::ZERO)).await, lapsed);
    assert_eq!(told.recv().await.unwrap(), "closed");
    let sent = transport.send(under(LONG)).await;
    assert!(matches!(sent, Exchange::Response { .. }), "{sent:?}");
    assert_eq!(told.recv().await.unwrap(), "POST / HTTP/1.1");
    assert_eq!(transport.send(under(Duration::ZERO)).await, lapsed);
    assert_eq!(told.recv().await.unwrap(), "closed");
}

/// Serves one request on the first connection, lets the client keep it, then closes it while a second request is on
/// its way. The second must not be sent again by the library: it was read by the server.
#[tokio::test]
async fn a_reused_connection_that_breaks_is_not_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let requests = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        take(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
        let second = take(&mut stream).await;
        drop(stream);
        let third = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
        (second.starts_with("POST"), third.is_ok())
    });
    let transport = transport();
    assert!(matches!(
        transport.send(request(Method::Post, &url)).await,
        Exchange::Response { .. }
    ));
    let exchange = transport.send(request(Method::Post, &url)).await;
    assert!(matches!(exchange, Exchange::Broken(_)), "{exchange:?}");
    assert_eq!(requests.await.unwrap(), (true, false));
}

#[tokio::test]
async fn connections_are_reused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        loop {
            take(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    });
    let transport = transport();
    for _ in 0..20 {
        assert!(matches!(
            transport.send(request(Method::Post, &url)).await,
            Exchange::Response { .. }
        ));
    }
}
