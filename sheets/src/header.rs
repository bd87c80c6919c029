//! Finds the line that names the columns, below titles, logos and blank lines.

use std::io::{Read, Seek};

use crate::error::{Clash, Unreadable, shortened};
use crate::letters;
use crate::row::{Cell, Origin, Row};
use crate::table::Rows;
use crate::value::folded;

/// How many lines that hold something are looked at.
const SEARCHED: usize = 30;

/// Whether a table must have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must, and a line that leaves it empty and says "total" is no record. Several such columns must all be empty.
    Key,
    /// It must.
    Required,
    /// It may.
    Optional,
}

/// A column that the caller wants to read.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSpec<'s> {
    /// What the caller calls it.
    pub key: &'s str,
    /// What people call it. Case, accents, punctuation and spaces do not matter.
    pub names: &'s [&'s str],
    /// Whether the table must have it.
    pub need: Need,
}

/// Where a person said that a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Under this header.
    Header(String),
    /// In the column of these letters, as spreadsheets name it.
    Letter(String),
}

/// A saved choice: the column of a key.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'s> {
    /// The key of a [`ColumnSpec`].
    pub key: &'s str,
    /// Where its column is.
    pub place: &'s Place,
}

/// A column that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What the caller calls it.
    pub key: String,
    /// Its letters, as spreadsheets name it.
    pub letters: String,
    /// What the header calls it, as it is written; empty where there is no header.
    pub name: String,
    pub(crate) index: usize,
    pub(crate) need: Need,
}

/// Which columns a table has, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    number: u32,
    columns: Vec<Column>,
    unread: Vec<String>,
    width: Option<usize>,
}

impl Header {
    /// The header's line in the file, from 1; 0 if the table has none.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The columns that were found, in the order in which the caller asked for them.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The names in the header that no key reads.
    pub fn unread(&self) -> &[String] {
        &self.unread
    }

    /// How many columns the header names, up to its last; `None` if there is no header.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }
}

/// A column as it is looked for.
pub(crate) struct Wanted {
    key: String,
    need: Need,
    at: At,
}

enum At {
    /// Under one of these names, which are [`plain`].
    Names(Vec<String>),
    Index(usize),
    Nowhere,
}

/// Looks for a column by the names that people give it.
pub(crate) fn by_names(spec: &ColumnSpec<'_>) -> Wanted {
    let names = spec.names.iter().map(|name| plain(name)).collect();
    Wanted { key: spec.key.to_owned(), need: spec.need, at: At::Names(names) }
}

