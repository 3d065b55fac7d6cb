mod line;
mod stand_in;

use std::sync::atomic::Ordering;
use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::domain::answer::{Answered, Meaning, Silence};
use crate::domain::ids::{CorrelationId, RowKey};
use crate::engine::lease::Moment;
use crate::provider::logicboxes::wire::CredentialsIn;
use crate::provider::testing::{CountingBudget, NOON, ScriptedTransport, TestWorld};
use crate::provider::transport::{Exchange, HttpRequest};

pub(super) const SIGNUP: &str = "/api/resellers/v2/signup.json";
pub(super) const SEARCH: &str = "/api/resellers/search.json";
const DETAILS: &str = "/api/resellers/details.json";
const MADE: &str = r#"{"status":"Success","resellerid":"7"}"#;
pub(super) const PAYLOAD: &str = "username=Mickey%2Br%40mouse.com&passwd=Abcdef1%7Ex&name=Mickey+Mouse";

pub(in crate::provider::logicboxes) fn settings(base: &str) -> LogicBoxesSettings {
    LogicBoxesSettings {
        base_url: base.to_owned(),
        auth_userid: "4711".to_owned(),
        api_key: "k3y-k3y".to_owned().into(),
        format: Format::Json,
        credentials_in: CredentialsIn::Body,
        plain_http: false,
    }
}

pub(super) struct Rig {
    pub(super) logicboxes: LogicBoxes,
    pub(super) transport: Arc<ScriptedTransport>,
    pub(super) budget: Arc<CountingBudget>,
}

/// An adapter whose calls are answered by `script`.
pub(super) fn rig(script: impl FnMut(&HttpRequest) -> Exchange + Send + 'static) -> Rig {
    let transport = ScriptedTransport::new(script);
    let budget = Arc::new(CountingBudget::default());
    let logicboxes = LogicBoxes::new(
        settings("http://127.0.0.1:1/api"),
        transport.clone(),
        budget.clone(),
        TestWorld::new(),
    );
    Rig {
        logicboxes: logicboxes.unwrap(),
        transport,
        budget,
    }
}

fn intent() -> CorrelationId {
    CorrelationId::fresh(Uuid::from_u128(0xabc))
}

fn submit_under(lease: LeaseWatch) -> SubmitCall {
    SubmitCall {
        key: RowKey::new("R-1").unwrap(),
        account: None,
        correlation_id: intent(),
        payload: PAYLOAD.into(),
        lease,
    }
}

fn submit() -> SubmitCall {
    submit_under(LeaseWatch::new(
        Moment::now(&*TestWorld::new()),
        Duration::from_secs(3600),
    ))
}

fn account() -> AccountId {
    AccountId::new("7")
}

