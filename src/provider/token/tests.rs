use secrecy::ExposeSecret;
use url::Url;

use super::*;
use crate::provider::testing::{Log, ScriptedTransport, TestWorld};
use crate::provider::transport::Method;

fn credentials() -> Credentials {
    Credentials {
        token_url: Url::parse("http://127.0.0.1:1/ims/token/v3").unwrap(),
        client_id: "client-7".to_owned(),
        client_secret: "s3cr&t +".to_owned().into(),
        scopes: "openid,AdobeID,read_organizations".to_owned(),
    }
}

fn grant(number: usize, life_s: u64) -> Exchange {
    Exchange::response(
        200,
        format!(r#"{{"access_token":"token-{number}","expires_in":{life_s}}}"#),
    )
}

/// A source whose service grants tokens of this life, numbered.
fn granting(life_s: u64) -> (Arc<ScriptedTransport>, Arc<TestWorld>, Arc<TokenSource>) {
    let mut number = 0;
    scripted(move |_| {
        number += 1;
        grant(number, life_s)
    })
}

fn scripted(
    script: impl FnMut(&HttpRequest) -> Exchange + Send + 'static,
) -> (Arc<ScriptedTransport>, Arc<TestWorld>, Arc<TokenSource>) {
    let (transport, world) = (ScriptedTransport::new(script), TestWorld::new());
    let source = TokenSource::new(credentials(), transport.clone(), world.clone());
    (transport, world, Arc::new(source))
}

fn asked(transport: &ScriptedTransport) -> usize {
    transport.asked.lock().unwrap().len()
}

async fn bearer(source: &TokenSource) -> String {
    source.get().await.unwrap().bearer.expose_secret().to_owned()
}

/// Sixty-four callers at once; what each got.
async fn crowd(source: &Arc<TokenSource>) -> Vec<Result<String, TokenFailure>> {
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let source = Arc::clone(source);
            tokio::spawn(async move {
                source
                    .get()
                    .await
                    .map(|token| token.bearer.expose_secret().to_owned())
            })
        })
        .collect();
    let mut got = Vec::new();
    for caller in callers {
        got.push(caller.await.unwrap());
    }
    got
}

#[tokio::test(start_paused = true)]
async fn the_request_holds_everything_in_its_body() {
    let (transport, _, source) = granting(86_399);
    bearer(&source).await;
    let request = transport.asked.lock().unwrap()[0].clone();
    assert_eq!(
        (request.method, request.url.as_str()),
        (Method::Post, "http://127.0.0.1:1/ims/token/v3")
    );
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let body = String::from_utf8(request.body.bytes().to_vec()).unwrap();
    assert_eq!(
        body,
        "grant_type=client_credentials&client_id=client-7&client_secret=s3cr%26t+%2B\
         &scope=openid%2CAdobeID%2Cread_organizations"
    );
}

#[tokio::test(start_paused = true)]
async fn one_renewal_for_all() {
    let (transport, _, source) = granting(86_399);
    let got = crowd(&source).await;
    assert!(
        got.iter().all(|token| token.as_deref() == Ok("token-1")),
        "{got:?}"
    );
    assert_eq!(asked(&transport), 1);
}

