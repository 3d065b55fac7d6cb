//! Whose turn it is: shares by weight for batches, submits before reads, and reads never starved.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Of so many tasks claimed while both kinds wait, one is a read.
const READ_EVERY: usize = 8;

/// What a turn costs a batch of weight 1; one of weight 3 pays a third. All weights to 20 divide it without rest, the
/// others nearly so.
const TURN: u64 = 232_792_560;

/// Turns given out before those who have them are asked what they took: bounds the work that finds nothing to take.
const ROUND_MAX: usize = 1_024;

/// What a task's next step is, as far as turns go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It makes an account, or must find out at once whether one exists (`Task::goes_first`).
    Submit = 0,
    /// It looks at something.
    Read = 1,
}

impl Class {
    pub(super) const ALL: [Self; 2] = [Self::Submit, Self::Read];
}

/// A batch that may lend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    /// Its number in the store.
    pub(super) no: i64,
    /// Its share, from 1.
    pub(super) weight: u32,
}

/// Remembers who was served, from claim to claim. Losing it costs nobody more than one turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    lines: [Line; Class::ALL.len()],
    submits_since_read: usize,
}

impl Turns {
    /// Fills up to `slots` from the batches in `lanes`. `take` leases up to so many tasks of a batch and class, and says
    /// how many it found; fewer than asked for means there are no more.
    pub(super) fn fill<E>(
        &mut self,
        lanes: &[Lane],
        slots: usize,
        mut take: impl FnMut(i64, Class, usize) -> Result<usize, E>,
    ) -> Result<(), E> {
        let reads_owed = (self.submits_since_read + slots) / READ_EVERY;
        let reads = self.share(Class::Read, lanes, reads_owed, &mut take)?;
        let submits = self.share(Class::Submit, lanes, slots - reads, &mut take)?;
        let left = slots - reads - submits;
        let more_reads = if reads == reads_owed {
            self.share(Class::Read, lanes, left, &mut take)?
        } else {
            0
        };
        self.submits_since_read = if more_reads > 0 {
            0
        } else if reads == reads_owed {
            (self.submits_since_read + submits + reads) % READ_EVERY
        } else {
            // No read was due; the next to fall due goes at once.
            READ_EVERY - 1
        };
        Ok(())
    }

    /// Shares by weight; what one batch cannot use goes to the others.
    fn share<E>(
        &mut self,
        class: Class,
        lanes: &[Lane],
        slots: usize,
        take: &mut impl FnMut(i64, Class, usize) -> Result<usize, E>,
    ) -> Result<usize, E> {
        match self.lines.get_mut(class as usize) {
            Some(line) if slots > 0 => line.share(lanes, slots, |lane, want| take(lane, class, want)),
            _ => Ok(0),
        }
    }
}

/// The batches in the order of their next turns: whoever has had least for its weight comes first. What is kept is how
/// far each is ahead of the one that comes first, never more than [`TURN`]; a batch that is not there is not ahead.
/// So a batch that comes, or had nothing to do for a while, gets its share from then on, and no arrears.
#[derive(Debug, Default)]
struct Line(BTreeMap<i64, Ahead>);

#[derive(Clone, Copy, Debug)]
struct Ahead {
    by: u64,
    weight: u32,
}

/// A batch's place in the line; of equals, the older batch comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    by: u64,
    no: i64,
    weight: u32,
}

impl Line {
    fn share<E>(
        &mut self,
        lanes: &[Lane],
        slots: usize,
        mut take: impl FnMut(i64, usize) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let mut line: BinaryHeap<Reverse<Place>> =
            lanes.iter().map(|lane| Reverse(self.place(*lane))).collect();
        let mut empty = BTreeSet::new();
        let mut taken = 0;
        while taken < slots {
            let wants = allot(&mut line, &empty, (slots - taken).min(ROUND_MAX));
            if wants.is_empty() {
                break;
            }
            for (lane, want) in wants {
                let got = take(lane, want)?.min(want);
                taken += got;
                if got < want {
                    empty.insert(lane);
                }
            }
        }
        self.keep(line.into_iter().map(|Reverse(place)| place), &empty);
        Ok(taken)
    }

    fn place(&self, lane: Lane) -> Place {
        let weight = lane.weight.max(1);
        let by = match self.0.get(&lane.no) {
            // With another weight the turn it had would have cost something else.
            Some(ahead) => ahead.by * u64::from(ahead.weight) / u64::from(weight),
            None => 0,
        };
        Place {
            by,
            no: lane.no,
            weight,
        }
    }

