//! What may go wrong on the way, and how often.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One way for a call to go wrong. At most one strikes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fault {
    /// The connection is closed without a byte; the service never saw the request.
    DroppedBeforeCommit,
    /// The service did its work and kept its answer; the connection is closed without a byte.
    DroppedAfterCommit,
    /// The service fails with its own error shape, having done its work or not, by coin.
    Error500Stored,
    /// The gateway is unavailable; the service never saw the request.
    Unavailable503,
    /// The gateway throttles, whatever the limits say; the service never saw the request.
    Throttled429,
    /// The service did its work; the body is cut on the way.
    Truncated,
    /// The service did its work; the gateway gave up waiting for it.
    Gateway504AfterCommit,
    /// A proxy's HTML page; the service did its work or not, by coin.
    Html502,
    /// The service takes long, and does its work as it answers.
    Slow,
    /// No answer ever; the service did its work or not, by coin.
    Hang,
    /// The answer arrives, then the connection is closed without notice.
    ClosedIdle,
    /// The service fails in its own error shape under 500, and did nothing.
    Error500,
    /// The same under 502.
    Error502,
    /// The same under 504.
    Error504,
    /// The service did its work, and fails in its own error shape under 500.
    Error500AfterCommit,
    /// The same under 502.
    Error502AfterCommit,
    /// The same under 503.
    Error503AfterCommit,
    /// The same under 504.
    Error504AfterCommit,
    /// 500 without a body; the service did its work or not, by coin.
    Empty500,
    /// The same with 502.
    Empty502,
    /// The same with 504.
    Empty504,
}

impl Fault {
    /// All of them, in the order in which shares are drawn. A personality offers those that its provider can show.
    pub const ALL: [Self; 21] = [
        Self::DroppedBeforeCommit,
        Self::DroppedAfterCommit,
        Self::Error500Stored,
        Self::Unavailable503,
        Self::Throttled429,
        Self::Truncated,
        Self::Gateway504AfterCommit,
        Self::Html502,
        Self::Slow,
        Self::Hang,
        Self::ClosedIdle,
        Self::Error500,
        Self::Error502,
        Self::Error504,
        Self::Error500AfterCommit,
        Self::Error502AfterCommit,
        Self::Error503AfterCommit,
        Self::Error504AfterCommit,
        Self::Empty500,
        Self::Empty502,
        Self::Empty504,
    ];

    /// The word on the command line, in settings and in the tally.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DroppedBeforeCommit => "dropped_before_commit",
            Self::DroppedAfterCommit => "dropped_after_commit",
            Self::Error500Stored => "error_500_stored",
            Self::Unavailable503 => "unavailable_503",
            Self::Throttled429 => "throttled_429",
            Self::Truncated => "truncated",
            Self::Gateway504AfterCommit => "gateway_504_after_commit",
            Self::Html502 => "html_502",
            Self::Slow => "slow",
            Self::Hang => "hang",
            Self::ClosedIdle => "closed_idle",
            Self::Error500 => "error_500",
            Self::Error502 => "error_502",
            Self::Error504 => "error_504",
            Self::Error500AfterCommit => "error_500_after_commit",
            Self::Error502AfterCommit => "error_502_after_commit",
            Self::Error503AfterCommit => "error_503_after_commit",
            Self::Error504AfterCommit => "error_504_after_commit",
            Self::Empty500 => "empty_500",
            Self::Empty502 => "empty_502",
            Self::Empty504 => "empty_504",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Fault {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a fault\n  hint: one of {}", words(&Self::ALL)))
    }
}

fn words(faults: &[Fault]) -> String {
    let words: Vec<_> = faults.iter().map(|fault| fault.as_str()).collect();
    words.join(", ")
}

impl TryFrom<String> for Fault {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.as_str().to_owned()
    }
}

/// Shares of calls, 0 to 1, by fault; together at most 1.
pub type Faults = BTreeMap<Fault, f64>;

/// Reads `dropped_after_commit=0.05` and the like: a word and its share.
///
/// # Errors
///
/// No equals sign, a word that is not known, or a share that is not between 0 and 1.
pub fn parse_share<T: FromStr<Err = String>>(text: &str) -> Result<(T, f64), String> {
    let Some((word, share)) = text.split_once('=') else {
        return Err(format!("{text:?} has no share\n  hint: write it as word=0.05"));
    };
    let word = word.trim().parse()?;
    let share = share
        .trim()
        .parse::<f64>()
        .map_err(|_| format!("{share:?} is not a number"))?;
    if !(0.0..=1.0).contains(&share) {
        return Err(format!("the share {share} is not between 0 and 1"));
    }
    Ok((word, share))
}

/// Whether `faults` are shares, and of faults that are `offered`.
///
/// # Errors
///
/// What is wrong with them.
pub(super) fn check(faults: &Faults, offered: &[Fault]) -> Result<(), String> {
    check_shares("faults", faults.values())?;
    match faults.keys().find(|fault| !offered.contains(fault)) {
        None => Ok(()),
        Some(fault) => Err(format!(
            "{:?} is not a fault of this simulator\n  hint: one of {}",
            fault.as_str(),
            words(offered)
        )),
    }
}

/// Whether `shares` are shares: each between 0 and 1, and no more than 1 together.
///
/// # Errors
///
/// What is wrong with them, with `what` naming them.
pub fn check_shares<'a>(what: &str, shares: impl IntoIterator<Item = &'a f64>) -> Result<(), String> {
    let mut sum = 0.0;
    for share in shares {
        if !(0.0..=1.0).contains(share) {
            return Err(format!("{what}: the share {share} is not between 0 and 1"));
        }
        sum += share;
    }
    // Ten times 0.1 is a little more than 1 in binary.
    if sum > 1.0 + 1e-9 {
        return Err(format!("{what}: the shares come to {sum}, which is more than 1"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_word_of_its_own() {
        for fault in Fault::ALL {
            assert_eq!(fault.as_str().parse(), Ok(fault));
            let json = serde_json::to_string(&Faults::from([(fault, 0.5)])).unwrap();
            assert_eq!(
                serde_json::from_str::<Faults>(&json).unwrap(),
                Faults::from([(fault, 0.5)])
            );
        }
        assert!(
            "dropped"
                .parse::<Fault>()
                .unwrap_err()
                .contains("hint: one of dropped_before_commit, ")
        );
    }

    #[test]
    fn shares_are_read_and_checked() {
        assert_eq!(parse_share("slow=0.25"), Ok((Fault::Slow, 0.25)));
        for bad in ["slow", "slow=", "slow=1.5", "slow=-0.1", "slow=NaN", "fast=0.1"] {
            assert!(parse_share::<Fault>(bad).is_err(), "{bad}");
        }
        assert_eq!(check_shares("faults", &[0.1; 10]), Ok(()));
        let slow = Faults::from([(Fault::Slow, 0.5)]);
        assert_eq!(check(&slow, &[Fault::Slow]), Ok(()));
        assert!(
            check(&slow, &[Fault::Hang])
                .unwrap_err()
                .contains("hint: one of hang")
        );
        assert!(check_shares("faults", &[0.6, 0.6]).is_err());
        assert!(check_shares("faults", &[f64::NAN]).is_err());
    }
}
