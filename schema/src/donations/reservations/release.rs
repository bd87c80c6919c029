//! Setting free what is left of a reservation.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::one;
use super::tables::reservations;
use super::{Reservation, changed};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A reservation that is needed no more.
    pub struct ReleaseReservation {
        /// The reservation.
        pub reservation: Id<Reservation>,
        /// The version of the reservation that the caller saw.
        pub version: i32,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A reservation, released.
    pub struct ReleaseReservationPayload: "ReleaseReservationPayload" as Reservation {
        /// The reservation as it is now.
        reservation: Reservation,
    }
}

union! {
    /// The reservation, released; or why it was not.
    pub enum ReleaseReservationResult {
        Payload(ReleaseReservationPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Sets free what is left of a reservation.
pub(super) async fn release_reservation(
    context: Context,
    input: ReleaseReservation,
) -> Result<ReleaseReservationResult> {
    let mut transaction = begin!(&context, "donations.releaseReservation", &input, ReleaseReservationResult);
    let done = release(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn release(
    context: &Context,
    transaction: &mut Transaction<'_, ReleaseReservationPayload>,
    input: &ReleaseReservation,
) -> Result<std::result::Result<Done<ReleaseReservationPayload>, ReleaseReservationResult>> {
    let found = one(transaction.connection()?, input.reservation.uuid()).await?;
    let Some(reservation) = context.seen(Class::Inventory, RecordType::Reservation, found) else {
        return Ok(Err(NotFound::new("reservation").into()));
    };
    context.authorize_write(Class::Inventory, RecordType::Reservation, &reservation)?;
    if reservation.version != input.version {
        return Ok(Err(VersionConflict::new(reservation.version).into()));
    }
    let over = "This reservation is over already.";
    let open = reservations::table.find(reservation.id);
    let releasing = diesel::update(open).set(reservations::ended_at.eq(context.now()));
    match releasing.execute(transaction.connection()?).await {
        Ok(_) => changed(context, transaction, reservation.id.uuid()).await.map(Ok),
        Err(error) if constraint(&error) == Some("reservations_ended_once") => {
            Ok(Err(StateConflict::new(over).into()))
        }
        Err(error) => Err(error.into()),
    }
}
