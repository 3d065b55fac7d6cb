//! Where a job connects to, as whom, and what is refused there.

use super::*;

fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| {
        pairs
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    }
}

const CREDENTIALS: [(&str, &str); 3] = [
    ("ENLIST_ADOBE_CLIENT_ID", "client"),
    ("ENLIST_ADOBE_CLIENT_SECRET", "s3cret"),
    ("ENLIST_ADOBE_DISTRIBUTOR_ID", "D-12345"),
];

#[test]
fn a_connection_is_filled_in_from_the_environment() {
    let job = shipped(&["connection.base_url=HTTPS://Partners.Adobe.io:443/"])
        .unwrap()
        .job;
    let access = job.access(&env(&CREDENTIALS)).unwrap();
    assert_eq!(
        access.scope,
        Scope {
            provider: "adobe".into(),
            account: "D-12345@https://partners.adobe.io".into()
        }
    );
    assert_eq!(
        (access.client_id.as_str(), access.client_secret.expose_secret()),
        ("client", "s3cret")
    );
    assert_eq!(job.scope(&env(&CREDENTIALS[2..])).unwrap(), access.scope);
    assert!(!format!("{access:?}").contains("s3cret"));
}

#[test]
fn what_is_missing_is_named() {
    let job = shipped(&[]).unwrap().job;
    assert_snapshot!(job.access(&env(&[])).unwrap_err());
    let hint = "set ENLIST_ADOBE_DISTRIBUTOR_ID to your own distributor id";
    assert_eq!(job.scope(&env(&[])).unwrap_err().faults[0].hint, hint);
    // The simulator takes the sample.
    let job = shipped(&["connection.base_url=http://127.0.0.1:1"]).unwrap().job;
    assert_eq!(
        job.scope(&env(&[])).unwrap().account,
        "345434543@http://127.0.0.1:1"
    );
}

#[test]
fn addresses_that_are_refused() {
    let fault = |url: &str, more: &str| {
        let sets = [format!("connection.base_url={url}"), more.to_owned()];
        Job::parse(SHIPPED, "x", &sets)
            .err()
            .map(|error| error.faults[0].message.clone())
    };
    let more = "poll.in_sets=true";
    for url in [
        "ftp://h",
        "nothing",
        "https://",
        "http://example.com",
        "https://u@h",
        "https://h?x=1",
        "https://h#x",
    ] {
        assert!(fault(url, more).is_some(), "{url}");
    }
    for url in [
        "https://h/base/",
        "http://127.0.0.1:8080",
        "http://[::1]:80",
        "http://localhost",
        "http://a.localhost",
    ] {
        assert_eq!(fault(url, more), None, "{url}");
    }
    assert_eq!(
        fault("http://simulator:8080", "connection.insecure_http=true"),
        None
    );
}
