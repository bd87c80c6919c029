//! Where what was given is now: from a donation to its goods, in counts. Who received them is told to nobody here.

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::Fact;

use crate::context::Context;
use crate::database::Prepared;
use crate::error::Result;
use crate::graph::{Facts, record};
use crate::scalars::Id;

record! {
    /// Where a donation's articles are now: what was received is in store, in transit, delivered or written off (R32). An article
    /// is one base unit of whatever it is.
    pub struct Whereabouts: "DonationWhereabouts" as Donation, id "whereabouts" {
        /// Global id.
        id: Id<Whereabouts> => Public,
        /// How many articles were received.
        received: i32 => Inventory,
        /// How many of them lie in a store.
        in_store: i32 => Inventory,
        /// How many are on their way from store to store.
        in_transit: i32 => Inventory,
        /// How many were given out to people.
        delivered: i32 => Inventory,
        /// How many were written off.
        written_off: i32 => Inventory,
        /// The donating agency's code.
        donor_agency: Option<String>,
    }
}

impl Facts for Whereabouts {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::DonorAgency { self.donor_agency.as_deref() } else { None }
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    donation: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    donor_agency: Option<String>,
    #[diesel(sql_type = Integer)]
    in_store: i32,
    #[diesel(sql_type = Integer)]
    in_transit: i32,
    #[diesel(sql_type = Integer)]
    delivered: i32,
    #[diesel(sql_type = Integer)]
    written_off: i32,
}

/// Of some donations, by their keys. One statement, so one snapshot: the counts add up whoever moves something meanwhile.
pub(super) async fn whereabouts_by_ids(context: Context, donations: Vec<Uuid>) -> Result<Vec<Whereabouts>> {
    let reader = context.reader().await?;
    let counting = diesel::sql_query(
        "SELECT donations.id AS donation, donations.donor_agency, coalesce(sum(held.stored), 0)::integer AS in_store, \
             coalesce(sum(held.moving), 0)::integer AS in_transit, coalesce(sum(gone.delivered), 0)::integer AS delivered, \
             coalesce(sum(gone.written_off), 0)::integer AS written_off \
         FROM donations LEFT JOIN lots ON lots.donation_id = donations.id \
             LEFT JOIN LATERAL (SELECT sum(quantity) FILTER (WHERE kind <> 'TRANSIT') AS stored, \
                     sum(quantity) FILTER (WHERE kind = 'TRANSIT') AS moving \
                 FROM balances JOIN locations ON locations.id = location_id WHERE lot_id = lots.id) AS held ON true \
             LEFT JOIN LATERAL (SELECT sum(quantity) FILTER (WHERE kind = 'DELIVERY') AS delivered, \
                     sum(quantity) FILTER (WHERE kind = 'WRITE_OFF') AS written_off \
                 FROM movements WHERE lot_id = lots.id AND kind IN ('DELIVERY', 'WRITE_OFF') \
                     AND NOT EXISTS (SELECT FROM movements AS correction WHERE correction.reverses_id = movements.id)) AS gone ON true \
         WHERE donations.id = ANY ($1) GROUP BY donations.id",
    )
    .bind::<Array<SqlUuid>, _>(donations);
    let rows: Vec<Row> = Prepared(counting).get_results(&mut &*reader).await?;
    let whereabouts = |row: Row| Whereabouts {
        id: Id::new(row.donation),
        received: row.in_store + row.in_transit + row.delivered + row.written_off,
        in_store: row.in_store,
        in_transit: row.in_transit,
        delivered: row.delivered,
        written_off: row.written_off,
        donor_agency: row.donor_agency,
    };
    Ok(rows.into_iter().map(whereabouts).collect())
}
