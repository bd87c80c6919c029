//! Reservations: goods that are kept in a store for a while, for a request or for what is said in words. The database holds that nobody
//! else's movement takes them; they are set free by whoever keeps them, and by their time.

mod graphql;
mod load;
mod release;
mod reserve;
pub(super) mod tables;
mod tidy;

use chrono::{DateTime, Utc};
use diesel::Queryable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Facts, record};
use crate::journal::{Change, Done, Part, Transaction};
use crate::scalars::{Id, Quantity};

pub(super) use graphql::register;
pub(super) use load::kept_of_item;
pub(crate) use tidy::tidy;

record! {
    /// Goods of a store that are kept for a while.
    #[derive(Queryable, Serialize, Deserialize)]
    pub struct Reservation: "Reservation" as Reservation, id "reservation" {
        /// Global id.
        id: Id<Reservation> => Public,
        /// Its code, unique in the programme.
        code: String => Inventory,
        /// What for, in words.
        note: Option<String> => Inventory,
        /// When it was made.
        reserved_at: DateTime<Utc> => Inventory,
        /// Until when the goods are kept.
        until: DateTime<Utc> => Inventory,
        /// When what was left of it was set free: by somebody, or once its time was over.
        ended_at: Option<DateTime<Utc>> => Inventory,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Inventory,
        /// The store in which the goods lie.
        location_id: Uuid,
        /// The request that they are kept for.
        request_id: Option<Uuid>,
        /// The shelter whose store it is.
        shelter: Option<String>,
    }
}

impl Facts for Reservation {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Shelter { self.shelter.as_deref() } else { None }
    }
}

record! {
    /// So much of one lot, kept.
    #[derive(Queryable)]
    pub struct ReservationLine: "ReservationLine" as Movement, id "reservation_line" {
        /// Global id.
        id: Id<ReservationLine> => Public,
        /// How much was reserved.
        reserved: Quantity => Inventory,
        /// How much of it was taken by movements that name the reservation.
        used: Quantity => Inventory,
        /// How much of it is still kept. The rest was set free.
        remaining: Quantity => Inventory,
        /// The reservation.
        reservation_id: Uuid,
        /// The lot.
        lot_id: Uuid,
        /// The shelter in whose store it lies.
        shelter: Option<String>,
        /// What kind of stock it is.
        stock_kind: String,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for ReservationLine {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::StockKind => Some(&self.stock_kind),
            Fact::DonorAgency => self.donor_agency.as_deref(),
            Fact::Shelter => self.shelter.as_deref(),
            _ => None,
        }
    }
}

/// In the journal: goods were reserved, or set free; as the reservation was then.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReservationChanged {
    reservation: Reservation,
}

impl Change for ReservationChanged {
    const NAME: &'static str = "donations.reservationChanged";
}

/// What is committed of a reservation that was made or released: the reservation as the transaction sees it now.
async fn changed<P>(context: &Context, transaction: &mut Transaction<'_, P>, id: Uuid) -> Result<Done<P>>
where
    P: Serialize + DeserializeOwned + From<Reservation>,
{
    let found = load::one(transaction.connection()?, id).await?;
    let reservation = found.ok_or_else(|| Error::internal("a reservation that was changed is not there"))?;
    let change = ReservationChanged { reservation };
    let changes = vec![Part::of(Class::Inventory, None, &change)?];
    Ok(Done { occurred_at: context.now(), changes, payload: change.reservation.into() })
}
