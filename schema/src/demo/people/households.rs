//! Of how many each household is, when and where it stays, and by what code it picks things up.

use chrono::{Days, NaiveDate};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::demo::{ENDS_ON, Random, STARTS_ON, shelters};
use crate::scalars::code_of;

/// How many people came.
pub(super) const PEOPLE: usize = 2_767;
/// In how many households.
pub(super) const HOUSEHOLDS: usize = 922;
/// The sizes of the first households: seven people came on the first day.
const FIRST_DAY: [usize; 2] = [3, 4];
/// Over how many days after the first the others came.
const DAYS_OF_ARRIVAL: usize = 46;
/// Sizes that a household is drawn from, as often as they occur.
const SIZES: [usize; 12] = [1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 6];
/// How full, in per cent, a shelter becomes: the segments never come as the spaces are cut.
const MOST_FULL: u32 = 82;
/// The largest household.
pub(super) const LARGEST: usize = 8;

/// The size of every household: drawn, then set right so that they add up.
pub(super) fn sizes() -> Vec<usize> {
    let mut random = Random::seeded("households/sizes");
    let mut sizes: Vec<usize> = FIRST_DAY.to_vec();
    sizes.extend((FIRST_DAY.len()..HOUSEHOLDS).map(|_| *random.pick(&SIZES).unwrap_or(&3)));
    let mut total: usize = sizes.iter().sum();
    while total != PEOPLE {
        for size in sizes.iter_mut().skip(FIRST_DAY.len()) {
            if total < PEOPLE && *size < LARGEST {
                *size += 1;
                total += 1;
            } else if total > PEOPLE && *size > 1 {
                *size -= 1;
                total -= 1;
            }
        }
    }
    sizes
}

/// When a household comes, and where it lodges.
pub(super) struct Stay {
    pub(super) arrived_on: NaiveDate,
    /// The day on which it leaves.
    pub(super) leaves_on: NaiveDate,
    /// How many it is.
    pub(super) size: usize,
    /// Its shelter, and the days from and until which it lodges there.
    pub(super) lodging: Option<(Uuid, NaiveDate, NaiveDate)>,
}

impl Stay {
    /// Those of all households, in the order in which they come. Most lodge in a shelter, of those with room the likelier the more
    /// room it has.
    pub(super) fn all(sizes: &[usize]) -> Vec<Self> {
        let mut rooms: Vec<(shelters::Shelter, u32)> = shelters::all()
            .into_iter()
            .zip(shelters::capacities())
            .map(|(shelter, capacity)| (shelter, capacity * MOST_FULL / 100))
            .collect();
        sizes.iter().enumerate().map(|(number, size)| Self::of_household(number, *size, &mut rooms)).collect()
    }

    fn of_household(number: usize, size: usize, rooms: &mut [(shelters::Shelter, u32)]) -> Self {
        let mut random = Random::seeded(&format!("stays/{number}"));
        let after = match number.checked_sub(FIRST_DAY.len()) {
            None => 0,
            Some(number) => 1 + number * DAYS_OF_ARRIVAL / HOUSEHOLDS,
        };
        let arrived_on = STARTS_ON + Days::new(u64::try_from(after).unwrap_or_default());
        let (lodges, leaves_on) = (random.chance(80), ENDS_ON - Days::new(random.below(45).into()));
        let (people, opening) = (u32::try_from(size).unwrap_or_default(), arrived_on + Days::new(5));
        let with_room =
            |(shelter, room): &(shelters::Shelter, u32)| shelter.opened_on <= opening && *room >= people;
        let mut place = random.below(rooms.iter().filter(|room| with_room(room)).map(|(_, room)| room).sum());
        let chosen = rooms.iter_mut().filter(|room| lodges && with_room(room)).find(|(_, room)| {
            let here = place < *room;
            place = place.saturating_sub(*room);
            here
        });
        let lodging = chosen.map(|(shelter, room)| {
            *room -= people;
            (shelter.id, arrived_on.max(shelter.opened_on), leaves_on)
        });
        Self { arrived_on, leaves_on, size, lodging }
    }

    pub(super) fn shelter_on(&self, day: NaiveDate) -> Option<Uuid> {
        self.lodging.filter(|(_, from, until)| *from <= day && day < *until).map(|(shelter, ..)| shelter)
    }
}

/// The code that a household shows where it picks something up.
pub(super) fn pickup_code(household: &str) -> String {
    let hash =
        Sha256::new().chain_update("pickup codes").chain_update([0]).chain_update(household).finalize();
    let mut random = [0; 7];
    for (byte, hashed) in random.iter_mut().zip(hash) {
        *byte = hashed;
    }
    code_of(random)
}
