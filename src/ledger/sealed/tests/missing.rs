//! Keys that are not there: who waits, and who is not held up.

use super::*;

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
