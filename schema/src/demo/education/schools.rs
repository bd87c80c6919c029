//! Schools that belong to nobody, and children's places in them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::{day_of_2022, drawn};
use crate::demo::agencies::agency_id;
use crate::demo::people::{Learner, sealed};
use crate::demo::{Random, STARTS_ON, copy, id, local, programme_id};
use crate::education::{SCHOOL_DOCUMENT, SCHOOL_PLACE, SchoolPlaceClosing, SealedDocument, SealedPlace};
use crate::error::Result;

/// How many children are placed when the programme closes, and for how many more a place was asked for.
const PLACED: usize = 128;
const ASKED: usize = 14;
/// How many places each grade offers.
const PLACES: i32 = 24;
/// The hour at which something is done about a place.
const DONE: i64 = 11;

/// A level: its code, the ages of its first and its last grade here, and the documents that it asks for.
type Level = (&'static str, i32, i32, [&'static str; 3]);
const LEVELS: [Level; 3] = [
    ("PRESCHOOL", 3, 5, ["GUARDIAN_IDENTITY", "VACCINATION_CARD", "BIRTH_CERTIFICATE"]),
    ("PRIMARY", 6, 11, ["GUARDIAN_IDENTITY", "VACCINATION_CARD", "BIRTH_CERTIFICATE"]),
    ("SECONDARY", 12, 14, ["GUARDIAN_IDENTITY", "PREVIOUS_STUDIES", "BIRTH_CERTIFICATE"]),
];
/// The schools: name, level, shift and the agency that arranges places there.
const SCHOOLS: [(&str, &str, &str, &str); 7] = [
    ("Jardín de Niños de Ejemplo Uno", "PRESCHOOL", "MORNING", "DIF_MUNICIPAL"),
    ("Jardín de Niños de Ejemplo Dos", "PRESCHOOL", "MORNING", "UNICEF"),
    ("Primaria de Ejemplo Uno", "PRIMARY", "MORNING", "DIF_MUNICIPAL"),
    ("Primaria de Ejemplo Uno", "PRIMARY", "AFTERNOON", "DIF_MUNICIPAL"),
    ("Primaria de Ejemplo Dos", "PRIMARY", "FULL_DAY", "UNICEF"),
    ("Secundaria de Ejemplo Uno", "SECONDARY", "MORNING", "DIF_MUNICIPAL"),
    ("Secundaria de Ejemplo Dos", "SECONDARY", "AFTERNOON", "UNICEF"),
];

row! {
    /// A school.
    School in "schools" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        agency_id: Uuid = UUID,
        name: &'static str = TEXT,
        level: &'static str = TEXT,
        shift: &'static str = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A grade of one.
    Grade in "school_grades" {
        id: Uuid = UUID,
        school_id: Uuid = UUID,
        level: &'static str = TEXT,
        grade: i32 = INT4,
        places: i32 = INT4,
    }
}

row! {
    /// A child's place, or that it is asked for; sealed is why it was closed.
    Place in "school_places" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        agency: &'static str = TEXT,
        grade_id: Uuid = UUID,
        level: &'static str = TEXT,
        state: &'static str = TEXT,
        requested_on: NaiveDate = DATE,
        placed_on: Option<NaiveDate> = DATE,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// A document that was seen or waived, sealed.
    Document in "school_place_documents" {
        id: Uuid = UUID,
        place_id: Uuid = UUID,
        level: &'static str = TEXT,
        document: &'static str = TEXT,
        record: Vec<u8> = BYTEA,
    }
}

/// The rows of schools as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::demo) struct Rows {
    pub(in crate::demo) schools: Vec<School>,
    pub(in crate::demo) grades: Vec<Grade>,
    pub(in crate::demo) places: Vec<Place>,
    pub(in crate::demo) documents: Vec<Document>,
}

impl Rows {
    pub(super) fn generate(now: DateTime<Utc>, learners: &[Learner]) -> Result<Self> {
        let mut rows = Self::default();
        for (name, level, shift, agency) in SCHOOLS {
            let Some((_, first, last, _)) = LEVELS.iter().find(|(code, ..)| *code == level) else { continue };
            let school_id = school_id(name, shift);
            rows.schools.push(School {
                id: school_id,
                programme_id: programme_id(),
                agency_id: agency_id(agency),
                name,
                level,
                shift,
                recorded_at: local(STARTS_ON, 0),
            });
            rows.grades.extend((1..=last - first + 1).map(|grade| Grade {
                id: grade_id(school_id, grade),
                school_id,
                level,
                grade,
                places: PLACES,
            }));
        }
        let school_age = |learner: &Learner| level_of(learner).is_some();
        let children = drawn(learners, "school places", school_age);
        for (number, child) in children.into_iter().take(PLACED + ASKED).enumerate() {
            rows.place(child, number < PLACED, now)?;
        }
        Ok(rows)
    }

