//! An object type: its columns, and its edges to other objects.

use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, Condition, Facts, RecordType, Verb};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Column, Definitions, Out, Page, Record, Related, about};

/// A field of an object type, as planning and the SDL see it.
#[derive(Debug)]
pub(crate) struct FieldInfo {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) class: Class,
    /// In SDL; nullable unless the class is PUBLIC.
    pub(crate) type_ref: String,
    pub(crate) kind: FieldKind,
    /// Set where an edge leads only to the records that its caller may see: it is then judged as they are, and refused
    /// where none could be seen.
    pub(crate) leads_to: Option<RecordType>,
    /// Whether its value says who someone is.
    pub(crate) identifies: bool,
}

impl FieldInfo {
    /// Whether it is an id. Whoever may not recognise its record is given a pseudonym in its place.
    pub(crate) fn is_id(&self) -> bool {
        self.type_ref.starts_with("ID")
    }

    /// What a caller does who reads it.
    pub(crate) fn verb(&self) -> Verb {
        if self.identifies && !self.is_id() { Verb::Identify } else { Verb::Read }
    }

    /// The type of record that decides who reads it, on an object of this type.
    pub(crate) fn judged_on(&self, object: RecordType) -> RecordType {
        self.leads_to.unwrap_or(object)
    }
}

/// Where a field's value comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldKind {
    /// The row's own column.
    Column(usize),
    /// Rows of another object.
    Edge { edge: usize, target: &'static str, many: bool },
}

/// One row, as the writer sees it.
pub(crate) trait Cells {
    /// Appends a column's JSON.
    fn write(&self, column: usize, out: &mut Out);
    /// What the policies may ask of this row.
    fn facts(&self) -> &dyn Facts;
}

/// An [`Object`] whose row type is forgotten, so that plans can hold all of them.
pub(crate) trait AnyObject: Send + Sync {
    fn name(&self) -> &'static str;
    fn about(&self) -> String;
    fn record(&self) -> RecordType;
    fn fields(&self) -> &[FieldInfo];
    /// The name of the field that an edge is; empty where there is no such edge.
    fn edge_name(&self, edge: usize) -> &str {
        let is_it = |field: &&FieldInfo| matches!(field.kind, FieldKind::Edge { edge: of, .. } if of == edge);
        self.fields().iter().find(is_it).map_or("", |field| &field.name)
    }
    /// Shows the row at `position` to `look`.
    fn row(&self, page: &Page, position: usize, look: &mut dyn FnMut(&dyn Cells));
    /// Loads an edge for the whole page at once; only for rows of which `keep` holds.
    fn load<'a>(
        &'a self,
        edge: usize,
        context: &'a Context,
        page: &'a Page,
        keep: Option<&'a Condition>,
    ) -> BoxFuture<'a, Result<Related>>;
    /// Begins to read the whole far end of an edge, where that can be done before its page is known.
    fn foresee(&self, edge: usize, context: &Context) -> Option<BoxFuture<'static, Result<Page>>>;
    /// Relates what was foreseen to the page.
    fn relate(&self, edge: usize, page: &Page, foreseen: Page) -> Result<Related>;
}

/// The whole far end of an edge.
struct Whole<R> {
    read: ReadWhole,
    relate: Relate<R>,
}

type ReadWhole = Box<dyn Fn(Context) -> BoxFuture<'static, Result<Page>> + Send + Sync>;
type Relate<R> = Box<dyn Fn(&[R], Page) -> Result<Related> + Send + Sync>;

/// An edge to rows of another object.
struct Edge<R> {
    load: Loader<R>,
    whole: Option<Whole<R>>,
}

type Loader<R> =
    Box<dyn for<'a> Fn(&'a Context, Vec<Option<&'a R>>) -> BoxFuture<'a, Result<Related>> + Send + Sync>;

/// An object type whose rows are `R`.
pub(crate) struct Object<R> {
    columns: Vec<Column<R>>,
    edges: Vec<Edge<R>>,
    fields: Vec<FieldInfo>,
}

impl<R: Record> Object<R> {
    pub(crate) fn new(definitions: &mut Definitions) -> Self {
        let columns = R::columns();
        let fields = columns
            .iter()
            .enumerate()
            .map(|(place, column)| FieldInfo {
                name: column.name.clone(),
                about: column.about.clone(),
                class: column.class,
                type_ref: unless_public_nullable(column.class, &(column.type_ref)(definitions)),
                kind: FieldKind::Column(place),
                leads_to: None,
                identifies: column.identifies,
            })
            .collect();
        Self { columns, edges: Vec::new(), fields }
    }

