//! People come, agree to what is shared of them, lodge, are referred, and leave.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{By, COORDINATOR, LEAD, Rows, Script, camel, hand, named};
use crate::census::{FAMILY, Family, IDENTITY, Identity, MIGRATION, Migration, PLACEMENT, Placement};
use crate::demo::people::{self, opened};
use crate::demo::{Random, agencies, custody, instant_of, local, lodging};
use crate::departures::{DESTINATION, Destination};
use crate::error::Result;

/// How long after it is registered a household is shown its beds at the earliest.
const TO_BED: TimeDelta = TimeDelta::minutes(40);
/// How long after they can a household plans its departure: after the lease was signed, or somebody was born.
const TO_PLAN: TimeDelta = TimeDelta::minutes(30);

/// What happens to people.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    let people = &rows.people;
    let mut members: BTreeMap<Uuid, Vec<&people::Person>> = BTreeMap::new();
    for person in &people.persons {
        members.entry(person.household_id).or_default().push(person);
    }
    let mut consents: BTreeMap<Uuid, Vec<&people::Consent>> = BTreeMap::new();
    for consent in &people.consents {
        consents.entry(consent.person_id).or_default().push(consent);
    }
    for household in &people.households {
        let members = members.get(&household.id).map(Vec::as_slice).unwrap_or_default();
        register(script, rows, household, members, &consents)?;
    }
    for consent in &people.consents {
        withdraw(script, rows, consent);
    }
    lodge(script, rows);
    let departed: BTreeMap<Uuid, DateTime<Utc>> = people
        .departures
        .iter()
        .filter_map(|departure| Some((departure.person_id, departure.departed_at?)))
        .collect();
    for referral in &people.referrals {
        refer(script, referral, departed.get(&referral.person_id).copied());
    }
    for transfer in &rows.custody.transfers {
        hand_on(script, transfer);
    }
    leave(script, rows)
}

/// What the acts around a household belong to.
pub(super) fn story(household: Uuid) -> String {
    format!("household/{household}")
}

/// When a household stands at the desk, on the day on which it comes.
pub(super) fn registered_at(household: &people::Household) -> DateTime<Utc> {
    let mut random = Random::seeded(&format!("registered/{}", household.code));
    local(household.arrived_on, 8) + TimeDelta::minutes(random.between(0, 540).into())
}

fn register(
    script: &mut Script,
    rows: &Rows,
    household: &people::Household,
    members: &[&people::Person],
    consents: &BTreeMap<Uuid, Vec<&people::Consent>>,
) -> Result<()> {
    let there = first_shelter(rows, household);
    let mut told = Vec::with_capacity(members.len());
    for person in members {
        let agreed = consents.get(&person.id).map(Vec::as_slice).unwrap_or_default();
        let agreed: Vec<Value> = agreed
            .iter()
            .map(|consent| {
                json!({
                    "id": named("consent", consent.id),
                    "recipient": named("agency", agencies::agency_id(consent.recipient)),
                    "purpose": consent.purpose,
                    "endsAt": consent.ends_at,
                })
            })
            .collect();
        told.push(json!({
            "id": named("person", person.id),
            "identity": camel(&opened::<Identity>(person.id, IDENTITY, &person.identity)?)?,
            "family": camel(&opened::<Family>(person.id, FAMILY, &person.family)?)?,
            "migration": camel(&opened::<Migration>(person.id, MIGRATION, &person.migration)?)?,
            "placement": camel(&opened::<Placement>(person.id, PLACEMENT, &person.placement)?)?,
            "consents": agreed,
        }));
    }
    let registered = json!({
        "household": named("household", household.id),
        "shelter": there.map(|shelter| named("shelter", shelter)),
        "members": told,
    });
    // The coordinator's desk: a lead may not take down what somebody's migration is.
    script
        .change(
            registered_at(household),
            COORDINATOR.stating("RECEPTION"),
            story(household.id),
            "registerHousehold",
            registered,
        )
        .telling("household { pickupCode }")
        .makes(&household.pickup_code, "/household/pickupCode");
    Ok(())
}

/// The shelter in which a household lodges from the day of its arrival, where it is open by then.
fn first_shelter(rows: &Rows, household: &people::Household) -> Option<Uuid> {
    let lodging = rows.people.lodgers.iter().find(|lodger| lodger.household_id == household.id);
    lodging.filter(|lodger| lodger.from <= local(household.arrived_on, 24)).map(|lodger| lodger.shelter_id)
}

fn withdraw(script: &mut Script, rows: &Rows, consent: &people::Consent) {
    let Some(at) = consent.withdrawn_at else { return };
    let person = rows.people.persons.iter().find(|person| person.id == consent.person_id);
    let Some(person) = person else { return };
    // Nobody has touched it since it was given.
    let withdrawn = json!({"consent": named("consent", consent.id), "version": 1});
    script.change(
        at,
        COORDINATOR.stating("RECEPTION"),
        story(person.household_id),
        "withdrawConsent",
        withdrawn,
    );
}

