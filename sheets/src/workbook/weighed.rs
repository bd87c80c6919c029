//! Weighs a workbook before it is read: decompresses every part once, holding none, so that what the reader will hold is
//! known to be bounded. A size that an archive merely states proves nothing.

use std::borrow::Cow;
use std::io::{self, BufReader, Read, Seek};

use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use crate::error::Unreadable;
use crate::limits::{Limit, Limits};

const PARTS: usize = 10_000;
const PIECE: u64 = 4 << 20;
const MERGED: usize = 100_000;
const FORMATS: usize = 65_536;
const FORMAT_TAG: usize = 2_048;

/// Refuses a workbook that is of another format, damaged, or larger than the limits.
pub(crate) fn weigh<R: Read + Seek>(source: &mut R, limits: &Limits) -> Result<(), Unreadable> {
    let damaged = |error: zip::result::ZipError| Unreadable::damaged(&error);
    let mut archive = ZipArchive::new(source).map_err(damaged)?;
    if archive.len() > PARTS {
        return Err(exceeds(Limit::Parts, PARTS as u64));
    }
    refuse_other(archive.file_names().filter_map(Result::ok))?;
    let mut left = limits.decompressed;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(damaged)?;
        let name = part.name().map_err(damaged)?.to_ascii_lowercase();
        let of_part = if name.ends_with("sharedstrings.xml") { limits.shared_strings } else { u64::MAX };
        let meter = Meter { part, left, of_part, of_piece: PIECE, exceeded: None };
        let meter = if has_extension(&name, "xml") || has_extension(&name, "rels") {
            weigh_xml(meter, &name)?
        } else {
            weigh_bytes(meter)
        };
        if let Some(limit) = meter.exceeded {
            let allowed = match limit {
                Limit::SharedStrings => limits.shared_strings,
                Limit::Piece => PIECE,
                _ => limits.decompressed,
            };
            return Err(exceeds(limit, allowed));
        }
        left = meter.left;
    }
    Ok(())
}

fn exceeds(limit: Limit, allowed: u64) -> Unreadable {
    Unreadable::Exceeds { limit, allowed, line: None }
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == extension)
}

fn refuse_other<'n>(names: impl Iterator<Item = Cow<'n, str>>) -> Result<(), Unreadable> {
    let (mut binary, mut open) = (false, false);
    for name in names {
        let name = name.to_ascii_lowercase();
        if name.ends_with("workbook.xml") {
            return Ok(());
        }
        binary |= name.ends_with("workbook.bin");
        open |= name == "content.xml";
    }
    Err(match (binary, open) {
        (true, _) => Unreadable::OtherWorkbook("a binary workbook (.xlsb)"),
        (_, true) => Unreadable::OtherWorkbook("an OpenDocument file"),
        _ => Unreadable::NotATable("an archive or a document"),
    })
}

/// Counts what is read of a part, and fails beyond what is left.
struct Meter<R> {
    part: R,
    left: u64,
    of_part: u64,
    of_piece: u64,
    exceeded: Option<Limit>,
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.part.read(buffer)?;
        for (left, limit) in [
            (&mut self.left, Limit::Decompressed),
            (&mut self.of_part, Limit::SharedStrings),
            (&mut self.of_piece, Limit::Piece),
        ] {
            let Some(rest) = left.checked_sub(read as u64) else {
                self.exceeded = Some(limit);
                return Err(io::Error::other("more than allowed"));
            };
            *left = rest;
        }
        Ok(read)
    }
}

/// Pictures and the like: only their size matters. What fails to decompress fails again if it is ever read.
fn weigh_bytes<R: Read>(mut meter: Meter<R>) -> Meter<R> {
    let mut block = [0; 8 << 10];
    while let Ok(1..) = meter.read(&mut block) {
        meter.of_piece = PIECE;
    }
    meter
}

/// XML is read as the reader will read it: each piece that it would hold at once must be small, and no number in it such
/// that the reader would reserve memory or overflow by it.
fn weigh_xml<R: Read>(meter: Meter<R>, name: &str) -> Result<Meter<R>, Unreadable> {
    let mut xml = quick_xml::Reader::from_reader(BufReader::new(meter));
    let config = xml.config_mut();
    config.check_end_names = false;
    config.expand_empty_elements = true;
    let is_styles = name.ends_with("styles.xml");
    let (mut buffer, mut in_cell) = (Vec::new(), false);
    let (mut merged, mut formats) = (0, 0);
    loop {
        buffer.clear();
        if !in_cell {
            xml.get_mut().get_mut().of_piece = PIECE;
        }
        // Broken XML breaks the reader at the same place.
        let Ok(event) = xml.read_event_into(&mut buffer) else { break };
        match event {
            Event::Eof => break,
            Event::End(tag) if tag.local_name().as_ref() == "c" => in_cell = false,
            Event::Start(tag) => {
                if is_styles && tag.len() > FORMAT_TAG {
                    return Err(exceeds(Limit::Formats, FORMATS as u64));
                }
                match tag.local_name().as_ref() {
                    "c" => {
                        in_cell = true;
                        check_reference(&tag, "r")?;
                    }
                    "row" => check_reference(&tag, "r")?,
                    "dimension" => check_reference(&tag, "ref")?,
                    "mergeCell" => {
                        merged += 1;
                        check_reference(&tag, "ref")?;
                    }
                    "xf" => formats += 1,
                    "sst" => check_count(&tag)?,
                    _ => {}
                }
            }
            _ => {}
        }
        if merged > MERGED {
            return Err(exceeds(Limit::Merged, MERGED as u64));
        }
        if formats > FORMATS {
            return Err(exceeds(Limit::Formats, FORMATS as u64));
        }
    }
    Ok(xml.into_inner().into_inner())
}

/// The reader multiplies and subtracts without looking: `A1` has at most three letters and seven digits, `A1:B2` goes down
/// and to the right.
fn check_reference(tag: &BytesStart<'_>, attribute: &str) -> Result<(), Unreadable> {
    let Ok(Some(found)) = tag.try_get_attribute(attribute) else { return Ok(()) };
    let mut before = (0, 0);
    for corner in found.value.split(':') {
        let letters = corner.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (letters, digits) = corner.split_at(letters);
        let row = if digits.len() > 7 { None } else { digits.parse::<u32>().ok() };
        let column = if letters.is_empty() { Some(0) } else { crate::letters::column(letters) };
        match row.zip(column) {
            Some(place) if place.0 >= before.0 && place.1 >= before.1 => before = place,
            _ => return Err(Unreadable::damaged(&format_args!("there is no cell {corner}"))),
        }
    }
    Ok(())
}

/// The reader reserves as many texts as the table of shared strings says that it has.
fn check_count(tag: &BytesStart<'_>) -> Result<(), Unreadable> {
    let Ok(Some(count)) = tag.try_get_attribute("uniqueCount") else { return Ok(()) };
    match count.value.parse::<u32>() {
        Ok(count) if count <= 16_000_000 => Ok(()),
        _ => Err(Unreadable::damaged(&format_args!("it cannot have {} shared texts", count.value))),
    }
}
