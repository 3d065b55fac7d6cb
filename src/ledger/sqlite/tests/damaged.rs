//! Tasks whose text was changed by hand, or by a disk: passed over, said, and put right by hand again.

use super::*;
use crate::engine::ports::Claim;
use crate::provider::testing::Log;

const MS: Timestamp = Timestamp::from_ms(1);

/// A ledger file with three rows, k-0 to k-2, of which the second was spoilt by hand.
fn spoilt() -> (tempfile::TempDir, PathBuf, Store) {
    let (folder, path) = place();
    let mut store = Store::new(Place::file(&path, impatient()).open().unwrap());
    let rows = append::prepare(&rows(0, 3)).unwrap();
    write::alone(&mut store, |store| {
        batches::open(&store.connection, &batch("one"))?;
        append::append(&store.connection, &batch("one").id, &rows, Timestamp::from_ms(0))
    })
    .unwrap();
    by_hand(
        &path,
        "UPDATE tasks SET task = replace(task, '\"state\"', '\"stat') WHERE key = 'k-1'",
    );
    (folder, path, store)
}

fn by_hand(path: &Path, sql: &str) {
    assert_eq!(Connection::open(path).unwrap().execute(sql, []).unwrap(), 1);
}

fn keys_of(store: &mut Store, now: Timestamp) -> Vec<String> {
    let claimed = write::alone(store, |store| claim::claim(store, &ask(now))).unwrap();
    claimed.claims.iter().map(|claim| claim.key.to_string()).collect()
}

#[test]
fn the_others_are_lent_and_it_is_said_once_each_time_it_is_met() {
    let (_folder, path, mut store) = spoilt();
    let (log, _guard) = Log::capture();
    assert_eq!(keys_of(&mut store, MS), ["k-0", "k-2"]);
    let text = log.text();
    assert_eq!(text.matches("cannot be read").count(), 1, "{text}");
    assert!(
        text.contains("k-1") && text.contains("task=2") && text.contains("hint: "),
        "{text}"
    );
    let nobodys = |store: &mut Store, now| {
        assert_eq!(keys_of(store, now), Vec::<String>::new());
    };
    nobodys(&mut store, MS);
    assert_eq!(log.text(), text, "not met again before a lease is over");
    let later = MS.plus(ask(MS).lease);
    assert_eq!(keys_of(&mut store, later), ["k-0", "k-2"], "whose leases ran out");
    assert_eq!(log.text().matches("cannot be read").count(), 2);

    by_hand(
        &path,
        "UPDATE tasks SET task = replace(task, '\"stat', '\"state\"') WHERE key = 'k-1'",
    );
    let much_later = later.plus(ask(MS).lease);
    let claims: Vec<Claim> = write::alone(&mut store, |store| claim::claim(store, &ask(much_later)))
        .unwrap()
        .claims;
    let healed = claims.iter().find(|claim| claim.key.as_str() == "k-1").unwrap();
    assert_eq!(healed.abandoned, None, "nobody had it");
}

#[test]
fn a_key_or_a_payload_that_is_gone_spoils_one_row_alone() {
    for sql in [
        "UPDATE tasks SET key = '<k>' WHERE key = 'k-2'",
        "UPDATE tasks SET task = x'ff00' WHERE key = 'k-2'",
        "UPDATE rows SET payload = NULL WHERE line = 2",
    ] {
        let (_folder, path, mut store) = spoilt();
        by_hand(&path, sql);
        assert_eq!(keys_of(&mut store, MS), ["k-0"], "{sql}");
    }
}

#[test]
fn a_report_shows_it_as_what_it_is() {
    let (_folder, _path, store) = spoilt();
    let rows = read::rows(&store.connection, &batch("one").id, 0, 9).unwrap();
    let sound: Vec<bool> = rows.iter().map(|row| row.task.is_some()).collect();
    assert_eq!(sound, [true, false, true]);
    let unreadable: Vec<bool> = rows.iter().map(|row| row.unreadable.is_some()).collect();
    assert_eq!(unreadable, [false, true, false]);
}

#[test]
fn orders_reach_the_others() {
    let (_folder, _path, mut store) = spoilt();
    let id = batch("one").id;
    let cancelled = write::alone(&mut store, |store| {
        orders::apply(&store.connection, &id, &Order::Cancel, 0, MS)
    });
    assert_eq!(cancelled.unwrap().changed, 2);
    // Nor does it stop what is settled in passing.
    write::alone(&mut store, |store| batches::cancel(&store.connection, &id)).unwrap();
    assert_eq!(keys_of(&mut store, MS), Vec::<String>::new());
}

#[test]
fn where_it_cannot_be_passed_over_it_is_named() {
    let (_folder, path, mut store) = spoilt();
    let mut second = rows(1, 1);
    second[0].seq = 0;
    let (id, rows) = (batch("two").id, append::prepare(&second).unwrap());
    let fed = write::alone(&mut store, |store| {
        batches::open(&store.connection, &batch("two"))?;
        append::append(&store.connection, &id, &rows, MS)
    });
    by_hand(
        &path,
        "UPDATE tasks SET task = replace(task, '\"stat', '\"state\"') WHERE key = 'k-1'",
    );
    let claims = write::alone(&mut store, |store| claim::claim(store, &ask(MS)))
        .unwrap()
        .claims;
    by_hand(&path, "UPDATE tasks SET task = '' WHERE key = 'k-1'");
    let commits: Vec<Commit> = claims
        .into_iter()
        .map(|claim| Commit {
            lease: claim.lease,
            task: claim.task,
            attempts: Vec::new(),
        })
        .collect();
    let committed = write::alone(&mut store, |store| {
        commit::commit(&store.connection, &commits, MS)
    });
    for error in [fed.unwrap_err(), committed.unwrap_err()] {
        assert!(
            matches!(&error, LedgerError::Corrupt(what) if what.contains("\"k-1\"") && what.contains("hint: ")),
            "{error:?}"
        );
    }
}
