//! A strict reader of Prometheus' text format: whatever it does not take, a Prometheus might not.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Labels = BTreeMap<String, String>;

/// All samples of one name.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    /// Name, labels, value, as they stand.
    pub(crate) samples: Vec<(String, Labels, f64)>,
}

/// A scrape, read.
#[derive(Debug)]
pub(crate) struct Scrape(pub(crate) BTreeMap<String, Family>);

impl Scrape {
    /// Reads it; panics at the first thing that is not in order.
    pub(crate) fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line is not ended");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut at = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect(line);
                assert!(is_name(name), "{line}");
                assert!(!families.contains_key(name), "{name} is told in two places");
                at = name.to_owned();
                families.entry(at.clone()).or_default().help = help.to_owned();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect(line);
                assert_eq!(name, at, "a type stands below its help");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                families.get_mut(name).unwrap().kind = kind.to_owned();
            } else {
                let (name, labels, value) = sample(line);
                let family = families
                    .get_mut(&at)
                    .unwrap_or_else(|| panic!("no help before {line}"));
                let belongs = match family.kind.as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].contains(&&name[at.len().min(name.len())..]),
                    _ => name == at,
                };
                assert!(belongs && name.starts_with(&at), "{name} under {at}");
                family.samples.push((name, labels, value));
            }
        }
        for (name, family) in &families {
            family.check(name);
        }
        Self(families)
    }

    /// The sum of all samples of this name whose labels have all of these.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |own: &Labels| {
            labels
                .iter()
                .all(|(k, v)| own.get(*k).is_some_and(|own| own == v))
        };
        self.0
            .values()
            .flat_map(|family| &family.samples)
            .filter(|(own, own_labels, _)| own == name && has(own_labels))
            .map(|(_, _, value)| value)
            .sum()
    }
}

impl Family {
    fn check(&self, name: &str) {
        assert!(!self.kind.is_empty(), "{name} has no type");
        assert!(!self.samples.is_empty(), "{name} has no sample");
        assert_eq!(self.kind == "counter", name.ends_with("_total"), "{name}");
        let mut seen = BTreeSet::new();
        for (name, labels, value) in &self.samples {
            assert!(seen.insert((name, labels)), "{name} {labels:?} is told twice");
            assert!(value.is_finite(), "{name} {labels:?} is {value}");
            assert!(
                *value >= 0.0,
                "{name} {labels:?} is {value}: nothing here is negative"
            );
        }
        if self.kind == "histogram" {
            self.check_buckets(name);
        }
    }

    /// Buckets grow with their limits, and the last holds all.
    fn check_buckets(&self, name: &str) {
        let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for (own, labels, value) in &self.samples {
            if own.ends_with("_bucket") {
                let mut labels = labels.clone();
                let limit = match labels.remove("le").expect("a bucket has a limit").as_str() {
                    "+Inf" => f64::INFINITY,
                    limit => limit.parse().unwrap(),
                };
                series.entry(labels).or_default().push((limit, *value));
            }
        }
        for (labels, buckets) in series {
            let counted = |end: &str| {
                let wanted = format!("{name}{end}");
                let found = self
                    .samples
                    .iter()
                    .find(|(own, own_labels, _)| *own == wanted && *own_labels == labels);
                found
                    .unwrap_or_else(|| panic!("{wanted} {labels:?} is missing"))
                    .2
            };
            assert!(
                buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
                "{name} {labels:?}: {buckets:?}"
            );
            let (limit, all) = *buckets.last().unwrap();
            assert!(
                limit.is_infinite() && all == counted("_count"),
                "{name} {labels:?}"
            );
            assert!(counted("_sum") >= 0.0);
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `name{label="value",…} 1.5`
fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line:?}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            rest = rest.strip_prefix(',').unwrap_or(rest);
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(label) && !label.starts_with("__"), "{line}");
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().unwrap_or_else(|| panic!("{line}")) {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next() {
                        Some((_, 'n')) => '\n',
                        Some((_, c @ ('\\' | '"'))) => c,
                        other => panic!("{other:?} after a backslash in {line}"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            rest = &after[end + 1..];
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    (name.to_owned(), labels, value.parse().expect(line))
}

#[test]
fn what_is_not_in_order_is_not_taken() {
    let good = "# HELP a_total h\n# TYPE a_total counter\na_total{x=\"\\\"\\n\"} 1\n";
    assert_eq!(Scrape::read(good).sum("a_total", &[("x", "\"\n")]), 1.0);
    let buckets = |inf: u8| {
        format!(
            "# HELP h x\n# TYPE h histogram\nh_bucket{{le=\"1\"}} 1\nh_bucket{{le=\"+Inf\"}} {inf}\nh_sum 1\nh_count 2\n"
        )
    };
    Scrape::read(&buckets(2));
    for bad in [
        "a 1\n",
        "# HELP a h\n# TYPE a counter\na 1\n",
        "# HELP a h\na 1\n",
        "# HELP a h\n# TYPE a gauge\na 1",
        "# HELP a h\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a h\n# TYPE a gauge\na{x=1} 1\n",
        "# HELP a h\n# TYPE a gauge\na NaN\n",
        "# HELP a h\n# TYPE a gauge\nb 1\n",
        &buckets(1),
    ] {
        let bad = bad.to_owned();
        assert!(
            std::panic::catch_unwind(move || Scrape::read(&bad)).is_err(),
            "taken"
        );
    }
}
