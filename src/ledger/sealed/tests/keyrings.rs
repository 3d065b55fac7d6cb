//! Keyrings as people write them, fresh keys, and names.

use secrecy::ExposeSecret as _;

use super::*;

#[test]
fn the_first_seals_and_all_open() {
    let text = format!("# remarks, with one comma\n{TWO}\n\n  {ONE} , {NAMING}\n");
    let ring = Keyring::parse(&text).unwrap();
    assert_eq!(ring.ids().collect::<Vec<_>>(), ["two", "one"]);
    assert!(ring.names().is_ok() && ring.has("one") && !ring.has("names"));
    assert_eq!(
        Keyring::parse(" \n").unwrap().can_seal().unwrap_err(),
        SealError::NoKeys
    );
    assert_eq!(
        Keyring::parse(ONE).unwrap().names().unwrap_err(),
        SealError::NoNames
    );
    assert_eq!(
        format!("{ring:?}"),
        r#"Keyring { keys: ["two", "one"], names: true }"#
    );
}

#[test]
fn what_is_wrong_is_told_and_no_key_is_shown() {
    let key = || KeyringError::Key { id: "k".into() };
    let twice = |id: &str| KeyringError::Twice { id: id.into() };
    let same = format!("{ONE}\nother:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE");
    let many: String = (0..=100).map(|n| format!("k{n}:{}\n", key_of(n))).collect();
    for (text, error) in [
        ("hunter2", KeyringError::Form { item: 1 }),
        (&format!("{ONE},hunter2"), KeyringError::Form { item: 2 }),
        (":AAAA", KeyringError::Form { item: 1 }),
        ("K:AAAA", KeyringError::Form { item: 1 }),
        ("k:", key()),
        ("k:hunter2", key()),
        ("k:AAAA", key()),
        ("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", key()),
        (&format!("{ONE}\n{OTHER_ONE}"), twice("one")),
        (&same, twice("other")),
        (&format!("{NAMING}\n{NAMING}"), twice("names")),
        (&many, KeyringError::TooMany),
    ] {
        let found = Keyring::parse(text).unwrap_err();
        assert!(!found.to_string().contains("hunter2"));
        assert_eq!(found, error, "{text}");
    }
}

fn key_of(n: usize) -> String {
    let mut bytes = [7; 32];
    bytes[0] = u8::try_from(n).unwrap();
    base64::Engine::encode(&keyring::BASE64, bytes)
}

#[test]
fn a_fresh_key_makes_a_ring_and_none_is_like_another() {
    let fresh = |id: &str| fresh(id).unwrap().expose_secret().to_owned();
    let (one, two, names) = (fresh("a"), fresh("b"), fresh(NAMES));
    assert!(
        Keyring::parse(&format!("{one}\n{two}\n{names}"))
            .unwrap()
            .names()
            .is_ok()
    );
    let id = fresh_id(at(0)).unwrap();
    assert!(id.starts_with("k-20231114-") && keyring::is_id(&id), "{id}");
    assert_ne!(id, fresh_id(at(0)).unwrap());
}

#[test]
fn a_name_is_the_same_everywhere_and_cannot_be_guessed_from() {
    let names = |items: &[&str]| ring(items).names().unwrap().clone();
    let name = names(&[ONE, NAMING]).payload("a secret");
    assert_eq!(
        name,
        names(&[TWO, ONE, NAMING]).payload("a secret"),
        "whatever seals"
    );
    assert_ne!(name, names(&[ONE, NAMING]).payload("another"));
    let other = NAMING.replace("AAQ=", "AAU=");
    assert_ne!(name, names(&[ONE, &other]).payload("a secret"));
    assert_ne!(name, Digest::of(b"a secret"));
    // What names an intent at the provider hangs on this: a change makes every open intent a new one.
    assert_eq!(
        name.to_string(),
        "f137e82ca2e35e0ddfead39457fe1b893c305a15a3691c3bddebd50c0521060e"
    );
    let file = names(&[NAMING]).file(&Digest::of(b"file"));
    assert_ne!(file, names(&[NAMING]).payload("file"));
}
