use serde_json::{Map, Value, json};

use super::*;
use crate::domain::answer::{InactiveReason, Meaning, Refused};
use crate::domain::ids::RowKey;
use crate::engine::ports::Provider as _;
use crate::provider::logicboxes::client::tests::{PAYLOAD, Rig, SEARCH, rig};
use crate::provider::testing::NOON;
use crate::provider::transport::Exchange;

const OURS: &str = "Mickey+r@mouse.com";

fn call(any_age: bool) -> LookUpCall {
    LookUpCall {
        key: RowKey::new("R-1").unwrap(),
        payload: PAYLOAD.into(),
        sent_after: NOON,
        any_age,
    }
}

/// A page of hits, of how many there are.
fn page(total: Option<usize>, hits: &[Value]) -> String {
    let mut map = Map::new();
    map.insert("recsonpage".to_owned(), hits.len().to_string().into());
    map.extend(total.map(|total| ("recsindb".to_owned(), total.to_string().into())));
    for (at, hit) in hits.iter().enumerate() {
        map.insert((at + 1).to_string(), hit.clone());
    }
    Value::Object(map).to_string()
}

fn hit(id: u32, username: &str, status: &str) -> Value {
    json!({ "reseller.resellerid": id.to_string(), "reseller.username": username, "reseller.resellerstatus": status })
}

/// An adapter whose searches bring these pages, and after them empty ones.
fn with_pages(pages: Vec<String>) -> Rig {
    rig(move |request| {
        assert_eq!(request.url.path(), SEARCH);
        let number = request
            .url
            .query_pairs()
            .find(|(name, _)| name == "page-no")
            .unwrap()
            .1
            .parse::<usize>();
        let page = pages.get(number.unwrap() - 1).cloned();
        Exchange::response(200, page.unwrap_or_else(|| self::page(None, &[])))
    })
}

/// What a look-up comes to, in a line, and how many searches it took.
async fn looked(pages: Vec<String>) -> (String, u32) {
    let reply = with_pages(pages).logicboxes.look_up(&call(false)).await;
    let said = match reply.answer {
        Answer::Answered(Answered::Account(seen)) => format!("{} {:?}", seen.account, seen.meaning),
        Answer::Answered(Answered::NotFound) => "not found".to_owned(),
        other => format!("{other:?}"),
    };
    (said, reply.exchanges)
}

