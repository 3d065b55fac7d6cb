mod reads;
mod refusals;

use proptest::prelude::*;

use super::*;
use crate::provider::testing::NOON;

/// An answer in a line, to be read in a table.
fn short(answer: &Answer) -> String {
    let error = |error: &RowError| format!("{} {} {}", error.code, error.field, error.message);
    match answer {
        Answer::Answered(Answered::Account(seen)) => {
            format!("account {} {} {:?}", seen.account, seen.status, seen.meaning)
        }
        Answer::Answered(Answered::Taken(about)) => format!("taken {}", error(about)),
        Answer::Answered(Answered::Rejected(errors)) => {
            format!(
                "rejected {}",
                errors.iter().map(error).collect::<Vec<_>>().join(" | ")
            )
        }
        Answer::Answered(Answered::Ambiguous(about)) => format!("ambiguous {}", error(about)),
        Answer::Answered(Answered::Missing) => "missing".to_owned(),
        Answer::Refused(Refused::Throttled { retry_after }) => format!("throttled {retry_after:?}"),
        Answer::Refused(Refused::Denied(about)) => format!("denied {}", error(about)),
        Answer::Refused(Refused::WrongAddress(about)) => format!("wrong address {}", about.code),
        other => format!("{other:?}"),
    }
}

fn asked() -> Asked {
    Asked {
        own: "4711".to_owned(),
        secrets: Secrets::of(["k3y-k3y", "Abcdef1~x"]),
        values: Values::default(),
    }
}

fn on_signup(status: u16, body: &str) -> String {
    short(&signup(
        &Heard::of(Exchange::response(status, body.to_owned())),
        &asked(),
        false,
        NOON,
    ))
}

const HTML: &str = "<html><body>Bad Gateway</body></html>";
const DENIED: &str =
    r#"{"status":"ERROR","message":"Authentication failed: invalid auth-userid or api-key"}"#;

