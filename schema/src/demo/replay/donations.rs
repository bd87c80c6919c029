//! What is given comes in, goes to the stores of shelters, and is given out there.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::people::registered_at;
use super::{
    CLINICIAN, COORDINATOR, DONATIONS, LEAD, LIAISON, Rows, Script, care, hand_of, meals, named, shelters,
};
use crate::demo::ledger::Movement;
use crate::demo::people::opened;
use crate::demo::{agencies, dispensing, donations, local, start, supplies};
use crate::error::Result;
use crate::health::{HANDED, Handed, ORDER, Order};

/// Why a lot is taken before another that expires sooner: the movements tell of one each.
const OUT_OF_ORDER: &str = "Se reparte por lote, según el plan de entregas";
/// How long after it is registered a household is given something at the earliest.
const TO_THE_STORE: TimeDelta = TimeDelta::minutes(20);
/// How long after it opened a shelter asks for something at the earliest, and how long after that it is decided.
const TO_ASK: TimeDelta = TimeDelta::minutes(60);
const TO_DECIDE: TimeDelta = TimeDelta::minutes(45);
/// The lots of one donation, by what its lines were marked with.
const LOTS: &str = "query($donation: ID!) { donationItems(donation: $donation, first: 100) { nodes { id donorReference } } }";

/// What happens to what is given.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    let goods = Goods::of(rows);
    goods.catalogue(script);
    goods.campaigns(script);
    goods.receive(script);
    goods.requests(script);
    goods.shipments(script);
    goods.movements(script)
}

/// What was dispensed of a lot at a moment, and what was ordered.
type Dispensed<'r> = BTreeMap<(Uuid, DateTime<Utc>), Vec<(&'r dispensing::Dispensing, Order)>>;

/// The rows of donations, by what they are asked for.
struct Goods<'r> {
    rows: &'r Rows,
    items: BTreeMap<Uuid, &'r donations::Item>,
    lots: BTreeMap<Uuid, &'r donations::Lot>,
    /// What was dispensed of a lot at a moment, and on which prescription.
    dispensed: Dispensed<'r>,
}

impl<'r> Goods<'r> {
    fn of(rows: &'r Rows) -> Self {
        Self {
            rows,
            items: rows.donations.items.iter().map(|item| (item.id, item)).collect(),
            lots: rows.donations.lots.iter().map(|lot| (lot.id, lot)).collect(),
            dispensed: BTreeMap::new(),
        }
    }

    /// So much of an item, as the API writes it.
    fn quantity(&self, item: Uuid, amount: i32) -> String {
        let unit = self.items.get(&item).map_or("PIECE", |item| item.unit);
        format!("{amount} {unit}")
    }

    fn of_lot(&self, lot: Uuid, amount: i32) -> String {
        self.lots.get(&lot).map_or_else(String::new, |lot| self.quantity(lot.item_id, amount))
    }

    /// What may be given, by whom, and what everybody is owed.
    fn catalogue(&self, script: &mut Script) {
        let at = start() + TimeDelta::hours(6);
        for item in &self.rows.donations.items {
            let registered = json!({
                "category": named("category", item.category_id),
                "code": item.code,
                "name": item.name,
                "unit": item.unit,
                "perishable": item.perishable,
                "minimumStock": item.minimum_stock.map(|minimum| self.quantity(item.id, minimum)),
            });
            script
                .change(at, DONATIONS, format!("item/{}", item.code), "registerCatalogueItem", registered)
                .makes(named("item", item.id), "/item/id");
        }
        for donor in &self.rows.donations.donors {
            let registered = json!({
                "kind": donor.kind,
                "agency": donor.agency_id.map(|agency| named("agency", agency)),
                "name": donor.agency_id.is_none().then_some(&donor.name),
                "contact": donor.contact,
            });
            script
                .change(at, DONATIONS, format!("donor/{}", donor.id), "registerDonor", registered)
                .makes(named("donor", donor.id), "/donor/id");
        }
        let giving = &self.rows.donations.giving;
        for kit in &giving.kits {
            let lines = giving.lines.iter().filter(|line| line.kit_id == kit.id);
            let lines: Vec<_> = lines
                .map(|line| json!({"item": named("item", line.item_id), "quantity": self.quantity(line.item_id, line.quantity)}))
                .collect();
            let defined = json!({"code": kit.code, "name": kit.name, "nameEn": kit.name_en, "lines": lines});
            script
                .change(at + TimeDelta::minutes(20), DONATIONS, "what is owed", "defineKit", defined)
                .makes(named("kit", kit.id), "/kit/id");
        }
        for owed in &giving.entitlements {
            let granted = json!({
                "item": owed.item_id.map(|item| named("item", item)),
                "kit": owed.kit_id.map(|kit| named("kit", kit)),
                "amount": owed.amount,
                "per": owed.per,
                "intervalDays": owed.interval_days,
                "from": owed.valid_from,
            });
            script.change(
                at + TimeDelta::minutes(30),
                DONATIONS,
                "what is owed",
                "grantEntitlement",
                granted,
            );
        }
    }

