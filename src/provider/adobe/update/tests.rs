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
async fn the_pages_answer_kept_the_reference() {
    // Its request says 999, its answer 888.
    let rig = patched(stored(), Exchange::response(200, PAGE_RESPONSE));
    let reply = submitted(&rig, &page(PAGE_REQUEST)).await;
    assert_eq!(told(&reply.answer), "updated 1000 kept externalReferenceId");
    assert_eq!(
        methods(&rig),
        "GET PATCH GET",
        "looked at again before it is said"
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
async fn a_name_that_was_sent_is_looked_at_again() {
    let contacts = json!([{ "firstName": "Minnie", "lastName": "Mouse", "email": "minnie@mouse.com" }]);
    let body = json!({ "companyProfile": { "contacts": contacts } });
    let echo = with(stored(), "/companyProfile/contacts", contacts.clone());
    let mut later = with(
        echo.clone(),
        "/companyProfile/contacts/0/firstName",
        "Daisy".into(),
    );
    let mut gets = 0;
    let rig = rig(move |request| match request.method {
        Method::Patch => Exchange::response(200, echo.to_string()),
        _ if gets == 0 => {
            gets += 1;
            Exchange::response(200, PAGE_RESPONSE)
        }
        _ => Exchange::response(200, std::mem::take(&mut later).to_string()),
    });
    let reply = submitted(&rig, &body).await;
    assert_eq!(
        told(&reply.answer),
        "updated 1000 kept companyProfile.contacts[0].firstName"
    );
    assert_eq!((methods(&rig).as_str(), reply.exchanges), ("GET PATCH GET", 3));
    assert_eq!(
        reply.correlation_id,
        call("").correlation_id,
        "the reply is the PATCH's"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_patch_is_answered() {
    let problem = |code: &str| format!(r#"{{"code":"{code}","message":"m"}}"#);
    let body = json!({ "companyProfile": { "address": { "city": "Bay" } } });
    let table = [
        (Exchange::response(400, problem("1125")), "not yet 1000"),
        (Exchange::response(400, problem("1119")), "rejected 1119 "),
        (
            Exchange::response(
                400,
                r#"{"code":"5122","message":"m","additionalDetails":["Reason: no."]}"#,
            ),
            "rejected 5122 companyProfile.marketSegments",
        ),
        (Exchange::response(400, problem("1134")), "rejected 1134 "),
        (
            Exchange::response(
                400,
                r#"{"code":"1117","message":"m","additionalDetails":["companyProfile.address.city"]}"#,
            ),
            "rejected 1117 companyProfile.address.city",
        ),
        (Exchange::response(404, problem("1115")), "Answered(NotFound)"),
        (Exchange::TimedOut, "Silent(TimedOut)"),
        (
            Exchange::response(502, "<html>"),
            "Silent(Gateway { http: 502, retry_after: None })",
        ),
        (Exchange::response(200, "{"), "Silent(Unreadable { http: 200 })"),
        (Exchange::response(200, ""), "Silent(Unreadable { http: 200 })"),
        (
            Exchange::response(200, r#"{"resellerId":"1","status":"1000"}"#),
            "Silent(Unreadable { http: 200 })",
        ),
        (Exchange::response(400, problem("4122")), "Silent(Busy)"),
    ];
    for (exchange, wanted) in table {
        let rig = patched(stored(), exchange.clone());
        assert_eq!(told(&submitted(&rig, &body).await.answer), wanted, "{exchange:?}");
        assert_eq!(methods(&rig), "GET PATCH", "never repeated here");
    }
    for (exchange, is_it) in [
        (
            Exchange::response(429, ""),
            (|answer| matches!(answer, Answer::Refused(Refused::Throttled { .. }))) as fn(&Answer) -> bool,
        ),
        (Exchange::response(403, problem("4115")), |answer| {
            matches!(answer, Answer::Refused(Refused::Denied(_)))
        }),
        (Exchange::response(401, problem("4116")), |answer| {
            *answer == Answer::Refused(Refused::TokenStale)
        }),
        (Exchange::response(500, problem("1124")), |answer| {
            matches!(answer, Answer::Answered(Answered::Ambiguous(_)))
        }),
        (Exchange::response(400, problem("1121")), |answer| {
            matches!(answer, Answer::Answered(Answered::Misfit(_)))
        }),
    ] {
        let rig = patched(stored(), exchange.clone());
        let answer = submitted(&rig, &body).await.answer;
        assert!(is_it(&answer), "{exchange:?}: {answer:?}");
    }
    let blocked = with(stored(), "/status", "1012".into());
    let rig = patched(blocked, Exchange::response(400, problem("1125")));
    assert_eq!(
        told(&submitted(&rig, &body).await.answer),
        "rejected 1125 ",
        "waiting does not unblock"
    );
    let seen = classify::read(
        &Exchange::response(200, with(stored(), "/status", "1012".into()).to_string()),
        &AccountId::new("5556667778"),
        TestWorld::new().now(),
    );
    assert!(
        matches!(seen, Answer::Answered(Answered::Account(seen)) if seen.meaning == Meaning::Inactive(InactiveReason::Blocked))
    );
}

#[tokio::test(start_paused = true)]
async fn no_content_is_looked_at() {
    let body = json!({ "companyProfile": { "address": { "city": "Bay" } } });
    let changed = with(stored(), "/companyProfile/address/city", "Bay".into());
    for (second, wanted) in [
        (Exchange::response(200, changed.to_string()), "updated 1000"),
        (
            Exchange::response(200, PAGE_RESPONSE),
            "updated 1000 kept companyProfile.address.city",
        ),
        (Exchange::response(503, ""), "Silent(Unreadable { http: 204 })"),
        (Exchange::response(429, ""), "Silent(Unreadable { http: 204 })"),
    ] {
        let mut gets = 0;
        let rig = rig(move |request| match request.method {
            Method::Patch => Exchange::response(204, ""),
            _ if gets == 0 => {
                gets += 1;
                Exchange::response(200, PAGE_RESPONSE)
            }
            _ => second.clone(),
        });
        assert_eq!(told(&submitted(&rig, &body).await.answer), wanted);
        assert_eq!(methods(&rig), "GET PATCH GET");
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_has_changed_nothing() {
    let body = json!({ "companyProfile": { "address": { "city": "Bay" } } });
    let not_sent = |why: &str| format!("NotSent(\"the account could not be read: {why}\")");
    for (exchange, wanted) in [
        (Exchange::TimedOut, not_sent("no response in time")),
        (Exchange::response(504, ""), not_sent("HTTP 504")),
        (Exchange::response(200, "{"), not_sent("HTTP 200")),
        (
            Exchange::response(500, r#"{"code":"1124","message":"m"}"#),
            not_sent("1124: m"),
        ),
        (
            Exchange::response(200, r#"{"resellerId":"5556667778","status":"1000"}"#),
            not_sent("it was shown without a company"),
        ),
        (
            Exchange::response(404, r#"{"code":"1115","message":"m"}"#),
            "Answered(NotFound)".to_owned(),
        ),
    ] {
        let rig = rig(move |_| exchange.clone());
        let reply = submitted(&rig, &body).await;
        assert_eq!(told(&reply.answer), wanted);
        assert_eq!(methods(&rig), "GET");
        assert_ne!(
            reply.correlation_id,
            call("").correlation_id,
            "the intent's id was not used"
        );
    }
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
