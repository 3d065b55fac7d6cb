//! Rows on their way in and out: payload, cells, faults.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::SealError;
use super::cipher::{self, Place, Stored};
use super::keyring::Keyring;
use super::tasks::{self, Owner, Space};
use crate::domain::ids::BatchId;
use crate::engine::ports::{NewRow, NewRowBody, RowFault, RowView, Seal};

/// Before the cells of a row whose payload alone is sealed, so that it can be seen with which key: this and the key's id.
const PAYLOAD_WITH: &str = "sealed:payload:";

/// Whether the row is stored to the letter.
pub(super) fn stands_as_it_is(row: &NewRow) -> bool {
    let payload = match &row.body {
        NewRowBody::Sound { payload, .. } => payload,
        NewRowBody::Faulty(_) => "",
    };
    row.seal == Seal::Nothing && !cipher::is_marked(payload) && !is_marked(&row.cells)
}

/// Whether the row is shown as it is stored.
pub(super) fn reads_as_it_is(view: &RowView) -> bool {
    let task = view.task.as_ref();
    !is_marked(&view.cells)
        && sealed_faults(&view.faults).is_none()
        && task.is_none_or(|(_, task)| tasks::sealed_errors(task).is_none())
}

/// The row as it is stored.
pub(super) fn seal(
    ring: &Keyring,
    space: &Arc<Space>,
    batch: &BatchId,
    row: &NewRow,
) -> Result<NewRow, SealError> {
    let body = match &row.body {
        NewRowBody::Sound { key, payload, digest } => {
            let owner = Owner {
                space: Arc::clone(space),
                key: key.clone(),
            };
            let payload = match row.seal {
                Seal::Nothing => cipher::guard(payload),
                Seal::Payload | Seal::Row => {
                    Cow::Owned(cipher::seal(ring, &owner.place_of_payload(digest), payload)?)
                }
            };
            NewRowBody::Sound {
                key: key.clone(),
                payload: payload.into(),
                digest: *digest,
            }
        }
        NewRowBody::Faulty(faults) if row.seal == Seal::Row => {
            let text = json(faults)?;
            NewRowBody::Faulty(vec![RowFault {
                code: String::new(),
                column: String::new(),
                message: cipher::seal(ring, &place("faults", batch, row.seq), &text)?,
                hint: String::new(),
            }])
        }
        faulty => faulty.clone(),
    };
    let cells = match row.seal {
        Seal::Nothing => guarded(&row.cells),
        Seal::Payload => {
            let with = format!("{PAYLOAD_WITH}{}", ring.sealing()?.id);
            std::iter::once(with).chain(row.cells.iter().cloned()).collect()
        }
        Seal::Row => vec![cipher::seal(
            ring,
            &place("cells", batch, row.seq),
            &json(&row.cells)?,
        )?],
    };
    Ok(NewRow {
        seq: row.seq,
        line: row.line,
        cells,
        seal: Seal::Nothing,
        body,
    })
}

/// Opens a row in place.
pub(super) fn open(
    ring: &Keyring,
    space: &Arc<Space>,
    batch: &BatchId,
    view: &mut RowView,
) -> Result<(), SealError> {
    open_cells(ring, batch, view)?;
    if let Some(message) = sealed_faults(&view.faults) {
        let text = cipher::open(ring, &place("faults", batch, view.seq), message)?;
        view.faults = serde_json::from_str(&text).map_err(|_| SealError::Form)?;
    }
    if let Some((key, task)) = &mut view.task {
        let owner = Owner {
            space: Arc::clone(space),
            key: key.clone(),
        };
        tasks::open_errors(ring, &owner, task)?;
    }
    Ok(())
}

fn open_cells(ring: &Keyring, batch: &BatchId, view: &mut RowView) -> Result<(), SealError> {
    let Some(first) = view.cells.first_mut().filter(|cell| cipher::is_marked(cell)) else {
        return Ok(());
    };
    if first.starts_with(PAYLOAD_WITH) {
        view.cells.remove(0);
        return Ok(());
    }
    match cipher::read(first)? {
        Stored::Plain(text) => *first = text.to_owned(),
        Stored::Sealed { .. } => {
            let text = cipher::open(ring, &place("cells", batch, view.seq), first)?;
            view.cells = serde_json::from_str(&text).map_err(|_| SealError::Form)?;
        }
    }
    Ok(())
}

/// The keys that a row as it is stored needs: that of its cells, faults and payload, and that of what the provider said of
/// it, which may be newer.
pub(super) fn keys_of(stored: &RowView) -> BTreeSet<&str> {
    let first = stored.cells.first().map(String::as_str);
    let errors = stored
        .task
        .as_ref()
        .and_then(|(_, task)| tasks::sealed_errors(task));
    let id = |text| match cipher::read(text) {
        Ok(Stored::Sealed { id, .. }) => Some(id),
        _ => None,
    };
    let of_cells = first.and_then(|first| first.strip_prefix(PAYLOAD_WITH).or_else(|| id(first)));
    of_cells.into_iter().chain(errors.and_then(id)).collect()
}

/// The sealed text that stands for a row's faults. No rule has an empty id.
fn sealed_faults(faults: &[RowFault]) -> Option<&str> {
    match faults {
        [only] if only.code.is_empty() && cipher::is_marked(&only.message) => Some(&only.message),
        _ => None,
    }
}

fn is_marked(cells: &[String]) -> bool {
    cells.first().is_some_and(|cell| cipher::is_marked(cell))
}

/// The first cell says how the others lie, so it alone must not be mistaken.
fn guarded(cells: &[String]) -> Vec<String> {
    let mut cells = cells.to_vec();
    if let Some(first) = cells.first_mut() {
        *first = cipher::guard(first).into_owned();
    }
    cells
}

fn place(what: &str, batch: &BatchId, seq: u64) -> Place {
    Place::of(what, &[batch.as_str().as_bytes(), &seq.to_be_bytes()])
}

/// Lists of texts always have a JSON form.
fn json(value: &impl serde::Serialize) -> Result<String, SealError> {
    serde_json::to_string(value).map_err(|_| SealError::Form)
}
