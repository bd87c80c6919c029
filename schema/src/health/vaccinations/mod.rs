//! Vaccinations: out of a lot of medical stock, or declared as given elsewhere; and how far a person's scheme is.

mod declared;
mod load;
mod record;
mod rule;
mod scheme;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::census::{self, Person};
use crate::donations::{Lot, lots_by_ids};
use crate::graph::{Graph, graphql_enum, record};
use crate::scalars::{Id, PartialDate};

use declared::{Declared, VaccinationProof};
pub(crate) use declared::{DeclaredVaccination, hand_on_vaccinations};
pub(crate) use load::vaccinations_of;
pub(super) use record::RecordVaccinationPayload;
pub(super) use scheme::{VaccinationScheme, VaccineDoses};

graphql_enum! {
    /// A vaccine, or what it is against.
    pub enum Vaccine {
        /// Tuberculosis.
        Bcg = "BCG",
        /// Hepatitis B, at birth.
        HepatitisB = "HEPATITIS_B",
        /// Diphtheria, tetanus, whooping cough, polio, Haemophilus influenzae b and hepatitis B.
        Hexavalent = "HEXAVALENT",
        /// Rotavirus.
        Rotavirus = "ROTAVIRUS",
        /// Pneumococcus.
        Pneumococcal = "PNEUMOCOCCAL",
        /// Measles, mumps and rubella.
        Mmr = "MMR",
        /// Diphtheria, whooping cough and tetanus.
        Dpt = "DPT",
        /// Tetanus and diphtheria.
        Td = "TD",
        /// Human papillomavirus.
        Hpv = "HPV",
        /// Influenza.
        Influenza = "INFLUENZA",
        /// COVID-19.
        Covid19 = "COVID_19",
    }
}

record! {
    /// That a person was vaccinated.
    pub struct Vaccination: "Vaccination" as Diagnosis, id "vaccination" {
        /// Global id.
        id: Id<Vaccination> => Public identifying,
        /// The vaccine.
        vaccine: Vaccine => Health,
        /// Which dose of it, from 1.
        dose: i32 => Health,
        /// When it was given; of one that was declared on registering, at noon by UTC of the first day that it can mean.
        given_at: DateTime<Utc> => Health,
        /// Where it was given, if elsewhere: as declared, out of no lot.
        place: Option<String> => Health,
        /// The day, as far as it is known; null where it was not declared on registering.
        declared_day: Option<PartialDate> => Health,
        /// How it is known; null where it was not declared on registering.
        proof: Option<VaccinationProof> => Health,
        /// The lot that it came out of.
        lot_id: Option<Uuid>,
        /// Whom.
        person_id: Uuid,
        /// Their key, as policies compare it.
        person: String,
    }
}

/// What is sealed of a vaccination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vaccinated {
    pub(crate) vaccine: Vaccine,
    pub(crate) dose: i32,
    pub(crate) given_at: DateTime<Utc>,
    pub(crate) lot: Option<Uuid>,
    pub(crate) place: Option<String>,
    /// Where it was declared on registering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    declared: Option<Declared>,
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Vaccination>(|vaccination| {
        vaccination
            .one(
                "lot",
                Class::Health,
                "The lot that it came out of; null where it was given elsewhere.",
                |vaccination| vaccination.lot_id,
                lots_by_ids,
                |lot: &Lot| lot.id.uuid(),
            )
            .one(
                "person",
                Class::Identity,
                "Whom.",
                |vaccination| Some(vaccination.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph.node::<Vaccination, _, _>(Class::Health, load::vaccinations_by_ids);
    graph.object::<VaccineDoses>(|doses| doses);
    graph.object::<VaccinationScheme>(|scheme| {
        scheme.carries_many(
            "doses",
            Class::Health,
            "Each vaccine of which some dose is due by now, or was given.",
            |scheme| scheme.doses.clone(),
        )
    });
    graph.object::<RecordVaccinationPayload>(|payload| {
        payload
            .one(
                "vaccination",
                Class::Health,
                "The vaccination.",
                |payload| Some(payload.record_id),
                load::vaccinations_by_ids,
                |vaccination: &Vaccination| vaccination.id.uuid(),
            )
            .in_scope::<Vaccination>()
    });
    graph
        .mutation(
            "recordVaccination",
            Class::Health,
            "Records a dose: given out of a store's medical stock, by the lots that expire first or of one that is named, or declared as given \
             elsewhere. For whoever writes that stock's INVENTORY too, where it is; needs a purpose.",
        )
        .either(RecordType::Diagnosis, record::record_vaccination);
    graph
        .query(
            "vaccinationScheme",
            Class::Health,
            "How far a person's vaccinations are, by the published rule and their age today; null where there is nobody. Needs a purpose.",
        )
        .one(scheme::vaccination_scheme);
}
