//! Keys that are missing, wrong, old, or of another row; and what lies in the ledger.

mod keyrings;
mod missing;
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
