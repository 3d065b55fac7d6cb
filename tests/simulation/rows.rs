//! Rows of a file as an import would bring them, and the batch they belong to.

use std::sync::Arc;

use enlist::domain::batch::{Batch, Weight};
use enlist::domain::ids::{BatchId, Digest, RowKey, Scope};
use enlist::domain::task::Action;
use enlist::domain::time::Timestamp;
use enlist::engine::ports::{NewRow, NewRowBody, Seal, payload_digest};
use enlist::provider::adobe::wire::{Address, CompanyProfile, Contact, CreateReseller};

use crate::dice::Dice;

/// Names that begin with one another, repeat, and hold what must be escaped in a query.
const NAMES: [&str; 8] = [
    "Fairmont",
    "Fairmont Ltd",
    "Fairmont & Söhne",
    "FAIRMONT",
    "Čedok, a.s.",
    "Müller & Co/KG",
    "株式会社山田商店",
    "O'Neil \"Best\" Cars",
];

/// A row, and whether the provider will take it.
#[derive(Clone, Debug)]
pub(crate) struct SimRow {
    number: usize,
    pub(crate) key: RowKey,
    pub(crate) company: String,
    pub(crate) payload: Arc<str>,
    pub(crate) is_sound: bool,
}

/// What is wrong with a row on purpose: faults that only the provider's own checks find.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flaw {
    /// Refused with 1117.
    Company,
    /// Refused with 1118.
    City,
    /// Refused with 2135.
    Segment,
}

impl Flaw {
    pub(crate) const ALL: [Self; 3] = [Self::Company, Self::City, Self::Segment];
}

impl SimRow {
    pub(crate) fn new(number: usize, company: &str, flaw: Option<Flaw>) -> Self {
        let key = RowKey::new(&format!("row-{number}")).unwrap();
        let mut body = CreateReseller {
            distributor_id: "345434543".to_owned(),
            external_reference_id: Some(key.to_string()),
            company_profile: CompanyProfile {
                company_name: company.to_owned(),
                preferred_language: "en-US".to_owned(),
                market_segments: vec!["COM".to_owned()],
                address: Address {
                    country: "US".to_owned(),
                    region: "CA".to_owned(),
                    city: "San Jose".to_owned(),
                    address_line1: format!("{number} Fairmont Ave"),
                    address_line2: None,
                    postal_code: "95110-1234".to_owned(),
                    phone_number: None,
                },
                contacts: vec![Contact {
                    first_name: format!("Mickey{number}"),
                    last_name: "Mouse".to_owned(),
                    // Rows share contacts; the provider shows the name it knew first.
                    email: format!("mickey{}@mouse.com", number % 7),
                    phone_number: None,
                }],
            },
        };
        match flaw {
            None => {}
            Some(Flaw::Company) => body.company_profile.company_name = "<Fairmont>".to_owned(),
            Some(Flaw::City) => body.company_profile.address.city = "San <Jose>".to_owned(),
            Some(Flaw::Segment) => body.company_profile.market_segments = vec!["ORG".to_owned()],
        }
        Self {
            number,
            key,
            company: company.to_owned(),
            payload: body.render().unwrap(),
            is_sound: flaw.is_none(),
        }
    }

    /// The row with other data, and sound.
    pub(crate) fn changed(&self, dice: &mut Dice) -> Self {
        let name = format!("{} {}", dice.pick(&NAMES), dice.number(1_000, 9_999));
        Self::new(self.number, &name, None)
    }

    /// `count` rows, of which about this share cannot be taken.
    pub(crate) fn some(count: usize, unsound: f64, dice: &mut Dice) -> Vec<Self> {
        let row = |number| {
            let mut name = dice.pick(&NAMES).to_owned();
            if dice.chance(0.5) {
                name = format!("{name} {number}");
            }
            let flaw = dice.chance(unsound).then(|| dice.pick(&Flaw::ALL));
            Self::new(number, &name, flaw)
        };
        (0..count).map(row).collect()
    }
}

/// The rows as an import hands them over.
pub(crate) fn as_new(rows: &[SimRow]) -> Vec<NewRow> {
    let new = |(seq, row): (u64, &SimRow)| NewRow {
        seq,
        line: seq + 2,
        cells: vec![row.key.to_string()],
        seal: Seal::Nothing,
        body: NewRowBody::Sound {
            key: row.key.clone(),
            payload: Arc::clone(&row.payload),
            digest: payload_digest(&row.payload),
        },
    };
    (0..).zip(rows).map(new).collect()
}

/// A batch of these rows.
pub(crate) fn batch(rows: &[SimRow], now: Timestamp) -> Batch {
    let text: String = rows.iter().map(|row| &*row.payload).collect();
    let file_digest = Digest::of(text.as_bytes());
    let scope = scope();
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: "adobe-create".to_owned(),
        job_text: String::new(),
        scope,
        action: Action::Create,
        file_name: "rows.csv".to_owned(),
        file_digest,
        rows_total: rows.len() as u64,
        rows_imported: 0,
        columns: vec!["key".to_owned()],
        derived_keys: false,
        created_at: now,
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: None,
    }
}

/// Whose rows these are.
pub(crate) fn scope() -> Scope {
    Scope {
        provider: "adobe".to_owned(),
        account: "345434543@simulation".to_owned(),
    }
}