fn id(request: &HttpRequest) -> String {
    request.header("x-correlation-id").unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_sign_up_that_need_not_wait_is_looked_at_once() {
    let rig = rig(|request| match request.url.path() {
        SIGNUP => Exchange::response(200, MADE),
        _ => Exchange::response(200, r#"{"resellerid":"7","resellerstatus":"Active"}"#),
    });
    let made = rig.logicboxes.submit(&submit()).await;
    assert!(
        matches!(&made.answer, Answer::Answered(Answered::Account(seen)) if seen.meaning == Meaning::Pending),
        "{made:?}"
    );
    assert_eq!(
        (made.correlation_id, made.http, made.exchanges),
        (intent(), Some(200), 1)
    );
    let looked = rig.logicboxes.poll(&account()).await;
    assert!(
        matches!(&looked.answer, Answer::Answered(Answered::Account(seen)) if seen.meaning == Meaning::Active),
        "{looked:?}"
    );
    assert_eq!(
        *rig.budget.given.lock().unwrap(),
        [CallKind::Submit, CallKind::Poll]
    );
    assert_eq!(rig.budget.out.load(Ordering::SeqCst), 0);
    assert_eq!(id(&rig.transport.calls(SIGNUP)[0]), intent().to_string());
    assert_eq!(rig.logicboxes.list_pending(0).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_sign_up_is_never_repeated_here() {
    for exchange in [
        Exchange::Broken("reset".to_owned()),
        Exchange::TimedOut,
        Exchange::response(503, ""),
    ] {
        let rig = rig(move |_| exchange.clone());
        let reply = rig.logicboxes.submit(&submit()).await;
        assert!(matches!(reply.answer, Answer::Silent(_)), "{reply:?}");
        assert_eq!((reply.exchanges, rig.transport.calls(SIGNUP).len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_read_is_repeated_once_with_fresh_ids() {
    let rig = rig(|_| Exchange::Broken("reset".to_owned()));
    let reply = rig.logicboxes.poll(&account()).await;
    assert_eq!(reply.answer, Answer::Silent(Silence::Broken("reset".to_owned())));
    let calls = rig.transport.calls(DETAILS);
    assert_ne!(id(&calls[0]), id(&calls[1]));
    assert_eq!((reply.exchanges, calls.len()), (2, 2));
    assert_eq!(reply.correlation_id.to_string(), id(&calls[1]));
    assert_eq!(
        *rig.budget.given.lock().unwrap(),
        [CallKind::Poll, CallKind::Poll]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_for_a_row_that_somebody_else_may_have() {
    let rig = rig(|_| Exchange::response(200, MADE));
    let over = LeaseWatch::new(Moment::now(&*TestWorld::new()), Duration::ZERO);
    let reply = rig.logicboxes.submit(&submit_under(over)).await;
    assert_eq!(
        (reply.answer, reply.exchanges, reply.http),
        (Answer::NoLeave, 0, None)
    );
    assert!(rig.transport.calls(SIGNUP).is_empty());
    assert_eq!(rig.budget.out.load(Ordering::SeqCst), 0, "leave is given back");
    rig.logicboxes.submit(&submit()).await;
    assert!(
        rig.transport.calls(SIGNUP)[0].held.is_some(),
        "it is looked at again when it is written"
    );
}

#[tokio::test(start_paused = true)]
async fn our_own_account_is_never_a_rows() {
    let own = r#"{"resellerid":"4711","resellerstatus":"Active","password":"x","pin":"0"}"#;
    let rig = rig(move |_| Exchange::response(200, own));
    for asked in ["7", "4711"] {
        let answer = rig.logicboxes.poll(&AccountId::new(asked)).await.answer;
        assert_eq!(answer, Answer::Silent(Silence::Unreadable { http: 200 }));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_repeats_secrets_is_kept_without_them() {
    let body = r#"{"status":"ERROR","message":"k3y-k3y: passwd Abcdef1~x is weak, passwd=Abcdef1%7Ex"}"#;
    let rig = rig(move |_| Exchange::response(500, body));
    let reply = rig.logicboxes.submit(&submit()).await;
    let told = format!("{reply:?}");
    assert!(
        told.contains("(secret): passwd (secret) is weak, passwd=(secret)"),
        "{told}"
    );
    assert_eq!(reply.code.as_deref(), Some("ERROR"));
}

#[tokio::test(start_paused = true)]
async fn words_of_the_row_are_no_words_of_the_provider() {
    let told = async |payload: &str, message: &str| {
        let body = serde_json::json!({ "status": "ERROR", "message": message }).to_string();
        let rig = rig(move |_| Exchange::response(500, body.clone()));
        let call = SubmitCall {
            payload: payload.into(),
            ..submit()
        };
        match rig.logicboxes.submit(&call).await.answer {
            Answer::Answered(Answered::Rejected(errors)) => {
                let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
                format!("rejected {}", fields.join(" "))
            }
            other => format!("{other:?}").chars().take(25).collect(),
        }
    };
    let payload = "username=access%40denied.com&company=API+Key++Systems&name=Rate+Limit&city=Zip&lang-pref=no\
                   &address-line-1=IP+Address+Stra%C3%9Fe+1&passwd=Abcdef1%7Ex";
    for (message, wanted) in [
        ("The company API Key Systems is not known", "rejected company"),
        ("invalid: API KEY  SYSTEMS, IP Address Straße 1", "rejected "),
        (
            "company=API+Key++Systems&address-line-1=IP+Address+Stra%C3%9Fe+1: zipcode is invalid",
            "rejected company address-line-1 zipcode",
        ),
        ("Rate Limit is no name", "rejected name"),
        // What the provider says beside them counts.
        ("API Key Systems: invalid API key", "Refused(Denied(RowError {"),
        ("The API key systems", "rejected "),
        ("The API key system", "Refused(Denied(RowError {"),
        ("Rate limits are reached", "Refused(Throttled { retry"),
        ("Invalid zip", "rejected zipcode"),
        // What is looked for anyway is looked for.
        ("There is already an action pending", "Silent(Busy)"),
    ] {
        assert_eq!(told(payload, message).await, wanted, "{message}");
    }
    let taken = told("company=Reseller", "You are already a Reseller").await;
    assert_eq!(
        taken, "Answered(Taken(RowError {",
        "to look for an account does no harm"
    );
    let denied = told(PAYLOAD, "Your API key is not on the list").await;
    assert_eq!(denied, "Refused(Denied(RowError {");
}

#[test]
fn settings_that_cannot_work() {
    let told = |change: fn(&mut LogicBoxesSettings)| {
        let mut settings = settings("http://127.0.0.1:1/api");
        change(&mut settings);
        let transport = ScriptedTransport::new(|_| Exchange::TimedOut);
        let budget = Arc::new(CountingBudget::default());
        LogicBoxes::new(settings, transport, budget, TestWorld::new())
            .unwrap_err()
            .setting
    };
    assert_eq!(
        told(|s| s.base_url = "http://10.0.0.1".to_owned()),
        "connection.base_url"
    );
    for id in ["", "me", "0", "-1"] {
        let mut settings = settings("http://127.0.0.1:1/api");
        settings.auth_userid = id.to_owned();
        assert_eq!(
            settings.checked().err().map(|error| error.setting),
            Some("connection.client_id")
        );
    }
    assert_eq!(
        told(|s| s.api_key = String::new().into()),
        "connection.client_secret"
    );
    assert_eq!(
        told(|s| s.api_key = "a b".to_owned().into()),
        "connection.client_secret"
    );
    assert!(!format!("{:?}", settings("x")).contains("k3y"));
}
