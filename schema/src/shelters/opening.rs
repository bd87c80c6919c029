//! Opening a centre as a shelter, and closing it again. What was closed is opened anew, as another shelter.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use enlace_policies::{Class, RecordType};

use super::load::{centre_in, shelter_in};
use super::tables::{shelters, spaces};
use super::{Centre, Segment, Shelter};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;

/// How many spaces a shelter has at most.
const MOST: usize = 50;

input! {
    /// A space of a shelter that opens.
    pub struct NewSpace {
        /// Its code, unique in the shelter: 1 to 20 capitals, digits and hyphens.
        pub code: String,
        /// For whom it is kept.
        pub segment: Segment,
        /// How many people it can lodge, 1 to 2,000.
        pub capacity: i32,
    }
}

input! {
    /// A centre, and the shelter that it becomes.
    pub struct OpenShelter {
        /// The centre; one in which no shelter is open.
        pub centre: Id<Centre>,
        /// The shelter's code, unique in the programme: 1 to 20 capitals, digits and hyphens. It stays.
        pub code: String,
        /// Its name, 3 to 120 characters.
        pub name: String,
        /// The day it opens; today, where it is left out.
        pub opened_on: Option<NaiveDate>,
        /// Its spaces, 1 to 50.
        pub spaces: Vec<NewSpace>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

input! {
    /// A shelter that lodges nobody any more.
    pub struct CloseShelter {
        /// The shelter.
        pub shelter: Id<Shelter>,
        /// The day it closes; today, where it is left out.
        pub closed_on: Option<NaiveDate>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A shelter, opened.
    pub struct OpenShelterPayload: "OpenShelterPayload" as Shelter {
        /// The shelter.
        shelter: Shelter,
    }
}

payload! {
    /// A shelter, closed.
    pub struct CloseShelterPayload: "CloseShelterPayload" as Shelter {
        /// The shelter as it is now.
        shelter: Shelter,
    }
}

union! {
    /// The shelter, opened; or why it was not.
    pub enum OpenShelterResult {
        Payload(OpenShelterPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

union! {
    /// The shelter, closed; or why it was not.
    pub enum CloseShelterResult {
        Payload(CloseShelterPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a centre was opened as a shelter.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShelterOpened {
    shelter: Shelter,
    spaces: Vec<NewSpace>,
}

impl Change for ShelterOpened {
    const NAME: &'static str = "shelters.shelterOpened";
}

/// In the journal: a shelter was closed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShelterClosed {
    shelter: Shelter,
}

impl Change for ShelterClosed {
    const NAME: &'static str = "shelters.shelterClosed";
}

/// Opens a centre as a shelter. The database holds that one is open in a centre at a time.
pub(super) async fn open_shelter(context: Context, input: OpenShelter) -> Result<OpenShelterResult> {
    let mut transaction = begin!(&context, "shelters.openShelter", &input, OpenShelterResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenShelterPayload>,
    input: &OpenShelter,
) -> Result<std::result::Result<Done<OpenShelterPayload>, OpenShelterResult>> {
    let today = context.instant().day;
    let opened_on = input.opened_on.unwrap_or(today);
    if let Some(problem) = refused(input, opened_on, today) {
        return Ok(Err(problem.into()));
    }
    let Some(centre) = centre_in(context, transaction.connection()?, input.centre.uuid()).await? else {
        return Ok(Err(NotFound::new("centre").into()));
    };
    let shelter = Shelter {
        id: Id::new(context.new_uuid()?),
        code: input.code.clone(),
        name: input.name.trim().to_owned(),
        opened_on,
        closed_on: None,
        centre_id: centre.id.uuid(),
    };
    context.authorize_write(Class::Operational, RecordType::Shelter, &shelter)?;
    let mut rows = Vec::with_capacity(input.spaces.len());
    for space in &input.spaces {
        rows.push((
            spaces::id.eq(context.new_uuid()?),
            spaces::programme_id.eq(context.programme_id()),
            spaces::shelter_id.eq(shelter.id),
            spaces::code.eq(&space.code),
            spaces::segment.eq(space.segment),
            spaces::capacity.eq(space.capacity),
            spaces::counted_at.eq(context.now()),
        ));
    }
    let row = (
        shelters::id.eq(shelter.id),
        shelters::programme_id.eq(context.programme_id()),
        shelters::centre_id.eq(centre.id),
        shelters::code.eq(&shelter.code),
        shelters::name.eq(&shelter.name),
        shelters::opened_on.eq(opened_on),
    );
    // Its store, where its goods lie.
    let store = diesel::sql_query(
        "INSERT INTO locations (id, programme_id, code, name, kind, shelter_id) VALUES ($1, $2, 'TDA-' || $3, $4, 'SHELTER_STORE', $5)",
    )
    .bind::<SqlUuid, _>(context.new_uuid()?)
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Text, _>(&shelter.code)
    .bind::<Text, _>(&shelter.name)
    .bind::<SqlUuid, _>(shelter.id.uuid());
    let connection = transaction.connection()?;
    let written = async {
        diesel::insert_into(shelters::table).values(row).execute(connection).await?;
        diesel::insert_into(spaces::table).values(rows).execute(connection).await?;
        store.execute(connection).await
    };
    if let Err(error) = written.await {
        let refused = match constraint(&error) {
            Some("shelters_one_open_in_centre") => {
                StateConflict::new("A shelter is open in this centre. Close it first.").into()
            }
            Some("centres_not_returned") => {
                StateConflict::new("This centre was given back to its lender. Record a new loan of it first.")
                    .into()
            }
            Some("shelters_code_key" | "locations_code_key") => {
                InvalidValue::new("code", "Another shelter has this code.").into()
            }
            Some("spaces_code_key") => {
                InvalidValue::new("spaces", "The code of a space is unique in its shelter.").into()
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(refused));
    }
    let change = ShelterOpened { shelter, spaces: input.spaces.clone() };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.shelter.into() }))
}

/// Whether a text is a code: 1 to 20 capitals, digits and hyphens.
fn is_code(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Which value is out of its range, and what to do about it.
fn refused(input: &OpenShelter, opened_on: NaiveDate, today: NaiveDate) -> Option<InvalidValue> {
    if !is_code(&input.code) || !input.spaces.iter().all(|space| is_code(&space.code)) {
        return Some(InvalidValue::new("code", "A code has 1 to 20 capitals, digits and hyphens."));
    }
    if !(3..=120).contains(&input.name.trim().chars().count()) {
        return Some(InvalidValue::new("name", "A name has 3 to 120 characters."));
    }
    if opened_on > today {
        return Some(InvalidValue::new("openedOn", "A shelter opens today, or has opened before."));
    }
    let fits = (1..=MOST).contains(&input.spaces.len())
        && input.spaces.iter().all(|space| (1..=2_000).contains(&space.capacity));
    (!fits).then(|| InvalidValue::new("spaces", "A shelter has 1 to 50 spaces, each for 1 to 2,000 people."))
}

/// Closes a shelter. The database holds that nobody lodges there and no bed is held.
pub(super) async fn close_shelter(context: Context, input: CloseShelter) -> Result<CloseShelterResult> {
    let mut transaction = begin!(&context, "shelters.closeShelter", &input, CloseShelterResult);
    let done = close(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn close(
    context: &Context,
    transaction: &mut Transaction<'_, CloseShelterPayload>,
    input: &CloseShelter,
) -> Result<std::result::Result<Done<CloseShelterPayload>, CloseShelterResult>> {
    let Some(mut shelter) = shelter_in(context, transaction.connection()?, input.shelter.uuid()).await?
    else {
        return Ok(Err(NotFound::new("shelter").into()));
    };
    context.authorize_write(Class::Operational, RecordType::Shelter, &shelter)?;
    let today = context.instant().day;
    let closed_on = input.closed_on.unwrap_or(today);
    if closed_on > today {
        return Ok(Err(InvalidValue::new("closedOn", "This cannot be of the future.").into()));
    }
    let closing = diesel::update(shelters::table.find(shelter.id)).set(shelters::closed_on.eq(closed_on));
    if let Err(error) = closing.execute(transaction.connection()?).await {
        let refused = match constraint(&error) {
            Some("shelters_closed_empty") => StateConflict::new(
                "Somebody lodges there, or beds are held. Check everyone out or transfer them, and release the holds.",
            )
            .into(),
            Some("shelters_closed_once") => {
                StateConflict::new("This shelter is closed. Open the centre anew.").into()
            }
            Some("shelters_period") => {
                InvalidValue::new("closedOn", "A shelter closes on or after the day it opened.").into()
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(refused));
    }
    shelter.closed_on = Some(closed_on);
    let change = ShelterClosed { shelter };
    let changes = vec![Part::of(Class::Operational, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.shelter.into() }))
}
