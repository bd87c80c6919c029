//! A pass over what is sealed of some people: what an old key sealed is sealed anew.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::try_join_all;
use ring::aead::NONCE_LEN;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::key::Key;
use super::rotating::RotationError;
use super::sealed::{SEALED, SealedTable};
use crate::error::Result;
use crate::journal::Part;
use crate::system::Random;

/// How many rows are read, and held at most, at a time.
const ROWS: usize = 500;

/// The two keys of a person, from one of which what is sealed goes over to the other.
pub(crate) struct Turn {
    old: Key,
    /// The bytes of the old one.
    old_bytes: Vec<u8>,
    new: Key,
}

/// What becomes of a value that is to be sealed under the new key.
pub(crate) enum Resealed {
    /// It is already.
    Before,
    /// It is now.
    Now(Vec<u8>),
    /// Neither key opens it: it was altered.
    Never,
}

impl Turn {
    pub(crate) fn new(old: Vec<u8>, new: &[u8]) -> Result<Self> {
        Ok(Self { old: Key::new(&old)?, old_bytes: old, new: Key::new(new)? })
    }

    /// Seals a part of what is known of a person under the new key.
    pub(crate) fn reseal(
        &self,
        person: Uuid,
        part: &str,
        sealed: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Resealed> {
        if self.new.open(person, part, sealed).is_some() {
            return Ok(Resealed::Before);
        }
        let Some(bytes) = self.old.open(person, part, sealed) else { return Ok(Resealed::Never) };
        self.new.seal_bytes(person, part, nonce, bytes).map(Resealed::Now)
    }

    /// As [`Turn::reseal`], of bytes that must stay as they are: as `within` they lie whole, behind the key that opens them, in what is sealed.
    pub(crate) fn enclose(
        &self,
        person: Uuid,
        (part, within): (&str, &str),
        sealed: &[u8],
        nonce: [u8; NONCE_LEN],
    ) -> Result<Resealed> {
        if self.new.open(person, part, sealed).is_some() {
            return Ok(Resealed::Before);
        }
        if self.old.open(person, part, sealed).is_none() {
            return Ok(Resealed::Never);
        }
        let bytes = [&self.old_bytes, sealed].concat();
        self.new.seal_bytes(person, within, nonce, bytes).map(Resealed::Now)
    }
}

/// Of each person whose key was replaced, both keys.
pub(super) type Turns = HashMap<Uuid, Turn>;

/// A parameter of a statement.
type Value = Box<dyn ToSql + Send + Sync>;

/// A row's sealed values, of which some were under the old key.
struct Anew {
    values: Vec<Value>,
    /// How many are sealed anew.
    count: usize,
}

/// Where sealed values lie.
enum Place {
    Table(&'static SealedTable),
    Journal,
}

impl Place {
    fn all() -> impl Iterator<Item = Self> {
        SEALED.iter().map(Self::Table).chain([Self::Journal])
    }

    fn table(&self) -> &'static str {
        match self {
            Self::Table(table) => table.name,
            Self::Journal => "journal_entries",
        }
    }

    /// What is read, whose rows they are, and what is set.
    fn sql(&self) -> [String; 3] {
        match self {
            Self::Table(SealedTable { person, columns, .. }) => {
                let read: Vec<&str> = columns.iter().map(|(column, _)| *column).collect();
                let set = (2..).zip(&read).map(|(place, column)| format!("{column} = ${place}"));
                [
                    format!("id, {person}, {}", read.join(", ")),
                    format!("{person} = ANY($1)"),
                    set.collect::<Vec<_>>().join(", "),
                ]
            }
            Self::Journal => [
                "id, part_classes, part_subjects, part_contents",
                "persons <> '{}' AND persons && $1 AND part_subjects && $1",
                "part_contents = $2",
            ]
            .map(str::to_owned),
        }
    }

