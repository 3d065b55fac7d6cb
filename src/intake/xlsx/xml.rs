//! One part of a workbook as XML, element by element. Whatever it holds, no more than one piece of markup is in memory.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, Event};

use crate::intake::IntakeError;
use crate::intake::packed::{Archive, Part, Refused};

/// Bytes of one tag, text or comment. A cell has 32,767 characters at most.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// Elements in one another at most; a sheet has some ten levels.
const DEPTH_MAX: usize = 64;

/// Bytes unpacked at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// A part being read. What was read last lies here and not in what [`Xml::next`] gives, so that it can be read on while
/// that is looked at.
pub(super) struct Xml {
    reader: Reader<Guard>,
    buffer: Vec<u8>,
    /// The beginning of an element, as it stands between `<` and `>`.
    tag: String,
    /// Where in it the name without its prefix starts, and where it ends.
    name_at: (usize, usize),
    text: String,
    depth: usize,
    path: String,
    name: Arc<str>,
}

/// What stands next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// An element begins; one that is empty ends with the next node.
    Open,
    /// An element ends.
    Close,
    /// Text between, with entities made the characters they stand for.
    Text,
    /// The part is at its end.
    End,
}

impl Xml {
    /// Opens the part at `path`; `None` when there is none.
    pub(super) fn open(archive: &Archive, path: &str, bytes_max: u64) -> Result<Option<Self>, IntakeError> {
        let Some(entry) = archive.find(path) else {
            return Ok(None);
        };
        let part = archive.open_part(entry, bytes_max)?;
        Ok(Some(Self::new(part, path, archive.name())))
    }

    fn new(part: Part, path: &str, name: &Arc<str>) -> Self {
        let mut reader = Reader::from_reader(Guard {
            from: BufReader::with_capacity(BUFFER_BYTES, part),
            left: PIECE_BYTES_MAX,
        });
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            tag: String::new(),
            name_at: (0, 0),
            text: String::new(),
            depth: 0,
            path: path.to_owned(),
            name: Arc::clone(name),
        }
    }

    /// Reads the next node. What says nothing, like a comment, is a text without anything in it.
    pub(super) fn next(&mut self) -> Result<Node, IntakeError> {
        self.buffer.clear();
        self.text.clear();
        self.reader.get_mut().left = PIECE_BYTES_MAX;
        let (path, name) = (&self.path, &self.name);
        let damaged = |why: &str| Err(IntakeError::of(name, Refused::damaged(path, why)));
        let event = self
            .reader
            .read_event_into(&mut self.buffer)
            .map_err(|error| refusal(error, path, name))?;
        match event {
            Event::Start(start) | Event::Empty(start) => {
                self.tag.clear();
                self.tag.push_str(&start);
                self.name_at = name_at(start.name().as_ref());
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return damaged("its elements are nested too deeply");
                }
                return Ok(Node::Open);
            }
            Event::End(end) => {
                self.tag.clear();
                self.tag.push_str(end.name().as_ref());
                self.name_at = name_at(&self.tag);
                self.depth = self.depth.saturating_sub(1);
                return Ok(Node::Close);
            }
            Event::Text(text) => self.text.push_str(&text.xml10_content()),
            Event::CData(text) => self.text.push_str(&text),
            Event::GeneralRef(reference) => match resolved(&reference) {
                Some(text) => self.text.push_str(&text),
                None => return damaged("an entity in it is not known"),
            },
            Event::DocType(_) => return damaged("it has a document type, which no workbook has"),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => (),
            Event::Eof if self.depth > 0 => return damaged("it ends too early"),
            Event::Eof => return Ok(Node::End),
        }
        Ok(Node::Text)
    }

    /// The text read last.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether this is the name of the element that began or ended last, whatever its prefix.
    pub(super) fn is(&self, name: &str) -> bool {
        self.tag.get(self.name_at.0..self.name_at.1) == Some(name)
    }

    /// Gives each attribute of the element that began last to `each`, its value as it stands.
    pub(super) fn attributes(&self, mut each: impl FnMut(&str, &str)) {
        let mut attributes = Attributes::new(&self.tag, self.name_at.1);
        // The check for an attribute that comes twice compares each with all before it.
        for attribute in attributes.with_checks(false).flatten() {
            let key: &str = attribute.key.as_ref();
            each(local(key), &attribute.value);
        }
    }

    /// The value of an attribute, whatever its prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut found = None;
        self.attributes(|key, value| {
            if key == name && found.is_none() {
                found = quick_xml::escape::unescape(value).ok().map(Cow::into_owned);
            }
        });
        found
    }

    /// Whether an attribute says yes.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.attribute(name)
            .is_some_and(|value| matches!(value.trim(), "1" | "true" | "on"))
    }

    /// The value of an attribute as a number.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.attribute(name)?.trim().parse().ok()
    }

    /// Passes over all up to the end of the element that was opened last.
    pub(super) fn skip(&mut self) -> Result<(), IntakeError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// How many elements are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// A part that is XML and not what it should be.
    pub(super) fn damaged(&self, why: &str) -> IntakeError {
        IntakeError::of(&self.name, Refused::damaged(&self.path, why))
    }
}

fn name_at(name: &str) -> (usize, usize) {
    (name.rfind(':').map_or(0, |colon| colon + 1), name.len())
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn refusal(error: quick_xml::Error, path: &str, name: &Arc<str>) -> IntakeError {
    if let quick_xml::Error::Io(io) = &error {
        if let Some(refused) = io.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
            return IntakeError::of(name, refused.clone());
        }
        return IntakeError::io(name, io::Error::new(io.kind(), io.to_string()));
    }
    IntakeError::of(name, Refused::damaged(path, error))
}

fn resolved(reference: &BytesRef<'_>) -> Option<Cow<'static, str>> {
    if let Some(c) = reference.resolve_char_ref().ok()? {
        return Some(Cow::Owned(c.to_string()));
    }
    quick_xml::escape::resolve_xml_entity(reference).map(Cow::Borrowed)
}

/// Gives bytes until there are too many of one piece.
struct Guard {
    from: BufReader<Part>,
    left: usize,
}

impl Read for Guard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let held = self.fill_buf()?;
        let count = held.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), held.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Guard {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            let why = format!("a piece of it has more than {PIECE_BYTES_MAX} bytes");
            return Err(Refused::damaged("the workbook", why).into_io());
        }
        self.from.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        self.from.consume(count);
    }
}
