mod leases;
mod line;
mod tokens;

use std::sync::atomic::Ordering;

use secrecy::ExposeSecret;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::answer::{Answered, Meaning, Silence};
use crate::domain::ids::CorrelationId;
use crate::engine::lease::{LeaseWatch, Moment};
use crate::engine::ports::Permit;
use crate::provider::testing::{CountingBudget, NOON, ScriptedTransport, TestWorld};
use crate::provider::transport::{Exchange, Head, HttpRequest};

const TOKEN_PATH: &str = "/ims/token/v3";
const CREATED: &str = r#"{"resellerId":"5556667778","status":"1002"}"#;
/// Longer than the clock is moved on by any test that is not about leases.
const LEASE: Duration = Duration::from_secs(30 * 24 * 3600);
const PAYLOAD: &str = r#"{"externalReferenceId":"888","companyProfile":{"companyName":"A&B + \"C\" ＆"}}"#;

pub(in crate::provider::adobe) fn settings(base: &str) -> AdobeSettings {
    AdobeSettings {
        base_url: base.to_owned(),
        token_url: format!("{base}{TOKEN_PATH}"),
        client_id: "client-7".to_owned(),
        client_secret: "s3cret".to_owned().into(),
        scopes: "openid,AdobeID,read_organizations".to_owned(),
        plain_http: false,
    }
}

pub(in crate::provider::adobe) struct Rig {
    pub(in crate::provider::adobe) adobe: Arc<Adobe>,
    pub(in crate::provider::adobe) transport: Arc<ScriptedTransport>,
    pub(in crate::provider::adobe) budget: Arc<CountingBudget>,
    pub(in crate::provider::adobe) world: Arc<TestWorld>,
}

