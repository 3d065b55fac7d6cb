//! The countries of ISO 3166-1: alpha-2 code, alpha-3 code, English short name. Provider tables take from here.

/// Alpha-2 code, alpha-3 code and English name of a country.
pub type Country = (&'static str, &'static str, &'static str);

/// All 249, by alpha-2 code.
#[rustfmt::skip]
pub static COUNTRIES: &[Country] = &[
    ("AD", "AND", "Andorra"), ("AE", "ARE", "United Arab Emirates"), ("AF", "AFG", "Afghanistan"),
    ("AG", "ATG", "Antigua and Barbuda"), ("AI", "AIA", "Anguilla"), ("AL", "ALB", "Albania"),
    ("AM", "ARM", "Armenia"), ("AO", "AGO", "Angola"), ("AQ", "ATA", "Antarctica"),
    ("AR", "ARG", "Argentina"), ("AS", "ASM", "American Samoa"), ("AT", "AUT", "Austria"),
    ("AU", "AUS", "Australia"), ("AW", "ABW", "Aruba"), ("AX", "ALA", "Aland Islands"),
    ("AZ", "AZE", "Azerbaijan"), ("BA", "BIH", "Bosnia and Herzegovina"), ("BB", "BRB", "Barbados"),
    ("BD", "BGD", "Bangladesh"), ("BE", "BEL", "Belgium"), ("BF", "BFA", "Burkina Faso"),
    ("BG", "BGR", "Bulgaria"), ("BH", "BHR", "Bahrain"), ("BI", "BDI", "Burundi"), ("BJ", "BEN", "Benin"),
    ("BL", "BLM", "Saint Barthelemy"), ("BM", "BMU", "Bermuda"), ("BN", "BRN", "Brunei"),
    ("BO", "BOL", "Bolivia"), ("BQ", "BES", "Bonaire, Sint Eustatius and Saba"), ("BR", "BRA", "Brazil"),
    ("BS", "BHS", "Bahamas"), ("BT", "BTN", "Bhutan"), ("BV", "BVT", "Bouvet Island"),
    ("BW", "BWA", "Botswana"), ("BY", "BLR", "Belarus"), ("BZ", "BLZ", "Belize"), ("CA", "CAN", "Canada"),
    ("CC", "CCK", "Cocos Islands"), ("CD", "COD", "Democratic Republic of the Congo"),
    ("CF", "CAF", "Central African Republic"), ("CG", "COG", "Republic of the Congo"),
    ("CH", "CHE", "Switzerland"), ("CI", "CIV", "Cote d'Ivoire"), ("CK", "COK", "Cook Islands"),
    ("CL", "CHL", "Chile"), ("CM", "CMR", "Cameroon"), ("CN", "CHN", "China"), ("CO", "COL", "Colombia"),
    ("CR", "CRI", "Costa Rica"), ("CU", "CUB", "Cuba"), ("CV", "CPV", "Cabo Verde"),
    ("CW", "CUW", "Curacao"), ("CX", "CXR", "Christmas Island"), ("CY", "CYP", "Cyprus"),
    ("CZ", "CZE", "Czechia"), ("DE", "DEU", "Germany"), ("DJ", "DJI", "Djibouti"), ("DK", "DNK", "Denmark"),
    ("DM", "DMA", "Dominica"), ("DO", "DOM", "Dominican Republic"), ("DZ", "DZA", "Algeria"),
    ("EC", "ECU", "Ecuador"), ("EE", "EST", "Estonia"), ("EG", "EGY", "Egypt"),
    ("EH", "ESH", "Western Sahara"), ("ER", "ERI", "Eritrea"), ("ES", "ESP", "Spain"),
    ("ET", "ETH", "Ethiopia"), ("FI", "FIN", "Finland"), ("FJ", "FJI", "Fiji"),
    ("FK", "FLK", "Falkland Islands"), ("FM", "FSM", "Micronesia"), ("FO", "FRO", "Faroe Islands"),
    ("FR", "FRA", "France"), ("GA", "GAB", "Gabon"), ("GB", "GBR", "United Kingdom"),
    ("GD", "GRD", "Grenada"), ("GE", "GEO", "Georgia"), ("GF", "GUF", "French Guiana"),
    ("GG", "GGY", "Guernsey"), ("GH", "GHA", "Ghana"), ("GI", "GIB", "Gibraltar"),
    ("GL", "GRL", "Greenland"), ("GM", "GMB", "Gambia"), ("GN", "GIN", "Guinea"),
    ("GP", "GLP", "Guadeloupe"), ("GQ", "GNQ", "Equatorial Guinea"), ("GR", "GRC", "Greece"),
    ("GS", "SGS", "South Georgia"), ("GT", "GTM", "Guatemala"), ("GU", "GUM", "Guam"),
    ("GW", "GNB", "Guinea-Bissau"), ("GY", "GUY", "Guyana"), ("HK", "HKG", "Hong Kong"),
    ("HM", "HMD", "Heard and McDonald Islands"), ("HN", "HND", "Honduras"), ("HR", "HRV", "Croatia"),
    ("HT", "HTI", "Haiti"), ("HU", "HUN", "Hungary"), ("ID", "IDN", "Indonesia"), ("IE", "IRL", "Ireland"),
    ("IL", "ISR", "Israel"), ("IM", "IMN", "Isle of Man"), ("IN", "IND", "India"),
    ("IO", "IOT", "British Indian Ocean Territory"), ("IQ", "IRQ", "Iraq"), ("IR", "IRN", "Iran"),
    ("IS", "ISL", "Iceland"), ("IT", "ITA", "Italy"), ("JE", "JEY", "Jersey"), ("JM", "JAM", "Jamaica"),
    ("JO", "JOR", "Jordan"), ("JP", "JPN", "Japan"), ("KE", "KEN", "Kenya"), ("KG", "KGZ", "Kyrgyzstan"),
    ("KH", "KHM", "Cambodia"), ("KI", "KIR", "Kiribati"), ("KM", "COM", "Comoros"),
    ("KN", "KNA", "Saint Kitts and Nevis"), ("KP", "PRK", "North Korea"), ("KR", "KOR", "South Korea"),
    ("KW", "KWT", "Kuwait"), ("KY", "CYM", "Cayman Islands"), ("KZ", "KAZ", "Kazakhstan"),
    ("LA", "LAO", "Laos"), ("LB", "LBN", "Lebanon"), ("LC", "LCA", "Saint Lucia"),
    ("LI", "LIE", "Liechtenstein"), ("LK", "LKA", "Sri Lanka"), ("LR", "LBR", "Liberia"),
    ("LS", "LSO", "Lesotho"), ("LT", "LTU", "Lithuania"), ("LU", "LUX", "Luxembourg"),
    ("LV", "LVA", "Latvia"), ("LY", "LBY", "Libya"), ("MA", "MAR", "Morocco"), ("MC", "MCO", "Monaco"),
    ("MD", "MDA", "Moldova"), ("ME", "MNE", "Montenegro"), ("MF", "MAF", "Saint Martin"),
    ("MG", "MDG", "Madagascar"), ("MH", "MHL", "Marshall Islands"), ("MK", "MKD", "North Macedonia"),
    ("ML", "MLI", "Mali"), ("MM", "MMR", "Myanmar"), ("MN", "MNG", "Mongolia"), ("MO", "MAC", "Macao"),
    ("MP", "MNP", "Northern Mariana Islands"), ("MQ", "MTQ", "Martinique"), ("MR", "MRT", "Mauritania"),
    ("MS", "MSR", "Montserrat"), ("MT", "MLT", "Malta"), ("MU", "MUS", "Mauritius"),
    ("MV", "MDV", "Maldives"), ("MW", "MWI", "Malawi"), ("MX", "MEX", "Mexico"), ("MY", "MYS", "Malaysia"),
    ("MZ", "MOZ", "Mozambique"), ("NA", "NAM", "Namibia"), ("NC", "NCL", "New Caledonia"),
    ("NE", "NER", "Niger"), ("NF", "NFK", "Norfolk Island"), ("NG", "NGA", "Nigeria"),
    ("NI", "NIC", "Nicaragua"), ("NL", "NLD", "Netherlands"), ("NO", "NOR", "Norway"),
    ("NP", "NPL", "Nepal"), ("NR", "NRU", "Nauru"), ("NU", "NIU", "Niue"), ("NZ", "NZL", "New Zealand"),
    ("OM", "OMN", "Oman"), ("PA", "PAN", "Panama"), ("PE", "PER", "Peru"),
    ("PF", "PYF", "French Polynesia"), ("PG", "PNG", "Papua New Guinea"), ("PH", "PHL", "Philippines"),
    ("PK", "PAK", "Pakistan"), ("PL", "POL", "Poland"), ("PM", "SPM", "Saint Pierre and Miquelon"),
    ("PN", "PCN", "Pitcairn"), ("PR", "PRI", "Puerto Rico"), ("PS", "PSE", "Palestine"),
    ("PT", "PRT", "Portugal"), ("PW", "PLW", "Palau"), ("PY", "PRY", "Paraguay"), ("QA", "QAT", "Qatar"),
    ("RE", "REU", "Reunion"), ("RO", "ROU", "Romania"), ("RS", "SRB", "Serbia"), ("RU", "RUS", "Russia"),
    ("RW", "RWA", "Rwanda"), ("SA", "SAU", "Saudi Arabia"), ("SB", "SLB", "Solomon Islands"),
    ("SC", "SYC", "Seychelles"), ("SD", "SDN", "Sudan"), ("SE", "SWE", "Sweden"),
    ("SG", "SGP", "Singapore"), ("SH", "SHN", "Saint Helena"), ("SI", "SVN", "Slovenia"),
    ("SJ", "SJM", "Svalbard and Jan Mayen"), ("SK", "SVK", "Slovakia"), ("SL", "SLE", "Sierra Leone"),
    ("SM", "SMR", "San Marino"), ("SN", "SEN", "Senegal"), ("SO", "SOM", "Somalia"),
    ("SR", "SUR", "Suriname"), ("SS", "SSD", "South Sudan"), ("ST", "STP", "Sao Tome and Principe"),
    ("SV", "SLV", "El Salvador"), ("SX", "SXM", "Sint Maarten"), ("SY", "SYR", "Syria"),
    ("SZ", "SWZ", "Eswatini"), ("TC", "TCA", "Turks and Caicos Islands"), ("TD", "TCD", "Chad"),
    ("TF", "ATF", "French Southern Territories"), ("TG", "TGO", "Togo"), ("TH", "THA", "Thailand"),
    ("TJ", "TJK", "Tajikistan"), ("TK", "TKL", "Tokelau"), ("TL", "TLS", "Timor-Leste"),
    ("TM", "TKM", "Turkmenistan"), ("TN", "TUN", "Tunisia"), ("TO", "TON", "Tonga"),
    ("TR", "TUR", "Turkey"), ("TT", "TTO", "Trinidad and Tobago"), ("TV", "TUV", "Tuvalu"),
    ("TW", "TWN", "Taiwan"), ("TZ", "TZA", "Tanzania"), ("UA", "UKR", "Ukraine"), ("UG", "UGA", "Uganda"),
    ("UM", "UMI", "US Minor Outlying Islands"), ("US", "USA", "United States"), ("UY", "URY", "Uruguay"),
    ("UZ", "UZB", "Uzbekistan"), ("VA", "VAT", "Vatican City"),
    ("VC", "VCT", "Saint Vincent and the Grenadines"), ("VE", "VEN", "Venezuela"),
    ("VG", "VGB", "British Virgin Islands"), ("VI", "VIR", "US Virgin Islands"), ("VN", "VNM", "Vietnam"),
    ("VU", "VUT", "Vanuatu"), ("WF", "WLF", "Wallis and Futuna"), ("WS", "WSM", "Samoa"),
    ("YE", "YEM", "Yemen"), ("YT", "MYT", "Mayotte"), ("ZA", "ZAF", "South Africa"),
    ("ZM", "ZMB", "Zambia"), ("ZW", "ZWE", "Zimbabwe"),
];

/// Names people write that are not the short name, and the code that is meant.
#[rustfmt::skip]
static OTHER_NAMES: &[(&str, &str)] = &[
    ("AE", "Emirates"), ("BA", "Bosnia"), ("CD", "DR Congo"), ("CI", "Ivory Coast"), ("CV", "Cape Verde"),
    ("CZ", "Czech Republic"), ("DE", "Deutschland"), ("ES", "España"), ("GB", "England"), ("GB", "Great Britain"),
    ("GB", "Northern Ireland"), ("GB", "Scotland"), ("GB", "UK"), ("GB", "Wales"), ("IE", "Republic of Ireland"),
    ("KR", "Korea"), ("KR", "Republic of Korea"), ("MK", "Macedonia"), ("NL", "Holland"), ("NL", "The Netherlands"),
    ("RU", "Russian Federation"), ("SZ", "Swaziland"), ("TR", "Türkiye"), ("TW", "Republic of China"),
    ("US", "America"), ("US", "U.S.A."), ("US", "United States of America"), ("VN", "Viet Nam"),
];

/// Whether `code` is an alpha-2 code as it stands: capitals.
pub fn is_code(code: &str) -> bool {
    let number = |code: &str| <[u8; 2]>::try_from(code.as_bytes()).map(u16::from_be_bytes).ok();
    let Some(wanted) = number(code) else { return false };
    COUNTRIES
        .binary_search_by_key(&Some(wanted), |(alpha2, _, _)| number(alpha2))
        .is_ok()
}

/// The alpha-2 code that `text` means: a code in another case, an alpha-3 code, or a name.
pub fn meant_by(text: &str) -> Option<&'static str> {
    let meant = super::near::fold(text);
    let is_meant = |name: &&str| super::near::fold(name) == meant;
    let by_country = COUNTRIES
        .iter()
        .find(|(alpha2, alpha3, name)| [alpha2, alpha3, name].into_iter().any(is_meant));
    by_country.map(|(alpha2, _, _)| *alpha2).or_else(|| {
        OTHER_NAMES
            .iter()
            .find(|(_, name)| is_meant(name))
            .map(|(code, _)| *code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_in_order() {
        assert_eq!(COUNTRIES.len(), 249);
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            COUNTRIES
                .iter()
                .all(|(alpha2, alpha3, name)| alpha2.len() == 2 && alpha3.len() == 3 && !name.is_empty())
        );
        assert!(OTHER_NAMES.iter().all(|(code, _)| is_code(code)));
    }

    #[test]
    fn finds_what_people_write() {
        assert!(is_code("US") && !is_code("us") && !is_code("UK") && !is_code(""));
        for (text, code) in [
            ("us", "US"),
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("Germany", "DE"),
            ("uk", "GB"),
            ("Viet Nam", "VN"),
        ] {
            assert_eq!(meant_by(text), Some(code), "{text}");
        }
        assert_eq!(meant_by("Atlantis"), None);
        assert_eq!(meant_by(""), None);
    }
}
