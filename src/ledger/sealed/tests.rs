//! Keys that are missing, wrong, old, or of another row; and what lies in the ledger.

mod keyrings;
mod text;

use std::collections::BTreeMap;

use super::*;
use crate::domain::answer::RowError;
use crate::domain::ids::{Digest, WorkerId};
use crate::domain::task::{Action, Outcome, State};
use crate::engine::ports::{NewRowBody, RowFault, Seal};
use crate::ledger::sqlite::SqliteLedger;
use crate::ledger::testing::{Asked, MoodyLedger};
use crate::world::RealWorld;

const ONE: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=";
const TWO: &str = "two:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI";
const OTHER_ONE: &str = "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAM=";
const NAMING: &str = "names:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQ=";

fn ring(items: &[&str]) -> Arc<Keyring> {
    Arc::new(Keyring::parse(&items.join("\n")).unwrap())
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_700_000_000_000 + ms)
}

struct Fixture {
    inner: Arc<SqliteLedger>,
    batch: Batch,
}

impl Fixture {
    fn new() -> Self {
        let scope = Scope {
            provider: "adobe".into(),
            account: "1@https://example.test".into(),
        };
        let file_digest = Digest::of(b"file");
        let batch = Batch {
            id: BatchId::derive(&scope, Action::Create, &file_digest),
            job: "job".into(),
            job_text: String::new(),
            scope,
            action: Action::Create,
            file_name: "file.csv".into(),
            file_digest,
            rows_total: 9,
            rows_imported: 0,
            columns: vec!["key".into(), "secret".into()],
            derived_keys: false,
            created_at: at(0),
            pause: None,
            cancelled: false,
            weight: crate::domain::batch::Weight::default(),
            terms: None,
            foreseen: None,
        };
        Self {
            inner: Arc::new(SqliteLedger::in_memory().unwrap()),
            batch,
        }
    }

    /// The same ledger as a process with these keys has it.
    fn with(&self, items: &[&str]) -> SealedLedger {
        SealedLedger::new(Arc::clone(&self.inner) as Arc<dyn Ledger>, ring(items))
    }

    async fn feed(&self, ledger: &SealedLedger, rows: &[NewRow]) -> Result<Appended, LedgerError> {
        ledger.open_batch(&self.batch).await.unwrap();
        ledger.append(&self.batch.id, rows, at(0)).await
    }

    /// Everything of the rows as it lies.
    async fn stored(&self) -> String {
        let rows = self.inner.rows(&self.batch.id, 0, 99).await.unwrap();
        let claims = self.inner.claim(&ask()).await.unwrap();
        format!("{rows:?} {claims:?}")
    }
}

fn ask() -> ClaimAsk {
    ClaimAsk {
        worker: WorkerId::new("w_1"),
        max: 99,
        lease: std::time::Duration::from_secs(30),
        now: at(0),
        only: None,
    }
}

fn sound(seq: u64, seal: Seal) -> NewRow {
    let payload = format!("{{\"key\":\"r-{seq}\",\"passwd\":\"canary\"}}");
    NewRow {
        seq,
        line: seq + 2,
        cells: vec![format!("r-{seq}"), "canary".into()],
        seal,
        body: NewRowBody::Sound {
            key: RowKey::new(&format!("r-{seq}")).unwrap(),
            digest: Digest::of(payload.as_bytes()),
            payload: payload.into(),
        },
    }
}

/// The same, as the first row of its file.
fn first(row: NewRow) -> NewRow {
    NewRow { seq: 0, ..row }
}

fn faulty(seq: u64, seal: Seal) -> NewRow {
    let fault = RowFault {
        code: "phone.length".into(),
        column: "phone".into(),
        message: "canary is too long".into(),
        hint: "shorten canary".into(),
    };
    NewRow {
        body: NewRowBody::Faulty(vec![fault]),
        ..sound(seq, seal)
    }
}