    fn campaigns(&self, script: &mut Script) {
        for campaign in &self.rows.donations.campaigns {
            let opened =
                json!({"title": campaign.title, "from": campaign.starts_on, "until": campaign.ends_on});
            script
                .change(
                    local(campaign.starts_on, 7),
                    LIAISON,
                    format!("campaign/{}", campaign.id),
                    "openCampaign",
                    opened,
                )
                .makes(named("campaign", campaign.id), "/campaign/id");
        }
    }

    /// Who gives is who says so, where it is an agency whose agreement stands.
    fn receive(&self, script: &mut Script) {
        let mut lines: BTreeMap<Uuid, Vec<&donations::Lot>> = BTreeMap::new();
        for lot in &self.rows.donations.lots {
            lines.entry(lot.donation_id).or_default().push(lot);
        }
        for donation in &self.rows.donations.donations {
            let lots = lines.get(&donation.id).map(Vec::as_slice).unwrap_or_default();
            let brought: Vec<Value> = lots.iter().map(|lot| self.line(lot)).collect();
            let donor = self.rows.donations.donors.iter().find(|donor| donor.id == donation.donor_id);
            let agency = donor
                .and_then(|donor| donor.agency_id)
                .filter(|agency| agencies::may_act(*agency, donation.recorded_at));
            let by = agency.map_or(DONATIONS, hand_of);
            let received = json!({
                "donor": named("donor", donation.donor_id),
                "location": named("location", donation.received_at_id),
                "campaign": donation.campaign_id.map(|campaign| named("campaign", campaign)),
                "lines": brought,
            });
            let (own, story) = (named("donation", donation.id), format!("donation/{}", donation.id));
            script
                .change(donation.recorded_at, by, story.clone(), "receiveDonation", received)
                .makes(&own, "/donation/id");
            let asking = script.read(donation.recorded_at, by, story, LOTS, json!({"donation": own}));
            for lot in lots {
                asking.makes(
                    named("lot", lot.id),
                    format!("/donationItems/nodes/donorReference={}/id", lot.code),
                );
            }
        }
    }

    fn line(&self, lot: &donations::Lot) -> Value {
        json!({
            "item": self.items.get(&lot.item_id).map(|item| &item.code),
            "quantity": self.quantity(lot.item_id, lot.received),
            "condition": lot.condition,
            "expiresOn": lot.expires_on,
            "donorReference": lot.code,
        })
    }

    fn requests(&self, script: &mut Script) {
        let supplies = &self.rows.donations.supplies;
        for request in &supplies.requests {
            let lines = || supplies.lines.iter().filter(|line| line.request_id == request.id);
            let asked: Vec<Value> = lines()
                .map(|line| json!({"item": named("item", line.item_id), "quantity": self.quantity(line.item_id, line.requested)}))
                .collect();
            let own = named("supply_request", request.id);
            let story = format!("request/{}", request.id);
            let submitted = json!({
                "location": named("location", request.location_id),
                "lines": asked,
                "neededBy": request.needed_by,
                "note": request.note,
            });
            let at = request.requested_at.max(self.opens(request.location_id) + TO_ASK);
            script.change(at, LEAD, story.clone(), "requestSupplies", submitted).makes(&own, "/request/id");
            let Some(at) = request.decided_at.map(|decided_at| decided_at.max(at + TO_DECIDE)) else {
                continue;
            };
            let approved: Vec<Value> = lines()
                .filter_map(|line| Some((line.item_id, line.approved.filter(|approved| *approved > 0)?)))
                .map(|(item, approved)| json!({"item": named("item", item), "quantity": self.quantity(item, approved)}))
                .collect();
            let decided = json!({"request": own, "lines": approved, "note": request.decision_note});
            script.change(at, DONATIONS, story, "decideRequest", decided).seen("request");
        }
    }