#[tokio::test(start_paused = true)]
async fn one_failure_for_all() {
    let (transport, world, source) = scripted(|_| Exchange::response(503, "<html>"));
    let got = crowd(&source).await;
    let wanted = TokenFailure::Unavailable("127.0.0.1 answered HTTP 503".to_owned());
    assert!(got.iter().all(|token| token.as_ref() == Err(&wanted)), "{got:?}");
    assert_eq!(asked(&transport), ASKS_MAX);
    world.pass(FAILURE_HOLD);
    assert!(source.get().await.is_err());
    assert_eq!(asked(&transport), 2 * ASKS_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_repeated() {
    let (transport, _, source) = scripted(|_| Exchange::response(400, r#"{"error":"invalid_client"}"#));
    let failure = source.get().await.unwrap_err();
    assert!(
        matches!(failure.into_answer(), Answer::Refused(Refused::Denied(error)) if error.code == "invalid_client")
    );
    assert_eq!(asked(&transport), 1);
}

#[tokio::test(start_paused = true)]
async fn a_short_fault_is_ridden_out() {
    let mut number = 0;
    let (_, _, source) = scripted(move |_| {
        number += 1;
        match number {
            1 => Exchange::Broken("reset".to_owned()),
            2 => Exchange::TimedOut,
            _ => grant(number, 60),
        }
    });
    assert_eq!(bearer(&source).await, "token-3");
}

#[tokio::test(start_paused = true)]
async fn renewed_before_its_end_by_one_while_the_others_go_on() {
    let (transport, world, source) = granting(3_600);
    assert_eq!(bearer(&source).await, "token-1");
    world.pass(Duration::from_secs(3_299));
    assert_eq!(bearer(&source).await, "token-1");
    world.pass(Duration::from_secs(1));
    let got = crowd(&source).await;
    assert_eq!(
        got.iter()
            .filter(|token| token.as_deref() == Ok("token-2"))
            .count(),
        1,
        "{got:?}"
    );
    assert_eq!(
        got.iter()
            .filter(|token| token.as_deref() == Ok("token-1"))
            .count(),
        63,
        "{got:?}"
    );
    assert_eq!(bearer(&source).await, "token-2");
    assert_eq!(asked(&transport), 2);
}

#[tokio::test(start_paused = true)]
async fn an_old_token_serves_while_the_service_is_away() {
    let mut number = 0;
    let (transport, world, source) = scripted(move |_| {
        number += 1;
        if number == 1 {
            grant(1, 3_600)
        } else {
            Exchange::TimedOut
        }
    });
    bearer(&source).await;
    world.pass(Duration::from_secs(3_400));
    assert_eq!(bearer(&source).await, "token-1");
    assert_eq!(bearer(&source).await, "token-1");
    assert_eq!(
        asked(&transport),
        1 + ASKS_MAX,
        "a failed renewal is not repeated at once"
    );
    world.pass(Duration::from_secs(200));
    assert!(source.get().await.is_err(), "but not beyond its life");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_a_late_refusal_is_not_held_against_the_new_one() {
    let (transport, _, source) = granting(86_399);
    let old = source.get().await.unwrap();
    assert!(!source.refused(old.generation));
    let got = crowd(&source).await;
    assert!(
        got.iter().all(|token| token.as_deref() == Ok("token-2")),
        "{got:?}"
    );
    assert!(
        !source.refused(old.generation),
        "a call that left with the old token"
    );
    assert_eq!(bearer(&source).await, "token-2");
    assert_eq!(asked(&transport), 2);
}

#[tokio::test(start_paused = true)]
async fn two_tokens_refused_in_a_row_are_a_denial_until_one_is_accepted() {
    let (_, _, source) = granting(86_399);
    let refuse = async || source.refused(source.get().await.unwrap().generation);
    assert!(!refuse().await);
    assert!(refuse().await);
    assert!(refuse().await);
    source.accepted(source.get().await.unwrap().generation);
    assert!(!refuse().await);
}

#[tokio::test(start_paused = true)]
async fn what_lets_a_token_in_and_what_says_nothing_of_it() {
    for (status, lets_in) in [
        (200, true),
        (202, true),
        (400, true),
        (404, true),
        (403, false),
        (429, false),
        (500, false),
    ] {
        let (_, _, source) = granting(86_399);
        let refusal = |_: &Exchange| RowError::new("401", "no");
        let judge = async |status| {
            let token = source.get().await.unwrap();
            source.judge(&token, Exchange::response(status, ""), refusal)
        };
        let stale = Err(Answer::Refused(Refused::TokenStale));
        let denied = Err(Answer::Refused(Refused::Denied(RowError::new("401", "no"))));
        assert_eq!(judge(401).await, stale);
        assert_eq!(judge(status).await, Ok(Exchange::response(status, "")));
        assert_eq!(judge(401).await, if lets_in { stale } else { denied }, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn neither_debug_nor_log_nor_error_shows_a_secret() {
    let (log, _guard) = Log::capture();
    let (transport, world, source) = granting(86_399);
    let token = source.get().await.unwrap();
    world.pass(Duration::from_secs(90_000));
    let (_, _, denied) = scripted(|_| Exchange::response(401, r#"{"error":"invalid_client"}"#));
    let failure = denied.get().await.unwrap_err();
    let request = &transport.asked.lock().unwrap()[0];
    let shown = format!(
        "{source:?} {token:?} {failure:?} {request:?} {:?} {}",
        credentials(),
        log.text()
    );
    assert!(
        log.text().contains("token renewed") && log.text().contains("no new token"),
        "{shown}"
    );
    for secret in ["s3cr", "token-1"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
