//! Passwords for accounts whose rows have none: made of the keyring, so that every machine and every repetition makes the same
//! one, and told to one reader alone.

use std::path::Path;

use super::keys::keyring;
use super::{Env, Failure};
use crate::config::Job;
use crate::domain::batch::Batch;
use crate::domain::field::Field;
use crate::engine::ports::{Ledger, RowView};
use crate::provider::logicboxes::password::generate;
use crate::report::passwords::{Made, Passwords, Reader};

/// What the secret that passwords are made of is for.
pub const PURPOSE: &str = "logicboxes password";

/// Rows asked for at once.
const PAGE_ROWS: u32 = 1_000;

/// Who reads the passwords that a job makes; `None` where it makes none.
pub fn reader(job: &Job) -> Result<Option<Reader>, Failure> {
    let Some(section) = job
        .logicboxes
        .as_ref()
        .filter(|section| !section.passwords_to.is_empty())
    else {
        return Ok(None);
    };
    Reader::parse(&section.passwords_to).map(Some).map_err(|why| {
        Failure::usage(
            format!(
                "job {}: logicboxes.passwords_to is no age recipient: {why}",
                job.name
            ),
            "it begins with age1, as age-keygen prints it",
        )
    })
}

/// Writes `passwords.age` into the report folder, if the batch's job makes passwords.
pub async fn write(
    env: &Env,
    ledger: &dyn Ledger,
    batch: &Batch,
    job: &Job,
    dir: &Path,
) -> Result<(), Failure> {
    let Some(reader) = reader(job)? else { return Ok(()) };
    let ring = keyring(env)?;
    let names = ring
        .names()
        .map_err(|error| Failure::usage(error.to_string(), ""))?;
    let mapping = super::feed::mapping_of(batch, job);
    let column = |field| mapping.as_ref().and_then(|mapping| mapping.column_of(field));
    let columns = (column(Field::Email(0)), column(Field::Password));
    let secret = names.secret(PURPOSE);
    let mut passwords = Passwords::begin(dir, &reader)?;
    let mut from = 0;
    loop {
        let page = ledger.rows(&batch.id, from, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        from = last.seq + 1;
        for made in page.iter().filter_map(|row| made(row, batch, &secret, columns)) {
            passwords.add(&made)?;
        }
    }
    Ok(passwords.finish()?)
}

/// The row's password, if it was made here and may have been sent.
fn made(
    row: &RowView,
    batch: &Batch,
    secret: &[u8; 32],
    (email, password): (Option<usize>, Option<usize>),
) -> Option<Made> {
    let cell = |column: Option<usize>| {
        column
            .and_then(|column| row.cells.get(column))
            .map_or("", String::as_str)
    };
    let (key, task) = row.task.as_ref()?;
    // Fed again without its own, a row keeps what it was sent with.
    let was_sent = task.tries.sends > 0 && !task.existed && !task.changed;
    (was_sent && cell(password).trim().is_empty()).then(|| Made {
        key: key.to_string(),
        username: cell(email).trim().to_owned(),
        password: generate(secret, &batch.scope, key),
    })
}
