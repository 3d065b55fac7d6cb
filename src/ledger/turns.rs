//! Whose turn it is: equal shares for batches, submits before reads, and reads never starved.

use std::collections::VecDeque;

/// Of so many tasks claimed while both kinds wait, one is a read.
const READ_EVERY: usize = 8;

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

/// Remembers who was served, from claim to claim. Losing it costs nobody more than one turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    last_served: [Option<i64>; Class::ALL.len()],
    submits_since_read: usize,
}

impl Turns {
    /// Fills up to `slots` from the batches in `lanes` (ascending). `take` leases up to so many tasks of a batch and
    /// class, and says how many it found; fewer than asked for means there are no more.
    pub(super) fn fill<E>(
        &mut self,
        lanes: &[i64],
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

    /// Equal shares; what one batch cannot use goes to the others. Starts behind the batch served last, so that
    /// claims smaller than the number of batches go round too.
    fn share<E>(
        &mut self,
        class: Class,
        lanes: &[i64],
        slots: usize,
        take: &mut impl FnMut(i64, Class, usize) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let Some(last) = self.last_served.get_mut(class as usize) else {
            return Ok(0);
        };
        let behind = lanes.partition_point(|lane| last.is_some_and(|last| *lane <= last));
        let mut waiting: VecDeque<i64> = lanes.iter().copied().collect();
        waiting.rotate_left(behind.min(lanes.len()));
        let mut taken = 0;
        while taken < slots && !waiting.is_empty() {
            let share = ((slots - taken) / waiting.len()).max(1);
            for _ in 0..waiting.len() {
                let want = share.min(slots - taken);
                let Some(lane) = waiting.pop_front().filter(|_| want > 0) else {
                    break;
                };
                let got = take(lane, class, want)?.min(want);
                taken += got;
                if got > 0 {
                    *last = Some(lane);
                }
                if got == want {
                    waiting.push_back(lane);
                }
            }
        }
        Ok(taken)
    }
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
        let lanes: Vec<i64> = waiting.keys().copied().collect();
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

    proptest! {
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
