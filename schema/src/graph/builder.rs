//! Collects what the capabilities declare.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;

use apollo_compiler::response::{JsonValue, serde_json_bytes};
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::graph::object::Object;
use crate::graph::root::{Source, Wanted};
use crate::graph::{
    Admission, Answer, AnyObject, Connection, Definitions, EventSource, Happened, Input, OperationKind,
    Record, Root, Shape, Snapshot, Variant,
};
use crate::journal::Entry;
use crate::live::beginnings;
use crate::scalars::{GlobalId, Identified, NOT_AN_ID};

/// An object type that is paged: its name, and those of its connection's types.
pub(crate) struct ConnectionKind {
    pub(crate) node: &'static str,
    pub(crate) connection: &'static str,
    pub(crate) edge: &'static str,
}

type FetchNode = Box<dyn Fn(Context, Uuid) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;

/// An object type that `node(id:)` finds.
pub(crate) struct NodeKind {
    pub(crate) object: &'static str,
    /// The class that a caller must be able to read to find it at all.
    pub(crate) class: Class,
    fetch: FetchNode,
}

/// What a subscription with arguments `A` makes of the journal: records `R`.
pub(crate) struct Changes<A, R> {
    of: Box<Of<A, R>>,
    admits: fn(&A, &R) -> Option<Admission>,
    states: fn(&R) -> Vec<Uuid>,
    snapshot: Option<Stand<A, R>>,
    is_scoped: bool,
}

type Of<A, R> = dyn Fn(&A, &Entry) -> Result<Option<R>> + Send + Sync;

/// Reads how things stand, in a transaction that sees one state.
pub(crate) type Stand<A, R> =
    for<'c> fn(&'c A, &'c Context, &'c mut AsyncPgConnection) -> BoxFuture<'c, Result<Vec<R>>>;

impl<A, R> Changes<A, R> {
    /// One object for each entry of which `of` makes one.
    pub(crate) fn new(of: impl Fn(&A, &Entry) -> Result<Option<R>> + Send + Sync + 'static) -> Self {
        Self {
            of: Box::new(of),
            admits: |_, _| None,
            states: |_| Vec::new(),
            snapshot: None,
            is_scoped: false,
        }
    }

    /// Only those that are admitted by what is asked of them.
    pub(crate) fn admitted(self, admits: fn(&A, &R) -> Option<Admission>) -> Self {
        Self { admits, ..self }
    }

    /// They admit and show only what their caller may see, record by record: they themselves are open to whoever may see some.
    pub(crate) fn in_scope(self) -> Self {
        Self { is_scoped: true, ..self }
    }

    /// They tell how things stand, each of those that `states` names: who is far behind is sent the last of each.
    pub(crate) fn of_states(self, states: fn(&R) -> Vec<Uuid>) -> Self {
        Self { states, ..self }
    }

    /// A stream may begin with how things stand.
    pub(crate) fn with_snapshot(self, snapshot: Stand<A, R>) -> Self {
        Self { snapshot: Some(snapshot), ..self }
    }
}

/// A snapshot for these arguments.
fn standing<A, R>(arguments: Arc<A>, snapshot: Stand<A, R>) -> Snapshot
where
    A: Send + Sync + 'static,
    R: Record,
{
    Box::new(move |context, connection| {
        let arguments = Arc::clone(&arguments);
        async move { Ok(Answer::list(snapshot(&arguments, context, connection).await?)) }.boxed()
    })
}

/// Everything that the capabilities declare.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) definitions: Definitions,
    pub(crate) objects: Vec<Box<dyn AnyObject>>,
    pub(crate) roots: Vec<Root>,
    /// Object types that are pages of a list: the name of the node's type.
    pub(crate) connections: Vec<ConnectionKind>,
    /// By the kind in their ids.
    pub(crate) nodes: BTreeMap<&'static str, NodeKind>,
    /// The interfaces that an object type implements: `Node` where it has an id, `Problem` where it says why a mutation did not do what
    /// it was asked.
    implemented: HashMap<&'static str, Vec<&'static str>>,
    /// Unions: members and description.
    pub(crate) unions: BTreeMap<&'static str, (Vec<&'static str>, String)>,
    places: HashMap<&'static str, usize>,
}