/// A line whose token requests are granted (`token-1`, `token-2`, …) and whose other calls are answered by `script`, told the
/// bearer too.
pub(in crate::provider::adobe) fn answering(
    mut script: impl FnMut(&HttpRequest, &str) -> Exchange + Send + 'static,
) -> Arc<ScriptedTransport> {
    let mut tokens = 0;
    ScriptedTransport::new(move |request| {
        if request.url.path() == TOKEN_PATH {
            tokens += 1;
            return Exchange::response(
                200,
                format!(r#"{{"access_token":"token-{tokens}","expires_in":86399}}"#),
            );
        }
        let bearer = request
            .bearer
            .as_ref()
            .map(|token| token.expose_secret().to_owned())
            .unwrap_or_default();
        script(request, &bearer)
    })
}

/// An adapter with such a line.
pub(in crate::provider::adobe) fn rig(
    script: impl FnMut(&HttpRequest, &str) -> Exchange + Send + 'static,
) -> Rig {
    let transport = answering(script);
    let (world, budget) = (TestWorld::new(), Arc::new(CountingBudget::default()));
    let adobe = Adobe::new(
        settings("http://127.0.0.1:1"),
        transport.clone(),
        budget.clone(),
        world.clone(),
    )
    .unwrap();
    Rig {
        adobe: Arc::new(adobe),
        transport,
        budget,
        world,
    }
}

fn intent() -> CorrelationId {
    CorrelationId::fresh(Uuid::from_u128(0xabc))
}

fn submit() -> SubmitCall {
    submit_under(LeaseWatch::new(Moment::now(&*TestWorld::new()), LEASE))
}

fn submit_under(lease: LeaseWatch) -> SubmitCall {
    SubmitCall {
        key: crate::domain::ids::RowKey::new("R-1").unwrap(),
        account: None,
        correlation_id: intent(),
        payload: PAYLOAD.into(),
        lease,
    }
}

fn account() -> AccountId {
    AccountId::new("5556667778")
}

fn ids(request: &HttpRequest) -> (String, String) {
    let id = |name| request.header(name).unwrap().to_owned();
    (id("x-correlation-id"), id("x-request-id"))
}

#[tokio::test(start_paused = true)]
async fn a_broken_read_is_repeated_once_with_fresh_ids() {
    let rig = rig(|_, _| Exchange::Broken("reset".to_owned()));
    let reply = rig.adobe.poll(&account()).await;
    assert_eq!(reply.answer, Answer::Silent(Silence::Broken("reset".to_owned())));
    let calls = rig.transport.calls("/v3/resellers/5556667778");
    let [(first, first_request), (second, second_request)] = [ids(&calls[0]), ids(&calls[1])];
    assert!(first != second && first_request != second_request);
    assert_eq!(
        (reply.correlation_id.to_string(), reply.request_id.to_string()),
        (second, second_request)
    );
    assert_eq!((reply.exchanges, calls.len()), (2, 2));
    assert_eq!(
        *rig.budget.given.lock().unwrap(),
        [CallKind::Poll, CallKind::Poll]
    );
    assert_eq!(rig.budget.out.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_submit_is_never_repeated_here() {
    for exchange in [
        Exchange::Broken("reset".to_owned()),
        Exchange::TimedOut,
        Exchange::response(503, ""),
    ] {
        let rig = rig(move |_, _| exchange.clone());
        let reply = rig.adobe.submit(&submit()).await;
        assert!(matches!(reply.answer, Answer::Silent(_)), "{reply:?}");
        assert_eq!(
            (reply.exchanges, rig.transport.calls("/v3/resellers").len()),
            (1, 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn pending_pages() {
    let rig = rig(|request, _| {
        if request
            .url
            .query()
            .is_some_and(|query| query.ends_with("offset=100"))
        {
            let head = Head {
                retry_after: Some("7".to_owned()),
                ..Head::of(429)
            };
            return Exchange::Response {
                head,
                body: "".into(),
            };
        }
        let rows = json!([{ "resellerId": "1001" }, "odd", { "status": "1002" }, { "resellerId": "1002" }]);
        Exchange::response(200, json!({ "totalCount": 132, "accounts": rows }).to_string())
    });
    let page = rig.adobe.list_pending(50).await.unwrap();
    let accounts = vec![AccountId::new("1001"), AccountId::new("1002")];
    assert_eq!(
        page,
        PendingPage {
            accounts,
            total: 132,
            answered: true
        }
    );
    let failed = PendingPage {
        accounts: Vec::new(),
        total: 0,
        answered: false,
    };
    assert_eq!(*rig.budget.paused_for.lock().unwrap(), None);
    assert_eq!(rig.adobe.list_pending(100).await.unwrap(), failed);
    assert_eq!(
        *rig.budget.paused_for.lock().unwrap(),
        Some(Duration::from_secs(7))
    );
}

#[tokio::test(start_paused = true)]
async fn a_poll_believes_only_the_account_it_asked_for() {
    let rig = rig(|_, _| Exchange::response(200, r#"{"resellerId":"1","status":"1000"}"#));
    assert_eq!(
        rig.adobe.poll(&account()).await.answer,
        Answer::Silent(Silence::Unreadable { http: 200 })
    );
    let own = rig.adobe.poll(&AccountId::new("1")).await.answer;
    assert!(matches!(own, Answer::Answered(Answered::Account(seen)) if seen.meaning == Meaning::Active));
}

#[test]
fn settings_that_cannot_work() {
    let told = |change: fn(&mut AdobeSettings)| {
        let mut settings = settings("http://127.0.0.1:1");
        change(&mut settings);
        let transport = ScriptedTransport::new(|_| Exchange::TimedOut);
        Adobe::new(
            settings,
            transport,
            Arc::new(CountingBudget::default()),
            TestWorld::new(),
        )
        .unwrap_err()
        .setting
    };
    assert_eq!(
        told(|s| s.base_url = "http://10.0.0.1".to_owned()),
        "connection.base_url"
    );
    assert_eq!(
        told(|s| s.token_url = "http://10.0.0.1".to_owned()),
        "connection.token_url"
    );
    assert_eq!(told(|s| s.client_id = String::new()), "connection.client_id");
    assert_eq!(told(|s| s.client_id = "a b".to_owned()), "connection.client_id");
    assert_eq!(
        told(|s| s.client_secret = " ".to_owned().into()),
        "connection.client_secret"
    );
}
