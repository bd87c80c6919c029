//! Counts in the schema.

use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::donations::counts::close::{CloseStockCountPayload, close_stock_count};
use crate::donations::counts::open::{
    CancelStockCountPayload, OpenStockCountPayload, cancel_stock_count, open_stock_count,
};
use crate::donations::counts::record::{RecordCountPayload, record_count};
use crate::donations::counts::{OpenDifferences, StockCount, StockCountChanged, StockCountLine, load};
use crate::donations::load::{categories_by_ids, locations_by_ids, lots_by_ids};
use crate::donations::{Category, Location, Lot};
use crate::error::Result;
use crate::graph::{Changes, ConnectionKind, Facts, Graph, input, record};
use crate::journal::Entry;
use crate::scalars::Id;

record! {
    /// A change of a count. The message's `extensions.index` is its place in the journal.
    pub struct StockCountChange: "StockCountChange" as StockCount {
        /// The count as it was then.
        count: StockCount,
    }
}

impl Facts for StockCountChange {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.count.fact(fact)
    }
}

input! {
    /// Which changes of counts to follow.
    pub struct StockCountChangedArguments {
        /// Only those of this store; all where it is left out.
        pub location: Option<Id<Location>>,
        /// Only this count; all where it is left out.
        pub count: Option<Id<StockCount>>,
    }
}

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    objects(graph);
    payloads(graph);
    graph.node::<StockCount, _, _>(Class::Inventory, load::counts_by_ids);
    graph.node::<StockCountLine, _, _>(Class::Inventory, load::lines_by_ids);
    graph
        .query("stockCounts", Class::Inventory, "Counts of what really lies in stores, page by page.")
        .connection(
            ConnectionKind { node: "StockCount", connection: "StockCountConnection", edge: "StockCountEdge" },
            load::counts,
        );
    graph
        .query(
            "uncountedStock",
            Class::Inventory,
            "What lies in the store of an open count and nobody has counted yet, page by page.",
        )
        .connection(
            ConnectionKind { node: "Stock", connection: "StockConnection", edge: "StockEdge" },
            load::uncounted,
        );
    graph
        .mutation(
            "openStockCount",
            Class::Inventory,
            "Opens a count of a store, or of one category there. What lies in a store is counted once at a time.",
        )
        .either(RecordType::StockCount, open_stock_count);
    graph
        .mutation("recordCount", Class::Inventory, "Records what was found. It changes no stock.")
        .either(RecordType::StockCount, record_count);
    graph
        .mutation(
            "closeStockCount",
            Class::Inventory,
            "Closes a count, by whoever did not count: each difference is explained and settled in the ledger, or nothing is.",
        )
        .either(RecordType::StockCount, close_stock_count);
    graph
        .mutation("cancelStockCount", Class::Inventory, "Gives a count up. It changed no stock.")
        .either(RecordType::StockCount, cancel_stock_count);
    graph
        .subscription("stockCountChanged", Class::Inventory, "Each change of a count, as it is committed.")
        .events(
            Changes::new(count_change)
                .of_states(|change| vec![change.count.id.uuid()])
                .with_snapshot(counts_now),
        );
}

/// The counts that are open.
fn counts_now<'c>(
    arguments: &'c StockCountChangedArguments,
    context: &'c Context,
    connection: &'c mut AsyncPgConnection,
) -> BoxFuture<'c, Result<Vec<StockCountChange>>> {
    async move {
        let of = (arguments.location.map(Id::uuid), arguments.count.map(Id::uuid));
        let counts = load::open_counts(context, connection, of).await?;
        Ok(counts.into_iter().map(|count| StockCountChange { count }).collect())
    }
    .boxed()
}

fn count_change(arguments: &StockCountChangedArguments, entry: &Entry) -> Result<Option<StockCountChange>> {
    let change = entry.change::<StockCountChanged>()?;
    let wanted = change.filter(|StockCountChanged { count, .. }| {
        arguments.location.is_none_or(|location| count.location_id == location.uuid())
            && arguments.count.is_none_or(|wanted| count.id == wanted)
    });
    Ok(wanted.map(|StockCountChanged { count, .. }| StockCountChange { count }))
}

fn objects(graph: &mut Graph) {
    graph.object::<StockCount>(|count| {
        let key = |count: &StockCount| -> Option<Uuid> { Some(count.id.uuid()) };
        count
            .one(
                "location",
                Class::Inventory,
                "The store.",
                |count| Some(count.location_id),
                locations_by_ids,
                |location: &Location| location.id.uuid(),
            )
            .one(
                "category",
                Class::Inventory,
                "The category that is counted; null where all are.",
                |count| count.category_id,
                categories_by_ids,
                |category: &Category| category.id.uuid(),
            )
            .many(
                "lines",
                Class::Inventory,
                "What was found, by lot; of a lot that was counted anew the line that holds, then what it replaced.",
                key,
                load::lines_of_counts,
                |line: &StockCountLine| line.count_id,
            )
            .many(
                "differences",
                Class::Inventory,
                "The lines that hold and of which more or less was found than the ledger had.",
                key,
                load::differences_of_counts,
                |line: &StockCountLine| line.count_id,
            )
    });
    graph.problem_with::<OpenDifferences>(|problem| {
        problem.carries_many("differences", Class::Inventory, "What is open.", |problem| {
            problem.differences.clone()
        })
    });
    graph.object::<StockCountLine>(|line| {
        line.one(
            "lot",
            Class::Inventory,
            "The lot.",
            |line| Some(line.lot_id),
            lots_by_ids,
            |lot: &Lot| lot.id.uuid(),
        )
        .makes_many(
            "settledBy",
            Class::Inventory,
            "The movements that settled a difference, when the count was closed.",
            load::settlements,
        )
    });
}

/// What mutations and subscriptions show of them.
fn payloads(graph: &mut Graph) {
    graph.object::<OpenStockCountPayload>(|payload| {
        payload.carries("count", Class::Inventory, "The count.", |payload| Some(payload.count.clone()))
    });
    graph.object::<RecordCountPayload>(|payload| {
        payload.carries("count", Class::Inventory, "The count as it is now.", |payload| {
            Some(payload.count.clone())
        })
    });
    graph.object::<CloseStockCountPayload>(|payload| {
        payload.carries("count", Class::Inventory, "The count as it is now.", |payload| {
            Some(payload.count.clone())
        })
    });
    graph.object::<CancelStockCountPayload>(|payload| {
        payload.carries("count", Class::Inventory, "The count as it is now.", |payload| {
            Some(payload.count.clone())
        })
    });
    graph.object::<StockCountChange>(|change| {
        change.carries("count", Class::Inventory, "The count as it was then.", |change| {
            Some(change.count.clone())
        })
    });
}