/// Households take their beds together; those of them for whose segment there are mats lie elsewhere in the shelter.
fn lodge(script: &mut Script, rows: &Rows) {
    let mut parties: BTreeMap<Uuid, Vec<&lodging::Stay>> = BTreeMap::new();
    for stay in &rows.lodging.stays {
        parties.entry(stay.party_id).or_default().push(stay);
    }
    let of: BTreeMap<Uuid, &people::Person> =
        rows.people.persons.iter().map(|person| (person.id, person)).collect();
    let households: BTreeMap<Uuid, &people::Household> =
        rows.people.households.iter().map(|household| (household.id, household)).collect();
    for stays in parties.into_values() {
        let Some((first, household)) = stays
            .first()
            .and_then(|first| Some((first, *households.get(&of.get(&first.person_id)?.household_id)?)))
        else {
            continue;
        };
        let members = of.values().filter(|person| person.household_id == household.id).count();
        let persons: Vec<_> = stays.iter().map(|stay| named("person", stay.person_id)).collect();
        let beds: Vec<_> = stays.iter().map(|stay| named("bed", stay.bed_id)).collect();
        let apart = (stays.len() < members)
            .then_some("Los demás duermen en el espacio de su segmento, en colchonetas");
        let shown = json!({"persons": persons, "beds": beds, "reason": apart});
        let at = first.began_at.max(registered_at(household) + TO_BED);
        // Whoever waited elsewhere for the shelter to open is known to the coordinator alone.
        let by = first_shelter(rows, household).map_or(COORDINATOR, |_| LEAD).stating("RECEPTION");
        let checking_in = script.change(at, by, story(household.id), "checkIn", shown);
        checking_in.telling("stays { person { id } }");
        for stay in &stays {
            let place = format!("/stays/person.id={}/id", named("person", stay.person_id));
            checking_in.makes(named("stay", stay.id), place);
        }
    }
}

fn refer(script: &mut Script, referral: &people::Referral, departed_at: Option<DateTime<Utc>>) {
    let own = named("referral", referral.id);
    let story = format!("referral/{}", referral.id);
    let by = |code: &'static str| -> By { hand(code).stating(referral.purpose) };
    let opened = json!({
        "person": named("person", referral.person_id),
        "recipient": named("agency", agencies::agency_id(referral.recipient)),
        "purpose": referral.purpose,
        "legalBasis": referral.legal_basis,
        "classes": referral.classes,
        "endsAt": referral.ends_at,
    });
    script
        .change(referral.opened_at, by(referral.sender), story.clone(), "openReferral", opened)
        .makes(&own, "/referral/id");
    let answers = [
        (referral.accepted_at, "acceptReferral", referral.recipient),
        (referral.declined_at, "declineReferral", referral.recipient),
        (referral.ended_at, "endReferral", referral.sender),
    ];
    for (at, verb, who) in answers {
        // A departure ends the cases that are open.
        let Some(at) = at.filter(|at| departed_at != Some(*at)) else { continue };
        script.change(at, by(who), story.clone(), verb, json!({"referral": own})).seen("referral");
    }
}

/// The custody of a case is handed on: the operator proposes, the other answers.
fn hand_on(script: &mut Script, transfer: &custody::Transfer) {
    let own = named("custody_transfer", transfer.id);
    let story = format!("custody/{}", transfer.id);
    let by = |code: &'static str| -> By { hand(code).stating(transfer.purpose) };
    let proposed = json!({
        "person": named("person", transfer.person_id),
        "recipient": named("agency", agencies::agency_id(transfer.recipient)),
        "purpose": transfer.purpose,
        "legalBasis": transfer.legal_basis,
    });
    script
        .change(transfer.proposed_at, by(transfer.sender), story.clone(), "proposeCustodyTransfer", proposed)
        .makes(&own, "/custodyTransfer/id");
    // A departure ends by itself what is open.
    let taken_back_at = transfer.withdrawn_at.filter(|_| transfer.withdrawn_because == Some("HOLDER"));
    let steps = [
        (transfer.accepted_at, "acceptCustodyTransfer", transfer.recipient),
        (transfer.declined_at, "declineCustodyTransfer", transfer.recipient),
        (taken_back_at, "withdrawCustodyTransfer", transfer.sender),
    ];
    for (at, verb, who) in steps {
        let Some(at) = at else { continue };
        let settled = json!({"custodyTransfer": own});
        script.change(at, by(who), story.clone(), verb, settled).seen("custodyTransfer");
    }
}

/// Households leave as they planned, and whoever was born meanwhile with them.
fn leave(script: &mut Script, rows: &Rows) -> Result<()> {
    let mut parties: BTreeMap<(Uuid, DateTime<Utc>), Vec<&people::Departure>> = BTreeMap::new();
    for departure in &rows.people.departures {
        parties.entry((departure.party_id, instant_of(departure.id))).or_default().push(departure);
    }
    let persons = || rows.people.persons.iter().chain(&rows.people.newborns);
    let households: BTreeMap<Uuid, Uuid> = persons().map(|person| (person.id, person.household_id)).collect();
    for ((_, planned_at), party) in parties {
        let Some(first) = party.first() else { continue };
        let Some(household) = households.get(&first.person_id) else { continue };
        let destination: Destination = opened(first.person_id, DESTINATION, &first.plan)?;
        let people: Vec<_> = party.iter().map(|departure| named("person", departure.person_id)).collect();
        let ids: Vec<_> = party.iter().map(|departure| named("departure", departure.id)).collect();
        let by = COORDINATOR.stating("HOUSING");
        let planned = json!({
            "persons": people,
            "plannedOn": first.planned_on,
            "destination": {
                "kind": destination.kind,
                "country": destination.country,
                "place": destination.place,
                "transport": destination.transport,
            },
            "lease": destination.lease.map(|lease| named("lease", lease)),
        });
        let planning = script.change(planned_at + TO_PLAN, by, story(*household), "planDeparture", planned);
        planning.telling("departures { person { id } }");
        for (id, person) in ids.iter().zip(&people) {
            planning.makes(id, format!("/departures/person.id={person}/id"));
        }
        if let Some(at) = first.departed_at {
            script
                .change(at, by, story(*household), "confirmDeparture", json!({"departures": ids}))
                .all_seen("departures");
        }
    }
    Ok(())
}
