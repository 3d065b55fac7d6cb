//! Countries and regions as Adobe takes them (providers.md 2.6).

use crate::domain::contract::RegionTable;

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
