//! Values outside their ranges, gathered so that all are told at once.

use std::fmt::Display;
use std::time::Duration;

use super::{Finding, Span};

/// Gathers values outside their ranges.
#[derive(Default)]
pub(super) struct Ranges {
    pub(super) faults: Vec<Finding>,
}

impl Ranges {
    pub(super) fn fault(&mut self, key: &str, value: &str, message: impl Into<String>, hint: &str) {
        self.faults.push(Finding {
            at: String::new(),
            key: key.into(),
            value: value.into(),
            message: message.into(),
            hint: hint.into(),
        });
    }

    pub(super) fn within<T: PartialOrd + Display + Copy>(&mut self, key: &str, value: T, min: T, max: T) {
        if !(min..=max).contains(&value) {
            self.fault(key, &value.to_string(), format!("must be {min} to {max}"), "");
        }
    }

    pub(super) fn count(&mut self, key: &str, items: usize, min: usize, max: usize) {
        if !(min..=max).contains(&items) {
            self.fault(
                key,
                "",
                format!("has {items} items; must have {min} to {max}"),
                "",
            );
        }
    }

    pub(super) fn span(&mut self, key: &str, value: Span, min: Duration, max: Duration) {
        self.within(key, value, min.into(), max.into());
    }

    /// Like `within`; NaN is outside every range.
    pub(super) fn number(&mut self, key: &str, value: f64, min: f64, max: f64) {
        self.within(key, value, min, max);
    }
}
