mod answers;
mod find;

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::answer::{InactiveReason, Refused};
use crate::domain::ids::{CorrelationId, RowKey};
use crate::engine::lease::{LeaseWatch, Moment};
use crate::provider::adobe::client::tests::{answering, settings};
use crate::provider::testing::{CountingBudget, ScriptedTransport, TestWorld};
use crate::provider::transport::{HttpRequest, Method};

/// The bodies of the page on updating a reseller, word for word (seed 002).
const PAGE_REQUEST: &str = include_str!("../wire/seed/002-request.json");
const PAGE_RESPONSE: &str = include_str!("../wire/seed/002-response.json");

const ACCOUNT: &str = "/v3/resellers/5556667778";

pub(super) struct Rig {
    pub(super) update: AdobeUpdate,
    pub(super) transport: Arc<ScriptedTransport>,
    pub(super) budget: Arc<CountingBudget>,
}

pub(super) fn rig(mut script: impl FnMut(&HttpRequest) -> Exchange + Send + 'static) -> Rig {
    let transport = answering(move |request, _| script(request));
    let (world, budget) = (TestWorld::new(), Arc::new(CountingBudget::default()));
    let update = AdobeUpdate::new(
        settings("http://127.0.0.1:1"),
        transport.clone(),
        budget.clone(),
        world,
    );
    Rig {
        update: update.unwrap(),
        transport,
        budget,
    }
}

/// A provider whose account looks like `before` until it is changed, and then like what the PATCH was answered.
fn patched(before: Value, answer: Exchange) -> Rig {
    let mut shown = before.to_string();
    rig(move |request| match request.method {
        Method::Patch => {
            if let Some(body) = answer
                .body()
                .filter(|body| answer.head().unwrap().status == 200 && !body.is_empty())
            {
                shown = String::from_utf8(body.to_vec()).unwrap();
            }
            answer.clone()
        }
        _ => Exchange::response(200, shown.clone()),
    })
}

