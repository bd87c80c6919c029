//! Follows a plan: loads the edges it foresees, then writes the permitted values, row by row, into the response.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join_all};
use serde_json::Value as Json;
use tracing::Instrument;

use enlace_policies::Dependence;

use crate::access::plan::{Call, Common, CommonField, Part, Parts, Plan, Reply, Selection, What};
use crate::access::refusal::{Place, Touched};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Answer, Cells, FieldKind, Graph, Out, Output, Page, Related, write_text};
use crate::journal::Refusal;
use crate::scalars::Pseudonyms;
use crate::trace;

/// The rows related to a page, as far as a selection asks for them: one for each of its edges.
pub(crate) struct Loaded(Vec<(Related, Loaded)>);

/// Edges of a root's rows that are read before the rows are known, by their place in the selection.
type Foreseen = Vec<Option<Page>>;

/// Reads the whole far end of those edges of a list for which that is foreseen: at the same time as the list.
pub(crate) async fn foresee(graph: &Graph, context: &Context, call: &Call) -> Result<Foreseen> {
    let Reply::List(selection) = &call.reply else { return Ok(Vec::new()) };
    // A row that is read so brings no facts.
    if call.asks_facts {
        return Ok(Vec::new());
    }
    let Some(object) = graph.objects.get(selection.object) else { return Ok(Vec::new()) };
    let edges = selection.edges.iter().map(|edge| async move {
        match object.foresee(edge.place, context) {
            Some(page) => page.instrument(trace::foresee(object.as_ref(), edge.place)).await.map(Some),
            None => Ok(None),
        }
    });
    try_join_all(edges).await
}

/// Loads every edge of a selection, each with one statement for the whole page.
pub(crate) fn load<'a>(
    graph: &'a Graph,
    context: &'a Context,
    selection: &'a Selection,
    page: &'a Page,
    foreseen: Foreseen,
) -> BoxFuture<'a, Result<Loaded>> {
    async move {
        let Some(object) = graph.objects.get(selection.object) else { return Ok(Loaded(Vec::new())) };
        if page.len > 0 && !selection.personal.is_empty() {
            context.discloses_classes(selection.personal.iter().copied());
        }
        let foreseen = foreseen.into_iter().chain(std::iter::repeat_with(|| None));
        let edges = selection.edges.iter().zip(foreseen).map(|(edge, foreseen)| {
            let loading = async move {
                let keep = edge.gate.as_ref().map(|gate| &gate.dependence.condition);
                let related = match foreseen {
                    Some(foreseen) => object.relate(edge.place, page, foreseen)?,
                    None => object.load(edge.place, context, page, keep).await?,
                };
                let below = load(graph, context, &edge.selection, &related.page, Vec::new()).await?;
                Ok::<_, Error>((related, below))
            };
            loading.instrument(trace::load(object.as_ref(), edge.place, page.len))
        });
        Ok(Loaded(try_join_all(edges).await?))
    }
    .boxed()
}

/// Everything that a reply needs, loaded.
pub(crate) async fn load_reply(
    graph: &Graph,
    context: &Context,
    reply: &Reply,
    answer: &Answer,
    foreseen: Foreseen,
) -> Result<Vec<Loaded>> {
    let selections: Vec<&Selection> = match reply {
        Reply::List(selection) => {
            return Ok(vec![load(graph, context, selection, &answer.page, foreseen).await?]);
        }
        Reply::One(selection) => vec![selection],
        Reply::Connection(parts) => parts.selections(),
        Reply::Either(members) | Reply::Node(members, _) => members
            .iter()
            .filter(|(name, _)| *name == answer.object)
            .map(|(_, selection)| selection)
            .collect(),
    };
    let loads =
        selections.into_iter().map(|selection| load(graph, context, selection, &answer.page, Vec::new()));
    try_join_all(loads).await
}

impl Parts {
    /// The selections of rows inside, in the order in which they are written.
    pub(super) fn selections(&self) -> Vec<&Selection> {
        let mut found = Vec::new();
        for (_, part) in &self.0 {
            match part {
                Part::Nodes(selection) | Part::Node(selection) => found.push(selection),
                Part::Edges(parts) => found.extend(parts.selections()),
                _ => {}
            }
        }
        found
    }
}

/// The response as it grows.
pub(crate) struct Writer<'a> {
    graph: &'a Graph,
    pub(crate) out: Out,
    /// Indexes of the lists that the writer is inside of.
    indexes: Vec<usize>,
    /// For each of the plan's refusals, where it struck.
    pub(crate) touched: Vec<Touched>,
}

const NULL: &[u8] = b"null";

