//! `report.html` in a real browser: it fits a phone, and there is something on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Rig, wait_for};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A browser, if there is one.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .flat_map(|dir| NAMES.map(|name| dir.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: there is no chromium to look at report.html with; `make tools` installs it");
    }
    found
}

/// A page that shows `report` as wide as each of these and writes down how wide it came out, what stands out of it, and how
/// much text it has.
fn measuring(report: &Path, widths: &[u32]) -> String {
    let frames: String = widths
        .iter()
        .map(|width| {
            format!(
                "<iframe width={width} height=800 style=border:0 src=\"file://{}\"></iframe>",
                report.display()
            )
        })
        .collect();
    let script = "onload = () => { const told = [...document.querySelectorAll('iframe')].map(frame => {\
        const page = frame.contentDocument, root = page.documentElement;\
        const out = [...page.querySelectorAll('main *')].filter(e => !e.closest('.scroll,.unseen') \
          && e.getBoundingClientRect().width > 1 && e.getBoundingClientRect().right > frame.clientWidth + 1);\
        return { width: frame.clientWidth, scrolls: root.scrollWidth, out: out.map(e => e.outerHTML.slice(0, 80)),\
          text: page.body.innerText.length, charts: [...page.querySelectorAll('svg')].filter(e => e.clientWidth > 100).length };\
      }); document.body.textContent = 'told:' + JSON.stringify(told) + ':end'; };";
    format!("<!doctype html><meta charset=utf-8><script>{script}</script><body>{frames}</body>")
}

/// The page as the browser has it once everything is loaded.
fn dump(browser: &Path, rig: &Rig, page: &Path) -> String {
    let out = rig.path("dump");
    let mut child = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
        ])
        .args([
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files",
            "--virtual-time-budget=10000",
        ])
        .arg(format!("--user-data-dir={}", rig.path("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", page.display()))
        .env("HOME", rig.path("."))
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the browser", || child.try_wait().unwrap());
    std::fs::read_to_string(out).unwrap()
}

#[test]
fn the_page_fits_a_phone_and_has_something_on_it() {
    let Some(browser) = browser() else { return };
    let rig = Rig::new();
    let simulator = rig
        .simulator("--no-limit --settle 100ms..600ms --settle-as 1010=0.2 --fault dropped_after_commit=0.1");
    // Nothing of what is shown has a place to break at: not the file's name, not a key.
    let file = format!("{}.csv", "r".repeat(120));
    rig.rows(&file, 60);
    let text = rig.read(&file).replace("R-", &"K".repeat(32));
    rig.write(&file, text.replace("02108", "2108").replacen("2108", "02108", 50));
    rig.run(&simulator, &file).args(["--skip-invalid"]).end();
    let report = rig.path("out/report.html");
    assert!(report.is_file());
    let widths = [390, 320, 1_200];
    rig.write("measuring.html", measuring(&report, &widths));
    let dumped = dump(&browser, &rig, &rig.path("measuring.html"));
    // The script stands in the page, too, before what it wrote.
    let told = dumped
        .rsplit("told:")
        .next()
        .and_then(|told| told.split(":end").next());
    let told = told.unwrap_or_else(|| panic!("the browser measured nothing: {dumped}"));
    let told = told
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let told: Vec<Value> = serde_json::from_str(&told).unwrap();
    assert_eq!(told.len(), widths.len());
    for one in &told {
        assert_eq!(
            one["scrolls"], one["width"],
            "the page is wider than its window: {one}"
        );
        assert_eq!(one["out"], serde_json::json!([]), "something stands out: {one}");
        assert!(one["text"].as_u64().unwrap() > 500, "{one}");
        assert_eq!(one["charts"], 2, "each chart is shown once: {one}");
    }
}
