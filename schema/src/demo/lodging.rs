//! The beds of the spaces that have some, and who lies in them from when to when.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::people::Lodger;
use super::{copy, id, local, programme_id, shelters};
use crate::census::BedNeed;

/// Where beds are kept for somebody, and one is blocked: the families' space of the shelter that opened last.
const SHELTER: &str = "ALB-12";
const SPACE: &str = "FAM";
/// How many of its beds nobody lies in however full it is: two are held, and one is blocked.
const APART: i32 = 3;

row! {
    /// Beds that are kept for a while.
    Hold in "bed_holds" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        shelter_id: Uuid = UUID,
        note: &'static str = TEXT,
        held_at: DateTime<Utc> = TIMESTAMPTZ,
        until: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A bed.
    Bed in "beds" {
        id: Uuid = UUID,
        space_id: Uuid = UUID,
        code: String = TEXT,
        suits: Vec<&'static str> = TEXT_ARRAY,
        blocked_for: Option<&'static str> = TEXT,
        hold_id: Option<Uuid> = UUID,
        held_until: Option<DateTime<Utc>> = TIMESTAMPTZ,
    }
}

row! {
    /// That somebody lies in a bed.
    Stay in "stays" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        bed_id: Uuid = UUID,
        party_id: Uuid = UUID,
        began_at: DateTime<Utc> = TIMESTAMPTZ,
        ended_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
    }
}

/// The rows of beds as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) holds: Vec<Hold>,
    pub(super) beds: Vec<Bed>,
    pub(super) stays: Vec<Stay>,
}

impl Rows {
    /// Makes the beds of the shelters that are open, and lodges everyone in one that suits them in their own segment's space.
    pub(super) fn generate(shelters: &shelters::Rows, lodgers: &[Lodger], now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        for shelter in &shelters.shelters {
            let of_shelter = |space: &&shelters::Space| space.shelter_id == shelter.id;
            for space in shelters.spaces.iter().filter(of_shelter) {
                let Some(segment) = shelters::bedded(space) else { continue };
                let hold = rows.hold(shelter, space, now);
                let first = rows.beds.len();
                rows.beds.extend((1..=space.capacity).map(|number| bed(shelter, space, number, hold)));
                rows.lodge(
                    first,
                    lodgers.iter().filter(|lodger| {
                        lodger.shelter_id == shelter.id && lodger.segment == segment && lodger.from <= now
                    }),
                    now,
                );
            }
        }
        rows
    }

    /// What keeps some beds of a space: its id, and until when.
    fn hold(
        &mut self,
        shelter: &shelters::Shelter,
        space: &shelters::Space,
        now: DateTime<Utc>,
    ) -> Option<(Uuid, DateTime<Utc>)> {
        if !is_held_in(shelter, space) || shelter.closed_on.is_some() {
            return None;
        }
        let hold = Hold {
            id: id("bed_holds", SHELTER, now - TimeDelta::hours(2)),
            programme_id: programme_id(),
            shelter_id: shelter.id,
            note: "Para una familia que llega mañana",
            held_at: now - TimeDelta::hours(2),
            until: now + TimeDelta::days(2),
        };
        let kept = (hold.id, hold.until);
        self.holds.push(hold);
        Some(kept)
    }

    /// Gives each lodger the bed among those from `first` on that suits them best, in the order of their coming. Nobody leaves before
    /// everyone has come, so that no bed is given twice.
    fn lodge<'l>(&mut self, first: usize, lodgers: impl Iterator<Item = &'l Lodger>, now: DateTime<Utc>) {
        let mut free: Vec<&Bed> = self
            .beds
            .iter()
            .skip(first)
            .filter(|bed| bed.blocked_for.is_none() && bed.hold_id.is_none())
            .collect();
        for lodger in lodgers {
            let best = free.iter().enumerate().min_by_key(|(_, bed)| misfit(&lodger.bed_needs, &bed.suits));
            let Some((place, _)) = best else { return };
            self.stays.push(Stay {
                id: id("stays", &lodger.person_id.to_string(), lodger.from),
                person_id: lodger.person_id,
                bed_id: free.remove(place).id,
                party_id: id("parties", &lodger.household_id.to_string(), lodger.from),
                began_at: lodger.from,
                ended_at: Some(lodger.until).filter(|until| *until <= now),
            });
        }
    }

    /// How many people lie in the beds.
    pub(super) fn lodged(&self) -> i32 {
        let lodged = self.stays.iter().filter(|stay| stay.ended_at.is_none()).count();
        i32::try_from(lodged).unwrap_or(i32::MAX)
    }

    /// Writes them, once there are the people.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.holds).await?;
        copy(transaction, &self.beds).await?;
        copy(transaction, &self.stays).await
    }
}