impl<'a> Writer<'a> {
    /// Begins a response of about `expected` bytes, for a plan with so many refusals and a reader who knows records so.
    pub(crate) fn new(
        graph: &'a Graph,
        refusals: usize,
        expected: usize,
        pseudonyms: Option<Arc<Pseudonyms>>,
    ) -> Self {
        let mut out = Out::new(expected, pseudonyms);
        out.extend_from_slice(b"{\"data\":{");
        Self { graph, out, indexes: Vec::new(), touched: vec![Touched::default(); refusals] }
    }

    /// Writes a root's key. A response key is a GraphQL name: it needs no escape.
    pub(crate) fn open_root(&mut self, first: bool, key: &str) {
        self.out.extend_from_slice(if first { b"\"" } else { b",\"" });
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Ends the data and the response: what failed, then what was refused, then the closing brace.
    pub(crate) fn finish(mut self, plan: &Plan, mut errors: Vec<Json>, policy_version: &str) -> Vec<u8> {
        self.out.push(b'}');
        errors.extend(self.refused(plan, policy_version));
        if !errors.is_empty() {
            self.out.extend_from_slice(b",\"errors\":");
            self.out.extend_from_slice(Json::Array(errors).to_string().as_bytes());
        }
        self.out.push(b'}');
        self.out.into_bytes()
    }

    /// What was refused, one entry for each coordinate.
    pub(crate) fn refused(&self, plan: &Plan, policy_version: &str) -> Vec<Json> {
        let touched = plan.refusals.iter().zip(&self.touched);
        touched.filter_map(|(refused, touched)| refused.entry(touched, policy_version)).collect()
    }

    /// What was refused and is of consequence.
    pub(crate) fn of_consequence<'p>(&'p self, plan: &'p Plan) -> impl Iterator<Item = Refusal> + 'p {
        let touched = plan.refusals.iter().zip(&self.touched);
        touched.filter_map(|(refused, touched)| refused.of_consequence(touched))
    }

    pub(crate) fn refuse(&mut self, place: Place) {
        if let Some(touched) = self.touched.get_mut(place.refusal) {
            touched.refuse(place, &self.indexes);
        }
    }

    fn list(&mut self, positions: impl Iterator<Item = usize>, mut each: impl FnMut(&mut Self, usize)) {
        self.out.push(b'[');
        self.indexes.push(0);
        for (index, position) in positions.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            if let Some(last) = self.indexes.last_mut() {
                *last = index;
            }
            each(self, position);
        }
        self.indexes.pop();
        self.out.push(b']');
    }

    fn row(&mut self, selection: &Selection, page: &Page, loaded: &Loaded, position: usize) {
        let Some(object) = self.graph.objects.get(selection.object) else {
            return self.out.extend_from_slice(NULL);
        };
        object.row(page, position, &mut |row| self.cells(selection, loaded, position, row));
    }

    fn cells(&mut self, selection: &Selection, loaded: &Loaded, position: usize, row: &dyn Cells) {
        // Most fields of a row depend on the same: that is asked once.
        let mut settled: Option<(&Arc<Dependence>, bool)> = None;
        for column in &selection.columns {
            self.out.extend_from_slice(&column.lead);
            for place in &column.refused {
                self.refuse(*place);
            }
            if let Some(gate) = &column.gate {
                let open = match settled {
                    Some((dependence, open)) if Arc::ptr_eq(dependence, &gate.dependence) => open,
                    _ => gate.dependence.condition.holds(row.facts()),
                };
                settled = Some((&gate.dependence, open));
                if let Some(touched) = self.touched.get_mut(gate.place.refusal) {
                    touched.gate(open, gate.place, &self.indexes);
                }
                if !open {
                    self.out.extend_from_slice(NULL);
                    continue;
                }
            }
            match column.what {
                What::Column(column) => row.write(column, &mut self.out),
                What::Edge(place) => self.edge(selection, loaded, place, position),
            }
        }
        self.out.extend_from_slice(&selection.tail);
        for place in &selection.refused {
            self.refuse(*place);
        }
    }

    fn edge(&mut self, selection: &Selection, loaded: &Loaded, place: usize, position: usize) {
        let (Some(edge), Some((related, below))) = (selection.edges.get(place), loaded.0.get(place)) else {
            return self.out.extend_from_slice(NULL);
        };
        let positions = related.of(position);
        if edge.many {
            self.list(positions.iter().copied(), |writer, position| {
                writer.row(&edge.selection, &related.page, below, position);
            });
        } else {
            match positions.first() {
                Some(position) => self.row(&edge.selection, &related.page, below, *position),
                None => self.out.extend_from_slice(NULL),
            }
        }
    }

    fn one(&mut self, selection: &Selection, answer: &Answer, loaded: Option<&Loaded>, position: usize) {
        match loaded {
            Some(loaded) if answer.page.len > position => {
                self.row(selection, &answer.page, loaded, position);
            }
            _ => self.out.extend_from_slice(NULL),
        }
    }

