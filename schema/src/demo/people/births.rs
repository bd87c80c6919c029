//! Who is expecting, and the 14 who are born here.

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::households::Stay;
use super::leaving::Leaving;
use super::someone::{Someone, hashed};
use super::{Person, Rows};
use crate::census::search::RULES;
use crate::census::search::marks_of;
use crate::census::{BedNeed, FAMILY, IDENTITY, MIGRATION, Migration, MigrationStatus, PLACEMENT, Placement};
use crate::demo::{ENDS_ON, Random, copy, id, local, programme_id};
use crate::error::Result;
use crate::health::{
    BIRTH, CONTROLS_RULE, Care, Delivered, Gestation, LASTS, NewbornLodging, PregnancyEnding, slot,
};
use crate::vault::Key;

/// How many are born here.
const BIRTHS: usize = 14;
/// Of how many who are expecting one gives birth here, as long as there are births.
const ONE_OF: usize = 2;
/// How many days a pregnancy takes.
const TERM: u64 = 280;
/// When the others are due: the first day after the programme has closed, and over how many days.
const LATER: (u64, u32) = (5, 140);

row! {
    /// A record of care, sealed.
    CareRecord in "care_records" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
        slot: Vec<u8> = BYTEA,
        record: Vec<u8> = BYTEA,
    }
}

row! {
    /// That somebody was born here.
    Birth in "births" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        delivery_id: Uuid = UUID,
        born_at: DateTime<Utc> = TIMESTAMPTZ,
        record: Vec<u8> = BYTEA,
    }
}

/// A pregnancy as it stands, still to be given its slot.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::demo) struct Pregnancy {
    pub(in crate::demo) id: Uuid,
    pub(in crate::demo) person_id: Uuid,
    pub(in crate::demo) recorded_at: DateTime<Utc>,
    /// The day that is reckoned for the birth.
    pub(in crate::demo) due_on: NaiveDate,
    ended: bool,
    record: Vec<u8>,
}

/// Somebody who is expecting.
pub(super) struct Expecting {
    pub(super) mother: Someone,
    pub(super) household_id: Uuid,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) arrived_on: NaiveDate,
    /// How her household leaves.
    leaving: Leaving,
    /// Where she lodges, from when until when.
    pub(super) lodging: Option<(Uuid, NaiveDate, NaiveDate)>,
}

impl Expecting {
    pub(super) fn new(
        mother: Someone,
        (household_id, leaving): (Uuid, Leaving),
        recorded_at: DateTime<Utc>,
        stay: &Stay,
    ) -> Self {
        let Stay { arrived_on, lodging, .. } = *stay;
        Self { mother, household_id, recorded_at, arrived_on, leaving, lodging }
    }

    /// When she gives birth, as the one of so many: some days after she came, and before she leaves.
    fn gives_birth(&self, number: usize) -> DateTime<Utc> {
        let (first, last) = (self.arrived_on + Days::new(5), self.leaving.on - Days::new(2));
        let days = (last - first).num_days();
        // In another order than they came in.
        let place = i64::try_from(number * 5 % BIRTHS).unwrap_or_default();
        let mut random = Random::seeded(&format!("births/{}", self.mother.code));
        let within_a_day = TimeDelta::minutes(random.between(0, 1_200).into());
        local(first, 0) + TimeDelta::days(days * place / i64::try_from(BIRTHS).unwrap_or(1)) + within_a_day
    }
}

impl Rows {
    /// The pregnancies of those who came until now, and who was born of them. Everyone who will ever be expecting is given, so that a later
    /// day only adds.
    pub(super) fn births(
        &mut self,
        expecting: &[Expecting],
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut born: Vec<(DateTime<Utc>, &Expecting)> = Vec::new();
        for (number, of) in expecting.iter().step_by(ONE_OF).take(BIRTHS).enumerate() {
            born.push((of.gives_birth(number), of));
        }
        born.sort_by_key(|(at, of)| (*at, of.mother.id));
        for (number, (born_at, of)) in (super::households::PEOPLE..).zip(&born) {
            if *born_at <= now {
                self.birth(number, *born_at, of, (day, now))?;
            }
        }
        for of in expecting {
            let birth = born.iter().find(|(_, other)| other.mother.id == of.mother.id).map(|(at, _)| *at);
            if of.recorded_at <= now {
                self.pregnancy(of, birth, now)?;
            }
        }
        Ok(())
    }

