//! From a request to a response: document, plan, answers, bytes.

use std::sync::Arc;
use std::time::Duration;

use apollo_compiler::executable::Operation;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::validation::Valid;
use futures_util::future::try_join;
use serde::Deserialize;
use serde_json::json;
use tracing::{Instrument, Span};

use crate::access::{
    Call, Document, Fault, Loaded, Plan, PlannedRoot, RootWhat, Writer, check_cost, foresee, load_reply,
    plan, write_json, write_reply,
};
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::graph::{Answer, OperationKind, Source, write_text};
use crate::journal::{Refusal, record_read};
use crate::live::{Beginning, CohortKey, Cursor, Projection, Subscription};
use crate::replica::{Answered, answer_query};
use crate::scalars::{GlobalId, Pseudonyms};
use crate::system::{Caller, PlanKey, System};
use crate::trace;

/// A GraphQL request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which of its operations; needed where it has several.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// The variables' values.
    #[serde(default)]
    pub variables: Option<JsonMap>,
    /// Reserved by the specification; must be an object.
    #[serde(default)]
    pub extensions: Option<JsonMap>,
}

/// Which kinds of operation a way of transport carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// Queries alone: GET.
    Queries,
    /// Queries and mutations.
    QueriesAndMutations,
}

/// A GraphQL response.
#[derive(Debug)]
pub struct Response {
    /// Set where the request failed before it was executed: there is no `data`.
    pub refused: Option<Code>,
    /// JSON.
    pub body: Vec<u8>,
    /// How old what was read may be, where a replica answered; none where it is as it was when it was read.
    pub age: Option<Duration>,
}

impl Response {
    /// A request that failed before it was executed.
    pub fn refusal(error: &Error) -> Self {
        Self::fault(&Fault::from(error.clone()))
    }

    pub(crate) fn fault(fault: &Fault) -> Self {
        let body = json!({"errors": fault.errors}).to_string().into_bytes();
        Self { refused: Some(fault.code), body, age: None }
    }
}

/// A request that is ready to run.
pub(crate) struct Prepared {
    document: Arc<Document>,
    key: PlanKey,
    plan: Arc<Plan>,
    variables: Valid<JsonMap>,
    /// Whether all of it was planned before.
    was_known: bool,
}

impl Prepared {
    fn operation(&self) -> Result<&Operation> {
        operation(&self.document, self.key.operation.as_deref())
    }
}

fn operation<'d>(document: &'d Document, name: Option<&str>) -> Result<&'d Operation> {
    document.executable.operations.get(name).map(AsRef::as_ref).map_err(|_| {
        Error::new(
            Code::OperationUnknown,
            "operationName names no operation of the document, or is missing where there are several.",
        )
    })
}

pub(crate) fn prepare(system: &System, caller: &Caller, request: &Request) -> Result<Prepared, Fault> {
    let document = system.document(&request.query)?;
    // An empty name is what some clients send for none.
    let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
    let operation = operation(&document, name)?;
    let variables = if operation.variables.is_empty() {
        Valid::assume_valid(JsonMap::new())
    } else {
        let none = JsonMap::new();
        let given = request.variables.as_ref().unwrap_or(&none);
        coerce_variable_values(&system.whole.schema, operation, given)
            .map_err(|error| Error::new(Code::VariablesInvalid, error.message().to_string()))?
    };
    let flags = document.flags(&variables);
    let key = PlanKey {
        document: document.number,
        operation: name.map(str::to_owned),
        access: caller.access.number,
        flags,
    };
    let known = system.plans.get(&key);
    let was_known = known.is_some();
    let plan = if let Some(known) = known {
        known
    } else {
        let made = Arc::new(plan(system.graph, &caller.access.profile, &document, operation, &variables)?);
        system.plans.insert(key.clone(), Arc::clone(&made));
        made
    };
    Ok(Prepared { document, key, plan, variables, was_known })
}

/// As [`prepare`], for an operation's span, which is told what it is.
fn prepare_traced(
    system: &System,
    caller: &Caller,
    request: &Request,
    span: &Span,
) -> Result<Prepared, Fault> {
    let planning = trace::plan();
    let prepared = planning.in_scope(|| prepare(system, caller, request))?;
    planning.record("enlace.plan.known", prepared.was_known);
    if !span.is_disabled() {
        let name = prepared.operation()?.name.as_ref().map(apollo_compiler::Name::as_str);
        trace::operation_is(span, prepared.plan.kind.keyword(), name, &prepared.document.digest);
    }
    Ok(prepared)
}

