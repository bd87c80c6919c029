//! Opening a count, and giving one up.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use enlace_policies::{Class, RecordType};

use crate::context::Context;
use crate::database::Prepared;
use crate::donations::counts::tables::stock_counts;
use crate::donations::counts::{StockCount, StockCountState, changed, held_open};
use crate::donations::ledger::refuse_text;
use crate::donations::load::{categories_by_ids, store_by_id};
use crate::donations::{Category, Location};
use crate::error::Result;
use crate::graph::{input, payload, union};
use crate::journal::{Done, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict, VersionConflict};
use crate::scalars::Id;

input! {
    /// A count that is to be.
    pub struct OpenStockCount {
        /// The store.
        pub location: Id<Location>,
        /// Only goods of this category; all that lies there, where it is left out.
        pub category: Option<Id<Category>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A count, opened.
    pub struct OpenStockCountPayload: "OpenStockCountPayload" as StockCount {
        /// The count.
        count: StockCount,
    }
}

union! {
    /// The count, opened; or why it was not.
    pub enum OpenStockCountResult {
        Payload(OpenStockCountPayload),
        NotFound(NotFound),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

input! {
    /// A count that is given up.
    pub struct CancelStockCount {
        /// The count.
        pub count: Id<StockCount>,
        /// The version of the count that the caller saw.
        pub version: i32,
        /// Why, 3 to 500 characters.
        pub reason: String,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

payload! {
    /// A count, given up.
    pub struct CancelStockCountPayload: "CancelStockCountPayload" as StockCount {
        /// The count as it is now.
        count: StockCount,
    }
}

union! {
    /// The count, given up; or why it was not.
    pub enum CancelStockCountResult {
        Payload(CancelStockCountPayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        VersionConflict(VersionConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// Opens a count of a store.
pub(super) async fn open_stock_count(
    context: Context,
    input: OpenStockCount,
) -> Result<OpenStockCountResult> {
    let mut transaction = begin!(&context, "donations.openStockCount", &input, OpenStockCountResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenStockCountPayload>,
    input: &OpenStockCount,
) -> Result<std::result::Result<Done<OpenStockCountPayload>, OpenStockCountResult>> {
    let Some(store) = store_by_id(context, transaction.connection()?, input.location).await? else {
        return Ok(Err(NotFound::new("location").into()));
    };
    if let Some(category) = input.category {
        let found = categories_by_ids(context.clone(), vec![category.uuid()]).await?.into_iter().next();
        if context.seen(Class::Inventory, RecordType::Category, found).is_none() {
            return Ok(Err(NotFound::new("category").into()));
        }
    }
    let new = StockCount {
        id: Id::new(context.new_uuid()?),
        code: String::new(),
        state: StockCountState::Open,
        opened_at: context.now(),
        ended_at: None,
        reason: None,
        uncounted: None,
        version: 1,
        location_id: store.id.uuid(),
        category_id: input.category.map(Id::uuid),
        shelter: store.shelter,
    };
    context.authorize_write(Class::Inventory, RecordType::StockCount, &new)?;
    let row = (
        stock_counts::id.eq(new.id),
        stock_counts::programme_id.eq(context.programme_id()),
        stock_counts::location_id.eq(new.location_id),
        stock_counts::category_id.eq(new.category_id),
        stock_counts::opened_at.eq(new.opened_at),
        stock_counts::opened_by.eq(context.actor()?.user),
    );
    let opening = diesel::insert_into(stock_counts::table).values(row);
    match Prepared(opening).execute(transaction.connection()?).await {
        Ok(_) => changed(transaction, new.opened_at, new.id, Vec::new()).await,
        Err(error) if constraint(&error) == Some("stock_counts_one_open") => {
            let message =
                "These goods of this store are being counted already. Close or cancel that count first.";
            Ok(Err(StateConflict::new(message).into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Gives a count up: nothing that was counted changes the ledger.
pub(super) async fn cancel_stock_count(
    context: Context,
    input: CancelStockCount,
) -> Result<CancelStockCountResult> {
    let mut transaction = begin!(&context, "donations.cancelStockCount", &input, CancelStockCountResult);
    let done = cancel(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn cancel(
    context: &Context,
    transaction: &mut Transaction<'_, CancelStockCountPayload>,
    input: &CancelStockCount,
) -> Result<std::result::Result<Done<CancelStockCountPayload>, CancelStockCountResult>> {
    if let Some(problem) = refuse_text("reason", Some(&input.reason)) {
        return Ok(Err(problem.into()));
    }
    let count = match held_open(context, transaction, input.count).await? {
        Ok(count) => count,
        Err(refused) => return Ok(Err(refused)),
    };
    if count.version != input.version {
        return Ok(Err(VersionConflict::new(count.version).into()));
    }
    let now = context.now();
    let cancelling = diesel::update(stock_counts::table.find(count.id)).set((
        stock_counts::state.eq(StockCountState::Cancelled),
        stock_counts::ended_at.eq(now),
        stock_counts::ended_by.eq(context.actor()?.user),
        stock_counts::reason.eq(&input.reason),
    ));
    Prepared(cancelling).execute(transaction.connection()?).await?;
    changed(transaction, now, count.id, Vec::new()).await
}
