//! The permits of the shelters, and of what is held and carried.

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::agencies::agency_id;
use super::shelters::Shelter;
use super::{STARTS_ON, copy, id, local, programme_id};

/// For how many days an opening is permitted, and how many before its last a renewal is asked for.
const OPEN_FOR: u64 = 45;
const RENEWED_BEFORE: u64 = 7;
/// At what hour requests are reviewed, and decided.
pub(super) const DECIDED_AT: i64 = 11;

/// What comes of a request.
#[derive(Clone, Copy)]
enum Fate {
    /// It is granted, for so many days.
    Granted(u64),
    /// It is refused, for this reason.
    Refused(&'static str),
}

/// Who asks for what kind, for what activity, why, so many days after the programme began, and what comes of it.
const ACTIVITIES: [(&str, &str, &str, &str, u64, Fate); 5] = [
    (
        "SEDENA",
        "SANITARY",
        "Cocina móvil para mil personas",
        "Preparar alimentos en el patio de la base y llevarlos a los albergues.",
        2,
        Fate::Granted(120),
    ),
    (
        "DIF_MUNICIPAL",
        "TRANSPORT",
        "Traslado de familias entre albergues",
        "Circular con tres autobuses municipales entre los albergues.",
        9,
        Fate::Granted(60),
    ),
    (
        "RP",
        "EVENT",
        "Colecta en la plaza",
        "Instalar un centro de acopio en la plaza durante un fin de semana.",
        22,
        Fate::Granted(3),
    ),
    (
        "RP",
        "EVENT",
        "Concierto a beneficio",
        "Cerrar la calle frente al teatro una noche.",
        40,
        Fate::Refused("La fecha coincide con otro cierre de la misma calle."),
    ),
    (
        "DIF_MUNICIPAL",
        "OTHER",
        "Constancias de estancia",
        "Folio de constancias de estancia para trámites escolares.",
        48,
        Fate::Granted(90),
    ),
];

row! {
    /// A permit.
    Permit in "permits" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        kind: &'static str = TEXT,
        agency_id: Uuid = UUID,
        shelter_id: Option<Uuid> = UUID,
        activity: Option<&'static str> = TEXT,
        purpose: &'static str = TEXT,
        requested_on: NaiveDate = DATE,
        renews_id: Option<Uuid> = UUID,
        state: &'static str = TEXT,
        reviewed_on: Option<NaiveDate> = DATE,
        decided_on: Option<NaiveDate> = DATE,
        folio: Option<String> = TEXT,
        valid_from: Option<NaiveDate> = DATE,
        valid_until: Option<NaiveDate> = DATE,
        reason: Option<&'static str> = TEXT,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

/// The rows of permits as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) permits: Vec<Permit>,
}

impl Rows {
    /// Makes them for the shelters that there are at `now`.
    pub(super) fn generate(shelters: &[Shelter], now: DateTime<Utc>) -> Self {
        let mut permits: Vec<Permit> = Vec::new();
        for shelter in shelters {
            permits.extend(of_shelter(shelter, now));
        }
        for (agency, kind, activity, purpose, after, fate) in ACTIVITIES {
            let asked = Permit::asked(kind, agency, purpose, STARTS_ON + Days::new(after), activity);
            let asked = Permit { activity: Some(activity), ..asked };
            permits.extend(asked.standing_at(fate, now));
        }
        permits.sort_by_key(|permit| permit.id);
        Self { permits }
    }

    /// Writes them, once there are the shelters.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.permits).await
    }
}

/// The opening of a shelter, renewed in time, and its kitchen.
fn of_shelter(shelter: &Shelter, now: DateTime<Utc>) -> Vec<Permit> {
    let of_it = |kind, purpose, day: NaiveDate| Permit {
        shelter_id: Some(shelter.id),
        ..Permit::asked(kind, "DIF_MUNICIPAL", purpose, day, &shelter.code)
    };
    let opening = of_it("OPENING", "Abrir el centro como albergue temporal.", shelter.opened_on);
    let last = shelter.opened_on + Days::new(2 + OPEN_FOR - 1);
    let renewal = Permit {
        renews_id: Some(opening.id),
        ..of_it("OPENING", "Seguir con el albergue temporal.", last - Days::new(RENEWED_BEFORE))
    };
    let sanitary = of_it("SANITARY", "Servir alimentos preparados fuera.", shelter.opened_on + Days::new(4));
    [(opening, Fate::Granted(OPEN_FOR)), (renewal, Fate::Granted(60)), (sanitary, Fate::Granted(180))]
        .into_iter()
        .filter_map(|(permit, fate)| permit.standing_at(fate, now))
        .collect()
}

impl Permit {
    fn asked(
        kind: &'static str,
        agency: &str,
        purpose: &'static str,
        requested_on: NaiveDate,
        key: &str,
    ) -> Self {
        let recorded_at = local(requested_on, 9);
        Self {
            id: id("permits", &format!("{kind}/{key}/{requested_on}"), recorded_at),
            programme_id: programme_id(),
            kind,
            agency_id: agency_id(agency),
            shelter_id: None,
            activity: None,
            purpose,
            requested_on,
            renews_id: None,
            state: "REQUESTED",
            reviewed_on: None,
            decided_on: None,
            folio: None,
            valid_from: None,
            valid_until: None,
            reason: None,
            recorded_at,
        }
    }

    /// As far as it has come: reviewed the day after, decided the day after that; none where it is not asked for by now.
    fn standing_at(self, fate: Fate, now: DateTime<Utc>) -> Option<Self> {
        let reached = |day: NaiveDate| (local(day, DECIDED_AT) <= now).then_some(day);
        let reviewed_on = reached(self.requested_on + Days::new(1));
        let decided_on = reached(self.requested_on + Days::new(2));
        if self.recorded_at > now {
            return None;
        }
        Some(match (decided_on, fate) {
            (Some(day), Fate::Granted(days)) => {
                let short: String = self.id.simple().to_string().chars().rev().take(8).collect();
                Self {
                    state: "GRANTED",
                    reviewed_on,
                    decided_on,
                    folio: Some(format!("CDM-{short}")),
                    valid_from: Some(day),
                    valid_until: Some(day + Days::new(days - 1)),
                    ..self
                }
            }
            (Some(_), Fate::Refused(reason)) => {
                Self { state: "REFUSED", reviewed_on, decided_on, reason: Some(reason), ..self }
            }
            (None, _) if reviewed_on.is_some() => Self { state: "UNDER_REVIEW", reviewed_on, ..self },
            (None, _) => self,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, NOON, shelters};
    use super::*;

    #[test]
    fn on_the_default_day_every_shelter_may_be_open_and_something_is_refused_renewed_and_over() {
        let shelters = shelters::Rows::generate(DEFAULT_DAY).shelters;
        let made = Rows::generate(&shelters, local(DEFAULT_DAY, NOON));
        for shelter in &shelters {
            let opens = |permit: &&Permit| permit.shelter_id == Some(shelter.id) && permit.kind == "OPENING";
            assert!(
                made.permits.iter().filter(opens).any(|permit| permit.folio.is_some()),
                "{}",
                shelter.code
            );
        }
        assert_eq!(shelters.len(), 12);
        assert!(made.permits.iter().any(|permit| permit.state == "REFUSED"));
        assert!(made.permits.iter().any(|permit| permit.renews_id.is_some()));
        assert!(made.permits.iter().any(|permit| permit.valid_until.is_some_and(|last| last < DEFAULT_DAY)));
    }
}
