//! Which kinds of stock a caller reads of, where a statement adds up many lots and no lot of it can be asked about alone.

use enlace_policies::{Class, Fact, RecordType};

use crate::context::Context;
use crate::graph::Facts;

/// The kinds that there are; the database holds the same list (`categories_stock_kind`).
const KINDS: [&str; 3] = ["food", "general", "medical"];

struct OfKind(&'static str);

impl Facts for OfKind {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::StockKind).then_some(self.0)
    }
}

/// The kinds of stock of whose items the caller reads INVENTORY. An item has no other fact, so that they say which items.
pub(super) fn readable(context: &Context) -> Vec<&'static str> {
    let Some(scope) = context.scope(Class::Inventory, RecordType::Item) else { return Vec::new() };
    KINDS.into_iter().filter(|kind| scope.has(&OfKind(kind))).collect()
}
