//! Indicators in the schema.

use enlace_policies::{Class, RecordType};

use super::load::{indicators, published_all, series};
use super::publish::{PublishIndicatorsPayload, publish_indicators};
use super::{Indicator, IndicatorDay, IndicatorPart, PublishedTable};
use crate::graph::Graph;

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Indicator>(|indicator| {
        indicator.carries_many(
            "parts",
            Class::Public,
            "What parts of the people make up of it, as it was published: by sex, by band of ages, by nationality.",
            |indicator| indicator.parts.clone(),
        )
    });
    graph.object::<IndicatorPart>(|part| part);
    graph.object::<IndicatorDay>(|day| day);
    graph.object::<PublishedTable>(|table| table);
    graph.object::<PublishIndicatorsPayload>(|payload| {
        payload.carries("table", Class::Public, "The table.", |payload| Some(payload.table.clone()))
    });
    graph
        .query(
            "indicators",
            Class::Public,
            "What the programme did, counted from its records as of a day. Anybody reads what is published; no token is needed.",
        )
        .list(indicators);
    graph
        .query(
            "publishedTables",
            Class::Public,
            "The tables of indicators that were published, in that order, each signed. No token is needed.",
        )
        .list(published_all);
    graph
        .query(
            "indicatorSeries",
            Class::Operational,
            "How indicators stood day by day, as the records say it now: each of them from the first day to the last.",
        )
        .list(series);
    graph
        .mutation(
            "publishIndicators",
            Class::Public,
            "Publishes how all indicators stand as of a day, for good. What would tell of few people is withheld.",
        )
        .either(RecordType::Indicator, publish_indicators);
}
