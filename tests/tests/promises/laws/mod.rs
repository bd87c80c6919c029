//! The laws that the database itself holds, whatever the code believes: as the owner of its tables, and as the role that
//! the server has.

mod constraints;
mod migrations;
mod privileges;
mod rows;

use std::path::{Path, PathBuf};

use enlace_tests::Scratch;
use tokio_postgres::Client;

/// What the database says to a statement: nothing, or the constraint that it breaks, or else the SQLSTATE.
async fn said(client: &Client, statement: &str) -> Option<String> {
    let error = client.batch_execute(statement).await.err()?;
    let error = error.as_db_error().unwrap_or_else(|| panic!("{statement}: {error}"));
    Some(error.constraint().unwrap_or(error.code().code()).to_owned())
}

/// Tries each statement in a transaction of its own that is not kept, as the owner or as the server.
async fn each_says(role: &str, cases: &[(&str, Option<&str>)]) {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    for (statement, expected) in cases {
        client.batch_execute("BEGIN").await.unwrap();
        client.batch_execute(FIXTURES).await.unwrap();
        client.batch_execute(&format!("SET LOCAL ROLE {role}")).await.unwrap();
        assert_eq!(said(&client, statement).await.as_deref(), *expected, "as {role}: {statement}");
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    drop(client);
    scratch.drop().await;
}

/// What the statements below can refer to: a lot, two stores, a space, a journal entry with two parts; and a fresh lot of ten,
/// of which nothing is in the ledger yet.
const FIXTURES: &str = "
    CREATE TEMP TABLE one ON COMMIT DROP AS SELECT
        (SELECT min(id::text)::uuid FROM lots) AS lot,
        (SELECT min(id::text)::uuid FROM locations WHERE kind <> 'TRANSIT') AS store,
        (SELECT max(id::text)::uuid FROM locations WHERE kind <> 'TRANSIT') AS other,
        (SELECT id FROM locations WHERE kind = 'TRANSIT') AS way,
        (SELECT min(id::text)::uuid FROM spaces WHERE occupied > 0) AS space,
        (SELECT min(id::text)::uuid FROM balances WHERE quantity > 0 AND packed = 0) AS balance,
        (SELECT min(id::text)::uuid FROM movements) AS movement,
        (SELECT min(id::text)::uuid FROM agencies) AS agency,
        (SELECT id FROM users WHERE subject = 'acnur.donor') AS someone,
        gen_random_uuid() AS entry, gen_random_uuid() AS fresh, gen_random_uuid() AS receipt, gen_random_uuid() AS transfer;
    GRANT SELECT ON one TO enlace_app;
    INSERT INTO journal_entries (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents)
        SELECT entry, gen_random_uuid(), 'leaf', '{JOURNAL,PUBLIC}', '{NULL,NULL}', '{salt,salt}', '{content,content}' FROM one;
    INSERT INTO journal_index SELECT 0, entry FROM one;
    INSERT INTO donations (id, programme_id, donor_id, received_on, received_at_id, recorded_at)
        SELECT fresh, programme_id, donors.id, '2022-01-31', store, '2022-01-31' FROM one, donors LIMIT 1;
    INSERT INTO lots (id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, received_at_id, expires_on)
        SELECT fresh, donations.programme_id, items.id, donor_id, fresh, 1, 'FRESH', 'NEW', 10, '2022-01-31', store, '2022-02-10'
        FROM one JOIN donations ON donations.id = fresh, items LIMIT 1;
    INSERT INTO balances (id, lot_id, location_id) SELECT gen_random_uuid(), fresh, unnest(ARRAY[store, other]) FROM one;
    DELETE FROM agreements;
    DELETE FROM grant_shelters;
    DELETE FROM grants;";

/// The role that migrations run as, and the one that the server has.
const OWNER: &str = "none";
const SERVER: &str = "enlace_app";

const DENIED: Option<&str> = Some("42501");

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
