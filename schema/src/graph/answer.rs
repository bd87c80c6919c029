//! What a root answers with, before anything is written: rows, and the rows related to them.

use std::any::Any;

use uuid::Uuid;

use crate::graph::Record;

/// Rows of one object type.
pub(crate) struct Page {
    /// A `Vec<R>`; only `Object<R>` looks inside.
    pub(crate) rows: Box<dyn Any + Send + Sync>,
    pub(crate) len: usize,
}

impl Page {
    pub(crate) fn new<R: Record>(rows: Vec<R>) -> Self {
        Self { len: rows.len(), rows: Box::new(rows) }
    }
}

/// The rows at the far end of an edge, loaded for a whole page at once.
pub(crate) struct Related {
    pub(crate) page: Page,
    /// Positions in `page`, grouped by parent.
    pub(crate) order: Vec<usize>,
    /// For each parent, its part of `order`: from, to.
    pub(crate) spans: Vec<(usize, usize)>,
}

impl Related {
    /// Groups `rows` by the key that each belongs to, in the order of the parents' `keys`.
    pub(crate) fn group<C: Record>(keys: &[Option<Uuid>], rows: Vec<C>, belongs_to: fn(&C) -> Uuid) -> Self {
        let owned = rows.iter().enumerate().map(|(position, row)| (belongs_to(row), position));
        let mut owned: Vec<(Uuid, usize)> = owned.collect();
        owned.sort_unstable();
        let mut order = Vec::with_capacity(rows.len());
        let mut spans = Vec::with_capacity(keys.len());
        for key in keys {
            let from = order.len();
            if let Some(key) = key {
                let first = owned.partition_point(|(owner, _)| owner < key);
                let found = owned.iter().skip(first).take_while(|(owner, _)| owner == key);
                order.extend(found.map(|(_, position)| *position));
            }
            spans.push((from, order.len()));
        }
        Self { page: Page::new(rows), order, spans }
    }

    /// The rows that each parent itself carries.
    pub(crate) fn carried<C: Record>(of_each: Vec<Vec<C>>) -> Self {
        let mut rows = Vec::new();
        let mut spans = Vec::with_capacity(of_each.len());
        for carried in of_each {
            let from = rows.len();
            rows.extend(carried);
            spans.push((from, rows.len()));
        }
        Self { order: (0..rows.len()).collect(), page: Page::new(rows), spans }
    }

    /// The positions that belong to the parent at `position`.
    pub(crate) fn of(&self, position: usize) -> &[usize] {
        let (from, to) = self.spans.get(position).copied().unwrap_or_default();
        self.order.get(from..to).unwrap_or_default()
    }
}

/// What a root resolved to.
pub(crate) struct Answer {
    /// The object type of the rows.
    pub(crate) object: &'static str,
    pub(crate) page: Page,
    pub(crate) connection: Option<ConnectionFacts>,
}

/// What a connection says beside its rows.
#[derive(Default)]
pub(crate) struct ConnectionFacts {
    /// A cursor for each row; none where the document asks for none.
    pub(crate) cursors: Vec<String>,
    pub(crate) has_next_page: bool,
    pub(crate) has_previous_page: bool,
    /// Counted only when the document asks.
    pub(crate) total_count: Option<i32>,
}

impl Answer {
    pub(crate) fn one<R: Record>(row: Option<R>) -> Self {
        Self::list(row.into_iter().collect::<Vec<R>>())
    }

    /// Null, of no type.
    pub(crate) fn nothing() -> Self {
        Self { object: "", page: Page { rows: Box::new(()), len: 0 }, connection: None }
    }

    pub(crate) fn list<R: Record>(rows: Vec<R>) -> Self {
        Self { object: R::NAME, page: Page::new(rows), connection: None }
    }
}

/// A page of a list, after the Relay specification.
pub(crate) struct Connection<R> {
    pub(crate) rows: Vec<R>,
    pub(crate) facts: ConnectionFacts,
}

impl<R: Record> From<Connection<R>> for Answer {
    fn from(connection: Connection<R>) -> Self {
        Self { object: R::NAME, page: Page::new(connection.rows), connection: Some(connection.facts) }
    }
}
