//! Reads of overrides. Each is scoped as its person is, taken for one who lodges in the shelter that it is of.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::PlacementOverride;
use crate::access::{InScope, Members};
use crate::census::tables::persons;
use crate::census::{Judged, PersonFacts, Standing, person_facts};
use crate::context::Context;
use crate::error::Result;
use crate::graph::input;
use crate::lodging::tables::placement_overrides;
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::{shelters, spaces};

/// Its row: times, keys, and what policies turn on.
type Row = (
    (Uuid, Uuid, Uuid, Uuid),
    (String, DateTime<Utc>, Option<DateTime<Utc>>, DateTime<Utc>, bool),
    (Uuid, Option<Uuid>),
    (String, Standing, Vec<String>),
);

/// Which overrides.
enum Of {
    Keys(Vec<Uuid>),
    Requests(Vec<Uuid>),
    People(Vec<Uuid>),
    /// Those that may still be approved or used, everywhere or in one shelter.
    Open(Option<Uuid>),
}

/// How many are listed.
const MOST: i64 = 500;

const USED: &str = "EXISTS (SELECT FROM stays WHERE override_id = placement_overrides.id)";

/// Overrides as far as the caller may see them, oldest first, and those of one request by registration.
async fn overrides_where(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    of: Of,
) -> Result<Vec<PlacementOverride>> {
    let Some(scope) = context.personal_scope(Class::Placement, RecordType::Person)? else {
        return Ok(Vec::new());
    };
    let at = scope.at();
    // The shelter that is joined is the space's: there the person would lodge.
    let query = placement_overrides::table
        .inner_join(persons::table)
        .inner_join(spaces::table.inner_join(shelters::table))
        .filter(placement_overrides::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order((placement_overrides::requested_at, placement_overrides::person_id))
        .select((
            (
                placement_overrides::id,
                placement_overrides::request_id,
                placement_overrides::person_id,
                placement_overrides::space_id,
            ),
            (
                placement_overrides::reason,
                placement_overrides::requested_at,
                placement_overrides::approved_at,
                placement_overrides::ends_at,
                sql::<Bool>(USED),
            ),
            (placement_overrides::requested_by, placement_overrides::approved_by),
            (
                shelters::code,
                (persons::adult_from, persons::withheld),
                Members::new(person_facts, Fact::SharedWith, at),
            ),
        ))
        .into_boxed::<Pg>();
    let query = match of {
        Of::Keys(keys) => query.filter(placement_overrides::id.eq_any(keys)),
        Of::Requests(requests) => query.filter(placement_overrides::request_id.eq_any(requests)),
        Of::People(people) => query.filter(placement_overrides::person_id.eq_any(people)),
        Of::Open(shelter) => {
            let open = query
                .filter(placement_overrides::ends_at.gt(context.now()))
                .filter(diesel::dsl::not(sql::<Bool>(USED)))
                .limit(MOST);
            match shelter {
                Some(shelter) => open.filter(spaces::shelter_id.eq(shelter)),
                None => open,
            }
        }
    };
    let rows: Vec<Row> = query.load(connection).await?;
    context.discloses(rows.iter().map(|((_, _, person, ..), ..)| *person));
    let of_row = |(keys, said, (requested_by, approved_by), (shelter, standing, shared_with)): Row| {
        let (id, request_id, person_id, space_id) = keys;
        let (reason, requested_at, approved_at, ends_at, used) = said;
        let facts = PersonFacts::new(Some(shelter), standing, shared_with, at);
        PlacementOverride {
            id: Id::new(id),
            reason,
            requested_at,
            approved_at,
            ends_at,
            used,
            request_id,
            person_id,
            space_id,
            requested_by,
            approved_by,
            judged: Judged::new(person_id, facts),
        }
    };
    let mut found: Vec<PlacementOverride> = rows.into_iter().map(of_row).collect();
    context.hide_order(&mut found, |of| of.person_id);
    Ok(found)
}

/// Overrides by key.
pub(super) async fn by_ids(context: Context, keys: Vec<Uuid>) -> Result<Vec<PlacementOverride>> {
    let reader = context.reader().await?;
    overrides_where(&context, &mut &*reader, Of::Keys(keys)).await
}

/// Those that were asked for together.
pub(super) async fn of_requests(context: Context, requests: Vec<Uuid>) -> Result<Vec<PlacementOverride>> {
    let reader = context.reader().await?;
    overrides_where(&context, &mut &*reader, Of::Requests(requests)).await
}

/// Those of some people.
pub(crate) async fn overrides_of(context: Context, people: Vec<Uuid>) -> Result<Vec<PlacementOverride>> {
    let reader = context.reader().await?;
    overrides_where(&context, &mut &*reader, Of::People(people)).await
}

input! {
    /// Which overrides.
    pub struct PlacementOverridesArguments {
        /// Only those of this shelter.
        pub shelter: Option<Id<Shelter>>,
    }
}

/// What may still be approved or used.
pub(super) async fn open_overrides(
    context: Context,
    arguments: PlacementOverridesArguments,
) -> Result<Vec<PlacementOverride>> {
    let reader = context.reader().await?;
    overrides_where(&context, &mut &*reader, Of::Open(arguments.shelter.map(Id::uuid))).await
}

/// Overrides by key, as a transaction sees them.
pub(super) async fn overrides_in(
    context: &Context,
    connection: &AsyncPgConnection,
    keys: &[Uuid],
) -> Result<Vec<PlacementOverride>> {
    overrides_where(context, &mut &*connection, Of::Keys(keys.to_vec())).await
}

/// Those of some overrides that may be used now, as a transaction sees them. Who may check people in there may see them.
pub(in crate::lodging) async fn approved_in(
    context: &Context,
    connection: &AsyncPgConnection,
    keys: &[Uuid],
) -> Result<Vec<PlacementOverride>> {
    let mut found = overrides_in(context, connection, keys).await?;
    found.retain(|of| of.approved_at.is_some() && !of.used && of.ends_at > context.now());
    Ok(found)
}
