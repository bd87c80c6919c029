use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::census::Placement;

const NEEDS: [BedNeed; 4] = [BedNeed::LowerBed, BedNeed::Cot, BedNeed::NearToilets, BedNeed::Apart];
const SEGMENTS: [Segment; 3] = [Segment::FamilyNucleus, Segment::Pregnancy, Segment::ChronicIllness];

fn needs(bits: u8) -> Vec<BedNeed> {
    (0..4).filter(|bit| bits & (1 << bit) != 0).map(|bit| NEEDS[bit]).collect()
}

fn guest(segment: Segment, bed_needs: Vec<BedNeed>) -> Guest {
    let placement = Some(Placement { segment, bed_needs });
    Guest { placement, beside_pregnant: false }
}

/// A space of a shelter with beds that suit these needs; of shelters with neighbouring numbers the centre is the same.
fn room(shelter: u128, space: u128, segment: Segment, beds: &[Vec<BedNeed>]) -> Room {
    let key = |place: u128| Uuid::from_u128(1_000_000 + shelter * 10_000 + space * 100 + place);
    let bed = |(place, suits): (usize, &Vec<BedNeed>)| FreeBed {
        id: key(1 + place as u128),
        code: format!("B-{place:02}"),
        suits: suits.clone(),
    };
    Room {
        id: key(0),
        code: format!("S-{space}"),
        segment,
        site: site(shelter),
        free: beds.len(),
        beds: beds.iter().enumerate().map(bed).collect(),
    }
}

fn site(shelter: u128) -> Site {
    let centre = Uuid::from_u128(500 + shelter / 2);
    Site { id: Uuid::from_u128(shelter), code: format!("ALB-{shelter:02}"), centre }
}

fn grounds(plan: &Plan) -> Vec<PlacementGround> {
    plan.reasons.iter().map(|reason| reason.ground).collect()
}

#[test]
fn a_family_gets_the_space_of_its_segment_with_what_each_needs() {
    let family = [
        guest(Segment::FamilyNucleus, vec![]),
        guest(Segment::FamilyNucleus, vec![BedNeed::LowerBed]),
        guest(Segment::FamilyNucleus, vec![BedNeed::Cot]),
    ];
    let plain = [vec![], vec![], vec![]];
    let fitted = [vec![BedNeed::Cot], vec![BedNeed::LowerBed], vec![], vec![]];
    let rooms = [
        room(1, 1, Segment::ChronicIllness, &fitted),
        room(2, 1, Segment::FamilyNucleus, &plain),
        room(3, 1, Segment::FamilyNucleus, &fitted),
    ];
    let plans = propose(&family, &[], &rooms, 5);
    let sites: Vec<&str> = plans.iter().map(|plan| plan.site.code.as_str()).collect();
    assert_eq!(sites, ["ALB-03", "ALB-02", "ALB-01"]);
    assert_eq!(grounds(&plans[0]), [SegmentFits, NeedsMet, OneSpace, RoomLeft]);
    assert_eq!(plans.iter().map(Plan::penalty).collect::<Vec<_>>(), [0, 81, 300]);
    assert!(plans[0].places.iter().all(|place| place.fit.is_good()));
}

#[test]
fn kin_who_lodge_elsewhere_weigh_more_than_any_bed() {
    let late = [guest(Segment::FamilyNucleus, vec![BedNeed::Cot])];
    let rooms = [
        room(1, 1, Segment::ChronicIllness, &[vec![], vec![]]),
        room(2, 1, Segment::FamilyNucleus, &[vec![BedNeed::Cot], vec![]]),
        room(3, 1, Segment::FamilyNucleus, &[vec![BedNeed::Cot], vec![]]),
    ];
    let at = |shelter: u128| Kin { shelter: site(shelter).id, centre: site(shelter).centre };
    let plans = propose(&late, &[at(1)], &rooms, 5);
    assert_eq!(plans[0].site.code, "ALB-01");
    assert_eq!(grounds(&plans[0]), [SegmentOther, NeedsUnmet, KinInShelter, RoomLeft]);
    let plans = propose(&late, &[at(3)], &rooms[..2], 5);
    assert_eq!(grounds(&plans[0]), [SegmentFits, NeedsMet, KinInCentre, RoomLeft]);
    assert!(grounds(&plans[1]).contains(&KinElsewhere));
}

#[test]
fn those_with_a_pregnant_woman_lie_where_she_does() {
    let mut family =
        [guest(Segment::Pregnancy, vec![]), guest(Segment::FamilyNucleus, vec![])].map(|mut guest| {
            guest.beside_pregnant = true;
            guest
        });
    let rooms = [room(1, 1, Segment::Pregnancy, &[vec![], vec![]])];
    assert_eq!(propose(&family, &[], &rooms, 1)[0].penalty(), 1);
    family[1].beside_pregnant = false;
    assert_eq!(propose(&family, &[], &rooms, 1)[0].penalty(), 101);
}

