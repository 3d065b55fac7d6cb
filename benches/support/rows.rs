//! Rows as a partner's file has them, and steps as a worker takes them.

use std::time::Duration;

use enlist::domain::attempt::{Attempt, CallKind};
use enlist::domain::batch::{Batch, Weight};
use enlist::domain::ids::{AccountId, BatchId, CorrelationId, Digest, RequestId, RowKey, Scope, StatusCode};
use enlist::domain::task::{Action, State, Task};
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{Claim, Commit, NewRow, NewRowBody, payload_digest};
use uuid::Uuid;

const FIRST: [&str; 12] = [
    "Grace", "Ada", "Linus", "Marie", "Søren", "Zoë", "Ravi", "Yuki", "Olga", "Juan", "Fatima", "Kwame",
];
const LAST: [&str; 12] = [
    "Pratt", "Müller", "Okafor", "Tanaka", "Nowak", "García", "Svensson", "Rossi", "Dubois", "Kaya", "Silva",
    "Ito",
];
const TRADE: [&str; 8] = [
    "Software", "Systems", "Media", "Print", "Cloud", "Data", "Design", "Networks",
];
const FORM: [&str; 6] = ["GmbH", "Ltd", "Inc.", "S.A.", "AB", "B.V."];
const CITY: [(&str, &str, &str, &str); 6] = [
    ("Boston", "MA", "US", "02108"),
    ("München", "BY", "DE", "80331"),
    ("Lyon", "ARA", "FR", "69001"),
    ("Osaka", "27", "JP", "530-0001"),
    ("Kraków", "12", "PL", "30-001"),
    ("Toronto", "ON", "CA", "M5H 2N2"),
];

/// A number that looks random and is the same in each run.
fn mixed(seq: u64, salt: u64) -> u64 {
    let mut z = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn pick<T: Copy, const N: usize>(from: [T; N], seq: u64, salt: u64) -> T {
    from[(mixed(seq, salt) % N as u64) as usize]
}

/// Row `seq`: about 240 bytes of cells and 560 of request body.
pub(crate) fn company(seq: u64) -> NewRow {
    let (first, last) = (pick(FIRST, seq, 1), pick(LAST, seq, 2));
    let (trade, form) = (pick(TRADE, seq, 3), pick(FORM, seq, 4));
    let (city, region, country, postal) = pick(CITY, seq, 5);
    let number = mixed(seq, 6) % 100_000;
    let key = format!("R-{:08}", mixed(seq, 7) % 100_000_000 + seq * 100_000_000);
    let name = format!("{last} {trade} {number} {form}");
    let street = format!("{} {last} Street", mixed(seq, 8) % 400);
    let phone = format!("+{}", 10_000_000_000 + mixed(seq, 9) % 89_999_999_999);
    let email = format!(
        "{}.{}{number}@example.com",
        first.to_lowercase(),
        last.to_lowercase()
    );
    let payload = format!(
        r#"{{"distributorId":"345434543","externalReferenceId":"{key}","companyProfile":{{"companyName":"{name}","preferredLanguage":"en-US","marketSegments":["COM"],"address":{{"country":"{country}","region":"{region}","city":"{city}","addressLine1":"{street}","postalCode":"{postal}","phoneNumber":"{phone}"}},"contacts":[{{"firstName":"{first}","lastName":"{last}","email":"{email}","phoneNumber":"{phone}"}}]}}}}"#
    );
    let cells = [
        &key, &name, "en-US", "COM", country, region, city, &street, postal, &phone, first, last, &email,
    ];
    NewRow {
        seq,
        line: seq + 2,
        cells: cells.map(str::to_owned).to_vec(),
        seal: enlist::engine::ports::Seal::Nothing,
        body: NewRowBody::Sound {
            key: RowKey::new(&key).unwrap(),
            digest: payload_digest(&payload),
            payload: payload.into(),
        },
    }
}

/// Bytes of cells and payload.
pub(crate) fn bytes_of(row: &NewRow) -> u64 {
    let cells: usize = row.cells.iter().map(String::len).sum();
    let payload = match &row.body {
        NewRowBody::Sound { payload, .. } => payload.len(),
        NewRowBody::Faulty(_) => 0,
    };
    (cells + payload) as u64
}

/// A step as a worker would bring it back: submitted, then looked at.
pub(crate) fn advanced(claim: Claim, now: Timestamp) -> Commit {
    let kind = match claim.task.account {
        None => CallKind::Submit,
        Some(_) => CallKind::Poll,
    };
    let task = Task {
        state: State::Pending,
        account: Some(AccountId::new("P1000084165")),
        status: Some(StatusCode::new("1002")),
        created_at: Some(now),
        first_sent_at: Some(now),
        trying_since: Some(now),
        due_at: now.plus(Duration::from_millis(1)),
        ..claim.task
    };
    let no = u128::from(claim.lease.task.unsigned_abs());
    let attempt = Attempt {
        kind,
        at: now,
        took_ms: 130,
        correlation_id: CorrelationId::fresh(Uuid::from_u128(no)),
        request_id: RequestId::fresh(Uuid::from_u128(no << 64)),
        http: Some(201),
        read_as: "pending".into(),
        code: None,
        exchanges: 1,
    };
    Commit {
        lease: claim.lease,
        task,
        attempts: vec![attempt],
    }
}

/// The batch that the rows are of.
pub(crate) fn batch() -> Batch {
    let scope = Scope {
        provider: "adobe".into(),
        account: "345434543@https://partners.example".into(),
    };
    let file_digest = Digest::of(b"bench");
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: "adobe-create".into(),
        job_text: String::new(),
        scope,
        action: Action::Create,
        file_name: "bench.csv".into(),
        file_digest,
        rows_total: u64::MAX >> 1,
        rows_imported: 0,
        columns: Vec::new(),
        derived_keys: false,
        created_at: Timestamp::from_ms(0),
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}
