//! Ending reservations whose time is over. They keep nothing from whoever needs it even before: the ledger sets free what is over where
//! somebody would take it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::Class;

use super::load::one;
use super::tables::reservations;
use super::{Reservation, ReservationChanged};
use crate::error::{Error, Result};
use crate::journal::{Part, change_of_server};
use crate::system::System;

/// How many are ended at a time.
const AT_ONCE: i64 = 500;

/// Ends what is over by the programme clock, each in a transaction of its own, with its entry in the journal.
pub(crate) async fn tidy(system: &System) -> Result<()> {
    let now = system.now();
    let over = reservations::table
        .filter(reservations::programme_id.eq(system.programme_id()))
        .filter(reservations::ended_at.is_null())
        .filter(reservations::until.le(now))
        .order(reservations::until)
        .limit(AT_ONCE)
        .select(reservations::id);
    let over: Vec<Uuid> = over.load(&mut system.database.writer().await?).await?;
    for id in over {
        change_of_server(system, "donations.reservationExpired", async |connection| {
            let open = reservations::table.find(id).filter(reservations::ended_at.is_null());
            if diesel::update(open).set(reservations::ended_at.eq(now)).execute(connection).await? == 0 {
                return Ok(None);
            }
            let found: Option<Reservation> = one(connection, id).await?;
            let reservation =
                found.ok_or_else(|| Error::internal("a reservation that ended is not there"))?;
            Ok(Some(vec![Part::of(Class::Inventory, None, &ReservationChanged { reservation })?]))
        })
        .await?;
    }
    Ok(())
}