impl Graph {
    /// Adds an object type; `describe` adds its edges.
    pub(crate) fn object<R: Record>(&mut self, describe: impl FnOnce(Object<R>) -> Object<R>) {
        let object = describe(Object::new(&mut self.definitions));
        self.places.insert(R::NAME, self.objects.len());
        self.objects.push(Box::new(object));
    }

    /// Lets `node(id:)` find an object, for callers who may read `class` of it.
    pub(crate) fn node<R, F, Fut>(&mut self, class: Class, fetch: F)
    where
        R: Record + Identified,
        F: Fn(Context, Vec<Uuid>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<R>>> + Send + 'static,
    {
        let fetch: FetchNode = Box::new(move |context, key| {
            let rows = fetch(context, vec![key]);
            async move { Ok(Answer::list(rows.await?)) }.boxed()
        });
        self.nodes.insert(R::KIND, NodeKind { object: R::NAME, class, fetch });
        self.implemented.entry(R::NAME).or_default().push("Node");
    }

    /// Marks an object type as a `Problem`.
    pub(crate) fn problem<R: Record>(&mut self) {
        self.problem_with::<R>(|problem| problem);
    }

    /// As [`Graph::problem`], of one that shows records; `describe` adds its edges.
    pub(crate) fn problem_with<R: Record>(&mut self, describe: impl FnOnce(Object<R>) -> Object<R>) {
        self.object::<R>(describe);
        self.implemented.entry(R::NAME).or_default().push("Problem");
    }

    /// The interfaces that an object type implements.
    pub(crate) fn interfaces(&self, object: &str) -> &[&'static str] {
        self.implemented.get(object).map(Vec::as_slice).unwrap_or_default()
    }

    /// The place of an object type in `objects`.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// An object type by its name.
    pub(crate) fn object_named(&self, name: &str) -> Option<&dyn AnyObject> {
        self.objects.get(self.place(name)?).map(AsRef::as_ref)
    }

    /// The connection types of a paged object type.
    pub(crate) fn connection(&self, node: &str) -> Option<&ConnectionKind> {
        self.connections.iter().find(|kind| kind.node == node)
    }

    /// A root field by its name.
    pub(crate) fn root(&self, kind: OperationKind, name: &str) -> Option<(usize, &Root)> {
        self.roots.iter().enumerate().find(|(_, root)| root.kind == kind && root.name == name)
    }

    /// A field of `Query`.
    pub(crate) fn query(&mut self, name: &'static str, class: Class, about: &'static str) -> RootBuilder<'_> {
        RootBuilder::new(self, OperationKind::Query, (name, class, about))
    }

    /// A field of `Mutation`.
    pub(crate) fn mutation(
        &mut self,
        name: &'static str,
        class: Class,
        about: &'static str,
    ) -> RootBuilder<'_> {
        RootBuilder::new(self, OperationKind::Mutation, (name, class, about))
    }

    /// A field of `Subscription`.
    pub(crate) fn subscription(
        &mut self,
        name: &'static str,
        class: Class,
        about: &'static str,
    ) -> RootBuilder<'_> {
        RootBuilder::new(self, OperationKind::Subscription, (name, class, about))
    }

    /// The kinds of record whose ids say who someone is, with what the policies take each for.
    pub(crate) fn identifying_kinds(&self) -> impl Iterator<Item = (&'static str, RecordType)> {
        self.nodes.iter().filter_map(|(kind, node)| {
            let object = self.object_named(node.object)?;
            let known_by = object.fields().iter().find(|field| field.name == "id")?;
            known_by.identifies.then_some((*kind, object.record()))
        })
    }

    /// Finds a record by its global id. What is out of the caller's reach looks not found.
    pub(crate) async fn find_node(&self, context: Context, id: GlobalId) -> Result<Option<Answer>> {
        let Some(kind) = self.nodes.get(id.kind.as_str()) else { return Ok(None) };
        let Some(object) = self.object_named(kind.object) else { return Ok(None) };
        let Some(scope) = context.scope(kind.class, object.record()) else { return Ok(None) };
        let answer = (kind.fetch)(context, id.uuid).await?;
        let mut reachable = answer.page.len == 1;
        if let Some(condition) = scope.condition() {
            object.row(&answer.page, 0, &mut |row| reachable = condition.holds(row.facts()));
        }
        Ok(reachable.then_some(answer))
    }
}