    /// Those that had no more are forgotten with those that are gone: they used less than their share.
    fn keep(&mut self, line: impl Iterator<Item = Place>, empty: &BTreeSet<i64>) {
        let open: Vec<Place> = line.filter(|place| !empty.contains(&place.no)).collect();
        let first = open.iter().map(|place| place.by).min().unwrap_or(0);
        let ahead = open.into_iter().map(|Place { by, no, weight }| {
            let by = by - first;
            (no, Ahead { by, weight })
        });
        self.0 = ahead.filter(|(_, ahead)| ahead.by > 0).collect();
    }
}

/// Gives out so many turns; how many for whom. None when all are empty.
fn allot(line: &mut BinaryHeap<Reverse<Place>>, empty: &BTreeSet<i64>, turns: usize) -> BTreeMap<i64, usize> {
    let mut wants = BTreeMap::new();
    let mut given = 0;
    while given < turns
        && let Some(Reverse(mut place)) = line.pop()
    {
        if empty.contains(&place.no) {
            continue;
        }
        *wants.entry(place.no).or_default() += 1;
        place.by += TURN / u64::from(place.weight);
        line.push(Reverse(place));
        given += 1;
    }
    wants
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// Claims `slots` from batches with so many submits and reads waiting; returns what each gave.
    fn claim(
        turns: &mut Turns,
        waiting: &mut BTreeMap<i64, [usize; 2]>,
        slots: usize,
    ) -> BTreeMap<i64, [usize; 2]> {
        claim_by_weight(turns, waiting, slots, |_| 1)
    }

    fn claim_by_weight(
        turns: &mut Turns,
        waiting: &mut BTreeMap<i64, [usize; 2]>,
        slots: usize,
        weight_of: impl Fn(i64) -> u32,
    ) -> BTreeMap<i64, [usize; 2]> {
        let lanes: Vec<Lane> = waiting
            .keys()
            .map(|no| Lane {
                no: *no,
                weight: weight_of(*no),
            })
            .collect();
        let mut given: BTreeMap<i64, [usize; 2]> = BTreeMap::new();
        turns
            .fill(&lanes, slots, |lane, class, want| {
                let there = &mut waiting.get_mut(&lane).unwrap()[class as usize];
                let got = want.min(*there);
                *there -= got;
                given.entry(lane).or_default()[class as usize] += got;
                Ok::<_, Infallible>(got)
            })
            .unwrap();
        given
    }

    #[test]
    fn what_a_small_batch_leaves_goes_to_the_large_one() {
        let mut waiting = BTreeMap::from([(1, [50_000, 0]), (2, [5, 0])]);
        let given = claim(&mut Turns::default(), &mut waiting, 64);
        assert_eq!(given[&2], [5, 0]);
        assert_eq!(given[&1], [59, 0]);
    }

    #[test]
    fn single_claims_go_round() {
        let mut turns = Turns::default();
        let mut waiting = BTreeMap::from([(1, [100, 0]), (4, [100, 0]), (9, [100, 0])]);
        for _ in 0..30 {
            claim(&mut turns, &mut waiting, 1);
        }
        assert_eq!(waiting.into_values().collect::<Vec<_>>(), vec![[90, 0]; 3]);
    }

    #[test]
    fn a_batch_that_comes_or_goes_upsets_nobody() {
        let mut turns = Turns::default();
        let mut waiting = BTreeMap::from([(9, [100, 0])]);
        claim(&mut turns, &mut waiting, 3);
        waiting.insert(2, [100, 0]);
        let given = claim(&mut turns, &mut waiting, 1);
        assert_eq!(given[&2], [1, 0]);
    }

    /// The second weighs 3, the third 8.
    const fn weights(no: i64) -> u32 {
        match no {
            2 => 3,
            3 => 8,
            _ => 1,
        }
    }

    #[test]
    fn shares_are_by_weight_in_large_claims_and_in_small_ones() {
        for size in [1, 3, 8, 60, 3_000] {
            let mut turns = Turns::default();
            let mut waiting = BTreeMap::from([(1, [60_000, 0]), (2, [60_000, 0]), (3, [60_000, 0])]);
            for _ in 0..12_000 / size {
                claim_by_weight(&mut turns, &mut waiting, size, weights);
            }
            let given = waiting.into_values().map(|[left, _]| 60_000 - left);
            assert_eq!(
                given.collect::<Vec<_>>(),
                [1_000, 3_000, 8_000],
                "in claims of {size}"
            );
        }
    }

    #[test]
    fn a_weight_works_from_the_next_claim_on() {
        let mut turns = Turns::default();
        let mut waiting = BTreeMap::from([(1, [1_000, 0]), (2, [1_000, 0])]);
        // The second has just had the one turn of its weight.
        let given = claim_by_weight(&mut turns, &mut waiting, 101, |no| if no == 1 { 100 } else { 1 });
        assert_eq!(given, BTreeMap::from([(1, [100, 0]), (2, [1, 0])]));
        claim_by_weight(&mut turns, &mut waiting, 2, |no| if no == 1 { 100 } else { 1 });
        let given = claim_by_weight(&mut turns, &mut waiting, 10, |_| 100);
        assert_eq!(given, BTreeMap::from([(1, [5, 0]), (2, [5, 0])]));
    }

    #[test]
    fn nothing_to_do_for_a_while_saves_up_no_turns() {
        let mut turns = Turns::default();
        let mut waiting = BTreeMap::from([(1, [1_000, 0]), (2, [0, 0])]);
        for _ in 0..10 {
            claim(&mut turns, &mut waiting, 10);
        }
        waiting.insert(2, [1_000, 0]);
        let given = claim(&mut turns, &mut waiting, 10);
        assert_eq!(given, BTreeMap::from([(1, [5, 0]), (2, [5, 0])]));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut turns = Turns::default();
        for no in 1..1_000 {
            let mut waiting = BTreeMap::from([(no, [500, 0]), (no + 1, [500, 0])]);
            claim(&mut turns, &mut waiting, 7);
        }
        assert!(turns.lines[0].0.len() <= 2);
    }

    proptest! {
        /// While all have work, no batch is ever more than a turn ahead of another, for its weight.
        #[test]
        fn nobody_is_more_than_a_turn_ahead(
            slots in prop::collection::vec(0_usize..200, 1..60),
            weights in prop::collection::vec(1_u32..=100, 1..8),
        ) {
            let mut turns = Turns::default();
            let all = usize::MAX / 2;
            let weight_of: BTreeMap<i64, u32> = (0..).zip(weights.iter().copied()).collect();
            let mut waiting: BTreeMap<i64, [usize; 2]> = weight_of.keys().map(|no| (*no, [all, 0])).collect();
            for slots in slots {
                claim_by_weight(&mut turns, &mut waiting, slots, |no| weight_of[&no]);
                let had: Vec<u64> = waiting.values().map(|[left, _]| (all - left) as u64).collect();
                for (one, other) in (0..had.len()).flat_map(|one| (0..had.len()).map(move |other| (one, other))) {
                    let (w, v) = (u64::from(weights[one]), u64::from(weights[other]));
                    // had / weight, the last turn taken back, in parts of w * v; one for what does not divide.
                    prop_assert!(
                        had[one].saturating_sub(1) * v <= had[other] * w + 1,
                        "{had:?} for {weights:?}"
                    );
                }
                prop_assert!(turns.lines[0].0.values().all(|ahead| ahead.by <= TURN));
            }
        }

        #[test]
        fn all_slots_are_filled_and_reads_get_their_eighth(
            slots in prop::collection::vec(1_usize..40, 1..60),
            batches in prop::collection::vec((0_usize..60, 0_usize..60), 1..6),
        ) {
            let mut turns = Turns::default();
            let mut waiting: BTreeMap<i64, [usize; 2]> =
                (1..).zip(batches).map(|(no, (submits, reads))| (no, [submits, reads])).collect();
            let (mut submits_in_a_row, mut picks, mut reads) = (0, 0, 0);
            for slots in slots {
                let before = waiting.values().fold([0, 0], |sum, [s, r]| [sum[0] + s, sum[1] + r]);
                let given = claim(&mut turns, &mut waiting, slots);
                let got = given.values().fold([0, 0], |sum, [s, r]| [sum[0] + s, sum[1] + r]);
                prop_assert_eq!(got[0] + got[1], slots.min(before[0] + before[1]));
                let both_wait_after = before[0] > got[0] && before[1] > got[1];
                if both_wait_after {
                    picks += slots;
                    reads += got[1];
                    prop_assert!(reads >= picks / READ_EVERY, "{reads} reads in {picks}");
                    prop_assert!(reads <= picks / READ_EVERY + 1, "submits go first");
                    submits_in_a_row = if got[1] > 0 { 0 } else { submits_in_a_row + got[0] };
                    prop_assert!(submits_in_a_row < 2 * READ_EVERY);
                } else {
                    (submits_in_a_row, picks, reads) = (0, 0, 0);
                }
                waiting.retain(|_, [s, r]| *s + *r > 0);
            }
        }
    }
}
