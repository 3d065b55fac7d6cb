//! Every rule with a value that passes and one that does not.

use super::*;

const A: &str = "aaaaaaaaaa";

#[rustfmt::skip]
#[test]
fn values_that_pass() {
    let long = |n: usize| A.repeat(n);
    let mut values = vec![
        (Field::Key, "A-17/ä [x]".to_owned()),
        (Field::Key, format!("{}ééééé", long(3))),
        (Field::Company, "ABCD".to_owned()),
        (Field::Company, long(8)),
        (Field::Company, "Müller & Söhne (\"Nord\") - A/B_C, D. ＆ 株式会社・テスト（東京）\u{3000}'x'".to_owned()),
        (Field::Company, "漢字会社".to_owned()),
        (Field::Company, "Ⅷ ½ ٣٤ Ltd".to_owned()),
        (Field::Segments, "GOV | COM, EDU".to_owned()),
        (Field::City, "São [Paulo]".to_owned()),
        (Field::City, long(4)),
        (Field::Line1, long(6)),
        (Field::Line2, long(6)),
        (Field::Phone, long(4)),
        (Field::ContactPhone(0), long(4)),
        (Field::FirstName(0), "X".to_owned()),
        (Field::FirstName(0), "Anne-Marie \"Annie\" O'Neil, Jr. & Co".to_owned()),
        (Field::LastName(0), format!("{}ßßßßß", long(3))),
        (Field::Email(0), "o'neil+x@mail.example.co.uk".to_owned()),
        (Field::Country, " US ".to_owned()),
    ];
    values.extend(
        LOCALES
            .iter()
            .map(|locale| (Field::Language, (*locale).to_owned())),
    );
    for (field, value) in values {
        assert_eq!(Sheet::with(&[(field, &value)]).rules(), [], "{field} {value}");
    }
}

