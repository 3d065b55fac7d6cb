//! `enlist keys`: the keys that seal what is secret in the ledger. Makes new ones, and says which are needed.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::talk::many;
use super::{Scene, talk};
use crate::app::keys::{SEAL_KEYS, keyring};
use crate::app::{Exit, Failure};
use crate::engine::ports::Ledger as _;
use crate::ledger::sealed::{NAMES, SealError, fresh, fresh_id};

/// Flags of `keys`.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show which keys there are, and how many rows of the ledger are sealed with each. The default.
    List,
    /// Print a new key as a line of a keyring, and with it the key that names, if there is none yet.
    New,
}

/// A key in the list.
#[derive(Serialize)]
struct KeyLine {
    id: String,
    /// `seals`, `opens`, `names`, or `missing`: rows need it and it is not in the keyring.
    role: &'static str,
    /// Rows of the ledger that need it.
    rows: u64,
}

/// What `keys new --json` prints: lines of a keyring.
#[derive(Serialize)]
struct NewKeys<'a> {
    lines: Vec<&'a str>,
}

pub(super) async fn run(args: KeysArgs, scene: Scene) -> Result<Exit, Failure> {
    match args.what.unwrap_or(What::List) {
        What::List => list(&scene).await,
        What::New => new(&scene),
    }
}

fn new(scene: &Scene) -> Result<Exit, Failure> {
    let failed = |error: SealError| Failure::new(Exit::Failed, error.to_string(), "");
    let ring = keyring(&scene.app.env)?;
    let id = fresh_id(scene.app.world.now()).map_err(failed)?;
    let mut made = vec![fresh(&id).map_err(failed)?];
    if ring.names().is_err() {
        made.push(fresh(NAMES).map_err(failed)?);
    }
    let lines: Vec<&str> = made.iter().map(|line| line.expose_secret()).collect();
    match scene.json {
        true => talk::json(&NewKeys { lines })?,
        false => talk::data(lines.join("\n"))?,
    }
    scene.talk.say(format!(
        "put this below the keys you have, in {SEAL_KEYS} or in the file that {SEAL_KEYS}_FILE names, on every machine; then move \
         it to the top: the first key seals, all open; `{NAMES}` never changes"
    ));
    Ok(Exit::Done)
}

async fn list(scene: &Scene) -> Result<Exit, Failure> {
    let ring = keyring(&scene.app.env)?;
    let ledger = scene.app.open_sealed().await?;
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for batch in ledger.batches().await? {
        for (id, n) in ledger.rows_by_key(&batch.id).await? {
            *rows.entry(id).or_default() += n;
        }
    }
    let mut lines: Vec<KeyLine> = Vec::new();
    for (at, id) in ring.ids().enumerate() {
        lines.push(KeyLine {
            id: id.to_owned(),
            role: if at == 0 { "seals" } else { "opens" },
            rows: rows.remove(id).unwrap_or_default(),
        });
    }
    if ring.names().is_ok() {
        lines.push(KeyLine {
            id: NAMES.to_owned(),
            role: "names",
            rows: 0,
        });
    }
    lines.extend(rows.into_iter().map(|(id, rows)| KeyLine {
        id,
        role: "missing",
        rows,
    }));
    if scene.json {
        talk::json(&lines)?;
        return Ok(Exit::Done);
    }
    let width = lines.iter().map(|line| line.id.len()).max().unwrap_or_default();
    for KeyLine { id, role, rows } in &lines {
        let sealed = match rows {
            0 => String::new(),
            rows => format!("  {} sealed with it", many(*rows, "row")),
        };
        talk::data(format!("{id:width$}  {role:7}{sealed}").trim_end())?;
    }
    if lines.is_empty() {
        scene.talk.say("no keys, and no row needs one");
    }
    Ok(Exit::Done)
}
