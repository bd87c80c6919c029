//! Shelters in the schema.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use enlace_policies::{Class, Fact, RecordType};

use crate::agencies::{self, Agency};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Changes, Facts, Graph, NoArguments, Record, input, record};
use crate::journal::Entry;
use crate::lodging::{self, Bed};
use crate::scalars::Id;
use crate::shelters::facility::{self, FacilityCheck};
use crate::shelters::loans::{self, CentreLoan};
use crate::shelters::opening::{CloseShelterPayload, OpenShelterPayload, close_shelter, open_shelter};
use crate::shelters::operations::{AdjustOccupancyPayload, OccupancyAdjusted, adjust_occupancy};
use crate::shelters::{Centre, Shelter, Space, load};

record! {
    /// A change of how full a shelter is. The message's `extensions.stream.index` is its place in the journal.
    pub struct ShelterCapacityChange: "ShelterCapacityChange" as Space {
        /// How many the space lodged before. In a snapshot, how many it lodges.
        previously_occupied: i32 => Operational,
        /// When it happened. In a snapshot, when it was last counted.
        occurred_at: DateTime<Utc> => Operational,
        /// The space after the change.
        space: Space,
    }
}

impl Facts for ShelterCapacityChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.space.fact(fact)
    }
}

input! {
    /// Which shelter to follow.
    pub struct ShelterCapacityChangedArguments {
        /// One shelter; all where it is left out.
        pub shelter: Option<Id<Shelter>>,
    }
}

fn capacity_change(
    arguments: &ShelterCapacityChangedArguments,
    entry: &Entry,
) -> Result<Option<ShelterCapacityChange>> {
    let Some(OccupancyAdjusted { space, previously, occurred_at }) = entry.change()? else { return Ok(None) };
    let wanted = arguments.shelter.is_none_or(|shelter| shelter.uuid() == space.shelter_id);
    Ok(wanted.then_some(ShelterCapacityChange { previously_occupied: previously, occurred_at, space }))
}

/// How full the shelters are: nothing was before, and it happened when it was counted.
fn capacities<'c>(
    arguments: &'c ShelterCapacityChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<ShelterCapacityChange>>> {
    async move {
        let spaces = load::spaces_at(context, connection, arguments.shelter.map(Id::uuid)).await?;
        let capacity = |space: Space| ShelterCapacityChange {
            previously_occupied: space.occupied,
            occurred_at: space.counted_at,
            space,
        };
        Ok(spaces.into_iter().map(capacity).collect())
    }
    .boxed()
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Centre>(|centre| {
        centre
            .one(
                "lender",
                Class::Operational,
                "The agency that lends it in comodato; null where the operator owns it.",
                |centre| centre.lender_id,
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .many(
                "loans",
                Class::Operational,
                "Its loans, newest first; none where the operator owns it.",
                |centre| Some(centre.id.uuid()),
                loans::of_centres,
                |loan: &CentreLoan| loan.centre_id,
            )
    });
    graph.object::<Shelter>(|shelter| {
        shelter
            .one(
                "centre",
                Class::Operational,
                "The centre that it is.",
                |shelter| Some(shelter.centre_id),
                load::centres_by_ids,
                |centre: &Centre| centre.id.uuid(),
            )
            .many_or_whole(
                "spaces",
                Class::Operational,
                "Its spaces with their capacity and occupancy, by code.",
                |shelter| Some(shelter.id.uuid()),
                load::spaces_of,
                load::all_spaces,
                |space: &Space| space.shelter_id,
            )
            .one(
                "facilityState",
                Class::Operational,
                "In what state it was found last; null where nobody has looked.",
                |shelter| Some(shelter.id.uuid()),
                facility::newest_of_shelters,
                |check: &FacilityCheck| check.shelter_id,
            )
    });
    graph.object::<Space>(|space| {
        space
            .one(
                "shelter",
                Class::Operational,
                "The shelter that it is in.",
                |space| Some(space.shelter_id),
                load::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "beds",
                Class::Operational,
                "Its beds, by code; none where it counts its people itself. `Query.beds` shows them page by page.",
                |space| Some(space.id.uuid()),
                lodging::beds_of_spaces,
                |bed: &Bed| bed.space_id,
            )
    });
    changes(graph);
    graph.node::<Centre, _, _>(Class::Public, load::centres_by_ids);
    graph.node::<Shelter, _, _>(Class::Public, load::by_ids);
    graph.node::<Space, _, _>(Class::Operational, load::spaces_by_ids);
    loans::register(graph);
    facility::register(graph);
    openings(graph);
    graph
        .query("shelters", Class::Public, "The shelters of the programme, by code.")
        .list(|context: Context, _: NoArguments| load::all(context));
    graph
        .query("centres", Class::Public, "The community centres of the programme, by code.")
        .list(|context: Context, _: NoArguments| load::all_centres(context));
    graph
        .mutation(
            "adjustOccupancy",
            Class::Operational,
            "Records how many people a space without beds lodges, by the shelter's own count.",
        )
        .either(RecordType::Space, adjust_occupancy);
    graph
        .subscription(
            "shelterCapacityChanged",
            Class::Operational,
            "Each change of how full a shelter is, as it is committed.",
        )
        .events(
            Changes::new(capacity_change)
                .of_states(|change| vec![change.space.id.uuid()])
                .with_snapshot(capacities),
        );
}

/// How full a shelter is, once that has changed.
fn changes(graph: &mut Graph) {
    graph.object::<AdjustOccupancyPayload>(|payload| {
        payload.carries("space", Class::Operational, "The space as it is now.", |payload| {
            Some(payload.space.clone())
        })
    });
    graph.object::<ShelterCapacityChange>(|change| {
        change
            .carries("space", Class::Operational, "The space after the change.", |change| {
                Some(change.space.clone())
            })
            .one(
                "shelter",
                Class::Operational,
                "The shelter that the space is in.",
                |change| Some(change.space.shelter_id),
                load::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
    });
}

/// How shelters open and close.
fn openings(graph: &mut Graph) {
    shelter_payload::<OpenShelterPayload>(graph);
    shelter_payload::<CloseShelterPayload>(graph);
    graph
        .mutation(
            "openShelter",
            Class::Operational,
            "Opens a centre as a shelter, with its spaces and its store.",
        )
        .either(RecordType::Shelter, open_shelter);
    graph
        .mutation(
            "closeShelter",
            Class::Operational,
            "Closes a shelter that lodges nobody and in which no bed is held. It is not opened again: its centre is, as another shelter.",
        )
        .either(RecordType::Shelter, close_shelter);
}

fn shelter_payload<P: Record + AsRef<Shelter>>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload.carries("shelter", Class::Operational, "The shelter as it is now.", |payload| {
            Some(payload.as_ref().clone())
        })
    });
}
