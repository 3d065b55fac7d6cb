//! Rows lie in blocks of fifty, pressed together: the cells and request bodies of neighbours are much alike, and a
//! report reads them in order anyway. One row alone would be pressed to half its size, fifty to a fifth.

use std::sync::Arc;

use super::bytes::{Reader, Writer};
use crate::engine::ports::{LedgerError, RowFault};

/// Rows in a block. An importer's thousand rows make whole blocks.
pub(super) const BLOCK_ROWS: u64 = 50;

/// No block is larger when it is opened; one that says so is broken.
const BLOCK_BYTES_MAX: usize = 256 << 20;

/// Pressing harder than this costs an import more time than it saves Redis memory (`cargo bench --bench redis`).
const LEVEL: i32 = 1;

const WHAT: &str = "a stored block of rows";

/// A row as it lies in its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockRow {
    pub(super) seq: u64,
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
    /// The task it made or fed.
    pub(super) task: Option<i64>,
    /// Its request body, if a task may send it.
    pub(super) payload: Option<Arc<str>>,
    pub(super) faults: Vec<RowFault>,
}

/// Which block a row lies in.
pub(super) const fn block_of(seq: u64) -> u64 {
    seq / BLOCK_ROWS
}

/// The rows of one block, in order of `seq`, pressed.
pub(super) fn press(rows: &[BlockRow]) -> Result<Vec<u8>, LedgerError> {
    let mut writer = Writer::with_capacity(rows.len() * 1_024);
    writer.number(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    for row in rows {
        writer.number(row.seq);
        writer.number(row.line);
        writer.number(u64::try_from(row.cells.len()).unwrap_or(u64::MAX));
        row.cells.iter().for_each(|cell| writer.text(cell));
        // An id is never negative: 0 is none.
        writer.signed(row.task.map_or(0, |id| id + 1));
        writer.byte(u8::from(row.payload.is_some()));
        if let Some(payload) = &row.payload {
            writer.text(payload);
        }
        writer.number(u64::try_from(row.faults.len()).unwrap_or(u64::MAX));
        for fault in &row.faults {
            for text in [&fault.code, &fault.column, &fault.message, &fault.hint] {
                writer.text(text);
            }
        }
    }
    let open = writer.into_bytes();
    let mut pressed = Writer::with_capacity(open.len() / 3);
    pressed.number(u64::try_from(open.len()).unwrap_or(u64::MAX));
    let squeezed = zstd::bulk::compress(&open, LEVEL)
        .map_err(|error| LedgerError::Unavailable(format!("a block of rows cannot be pressed: {error}")))?;
    pressed.raw(&squeezed);
    Ok(pressed.into_bytes())
}

/// The rows of a pressed block.
pub(super) fn open(pressed: &[u8]) -> Result<Vec<BlockRow>, LedgerError> {
    let mut reader = Reader::new(pressed, WHAT);
    let len: usize = reader.small()?;
    if len > BLOCK_BYTES_MAX {
        return Err(reader.corrupt(format_args!("it is of {len} bytes")));
    }
    let open = zstd::bulk::decompress(reader.rest(), len).map_err(|error| reader.corrupt(error))?;
    let mut reader = Reader::new(&open, WHAT);
    let rows = reader.number()?;
    (0..rows).map(|_| row(&mut reader)).collect()
}

fn row(reader: &mut Reader<'_>) -> Result<BlockRow, LedgerError> {
    let seq = reader.number()?;
    let line = reader.number()?;
    let cells = (0..reader.number()?)
        .map(|_| reader.text().map(str::to_owned))
        .collect::<Result<_, _>>()?;
    let task = reader.signed()?;
    let payload = match reader.byte()? {
        0 => None,
        _ => Some(reader.text()?.into()),
    };
    let faults = (0..reader.number()?)
        .map(|_| {
            Ok(RowFault {
                code: reader.text()?.to_owned(),
                column: reader.text()?.to_owned(),
                message: reader.text()?.to_owned(),
                hint: reader.text()?.to_owned(),
            })
        })
        .collect::<Result<_, LedgerError>>()?;
    Ok(BlockRow {
        seq,
        line,
        cells,
        task: (task > 0).then(|| task - 1),
        payload,
        faults,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<BlockRow> {
        (0..50)
            .map(|seq| BlockRow {
                seq,
                line: seq + 2,
                cells: vec![format!("R-{seq}"), "Ünal & Söhne, \"GmbH\"".into(), String::new()],
                task: (seq % 7 != 0).then_some(1 << 40 | 5),
                payload: (seq % 3 != 0).then(|| format!("{{\"name\":\"Company {seq}\"}}").into()),
                faults: vec![
                    RowFault {
                        code: "empty".into(),
                        column: "key".into(),
                        message: "the cell is empty".into(),
                        hint: "fill it".into()
                    };
                    usize::from(seq == 4) * 2
                ],
            })
            .collect()
    }

    #[test]
    fn a_block_opens_as_it_was_and_is_smaller_meanwhile() {
        let pressed = press(&rows()).unwrap();
        assert_eq!(open(&pressed).unwrap(), rows());
        assert!(pressed.len() * 3 < format!("{:?}", rows()).len());
        assert_eq!(open(&press(&[]).unwrap()).unwrap(), []);
    }

    #[test]
    fn a_broken_block_is_an_error() {
        let pressed = press(&rows()).unwrap();
        for cut in 0..pressed.len() {
            assert!(open(&pressed[..cut]).is_err(), "{cut}");
        }
        let mut bomb = Writer::default();
        bomb.number(u64::MAX / 2);
        assert!(open(&bomb.into_bytes()).is_err());
        let mut wrong = pressed;
        wrong[0] ^= 1;
        assert!(open(&wrong).is_err());
    }
}
