//! What there is to lease, who lives where, and what the awareness campaign brought: two households to a dwelling, 461 dwellings in all, and
//! some that nobody leases.

mod rows;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use tokio_postgres::Transaction;
use uuid::Uuid;

use rows::{Action, Dwelling, Lease, Owner, Tenancy, Visit};

use super::agencies::agency_id;
use super::people::{Home, sealed};
use super::{Random, STARTS_ON, copy, id, local, programme_id};
use crate::error::Result;
use crate::housing::{TERMS, Terms};
use crate::scalars::Money;

/// How many dwellings are offered that nobody leases.
const SPARE: usize = 24;
/// How many actions the campaign has, and how many days lie between them.
const ACTIONS: (u64, u64) = (26, 3);
/// For how many days a lease is signed, where it is not for a first short term.
const DAYS: u64 = 182;
/// For how many days that is, and until when it is signed.
const SHORT: (u64, NaiveDate) =
    (45, NaiveDate::from_ymd_opt(2022, 2, 12).expect("a date, checked by the compiler"));

/// Parts of the city, invented.
const DISTRICTS: [&str; 6] = [
    "Colonia Ejemplo Norte",
    "Colonia Ejemplo Sur",
    "Ejido Muestra",
    "Fraccionamiento Modelo",
    "Colonia Las Palmas de Muestra",
    "Colonia Ejemplo Oriente",
];
/// What is to be put right.
const REMEDIES: [&str; 4] = [
    "Falta agua caliente en el baño",
    "Instalación eléctrica expuesta",
    "Puerta de entrada sin cerradura",
    "Humedad en el techo de una recámara",
];
/// What the campaign does: kind, where, and about how many come.
const OUTREACH: [(&str, &str, Option<i32>); 4] = [
    ("TALK", "Centro comunitario de muestra", Some(40)),
    ("MEDIA", "Radio de muestra", None),
    ("VISIT", "Colonia Ejemplo Norte", Some(12)),
    ("TALK", "Parroquia de muestra", Some(65)),
];

/// The rows of housing as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(in crate::demo) actions: Vec<Action>,
    pub(in crate::demo) owners: Vec<Owner>,
    pub(in crate::demo) dwellings: Vec<Dwelling>,
    pub(in crate::demo) visits: Vec<Visit>,
    pub(in crate::demo) leases: Vec<Lease>,
    pub(in crate::demo) tenancies: Vec<Tenancy>,
}

/// A dwelling that an owner comes to offer, with what is found there.
struct Prospect {
    offered_on: NaiveDate,
    /// For how many people it has room.
    capacity: usize,
    visits: Vec<(NaiveDate, bool)>,
}

impl Prospect {
    /// One that households are to share.
    fn of(home: &Home) -> Self {
        let mut random = Random::seeded(&format!("dwellings/{}", home.number));
        let before = |days: u32| home.signed_on - Days::new(days.into());
        let (offered_on, found) = (before(random.below(13) + 8), random.below(4) + 1);
        let unfit = random.chance(12).then(|| (before(found + 3), false));
        // There is room for who is born meanwhile.
        let people: usize = home.tenants.iter().map(|tenant| tenant.size).sum();
        let capacity = people + 2 + usize::from(random.chance(40));
        Self { offered_on, capacity, visits: unfit.into_iter().chain([(before(found), true)]).collect() }
    }

    /// One that nobody leases: every other is not fit.
    fn spare(number: usize) -> Self {
        let days = u64::try_from(number).unwrap_or_default();
        let offered_on = STARTS_ON + Days::new(30 + 3 * days);
        let visit = (offered_on + Days::new(4), number.is_multiple_of(2));
        Self { offered_on, capacity: 4 + number % 5, visits: vec![visit] }
    }
}

