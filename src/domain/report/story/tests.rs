use proptest::prelude::*;

use super::*;
use crate::domain::report::Wrong;

const BEGAN: Timestamp = Timestamp::from_ms(1_760_000_000_000);

fn row(line: u64) -> ResultRow {
    ResultRow {
        bucket: Bucket::Succeeded,
        outcome: "Active",
        key: format!("R-{line}"),
        ..ResultRow::of_faults(line, [])
    }
}

fn settled(line: u64, created_ms: i64, settled_ms: i64) -> ResultRow {
    let at = |ms| Some(Timestamp::from_ms(BEGAN.as_ms() + ms));
    ResultRow {
        created_at: at(created_ms),
        settled_at: at(settled_ms),
        ..row(line)
    }
}

fn told(rows: impl IntoIterator<Item = ResultRow>) -> Told {
    let mut story = Story::since(BEGAN);
    rows.into_iter().for_each(|row| story.add(&row));
    story.finish()
}

fn wrong(code: &str, column: &str) -> Wrong {
    Wrong {
        code: code.into(),
        column: column.into(),
        message: format!("{code} said"),
        hint: "do so".into(),
    }
}

#[test]
fn the_slowest_rows_come_first_and_are_ten() {
    let told = told((1..=100).map(|n| settled(n, 0, i64::try_from(n).unwrap() * 10)));
    let lines: Vec<u64> = told.slowest.iter().map(|slow| slow.line).collect();
    assert_eq!(lines, (91..=100).rev().collect::<Vec<u64>>());
    assert_eq!(told.slowest[0].settle_ms, 1_000);
}

#[test]
fn what_was_done_before_the_batch_says_nothing_about_it() {
    let told = told([
        settled(2, -5_000, -1_000),
        settled(3, -5_000, 1_000),
        settled(4, 10, 60),
    ]);
    assert_eq!(told.settle.count(), 1);
    let points = told.timeline.points();
    let first = points[0];
    assert_eq!(
        (first.created, first.settled),
        (2, 1),
        "they were there at the start"
    );
    let last = points[points.len() - 1];
    assert_eq!((last.created, last.settled), (3, 3));
}

#[test]
fn steps_double_when_time_goes_on() {
    for (last_ms, width_ms) in [(49, 50), (11_999, 50), (12_000, 100), (86_400_000, 409_600)] {
        let told = told([settled(2, 0, 10), settled(3, 20, last_ms)]);
        let points = told.timeline.points();
        let last = points[points.len() - 1];
        assert_eq!((last.created, last.settled), (2, 2), "{last_ms}");
        assert_eq!(points[1].at_ms, width_ms, "{last_ms}");
        assert!(
            points.len() <= 241 && last.at_ms > last_ms.unsigned_abs(),
            "{last_ms}"
        );
    }
    assert_eq!(told([row(2)]).timeline.points(), []);
}

#[test]
fn the_end_of_time_is_a_time() {
    let mut far = row(2);
    far.created_at = Some(BEGAN);
    far.settled_at = Some(Timestamp::from_ms(i64::MAX));
    let told = told([far]);
    assert_eq!(told.timeline.points().last().map(|point| point.settled), Some(1));
    assert_eq!(
        told.settle
            .bins()
            .map(|bins| bins.counts.iter().sum::<u64>() + bins.beyond),
        Some(1)
    );
}

#[test]
fn failures_are_put_together_by_code_and_column() {
    let failed = |line, wrong: &[Wrong]| ResultRow {
        bucket: Bucket::Failed,
        wrong: wrong.to_vec(),
        ..row(line)
    };
    let twice = [wrong("1117", "Zip"), wrong("1117", "Zip"), wrong("1117", "Name")];
    let rows = (2..22)
        .map(|line| failed(line, &twice[..1]))
        .chain([failed(30, &twice)]);
    let told = told(rows);
    let kinds: Vec<(u64, &str, usize)> = told
        .failures
        .sorted()
        .iter()
        .map(|kind| (kind.rows, kind.first.column.as_str(), kind.lines.len()))
        .collect();
    assert_eq!(
        kinds,
        [(21, "Zip", 8), (1, "Name", 1)],
        "a row counts once in a kind"
    );
    assert_eq!((told.failures.rows(), told.failures.more()), (21, 0));
}

#[test]
fn there_are_never_more_kinds_than_can_be_held() {
    let rows = (0..1_000_u64).map(|n| ResultRow {
        bucket: Bucket::Failed,
        wrong: vec![wrong("x", &n.to_string())],
        ..row(n)
    });
    let told = told(rows);
    assert_eq!(told.failures.sorted().len(), 100);
    assert_eq!((told.failures.rows(), told.failures.more()), (1_000, 900));
}

#[test]
fn what_the_provider_kept_is_no_failure() {
    let told = told([ResultRow {
        kept: vec![wrong("kept", "City")],
        ..row(2)
    }]);
    assert_eq!((told.failures.rows(), told.overrides.rows()), (0, 1));
}

#[test]
fn bars_have_widths_that_one_can_count_with() {
    let table: [(&[u64], Bins); 3] = [
        (
            &[7],
            Bins {
                from_ms: 7,
                width_ms: 1,
                counts: vec![1],
                beyond: 0,
            },
        ),
        (
            &[0, 400, 900],
            Bins {
                from_ms: 0,
                width_ms: 50,
                counts: {
                    let mut counts = vec![0; 19];
                    (counts[0], counts[8], counts[18]) = (1, 1, 1);
                    counts
                },
                beyond: 0,
            },
        ),
        (
            &[1_000; 3],
            Bins {
                from_ms: 1_000,
                width_ms: 1,
                counts: vec![3],
                beyond: 0,
            },
        ),
    ];
    for (all, bins) in table {
        let mut spans = Spans::default();
        all.iter().for_each(|ms| spans.add(*ms));
        assert_eq!(spans.bins(), Some(bins), "{all:?}");
    }
    assert_eq!(Spans::default().bins(), None);
}

#[test]
fn a_few_that_took_for_ever_do_not_flatten_the_rest() {
    let mut spans = Spans::default();
    (0..1_000).for_each(|n| spans.add(10_000 + n * 10));
    (0..5).for_each(|_| spans.add(7_200_000));
    let bins = spans.bins().unwrap();
    assert_eq!((bins.from_ms, bins.width_ms), (10_000, 500));
    assert_eq!(bins.counts.iter().sum::<u64>() + bins.beyond, 1_005);
    assert!(bins.counts.len() >= 19 && bins.beyond >= 5, "{bins:?}");
}

proptest! {
    /// Every length is in one bar, and every share is told to within half a percent.
    #[test]
    fn shares_are_close_to_the_truth(mut all in prop::collection::vec(0_u64..100_000_000, 1..200), percent in 1_u64..=100) {
        let mut spans = Spans::default();
        all.iter().for_each(|ms| spans.add(*ms));
        let bins = spans.bins().unwrap();
        prop_assert_eq!(bins.counts.iter().sum::<u64>() + bins.beyond, all.len() as u64);
        prop_assert!(bins.counts.len() <= 50);
        all.sort_unstable();
        let rank = (all.len() as u64 * percent).div_ceil(100).max(1);
        let truth = all[usize::try_from(rank).unwrap() - 1];
        let told = spans.percentile_ms(percent).unwrap();
        prop_assert!(told <= truth && truth - told <= truth / 200 + 1, "{} {}", told, truth);
        prop_assert!(told >= all[0]);
    }
}