    /// What is sealed anew in a row; `None` where nothing is under an old key. Whose value opens with neither is noted.
    fn anew(
        &self,
        row: &Row,
        turns: &Turns,
        random: &Random,
        unreadable: &mut BTreeSet<Uuid>,
    ) -> Result<Option<Anew>, RotationError> {
        let (mut count, id): (usize, Uuid) = (0, row.try_get(0)?);
        let mut take = |person: Uuid, sealed: &mut Option<Vec<u8>>, resealed: Resealed| match resealed {
            Resealed::Before => {}
            Resealed::Now(bytes) => {
                *sealed = Some(bytes);
                count += 1;
            }
            Resealed::Never => {
                if unreadable.insert(person) {
                    let table = self.table();
                    tracing::warn!(table, %id, "a value opens with neither key of its person: it was altered");
                }
            }
        };
        let values: Vec<Value> = match self {
            Self::Table(SealedTable { columns, .. }) => {
                let person: Uuid = row.try_get(1)?;
                let Some(turn) = turns.get(&person) else { return Ok(None) };
                let mut values: Vec<Value> = Vec::new();
                for (place, (_, part)) in (2..).zip(*columns) {
                    let mut value: Option<Vec<u8>> = row.try_get(place)?;
                    if let Some(sealed) = &value {
                        let resealed = turn.reseal(person, part, sealed, random.bytes()?)?;
                        take(person, &mut value, resealed);
                    }
                    values.push(Box::new(value));
                }
                values
            }
            Self::Journal => {
                let (classes, subjects): (Vec<String>, Vec<Option<Uuid>>) =
                    (row.try_get(1)?, row.try_get(2)?);
                let mut contents: Vec<Option<Vec<u8>>> = row.try_get(3)?;
                for ((class, subject), content) in classes.into_iter().zip(subjects).zip(&mut contents) {
                    let Some((person, turn)) = subject.and_then(|person| turns.get_key_value(&person)) else {
                        continue;
                    };
                    // An erased part has none.
                    if let Some(sealed) = content {
                        let part = Part { class, subject, content: sealed.clone() };
                        let resealed = part.resealed(turn, random.bytes()?)?;
                        take(*person, content, resealed);
                    }
                }
                vec![Box::new(contents)]
            }
        };
        Ok((count > 0).then_some(Anew { values, count }))
    }
}

/// What came of a pass.
#[derive(Default)]
pub(super) struct Passed {
    /// How many rows held something under an old key, sealed anew or just then held by somebody else.
    pub(super) found: usize,
    /// How many values were sealed anew.
    pub(super) resealed: usize,
    /// Whose values neither of their keys opens.
    pub(super) unreadable: BTreeSet<Uuid>,
}

/// Seals anew what is under the old keys of some people.
pub(super) async fn pass(
    client: &Client,
    turns: &Turns,
    random: &Random,
    passed: &mut Passed,
) -> Result<(), RotationError> {
    let people: Vec<Uuid> = turns.keys().copied().collect();
    for place in Place::all() {
        let (table, [read, whose, _]) = (place.table(), place.sql());
        let page = format!("SELECT {read} FROM {table} WHERE {whose} AND id > $2 ORDER BY id LIMIT {ROWS}");
        let page = client.prepare(&page).await?;
        let mut after = Uuid::nil();
        loop {
            let rows = client.query(&page, &[&people, &after]).await?;
            let Some(last) = rows.last() else { break };
            after = last.try_get(0)?;
            let mut old: Vec<Uuid> = Vec::new();
            for row in &rows {
                if place.anew(row, turns, random, &mut passed.unreadable)?.is_some() {
                    old.push(row.try_get(0)?);
                }
            }
            if !old.is_empty() {
                passed.found += old.len();
                passed.resealed += reseal(client, &place, &old, turns, random).await?;
            }
        }
    }
    Ok(())
}

/// Seals rows anew as they are now, in one transaction. Those that somebody else holds are left for the next pass: nobody waits for another
/// whom this one waits for.
async fn reseal(
    client: &Client,
    place: &Place,
    ids: &[Uuid],
    turns: &Turns,
    random: &Random,
) -> Result<usize, RotationError> {
    let (table, [read, _, set]) = (place.table(), place.sql());
    let held =
        format!("SELECT {read} FROM {table} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED");
    let update = client.prepare(&format!("UPDATE {table} SET {set} WHERE id = $1")).await?;
    client.batch_execute("BEGIN; SET LOCAL enlace.resealing = 'on'").await?;
    let rows = client.query(&held, &[&ids]).await?;
    let mut anew: Vec<(Uuid, Anew)> = Vec::new();
    for row in &rows {
        if let Some(values) = place.anew(row, turns, random, &mut BTreeSet::new())? {
            anew.push((row.try_get(0)?, values));
        }
    }
    let updates = anew.iter().map(|(id, anew)| {
        let values = anew.values.iter().map(|value| &**value as &(dyn ToSql + Sync));
        let parameters: Vec<&(dyn ToSql + Sync)> =
            [id as &(dyn ToSql + Sync)].into_iter().chain(values).collect();
        let update = &update;
        async move { client.execute(update, &parameters).await }
    });
    try_join_all(updates).await?;
    client.batch_execute("COMMIT").await?;
    Ok(anew.iter().map(|(_, anew)| anew.count).sum())
}
