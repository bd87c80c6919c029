//! Reads of visits of the press, which are open to whoever may read their class.

use chrono::NaiveDate;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use super::{PressVisit, PressVisitState};
use crate::context::Context;
use crate::coordination::tables::press_visits;
use crate::error::Result;
use crate::graph::{Connection, Wanted, input};
use crate::paging::{asked, page};
use crate::scalars::Id;
use crate::shelters::Shelter;
use crate::shelters::tables::shelters;

#[diesel::dsl::auto_type]
fn columns() -> _ {
    (
        press_visits::id,
        press_visits::code,
        press_visits::medium,
        press_visits::purpose,
        press_visits::visitors,
        press_visits::starts_at,
        press_visits::ends_at,
        press_visits::starts_on,
        press_visits::journalists,
        press_visits::contact,
        press_visits::state,
        press_visits::conditions,
        press_visits::reason,
        press_visits::proposed_at,
        press_visits::decided_at,
        press_visits::closed_at,
        press_visits::version,
        press_visits::shelter_id,
        press_visits::escort_id,
        shelters::code,
    )
}

/// Visits by key.
pub(super) async fn visits_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<PressVisit>> {
    let query = press_visits::table
        .inner_join(shelters::table)
        .filter(press_visits::id.eq_any(ids))
        .select(columns());
    Ok(query.load(&mut &*context.reader().await?).await?)
}

/// A visit of the programme, as a transaction sees it.
pub(super) async fn visit_in(
    context: &Context,
    connection: &mut AsyncPgConnection,
    id: Uuid,
) -> Result<Option<PressVisit>> {
    let query = press_visits::table
        .inner_join(shelters::table)
        .filter(press_visits::id.eq(id))
        .filter(press_visits::programme_id.eq(context.programme_id()))
        .select(columns());
    Ok(query.first(connection).await.optional()?)
}

input! {
    /// Which visits of the press, and which page of them. They come in the order in which they were proposed.
    pub struct PressVisitsArguments {
        /// Only those to this shelter.
        pub shelter: Option<Id<Shelter>>,
        /// Only those that stand so.
        pub state: Option<PressVisitState>,
        /// Only those that begin on this day.
        pub day: Option<NaiveDate>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// What selects visits: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    shelter: Option<Uuid>,
    state: Option<PressVisitState>,
    day: Option<NaiveDate>,
}

/// Visits of the press, page by page.
pub(super) async fn visits(
    context: Context,
    arguments: PressVisitsArguments,
    wanted: Wanted,
) -> Result<Connection<PressVisit>> {
    let selects = Selects {
        programme: context.programme_id(),
        shelter: arguments.shelter.map(Id::uuid),
        state: arguments.state,
        day: arguments.day,
    };
    let (binding, window) = asked!(context, arguments, "pressVisits", &selects);
    let selected = || {
        let mut query = press_visits::table
            .inner_join(shelters::table)
            .filter(press_visits::programme_id.eq(selects.programme))
            .into_boxed::<Pg>();
        if let Some(shelter) = selects.shelter {
            query = query.filter(press_visits::shelter_id.eq(shelter));
        }
        if let Some(state) = selects.state {
            query = query.filter(press_visits::state.eq(state));
        }
        if let Some(day) = selects.day {
            query = query.filter(press_visits::starts_on.eq(day));
        }
        query
    };
    page!(
        context,
        (binding, window),
        wanted,
        selected,
        by_key(press_visits::id),
        columns(),
        |visit: &PressVisit| visit.id.uuid()
    )
}