    fn pregnancy(&mut self, of: &Expecting, birth: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<()> {
        let mut random = Random::seeded(&format!("pregnancies/{}", of.mother.code));
        let born_on = birth.map(|at| at.date_naive());
        // Nobody is born on the day that was reckoned.
        let due_on = match born_on {
            Some(day) => day + Days::new(random.below(12).into()),
            None => ENDS_ON + Days::new(LATER.0 + u64::from(random.below(LATER.1))),
        };
        let born_at = birth.filter(|at| *at <= now);
        let gestation = Gestation {
            began_on: Some(due_on - Days::new(TERM)),
            rule: Some(CONTROLS_RULE.to_owned()),
            ended_at: born_at,
            ending: born_at.map(|_| PregnancyEnding::Birth),
            births: born_at.map(|at| birth_id(&of.mother, at)).into_iter().collect(),
            version: if born_at.is_some() { 2 } else { 1 },
            ..Gestation::default()
        };
        let person_id = of.mother.id;
        let nonce = hashed(&["nonce", "care", &person_id.to_string()]);
        let nonce = nonce.first_chunk().copied().unwrap_or_default();
        self.pregnancies.push(Pregnancy {
            id: pregnancy_id(of),
            person_id,
            recorded_at: of.recorded_at,
            due_on,
            ended: born_at.is_some(),
            record: Care::Pregnancy(gestation).seal_by(&Key::new(&of.mother.key)?, person_id, nonce)?,
        });
        Ok(())
    }

    fn birth(
        &mut self,
        number: usize,
        born_at: DateTime<Utc>,
        of: &Expecting,
        (day, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<()> {
        let born_on = born_at.with_timezone(&chrono_tz::America::Tijuana).date_naive();
        let newborn = Someone::newborn(number, &of.mother, born_at, born_on);
        let lodges = |on: NaiveDate| of.lodging.filter(|(_, from, until)| *from <= on && on < *until);
        let placement = Placement { segment: of.mother.placement().segment, bed_needs: vec![BedNeed::Cot] };
        let migration = Migration { status: Some(MigrationStatus::Citizen), procedure: None };
        self.newborns.push(Person {
            id: newborn.id,
            programme_id: programme_id(),
            household_id: of.household_id,
            code: newborn.code.clone(),
            arrived_on: born_on,
            adult_from: NaiveDate::from_ymd_opt(born_on.year() + 19, 1, 1).unwrap_or(ENDS_ON),
            shelter_id: lodges(day).map(|(shelter, ..)| shelter),
            identity: newborn.seal(IDENTITY, &newborn.identity)?,
            family: newborn.seal(FAMILY, &newborn.family)?,
            migration: newborn.seal(MIGRATION, &migration)?,
            placement: newborn.seal(PLACEMENT, &placement)?,
            tokens_of: RULES,
        });
        self.episode(&newborn, (born_at, born_on), &of.leaving, now)?;
        self.marks.push((newborn.id, marks_of(&newborn.identity)));
        self.traits.insert(newborn.id, newborn.traits());
        let mut random = Random::seeded(&format!("newborns/{}", newborn.code));
        let delivered = Delivered {
            mother: of.mother.id,
            pregnancy: pregnancy_id(of),
            order: 1,
            weight_grams: Some(random.between(2_500, 3_900)),
            // The rooms of those who are pregnant have mats.
            lodging: lodges(born_on).map_or(NewbornLodging::Elsewhere, |_| NewbornLodging::WithMother),
        };
        self.births.push(Birth {
            id: birth_id(&of.mother, born_at),
            person_id: newborn.id,
            delivery_id: id("deliveries", &of.mother.code, born_at),
            born_at,
            record: newborn.seal(BIRTH, &delivered)?,
        });
        Ok(())
    }

    /// Writes them, once there are the people.
    pub(super) async fn copy_births(
        &self,
        transaction: &Transaction<'_>,
        search_key: &ring::hmac::Key,
    ) -> Result<(), tokio_postgres::Error> {
        let records: Vec<CareRecord> = self.pregnancies.iter().map(|of| of.record(search_key)).collect();
        copy(transaction, &records).await?;
        copy(transaction, &self.births).await
    }
}

impl Pregnancy {
    fn record(&self, search_key: &ring::hmac::Key) -> CareRecord {
        let own = self.id.to_string();
        CareRecord {
            id: self.id,
            person_id: self.person_id,
            recorded_at: self.recorded_at,
            slot: slot(search_key, self.person_id, if self.ended { &own } else { LASTS }),
            record: self.record.clone(),
        }
    }
}

fn pregnancy_id(of: &Expecting) -> Uuid {
    id("pregnancies", &of.mother.code, of.recorded_at)
}

fn birth_id(mother: &Someone, at: DateTime<Utc>) -> Uuid {
    id("births", &mother.code, at)
}