#[rustfmt::skip]
#[test]
fn values_that_do_not() {
    let long = |n: usize| format!("{}a", A.repeat(n));
    for (field, value, rule, hint) in [
        (Field::Key, " ", "key.required", "what keeps the row from being created twice"),
        (Field::Key, &*format!("{}ééééée", A.repeat(3)), "key.length", "2126"),
        (Field::Key, "a<b", "key.characters", "leave out"),
        (Field::Key, "4.91512E+11", "key.sheet_number", "as text"),
        (Field::Company, "", "company.required", "write the company's name"),
        (Field::Company, "äöü", "company.length", "full legal name"),
        (Field::Company, &*long(8), "company.length", "shorten"),
        (Field::Company, "Yahoo!", "company.characters", "letters, digits"),
        (Field::Company, "C+C Ltd", "company.characters", "are accepted"),
        (Field::Company, "O\u{2019}Brien \u{2013} Sons", "company.characters", "write O'Brien - Sons"),
        (Field::Company, "Cafe\u{301} Central", "company.characters", "NFC"),
        (Field::Company, "#REF!", "text.sheet_error", "formula"),
        (Field::Company, "Ab\ncd", "text.control", "one line"),
        (Field::Company, "MÃ¼ller GmbH", "text.garbled", "UTF-8"),
        (Field::Language, "", "language.required", "en-US"),
        (Field::Language, "en_us", "language.locale", "write en-US"),
        (Field::Language, "de", "language.locale", "write de-DE"),
        (Field::Language, "es", "language.locale", "one of es-ES, es-LA, es-MX, es-NA"),
        (Field::Language, "de-AT", "language.locale", "did you mean de-DE?"),
        (Field::Language, "Klingon", "language.locale", "such as"),
        (Field::Segments, "COM;edu", "segments.value", "write EDU"),
        (Field::Segments, "COM;EDUCATION", "segments.value", "one of COM, EDU, GOV"),
        (Field::Segments, ";", "segments.value", "several separated by"),
        (Field::Country, "", "country.required", "ISO 3166-1"),
        (Field::Country, "us", "country.code", "write US"),
        (Field::Country, "USA", "country.code", "write US"),
        (Field::Country, "Germny", "country.code", "write DE"),
        (Field::Country, "ZZ", "country.code", "alpha-2"),
        (Field::Country, "GG", "country.excluded", "write country GB"),
        (Field::Country, "AX", "country.excluded", "write country FI and region 01"),
        (Field::Country, "CU", "country.excluded", "embargo"),
        (Field::Country, "AQ", "country.excluded", "take it out"),
        (Field::Region, "", "region.required", "00"),
        (Field::Region, "US-CA", "region.code", "after the hyphen: CA"),
        (Field::Region, "ca", "region.code", "write CA"),
        (Field::Region, "California", "region.code", "write CA"),
        (Field::Region, "Californa", "region.code", "write CA"),
        (Field::Region, "00", "region.code", "ISO 3166-2"),
        (Field::Region, "PR", "region.code", "write PR as the country"),
        (Field::City, "", "city.required", "city"),
        (Field::City, &*long(4), "city.length", "shorten"),
        (Field::City, "San \"J\" Jose", "city.characters", "double quote"),
        (Field::Line1, "", "address_line_1.required", "street"),
        (Field::Line1, &*long(6), "address_line_1.length", "address_line_2"),
        (Field::Line1, "a <b> street", "address_line_1.characters", "leave out"),
        (Field::Line2, &*long(6), "address_line_2.length", "shorten"),
        (Field::Line2, "\"", "address_line_2.characters", "leave out"),
        (Field::PostalCode, "", "postal_code.required", "as text"),
        (Field::PostalCode, "2110", "postal_code.pattern", "write 02110, and keep the column as text"),
        (Field::PostalCode, "95110.0", "postal_code.pattern", "write 95110, and keep the column as text"),
        (Field::PostalCode, "951101234", "postal_code.pattern", "write 95110-1234"),
        (Field::PostalCode, "ABC", "postal_code.pattern", "looks like 95110 or 95110-1234"),
        (Field::Phone, &*long(4), "phone.length", "one number"),
        (Field::Phone, "<1>", "phone.characters", "leave out"),
        (Field::Phone, "4,91512E+11", "phone.sheet_number", "as text"),
        (Field::FirstName(0), "", "first_name.required", "first name"),
        (Field::FirstName(0), &*long(4), "first_name.length", "shorten"),
        (Field::FirstName(0), "Mick/ey", "first_name.characters", "are accepted"),
        (Field::LastName(0), "", "last_name.required", "last name"),
        (Field::LastName(0), "Mouse (Jr)", "last_name.characters", "are accepted"),
        (Field::LastName(0), &*long(4), "last_name.length", "shorten"),
        (Field::Email(0), "", "email.required", "email"),
        (Field::Email(0), "mickey", "email.shape", "name@example.com"),
        (Field::Email(0), "a@b.example; c@d.example", "email.shape", "contact_2_email"),
        (Field::Email(0), "Mickey <mickey@mouse.com>", "email.shape", "write mickey@mouse.com"),
        (Field::ContactPhone(0), &*long(4), "contact_phone.length", "one number"),
        (Field::ContactPhone(0), "1.5E+10", "contact_phone.sheet_number", "as text"),
        (Field::City, "San\u{200B}Jose", "text.invisible", "type the value again"),
    ] {
        let rules = Sheet::with(&[(field, value)]).rules();
        let found = rules.iter().find(|(id, _)| id == rule);
        assert!(
            found.is_some_and(|(_, said)| said.contains(hint)),
            "{field} {value:?}: {rules:?}"
        );
    }
}

#[test]
fn an_email_can_be_long_but_not_longer() {
    let labels = format!("{}.", "a".repeat(49)).repeat(4);
    for (local, sound) in [(31, true), (32, false)] {
        let address = format!("{}@{labels}example", "x".repeat(local + 1));
        assert_eq!(address.len(), if sound { 240 } else { 241 });
        assert_eq!(
            Sheet::with(&[(Field::Email(0), &address)]).rules().is_empty(),
            sound
        );
    }
}

