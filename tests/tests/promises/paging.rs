//! Long lists are walked whole, each row once, in either direction, while others write.

use std::collections::BTreeSet;

use enlace_tests::{Client, MOVE, World, at, codes, fresh_key, outcome};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use crate::reference::rows;

/// A list: its root, and what selects and orders its rows.
#[derive(Debug, Clone)]
struct List {
    root: &'static str,
    selects: String,
}

impl List {
    fn lots(selects: impl Into<String>) -> Self {
        Self { root: "donationItems", selects: selects.into() }
    }

    async fn page(&self, client: &Client, window: &str) -> Json {
        let Self { root, selects } = self;
        let document = format!(
            "{{ page: {root}({selects} {window}) {{ edges {{ cursor node {{ id }} }} nodes {{ id }} totalCount \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        client.query(&document).await
    }

    async fn found(&self, client: &Client, window: &str) -> Json {
        let answer = self.page(client, window).await;
        assert_eq!(codes(&answer), Vec::<String>::new(), "{self:?} {window}: {answer}");
        let page = at(&answer, "data.page").clone();
        let edges = rows(&page, "edges");
        let nodes: Vec<&Json> = edges.iter().map(|edge| &edge["node"]).collect();
        assert_eq!(nodes, rows(&page, "nodes").iter().collect::<Vec<_>>());
        let ends = [edges.first(), edges.last()].map(|edge| edge.map_or(&Json::Null, |edge| &edge["cursor"]));
        assert_eq!(ends, [at(&page, "pageInfo.startCursor"), at(&page, "pageInfo.endCursor")]);
        page
    }

    /// The code with which a page is refused.
    async fn refused(&self, client: &Client, window: &str) -> String {
        let answer = self.page(client, window).await;
        assert_eq!(answer["data"], json!({"page": null}), "{self:?} {window}: {answer}");
        codes(&answer).pop().expect("an error")
    }

    /// All rows with their cursors, page by page, in the list's order.
    async fn walk(&self, client: &Client, rows_each: usize, backward: bool) -> Vec<(String, String)> {
        let (count, beyond, more, fewer, end) = if backward {
            ("last", "before", "hasPreviousPage", "hasNextPage", "startCursor")
        } else {
            ("first", "after", "hasNextPage", "hasPreviousPage", "endCursor")
        };
        let mut found: Vec<(String, String)> = Vec::new();
        let mut window = format!("{count}: {rows_each}");
        loop {
            let page = self.found(client, &window).await;
            let info = &page["pageInfo"];
            assert_eq!(info[fewer], !found.is_empty(), "{self:?} {window}: {info}");
            let text = |value: &Json| value.as_str().unwrap().to_owned();
            let edges = rows(&page, "edges").iter();
            let edges: Vec<_> =
                edges.map(|edge| (text(&edge["node"]["id"]), text(&edge["cursor"]))).collect();
            let is_full = edges.len() == rows_each;
            if backward {
                found.splice(0..0, edges);
            } else {
                found.extend(edges);
            }
            if info[more] == false {
                assert_eq!(page["totalCount"], found.len(), "{self:?}");
                return found;
            }
            assert!(is_full, "{self:?}: only the last page is short");
            window = format!("{count}: {rows_each}, {beyond}: {}", info[end]);
        }
    }
}

/// Lists of every order and of every filter.
async fn lists(client: &Client) -> Vec<List> {
    let answer = client
        .query(
            "{ categories { id } locations { id code } donationItems(first: 1) { nodes { donor { id } } } }",
        )
        .await;
    let category = at(&answer, "data.categories.2.id");
    let warehouse =
        at(&answer, "data.locations").as_array().unwrap().iter().find(|found| found["code"] == "ALM-01");
    let warehouse = &warehouse.unwrap()["id"];
    let donor = at(&answer, "data.donationItems.nodes.0.donor.id");
    let mut lists: Vec<List> = ["RECEIVED_ON", "RECEIVED_ON_DESC", "EXPIRES_ON", "CODE", "NAME"]
        .iter()
        .map(|order| List::lots(format!("orderBy: {order}")))
        .collect();
    lists.extend([
        List::lots(""),
        List::lots(format!("category: {category}, orderBy: NAME")),
        List::lots(format!("location: {warehouse}, orderBy: EXPIRES_ON")),
        List::lots(format!("donor: {donor}, orderBy: RECEIVED_ON_DESC")),
        List::lots("expiresFrom: \"2022-02-01\", expiresBefore: \"2023-01-01\""),
        List::lots("text: \"ar\""),
        List::lots("text: \"nothing is called this\""),
        List { root: "stock", selects: format!("location: {warehouse}") },
    ]);
    lists
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_comes_by_every_row_once_in_either_direction() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    let mut longest = 0;
    for list in lists(&client).await {
        let all = list.walk(&client, 500, false).await;
        let ids: BTreeSet<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids.len(), all.len(), "{list:?} shows a row twice");
        longest = longest.max(all.len());
        assert_eq!(list.walk(&client, 173, false).await, all, "{list:?} forward");
        assert_eq!(list.walk(&client, 211, true).await, all, "{list:?} backward");
        // From any row to its neighbours, across the ends of pages and among equal keys.
        for place in (0..all.len()).step_by(1 + all.len() / 12) {
            let cursor = &all[place].1;
            let next = list.found(&client, &format!("first: 2, after: \"{cursor}\"")).await;
            let before = list.found(&client, &format!("last: 2, before: \"{cursor}\"")).await;
            let ids = |page: &Json| -> Vec<String> {
                rows(page, "nodes").iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
            };
            let here =
                |range: &[(String, String)]| range.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
            assert_eq!(ids(&next), here(&all[place + 1..all.len().min(place + 3)]), "{list:?}");
            assert_eq!(ids(&before), here(&all[place.saturating_sub(2)..place]), "{list:?}");
        }
    }
    assert!(longest > 1_000, "the whole list is long");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_what_they_are_called() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    let column = |order: &str, field: &str| {
        let document = format!("{{ donationItems(first: 500, orderBy: {order}) {{ nodes {{ {field} }} }} }}");
        let (client, field) = (client.clone(), field.to_owned());
        async move {
            let answer = client.query(&document).await;
            let nodes = rows(&answer, "data.donationItems.nodes").to_vec();
            nodes.iter().map(|node| node[&field].as_str().unwrap_or("never").to_owned()).collect::<Vec<_>>()
        }
    };
    assert!(column("RECEIVED_ON", "receivedOn").await.is_sorted());
    assert!(column("RECEIVED_ON_DESC", "receivedOn").await.is_sorted_by(|a, b| a >= b));
    let expiries = column("EXPIRES_ON", "expiresOn").await;
    assert!(expiries.is_sorted(), "what never expires comes last");
    assert!(column("CODE", "code").await.is_sorted());
    let names = column("NAME", "name").await;
    let mut seen = BTreeSet::new();
    let runs = names.chunk_by(|a, b| a == b).map(|run| run[0].as_str());
    assert!(runs.into_iter().all(|name| seen.insert(name)), "equal names stand together");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_one_direction_and_1_to_500_rows() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    for list in lists(&client).await.into_iter().step_by(6) {
        for window in [
            "first: 0",
            "first: -1",
            "first: 501",
            "last: 0",
            "last: -7",
            "last: 501",
            "last: -2147483648",
            "first: 1, last: 1",
        ] {
            assert_eq!(list.refused(&client, window).await, "INVALID_ARGUMENT", "{list:?} {window}");
        }
        for (window, at_most) in
            [("first: 1", 1), ("last: 1", 1), ("first: 500", 500), ("last: 500", 500), ("first: 50", 50)]
        {
            let page = list.found(&client, window).await;
            let total = usize::try_from(page["totalCount"].as_u64().unwrap()).unwrap();
            assert_eq!(rows(&page, "nodes").len(), at_most.min(total), "{list:?} {window}");
        }
        if let Some((_, cursor)) = list.walk(&client, 500, false).await.get(3) {
            for window in [
                format!("after: \"{cursor}\", before: \"{cursor}\""),
                format!("first: 3, before: \"{cursor}\""),
                format!("last: 3, after: \"{cursor}\""),
            ] {
                assert_eq!(list.refused(&client, &window).await, "INVALID_ARGUMENT", "{list:?} {window}");
            }
        }
    }
    let answer = client.query("{ donationItems { nodes { id } } }").await;
    assert_eq!(rows(&answer, "data.donationItems.nodes").len(), 50, "unless it is said otherwise");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_query_is_refused() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    let lists = lists(&client).await;
    let mut cursors = Vec::new();
    for list in &lists {
        let page = list.found(&client, "first: 2").await;
        cursors.push(at(&page, "pageInfo.endCursor").clone());
    }
    for (of, cursor) in cursors.iter().enumerate().filter(|(_, cursor)| cursor.is_string()) {
        for (place, list) in lists.iter().enumerate() {
            for window in [format!("first: 1, after: {cursor}"), format!("last: 1, before: {cursor}")] {
                // The default order is the order by receipt, by whichever name.
                let is_own = lists[of].root == list.root
                    && [of, place]
                        .map(|list| if list == 5 { 0 } else { list })
                        .windows(2)
                        .all(|two| two[0] == two[1]);
                if is_own {
                    list.found(&client, &window).await;
                } else {
                    assert_eq!(list.refused(&client, &window).await, "INVALID_CURSOR", "{list:?} {cursor}");
                }
            }
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_someone_made_up_is_refused_and_harms_nothing() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    for cursor in ["", " ", "!", "AAAA", "null", "0", "é", "../../etc", "gA", "hAA", "hAFI"] {
        assert_eq!(
            List::lots("").refused(&client, &format!("after: \"{cursor}\"")).await,
            "INVALID_CURSOR",
            "{cursor}"
        );
    }
    let mut runner = TestRunner::deterministic();
    let letters = "[A-Za-z0-9_-]{1}";
    for list in lists(&client).await.into_iter().filter(|list| !list.selects.contains("nothing")) {
        let page = list.found(&client, "first: 3").await;
        let cursor = at(&page, "pageInfo.endCursor").as_str().unwrap().to_owned();
        // One letter of a real cursor is another, or it is cut off, or something follows.
        let forged = (0..cursor.len(), letters, 0..4_u8).prop_map(|(place, letter, how)| match how {
            0 => cursor[..place].to_owned(),
            1 => format!("{cursor}{letter}"),
            _ => format!("{}{letter}{}", &cursor[..place], &cursor[place + 1..]),
        });
        for _ in 0..60 {
            let forged = forged.new_tree(&mut runner).unwrap().current();
            let answer = list.page(&client, &format!("first: 1, after: \"{forged}\"")).await;
            // It names another place of the same list, or none.
            match codes(&answer).as_slice() {
                [] => assert!(at(&answer, "data.page").is_object(), "{answer}"),
                [code] => assert_eq!(code, "INVALID_CURSOR", "{list:?} {forged}"),
                other => panic!("{other:?}"),
            }
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_is_steady_while_others_write() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    let stores = client.query("{ locations { id code } }").await;
    let store = |code: &str| {
        let stores = rows(&stores, "data.locations");
        stores.iter().find(|found| found["code"] == code).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (here, there) = (store("ALM-01"), store("ALM-02"));
    let stock = List { root: "stock", selects: format!("location: \"{here}\"") };
    let lots = List::lots(format!("location: \"{here}\", orderBy: NAME"));
    let at_first: Vec<String> = stock.walk(&client, 500, false).await.into_iter().map(|(id, _)| id).collect();
    let lots_at_first: Vec<String> =
        lots.walk(&client, 500, false).await.into_iter().map(|(id, _)| id).collect();
    assert!(at_first.len() > 60, "{}", at_first.len());
    // Every third of them leaves the store while it is walked, from both ends.
    let leaving: Vec<&String> = at_first.iter().step_by(3).collect();
    let mut gone = BTreeSet::new();
    let mut moves =
        leaving.iter().zip(leaving.iter().rev()).take(leaving.len() / 2).collect::<Vec<_>>().into_iter();
    let mut gone_lots = BTreeSet::new();
    let (mut seen, mut seen_lots) = (Vec::new(), Vec::new());
    let (mut after, mut after_lots) = (String::new(), String::new());
    let (mut more, mut more_lots) = (true, true);
    while more || more_lots {
        if let Some((front, back)) = moves.next() {
            for id in [front, back] {
                let ask = format!(
                    "{{ node(id: \"{id}\") {{ ... on Stock {{ quantity lot {{ id expiresOn }} }} }} }}"
                );
                let found = client.query(&ask).await;
                let found = at(&found, "data.node");
                // What has expired stays, until it is written off.
                if at(found, "lot.expiresOn").as_str().is_some_and(|day| day <= "2022-01-31") {
                    continue;
                }
                let lot = at(found, "lot.id");
                let variables = json!({"lot": lot, "from": here, "to": there, "quantity": found["quantity"], "why": "prueba", "key": fresh_key()});
                let answer = client.run(MOVE, variables).await;
                // What is packed stays with its container, and what is kept for somebody where it is.
                if matches!(outcome(&answer).as_str(), "GoodsPacked" | "InsufficientStock") {
                    continue;
                }
                assert_eq!(outcome(&answer), "MoveStockPayload");
                gone.insert((*id).clone());
                gone_lots.insert(lot.as_str().unwrap().to_owned());
            }
        }
        for (list, seen, after, more) in [
            (&stock, &mut seen, &mut after, &mut more),
            (&lots, &mut seen_lots, &mut after_lots, &mut more_lots),
        ] {
            if *more {
                let page = list.found(&client, &format!("first: 4{after}")).await;
                seen.extend(rows(&page, "nodes").iter().map(|node| node["id"].as_str().unwrap().to_owned()));
                *more = at(&page, "pageInfo.hasNextPage") == true;
                *after = format!(", after: {}", at(&page, "pageInfo.endCursor"));
            }
        }
    }
    assert!(gone.len() > 10, "{}", gone.len());
    let stayed = |all: &[String], gone: &BTreeSet<String>| -> Vec<String> {
        all.iter().filter(|id| !gone.contains(*id)).cloned().collect()
    };
    // Whatever stayed is seen once and in order; what left is seen once at most.
    for (seen, all, gone) in [(&seen, &at_first, &gone), (&seen_lots, &lots_at_first, &gone_lots)] {
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "a row was shown twice");
        assert_eq!(stayed(seen, gone), stayed(all, gone));
    }
    world.stop().await;
}
