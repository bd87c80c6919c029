//! Pages of long lists, after the Relay specification, by keys: stable while others write.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::error::{Code, Error, Result};
use crate::graph::{Connection, ConnectionFacts, Wanted};
use crate::scalars::Pseudonyms;

/// Rows of a page where neither `first` nor `last` is given.
pub(crate) const DEFAULT_ROWS: usize = 50;
/// Most rows of a page; more is an export (R25).
pub(crate) const MOST_ROWS: usize = 500;

/// `first`, `after`, `last` and `before`, checked.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) rows: usize,
    /// From the end.
    pub(crate) backward: bool,
    /// The place from which to go on.
    pub(crate) from: Option<Place>,
    /// Set where the reader knows records by pseudonyms: makes an order of its own, see [`by_hidden_key`].
    pub(crate) salt: Option<[u8; 32]>,
}

/// A place in a list: the last row's sort key as text, where it has one, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) key: Option<String>,
    pub(crate) id: Uuid,
}

/// A cursor's content: deterministic CBOR, base 64.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Cursor<'a> {
    #[n(0)]
    version: u8,
    /// Of the query's name, filters and order: a cursor from another query is refused.
    #[cbor(n(1), with = "minicbor::bytes")]
    query: [u8; 8],
    #[b(2)]
    key: Option<&'a str>,
    #[cbor(n(3), with = "minicbor::bytes")]
    id: [u8; 16],
}

pub(crate) fn invalid_cursor() -> Error {
    Error::new(
        Code::InvalidCursor,
        "This cursor was not made by this query with these filters and this order. Start from the first page.",
    )
}

/// What a cursor is bound to.
#[derive(Clone)]
pub(crate) struct Binding {
    query: [u8; 8],
    /// How the cursor's reader knows records: a cursor gives no key away, and nothing by which another could recognise it.
    pseudonyms: Option<Arc<Pseudonyms>>,
}

impl Binding {
    /// Binds to a query's name and everything that selects or orders its rows.
    pub(crate) fn new(
        query: &str,
        selects: &impl serde::Serialize,
        pseudonyms: Option<Arc<Pseudonyms>>,
    ) -> Result<Self> {
        let mut hash = Sha256::new();
        if let Some(pseudonyms) = &pseudonyms {
            hash.update(pseudonyms.salt());
        }
        hash.update(query);
        hash.update(serde_json::to_vec(selects).map_err(Error::internal)?);
        let hash = hash.finalize();
        Ok(Self { query: hash.first_chunk().copied().unwrap_or_default(), pseudonyms })
    }

    /// A cursor for a place.
    pub(crate) fn cursor(&self, place: &Place) -> Result<String> {
        let id = self.pseudonyms.as_ref().map_or(place.id, |known| known.hide_in_cursor(place.id));
        let cursor = Cursor { version: 1, query: self.query, key: place.key.as_deref(), id: id.into_bytes() };
        Ok(URL_SAFE_NO_PAD.encode(minicbor::to_vec(cursor).map_err(Error::internal)?))
    }

    /// The place that a cursor of this query names.
    pub(crate) fn place(&self, text: &str) -> Result<Place> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid_cursor())?;
        let mut decoder = minicbor::Decoder::new(&bytes);
        let cursor: Cursor<'_> = decoder.decode().map_err(|_| invalid_cursor())?;
        if cursor.version != 1 || cursor.query != self.query || decoder.position() != bytes.len() {
            return Err(invalid_cursor());
        }
        let id = Uuid::from_bytes(cursor.id);
        let id = self.pseudonyms.as_ref().map_or(id, |known| known.reveal_in_cursor(id));
        Ok(Place { key: cursor.key.map(str::to_owned), id })
    }
}

/// The paging arguments as they come.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    first: Option<i32>,
    after: Option<&'a str>,
    last: Option<i32>,
    before: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub(crate) fn new(
        first: Option<i32>,
        after: Option<&'a str>,
        last: Option<i32>,
        before: Option<&'a str>,
    ) -> Self {
        Self { first, after, last, before }
    }
}

impl Window {
    /// Checks the arguments: one direction, 1 to [`MOST_ROWS`] rows, a cursor of this query.
    pub(crate) fn new(asked: &Asked<'_>, binding: &Binding) -> Result<Self> {
        let wrong = |text: &'static str| Err(Error::new(Code::InvalidArgument, text));
        let backward = asked.last.is_some() || asked.before.is_some();
        if backward && (asked.first.is_some() || asked.after.is_some()) {
            return wrong(
                "Page forward with first and after, or backward with last and before; not both at once.",
            );
        }
        let rows = match asked.first.or(asked.last) {
            None => DEFAULT_ROWS,
            Some(rows) => match usize::try_from(rows) {
                Ok(rows) if (1..=MOST_ROWS).contains(&rows) => rows,
                _ => return wrong("A page has 1 to 500 rows. What is larger is an export."),
            },
        };
        let from = asked.after.or(asked.before).map(|cursor| binding.place(cursor)).transpose()?;
        let salt = binding.pseudonyms.as_ref().map(|known| *known.salt());
        Ok(Self { rows, backward, from, salt })
    }

    /// How many rows to ask the database for: one more, to learn whether there are more.
    pub(crate) fn limit(&self) -> i64 {
        i64::try_from(self.rows + 1).unwrap_or(i64::MAX)
    }

