//! Short words for what the laws are about.

use std::sync::Arc;
use std::time::Duration;

use enlist::domain::answer::{InactiveReason, RowError};
use enlist::domain::attempt::{Attempt, CallKind};
use enlist::domain::batch::{Batch, Counts, Pause, PauseReason, Tally, Weight};
use enlist::domain::ids::{
    AccountId, BatchId, CorrelationId, Digest, RequestId, RowKey, Scope, StatusCode, WorkerId,
};
use enlist::domain::task::{Action, Outcome, State, Task};
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{
    Appended, Claim, ClaimAsk, Claimed, Commit, Kept, Ledger, NewRow, NewRowBody, RowFault, Seal,
    payload_digest,
};
use uuid::Uuid;

/// How long the laws' leases are.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// The time, `ms` after the laws begin.
pub(crate) const fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_700_000_000_000 + ms)
}

/// The time when a lease given at `at(ms)` has run out.
pub(crate) fn after_lease(ms: i64) -> Timestamp {
    at(ms).plus(LEASE)
}

pub(crate) fn scope() -> Scope {
    Scope {
        provider: "adobe".into(),
        account: "345434543@https://partners.example".into(),
    }
}

pub(crate) fn key(text: &str) -> RowKey {
    RowKey::new(text).unwrap()
}

/// The batch that feeds the file `name`.
pub(crate) fn batch(name: &str) -> Batch {
    batch_in(&scope(), name)
}