fn is_held_in(shelter: &shelters::Shelter, space: &shelters::Space) -> bool {
    shelter.code == SHELTER && space.code == SPACE
}

/// A bed of a space.
fn bed(
    shelter: &shelters::Shelter,
    space: &shelters::Space,
    number: i32,
    hold: Option<(Uuid, DateTime<Utc>)>,
) -> Bed {
    let code = format!("C-{number:03}");
    let is_apart = is_held_in(shelter, space) && number > space.capacity - APART;
    let is_blocked = is_apart && number == space.capacity;
    let hold = hold.filter(|_| is_apart && !is_blocked);
    Bed {
        id: id("beds", &format!("{}/{}/{code}", shelter.code, space.code), local(shelter.opened_on, 0)),
        space_id: space.id,
        suits: suits(number, space.capacity),
        blocked_for: is_blocked.then_some("La base está rota"),
        hold_id: hold.map(|(id, _)| id),
        held_until: hold.map(|(_, until)| until),
        code,
    }
}

/// Which needs a bed meets: every third is a lower one, every ninth a cot, and the first fifth is near the toilets.
fn suits(number: i32, of: i32) -> Vec<&'static str> {
    let needs = [
        (BedNeed::LowerBed, number % 3 == 1),
        (BedNeed::Cot, number % 9 == 0),
        (BedNeed::NearToilets, number <= (of / 5).max(1)),
    ];
    needs.into_iter().filter(|(_, meets)| *meets).map(|(need, _)| need.as_str()).collect()
}

/// How ill a bed suits somebody: what they need and it has not, then what it has and they need not.
fn misfit(needs: &[BedNeed], suits: &[&str]) -> (usize, usize) {
    let met = needs.iter().filter(|need| suits.contains(&need.as_str())).count();
    (needs.len() - met, suits.len() - met)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use chrono::NaiveDate;

    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, STARTS_ON, people};
    use super::*;

    fn on(day: NaiveDate) -> (Vec<Lodger>, Rows) {
        let now = local(day, NOON);
        let people = people::Rows::generate(day, now).unwrap();
        let rows = Rows::generate(&shelters::Rows::generate(day), &people.lodgers, now);
        (people.lodgers, rows)
    }

    #[test]
    fn on_the_default_day_everyone_who_lodges_in_a_space_with_beds_lies_in_one_that_suits() {
        let (lodgers, made) = on(DEFAULT_DAY);
        let beds: HashMap<Uuid, &Bed> = made.beds.iter().map(|bed| (bed.id, bed)).collect();
        let lies: HashMap<Uuid, &Bed> =
            made.stays.iter().map(|stay| (stay.person_id, beds[&stay.bed_id])).collect();
        let lodgers: Vec<_> = lodgers.iter().filter(|lodger| shelters::has_beds(lodger.segment)).collect();
        assert_eq!(lies.len(), lodgers.len());
        assert!(
            lodgers.iter().all(|lodger| misfit(&lodger.bed_needs, &lies[&lodger.person_id].suits).0 == 0)
        );
        let (lodged, beds) = (made.lodged(), i32::try_from(made.beds.len()).unwrap());
        assert!(lodged * 100 > beds * 70 && lodged < beds, "{lodged} in {beds}");
        assert_eq!(made.holds.len(), 1);
        assert_eq!(on(DEFAULT_DAY).1, made, "two loads are the same");
    }

    #[test]
    fn there_are_no_beds_before_a_shelter_opens_and_nobody_in_them_at_the_end() {
        assert!(on(STARTS_ON).1.beds.is_empty());
        let (_, made) = on(ENDS_ON);
        assert_eq!((made.lodged(), made.holds.len()), (0, 0));
        assert!(made.stays.iter().all(|stay| stay.ended_at.is_some_and(|ended| ended > stay.began_at)));
    }
}