    fn edge<C: Record>(mut self, name: &str, class: Class, text: &str, many: bool, load: Loader<R>) -> Self {
        let kind = FieldKind::Edge { edge: self.edges.len(), target: C::NAME, many };
        let type_ref = if many { format!("[{}!]!", C::NAME) } else { C::NAME.to_owned() };
        self.fields.push(FieldInfo {
            name: name.to_owned(),
            about: about(&[text]),
            class,
            type_ref: unless_public_nullable(class, &type_ref),
            kind,
            leads_to: None,
            identifies: false,
        });
        self.edges.push(Edge { load, whole: None });
        self
    }

    /// An edge to one object, by its key: `fetch` loads the rows for all keys of a page in one statement.
    pub(crate) fn one<C, F, Fut>(
        self,
        name: &str,
        class: Class,
        text: &str,
        key: fn(&R) -> Option<Uuid>,
        fetch: F,
        key_of: fn(&C) -> Uuid,
    ) -> Self
    where
        C: Record,
        F: Fn(Context, Vec<Uuid>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<C>>> + Send + 'static,
    {
        self.edge::<C>(name, class, text, false, by_key(key, fetch, key_of))
    }

    /// An edge to many objects, by the key that each of them bears of its owner.
    pub(crate) fn many<C, F, Fut>(
        self,
        name: &str,
        class: Class,
        text: &str,
        key: fn(&R) -> Option<Uuid>,
        fetch: F,
        owner_of: fn(&C) -> Uuid,
    ) -> Self
    where
        C: Record,
        F: Fn(Context, Vec<Uuid>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<C>>> + Send + 'static,
    {
        self.edge::<C>(name, class, text, true, by_key(key, fetch, owner_of))
    }

    /// Says of the edge added last that its loader shows its caller no record beyond their scope.
    pub(crate) fn in_scope<C: Record>(mut self) -> Self {
        if let Some(edge) = self.fields.last_mut() {
            edge.leads_to = Some(C::RECORD);
        }
        self
    }

    /// Says of the edge added last that what it leads to says who someone is.
    pub(crate) fn identifying(mut self) -> Self {
        if let Some(edge) = self.fields.last_mut() {
            edge.identifies = true;
        }
        self
    }

    /// As [`Object::many`], where the far end can also be read `whole`: under a root that lists all there is, and where no policy asks
    /// for facts of the rows, both ends are read at once.
    #[expect(clippy::too_many_arguments, reason = "an edge's declaration, and how its far end is read whole")]
    pub(crate) fn many_or_whole<C, F, Fut, W, WholeFut>(
        self,
        name: &str,
        class: Class,
        text: &str,
        key: fn(&R) -> Option<Uuid>,
        fetch: F,
        whole: W,
        owner_of: fn(&C) -> Uuid,
    ) -> Self
    where
        C: Record,
        F: Fn(Context, Vec<Uuid>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<C>>> + Send + 'static,
        W: Fn(Context) -> WholeFut + Send + Sync + 'static,
        WholeFut: Future<Output = Result<Vec<C>>> + Send + 'static,
    {
        let mut object = self.many(name, class, text, key, fetch, owner_of);
        if let Some(edge) = object.edges.last_mut() {
            edge.whole = Some(Whole {
                read: Box::new(move |context| {
                    let rows = whole(context);
                    async move { Ok(Page::new(rows.await?)) }.boxed()
                }),
                relate: Box::new(move |rows, foreseen| {
                    let keys: Vec<Option<Uuid>> = rows.iter().map(key).collect();
                    let foreseen = foreseen.rows.downcast::<Vec<C>>().map_err(|_| misfit())?;
                    Ok(Related::group(&keys, *foreseen, owner_of))
                }),
            });
        }
        object
    }

    /// An edge to the one object that the row itself carries.
    pub(crate) fn carries<C: Record>(
        self,
        name: &str,
        class: Class,
        text: &str,
        carried: fn(&R) -> Option<C>,
    ) -> Self {
        self.edge::<C>(name, class, text, false, carried_rows(move |row| carried(row).into_iter().collect()))
    }

    /// An edge to the objects that the row itself carries.
    pub(crate) fn carries_many<C: Record>(
        self,
        name: &str,
        class: Class,
        text: &str,
        carried: fn(&R) -> Vec<C>,
    ) -> Self {
        self.edge::<C>(name, class, text, true, carried_rows(carried))
    }
}

impl<R: Record + Clone> Object<R> {
    /// An edge to objects that are made of each row when they are asked for.
    pub(crate) fn makes_many<C, F, Fut>(self, name: &str, class: Class, text: &str, make: F) -> Self
    where
        C: Record,
        F: Fn(Context, R) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<C>>> + Send + 'static,
    {
        let load: Loader<R> = Box::new(move |context, rows| {
            let making: Vec<_> =
                rows.into_iter().map(|row| row.map(|row| make(context.clone(), row.clone()))).collect();
            async move {
                let mut of_each = Vec::with_capacity(making.len());
                for row in making {
                    of_each.push(match row {
                        Some(objects) => objects.await?,
                        None => Vec::new(),
                    });
                }
                Ok(Related::carried(of_each))
            }
            .boxed()
        });
        self.edge::<C>(name, class, text, true, load)
    }
}

fn misfit() -> Error {
    Error::internal("a plan does not fit its object")
}

/// What can be refused must be able to be null.
fn unless_public_nullable(class: Class, type_ref: &str) -> String {
    if class == Class::Public { type_ref.to_owned() } else { type_ref.trim_end_matches('!').to_owned() }
}

fn by_key<R, C, F, Fut>(key: fn(&R) -> Option<Uuid>, fetch: F, belongs_to: fn(&C) -> Uuid) -> Loader<R>
where
    R: Record,
    C: Record,
    F: Fn(Context, Vec<Uuid>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<C>>> + Send + 'static,
{
    Box::new(move |context, rows| {
        let keys: Vec<Option<Uuid>> = rows.into_iter().map(|row| row.and_then(key)).collect();
        let mut distinct: Vec<Uuid> = keys.iter().flatten().copied().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.is_empty() {
            return std::future::ready(Ok(Related::group(&keys, Vec::new(), belongs_to))).boxed();
        }
        let fetched = fetch(context.clone(), distinct);
        async move { Ok(Related::group(&keys, fetched.await?, belongs_to)) }.boxed()
    })
}

fn carried_rows<R: Record, C: Record>(carried: impl Fn(&R) -> Vec<C> + Send + Sync + 'static) -> Loader<R> {
    Box::new(move |_, rows| {
        let of_each = rows.into_iter().map(|row| row.map(&carried).unwrap_or_default()).collect();
        std::future::ready(Ok(Related::carried(of_each))).boxed()
    })
}

struct Row<'a, R> {
    columns: &'a [Column<R>],
    row: &'a R,
}

impl<R: Record> Cells for Row<'_, R> {
    fn write(&self, column: usize, out: &mut Out) {
        match self.columns.get(column) {
            Some(column) => (column.write)(self.row, out),
            // Unreachable while plans are made from this object's own fields; null keeps the JSON well formed.
            None => out.extend_from_slice(b"null"),
        }
    }

    fn facts(&self) -> &dyn Facts {
        self.row
    }
}

impl<R: Record> AnyObject for Object<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn about(&self) -> String {
        R::about()
    }

    fn record(&self) -> RecordType {
        R::RECORD
    }

    fn fields(&self) -> &[FieldInfo] {
        &self.fields
    }

    fn row(&self, page: &Page, position: usize, look: &mut dyn FnMut(&dyn Cells)) {
        let rows = page.rows.downcast_ref::<Vec<R>>();
        if let Some(row) = rows.and_then(|rows| rows.get(position)) {
            look(&Row { columns: &self.columns, row });
        }
    }

    fn load<'a>(
        &'a self,
        edge: usize,
        context: &'a Context,
        page: &'a Page,
        keep: Option<&'a Condition>,
    ) -> BoxFuture<'a, Result<Related>> {
        let (Some(edge), Some(rows)) = (self.edges.get(edge), page.rows.downcast_ref::<Vec<R>>()) else {
            return std::future::ready(Err(misfit())).boxed();
        };
        let kept = rows.iter().map(|row| match keep {
            Some(condition) if !condition.holds(row) => None,
            _ => Some(row),
        });
        (edge.load)(context, kept.collect())
    }

    fn foresee(&self, edge: usize, context: &Context) -> Option<BoxFuture<'static, Result<Page>>> {
        let whole = self.edges.get(edge)?.whole.as_ref()?;
        Some((whole.read)(context.clone()))
    }

    fn relate(&self, edge: usize, page: &Page, foreseen: Page) -> Result<Related> {
        let whole = self.edges.get(edge).and_then(|edge| edge.whole.as_ref()).ok_or_else(misfit)?;
        (whole.relate)(page.rows.downcast_ref::<Vec<R>>().ok_or_else(misfit)?, foreseen)
    }
}
