//! Whose turn it is.

use std::collections::{BTreeMap, BTreeSet};

use enlist::domain::ids::BatchId;
use enlist::engine::ports::{Claim, ClaimAsk, Ledger};

use super::fixture::{after_lease, ask, at, claim, commit, import_n, pending, weigh};

pub(crate) async fn five_rows_do_not_wait_for_fifty_thousand(ledger: &dyn Ledger) {
    let large = import_n(ledger, "large", 50_000).await;
    let urgent = import_n(ledger, "urgent", 5).await;
    let got = by_batch(&claim(ledger, 64, at(1)).await);
    assert_eq!(got, BTreeMap::from([(large.clone(), 59), (urgent, 5)]));
    let got = by_batch(&claim(ledger, 64, at(1)).await);
    assert_eq!(got, BTreeMap::from([(large, 64)]), "no slot stays empty");
}

pub(crate) async fn small_claims_go_round_the_batches(ledger: &dyn Ledger) {
    let mut ids = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        ids.push(import_n(ledger, name, 50).await);
    }
    let mut claims = Vec::new();
    for _ in 0..20 {
        claims.extend(claim(ledger, 1, at(1)).await);
    }
    for _ in 0..10 {
        claims.extend(claim(ledger, 3, at(1)).await);
    }
    assert_eq!(by_batch(&claims), ids.into_iter().map(|id| (id, 10)).collect());
}

pub(crate) async fn weights_share_in_proportion(ledger: &dyn Ledger) {
    let heavy = import_n(ledger, "heavy", 900).await;
    let light = import_n(ledger, "light", 900).await;
    weigh(ledger, &heavy, 3).await;
    for (size, times) in [(64, 4), (3, 40), (1, 120)] {
        let mut claims = Vec::new();
        for _ in 0..times {
            claims.extend(claim(ledger, size, at(1)).await);
        }
        let got = by_batch(&claims);
        assert_eq!(claims.len(), size * times);
        let share = claims.len() / 4;
        assert!(
            got[&light].abs_diff(share) <= 2,
            "{got:?}: {share} are the share of {light}, in claims of {size}"
        );
    }
    // What one cannot use goes to the other, whatever they weigh.
    let rest = claim(ledger, 2_000, at(1)).await;
    assert_eq!(rest.len(), 1_800 - 256 - 120 - 120);
}

pub(crate) async fn a_weight_set_live_works_from_the_next_claim_on(ledger: &dyn Ledger) {
    let one = import_n(ledger, "one", 500).await;
    let two = import_n(ledger, "two", 500).await;
    let got = by_batch(&claim(ledger, 40, at(1)).await);
    assert_eq!(got, BTreeMap::from([(one.clone(), 20), (two.clone(), 20)]));
    for (weight, share) in [(9, 90), (1, 50), (4, 80)] {
        weigh(ledger, &two, weight).await;
        let got = by_batch(&claim(ledger, 100, at(1)).await);
        assert!(
            got[&two].abs_diff(share) <= 2 && got[&one] + got[&two] == 100,
            "{got:?} with a weight of {weight}"
        );
    }
}

pub(crate) async fn five_rows_do_not_wait_for_a_heavy_batch(ledger: &dyn Ledger) {
    let heavy = import_n(ledger, "heavy", 2_000).await;
    weigh(ledger, &heavy, 9).await;
    claim(ledger, 64, at(1)).await;
    let urgent = import_n(ledger, "urgent", 5).await;
    let got = by_batch(&claim(ledger, 64, at(1)).await);
    assert_eq!(got, BTreeMap::from([(heavy, 59), (urgent, 5)]));
}

pub(crate) async fn submits_go_before_reads(ledger: &dyn Ledger) {
    watched_and_new(ledger, 100).await;
    let claims = claim(ledger, 64, at(10)).await;
    assert_eq!(reads(&claims), 8, "one in eight, not more while submits wait");
    assert!(
        claims.iter().take(8).any(|claim| claim.task.account.is_some()),
        "and not last of all"
    );
}

