//! Reads of pregnancies, scoped to the caller.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::controls::TERM;
use super::{Gestation, LASTS, Pregnancy};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::health::care::{Care, Found, found, slot};
use crate::health::tables::care_records;
use crate::scalars::Id;
use crate::vault::Keys;

/// A pregnancy, opened; none of another record of care.
fn pregnancy(found: Found) -> Option<(Uuid, (Pregnancy, Vec<Uuid>))> {
    let Care::Pregnancy(gestation) = found.care else { return None };
    let shown = Pregnancy {
        id: Id::new(found.id),
        recorded_at: found.recorded_at,
        last_period_on: gestation.began_on,
        due_on: gestation.began_on.map(|began| began + TERM),
        controls_rule: gestation.rule,
        note: gestation.note,
        ended_at: gestation.ended_at,
        ending: gestation.ending,
        ending_note: gestation.ending_note,
        version: gestation.version,
        person_id: found.person,
        person: found.person.to_string(),
    };
    Some((found.person, (shown, gestation.births)))
}

/// Pregnancies, each with the keys of its births.
pub(super) async fn pregnancies(
    context: &Context,
    narrow: impl FnOnce(care_records::BoxedQuery<'static, Pg>) -> care_records::BoxedQuery<'static, Pg>,
) -> Result<Vec<(Pregnancy, Vec<Uuid>)>> {
    found(context, narrow, pregnancy).await
}

fn alone(found: Vec<(Pregnancy, Vec<Uuid>)>) -> Vec<Pregnancy> {
    found.into_iter().map(|(pregnancy, _)| pregnancy).collect()
}

/// The pregnancies of some people, oldest first.
pub(crate) async fn pregnancies_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Pregnancy>> {
    Ok(alone(pregnancies(&context, |query| query.filter(care_records::person_id.eq_any(people))).await?))
}

/// Pregnancies by key.
pub(in crate::health) async fn pregnancies_by_ids(
    context: Context,
    ids: Vec<Uuid>,
) -> Result<Vec<Pregnancy>> {
    Ok(alone(pregnancies(&context, |query| query.filter(care_records::id.eq_any(ids))).await?))
}

/// The births of some pregnancies.
pub(in crate::health) async fn births_by_pregnancies(context: &Context, ids: Vec<Uuid>) -> Result<Vec<Uuid>> {
    let found = pregnancies(context, |query| query.filter(care_records::id.eq_any(ids))).await?;
    Ok(found.into_iter().flat_map(|(_, births)| births).collect())
}

/// A pregnancy that lasts, held until the transaction ends.
pub(in crate::health) struct Open {
    pub(in crate::health) id: Uuid,
    pub(in crate::health) gestation: Gestation,
}

/// The one pregnancy of a person that lasts. The person is held, so that none begins meanwhile.
pub(in crate::health) async fn open_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    person: Uuid,
    keys: &Keys,
) -> Result<Option<Open>> {
    let query = care_records::table
        .filter(care_records::slot.eq(slot(context.vault().search_key(), person, LASTS)))
        .select((care_records::id, care_records::record))
        .for_no_key_update();
    let found: Option<(Uuid, Vec<u8>)> = query.first(connection).await.optional()?;
    let Some((id, record)) = found else { return Ok(None) };
    match Care::open(keys, person, &record)? {
        Some(Care::Pregnancy(gestation)) => Ok(Some(Open { id, gestation })),
        Some(Care::Vaccination(_)) | None => {
            Err(Error::internal("the record in a pregnancy's slot does not open"))
        }
    }
}
