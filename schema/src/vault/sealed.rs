//! Which columns of the database are sealed under people's keys, beside the parts of the journal's entries.

use crate::break_glass::REASON;
use crate::census::{FAMILY, IDENTITY, MIGRATION, PLACEMENT, arco, intake};
use crate::departures::{DESTINATION, HEARD};
use crate::education::{ATTENDANCE, COURSE, OUTCOME, REVALIDATION, SCHOOL_DOCUMENT, SCHOOL_PLACE};
use crate::employment;
use crate::health::{BIRTH, CONCLUSION, FINDINGS, HANDED, ORDER, SENT, VISIT, care::CARE};
use crate::housing::TERMS;
use crate::incidents::INVOLVEMENT;

/// A table, each row of which has its key in `id` and tells of one person.
#[derive(Debug)]
pub struct SealedTable {
    /// Its name.
    pub name: &'static str,
    /// What names the person, in SQL.
    pub person: &'static str,
    /// The columns that are sealed, and as what.
    pub columns: &'static [(&'static str, &'static str)],
}

const fn of_person(name: &'static str, columns: &'static [(&'static str, &'static str)]) -> SealedTable {
    SealedTable { name, person: "person_id", columns }
}

/// All of them. A column that is missing here would be lost with its old key: a promise compares this with the database.
pub const SEALED: &[SealedTable] = &[
    SealedTable {
        name: "persons",
        person: "id",
        columns: &[
            ("identity", IDENTITY),
            ("family", FAMILY),
            ("migration", MIGRATION),
            ("placement", PLACEMENT),
        ],
    },
    of_person("intakes", &[("vaccinations", intake::VACCINATIONS), ("work", intake::WORK)]),
    of_person("assessments", &[("findings", FINDINGS)]),
    of_person("visits", &[("record", VISIT)]),
    of_person("diagnoses", &[("conclusion", CONCLUSION)]),
    of_person("prescriptions", &[("record", ORDER)]),
    of_person("dispensings", &[("record", HANDED)]),
    of_person("medical_referrals", &[("record", SENT)]),
    of_person("care_records", &[("record", CARE)]),
    of_person("births", &[("record", BIRTH)]),
    of_person("enrolments", &[("course", COURSE), ("outcome", OUTCOME)]),
    SealedTable {
        name: "attendances",
        person: "(SELECT enrolments.person_id FROM enrolments WHERE enrolments.id = enrolment_id)",
        columns: &[("record", ATTENDANCE)],
    },
    of_person("school_places", &[("record", SCHOOL_PLACE)]),
    SealedTable {
        name: "school_place_documents",
        person: "(SELECT school_places.person_id FROM school_places WHERE school_places.id = place_id)",
        columns: &[("record", SCHOOL_DOCUMENT)],
    },
    of_person("revalidations", &[("record", REVALIDATION)]),
    of_person("work_profiles", &[("profile", employment::WORK_PROFILE)]),
    of_person("job_applications", &[("record", employment::APPLICATION)]),
    of_person("job_placements", &[("record", employment::ENDING)]),
    SealedTable {
        name: "job_follow_ups",
        person: "(SELECT job_placements.person_id FROM job_placements WHERE job_placements.id = placement_id)",
        columns: &[("record", employment::FOLLOW_UP)],
    },
    of_person("rfc_procedures", &[("record", employment::RFC)]),
    of_person("job_attendances", &[("record", employment::ATTENDANCE)]),
    of_person("tenancies", &[("record", TERMS)]),
    of_person("incident_people", &[("record", INVOLVEMENT)]),
    of_person("departures", &[("plan", DESTINATION)]),
    SealedTable {
        name: "departure_follow_ups",
        person: "(SELECT departures.person_id FROM departures WHERE departures.id = departure_id)",
        columns: &[("record", HEARD)],
    },
    of_person("break_glass_accesses", &[("reason", REASON)]),
    of_person(
        "arco_requests",
        &[
            ("proof", arco::PROOF),
            ("extension_reason", arco::EXTENSION),
            ("answer_reason", arco::ANSWER),
            ("handed_over", arco::HANDED_OVER),
        ],
    ),
];
