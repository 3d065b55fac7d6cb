//! Number, code, what the eye sees. Where a row has no remark, Excel shows the same.

use super::*;

fn shown(stored: &str, code: &str) -> Shown {
    let number = Decimal::parse(stored).unwrap();
    Format::parse(code).show(&number, Epoch::Y1900).unwrap()
}

#[test]
fn numbers_as_the_eye_sees_them() {
    for (stored, code, text) in [
        ("501", "00000", "00501"),
        ("501", "0", "501"),
        ("501", "General", "501"),
        ("0", "General", "0"),
        ("-0", "General", "0"),
        ("-12.5", "General", "-12.5"),
        ("0.30000000000000004", "General", "0.3"),
        ("1234567.891234", "General", "1234567.891234"),
        // Excel shows a power of ten from twelve digits on; the number is meant.
        ("491234567890", "General", "491234567890"),
        ("4.91234567890E+11", "General", "491234567890"),
        ("1.0E-5", "General", "0.00001"),
        ("100000", "General", "100000"),
        ("21081234", "00000\\-0000", "02108-1234"),
        ("21081234", "00000-0000", "02108-1234"),
        ("12345678", "000\\-00\\-0000", "012-34-5678"),
        ("4155550100", "(###) ###-####", "(415) 555-0100"),
        ("5550100", "(###) ###-####", "() 555-0100"),
        (
            "5550100",
            "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####",
            "555-0100",
        ),
        (
            "4155550100",
            "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####",
            "(415) 555-0100",
        ),
        ("493012345678", "\"+\"00 00 00000000", "+49 30 12345678"),
        ("493012345678", "+##", "+493012345678"),
        ("7", "\"NW-\"0000", "NW-0007"),
        ("12345678", "\"NW-\"0000", "NW-12345678"),
        ("5", "General \"pcs\"", "5 pcs"),
        ("5", "@", "5"),
        ("1234.5", "#,##0.00", "1,234.50"),
        ("1234567", "#,##0", "1,234,567"),
        ("12", "#,##0", "12"),
        ("7", "0,000", "0,007"),
        ("0", "#,##0", "0"),
        ("0", "#", ""),
        ("0.5", "#.##", ".5"),
        ("1.005", "0.00", "1.01"),
        ("0.996", "0.00", "1.00"),
        ("0.006", "0.00", "0.01"),
        ("0.0006", "0.00", "0.00"),
        ("0.5", "0", "1"),
        ("9.5", "0", "10"),
        ("99.96", "0.0", "100.0"),
        ("1.5", "0.0##", "1.5"),
        ("1.5", "0.0??", "1.5  "),
        ("-0.4", "0", "0"),
        ("-5", "0", "-5"),
        ("-5", "[Red]0;[Blue](0)", "(5)"),
        ("-1234", "#,##0_);(#,##0)", "(1,234)"),
        ("1234", "_($* #,##0.00_)", " $1,234.00 "),
        ("1234", "[$€-407]#,##0", "€1,234"),
        ("0.19", "0%", "19%"),
        ("0.1234", "0.0%", "12.3%"),
        ("1234567", "0.0,,\"M\"", "1.2M"),
        ("1234", "0,", "1"),
        ("12345678901234567890", "0", "12345678901234567890"),
        ("1e20", "0", "100000000000000000000"),
        ("3", ".00", "3.00"),
        ("1", "0.00.0", "1.00.0"),
        ("12", "00\"é\"00", "00é12"),
    ] {
        assert_eq!(shown(stored, code).text, text, "{stored} {code}");
    }
}

