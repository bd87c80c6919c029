//! Reads of births, scoped to the caller.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{BIRTH, Birth, Delivered, birth_facts};
use crate::access::InScope;
use crate::context::Context;
use crate::error::Result;
use crate::health::pregnancies::births_by_pregnancies;
use crate::health::tables::births;
use crate::scalars::Id;

/// A birth's row, still sealed.
type BirthRow = (Uuid, Uuid, Uuid, DateTime<Utc>, Vec<u8>);

async fn births_where(
    context: Context,
    narrow: impl FnOnce(births::BoxedQuery<'static, Pg>) -> births::BoxedQuery<'static, Pg>,
) -> Result<Vec<Birth>> {
    let Some(scope) = context.personal_scope(Class::Health, RecordType::Diagnosis)? else {
        return Ok(Vec::new());
    };
    let query = narrow(births::table.into_boxed())
        .filter(InScope::new(&scope, birth_facts))
        .order((births::born_at, births::id));
    let reader = context.reader().await?;
    let rows: Vec<BirthRow> = query.load(&mut &*reader).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    let birth = |(id, person_id, delivery_id, born_at, sealed): BirthRow| {
        let delivered: Option<Delivered> = keys.open(person_id, BIRTH, &sealed)?;
        Ok(Birth {
            id: Id::new(id),
            born_at,
            order: delivered.as_ref().map(|of| of.order),
            weight_grams: delivered.as_ref().and_then(|of| of.weight_grams),
            lodging: delivered.as_ref().map(|of| of.lodging),
            person_id,
            mother_id: delivered.as_ref().map(|of| of.mother),
            pregnancy_id: delivered.map(|of| of.pregnancy),
            delivery_id,
            person: person_id.to_string(),
        })
    };
    let mut found: Vec<Birth> = rows.into_iter().map(birth).collect::<Result<_>>()?;
    found.sort_by_key(|birth| (birth.born_at, birth.delivery_id, birth.order));
    Ok(found)
}

/// The births of some people: their own.
pub(crate) async fn births_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Birth>> {
    births_where(context, |query| query.filter(births::person_id.eq_any(people))).await
}

/// Births by key.
pub(super) async fn births_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Birth>> {
    births_where(context, |query| query.filter(births::id.eq_any(ids))).await
}

/// Those who were born together.
pub(super) async fn births_of_deliveries(context: Context, deliveries: Vec<Uuid>) -> Result<Vec<Birth>> {
    births_where(context, |query| query.filter(births::delivery_id.eq_any(deliveries))).await
}

/// Those who were born of some pregnancies.
pub(in crate::health) async fn births_of_pregnancies(
    context: Context,
    pregnancies: Vec<Uuid>,
) -> Result<Vec<Birth>> {
    let ids = births_by_pregnancies(&context, pregnancies).await?;
    births_by_ids(context, ids).await
}
