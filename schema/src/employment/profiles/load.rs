//! Reads of work profiles, scoped as their person is; whom they show is noted.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::{Abilities, WORK_PROFILE, WorkProfile};
use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactRow, PersonFacts, fact_columns, person_facts};
use crate::context::Context;
use crate::employment::tables::work_profiles;
use crate::error::Result;
use crate::scalars::Id;
use crate::shelters::tables::shelters;

/// Which profiles.
enum Of {
    People(Vec<Uuid>),
    Keys(Vec<Uuid>),
}

/// A profile's row: its key, its person's, what is sealed, when it was said, its version, and the facts of the person.
type Row = (Uuid, Uuid, Vec<u8>, DateTime<Utc>, i32, FactRow);

async fn profiles_where(context: &Context, of: Of) -> Result<Vec<WorkProfile>> {
    let Some(scope) = context.personal_scope(Class::Employment, RecordType::WorkProfile)? else {
        return Ok(Vec::new());
    };
    let at = scope.at();
    let query = work_profiles::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(work_profiles::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order(work_profiles::id)
        .select((
            work_profiles::id,
            work_profiles::person_id,
            work_profiles::profile,
            work_profiles::recorded_at,
            work_profiles::version,
            fact_columns(at),
        ))
        .into_boxed::<Pg>();
    let query = match of {
        Of::People(people) => query.filter(work_profiles::person_id.eq_any(people)),
        Of::Keys(keys) => query.filter(work_profiles::id.eq_any(keys)),
    };
    let rows: Vec<Row> = query.load(&mut &*context.reader().await?).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.1).collect()).await?;
    context.discloses(rows.iter().map(|row| row.1));
    rows.into_iter()
        .map(|(id, person_id, sealed, recorded_at, version, facts)| {
            let said: Option<Abilities> = keys.open(person_id, WORK_PROFILE, &sealed)?;
            Ok(WorkProfile {
                id: Id::new(id),
                experience_years: said.as_ref().map(|said| said.experience_years),
                available_from: said.as_ref().map(|said| said.available_from),
                work_permit: said.as_ref().map(|said| said.work_permit),
                skills: said.as_ref().map(|said| said.skills.clone()),
                languages: said.as_ref().map(|said| said.languages.clone()),
                shifts: said.as_ref().map(|said| said.shifts.clone()),
                occupation: said.and_then(|said| said.occupation),
                recorded_at,
                version,
                person_id,
                person: PersonFacts::of(facts, at),
            })
        })
        .collect()
}

/// The profiles of some people.
pub(in crate::employment) async fn profiles_of(
    context: Context,
    people: Vec<Uuid>,
) -> Result<Vec<WorkProfile>> {
    profiles_where(&context, Of::People(people)).await
}

/// Profiles by key.
pub(super) async fn profiles_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<WorkProfile>> {
    profiles_where(&context, Of::Keys(ids)).await
}

/// The key and the version of a person's profile, as a transaction sees it.
pub(super) async fn profile_in(
    connection: &mut AsyncPgConnection,
    person: Uuid,
) -> Result<Option<(Uuid, i32)>> {
    let query = work_profiles::table.filter(work_profiles::person_id.eq(person));
    Ok(query.select((work_profiles::id, work_profiles::version)).first(connection).await.optional()?)
}
