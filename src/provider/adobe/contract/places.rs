//! Countries, regions and postal codes as Adobe takes them (providers.md 2.6).

use crate::domain::contract::{PostalForm, RegionTable};

/// Countries that are not accepted, and what to do instead where the documentation says it.
#[rustfmt::skip]
pub(super) static NOT_ACCEPTED: &[(&str, &str)] = &[
    ("AQ", ""), ("AX", "write country FI and region 01"), ("BL", "write country FR and region BL"),
    ("BQ", "write country NL and region BQ1, BQ2 or BQ3"), ("BV", ""),
    ("CU", "under embargo: this row cannot go to Adobe; take it out"), ("CW", "write country NL and region CW"), ("EH", ""),
    ("GG", "write country GB"), ("GS", ""), ("HM", ""), ("IM", "write country GB"), ("IO", "write country GB"),
    ("IR", "under embargo: this row cannot go to Adobe; take it out"), ("JE", "write country GB"), ("KM", ""),
    ("KP", "under embargo: this row cannot go to Adobe; take it out"), ("MF", "write country FR"), ("PN", ""), ("PW", ""),
    ("SD", ""), ("SJ", ""), ("SS", ""), ("SY", "under embargo: this row cannot go to Adobe; take it out"),
    ("TF", "write country FR"),
];

/// Regions of the countries that have no way of saying "none": other countries take any code of the right shape.
pub(super) static REGIONS: &[RegionTable] = &[
    RegionTable {
        country: "US",
        regions: US,
        own_countries: &["AS", "GU", "MP", "PR", "UM", "VI"],
    },
    RegionTable {
        country: "CA",
        regions: CA,
        own_countries: &[],
    },
];

/// 55: the states, the capital, the armed forces' three, and PW.
#[rustfmt::skip]
static US: &[(&str, &str)] = &[
    ("AA", "Armed Forces Americas"), ("AE", "Armed Forces Europe"), ("AK", "Alaska"), ("AL", "Alabama"),
    ("AP", "Armed Forces Pacific"), ("AR", "Arkansas"), ("AZ", "Arizona"), ("CA", "California"), ("CO", "Colorado"),
    ("CT", "Connecticut"), ("DC", "District of Columbia"), ("DE", "Delaware"), ("FL", "Florida"), ("GA", "Georgia"),
    ("HI", "Hawaii"), ("IA", "Iowa"), ("ID", "Idaho"), ("IL", "Illinois"), ("IN", "Indiana"), ("KS", "Kansas"),
    ("KY", "Kentucky"), ("LA", "Louisiana"), ("MA", "Massachusetts"), ("MD", "Maryland"), ("ME", "Maine"),
    ("MI", "Michigan"), ("MN", "Minnesota"), ("MO", "Missouri"), ("MS", "Mississippi"), ("MT", "Montana"),
    ("NC", "North Carolina"), ("ND", "North Dakota"), ("NE", "Nebraska"), ("NH", "New Hampshire"), ("NJ", "New Jersey"),
    ("NM", "New Mexico"), ("NV", "Nevada"), ("NY", "New York"), ("OH", "Ohio"), ("OK", "Oklahoma"), ("OR", "Oregon"),
    ("PA", "Pennsylvania"), ("PW", "Palau"), ("RI", "Rhode Island"), ("SC", "South Carolina"), ("SD", "South Dakota"),
    ("TN", "Tennessee"), ("TX", "Texas"), ("UT", "Utah"), ("VA", "Virginia"), ("VT", "Vermont"), ("WA", "Washington"),
    ("WI", "Wisconsin"), ("WV", "West Virginia"), ("WY", "Wyoming"),
];

/// 14: the provinces and territories, and PQ, the old code of Quebec.
#[rustfmt::skip]
static CA: &[(&str, &str)] = &[
    ("AB", "Alberta"), ("BC", "British Columbia"), ("MB", "Manitoba"), ("NB", "New Brunswick"),
    ("NL", "Newfoundland and Labrador"), ("NS", "Nova Scotia"), ("NT", "Northwest Territories"), ("NU", "Nunavut"),
    ("ON", "Ontario"), ("PE", "Prince Edward Island"), ("PQ", "Province de Québec"), ("QC", "Québec"), ("SK", "Saskatchewan"),
    ("YT", "Yukon"),
];

/// The forms that are known well enough to refuse a row by; other countries' codes pass as they are.
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
