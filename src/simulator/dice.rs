//! A small seeded generator (SplitMix64), so that a seed replays a run exactly.

use std::time::Duration;

/// A sequence of numbers fixed by its seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice for one named thing: the same whatever was thrown before, so that a row's fate does not depend on
    /// the order in which rows arrive.
    pub(crate) fn of(seed: u64, name: &str) -> Self {
        // FNV-1a, then one throw to mix.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut dice = Self(seed ^ hash);
        let mixed = dice.next();
        Self(mixed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 inclusive to 1 exclusive.
    #[allow(clippy::cast_precision_loss, reason = "the top 53 bits fit a double exactly")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.next() >> 63 == 1
    }

    /// From 0 inclusive to `end` exclusive; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from(self.next().checked_rem(end).unwrap_or(0)).unwrap_or(0)
    }

    /// A span between two, in whole milliseconds, both ends included.
    pub(crate) fn between(&mut self, min: Duration, max: Duration) -> Duration {
        let width = u64::try_from(max.saturating_sub(min).as_millis()).unwrap_or(u64::MAX);
        min.saturating_add(Duration::from_millis(
            self.next() % width.saturating_add(1).max(1),
        ))
    }

    /// Which of `shares` is drawn; `None` for what the shares leave over.
    pub(crate) fn draw<T: Copy>(&mut self, shares: impl IntoIterator<Item = (T, f64)>) -> Option<T> {
        let mut left = self.unit();
        for (what, share) in shares {
            left -= share;
            if left < 0.0 {
                return Some(what);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence_and_shares_are_kept() {
        let throw = |seed| {
            (0..10)
                .map(move |_| seed)
                .scan(Dice::new(seed), |dice, _| Some(dice.next()))
        };
        assert!(throw(7).eq(throw(7)));
        assert!(!throw(7).eq(throw(8)));

        let mut dice = Dice::new(1);
        let drawn: Vec<_> = (0..100_000)
            .map(|_| dice.draw([('a', 0.05), ('b', 0.25)]))
            .collect();
        let share = |of| drawn.iter().filter(|one| **one == of).count();
        assert!((4_700..5_300).contains(&share(Some('a'))), "{}", share(Some('a')));
        assert!(
            (24_300..25_700).contains(&share(Some('b'))),
            "{}",
            share(Some('b'))
        );
    }

    #[test]
    fn ends_are_kept() {
        let mut dice = Dice::new(3);
        assert_eq!(dice.below(0), 0);
        let (min, max) = (Duration::from_millis(2), Duration::from_millis(4));
        let seen: std::collections::BTreeSet<_> =
            (0..100).map(|_| dice.between(min, max).as_millis()).collect();
        assert_eq!(seen, [2, 3, 4].into());
        assert_eq!(dice.between(max, min), max);
        assert_eq!(dice.draw([('a', 1.0)]), Some('a'));
        assert_eq!(dice.draw([('a', 0.0)]), None);
    }
}
