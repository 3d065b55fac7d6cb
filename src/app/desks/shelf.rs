//! Desks that are set up, by batch, and batches for which there is none now. Does no I/O, and is told the time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::domain::ids::{BatchId, Digest};
use crate::domain::time::Timestamp;
use crate::engine::advance::{Desk, NO_LEAVE_PAUSE};

/// Batches that are remembered; of more, those not asked for longest are forgotten, and set up anew.
const BATCHES_MAX: usize = 256;

/// A desk that was not used for so long is compared with its batch and credentials before it is used: another process may
/// have paused the batch, and somebody may have put something right before the work goes on.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// A desk, and the digest of what it was set up from.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) desk: Arc<Desk>,
    pub(super) basis: Digest,
}

/// What is known of a batch's desk.
pub(super) enum Found {
    /// It can be used.
    Desk(Arc<Desk>),
    /// It can be used if nothing has changed that it was set up from.
    Stale(Standing),
    /// There was none a moment ago.
    NotNow,
    /// Nothing.
    Nothing,
}

struct Place {
    /// `None` when there was none to be had.
    standing: Option<Standing>,
    /// When it was asked for last, by the steady clock.
    used: Timestamp,
    /// Whether it is to be looked at before it is used.
    is_stale: bool,
}

/// See the module.
pub(super) struct Shelf {
    places: HashMap<BatchId, Place>,
    batches_max: usize,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::with_room(BATCHES_MAX)
    }
}

impl Shelf {
    /// With room for so many batches.
    pub(super) fn with_room(batches_max: usize) -> Self {
        Self {
            places: HashMap::new(),
            batches_max,
        }
    }

    /// What there is for a batch.
    pub(super) fn find(&mut self, batch: &BatchId, now: Timestamp) -> Found {
        self.clear_away();
        let Some(place) = self.places.get_mut(batch) else {
            return Found::Nothing;
        };
        let unused = now.since(place.used);
        match &place.standing {
            None if unused < NO_LEAVE_PAUSE => Found::NotNow,
            None => Found::Nothing,
            Some(standing) if place.is_stale || unused >= TRUSTED_FOR => Found::Stale(standing.clone()),
            Some(standing) => {
                place.used = now;
                Found::Desk(Arc::clone(&standing.desk))
            }
        }
    }

    /// Keeps a desk that has just been set up, or found to be as it would be set up.
    pub(super) fn put(&mut self, batch: &BatchId, standing: Standing, now: Timestamp) {
        self.place(batch, Some(standing), now);
    }

    /// There is none to be had. Returns whether that is news.
    pub(super) fn miss(&mut self, batch: &BatchId, now: Timestamp) -> bool {
        let known = self.places.get(batch);
        let is_news = known.is_none_or(|place| place.standing.is_some());
        self.place(batch, None, now);
        is_news
    }

    fn place(&mut self, batch: &BatchId, standing: Option<Standing>, now: Timestamp) {
        if self.places.len() >= self.batches_max && !self.places.contains_key(batch) {
            let oldest = self.places.iter().min_by_key(|(_, place)| place.used);
            if let Some(oldest) = oldest.map(|(batch, _)| batch.clone()) {
                self.places.remove(&oldest);
            }
        }
        let place = Place {
            standing,
            used: now,
            is_stale: false,
        };
        self.places.insert(batch.clone(), place);
    }

    /// Throws away the desks that want their batches paused. Such a pause may be for all batches of an account holder, so
    /// the others of the same are looked at.
    fn clear_away(&mut self) {
        let has_paused = |place: &Place| {
            let standing = place.standing.as_ref();
            standing.is_some_and(|standing| standing.desk.paused.load(Ordering::Relaxed))
        };
        let gone: Vec<Place> = self
            .places
            .extract_if(|_, place| has_paused(place))
            .map(|(_, place)| place)
            .collect();
        for gone in gone.iter().filter_map(|place| place.standing.as_ref()) {
            for place in self.places.values_mut() {
                let scope = place.standing.as_ref().map(|standing| &standing.desk.scope);
                place.is_stale |= scope == Some(&gone.desk.scope);
            }
        }
    }
}
