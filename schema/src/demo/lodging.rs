//! One space with beds: that of the families in the shelter that opened last. The others count their people themselves.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::people::Person;
use super::{copy, id, local, programme_id, shelters};

/// The shelter, and its space.
const SHELTER: &str = "ALB-12";
const SPACE: &str = "FAM";
/// How many beds nobody lies in however full the space is: two are held, and one is blocked.
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
    }
}

/// The rows of beds as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    holds: Vec<Hold>,
    beds: Vec<Bed>,
    stays: Vec<Stay>,
}

impl Rows {
    /// Makes the beds of the space, and lodges in them whole households of its shelter, as far as it was counted. The space itself is
    /// written empty: its stays fill it.
    pub(super) fn generate(shelters: &mut shelters::Rows, people: &[Person], now: DateTime<Utc>) -> Self {
        let mut rows = Self::default();
        let Some(shelter) = shelters.shelters.iter().find(|shelter| shelter.code == SHELTER) else {
            return rows;
        };
        let in_it = |space: &&mut shelters::Space| space.shelter_id == shelter.id && space.code == SPACE;
        let Some(space) = shelters.spaces.iter_mut().find(in_it) else { return rows };
        let (wanted, opened) = (space.occupied.min(space.capacity - APART), local(shelter.opened_on, 0));
        space.occupied = 0;
        let open = shelter.closed_on.is_none();
        if open {
            rows.holds.push(Hold {
                id: id("bed_holds", SHELTER, now - TimeDelta::hours(2)),
                programme_id: programme_id(),
                shelter_id: shelter.id,
                note: "Para una familia que llega mañana",
                held_at: now - TimeDelta::hours(2),
                until: now + TimeDelta::days(2),
            });
        }
        for number in 1..=space.capacity {
            let code = format!("C-{number:02}");
            let (is_held, is_blocked) = (
                open && number > space.capacity - APART && number < space.capacity,
                number == space.capacity,
            );
            let hold = rows.holds.first().filter(|_| is_held);
            rows.beds.push(Bed {
                id: id("beds", &format!("{SHELTER}/{SPACE}/{code}"), opened),
                space_id: space.id,
                code,
                suits: suits(number),
                blocked_for: is_blocked.then_some("La base está rota"),
                hold_id: hold.map(|hold| hold.id),
                held_until: hold.map(|hold| hold.until),
            });
        }
        rows.lodge(people, shelter, usize::try_from(wanted).unwrap_or_default());
        rows
    }

    /// Lodges households in the order of their registration while they fit, together.
    fn lodge(&mut self, people: &[Person], shelter: &shelters::Shelter, wanted: usize) {
        let lodgers: Vec<&Person> =
            people.iter().filter(|person| person.shelter_id == Some(shelter.id)).collect();
        for family in lodgers.chunk_by(|one, other| one.household_id == other.household_id) {
            if self.stays.len() + family.len() > wanted {
                continue;
            }
            for person in family {
                let Some(bed) = self.beds.get(self.stays.len()) else { return };
                let began_at = local(person.arrived_on.max(shelter.opened_on), 10);
                self.stays.push(Stay {
                    id: id("stays", &person.code, began_at),
                    person_id: person.id,
                    bed_id: bed.id,
                    party_id: id("parties", &person.household_id.to_string(), began_at),
                    began_at,
                });
            }
        }
    }

    /// How many people lie in the beds.
    pub(super) fn lodged(&self) -> i32 {
        i32::try_from(self.stays.len()).unwrap_or(i32::MAX)
    }

    /// Writes them, once there are the people.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.holds).await?;
        copy(transaction, &self.beds).await?;
        copy(transaction, &self.stays).await
    }
}

/// Which needs a bed meets: every third is a lower one, every ninth a cot, and the first ten are near the toilets.
fn suits(number: i32) -> Vec<&'static str> {
    let needs = [("LOWER_BED", number % 3 == 1), ("COT", number % 9 == 0), ("NEAR_TOILETS", number <= 10)];
    needs.into_iter().filter(|(_, meets)| *meets).map(|(need, _)| need).collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, STARTS_ON, people};
    use super::*;

    fn on(day: NaiveDate) -> (i32, Rows) {
        let now = local(day, NOON);
        let mut shelters = shelters::Rows::generate(day);
        let counted = |shelters: &shelters::Rows| -> i32 {
            let shelter = shelters.shelters.iter().find(|shelter| shelter.code == SHELTER);
            let spaces = shelters.spaces.iter().filter(|space| space.code == SPACE);
            spaces
                .filter(|space| shelter.is_some_and(|shelter| shelter.id == space.shelter_id))
                .map(|space| space.occupied)
                .sum()
        };
        let before = counted(&shelters);
        let people = people::Rows::generate(day, now).unwrap();
        let rows = Rows::generate(&mut shelters, &people.persons, now);
        assert_eq!(counted(&shelters), 0, "its stays fill it");
        (before, rows)
    }

    #[test]
    fn the_beds_lodge_as_many_as_the_shelter_counted_on_the_default_day() {
        let (counted, made) = on(DEFAULT_DAY);
        assert_eq!((made.lodged(), made.holds.len(), made.beds.len()), (counted, 1, 54));
        assert_eq!(on(DEFAULT_DAY).1, made, "two loads are the same");
    }

    #[test]
    fn there_are_no_beds_before_the_shelter_opens_and_nobody_in_them_at_the_end() {
        assert!(on(STARTS_ON).1.beds.is_empty());
        let (_, made) = on(ENDS_ON);
        assert_eq!((made.lodged(), made.holds.len(), made.beds.len()), (0, 0, 54));
    }
}
