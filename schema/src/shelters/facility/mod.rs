//! In what state a shelter is: clean, sanitised, with toilets that can be used and showers that are hot. Each check stays; the newest is
//! the shelter's state.

mod load;
mod record;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use self::record::{RecordFacilityCheckPayload, record_facility_check};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, input, record};
use crate::journal::{Change, Entry};
use crate::scalars::Id;
use crate::shelters::{Shelter, load as shelters};

pub(super) use load::newest_of_shelters;

record! {
    /// In what state somebody found a shelter.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct FacilityCheck: "FacilityCheck" as Shelter, id "facility_check" {
        /// Global id.
        id: Id<FacilityCheck> => Public,
        /// When it was looked at.
        checked_at: DateTime<Utc> => Operational,
        /// Whether it was clean.
        clean: bool => Operational,
        /// Whether it was sanitised.
        sanitised: bool => Operational,
        /// Whether the toilets could be used.
        toilets_usable: bool => Operational,
        /// Whether the showers were hot.
        hot_showers: bool => Operational,
        /// What else is to be said.
        note: Option<String> => Operational,
        /// The shelter.
        shelter_id: Uuid,
        /// Its code.
        shelter: String,
    }
}

impl Facts for FacilityCheck {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Shelter).then_some(&self.shelter)
    }
}

/// In the journal: a shelter was checked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FacilityChecked {
    check: FacilityCheck,
}

impl Change for FacilityChecked {
    const NAME: &'static str = "shelters.facilityChecked";
}

input! {
    /// Which shelter to follow.
    pub struct FacilityCheckedArguments {
        /// One shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn checked(arguments: &FacilityCheckedArguments, entry: &Entry) -> Result<Option<FacilityCheck>> {
    let Some(FacilityChecked { check }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.shelter.is_none_or(|shelter| shelter.uuid() == check.shelter_id);
    Ok(wanted.then_some(check))
}

/// The newest check of each shelter.
fn states<'c>(
    arguments: &'c FacilityCheckedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<FacilityCheck>>> {
    load::newest_in(context, connection, arguments.shelter.map(Id::uuid)).boxed()
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<FacilityCheck>(|check| {
        check.one(
            "shelter",
            Class::Operational,
            "The shelter.",
            |check| Some(check.shelter_id),
            shelters::by_ids,
            |shelter: &Shelter| shelter.id.uuid(),
        )
    });
    graph.object::<RecordFacilityCheckPayload>(|payload| {
        payload.carries("check", Class::Operational, "The check.", |payload| Some(payload.as_ref().clone()))
    });
    graph.node::<FacilityCheck, _, _>(Class::Operational, load::by_ids);
    graph
        .query(
            "facilityChecks",
            Class::Operational,
            "In what state shelters were found, page by page, in the order of their recording: `last` gives the newest.",
        )
        .connection(
            ConnectionKind {
                node: "FacilityCheck",
                connection: "FacilityCheckConnection",
                edge: "FacilityCheckEdge",
            },
            load::facility_checks,
        );
    graph
        .mutation("recordFacilityCheck", Class::Operational, "Records in what state a shelter is.")
        .either(RecordType::Shelter, record_facility_check);
    graph
        .subscription(
            "facilityChecked",
            Class::Operational,
            "Each check of a shelter's state, as it is committed.",
        )
        .events(Changes::new(checked).of_states(|check| vec![check.shelter_id]).with_snapshot(states));
}
