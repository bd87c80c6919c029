//! Many lots, as a programme has that goes on for long.

use tokio_postgres::Client;

/// Adds lots to a demonstration's donations: as many as are asked for, of all items, from all donors, in all stores, most of them not given
/// out yet, and two in three with an expiry. As the database's owner, and without a movement of the ledger: it is for what reads.
const FILL: &str = "\
WITH made AS (
    INSERT INTO lots (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, received_at_id, expires_on)
    SELECT gen_random_uuid(), programme_id, item, donor_id, donation, 100000 + number, 'GEN-' || lpad(number::text, 7, '0'), 'NEW', 1 + number % 50,
        received_on, received_at_id, CASE WHEN number % 3 > 0 OR perishable THEN received_on + (number * 7919 % 400)::integer END
    FROM generate_series($1::bigint, $2::bigint) AS number
    JOIN (SELECT id AS donation, programme_id, donor_id, received_on, received_at_id, row_number() OVER (ORDER BY id) - 1 AS place,
        count(*) OVER () AS places FROM donations) AS gifts ON gifts.place = CASE WHEN $3 AND number % 3 = 0 THEN 0 ELSE number % gifts.places END
    JOIN (SELECT id AS item, perishable, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS places FROM items) AS kinds
        ON kinds.place = CASE WHEN $3 AND number % 4 = 0 THEN 0 ELSE number * 31 % kinds.places END
    RETURNING id, line)
INSERT INTO balances (id, lot_id, location_id, quantity)
SELECT gen_random_uuid(), made.id, stores.id, CASE WHEN line % 10 = 0 THEN 0 ELSE 1 + line % 40 END
FROM made JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS places FROM locations) AS stores
    ON stores.place = CASE WHEN $3 AND line % 5 < 2 THEN 0 ELSE line * 13 % stores.places END";

/// Adds as many lots to a programme, and has PostgreSQL know them.
///
/// # Errors
///
/// Where the database refuses them.
pub async fn fill(owner: &Client, lots: u32) -> Result<(), tokio_postgres::Error> {
    add(owner, lots, false).await
}

/// As [`fill`], and one donation, one item and one store have many of them.
///
/// # Errors
///
/// Where the database refuses them.
pub async fn fill_unevenly(owner: &Client, lots: u32) -> Result<(), tokio_postgres::Error> {
    add(owner, lots, true).await
}

async fn add(owner: &Client, lots: u32, unevenly: bool) -> Result<(), tokio_postgres::Error> {
    let begun: i64 =
        owner.query_one("SELECT count(*) FROM lots WHERE code LIKE 'GEN-%'", &[]).await?.try_get(0)?;
    owner.execute(FILL, &[&(begun + 1), &(begun + i64::from(lots)), &unevenly]).await?;
    owner.batch_execute("VACUUM ANALYZE").await
}
