//! A source's text as UTF-8, block by block, whatever its encoding.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use encoding_rs::{DecoderResult, Encoding};

use crate::error::Unreadable;

const BLOCK: usize = 16 << 10;

/// Reads blocks of a source and decodes them.
pub(crate) struct Decoded<R> {
    source: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    /// What of `raw` is not decoded yet.
    left: (usize, usize),
    text: Vec<u8>,
    /// What of `text` is not consumed yet.
    ready: (usize, usize),
    source_ended: bool,
    ended: bool,
}

impl<R: Read + Seek> Decoded<R> {
    /// Reads from the source's first byte; a byte-order mark of this encoding is passed over.
    pub(crate) fn from_start(mut source: R, encoding: &'static Encoding) -> Result<Self, Unreadable> {
        source.seek(SeekFrom::Start(0))?;
        Ok(Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; BLOCK],
            left: (0, 0),
            // Three bytes for each of windows-1252, and room for what a decoder keeps between blocks.
            text: vec![0; BLOCK * 3 + 16],
            ready: (0, 0),
            source_ended: false,
            ended: false,
        })
    }
}

impl<R: Read> Decoded<R> {
    /// What is decoded and not consumed; empty at the end alone. `line` is for the error.
    pub(crate) fn fill(&mut self, line: u32) -> Result<&[u8], Unreadable> {
        while self.ready.0 == self.ready.1 && !self.ended {
            self.decode(line)?;
        }
        Ok(self.text.get(self.ready.0..self.ready.1).unwrap_or_default())
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        self.ready.0 = (self.ready.0 + bytes).min(self.ready.1);
    }

    fn decode(&mut self, line: u32) -> Result<(), Unreadable> {
        if self.left.0 == self.left.1 && !self.source_ended {
            let read = read_some(&mut self.source, &mut self.raw)?;
            self.left = (0, read);
            self.source_ended = read == 0;
        }
        let input = self.raw.get(self.left.0..self.left.1).unwrap_or_default();
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.text, self.source_ended);
        self.left.0 += read;
        self.ready = (0, written);
        match result {
            DecoderResult::Malformed(..) => return Err(Unreadable::Encoding { line }),
            DecoderResult::InputEmpty => self.ended = self.source_ended,
            DecoderResult::OutputFull => {}
        }
        if self.text.get(..written).unwrap_or_default().contains(&0) {
            return Err(Unreadable::NotATable("binary data"));
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.raw.capacity() + self.text.capacity()
    }
}

fn read_some(source: &mut impl Read, block: &mut [u8]) -> Result<usize, Unreadable> {
    loop {
        match source.read(block) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return Ok(read?),
        }
    }
}
