//! Lengths of time, counted so that any share of them can be told to within half a percent, in bounded memory.

/// Lengths below this are counted each for itself; above, each doubling has half as many slots.
const EXACT_MS: u64 = 512;

/// Slots of one doubling.
const SLOTS: u64 = EXACT_MS / 2;

/// Doublings told apart: up to 17 years. What is longer counts as that long.
const DOUBLINGS: u64 = 30;

/// Bars at most.
const BARS_MAX: u64 = 24;

/// Shares in a hundred that the bars show; the slowest stand together beside them.
const SHOWN_PERCENT: u64 = 98;

/// Widths that a person can count with, in milliseconds.
const WIDTHS_MS: [u64; 34] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    14_400_000,
    28_800_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
    1_209_600_000,
    2_592_000_000,
    7_776_000_000,
    15_552_000_000,
    31_104_000_000,
];

/// Lengths of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    slots: Vec<u64>,
    count: u64,
    min_ms: u64,
    max_ms: u64,
}

/// Lengths of time by bars of one width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bins {
    /// Where the first begins, in milliseconds.
    pub from_ms: u64,
    /// How wide each is, in milliseconds.
    pub width_ms: u64,
    /// How many fall into each.
    pub counts: Vec<u64>,
    /// How many are longer than the last.
    pub beyond: u64,
}

impl Spans {
    /// Counts a length in.
    pub fn add(&mut self, ms: u64) {
        let slot = slot_of(ms);
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, 0);
        }
        if let Some(count) = self.slots.get_mut(slot) {
            *count += 1;
        }
        self.min_ms = if self.count == 0 { ms } else { self.min_ms.min(ms) };
        self.max_ms = self.max_ms.max(ms);
        self.count += 1;
    }

    /// How many there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The longest.
    pub const fn max_ms(&self) -> u64 {
        self.max_ms
    }

    /// The length that so many in a hundred do not exceed; `None` if there are none.
    pub fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let rank = self.count.saturating_mul(percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (slot, count) in self.slots.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Some(start_of(slot).clamp(self.min_ms, self.max_ms));
            }
        }
        None
    }

    /// Bars to draw; `None` if there is nothing to.
    pub fn bins(&self) -> Option<Bins> {
        let upto = self.percentile_ms(SHOWN_PERCENT)?;
        let at_least = upto.saturating_sub(self.min_ms) / BARS_MAX + 1;
        let fitting = WIDTHS_MS.iter().find(|width| **width >= at_least);
        let width_ms = fitting.copied().unwrap_or(at_least);
        let from_ms = self.min_ms / width_ms * width_ms;
        let bars = usize::try_from((upto - from_ms) / width_ms + 1).unwrap_or(1);
        let mut bins = Bins {
            from_ms,
            width_ms,
            counts: vec![0; bars],
            beyond: 0,
        };
        for (slot, count) in self.slots.iter().enumerate() {
            let bar = start_of(slot).max(from_ms).saturating_sub(from_ms) / width_ms;
            let bar = usize::try_from(bar).unwrap_or(usize::MAX);
            *bins.counts.get_mut(bar).unwrap_or(&mut bins.beyond) += count;
        }
        Some(bins)
    }
}

fn slot_of(ms: u64) -> usize {
    let ms = ms.min((EXACT_MS << DOUBLINGS) - 1);
    let slot = if ms < EXACT_MS {
        ms
    } else {
        let doubling = u64::from(ms.ilog2() - EXACT_MS.ilog2()) + 1;
        EXACT_MS + (doubling - 1) * SLOTS + ((ms >> doubling) - SLOTS)
    };
    usize::try_from(slot).unwrap_or(usize::MAX)
}

/// The shortest length of a slot.
fn start_of(slot: usize) -> u64 {
    let slot = slot as u64;
    if slot < EXACT_MS {
        return slot;
    }
    let doubling = (slot - EXACT_MS) / SLOTS + 1;
    (SLOTS + (slot - EXACT_MS) % SLOTS) << doubling
}