#[tokio::test]
async fn what_is_to_be_sealed_is_nowhere_to_be_read() {
    let fixture = Fixture::new();
    let ledger = fixture.with(&[ONE]);
    let mut marked = sound(1, Seal::Payload);
    marked.cells[1] = "(secret)".into();
    let rows = [sound(0, Seal::Row), marked, faulty(2, Seal::Row)];
    fixture.feed(&ledger, &rows).await.unwrap();
    let stored = fixture.stored().await;
    assert!(!stored.contains("canary"), "{stored}");
    let without_keys = fixture.with(&[]).rows(&fixture.batch.id, 1, 1).await.unwrap();
    assert_eq!(
        without_keys[0].cells, rows[1].cells,
        "where the payload alone is sealed"
    );
    let views = ledger.rows(&fixture.batch.id, 0, 99).await.unwrap();
    for (view, row) in views.iter().zip(&rows) {
        assert_eq!(view.cells, row.cells);
    }
    let NewRowBody::Faulty(faults) = &rows[2].body else {
        panic!("it is");
    };
    assert_eq!(&views[2].faults, faults);
}

#[tokio::test]
async fn what_the_provider_says_of_a_sealed_payload_is_sealed_too() {
    let fixture = Fixture::new();
    let ledger = fixture.with(&[ONE]);
    fixture
        .feed(&ledger, &[sound(0, Seal::Row), sound(1, Seal::Nothing)])
        .await
        .unwrap();
    let said = vec![RowError::new("1117", "canary is no password")];
    let claims = ledger.claim(&ask()).await.unwrap().claims;
    let commits: Vec<Commit> = claims
        .iter()
        .map(|claim| {
            let mut task = claim.task.clone();
            task.state = State::Settled(Outcome::Rejected);
            task.errors.clone_from(&said);
            Commit {
                lease: claim.lease,
                task,
                attempts: Vec::new(),
            }
        })
        .collect();
    assert_eq!(ledger.commit(&commits, at(1)).await.unwrap(), [Kept::Yes; 2]);
    assert!(
        ledger.held.lock().unwrap().is_empty(),
        "nothing is remembered for ever"
    );
    let errors = |rows: Vec<RowView>| -> Vec<Vec<RowError>> {
        rows.into_iter().map(|row| row.task.unwrap().1.errors).collect()
    };
    let stored = errors(fixture.inner.rows(&fixture.batch.id, 0, 9).await.unwrap());
    assert!(stored[0][0].message.starts_with("sealed:1:one:"), "{stored:?}");
    assert_eq!(stored[1], said);
    let seen = errors(ledger.rows(&fixture.batch.id, 0, 9).await.unwrap());
    assert_eq!(seen, [said.clone(), said]);
    // Tried again: whoever has it sees what was said, and so does the machine.
    ledger
        .apply_to_batch(&fixture.batch.id, &Order::Retry, at(2))
        .await
        .unwrap();
}

#[tokio::test]
async fn without_a_key_nothing_is_stored() {
    let fixture = Fixture::new();
    for items in [&[] as &[&str], &[NAMING]] {
        let error = fixture
            .feed(
                &fixture.with(items),
                &[sound(0, Seal::Nothing), sound(1, Seal::Payload)],
            )
            .await;
        let Err(LedgerError::Sealed(message)) = error else {
            panic!("{error:?}");
        };
        assert!(
            message.starts_with("line 3: ") && message.contains("hint: `enlist keys new`"),
            "{message}"
        );
    }
    assert_eq!(fixture.inner.rows(&fixture.batch.id, 0, 9).await.unwrap(), []);
}

#[tokio::test]
async fn a_missing_key_pauses_the_batch_and_fails_no_row() {
    let fixture = Fixture::new();
    fixture
        .feed(
            &fixture.with(&[ONE]),
            &[sound(0, Seal::Payload), sound(1, Seal::Row)],
        )
        .await
        .unwrap();
    for items in [&[TWO] as &[&str], &[], &[OTHER_ONE]] {
        let without = fixture.with(items);
        assert_eq!(without.claim(&ask()).await.unwrap().claims, []);
        let pause = without
            .batch(&fixture.batch.id)
            .await
            .unwrap()
            .unwrap()
            .pause
            .unwrap();
        assert_eq!(pause.reason, PauseReason::Configuration);
        assert!(
            pause.detail.starts_with("the request of row r_") && pause.detail.contains(": sealed with "),
            "{}",
            pause.detail
        );
        assert!(!pause.detail.contains("hint"), "{}", pause.detail);
        let which = Which::Batch(fixture.batch.id.clone());
        assert_eq!(without.set_pause(&which, None).await.unwrap().len(), 1);
    }
    // The key is put back: all go on, and none of them was ever taken for sent.
    let claims = fixture.with(&[TWO, ONE]).claim(&ask()).await.unwrap().claims;
    assert_eq!(claims.len(), 2);
    for claim in claims {
        assert_eq!(
            (claim.abandoned, claim.task.unknown, claim.task.tries.sends),
            (None, false, 0)
        );
        assert!(claim.payload.unwrap().contains("canary"));
    }
}

