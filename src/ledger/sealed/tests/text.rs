//! One text: sealed, opened, tampered with, carried elsewhere.

use super::*;
use crate::ledger::sealed::cipher::{Place, guard, open, seal};

fn place() -> Place {
    Place::of("payload", &[b"adobe", b"row 1"])
}

#[test]
fn what_was_sealed_opens_again_and_is_not_there_to_be_read() {
    let ring = ring(&[ONE]);
    for text in [
        "",
        "x",
        "Ünal & Söhne",
        "sealed:1:one:x",
        &"long ".repeat(10_000),
        "\u{80}\0\0",
    ] {
        let sealed = seal(&ring, &place(), text).unwrap();
        assert!(sealed.starts_with("sealed:1:one:"), "{sealed}");
        assert!(text.len() < 9 || !sealed[13..].contains(text), "{sealed}");
        assert_eq!(open(&ring, &place(), &sealed).unwrap(), text);
    }
    let twice = [(); 2].map(|()| seal(&ring, &place(), "x").unwrap());
    assert_ne!(twice[0], twice[1], "nobody sees that two are the same");
}

/// Made by another program after the page of the decision.
#[test]
fn what_was_sealed_long_ago_opens() {
    let sealed = "sealed:1:one:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXom5q/zZr+q9PHX6PDdEgl7RixxCume1evW9akxJQyb7j1r9+yJINNjmdv5\
                  EFFRDv5niEOEI0UYyzL5WF53hPalvsSGGmwrG1ZB+4PPsmyH8";
    assert_eq!(open(&ring(&[ONE]), &place(), sealed).unwrap(), "a secret");
}

#[test]
fn the_length_of_a_password_is_not_told() {
    let length = |text: &str| seal(&ring(&[ONE]), &place(), text).unwrap().len();
    assert_eq!(length("short"), length("a very much longer password"));
}

#[test]
fn plain_text_that_looks_sealed_stays_what_it_is() {
    let ring = Keyring::default();
    for text in [
        "",
        "plain",
        "sealed:",
        "sealed:0:x",
        "sealed:1:one:AAAA",
        "sealed:payload:one",
    ] {
        assert_eq!(open(&ring, &place(), &guard(text)).unwrap(), text);
    }
    assert_eq!(guard("plain"), "plain");
}

#[test]
fn no_bit_can_be_turned() {
    let ring = ring(&[ONE]);
    let sealed = seal(&ring, &place(), "a secret").unwrap();
    let (head, body) = sealed.split_at("sealed:1:one:".len());
    let bytes = base64::Engine::decode(&keyring::BASE64, body).unwrap();
    for at in 0..bytes.len() * 8 {
        let mut turned = bytes.clone();
        turned[at / 8] ^= 1 << (at % 8);
        let turned = format!("{head}{}", base64::Engine::encode(&keyring::BASE64, turned));
        let broken = SealError::Broken { id: "one".into() };
        assert_eq!(open(&ring, &place(), &turned).unwrap_err(), broken, "bit {at}");
    }
    for end in 0..sealed.len() {
        let cut = &sealed[..end];
        let opened = open(&ring, &place(), cut);
        assert!(opened.is_err() || !cut.starts_with("sealed:"), "{cut}");
    }
}

#[test]
fn it_opens_where_it_was_sealed_and_nowhere_else() {
    let ring = ring(&[ONE]);
    let sealed = seal(&ring, &place(), "a secret").unwrap();
    for other in [
        Place::of("payload", &[b"adobe", b"row 2"]),
        Place::of("payload", &[b"adoberow", b" 1"]),
        Place::of("payload", &[b"adobe", b"row 1", b""]),
        Place::of("errors", &[b"adobe", b"row 1"]),
    ] {
        assert!(matches!(
            open(&ring, &other, &sealed),
            Err(SealError::Broken { .. })
        ));
    }
}

#[test]
fn the_right_key_opens_and_no_other() {
    let sealed = seal(&ring(&[ONE, TWO]), &place(), "a secret").unwrap();
    let no_key = SealError::NoKey { id: "one".into() };
    let broken = SealError::Broken { id: "one".into() };
    let table: [(&[&str], Result<&str, SealError>); 6] = [
        (&[ONE], Ok("a secret")),
        (&[TWO, ONE], Ok("a secret")),
        (&[TWO], Err(no_key.clone())),
        (&[], Err(no_key.clone())),
        (&[NAMING], Err(no_key)),
        (&[OTHER_ONE], Err(broken)),
    ];
    for (items, wanted) in table {
        let opened = open(&ring(items), &place(), &sealed).map(|text| text.into_owned());
        assert_eq!(opened, wanted.map(str::to_owned), "{items:?}");
    }
    // The same key under another id is not the key it was sealed with.
    let renamed = sealed.replace(":one:", ":two:");
    let same = format!("two:{}", ONE.strip_prefix("one:").unwrap());
    assert!(open(&ring(&[&same]), &place(), &renamed).is_err());
    assert_eq!(seal(&ring(&[NAMING]), &place(), "x"), Err(SealError::NoKeys));
}
