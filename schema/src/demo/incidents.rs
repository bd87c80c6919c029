//! What the municipal police noted on its daily rounds: incidents in the shelters, who was in them, and what came of them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::people::{Lodger, sealed};
use super::shelters::Shelter;
use super::{Random, STARTS_ON, copy, id, local, programme_id};
use crate::error::Result;
use crate::incidents::{INVOLVEMENT, IncidentPart, Involvement};
use crate::shelters::Segment;

/// Of a hundred days, on how many something happens in a shelter.
const HAPPENS: u32 = 4;

/// What happens: kind, how bad, and in words.
const HAPPENED: [(&str, &str, &str); 6] = [
    ("DISORDER", "LOW", "Discusión por el turno de las regaderas"),
    ("THEFT", "MEDIUM", "Falta un teléfono que se dejó cargando"),
    ("DAMAGE", "LOW", "Vidrio roto en el comedor"),
    ("VIOLENCE", "HIGH", "Riña entre dos personas en el patio"),
    ("INTRUSION", "MEDIUM", "Entró por la barda alguien que no se aloja aquí"),
    ("THREAT", "HIGH", "Amenazas a la entrada del albergue"),
];

/// What is noted of it later.
const NOTED: [&str; 3] = [
    "Se habló con las partes y se calmaron los ánimos",
    "Se reforzó la vigilancia nocturna",
    "Se levantó un acta y se avisó al DIF",
];

row! {
    /// An incident.
    Incident in "incidents" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        shelter_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        happened_at: DateTime<Utc> = TIMESTAMPTZ,
        kind: &'static str = TEXT,
        severity: &'static str = TEXT,
        account: &'static str = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        closed_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        outcome: Option<&'static str> = TEXT,
    }
}

row! {
    /// What was noted of it later.
    FollowUp in "incident_follow_ups" {
        id: Uuid = UUID,
        incident_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        text: &'static str = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// Who was in it, sealed.
    Involved in "incident_people" {
        id: Uuid = UUID,
        incident_id: Uuid = UUID,
        person_id: Uuid = UUID,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        record: Vec<u8> = BYTEA,
    }
}

/// Whether somebody is no child, as far as where they are placed tells it.
fn is_grown(lodger: &Lodger) -> bool {
    matches!(
        lodger.segment,
        Segment::SingleMen | Segment::SingleWomen | Segment::ChronicIllness | Segment::Pregnancy
    )
}

/// The rows of incidents as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) incidents: Vec<Incident>,
    pub(super) follow_ups: Vec<FollowUp>,
    pub(super) involved: Vec<Involved>,
}

impl Rows {
    /// Makes them for the shelters and the lodgers that there are at the instant `now` of `day`.
    pub(super) fn generate(
        day: NaiveDate,
        now: DateTime<Utc>,
        shelters: &[Shelter],
        lodgers: &[Lodger],
    ) -> Result<Self> {
        let mut rows = Self::default();
        for date in STARTS_ON.iter_days().take_while(|date| *date <= day) {
            let is_open = |shelter: &&Shelter| {
                shelter.opened_on <= date && shelter.closed_on.is_none_or(|closed| date < closed)
            };
            for shelter in shelters.iter().filter(is_open) {
                let mut random = Random::seeded(&format!("incidents/{}/{date}", shelter.code));
                let happened_at = local(date, 6) + TimeDelta::minutes(random.between(0, 900).into());
                if random.chance(HAPPENS) && happened_at + TimeDelta::hours(1) <= now {
                    rows.happen(shelter, happened_at, lodgers, &mut random, now)?;
                }
            }
        }
        Ok(rows)
    }

