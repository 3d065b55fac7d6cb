//! What reports read.

use enlist::domain::attempt::CallKind;
use enlist::domain::ids::Scope;
use enlist::domain::task::Action;
use enlist::engine::ports::{Kept, Ledger, NewRow, RowView};

use super::fixture::{
    after_lease, at, attempt, claim_one, commit_with, fault, faulty, feed, import, import_n, key, pending,
    row, row_with, scope, task_of,
};

pub(crate) async fn rows_come_in_pages(ledger: &dyn Ledger) {
    import_n(ledger, "before", 3).await;
    let id = import_n(ledger, "one", 25).await;
    import_n(ledger, "after", 3).await;
    let mut seen = Vec::new();
    let mut from = 0;
    loop {
        let page = ledger.rows(&id, from, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        from = last.seq + 1;
        assert!(page.len() <= 10);
        seen.extend(page.iter().map(|row| row.seq));
    }
    assert_eq!(seen, (0..25).collect::<Vec<_>>());
    assert_eq!(ledger.rows(&id, 0, 0).await.unwrap(), []);
    assert_eq!(ledger.rows(&id, 99, 10).await.unwrap(), []);
    assert_eq!(ledger.rows(&id, u64::MAX, u32::MAX).await.unwrap(), []);
    assert_eq!(ledger.rows(&id, 0, u32::MAX).await.unwrap().len(), 25);
}

pub(crate) async fn a_row_is_kept_to_the_letter(ledger: &dyn Ledger) {
    let cells = [
        "",
        " 007 ",
        "a\"b\\c\nd\te",
        "Łódź \u{1f600} \u{0} end",
        "=SUM(A1)",
        "{\"json\":[1]}",
    ];
    let sound = NewRow {
        line: u64::from(u32::MAX) + 5,
        cells: cells.map(String::from).to_vec(),
        ..row_with(0, "Ключ 'x' & y", "{\"name\":\"\u{1f600} \u{0}\"}")
    };
    let id = import(ledger, "one", &[sound.clone(), faulty(1)]).await;
    let rows = ledger.rows(&id, 0, 9).await.unwrap();
    let task = task_of(ledger, &id, 0).await;
    let wanted = RowView {
        seq: 0,
        line: sound.line,
        cells: sound.cells,
        faults: Vec::new(),
        task: Some((key("Ключ 'x' & y"), task)),
        unreadable: None,
        forgotten: false,
    };
    assert_eq!(rows[0], wanted);
    assert_eq!(rows[1].faults, [fault("empty"), fault("formula")]);
    let claim = claim_one(ledger, at(1)).await;
    assert_eq!(claim.payload.as_deref(), Some("{\"name\":\"\u{1f600} \u{0}\"}"));
}

pub(crate) async fn a_row_shows_its_task_whatever_batch_owns_it(ledger: &dyn Ledger) {
    let one = import(ledger, "one", &[row(0, "a")]).await;
    let (two, _) = feed(ledger, "two", &[row(0, "a")], 1).await;
    let claim = claim_one(ledger, at(1)).await;
    let watched = pending(&claim.task, at(9));
    commit_with(ledger, &claim, watched.clone(), Vec::new(), at(2)).await;
    assert_eq!(task_of(ledger, &one, 0).await, watched);
    assert_eq!(task_of(ledger, &two, 0).await, watched);
}

pub(crate) async fn a_history_is_complete_and_oldest_first(ledger: &dyn Ledger) {
    import(ledger, "one", &[row(0, "a"), row(1, "b")]).await;
    let slow = claim_one(ledger, at(0)).await;
    let quick = loop {
        // The other row's lease runs out at the same time.
        let claim = claim_one(ledger, after_lease(0)).await;
        if claim.key == slow.key {
            break claim;
        }
    };
    let mut odd = attempt(CallKind::LookUp, 4, None);
    odd.took_ms = u64::from(u32::MAX) + 1;
    odd.read_as = "timed out".into();
    odd.exchanges = 17;
    let calls = vec![attempt(CallKind::Submit, 2, Some(201)), odd.clone()];
    let watched = pending(&quick.task, after_lease(9));
    assert_eq!(
        commit_with(ledger, &quick, watched, calls, after_lease(1)).await,
        Kept::Yes
    );
    let late = vec![
        attempt(CallKind::Submit, 1, Some(500)),
        attempt(CallKind::Poll, 3, Some(429)),
    ];
    let back = slow.task.clone();
    assert_eq!(
        commit_with(ledger, &slow, back, late, after_lease(2)).await,
        Kept::Fenced
    );
    let wanted = [
        attempt(CallKind::Submit, 1, Some(500)),
        attempt(CallKind::Submit, 2, Some(201)),
        attempt(CallKind::Poll, 3, Some(429)),
        odd,
    ];
    assert_eq!(
        ledger.history(&scope(), Action::Create, &key("a")).await.unwrap(),
        wanted
    );
    assert_eq!(
        ledger.history(&scope(), Action::Create, &key("b")).await.unwrap(),
        []
    );
    let elsewhere = Scope {
        account: "other".into(),
        ..scope()
    };
    assert_eq!(
        ledger
            .history(&elsewhere, Action::Create, &key("a"))
            .await
            .unwrap(),
        []
    );
}

pub(crate) async fn tasks_are_found_by_their_keys_whatever_batch_has_them(ledger: &dyn Ledger) {
    let one = import(ledger, "one", &[row(0, "a"), row(1, "b")]).await;
    let two = import(ledger, "two", &[row(0, "b"), row(1, "c")]).await;
    let keys = ["c", "nobody", "a", "b"].map(key);
    let wanted = vec![
        Some(task_of(ledger, &two, 1).await),
        None,
        Some(task_of(ledger, &one, 0).await),
        Some(task_of(ledger, &two, 0).await),
    ];
    let tasks = |scope, action| async move { ledger.tasks(scope, action, &keys).await.unwrap() };
    let (ours, others) = (
        scope(),
        Scope {
            account: "other".into(),
            ..scope()
        },
    );
    assert_eq!(tasks.clone()(&ours, Action::Create).await, wanted);
    assert_eq!(tasks.clone()(&ours, Action::Update).await, vec![None; 4]);
    assert_eq!(tasks(&others, Action::Create).await, vec![None; 4]);
    assert_eq!(ledger.tasks(&ours, Action::Create, &[]).await.unwrap(), []);
}
