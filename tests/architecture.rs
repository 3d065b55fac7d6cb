//! Holds the floors of the house (docs/architecture.md) by reading the source itself.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module's floor; a module may use those below its own, and itself.
const FLOORS: [(&str, u8); 14] = [
    ("domain", 0),
    ("config", 1),
    ("telemetry", 1),
    ("world", 1),
    ("engine", 2),
    ("provider", 3),
    ("ledger", 3),
    ("intake", 3),
    ("report", 3),
    ("simulator", 3),
    ("web", 4),
    ("worker", 4),
    ("app", 5),
    ("cli", 6),
];

/// Crates that one part of the house alone knows.
const KNOWN_TO: [(&str, &[&str]); 28] = [
    ("apalis", &["worker"]),
    ("apalis_core", &["worker"]),
    ("axum", &["simulator", "web"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry_otlp", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("prometheus", &["telemetry"]),
    ("reqwest", &["provider", "telemetry"]),
    ("quick_xml", &["provider", "intake"]),
    ("zip", &["intake"]),
    ("flate2", &["intake"]),
    ("ring", &["ledger", "provider"]),
    ("tracing_opentelemetry", &["telemetry"]),
    ("tracing_subscriber", &["telemetry"]),
    ("rusqlite", &["ledger"]),
    ("redis", &["ledger"]),
    ("zstd", &["ledger"]),
    ("governor", &["engine"]),
    ("csv", &["intake", "report"]),
    ("encoding_rs", &["intake"]),
    ("chardetng", &["intake"]),
    ("age", &["report"]),
    ("maud", &["report"]),
    ("plotters", &["report"]),
    ("rust_xlsxwriter", &["report"]),
    ("clap", &["cli", "simulator"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
];

/// The core does no I/O and waits for nothing.
const NOT_IN_DOMAIN: [&str; 7] = [
    "async fn",
    ".await",
    "std::fs",
    "std::io",
    "std::net",
    "tokio::",
    "SystemTime",
];

/// Lines a source file may have, tests apart: beyond it, ask which two things it is.
const LINES_MAX: usize = 400;

struct Source {
    path: PathBuf,
    module: String,
    code: String,
}

fn sources() -> Vec<Source> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    assert!(paths.len() > 20, "the sources were not found");
    paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned();
            Source {
                path: inside.to_owned(),
                module,
                code,
            }
        })
        .filter(|source| !is_test(&source.path))
        .collect()
}

/// Tests may know what they need.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| {
        matches!(
            part.as_os_str().to_str(),
            Some("tests" | "tests.rs" | "testing.rs")
        )
    })
}

fn floor(module: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, floor)| *floor)
}

/// The modules named after `crate::` (or `enlist::` in the binary), in code, not in comments.
fn used(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for prefix in ["crate::", "enlist::"] {
            for after in line.split(prefix).skip(1) {
                let name: String = after
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                used.insert(name);
            }
        }
    }
    used
}

#[test]
fn each_floor_sees_only_those_below() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.module == "lib" || source.module == "main" {
            continue;
        }
        let Some(own) = floor(&source.module) else {
            wrong.push(format!("{} stands on no floor", source.path.display()));
            continue;
        };
        for other in used(&source.code) {
            let Some(below) = floor(&other) else { continue };
            if other != source.module && below >= own {
                wrong.push(format!(
                    "{} (floor {own}) uses {other} (floor {below})",
                    source.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_crate_is_known_where_it_belongs() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, places) in KNOWN_TO {
            let needle = format!("{name}::");
            let uses = source.code.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && line.match_indices(&needle).any(|(at, _)| {
                        !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                    })
            });
            if uses && !places.contains(&source.module.as_str()) {
                wrong.push(format!(
                    "{} knows {name}, which belongs to {places:?}",
                    source.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module == "domain") {
        for (number, line) in source.code.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for word in NOT_IN_DOMAIN.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{}:{}: {word}", source.path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_opens_with_why_and_fits_in_the_head() {
    let mut wrong = Vec::new();
    for source in sources() {
        if !source.code.starts_with("//!") {
            wrong.push(format!("{} does not say why it exists", source.path.display()));
        }
        let lines = source.code.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{} has {lines} lines", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_drawing_names_every_module() {
    let drawing =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md")).unwrap();
    for source in sources() {
        let module = &source.module;
        assert!(
            module == "lib" || drawing.contains(&format!("`{module}`")),
            "docs/architecture.md does not name `{module}`"
        );
    }
}
