//! When a worker process dies or stands still: by share and dice in the seeds, by script in the scenarios.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::dice::Dice;

/// Where a process can die. Between any two saves there is at least one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// Between two blocks of the import.
    Importing,
    /// Tasks are claimed, nothing is done with them.
    Claimed,
    /// The request is about to leave.
    BeforeLeaving,
    /// The provider has the request; the answer is on its way.
    OnTheWay,
    /// The answer is there and nobody has looked at it.
    Answered,
    /// Several answers are understood, none is saved.
    BeforeCommit,
    /// Some are saved, others are not.
    BetweenCommits,
    /// All are saved.
    Committed,
}

impl Point {
    pub(crate) const ALL: [Self; 8] = [
        Self::Importing,
        Self::Claimed,
        Self::BeforeLeaving,
        Self::OnTheWay,
        Self::Answered,
        Self::BeforeCommit,
        Self::BetweenCommits,
        Self::Committed,
    ];
}

/// Who dies when.
#[derive(Debug)]
pub(crate) struct Fate(Mutex<Book>);

#[derive(Debug)]
struct Book {
    dice: Dice,
    share: f64,
    left: u32,
    passed: BTreeMap<Point, u32>,
    struck: BTreeMap<Point, u32>,
    script: Vec<(Point, u32)>,
}

impl Fate {
    /// Dies at a point with probability `share`, at most `max` times.
    pub(crate) fn by_dice(dice: Dice, share: f64, max: u32) -> Self {
        Self(Mutex::new(Book {
            dice,
            share,
            left: max,
            passed: BTreeMap::new(),
            struck: BTreeMap::new(),
            script: Vec::new(),
        }))
    }

    /// Dies when a point is passed for the n-th time, counted from 1.
    pub(crate) fn by_script(script: &[(Point, u32)]) -> Self {
        let fate = Self::by_dice(Dice::of(0, 0), 0.0, 0);
        fate.0.lock().unwrap().script = script.to_vec();
        fate
    }

    /// Whether the process that passes this point dies there.
    pub(crate) fn strikes(&self, point: Point) -> bool {
        let mut book = self.0.lock().unwrap();
        let passed = book.passed.entry(point).or_default();
        *passed += 1;
        let scripted = (point, *passed);
        // There are few blocks in a file, and many calls.
        let share = if point == Point::Importing {
            book.share * 10.0
        } else {
            book.share
        };
        let strikes = book.script.contains(&scripted) || (book.left > 0 && book.dice.chance(share));
        if strikes {
            book.left = book.left.saturating_sub(1);
            *book.struck.entry(point).or_default() += 1;
        }
        strikes
    }

    /// How often processes died where.
    pub(crate) fn struck(&self) -> BTreeMap<Point, u32> {
        self.0.lock().unwrap().struck.clone()
    }
}
