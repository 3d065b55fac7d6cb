//! Which account a row means.

use super::*;

fn entry(id: &str, reference: &str, company: &str) -> Value {
    json!({ "resellerId": id, "externalReferenceId": reference, "creationDate": "2019-05-02T22:49:52Z",
            "companyProfile": { "companyName": company } })
}

/// A provider with these lists of accounts by status, and every account that is asked for.
fn listing(lists: Vec<(&'static str, Vec<Value>)>) -> Rig {
    rig(move |request| {
        if let Some(id) = request.url.path().strip_prefix("/v3/resellers/") {
            return Exchange::response(200, with(stored(), "/resellerId", id.into()).to_string());
        }
        let asked = |name: &str| {
            request
                .url
                .query_pairs()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.into_owned())
        };
        let status = asked("status").unwrap();
        assert_eq!(asked("company-name").as_deref(), Some("Fairmont"));
        let rows = lists
            .iter()
            .find(|(known, _)| *known == status)
            .map(|(_, rows)| rows.clone())
            .unwrap_or_default();
        Exchange::response(
            200,
            json!({ "totalCount": rows.len(), "offset": 0, "accounts": rows }).to_string(),
        )
    })
}

fn by_reference() -> SubmitCall {
    call(&json!({ "reseller": null, "reference": "888", "body": { "companyProfile": { "companyName": "Fairmont" } } }).to_string())
}

/// The account that was looked at, or what was answered in its place; and how many pages it took.
async fn found(lists: Vec<(&'static str, Vec<Value>)>) -> (String, usize) {
    let rig = listing(lists);
    let reply = rig.update.submit(&by_reference()).await;
    let pages = rig.transport.calls("/v3/resellers").len();
    match reply.answer {
        Answer::Answered(Answered::Unchanged(seen)) => (seen.account.to_string(), pages),
        other => (told(&other), pages),
    }
}

#[tokio::test(start_paused = true)]
async fn by_reference_under_whatever_status() {
    let ours = |id| vec![entry("7", "889", "Fairmont"), entry(id, "888", "FAIRMONT")];
    let is = |text: &str, pages| (text.to_owned(), pages);
    assert_eq!(found(vec![("1000", ours("1"))]).await, is("1", 3));
    assert_eq!(found(vec![("1002", ours("2"))]).await, is("2", 3));
    assert_eq!(found(vec![("1004", ours("3"))]).await, is("3", 3));
    let (answer, pages) = found(vec![("1000", ours("1")), ("1004", ours("3"))]).await;
    assert!(answer.contains("several_accounts") && pages == 3, "{answer}");
    assert_eq!(
        found(vec![("1002", ours("1")), ("1000", ours("1"))]).await,
        is("1", 3),
        "it settled between the two lists"
    );
    assert_eq!(found(vec![]).await, is("Answered(NotFound)", 3));
    let mut keyless = entry("5", "", "Fairmont");
    keyless["externalReferenceId"] = Value::Null;
    assert_eq!(
        found(vec![("1000", vec![keyless])]).await,
        is("Answered(NotFound)", 3),
        "an account without a reference is nobody's"
    );
    let other_company = || vec![entry("4", "888", "Elsewhere")];
    assert_eq!(
        found(vec![("1000", other_company()), ("1004", ours("3"))]).await,
        is("3", 3)
    );
    assert_eq!(
        found(vec![("1000", other_company())]).await,
        is("4", 3),
        "told by its name when it is compared"
    );
}

#[tokio::test(start_paused = true)]
async fn several_are_not_chosen_from() {
    let two = vec![entry("1", "888", "Fairmont"), entry("2", "888", "Fairmont")];
    let rig = listing(vec![("1000", two)]);
    let answer = rig.update.submit(&by_reference()).await.answer;
    assert_eq!(told(&answer), "rejected several_accounts externalReferenceId");
    assert!(format!("{answer:?}").contains("2 accounts have this reference: 1, 2; name the one"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_finds_nothing_for_certain() {
    let (text, _) = found(vec![("1000", vec![json!("odd")])]).await;
    assert_eq!(text, "NotSent(\"the list of accounts could not be read whole\")");
    let rig = rig(|_| Exchange::response(503, ""));
    let answer = rig.update.submit(&by_reference()).await.answer;
    assert_eq!(
        told(&answer),
        "NotSent(\"the account could not be read: HTTP 503\")"
    );
}

#[tokio::test(start_paused = true)]
async fn the_rows_own_id_goes_before_the_known_one_and_that_before_a_list() {
    let known = |payload: &str| SubmitCall {
        account: Some(AccountId::new("1111")),
        ..call(payload)
    };
    for (payload, wanted) in [
        (
            r#"{"reseller":"2222","reference":"888","body":{"companyProfile":{}}}"#,
            "2222",
        ),
        (
            r#"{"reseller":null,"reference":"888","body":{"companyProfile":{}}}"#,
            "1111",
        ),
    ] {
        let rig = listing(vec![]);
        let answer = rig.update.submit(&known(payload)).await.answer;
        assert!(
            matches!(answer, Answer::Answered(Answered::Unchanged(seen)) if seen.account.as_str() == wanted)
        );
        assert!(rig.transport.calls("/v3/resellers").is_empty());
    }
}
