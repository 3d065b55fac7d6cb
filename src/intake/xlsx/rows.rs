//! The rows of a sheet, cell by cell, as they are stored.

use std::borrow::Cow;

use super::grid::{Area, COLUMNS_MAX, ROWS_MAX, address};
use super::text::{Text, unescaped};
use super::xml::{Node, Xml};
use crate::intake::IntakeError;
use crate::intake::packed::Archive;

/// Merged areas that a sheet may have.
const MERGES_MAX: usize = 65_536;

/// Bytes of a value or an attribute that are kept.
const VALUE_BYTES_MAX: usize = 128 << 10;

/// A sheet being read.
pub(super) struct Rows {
    xml: Xml,
    /// Row and column that were read last; zero before the first.
    row: u32,
    column: u32,
    in_row: bool,
    done: bool,
    text: Text,
    /// First and last of each run of hidden columns.
    pub(super) hidden_columns: Vec<(u32, u32)>,
}

/// A row begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) number: u32,
    pub(super) is_hidden: bool,
}

/// A cell as stored; its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// Counted from 1.
    pub(super) column: u32,
    pub(super) style: usize,
    pub(super) kind: Kind,
    pub(super) value: String,
    /// Whether there is a value, be it empty.
    pub(super) has_value: bool,
    pub(super) is_formula: bool,
}

/// What the value of a cell is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Number,
    /// The number of a shared text.
    Shared,
    Text,
    Boolean,
    Error,
    /// ISO 8601.
    Date,
    Unknown,
}

impl Rows {
    /// Opens a sheet and reads to its first row.
    pub(super) fn open(archive: &Archive, path: &str, bytes_max: u64) -> Result<Self, IntakeError> {
        let Some(xml) = Xml::open(archive, path, bytes_max)? else {
            let why = format!("{path}, which a sheet is in, is missing");
            let hint = "open the file in the spreadsheet program and save it again";
            return Err(IntakeError::file(archive.name(), "file.damaged", why, hint));
        };
        let mut rows = Self {
            xml,
            row: 0,
            column: 0,
            in_row: false,
            done: false,
            text: Text::default(),
            hidden_columns: Vec::new(),
        };
        rows.read_to_first_row()?;
        Ok(rows)
    }

    fn read_to_first_row(&mut self) -> Result<(), IntakeError> {
        loop {
            match self.xml.next()? {
                Node::Open if self.xml.is("sheetData") => return Ok(()),
                Node::Open if self.xml.is("col") => {
                    let hidden =
                        self.xml.is_on("hidden") || self.xml.attribute("width").as_deref() == Some("0");
                    if let (true, Some(first), Some(last)) =
                        (hidden, self.xml.number("min"), self.xml.number("max"))
                    {
                        self.hidden_columns.push((first, last));
                    }
                }
                Node::End => {
                    self.done = true;
                    return Ok(());
                }
                _ => (),
            }
            if self.hidden_columns.len() > COLUMNS_MAX as usize {
                return Err(self.xml.damaged("it has more columns than a sheet can have"));
            }
        }
    }

    /// The next row; its cells follow. Cells of the row before that were not asked for are passed over.
    pub(super) fn next_row(&mut self) -> Result<Option<Start>, IntakeError> {
        if self.in_row {
            self.in_row = false;
            self.xml.skip()?;
        }
        while !self.done {
            match self.xml.next()? {
                Node::Open if self.xml.is("row") => {
                    let start = Start {
                        number: self.xml.number("r").unwrap_or(self.row.saturating_add(1)),
                        is_hidden: self.xml.is_on("hidden"),
                    };
                    if start.number <= self.row || start.number > ROWS_MAX {
                        return Err(self.xml.damaged("its rows are not in order"));
                    }
                    (self.row, self.column, self.in_row) = (start.number, 0, true);
                    return Ok(Some(start));
                }
                Node::Open => self.xml.skip()?,
                // Of the rows.
                Node::Close | Node::End => self.done = true,
                Node::Text => (),
            }
        }
        Ok(None)
    }

