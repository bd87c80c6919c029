//! Where people are received: centres, the shelters in them, and their spaces with a headcount.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::{
    ENDS_ON, Random, STARTS_ON,
    agencies::{agency_id, grant_id},
    copy, id, local, programme_id, start,
};
use crate::shelters::Segment;

/// A centre and the shelter that opens in it.
struct Site {
    /// What centre and shelter are called.
    name: &'static str,
    /// The agency that lends the centre; none where it is the DIF's own.
    lender: Option<&'static str>,
    /// How many days after the first arrivals the shelter opens.
    opens_after: u64,
    /// Places, a multiple of twenty so that every segment's share is whole.
    capacity: i32,
}

/// The twelve sites, named after plants of the desert, in the order in which they open. Their numbers are their codes'.
const SITES: [Site; 12] = [
    Site { name: "Cachanilla", lender: None, opens_after: 1, capacity: 400 },
    Site { name: "Mezquite", lender: None, opens_after: 2, capacity: 340 },
    Site { name: "Palo Verde", lender: Some("BISOM"), opens_after: 3, capacity: 320 },
    Site { name: "Ocotillo", lender: Some("IMDECUF"), opens_after: 4, capacity: 300 },
    Site { name: "Biznaga", lender: Some("IMACUM"), opens_after: 6, capacity: 220 },
    Site { name: "Sahuaro", lender: Some("IMDECUF"), opens_after: 8, capacity: 280 },
    Site { name: "Jojoba", lender: None, opens_after: 10, capacity: 180 },
    Site { name: "Gobernadora", lender: Some("BISOM"), opens_after: 13, capacity: 260 },
    Site { name: "Pitahaya", lender: Some("IMACUM"), opens_after: 17, capacity: 140 },
    Site { name: "Incienso", lender: Some("IMDECUF"), opens_after: 21, capacity: 240 },
    Site { name: "Huizache", lender: Some("BISOM"), opens_after: 26, capacity: 200 },
    Site { name: "Choya", lender: None, opens_after: 32, capacity: 120 },
];

/// The spaces of every shelter: code, segment and share of the places in per cent, and whether they have beds. The small rooms of
/// those who are pregnant, ill or at risk have mats, and count their people themselves.
const SEGMENTS: [(&str, Segment, i32, bool); 6] = [
    ("EMB", Segment::Pregnancy, 5, false),
    ("HOM", Segment::SingleMen, 5, true),
    ("MUJ", Segment::SingleWomen, 5, true),
    ("FAM", Segment::FamilyNucleus, 70, true),
    ("CRO", Segment::ChronicIllness, 5, false),
    ("RES", Segment::RespiratoryRisk, 10, false),
];

/// Whether the spaces of a segment have beds.
pub(super) fn has_beds(segment: Segment) -> bool {
    SEGMENTS.iter().any(|(_, of, _, beds)| *of == segment && *beds)
}

/// The segment of a space that has beds.
pub(super) fn bedded(space: &Space) -> Option<Segment> {
    let (_, segment, ..) = SEGMENTS.iter().find(|(code, ..)| *code == space.code)?;
    has_beds(*segment).then_some(*segment)
}

row! {
    /// A community centre.
    Centre in "centres" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: String = TEXT,
        name: String = TEXT,
        lender_id: Option<Uuid> = UUID,
    }
}

row! {
    /// A shelter.
    Shelter in "shelters" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        centre_id: Uuid = UUID,
        code: String = TEXT,
        name: String = TEXT,
        opened_on: NaiveDate = DATE,
        closed_on: Option<NaiveDate> = DATE,
    }
}

row! {
    /// A shelter's space for one segment.
    Space in "spaces" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        shelter_id: Uuid = UUID,
        code: &'static str = TEXT,
        segment: &'static str = TEXT,
        capacity: i32 = INT4,
        occupied: i32 = INT4,
        counted_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A shelter of those to which the shelter lead's grant is confined; a token may name fewer.
    GrantShelter in "grant_shelters" {
        grant_id: Uuid = UUID,
        shelter_id: Uuid = UUID,
    }
}

/// The rows of this capability as they stand on a day.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// All centres.
    pub(super) centres: Vec<Centre>,
    /// Shelters opened by then.
    pub(super) shelters: Vec<Shelter>,
    /// Their spaces.
    pub(super) spaces: Vec<Space>,
    /// Who leads them.
    pub(super) grant_shelters: Vec<GrantShelter>,
}

impl Rows {
    /// Makes them as they stand on `day`.
    pub(super) fn generate(day: NaiveDate) -> Self {
        let centres = (1..).zip(&SITES).map(|(number, site)| centre(number, site)).collect();
        let mut shelters = all();
        shelters.retain(|shelter| shelter.opened_on <= day);
        if day < ENDS_ON {
            for shelter in &mut shelters {
                shelter.closed_on = None;
            }
        }
        let spaces = shelters
            .iter()
            .zip(&SITES)
            .flat_map(|(shelter, site)| {
                SEGMENTS.map(|(code, segment, share, beds)| {
                    let mut space = space(shelter, code, segment.as_str(), site.capacity * share / 100, day);
                    // Its stays fill it.
                    space.occupied *= i32::from(!beds);
                    space
                })
            })
            .collect();
        let grant_id = grant_id("DIF_MUNICIPAL", "shelter_lead");
        let grant_shelters =
            shelters.iter().map(|shelter| GrantShelter { grant_id, shelter_id: shelter.id }).collect();
        Self { centres, shelters, spaces, grant_shelters }
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.centres).await?;
        copy(transaction, &self.shelters).await?;
        copy(transaction, &self.spaces).await?;
        copy(transaction, &self.grant_shelters).await
    }
}

