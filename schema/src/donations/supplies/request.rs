//! Asking for goods, and deciding on what was asked for.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::ledger::refuse_text;
use crate::donations::load::{items_within_reach, store_by_id};
use crate::donations::supplies::load::{request_by_id, requested_lines};
use crate::donations::supplies::tables::supply_requests;
use crate::donations::supplies::{SupplyRequest, SupplyRequestState};
use crate::donations::{Item, Location};
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::{Id, Quantity};

/// How many lines a request may have.
const LINES: usize = 200;

input! {
    /// So much of one item.
    pub struct RequestedItem {
        /// The item.
        pub item: Id<Item>,
        /// How much, in its base unit.
        pub quantity: Quantity,
    }
}

input! {
    /// What a store asks for.
    pub struct RequestSupplies {
        /// The store that asks.
        pub location: Id<Location>,
        /// What it asks for: 1 to 200 items, each once.
        pub lines: Vec<RequestedItem>,
        /// The day by which the goods are needed.
        pub needed_by: Option<NaiveDate>,
        /// What for, 3 to 500 characters; no name of anyone who is to receive it.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A request, made.
    pub struct RequestSuppliesPayload: "RequestSuppliesPayload" as SupplyRequest {
        /// The request.
        request: SupplyRequest,
    }
}

union! {
    /// The request, made; or why it was not.
    pub enum RequestSuppliesResult {
        Payload(RequestSuppliesPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

input! {
    /// So much of one item, approved.
    pub struct ApprovedItem {
        /// The item.
        pub item: Id<Item>,
        /// How much of what was asked for; nothing, to refuse it.
        pub quantity: Quantity,
    }
}

input! {
    /// What is approved of a request.
    pub struct DecideRequest {
        /// The request.
        pub request: Id<SupplyRequest>,
        /// The version of the request that the caller saw.
        pub version: i32,
        /// Items of which less is approved than was asked for. All that was asked for is approved of the others.
        pub lines: Option<Vec<ApprovedItem>>,
        /// Why so, 3 to 500 characters.
        pub note: Option<String>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A request, decided.
    pub struct DecideRequestPayload: "DecideRequestPayload" as SupplyRequest {
        /// The request as it is now: approved, or refused where nothing of it was approved.
        request: SupplyRequest,
    }
}

union! {
    /// The request, decided; or why it was not.
    pub enum DecideRequestResult {
        Payload(DecideRequestPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

input! {
    /// A request for which nothing more is to be sent.
    pub struct CloseRequest {
        /// The request.
        pub request: Id<SupplyRequest>,
        /// The version of the request that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A request, closed.
    pub struct CloseRequestPayload: "CloseRequestPayload" as SupplyRequest {
        /// The request as it is now.
        request: SupplyRequest,
    }
}

union! {
    /// The request, closed; or why it was not.
    pub enum CloseRequestResult {
        Payload(CloseRequestPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a request was made, decided or closed; as it was then.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestChanged {
    pub(crate) request: SupplyRequest,
}

impl Change for RequestChanged {
    const NAME: &'static str = "donations.requestChanged";
}

/// What is committed of a request that changed: the request as the transaction sees it now.
async fn changed<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<SupplyRequest>,
) -> Result<std::result::Result<Done<P>, R>>
where
    P: Serialize + DeserializeOwned + From<SupplyRequest>,
{
    let found = request_by_id(transaction.connection()?, id.uuid()).await?;
    let request = found.ok_or_else(|| Error::internal("a request that was changed is not there"))?;
    let change = RequestChanged { request };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.request.into() }))
}

/// A request that the caller may see, at the version that it saw; or what is wrong with it.
async fn found<P, R>(
    context: &Context,
    transaction: &mut Transaction<'_, P>,
    id: Id<SupplyRequest>,
    version: i32,
) -> Result<std::result::Result<SupplyRequest, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<NotFound> + From<VersionConflict>,
{
    let found = request_by_id(transaction.connection()?, id.uuid()).await?;
    let Some(request) = context.seen(Class::Inventory, RecordType::SupplyRequest, found) else {
        return Ok(Err(NotFound::new("request").into()));
    };
    if request.version != version {
        return Ok(Err(VersionConflict::new(request.version).into()));
    }
    Ok(Ok(request))
}

/// Somebody else changed the request since it was read.
async fn overtaken<P, T, R>(
    transaction: &mut Transaction<'_, P>,
    id: Id<SupplyRequest>,
) -> Result<std::result::Result<T, R>>
where
    P: Serialize + DeserializeOwned,
    R: From<VersionConflict>,
{
    let found = request_by_id(transaction.connection()?, id.uuid()).await?;
    let request = found.ok_or_else(|| Error::internal("a request that was read is not there"))?;
    Ok(Err(VersionConflict::new(request.version).into()))
}

/// Asks for goods.
pub(super) async fn request_supplies(
    context: Context,
    input: RequestSupplies,
) -> Result<RequestSuppliesResult> {
    let mut transaction = begin!(&context, "donations.requestSupplies", &input, RequestSuppliesResult);
    let done = request(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn request(
    context: &Context,
    transaction: &mut Transaction<'_, RequestSuppliesPayload>,
    input: &RequestSupplies,
) -> Result<std::result::Result<Done<RequestSuppliesPayload>, RequestSuppliesResult>> {
    let refused = |argument: &str, message: &str| Ok(Err(InvalidValue::new(argument, message).into()));
    if !(1..=LINES).contains(&input.lines.len()) {
        return refused("lines", "A request has 1 to 200 lines.");
    }
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    if input.needed_by.is_some_and(|day| day < context.day_of(context.now())) {
        return refused("neededBy", "That day is past.");
    }
    let Some(store) = store_by_id(context, transaction.connection()?, input.location).await? else {
        return Ok(Err(NotFound::new("location").into()));
    };
    let new = SupplyRequest {
        id: Id::new(context.new_uuid()?),
        code: String::new(),
        state: SupplyRequestState::Submitted,
        needed_by: input.needed_by,
        note: input.note.clone(),
        requested_at: context.now(),
        decided_at: None,
        decision_note: None,
        closed_at: None,
        version: 1,
        location_id: store.id.uuid(),
        shelter: store.shelter,
    };
    context.authorize_write(Class::Inventory, RecordType::SupplyRequest, &new)?;
    let wanted: Vec<_> = input.lines.iter().map(|line| line.item.uuid()).collect();
    let items = items_within_reach(context, transaction.connection()?, &wanted).await?;
    for (place, line) in input.lines.iter().enumerate() {
        let Some(item) = items.iter().find(|item| item.id == line.item) else {
            return Ok(Err(NotFound::new(&format!("lines.{place}.item")).into()));
        };
        let problem = if line.quantity.unit != item.unit {
            Some(("quantity", format!("This item counts in {}.", item.unit.as_str())))
        } else if line.quantity.amount <= 0 {
            Some(("quantity", "A line asks for one unit or more.".to_owned()))
        } else if wanted.iter().take(place).any(|earlier| *earlier == line.item.uuid()) {
            Some(("item", "This item stands in another line already. Ask for all of it in one.".to_owned()))
        } else {
            None
        };
        if let Some((field, message)) = problem {
            return refused(&format!("lines.{place}.{field}"), &message);
        }
    }
    let row = (
        supply_requests::id.eq(new.id),
        supply_requests::programme_id.eq(context.programme_id()),
        supply_requests::location_id.eq(new.location_id),
        supply_requests::needed_by.eq(new.needed_by),
        supply_requests::note.eq(new.note.clone()),
        supply_requests::requested_at.eq(new.requested_at),
        supply_requests::user_id.eq(context.actor()?.user),
    );
    let making = diesel::insert_into(supply_requests::table).values(row);
    Prepared(making).execute(transaction.connection()?).await?;
    let mut ids = Vec::with_capacity(wanted.len());
    for _ in &wanted {
        ids.push(context.new_uuid()?);
    }
    let lining = diesel::sql_query(
        "INSERT INTO supply_request_lines (id, request_id, item_id, requested) \
         SELECT line, $1, item, amount FROM unnest($2, $3, $4) AS lines (line, item, amount)",
    )
    .bind::<SqlUuid, _>(new.id.uuid())
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<SqlUuid>, _>(wanted)
    .bind::<Array<Integer>, _>(input.lines.iter().map(|line| line.quantity.amount).collect::<Vec<_>>());
    Prepared(lining).execute(transaction.connection()?).await?;
    changed(context, transaction, new.id).await
}

/// Decides on a request. Who may decide is not who asks: a shelter's lead does not approve what that shelter is to get.
pub(super) async fn decide_request(context: Context, input: DecideRequest) -> Result<DecideRequestResult> {
    let mut transaction = begin!(&context, "donations.decideRequest", &input, DecideRequestResult);
    let done = decide(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn decide(
    context: &Context,
    transaction: &mut Transaction<'_, DecideRequestPayload>,
    input: &DecideRequest,
) -> Result<std::result::Result<Done<DecideRequestPayload>, DecideRequestResult>> {
    if let Some(problem) = refuse_text("note", input.note.as_deref()) {
        return Ok(Err(problem.into()));
    }
    let request = match found(context, transaction, input.request, input.version).await? {
        Ok(request) => request,
        Err(refused) => return Ok(Err(refused)),
    };
    context.authorize_write(Class::Inventory, RecordType::SupplyDecision, &request)?;
    if request.state != SupplyRequestState::Submitted {
        return Ok(Err(StateConflict::new("This request was decided already, or is closed.").into()));
    }
    let lines = requested_lines(transaction.connection()?, request.id.uuid()).await?;
    let mut approved: Vec<_> = lines.iter().map(|line| (line.item_id, line.requested.amount)).collect();
    for (place, less) in input.lines.iter().flatten().enumerate() {
        let line = lines.iter().find(|line| line.item_id == less.item.uuid());
        let share = approved.iter_mut().find(|(item, _)| *item == less.item.uuid());
        let (Some(line), Some((_, amount))) = (line, share) else {
            return Ok(Err(NotFound::new(&format!("lines.{place}.item")).into()));
        };
        let asked = line.requested;
        if less.quantity.unit != asked.unit || !(0..=asked.amount).contains(&less.quantity.amount) {
            let message =
                format!("Of this item 0 to {} {} can be approved.", asked.amount, asked.unit.as_str());
            return Ok(Err(InvalidValue::new(&format!("lines.{place}.quantity"), &message).into()));
        }
        *amount = less.quantity.amount;
    }
    let (items, amounts): (Vec<_>, Vec<_>) = approved.iter().copied().unzip();
    let approving = diesel::sql_query(
        "UPDATE supply_request_lines SET approved = amount FROM unnest($2, $3) AS lines (item, amount) \
         WHERE request_id = $1 AND item_id = item",
    )
    .bind::<SqlUuid, _>(request.id.uuid())
    .bind::<Array<SqlUuid>, _>(items)
    .bind::<Array<Integer>, _>(amounts);
    let state = if approved.iter().all(|(_, amount)| *amount == 0) {
        SupplyRequestState::Refused
    } else {
        SupplyRequestState::Approved
    };
    let at_version =
        supply_requests::table.find(request.id).filter(supply_requests::version.eq(input.version));
    let deciding = diesel::update(at_version).set((
        supply_requests::state.eq(state),
        supply_requests::decided_at.eq(context.now()),
        supply_requests::decided_by.eq(context.actor()?.user),
        supply_requests::decision_note.eq(input.note.clone()),
    ));
    let approved = Prepared(approving).execute(transaction.connection()?).await;
    let decided = match approved {
        Ok(_) => Prepared(deciding).execute(transaction.connection()?).await,
        Err(error) => Err(error),
    };
    match decided {
        Ok(0) => overtaken(transaction, request.id).await,
        Ok(_) => changed(context, transaction, request.id).await,
        Err(error) if constraint(&error) == Some("supply_requests_decided_once") => {
            Ok(Err(StateConflict::new("This request was decided already, or is closed.").into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Closes a request: withdrawn before it was decided, or left unfinished.
pub(super) async fn close_request(context: Context, input: CloseRequest) -> Result<CloseRequestResult> {
    let mut transaction = begin!(&context, "donations.closeRequest", &input, CloseRequestResult);
    let done = close(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, CloseRequestPayload>,
    input: &CloseRequest,
) -> Result<std::result::Result<Done<CloseRequestPayload>, CloseRequestResult>> {
    let request = match found(context, transaction, input.request, input.version).await? {
        Ok(request) => request,
        Err(refused) => return Ok(Err(refused)),
    };
    context.authorize_write(Class::Inventory, RecordType::SupplyRequest, &request)?;
    let at_version =
        supply_requests::table.find(request.id).filter(supply_requests::version.eq(input.version));
    let closing = diesel::update(at_version).set((
        supply_requests::state.eq(SupplyRequestState::Closed),
        supply_requests::closed_at.eq(context.now()),
    ));
    match Prepared(closing).execute(transaction.connection()?).await {
        Ok(0) => overtaken(transaction, request.id).await,
        Ok(_) => changed(context, transaction, request.id).await,
        Err(error) if constraint(&error) == Some("supply_requests_decided_once") => {
            Ok(Err(StateConflict::new("This request is over already.").into()))
        }
        Err(error) => Err(error.into()),
    }
}
