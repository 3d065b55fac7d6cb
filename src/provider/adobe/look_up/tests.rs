use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::answer::{Meaning, Refused};
use crate::domain::ids::RowKey;
use crate::engine::ports::{Provider, Reply};
use crate::provider::adobe::client::tests::{Rig, rig};
use crate::provider::testing::{Log, NOON};
use crate::provider::transport::{Exchange, HttpRequest};

const PAYLOAD: &str = r#"{"externalReferenceId":"888","companyProfile":{"companyName":"Fairmont & Söhne"}}"#;

/// An account made so many seconds after the first send.
fn row(id: u64, key: &str, after_s: i64) -> Value {
    let at = jiff::Timestamp::from_millisecond(NOON.as_ms() + after_s * 1_000).unwrap();
    json!({ "resellerId": id.to_string(), "externalReferenceId": key, "creationDate": at.to_string(),
            "companyProfile": { "companyName": "Fairmont & Söhne" } })
}

fn with(mut row: Value, field: &str, value: Value) -> Value {
    row[field] = value;
    row
}

/// Others' accounts, newest first, one a second, the youngest made `after_s` after the first send.
fn others(many: u64, after_s: i64) -> Vec<Value> {
    (0..many)
        .map(|i| {
            row(
                10_000 + i,
                &format!("other-{i}"),
                after_s - i64::try_from(i).unwrap(),
            )
        })
        .collect()
}