#[test]
fn what_is_not_shown_here_says_so_and_gives_the_number() {
    use Differs::{Format as Other, Scientific};
    for (stored, code, text, differs) in [
        ("12345.678", "0.00E+00", "12345.678", Some(Scientific)),
        ("491234567890", "##0.0E+0", "491234567890", Some(Scientific)),
        ("1e300", "General", "1E300", Some(Scientific)),
        ("0.5", "# ?/?", "0.5", Some(Other)),
        ("5", ";;;", "5", Some(Other)),
        ("5", "\"only words\"", "5", Some(Other)),
        ("0", "0;-0;\"none\"", "0", Some(Other)),
        ("5", "[>10]0", "5", Some(Other)),
        ("5", "[DBNum1]0", "5", Some(Other)),
        ("5", "ggge", "5", Some(Other)),
        ("5", "[", "5", Some(Other)),
        ("5", "0 yyyy", "5", Some(Other)),
        ("5", "00", "05", None),
    ] {
        let shown = shown(stored, code);
        assert_eq!(
            (shown.text.as_str(), shown.differs),
            (text, differs),
            "{stored} {code}"
        );
    }
    let long = format!("{}0", "\"x\"".repeat(100));
    assert_eq!(shown("5", &long).differs, Some(Other));
}

#[test]
fn a_number_is_bare_when_zeros_before_it_would_be_gone() {
    for (code, is_bare) in [
        ("General", true),
        ("0", true),
        ("@", true),
        ("#,##0", true),
        ("00000", false),
        ("\"NW-\"0", false),
    ] {
        assert_eq!(shown("501", code).is_bare, is_bare, "{code}");
    }
}

#[test]
fn digits_that_a_spreadsheet_drops_are_known() {
    for (stored, lost) in [
        ("123456789012345", false),
        ("1234567890123450", true),
        ("1.2345678901234568E+17", true),
        ("0.12345678901234567", false),
        ("1e5", false),
        ("-1234567890123456", true),
    ] {
        assert_eq!(
            Decimal::parse(stored).unwrap().has_lost_digits(),
            lost,
            "{stored}"
        );
    }
    for stored in ["", "x", "NaN", "inf", "1e999", "0x1", "1,5"] {
        assert_eq!(Decimal::parse(stored), None, "{stored}");
    }
}

