//! Reads of vaccinations, scoped to the caller.

use diesel::pg::Pg;
use diesel::prelude::*;
use uuid::Uuid;

use super::Vaccination;
use crate::context::Context;
use crate::error::Result;
use crate::health::care::{Care, Found, found};
use crate::health::tables::care_records;
use crate::scalars::Id;

type Query = care_records::BoxedQuery<'static, Pg>;

/// A vaccination, opened; none of another record of care.
fn vaccination(found: Found) -> Option<(Uuid, Vaccination)> {
    let Care::Vaccination(given) = found.care else { return None };
    let shown = Vaccination {
        id: Id::new(found.id),
        vaccine: given.vaccine,
        dose: given.dose,
        given_at: given.given_at,
        place: given.place,
        declared_day: given.declared.map(|declared| declared.day),
        proof: given.declared.map(|declared| declared.proof),
        lot_id: given.lot,
        person_id: found.person,
        person: found.person.to_string(),
    };
    Some((found.person, shown))
}

/// The vaccinations of some people, as they were given.
pub(crate) async fn vaccinations_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Vaccination>> {
    let of_people = |query: Query| query.filter(care_records::person_id.eq_any(people));
    let mut given = found(&context, of_people, vaccination).await?;
    // Those that were declared are recorded later than they were given.
    given.sort_by_key(|vaccination| vaccination.given_at);
    Ok(given)
}

/// Vaccinations by key.
pub(super) async fn vaccinations_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Vaccination>> {
    found(&context, |query| query.filter(care_records::id.eq_any(ids)), vaccination).await
}
