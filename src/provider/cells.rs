//! What is wrong with a cell whichever provider it goes to, as data for the contracts.

use crate::domain::contract::{Check, PostalForm, Test};

/// The source of a rule that is nobody's but our own.
const OURS: &str = "";

/// Checks of every value of every contract.
#[rustfmt::skip]
pub(super) static EVERY_FIELD: &[Check] = &[
    Check::error("text.control", Test::NoControls, OURS, "remove it; a cell is one line").firm(),
    Check::error("text.sheet_error", Test::NoSheetError, OURS, "mend the formula, or write the value"),
    Check::warning("text.invisible", Test::NoInvisibles, OURS, "type the value again; copying brought it along"),
    Check::warning("text.garbled", Test::NoGarbling, OURS, "save the file as UTF-8 from its source"),
];

/// The forms of postal codes that are known well (providers.md 2.6, third-party table); other countries' codes pass as
/// they are.
pub(super) static POSTAL_FORMS: &[PostalForm] = &[
    PostalForm {
        country: "US",
        masks: &["99999", "99999-9999"],
        never: &[],
        digits: 5,
        example: "95110 or 95110-1234",
    },
    PostalForm {
        country: "CA",
        masks: &["F9L 9L9"],
        never: &[],
        digits: 0,
        example: "K1A 0B1",
    },
    PostalForm {
        country: "GB",
        masks: &["GIR ?9AA?", "A9X? ?9AA?", "AA9X? ?9AA?"],
        never: &[],
        digits: 0,
        example: "SW1A 1AA",
    },
    // The published pattern looks ahead for the two that do not exist.
    PostalForm {
        country: "DE",
        masks: &["01999", "19999"],
        never: &["01000", "99999"],
        digits: 5,
        example: "01067",
    },
    PostalForm {
        country: "JP",
        masks: &["999-?9999"],
        never: &[],
        digits: 7,
        example: "100-0001",
    },
    PostalForm {
        country: "IN",
        masks: &["999 ?999"],
        never: &[],
        digits: 0,
        example: "560001",
    },
    PostalForm {
        country: "BR",
        masks: &["99999", "99999-?999"],
        never: &[],
        digits: 8,
        example: "01310-100",
    },
    PostalForm {
        country: "IE",
        masks: &["xxx ?xxxx"],
        never: &[],
        digits: 0,
        example: "D02 AF30",
    },
];

/// Countries whose codes are so many digits, some with a zero in front, and that have no form above.
#[rustfmt::skip]
pub(super) static FIXED_DIGITS: &[(&str, usize)] = &[
    ("AU", 4), ("EE", 5), ("ES", 5), ("FI", 5), ("FR", 5), ("IT", 5), ("KR", 5), ("MX", 5), ("MY", 5), ("NO", 4),
    ("TR", 5), ("UA", 5),
];
