mod line;
mod stand_in;
mod tokens;

use std::sync::atomic::Ordering;
use std::time::Duration;

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::*;
use crate::domain::answer::{Answered, Meaning, Refused, Silence};
use crate::domain::ids::{CorrelationId, RowKey};
use crate::engine::lease::Moment;
use crate::provider::metallic::{RENEW_TOKEN_AFTER, RESELLERS_PATH};
use crate::provider::testing::{CountingBudget, NOON, ScriptedTransport, TestWorld};
use crate::provider::transport::{Head, HttpRequest};

const TOKEN_PATH: &str = "/api/v1/authenticate";
const CREATED: &str = include_str!("../wire/seed/response.json");
const ID: &str = "e4295015-6535-4989-9457-1ba12040a7ef";
/// Longer than the clock is moved on by any test that is not about leases.
const LEASE: Duration = Duration::from_secs(30 * 24 * 3600);
const PAYLOAD: &str = r#"{"externalId":"R-17","name":"A&B"}"#;

fn settings(base: &str) -> MetallicSettings {
    MetallicSettings {
        base_url: base.to_owned(),
        resellers_path: RESELLERS_PATH.to_owned(),
        username: "enlist-7".to_owned(),
        password: "s3cret".to_owned().into(),
        renew_token_after: RENEW_TOKEN_AFTER,
        rate_limit_period_unit: SpanUnit::default(),
        plain_http: false,
    }
}

struct Rig {
    metallic: Arc<Metallic>,
    transport: Arc<ScriptedTransport>,
    budget: Arc<CountingBudget>,
    world: Arc<TestWorld>,
}