/// Looks for a column where a person said that it is.
pub(crate) fn by_choice(
    spec: &ColumnSpec<'_>,
    chosen: &[Chosen<'_>],
    limit: usize,
) -> Result<Wanted, Unreadable> {
    let place = chosen.iter().find(|chosen| chosen.key == spec.key).map(|chosen| chosen.place);
    let at = match place {
        None => At::Nowhere,
        Some(Place::Header(name)) => At::Names(vec![plain(name)]),
        Some(Place::Letter(name)) => {
            let index = letters::column(name).filter(|index| *index < limit);
            At::Index(index.ok_or_else(|| Unreadable::NoColumn(name.clone()))?)
        }
    };
    Ok(Wanted { key: spec.key.to_owned(), need: spec.need, at })
}

/// A name without case, accents, punctuation and superfluous spaces.
pub(crate) fn plain(name: &str) -> String {
    let name = folded(name);
    let words = name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Finds the header among the first rows. `after` is its line where no name is looked for.
pub(crate) fn find<R: Read + Seek>(
    mut rows: Rows<'_, R>,
    wanted: Vec<Wanted>,
    after: Option<u32>,
) -> Result<Header, Unreadable> {
    let by_name = wanted.iter().any(|wanted| matches!(wanted.at, At::Names(_)));
    let mut row = Row::default();
    let mut best: Option<(Score, Row)> = None;
    if by_name {
        for _ in 0..SEARCHED {
            if !rows.next(&mut row)? {
                break;
            }
            let score = Score::of(&row, &wanted);
            if score.named > 0 && best.as_ref().is_none_or(|(best, _)| score > *best) {
                best = Some((score, row.clone()));
            }
        }
    } else if let Some(after) = after
        && after > 0
    {
        while rows.next(&mut row)? && row.number <= after {
            if row.number == after {
                best = Some((Score::of(&row, &wanted), row.clone()));
            }
        }
    }
    let complete = best.as_ref().map_or(!by_name, |(score, _)| score.complete);
    let lacks = |wanted: &&Wanted| wanted.need != Need::Optional && matches!(wanted.at, At::Nowhere);
    if !complete || wanted.iter().any(|wanted| lacks(&wanted)) {
        return Err(no_header(best.map(|(_, row)| row), &wanted));
    }
    match best {
        Some((_, row)) => read(&row, wanted),
        None => Ok(without_header(wanted, after.unwrap_or(0))),
    }
}

/// How well a row does as a header: first whether it names all that must be named, then how much it names.
#[derive(PartialEq, PartialOrd)]
struct Score {
    complete: bool,
    named: usize,
}

impl Score {
    fn of(row: &Row, wanted: &[Wanted]) -> Score {
        let names = names(row);
        let is_named = |wanted: &Wanted| !matching(&names, &wanted.at).is_empty();
        let by_name = || wanted.iter().filter(|wanted| matches!(wanted.at, At::Names(_)));
        Score {
            complete: by_name().all(|wanted| wanted.need == Need::Optional || is_named(wanted)),
            named: by_name().filter(|wanted| is_named(wanted)).count(),
        }
    }
}

/// The texts of a row by column, plain. A merged title counts in its first column alone.
fn names(row: &Row) -> Vec<String> {
    let name = |index| match (row.cell(index), row.origin(index)) {
        (Cell::Text(text), Origin::Own | Origin::Above) => plain(text),
        _ => String::new(),
    };
    (0..row.slots.len()).map(name).collect()
}

fn matching(names: &[String], at: &At) -> Vec<usize> {
    match at {
        At::Names(wanted) => {
            let places = names.iter().enumerate();
            places
                .filter(|(_, name)| !name.is_empty() && wanted.contains(name))
                .map(|(index, _)| index)
                .collect()
        }
        At::Index(index) => vec![*index],
        At::Nowhere => Vec::new(),
    }
}

fn written(row: &Row, index: usize) -> String {
    match row.cell(index) {
        Cell::Text(text) if row.origin(index) != Origin::Beside => text.to_owned(),
        _ => String::new(),
    }
}

fn read(row: &Row, wanted: Vec<Wanted>) -> Result<Header, Unreadable> {
    let names = names(row);
    let mut columns = Vec::new();
    for Wanted { key, need, at } in wanted {
        let found = matching(&names, &at);
        if found.len() > 1 {
            let shown = |index: &usize| {
                format!("{} ({})", letters::letters(*index), shortened(&written(row, *index)))
            };
            return Err(Unreadable::TwoColumns(Clash { key, columns: found.iter().map(shown).collect() }));
        }
        let Some(&index) = found.first() else { continue };
        columns.push(Column {
            key,
            letters: letters::letters(index),
            name: written(row, index),
            index,
            need,
        });
    }
    let is_read = |index: usize| columns.iter().any(|column| column.index == index);
    let all = 0..row.slots.len();
    let unread = all.filter(|index| !is_read(*index)).map(|index| written(row, index));
    let unread = unread.filter(|name| !name.is_empty()).collect();
    let last_read = columns.iter().map(|column| column.index + 1).max().unwrap_or(0);
    let width = Some(row.slots.len().max(last_read));
    Ok(Header { number: row.number, columns, unread, width })
}

fn without_header(wanted: Vec<Wanted>, number: u32) -> Header {
    let column = |Wanted { key, need, at }: Wanted| match at {
        At::Index(index) => {
            Some(Column { key, letters: letters::letters(index), name: String::new(), index, need })
        }
        _ => None,
    };
    Header {
        number,
        columns: wanted.into_iter().filter_map(column).collect(),
        unread: Vec::new(),
        width: None,
    }
}

fn no_header(best: Option<Row>, wanted: &[Wanted]) -> Unreadable {
    let row = best.unwrap_or_default();
    let names = names(&row);
    let found = (0..row.slots.len()).map(|index| written(&row, index));
    let is_missing =
        |wanted: &&Wanted| wanted.need != Need::Optional && matching(&names, &wanted.at).is_empty();
    Unreadable::NoHeader {
        found: found.filter(|name| !name.is_empty()).map(|name| shortened(&name)).collect(),
        missing: wanted.iter().filter(is_missing).map(|wanted| wanted.key.clone()).collect(),
    }
}