    /// When the shelter of a store opens.
    fn opens(&self, store: Uuid) -> DateTime<Utc> {
        let shelters = &self.rows.shelters.shelters;
        let shelter = shelters.iter().find(|shelter| donations::store_id(shelter) == store);
        shelter.map_or_else(start, |shelter| local(shelter.opened_on, shelters::OPENS))
    }

    /// Each shipment leaves with all that it carries, and arrives.
    fn shipments(&self, script: &mut Script) {
        let mut carried: BTreeMap<Uuid, Vec<&Movement>> = BTreeMap::new();
        for movement in &self.rows.donations.movements {
            if let Some(shipment) = movement.shipment_id {
                carried.entry(shipment).or_default().push(movement);
            }
        }
        for shipment in &self.rows.donations.supplies.shipments {
            let movements = carried.get(&shipment.id).map(Vec::as_slice).unwrap_or_default();
            let (out, back): (Vec<&Movement>, Vec<&Movement>) =
                movements.iter().partition(|movement| movement.to_id == Some(supplies::transit_id()));
            let goods: Vec<Value> = out
                .iter()
                .map(|movement| {
                    json!({
                        "lot": named("lot", movement.lot_id),
                        "quantity": self.of_lot(movement.lot_id, movement.quantity),
                        "outOfOrder": OUT_OF_ORDER,
                    })
                })
                .collect();
            let (own, story) = (named("shipment", shipment.id), format!("shipment/{}", shipment.id));
            let sent = json!({
                "from": named("location", shipment.from_id),
                "to": named("location", shipment.to_id),
                "request": shipment.request_id.map(|request| named("supply_request", request)),
                "goods": goods,
                "note": shipment.note,
            });
            script
                .change(shipment.sent_at, DONATIONS, story.clone(), "sendShipment", sent)
                .makes(&own, "/shipment/id");
            if let Some(arrived) = back.first() {
                script
                    .change(arrived.occurred_at, LEAD, story, "receiveShipment", json!({"shipment": own}))
                    .seen("shipment");
            }
        }
    }

    fn movements(mut self, script: &mut Script) -> Result<()> {
        let orders: BTreeMap<Uuid, &dispensing::Prescription> = self
            .rows
            .dispensing
            .prescriptions
            .iter()
            .map(|prescription| (prescription.id, prescription))
            .collect();
        for dispensing in &self.rows.dispensing.dispensings {
            let Some(prescription) = orders.get(&dispensing.prescription_id) else { continue };
            let order: Order = opened(prescription.person_id, ORDER, &prescription.record)?;
            self.prescribe(script, prescription, &order);
            let Handed { lots, .. } = opened(dispensing.person_id, HANDED, &dispensing.record)?;
            for (lot, _) in lots {
                self.dispensed
                    .entry((lot, dispensing.dispensed_at))
                    .or_default()
                    .push((dispensing, order.clone()));
            }
        }
        let eaten: BTreeMap<Uuid, Uuid> =
            self.rows.meals.inputs.iter().map(|input| (input.movement_id, input.service_id)).collect();
        for movement in self.rows.donations.movements.iter().filter(|movement| movement.shipment_id.is_none())
        {
            match movement.kind {
                "TRANSFER" => self.carry(script, movement),
                "WRITE_OFF" => self.write_off(script, movement),
                "DELIVERY" => match eaten.get(&movement.id) {
                    Some(service) => self.cook(script, movement, *service),
                    None => self.give(script, movement),
                },
                _ => {}
            }
        }
        Ok(())
    }

