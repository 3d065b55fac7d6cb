use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;

fn read(text: &str) -> (RedisAddress, Option<String>) {
    let (address, password) = RedisAddress::parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    (
        address,
        password.map(|password| password.expose_secret().to_owned()),
    )
}

#[test]
fn every_kind_of_address() {
    let table = [
        ("redis://localhost", "redis://localhost:6379/0"),
        ("redis://localhost/", "redis://localhost:6379/0"),
        (
            "redis://h:7/3?ledger=spring-26_b",
            "redis://h:7/3?ledger=spring-26_b",
        ),
        ("redis://h?ledger=enlist", "redis://h:6379/0"),
        ("redis://me@10.0.0.1:7/0", "redis://me@10.0.0.1:7/0"),
        ("redis://m%40e@h", "redis://m%40e@h:6379/0"),
        ("redis://:secret@h", "redis://h:6379/0"),
        ("redis://me:secret@h", "redis://me@h:6379/0"),
        ("redis://[::1]:7/0", "redis://[::1]:7/0"),
        ("redis://[fe80::1]", "redis://[fe80::1]:6379/0"),
        ("rediss://h", "rediss://h:6379/0"),
        (
            "rediss://h?ca=/etc/own%20ca.pem",
            "rediss://h:6379/0?ca=/etc/own%20ca.pem",
        ),
        (
            "rediss://h?cert=c.pem&key=k.pem",
            "rediss://h:6379/0?cert=c.pem&key=k.pem",
        ),
        ("redis+unix:///run/r.sock", "redis+unix:///run/r.sock"),
        ("unix:/run/r.sock", "redis+unix:///run/r.sock"),
        (
            "unix:///run/r.sock?db=2&ledger=x",
            "redis+unix:///run/r.sock?db=2&ledger=x",
        ),
        ("redis+unix://me@/a%3Fb", "redis+unix://me@/a%3Fb"),
        (
            "redis+sentinel://a,b:1,[::1]:2/my.master/4?ledger=x",
            "redis+sentinel://a:26379,b:1,[::1]:2/my.master/4?ledger=x",
        ),
        ("rediss+sentinel://a/m", "rediss+sentinel://a:26379/m/0"),
        ("redis+cluster://a,b:7001", "redis+cluster://a:6379,b:7001"),
        (
            "rediss+cluster://me:p@a/0?ledger=x",
            "rediss+cluster://me@a:6379?ledger=x",
        ),
    ];
    for (text, shown) in table {
        let (address, _) = read(text);
        assert_eq!(address.to_string(), shown, "{text}");
        assert_eq!(read(shown).0, address, "{text}");
    }
}

#[test]
fn a_password_is_taken_out_and_never_shown() {
    for (text, password) in [
        ("redis://h", None),
        ("redis://me@h", None),
        ("redis://me:@h", None),
        ("redis://:s3cret@h", Some("s3cret")),
        ("redis://me:s3cret@h", Some("s3cret")),
        ("redis://me:a:b@c@h", Some("a:b@c")),
        ("redis://me:a%2Fb%25@h", Some("a/b%")),
        ("redis+unix://me:s3cret@/run/r.sock", Some("s3cret")),
        ("redis+cluster://:s3cret@a,b", Some("s3cret")),
    ] {
        let (address, found) = read(text);
        assert_eq!(found.as_deref(), password, "{text}");
        assert!(!format!("{address} {address:?}").contains("s3cret"), "{text}");
    }
}

#[test]
fn what_is_no_address_is_refused_without_repeating_a_secret() {
    let table = [
        ("redis:", "names no host"),
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://h:0", "the port"),
        ("redis://h:70000", "the port"),
        ("redis://h:", "the port"),
        ("redis://h/x", "not a number"),
        ("redis://h/-1", "not a number"),
        ("redis://h/+1", "not a number"),
        ("redis://h/70000", "not a number"),
        ("redis://h/0/1", "not a number"),
        ("redis://a,b", "more than one host"),
        ("redis://h h", "names no host"),
        ("redis://h?ledger=", "names no ledger"),
        ("redis://h?ledger=Spring", "names no ledger"),
        ("redis://h?ledger=a{b}", "names no ledger"),
        ("redis://h?lodger=a", "does not know `lodger`"),
        ("redis://h?db=1", "does not know `db`"),
        ("redis://h?ca=x", "does not know `ca`"),
        ("redis://h?pass=s3cret", "does not know `pass`"),
        ("rediss://h?ca=", "names no file"),
        ("rediss://h?cert=x", "one of `cert` and `key`"),
        ("redis+unix://run/r.sock", "names no socket"),
        ("redis+unix:run/r.sock", "names no socket"),
        ("unix:", "names no socket"),
        ("unix:/run/", "names no socket"),
        ("redis+sentinel://h", "names no master"),
        ("redis+sentinel://h/m m", "names no master"),
        ("redis+cluster://h/1", "names a database"),
        ("redis://u:s3cret/x@h", "has an @ after"),
        ("redis://u:%FFs3cret@h", "%XX"),
        ("redis://u:s3cret@h:x", "the port"),
        ("postgres://h", "is not an address"),
        ("redis", "names no host"),
    ];
    for (text, part) in table {
        let wrong = RedisAddress::parse(text).map(|_| ()).unwrap_err();
        assert!(wrong.message.contains(part), "{text}: {wrong:?}");
        assert!(!format!("{wrong:?}").contains("s3cret"), "{text}: {wrong:?}");
    }
    let many = vec!["h"; 17].join(",");
    assert!(RedisAddress::parse(&format!("redis+cluster://{many}")).is_err());
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_and_nothing_panics(
        scheme in proptest::sample::select(parse::SCHEMES.to_vec()),
        rest in "[/a-c:@,?=&%0-9\\[\\]]{0,40}",
    ) {
        for text in [format!("{scheme}:{rest}"), format!("{scheme}://{rest}"), format!("{scheme}://a/{rest}")] {
            if let Ok((address, _)) = RedisAddress::parse(&text) {
                let (again, password) = RedisAddress::parse(&address.to_string()).unwrap();
                prop_assert_eq!(&again, &address);
                prop_assert!(password.is_none());
            }
        }
    }
}
