//! Every way of finding lots: in the order that it says, by the index that is meant for it, whatever there is beside.

mod facets;
mod plans;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use enlace_schema::{Combination, combinations};
use enlace_tests::{Client, World, at, codes, fill, id};
use serde_json::{Value as Json, json};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::DONATIONS;
use crate::reference::rows;

/// A lot, as the database has it.
#[derive(Debug, Clone)]
struct Lot {
    id: Uuid,
    received_on: String,
    expires_on: Option<String>,
    code: String,
    name: String,
    kind: String,
    category: Uuid,
    item: Uuid,
    donor: Uuid,
    donation: Uuid,
    /// The stores that hold some.
    stores: BTreeSet<Uuid>,
}

async fn all_lots(database: &Database) -> Vec<Lot> {
    let rows = database
        .query(
            "SELECT lots.id, received_on::text, expires_on::text, lots.code, items.name, categories.stock_kind, categories.id, items.id, \
                 donor_id, donation_id, ARRAY(SELECT location_id FROM balances WHERE lot_id = lots.id AND quantity > 0) \
             FROM lots JOIN items ON items.id = item_id JOIN categories ON categories.id = items.category_id",
            &[],
        )
        .await
        .unwrap();
    let lot = |row: &tokio_postgres::Row| Lot {
        id: row.get(0),
        received_on: row.get(1),
        expires_on: row.get(2),
        code: row.get(3),
        name: row.get(4),
        kind: row.get(5),
        category: row.get(6),
        item: row.get(7),
        donor: row.get(8),
        donation: row.get(9),
        stores: row.get::<_, Vec<Uuid>>(10).into_iter().collect(),
    };
    rows.iter().map(lot).collect()
}

impl Lot {
    /// What it is sorted by.
    fn key(&self, order: &str) -> (String, Uuid) {
        let key = match order.trim_end_matches("_DESC") {
            "RECEIVED_ON" => self.received_on.clone(),
            "EXPIRES_ON" => self.expires_on.clone().unwrap_or_else(|| "never".to_owned()),
            "CODE" => self.code.clone(),
            "NAME" => self.name.clone(),
            other => panic!("{other}: say how it sorts"),
        };
        (key, self.id)
    }

    fn is(&self, argument: &str, record: Uuid) -> bool {
        match argument {
            "category" => self.category == record,
            "item" => self.item == record,
            "donor" => self.donor == record,
            "donation" => self.donation == record,
            "location" => self.stores.contains(&record),
            other => panic!("{other}: say whom it selects"),
        }
    }

    fn record(&self, argument: &str) -> Uuid {
        match argument {
            "category" => self.category,
            "item" => self.item,
            "donor" => self.donor,
            "donation" => self.donation,
            "location" => *self.stores.first().unwrap(),
            other => panic!("{other}: say whom it selects"),
        }
    }
}

/// A way of finding lots with records to find them by, and what is found so, in order.
struct Asked {
    arguments: String,
    found: Vec<String>,
}

/// Asks by the records of a lot that many others share.
fn asked(combination: &Combination, lots: &[Lot], range: Option<(&str, &str)>, kinds: &[&str]) -> Asked {
    let seen = || lots.iter().filter(|lot| kinds.contains(&lot.kind.as_str()));
    let is_in = |lot: &Lot| {
        range.is_none_or(|(from, before)| {
            lot.expires_on.as_deref().is_some_and(|day| from <= day && day < before)
        })
    };
    let mut groups: BTreeMap<Vec<Uuid>, usize> = BTreeMap::new();
    for lot in seen().filter(|lot| !lot.stores.is_empty() && is_in(lot)) {
        *groups.entry(combination.by.iter().map(|argument| lot.record(argument)).collect()).or_default() += 1;
    }
    let (records, _) = groups.into_iter().max_by_key(|(_, count)| *count).unwrap();
    let by: Vec<(&str, Uuid)> = combination.by.iter().copied().zip(records).collect();
    let mut arguments: Vec<String> =
        by.iter().map(|(argument, record)| format!("{argument}: \"{}\"", id(argument, *record))).collect();
    if let Some((from, before)) = range {
        arguments.push(format!("expiresFrom: \"{from}\", expiresBefore: \"{before}\""));
    }
    arguments.push(format!("orderBy: {}", combination.order));
    let mut selected: Vec<&Lot> = seen()
        .filter(|lot| by.iter().all(|(argument, record)| lot.is(argument, *record)) && is_in(lot))
        .collect();
    selected.sort_by_key(|lot| lot.key(combination.order));
    if combination.order.ends_with("_DESC") {
        selected.reverse();
    }
    Asked { arguments: arguments.join(", "), found: selected.iter().map(|lot| id("lot", lot.id)).collect() }
}

async fn page(client: &Client, arguments: &str, window: &str) -> Json {
    let document = format!(
        "{{ donationItems({arguments}, {window}) {{ nodes {{ id }} pageInfo {{ startCursor endCursor hasNextPage hasPreviousPage }} }} }}"
    );
    let answer = client.query(&document).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{arguments} {window}: {answer}");
    at(&answer, "data.donationItems").clone()
}

