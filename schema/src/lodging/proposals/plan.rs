//! Which free beds go to whom: whole households in one space, or else in one shelter, or else apart, which is then said. Nothing here
//! asks the database, and the same question has the same answer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::PlacementGround;
use super::PlacementGround::{
    Apart, KinElsewhere, KinInCentre, KinInShelter, LastBeds, NeedsMet, NeedsUnmet, OneShelter, OneSpace,
    RoomLeft, SegmentFits, SegmentOther,
};
use crate::census::BedNeed;
use crate::lodging::fitting::{Fit, Guest, waste};
use crate::shelters::Segment;

/// A shelter that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) centre: Uuid,
}

/// A bed that is free.
#[derive(Debug, Clone)]
pub(super) struct FreeBed {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) suits: Vec<BedNeed>,
}

/// A space that has free beds.
#[derive(Debug, Clone)]
pub(super) struct Room {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) segment: Segment,
    pub(super) site: Site,
    /// How many beds are free in it; of beds that suit the same needs no more are named than there are guests.
    pub(super) free: usize,
    pub(super) beds: Vec<FreeBed>,
}

/// Somebody of the guests' households who lodges already.
#[derive(Debug, Clone)]
pub(super) struct Kin {
    pub(super) shelter: Uuid,
    pub(super) centre: Uuid,
}

/// A bed for one guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bed: Uuid,
    pub(super) fit: Fit,
}

/// What speaks for a plan, or against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) ground: PlacementGround,
    /// How many people, or of the room how many beds, it concerns.
    pub(super) count: i32,
    pub(super) penalty: i32,
}

/// A bed for each guest, in the guests' order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) places: Vec<Place>,
    pub(super) reasons: Vec<Reason>,
    pub(super) room_left: i32,
    /// The shelter; where they lie apart, that of the first of them.
    pub(super) site: Site,
    /// The codes of its spaces and beds, by which plans that are equally good are put in order.
    codes: Vec<(String, String)>,
}

impl Plan {
    /// How much speaks against it.
    pub(super) fn penalty(&self) -> i32 {
        self.reasons.iter().map(|reason| reason.penalty).sum()
    }
}

/// A bed that could be somebody's.
#[derive(Clone, Copy)]
struct Spot<'r> {
    room: &'r Room,
    bed: &'r FreeBed,
    /// The place of its space among those that are looked at.
    rank: usize,
}

/// The best plans, best first: for each shelter in each of its spaces and over all of them. Only where no shelter has a bed for each
/// guest are they placed apart.
pub(super) fn propose(guests: &[Guest], kin: &[Kin], rooms: &[Room], first: usize) -> Vec<Plan> {
    if guests.is_empty() {
        return Vec::new();
    }
    let mut sites: BTreeMap<&str, Vec<&Room>> = BTreeMap::new();
    for room in rooms {
        sites.entry(&room.site.code).or_default().push(room);
    }
    let mut plans = Vec::new();
    for site in sites.values() {
        let ways = site.iter().map(|room| vec![*room]).chain([site.clone()]);
        let found = ways.filter_map(|way| assign(guests, &spots(guests, way)));
        plans.extend(found.filter_map(|chosen| plan(guests, kin, &chosen)));
    }
    if plans.is_empty() {
        plans.extend(apart(guests, kin, &sites).and_then(|chosen| plan(guests, kin, &chosen)));
    }
    plans.sort_by_cached_key(|plan: &Plan| {
        (plan.penalty(), Reverse(plan.room_left), plan.site.code.clone(), plan.codes.clone())
    });
    let mut seen = BTreeSet::new();
    plans.retain(|plan| seen.insert(plan.places.iter().map(|place| place.bed).collect::<BTreeSet<_>>()));
    plans.truncate(first);
    plans
}

/// The beds of some spaces, those first in which most guests fit.
fn spots<'r>(guests: &[Guest], mut rooms: Vec<&'r Room>) -> Vec<Spot<'r>> {
    rooms.sort_by_cached_key(|room| {
        let fitting = guests.iter().filter(|guest| Fit::of(guest, room.segment, &[]).segment).count();
        (Reverse(fitting), Reverse(room.free), room.code.clone())
    });
    let of_room = |(rank, room): (usize, &'r Room)| room.beds.iter().map(move |bed| Spot { room, bed, rank });
    rooms.into_iter().enumerate().flat_map(of_room).collect()
}

/// A bed for each guest: one that suits them for as many as can be, and for the others the least bad of what is left. None where there
/// are not enough.
fn assign<'r>(guests: &[Guest], spots: &[Spot<'r>]) -> Option<Vec<Spot<'r>>> {
    if spots.len() < guests.len() {
        return None;
    }
    let fit = |guest: &Guest, spot: &Spot<'_>| Fit::of(guest, spot.room.segment, &spot.bed.suits);
    let wishes: Vec<Vec<usize>> = guests
        .iter()
        .map(|guest| {
            let good = spots.iter().enumerate().filter(|(_, spot)| fit(guest, spot).is_good());
            let mut good: Vec<_> =
                good.map(|(at, spot)| (spot.rank, waste(guest, &spot.bed.suits), at)).collect();
            good.sort_unstable();
            good.into_iter().map(|(.., at)| at).collect()
        })
        .collect();
    let mut taken = BTreeMap::new();
    for guest in 0..guests.len() {
        settle(guest, &wishes, &mut BTreeSet::new(), &mut taken);
    }
    let mut chosen: BTreeMap<usize, usize> = taken.iter().map(|(spot, guest)| (*guest, *spot)).collect();
    for (place, guest) in guests.iter().enumerate() {
        if chosen.contains_key(&place) {
            continue;
        }
        let left = spots.iter().enumerate().filter(|(at, _)| !taken.contains_key(at));
        let (at, _) = left.min_by_key(|(at, spot)| {
            let fit = fit(guest, spot);
            (against(&fit), spot.rank, waste(guest, &spot.bed.suits), *at)
        })?;
        taken.insert(at, place);
        chosen.insert(place, at);
    }
    chosen.values().map(|at| spots.get(*at).copied()).collect()
}

