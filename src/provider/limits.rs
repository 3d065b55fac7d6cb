//! Limits of our own, the same whichever provider it is.

use std::time::Duration;

/// How far a provider's clock and ours may differ when an account is looked for by the time of its making (providers.md 3.6).
pub(super) const CLOCK_SKEW: Duration = Duration::from_secs(600);

/// Pages read of one list or search at most. At 50 a page that is 2,000 accounts that match one name.
pub(super) const PAGES_MAX: u64 = 40;

/// Characters that are kept of a provider's code or status.
pub(super) const CODE_CHARS_MAX: usize = 40;

/// Characters that are kept of a message.
pub(super) const MESSAGE_CHARS_MAX: usize = 500;

/// Characters that are kept of a field's path.
pub(super) const FIELD_CHARS_MAX: usize = 120;
