//! Sign-ups that were refused (providers.md 3.3).

use bytes::Bytes;

use super::*;

/// Every shape of providers.md 3.3 under the statuses that it comes with.
#[test]
fn refusals_of_the_service() {
    for (body, wanted) in [
        (r#"{"status":"ERROR","message":"m"}"#, "rejected ERROR  m"),
        (r#"{"status":"error","error":"m"}"#, "rejected error  m"),
        (
            r#"{"status":"Failed","actionstatusdesc":"m"}"#,
            "rejected Failed  m",
        ),
        (
            r#"{"status":"Success","actionstatus":"Failed","actionstatusdesc":"m"}"#,
            "rejected Failed  m",
        ),
        ("false", "rejected false  the provider said no, and not why"),
        (
            "<r><status>ERROR</status><message>m</message></r>",
            "rejected ERROR  m",
        ),
        (
            "<map><entry><string>status</string><string>ERROR</string></entry>\
             <entry><string>message</string><string>m</string></entry></map>",
            "rejected ERROR  m",
        ),
        (
            r#"{"status":"ERROR","message":"Invalid value for parameter: zipcode, phone-cc"}"#,
            "rejected ERROR zipcode Invalid value for parameter: zipcode, phone-cc | \
             ERROR phone-cc Invalid value for parameter: zipcode, phone-cc",
        ),
        (r#"{"status":"AlreadyReseller"}"#, "taken AlreadyReseller  "),
        (
            r#"{"status":"ERROR","message":"AlreadyReseller"}"#,
            "taken ERROR  AlreadyReseller",
        ),
        (
            r#"{"status":"ERROR","message":"There is already an action pending on this Order."}"#,
            "Silent(Busy)",
        ),
        (
            DENIED,
            "denied ERROR  Authentication failed: invalid auth-userid or api-key",
        ),
        (
            r#"{"status":"ERROR","message":"Access denied: your IP address is not on the list"}"#,
            "denied ERROR  Access denied: your IP address is not on the list",
        ),
        (
            r#"{"status":"ERROR","message":"Too many requests"}"#,
            "throttled None",
        ),
        (
            r#"{"status":"ERROR","message":"An unexpected error occurred"}"#,
            "ambiguous ERROR  An unexpected error occurred",
        ),
        (
            r#"{"status":"ERROR","message":"passwd=Abcdef1~x is no good"}"#,
            "rejected ERROR passwd passwd=(secret) is no good",
        ),
        (
            r#"{"status":"ERROR","resellerid":"7","message":"m"}"#,
            "rejected ERROR  m",
        ),
    ] {
        for status in [200, 400, 404, 500] {
            assert_eq!(on_signup(status, body), wanted, "{status} {body}");
        }
    }
}

/// Under 502, 503 and 504 something between may have written the words, after the account was made.
#[test]
fn words_under_the_status_of_a_gateway_end_a_row_only_if_they_name_a_fault_of_its_own() {
    for (message, wanted) in [
        ("m", "ambiguous ERROR  m"),
        ("", "ambiguous ERROR  "),
        (
            "Invalid response from upstream",
            "ambiguous ERROR  Invalid response from upstream",
        ),
        (
            "Invalid server name or state",
            "ambiguous ERROR  Invalid server name or state",
        ),
        (
            "The service is missing. Write to us by email",
            "ambiguous ERROR  The service is missing. Write to us by email",
        ),
        ("No Entity found", "ambiguous ERROR  No Entity found"),
        (
            "Calls from your country must be allowed by the company",
            "ambiguous ERROR  Calls from your country must be allowed by the company",
        ),
        (
            "An unexpected error occurred",
            "ambiguous ERROR  An unexpected error occurred",
        ),
        // What is looked up anyway, or leaves the row as it was, stays what it is.
        ("Access denied", "denied ERROR  Access denied"),
        ("Too many requests", "throttled None"),
        (
            "There is already an action pending on this Order.",
            "Silent(Busy)",
        ),
        ("AlreadyReseller", "taken ERROR  AlreadyReseller"),
        // A proxy knows no parameter of ours.
        (
            "Invalid value for parameter: zipcode",
            "rejected ERROR zipcode Invalid value for parameter: zipcode",
        ),
        (
            "Invalid zipcode, email",
            "rejected ERROR zipcode Invalid zipcode, email | ERROR username Invalid zipcode, email",
        ),
        (
            "Required parameter missing: name",
            "rejected ERROR name Required parameter missing: name",
        ),
        (
            "The password is too weak",
            "rejected ERROR passwd The password is too weak",
        ),
    ] {
        let json = serde_json::json!({ "status": "ERROR", "message": message }).to_string();
        let xml = format!("<r><status>ERROR</status><message>{message}</message></r>");
        for (status, body) in [(502, &json), (503, &json), (504, &json), (502, &xml), (503, &xml)] {
            assert_eq!(on_signup(status, body), wanted, "{status} {body}");
        }
    }
    assert_eq!(
        on_signup(502, "false"),
        "ambiguous false  the provider said no, and not why"
    );
    let made = r#"{"status":"Success","resellerid":"7"}"#;
    assert_eq!(on_signup(502, made), "account 7 Success Pending");
}

/// Where the HTTP status says more than the body.
#[test]
fn refusals_of_a_gateway() {
    let error = r#"{"status":"ERROR","message":"m"}"#;
    for (status, body, wanted) in [
        (401, error, "denied ERROR  m"),
        (403, error, "denied ERROR  m"),
        (
            403,
            HTML,
            "denied HTTP 403  the provider does not let us in, and does not say why",
        ),
        (
            401,
            "",
            "denied HTTP 401  the provider does not let us in, and does not say why",
        ),
        (429, error, "throttled None"),
        (429, HTML, "throttled None"),
        (429, r#"{"status":"AlreadyReseller"}"#, "taken AlreadyReseller  "),
        (405, error, "wrong address ERROR"),
        (404, HTML, "wrong address HTTP 404"),
        (405, "", "wrong address HTTP 405"),
        (413, HTML, "wrong address HTTP 413"),
        (404, "{}", "wrong address HTTP 404"),
    ] {
        assert_eq!(on_signup(status, body), wanted, "{status} {body}");
    }
    let head = Head {
        retry_after: Some("7".to_owned()),
        ..Head::of(429)
    };
    let exchange = Exchange::Response {
        head,
        body: Bytes::new(),
    };
    assert_eq!(
        short(&signup(&Heard::of(exchange), &asked(), false, NOON)),
        "throttled Some(7s)"
    );
}
