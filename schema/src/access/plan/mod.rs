//! Settles a document for one profile, once: what each field answers, and the bytes between the values.

mod node;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use apollo_compiler::ast::Value;
use apollo_compiler::executable::{Field, Operation, Selection as Selected, SelectionSet};
use apollo_compiler::response::serde_json_bytes::ByteString;
use apollo_compiler::response::{JsonMap, JsonValue};

use enlace_policies::{
    Answer, Class, Condition, Dependence, Profile, RecordType, Refusal as PolicyRefusal, Verb,
};

use crate::access::document::Document;
use crate::access::refusal::{Place, Refused, Segment, by_record};
use crate::access::shown::Shown;
use crate::access::template::{self, Template};
use crate::error::{Code, Error, Result};
use crate::graph::{AnyObject, FieldInfo, FieldKind, Graph, OperationKind, Root, Shape, Wanted};

pub(crate) use node::{Common, CommonField};

/// A document settled for a profile. It holds no value of any argument and no row, so callers with the same access share it.
pub(crate) struct Plan {
    pub(crate) kind: OperationKind,
    pub(crate) roots: Vec<PlannedRoot>,
    /// Every coordinate that is refused, or may be, with the paths of its places.
    pub(crate) refusals: Vec<Refused>,
    /// Whether all that it reads, selects by or is refused may be seen a while after it changed: then a replica may answer.
    pub(crate) may_lag: bool,
    /// What it shows of people in care.
    pub(crate) personal: Arc<Shown>,
}

pub(crate) struct PlannedRoot {
    pub(crate) key: String,
    pub(crate) what: RootWhat,
}

pub(crate) enum RootWhat {
    /// Refused.
    Null {
        refusal: Place,
    },
    Typename,
    /// `__schema` or `__type`: answered from the caller's own view.
    Introspection,
    Call(Call),
}

pub(crate) struct Call {
    /// Place in the graph's roots.
    pub(crate) root: usize,
    pub(crate) arguments: Vec<(ByteString, Template)>,
    pub(crate) wanted: Wanted,
    pub(crate) reply: Reply,
    /// Whether the policies ask for facts of the rows.
    pub(crate) asks_facts: bool,
    /// Set where the policies answer by record: which records the root may show.
    pub(crate) depends: Option<Arc<Dependence>>,
}