/// Runs a query, of which what is read may be as old as `at_most`, or a mutation.
pub(crate) async fn execute(
    system: &Arc<System>,
    caller: &Caller,
    request: &Request,
    carries: Carries,
    at_most: Option<Duration>,
) -> Response {
    let span = trace::operation(caller);
    let executing = try_execute(system, caller, request, (carries, at_most), &span);
    let executed = executing.instrument(span.clone()).await;
    executed.unwrap_or_else(|fault| refused(&span, &fault))
}

/// The answer to a request that failed before it was executed.
fn refused(span: &Span, fault: &Fault) -> Response {
    trace::failed(span, fault.code);
    Response::fault(fault)
}

async fn try_execute(
    system: &Arc<System>,
    caller: &Caller,
    request: &Request,
    (carries, at_most): (Carries, Option<Duration>),
    span: &Span,
) -> Result<Response, Fault> {
    let prepared = prepare_traced(system, caller, request, span)?;
    let plan = &prepared.plan;
    match (plan.kind, carries) {
        (OperationKind::Subscription, _) => {
            return Err(Error::new(
                Code::OperationNotSupported,
                "Subscriptions need a WebSocket or an event stream.",
            )
            .into());
        }
        (OperationKind::Mutation, Carries::Queries) => {
            return Err(Error::new(Code::MethodNotAllowed, "Mutations never travel by GET. Use POST.").into());
        }
        _ => {}
    }
    let calls = costed(&prepared, system, caller)?;
    let Answered { context, answers, age } = if plan.kind == OperationKind::Mutation {
        let context = Context::new(Arc::clone(system), caller.clone()).showing(&plan.personal);
        let mut answers = Vec::with_capacity(calls.len());
        // One after the other, as the specification has it.
        for (call, arguments) in calls {
            answers.push(answer(&context, call, arguments).await);
        }
        Answered { context, answers, age: None }
    } else {
        answer_query(system, caller, plan, calls, at_most).await
    };
    record_read(&context, &prepared.document.digest).await?;
    let body = write(system, caller, &prepared, answers)?;
    Ok(Response { refused: None, body, age })
}

/// The calls with their arguments, if together they are not too much to ask.
fn costed<'p>(
    prepared: &'p Prepared,
    system: &System,
    caller: &Caller,
) -> Result<Vec<(&'p Call, JsonValue)>> {
    let mut cost = 0_usize;
    let mut calls = Vec::new();
    for root in &prepared.plan.roots {
        if let RootWhat::Call(call) = &root.what {
            let arguments = arguments(prepared, system, caller, call)?;
            cost = cost.saturating_add(call.cost(&arguments));
            calls.push((call, arguments));
        }
    }
    check_cost(cost, &system.limits)?;
    Ok(calls)
}

/// A call's arguments: with the variables filled in, by the records' own ids, and fit for the database.
fn arguments(prepared: &Prepared, system: &System, caller: &Caller, call: &Call) -> Result<JsonValue> {
    let arguments = revealed(system, caller, call, call.arguments(&prepared.variables));
    refuse_nul(&arguments)?;
    refuse_long_years(system, call, &arguments)?;
    Ok(arguments)
}

/// The arguments with the records' own ids in place of the caller's pseudonyms. What is no pseudonym of its becomes the id of
/// no record: a real id looks not found.
fn revealed(system: &System, caller: &Caller, call: &Call, mut arguments: JsonValue) -> JsonValue {
    if let (Some(pseudonyms), Some(root)) = (&caller.access.pseudonyms, system.graph.roots.get(call.root)) {
        for argument in root.arguments.iter().filter(|argument| argument.is_id()) {
            if let Some(value) = arguments.get_mut(argument.name.as_str()) {
                reveal(pseudonyms, value);
            }
        }
    }
    arguments
}

fn reveal(pseudonyms: &Pseudonyms, value: &mut JsonValue) {
    match value {
        JsonValue::Array(values) => values.iter_mut().for_each(|value| reveal(pseudonyms, value)),
        JsonValue::String(text) => {
            if let Some(id) = GlobalId::parse(text.as_str()).filter(|id| pseudonyms.cover(&id.kind)) {
                let known = GlobalId { uuid: pseudonyms.reveal(id.uuid), ..id };
                *value = known.to_string().into();
            }
        }
        _ => {}
    }
}

/// PostgreSQL's texts cannot hold NUL, and nothing that a person writes does (R17).
fn refuse_nul(value: &JsonValue) -> Result<()> {
    match value {
        JsonValue::String(text) if text.as_str().contains('\0') => Err(Error::new(
            Code::InvalidArgument,
            "An argument's text contains a NUL character. Leave it out.",
        )),
        JsonValue::Array(values) => values.iter().try_for_each(refuse_nul),
        JsonValue::Object(members) => members.iter().try_for_each(|(_, value)| refuse_nul(value)),
        _ => Ok(()),
    }
}