#[tokio::test]
async fn a_missing_key_holds_up_no_other_batch() {
    let fixture = Fixture::new();
    fixture
        .feed(&fixture.with(&[ONE]), &[sound(0, Seal::Payload)])
        .await
        .unwrap();
    let open = Fixture {
        inner: Arc::clone(&fixture.inner),
        batch: Batch {
            id: BatchId::new("b_open"),
            ..fixture.batch.clone()
        },
    };
    let without = fixture.with(&[]);
    open.feed(&without, &[first(sound(7, Seal::Nothing))])
        .await
        .unwrap();
    let claims = without.claim(&ask()).await.unwrap().claims;
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].batch, open.batch.id);
}

#[tokio::test]
async fn a_payload_carried_to_another_place_is_not_sent() {
    let name_of = |row: &NewRow| match &row.body {
        NewRowBody::Sound { digest, .. } => *digest,
        NewRowBody::Faulty(_) => panic!("it is sound"),
    };
    let own = name_of(&sound(0, Seal::Payload));
    // To another row; or back to a row whose data were changed since; or to the same row of another account holder.
    for (seq, digest, account) in [
        (1, own, None),
        (0, name_of(&sound(1, Seal::Payload)), None),
        (0, own, Some("2@https://example.test")),
    ] {
        let from = Fixture::new();
        from.feed(&from.with(&[ONE]), &[sound(0, Seal::Payload)])
            .await
            .unwrap();
        let stolen = from.inner.claim(&ask()).await.unwrap().claims[0]
            .payload
            .clone()
            .unwrap();

        let mut to = Fixture::new();
        to.batch.scope.account = account.unwrap_or(&to.batch.scope.account).to_owned();
        let mut row = first(sound(seq, Seal::Nothing));
        if let NewRowBody::Sound {
            payload,
            digest: name,
            ..
        } = &mut row.body
        {
            (*payload, *name) = (stolen, digest);
        }
        to.inner.open_batch(&to.batch).await.unwrap();
        to.inner.append(&to.batch.id, &[row], at(0)).await.unwrap();
        let ledger = to.with(&[ONE]);
        assert_eq!(ledger.claim(&ask()).await.unwrap().claims, []);
        let pause = ledger.batch(&to.batch.id).await.unwrap().unwrap().pause.unwrap();
        assert!(
            pause.detail.contains("belongs to another row"),
            "{}",
            pause.detail
        );
    }
}

#[tokio::test]
async fn it_is_known_which_keys_are_needed() {
    let fixture = Fixture::new();
    fixture
        .feed(
            &fixture.with(&[ONE]),
            &[sound(0, Seal::Row), sound(1, Seal::Nothing)],
        )
        .await
        .unwrap();
    let rotated = fixture.with(&[TWO, ONE]);
    fixture
        .feed(&rotated, &[sound(2, Seal::Payload), faulty(3, Seal::Row)])
        .await
        .unwrap();
    let by_key = rotated.rows_by_key(&fixture.batch.id).await.unwrap();
    assert_eq!(by_key, BTreeMap::from([("one".into(), 1), ("two".into(), 2)]));

    let batch = rotated.batch(&fixture.batch.id).await.unwrap().unwrap();
    assert!(rotated.has_keys_of(&batch).await.is_ok());
    for (items, missing) in [([ONE], "two"), ([TWO], "one")] {
        let ledger = fixture.with(&items);
        let error = ledger.has_keys_of(&batch).await.unwrap_err().to_string();
        assert!(
            error.contains(&format!("sealed with the key {missing}, which")),
            "{error}"
        );
        let read = ledger.rows(&batch.id, 0, 9).await;
        assert!(matches!(read, Err(LedgerError::Sealed(_))), "{read:?}");
    }
    let seen = rotated.rows(&batch.id, 0, 9).await.unwrap();
    assert!(seen.iter().all(|row| row.cells[1] == "canary"), "{seen:?}");
}