    /// The next cell of the row; `false` when it has no more.
    pub(super) fn next_cell(&mut self, cell: &mut Cell) -> Result<bool, IntakeError> {
        while self.in_row {
            match self.xml.next()? {
                Node::Open if self.xml.is("c") => {
                    let reference = cell.start(&self.xml);
                    let column = match reference {
                        Reference::None => self.column + 1,
                        Reference::At(row, column) if row == self.row => column,
                        _ => return Err(self.xml.damaged("a cell is not in the row that it says")),
                    };
                    if column <= self.column || column > COLUMNS_MAX {
                        return Err(self.xml.damaged("its cells are not in order"));
                    }
                    (self.column, cell.column) = (column, column);
                    self.read_cell(cell)?;
                    return Ok(true);
                }
                Node::Open => self.xml.skip()?,
                Node::Close | Node::End => self.in_row = false,
                Node::Text => (),
            }
        }
        Ok(false)
    }

    fn read_cell(&mut self, cell: &mut Cell) -> Result<(), IntakeError> {
        let outside = self.xml.depth().saturating_sub(1);
        let (mut in_value, mut is_inline) = (false, false);
        while self.xml.depth() > outside {
            match self.xml.next()? {
                Node::Open if self.xml.is("v") => (in_value, cell.has_value) = (true, true),
                Node::Open if self.xml.is("is") => {
                    self.text.read(&mut self.xml)?;
                    cell.value.clear();
                    cell.value.push_str(self.text.as_str());
                    (cell.kind, cell.has_value, is_inline) = (Kind::Text, true, true);
                }
                Node::Open => {
                    cell.is_formula |= self.xml.is("f");
                    self.xml.skip()?;
                }
                Node::Text if in_value => {
                    if cell.value.len() + self.xml.text().len() > VALUE_BYTES_MAX {
                        return Err(self
                            .xml
                            .damaged("a cell has more characters than a cell can have"));
                    }
                    cell.value.push_str(self.xml.text());
                }
                Node::Close => in_value = false,
                Node::End => break,
                Node::Text => (),
            }
        }
        if cell.kind == Kind::Text
            && !is_inline
            && let Cow::Owned(text) = unescaped(&cell.value)
        {
            cell.value = text;
        }
        Ok(())
    }

    /// The merged areas, which stand behind the rows.
    pub(super) fn merges(&mut self) -> Result<Vec<Area>, IntakeError> {
        let mut merges = Vec::new();
        loop {
            match self.xml.next()? {
                Node::Open if self.xml.is("mergeCell") => {
                    let area = self.xml.attribute("ref").and_then(|text| Area::parse(&text));
                    merges.extend(area);
                }
                Node::End => return Ok(merges),
                _ => (),
            }
            if merges.len() > MERGES_MAX {
                return Err(self.xml.damaged("it has more merged cells than are read"));
            }
        }
    }
}

enum Reference {
    None,
    At(u32, u32),
    Wrong,
}

impl Cell {
    /// Starts over for the cell that a tag begins; gives the address that it says.
    fn start(&mut self, xml: &Xml) -> Reference {
        self.value.clear();
        (self.style, self.kind) = (0, Kind::Number);
        (self.has_value, self.is_formula) = (false, false);
        let mut reference = Reference::None;
        xml.attributes(|key, value| match key {
            "r" => {
                reference = match address(value) {
                    Some((row, column)) => Reference::At(row, column),
                    None => Reference::Wrong,
                };
            }
            "s" => self.style = value.parse().unwrap_or(usize::MAX),
            "t" => {
                self.kind = match value {
                    "n" => Kind::Number,
                    "s" => Kind::Shared,
                    "str" | "inlineStr" => Kind::Text,
                    "b" => Kind::Boolean,
                    "e" => Kind::Error,
                    "d" => Kind::Date,
                    _ => Kind::Unknown,
                };
            }
            _ => (),
        });
        reference
    }

    /// Whether there is nothing in it.
    pub(super) fn is_blank(&self) -> bool {
        !self.is_formula && (!self.has_value || self.value.is_empty())
    }
}
