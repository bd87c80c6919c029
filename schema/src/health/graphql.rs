//! Health in the schema.

use enlace_policies::{Class, RecordType};

use crate::census::{self, Person};
use crate::graph::{ConnectionKind, Graph, Object};
use crate::health::assess::{RecordAssessmentPayload, record_assessment};
use crate::health::visits::advised;
use crate::health::{
    Assessment, Birth, Diagnosis, MedicalReferral, Pregnancy, Prescription, Vaccination, Visit, births,
    hospitals, load, pregnancies, prescriptions, vaccinations, visits,
};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Assessment>(|assessment| {
        assessment
            .one(
                "person",
                Class::Identity,
                "Of whom.",
                |assessment| Some(assessment.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "diagnoses",
                Class::Health,
                "What was concluded of it, oldest first.",
                |assessment| Some(assessment.id.uuid()),
                load::diagnoses_of,
                |diagnosis: &Diagnosis| diagnosis.assessment_id.unwrap_or_default(),
            )
            .in_scope::<Diagnosis>()
    });
    graph.object::<Diagnosis>(|diagnosis| diagnosis);
    graph.node::<Assessment, _, _>(Class::Health, load::assessments_by_ids);
    graph.node::<Diagnosis, _, _>(Class::Health, load::diagnoses_by_ids);
    graph.object::<RecordAssessmentPayload>(|payload| {
        payload
            .one(
                "assessment",
                Class::Health,
                "The assessment.",
                |payload| Some(payload.assessment_id),
                load::assessments_by_ids,
                |assessment: &Assessment| assessment.id.uuid(),
            )
            .in_scope::<Assessment>()
            .one(
                "person",
                Class::Identity,
                "The person as they are known now.",
                |payload| Some(payload.person_id),
                census::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph
        .mutation(
            "recordAssessment",
            Class::Health,
            "Records a medical assessment; its risk is computed. It may say in the same request where the person is to be placed. Needs a \
             purpose.",
        )
        .either(RecordType::Assessment, record_assessment);
    graph
        .query(
            "consultationsAdvised",
            Class::Health,
            "The latest assessment of each person that advises a consultation, where none was had since: those who wait, longest first. \
             Needs a purpose.",
        )
        .connection(
            ConnectionKind {
                node: "Assessment",
                connection: "AssessmentConnection",
                edge: "AssessmentEdge",
            },
            advised,
        );
    visits::register(graph);
    prescriptions::register(graph);
    hospitals::register(graph);
    pregnancies::register(graph);
    births::register(graph);
    vaccinations::register(graph);
}

/// What a person leads to.
pub(crate) fn of_a_person(person: Object<Person>) -> Object<Person> {
    person
        .many(
            "assessments",
            Class::Health,
            "Their medical assessments, oldest first.",
            |person| Some(person.id.uuid()),
            load::assessments_of,
            |assessment: &Assessment| assessment.person_id,
        )
        .in_scope::<Assessment>()
        .many(
            "visits",
            Class::Health,
            "Their visits to a clinician, oldest first.",
            |person| Some(person.id.uuid()),
            visits::visits_of,
            |visit: &Visit| visit.person_id,
        )
        .in_scope::<Visit>()
        .many(
            "prescriptions",
            Class::Health,
            "What was prescribed for them, oldest first.",
            |person| Some(person.id.uuid()),
            prescriptions::prescriptions_of,
            |prescription: &Prescription| prescription.person_id,
        )
        .in_scope::<Prescription>()
        .many(
            "medicalReferrals",
            Class::Health,
            "Their referrals to hospitals, oldest first.",
            |person| Some(person.id.uuid()),
            hospitals::hospital_referrals_of,
            |referral: &MedicalReferral| referral.person_id,
        )
        .in_scope::<MedicalReferral>()
        .many(
            "pregnancies",
            Class::Health,
            "Their pregnancies, oldest first.",
            |person| Some(person.id.uuid()),
            pregnancies::pregnancies_of,
            |pregnancy: &Pregnancy| pregnancy.person_id,
        )
        .in_scope::<Pregnancy>()
        .many(
            "vaccinations",
            Class::Health,
            "Their vaccinations, in the order in which they were given.",
            |person| Some(person.id.uuid()),
            vaccinations::vaccinations_of,
            |vaccination: &Vaccination| vaccination.person_id,
        )
        .in_scope::<Vaccination>()
        .one(
            "birth",
            Class::Health,
            "Their own birth, where they were born here.",
            |person| Some(person.id.uuid()),
            births::births_of,
            |birth: &Birth| birth.person_id,
        )
        .in_scope::<Birth>()
}
