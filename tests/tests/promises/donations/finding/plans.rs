//! By which index a combination is served: read from the plans that the server carried out.

use enlace_schema::combinations;
use enlace_tests::{Scratch, World, fill};
use serde_json::Value as Json;
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::super::DONATIONS;
use super::{Asked, all_lots, asked, ids, page};

/// Reads from the server's log which plans it carried out.
pub(super) struct Plans {
    database: Database,
    /// By which the log tells its lines from those of other tests.
    name: String,
    read: i64,
}

impl Plans {
    /// From now on.
    pub(super) async fn new(world: &World) -> Self {
        let database = world.database().await;
        let read =
            database.query_one("SELECT (pg_stat_file(pg_current_logfile())).size", &[]).await.unwrap().get(0);
        let name = database.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
        Self { database, name, read }
    }

    /// Those that were carried out since they were read last.
    pub(super) async fn next(&mut self) -> Vec<Json> {
        // A mark of our own behind them: what has come to the log before it is whole.
        // A statement's rows may come before its plan is told of: it is when its connection is idle again.
        let busy = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND application_name = 'enlace' AND state <> 'idle'";
        while self.database.query_one(busy, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let mark = format!("mark {}", Uuid::now_v7());
        self.database.batch_execute(&format!("DO $$ BEGIN RAISE LOG '{mark}'; END $$")).await.unwrap();
        loop {
            let row = self
                .database
                .query_one(
                    "SELECT convert_from(pg_read_binary_file(pg_current_logfile(), $1, 1 << 28), 'UTF8')",
                    &[&self.read],
                )
                .await
                .unwrap();
            let text: String = row.get(0);
            if let Some(end) = text.find(&mark) {
                self.read += i64::try_from(end).unwrap();
                let entries: Vec<&str> = text[..end].split("plan:\n").collect();
                let ours = format!("] {} LOG:", self.name);
                let told = entries.windows(2).filter(|pair| pair[0].lines().last().unwrap().contains(&ours));
                let plan = |pair: &[&str]| {
                    let lines = pair[1].lines().take_while(|line| line.starts_with('\t'));
                    serde_json::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap()
                };
                return told.map(plan).collect();
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
}

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
    let name: String = owner.query_one("SELECT current_database()", &[]).await.unwrap().get(0);
    for (setting, value) in [
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_format", "json"),
    ] {
        owner.batch_execute(&format!("ALTER DATABASE {name} SET {setting} = '{value}'")).await.unwrap();
    }
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