    /// A child's place, as far as it has come.
    fn place(&mut self, child: &Learner, is_placed: bool, now: DateTime<Utc>) -> Result<()> {
        let Some(&(level, first, _, needed)) = level_of(child) else { return Ok(()) };
        let mut random = Random::seeded(&format!("school places/{}", child.code));
        let of_level: Vec<_> = SCHOOLS.iter().filter(|(_, of, ..)| *of == level).collect();
        let Some(&(name, _, shift, agency)) = random.pick(&of_level).copied() else { return Ok(()) };
        let earliest = (child.arrived_on + Days::new(6)).max(day_of_2022(1, 5));
        let requested_on =
            (earliest + Days::new(random.below(18).into())).min(child.leaves_on - Days::new(8));
        let settled_on = requested_on + Days::new(u64::from(random.below(5)) + 2);
        let last_on =
            (settled_on + Days::new(u64::from(random.below(6)) + 1)).min(child.leaves_on - Days::new(1));
        let lacks_papers = random.chance(30);
        let requested_at = local(requested_on, DONE - 1);
        if requested_at > now {
            return Ok(());
        }
        let (is_settled, is_over) = (local(settled_on, DONE) <= now, local(last_on, DONE) <= now);
        let closing = match random.below(3) {
            0 => (SchoolPlaceClosing::NoPlaceLeft, "REFUSED"),
            1 => (SchoolPlaceClosing::FamilyDeclined, "WITHDRAWN"),
            _ => (SchoolPlaceClosing::FamilyLeft, "WITHDRAWN"),
        };
        let closed = (is_over && !is_placed).then_some(closing);
        let place = id("school places", &child.code, requested_at);
        let said = SealedPlace { closing: closed.map(|(closing, _)| closing), ..SealedPlace::default() };
        self.places.push(Place {
            id: place,
            programme_id: programme_id(),
            person_id: child.person_id,
            agency,
            grade_id: grade_id(school_id(name, shift), school_age(child) - first + 1),
            level,
            state: match closed {
                Some((_, state)) => state,
                None if is_over => "PLACED",
                None if is_settled => "DOCUMENTS_COMPLETE",
                None => "REQUESTED",
            },
            requested_on,
            placed_on: (is_over && is_placed).then_some(last_on),
            record: sealed(child.person_id, SCHOOL_PLACE, "", &said)?,
            recorded_at: requested_at,
        });
        // The guardian's identity is seen at once.
        let known = if is_settled { needed.as_slice() } else { needed.get(..1).unwrap_or_default() };
        for &document in known {
            let waiver = (lacks_papers && document == "BIRTH_CERTIFICATE")
                .then(|| "Se pedirá por medio del consulado".to_owned());
            self.documents.push(Document {
                id: id(
                    "school_place_documents",
                    &format!("{}/{document}", child.code),
                    local(settled_on, DONE),
                ),
                place_id: place,
                level,
                document,
                record: sealed(child.person_id, SCHOOL_DOCUMENT, document, &SealedDocument { waiver })?,
            });
        }
        Ok(())
    }

    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.schools).await?;
        copy(transaction, &self.grades).await?;
        copy(transaction, &self.places).await?;
        copy(transaction, &self.documents).await
    }

    /// Who has a place.
    #[cfg(test)]
    pub(super) fn placed(&self) -> Vec<Uuid> {
        self.places.iter().filter(|place| place.state == "PLACED").map(|place| place.person_id).collect()
    }
}

/// The age that somebody reached by the 31 December of the school year.
fn school_age(learner: &Learner) -> i32 {
    2021 - learner.birth_year
}

fn level_of(learner: &Learner) -> Option<&'static Level> {
    LEVELS.iter().find(|(_, first, last, _)| (*first..=*last).contains(&school_age(learner)))
}

fn school_id(name: &str, shift: &str) -> Uuid {
    id("schools", &format!("{name}/{shift}"), local(STARTS_ON, 0))
}

fn grade_id(school: Uuid, grade: i32) -> Uuid {
    id("school grades", &format!("{school}/{grade}"), local(STARTS_ON, 0))
}
