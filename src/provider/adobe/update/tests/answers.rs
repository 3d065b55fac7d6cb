//! What a look and a PATCH are answered, and what is made of it.

use super::*;

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