    /// Makes the page of rows read in this window's direction, up to `limit`; with cursors where they are wanted.
    pub(crate) fn page<R>(
        &self,
        mut rows: Vec<R>,
        binding: &Binding,
        place: impl Fn(&R) -> Place,
        total_count: Option<i32>,
        wanted: Wanted,
    ) -> Result<Connection<R>> {
        let more = rows.len() > self.rows;
        rows.truncate(self.rows);
        if self.backward {
            rows.reverse();
        }
        let named: &[R] = if wanted.cursors { &rows } else { &[] };
        let cursors = named.iter().map(|row| binding.cursor(&place(row))).collect::<Result<_>>()?;
        let continued = self.from.is_some();
        let (has_next_page, has_previous_page) =
            if self.backward { (continued, more) } else { (more, continued) };
        Ok(Connection {
            rows,
            facts: ConnectionFacts { cursors, has_next_page, has_previous_page, total_count },
        })
    }
}

/// What a list's arguments ask for: what binds its cursors to `selects`, and the window.
macro_rules! asked {
    ($context:expr, $arguments:expr, $query:literal, $selects:expr) => {{
        let binding = $context.binding($query, $selects)?;
        let asked = $crate::paging::Asked::new(
            $arguments.first,
            $arguments.after.as_deref(),
            $arguments.last,
            $arguments.before.as_deref(),
        );
        let window = $crate::paging::Window::new(&asked, &binding)?;
        (binding, window)
    }};
}
pub(crate) use asked;

/// One page of a list whose cursors hold a record's key alone: `selected` makes its boxed query, `by_key` or `by_hidden_key` orders it by
/// a key column, and the last argument says where that key stands in a row.
macro_rules! page {
    ($context:expr, ($binding:expr, $window:expr), $wanted:expr, $selected:expr, $by:ident($key:path), $columns:expr, $id:expr) => {{
        let selected = $selected;
        let query = $crate::paging::$by!(selected(), $key, $window);
        let reader = $context.reader().await?;
        let rows = query.limit($window.limit()).select($columns).load(&mut &*reader).await?;
        let total = if $wanted.total_count {
            let counted = selected().select(diesel::dsl::count_star()).first::<i64>(&mut &*reader).await?;
            Some($crate::paging::shown_count(counted))
        } else {
            None
        };
        let id = $id;
        let place = |row: &_| $crate::paging::Place { key: None, id: id(row) };
        $window.page(rows, &$binding, place, total, $wanted)
    }};
}
pub(crate) use page;

/// Orders a boxed query by a key column, in the window's direction and from its place.
macro_rules! by_key {
    ($query:expr, $key:path, $window:expr) => {{
        let query = if $window.backward { $query.order($key.desc()) } else { $query.order($key.asc()) };
        match &$window.from {
            None => query,
            Some(place) if $window.backward => query.filter($key.lt(place.id)),
            Some(place) => query.filter($key.gt(place.id)),
        }
    }};
}
pub(crate) use by_key;

diesel::define_sql_function! {
    /// PostgreSQL's own.
    fn sha256(bytes: diesel::sql_types::Binary) -> diesel::sql_types::Binary;
}
diesel::define_sql_function! {
    /// A key's sixteen bytes.
    fn uuid_send(key: diesel::sql_types::Uuid) -> diesel::sql_types::Binary;
}

/// As [`by_key`], of records that have pseudonyms. To a reader who knows them by those, they come in an order of its agency's own:
/// their place in the list would be the same for two witnesses, and link their pseudonyms.
macro_rules! by_hidden_key {
    ($query:expr, $key:path, $window:expr) => {
        match $window.salt {
            None => $crate::paging::by_key!($query, $key, $window),
            Some(salt) => {
                use diesel::sql_types::{Binary, Uuid as SqlUuid};
                let salted = || salt.to_vec().into_sql::<Binary>();
                let key = || $crate::paging::sha256(salted().concat($crate::paging::uuid_send($key)));
                let query =
                    if $window.backward { $query.order(key().desc()) } else { $query.order(key().asc()) };
                match $window.from.as_ref().map(|place| place.id) {
                    None => query,
                    Some(place) => {
                        let from = $crate::paging::uuid_send(place.into_sql::<SqlUuid>());
                        let from = $crate::paging::sha256(salted().concat(from));
                        if $window.backward {
                            query.filter(key().lt(from))
                        } else {
                            query.filter(key().gt(from))
                        }
                    }
                }
            }
        }
    };
}
pub(crate) use by_hidden_key;

/// A count of rows as the schema shows it.
pub(crate) fn shown_count(rows: i64) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(name: &str) -> Binding {
        Binding::new(name, &1, None).unwrap()
    }

    #[test]
    fn a_cursor_reads_back_in_its_own_query_only() {
        let place = Place { key: Some("2022-01-31".into()), id: Uuid::from_u128(9) };
        let cursor = binding("a").cursor(&place).unwrap();
        assert_eq!(binding("a").place(&cursor).unwrap(), place);
        assert_eq!(binding("b").place(&cursor).map_err(|error| error.code), Err(Code::InvalidCursor));
    }

    #[test]
    fn a_mangled_cursor_is_refused() {
        let place = Place { key: None, id: Uuid::from_u128(9) };
        let cursor = binding("a").cursor(&place).unwrap();
        for text in ["", "!", "AAAA", &cursor[1..], &format!("{cursor}AA"), "é"] {
            assert!(binding("a").place(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_window_has_one_direction_and_a_bound() {
        let window = |first, last| Window::new(&Asked { first, last, ..Asked::default() }, &binding("a"));
        assert_eq!(window(None, None).unwrap().rows, DEFAULT_ROWS);
        assert!(window(Some(500), None).is_ok() && window(None, Some(1)).unwrap().backward);
        for (first, last) in
            [(Some(0), None), (Some(-1), None), (Some(501), None), (None, Some(0)), (Some(1), Some(1))]
        {
            assert!(window(first, last).is_err(), "{first:?} {last:?}");
        }
    }
}