/// A root field in the making.
pub(crate) struct RootBuilder<'g> {
    graph: &'g mut Graph,
    kind: OperationKind,
    name: &'static str,
    class: Class,
    about: &'static str,
    bounded_by: Option<&'static str>,
    identifies: bool,
}

fn typed<A: Input>(arguments: JsonValue) -> Result<A> {
    serde_json_bytes::from_value(arguments).map_err(|error| {
        let text = error.to_string();
        if text == NOT_AN_ID {
            Error::new(
                Code::InvalidId,
                "An argument is not the id of such a record. Ids come from this server's answers.",
            )
        } else {
            Error::new(Code::InvalidArgument, format!("An argument does not fit: {text}."))
        }
    })
}

impl<'g> RootBuilder<'g> {
    fn new(
        graph: &'g mut Graph,
        kind: OperationKind,
        (name, class, about): (&'static str, Class, &'static str),
    ) -> Self {
        Self { graph, kind, name, class, about, bounded_by: None, identifies: false }
    }

    fn add<A: Input>(self, record: RecordType, type_ref: String, shape: Shape, source: Source) {
        let mut arguments = A::fields(&mut self.graph.definitions);
        if let Source::Events { has_snapshot, .. } = source {
            arguments.extend(beginnings(has_snapshot));
        }
        let Self { graph, kind, name, class, about, bounded_by, identifies } = self;
        graph.roots.push(Root {
            kind,
            name,
            about,
            class,
            record,
            arguments,
            type_ref,
            shape,
            bounded_by,
            identifies,
            source,
        });
    }

    /// Names the argument that, given, bounds a list to one household.
    pub(crate) fn bounded_by(self, argument: &'static str) -> Self {
        Self { bounded_by: Some(argument), ..self }
    }

    /// Keeps it for those who may know who someone is: what it is asked by says so.
    pub(crate) fn identifying(self) -> Self {
        Self { identifies: true, ..self }
    }