pub(crate) fn batch_in(scope: &Scope, name: &str) -> Batch {
    let file_digest = Digest::of(name.as_bytes());
    Batch {
        id: BatchId::derive(scope, Action::Create, &file_digest),
        job: "adobe-create".into(),
        job_text: "operation = \"create\"\n".into(),
        scope: scope.clone(),
        action: Action::Create,
        file_name: format!("{name}.csv"),
        file_digest,
        rows_total: 3,
        rows_imported: 0,
        columns: vec!["key".into(), "name".into()],
        derived_keys: false,
        created_at: at(0),
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

/// A sound row with a payload of its own.
pub(crate) fn row(seq: u64, name: &str) -> NewRow {
    row_with(seq, name, &format!("payload of {name}"))
}

pub(crate) fn row_with(seq: u64, name: &str, payload: &str) -> NewRow {
    NewRow {
        seq,
        line: seq + 2,
        cells: vec![name.into(), "Ünal & Söhne, \"GmbH\"".into()],
        seal: Seal::Nothing,
        body: NewRowBody::Sound {
            key: key(name),
            payload: payload.into(),
            digest: payload_digest(payload),
        },
    }
}

pub(crate) fn faulty(seq: u64) -> NewRow {
    NewRow {
        seq,
        line: seq + 2,
        cells: vec![String::new(), "=1+1".into()],
        seal: Seal::Nothing,
        body: NewRowBody::Faulty(vec![fault("empty"), fault("formula")]),
    }
}

pub(crate) fn fault(code: &str) -> RowFault {
    RowFault {
        code: code.into(),
        column: "key".into(),
        message: "the cell is empty".into(),
        hint: "fill it".into(),
    }
}

/// Opens the batch of the file `name` and appends `rows` at `at(0)`.
pub(crate) async fn import(ledger: &dyn Ledger, name: &str, rows: &[NewRow]) -> BatchId {
    feed(ledger, name, rows, 0).await.0
}

/// The same at another time, with what it came to.
pub(crate) async fn feed(ledger: &dyn Ledger, name: &str, rows: &[NewRow], ms: i64) -> (BatchId, Appended) {
    let batch = batch(name);
    ledger.open_batch(&batch).await.unwrap();
    let appended = ledger.append(&batch.id, rows, at(ms)).await.unwrap();
    (batch.id, appended)
}

/// Imports the keys `{name}-0` and so on.
pub(crate) async fn import_n(ledger: &dyn Ledger, name: &str, n: u64) -> BatchId {
    let rows: Vec<NewRow> = (0..n).map(|seq| row(seq, &format!("{name}-{seq}"))).collect();
    let id = import(ledger, name, &[]).await;
    for block in rows.chunks(1_000) {
        ledger.append(&id, block, at(0)).await.unwrap();
    }
    id
}

pub(crate) fn ask(max: usize, now: Timestamp) -> ClaimAsk {
    ClaimAsk {
        worker: WorkerId::new("w_1"),
        max,
        lease: LEASE,
        now,
        only: None,
    }
}

/// Claims up to `max`.
pub(crate) async fn claim(ledger: &dyn Ledger, max: usize, now: Timestamp) -> Vec<Claim> {
    claimed(ledger, max, now).await.claims
}

pub(crate) async fn claimed(ledger: &dyn Ledger, max: usize, now: Timestamp) -> Claimed {
    ledger.claim(&ask(max, now)).await.unwrap()
}

/// Claims exactly one.
pub(crate) async fn claim_one(ledger: &dyn Ledger, now: Timestamp) -> Claim {
    let mut claims = claim(ledger, 1, now).await;
    assert_eq!(claims.len(), 1, "one task is due at {now}");
    claims.remove(0)
}

/// Commits `task` for a claim, with no attempts.
pub(crate) async fn commit(ledger: &dyn Ledger, claim: &Claim, task: Task, now: Timestamp) -> Kept {
    commit_with(ledger, claim, task, Vec::new(), now).await
}

pub(crate) async fn commit_with(
    ledger: &dyn Ledger,
    claim: &Claim,
    task: Task,
    attempts: Vec<Attempt>,
    now: Timestamp,
) -> Kept {
    let commit = Commit {
        lease: claim.lease,
        task,
        attempts,
    };
    ledger.commit(&[commit], now).await.unwrap()[0]
}

/// A sent task whose account is pending, to be looked at again at `due`.
pub(crate) fn pending(task: &Task, due: Timestamp) -> Task {
    let mut task = task.clone();
    task.state = State::Pending;
    task.tries.sends = task.tries.sends.max(1);
    task.account = Some(AccountId::new("P1000084165"));
    task.status = Some(StatusCode::new("1002"));
    task.created_at.get_or_insert(at(0));
    task.due_at = due;
    task
}

/// A task settled so, as the machine would leave it.
pub(crate) fn settled(task: &Task, outcome: Outcome, when: Timestamp) -> Task {
    let mut task = match outcome {
        Outcome::Active | Outcome::Inactive(_) | Outcome::StillPending => pending(task, when),
        _ => task.clone(),
    };
    task.tries.sends = task.tries.sends.max(1);
    task.state = State::Settled(outcome);
    task.settled_at = Some(when);
    task
}

/// A task with something in every field.
pub(crate) fn full(task: &Task) -> Task {
    let mut task = settled(task, Outcome::Inactive(InactiveReason::Blocked), at(77));
    task.generation = 3;
    task.first_sent_at = Some(at(1));
    task.unknown = true;
    task.trying_since = Some(at(2));
    task.polling_since = Some(at(3));
    task.changed = true;
    task.tries.silences = 4;
    task.tries.refusals = 5;
    task.tries.unsent = 6;
    task.tries.generations = 7;
    task.tries.polls = 8;
    task.tries.read_failures = 9;
    task.tries.missing = 10;
    task.errors = vec![RowError {
        code: "1117".into(),
        field: "companyProfile.address".into(),
        message: "Ungültig: \"Straße\"\n".into(),
    }];
    task
}

/// A call as it may have gone.
pub(crate) fn attempt(kind: CallKind, ms: i64, http: Option<u16>) -> Attempt {
    Attempt {
        kind,
        at: at(ms),
        took_ms: 123,
        correlation_id: CorrelationId::fresh(Uuid::from_u128(u128::from(ms.unsigned_abs()) << 64 | 7)),
        request_id: RequestId::fresh(Uuid::from_u128(u128::from(ms.unsigned_abs()))),
        http,
        read_as: "created".into(),
        code: http.map(|http| format!("c{http}")),
        exchanges: 1,
    }
}

pub(crate) fn pause(reason: PauseReason, ms: i64, until: Option<i64>) -> Pause {
    Pause {
        reason,
        detail: format!("{} at {ms}", reason.as_str()),
        since: at(ms),
        until: until.map(at),
    }
}

/// Gives a batch this weight.
pub(crate) async fn weigh(ledger: &dyn Ledger, id: &BatchId, weight: u32) {
    ledger.set_weight(id, Weight::new(weight).unwrap()).await.unwrap();
}

/// Counts with these tallies and nothing else.
pub(crate) fn tallies(of: &[(Tally, u64)]) -> Counts {
    let mut counts = Counts::default();
    for (tally, n) in of {
        counts.tasks[*tally as usize] = *n;
    }
    counts
}

/// The task of the row `seq`, as a report sees it.
pub(crate) async fn task_of(ledger: &dyn Ledger, batch: &BatchId, seq: u64) -> Task {
    let rows = ledger.rows(batch, seq, 1).await.unwrap();
    assert_eq!(rows[0].seq, seq);
    rows[0].task.clone().expect("the row has a task").1
}

/// The digest of the payload that [`row`] makes.
pub(crate) fn digest_of(name: &str) -> Digest {
    payload_digest(&format!("payload of {name}"))
}

pub(crate) fn text(payload: &str) -> Option<Arc<str>> {
    Some(payload.into())
}
