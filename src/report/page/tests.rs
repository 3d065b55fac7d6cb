use super::*;
use crate::domain::batch::{Batch, Counts, Weight};
use crate::domain::ids::{BatchId, Digest, Scope};
use crate::domain::plan::{Foreseen, ForeseenCalls, Habit};
use crate::domain::report::story::Story;
use crate::domain::report::{Bucket, Fold, ResultRow, RuleGap, Wrong};
use crate::domain::task::Action;
use crate::domain::time::Timestamp;

const BEGAN: Timestamp = Timestamp::from_ms(1_760_000_000_000);

const HOSTILE: &str = "<script>alert(\"1\")</script>'\" onload=x \u{202e}gpj.exe</style><!-- &amp; </title>";

fn at(ms: i64) -> Option<Timestamp> {
    Some(Timestamp::from_ms(BEGAN.as_ms() + ms))
}

fn batch(file: &str, rows: u64) -> Batch {
    let scope = Scope {
        provider: "adobe".into(),
        account: "345434543@http://127.0.0.1:1".into(),
    };
    let file_digest = Digest::of(b"file");
    Batch {
        id: BatchId::derive(&scope, Action::Create, &file_digest),
        job: "adobe-create".into(),
        job_text: String::new(),
        scope,
        action: Action::Create,
        file_name: file.into(),
        file_digest,
        rows_total: rows,
        rows_imported: rows,
        columns: vec!["Ref".into()],
        derived_keys: false,
        created_at: BEGAN,
        pause: None,
        cancelled: false,
        weight: Weight::default(),
        terms: None,
        foreseen: Some(Foreseen {
            calls: ForeseenCalls {
                total: 1_500,
                ..ForeseenCalls::default()
            },
            created_in_ms: 4_000,
            settled_in_ms: 19_000,
            basis: Habit {
                polls_percent: 100,
                settle_ms: 15_000,
                seen: 0,
            },
            ..Foreseen::default()
        }),
    }
}

fn active(line: u64) -> ResultRow {
    let ms = i64::try_from(line).unwrap() * 40;
    ResultRow {
        bucket: Bucket::Succeeded,
        outcome: "Active",
        key: format!("R-{line}"),
        provider_id: format!("10054{line}"),
        attempts: 1,
        created_at: at(ms),
        settled_at: at(ms + 2_000 + ms % 700),
        ..ResultRow::of_faults(line, [])
    }
}

fn refused(line: u64, code: &str, column: &str, message: &str) -> ResultRow {
    let wrong = Wrong {
        code: code.into(),
        column: column.into(),
        message: message.into(),
        hint: format!("correct {column} in failed.csv and feed it back"),
    };
    ResultRow {
        outcome: "Rejected",
        gaps: vec![RuleGap {
            code: code.into(),
            field: column.into(),
            rows: 1,
            message: message.into(),
        }],
        wrong: vec![wrong],
        attempts: 2,
        settled_at: at(900),
        ..active(line)
    }
    .failed()
}

impl ResultRow {
    fn failed(self) -> Self {
        Self {
            bucket: Bucket::Failed,
            created_at: None,
            provider_id: String::new(),
            ..self
        }
    }
}

fn page_of(batch: &Batch, rows: &[ResultRow]) -> String {
    let (mut fold, mut story) = (Fold::default(), Story::since(batch.created_at));
    for row in rows {
        fold.add(row);
        story.add(row);
    }
    let counts = Counts {
        calls: [1_020, 3, 1_700],
        resends: 20,
        throttled: 4,
        ..Counts::default()
    };
    let now = Timestamp::from_ms(BEGAN.as_ms() + 60_000);
    page(&fold.finish(batch, &counts, now), &story.finish())
}

fn mixed(file: &str, said: &str) -> String {
    let mut rows: Vec<ResultRow> = (2..1_200).map(active).collect();
    rows.extend((1_200..1_210).map(|line| refused(line, "1117", "Zip", "Some Fields are Invalid")));
    rows.push(refused(1_210, said, said, said));
    rows.push(ResultRow {
        outcome: "Updated",
        key: said.into(),
        settled_at: at(500_000),
        kept: vec![Wrong {
            code: "kept".into(),
            column: said.into(),
            message: said.into(),
            hint: String::new(),
        }],
        ..active(1_211)
    });
    let total = rows.len() as u64;
    page_of(&batch(file, total), &rows)
}

