//! Recording where money comes from.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use super::load::source_in;
use super::tables::funding_sources;
use super::{FundingSource, SourceRecorded, checked_amount, checked_text};
use crate::census::needs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{input, payload, union};
use crate::journal::{Done, Part, Transaction, begin};
use crate::problem::{IdempotencyConflict, InvalidValue, ensure};
use crate::scalars::Money;

input! {
    /// Money that was granted to the programme.
    pub struct RecordFundingSource {
        /// Who grants it, or what it comes of; no private person. 3 to 120 characters.
        pub name: String,
        /// How much.
        pub amount: Money,
        /// The day on which it was granted; today, where it is left out.
        pub granted_on: Option<NaiveDate>,
        /// The document that shows it, by reference, 3 to 200 characters.
        pub evidence: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A source, recorded.
    pub struct RecordFundingSourcePayload: "RecordFundingSourcePayload" as Fund {
        /// The source.
        source: FundingSource,
    }
}

union! {
    /// The source, recorded; or why it was not.
    pub enum RecordFundingSourceResult {
        Payload(RecordFundingSourcePayload),
        InvalidValue(InvalidValue),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Records a source.
pub(super) async fn record_funding_source(
    context: Context,
    input: RecordFundingSource,
) -> Result<RecordFundingSourceResult> {
    let mut transaction = begin!(&context, "funds.recordFundingSource", &input, RecordFundingSourceResult);
    let done = record(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn record(
    context: &Context,
    transaction: &mut Transaction<'_, RecordFundingSourcePayload>,
    input: &RecordFundingSource,
) -> Result<std::result::Result<Done<RecordFundingSourcePayload>, RecordFundingSourceResult>> {
    let today = context.instant().day;
    let granted_on = input.granted_on.unwrap_or(today);
    ensure!(checked_text("name", &input.name, 120));
    ensure!(checked_text("evidence", &input.evidence, 200));
    ensure!(checked_amount(input.amount, input.amount.currency()));
    ensure!(needs(granted_on <= today, "grantedOn", "What is granted on a day to come is not there yet."));
    let id = context.new_uuid()?;
    let row = (
        funding_sources::id.eq(id),
        funding_sources::programme_id.eq(context.programme_id()),
        funding_sources::name.eq(input.name.trim()),
        funding_sources::granted.eq(input.amount.hundredths),
        funding_sources::currency.eq(input.amount.currency()),
        funding_sources::granted_on.eq(granted_on),
        funding_sources::evidence.eq(input.evidence.trim()),
        funding_sources::recorded_at.eq(context.now()),
        funding_sources::user_id.eq(context.actor()?.user),
    );
    diesel::insert_into(funding_sources::table).values(row).execute(transaction.connection()?).await?;
    let source = source_in(context, transaction.connection()?, id).await?;
    let source = source.ok_or_else(|| Error::internal("a source that was recorded is not there"))?;
    context.authorize_write(Class::Funds, RecordType::Fund, &source)?;
    let change = SourceRecorded { source };
    let changes = vec![Part::of(Class::Funds, None, &change)?];
    Ok(Ok(Done { occurred_at: context.now(), changes, payload: change.source.into() }))
}
