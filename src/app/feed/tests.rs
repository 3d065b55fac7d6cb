//! Rows of a provider that takes secrets: what of them is stored, told, and fed back.

use super::*;
use crate::app::Exit;
use crate::config::ProviderName;
use crate::domain::batch::Batch;
use crate::domain::field::Field;
use crate::domain::ids::RowKey;
use crate::domain::task::Action;
use crate::engine::ports::{ClaimAsk, Ledger, NewRowBody, RowView, Seal, payload_digest};
use crate::ledger::sealed::{Keyring, SealedLedger};
use crate::ledger::sqlite::SqliteLedger;
use crate::provider::adobe::contract::CONTRACT;
use crate::provider::testing::{NOON, TestWorld};

const RING: &str = "one:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\
                    names:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

const HEADER: &str = "key,company,language,country,region,city,address_line_1,postal_code,phone,first_name,last_name,email,\
                      contact_2_first_name,contact_2_last_name,contact_2_email,contact_2_phone\n";

/// A line with these secrets: the company's phone, and the second contact's.
fn line(key: &str, phone: &str, second: &str) -> String {
    format!(
        "{key},Fairmont,en-US,US,CA,San Jose,200 Fairmont Ave,95110,{phone},Mickey,Mouse,{key}@mouse.example,\
         Minnie,Mouse,{key}2@mouse.example,{second}\n"
    )
}

/// As if a provider's phones were passwords.
fn contract() -> &'static Contract {
    Box::leak(Box::new(Contract {
        secret: &[Field::Phone, Field::ContactPhone(0)],
        ..CONTRACT
    }))
}

fn env(ring: &'static str) -> Env {
    Arc::new(move |name| (name == "ENLIST_SEAL_KEYS").then(|| ring.to_owned()))
}

struct Fed {
    feed: Arc<Feed>,
    checked: Arc<Checked>,
    told: String,
    stored: Arc<SqliteLedger>,
    ledger: SealedLedger,
    _folder: tempfile::TempDir,
}

impl Fed {
    fn new(text: &str, sets: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let mut job = Job::new("secrets", ProviderName::Adobe, Action::Create);
        if !sets.is_empty() {
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            job = Job::parse(&job.to_toml(), "x", &sets).unwrap().job;
        }
        let scope = Scope {
            provider: "adobe".into(),
            account: "345434543@x".into(),
        };
        let sealing = Sealing::of(&job, contract(), &env(RING)).unwrap();
        let mut feed = Feed::under(scope, path.to_str().unwrap(), Manner::default(), job, sealing).unwrap();
        feed.terms = Terms::given(Some("Ann Attester"), Some("1")).unwrap();
        feed.contract = contract();
        let mut told = String::new();
        let checked = feed
            .check(&mut |_| {}, &mut |fault| told.push_str(&format!("{fault}\n")))
            .unwrap()
            .unwrap();
        let stored = Arc::new(SqliteLedger::in_memory().unwrap());
        let ring = Arc::new(Keyring::parse(RING).unwrap());
        Self {
            feed: Arc::new(feed),
            checked: Arc::new(checked),
            told,
            ledger: SealedLedger::new(Arc::clone(&stored) as Arc<dyn Ledger>, ring),
            stored,
            _folder: folder,
        }
    }

    async fn import(&self) -> Batch {
        let world = TestWorld::new();
        let (feed, checked) = (&self.feed, &self.checked);
        feed.import(checked, &self.ledger, &*world, None, &mut |_| {})
            .await
            .unwrap()
            .0
    }

    async fn rows(&self) -> Vec<RowView> {
        let batch = self.import().await;
        self.ledger.rows(&batch.id, 0, 99).await.unwrap()
    }
}

#[tokio::test]
async fn a_secret_is_sent_and_stored_nowhere_in_the_open() {
    let text = format!(
        "{HEADER}{}{}",
        line("a", "canary-1", ""),
        line("b", "", "canary-2")
    );
    let fed = Fed::new(&text, &[]);
    let rows = fed.rows().await;
    assert_eq!(
        (rows[0].cells[8].as_str(), rows[0].cells[15].as_str()),
        ("(secret)", "")
    );
    assert_eq!(
        (rows[1].cells[8].as_str(), rows[1].cells[15].as_str()),
        ("", "(secret)")
    );
    assert_eq!(rows[0].cells[1], "Fairmont", "what is not secret can be read");
    let ask = ClaimAsk {
        worker: crate::domain::ids::WorkerId::new("w_1"),
        max: 9,
        lease: std::time::Duration::from_secs(5),
        now: NOON,
        only: None,
    };
    let claims = fed.ledger.claim(&ask).await.unwrap().claims;
    let payload = claims[0].payload.clone().unwrap();
    assert!(payload.contains("canary-1"), "{payload}");
    assert_ne!(
        claims[0].task.payload,
        payload_digest(&payload),
        "no guess can be tried on it"
    );
    let later = ClaimAsk {
        now: NOON.plus(std::time::Duration::from_secs(60)),
        ..ask
    };
    let lies = format!(
        "{:?} {:?}",
        fed.stored.claim(&later).await.unwrap(),
        fed.stored.rows(&claims[0].batch, 0, 9).await.unwrap()
    );
    assert!(!lies.contains("canary"), "{lies}");
}

