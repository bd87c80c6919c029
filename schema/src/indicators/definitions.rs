//! What is counted: the closed list of indicators, each with its definition and the query that computes it.
//!
//! An indicator is a ledger: its query answers with what changed it, on which day of the programme, by how much, and through whom where
//! its unit is about a person. Its count as of a day is the sum of what changed it until then; so one record moves it by exactly what its
//! line says, and any day can be counted at any time. Days are those on which things happened, not those on which they were recorded.

use super::{Actual, IndicatorUnit, Shown};
use crate::labels::{Words, words};

/// An indicator, as it is defined.
#[derive(Debug)]
pub(crate) struct Definition {
    /// The key by which programs know it.
    pub(crate) key: &'static str,
    /// What one of it is.
    pub(crate) unit: IndicatorUnit,
    /// Its name.
    pub(crate) names: Words,
    /// What is counted.
    pub(crate) definitions: Words,
    /// Of whom it tells.
    pub(crate) tells_of: TellsOf,
    /// The query; `$1` is the programme's key. Its columns: `day`, `delta`, and `person`, null where the unit is about none.
    pub(crate) query: &'static str,
}

/// Of whom a count tells, and so what of it is published, and to whom it is told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TellsOf {
    /// Of people's health: what is published is told, and nothing else to anyone (the letter A of the access rules).
    Health,
    /// Of people, or of families.
    People,
    /// Of things.
    Things,
}

impl TellsOf {
    /// Whether small counts are withheld (R22).
    pub(crate) fn is_protected(self) -> bool {
        self != Self::Things
    }
}