/// How a root's answer is written.
pub(crate) enum Reply {
    One(Selection),
    List(Selection),
    Connection(Parts),
    /// By the name of the object type.
    Either(Vec<(&'static str, Selection)>),
    /// As the document asks of the types that it names; of the others, what all have.
    Node(Vec<(&'static str, Selection)>, Common),
}

/// What is written of each row of one object type.
pub(crate) struct Selection {
    /// Place in the graph's objects.
    pub(crate) object: usize,
    pub(crate) columns: Vec<Column>,
    /// What follows the last column: refused fields, and the closing brace.
    pub(crate) tail: Vec<u8>,
    pub(crate) edges: Vec<Edge>,
    /// What `tail` holds of fields that are refused in every row.
    pub(crate) refused: Vec<Place>,
    /// Values in one row, with those of the rows related to it.
    pub(crate) cost: usize,
    /// The classes of what it shows of people in care.
    pub(crate) personal: BTreeSet<Class>,
}

pub(crate) struct Column {
    /// What precedes the value: punctuation, the key, and refused fields before it.
    pub(crate) lead: Vec<u8>,
    /// What `lead` holds of fields that are refused in every row.
    pub(crate) refused: Vec<Place>,
    pub(crate) gate: Option<Gate>,
    pub(crate) what: What,
}

/// Lets a value through where its record meets a condition.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) dependence: Arc<Dependence>,
    pub(crate) place: Place,
}

#[derive(Clone, Copy)]
pub(crate) enum What {
    Column(usize),
    /// Place in `edges`.
    Edge(usize),
}

pub(crate) struct Edge {
    /// Place in the object's edges.
    pub(crate) place: usize,
    pub(crate) many: bool,
    pub(crate) selection: Selection,
    pub(crate) gate: Option<Gate>,
}

/// An object that is no row: a connection, one of its edges, its page facts.
pub(crate) struct Parts(pub(crate) Vec<(Vec<u8>, Part)>);

pub(crate) enum Part {
    Typename(&'static str),
    Edges(Parts),
    Nodes(Selection),
    Node(Selection),
    Cursor,
    PageInfo(Parts),
    TotalCount,
    HasNextPage,
    HasPreviousPage,
    StartCursor,
    EndCursor,
}

/// How many rows an edge is taken to have, for the cost.
const ASSUMED_ROWS: usize = 10;

/// Plans one operation. `flags` holds the variables that `@skip` and `@include` turn on.
pub(crate) fn plan(
    graph: &Graph,
    profile: &Profile,
    document: &Document,
    operation: &Operation,
    flags: &JsonMap,
) -> Result<Plan> {
    let kind = if operation.is_query() {
        OperationKind::Query
    } else if operation.is_mutation() {
        OperationKind::Mutation
    } else {
        OperationKind::Subscription
    };
    let planned = |lists: bool| {
        let mut planner = Planner::new(graph, profile, document, operation, flags, lists);
        let mut roots = Vec::new();
        for field in planner.collect(&[&operation.selection_set], &[kind.type_name()]) {
            roots.push(planner.root(kind, &field)?);
        }
        let may_lag = kind == OperationKind::Query && planner.at_once == 0;
        let personal = Arc::new(planner.personal);
        Ok((Plan { kind, roots, refusals: planner.refusals, may_lag, personal }, planner.alone))
    };
    // One person or one household is read alone; several roots that do so are a list after all.
    match planned(false)? {
        (plan, 0 | 1) => Ok(plan),
        _ => planned(true).map(|(plan, _)| plan),
    }
}

/// A field after merging: every selection of one response key.
struct Merged<'a> {
    key: String,
    field: &'a Field,
    sets: Vec<&'a SelectionSet>,
}

impl Merged<'_> {
    /// Whether an argument is given, a null one too.
    fn gives(&self, name: &str) -> bool {
        self.field.arguments.iter().any(|given| given.name == name)
    }
}

struct Planner<'a> {
    graph: &'a Graph,
    profile: &'a Profile,
    document: &'a Document,
    operation: &'a Operation,
    flags: &'a JsonMap,
    refusals: Vec<Refused>,
    /// One entry for each coordinate, whatever its aliases.
    known: HashMap<String, usize>,
    /// Every root counts as a list.
    lists: bool,
    /// The root that is being planned does.
    listed: bool,
    /// The root that is being planned shows what a list shows less of.
    shows_more: bool,
    /// How many roots do that and are no lists.
    alone: usize,
    /// How much was met that must be as it is now.
    at_once: usize,
    personal: Shown,
}

fn misfit() -> Error {
    Error::internal("a validated document names what the graph does not have")
}

impl<'a> Planner<'a> {
    fn new(
        graph: &'a Graph,
        profile: &'a Profile,
        document: &'a Document,
        operation: &'a Operation,
        flags: &'a JsonMap,
        lists: bool,
    ) -> Self {
        Self {
            graph,
            profile,
            document,
            operation,
            flags,
            refusals: Vec::new(),
            known: HashMap::new(),
            lists,
            listed: lists,
            shows_more: false,
            alone: 0,
            at_once: 0,
            personal: Shown::default(),
        }
    }

    /// Takes note that the document has to do with a class on records of a type.
    fn meets(&mut self, class: Class, record: RecordType) {
        self.at_once += usize::from(!(class.may_lag() && record.may_lag()));
    }