fn param(request: &HttpRequest, name: &str) -> Option<String> {
    request
        .url
        .query_pairs()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

fn page(rows: &[Value], offset: usize, limit: usize) -> Exchange {
    let shown: Vec<_> = rows.iter().skip(offset).take(limit).collect();
    let page = json!({ "totalCount": rows.len(), "count": shown.len(), "offset": offset, "limit": limit, "accounts": shown });
    Exchange::response(200, page.to_string())
}

/// A provider with these lists of accounts by status.
fn listing(lists: Vec<(&'static str, Vec<Value>)>) -> Rig {
    rig(move |request, _| {
        let (status, offset) = (
            param(request, "status").unwrap(),
            param(request, "offset").unwrap(),
        );
        let rows = lists
            .iter()
            .find(|(known, _)| *known == status)
            .map(|(_, rows)| rows.as_slice());
        page(rows.unwrap_or_default(), offset.parse().unwrap(), 50)
    })
}

async fn sought(rig: &Rig) -> Reply {
    let key = RowKey::new("888").unwrap();
    rig.adobe
        .look_up(&LookUpCall {
            key,
            payload: PAYLOAD.into(),
            sent_after: NOON,
            any_age: false,
        })
        .await
}

/// `found ID STATUS`, `nothing` or `unsure`, and how many pages it took.
async fn told(lists: Vec<(&'static str, Vec<Value>)>) -> (String, u32) {
    let reply = sought(&listing(lists)).await;
    let text = match reply.answer {
        Answer::Answered(Answered::Account(seen)) => format!("found {} {}", seen.account, seen.status),
        Answer::Answered(Answered::NotFound) => "nothing".to_owned(),
        Answer::Silent(Silence::Unreadable { http: 200 }) => "unsure".to_owned(),
        other => format!("{other:?}"),
    };
    (text, reply.exchanges)
}

fn is(text: &str, pages: u32) -> (String, u32) {
    (text.to_owned(), pages)
}

#[tokio::test(start_paused = true)]
async fn found_under_any_status_by_key_and_time() {
    let ours = || vec![row(1, "888", 1)];
    assert_eq!(told(vec![("1002", ours())]).await, is("found 1 1002", 1));
    assert_eq!(told(vec![("1000", ours())]).await, is("found 1 1000", 2));
    assert_eq!(told(vec![("1004", ours())]).await, is("found 1 1004", 3));
    assert_eq!(told(vec![]).await, is("nothing", 3));
    let shown = with(row(1, "888", 1), "status", json!("1010"));
    assert_eq!(told(vec![("1004", vec![shown])]).await, is("found 1 1010", 3));
    let reply = sought(&listing(vec![("1000", ours())])).await;
    assert!(
        matches!(reply.answer, Answer::Answered(Answered::Account(seen)) if seen.meaning == Meaning::Active)
    );
}

#[tokio::test(start_paused = true)]
async fn only_what_is_ours() {
    let one = |row| vec![("1002", vec![row])];
    for (key, after_s) in [
        ("889", 1),
        ("88", 1),
        ("8888", 1),
        ("888 ", 1),
        ("888", -601),
        ("888", -1_000_000),
    ] {
        assert_eq!(
            told(one(row(1, key, after_s))).await,
            is("nothing", 3),
            "{key} {after_s}"
        );
    }
    assert_eq!(
        told(one(row(1, "888", -600))).await,
        is("found 1 1002", 1),
        "clocks differ"
    );
    for unsaid in [json!("yesterday"), json!(null), json!([])] {
        assert_eq!(
            told(one(with(row(1, "888", 1), "creationDate", unsaid))).await,
            is("found 1 1002", 1)
        );
    }
    for name in ["fairmont  SÖHNE", "Fairmont ＆ Söhne.", "Fairmont & Söhne"] {
        let row = with(row(1, "888", 1), "companyProfile", json!({ "companyName": name }));
        assert_eq!(told(one(row)).await, is("found 1 1002", 1), "{name}");
    }
    let unnamed = with(row(1, "888", 1), "companyProfile", json!(null));
    assert_eq!(
        told(one(unnamed)).await,
        is("found 1 1002", 1),
        "the name is optional in lists"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_told_is_not_called_nothing() {
    let one = |row| vec![("1002", vec![row])];
    let another = with(
        row(1, "888", 1),
        "companyProfile",
        json!({ "companyName": "Elsewhere" }),
    );
    assert_eq!(told(one(another)).await, is("unsure", 3));
    assert_eq!(
        told(one(with(row(1, "888", 1), "resellerId", json!(null)))).await,
        is("unsure", 3)
    );
    assert_eq!(told(one(json!("odd"))).await, is("unsure", 3));
    // An odd entry does not hide ours.
    assert_eq!(
        told(vec![("1002", vec![json!(7), row(1, "888", 1)])]).await,
        is("found 1 1002", 1)
    );
    assert_eq!(
        told(vec![("1002", vec![json!(7)]), ("1000", vec![row(1, "888", 1)])]).await,
        is("found 1 1000", 2)
    );
}

/// It may be ours, shown without what it was made with: a second one would be worse than a person's look.
#[tokio::test(start_paused = true)]
async fn an_account_of_the_company_without_any_key_is_not_called_nothing() {
    let keyless = |after_s| with(row(1, "888", after_s), "externalReferenceId", json!(null));
    let named = |name: Value| with(keyless(1), "companyProfile", json!({ "companyName": name }));
    for (row, wanted) in [
        (keyless(1), "unsure"),
        (keyless(-600), "unsure"),
        (with(keyless(1), "externalReferenceId", json!("")), "unsure"),
        (with(keyless(1), "creationDate", json!("yesterday")), "unsure"),
        (named(json!("FAIRMONT ＆ Söhne.")), "unsure"),
        // The name is optional in lists, and the list was asked for this one.
        (named(json!(null)), "unsure"),
        // Made before ours was asked for, or by another company, or in the name of another row.
        (keyless(-601), "nothing"),
        (named(json!("Fairmont West")), "nothing"),
        (row(1, "889", 1), "nothing"),
    ] {
        let told = told(vec![("1000", vec![row.clone()])]).await;
        assert_eq!(told, is(wanted, 3), "{row}");
    }
    // Ours, where it is shown, is not hidden by it.
    let lists = vec![("1002", vec![keyless(1)]), ("1000", vec![row(2, "888", 1)])];
    assert_eq!(told(lists).await, is("found 2 1000", 2));
}

#[tokio::test(start_paused = true)]
async fn of_several_the_oldest_and_a_warning() {
    let (log, _guard) = Log::capture();
    let rows = vec![
        row(3, "888", 30),
        row(1, "888", 10),
        row(2, "888", 20),
        with(row(4, "888", 0), "creationDate", json!("?")),
    ];
    assert_eq!(told(vec![("1002", rows)]).await, is("found 1 1002", 1));
    let log = log.text();
    assert!(
        log.contains("several accounts carry one row's key") && log.contains(r#"["3", "1", "2", "4"]"#),
        "{log}"
    );
    assert!(!log.contains("888"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_failing_page_is_the_answer() {
    let http = |status, body: &str| Exchange::response(status, body.to_owned());
    let table = [
        (Exchange::TimedOut, Answer::Silent(Silence::TimedOut)),
        (
            http(503, ""),
            Answer::Silent(Silence::Gateway {
                http: 503,
                retry_after: None,
            }),
        ),
        (
            http(429, ""),
            Answer::Refused(Refused::Throttled { retry_after: None }),
        ),
        (
            http(500, r#"{"code":"1124"}"#),
            Answer::Silent(Silence::Unreadable { http: 500 }),
        ),
        (
            http(400, r#"{"code":"1132"}"#),
            Answer::Silent(Silence::Unreadable { http: 400 }),
        ),
    ];
    for (exchange, wanted) in table {
        let failing = exchange.clone();
        let rig = rig(move |request, _| match param(request, "status").as_deref() {
            Some("1000") => failing.clone(),
            _ => page(&[], 0, 50),
        });
        let reply = sought(&rig).await;
        assert_eq!(reply.answer, wanted, "{exchange:?}");
        assert_eq!(reply.exchanges, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_read_to_the_end_or_to_what_is_too_old() {
    let mut rows = others(120, 200);
    rows.push(row(1, "888", 1));
    assert_eq!(
        told(vec![("1002", rows)]).await,
        is("found 1 1002", 3),
        "on the third page"
    );
    assert_eq!(
        told(vec![("1002", others(120, 200))]).await,
        is("nothing", 5),
        "all pages"
    );
    assert_eq!(
        told(vec![("1002", others(3_000, -580))]).await,
        is("nothing", 3),
        "one page reaches the horizon"
    );
    // 40 pages hold 2,000.
    assert_eq!(
        told(vec![("1002", others(2_000, 5_000))]).await,
        is("nothing", 42)
    );
    assert_eq!(told(vec![("1002", others(2_001, 5_000))]).await, is("unsure", 42));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_not_newest_first_is_not_trusted() {
    let mut oldest_first = others(120, -10_000);
    oldest_first.reverse();
    oldest_first.push(row(1, "888", 1));
    assert_eq!(told(vec![("1002", oldest_first)]).await, is("found 1 1002", 3));
    let mut same_time: Vec<_> = (0..120).map(|i| row(10_000 + i, "other", -10_000)).collect();
    same_time.push(row(1, "888", 1));
    assert_eq!(told(vec![("1002", same_time)]).await, is("found 1 1002", 3));
}

#[tokio::test(start_paused = true)]
async fn a_server_with_shorter_pages_or_without_a_total_is_read_on() {
    let answer = |total: Value, rows: &[Value], offset: usize, limit: usize| {
        let shown: Vec<_> = rows.iter().skip(offset).take(limit).collect();
        Exchange::response(200, json!({ "totalCount": total, "accounts": shown }).to_string())
    };
    for total in [json!(26), json!(null)] {
        let mut rows = others(25, 200);
        rows.push(row(1, "888", 1));
        let rig = rig(move |request, _| {
            answer(
                total.clone(),
                &rows,
                param(request, "offset").unwrap().parse().unwrap(),
                10,
            )
        });
        let reply = sought(&rig).await;
        assert!(
            matches!(reply.answer, Answer::Answered(Answered::Account(_))),
            "{reply:?}"
        );
    }
    // A page that is empty before the total is reached.
    let rig = rig(move |_, _| answer(json!(5), &[], 0, 50));
    assert_eq!(
        sought(&rig).await.answer,
        Answer::Silent(Silence::Unreadable { http: 200 })
    );
}

proptest! {
    /// Accounts leave the list between any two pages; ours, which stays, is always found.
    #[test]
    fn ours_is_found_while_others_leave(
        place in 0_usize..200,
        leaving in prop::collection::vec(prop::collection::vec(0_usize..200, 0..30), 0..8),
    ) {
        let mut rows = others(199, 5_000);
        rows.insert(place, row(1, "888", 5_000 - i64::try_from(place).unwrap()));
        let rows = Arc::new(Mutex::new((rows, leaving)));
        let rig = rig(move |request, _| {
            let offset = param(request, "offset").unwrap().parse().unwrap();
            if param(request, "status").as_deref() != Some("1002") {
                return page(&[], 0, 50);
            }
            let mut state = rows.lock().unwrap();
            let answer = page(&state.0, offset, 50);
            for gone in state.1.pop().unwrap_or_default() {
                if state.0.get(gone).is_some_and(|row| row["resellerId"] != "1") {
                    state.0.remove(gone);
                }
            }
            answer
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let reply = runtime.block_on(sought(&rig));
        prop_assert!(matches!(reply.answer, Answer::Answered(Answered::Account(_))), "{:?}", reply);
    }
}