/// An adapter whose log-ins are granted (`token-1`, `token-2`, …) and whose other calls are answered by `script`, told
/// the bearer too.
fn rig(mut script: impl FnMut(&HttpRequest, &str) -> Exchange + Send + 'static) -> Rig {
    let mut tokens = 0;
    let transport = ScriptedTransport::new(move |request| {
        if request.url.path() == TOKEN_PATH {
            tokens += 1;
            return Exchange::response(200, format!(r#"{{"data":{{"authToken":"token-{tokens}"}}}}"#));
        }
        let bearer = request.bearer.as_ref();
        let bearer = bearer.map(|token| token.expose_secret().to_owned());
        script(request, &bearer.unwrap_or_default())
    });
    let (world, budget) = (TestWorld::new(), Arc::new(CountingBudget::default()));
    let metallic = Metallic::new(
        settings("http://127.0.0.1:1"),
        transport.clone(),
        budget.clone(),
        world.clone(),
    );
    Rig {
        metallic: Arc::new(metallic.unwrap()),
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
        key: RowKey::new("R-17").unwrap(),
        account: None,
        correlation_id: intent(),
        payload: PAYLOAD.into(),
        lease,
    }
}

fn account() -> AccountId {
    AccountId::new(ID)
}

#[tokio::test(start_paused = true)]
async fn a_create_and_a_look_take_one_permit_of_their_kind_and_a_token_none() {
    let rig = rig(|request, _| {
        let status = if request.method.as_str() == "POST" {
            201
        } else {
            200
        };
        Exchange::response(status, CREATED.replace(ID, &ID.to_uppercase()))
    });
    let created = rig.metallic.submit(&submit()).await;
    let Answer::Answered(Answered::Account(seen)) = &created.answer else {
        panic!("{created:?}")
    };
    assert_eq!((seen.meaning, created.exchanges), (Meaning::Active, 1));
    assert_eq!((created.correlation_id, created.http), (intent(), Some(201)));
    let looked = rig.metallic.poll(&account()).await;
    assert!(matches!(looked.answer, Answer::Answered(Answered::Account(seen)) if seen.account == account()));
    assert_eq!(
        *rig.budget.given.lock().unwrap(),
        [CallKind::Submit, CallKind::Poll]
    );
    assert_eq!(rig.budget.out.load(Ordering::SeqCst), 0);
    assert_eq!(rig.transport.calls(TOKEN_PATH).len(), 1);
    let sent = &rig.transport.calls(RESELLERS_PATH)[0];
    assert!(sent.held.is_some(), "what makes something leaves under its lease");
    assert_eq!(sent.body.bytes(), PAYLOAD.as_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_broken_read_is_repeated_once_with_fresh_ids() {
    let rig = rig(|_, _| Exchange::Broken("reset".to_owned()));
    let reply = rig.metallic.poll(&account()).await;
    assert_eq!(reply.answer, Answer::Silent(Silence::Broken("reset".to_owned())));
    let calls = rig.transport.calls(&format!("{RESELLERS_PATH}/{ID}"));
    let id = |call: usize| calls[call].header("x-request-id").unwrap().to_owned();
    assert_ne!(id(0), id(1));
    assert_eq!(reply.request_id.to_string(), id(1));
    assert_eq!((reply.exchanges, calls.len()), (2, 2));
    assert_eq!(
        *rig.budget.given.lock().unwrap(),
        [CallKind::Poll, CallKind::Poll]
    );
}

#[tokio::test(start_paused = true)]
async fn a_submit_is_never_repeated_here() {
    for exchange in [
        Exchange::Broken("reset".to_owned()),
        Exchange::TimedOut,
        Exchange::response(503, ""),
    ] {
        let rig = rig(move |_, _| exchange.clone());
        let reply = rig.metallic.submit(&submit()).await;
        assert!(matches!(reply.answer, Answer::Silent(_)), "{reply:?}");
        assert_eq!(
            (reply.exchanges, rig.transport.calls(RESELLERS_PATH).len()),
            (1, 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_makes_no_call() {
    let rig = rig(|_, _| Exchange::TimedOut);
    let call = LookUpCall {
        key: RowKey::new("R-17").unwrap(),
        payload: PAYLOAD.into(),
        sent_after: NOON,
        any_age: false,
    };
    let reply = rig.metallic.look_up(&call).await;
    assert!(matches!(reply.answer, Answer::NotSent(_)), "{reply:?}");
    assert_eq!((reply.exchanges, reply.http), (0, None));
    assert_eq!(rig.metallic.list_pending(0).await, None);
    assert!(rig.transport.asked.lock().unwrap().is_empty());
    assert!(rig.budget.given.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_says_how_long_and_in_which_unit() {
    let transport = ScriptedTransport::new(|request| {
        if request.url.path() == TOKEN_PATH {
            return Exchange::response(200, r#"{"data":{"authToken":"t"}}"#);
        }
        let head = Head {
            rate_limit: Some("100".to_owned()),
            rate_limit_period: Some("60".to_owned()),
            ..Head::of(429)
        };
        Exchange::Response {
            head,
            body: r#"{"error":{"code":429,"message":"Too many requests"}}"#.into(),
        }
    });
    let mut settings = settings("http://127.0.0.1:1");
    settings.rate_limit_period_unit = SpanUnit::Minutes;
    let budget = Arc::new(CountingBudget::default());
    let metallic = Metallic::new(settings, transport, budget, TestWorld::new()).unwrap();
    let reply = metallic.submit(&submit()).await;
    let hour = Some(Duration::from_secs(3_600));
    assert_eq!(
        reply.answer,
        Answer::Refused(Refused::Throttled { retry_after: hour })
    );
    assert_eq!(reply.code.as_deref(), Some("429"));
}

type Change = fn(&mut MetallicSettings);

#[test]
fn settings_that_cannot_work() {
    let made = |change: Change| {
        let mut settings = settings("http://127.0.0.1:1");
        change(&mut settings);
        let transport = ScriptedTransport::new(|_| Exchange::TimedOut);
        Metallic::new(
            settings,
            transport,
            Arc::new(CountingBudget::default()),
            TestWorld::new(),
        )
        .map(|metallic| metallic.resellers.to_string())
    };
    let table: [(Change, &str); 12] = [
        (
            |s| s.base_url = "http://10.0.0.1".to_owned(),
            "connection.base_url",
        ),
        (|s| s.username = " ".to_owned(), "connection.client_id"),
        (|s| s.password = String::new().into(), "connection.client_secret"),
        (|s| s.resellers_path = String::new(), "metallic.resellers_path"),
        (|s| s.resellers_path = "/".to_owned(), "metallic.resellers_path"),
        (
            |s| s.resellers_path = "api/v1".to_owned(),
            "metallic.resellers_path",
        ),
        (
            |s| s.resellers_path = "/a?b".to_owned(),
            "metallic.resellers_path",
        ),
        (
            |s| s.resellers_path = "/a//b".to_owned(),
            "metallic.resellers_path",
        ),
        (
            |s| s.resellers_path = "/a/../b".to_owned(),
            "metallic.resellers_path",
        ),
        (
            |s| s.resellers_path = "/a/%2e".to_owned(),
            "metallic.resellers_path",
        ),
        (
            |s| s.renew_token_after = Duration::from_millis(999),
            "metallic.token_life",
        ),
        (
            |s| s.renew_token_after = Duration::from_secs(90_000),
            "metallic.token_life",
        ),
    ];
    for (change, setting) in table {
        assert_eq!(made(change).unwrap_err().setting, setting);
    }
    let resellers = |change| made(change).unwrap();
    assert_eq!(resellers(|_| ()), "http://127.0.0.1:1/api/v1/partner/resellers");
    assert_eq!(
        resellers(|s| {
            s.base_url.push_str("/prefix/");
            s.resellers_path = " /api/v2/resellers/ ".to_owned();
        }),
        "http://127.0.0.1:1/prefix/api/v2/resellers"
    );
}