    /// Answers with one object, or null.
    pub(crate) fn one<A, R, F, Fut>(self, resolve: F)
    where
        A: Input,
        R: Record,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<R>>> + Send + 'static,
    {
        let resolve = move |context, arguments, _: Wanted| match typed(arguments) {
            Ok(arguments) => resolve(context, arguments).map(|row| Ok(Answer::one(row?))).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        self.add::<A>(R::RECORD, R::NAME.to_owned(), Shape::One(R::NAME), Source::Resolve(Box::new(resolve)));
    }

    /// As [`RootBuilder::one`], where it matters how many of the object's edges are asked for.
    pub(crate) fn one_as_wanted<A, R, F, Fut>(self, resolve: F)
    where
        A: Input,
        R: Record,
        F: Fn(Context, A, Wanted) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<R>>> + Send + 'static,
    {
        let resolve = move |context, arguments, wanted| match typed(arguments) {
            Ok(arguments) => resolve(context, arguments, wanted).map(|row| Ok(Answer::one(row?))).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        self.add::<A>(R::RECORD, R::NAME.to_owned(), Shape::One(R::NAME), Source::Resolve(Box::new(resolve)));
    }

    /// Answers with a list that is short by nature.
    pub(crate) fn list<A, R, F, Fut>(self, resolve: F)
    where
        A: Input,
        R: Record,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<R>>> + Send + 'static,
    {
        let resolve = move |context, arguments, _: Wanted| match typed(arguments) {
            Ok(arguments) => resolve(context, arguments).map(|rows| Ok(Answer::list(rows?))).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        self.add::<A>(
            R::RECORD,
            format!("[{}!]", R::NAME),
            Shape::List(R::NAME),
            Source::Resolve(Box::new(resolve)),
        );
    }

    /// Answers with a page of a list that may be long.
    pub(crate) fn connection<A, R, F, Fut>(self, names: ConnectionKind, resolve: F)
    where
        A: Input,
        R: Record,
        F: Fn(Context, A, Wanted) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Connection<R>>> + Send + 'static,
    {
        let type_ref = names.connection.to_owned();
        if self.graph.connection(R::NAME).is_none() {
            self.graph.connections.push(names);
        }
        let resolve = move |context, arguments, wanted| match typed(arguments) {
            Ok(arguments) => resolve(context, arguments, wanted).map(|page| Ok(Answer::from(page?))).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        self.add::<A>(R::RECORD, type_ref, Shape::Connection(R::NAME), Source::Resolve(Box::new(resolve)));
    }

    /// Answers with a union: a mutation's payload or one of its errors.
    pub(crate) fn either<A, V, F, Fut>(self, record: RecordType, resolve: F)
    where
        A: Input,
        V: Variant,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<V>> + Send + 'static,
    {
        let resolve = move |context, arguments, _: Wanted| match typed(arguments) {
            Ok(arguments) => resolve(context, arguments).map(|answer| Ok(answer?.into_answer())).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        self.graph.unions.insert(V::NAME, (V::members(), V::about()));
        self.add::<A>(
            record,
            V::NAME.to_owned(),
            Shape::Either(V::members()),
            Source::Resolve(Box::new(resolve)),
        );
    }

    /// Answers with any object that has a global id.
    pub(crate) fn any_node<A, F, Fut>(self, resolve: F)
    where
        A: Input,
        F: Fn(Context, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Answer>>> + Send + 'static,
    {
        let resolve = move |context, arguments, _: Wanted| match typed(arguments) {
            Ok(arguments) => {
                resolve(context, arguments).map(|found| Ok(found?.unwrap_or_else(Answer::nothing))).boxed()
            }
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        self.add::<A>(RecordType::Programme, "Node".into(), Shape::Node, Source::Resolve(Box::new(resolve)));
    }

    /// Sends one object for each journal entry of which they make one.
    pub(crate) fn events<A, R>(self, changes: Changes<A, R>)
    where
        A: Input + Send + Sync + 'static,
        R: Record,
    {
        let (snapshot, is_scoped) = (changes.snapshot, changes.is_scoped);
        let changes = Arc::new(changes);
        let events = move |arguments| {
            let (arguments, changes) = (Arc::new(typed::<A>(arguments)?), Arc::clone(&changes));
            let asked = Arc::clone(&arguments);
            Ok(EventSource {
                change: Box::new(move |entry| {
                    let row = (changes.of)(&arguments, entry)?;
                    Ok(row.map(|row| Happened {
                        states: (changes.states)(&row),
                        admits: (changes.admits)(&arguments, &row),
                        answer: Answer::one(Some(row)),
                    }))
                }),
                snapshot: snapshot.map(|snapshot| standing(asked, snapshot)),
                is_scoped,
            })
        };
        let source = Source::Events { events: Box::new(events), has_snapshot: snapshot.is_some() };
        self.add::<A>(R::RECORD, R::NAME.to_owned(), Shape::One(R::NAME), source);
    }
}
