//! What the journal says of a registration: of the household, and of each person by class, sealed under that person's key, so that
//! one can be forgotten without the others.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Class;

use super::write::Registered;
use crate::census::consents::ConsentGiven;
use crate::census::episodes::EpisodeOpened;
use crate::census::touched;
use crate::error::Result;
use crate::journal::{Change, Part};

/// In the journal: a household was registered. It names nobody.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HouseholdRegistered {
    household: Uuid,
    code: String,
    head: Uuid,
    members: Vec<Uuid>,
    arrived_on: NaiveDate,
    /// Key of the shelter that took them in.
    shelter: Option<Uuid>,
}

impl Change for HouseholdRegistered {
    const NAME: &'static str = "census.householdRegistered";
}

/// The parts of the entry.
pub(super) fn parts(registered: &Registered, code: String) -> Result<Vec<Part>> {
    let household = registered.household;
    let whole = HouseholdRegistered {
        household,
        code,
        head: registered.head,
        members: registered.members.iter().map(|member| member.id).collect(),
        arrived_on: registered.times.arrived_on,
        shelter: registered.shelter_id,
    };
    let followed = touched(whole.members.clone(), registered.times.occurred_at)?;
    let mut parts = vec![Part::of(Class::Family, None, &whole)?, followed];
    for member in &registered.members {
        parts.push(member.identity.stated(member.id, household)?);
        let arrived = EpisodeOpened { episode: member.episode, arrived_on: whole.arrived_on };
        parts.push(Part::of(Class::Identity, Some(member.id), &arrived)?);
        parts.push(member.family.stated(member.id, household)?);
        if let Some(migration) = &member.migration {
            parts.push(migration.stated(member.id, household)?);
        }
        parts.push(member.placement.stated(member.id, household)?);
        for consent in registered.consents.iter().filter(|consent| consent.person_id == member.id) {
            let given = ConsentGiven {
                consent: consent.id.uuid(),
                recipient: consent.recipient.clone(),
                purpose: consent.purpose,
                given_at: consent.given_at,
                ends_at: consent.ends_at,
            };
            parts.push(Part::of(Class::Consent, Some(member.id), &given)?);
        }
    }
    Ok(parts)
}