fn page(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The page's account before the page's request.
fn stored() -> Value {
    page(PAGE_RESPONSE)
}

fn with(mut account: Value, pointer: &str, value: Value) -> Value {
    *account.pointer_mut(pointer).unwrap() = value;
    account
}

fn row(body: &Value) -> String {
    json!({ "reseller": "5556667778", "reference": "999", "body": body }).to_string()
}

pub(super) fn call(payload: &str) -> SubmitCall {
    let moment = Moment::now(&*TestWorld::new());
    SubmitCall {
        correlation_id: CorrelationId::fresh(Uuid::from_u128(0xabc)),
        key: RowKey::new("999").unwrap(),
        account: None,
        payload: payload.into(),
        lease: LeaseWatch::new(moment, Duration::from_secs(3600)),
    }
}

async fn submitted(rig: &Rig, body: &Value) -> Reply {
    rig.update.submit(&call(&row(body))).await
}

pub(super) fn told(answer: &Answer) -> String {
    match answer {
        Answer::Answered(Answered::Unchanged(seen)) => format!("unchanged {}", seen.status),
        Answer::Answered(Answered::Updated { seen, drift }) => {
            let fields: Vec<_> = drift
                .iter()
                .map(|error| format!(" {} {}", error.code, error.field))
                .collect();
            format!("updated {}{}", seen.status, fields.concat())
        }
        Answer::Answered(Answered::NotYet(seen)) => format!("not yet {}", seen.status),
        Answer::Answered(Answered::Rejected(errors)) => {
            let fields: Vec<_> = errors
                .iter()
                .map(|error| format!(" {} {}", error.code, error.field))
                .collect();
            format!("rejected{}", fields.concat())
        }
        other => format!("{other:?}"),
    }
}

fn methods(rig: &Rig) -> String {
    let asked = rig.transport.asked.lock().unwrap();
    let of_api = asked
        .iter()
        .filter(|request| request.url.path().starts_with("/v3/"));
    of_api
        .map(|request| request.method.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test(start_paused = true)]
async fn the_pages_request_is_what_is_sent() {
    let rig = patched(
        stored(),
        Exchange::response(
            200,
            with(stored(), "/externalReferenceId", "999".into()).to_string(),
        ),
    );
    let reply = submitted(&rig, &page(PAGE_REQUEST)).await;
    assert_eq!(told(&reply.answer), "updated 1000");
    assert_eq!(methods(&rig), "GET PATCH");
    let sent = rig.transport.calls(ACCOUNT).pop().unwrap();
    assert_eq!(
        page(std::str::from_utf8(sent.body.bytes()).unwrap()),
        page(PAGE_REQUEST)
    );
    // The intent's id, a request id of its own, the lease; and leave of the right kinds.
    let id = |name| sent.header(name).unwrap().to_owned();
    assert_eq!(id("x-correlation-id"), call("").correlation_id.to_string());
    assert!(sent.held.is_some());
    assert_eq!(
        *rig.budget.given.lock().unwrap(),
        [CallKind::Poll, CallKind::Submit]
    );
    assert_eq!(rig.budget.out.load(Ordering::SeqCst), 0);
    let get = &rig.transport.calls(ACCOUNT)[0];
    assert!(
        ["x-correlation-id", "x-request-id"]
            .iter()
            .all(|name| get.header(name) != sent.header(name))
    );
    assert_eq!(
        (
            reply.correlation_id.to_string(),
            reply.request_id.to_string(),
            reply.http,
            reply.exchanges
        ),
        (id("x-correlation-id"), id("x-request-id"), Some(200), 2)
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_need_not_be_or_cannot() {
    let city = json!({ "companyProfile": { "address": { "city": "Bay" } } });
    let table = [
        (stored(), page(PAGE_RESPONSE), "unchanged 1000"),
        (stored(), json!({ "companyProfile": {} }), "unchanged 1000"),
        (
            with(stored(), "/status", "1002".into()),
            city.clone(),
            "not yet 1002",
        ),
        (
            with(stored(), "/status", "1004".into()),
            json!({ "companyProfile": {} }),
            "unchanged 1004",
        ),
        (
            stored(),
            json!({ "companyProfile": { "companyName": "Fairmount", "marketSegments": ["COM"] } }),
            "rejected 1119 companyProfile.companyName 5122 companyProfile.marketSegments",
        ),
        (
            stored(),
            json!({ "companyProfile": { "contacts": [{ "firstName": "Minnie", "email": "mickey@mouse.com" }] } }),
            "updated 1000 kept companyProfile.contacts[0].firstName",
        ),
    ];
    for (account, body, wanted) in table {
        let rig = patched(account, Exchange::TimedOut);
        let reply = submitted(&rig, &body).await;
        assert_eq!(
            (told(&reply.answer).as_str(), methods(&rig).as_str()),
            (wanted, "GET"),
            "{body}"
        );
        assert_eq!((reply.http, reply.exchanges), (Some(200), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_is_filled_up_from_what_it_has() {
    let body = json!({ "externalReferenceId": "999", "companyProfile": {
        "marketSegments": ["GOV", "COM", "EDU"], "address": { "phoneNumber": "1" } } });
    let mut strange = stored();
    strange["tags"] = json!(["x"]);
    strange["companyProfile"]["contacts"][0]["jobTitle"] = json!("mouse");
    let rig = patched(strange, Exchange::response(204, ""));
    submitted(&rig, &body).await;
    let sent = &rig.transport.calls(ACCOUNT)[1];
    let mut wanted = with(
        page(PAGE_REQUEST),
        "/companyProfile/marketSegments",
        json!(["COM", "EDU", "GOV"]),
    );
    wanted = with(wanted, "/companyProfile/address/phoneNumber", "1".into());
    assert_eq!(page(std::str::from_utf8(sent.body.bytes()).unwrap()), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_over_sends_nothing() {
    let rig = patched(stored(), Exchange::TimedOut);
    let body = json!({ "companyProfile": { "address": { "city": "Bay" } } });
    let late = SubmitCall {
        lease: LeaseWatch::new(Moment::now(&*TestWorld::new()), Duration::ZERO),
        ..call(&row(&body))
    };
    assert_eq!(rig.update.submit(&late).await.answer, Answer::NoLeave);
    assert_eq!(methods(&rig), "GET");
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_is_none_stops_the_batch() {
    for payload in [
        "",
        "{}",
        r#"{"reseller":null,"reference":"1"}"#,
        r#"{"reseller":"../x","reference":"1","body":{"companyProfile":{}}}"#,
        r#"{"reseller":7.5,"reference":"1","body":{"companyProfile":{}}}"#,
    ] {
        let rig = rig(|_| Exchange::TimedOut);
        let answer = rig.update.submit(&call(payload)).await.answer;
        assert!(
            matches!(answer, Answer::Answered(Answered::Misfit(_))),
            "{payload}: {answer:?}"
        );
        assert!(rig.transport.asked.lock().unwrap().is_empty());
    }
}