    fn prescribe(&self, script: &mut Script, prescription: &dispensing::Prescription, order: &Order) {
        let ordered = json!({
            "visit": named("visit", prescription.visit_id),
            "item": named("item", order.item),
            "quantity": self.quantity(order.item, prescription.prescribed),
            "dosage": order.dosage,
        });
        script
            .change(
                prescription.prescribed_at,
                CLINICIAN,
                care::story(prescription.person_id),
                "prescribe",
                ordered,
            )
            .makes(named("prescription", prescription.id), "/prescription/id");
    }

    /// What is carried over on the spot.
    fn carry(&self, script: &mut Script, movement: &Movement) {
        let moved = json!({
            "lot": named("lot", movement.lot_id),
            "from": movement.from_id.map(|from| named("location", from)),
            "to": movement.to_id.map(|to| named("location", to)),
            "quantity": self.of_lot(movement.lot_id, movement.quantity),
            "outOfOrder": OUT_OF_ORDER,
        });
        script.change(movement.occurred_at, DONATIONS, lot(movement), "moveStock", moved);
    }

    fn write_off(&self, script: &mut Script, movement: &Movement) {
        let written_off = json!({
            "lot": named("lot", movement.lot_id),
            "from": movement.from_id.map(|from| named("location", from)),
            "quantity": self.of_lot(movement.lot_id, movement.quantity),
            "cause": movement.cause,
        });
        script.change(movement.occurred_at, DONATIONS, lot(movement), "writeOffStock", written_off);
    }

    /// Food that a meal uses up: the store is the programme's, whoever cooks.
    fn cook(&self, script: &mut Script, movement: &Movement, service: Uuid) {
        let taken = json!({
            "service": named("meal_service", service),
            "from": movement.from_id.map(|from| named("location", from)),
            "goods": [{
                "lot": named("lot", movement.lot_id),
                "quantity": self.of_lot(movement.lot_id, movement.quantity),
                "outOfOrder": OUT_OF_ORDER,
            }],
        });
        script.change(movement.occurred_at, COORDINATOR, meals::story(service), "takeMealInputs", taken);
    }

    /// What leaves a store for people: by a household's code, on a prescription, or to whoever came.
    fn give(&self, script: &mut Script, movement: &Movement) {
        let from = movement.from_id.map(|from| named("location", from));
        let given = named("lot", movement.lot_id);
        if let Some(household) = self.household(movement) {
            let delivered = json!({
                "pickupCode": household.pickup_code,
                "from": from,
                "goods": [{
                    "lot": given,
                    "quantity": self.of_lot(movement.lot_id, movement.quantity),
                    "outOfOrder": OUT_OF_ORDER,
                }],
            });
            let at = movement.occurred_at.max(registered_at(household) + TO_THE_STORE);
            script.change(at, LEAD, lot(movement), "deliverToHousehold", delivered);
            return;
        }
        let dispensed = self
            .dispensed
            .get(&(movement.lot_id, movement.occurred_at))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut left = movement.quantity;
        for (dispensing, order) in dispensed {
            let handed = json!({
                "prescription": named("prescription", dispensing.prescription_id),
                "from": from,
                "lot": given,
                "quantity": self.quantity(order.item, dispensing.quantity),
                "outOfOrder": OUT_OF_ORDER,
            });
            script.change(movement.occurred_at, CLINICIAN, lot(movement), "dispense", handed);
            left -= dispensing.quantity;
        }
        if left > 0 {
            let handed = json!({
                "lot": given,
                "from": from,
                "quantity": self.of_lot(movement.lot_id, left),
                "outOfOrder": OUT_OF_ORDER,
            });
            script.change(movement.occurred_at, LEAD, lot(movement), "deliverStock", handed);
        }
    }

    /// The household that a movement went to by its code.
    fn household(&self, movement: &Movement) -> Option<&'r crate::demo::people::Household> {
        let giving = &self.rows.donations.giving;
        let line = giving.delivered.iter().find(|line| Some(line.id) == movement.delivery_line_id)?;
        let delivery = giving.deliveries.iter().find(|delivery| delivery.id == line.delivery_id)?;
        self.rows.people.households.iter().find(|household| household.id == delivery.household_id)
    }
}

/// What the movements of a lot belong to.
fn lot(movement: &Movement) -> String {
    format!("lot/{}", movement.lot_id)
}
