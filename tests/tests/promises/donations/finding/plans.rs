//! By which index a combination is served: read from the plans that the server carried out.

use enlace_schema::combinations;
use enlace_tests::{Plans, Scratch, World, fill};
use serde_json::Value as Json;

use super::super::DONATIONS;
use super::{Asked, all_lots, asked, ids, page};

/// All nodes of a plan.
pub(super) fn nodes(plan: &Json) -> Vec<&Json> {
    let below = plan["Plans"].as_array().map_or(&[][..], Vec::as_slice);
    std::iter::once(plan).chain(below.iter().flat_map(nodes)).collect()
}

/// The statements of lots, each checked against what its plan may be; how many these were.
pub(super) fn by_index(plans: &[Json], index: &str, context: &str) -> usize {
    let mut checked = 0;
    for plan in plans {
        let text = plan["Query Text"].as_str().unwrap();
        if !text.contains("\"lots\".\"id\"") || !text.contains(" ORDER BY ") {
            continue;
        }
        let nodes = nodes(&plan["Plan"]);
        for node in &nodes {
            let kind = node["Node Type"].as_str().unwrap();
            assert!(
                ["Limit", "Nested Loop", "Index Scan", "Index Only Scan"].contains(&kind),
                "{context}: {kind} in {plan:#}"
            );
            assert!(node["Rows Removed by Filter"].as_i64().unwrap_or(0) == 0, "{context}: {plan:#}");
        }
        let used: Vec<&str> = nodes.iter().filter_map(|node| node["Index Name"].as_str()).collect();
        assert!(
            used == [index] || used == [index, "lots_pkey"],
            "{context}: {used:?} and not {index}: {plan:#}"
        );
        checked += 1;
    }
    checked
}

/// A world of many lots, whose PostgreSQL tells of each plan that it carries out.
pub(super) async fn telling_world(lots: u32) -> World {
    let scratch = Scratch::with_programme().await;
    let owner = scratch.connect().await;
    fill(&owner, lots).await.unwrap();
    Plans::tell(&owner).await;
    drop(owner);
    // One connection for reads: it comes to the plan that is kept for all values, after five that are made for some.
    World::with().set("readers", 1).start_on(scratch).await
}

/// Enough for PostgreSQL to keep a plan.
pub(super) const TIMES: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn every_combination_is_served_by_its_index() {
    let world = telling_world(20_000).await;
    let lots = all_lots(&world.database().await).await;
    let mut plans = Plans::new(&world).await;
    plans.next().await;
    for (caller, kinds) in [
        (DONATIONS, &["food", "medical", "general"][..]),
        ("ISESALUD/clinician", &["medical"]),
        ("SEDENA/kitchen", &["food"]),
    ] {
        let client = world.client(caller);
        for combination in combinations() {
            let scoped = kinds.len() == 1;
            if scoped && combination.by.contains(&"donor") {
                continue;
            }
            let index = if scoped { combination.of_one_kind } else { combination.index };
            let range = Some(("2022-01-10", "2022-12-01")).filter(|_| combination.expiry);
            for range in [None, range].into_iter().take(if range.is_some() { 2 } else { 1 }) {
                let Asked { arguments, found } = asked(&combination, &lots, range, kinds);
                let rows_each = (found.len() / 4).clamp(1, 25);
                let first = page(&client, &arguments, &format!("first: {rows_each}")).await;
                let last = page(&client, &arguments, &format!("last: {}", 2 * rows_each)).await;
                let (after, before) = (&last["pageInfo"]["startCursor"], &first["pageInfo"]["endCursor"]);
                plans.next().await;
                let place = found.len() - 2 * rows_each;
                let windows = [
                    (format!("first: {rows_each}"), &found[..rows_each]),
                    (format!("first: {rows_each}, after: {after}"), &found[place + 1..][..rows_each]),
                    (format!("last: {rows_each}"), &found[found.len() - rows_each..]),
                    (format!("last: {rows_each}, before: {before}"), &found[..rows_each - 1]),
                ];
                for (window, expected) in windows {
                    for _ in 0..TIMES {
                        assert_eq!(
                            ids(&page(&client, &arguments, &window).await),
                            expected,
                            "{caller} {arguments} {window}"
                        );
                    }
                    let context = format!("{caller} {arguments} {window}");
                    assert_eq!(by_index(&plans.next().await, index, &context), TIMES, "{context}");
                }
            }
        }
    }
    world.stop().await;
}
