//! Births: those who were born here, of whom, and where they were lodged.

mod load;
mod register;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::pregnancies::{Pregnancy, pregnancies_by_ids};
use crate::access::FactSource;
use crate::census::{self, Person};
use crate::graph::{Graph, graphql_enum, record};
use crate::scalars::Id;

pub(crate) use load::births_of;
pub(super) use load::births_of_pregnancies;
pub(super) use register::RegisterBirthPayload;

graphql_enum! {
    /// Where a newborn was lodged.
    pub enum NewbornLodging {
        /// In a cot of their own, where the mother lodges.
        Cot = "COT",
        /// With the mother, in no bed of their own: no cot was free, or her space has no beds.
        WithMother = "WITH_MOTHER",
        /// In no shelter: the mother lodged in none.
        Elsewhere = "ELSEWHERE",
    }
}

record! {
    /// That somebody was born here. Who is born counts as a birth, and as no arrival.
    pub struct Birth: "Birth" as Diagnosis, id "birth" {
        /// Global id.
        id: Id<Birth> => Public identifying,
        /// When.
        born_at: DateTime<Utc> => Health,
        /// Which one of those born together, from 1.
        order: Option<i32> => Health,
        /// What they weighed, in grams.
        weight_grams: Option<i32> => Health,
        /// Where they were lodged then.
        lodging: Option<NewbornLodging> => Health,
        /// Whoever was born.
        person_id: Uuid,
        /// Their mother.
        mother_id: Option<Uuid>,
        /// The pregnancy.
        pregnancy_id: Option<Uuid>,
        /// What those share who were born together.
        delivery_id: Uuid,
        /// The newborn's key, as policies compare it.
        person: String,
    }
}

/// What is sealed of a birth, under the newborn's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivered {
    pub(crate) mother: Uuid,
    pub(crate) pregnancy: Uuid,
    pub(crate) order: i32,
    pub(crate) weight_grams: Option<i32>,
    pub(crate) lodging: NewbornLodging,
}

/// What it is sealed as.
pub(crate) const BIRTH: &str = "birth";

/// Where the facts of a birth stand in a query of its table.
fn birth_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Person).then_some(FactSource::Column("births.person_id::text"))
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Birth>(|birth| {
        birth
            .one(
                "newborn",
                Class::Identity,
                "Whoever was born.",
                |birth| Some(birth.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "mother",
                Class::Identity,
                "Their mother.",
                |birth| birth.mother_id,
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "pregnancy",
                Class::Health,
                "The pregnancy that ended so.",
                |birth| birth.pregnancy_id,
                pregnancies_by_ids,
                |pregnancy: &Pregnancy| pregnancy.id.uuid(),
            )
            .in_scope::<Pregnancy>()
    });
    graph.node::<Birth, _, _>(Class::Health, load::births_by_ids);
    graph.object::<RegisterBirthPayload>(|payload| {
        payload
            .many(
                "births",
                Class::Health,
                "Those who were born, in their order.",
                |payload| Some(payload.delivery_id),
                load::births_of_deliveries,
                |birth: &Birth| birth.delivery_id,
            )
            .in_scope::<Birth>()
    });
    graph
        .mutation(
            "registerBirth",
            Class::Identity,
            "Registers those who are born: persons from now on, of the mother's household, who lodge where she does, in a cot if one is \
             free. It ends her pregnancy. For clinicians, who write nothing else of who people are; needs a purpose.",
        )
        .either(RecordType::Newborn, register::register_birth);
}