/// Years have four digits: longer ones, and those with a sign, are read by chrono but not by PostgreSQL (R17).
fn refuse_long_years(system: &System, call: &Call, arguments: &JsonValue) -> Result<()> {
    let dated = system.graph.roots.get(call.root).into_iter().flat_map(|root| &root.arguments);
    for argument in dated.filter(|argument| argument.type_ref.starts_with("Date")) {
        let text = arguments.get(argument.name.as_str()).and_then(JsonValue::as_str);
        if text.is_some_and(|text| text.find(|letter: char| !letter.is_ascii_digit()) != Some(4)) {
            return Err(Error::new(
                Code::InvalidArgument,
                format!("{} is no date or instant with a year of four digits.", argument.name),
            ));
        }
    }
    Ok(())
}

/// What one root comes to, with all that is asked of its rows.
pub(crate) async fn answer(
    context: &Context,
    call: &Call,
    arguments: JsonValue,
) -> Result<(Answer, Vec<Loaded>)> {
    let graph = &context.system().graph;
    let Some((root, Source::Resolve(resolve))) = graph.roots.get(call.root).map(|root| (root, &root.source))
    else {
        return Err(Error::internal("a call of a root that resolves nothing"));
    };
    let span = trace::resolve(root);
    let resolving = async {
        let (answer, foreseen) =
            try_join(resolve(context.clone(), arguments, call.wanted), foresee(graph, context, call)).await?;
        if root.class.is_personal() {
            context.discloses_classes([root.class]);
        }
        span.record("enlace.rows", answer.page.len);
        let loaded = load_reply(graph, context, &call.reply, &answer, foreseen).await?;
        Ok((answer, loaded))
    };
    let resolved: Result<_> = resolving.instrument(span.clone()).await;
    resolved.inspect_err(|error| trace::failed(&span, error.code))
}

/// What a page of rows is likely to need; a guess that is too small costs a copy.
const EXPECTED_BYTES_PER_ROW: usize = 320;

fn write(
    system: &System,
    caller: &Caller,
    prepared: &Prepared,
    answers: Vec<Result<(Answer, Vec<Loaded>)>>,
) -> Result<Vec<u8>> {
    let plan = &prepared.plan;
    let rows: usize = answers.iter().flatten().map(|(answer, _)| answer.page.len).sum();
    let pseudonyms = caller.access.pseudonyms.clone();
    let expected = 256 + rows * EXPECTED_BYTES_PER_ROW;
    let mut writer = Writer::new(system.graph, plan.refusals.len(), expected, pseudonyms);
    let mut errors = Vec::new();
    let mut answers = answers.into_iter();
    let mut introspected = None;
    for (place, root) in plan.roots.iter().enumerate() {
        writer.open_root(place == 0, &root.key);
        match &root.what {
            RootWhat::Null { refusal } => {
                writer.refuse(*refusal);
                writer.out.extend_from_slice(b"null");
            }
            RootWhat::Typename => write_text(plan.kind.type_name(), &mut writer.out),
            RootWhat::Introspection => {
                let found = introspected_data(&mut introspected, system, caller, prepared)?;
                match found.get(root.key.as_str()) {
                    Some(value) => write_json(value, &mut writer.out),
                    None => writer.out.extend_from_slice(b"null"),
                }
            }
            RootWhat::Call(call) => match answers.next() {
                Some(Ok((answer, loaded))) => write_reply(&mut writer, &call.reply, &answer, &loaded),
                Some(Err(error)) => {
                    note_error(system, caller, call, &error);
                    errors.push(error.to_json(Some(&[json!(root.key)])));
                    writer.out.extend_from_slice(b"null");
                }
                None => return Err(Error::internal("fewer answers than calls")),
            },
        }
    }
    for refusal in writer.of_consequence(plan) {
        system.refusals.note(system, caller, refusal);
    }
    Ok(writer.finish(plan, errors, &caller.access.policy_version))
}

/// Takes note of what an operation or a loader refused.
fn note_error(system: &System, caller: &Caller, call: &Call, error: &Error) {
    let Some(root) = system.graph.roots.get(call.root) else { return };
    if let Some(refusal) = Refusal::of_error(error, root.coordinate(), root.class) {
        system.refusals.note(system, caller, refusal);
    }
}