    /// Writes what every `Node` has of the one that was found.
    fn common(&mut self, common: &Common, answer: &Answer) {
        let Some(object) = self.graph.object_named(answer.object).filter(|_| answer.page.len > 0) else {
            return self.out.extend_from_slice(NULL);
        };
        let id = object.fields().iter().find(|field| field.name == "id").map(|field| field.kind);
        if common.0.is_empty() {
            self.out.push(b'{');
        }
        object.row(&answer.page, 0, &mut |row| {
            for (lead, what) in &common.0 {
                self.out.extend_from_slice(lead);
                match (what, id) {
                    (CommonField::Typename, _) => write_text(answer.object, &mut self.out),
                    (CommonField::Id, Some(FieldKind::Column(id))) => row.write(id, &mut self.out),
                    (CommonField::Id, _) => self.out.extend_from_slice(NULL),
                }
            }
        });
        self.out.push(b'}');
    }

    /// Writes an object that is no row. `loaded` yields what was loaded for each selection inside, in order.
    fn parts<'l>(
        &mut self,
        parts: &Parts,
        answer: &Answer,
        position: Option<usize>,
        loaded: &mut impl Iterator<Item = &'l Loaded>,
    ) {
        let facts = answer.connection.as_ref();
        // An object of which `@skip` left nothing is still an object.
        if parts.0.is_empty() {
            self.out.push(b'{');
        }
        for (lead, part) in &parts.0 {
            self.out.extend_from_slice(lead);
            match part {
                Part::Typename(name) => write_text(name, &mut self.out),
                Part::Nodes(selection) => {
                    if let Some(loaded) = loaded.next() {
                        self.list(0..answer.page.len, |writer, position| {
                            writer.row(selection, &answer.page, loaded, position);
                        });
                    }
                }
                Part::Edges(parts) => {
                    let inside: Vec<&Loaded> = loaded.by_ref().take(parts.selections().len()).collect();
                    self.list(0..answer.page.len, |writer, position| {
                        writer.parts(parts, answer, Some(position), &mut inside.iter().copied());
                    });
                }
                Part::Node(selection) => {
                    if let (Some(loaded), Some(position)) = (loaded.next(), position) {
                        self.row(selection, &answer.page, loaded, position);
                    }
                }
                Part::Cursor => {
                    let cursor =
                        facts.zip(position).and_then(|(facts, position)| facts.cursors.get(position));
                    write_text(cursor.map(String::as_str).unwrap_or_default(), &mut self.out);
                }
                Part::PageInfo(parts) => self.parts(parts, answer, None, loaded),
                Part::TotalCount => {
                    facts.and_then(|facts| facts.total_count).unwrap_or_default().write(&mut self.out);
                }
                Part::HasNextPage => facts.is_some_and(|facts| facts.has_next_page).write(&mut self.out),
                Part::HasPreviousPage => {
                    facts.is_some_and(|facts| facts.has_previous_page).write(&mut self.out);
                }
                Part::StartCursor => {
                    facts.and_then(|facts| facts.cursors.first().cloned()).write(&mut self.out);
                }
                Part::EndCursor => facts.and_then(|facts| facts.cursors.last().cloned()).write(&mut self.out),
            }
        }
        self.out.push(b'}');
    }
}

/// Writes one of an answer's rows, where each is an answer.
pub(crate) fn write_row(
    writer: &mut Writer<'_>,
    reply: &Reply,
    answer: &Answer,
    loaded: &[Loaded],
    position: usize,
) {
    match reply {
        Reply::One(selection) => writer.one(selection, answer, loaded.first(), position),
        _ => writer.out.extend_from_slice(NULL),
    }
}

/// Writes a root's answer.
pub(crate) fn write_reply(writer: &mut Writer<'_>, reply: &Reply, answer: &Answer, loaded: &[Loaded]) {
    match reply {
        Reply::One(_) => write_row(writer, reply, answer, loaded, 0),
        Reply::List(selection) => match loaded.first() {
            Some(loaded) => {
                writer.list(0..answer.page.len, |writer, position| {
                    writer.row(selection, &answer.page, loaded, position);
                });
            }
            None => writer.out.extend_from_slice(b"[]"),
        },
        Reply::Connection(parts) => writer.parts(parts, answer, None, &mut loaded.iter()),
        Reply::Either(members) => match of_object(members, answer) {
            Some(selection) => writer.one(selection, answer, loaded.first(), 0),
            None => writer.out.extend_from_slice(NULL),
        },
        Reply::Node(members, common) => match of_object(members, answer) {
            Some(selection) => writer.one(selection, answer, loaded.first(), 0),
            None => writer.common(common, answer),
        },
    }
}

/// What is written of an answer's type.
fn of_object<'m>(members: &'m [(&'static str, Selection)], answer: &Answer) -> Option<&'m Selection> {
    members.iter().find(|(name, _)| *name == answer.object).map(|(_, selection)| selection)
}
