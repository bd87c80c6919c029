//! How much of a file is read before it is refused.

use std::fmt;

/// What a table may hold at most. The defaults admit every honest list of donations and refuse what is made to exhaust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Columns that hold something: 200. Empty cells further to the right do not count.
    pub columns: usize,
    /// Characters of one cell: 4,096.
    pub cell: usize,
    /// Lines that hold something: 1,000,000.
    pub lines: u32,
    /// Bytes of a workbook's table of shared strings, as XML: 64 MiB.
    pub shared_strings: u64,
    /// Bytes of all parts of a workbook, decompressed: 512 MiB.
    pub decompressed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { columns: 200, cell: 4096, lines: 1_000_000, shared_strings: 64 << 20, decompressed: 512 << 20 }
    }
}

/// A limit that a file exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::columns`].
    Columns,
    /// [`Limits::cell`].
    Cell,
    /// [`Limits::lines`].
    Lines,
    /// [`Limits::shared_strings`].
    SharedStrings,
    /// [`Limits::decompressed`].
    Decompressed,
    /// Merged regions of one sheet: 100,000.
    Merged,
    /// Parts of a workbook: 10,000.
    Parts,
    /// Bytes of one piece of a workbook's XML (a tag, a text, a whole cell): 4 MiB.
    Piece,
    /// Formats of cells: 65,536, each described in 2,048 bytes a tag.
    Formats,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Columns => "columns",
            Limit::Cell => "characters in a cell",
            Limit::Lines => "lines",
            Limit::SharedStrings => "bytes of shared texts",
            Limit::Decompressed => "bytes when decompressed",
            Limit::Merged => "merged regions",
            Limit::Parts => "parts in the workbook",
            Limit::Piece => "bytes in one piece of the workbook",
            Limit::Formats => "formats of cells",
        })
    }
}
