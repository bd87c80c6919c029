//! What people are given: the kit that each person gets who comes, what each household is owed, and what some of them were given.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::America::Tijuana;
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::donations::{Item, Lot};
use super::ledger::Movement;
use super::people::{self, Household};
use super::{Random, STARTS_ON, copy, id, programme_id, start};

/// A kit: its code, its names, and so much of which items.
type Definition = (&'static str, &'static str, &'static str, &'static [(&'static str, i32)]);

/// What each person gets who comes: cot, mat, blanket and pillow.
const BED: &str = "KIT-CAMA";

const KITS: [Definition; 1] =
    [(BED, "Equipo de cama", "Bed kit", &[("CAT-01", 1), ("COL-01", 1), ("COB-01", 1), ("AMH-01", 1)])];

/// What each household is owed beside the kit: the item, to whom, and in how many days once.
const OWED: [(&str, &str, i32); 2] = [("DES-01", "HOUSEHOLD", 15), ("HIG-01", "PERSON", 30)];

/// Of a hundred times that something which is owed leaves a store, how often it is by the codes of households.
const BY_CODE: u32 = 60;

/// To how many households it goes then at most.
const AT_ONCE: usize = 12;

row! {
    /// A kit.
    Kit in "kits" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: &'static str = TEXT,
        name: &'static str = TEXT,
        name_en: &'static str = TEXT,
    }
}

row! {
    /// So much of one item, in a kit.
    KitLine in "kit_lines" {
        kit_id: Uuid = UUID,
        version: i32 = INT4,
        item_id: Uuid = UUID,
        quantity: i32 = INT4,
    }
}

row! {
    /// What each household is owed.
    Entitlement in "entitlements" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        item_id: Option<Uuid> = UUID,
        kit_id: Option<Uuid> = UUID,
        amount: i32 = INT4,
        per: &'static str = TEXT,
        interval_days: Option<i32> = INT4,
        valid_from: NaiveDate = DATE,
        granted_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// What a household was given at one time.
    Delivery in "household_deliveries" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        household_id: Uuid = UUID,
        location_id: Uuid = UUID,
        delivered_at: DateTime<Utc> = TIMESTAMPTZ,
        recorded_at: DateTime<Utc> = TIMESTAMPTZ,
    }
}

row! {
    /// So much of what one entitlement is of.
    DeliveryLine in "household_delivery_lines" {
        id: Uuid = UUID,
        delivery_id: Uuid = UUID,
        entitlement_id: Uuid = UUID,
        asked: i32 = INT4,
    }
}

/// The rows of what is given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) kits: Vec<Kit>,
    pub(super) lines: Vec<KitLine>,
    pub(super) entitlements: Vec<Entitlement>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) delivered: Vec<DeliveryLine>,
}

impl Rows {
    /// Makes them of the items of the catalogue; nobody was given anything yet.
    pub(super) fn generate(items: &[Item]) -> Self {
        let mut rows =
            Self { kits: vec![], lines: vec![], entitlements: vec![], deliveries: vec![], delivered: vec![] };
        let item_id = |code: &str| items.iter().find(|known| known.code == code).map(|item| item.id);
        for (code, name, name_en, lines) in KITS {
            let kit_id = id("kits", code, start());
            rows.kits.push(Kit { id: kit_id, programme_id: programme_id(), code, name, name_en });
            for (item, quantity) in lines {
                rows.lines.extend(item_id(item).map(|item_id| KitLine {
                    kit_id,
                    version: 1,
                    item_id,
                    quantity: *quantity,
                }));
            }
        }
        let owed = |of: &str, item_id, kit_id, per, interval_days| Entitlement {
            id: id("entitlements", of, start()),
            programme_id: programme_id(),
            item_id,
            kit_id,
            amount: 1,
            per,
            interval_days,
            valid_from: STARTS_ON,
            granted_at: start(),
        };
        rows.entitlements.push(owed(BED, None, Some(id("kits", BED, start())), "PERSON", None));
        for (item, per, days) in OWED {
            rows.entitlements
                .extend(item_id(item).map(|item_id| owed(item, Some(item_id), None, per, Some(days))));
        }
        rows
    }

    /// Has households given some of what left the stores of shelters: such a movement becomes one for each of them, and one of what
    /// is left of it.
    pub(super) fn deliver(&mut self, movements: &mut Vec<Movement>, lots: &[Lot], people: &people::Rows) {
        let item_of: BTreeMap<Uuid, Uuid> = lots.iter().map(|lot| (lot.id, lot.item_id)).collect();
        let mut size: BTreeMap<Uuid, i32> = BTreeMap::new();
        for person in &people.persons {
            *size.entry(person.household_id).or_default() += 1;
        }
        let entitlements = self.entitlements.clone();
        let mut given: BTreeMap<(Uuid, Uuid, i64), i32> = BTreeMap::new();
        let mut made = Vec::with_capacity(movements.len());
        for mut movement in std::mem::take(movements) {
            let item = item_of.get(&movement.lot_id).copied();
            let owed = entitlements.iter().find(|owed| owed.item_id.is_some() && owed.item_id == item);
            let mut random = Random::seeded(&format!("household deliveries/{}", movement.id));
            if let (Some(owed), "DELIVERY", true) = (owed, movement.kind, random.chance(BY_CODE)) {
                let day = movement.occurred_at.with_timezone(&Tijuana).date_naive();
                let days = owed.interval_days.unwrap_or(1);
                let period = (day - owed.valid_from).num_days() / i64::from(days);
                let present = people.households.iter().filter(|household| household.is_here_on(day));
                let present: Vec<&Household> = present.collect();
                for _ in 0..AT_ONCE {
                    let Some(household) = random.pick(&present) else { break };
                    let persons = size.get(&household.id).copied().unwrap_or_default();
                    let due = if owed.per == "PERSON" { persons } else { 1 };
                    let so_far = given.entry((household.id, owed.id, period)).or_default();
                    let quantity = (due - *so_far).min(movement.quantity - 1);
                    if quantity > 0 {
                        *so_far += quantity;
                        made.push(self.one(&mut movement, household, owed, quantity));
                    }
                }
            }
            made.push(movement);
        }
        made.sort_unstable_by_key(|movement| movement.id);
        *movements = made;
    }

    /// Gives a household so much of what a movement took out of its store; the movement of it.
    fn one(
        &mut self,
        of: &mut Movement,
        household: &Household,
        owed: &Entitlement,
        quantity: i32,
    ) -> Movement {
        let key = format!("{}/{}", of.id, household.code);
        let delivery = Delivery {
            id: id("household deliveries", &key, of.occurred_at),
            programme_id: programme_id(),
            household_id: household.id,
            location_id: of.from_id.unwrap_or_default(),
            delivered_at: of.occurred_at,
            recorded_at: of.occurred_at,
        };
        let line = DeliveryLine {
            id: id("household delivery lines", &key, of.occurred_at),
            delivery_id: delivery.id,
            entitlement_id: owed.id,
            asked: quantity,
        };
        of.quantity -= quantity;
        let movement = Movement {
            id: id("movements", &key, of.occurred_at),
            quantity,
            delivery_line_id: Some(line.id),
            ..of.clone()
        };
        self.deliveries.push(delivery);
        self.delivered.push(line);
        movement
    }

    /// Writes them.
    pub(super) async fn copy(&self, transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.kits).await?;
        copy(transaction, &self.lines).await?;
        copy(transaction, &self.entitlements).await?;
        copy(transaction, &self.deliveries).await?;
        copy(transaction, &self.delivered).await
    }
}
