//! Consents that end by their own date. They share nothing from that moment on; here those who follow the person are told so.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::Class;

use crate::census::tables::consents;
use crate::census::{Purpose, touched};
use crate::error::Result;
use crate::journal::{Change, Part, change_of_server};
use crate::system::System;

/// How many are told of at a time.
const AT_ONCE: i64 = 500;

/// In the journal: a consent came to its end.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsentEnded {
    consent: Uuid,
    recipient: String,
    purpose: Purpose,
    ended_at: DateTime<Utc>,
}

impl Change for ConsentEnded {
    const NAME: &'static str = "census.consentEnded";
}

/// Tells of the consents that are over by the programme clock, each in a transaction of its own, with its entry in the journal.
pub(crate) async fn tell_of_ended(system: &System) -> Result<()> {
    let over = consents::table
        .filter(consents::programme_id.eq(system.programme_id()))
        .filter(consents::ends_at.le(system.now()))
        .filter(consents::withdrawn_at.is_null())
        .filter(consents::end_told.eq(false))
        .order(consents::ends_at)
        .limit(AT_ONCE)
        .select((
            consents::id,
            consents::person_id,
            consents::recipient,
            consents::purpose,
            consents::ends_at.assume_not_null(),
        ));
    let over: Vec<(Uuid, Uuid, String, Purpose, DateTime<Utc>)> =
        over.load(&mut system.database.writer().await?).await?;
    for (consent, person, recipient, purpose, ended_at) in over {
        change_of_server(system, "census.consentEnded", async |connection| {
            let untold = consents::table.find(consent).filter(consents::end_told.eq(false));
            if diesel::update(untold).set(consents::end_told.eq(true)).execute(connection).await? == 0 {
                return Ok(None);
            }
            let change = ConsentEnded { consent, recipient, purpose, ended_at };
            let ended = Part::of(Class::Consent, Some(person), &change)?;
            Ok(Some(vec![ended, touched(vec![person], ended_at)?]))
        })
        .await?;
    }
    Ok(())
}