/// Accounts, under every form of answer (providers.md 3.2). The HTTP status does not matter.
#[test]
fn accounts_made() {
    for (body, wanted) in [
        (
            r#"{"status":"Success","resellerid":"7"}"#,
            "account 7 Success Pending",
        ),
        (
            r#"{"status":"Success","resellerid":7}"#,
            "account 7 Success Pending",
        ),
        (r#"{"resellerid":"7"}"#, "account 7  Pending"),
        (
            r#"{"activationstatus":"ManualActivation","eaqid":"9","status":"PendingExecution","resellerid":"7","minreceiptrequired":"0"}"#,
            "account 7 PendingExecution Awaiting",
        ),
        (
            r#"{"activationstatus":"ActivationOnTotalReceipts","eaqid":9,"status":"Success","resellerid":7,"minreceiptrequired":100}"#,
            "account 7 Success Awaiting",
        ),
        (
            "<r><status>Success</status><resellerid>7</resellerid></r>",
            "account 7 Success Pending",
        ),
        (
            "<map><entry><string>status</string><string>Success</string></entry>\
             <entry><string>resellerid</string><string>7</string></entry></map>",
            "account 7 Success Pending",
        ),
    ] {
        for status in [200, 201, 500] {
            assert_eq!(on_signup(status, body), wanted, "{status} {body}");
        }
    }
}

/// Anything that is neither: an account may have been made.
#[test]
fn silence() {
    let gateway = |http: u16| format!("Silent(Gateway {{ http: {http}, retry_after: None }})");
    let unreadable = |http: u16| format!("Silent(Unreadable {{ http: {http} }})");
    for status in [500, 502, 503, 504, 408] {
        for body in [
            "",
            HTML,
            "null",
            "[]",
            r#"{"message":"Internal server error"}"#,
            r#"{"status":"ERR"#,
            "Success",
        ] {
            assert_eq!(on_signup(status, body), gateway(status), "{status} {body}");
        }
    }
    for body in [
        "",
        HTML,
        "true",
        "Success",
        "12345",
        "{}",
        r#"{"status":"Success"}"#,
        r#"{"status":"Success","resellerid":"x"}"#,
        r#"{"status":"Success","resellerid":0}"#,
        r#"{"status":"Success","resellerid":{}}"#,
        // Our own account is no row's.
        r#"{"status":"Success","resellerid":"4711"}"#,
        r#"{"status":"PendingExecution","eaqid":"9"}"#,
        "<string>Success</string>",
        "<r><string>Success</string></r>",
    ] {
        assert_eq!(on_signup(200, body), unreadable(200), "{body}");
    }
    assert_eq!(on_signup(302, ""), unreadable(302));
    assert_eq!(on_signup(400, HTML), unreadable(400));
    for (exchange, wanted) in [
        (Exchange::NotSent("why".to_owned()), "NotSent(\"why\")".to_owned()),
        (Exchange::TimedOut, "Silent(TimedOut)".to_owned()),
        (
            Exchange::Broken("why".to_owned()),
            "Silent(Broken(\"why\"))".to_owned(),
        ),
        (Exchange::BodyCut { head: Head::of(200) }, unreadable(200)),
        (Exchange::BodyCut { head: Head::of(404) }, unreadable(404)),
        (Exchange::BodyTooLong { head: Head::of(500) }, gateway(500)),
    ] {
        assert_eq!(
            short(&signup(&Heard::of(exchange.clone()), &asked(), false, NOON)),
            wanted,
            "{exchange:?}"
        );
    }
}

#[test]
fn one_that_asked_to_be_active_at_once_is_looked_at_whatever_the_answer_tells() {
    let body = r#"{"activationstatus":"x","eaqid":"9","status":"Success","resellerid":"7"}"#;
    let exchange = Exchange::response(200, body);
    assert_eq!(
        short(&signup(&Heard::of(exchange), &asked(), true, NOON)),
        "account 7 Success Pending"
    );
}

#[test]
fn the_code_is_the_word_of_a_refusal() {
    for (body, word) in [
        (r#"{"status":"AlreadyReseller"}"#, Some("AlreadyReseller")),
        ("<r><status>ERROR</status><message>m</message></r>", Some("ERROR")),
        (r#"{"status":"Success","resellerid":"7"}"#, None),
        (HTML, None),
    ] {
        assert_eq!(
            Heard::of(Exchange::response(500, body)).code().as_deref(),
            word,
            "{body}"
        );
    }
    assert_eq!(Heard::of(Exchange::TimedOut).code(), None);
}

/// Bodies that nearly are answers.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "status",
        "message",
        "error",
        "actionstatus",
        "resellerid",
        "resellerstatus",
        "recsonpage",
        "recsindb",
        "1",
        "ERROR",
        "Success",
        "AlreadyReseller",
        "7",
        "4711",
        "<r>",
        "</r>",
        "<entry key=\"1\">",
        "</entry>",
        "<string>",
        "</string>",
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "&amp;",
        "&#0;",
        "&x;",
        "<![CDATA[",
        "]]>",
        "<?xml",
        "?>",
        "<!DOCTYPE",
        "true",
        "false",
        "null",
        "é",
        "\u{0}",
    ]);
    let soup = prop::collection::vec(words, 0..40).prop_map(|words| words.concat().into_bytes());
    prop_oneof![soup, prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn no_body_makes_it_panic_or_hands_out_our_own_account(status in 100..=999_u16, body in bodies()) {
        let heard = Heard::of(Exchange::response(status, body));
        let ours = |answer: Answer| match answer {
            Answer::Answered(Answered::Account(seen)) => seen.account.as_str() == "4711",
            _ => false,
        };
        prop_assert!(!ours(signup(&heard, &asked(), true, NOON)));
        prop_assert!(!ours(read(&heard, &AccountId::new("4711"), &asked(), NOON)));
        let rows = page(&heard, &asked(), NOON).map(|page| page.rows).unwrap_or_default();
        let seen = rows.iter().flatten().filter_map(|hit| seen(hit, &asked()));
        prop_assert!(seen.into_iter().all(|seen| seen.account.as_str() != "4711"));
        let _ = heard.code();
    }
}