    /// Merges the fields that apply to a type of these names (itself, its interface, its union).
    fn collect(&self, sets: &[&'a SelectionSet], names: &[&str]) -> Vec<Merged<'a>> {
        let mut merged: Vec<Merged<'a>> = Vec::new();
        let mut places: HashMap<&'a str, usize> = HashMap::new();
        for set in sets {
            self.collect_into(set, names, &mut merged, &mut places);
        }
        merged
    }

    fn collect_into(
        &self,
        set: &'a SelectionSet,
        names: &[&str],
        merged: &mut Vec<Merged<'a>>,
        places: &mut HashMap<&'a str, usize>,
    ) {
        for selection in &set.selections {
            if !self.included(selection) {
                continue;
            }
            match selection {
                Selected::Field(field) => {
                    let key = field.response_key().as_str();
                    let place = *places.entry(key).or_insert(merged.len());
                    match merged.get_mut(place) {
                        Some(known) => known.sets.push(&field.selection_set),
                        None => merged.push(Merged {
                            key: key.to_owned(),
                            field,
                            sets: vec![&field.selection_set],
                        }),
                    }
                }
                Selected::InlineFragment(inline) => {
                    if inline
                        .type_condition
                        .as_ref()
                        .is_none_or(|condition| names.contains(&condition.as_str()))
                    {
                        self.collect_into(&inline.selection_set, names, merged, places);
                    }
                }
                Selected::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.executable.fragments.get(&spread.fragment_name)
                        && names.contains(&fragment.type_condition().as_str())
                    {
                        self.collect_into(&fragment.selection_set, names, merged, places);
                    }
                }
            }
        }
    }

    fn included(&self, selection: &Selected) -> bool {
        let says = |directive: &str| {
            let found = selection.directives().get(directive)?;
            match found.specified_argument_by_name("if").map(AsRef::as_ref) {
                Some(Value::Boolean(value)) => Some(*value),
                Some(Value::Variable(name)) => self.flags.get(name.as_str()).and_then(JsonValue::as_bool),
                _ => None,
            }
        };
        says("skip") != Some(true) && says("include") != Some(false)
    }

    fn root(&mut self, kind: OperationKind, merged: &Merged<'a>) -> Result<PlannedRoot> {
        let key = merged.key.clone();
        let name = merged.field.name.as_str();
        let what = match name {
            "__typename" => RootWhat::Typename,
            "__schema" | "__type" => RootWhat::Introspection,
            _ => {
                let (place, root) = self.graph.root(kind, name).ok_or_else(misfit)?;
                self.call(kind, place, root, merged)?
            }
        };
        Ok(PlannedRoot { key, what })
    }

    fn call(
        &mut self,
        kind: OperationKind,
        place: usize,
        root: &'a Root,
        merged: &Merged<'a>,
    ) -> Result<RootWhat> {
        let path = vec![Segment::Key(merged.key.clone())];
        let coordinate = root.coordinate();
        let code = if kind == OperationKind::Mutation { Code::Forbidden } else { Code::FieldForbidden };
        let noted = (kind == OperationKind::Mutation || root.class.is_personal()).then_some(root.class);
        self.meets(root.class, root.record);
        // Its id may be of any record.
        self.at_once += usize::from(root.shape == Shape::Node);
        let depends = match self.profile.answer(root.verb(), root.class, root.record) {
            Answer::Allowed => None,
            Answer::Depends(dependence) => Some(Arc::clone(dependence)),
            Answer::Refused(refusal) => {
                return Ok(RootWhat::Null { refusal: self.refuse(code, coordinate, noted, refusal, &path) });
            }
        };
        for argument in root.arguments.iter().filter(|argument| merged.gives(&argument.name)) {
            if let Some((class, record)) = argument.selects_by {
                self.meets(class, record.unwrap_or(root.record));
            }
            let refusal = match root.forbids(self.profile, argument) {
                None | Some(Answer::Allowed) => continue,
                Some(Answer::Refused(refusal)) => refusal.clone(),
                Some(Answer::Depends(dependence)) => by_record(dependence),
            };
            let coordinate = format!("{coordinate}({}:)", argument.name);
            let noted = argument.selects_by.map(|(class, _)| class).filter(|class| class.is_personal());
            return Ok(RootWhat::Null {
                refusal: self.refuse(Code::ArgumentForbidden, coordinate, noted, &refusal, &path),
            });
        }
        let arguments = template::arguments(merged.field)?;
        // A stream tells of as many as come.
        let is_list = root.kind == OperationKind::Subscription
            || matches!(root.shape, Shape::List(_) | Shape::Connection(_));
        self.listed =
            self.lists || is_list && !root.bounded_by.is_some_and(|name| self.is_sure(merged, name));
        self.shows_more = false;
        let mut wanted = Wanted::default();
        let reply = match &root.shape {
            Shape::One(object) => Reply::One(self.selection(object, &merged.sets, &[], &path)?),
            Shape::List(object) => {
                Reply::List(self.selection(object, &merged.sets, &[], &with(&path, Segment::Index))?)
            }
            Shape::Connection(object) => {
                Reply::Connection(self.connection(object, &merged.sets, &path, &mut wanted)?)
            }
            Shape::Either(members) => {
                Reply::Either(self.either(members, &root.type_ref, &merged.sets, &path)?)
            }
            Shape::Node => self.node(merged, &path)?,
        };
        if let Reply::One(selection) = &reply {
            wanted.edges = selection.edges.len();
        }
        self.alone += usize::from(self.shows_more);
        let asks_facts = depends.is_some() || reply.has_gates();
        Ok(RootWhat::Call(Call { root: place, arguments, wanted, reply, asks_facts, depends }))
    }

    /// Whether an argument has a value, whatever the variables hold.
    fn is_sure(&self, merged: &Merged<'a>, name: &str) -> bool {
        match merged.field.arguments.iter().find(|given| given.name == name).map(|given| given.value.as_ref())
        {
            None | Some(Value::Null) => false,
            Some(Value::Variable(variable)) => {
                let declared = self.operation.variables.iter().find(|declared| declared.name == *variable);
                declared.is_some_and(|declared| declared.ty.is_non_null())
            }
            Some(_) => true,
        }
    }

    fn either(
        &mut self,
        members: &[&'static str],
        name: &str,
        sets: &[&'a SelectionSet],
        path: &[Segment],
    ) -> Result<Vec<(&'static str, Selection)>> {
        members.iter().map(|member| Ok((*member, self.selection(member, sets, &[name], path)?))).collect()
    }

    fn connection(
        &mut self,
        object: &'static str,
        sets: &[&'a SelectionSet],
        path: &[Segment],
        wanted: &mut Wanted,
    ) -> Result<Parts> {
        let names = self.graph.connection(object).ok_or_else(misfit)?;
        self.parts(sets, names.connection, |planner, field| {
            let path = with(path, Segment::Key(field.key.clone()));
            let row = with(&path, Segment::Index);
            Ok(match field.field.name.as_str() {
                "nodes" => Part::Nodes(planner.selection(object, &field.sets, &[], &row)?),
                "edges" => Part::Edges(planner.parts(&field.sets, names.edge, |planner, field| {
                    let row = with(&row, Segment::Key(field.key.clone()));
                    Ok(match field.field.name.as_str() {
                        "node" => Part::Node(planner.selection(object, &field.sets, &[], &row)?),
                        "cursor" => {
                            wanted.cursors = true;
                            Part::Cursor
                        }
                        _ => return Err(misfit()),
                    })
                })?),
                "totalCount" => {
                    wanted.total_count = true;
                    Part::TotalCount
                }
                "pageInfo" => Part::PageInfo(planner.parts(&field.sets, "PageInfo", |_, field| {
                    Ok(match field.field.name.as_str() {
                        "hasNextPage" => Part::HasNextPage,
                        "hasPreviousPage" => Part::HasPreviousPage,
                        "startCursor" => {
                            wanted.cursors = true;
                            Part::StartCursor
                        }
                        "endCursor" => {
                            wanted.cursors = true;
                            Part::EndCursor
                        }
                        _ => return Err(misfit()),
                    })
                })?),
                _ => return Err(misfit()),
            })
        })
    }

    fn parts(
        &mut self,
        sets: &[&'a SelectionSet],
        type_name: &'static str,
        mut part: impl FnMut(&mut Self, &Merged<'a>) -> Result<Part>,
    ) -> Result<Parts> {
        let mut parts = Vec::new();
        for field in self.collect(sets, &[type_name]) {
            let planned = if field.field.name == "__typename" {
                Part::Typename(type_name)
            } else {
                part(self, &field)?
            };
            parts.push((lead(parts.is_empty(), &field.key), planned));
        }
        Ok(Parts(parts))
    }

    fn selection(
        &mut self,
        name: &str,
        sets: &[&'a SelectionSet],
        also: &[&str],
        path: &[Segment],
    ) -> Result<Selection> {
        let graph = self.graph;
        let place = graph.place(name).ok_or_else(misfit)?;
        let object = graph.object_named(name).ok_or_else(misfit)?;
        let names: Vec<&str> = std::iter::once(name)
            .chain(also.iter().copied())
            .chain(graph.interfaces(name).iter().copied())
            .collect();
        let mut selection = Selection {
            object: place,
            columns: Vec::new(),
            tail: Vec::new(),
            edges: Vec::new(),
            refused: Vec::new(),
            cost: 0,
            personal: BTreeSet::new(),
        };
        // Bytes that stand before the next value; what is refused is written here, so that it costs nothing per row.
        let mut pending = Vec::new();
        let mut first = true;
        for merged in self.collect(sets, &names) {
            pending.extend_from_slice(&lead(first, &merged.key));
            first = false;
            selection.cost += 1;
            if merged.field.name == "__typename" {
                pending.extend_from_slice(format!("\"{name}\"").as_bytes());
                continue;
            }
            let field = object
                .fields()
                .iter()
                .find(|field| field.name == merged.field.name.as_str())
                .ok_or_else(misfit)?;
            self.meets(field.class, object.record());
            self.meets(field.class, field.judged_on(object.record()));
            let path = with(path, Segment::Key(merged.key.clone()));
            let gate = match self.field_gate(object, field, &path) {
                Gated::Open => None,
                Gated::ByRecord(gate) => Some(gate),
                Gated::Shut(refusal) => {
                    pending.extend_from_slice(b"null");
                    selection.refused.push(refusal);
                    continue;
                }
            };
            if field.class.is_personal() {
                selection.personal.insert(field.class);
                self.personal.note(object.record(), field, gate.as_ref());
            }
            let what = match field.kind {
                FieldKind::Column(column) => What::Column(column),
                FieldKind::Edge { edge, target, many } => {
                    let path = if many { with(&path, Segment::Index) } else { path };
                    let below = self.selection(target, &merged.sets, &[], &path)?;
                    let rows = if many { ASSUMED_ROWS } else { 1 };
                    selection.cost = selection.cost.saturating_add(below.cost.saturating_mul(rows));
                    selection.edges.push(Edge { place: edge, many, selection: below, gate: gate.clone() });
                    What::Edge(selection.edges.len() - 1)
                }
            };
            let (lead, refused) = (std::mem::take(&mut pending), std::mem::take(&mut selection.refused));
            selection.columns.push(Column { lead, refused, gate, what });
        }
        // A union's member of which the document asks nothing is still an object.
        if first {
            pending.push(b'{');
        }
        pending.push(b'}');
        selection.tail = pending;
        Ok(selection)
    }

    fn field_gate(&mut self, object: &dyn AnyObject, field: &FieldInfo, path: &[Segment]) -> Gated {
        let coordinate = || format!("{}.{}", object.name(), field.name);
        let record = field.judged_on(object.record());
        let dependence = match self.profile.answer(field.verb(), field.class, record) {
            Answer::Refused(refusal) => {
                let noted = field.class.is_personal().then_some(field.class);
                return Gated::Shut(self.refuse(Code::FieldForbidden, coordinate(), noted, refusal, path));
            }
            Answer::Depends(_) if field.leads_to.is_some() => return Gated::Open,
            Answer::Depends(dependence) => Some(dependence),
            Answer::Allowed => None,
        };
        let in_a_list = match field.kind {
            FieldKind::Column(_) if field.class.is_listed_apart() => {
                self.profile.answer(Verb::List, field.class, record)
            }
            _ => &Answer::Allowed,
        };
        let (refusal, listed) = match in_a_list {
            Answer::Allowed => match dependence {
                None => return Gated::Open,
                Some(dependence) => (by_record(dependence), None),
            },
            Answer::Depends(dependence) => (by_record(dependence), Some(Arc::clone(dependence))),
            Answer::Refused(refusal) => (refusal.clone(), Some(settled(Condition::False))),
        };
        self.shows_more |= listed.is_some() && !self.listed;
        let dependence = match (listed, dependence) {
            // A field that says who someone is asks more than its list does.
            (Some(listed), Some(dependence)) if self.listed && field.identifies => both(&listed, dependence),
            (Some(listed), _) if self.listed => listed,
            (_, Some(dependence)) => Arc::clone(dependence),
            // What a list refuses of some records is counted at every place of the coordinate.
            (_, None) => settled(Condition::True),
        };
        // That a list shows some records' values and not others' is its ordinary course.
        let place = self.refuse(Code::FieldForbidden, coordinate(), None, &refusal, path);
        Gated::ByRecord(Gate { dependence, place })
    }

    /// One entry for each coordinate, which knows the paths of all its places. Noted is what is of consequence: a mutation, or
    /// what tells of people in care, with its class.
    fn refuse(
        &mut self,
        code: Code,
        coordinate: String,
        noted: Option<Class>,
        refusal: &PolicyRefusal,
        path: &[Segment],
    ) -> Place {
        let next = self.refusals.len();
        let known = *self.known.entry(coordinate.clone()).or_insert(next);
        if let Some(refused) = self.refusals.get_mut(known) {
            return refused.at(known, path);
        }
        let mut refused = Refused::new(code, coordinate, noted, refusal);
        let place = refused.at(next, path);
        self.refusals.push(refused);
        place
    }
}

/// A dependence on what two of them ask together.
fn both(one: &Dependence, other: &Dependence) -> Arc<Dependence> {
    let policies: BTreeSet<Arc<str>> = one.policies.iter().chain(&other.policies).cloned().collect();
    Arc::new(Dependence {
        condition: Condition::all([one.condition.clone(), other.condition.clone()]),
        policies: policies.into_iter().collect(),
    })
}

/// A dependence on nothing that the policies ask.
fn settled(condition: Condition) -> Arc<Dependence> {
    Arc::new(Dependence { condition, policies: Vec::new() })
}

enum Gated {
    Open,
    ByRecord(Gate),
    Shut(Place),
}

fn with(path: &[Segment], segment: Segment) -> Vec<Segment> {
    let mut longer = path.to_vec();
    longer.push(segment);
    longer
}

/// `{"key":` or `,"key":`. A response key is a GraphQL name: it needs no escape.
fn lead(first: bool, key: &str) -> Vec<u8> {
    format!("{}\"{key}\":", if first { '{' } else { ',' }).into_bytes()
}

impl Reply {
    /// Whether what is shown of its rows depends on their facts.
    fn has_gates(&self) -> bool {
        let gated = |selection: &Selection| selection.columns.iter().any(|column| column.gate.is_some());
        match self {
            Self::One(selection) | Self::List(selection) => gated(selection),
            Self::Connection(parts) => parts.selections().into_iter().any(gated),
            Self::Either(members) | Self::Node(members, _) => {
                members.iter().any(|(_, selection)| gated(selection))
            }
        }
    }
}

impl Call {
    /// The arguments with the variables filled in.
    pub(crate) fn arguments(&self, variables: &JsonMap) -> JsonValue {
        JsonValue::Object(template::fill(&self.arguments, variables))
    }

    /// How many values the answer may hold, for these arguments.
    pub(crate) fn cost(&self, arguments: &JsonValue) -> usize {
        let asked = |name: &str| {
            arguments.get(name).and_then(JsonValue::as_i64).and_then(|rows| usize::try_from(rows).ok())
        };
        match &self.reply {
            Reply::One(selection) => selection.cost,
            Reply::Either(members) => dearest(members),
            Reply::Node(members, common) => dearest(members).max(common.0.len()),
            Reply::List(selection) => selection.cost.saturating_mul(ASSUMED_ROWS),
            Reply::Connection(parts) => {
                let rows = asked("first").or_else(|| asked("last")).unwrap_or(crate::paging::DEFAULT_ROWS);
                parts.cost().saturating_mul(rows)
            }
        }
    }
}

/// The cost of the member that costs most.
fn dearest(members: &[(&'static str, Selection)]) -> usize {
    members.iter().map(|(_, selection)| selection.cost).max().unwrap_or_default()
}

impl Parts {
    fn cost(&self) -> usize {
        let of = |part: &Part| match part {
            Part::Nodes(selection) | Part::Node(selection) => selection.cost,
            Part::Edges(parts) => parts.cost(),
            _ => 1,
        };
        self.0.iter().map(|(_, part)| of(part)).fold(0, usize::saturating_add)
    }
}
