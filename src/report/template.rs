//! A file to fill in, as CSV.

use std::io;

use csv::{Terminator, WriterBuilder};

use crate::domain::field::Field;

/// A header of these fields and one row of these values.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn csv(columns: &[(Field, &str)]) -> io::Result<Vec<u8>> {
    let mut table = WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    table.write_record(columns.iter().map(|(field, _)| field.to_string()))?;
    table.write_record(columns.iter().map(|(_, value)| value))?;
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}