/// Every indicator, in the order of the closing table.
pub(crate) const DEFINITIONS: &[Definition] = &[
    Definition {
        key: "census_entries",
        unit: IndicatorUnit::Person,
        names: words("Ingresos al censo", "Census entries"),
        definitions: words(
            "Personas distintas que llegaron y fueron registradas, desde el día de su primera llegada. Los recién nacidos no cuentan aquí.",
            "Distinct people who arrived and were registered, from the day of their first arrival on. Newborns do not count here.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT min(episodes.arrived_on) AS day, 1 AS delta, coalesce(merged_into, persons.id) AS person \
FROM persons JOIN episodes ON person_id = persons.id \
WHERE programme_id = $1 AND NOT EXISTS (SELECT FROM births WHERE births.person_id = persons.id) \
GROUP BY coalesce(merged_into, persons.id)",
    },
    Definition {
        key: "census_departures",
        unit: IndicatorUnit::Person,
        names: words("Egresos del censo", "Census departures"),
        definitions: words(
            "Personas distintas que llegaron y cuyo egreso fue confirmado; quien vuelve deja de contar mientras está de nuevo aquí.",
            "Distinct people who arrived and whose departure was confirmed; who comes back does not count while they are here again.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT coalesce(ended_on, arrived_on) AS day, CASE WHEN ended_on IS NULL THEN -1 ELSE 1 END AS delta, person \
FROM (SELECT NULL::date AS arrived_on, ended_on, persons.id AS person \
FROM persons JOIN episodes ON person_id = persons.id \
WHERE programme_id = $1 AND merged_into IS NULL AND ending = 'DEPARTED' \
UNION ALL SELECT later.arrived_on, NULL, persons.id \
FROM persons JOIN episodes AS earlier ON earlier.person_id = persons.id AND earlier.ending = 'DEPARTED' \
JOIN LATERAL (SELECT arrived_on FROM episodes WHERE person_id = persons.id AND arrived_on >= earlier.ended_on AND id <> earlier.id \
ORDER BY arrived_on LIMIT 1) AS later ON true \
WHERE programme_id = $1 AND merged_into IS NULL) AS steps \
WHERE NOT EXISTS (SELECT FROM births WHERE person_id = person)",
    },
    Definition {
        key: "families_departed",
        unit: IndicatorUnit::Household,
        names: words("Familias egresadas", "Families departed"),
        definitions: words(
            "Hogares de los que ya egresó el último integrante.",
            "Households of which the last member has departed.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT closed_on AS day, 1 AS delta, NULL::uuid AS person FROM households WHERE programme_id = $1 AND closed_on IS NOT NULL",
    },
    Definition {
        key: "dwellings_leased",
        unit: IndicatorUnit::Dwelling,
        names: words("Viviendas rentadas", "Dwellings leased"),
        definitions: words(
            "Viviendas distintas que se han rentado, desde el primer día de su primer contrato. Varias familias comparten una.",
            "Distinct dwellings that have been leased, from the first day of their first lease on. Families share one.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT min(starts_on) AS day, 1 AS delta, NULL::uuid AS person FROM leases \
WHERE programme_id = $1 AND state <> 'CANCELLED' GROUP BY dwelling_id",
    },
    Definition {
        key: "basic_education",
        unit: IndicatorUnit::Person,
        names: words(
            "Menores incorporados a educación básica",
            "Children and adolescents into basic education",
        ),
        definitions: words(
            "Personas distintas a quienes se asignó un lugar en preescolar, primaria o secundaria.",
            "Distinct people who were placed in preschool, primary or secondary school.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT min(placed_on) AS day, 1 AS delta, coalesce(merged_into, persons.id) AS person \
FROM school_places JOIN persons ON persons.id = person_id \
WHERE school_places.programme_id = $1 AND placed_on IS NOT NULL GROUP BY coalesce(merged_into, persons.id)",
    },
    Definition {
        key: "adults_revalidated",
        unit: IndicatorUnit::Person,
        names: words("Adultos con revalidación", "Adults revalidated"),
        definitions: words(
            "Personas adultas distintas cuyos estudios certificó el INEA.",
            "Distinct adults whose schooling INEA certified.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT min(decided_on) AS day, 1 AS delta, coalesce(merged_into, persons.id) AS person \
FROM revalidations JOIN persons ON persons.id = person_id \
WHERE revalidations.programme_id = $1 AND state = 'CERTIFIED' GROUP BY coalesce(merged_into, persons.id)",
    },
    Definition {
        key: "rfc_completed",
        unit: IndicatorUnit::Procedure,
        names: words("Trámites de RFC concluidos", "RFC procedures completed"),
        definitions: words(
            "Trámites de inscripción al Registro Federal de Contribuyentes que el programa llevó a término.",
            "Procedures of registration with the federal taxpayers' registry that the programme carried out.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT completed_on AS day, 1 AS delta, person_id AS person FROM rfc_procedures \
WHERE programme_id = $1 AND state = 'COMPLETED'",
    },
    Definition {
        key: "formal_jobs",
        unit: IndicatorUnit::Job,
        names: words("Empleos formales activos", "Formal jobs active"),
        definitions: words(
            "Empleos formales que empezaron y no han terminado. Siguen contando después del egreso; una persona puede tener varios.",
            "Formal jobs that began and have not ended. They go on counting after a departure; a person may have several.",
        ),
        tells_of: TellsOf::People,
        query: "SELECT day, delta, person_id AS person FROM job_placements, \
LATERAL (VALUES (started_on, 1), (ended_on, -1)) AS step (day, delta) \
WHERE programme_id = $1 AND formal AND day IS NOT NULL",
    },
    Definition {
        key: "medicines_delivered",
        unit: IndicatorUnit::Dispensing,
        names: words("Medicamentos entregados", "Medicines delivered"),
        definitions: words(
            "Entregas de un medicamento a una persona.",
            "Dispensings of a medicine to a person.",
        ),
        tells_of: TellsOf::Health,
        query: "SELECT (dispensed_at AT TIME ZONE time_zone)::date AS day, 1 AS delta, coalesce(merged_into, persons.id) AS person \
FROM dispensings JOIN persons ON persons.id = person_id JOIN programmes ON programmes.id = programme_id WHERE programme_id = $1",
    },
    Definition {
        key: "people_consulted",
        unit: IndicatorUnit::Person,
        names: words("Personas con consulta y seguimiento", "People with consultation and follow-up"),
        definitions: words(
            "Personas distintas que llegaron y tuvieron al menos una consulta médica concluida.",
            "Distinct people who arrived and had at least one medical visit that was concluded.",
        ),
        tells_of: TellsOf::Health,
        query: "SELECT min((closed_at AT TIME ZONE time_zone)::date) AS day, 1 AS delta, coalesce(merged_into, persons.id) AS person \
FROM visits JOIN persons ON persons.id = person_id JOIN programmes ON programmes.id = programme_id \
WHERE programme_id = $1 AND closed_at IS NOT NULL AND NOT EXISTS (SELECT FROM births WHERE births.person_id = persons.id) \
GROUP BY coalesce(merged_into, persons.id)",
    },
    Definition {
        key: "articles_donated",
        unit: IndicatorUnit::Article,
        names: words("Artículos donados", "Articles donated"),
        definitions: words(
            "Artículos recibidos de donantes, cada uno una unidad base de lo que es; lo que se recibió por error se descuenta.",
            "Articles received of donors, each one base unit of what it is; what was received in error is taken off.",
        ),
        tells_of: TellsOf::Things,
        query: "SELECT (movements.occurred_at AT TIME ZONE time_zone)::date AS day, \
CASE movements.kind WHEN 'RECEIPT' THEN movements.quantity ELSE -movements.quantity END AS delta, NULL::uuid AS person \
FROM movements JOIN lots ON lots.id = movements.lot_id JOIN programmes ON programmes.id = programme_id \
LEFT JOIN movements AS undone ON undone.id = movements.reverses_id \
WHERE programme_id = $1 AND 'RECEIPT' IN (movements.kind, undone.kind)",
    },
    Definition {
        key: "births",
        unit: IndicatorUnit::Birth,
        names: words("Nacimientos", "Births"),
        definitions: words(
            "Niñas y niños que nacieron de madres a cargo del programa.",
            "Children born to mothers in the programme's care.",
        ),
        tells_of: TellsOf::Health,
        query: "SELECT (born_at AT TIME ZONE time_zone)::date AS day, 1 AS delta, person_id AS person \
FROM births JOIN persons ON persons.id = person_id JOIN programmes ON programmes.id = programme_id WHERE programme_id = $1",
    },
    Definition {
        key: "shelters_opened",
        unit: IndicatorUnit::Shelter,
        names: words("Albergues habilitados", "Shelters opened"),
        definitions: words(
            "Centros que se abrieron como albergue, aunque hayan cerrado después.",
            "Centres that were opened as a shelter, even if they have closed since.",
        ),
        tells_of: TellsOf::Things,
        query: "SELECT opened_on AS day, 1 AS delta, NULL::uuid AS person FROM shelters WHERE programme_id = $1",
    },
];

impl Definition {
    /// What of it may be published, after what was shown of it in earlier tables.
    pub(crate) fn shown(&self, actual: &Actual, earlier: &[Shown]) -> Shown {
        if self.tells_of.is_protected() { Shown::protected(actual, earlier) } else { Shown::all(actual) }
    }

    /// The indicator of a key.
    pub(crate) fn of(key: &str) -> Option<&'static Self> {
        DEFINITIONS.iter().find(|definition| definition.key == key)
    }
}

/// What changed some indicators, as one query: the columns of each one's, and its key as `indicator`.
pub(crate) fn ledger<'d>(definitions: impl IntoIterator<Item = &'d Definition>) -> String {
    let each = definitions.into_iter().map(|Definition { key, query, .. }| {
        format!("SELECT '{key}' AS indicator, day, delta, person FROM ({query}) AS {key}")
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// How all indicators stand as of a day, which is `$2`, as one query: key and count.
pub(crate) fn totals() -> String {
    format!(
        "SELECT indicator, sum(delta)::bigint AS count FROM ({}) AS ledger WHERE day <= $2 GROUP BY indicator",
        ledger(DEFINITIONS)
    )
}

/// The same by person; without one, where an indicator's unit is about none.
pub(crate) fn by_person() -> String {
    format!(
        "SELECT indicator, person, sum(delta)::bigint AS count FROM ({}) AS ledger WHERE day <= $2 GROUP BY indicator, person \
         HAVING sum(delta) <> 0",
        ledger(DEFINITIONS)
    )
}
