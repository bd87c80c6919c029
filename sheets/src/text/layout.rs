//! How a text is written: its encoding and its delimiter, found in its content.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use csv_core::{ReadFieldResult, ReaderBuilder, Terminator};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Breaks;
use super::decoded::Decoded;
use crate::error::Unreadable;

/// Of equals, the first: commas stand in numbers and in texts, the others hardly.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// How much text the delimiter is looked for in.
const SAMPLE: usize = 1 << 20;

/// What other files begin with, and what they are.
const OTHERS: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"II*\0", "an image"),
    (b"MM\0*", "an image"),
    (b"RIFF", "an image or a recording"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "a compressed file"),
    (b"Rar!", "a compressed file"),
    (b"{\\rtf", "a text document"),
    (b"<?xml", "an XML document"),
];

/// What a compound file begins with: the old workbooks, and the new ones under a password.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// How a text is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub encoding: &'static Encoding,
    pub delimiter: u8,
    /// Whether the first line says `sep=` and is no data.
    pub names_delimiter: bool,
}

impl Layout {
    pub(crate) fn find<R: Read + Seek>(source: &mut R) -> Result<Layout, Unreadable> {
        let encoding = encoding(source)?;
        let (sample, whole) = sample(source, encoding)?;
        if sample.iter().all(u8::is_ascii_whitespace) && whole {
            return Err(Unreadable::Empty);
        }
        if let Some(delimiter) = named_delimiter(&sample) {
            return Ok(Layout { encoding, delimiter, names_delimiter: true });
        }
        Ok(Layout { encoding, delimiter: delimiter(&sample, whole), names_delimiter: false })
    }

    pub(crate) fn reader(&self) -> csv_core::Reader {
        reader(self.delimiter)
    }
}

fn reader(delimiter: u8) -> csv_core::Reader {
    ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::CRLF).build()
}

/// Refuses at once, by its first bytes, what is no text.
pub(crate) fn refuse_other(head: &[u8]) -> Result<(), Unreadable> {
    if head.starts_with(COMPOUND) {
        return Err(Unreadable::OldWorkbook);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(Unreadable::NotATable(what));
    }
    let text = head.trim_ascii_start();
    let begins = |tag: &[u8]| text.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag));
    if [&b"<html"[..], b"<!doctype", b"<table", b"<meta"].into_iter().any(begins) {
        return Err(Unreadable::OtherWorkbook("a web page"));
    }
    if marked(head).is_some_and(|encoding| encoding != UTF_8) {
        // UTF-16 holds zeros; the decoder will tell.
        return Ok(());
    }
    let is_control = |byte: &&u8| matches!(byte, 1..=8 | 14..=31 | 127);
    let controls = head.iter().filter(is_control).count();
    if head.contains(&0) || controls * 100 > head.len() {
        return Err(Unreadable::NotATable("binary data"));
    }
    Ok(())
}

/// The encoding that a byte-order mark announces.
fn marked(head: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_bom(head)
        .map(|(encoding, _)| encoding)
        .filter(|it| [UTF_8, UTF_16LE, UTF_16BE].contains(it))
}

/// The encoding that fits the whole source. Windows-1252 fits everything, so it comes last.
fn encoding<R: Read + Seek>(source: &mut R) -> Result<&'static Encoding, Unreadable> {
    source.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    source.by_ref().take(3).read_to_end(&mut head)?;
    let marked = marked(&head);
    match (marked, drain(source, marked.unwrap_or(UTF_8))) {
        (Some(encoding), checked) => checked.map(|()| encoding),
        (None, Ok(())) => Ok(UTF_8),
        (None, Err(Unreadable::Encoding { .. })) => drain(source, WINDOWS_1252).map(|()| WINDOWS_1252),
        (None, Err(error)) => Err(error),
    }
}

/// Reads the whole source to see that it decodes.
fn drain<R: Read + Seek>(source: &mut R, encoding: &'static Encoding) -> Result<(), Unreadable> {
    let mut decoded = Decoded::from_start(source, encoding)?;
    let mut breaks = Breaks::default();
    loop {
        let text = decoded.fill(breaks.line)?;
        if text.is_empty() {
            return Ok(());
        }
        breaks.count(text);
        let read = text.len();
        decoded.consume(read);
    }
}

/// The beginning of the text, and whether it is all of it.
fn sample<R: Read + Seek>(
    source: &mut R,
    encoding: &'static Encoding,
) -> Result<(Vec<u8>, bool), Unreadable> {
    let mut decoded = Decoded::from_start(source, encoding)?;
    let mut sample = Vec::new();
    while sample.len() < SAMPLE {
        let text = decoded.fill(1)?;
        if text.is_empty() {
            return Ok((sample, true));
        }
        sample.extend_from_slice(text);
        let read = text.len();
        decoded.consume(read);
    }
    Ok((sample, false))
}

/// What Excel's `sep=;` on the first line names.
fn named_delimiter(sample: &[u8]) -> Option<u8> {
    let line = sample.split(|byte| matches!(byte, b'\r' | b'\n')).next()?.trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    // A tab is trimmed away with the blanks.
    let rest = line.get(..4).filter(|begin| begin.eq_ignore_ascii_case(b"sep=")).and(line.get(4..))?;
    match rest {
        [] => sample.get(..5).is_some_and(|begin| begin.ends_with(b"\t")).then_some(b'\t'),
        [delimiter] if delimiter.is_ascii_punctuation() && *delimiter != b'"' => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter under which the largest share of the records has the same number of columns, more than one. The share
/// and not the number: a wrong delimiter tears quoted texts into more records than there are.
fn delimiter(sample: &[u8], whole: bool) -> u8 {
    let (mut best, mut agreeing, mut of) = (b',', 0, 1);
    for delimiter in DELIMITERS {
        let (records, all) = agreement(sample, whole, delimiter);
        if records * of > agreeing * all {
            (best, agreeing, of) = (delimiter, records, all);
        }
    }
    best
}

/// How many records have the most frequent number of columns, of those that have more than one; and of how many.
fn agreement(sample: &[u8], whole: bool, delimiter: u8) -> (u64, u64) {
    let mut csv = reader(delimiter);
    let mut widths = HashMap::new();
    let (mut rest, mut width) = (sample, 0_usize);
    let mut field = [0; 1024];
    loop {
        // Without its end, the last record's width is not known.
        if rest.is_empty() && !whole {
            break;
        }
        let (result, read, _) = csv.read_field(rest, &mut field);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
            ReadFieldResult::Field { record_end } => {
                width += 1;
                if record_end {
                    *widths.entry(width).or_insert(0) += 1;
                    width = 0;
                }
            }
            ReadFieldResult::End => break,
        }
    }
    let all = widths.values().sum();
    let records = widths.into_iter().filter(|(width, _)| *width > 1).map(|(_, records)| records).max();
    (records.unwrap_or(0), all)
}