#[tokio::test]
async fn only_rows_with_a_secret_are_sealed_and_named_with_a_key() {
    let text = format!("{HEADER}{}{}", line("a", "canary-1", ""), line("b", "", ""));
    let fed = Fed::new(&text, &[]);
    let keep = fed.feed.kept_columns(&fed.checked);
    let mut seen = Vec::new();
    let reader = Reader::open(&fed.feed.source, &fed.feed.limits).unwrap();
    let ruling = fed.feed.ruling();
    scan(
        reader,
        &fed.checked.mapping,
        fed.feed.contract,
        ruling,
        &mut |scanned| {
            if let Scanned::Row(row) = scanned {
                let row = fed.feed.new_row(&row, &keep).unwrap();
                let NewRowBody::Sound { payload, digest, .. } = row.body else {
                    panic!("it is sound");
                };
                seen.push((row.seal, digest == payload_digest(&payload)));
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert_eq!(seen, [(Seal::Payload, false), (Seal::Nothing, true)]);
    let file = fed.checked.summary.digest;
    assert_ne!(fed.feed.batch(&fed.checked, NOON).file_digest, file);
}

#[tokio::test]
async fn faults_do_not_repeat_a_secret_and_their_rows_are_sealed() {
    let long = "canary".repeat(20);
    let slipped = "c,canary-slipped\n".to_owned() + line("d", "", "").trim_end() + ",canary-surplus\n";
    let text = format!(
        "{HEADER}{}{}{slipped}",
        line("a", &long, ""),
        line("b", "", &long)
    );
    let fed = Fed::new(&text, &[]);
    assert!(!fed.told.contains("canary"), "{}", fed.told);
    assert!(
        fed.told.contains("the value is secret and not shown"),
        "{}",
        fed.told
    );
    let rows = fed.rows().await;
    assert!(rows.iter().all(|row| row.task.is_none()), "{rows:?}");
    assert!(!format!("{:?}", rows[0].faults).contains("canary"));
    assert_eq!(
        rows[2].cells[1], "canary-slipped",
        "whoever may read the report finds it"
    );
    let lies = fed
        .stored
        .rows(&fed.feed.batch(&fed.checked, NOON).id, 0, 9)
        .await
        .unwrap();
    assert!(!format!("{lies:?}").contains("canary"), "{lies:?}");
}

#[test]
fn the_mark_of_a_report_is_not_sent_as_a_secret() {
    let fed = Fed::new(&format!("{HEADER}{}", line("a", " (secret)", "")), &[]);
    assert!(
        fed.told.contains("error[secret.left_out]") && fed.told.contains("hint: write the value in again"),
        "{}",
        fed.told
    );
    assert_eq!(fed.checked.summary.sound, 0);
}

#[tokio::test]
async fn a_changed_secret_is_a_changed_row_and_the_same_one_is_not() {
    let row = |phone| format!("{HEADER}{}", line("a", phone, ""));
    let first = Fed::new(&row("canary-1"), &[]);
    let task = |rows: Vec<RowView>| -> (RowKey, Digest) {
        let (key, task) = rows[0].task.clone().unwrap();
        (key, task.payload)
    };
    let name = task(first.rows().await);
    assert_eq!(name, task(Fed::new(&row("canary-1"), &[]).rows().await));
    assert_eq!(
        name,
        task(Fed::new(&row("canary-1"), &["secrets.seal=all"]).rows().await)
    );
    assert_ne!(name, task(Fed::new(&row("canary-2"), &[]).rows().await));
}

#[test]
fn without_keys_a_provider_that_takes_secrets_is_refused() {
    let job = Job::new("secrets", ProviderName::Adobe, Action::Create);
    let names_alone = "names:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    let seals_alone = "one:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    for (ring, message) in [
        ("", "and there is no key"),
        (names_alone, "and there is no key"),
        (seals_alone, "has no key `names`"),
    ] {
        let failure = Sealing::of(&job, contract(), &env(ring)).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(
            failure.message.starts_with("job secrets: Adobe takes secrets: "),
            "{failure}"
        );
        assert!(
            failure.message.contains(message) && failure.hint.contains("`enlist keys new`"),
            "{failure}"
        );
    }
    assert!(Sealing::of(&job, &CONTRACT, &env("")).is_ok());
}

#[tokio::test]
async fn the_same_file_read_otherwise_is_another_batch_and_read_the_same_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    let row = line("a", "", "").replace("Mickey", "M\u{fc}ckey");
    let bytes: Vec<u8> = format!("{HEADER}{row}")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    std::fs::write(&path, bytes).unwrap();
    let batch = |encoding: Option<&str>, header_row: Option<u64>| {
        let scope = Scope {
            provider: "adobe".into(),
            account: "345434543@x".into(),
        };
        let job = Job::new("manners", ProviderName::Adobe, Action::Create);
        let manner = Manner {
            encoding: encoding.map(|name| crate::intake::encoding_of(name).unwrap()),
            header_row: header_row.and_then(std::num::NonZeroU64::new),
            ..Manner::default()
        };
        let feed = Feed::under(scope, path.to_str().unwrap(), manner, job, Sealing::default()).unwrap();
        let checked = feed.check(&mut |_| {}, &mut |_| {}).unwrap().unwrap();
        feed.batch(&checked, NOON).id
    };
    let found = batch(None, None);
    assert_eq!(batch(Some("windows-1252"), None), found);
    assert_eq!(batch(None, Some(1)), found);
    assert_ne!(batch(Some("windows-1251"), None), found);
    assert_ne!(batch(Some("shift_jis"), None), batch(Some("windows-1251"), None));
}
