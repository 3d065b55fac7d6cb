//! Two counts over time, in a fixed number of steps: when an event lies beyond the last step, all steps become twice as wide.

/// Steps at most. Even, so that two become one without a rest.
const STEPS: usize = 240;

/// How wide steps are at first.
const WIDTH_MS: u64 = 50;

/// Accounts made and rows settled, by the time since the import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    width_ms: u64,
    created: [u64; STEPS],
    settled: [u64; STEPS],
    /// Made and settled before the import: rows that an earlier batch had done.
    before: (u64, u64),
}

/// How things stood at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Milliseconds since the import.
    pub at_ms: u64,
    /// Accounts made by then.
    pub created: u64,
    /// Rows settled by then.
    pub settled: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            width_ms: WIDTH_MS,
            created: [0; STEPS],
            settled: [0; STEPS],
            before: (0, 0),
        }
    }
}

impl Timeline {
    /// An account was made so long after the import, `Err` before it, or never.
    pub fn created(&mut self, at_ms: Option<Result<u64, ()>>) {
        match at_ms {
            Some(Ok(at_ms)) => {
                let step = self.step(at_ms);
                self.created.get_mut(step).into_iter().for_each(|n| *n += 1);
            }
            Some(Err(())) => self.before.0 += 1,
            None => {}
        }
    }

    /// A row settled so long after the import, `Err` before it, or never.
    pub fn settled(&mut self, at_ms: Option<Result<u64, ()>>) {
        match at_ms {
            Some(Ok(at_ms)) => {
                let step = self.step(at_ms);
                self.settled.get_mut(step).into_iter().for_each(|n| *n += 1);
            }
            Some(Err(())) => self.before.1 += 1,
            None => {}
        }
    }

    fn step(&mut self, at_ms: u64) -> usize {
        loop {
            match usize::try_from(at_ms / self.width_ms) {
                Ok(step) if step < STEPS => return step,
                _ => self.widen(),
            }
        }
    }

    fn widen(&mut self) {
        self.width_ms = self.width_ms.saturating_mul(2);
        for counts in [&mut self.created, &mut self.settled] {
            let mut wide = [0; STEPS];
            for (to, pair) in wide.iter_mut().zip(counts.chunks(2)) {
                *to = pair.iter().sum();
            }
            *counts = wide;
        }
    }

    /// How things stood at the import and at the end of each step until nothing more happened; empty if nothing did.
    pub fn points(&self) -> Vec<Point> {
        let steps = self.created.iter().zip(&self.settled);
        let Some(last) = steps
            .clone()
            .rposition(|(created, settled)| created + settled > 0)
        else {
            return Vec::new();
        };
        let mut point = Point {
            at_ms: 0,
            created: self.before.0,
            settled: self.before.1,
        };
        let mut points = vec![point];
        for (created, settled) in steps.take(last + 1) {
            point.at_ms = point.at_ms.saturating_add(self.width_ms);
            point.created += created;
            point.settled += settled;
            points.push(point);
        }
        points
    }
}