impl Rows {
    /// Makes them as they stand at `now`.
    pub(super) fn generate(now: DateTime<Utc>, homes: &[Home]) -> Result<Self> {
        let mut rows = Self::default();
        rows.outreach(now);
        let prospects: Vec<Prospect> =
            homes.iter().map(Prospect::of).chain((0..SPARE).map(Prospect::spare)).collect();
        // Of three dwellings two have the same owner, who comes with the first of them.
        let owner_of = |number: usize| number * 2 / 3;
        let mut first: BTreeMap<usize, NaiveDate> = BTreeMap::new();
        for (number, prospect) in prospects.iter().enumerate() {
            let since = first.entry(owner_of(number)).or_insert(prospect.offered_on);
            *since = (*since).min(prospect.offered_on);
        }
        let mut owners: BTreeMap<usize, (Uuid, Option<Uuid>)> = BTreeMap::new();
        for (number, since) in first.into_iter().filter(|(_, since)| local(*since, 9) <= now) {
            owners.insert(number, rows.owner(number, since));
        }
        for (number, prospect) in prospects.iter().enumerate() {
            let known = owners.get(&owner_of(number)).filter(|_| local(prospect.offered_on, 9) <= now);
            let Some(owner) = known else { continue };
            rows.dwelling(number, prospect, *owner, now);
            if let Some(home) = homes.get(number).filter(|home| home.signed_at() <= now) {
                rows.lease(home, now)?;
            }
        }
        // They are numbered as they are written: a later day only adds.
        rows.dwellings.sort_by_key(|dwelling| dwelling.id);
        Ok(rows)
    }

    fn outreach(&mut self, now: DateTime<Utc>) {
        for (number, (kind, place, about)) in (0..ACTIONS.0).zip(OUTREACH.iter().cycle()) {
            let held_on = STARTS_ON + Days::new(22 + number * ACTIONS.1);
            let recorded_at = local(held_on, 10);
            let mut random = Random::seeded(&format!("outreach/{number}"));
            if recorded_at <= now {
                self.actions.push(Action {
                    id: id("outreach_actions", &number.to_string(), recorded_at),
                    programme_id: programme_id(),
                    held_on,
                    kind,
                    place,
                    attendance: about.map(|about| about + random.between(-8, 20)),
                    note: random.chance(30).then_some("Se repartió el folleto de Sueño Cachanilla"),
                    recorded_at,
                });
            }
        }
    }

    /// Who lets dwellings since a day, and by what they heard of the programme.
    fn owner(&mut self, number: usize, since: NaiveDate) -> (Uuid, Option<Uuid>) {
        let mut random = Random::seeded(&format!("owners/{number}"));
        let registered_at = local(since, 9);
        let heard = self.actions.iter().rev().find(|action| action.held_on < since).map(|action| action.id);
        let action_id = heard.filter(|_| random.chance(60));
        let owner_id = id("owners", &number.to_string(), registered_at);
        self.owners.push(Owner {
            id: owner_id,
            programme_id: programme_id(),
            name: format!("Arrendador sintético {:03}", number + 1),
            // Some leave no contact: a real null, beside those that a reader is refused.
            contact: (!number.is_multiple_of(10)).then(|| format!("arrendador{:03}@example.org", number + 1)),
            action_id,
            registered_at,
        });
        (owner_id, action_id)
    }

    fn dwelling(
        &mut self,
        number: usize,
        prospect: &Prospect,
        (owner_id, action_id): (Uuid, Option<Uuid>),
        now: DateTime<Utc>,
    ) {
        let mut random = Random::seeded(&format!("rents/{number}"));
        let recorded_at = local(prospect.offered_on, 9);
        let dwelling_id = id("dwellings", &number.to_string(), recorded_at);
        let capacity = i32::try_from(prospect.capacity).unwrap_or(1);
        let rooms = capacity / 3 + 1;
        let mut services = vec!["WATER", "POWER"];
        services.extend(random.chance(70).then_some("GAS"));
        services.extend(random.chance(25).then_some("INTERNET"));
        self.dwellings.push(Dwelling {
            id: dwelling_id,
            programme_id: programme_id(),
            owner_id,
            address: format!("Calle de Ejemplo {}", 1_001 + number),
            district: random.pick(&DISTRICTS).unwrap_or(&"Ejido Muestra"),
            rooms,
            capacity,
            rent_cents: i64::from(2_800 + 600 * rooms + 100 * random.between(0, 9)) * 100,
            rent_currency: "MXN",
            services,
            action_id: action_id.filter(|_| random.chance(80)),
            offered_on: prospect.offered_on,
            recorded_at,
        });
        for (visited_on, fit) in &prospect.visits {
            let visited_at = local(*visited_on, 10);
            if visited_at <= now {
                self.visits.push(Visit {
                    id: id("dwelling_visits", &format!("{number}/{fit}"), visited_at),
                    dwelling_id,
                    visited_on: *visited_on,
                    fit: *fit,
                    remedies: random.pick(&REMEDIES).copied().filter(|_| !fit),
                    recorded_at: visited_at,
                });
            }
        }
    }

