//! Reads of vaccinations, scoped to the caller.

use diesel::prelude::*;
use uuid::Uuid;

use super::Vaccination;
use crate::context::Context;
use crate::error::Result;
use crate::health::care::{Care, Found, found};
use crate::health::tables::care_records;
use crate::scalars::Id;

/// A vaccination, opened; none of another record of care.
fn vaccination(found: Found) -> Option<(Uuid, Vaccination)> {
    let Care::Vaccination(given) = found.care else { return None };
    let shown = Vaccination {
        id: Id::new(found.id),
        vaccine: given.vaccine,
        dose: given.dose,
        given_at: given.given_at,
        place: given.place,
        lot_id: given.lot,
        person_id: found.person,
        person: found.person.to_string(),
    };
    Some((found.person, shown))
}

/// The vaccinations of some people, as they were given.
pub(crate) async fn vaccinations_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Vaccination>> {
    found(&context, |query| query.filter(care_records::person_id.eq_any(people)), vaccination).await
}

/// Vaccinations by key.
pub(super) async fn vaccinations_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Vaccination>> {
    found(&context, |query| query.filter(care_records::id.eq_any(ids)), vaccination).await
}
