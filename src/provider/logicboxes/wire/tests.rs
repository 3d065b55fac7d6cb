use uuid::Uuid;

use super::*;

fn base() -> Url {
    Url::parse("https://httpapi.com/api/").unwrap()
}

fn credentials(place: CredentialsIn) -> Credentials {
    Credentials {
        auth_userid: "4711".to_owned(),
        api_key: "k3y&=+".to_owned().into(),
        place,
    }
}

fn request(ask: &Ask, place: CredentialsIn) -> HttpRequest {
    let correlation_id = CorrelationId::fresh(Uuid::from_u128(1));
    ask.request(
        &credentials(place),
        correlation_id,
        RequestId::fresh(Uuid::from_u128(2)),
    )
}

const PAYLOAD: &str = "username=a%2Bb%40c.de&passwd=Abcdef1%7Ex";

#[test]
fn a_sign_up_carries_its_credentials_where_it_is_told_to() {
    let ask = |format| Ask::signup(&base(), format, PAYLOAD.into());
    let known = "auth-userid=4711&api-key=k3y%26%3D%2B";
    let in_body = request(&ask(Format::Json), CredentialsIn::Body);
    assert_eq!(
        in_body.url.as_str(),
        "https://httpapi.com/api/resellers/v2/signup.json"
    );
    assert_eq!(in_body.body.bytes(), format!("{known}&{PAYLOAD}").as_bytes());
    let in_query = request(&ask(Format::Xml), CredentialsIn::Query);
    assert_eq!(
        in_query.url.as_str(),
        format!("https://httpapi.com/api/resellers/v2/signup.xml?{known}")
    );
    assert_eq!(in_query.body.bytes(), PAYLOAD.as_bytes());
    for request in [&in_body, &in_query] {
        assert_eq!(request.method, Method::Post);
        assert_eq!(
            request.header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        for secret in ["k3y", "Abcdef", "4711"] {
            assert!(!format!("{request:?}").contains(secret), "{request:?}");
        }
    }
    assert!(!format!("{:?}", credentials(CredentialsIn::Body)).contains("k3y"));
}

#[test]
fn reads_carry_all_in_the_query() {
    let known = "auth-userid=4711&api-key=k3y%26%3D%2B";
    let search = Search {
        username: Some("a+b@c.de"),
        account: None,
        since: Some(Timestamp::from_ms(1_700_000_000_999)),
        page: 2,
    };
    let wanted = "no-of-records=50&page-no=2&username=a%2Bb%40c.de&creation-date-start=1700000000";
    let unbounded = Search {
        username: None,
        account: Some("7"),
        since: None,
        page: 1,
    };
    for place in [CredentialsIn::Body, CredentialsIn::Query] {
        for (ask, url) in [
            (
                Ask::search(&base(), Format::Json, &search),
                format!("search.json?{wanted}&{known}"),
            ),
            (
                Ask::search(&base(), Format::Xml, &unbounded),
                format!("search.xml?no-of-records=50&page-no=1&reseller-id=7&{known}"),
            ),
            (
                Ask::details(&base(), Format::Json, &AccountId::new("7")),
                format!("details.json?reseller-id=7&{known}"),
            ),
        ] {
            let request = request(&ask, place);
            assert_eq!(
                request.url.as_str(),
                format!("https://httpapi.com/api/resellers/{url}")
            );
            assert_eq!((request.method, request.body.bytes()), (Method::Get, &b""[..]));
            assert_eq!(request.header("content-type"), None);
        }
    }
}

#[test]
fn account_ids_are_numbers() {
    for (text, id) in [
        ("7", Some("7")),
        (" 12345678 ", Some("12345678")),
        ("0", None),
        ("000", None),
        ("", None),
        ("-7", None),
        ("7.0", None),
        ("1e3", None),
        ("7/../8", None),
        ("٧", None),
        ("123456789012345678901", None),
    ] {
        assert_eq!(account_id(text), id.map(AccountId::new), "{text}");
    }
}

fn page(body: &str) -> Option<Page> {
    Page::parse(&Said::parse(body.as_bytes())?)
}

#[test]
fn pages() {
    let hit = |id: &str, username: &str, status: Option<&str>| {
        Some(Hit {
            account: account_id(id),
            username: Some(username.to_owned()),
            status: status.map(str::to_owned),
        })
    };
    for (body, total, rows) in [
        (r#"{"recsonpage":"0","recsindb":"0"}"#, Some(0), vec![]),
        (r#"{"recsonpage":0}"#, None, vec![]),
        (
            r#"{"recsonpage":"2","recsindb":"12","1":{"reseller.resellerid":"7","reseller.username":"a@b.cd",
                "reseller.resellerstatus":"Active","reseller.name":"N"},"2":{"resellerid":8,"username":"x@b.cd"}}"#,
            Some(12),
            vec![hit("7", "a@b.cd", Some("Active")), hit("8", "x@b.cd", None)],
        ),
        (
            r#"<r><recsonpage>1</recsonpage><entry key="1"><reseller.resellerid>7</reseller.resellerid>
                <reseller.username>a@b.cd</reseller.username><reseller.resellerstatus/></entry></r>"#,
            None,
            vec![hit("7", "a@b.cd", Some(""))],
        ),
        (r#"{"1":"odd","recsindb":"1"}"#, Some(1), vec![None]),
        // A hit that is counted and not there.
        (
            r#"{"recsonpage":"2","1":{"resellerid":"8","username":"x@b.cd"}}"#,
            None,
            vec![hit("8", "x@b.cd", None), None],
        ),
        (
            r#"{"recsonpage":"1","1":{"resellerid":"x"}}"#,
            None,
            vec![Some(Hit::default())],
        ),
    ] {
        assert_eq!(page(body), Some(Page { total, rows }), "{body}");
    }
    for body in [
        "{}",
        r#"{"resellerid":"7"}"#,
        r#"{"status":"Success"}"#,
        "true",
        "[]",
    ] {
        assert_eq!(page(body), None, "{body}");
    }
    let many = page(r#"{"recsonpage":"99999999999"}"#).unwrap();
    assert_eq!(u64::try_from(many.rows.len()), Ok(PAGE_ROWS));
}