#[tokio::test(start_paused = true)]
async fn what_is_found() {
    let from = |first: u32, count: u32| -> Vec<Value> {
        (first..first + count)
            .map(|id| hit(id, &format!("x{OURS}"), "Active"))
            .collect()
    };
    let others = |count| from(100, count);
    let doubt = "Silent(Unreadable { http: 200 })";
    let odd = json!({ "reseller.resellerid": "7" });
    let mut last = others(2);
    last.push(hit(7, "mickey+R@mouse.com", "Active"));
    for (pages, wanted, exchanges) in [
        (vec![page(Some(0), &[])], "not found", 1),
        (vec![page(None, &[])], "not found", 1),
        (vec![page(Some(1), &[hit(7, OURS, "Active")])], "7 Active", 1),
        (
            vec![page(Some(1), &[hit(7, " MICKEY+R@mouse.COM", "InActive")])],
            "7 Awaiting",
            1,
        ),
        (
            vec![page(Some(1), &[hit(7, OURS, "Suspended")])],
            "7 Inactive(Blocked)",
            1,
        ),
        // Part of another username is not it.
        (vec![page(Some(3), &others(3))], "not found", 1),
        (vec![page(Some(3), &last)], "7 Active", 1),
        // It may be on a later page.
        (
            vec![page(Some(53), &others(50)), page(Some(53), &last)],
            "7 Active",
            2,
        ),
        (vec![page(None, &others(50)), page(None, &last)], "7 Active", 2),
        // Without a total the pages end with an empty one, however short those before it are.
        (
            vec![page(None, &others(10)), page(None, &from(200, 3))],
            "not found",
            3,
        ),
        (
            vec![page(None, &others(3)), page(None, &[hit(7, OURS, "Active")])],
            "7 Active",
            2,
        ),
        // A page that comes again is not the next one, which may hold it.
        (
            vec![page(Some(100), &others(50)), page(Some(100), &others(50))],
            doubt,
            2,
        ),
        (vec![page(None, &others(50)), page(None, &others(50))], doubt, 2),
        (vec![page(Some(2), &[others(1), others(1)].concat())], doubt, 2),
        // One that moved on to the next page is read twice, and the last one is still missing.
        (
            vec![
                page(Some(4), &from(100, 2)),
                page(Some(4), &from(101, 2)),
                page(Some(4), &[hit(7, OURS, "Active")]),
            ],
            "7 Active",
            3,
        ),
        // An account that is no more stands back for another.
        (
            vec![page(Some(2), &[hit(6, OURS, "Deleted"), hit(7, OURS, "Active")])],
            "7 Active",
            1,
        ),
        (
            vec![
                page(Some(51), &[hit(6, OURS, "Deleted")]),
                page(Some(51), &others(50)),
            ],
            "6 Inactive(Unspecified)",
            2,
        ),
        (
            vec![page(Some(1), &[hit(6, OURS, "Deleted")])],
            "6 Inactive(Unspecified)",
            1,
        ),
        // What cannot be told is no "not found".
        (vec![page(Some(1), std::slice::from_ref(&odd))], doubt, 1),
        (vec![page(Some(1), &[hit(4711, OURS, "Active")])], doubt, 1),
        (
            vec![page(Some(2), &[odd.clone(), hit(7, OURS, "Active")])],
            "7 Active",
            1,
        ),
        (vec![page(Some(2), &[odd, hit(6, OURS, "Deleted")])], doubt, 1),
        (vec![page(Some(1), &[json!("odd")])], doubt, 1),
        (vec![page(Some(3), &[])], doubt, 1),
        (vec![page(Some(60), &others(50)), page(None, &[])], doubt, 2),
        (vec!["{}".to_owned()], doubt, 1),
        (
            (0..50)
                .map(|at| page(Some(9_999), &from(100 + 50 * at, 50)))
                .collect(),
            doubt,
            40,
        ),
    ] {
        assert_eq!(
            looked(pages.clone()).await,
            (wanted.to_owned(), exchanges),
            "{pages:.300?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_is_the_answer() {
    let denied = r#"{"status":"ERROR","message":"Access denied"}"#;
    let rig = rig(move |_| Exchange::response(500, denied));
    let reply = rig.logicboxes.look_up(&call(false)).await;
    assert!(
        matches!(reply.answer, Answer::Refused(Refused::Denied(_))),
        "{reply:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn accounts_of_any_age_count_before_the_first_send() {
    for any_age in [true, false] {
        let rig = with_pages(vec![page(Some(1), &[hit(6, OURS, "Deleted")])]);
        let reply = rig.logicboxes.look_up(&call(any_age)).await;
        assert!(matches!(&reply.answer, Answer::Answered(Answered::Account(seen))
                if seen.meaning == Meaning::Inactive(InactiveReason::Unspecified)));
        let asked = rig.transport.calls(SEARCH);
        let since = asked[0]
            .url
            .query_pairs()
            .find(|(name, _)| name == "creation-date-start");
        let since = since.map(|(_, value)| value.parse::<i64>().unwrap());
        assert_eq!(since, (!any_age).then_some(NOON.as_ms() / 1000 - 600));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_username_nothing_is_asked() {
    let rig = with_pages(Vec::new());
    let nameless = LookUpCall {
        payload: "passwd=x".into(),
        ..call(true)
    };
    let reply = rig.logicboxes.look_up(&nameless).await;
    assert!(
        matches!(reply.answer, Answer::NotSent(_)) && reply.exchanges == 0,
        "{reply:?}"
    );
}
