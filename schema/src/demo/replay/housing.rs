//! Dwellings are found, visited and leased, and the awareness campaign goes on meanwhile.

use serde_json::{Value, json};

use super::{By, COORDINATOR, LIAISON, Rows, Script, named};
use crate::demo::people::opened;
use crate::error::Result;
use crate::housing::{TERMS, Terms};
use crate::scalars::Money;

const BY: By = COORDINATOR.stating("HOUSING");

/// What happens around housing.
pub(super) fn play(script: &mut Script, rows: &Rows) -> Result<()> {
    let housing = &rows.housing;
    for action in &housing.actions {
        let held = json!({
            "kind": action.kind,
            "place": action.place,
            "attendance": action.attendance,
            "note": action.note,
        });
        script
            .change(action.recorded_at, LIAISON, "outreach", "recordOutreach", held)
            .makes(named("outreach_action", action.id), "/action/id");
    }
    for owner in &housing.owners {
        let known = json!({
            "name": owner.name,
            "contact": owner.contact,
            "action": owner.action_id.map(|action| named("outreach_action", action)),
        });
        script
            .change(owner.registered_at, BY, format!("owner/{}", owner.id), "registerOwner", known)
            .makes(named("owner", owner.id), "/owner/id");
    }
    for dwelling in &housing.dwellings {
        let offered = json!({
            "owner": named("owner", dwelling.owner_id),
            "address": dwelling.address,
            "district": dwelling.district,
            "rooms": dwelling.rooms,
            "capacity": dwelling.capacity,
            "rent": Money::stored(dwelling.rent_cents, dwelling.rent_currency)?,
            "services": dwelling.services,
            "action": dwelling.action_id.map(|action| named("outreach_action", action)),
        });
        script
            .change(dwelling.recorded_at, BY, format!("dwelling/{}", dwelling.id), "offerDwelling", offered)
            .makes(named("dwelling", dwelling.id), "/dwelling/id");
    }
    for visit in &housing.visits {
        let found = json!({"dwelling": named("dwelling", visit.dwelling_id), "fit": visit.fit, "remedies": visit.remedies});
        script.change(
            visit.recorded_at,
            BY,
            format!("dwelling/{}", visit.dwelling_id),
            "visitDwelling",
            found,
        );
    }
    for lease in &housing.leases {
        let (own, story) = (named("lease", lease.id), format!("dwelling/{}", lease.dwelling_id));
        if let Some(renewed) = lease.renews_id {
            let term = json!({
                "lease": named("lease", renewed),
                "endsOn": lease.ends_on,
                "guaranteedUntil": lease.guaranteed_until,
            });
            script
                .change(lease.recorded_at, BY, story, "renewLease", term)
                .seen("lease")
                .makes(own, "/lease/id");
            continue;
        }
        let tenancies = housing.tenancies.iter().filter(|tenancy| tenancy.lease_id == lease.id);
        let (mut tenants, mut shares): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
        for tenancy in tenancies {
            let terms: Terms = opened(tenancy.person_id, TERMS, &tenancy.record)?;
            tenants.push(named("person", tenancy.person_id));
            shares.extend(terms.share.map(|share| json!(share)));
        }
        let term = json!({
            "dwelling": named("dwelling", lease.dwelling_id),
            "tenants": tenants,
            "shares": shares,
            "startsOn": lease.starts_on,
            "endsOn": lease.ends_on,
            "guaranteedUntil": lease.guaranteed_until,
        });
        script.change(lease.recorded_at, BY, story, "signLease", term).makes(own, "/lease/id");
    }
    Ok(())
}
