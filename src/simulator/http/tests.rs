//! Every delivery on a real socket, read byte by byte.

use std::collections::VecDeque;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};

use crate::domain::time::Timestamp;
use crate::simulator::adobe::{Adobe, AdobeSettings};
use crate::world::RealWorld;

use super::*;

/// Says what it is told to say, and tells what it hears.
struct Script {
    say: VecDeque<Delivery>,
    heard: mpsc::UnboundedSender<Heard>,
}

#[derive(Debug, PartialEq)]
enum Heard {
    Asked(Request),
    Lost(Receipt),
}

impl Brain for Script {
    type Entry = ();
    const NAME: &'static str = "script";

    fn handle(&mut self, request: &Request, _now: Timestamp) -> Delivery {
        let _ = self.heard.send(Heard::Asked(request.clone()));
        self.say.pop_front().unwrap_or(Delivery::Drop)
    }
    fn lost(&mut self, receipt: &Receipt) {
        let _ = self.heard.send(Heard::Lost(*receipt));
    }
    fn keep_journal(&mut self) {}
    fn take_journal(&mut self) -> Vec<()> {
        Vec::new()
    }
    fn restore(&mut self, (): ()) -> Result<(), String> {
        Ok(())
    }
}

/// A connection to a shell around `brain`, and what stops the shell.
async fn on_the_wire<B: Brain>(brain: B) -> (TcpStream, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(serve(
        listener,
        Host::new(brain),
        Arc::new(RealWorld::default()),
        async {
            let _ = stopped.await;
        },
    ));
    (TcpStream::connect(address).await.unwrap(), stop)
}

async fn script(say: impl IntoIterator<Item = Delivery>) -> (TcpStream, mpsc::UnboundedReceiver<Heard>) {
    let (heard, hears) = mpsc::unbounded_channel();
    let (stream, stop) = on_the_wire(Script {
        say: say.into_iter().collect(),
        heard,
    })
    .await;
    // The shell runs until the test's runtime ends.
    std::mem::forget(stop);
    (stream, hears)
}

const ASK: &[u8] = b"POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nX-Odd: \xff\r\nContent-Length: 2\r\n\r\nhi";

/// One whole answer: its head and its body.
async fn answer(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(bytes).unwrap().to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

async fn everything(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn reply() -> Reply {
    Reply {
        receipt: Some(Receipt(9)),
        ..Reply::json(201, r#"{"a":1}"#)
    }
    .with_header("X-Request-Id", "r\n1")
}

#[tokio::test]
async fn answers_arrive_one_after_the_other_on_one_connection() {
    let (mut stream, mut hears) = script([Delivery::Respond(reply()), Delivery::Respond(reply())]).await;
    for _ in 0..2 {
        stream.write_all(ASK).await.unwrap();
        let (head, body) = answer(&mut stream).await;
        assert!(
            head.starts_with("http/1.1 201 created\r\ncontent-type: application/json;"),
            "{head}"
        );
        assert!(
            !head.contains("x-request-id"),
            "a value that is no header is left out"
        );
        assert_eq!(body, r#"{"a":1}"#);
        let Some(Heard::Asked(asked)) = hears.recv().await else {
            panic!()
        };
        assert_eq!(
            (asked.method.as_str(), asked.path.as_str(), asked.query.as_str()),
            ("POST", "/a%20b", "c=d")
        );
        assert_eq!(
            (asked.header("X-ODD"), asked.body.as_slice()),
            (Some("\u{fffd}"), &b"hi"[..])
        );
    }
    drop(stream);
    assert!(hears.try_recv().is_err(), "nothing was lost");
}

#[tokio::test]
async fn a_drop_closes_without_a_byte() {
    let (mut stream, _) = script([Delivery::Drop]).await;
    stream.write_all(ASK).await.unwrap();
    assert_eq!(everything(&mut stream).await, "");
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_its_head_says() {
    for bytes in [0, 3] {
        let (mut stream, _) = script([Delivery::Truncate {
            reply: reply(),
            bytes,
        }])
        .await;
        stream.write_all(ASK).await.unwrap();
        let text = everything(&mut stream).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 201") && head.to_lowercase().contains("content-length: 7"),
            "{head}"
        );
        assert_eq!(body, &r#"{"a":1}"#[..bytes]);
    }
}

#[tokio::test]
async fn a_connection_closes_without_notice_after_a_whole_answer() {
    let (mut stream, mut hears) = script([Delivery::Respond(Reply {
        close_after: true,
        ..reply()
    })])
    .await;
    stream.write_all(ASK).await.unwrap();
    let (head, body) = answer(&mut stream).await;
    assert!(!head.contains("connection: close"), "{head}");
    assert_eq!(
        (body.as_str(), everything(&mut stream).await.as_str()),
        (r#"{"a":1}"#, "")
    );
    assert!(matches!(hears.recv().await, Some(Heard::Asked(_))));
    assert!(hears.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_whose_caller_has_gone_is_lost() {
    let hour = Duration::from_secs(3_600);
    for delivery in [
        Delivery::Respond(Reply {
            delay: hour,
            ..reply()
        }),
        Delivery::Hang(hour),
    ] {
        let responds = matches!(delivery, Delivery::Respond(_));
        let (mut stream, mut hears) = script([delivery]).await;
        stream.write_all(ASK).await.unwrap();
        assert!(matches!(hears.recv().await, Some(Heard::Asked(_))));
        drop(stream);
        if responds {
            assert_eq!(hears.recv().await, Some(Heard::Lost(Receipt(9))));
        }
    }
}

#[tokio::test]
async fn half_a_body_is_no_request_and_a_long_one_is_refused() {
    let (mut stream, mut hears) = script([]).await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(everything(&mut stream).await, "");
    assert!(hears.try_recv().is_err());

    let (mut stream, mut hears) = script([]).await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        BODY_BYTES_MAX + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; BODY_BYTES_MAX + 1]).await.unwrap();
    assert!(answer(&mut stream).await.0.starts_with("http/1.1 413"));
    assert!(hears.try_recv().is_err());
}

#[tokio::test]
async fn the_adobe_stand_in_creates_an_account_on_the_wire() {
    let (mut stream, stop) = on_the_wire(Adobe::new(AdobeSettings::default(), 1)).await;
    let form = "client_id=a&client_secret=b&grant_type=client_credentials&scope=openid";
    let ask = format!(
        "POST /ims/token/v3 HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let (_, body) = answer(&mut stream).await;
    let token = serde_json::from_str::<serde_json::Value>(&body).unwrap()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = r#"{"distributorId":"345434543","companyProfile":{"companyName":"Fairmont","preferredLanguage":"en-US",
        "address":{"country":"US","region":"CA","city":"San Jose","addressLine1":"200 Fairmont Ave","postalCode":"95110"},
        "contacts":[{"firstName":"Mickey","lastName":"Mouse","email":"mickey@mouse.com"}]}}"#;
    let ask = format!(
        "POST /v3/resellers HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {token}\r\nX-Api-Key: a\r\nX-Correlation-Id: c\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let (head, body) = answer(&mut stream).await;
    assert!(
        head.starts_with("http/1.1 201") && body.contains(r#""resellerId":"5556667778""#),
        "{head}{body}"
    );
    stream
        .write_all(b"GET /_simulator/ledger HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(
        answer(&mut stream)
            .await
            .1
            .starts_with(r#"{"accounts_created":1,"#)
    );
    stop.send(()).unwrap();
    assert_eq!(everything(&mut stream).await, "", "stopping closes what is open");
}
