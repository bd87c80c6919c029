//! Proposals where people are to lodge. Each explains itself: what speaks for it and what against, of the beds, of the family, of the
//! room that is left. They take nothing: whoever checks in by one finds out whether its beds are still free.

mod load;
mod plan;

use uuid::Uuid;

use enlace_policies::Class;

use super::{Bed, load as beds};
use crate::census::{self, BedNeed, Household, Judged, Person, judged};
use crate::graph::{Graph, graphql_enum, input, record};
use crate::scalars::Id;
use crate::shelters::{self, Shelter};

/// How many people are asked about at once.
const MOST: usize = 20;
/// How many proposals there are where nobody says, and at most.
const PROPOSALS: (i32, i32) = (5, 20);

graphql_enum! {
    /// What speaks for a proposal, or against it.
    pub enum PlacementGround {
        /// Each is placed for the segment of their space.
        SegmentFits = "SEGMENT_FITS",
        /// Some are placed for another segment than that of their space.
        SegmentOther = "SEGMENT_OTHER",
        /// Each bed meets what its person needs.
        NeedsMet = "NEEDS_MET",
        /// Some need something that their bed has not.
        NeedsUnmet = "NEEDS_UNMET",
        /// All of them lie in one space.
        OneSpace = "ONE_SPACE",
        /// They lie in several spaces of one shelter.
        OneShelter = "ONE_SHELTER",
        /// They lie in several shelters: no open one has a free bed for each of them.
        Apart = "APART",
        /// Others of their household lodge in this shelter.
        KinInShelter = "KIN_IN_SHELTER",
        /// Others of their household lodge in the same centre.
        KinInCentre = "KIN_IN_CENTRE",
        /// Others of their household lodge elsewhere.
        KinElsewhere = "KIN_ELSEWHERE",
        /// Beds stay free in these spaces.
        RoomLeft = "ROOM_LEFT",
        /// No bed stays free in these spaces.
        LastBeds = "LAST_BEDS",
    }
}

impl PlacementGround {
    /// How much it speaks against a proposal: for each person, need, further space or further shelter. A family that is parted weighs
    /// more than any bed that does not suit.
    fn weight(self) -> i32 {
        match self {
            Self::Apart => 10_000,
            Self::KinElsewhere => 5_000,
            Self::SegmentOther => 100,
            Self::NeedsUnmet => 40,
            Self::KinInCentre => 20,
            Self::OneShelter => 10,
            Self::LastBeds => 1,
            Self::SegmentFits | Self::NeedsMet | Self::OneSpace | Self::KinInShelter | Self::RoomLeft => 0,
        }
    }

    /// Says it, of so many people or beds.
    fn text(self, count: i32) -> String {
        match self {
            Self::SegmentFits => "Each is placed for the segment of their space.".to_owned(),
            Self::SegmentOther => format!("Placed for another segment than that of their space: {count}."),
            Self::NeedsMet => "Each bed meets what its person needs.".to_owned(),
            Self::NeedsUnmet => format!("In a bed without something that they need: {count}."),
            Self::OneSpace => "All of them lie in one space.".to_owned(),
            Self::OneShelter => "They lie in several spaces of one shelter.".to_owned(),
            Self::Apart => {
                "They lie in several shelters: no open one has a free bed for each of them. Checking in needs a reason.".to_owned()
            }
            Self::KinInShelter => format!("Of their household lodge in this shelter: {count}."),
            Self::KinInCentre => format!("Of their household lodge in another shelter of this centre: {count}."),
            Self::KinElsewhere => format!("Of their household lodge elsewhere: {count}. Checking in needs a reason."),
            Self::RoomLeft => format!("Free beds that are left in these spaces: {count}."),
            Self::LastBeds => "No free bed is left in these spaces.".to_owned(),
        }
    }
}

input! {
    /// Who is to lodge, named in one of three ways, and how many proposals are wanted.
    pub struct PlacementProposalsArguments {
        /// A household: everyone of it who lies in no bed, by registration.
        pub household: Option<Id<Household>> => Family,
        /// People, 20 at most, whether or not they lie in a bed now.
        pub persons: Option<Vec<Id<Person>>>,
        /// The pickup code that a household shows where it comes: it is for everyone of it who lies in no bed, by registration.
        pub pickup_code: Option<String>,
        /// How many proposals, 1 to 20; 5 where it is left out.
        pub first: Option<i32>,
    }
}

record! {
    /// Free beds for people who are to lodge together, with what speaks for them and against them.
    pub struct PlacementProposal: "PlacementProposal" as Person {
        /// How much speaks against it: the sum of its reasons' penalties. Those with less come first.
        penalty: i32 => Placement,
        /// How many beds would stay free in its spaces.
        room_left: i32 => Placement,
        /// What speaks for it, and what against.
        reasons: Vec<PlacementReason>,
        /// The beds.
        places: Vec<ProposedPlace>,
        /// The shelter.
        shelter_id: Uuid,
        /// The first of them, as one who lodges there.
        judged: Judged,
    }
}

record! {
    /// What speaks for a proposal, or against it.
    pub struct PlacementReason: "PlacementReason" as Person {
        /// What it is.
        ground: PlacementGround => Placement,
        /// The same in words.
        text: String => Placement,
        /// How many people it concerns; of the room that is left, how many beds.
        count: i32 => Placement,
        /// How much it speaks against the proposal; 0 where it speaks for it.
        penalty: i32 => Placement,
        /// As its proposal has it.
        judged: Judged,
    }
}

record! {
    /// A bed that is proposed for a person.
    pub struct ProposedPlace: "ProposedPlace" as Person {
        /// Whether its space is kept for the person's segment.
        segment_fits: bool => Placement,
        /// What the person needs and the bed has not.
        unmet_needs: Vec<BedNeed> => Placement,
        /// Who would lie in it.
        person_id: Uuid,
        /// The bed.
        bed_id: Uuid,
        /// The person, as one who lodges there.
        judged: Judged,
    }
}

judged!(PlacementProposal PlacementReason ProposedPlace);

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<PlacementReason>(|reason| reason);
    graph.object::<ProposedPlace>(|place| {
        place
            .one(
                "person",
                Class::Identity,
                "Who would lie in it; null where the caller may not see them.",
                |place| Some(place.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "bed",
                Class::Placement,
                "The bed.",
                |place| Some(place.bed_id),
                beds::beds_by_ids,
                |bed: &Bed| bed.id.uuid(),
            )
    });
    graph.object::<PlacementProposal>(|proposal| {
        proposal
            .one(
                "shelter",
                Class::Placement,
                "The shelter; where they would lie apart, that of the first of them.",
                |proposal| Some(proposal.shelter_id),
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .carries_many(
                "places",
                Class::Placement,
                "A bed for each of them: in the order in which they were named, or of their registration. `checkIn` takes the beds so.",
                |proposal| proposal.places.clone(),
            )
            .carries_many(
                "reasons",
                Class::Placement,
                "What speaks for it, and what against.",
                |proposal| proposal.reasons.clone(),
            )
    });
    graph
        .query(
            "placementProposals",
            Class::Placement,
            "Where people could lodge together, best first: free beds of open shelters, within the caller's reach. It takes none of \
             them. None where there are not enough beds, or where somebody who is named is out of reach. Needs a purpose.",
        )
        .list(load::placement_proposals);
}