fn ids(page: &Json) -> Vec<String> {
    rows(page, "nodes").iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

/// All that a list shows, page by page from the start or from the end, in the list's order.
async fn walk(client: &Client, arguments: &str, rows_each: usize, backward: bool) -> Vec<String> {
    let (count, beyond, end, more) = if backward {
        ("last", "before", "startCursor", "hasPreviousPage")
    } else {
        ("first", "after", "endCursor", "hasNextPage")
    };
    let (mut all, mut window) = (Vec::new(), format!("{count}: {rows_each}"));
    loop {
        let page = page(client, arguments, &window).await;
        if backward {
            all.splice(0..0, ids(&page));
        } else {
            all.extend(ids(&page));
        }
        if page["pageInfo"][more] == false {
            return all;
        }
        window = format!("{count}: {rows_each}, {beyond}: {}", page["pageInfo"][end]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_combination_pages_in_its_order_from_either_end() {
    let world = World::start().await;
    let database = world.database().await;
    // Enough that each way of selecting has several pages, with many days and names that are the same.
    fill(&database, 900).await.unwrap();
    let lots = all_lots(&database).await;
    for (caller, kinds, filters) in
        [(DONATIONS, &["food", "medical", "general"][..], 9), ("ISESALUD/clinician", &["medical"], 1)]
    {
        let client = world.client(caller);
        for combination in combinations() {
            // The clinician may not ask for donors.
            if combination.by.len() > filters || (filters < 9 && combination.by.contains(&"donor")) {
                continue;
            }
            let ranges = [None, Some(("2022-01-10", "2022-06-01")).filter(|_| combination.expiry)];
            for range in ranges.into_iter().take(if combination.expiry { 2 } else { 1 }) {
                let Asked { arguments, found } = asked(&combination, &lots, range, kinds);
                assert!(found.len() > 1, "{caller} {arguments}: {}", found.len());
                let rows_each = (found.len() / 3).clamp(1, 331);
                assert_eq!(walk(&client, &arguments, rows_each, false).await, found, "{caller} {arguments}");
                assert_eq!(
                    walk(&client, &arguments, rows_each + 1, true).await,
                    found,
                    "{caller} {arguments} backward"
                );
            }
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_list_is_refused_with_what_is() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let lot = &all_lots(&world.database().await).await[0];
    let given = |argument: &str| format!("{argument}: \"{}\"", id(argument, lot.record(argument)));
    let all = ["category", "item", "donor", "donation", "location"];
    let orders = [
        "RECEIVED_ON",
        "RECEIVED_ON_DESC",
        "EXPIRES_ON",
        "EXPIRES_ON_DESC",
        "CODE",
        "CODE_DESC",
        "NAME",
        "NAME_DESC",
    ];
    let offered = combinations();
    let (mut answered, mut refused) = (0, 0);
    for set in 0..1_usize << all.len() {
        let by: Vec<&str> =
            (0..all.len()).filter(|place| set >> place & 1 == 1).map(|place| all[place]).collect();
        let arguments: Vec<String> = by.iter().map(|argument| given(argument)).collect();
        for order in orders {
            let is_offered = offered.iter().any(|offered| offered.by == by && offered.order == order);
            for expiry in ["", "expiry: LATER", "expiresFrom: \"2022-02-01\""] {
                let arguments = format!("{} {expiry} orderBy: {order}", arguments.join(" "));
                let answer =
                    client.query(&format!("{{ donationItems({arguments}) {{ nodes {{ id }} }} }}")).await;
                if is_offered && (expiry.is_empty() || order.starts_with("EXPIRES_ON")) {
                    assert_eq!(codes(&answer), Vec::<String>::new(), "{arguments}: {answer}");
                    answered += 1;
                } else {
                    assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{arguments}: {answer}");
                    assert_eq!(answer["data"], json!({"donationItems": null}));
                    let message = at(&answer, "errors.0.message").as_str().unwrap();
                    assert!(message.contains("Lots ") && message.len() > 40, "{message}");
                    refused += 1;
                }
            }
        }
    }
    assert!(answered > 60 && refused > 400, "{answered} {refused}");
    for (arguments, says) in [
        ("text: \"arroz\", orderBy: NAME", "leave orderBy out"),
        ("expiry: NEVER, expiresFrom: \"2022-02-01\"", "expiry goes without"),
        (
            &format!("text: \"arroz\", {}", given("item")),
            "A text goes alone, or with category or with location.",
        ),
        (&format!("expiry: NEVER, {}", given("donation")), "donation and their expiry at once"),
    ] {
        let answer = client.query(&format!("{{ donationItems({arguments}) {{ nodes {{ id }} }} }}")).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{arguments}: {answer}");
        assert!(at(&answer, "errors.0.message").as_str().unwrap().contains(says), "{answer}");
    }
    world.stop().await;
}
