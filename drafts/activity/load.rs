//! Reads of who does what where.

use chrono::Days;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::{Activity, ActivityKind, ActivitySector, ActivityStatus};
use crate::agencies::Agency;
use crate::context::Context;
use crate::coordination::tables::activities;
use crate::error::Result;
use crate::graph::input;
use crate::scalars::Id;
use crate::shelters::Shelter;

/// For how many days after it was recorded last something counts as going on.
const FORTNIGHT: u64 = 14;

input! {
    /// Which activities.
    pub struct ActivitiesArguments {
        /// Only those of this agency.
        pub agency: Option<Id<Agency>>,
        /// Only those in this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those in this sector.
        pub sector: Option<ActivitySector>,
        /// Only those of this kind.
        pub kind: Option<ActivityKind>,
        /// Only those that stand so.
        pub status: Option<ActivityStatus>,
    }
}

/// Who does what where, by sector, kind, agency and shelter.
pub(super) async fn activities(context: Context, arguments: ActivitiesArguments) -> Result<Vec<Activity>> {
    let today = context.instant().day;
    let recent = today - Days::new(FORTNIGHT);
    // What was agreed lasts until its last day, and what was recorded is taken to go on for a fortnight.
    let goes_on = format!(
        "(CASE WHEN until IS NULL OR until >= CASE WHEN agreed THEN '{today}'::date ELSE '{recent}'::date END THEN 'ONGOING' ELSE 'ENDED' END)"
    );
    let status = || sql::<Text>(&goes_on);
    let mut query = activities::table
        .filter(activities::programme_id.eq(context.programme_id()))
        .filter(activities::since.le(today))
        .order((activities::sector, activities::kind, activities::agency_id, activities::shelter_id))
        .select((
            activities::sector,
            activities::kind,
            activities::since,
            activities::until,
            status(),
            activities::agency_id,
            activities::shelter_id,
        ))
        .into_boxed::<Pg>();
    if let Some(agency) = arguments.agency {
        query = query.filter(activities::agency_id.eq(agency));
    }
    if let Some(shelter) = arguments.shelter {
        query = query.filter(activities::shelter_id.eq(shelter));
    }
    if let Some(sector) = arguments.sector {
        query = query.filter(activities::sector.eq(sector));
    }
    if let Some(kind) = arguments.kind {
        query = query.filter(activities::kind.eq(kind));
    }
    if let Some(wanted) = arguments.status {
        query = query.filter(status().eq(wanted));
    }
    Ok(query.load(&mut &*context.reader().await?).await?)
}