#[test]
fn dates_and_times_as_the_eye_sees_them() {
    for (stored, code, text) in [
        ("46353", "yyyy-mm-dd", "2026-11-27"),
        ("46353", "dd.mm.yyyy", "27.11.2026"),
        ("46353", "dd\\/mm\\/yyyy", "27/11/2026"),
        ("46353", "m/d/yy", "11/27/26"),
        ("46353", "d-mmm-yy", "27-Nov-26"),
        ("46353", "dddd, mmmm d, yyyy", "Friday, November 27, 2026"),
        ("46353", "ddd mmmmm", "Fri N"),
        ("46353", "[$-409]d mmmm yyyy;@", "27 November 2026"),
        // Months in another language are not known here.
        ("46353", "[$-407]d. mmmm yyyy", "2026-11-27"),
        ("46353", "[$-407]dd.mm.yyyy", "27.11.2026"),
        ("46353", "[$-F800]dddd, mmmm dd, yyyy", "2026-11-27"),
        ("46353.572916666664", "yyyy-mm-dd hh:mm", "2026-11-27 13:45"),
        ("46353.572916666664", "h:mm:ss AM/PM", "1:45:00 PM"),
        ("46353.0", "h AM/PM", "12 AM"),
        ("46353.75", "h A/P", "6 P"),
        ("46353.99999999", "yyyy-mm-dd hh:mm:ss", "2026-11-28 00:00:00"),
        ("1.5", "[h]:mm", "36:00"),
        ("0.5", "[mm]:ss", "720:00"),
        ("0.000011574074074", "ss.000", "01.000"),
        ("60", "yyyy-mm-dd", "1900-02-29"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("1", "yyyy-mm-dd ddd", "1900-01-01 Sun"),
        ("2958465", "yyyy-mm-dd", "9999-12-31"),
    ] {
        assert_eq!(shown(stored, code).text, text, "{stored} {code}");
    }
    for stored in ["-1", "2958466", "1e15", "-1e300"] {
        let number = Decimal::parse(stored).unwrap();
        assert_eq!(
            Format::parse("yyyy").show(&number, Epoch::Y1900),
            Err(NoDate),
            "{stored}"
        );
    }
}

#[test]
fn dates_in_the_way_of_the_place_are_iso_8601() {
    let show = |stored: &str, id, epoch| {
        let number = Decimal::parse(stored).unwrap();
        Format::builtin(id).unwrap().show(&number, epoch).unwrap().text
    };
    for (stored, id, text) in [
        ("46353", 14, "2026-11-27"),
        ("46353.5", 22, "2026-11-27 12:00"),
        ("46353.500011574", 22, "2026-11-27 12:00:01"),
        ("0.25", 14, "06:00"),
        ("46353", 31, "2026-11-27"),
    ] {
        assert_eq!(show(stored, id, Epoch::Y1900), text, "{stored} {id}");
    }
    assert_eq!(show("44891", 14, Epoch::Y1904), "2026-11-27");
    assert_eq!(show("0", 14, Epoch::Y1904), "1904-01-01");
    for (stored, text) in [
        ("2026-11-27T00:00:00", "2026-11-27"),
        ("2026-11-27T13:45:00", "2026-11-27 13:45:00"),
        ("2026-11-27T13:45:00.000Z", "2026-11-27 13:45:00"),
        ("2026-11-27", "2026-11-27"),
    ] {
        assert_eq!(iso_text(stored), text);
    }
}

#[test]
fn texts_have_what_their_format_adds() {
    for (code, shown) in [
        ("@", None),
        ("General", None),
        ("0;-0;0;@", None),
        ("\"+\"@", Some("+x")),
        ("0;-0;0;\"<\"@\">\"", Some("<x>")),
        (";;;", None),
    ] {
        assert_eq!(Format::parse(code).show_text("x").as_deref(), shown, "{code}");
    }
}

#[test]
fn every_builtin_format_is_one() {
    let number = Decimal::parse("1234.5").unwrap();
    for id in 0..200 {
        if let Some(format) = Format::builtin(id) {
            let differs = format.show(&number, Epoch::Y1900).unwrap().differs;
            assert_eq!(differs.is_some(), matches!(id, 11..=13 | 48), "{id}");
        }
    }
    assert!(Format::builtin(0).unwrap().is_general() && !Format::builtin(1).unwrap().is_general());
}

mod any {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that codes are made of, so that what is generated is often nearly one.
    fn code() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "0",
            "#",
            "?",
            ".",
            ",",
            "%",
            "E+",
            "e",
            "/",
            "@",
            "General",
            "yyyy",
            "m",
            "mmmmm",
            "d",
            "dddd",
            "h",
            "ss",
            ".000",
            "AM/PM",
            "A/P",
            "[h]",
            "[mmmm]",
            "[Red]",
            "[<5]",
            "[>=1e3]",
            "[=",
            "[$-409]",
            "[$€-407]",
            "[$-F800]",
            "[$",
            "]",
            "\"a\"",
            "\"",
            "\\",
            "*",
            "_",
            ";",
            "(",
            ")",
            "-",
            "é",
            "日",
            "b",
            "1",
            "0000000000",
            "\u{0}",
        ]);
        prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_code_and_no_number_is_too_odd(code in code(), value in prop::num::f64::ANY, epoch in any::<bool>()) {
            let epoch = if epoch { Epoch::Y1904 } else { Epoch::Y1900 };
            let format = Format::parse(&code);
            for stored in [format!("{value}"), format!("{value:e}"), format!("{}", value.abs() % 1e6)] {
                if let Some(number) = Decimal::parse(&stored)
                    && let Ok(shown) = format.show(&number, epoch)
                {
                    prop_assert!(shown.text.len() < 4_000, "{code}");
                }
            }
            let _ = format.show_text("x");
        }
    }
}