/// The text of a page: everything that is not inside `<` and `>`, script and style apart.
fn text(page: &str) -> String {
    let body = page.split("</style>").nth(1).unwrap();
    let mut text = String::new();
    for piece in body.split('<').skip(1) {
        text.push_str(piece.split_once('>').unwrap().1);
        text.push('\n');
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_page_says_what_became_of_a_batch() {
    insta::assert_snapshot!(text(&mixed("resellers.csv", "9999")));
}

#[test]
fn nothing_of_a_user_or_a_provider_is_markup() {
    let page = mixed(HOSTILE, HOSTILE);
    let harmless = mixed("resellers.csv", "9999");
    // A name may be broken at more places the longer it is.
    let tags = |page: &str| page.matches('<').count() - page.matches("<wbr>").count();
    assert_eq!(tags(&page), tags(&harmless), "a text of a row made an element");
    for needle in [
        "<script",
        "</style><!--",
        "onload=x \u{202e}",
        "\u{202e}",
        "alert(\"",
    ] {
        assert!(!page.contains(needle), "{needle}");
    }
    assert!(page.contains("&lt;script&gt;") && page.contains('\u{FFFD}'));
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn nothing_comes_from_elsewhere_and_nothing_runs() {
    let page = mixed("resellers.csv", "9999");
    for needle in [
        "http://", "https://", "<script", "<link", "<img", "@import", "url(", "src=",
    ] {
        let found: Vec<&str> = page.matches(needle).collect();
        let allowed = usize::from(needle == "http://");
        assert!(found.len() <= allowed, "{needle}: {}", found.len());
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn charts_take_the_page_s_colours() {
    let page = mixed("resellers.csv", "9999");
    assert!(!page.contains("#0102"), "a stand-in was left");
    for colour in ["var(--accent)", "var(--second)", "var(--muted)"] {
        let body = page.split("</style>").nth(1).unwrap();
        assert!(body.contains(&format!("\"{colour}\"")), "{colour}");
    }
    assert_eq!(page.matches("<svg").count(), 4);
    assert_eq!(page.matches("<title").count(), 5, "each chart has a name");
}

#[test]
fn headings_are_in_order_and_head_cells_say_of_what() {
    let page = mixed("resellers.csv", "9999");
    assert_eq!(page.matches("<h1").count(), 1);
    assert!(!page.contains("<h3"));
    assert!(page.find("<h1").unwrap() < page.find("<h2").unwrap());
    let body = page.split("</style>").nth(1).unwrap();
    assert_eq!(
        body.matches("<th").count() - body.matches("<thead").count(),
        body.matches("scope=").count()
    );
}

#[test]
fn a_batch_that_has_not_begun_has_a_page_too() {
    let page = page_of(&batch("empty.csv", 0), &[]);
    assert!(page.contains("There are no rows.") && !page.contains("<svg"));
    let page = page_of(&batch("half.csv", 9), &[]);
    assert!(text(&page).contains("0 of 9 rows (0%) are in their wanted state; 9 are not imported yet."));
}

#[test]
fn a_page_does_not_grow_with_the_batch() {
    let of = |rows: u64| {
        page_of(
            &batch("r.csv", rows),
            &(2..rows + 2).map(active).collect::<Vec<_>>(),
        )
        .len()
    };
    let (few, many) = (of(1_000), of(50_000));
    assert!(many < few * 2, "{few} {many}");
}

/// The colours of a scheme by their names.
fn colours(scheme: &str) -> std::collections::BTreeMap<&str, f64> {
    let luminance = |hex: &str| {
        let hex = match hex.len() {
            3 => hex.chars().flat_map(|c| [c, c]).collect(),
            _ => hex.to_owned(),
        };
        let part = |at: usize| {
            let part = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    let declared = scheme.split(';').filter_map(|one| one.trim().strip_prefix("--"));
    declared
        .filter_map(|one| {
            let (name, value) = one.split_once(": #")?;
            Some((name, luminance(value.trim())))
        })
        .collect()
}

#[test]
fn letters_can_be_read_on_whatever_they_stand_on() {
    let schemes: Vec<&str> = STYLE
        .split(":root {")
        .skip(1)
        .map(|scheme| scheme.split('}').next().unwrap())
        .collect();
    assert_eq!(schemes.len(), 3, "light, dark, print");
    for scheme in schemes {
        let colours = colours(scheme);
        for back in ["page", "card", "wash"] {
            for letters in ["ink", "muted", "good", "wait", "bad"] {
                let (one, other) = (colours[back], colours[letters]);
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{letters} on {back}: {contrast:.2}");
            }
        }
    }
}