fn introspected_data<'i>(
    known: &'i mut Option<JsonMap>,
    system: &System,
    caller: &Caller,
    prepared: &Prepared,
) -> Result<&'i JsonMap> {
    if known.is_none() {
        let view = caller.access.view(system.graph)?;
        *known = Some(view.introspect(&prepared.document, prepared.operation()?, &prepared.variables)?);
    }
    known.as_ref().ok_or_else(|| Error::internal("introspection left nothing"))
}

/// Opens a subscription. What is wrong with it is answered as for a query: before anything is sent.
pub(crate) fn subscribe(
    system: &Arc<System>,
    caller: &Caller,
    request: &Request,
    after: Option<&str>,
) -> Result<Subscription, Response> {
    let span = trace::operation(caller);
    let opened = span.in_scope(|| {
        let prepared = prepare_traced(system, caller, request, &span)?;
        open_stream(system, caller, &prepared, after)
    });
    opened.map_err(|fault| refused(&span, &fault))
}

fn open_stream(
    system: &Arc<System>,
    caller: &Caller,
    prepared: &Prepared,
    after: Option<&str>,
) -> Result<Subscription, Fault> {
    let (projection, beginning) = projected(system, caller, prepared)?;
    let (Some(bound), Some(actor)) = (&prepared.document.bound, caller.actor()) else {
        return Err(Error::internal("a stream of nobody, or of no subscription").into());
    };
    let variables = bound.variables(&prepared.variables)?;
    let of = (prepared.key.operation.as_deref(), variables.as_str());
    let cursor = Cursor::new(system.vault.stream_key(), actor.user, bound, of);
    let key = CohortKey { plan: prepared.key.clone(), variables };
    let beginning = match after {
        Some(after) => Beginning { after: Some(after.to_owned()), ..beginning },
        None => beginning,
    };
    Ok(Subscription::new(&system.cohorts, Arc::new(projection), caller, key, &cursor, &beginning)?)
}

/// What a subscription makes of the journal for a caller, and where its document has it begin.
pub(crate) fn project(
    system: &Arc<System>,
    caller: &Caller,
    request: &Request,
) -> Result<(Projection, Beginning), Fault> {
    projected(system, caller, &prepare(system, caller, request)?)
}

fn projected(
    system: &Arc<System>,
    caller: &Caller,
    prepared: &Prepared,
) -> Result<(Projection, Beginning), Fault> {
    let plan = &prepared.plan;
    if plan.kind != OperationKind::Subscription {
        return Err(Error::new(Code::OperationNotSupported, "This operation is no subscription.").into());
    }
    let call = match plan.roots.first() {
        Some(PlannedRoot { what: RootWhat::Call(call), .. }) => call,
        Some(PlannedRoot { what: RootWhat::Null { refusal }, .. }) => {
            let mut writer = Writer::new(system.graph, plan.refusals.len(), 0, None);
            writer.refuse(*refusal);
            for refusal in writer.of_consequence(plan) {
                system.refusals.note(system, caller, refusal);
            }
            let errors = writer.refused(plan, &caller.access.policy_version);
            return Err(Fault { code: Code::FieldForbidden, errors });
        }
        _ => {
            return Err(
                Error::new(Code::DocumentInvalid, "A subscription selects one field of the schema.").into()
            );
        }
    };
    let mut arguments = arguments(prepared, system, caller, call)?;
    check_cost(call.cost(&arguments), &system.limits)?;
    let beginning = Beginning::taken(&mut arguments);
    let Some((root, Source::Events { events, .. })) =
        system.graph.roots.get(call.root).map(|root| (root, &root.source))
    else {
        return Err(Error::internal("a subscription to a root that has no events").into());
    };
    if root.class.is_personal() {
        caller.access.needs_purpose()?;
    }
    let document = (prepared.document.digest.as_str(), plan);
    Ok((Projection::new(system, caller, document, events(arguments)?), beginning))
}

impl Document {
    /// What the variables of `@skip` and `@include` say, two bits for each: a plan holds for one such setting.
    fn flags(&self, variables: &JsonMap) -> u128 {
        self.flag_names.iter().fold(0, |flags, name| {
            let bits = match variables.get(name.as_str()).and_then(JsonValue::as_bool) {
                Some(true) => 3,
                Some(false) => 2,
                None => 0,
            };
            (flags << 2) | bits
        })
    }
}

/// Whether the request's operation is a subscription; what does not parse is none.
pub(crate) fn is_subscription(system: &System, request: &Request) -> bool {
    let name = request.operation_name.as_deref().filter(|name| !name.is_empty());
    system
        .document(&request.query)
        .is_ok_and(|document| operation(&document, name).is_ok_and(Operation::is_subscription))
}
