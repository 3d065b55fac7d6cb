//! Which dialect the first records of a file are found to have.

use super::*;

fn nobody(_: &str) -> bool {
    false
}

fn columns(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "key" | "company" | "country" | "city" | "email"
    )
}

fn shown(text: &str, knows: &dyn Fn(&str) -> bool) -> String {
    let found = find(text.as_bytes(), true, Known::default(), knows);
    let header = text.get(found.header.start..).unwrap_or_default();
    format!(
        "{} {:?} {}",
        char::from(found.delimiter.byte()),
        found.quote,
        header.split(['\n', '\r']).next().unwrap_or_default()
    )
}

#[test]
fn by_shape_alone() {
    for (text, expected) in [
        ("a,b,c\n1,2,3\n", ", Double a,b,c"),
        ("a;b;c\n1;2,5;3\n2;3,5;4\n", "; Double a;b;c"),
        ("a\tb\tc\n1\tx, y\tz, w\n", "\t Double a\tb\tc"),
        ("a|b|c\r1|2|3\r", "| Double a|b|c"),
        // Lists inside cells, in every row.
        (
            "a,b,c,d\n1,COM;EDU,x,y\n2,COM;GOV,x,y\n3,COM;EDU,x,y\n",
            ", Double a,b,c,d",
        ),
        // Some rows that are short or long.
        (
            "a,b,c,d\n1,COM;EDU,x\n2,COM;GOV,x,y,z\n3,COM;EDU,x,y\n",
            ", Double a,b,c,d",
        ),
        ("a,b\n\"x;y;z\n;;\",2\n\"x;y;z\n;;\",2\n", ", Double a,b"),
        ("'a';'b'\n'x;y';'z'\n", "; Single 'a';'b'"),
        ("a,b\n'x, y',1\n'it''s',2\n", ", Single a,b"),
        // Names that begin with apostrophes, and cells that a report made harmless.
        ("a,b\n's Gravenhage,1\n't Hof,'=1+1\n", ", Double a,b"),
        ("a,b\n\"'x'\",1\n\"'y'\",2\n", ", Double a,b"),
        (
            "name;address\nx;\"1 Main St, Springfield\"\n",
            "; Double name;address",
        ),
        ("only\n1\n2\n", ", Double only"),
        ("only\n1;2\n", ", Double only"),
        ("", ", Double "),
    ] {
        assert_eq!(shown(text, &nobody), expected, "{text:?}");
    }
}

#[test]
fn the_header_below_other_lines() {
    for (text, header) in [
        ("Resellers 2025\n\na,b,c,d\n1,2,3,4\n5,6,7,8\n", "a,b,c,d"),
        (
            "Resellers 2025,,,\n,,,\nas of,May,,\na,b,c,d,e\n1,2,3,4,5\n5,6,7,8,9\n",
            "a,b,c,d,e",
        ),
        (
            "Resellers; as of May\na;b;c;d;e\n1;2;3;4;5\n1;2;3;4;5\n",
            "a;b;c;d;e",
        ),
        (
            "\"A title\nof two lines\"\na,b,c,d\n1,2,3,4\n1,2,3,4\n",
            "a,b,c,d",
        ),
        // A header is not passed over for an empty or repeated name.
        ("a,,c,c\n1,2,3,4\n5,6,7,8\n", "a,,c,c"),
        ("a,b\n1,2\n", "a,b"),
        // Nor for being longer than the rows.
        ("a,b,c,d,e\n1,2\n3,4\n", "a,b,c,d,e"),
    ] {
        let found = shown(text, &nobody);
        assert_eq!(found.splitn(3, ' ').nth(2), Some(header), "{text:?}");
    }
}

#[test]
fn names_that_are_known_settle_it() {
    let text = "List of,All resellers,Spring,Ann\nkey,company,city,note\n1,x,Bonn,-\n";
    assert_eq!(shown(text, &nobody), ", Double List of,All resellers,Spring,Ann");
    assert_eq!(shown(text, &columns), ", Double key,company,city,note");
    assert!(
        find(text.as_bytes(), true, Known::default(), &columns)
            .header
            .passes_over_much
    );
    // One file behind another.
    let text = "key,company,city\n1,x,Bonn\nkey,company,city,email\n2,y,Bonn,y@y.example\n";
    assert_eq!(shown(text, &columns), ", Double key,company,city");
    // Addresses with more commas than there are columns.
    let text = "company;address\nx;1 Main St, Springfield, IL, US\ny;2 Main St, Springfield, IL, US\n";
    assert_eq!(shown(text, &columns), "; Double company;address");
}

#[test]
fn what_is_given_is_not_looked_for() {
    let known = Known {
        delimiter: Some(Delimiter::COMMA),
        quote: Some(Quote::None),
        header_is_first: true,
    };
    let found = find(b"Title\n'a';'b'\n'1';'2'\n", true, known, &nobody);
    assert_eq!(
        (found.delimiter, found.quote, found.header.start),
        (Delimiter::COMMA, Quote::None, 0)
    );
}

#[test]
fn a_record_that_the_sample_cuts_off_does_not_count() {
    let cut = "a,b,c\n1,2,3\n4;5;6;7;8;9;1;2;3;4";
    let found = find(cut.as_bytes(), false, Known::default(), &nobody);
    assert_eq!(found.delimiter, Delimiter::COMMA);
}
