//! Which cell is shown in which number format.

use std::collections::HashMap;
use std::sync::Arc;

use super::format::Format;
use super::xml::{Node, Xml};
use crate::intake::IntakeError;
use crate::intake::packed::Archive;

/// Styles that a workbook may have; Excel's limit is 65,490.
const STYLES_MAX: usize = 70_000;

/// Number formats that a workbook may have; Excel's limit is some 250.
const FORMATS_MAX: usize = 10_000;

/// The format of each style. Codes are parsed once.
pub(super) struct Styles {
    by_style: Vec<Arc<Format>>,
    general: Arc<Format>,
}

impl Styles {
    /// Reads them; a workbook may have none.
    pub(super) fn read(archive: &Archive, path: Option<&str>, bytes_max: u64) -> Result<Self, IntakeError> {
        let mut styles = Self {
            by_style: Vec::new(),
            general: Arc::new(Format::general()),
        };
        let xml = match path {
            Some(path) => Xml::open(archive, path, bytes_max)?,
            None => None,
        };
        let Some(mut xml) = xml else {
            return Ok(styles);
        };
        let mut codes: HashMap<u32, Arc<Format>> = HashMap::new();
        // Styles of styles have `xf` elements too.
        let mut in_cell_styles = false;
        loop {
            match xml.next()? {
                Node::Open if xml.is("cellXfs") => in_cell_styles = true,
                Node::Close if xml.is("cellXfs") => in_cell_styles = false,
                Node::Open if xml.is("numFmt") && !in_cell_styles => {
                    let (id, code) = (xml.number("numFmtId"), xml.attribute("formatCode"));
                    if let (Some(id), Some(code)) = (id, code) {
                        codes.insert(id, Arc::new(Format::parse(&code)));
                    }
                }
                Node::Open if xml.is("xf") && in_cell_styles => {
                    let id = xml.number("numFmtId").unwrap_or_default();
                    let format = codes.entry(id).or_insert_with(|| {
                        // A number that stands for no code is shown by some format that is not known here.
                        Arc::new(Format::builtin(id).unwrap_or_else(|| Format::parse("[?]")))
                    });
                    styles.by_style.push(Arc::clone(format));
                }
                Node::End => return Ok(styles),
                _ => (),
            }
            if styles.by_style.len() > STYLES_MAX || codes.len() > FORMATS_MAX {
                return Err(xml.damaged("it has more styles than a workbook can have"));
            }
        }
    }

    /// The format of a style.
    pub(super) fn format(&self, style: usize) -> &Arc<Format> {
        self.by_style.get(style).unwrap_or(&self.general)
    }
}
