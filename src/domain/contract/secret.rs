//! Fields whose values are secret: sent to the provider, and shown or kept in the open nowhere else.

use super::Contract;
use crate::domain::fault::Fault;
use crate::domain::field::Field;

/// What stands in a secret cell's place, in the ledger and in every report.
pub const SECRET_SHOWN: &str = "(secret)";

/// The rule that a cell breaks which came back from a report.
pub(super) const LEFT_OUT: &str = "secret.left_out";

/// What is said of a secret value that breaks another rule: in detail, it would be a part of the value.
pub(super) const UNTOLD: &str = "not as the rule wants it; the value is secret and not shown";

impl Contract {
    /// Whether the field's values are secret, whichever contact they are of.
    pub fn is_secret(&self, field: Field) -> bool {
        self.secret.contains(&field.for_contact(0))
    }

    /// Takes out of faults what they repeat of secret cells. A cell that belongs to no field may be one that slipped into
    /// another column, so it is not repeated either where the contract has secrets.
    pub fn hide_secrets(&self, faults: &mut [Fault]) {
        if self.secret.is_empty() {
            return;
        }
        for fault in faults {
            if fault.field.is_none_or(|field| self.is_secret(field)) {
                fault.value.clear();
            }
        }
    }
}