pub(crate) async fn reads_are_never_starved(ledger: &dyn Ledger) {
    for size in [1, 3, 8, 64] {
        let before = claim(ledger, 10_000, at(9_000_000)).await;
        for claim in before {
            let done = super::fixture::settled(&claim.task, enlist::domain::task::Outcome::Active, at(0));
            commit(ledger, &claim, done, at(9_000_000)).await;
        }
        watched_and_new(ledger, 200 + size).await;
        let mut claims = Vec::new();
        while claims.len() < 128 {
            claims.extend(claim(ledger, size, at(10)).await);
        }
        assert!(
            reads(&claims) >= claims.len() / 8,
            "{} of {}",
            reads(&claims),
            claims.len()
        );
        assert!(
            reads(&claims) <= claims.len() / 8 + 1,
            "{} of {}",
            reads(&claims),
            claims.len()
        );
    }
}

pub(crate) async fn what_is_due_longest_goes_first(ledger: &dyn Ledger) {
    import_n(ledger, "one", 4).await;
    let claims = claim(ledger, 4, at(0)).await;
    let names: Vec<String> = claims.iter().map(|claim| claim.key.to_string()).collect();
    assert_eq!(
        names,
        ["one-0", "one-1", "one-2", "one-3"],
        "of rows due alike, in order of file"
    );
    for (claim, due) in claims.iter().zip([40, 10, 30, 20]) {
        commit(ledger, claim, pending(&claim.task, at(due)), at(1)).await;
    }
    let again = claim(ledger, 3, at(100)).await;
    let names: Vec<String> = again.iter().map(|claim| claim.key.to_string()).collect();
    assert_eq!(names, ["one-1", "one-3", "one-2"]);
}

/// Whose holder died: such rows have waited longest, however many others were due before their lease ran out.
pub(crate) async fn what_was_left_lying_goes_before_what_has_not_begun(ledger: &dyn Ledger) {
    import_n(ledger, "one", 100).await;
    let left: BTreeSet<String> = keys(&claim(ledger, 10, at(1)).await);
    let now = after_lease(1);
    assert_eq!(keys(&claim(ledger, 10, now).await), left);
    let new = keys(&claim(ledger, 10, now).await);
    assert!(new.is_disjoint(&left), "their new holders have them");
}

/// Neither of its class nor of its batch: a dead worker may have had many of what gets few turns.
pub(crate) async fn what_was_left_lying_is_nobodys_share(ledger: &dyn Ledger) {
    import_n(ledger, "watched", 40).await;
    for claim in claim(ledger, 40, at(1)).await {
        commit(ledger, &claim, pending(&claim.task, at(5)), at(1)).await;
    }
    let left = keys(&claim(ledger, 20, at(10)).await);
    let heavy = import_n(ledger, "heavy", 40).await;
    weigh(ledger, &heavy, 9).await;
    assert!(
        keys(&claim(ledger, 8, after_lease(9)).await).is_disjoint(&left),
        "not before its time"
    );
    assert_eq!(keys(&claim(ledger, 20, after_lease(10)).await), left);
}

pub(crate) async fn only_the_batch_asked_for_is_looked_at(ledger: &dyn Ledger) {
    import_n(ledger, "one", 3).await;
    let two = import_n(ledger, "two", 3).await;
    import_n(ledger, "three", 3).await;
    let ask = ClaimAsk {
        only: Some(two.clone()),
        ..ask(9, at(1))
    };
    let claimed = ledger.claim(&ask).await.unwrap();
    assert_eq!(by_batch(&claimed.claims), BTreeMap::from([(two, 3)]));
    assert_eq!(
        claimed.next_due,
        Some(after_lease(1)),
        "the others are not looked at"
    );
}

/// `n` pending tasks due at 5 and `n` new ones, in one batch.
async fn watched_and_new(ledger: &dyn Ledger, n: usize) {
    let name = format!("watched-{n}");
    import_n(ledger, &name, n as u64).await;
    for claim in claim(ledger, n, at(1)).await {
        commit(ledger, &claim, pending(&claim.task, at(5)), at(1)).await;
    }
    import_n(ledger, &format!("new-{n}"), n as u64).await;
}

fn keys(claims: &[Claim]) -> BTreeSet<String> {
    claims.iter().map(|claim| claim.key.to_string()).collect()
}

fn reads(claims: &[Claim]) -> usize {
    claims.iter().filter(|claim| claim.task.account.is_some()).count()
}

fn by_batch(claims: &[Claim]) -> BTreeMap<BatchId, usize> {
    let mut by_batch = BTreeMap::new();
    for claim in claims {
        *by_batch.entry(claim.batch.clone()).or_default() += 1;
    }
    by_batch
}
