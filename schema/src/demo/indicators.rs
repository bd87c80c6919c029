//! Tables of indicators that were published in the course of the programme, and that of its closing.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use ring::signature::Ed25519KeyPair;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::people::hashed;
use super::{Error, PROGRAMME_CODE, copy, id, local, programme_id};
use crate::indicators::{DEFINITIONS, Note, Shown, Traits, actual, by_person, rows, verifier};
use crate::vault::publishing_key;

/// Of which days, each with that on whose noon its table was published.
pub(super) fn tables() -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
    let days = [("2021-12-31", "2022-01-03"), ("2022-01-31", "2022-02-03"), ("2022-03-31", "2022-03-31")];
    days.into_iter().filter_map(|(as_of, published)| Some((as_of.parse().ok()?, published.parse().ok()?)))
}

row! {
    /// A table.
    Table in "published_tables" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        number: i32 = INT4,
        as_of: NaiveDate = DATE,
        published_at: DateTime<Utc> = TIMESTAMPTZ,
        note: String = TEXT,
        verifier: String = TEXT,
    }
}

row! {
    /// A count of a table.
    Count in "published_counts" {
        table_id: Uuid = UUID,
        indicator: &'static str = TEXT,
        dimension: &'static str = TEXT,
        category: String = TEXT,
        count: Option<i64> = INT8,
    }
}

/// The key that signs the tables, kept with the other keys; it may be there already, and another.
pub(super) async fn write_key(keys: &Client) -> Result<Ed25519KeyPair, Error> {
    let fresh = hashed(&["publishing key"]).to_vec();
    let statement = "INSERT INTO publishing_keys (key) VALUES ($1) ON CONFLICT (single) DO NOTHING";
    keys.execute(statement, &[&fresh]).await?;
    let key: Vec<u8> = keys.query_one("SELECT key FROM publishing_keys", &[]).await?.get(0);
    Ok(publishing_key(&key)?)
}

/// Publishes what was published by `now`, once all else is there: the counts are those of the records, as everywhere.
pub(super) async fn publish(
    transaction: &Transaction<'_>,
    people: &HashMap<Uuid, Traits>,
    key: &Ed25519KeyPair,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut before: HashMap<&str, Vec<Shown>> = HashMap::new();
    let due = tables().map(|(as_of, published)| (as_of, local(published, super::NOON)));
    for ((as_of, published_at), number) in due.filter(|(_, at)| *at <= now).zip(1..) {
        let mut shares: HashMap<String, Vec<(Option<Uuid>, i64)>> = HashMap::new();
        for row in transaction.query(&by_person(), &[&programme_id(), &as_of]).await? {
            shares.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
        }
        let mut shown = Vec::with_capacity(DEFINITIONS.len());
        for definition in DEFINITIONS {
            let shares = shares.remove(definition.key).unwrap_or_default();
            let earlier = before.entry(definition.key).or_default();
            let now_shown = definition.shown(&actual(definition, &shares, people, as_of), earlier);
            earlier.push(now_shown.clone());
            shown.push((definition.key, now_shown));
        }
        let note = Note { programme: PROGRAMME_CODE, number, as_of, published_at, shown: &shown }.signed(key);
        let table = Table {
            id: id("published_tables", &as_of.to_string(), published_at),
            programme_id: programme_id(),
            number,
            as_of,
            published_at,
            note,
            verifier: verifier(key),
        };
        let count = |(indicator, dimension, category, count): (_, _, &str, _)| Count {
            table_id: table.id,
            indicator,
            dimension,
            category: category.to_owned(),
            count,
        };
        let counts: Vec<Count> = rows(&shown).map(count).collect();
        copy(transaction, &[table]).await?;
        copy(transaction, &counts).await?;
    }
    Ok(())
}