    /// The lease of the dwelling that was made last, and the term that follows on a short one.
    fn lease(&mut self, home: &Home, now: DateTime<Utc>) -> Result<()> {
        let mut random = Random::seeded(&format!("leases/{}", home.number));
        let short = random.chance(25) && home.starts_on <= SHORT.1;
        let guaranteed = random.chance(95);
        let days = if short { SHORT.0 } else { DAYS };
        let last = |from: NaiveDate, days: u64| from + Days::new(days - 1);
        let first = (home.signed_on, home.starts_on, last(home.starts_on, days));
        self.term(home, (home.lease_id(), None), (first, guaranteed))?;
        let signed_on = first.2 - Days::new(3);
        let follows_on = first.2 + Days::new(1);
        let signed_at = local(signed_on, 11);
        if short && signed_at <= now {
            let renewal = id("leases", &format!("{}/renewal", home.number), signed_at);
            let second = (signed_on, follows_on, last(follows_on, DAYS));
            self.term(home, (renewal, Some(home.lease_id())), (second, guaranteed))?;
        }
        Ok(())
    }

    fn term(
        &mut self,
        home: &Home,
        (lease_id, renews_id): (Uuid, Option<Uuid>),
        ((signed_on, starts_on, ends_on), guaranteed): ((NaiveDate, NaiveDate, NaiveDate), bool),
    ) -> Result<()> {
        let Some(dwelling) = self.dwellings.last() else { return Ok(()) };
        let (dwelling_id, rent_cents) = (dwelling.id, dwelling.rent_cents);
        let recorded_at = local(signed_on, 11);
        self.leases.push(Lease {
            id: lease_id,
            programme_id: programme_id(),
            dwelling_id,
            renews_id,
            signed_on,
            starts_on,
            ends_on,
            rent_cents,
            rent_currency: "MXN",
            guarantor_id: guaranteed.then(|| agency_id("DIF_MUNICIPAL")),
            guaranteed_until: guaranteed.then_some(ends_on),
            recorded_at,
        });
        for tenant in &home.tenants {
            let key = format!("{lease_id}/{}", tenant.household_id);
            let share = Money::stored(rent_cents / 2, "MXN")?;
            self.tenancies.push(Tenancy {
                id: id("tenancies", &key, recorded_at),
                lease_id,
                dwelling_id,
                household_id: tenant.household_id,
                person_id: tenant.head_id,
                starts_on,
                ends_on,
                record: sealed(tenant.head_id, TERMS, &key, &Terms { share: Some(share) })?,
                recorded_at,
            });
        }
        Ok(())
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.actions).await?;
        copy(transaction, &self.owners).await?;
        copy(transaction, &self.dwellings).await?;
        copy(transaction, &self.visits).await?;
        copy(transaction, &self.leases).await?;
        copy(transaction, &self.tenancies).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_DAY, ENDS_ON, NOON, people};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        let now = local(day, NOON);
        Rows::generate(now, &people::Rows::generate(day, now).unwrap().homes).unwrap()
    }

    #[test]
    fn every_household_lives_in_one_of_461_dwellings_when_the_programme_closes() {
        let made = on(ENDS_ON);
        assert_eq!(made, on(ENDS_ON), "the same in every load");
        let first: Vec<&Lease> = made.leases.iter().filter(|lease| lease.renews_id.is_none()).collect();
        let renewals = made.leases.len() - first.len();
        assert_eq!(first.len(), 461);
        assert!((5..100).contains(&renewals), "{renewals}");
        assert!(first.iter().all(|lease| lease.starts_on <= ENDS_ON));
        let mut households: Vec<Uuid> = made.tenancies.iter().map(|tenancy| tenancy.household_id).collect();
        households.sort_unstable();
        households.dedup();
        assert_eq!(households.len(), 922);
        assert_eq!(made.dwellings.len(), 461 + SPARE);
        assert!(made.visits.iter().filter(|visit| !visit.fit).count() > 20);
        assert!(made.owners.iter().filter(|owner| owner.action_id.is_some()).count() > 50);
    }

    #[test]
    fn on_the_default_day_the_first_are_offered_and_a_few_leased() {
        let made = on(DEFAULT_DAY);
        assert!((20..200).contains(&made.dwellings.len()), "{}", made.dwellings.len());
        assert!((3..40).contains(&made.leases.len()), "{}", made.leases.len());
        assert!(made.leases.iter().any(|lease| lease.starts_on <= DEFAULT_DAY));
        assert!(made.visits.iter().any(|visit| !visit.fit) && !made.actions.is_empty());
    }
}
