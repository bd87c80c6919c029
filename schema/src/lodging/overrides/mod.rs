//! That somebody lies in a bed that does not suit them: one user asks for it and says why, another approves it, and within hours it is
//! used once. The database holds that the two are two.

mod approve;
mod load;
mod request;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use self::approve::{ApprovePlacementOverridePayload, approve_placement_override};
use self::request::{RequestPlacementOverridePayload, request_placement_override};
use crate::census::{self, Judged, Person, judged};
use crate::graph::{Graph, record};
use crate::journal::Change;
use crate::scalars::Id;
use crate::shelters::{self, Space};

pub(super) use load::approved_in;
pub(crate) use load::overrides_of;

/// How long it may be approved and used.
const LASTS: TimeDelta = TimeDelta::hours(12);

record! {
    /// That a person may lie in a space that is kept for others, or in a bed there that does not meet their needs: once, and while it is
    /// in force. It is told to those who may know where people of that space's shelter are placed.
    pub struct PlacementOverride: "PlacementOverride" as Person, id "placement_override" {
        /// Global id.
        id: Id<PlacementOverride> => Public identifying,
        /// Why, without a name.
        reason: String => Placement,
        /// When it was asked for.
        requested_at: DateTime<Utc> => Placement,
        /// When another user approved it; null while nobody has.
        approved_at: Option<DateTime<Utc>> => Placement,
        /// Until when it may be approved and used.
        ends_at: DateTime<Utc> => Placement,
        /// Whether somebody was checked in by it.
        used: bool => Placement,
        /// What those share that were asked for together.
        request_id: Uuid,
        /// Who would lie there.
        person_id: Uuid,
        /// The space.
        space_id: Uuid,
        /// Who asked.
        requested_by: Uuid,
        /// Who approved it.
        approved_by: Option<Uuid>,
        /// The person, as one who lodges there.
        judged: Judged,
    }
}

judged!(PlacementOverride);

/// In the journal, of one person: somebody asks that they may lie where they would not. Who asks stands in the entry's own header.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OverrideRequested {
    placement_override: Uuid,
    space: Uuid,
    shelter: String,
    reason: String,
    ends_at: DateTime<Utc>,
}

impl Change for OverrideRequested {
    const NAME: &'static str = "lodging.overrideRequested";
}

/// In the journal, of one person: another user approved it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OverrideApproved {
    placement_override: Uuid,
    requested_by: Uuid,
    approved_by: Uuid,
}

impl Change for OverrideApproved {
    const NAME: &'static str = "lodging.overrideApproved";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<PlacementOverride>(|of| {
        of.one(
            "person",
            Class::Identity,
            "Who would lie there; null where the caller may not see them.",
            |of| Some(of.person_id),
            census::persons_by_ids,
            |person: &Person| person.id.uuid(),
        )
        .in_scope::<Person>()
        .one(
            "space",
            Class::Placement,
            "The space.",
            |of| Some(of.space_id),
            shelters::spaces_by_ids,
            |space: &Space| space.id.uuid(),
        )
    });
    graph.node::<PlacementOverride, _, _>(Class::Placement, load::by_ids);
    graph.object::<RequestPlacementOverridePayload>(|payload| {
        payload
            .many(
                "overrides",
                Class::Placement,
                "One for each of them, by registration. Another user approves them.",
                |payload| Some(payload.request_id),
                load::of_requests,
                |of: &PlacementOverride| of.request_id,
            )
            .in_scope::<PlacementOverride>()
    });
    graph.object::<ApprovePlacementOverridePayload>(|payload| {
        payload
            .many(
                "overrides",
                Class::Placement,
                "All that were asked for together, as they are now.",
                |payload| Some(payload.request_id),
                load::of_requests,
                |of: &PlacementOverride| of.request_id,
            )
            .in_scope::<PlacementOverride>()
    });
    graph
        .query(
            "placementOverrides",
            Class::Placement,
            "What is asked or approved and can still be approved or used, oldest first, 500 at most. Needs a purpose.",
        )
        .list(load::open_overrides);
    graph
        .mutation(
            "requestPlacementOverride",
            Class::Operational,
            "Asks that people may lie in a space though it is kept for others, or though its beds do not meet their needs. Another user \
             approves it. For whoever writes their PLACEMENT too; needs a purpose.",
        )
        .either(RecordType::Space, request_placement_override);
    graph
        .mutation(
            "approvePlacementOverride",
            Class::Operational,
            "Approves what another user asked for: `checkIn` and `transferStay` take it once, until it ends. For whoever writes PLACEMENT \
             there too, save whoever asked; needs a purpose.",
        )
        .either(RecordType::Space, approve_placement_override);
}