/// Whether each guest can have a bed of its own among these that suits it: the most of them who can, by trying all ways.
fn most_suited(guests: &[Guest], room: &Room, taken: &mut BTreeSet<usize>) -> usize {
    let Some((guest, rest)) = guests.split_first() else { return 0 };
    let mut most = most_suited(rest, room, taken);
    for (place, bed) in room.beds.iter().enumerate() {
        if Fit::of(guest, room.segment, &bed.suits).is_good() && taken.insert(place) {
            most = most.max(1 + most_suited(rest, room, taken));
            taken.remove(&place);
        }
    }
    most
}

fn some_guests(most: usize) -> impl Strategy<Value = Vec<Guest>> {
    let one = (0..SEGMENTS.len(), 0_u8..16, any::<bool>());
    prop::collection::vec(one, 1..=most).prop_map(|guests| {
        let guest = |(segment, bits, beside): (usize, u8, bool)| {
            let mut guest = guest(SEGMENTS[segment], needs(bits));
            guest.beside_pregnant = beside;
            guest
        };
        guests.into_iter().map(guest).collect()
    })
}

fn some_rooms() -> impl Strategy<Value = Vec<Room>> {
    let beds = prop::collection::vec(0_u8..16, 1..5);
    let one = ((1_u128..5, 1_u128..4), (0..SEGMENTS.len(), beds));
    prop::collection::vec(one, 0..10).prop_map(|rooms| {
        let rooms: BTreeMap<_, _> = rooms.into_iter().collect();
        let room = |((shelter, space), (segment, beds)): (_, (usize, Vec<u8>))| {
            let beds: Vec<Vec<BedNeed>> = beds.into_iter().map(needs).collect();
            room(shelter, space, SEGMENTS[segment], &beds)
        };
        rooms.into_iter().map(room).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Each guest has one of the free beds and nobody else has it; a family that lies apart is said to, and lies so only where no
    /// shelter has beds for all of it; what speaks against a plan is what its reasons come to.
    #[test]
    fn a_plan_is_of_free_beds_and_hides_nothing(guests in some_guests(7), rooms in some_rooms(), kin in 0_u128..5) {
        let kin: Vec<Kin> = (0..kin).map(|of| Kin { shelter: site(of).id, centre: site(of).centre }).collect();
        let free: BTreeMap<Uuid, &Room> =
            rooms.iter().flat_map(|room| room.beds.iter().map(move |bed| (bed.id, room))).collect();
        let mut of_site: BTreeMap<Uuid, usize> = BTreeMap::new();
        for room in &rooms {
            *of_site.entry(room.site.id).or_default() += room.beds.len();
        }
        let plans = propose(&guests, &kin, &rooms, 20);
        prop_assert_eq!(plans.is_empty(), free.len() < guests.len());
        for plan in &plans {
            prop_assert_eq!(plan.places.len(), guests.len());
            let beds: BTreeSet<Uuid> = plan.places.iter().map(|place| place.bed).collect();
            prop_assert_eq!(beds.len(), guests.len());
            let rooms: Vec<&Room> = plan.places.iter().map(|place| free[&place.bed]).collect();
            for ((guest, place), room) in guests.iter().zip(&plan.places).zip(&rooms) {
                let bed = room.beds.iter().find(|bed| bed.id == place.bed).unwrap();
                prop_assert_eq!(&place.fit, &Fit::of(guest, room.segment, &bed.suits));
            }
            let sites: BTreeSet<Uuid> = rooms.iter().map(|room| room.site.id).collect();
            prop_assert_eq!(grounds(plan).contains(&Apart), sites.len() > 1);
            prop_assert!(sites.len() == 1 || of_site.values().all(|beds| *beds < guests.len()));
            prop_assert_eq!(grounds(plan).contains(&SegmentFits), plan.places.iter().all(|place| place.fit.segment));
            let named: i32 = plan.reasons.iter().filter(|r| matches!(r.ground, KinInShelter | KinInCentre | KinElsewhere))
                .map(|reason| reason.count).sum();
            prop_assert_eq!(named, number(kin.len()));
        }
        prop_assert!(plans.is_sorted_by_key(Plan::penalty));
    }

    /// The same question has the same answer, in whatever order the spaces were read.
    #[test]
    fn the_same_question_has_the_same_answer(guests in some_guests(5), rooms in some_rooms()) {
        let mut other = rooms.clone();
        other.reverse();
        prop_assert_eq!(propose(&guests, &[], &rooms, 5), propose(&guests, &[], &other, 5));
    }

    /// In a space nobody could be suited better: as many as by any other way have a bed that suits them.
    #[test]
    fn as_many_as_can_be_have_a_bed_that_suits_them(guests in some_guests(4), rooms in some_rooms()) {
        for room in rooms.into_iter().filter(|room| room.beds.len() >= guests.len()) {
            let plans = propose(&guests, &[], std::slice::from_ref(&room), 5);
            let suited = plans[0].places.iter().filter(|place| place.fit.is_good()).count();
            prop_assert_eq!(suited, most_suited(&guests, &room, &mut BTreeSet::new()));
        }
    }
}
