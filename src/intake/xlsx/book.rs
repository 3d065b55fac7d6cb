//! A workbook: its sheets, and the parts that all of them need.

use std::collections::HashMap;

use super::format::Epoch;
use super::strings::Strings;
use super::styles::Styles;
use super::xml::{Node, Xml};
use crate::intake::IntakeError;
use crate::intake::packed::Archive;

/// Sheets that a workbook may have; relations, too.
const SHEETS_MAX: usize = 4_096;

/// Bytes that the small parts may unpack to: relations, the list of sheets.
const SMALL_PART_BYTES_MAX: u64 = 16 << 20;

/// What a workbook says before any sheet is read.
pub(super) struct Book {
    pub(super) sheets: Vec<Sheet>,
    pub(super) strings: Strings,
    pub(super) styles: Styles,
    pub(super) epoch: Epoch,
    /// Whether the program that wrote the file left its formulas to be computed when it is opened.
    pub(super) wants_computing: bool,
    strings_path: Option<String>,
    styles_path: Option<String>,
}

/// One sheet with cells.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// The name on its tab.
    pub(super) name: String,
    /// Its part.
    pub(super) path: String,
    pub(super) is_hidden: bool,
}

impl Book {
    /// Reads the list of sheets, and what they share. `bytes_max` bounds each part.
    pub(super) fn open(archive: &Archive, bytes_max: u64) -> Result<Self, IntakeError> {
        let path = main_part(archive)?;
        let small = bytes_max.min(SMALL_PART_BYTES_MAX);
        let Some(mut xml) = Xml::open(archive, &path, small)? else {
            return Err(no_workbook(archive));
        };
        let mut book = Self {
            sheets: Vec::new(),
            strings: Strings::default(),
            styles: Styles::read(archive, None, bytes_max)?,
            epoch: Epoch::Y1900,
            wants_computing: false,
            strings_path: None,
            styles_path: None,
        };
        let named = book.read_names(&mut xml)?;
        book.read_relations(archive, &path, named)?;
        book.strings = Strings::read(archive, book.strings_path.as_deref(), bytes_max)?;
        book.styles = Styles::read(archive, book.styles_path.as_deref(), bytes_max)?;
        Ok(book)
    }

    /// The sheets by name, each with the relation that leads to its part.
    fn read_names(&mut self, xml: &mut Xml) -> Result<Vec<(Sheet, String)>, IntakeError> {
        let mut named = Vec::new();
        loop {
            match xml.next()? {
                Node::Open if xml.is("workbookPr") && xml.is_on("date1904") => {
                    self.epoch = Epoch::Y1904;
                }
                Node::Open if xml.is("calcPr") => self.wants_computing = xml.is_on("fullCalcOnLoad"),
                Node::Open if xml.is("sheet") => {
                    let state = xml.attribute("state").unwrap_or_default();
                    let sheet = Sheet {
                        name: xml.attribute("name").unwrap_or_default(),
                        path: String::new(),
                        is_hidden: matches!(state.as_str(), "hidden" | "veryHidden"),
                    };
                    named.push((sheet, xml.attribute("id").unwrap_or_default()));
                }
                Node::End => return Ok(named),
                _ => (),
            }
            if named.len() > SHEETS_MAX {
                return Err(xml.damaged("it has more sheets than are read"));
            }
        }
    }

    /// Finds the parts. Sheets that are charts have no cells and are left out.
    fn read_relations(
        &mut self,
        archive: &Archive,
        path: &str,
        named: Vec<(Sheet, String)>,
    ) -> Result<(), IntakeError> {
        let (folder, base) = path.rsplit_once('/').unwrap_or(("", path));
        let mut targets = HashMap::new();
        for relation in relations(archive, &joined(folder, &format!("_rels/{base}.rels")))? {
            let target = joined(folder, &relation.target);
            match relation.kind.as_str() {
                "sharedStrings" => self.strings_path = Some(target),
                "styles" => self.styles_path = Some(target),
                "worksheet" => {
                    targets.insert(relation.id, target);
                }
                _ => (),
            }
        }
        let with_cells = named.into_iter().filter_map(|(sheet, id)| {
            let path = targets.get(&id)?.clone();
            Some(Sheet { path, ..sheet })
        });
        self.sheets = with_cells.collect();
        Ok(())
    }
}

fn no_workbook(archive: &Archive) -> IntakeError {
    let hint = "open it in the spreadsheet program, save it as XLSX, and feed that";
    IntakeError::file(
        archive.name(),
        "file.damaged",
        "this looks like an XLSX file, and no workbook is in it",
        hint,
    )
}

/// The part that lists the sheets. Programs name it as they like.
fn main_part(archive: &Archive) -> Result<String, IntakeError> {
    let found = relations(archive, "_rels/.rels")?
        .into_iter()
        .find(|relation| relation.kind == "officeDocument")
        .map(|relation| joined("", &relation.target));
    Ok(found.unwrap_or_else(|| "xl/workbook.xml".to_owned()))
}

struct Relation {
    id: String,
    /// The last word of its type.
    kind: String,
    target: String,
}

fn relations(archive: &Archive, path: &str) -> Result<Vec<Relation>, IntakeError> {
    let mut found = Vec::new();
    let Some(mut xml) = Xml::open(archive, path, SMALL_PART_BYTES_MAX)? else {
        return Ok(found);
    };
    loop {
        match xml.next()? {
            Node::Open if xml.is("Relationship") => {
                let text = |name| xml.attribute(name).unwrap_or_default();
                let kind = text("Type");
                // What lies outside of the file is not looked for.
                if text("TargetMode") != "External" {
                    found.push(Relation {
                        id: text("Id"),
                        kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                        target: text("Target"),
                    });
                }
            }
            Node::End => return Ok(found),
            _ => (),
        }
        if found.len() > SHEETS_MAX {
            return Err(xml.damaged("it has more relations than are read"));
        }
    }
}

/// A path in the archive, seen from a folder of it. It is only ever looked up among the parts, so none leads out.
fn joined(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let from_root = target.starts_with('/');
    let mut parts: Vec<&str> = if from_root {
        Vec::new()
    } else {
        folder.split('/').collect()
    };
    for part in target.split('/') {
        match part {
            "" | "." => (),
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn paths_are_seen_from_their_folder_and_stay_inside() {
        for (folder, target, path) in [
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "../xl/./styles.xml", "xl/styles.xml"),
            ("xl", "..\\..\\..\\etc\\passwd", "etc/passwd"),
            ("", "xl/workbook.xml", "xl/workbook.xml"),
        ] {
            assert_eq!(joined(folder, target), path, "{folder} {target}");
        }
    }
}
