//! Adults' revalidations, and what INEA decided.

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;

use super::{day_of_2022, drawn};
use crate::demo::people::{Learner, sealed};
use crate::demo::{Random, id, local, programme_id};
use crate::education::{REVALIDATION, RevalidationDocument, SealedRevalidation};
use crate::error::Result;

/// How many adults are certified when the programme closes, how many refused, and how many withdrew.
const CERTIFIED: usize = 80;
const REFUSED: usize = 8;
const WITHDRAWN: usize = 12;

row! {
    /// A revalidation; sealed are its documents, its folio, and why it came to nothing.
    Revalidation in "revalidations" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        agency: &'static str = TEXT,
        level: &'static str = TEXT,
        state: &'static str = TEXT,
        filed_on: NaiveDate = DATE,
        decided_on: Option<NaiveDate> = DATE,
        record: Vec<u8> = BYTEA,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

pub(super) fn generate(now: DateTime<Utc>, learners: &[Learner]) -> Result<Vec<Revalidation>> {
    let adults = drawn(learners, "revalidations", |learner| (1962..=2001).contains(&learner.birth_year));
    let mut rows = Vec::new();
    for (number, adult) in adults.into_iter().take(CERTIFIED + REFUSED + WITHDRAWN).enumerate() {
        rows.extend(revalidation(number, adult, now)?);
    }
    Ok(rows)
}

/// The revalidation of the adult of this number, as far as it has come; none where it is filed later.
fn revalidation(number: usize, adult: &Learner, now: DateTime<Utc>) -> Result<Option<Revalidation>> {
    let mut random = Random::seeded(&format!("revalidations/{}", adult.code));
    let level = match random.below(20) {
        0..7 => "PRIMARY",
        7..16 => "SECONDARY",
        _ => "HIGH_SCHOOL",
    };
    let earliest = (adult.arrived_on + Days::new(8)).max(day_of_2022(1, 8));
    let filed_on = (earliest + Days::new(random.below(20).into())).min(adult.leaves_on - Days::new(12));
    let last_on = (filed_on + Days::new(u64::from(random.below(25)) + 5)).min(adult.leaves_on - Days::new(1));
    let filed_at = local(filed_on, 10);
    if filed_at > now {
        return Ok(None);
    }
    let over = local(last_on, 11) <= now;
    let state = match number {
        _ if !over => "FILED",
        0..CERTIFIED => "CERTIFIED",
        number if number < CERTIFIED + REFUSED => "REFUSED",
        _ => "WITHDRAWN",
    };
    let reason = match state {
        "REFUSED" => Some("Los documentos no permiten acreditar el nivel"),
        "WITHDRAWN" => Some("Prefirió presentar el examen más adelante"),
        _ => None,
    };
    let mut documents = vec![RevalidationDocument::Identity];
    documents.push(if random.chance(55) {
        RevalidationDocument::ForeignCertificate
    } else {
        RevalidationDocument::Declaration
    });
    if random.chance(40) {
        documents.push(RevalidationDocument::Examination);
    }
    let record = SealedRevalidation {
        documents,
        folio: (state == "CERTIFIED").then(|| format!("DEMO-{:05}", number + 1)),
        reason: reason.map(str::to_owned),
    };
    Ok(Some(Revalidation {
        id: id("revalidations", &adult.code, filed_at),
        programme_id: programme_id(),
        person_id: adult.person_id,
        agency: "INEA",
        level,
        state,
        filed_on,
        decided_on: matches!(state, "CERTIFIED" | "REFUSED").then_some(last_on),
        record: sealed(adult.person_id, REVALIDATION, "", &record)?,
        recorded_at: filed_at,
    }))
}
