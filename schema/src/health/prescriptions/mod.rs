//! Prescriptions, and what is dispensed of them out of the programme's medical stock.

mod dispense;
mod load;
mod prescribe;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::FactSource;
use crate::census::{self, Person};
use crate::donations::{Item, items_by_ids, lots_by_ids};
use crate::graph::{Graph, Record, record};
use crate::scalars::{Id, Quantity, Unit};

pub(super) use dispense::DispensePayload;
pub(crate) use load::{prescriptions_of, prescriptions_of_visits};
pub(super) use prescribe::PrescribePayload;

record! {
    /// A medicine that is prescribed for a person.
    pub struct Prescription: "Prescription" as Diagnosis, id "prescription" {
        /// Global id.
        id: Id<Prescription> => Public identifying,
        /// When it was prescribed.
        prescribed_at: DateTime<Utc> => Health,
        /// How much of it, in the item's base unit.
        quantity: Option<Quantity> => Health,
        /// How much of that was dispensed.
        dispensed: Option<Quantity> => Health,
        /// How it is taken.
        dosage: Option<String> => Health,
        /// The item.
        item_id: Option<Uuid>,
        /// The visit in which it was prescribed.
        visit_id: Uuid,
        /// For whom.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
    }
}

record! {
    /// That so much of a prescription was dispensed.
    pub struct Dispensing: "Dispensing" as Diagnosis, id "dispensing" {
        /// Global id.
        id: Id<Dispensing> => Public identifying,
        /// When.
        dispensed_at: DateTime<Utc> => Health,
        /// How much.
        quantity: Option<Quantity> => Health,
        /// The lots.
        lots: Vec<Uuid>,
        /// The prescription.
        prescription_id: Uuid,
        /// The key of the person, as policies compare it.
        person: String,
    }
}

/// What is sealed of a prescription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) item: Uuid,
    pub(crate) unit: Unit,
    pub(crate) dosage: String,
}

/// What is sealed of a dispensing: how much of which lots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Handed {
    pub(crate) unit: Unit,
    pub(crate) lots: Vec<(Uuid, i32)>,
}

/// What they are sealed as.
pub(crate) const ORDER: &str = "prescription";
pub(crate) const HANDED: &str = "dispensing";

/// Where the facts of a prescription stand in a query of its table.
fn prescription_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Person => Some(FactSource::Column("prescriptions.person_id::text")),
        Fact::Withheld => Some(FactSource::Column(
            "(SELECT persons.withheld FROM persons WHERE persons.id = prescriptions.person_id)",
        )),
        _ => None,
    }
}

/// Where the facts of a dispensing stand in a query of its table.
fn dispensing_facts(fact: Fact) -> Option<FactSource> {
    match fact {
        Fact::Person => Some(FactSource::Column("dispensings.person_id::text")),
        Fact::Withheld => Some(FactSource::Column(
            "(SELECT persons.withheld FROM persons WHERE persons.id = dispensings.person_id)",
        )),
        _ => None,
    }
}

/// A payload that shows one prescription.
trait Shows: Record {
    /// Its key.
    fn prescription(&self) -> Uuid;
}

fn payload<P: Shows>(graph: &mut Graph) {
    graph.object::<P>(|payload| {
        payload
            .one(
                "prescription",
                Class::Health,
                "The prescription as it is now.",
                |payload| Some(payload.prescription()),
                load::prescriptions_by_ids,
                |prescription: &Prescription| prescription.id.uuid(),
            )
            .in_scope::<Prescription>()
    });
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Prescription>(|prescription| {
        prescription
            .one(
                "item",
                Class::Health,
                "The medicine.",
                |prescription| prescription.item_id,
                items_by_ids,
                |item: &Item| item.id.uuid(),
            )
            .one(
                "person",
                Class::Identity,
                "For whom.",
                |prescription| Some(prescription.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "dispensings",
                Class::Health,
                "What was dispensed of it, oldest first.",
                |prescription| Some(prescription.id.uuid()),
                load::dispensings_of,
                |dispensing: &Dispensing| dispensing.prescription_id,
            )
            .in_scope::<Dispensing>()
    });
    graph.object::<Dispensing>(|dispensing| {
        dispensing.makes_many(
            "lots",
            Class::Health,
            "The lots that it came out of.",
            |context, dispensing: Dispensing| lots_by_ids(context, dispensing.lots),
        )
    });
    graph.node::<Prescription, _, _>(Class::Health, load::prescriptions_by_ids);
    graph.node::<Dispensing, _, _>(Class::Health, load::dispensings_by_ids);
    payload::<PrescribePayload>(graph);
    payload::<DispensePayload>(graph);
    graph
        .mutation(
            "prescribe",
            Class::Health,
            "Prescribes a medicine of the catalogue in a visit, while that is open. Needs a purpose.",
        )
        .either(RecordType::Diagnosis, prescribe::prescribe);
    graph
        .mutation(
            "dispense",
            Class::Health,
            "Dispenses what is prescribed out of a store's medical stock, by the lots that expire first or of one that is named. For whoever \
             writes that stock's INVENTORY too; needs a purpose.",
        )
        .either(RecordType::Diagnosis, dispense::dispense);
}
