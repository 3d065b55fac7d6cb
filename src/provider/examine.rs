//! What a look at any provider before rows are sent has in common: how long it takes, what to do where nothing answers, and
//! this machine's clock beside the provider's.

use std::time::Duration;

use crate::domain::diagnosis::Diagnosis;
use crate::domain::time::Timestamp;

/// Each call takes no longer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(15);

/// What to do where nothing answers.
pub(super) const NETWORK: &str = "see to the network, proxies and firewalls between here and the provider";

/// A clock that is further off than this is told; HTTP dates have whole seconds, and travel.
const CLOCK_OFF: Duration = Duration::from_secs(3);

/// How far the clock `here` is from the one `there`, in whole seconds, read at the same moment.
pub(super) fn clock(here: Timestamp, there: Timestamp) -> Diagnosis {
    let part = "provider's clock";
    // The second that the server showed may have been nearly over.
    let (ahead, behind) = (here.since(there.plus(Duration::from_secs(1))), there.since(here));
    let off = ahead.max(behind);
    if off < CLOCK_OFF {
        return Diagnosis::ok(part, "as here");
    }
    let way = if behind.is_zero() { "ahead of" } else { "behind" };
    Diagnosis::warning(
        part,
        format!("this machine's clock is {} s {way} the provider's", off.as_secs()),
        "have the machine's clock set by NTP: tokens, certificates and look-ups go by it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diagnosis::Verdict;

    #[test]
    fn clocks_that_differ() {
        let there = Timestamp::from_ms(1_700_000_000_000);
        for (off_ms, verdict, words) in [
            (0, Verdict::Ok, "as here"),
            (3_900, Verdict::Ok, "as here"),
            (-2_900, Verdict::Ok, "as here"),
            (91_000, Verdict::Warning, "90 s ahead of"),
            (-90_000, Verdict::Warning, "90 s behind"),
        ] {
            let here = Timestamp::from_ms(there.as_ms() + off_ms);
            let found = clock(here, there);
            assert_eq!(found.verdict, verdict, "{off_ms}");
            assert!(found.message.contains(words), "{found:?}");
        }
    }
}
