//! The shape of `--json` is an interface: its keys, in their order.

use serde_json::Value;

use crate::support::Rig;

/// Every path of a value, with the kind of what is there.
fn paths(value: &Value) -> String {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    walk(inner, &format!("{at}.{key}"), found);
                }
            }
            Value::Array(all) => {
                if let Some(first) = all.first() {
                    walk(first, &format!("{at}[]"), found);
                } else {
                    found.push(format!("{at}: []"));
                }
            }
            Value::Null => found.push(format!("{at}: null")),
            Value::Bool(_) => found.push(format!("{at}: bool")),
            Value::Number(_) => found.push(format!("{at}: number")),
            Value::String(_) => found.push(format!("{at}: text")),
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found.join("\n")
}

#[test]
fn keys_do_not_change() {
    let rig = Rig::new();
    let simulator =
        rig.simulator("--no-limit --settle 100ms --settle-as 1004=0 --settle-as 1010=0 --settle-as 1012=0");
    rig.rows("rows.csv", 2);
    let run = rig.run(&simulator, "rows.csv").exits(0).json();
    insta::assert_snapshot!("run", paths(&run));
    insta::assert_snapshot!("report", paths(&rig.line("report last --json").exits(0).json()));
    insta::assert_snapshot!("status", paths(&rig.line("status --json").exits(0).json()));
    insta::assert_snapshot!(
        "status_of_a_row",
        paths(&rig.line("status last --row R-1 --json").exits(0).json())
    );
    insta::assert_snapshot!("simulator_ledger", paths(&simulator.ledger()));
}