#[rustfmt::skip]
#[test]
fn postal_codes_and_regions_by_country() {
    for (country, region, code, hint) in [
        ("CA", "QC", "K1A 0B1", None),
        ("CA", "PQ", "k1a0b1", Some("write K1A 0B1")),
        ("CA", "ON", "K1A0B1", Some("write K1A 0B1")),
        ("CA", "ON", "D1A 0B1", Some("a postal code of CA looks like K1A 0B1")),
        ("GB", "ENG", "SW1A 1AA", None),
        ("GB", "ENG", "M11AE", None),
        ("GB", "ENG", "GIR 0AA", None),
        ("GB", "ENG", "sw1a1aa", Some("write SW1A1AA")),
        ("GB", "ENG", "SW1A-1AA", Some("write SW1A1AA")),
        ("DE", "BY", "80331", None),
        ("DE", "SN", "01067", None),
        ("DE", "SN", "1067", Some("a leading zero was lost: write 01067, and keep the column as text")),
        ("DE", "SN", "01000", Some("a postal code of DE looks like 01067")),
        ("DE", "SN", "99999", Some("a postal code of DE looks like 01067")),
        ("DE", "SN", "00123", Some("a postal code of DE looks like 01067")),
        ("DE", "BY", "D-80331", Some("a postal code of DE looks like 01067")),
        ("JP", "13", "100-0001", None),
        ("JP", "13", "1000001", None),
        ("JP", "01", "600001", Some("a leading zero was lost: write 0600001, and keep the column as text")),
        ("IN", "KA", "560 001", None),
        ("IN", "KA", "5600011", Some("a postal code of IN looks like 560001")),
        ("BR", "SP", "01310-100", None),
        ("BR", "SP", "01310100", None),
        ("BR", "SP", "1310100", Some("a leading zero was lost: write 01310100, and keep the column as text")),
        ("IE", "D", "D02 AF30", None),
        ("IE", "D", "d02af30", None),
        ("IE", "D", "D2", Some("a postal code of IE looks like D02 AF30")),
        ("US", "WA", "98101-12", Some("a postal code of US looks like 95110 or 95110-1234")),
        ("FR", "IDF", "75001", None),
        ("FR", "ARA", "1000", Some("a leading zero was lost: write 01000, and keep the column as text")),
        ("AE", "DU", "none", None),
        ("HK", "00", "000000", None),
        ("AU", "NSW", "2000", None),
        ("BQ", "BQ1", "x", Some("write country NL and region BQ1, BQ2 or BQ3")),
    ] {
        let sheet = Sheet::with(&[
            (Field::Country, country),
            (Field::Region, region),
            (Field::PostalCode, code),
        ]);
        let hints: Vec<String> = sheet.rules().into_iter().map(|(_, hint)| hint).collect();
        assert_eq!(
            hints.first().map(String::as_str),
            hint,
            "{country} {region} {code}"
        );
        assert!(hints.len() <= 1, "{hints:?}");
    }
    for (country, region, hint) in [
        ("DE", "Bayern", "write the ISO 3166-2 code after the hyphen, such as CA for US-CA"),
        ("DE", "DE-BY", "write the part after the hyphen: BY"),
        ("DE", "by", "write BY"),
        ("CA", "00", "write the ISO 3166-2 code after the hyphen, such as CA for US-CA"),
        ("CA", "Quebec", "write QC"),
    ] {
        let code = if country == "CA" { "K1A 0B1" } else { "80331" };
        let sheet = Sheet::with(&[
            (Field::Country, country),
            (Field::Region, region),
            (Field::PostalCode, code),
        ]);
        assert_eq!(
            sheet.rules(),
            [("region.code".to_owned(), hint.to_owned())],
            "{country} {region}"
        );
    }
}