/// Finds a guest one of the beds that they wish for, if need be by finding another for whoever has it: an augmenting path.
fn settle(
    guest: usize,
    wishes: &[Vec<usize>],
    tried: &mut BTreeSet<usize>,
    taken: &mut BTreeMap<usize, usize>,
) -> bool {
    for spot in wishes.get(guest).into_iter().flatten() {
        if !tried.insert(*spot) {
            continue;
        }
        let holder = taken.get(spot).copied();
        if holder.is_none_or(|holder| settle(holder, wishes, tried, taken)) {
            taken.insert(*spot, guest);
            return true;
        }
    }
    false
}

/// Fills one shelter after the other: those where kin lodge first, then those with most room.
fn apart<'r>(guests: &[Guest], kin: &[Kin], sites: &BTreeMap<&str, Vec<&'r Room>>) -> Option<Vec<Spot<'r>>> {
    let mut order: Vec<&Vec<&Room>> = sites.values().collect();
    order.sort_by_cached_key(|rooms| {
        let here = rooms.iter().any(|room| kin.iter().any(|kin| kin.shelter == room.site.id));
        let free: usize = rooms.iter().map(|room| room.beds.len()).sum();
        (!here, Reverse(free))
    });
    let (mut rest, mut chosen) = (guests, Vec::with_capacity(guests.len()));
    for rooms in order {
        let spots = spots(rest, rooms.clone());
        let (now, later) = rest.split_at(rest.len().min(spots.len()));
        chosen.extend(assign(now, &spots)?);
        rest = later;
    }
    rest.is_empty().then_some(chosen)
}

/// What speaks against a bed.
fn against(fit: &Fit) -> i32 {
    let segment = if fit.segment { 0 } else { SegmentOther.weight() };
    segment + NeedsUnmet.weight() * number(fit.unmet.len())
}

/// How many of something there are.
fn number(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

/// Says what speaks for beds, and what against them; none of nothing.
fn plan(guests: &[Guest], kin: &[Kin], chosen: &[Spot<'_>]) -> Option<Plan> {
    let site = chosen.first()?.room.site.clone();
    let place = |(guest, spot): (&Guest, &Spot<'_>)| Place {
        bed: spot.bed.id,
        fit: Fit::of(guest, spot.room.segment, &spot.bed.suits),
    };
    let places: Vec<Place> = guests.iter().zip(chosen).map(place).collect();
    let rooms: BTreeMap<Uuid, &Room> = chosen.iter().map(|spot| (spot.room.id, spot.room)).collect();
    let sites: BTreeMap<Uuid, &Site> = rooms.values().map(|room| (room.site.id, &room.site)).collect();
    let room_left = number(rooms.values().map(|room| room.free).sum()) - number(guests.len());
    let mut reasons = Vec::new();
    let mut say = |ground: PlacementGround, count: i32, times: i32| {
        reasons.push(Reason { ground, count, penalty: ground.weight() * times });
    };
    let misplaced = number(places.iter().filter(|place| !place.fit.segment).count());
    if misplaced == 0 {
        say(SegmentFits, number(guests.len()), 1);
    } else {
        say(SegmentOther, misplaced, misplaced);
    }
    let needy =
        guests.iter().filter(|guest| guest.placement.as_ref().is_some_and(|of| !of.bed_needs.is_empty()));
    let (needy, lacking) = (number(needy.count()), places.iter().filter(|place| !place.fit.unmet.is_empty()));
    let lacking = number(lacking.count());
    if lacking > 0 {
        say(NeedsUnmet, lacking, number(places.iter().map(|place| place.fit.unmet.len()).sum()));
    } else if needy > 0 {
        say(NeedsMet, needy, 1);
    }
    match (sites.len(), rooms.len()) {
        (1, 1) if guests.len() > 1 => say(OneSpace, number(guests.len()), 1),
        (1, 1) => {}
        (1, spaces) => say(OneShelter, number(guests.len()), number(spaces) - 1),
        (shelters, _) => say(Apart, number(guests.len()), number(shelters) - 1),
    }
    let here = kin.iter().filter(|kin| sites.contains_key(&kin.shelter)).count();
    let near = kin.iter().filter(|kin| {
        !sites.contains_key(&kin.shelter) && sites.values().any(|site| site.centre == kin.centre)
    });
    let near = near.count();
    for (ground, count) in
        [(KinInShelter, here), (KinInCentre, near), (KinElsewhere, kin.len() - here - near)]
    {
        if count > 0 {
            say(ground, number(count), 1);
        }
    }
    if room_left > 0 {
        say(RoomLeft, room_left, 1);
    } else {
        say(LastBeds, number(guests.len()), 1);
    }
    let mut codes: Vec<_> =
        chosen.iter().map(|spot| (spot.room.code.clone(), spot.bed.code.clone())).collect();
    codes.sort_unstable();
    Some(Plan { places, reasons, room_left, site, codes })
}

#[cfg(test)]
mod tests;
