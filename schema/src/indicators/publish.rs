//! Publishing: a table of all indicators as of a day, counted, protected against those before, and signed.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use super::load::{published, shares};
use super::tables::{published_counts, published_tables};
use super::{DEFINITIONS, Note, PublishedTable, Shown, Traits, actual, verifier};
use crate::census::tables::persons;
use crate::census::{IDENTITY, Identity};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, StateConflict};

input! {
    /// Of which day a table is to be published.
    pub struct PublishIndicators {
        /// The day, today or earlier; of none is a table published twice.
        pub as_of: NaiveDate,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A table, published.
    pub struct PublishIndicatorsPayload: "PublishIndicatorsPayload" as Indicator {
        /// The table.
        table: PublishedTable,
    }
}

union! {
    /// The table, published; or why it was not.
    pub enum PublishIndicatorsResult {
        Payload(PublishIndicatorsPayload),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a table was published.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TablePublished {
    number: i32,
    as_of: NaiveDate,
    note: String,
}

impl Change for TablePublished {
    const NAME: &'static str = "indicators.tablePublished";
}

/// Publishes a table. The database holds that tables come one after the other, and of each day one.
pub(super) async fn publish_indicators(
    context: Context,
    input: PublishIndicators,
) -> Result<PublishIndicatorsResult> {
    let mut transaction = begin!(&context, "indicators.publishIndicators", &input, PublishIndicatorsResult);
    let done = publish(&context, &mut transaction, input.as_of).await;
    transaction.conclude(done).await
}

async fn publish(
    context: &Context,
    transaction: &mut Transaction<'_, PublishIndicatorsPayload>,
    as_of: NaiveDate,
) -> Result<std::result::Result<Done<PublishIndicatorsPayload>, PublishIndicatorsResult>> {
    let (programme, published_at) = (context.programme_id(), context.now());
    if !(context.starts_on()..=context.day_of(published_at)).contains(&as_of) {
        let message = "What is published is of a day of the programme, today or earlier.";
        return Ok(Err(InvalidValue::new("asOf", message).into()));
    }
    let earlier = published(transaction.connection()?, programme, None).await?;
    let shares = shares(transaction.connection()?, (programme, as_of)).await?;
    let counted = shares.values().flatten().filter_map(|(person, _)| *person).collect();
    let people = traits(context, transaction.connection()?, counted).await?;
    let shown: Vec<(&'static str, Shown)> = DEFINITIONS
        .iter()
        .map(|definition| {
            let counts = shares.get(definition.key).map_or(&[][..], Vec::as_slice);
            let before: Vec<Shown> =
                earlier.iter().filter_map(|table| table.get(definition.key).cloned()).collect();
            (definition.key, definition.shown(&actual(definition, counts, &people, as_of), &before))
        })
        .collect();
    let number = i32::try_from(earlier.len()).unwrap_or(i32::MAX).saturating_add(1);
    let signer = context.vault().publishing_key();
    let note = Note { programme: &context.programme_code(), number, as_of, published_at, shown: &shown }
        .signed(signer);
    let table = PublishedTable { number, as_of, published_at, note, verifier: verifier(signer) };
    context.authorize_write(Class::Public, RecordType::Indicator, &table)?;
    let id = context.new_uuid()?;
    let row = (
        published_tables::id.eq(id),
        published_tables::programme_id.eq(programme),
        published_tables::number.eq(number),
        published_tables::as_of.eq(as_of),
        published_tables::published_at.eq(published_at),
        published_tables::note.eq(&table.note),
        published_tables::verifier.eq(&table.verifier),
        published_tables::user_id.eq(context.actor()?.user),
    );
    if let Err(error) =
        diesel::insert_into(published_tables::table).values(row).execute(transaction.connection()?).await
    {
        let refused = match constraint(&error) {
            Some("published_tables_day_key") => "A table of this day is published, and stays as it is.",
            Some("published_tables_number_key") => {
                "Another table was published at this moment. Publish this one after it, with another key."
            }
            _ => return Err(error.into()),
        };
        return Ok(Err(StateConflict::new(refused).into()));
    }
    let counts: Vec<_> = rows(&shown)
        .map(|(indicator, dimension, category, count)| {
            (
                published_counts::table_id.eq(id),
                published_counts::indicator.eq(indicator),
                published_counts::dimension.eq(dimension),
                published_counts::category.eq(category),
                published_counts::count.eq(count),
            )
        })
        .collect();
    diesel::insert_into(published_counts::table).values(counts).execute(transaction.connection()?).await?;
    let change = TablePublished { number, as_of, note: table.note.clone() };
    let changes = vec![Part::of(Class::Public, None, &change)?];
    Ok(Ok(Done { occurred_at: published_at, changes, payload: table.into() }))
}

/// The counts of a table as rows: indicator, dimension, category and count.
pub(crate) fn rows<'t>(
    shown: &'t [(&'static str, Shown)],
) -> impl Iterator<Item = (&'static str, &'static str, &'t str, Option<i64>)> {
    shown.iter().flat_map(|(indicator, shown)| {
        let parts = shown.parts.iter().flat_map(|(dimension, parts)| {
            parts.iter().map(|(category, count)| (*indicator, dimension.as_str(), category.as_str(), *count))
        });
        std::iter::once((*indicator, "TOTAL", "", shown.total)).chain(parts)
    })
}

/// What tables tell people apart by; nothing of those whose data was erased. None of it leaves but as a count.
async fn traits(
    context: &Context,
    connection: &mut AsyncPgConnection,
    mut people: Vec<Uuid>,
) -> Result<HashMap<Uuid, Traits>> {
    people.sort_unstable();
    people.dedup();
    let query = persons::table.filter(persons::id.eq_any(&people)).select((persons::id, persons::identity));
    let sealed: Vec<(Uuid, Vec<u8>)> = query.load(connection).await?;
    let keys = context.vault().keys(people).await?;
    let mut known = HashMap::with_capacity(sealed.len());
    for (person, sealed) in sealed {
        if let Some(Identity { sex, birth_date, nationality, .. }) = keys.open(person, IDENTITY, &sealed)? {
            known.insert(person, Traits { sex, birth_date, nationality });
        }
    }
    Ok(known)
}