/// All twelve shelters, in the order of their opening, as they stand when the programme has closed.
pub(super) fn all() -> Vec<Shelter> {
    (1..).zip(&SITES).map(|(number, site)| shelter(number, site)).collect()
}

/// Their capacities.
pub(super) fn capacities() -> impl Iterator<Item = u32> {
    SITES.iter().map(|site| site.capacity.unsigned_abs())
}

/// A site's centre.
fn centre(number: usize, site: &Site) -> Centre {
    let code = format!("CC-{number:02}");
    Centre {
        id: id("centres", &code, start()),
        programme_id: programme_id(),
        code,
        name: format!("Centro Comunitario {}", site.name),
        lender_id: site.lender.map(agency_id),
    }
}

/// A site's shelter.
fn shelter(number: usize, site: &Site) -> Shelter {
    let code = format!("ALB-{number:02}");
    let opened_on = STARTS_ON + Days::new(site.opens_after);
    Shelter {
        id: id("shelters", &code, local(opened_on, 0)),
        programme_id: programme_id(),
        centre_id: centre(number, site).id,
        code,
        name: format!("Albergue {}", site.name),
        opened_on,
        closed_on: Some(ENDS_ON),
    }
}

/// A shelter's space, counted on the morning of `day`.
fn space(
    shelter: &Shelter,
    code: &'static str,
    segment: &'static str,
    capacity: i32,
    day: NaiveDate,
) -> Space {
    let key = format!("{}/{code}", shelter.code);
    let mut random = Random::seeded(&format!("spaces/{key}/{day}"));
    // Some spaces are sought more than others: the full ones and the half-empty ones of any day.
    let wanted = capacity * fullness(shelter.opened_on, day) * random.between(75, 125) / 10_000;
    Space {
        id: id("spaces", &key, local(shelter.opened_on, 0)),
        programme_id: shelter.programme_id,
        shelter_id: shelter.id,
        code,
        segment,
        capacity,
        occupied: wanted.min(capacity),
        counted_at: local(day, 7) + TimeDelta::minutes(random.between(0, 239).into()),
    }
}

/// How full, in per cent, a shelter is: it fills within a week, stays so, and empties over the last 44 days.
fn fullness(opened_on: NaiveDate, day: NaiveDate) -> i32 {
    let filling = 15 * (day.num_days_from_ce() - opened_on.num_days_from_ce() + 1);
    let emptying = 2 * (ENDS_ON.num_days_from_ce() - day.num_days_from_ce());
    filling.min(emptying).min(88)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every day of the programme, with its shelters.
    fn every_day() -> impl Iterator<Item = (NaiveDate, Rows)> {
        STARTS_ON.iter_days().take_while(|day| *day <= ENDS_ON).map(|day| (day, Rows::generate(day)))
    }

    fn sum(spaces: &[Space], of: impl Fn(&Space) -> i32) -> i32 {
        spaces.iter().map(of).sum()
    }

    #[test]
    fn twelve_shelters_with_three_thousand_places_eight_of_them_lent() {
        let made = Rows::generate(ENDS_ON);
        assert_eq!(made.shelters.len(), 12);
        assert_eq!(made.spaces.len(), 72);
        assert_eq!(made.grant_shelters.len(), 12);
        assert_eq!(sum(&made.spaces, |space| space.capacity), 3_000);
        assert_eq!(made.centres.iter().filter(|centre| centre.lender_id.is_some()).count(), 8);
    }

    #[test]
    fn no_space_is_over_its_capacity_on_any_day() {
        for (day, made) in every_day() {
            for space in made.spaces {
                assert!((0..=space.capacity).contains(&space.occupied), "{day} {space:?}");
            }
        }
    }

    #[test]
    fn no_shelter_shows_before_it_opens_or_closed_before_the_end() {
        for (day, made) in every_day() {
            assert!(made.shelters.iter().all(|shelter| shelter.opened_on <= day));
            assert!(made.shelters.iter().all(|shelter| shelter.closed_on.is_none() == (day < ENDS_ON)));
        }
    }

    #[test]
    fn the_default_day_is_lively() {
        let made = Rows::generate(ENDS_ON - Days::new(59));
        let occupied = sum(&made.spaces, |space| space.occupied);
        assert!((360..=552).contains(&occupied), "{occupied}");
        assert!(made.spaces.iter().any(|space| space.occupied == space.capacity));
        assert!(made.spaces.iter().any(|space| space.occupied < space.capacity));
    }

    #[test]
    fn everyone_has_left_at_the_end() {
        let made = Rows::generate(ENDS_ON);
        assert_eq!(sum(&made.spaces, |space| space.occupied), 0);
    }

    #[test]
    fn two_loads_are_the_same() {
        assert_eq!(Rows::generate(ENDS_ON), Rows::generate(ENDS_ON));
    }
}