    /// One incident, and what of it is known by now.
    fn happen(
        &mut self,
        shelter: &Shelter,
        happened_at: DateTime<Utc>,
        lodgers: &[Lodger],
        random: &mut Random,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let key = format!("{}/{happened_at}", shelter.code);
        let recorded_at = happened_at + TimeDelta::hours(1);
        let incident = id("incidents", &key, recorded_at);
        let (kind, severity, account) = random.pick(&HAPPENED).copied().unwrap_or(HAPPENED[0]);
        let noted_at = recorded_at + TimeDelta::hours(random.between(2, 30).into());
        let closed_at = noted_at + TimeDelta::hours(random.between(1, 90).into());
        let outcome = if random.chance(75) { "SETTLED" } else { "HANDED_OVER" };
        let is_closed = random.chance(85) && closed_at <= now;
        let text = random.pick(&NOTED).copied().unwrap_or(NOTED[0]);
        self.incidents.push(Incident {
            id: incident,
            programme_id: programme_id(),
            shelter_id: shelter.id,
            agency_id: agency_id("DSPM"),
            happened_at,
            kind,
            severity,
            account,
            recorded_at,
            closed_at: is_closed.then_some(closed_at),
            outcome: is_closed.then_some(outcome),
        });
        if noted_at <= now {
            self.follow_ups.push(FollowUp {
                id: id("incident follow-ups", &key, noted_at),
                incident_id: incident,
                agency_id: agency_id("DSPM"),
                text,
                recorded_at: noted_at,
            });
        }
        let lies = |lodger: &&Lodger| {
            lodger.shelter_id == shelter.id && lodger.from <= happened_at && happened_at < lodger.until
        };
        let mut there: Vec<&Lodger> = lodgers.iter().filter(lies).collect();
        for (part, percent) in
            [(IncidentPart::Alleged, 60), (IncidentPart::Witness, 40), (IncidentPart::Affected, 80)]
        {
            // It may happen to everyone; who is said to have done it, or to have seen it, is no child.
            let fits = |lodger: &&&Lodger| part == IncidentPart::Affected || is_grown(lodger);
            let fitting: Vec<&Lodger> = there.iter().filter(fits).copied().collect();
            let (chosen, is_in_it) = (random.pick(&fitting).copied(), random.chance(percent));
            let Some(someone) = chosen.filter(|_| is_in_it) else { continue };
            there.retain(|other| other.person_id != someone.person_id);
            let of = format!("{key}/{}", someone.person_id);
            let statement = random.chance(50).then(|| "Dio su versión de los hechos".to_owned());
            self.involved.push(Involved {
                id: id("incident people", &of, recorded_at),
                incident_id: incident,
                person_id: someone.person_id,
                recorded_at,
                record: sealed(someone.person_id, INVOLVEMENT, &key, &Involvement { part, statement })?,
            });
        }
        Ok(())
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.incidents).await?;
        copy(transaction, &self.follow_ups).await?;
        copy(transaction, &self.involved).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, NOON, people, shelters};
    use super::*;

    #[test]
    fn on_the_default_day_some_are_open_and_some_closed_with_people_of_every_part_in_them() {
        let now = local(DEFAULT_DAY, NOON);
        let people = people::Rows::generate(DEFAULT_DAY, now).unwrap();
        let shelters = shelters::Rows::generate(DEFAULT_DAY).shelters;
        let made = || Rows::generate(DEFAULT_DAY, now, &shelters, &people.lodgers).unwrap();
        let rows = made();
        assert_eq!(rows, made(), "the same in every load");
        let closed = rows.incidents.iter().filter(|incident| incident.closed_at.is_some()).count();
        assert!((1..rows.incidents.len()).contains(&closed), "{closed}");
        assert!((8..60).contains(&rows.incidents.len()), "{}", rows.incidents.len());
        assert!(rows.involved.len() > rows.incidents.len() / 2 && !rows.follow_ups.is_empty());
        // In the lead's shelter of the tests, and in another.
        let first = &shelters[0];
        assert!(rows.incidents.iter().any(|incident| incident.shelter_id == first.id));
        assert!(rows.incidents.iter().any(|incident| incident.shelter_id != first.id));
    }
}