/// A row's errors are sealed with the key that is on top when they are said: a row may need two keys.
#[tokio::test]
async fn what_was_said_of_a_row_needs_its_key_too() {
    let fixture = Fixture::new();
    let rows = [sound(0, Seal::Row), sound(1, Seal::Row), sound(2, Seal::Nothing)];
    fixture.feed(&fixture.with(&[ONE]), &rows).await.unwrap();
    let rotated = fixture.with(&[TWO, ONE]);
    let claims = rotated.claim(&ask()).await.unwrap().claims;
    let rejected = |claim: &Claim| {
        let mut task = claim.task.clone();
        task.state = State::Settled(Outcome::Rejected);
        task.errors = vec![RowError::new("1117", "canary is no password")];
        Commit {
            lease: claim.lease,
            task,
            attempts: Vec::new(),
        }
    };
    let commits = [rejected(&claims[0]), rejected(&claims[2])];
    rotated.commit(&commits, at(1)).await.unwrap();
    let again = fixture.with(&[ONE, TWO]);
    let by_key = again.rows_by_key(&fixture.batch.id).await.unwrap();
    assert_eq!(by_key, BTreeMap::from([("one".into(), 2), ("two".into(), 1)]));

    let batch = again.batch(&fixture.batch.id).await.unwrap().unwrap();
    let without = fixture.with(&[ONE]);
    let error = without.has_keys_of(&batch).await.unwrap_err().to_string();
    assert!(error.contains("sealed with the key two, which"), "{error}");
}

#[tokio::test]
async fn cells_that_look_sealed_are_kept_to_the_letter_without_any_key() {
    let fixture = Fixture::new();
    let ledger = fixture.with(&[]);
    let looks = ["sealed:1:one:AAAA", "sealed:payload:one", "sealed:0:x", "sealed:"];
    let rows: Vec<NewRow> = (0..)
        .zip(looks)
        .map(|(seq, text)| NewRow {
            cells: vec![text.into(), text.into()],
            ..sound(seq, Seal::Nothing)
        })
        .collect();
    fixture.feed(&ledger, &rows).await.unwrap();
    let seen = ledger.rows(&fixture.batch.id, 0, 9).await.unwrap();
    for (row, view) in rows.iter().zip(&seen) {
        assert_eq!(view.cells, row.cells);
    }
    assert_eq!(
        ledger.rows_by_key(&fixture.batch.id).await.unwrap(),
        BTreeMap::new()
    );
}

/// Each of them may take as long as a call may: a block of rows would hold everybody up for an hour.
#[tokio::test]
async fn what_fails_for_a_batch_is_tried_once_and_not_for_each_of_its_rows() {
    let fixture = Fixture::new();
    let moody = MoodyLedger::new(Arc::new(RealWorld::default()));
    let with = |items: &[&str]| SealedLedger::new(Arc::clone(&moody) as Arc<dyn Ledger>, ring(items));
    let rows: Vec<NewRow> = (0..9).map(|seq| sound(seq, Seal::Payload)).collect();
    fixture.feed(&with(&[ONE]), &rows).await.unwrap();
    for (at_ms, items, call) in [(0, [TWO], "set_pause"), (60_000, [ONE], "batch")] {
        let before = moody.times(call);
        moody.turns(move |asked, _| {
            let is_meant = match asked {
                Asked::SetPause => call == "set_pause",
                Asked::Batch => call == "batch",
                _ => false,
            };
            is_meant.then(|| LedgerError::Unavailable("gone".into()))
        });
        let ask = ClaimAsk {
            now: at(at_ms),
            ..ask()
        };
        let ledger = with(&items);
        assert_eq!(ledger.claim(&ask).await.unwrap().claims, []);
        assert_eq!(moody.times(call) - before, 1, "{call}");
        assert_eq!(moody.times("commit"), 0, "their leases run out");
        assert!(ledger.held.lock().unwrap().is_empty());
    }
}
