//! Root fields: where a document enters the graph.

use apollo_compiler::response::JsonValue;
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;

use uuid::Uuid;

use enlace_policies::{Answer as Decision, Class, Profile, RecordType, Verb};

use crate::context::Context;
use crate::error::Result;
use crate::graph::{Answer, ArgumentInfo};
use crate::journal::Entry;

/// Which root type a field is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OperationKind {
    Query,
    Mutation,
    Subscription,
}

impl OperationKind {
    /// The name of the root type.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Subscription => "Subscription",
        }
    }

    /// The word that begins such an operation.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// What a root field's value looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One object, or null.
    One(&'static str),
    /// A list that is short by nature.
    List(&'static str),
    /// A page of a list that may be long.
    Connection(&'static str),
    /// One object of one of several types.
    Either(Vec<&'static str>),
    /// Any object that has a global id.
    Node,
}

/// Arguments, coerced, still untyped.
pub(crate) type Arguments = JsonValue;

/// What is asked of a root beside its rows' columns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// Of one object: how many of its edges are selected and not refused.
    pub(crate) edges: usize,
    /// Of a connection: whether `totalCount` is selected.
    pub(crate) total_count: bool,
    /// Of a connection: whether any cursor is selected.
    pub(crate) cursors: bool,
}

/// Answers a query or carries out a mutation.
pub(crate) type Resolve =
    Box<dyn Fn(Context, Arguments, Wanted) -> BoxFuture<'static, Result<Answer>> + Send + Sync>;

/// Asks the database whether an event is wanted that the journal's entry alone does not settle.
pub(crate) type Admission = Box<dyn FnOnce(Context) -> BoxFuture<'static, Result<bool>> + Send>;

/// A subscription's event, before it is known whether those who follow may see it.
pub(crate) struct Happened {
    pub(crate) answer: Answer,
    /// The things whose state it tells, where it is of states: what is told of all of them later stands for it.
    pub(crate) states: Vec<Uuid>,
    /// What else is to be asked, once they may.
    pub(crate) admits: Option<Admission>,
}

/// Turns a journal entry into a subscription's event.
pub(crate) type Change = Box<dyn Fn(&Entry) -> Result<Option<Happened>> + Send + Sync>;

/// Reads how things stand, for who begins to follow them.
pub(crate) type Snapshot = Box<
    dyn for<'c> Fn(&'c Context, &'c mut AsyncPgConnection) -> BoxFuture<'c, Result<Answer>> + Send + Sync,
>;

/// What a subscription is of; made once for each set of arguments.
pub(crate) struct EventSource {
    pub(crate) change: Change,
    /// None where it is of no states.
    pub(crate) snapshot: Option<Snapshot>,
    /// Whether its events are scoped to their caller by what they are made of.
    pub(crate) is_scoped: bool,
}

/// Makes the source of a subscription's events from its arguments.
pub(crate) type Events = Box<dyn Fn(Arguments) -> Result<EventSource> + Send + Sync>;

/// How a root field comes by its answer.
pub(crate) enum Source {
    Resolve(Resolve),
    Events {
        events: Events,
        /// Whether it may begin with how things stand.
        has_snapshot: bool,
    },
}

/// A root field.
pub(crate) struct Root {
    pub(crate) kind: OperationKind,
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The class that a caller must be able to read (or, for a mutation, to write) to use the field at all.
    pub(crate) class: Class,
    /// What the policies take its records for.
    pub(crate) record: RecordType,
    pub(crate) arguments: Vec<ArgumentInfo>,
    /// Always nullable: a root can be refused.
    pub(crate) type_ref: String,
    pub(crate) shape: Shape,
    /// Of a list: the argument that, given, bounds it to one household.
    pub(crate) bounded_by: Option<&'static str>,
    /// Whether it is for those alone who may know who someone is.
    pub(crate) identifies: bool,
    pub(crate) source: Source,
}

impl Root {
    /// What a caller does who uses it.
    pub(crate) fn verb(&self) -> Verb {
        match self.kind {
            OperationKind::Mutation => Verb::Write,
            _ if self.identifies => Verb::Identify,
            _ => Verb::Read,
        }
    }

    /// Its name among all coordinates.
    pub(crate) fn coordinate(&self) -> String {
        format!("{}.{}", self.kind.type_name(), self.name)
    }

    /// The answer that keeps a caller from selecting by an argument; none where it may. An argument is for whoever reads what
    /// it selects by of every record, or at least of every one that the root shows: any other filter would tell of the rest.
    pub(crate) fn forbids<'p>(&self, profile: &'p Profile, argument: &ArgumentInfo) -> Option<&'p Decision> {
        let (class, record) = argument.selects_by?;
        let root = profile.answer(self.verb(), self.class, self.record);
        let argument = profile.answer(Verb::Read, class, record.unwrap_or(self.record));
        (!may_select(root, argument)).then_some(argument)
    }
}

/// Whether a root that is answered so may be asked by an argument that selects by what is answered so.
pub(crate) fn may_select(root: &Decision, argument: &Decision) -> bool {
    match (root, argument) {
        // Nobody gives an argument to a root that is refused.
        (Decision::Refused(_), _) => false,
        (_, Decision::Allowed) => true,
        // Whatever the root shows meets the condition.
        (Decision::Depends(root), Decision::Depends(argument)) => root.condition == argument.condition,
        _ => false,
    }
}

/// A union of objects. Implemented by [`crate::graph::union!`].
pub(crate) trait Variant: Send + 'static {
    /// The union's name in the schema.
    const NAME: &'static str;
    /// The union's description.
    fn about() -> String;
    /// The names of its object types.
    fn members() -> Vec<&'static str>;
    /// The object that it holds.
    fn into_answer(self) -> Answer;
}
