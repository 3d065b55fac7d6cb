//! What holds for any rows, and how fast it goes.

use proptest::prelude::*;

use super::*;
use crate::domain::report::FORGOTTEN;
use crate::domain::report::cell::restore;

fn any_cell() -> impl Strategy<Value = String> {
    prop_oneof!["['=+\\-@\t\r\n,\" a]{0,5}", ".{0,8}"]
}

fn any_row() -> impl Strategy<Value = RowView> {
    let states = prop_oneof![
        Just(None),
        Just(Some(State::Queued)),
        Just(Some(State::Reconciling {
            misses: 1,
            then: crate::domain::task::Then::SendAgain
        })),
        Just(Some(State::Pending)),
        Just(Some(State::Settled(Outcome::Active))),
        Just(Some(State::Settled(Outcome::Rejected))),
        Just(Some(State::Settled(Outcome::StillPending))),
        Just(Some(State::Settled(Outcome::Parked(ParkReason::AccountMissing)))),
    ];
    (
        prop::collection::vec(any_cell(), 0..5),
        states,
        any_cell(),
        any_cell(),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(cells, state, code, message, forgotten)| {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            match state {
                _ if forgotten => RowView {
                    forgotten,
                    ..row(&cells, vec![], None)
                },
                None => row(&cells, vec![fault(&code, &message, &message, &code)], None),
                Some(state) => {
                    let mut task = task(state);
                    task.errors = vec![RowError {
                        code: code.clone(),
                        field: message.clone(),
                        message,
                    }];
                    task.account = Some(AccountId::new(code));
                    row(&cells, vec![], Some((RowKey::new("key").unwrap(), task)))
                }
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every row once in `results.csv`, in order, and in exactly one of the other lists if it is not forgotten; the user's cells come back
    /// as they were; nothing in any file begins like a formula.
    #[test]
    fn no_row_is_lost_and_no_cell_is_dangerous(rows in prop::collection::vec(any_row(), 0..20), header in any_cell()) {
        let dir = tempfile::tempdir().unwrap();
        let rows = numbered(rows);
        let columns = ["Ref", header.as_str(), "Zip"];
        let summary = write_to(dir.path(), &batch(&columns, rows.len()), &Fake::new(rows.clone())).unwrap();

        let results = records(dir.path(), "results.csv");
        prop_assert_eq!(results.len(), rows.len());
        for (row, record) in rows.iter().zip(&results) {
            prop_assert_eq!(record.len(), columns.len() + COLUMNS.len());
            prop_assert_eq!(&record[3], &row.line.to_string());
            for (index, cell) in record.iter().take(columns.len()).enumerate() {
                prop_assert_eq!(restore(cell), row.cells.get(index).map_or("", String::as_str));
            }
        }
        let mut parts = Vec::new();
        for name in ["succeeded.csv", "failed.csv", "pending.csv"] {
            parts.extend(records(dir.path(), name));
        }
        parts.extend(results.iter().filter(|record| record[4] == FORGOTTEN).cloned());
        parts.sort_by_key(|record| record[3].parse::<u64>().unwrap());
        prop_assert_eq!(&parts, &results);
        let counted = summary.rows;
        prop_assert_eq!(counted.succeeded + counted.failed + counted.pending + counted.forgotten, rows.len() as u64);

        for name in &FILES[..4] {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(dir.path().join(name)).unwrap();
            for cell in reader.records().flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{}", cell);
            }
        }
    }
}
