//! Every constraint of the schema refuses what it is for, and has the name by which the code answers for it.

mod agencies;
mod between_agencies;
mod custody;
mod departures;
mod education;
mod employment;
mod funds;
mod goods;
mod health;
mod housing;
mod incidents;
mod indicators;
mod inspections;
mod journal;
mod lodging;
mod meals;
mod people;
mod press;
mod rehabilitation;
mod stores;
mod volunteers;
mod webhooks;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use enlace_tests::Scratch;

use super::{OWNER, each_says, project};

/// A constraint, and a statement that it refuses.
type Breach = (&'static str, &'static str);

/// One statement against each constraint that is more than a reference, by the constraint's name; a constraint that is added without
/// one is missed here.
fn breaches() -> Vec<Breach> {
    let mut all = [
        agencies::BREACHES,
        between_agencies::BREACHES,
        custody::BREACHES,
        departures::BREACHES,
        education::BREACHES,
        employment::BREACHES,
        funds::BREACHES,
        goods::BREACHES,
        health::BREACHES,
        housing::BREACHES,
        incidents::BREACHES,
        indicators::BREACHES,
        inspections::BREACHES,
        journal::BREACHES,
        lodging::BREACHES,
        meals::BREACHES,
        people::BREACHES,
        press::BREACHES,
        rehabilitation::BREACHES,
        stores::BREACHES,
        volunteers::BREACHES,
        webhooks::BREACHES,
    ]
    .concat();
    all.sort_unstable();
    all
}

/// The names of all laws: constraints, partial unique indexes, and what triggers raise in a constraint's name.
const LAWS: &str = "
    SELECT name FROM (
        SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x', 't')
            AND conrelid::regclass::text NOT LIKE '%diesel%'
        UNION SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
            WHERE relnamespace = 'public'::regnamespace AND indisunique AND indpred IS NOT NULL
        UNION SELECT (regexp_matches(prosrc, 'CONSTRAINT = ''([a-z_]+)', 'g'))[1] FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
    ) AS laws (name) ORDER BY name COLLATE \"C\"";

#[tokio::test(flavor = "multi_thread")]
async fn every_constraint_of_the_schema_refuses_what_it_is_for() {
    let breaches = breaches();
    let cases: Vec<_> = breaches.iter().map(|(name, statement)| (*statement, Some(*name))).collect();
    each_says(OWNER, &cases).await;
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let rows = client.query(LAWS, &[]).await.unwrap();
    let known: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let tried: Vec<String> = breaches.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known, tried);
    drop(client);
    scratch.drop().await;
}

/// A law that the code answers for by name must be called so in the database.
#[tokio::test(flavor = "multi_thread")]
async fn every_constraint_that_the_code_names_exists() {
    let scratch = Scratch::with_programme().await;
    let client = scratch.connect().await;
    let column =
        |rows: Vec<tokio_postgres::Row>| rows.iter().map(|row| row.get(0)).collect::<BTreeSet<String>>();
    let tables = column(
        client.query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap(),
    );
    let mut known = column(client.query("SELECT conname::text FROM pg_constraint", &[]).await.unwrap());
    known.extend(column(client.query(LAWS, &[]).await.unwrap()));
    let mut named = BTreeSet::new();
    for source in sources(&project().join("schema/src")) {
        let text = std::fs::read_to_string(source).unwrap();
        if text.contains("constraint(") {
            let quoted = text.split('"').map(str::to_owned);
            named.extend(quoted.filter(|name| {
                tables.iter().any(|table| name.starts_with(&format!("{table}_")))
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }));
        }
    }
    assert!(named.contains("spaces_occupied_within_capacity"), "{named:?}");
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
    drop(client);
    scratch.drop().await;
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
