//! Planning departures, planning them anew, and cancelling them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::settle::{
    CancelDeparturePayload, PlanDeparturePayload, ReplanDeparturePayload, Seen, Settled, changeable, done,
    settle,
};
use super::tables::departures;
use super::{DESTINATION, Departure, DeparturePlanned, DepartureState, Destination, DestinationInput};
use crate::census::tables::episodes;
use crate::census::{Held, MERGED, Person, TAKES_NOTHING, erased, held_all, needs, touched};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, union};
use crate::housing::{Lease, live_there};
use crate::journal::{Done, Part, Transaction, begin, constraint};
use crate::lodging::hold_households;
use crate::problem::{
    IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict, each_once, refuse_text,
};
use crate::scalars::Id;

/// What is said where departures are no plan any more.
pub(super) const NOT_PLANNED: &str = "One of these departures was confirmed or cancelled already.";

input! {
    /// People who are to go, together.
    pub struct PlanDeparture {
        /// Who goes, 1 to 50 people.
        pub persons: Vec<Id<Person>>,
        /// The programme's day on which they are to go, today or later.
        pub planned_on: NaiveDate,
        /// Where to, and how.
        pub destination: DestinationInput,
        /// The lease by which their households live there on that day. For whoever reads HOUSING.
        pub lease: Option<Id<Lease>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Departures that are to be otherwise.
    pub struct ReplanDeparture {
        /// The departures, of one party; planned ones.
        pub departures: Vec<Id<Departure>>,
        /// The version that the caller saw of each, in the same order.
        pub versions: Vec<i32>,
        /// The programme's day on which they are to go, today or later; as before, where it is left out.
        pub planned_on: Option<NaiveDate>,
        /// Where to, and how; as before, where it is left out.
        pub destination: Option<DestinationInput>,
        /// The lease by which their households live there on that day; goes with a destination. For whoever reads HOUSING.
        pub lease: Option<Id<Lease>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// Departures that are not to be.
    pub struct CancelDeparture {
        /// The departures, of one party; planned ones.
        pub departures: Vec<Id<Departure>>,
        /// The version that the caller saw of each, in the same order.
        pub versions: Vec<i32>,
        /// Why, 3 to 500 characters; no name of anyone.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

union! {
    /// The departures, planned; or why they were not.
    pub enum PlanDepartureResult {
        Payload(PlanDeparturePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The departures, planned anew; or why they were not.
    pub enum ReplanDepartureResult {
        Payload(ReplanDeparturePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The departures, cancelled; or why they were not.
    pub enum CancelDepartureResult {
        Payload(CancelDeparturePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Plans departures. The database holds that each is of somebody who is here, and that one at most is planned for them.
pub(super) async fn plan_departure(context: Context, input: PlanDeparture) -> Result<PlanDepartureResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "departures.planDeparture", &input, PlanDepartureResult);
    let done = plan(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn plan(
    context: &Context,
    transaction: &mut Transaction<'_, PlanDeparturePayload>,
    input: &PlanDeparture,
) -> Result<std::result::Result<Done<PlanDeparturePayload>, PlanDepartureResult>> {
    let people = match each_once("persons", "person", &input.persons) {
        Ok(people) => people,
        Err(problem) => return Ok(Err(problem.into())),
    };
    if let Err(problem) = checked(context, Some(input.planned_on), Some(&input.destination), input.lease) {
        return Ok(Err(problem.into()));
    }
    hold_households(transaction.connection()?, &people).await?;
    let held = held_all(context, transaction.connection()?, &people).await?;
    if held.len() < people.len() {
        return Ok(Err(NotFound::new("persons").into()));
    }
    for person in &held {
        context.authorize_write(Class::Identity, RecordType::Person, &person.judged)?;
        if person.merged_into.is_some() {
            return Ok(Err(StateConflict::new(MERGED).into()));
        }
    }
    if let Some(lease) = input.lease {
        let on = input.planned_on;
        if let Err(refused) = live_there(context, transaction.connection()?, lease, (&people, on)).await? {
            return Ok(Err(refused));
        }
    }
    let here = episodes::table
        .filter(episodes::person_id.eq_any(&people))
        .filter(episodes::ended_on.is_null())
        .select((episodes::person_id, episodes::id));
    let here: Vec<(Uuid, Uuid)> = here.load(transaction.connection()?).await?;
    let keys = context.vault().keys(people).await?;
    let party = context.new_uuid()?;
    let destination = input.destination.sealed(input.lease);
    let mut changes = Vec::with_capacity(held.len().saturating_add(1));
    for Held { id: person, .. } in &held {
        let Some((_, episode)) = here.iter().find(|(whose, _)| whose == person) else {
            let message = "One of them is not here any more. Open an episode for who came back.";
            return Ok(Err(StateConflict::new(message).into()));
        };
        if !keys.have(*person) {
            return Ok(Err(erased().into()));
        }
        let departure = context.new_uuid()?;
        let row = (
            departures::id.eq(departure),
            departures::programme_id.eq(context.programme_id()),
            departures::person_id.eq(person),
            departures::episode_id.eq(episode),
            departures::party_id.eq(party),
            departures::planned_on.eq(input.planned_on),
            departures::plan.eq(keys.seal(*person, DESTINATION, context.random_bytes()?, &destination)?),
            departures::recorded_at.eq(context.now()),
            departures::user_id.eq(context.actor()?.user),
        );
        let planning = diesel::insert_into(departures::table).values(row);
        if let Err(error) = planning.execute(transaction.connection()?).await {
            let message = match constraint(&error) {
                Some("departures_one_at_a_time") => {
                    "A departure is planned for one of them already. Plan that one anew, or cancel it."
                }
                Some("departures_of_who_is_here") => "One of them is not here on that day.",
                Some(TAKES_NOTHING) => MERGED,
                _ => return Err(error.into()),
            };
            return Ok(Err(StateConflict::new(message).into()));
        }
        changes.push(planned(*person, departure, input.planned_on, destination.clone())?);
    }
    changes.push(touched(held.iter().map(|held| held.id).collect(), context.now())?);
    let [one, ..] = held.as_slice() else { return Ok(Err(NotFound::new("persons").into())) };
    let payload = PlanDeparturePayload::new(party, one.judged.clone());
    Ok(Ok(Done { occurred_at: context.now(), changes, payload }))
}

/// Whether a day and a destination can be planned now.
fn checked(
    context: &Context,
    planned_on: Option<NaiveDate>,
    destination: Option<&DestinationInput>,
    lease: Option<Id<Lease>>,
) -> std::result::Result<(), InvalidValue> {
    let today = context.day_of(context.now());
    let to_come = planned_on.is_none_or(|day| day >= today);
    needs(to_come, "plannedOn", "A departure is planned for today or later.")?;
    match destination {
        Some(destination) => destination.check(lease),
        None => needs(lease.is_none(), "lease", "A lease goes with a destination: say that too."),
    }
}

/// What the journal says of a plan.
fn planned(person: Uuid, departure: Uuid, planned_on: NaiveDate, destination: Destination) -> Result<Part> {
    let change = DeparturePlanned { departure, planned_on, destination };
    Part::of(Class::Identity, Some(person), &change)
}

/// Plans departures anew.
pub(super) async fn replan_departure(
    context: Context,
    input: ReplanDeparture,
) -> Result<ReplanDepartureResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "departures.replanDeparture", &input, ReplanDepartureResult);
    let done = replan(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn replan(
    context: &Context,
    transaction: &mut Transaction<'_, ReplanDeparturePayload>,
    input: &ReplanDeparture,
) -> Result<std::result::Result<Done<ReplanDeparturePayload>, ReplanDepartureResult>> {
    if let Err(problem) = checked(context, input.planned_on, input.destination.as_ref(), input.lease) {
        return Ok(Err(problem.into()));
    }
    let needs = (DepartureState::Planned, NOT_PLANNED);
    let found = match changeable(
        context,
        transaction,
        Seen { departures: &input.departures, versions: &input.versions },
        needs,
    )
    .await?
    {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(lease) = input.lease {
        for departure in &found {
            let on = input.planned_on.unwrap_or(departure.planned_on);
            let one = [departure.person_id];
            if let Err(refused) = live_there(context, transaction.connection()?, lease, (&one, on)).await? {
                return Ok(Err(refused));
            }
        }
    }
    let keys = context.vault().keys(found.iter().map(|departure| departure.person_id).collect()).await?;
    let mut changes = Vec::with_capacity(found.len().saturating_add(1));
    for departure in &found {
        let person = departure.person_id;
        let before = before(departure);
        let (Some(destination), true) =
            (input.destination.as_ref().map(|to| to.sealed(input.lease)).or(before), keys.have(person))
        else {
            return Ok(Err(erased().into()));
        };
        let planned_on = input.planned_on.unwrap_or(departure.planned_on);
        diesel::update(departures::table.find(departure.id))
            .set((
                departures::planned_on.eq(planned_on),
                departures::plan.eq(keys.seal(person, DESTINATION, context.random_bytes()?, &destination)?),
                departures::recorded_at.eq(context.now()),
                departures::user_id.eq(context.actor()?.user),
            ))
            .execute(transaction.connection()?)
            .await?;
        changes.push(planned(person, departure.id.uuid(), planned_on, destination)?);
    }
    done(&found, context.now(), changes, ReplanDeparturePayload::new)
}

/// Where somebody was to go, and how; none where their key is gone.
fn before(departure: &Departure) -> Option<Destination> {
    Some(Destination {
        kind: departure.destination?,
        country: departure.country.clone()?,
        place: departure.place.clone(),
        transport: departure.transport?,
        lease: departure.lease_id,
    })
}

/// Cancels departures.
pub(super) async fn cancel_departure(
    context: Context,
    input: CancelDeparture,
) -> Result<CancelDepartureResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "departures.cancelDeparture", &input, CancelDepartureResult);
    let done = cancel(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn cancel(
    context: &Context,
    transaction: &mut Transaction<'_, CancelDeparturePayload>,
    input: &CancelDeparture,
) -> Result<std::result::Result<Done<CancelDeparturePayload>, CancelDepartureResult>> {
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let needs = (DepartureState::Planned, NOT_PLANNED);
    let found = match changeable(
        context,
        transaction,
        Seen { departures: &input.departures, versions: &input.versions },
        needs,
    )
    .await?
    {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let at: DateTime<Utc> = context.now();
    let settled =
        Settled { state: DepartureState::Cancelled, departed_at: None, reason: Some(&input.reason) };
    match settle(context, transaction, &found, &settled).await? {
        Ok(changes) => done(&found, at, changes, CancelDeparturePayload::new),
        Err(refused) => Ok(Err(refused)),
    }
}
