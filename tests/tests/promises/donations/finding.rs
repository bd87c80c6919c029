//! Every way of finding lots: in the order that it says, by the index that is meant for it, whatever there is beside.

use std::collections::{BTreeMap, BTreeSet};

use enlace_schema::{Combination, combinations};
use enlace_tests::{Client, Scratch, World, at, codes, fill, id};
use serde_json::{Value as Json, json};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::DONATIONS;
use crate::reference::sights::{Facts, everyone};
use crate::reference::{client, is_a_refusal, rows, the_error};

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

/// Reads from the server's log which plans it carried out.
struct Plans {
    database: Database,
    read: i64,
}

impl Plans {
    /// From now on.
    async fn new(world: &World) -> Self {
        let database = world.database().await;
        let read =
            database.query_one("SELECT (pg_stat_file(pg_current_logfile())).size", &[]).await.unwrap().get(0);
        Self { database, read }
    }

    /// Those that were carried out since they were read last.
    async fn next(&mut self) -> Vec<Json> {
        // A mark of our own behind them: what has come to the log before it is whole.
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
                let entries = text[..end].split("plan:\n").skip(1);
                let plan = |entry: &str| {
                    let lines = entry.lines().take_while(|line| line.starts_with('\t'));
                    serde_json::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap()
                };
                return entries.map(plan).collect();
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
}

/// All nodes of a plan.
fn nodes(plan: &Json) -> Vec<&Json> {
    let below = plan["Plans"].as_array().map_or(&[][..], Vec::as_slice);
    std::iter::once(plan).chain(below.iter().flat_map(nodes)).collect()
}

/// The statements of lots, each checked against what its plan may be; how many these were.
fn by_index(plans: &[Json], index: &str, context: &str) -> usize {
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
async fn telling_world(lots: u32) -> World {
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
const TIMES: usize = 7;

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

/// What a text finds in the catalogue, by their names, in order.
async fn catalogue(client: &Client, text: &str) -> Vec<String> {
    let answer =
        client.run("query($text: String) { catalogue(text: $text) { name } }", json!({"text": text})).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{text}: {answer}");
    let names = rows(&answer, "data.catalogue").iter();
    names.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_finds_what_it_means_without_accents_and_with_errors_of_typing() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    for (text, first) in [
        // Whatever the accents and the capitals.
        ("edredon", "Edredón"),
        ("EDREDÓN", "Edredón"),
        ("panal", "Pañal"),
        // The beginnings of words, in any order.
        ("plega cat", "Catre plegable"),
        // By its code.
        ("cob-02", "Cobija matrimonial"),
        // By its category, in Spanish and in English.
        ("blankets", "Cobija individual"),
        // With errors of typing.
        ("cobiga", "Cobija"),
        ("paracetmol", "Paracetamol"),
        ("arros", "Arroz"),
        ("colchonta", "Colchoneta"),
        ("ibuprofeno", "Ibuprofeno"),
        ("ivuprofeno", "Ibuprofeno"),
    ] {
        let found = catalogue(&client, text).await;
        assert!(found.first().is_some_and(|name| name.starts_with(first)), "{text}: {found:?}");
    }
    assert_eq!(catalogue(&client, "xylophone").await, Vec::<String>::new());
    assert_eq!(catalogue(&client, "%").await, Vec::<String>::new());
    // Nothing is left out where nothing is looked for.
    assert_eq!(
        catalogue(&client, "").await.len(),
        rows(&client.query("{ catalogue { id } }").await, "data.catalogue").len()
    );
    let long = client
        .run("query($text: String) { catalogue(text: $text) { name } }", json!({"text": "a".repeat(101)}))
        .await;
    assert_eq!(codes(&long), ["INVALID_ARGUMENT"]);

    // The better it fits, the earlier; equal ones by name.
    let database = world.database().await;
    database
        .batch_execute(
            "INSERT INTO items (id, programme_id, category_id, code, name, unit) \
             SELECT gen_random_uuid(), programmes.id, (SELECT id FROM categories WHERE stock_kind = 'general' ORDER BY code LIMIT 1), new.code, new.name, 'PIECE' \
             FROM programmes, (VALUES ('KWX', 'Zeta'), ('Z-1', 'Kwx grande'), ('Z-2', 'Bolsa kwx'), ('Z-3', 'Arena kwx'), ('KWX-9', 'Alfa')) \
                 AS new (code, name)",
        )
        .await
        .unwrap();
    assert_eq!(catalogue(&client, "KWX").await, ["Zeta", "Kwx grande", "Arena kwx", "Bolsa kwx", "Alfa"]);
    // A changed name is found, and the former is not.
    database.batch_execute("UPDATE items SET name = 'Ñandú' WHERE code = 'Z-3'").await.unwrap();
    assert_eq!(catalogue(&client, "nandu").await, ["Ñandú"]);
    // What a caller may not see neither is found nor hides what it may: the kitchen's search goes on to what is spelled alike.
    let kitchen = world.client("SEDENA/kitchen");
    assert_eq!(catalogue(&kitchen, "nandu").await, Vec::<String>::new());
    assert_eq!(catalogue(&kitchen, "arros").await.first().map(String::as_str), Some("Arroz"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_finds_lots_by_their_code_or_by_their_item() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let database = world.database().await;
    fill(&database, 900).await.unwrap();
    let lots = all_lots(&database).await;
    let by_code = |begins: &str| {
        let mut found: Vec<&Lot> = lots.iter().filter(|lot| lot.code.starts_with(begins)).collect();
        found.sort_by_key(|lot| lot.code.clone());
        found.iter().map(|lot| id("lot", lot.id)).collect::<Vec<_>>()
    };
    for (text, begins) in [("lot-01", "LOT-01"), ("LOT-0123", "LOT-0123"), ("gen-000001", "GEN-000001")] {
        let found = by_code(begins);
        assert!(!found.is_empty());
        assert_eq!(walk(&client, &format!("text: \"{text}\""), 7, false).await, found, "{text}");
        assert_eq!(walk(&client, &format!("text: \"{text}\""), 9, true).await, found, "{text}");
    }
    // By item: as the text fits it, then what expires first.
    let stored = lots.iter().find(|lot| lot.name.starts_with("Arroz") && !lot.stores.is_empty()).unwrap();
    let store = *stored.stores.first().unwrap();
    for (text, also, is_in) in [
        ("cobija", String::new(), Box::new(|_: &Lot| true) as Box<dyn Fn(&Lot) -> bool>),
        ("food", String::new(), Box::new(|_: &Lot| true)),
        (
            "arros",
            format!(", location: \"{}\"", id("location", store)),
            Box::new(move |lot: &Lot| lot.stores.contains(&store)),
        ),
        (
            "arroz",
            ", expiry: LATER".to_owned(),
            Box::new(|lot: &Lot| lot.expires_on.as_deref().is_some_and(|day| day > "2022-05-01")),
        ),
        (
            "a",
            format!(", category: \"{}\"", id("category", stored.category)),
            Box::new(|lot: &Lot| lot.category == stored.category),
        ),
    ] {
        let items = catalogue(&client, text).await;
        let mut found: Vec<&Lot> =
            lots.iter().filter(|lot| items.contains(&lot.name) && is_in(lot)).collect();
        found.sort_by_key(|lot| {
            let place = items.iter().position(|name| *name == lot.name);
            (place, lot.expires_on.clone().unwrap_or_else(|| "never".to_owned()), lot.id)
        });
        let found: Vec<String> = found.iter().map(|lot| id("lot", lot.id)).collect();
        assert!(found.len() > 2, "{text}");
        let arguments = format!("text: \"{text}\"{also}");
        let rows_each = (found.len() / 4).clamp(1, 97);
        assert_eq!(walk(&client, &arguments, rows_each, false).await, found, "{arguments}");
        assert_eq!(walk(&client, &arguments, rows_each + 1, true).await, found, "{arguments} backward");
        let answer = client.query(&format!("{{ donationItems({arguments}) {{ totalCount }} }}")).await;
        assert_eq!(at(&answer, "data.donationItems.totalCount"), found.len(), "{arguments}");
    }
    // What an administrator renames between two pages moves no other lot.
    let first = page(&client, "text: \"cobija\"", "first: 5").await;
    let rest = walk(&client, "text: \"cobija\"", 400, false).await;
    database
        .batch_execute("UPDATE items SET name = 'Manta nueva' WHERE name = 'Cobija individual'")
        .await
        .unwrap();
    let after = format!("first: 400, after: {}", first["pageInfo"]["endCursor"]);
    let next = ids(&page(&client, "text: \"cobija\"", &after).await);
    let renamed: BTreeSet<String> =
        lots.iter().filter(|lot| lot.name == "Cobija individual").map(|lot| id("lot", lot.id)).collect();
    let mut left = rest[5..].iter().filter(|lot| !renamed.contains(*lot));
    assert!(
        next.iter().filter(|lot| !renamed.contains(*lot)).all(|lot| left.next() == Some(lot)),
        "each once, in order"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_looks_its_words_and_its_lots_up() {
    let world = telling_world(20_000).await;
    let database = world.database().await;
    // A catalogue in which it pays to look things up.
    database
        .batch_execute(
            "INSERT INTO items (id, programme_id, category_id, code, name, unit) \
             SELECT gen_random_uuid(), programme_id, category_id, items.code || '-' || n, \
                 items.name || ' ' || translate(md5(n::text), '0123456789', 'ghijklmnop'), unit \
             FROM items, generate_series(1, 120) AS n; \
             ANALYZE items",
        )
        .await
        .unwrap();
    let client = world.client(DONATIONS);
    let store = all_lots(&database).await.iter().find_map(|lot| lot.stores.first().copied()).unwrap();
    let store = format!(", location: \"{}\"", id("location", store));
    let mut plans = Plans::new(&world).await;
    for (text, also, searches, index) in [
        ("edredon", "", 1, "lots_by_item_expiry"),
        ("edredno", "", 2, "lots_by_item_expiry"),
        ("edredon", &*store, 1, "balances_by_item_expiry"),
    ] {
        let arguments = format!("text: \"{text}\"{also}");
        let first = page(&client, &arguments, "first: 3").await;
        let windows = ["first: 3".to_owned(), format!("first: 3, after: {}", first["pageInfo"]["endCursor"])];
        plans.next().await;
        for window in windows {
            for _ in 0..TIMES {
                assert_eq!(ids(&page(&client, &arguments, &window).await).len(), 3, "{arguments}");
            }
            let (mut found, mut listed) = (0, 0);
            for plan in plans.next().await {
                let query = plan["Query Text"].as_str().unwrap().to_owned();
                let nodes = nodes(&plan["Plan"]);
                let used: Vec<&str> = nodes.iter().filter_map(|node| node["Index Name"].as_str()).collect();
                let kinds: Vec<&str> = nodes.iter().map(|node| node["Node Type"].as_str().unwrap()).collect();
                if query.contains("FROM items") {
                    assert_eq!(used, ["items_by_words"], "{plan:#}");
                    found += 1;
                } else if query.contains("FROM (SELECT * FROM unnest(") {
                    assert!(used == [index] || used == [index, "lots_pkey"], "{plan:#}");
                    let most = nodes.iter().filter_map(|node| node["Actual Rows"].as_i64()).max().unwrap();
                    assert!(most <= 200, "no more lots are read than a page has: {plan:#}");
                    listed += 1;
                }
                let is_own = query.contains("FROM items") || query.contains("lots");
                assert!(!is_own || !kinds.contains(&"Seq Scan"), "{plan:#}");
            }
            assert_eq!((found, listed), (searches * TIMES, TIMES), "{arguments} {window}");
        }
    }
    // A code is looked up as one, and its lots come in its order.
    let last = page(&client, "text: \"GEN-00\"", "last: 9").await;
    plans.next().await;
    let window = format!("first: 5, after: {}", last["pageInfo"]["startCursor"]);
    for window in ["first: 5", &window] {
        for _ in 0..TIMES {
            page(&client, "text: \"GEN-00\"", window).await;
        }
        assert_eq!(by_index(&plans.next().await, "lots_code_key", window), TIMES);
    }
    world.stop().await;
}

/// The counts of facets, each by the value that it is of, with whether it is capped.
async fn facets(client: &Client, arguments: &str, asked: &[&str]) -> Json {
    let shown = |facet: &&str| match *facet {
        "categories" => "categories { count capped category { id } }",
        "locations" => "locations { count capped location { id } }",
        "expiry" => "expiry { count capped band }",
        _ => "donors { count capped donor { id } }",
    };
    let shown: Vec<&str> = asked.iter().map(shown).collect();
    client.query(&format!("{{ donationItemFacets{arguments} {{ {} }} }}", shown.join(" "))).await
}

/// What a facet must say of lots: each value with how many there are, and whether there are more.
fn counted<'l>(
    lots: impl Iterator<Item = &'l Lot>,
    facet: &str,
    most: Option<usize>,
) -> BTreeMap<String, (usize, bool)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for lot in lots {
        let values = match facet {
            "categories" => vec![id("category", lot.category)],
            "locations" => lot.stores.iter().map(|store| id("location", *store)).collect(),
            "donors" => vec![id("donor", lot.donor)],
            _ => vec![
                match lot.expires_on.as_deref() {
                    None => "NEVER",
                    Some(day) if day <= "2022-01-31" => "EXPIRED",
                    Some(day) if day <= "2022-02-07" => "WITHIN_7_DAYS",
                    Some(day) if day <= "2022-03-02" => "WITHIN_30_DAYS",
                    Some(day) if day <= "2022-05-01" => "WITHIN_90_DAYS",
                    Some(_) => "LATER",
                }
                .to_owned(),
            ],
        };
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut largest: Vec<_> = counts.into_iter().collect();
    largest.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = |count: usize| match most {
        Some(most) if count > most => (most, true),
        _ => (count, false),
    };
    largest.into_iter().map(|(value, count)| (value, shown(count))).collect()
}

/// What an answer says of a facet, in its order.
fn said(answer: &Json, facet: &str) -> Vec<(String, (usize, bool))> {
    let of = match facet {
        "categories" => "category",
        "locations" => "location",
        _ => "donor",
    };
    let rows = rows(answer, &format!("data.donationItemFacets.{facet}")).iter();
    rows.map(|row| {
        let value = if facet == "expiry" { &row["band"] } else { &row[of]["id"] };
        let count = usize::try_from(row["count"].as_u64().unwrap()).unwrap();
        (value.as_str().unwrap().to_owned(), (count, row["capped"] == true))
    })
    .collect()
}

/// Arguments, and which lots they select.
type Selection<'a> = (String, Box<dyn Fn(&Lot) -> bool + 'a>);

#[expect(clippy::too_many_lines, reason = "one table of selections")]
#[tokio::test(flavor = "multi_thread")]
async fn facets_count_what_is_selected_exactly_alone_and_to_a_thousand_together() {
    const ALL: [&str; 4] = ["categories", "locations", "expiry", "donors"];
    let world = World::start().await;
    let database = world.database().await;
    fill(&database, 6_000).await.unwrap();
    let lots = all_lots(&database).await;
    let lot =
        lots.iter().find(|lot| lot.name.starts_with("Arroz") && !lot.stores.is_empty()).unwrap().clone();
    let store = *lot.stores.first().unwrap();
    let given = |argument: &str| format!("{argument}: \"{}\"", id(argument, lot.record(argument)));
    let is_arroz = |found: &Lot| found.name == "Arroz";
    let selections: Vec<Selection<'_>> = vec![
        (String::new(), Box::new(|_| true)),
        (format!("({})", given("category")), Box::new(|found| found.category == lot.category)),
        (format!("({})", given("donation")), Box::new(|found| found.donation == lot.donation)),
        (
            format!("({}, expiry: LATER)", given("item")),
            Box::new(|found| {
                found.item == lot.item && found.expires_on.as_deref().is_some_and(|day| day > "2022-05-01")
            }),
        ),
        (format!("({})", given("location")), Box::new(move |found| found.stores.contains(&store))),
        ("(text: \"arroz\")".to_owned(), Box::new(is_arroz)),
        ("(text: \"GEN-0001\")".to_owned(), Box::new(|found| found.code.starts_with("GEN-0001"))),
        (
            "(expiresFrom: \"2022-02-01\", expiresBefore: \"2022-03-01\")".to_owned(),
            Box::new(|found| {
                found.expires_on.as_deref().is_some_and(|day| ("2022-02-01".."2022-03-01").contains(&day))
            }),
        ),
    ];
    let mut capped = 0;
    for (caller, kinds, refused) in [
        (DONATIONS, &["food", "medical", "general"][..], None),
        ("ISESALUD/clinician", &["medical"], Some("donors")),
        // It sees who gave what it gave itself, and no count beside: others would be what is missing.
        ("ACNUR/donor", &["food", "medical", "general"], Some("donors")),
        ("SEDENA/kitchen", &["food"], Some("donors")),
    ] {
        let client = world.client(caller);
        for (arguments, is_selected) in &selections {
            let selected =
                || lots.iter().filter(|lot| kinds.contains(&lot.kind.as_str()) && is_selected(lot));
            // The store is the one that is selected, or each that holds some.
            let by = |facet: &str, most: Option<usize>| {
                let mut counts = counted(selected(), facet, most);
                if facet == "locations" && arguments.contains("location") {
                    counts.retain(|value, _| *value == id("location", store));
                }
                counts
            };
            let several: Vec<&str> = ALL.into_iter().filter(|facet| Some(*facet) != refused).collect();
            for facet in &several {
                let answer = facets(&client, arguments, &[*facet]).await;
                assert_eq!(codes(&answer), Vec::<String>::new(), "{caller} {arguments} {facet}: {answer}");
                let found = said(&answer, facet);
                let counts: Vec<usize> = found.iter().map(|(_, (count, _))| *count).collect();
                assert!(*facet == "expiry" || counts.is_sorted_by(|a, b| a >= b), "{answer}");
                let mut exact = by(facet, None);
                if exact.len() > 100 {
                    let least = counts.last().unwrap();
                    assert_eq!(counts.len(), 100);
                    assert!(found.iter().all(|(value, count)| exact.remove(value) == Some(*count)));
                    assert!(exact.values().all(|(count, _)| count <= least), "those with most are shown");
                } else {
                    assert_eq!(
                        found.into_iter().collect::<BTreeMap<_, _>>(),
                        exact,
                        "{caller} {arguments} {facet}"
                    );
                }
            }
            let answer = facets(&client, arguments, &several).await;
            for facet in &several {
                let together = by(facet, Some(1000));
                capped += together.values().filter(|(_, capped)| *capped).count();
                if together.len() <= 100 {
                    assert_eq!(
                        said(&answer, facet).into_iter().collect::<BTreeMap<_, _>>(),
                        together,
                        "{caller} {arguments}"
                    );
                }
            }
            if let Some(refused) = refused {
                // Refused, it answers null, and leaves the others as they are: it is not counted with them.
                let answer = facets(&client, arguments, &["expiry", refused]).await;
                assert_eq!(
                    at(&answer, &format!("data.donationItemFacets.{refused}")),
                    &Json::Null,
                    "{caller}: {answer}"
                );
                assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"]);
                assert_eq!(at(&answer, "errors.0.extensions.coordinate"), "DonationItemFacets.donors");
                let exact: BTreeMap<_, _> = said(&answer, "expiry").into_iter().collect();
                if caller != "ACNUR/donor" {
                    assert_eq!(exact, by("expiry", None), "{caller} {arguments}");
                }
            }
        }
    }
    assert!(capped > 5, "{capped}");
    // By an argument that is not its to give, nobody is counted.
    let answer = facets(&world.client("ACNUR/donor"), &format!("({})", given("donor")), &["expiry"]).await;
    assert_eq!(codes(&answer), ["ARGUMENT_FORBIDDEN"]);
    assert_eq!(answer["data"], json!({"donationItemFacets": null}));
    let answer = facets(
        &world.client(DONATIONS),
        &format!("({}, {})", given("category"), given("donation")),
        &["expiry"],
    )
    .await;
    assert_eq!(codes(&answer), ["INVALID_ARGUMENT"]);
    let without = world.public().query("{ donationItemFacets { expiry { count } } }").await;
    assert_eq!(without["data"], json!({"donationItemFacets": null}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_is_told_the_facets_of_what_it_sees() {
    let world = World::start().await;
    let lots = all_lots(&world.database().await).await;
    let donor = id("donor", lots[0].donor);
    let (mut told, mut refused) = (0, 0);
    for caller in everyone() {
        let client = client(&world, &caller);
        let name = caller.name();
        let answer = facets(&client, "", &["categories", "donors"]).await;
        if !caller.may_see("INVENTORY", "DonationItem") {
            assert_eq!(answer["data"], json!({"donationItemFacets": null}), "{name}: {answer}");
            is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", "Query.donationItemFacets");
            refused += 1;
            continue;
        }
        let kinds: Vec<&str> = ["food", "medical", "general"]
            .into_iter()
            .filter(|kind| {
                let facts = Facts { stock_kind: Some((*kind).to_owned()), ..Facts::default() };
                caller.sees("INVENTORY", &facts)
            })
            .collect();
        let seen = lots.iter().filter(|lot| kinds.contains(&lot.kind.as_str()));
        // Who may know of every donor is told how many lots each gave; to a witness they are other names.
        let tells_donors =
            caller.sees("DONOR", &Facts { stock_kind: Some("food".to_owned()), ..Facts::default() });
        let most = Some(1000);
        let found: BTreeMap<_, _> = said(&answer, "categories").into_iter().collect();
        assert_eq!(found, counted(seen.clone(), "categories", most), "{name}");
        if tells_donors {
            assert_eq!(codes(&answer), Vec::<String>::new(), "{name}: {answer}");
            let largest = said(&answer, "donors");
            let mut counts: Vec<usize> =
                counted(seen, "donors", most).into_values().map(|(count, _)| count).collect();
            counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
            counts.truncate(100);
            assert_eq!(largest.iter().map(|(_, (count, _))| *count).collect::<Vec<_>>(), counts, "{name}");
            told += 1;
        } else {
            assert_eq!(at(&answer, "data.donationItemFacets.donors"), &Json::Null, "{name}: {answer}");
            is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", "DonationItemFacets.donors");
            refused += 1;
        }
        // A witness knows no donor by its own id.
        let of_donor = facets(&client, &format!("(donor: \"{donor}\")"), &["expiry"]).await;
        if caller.agency.ends_with("EDH") || caller.agency == "CNDH" {
            assert!(rows(&of_donor, "data.donationItemFacets.expiry").is_empty(), "{name}: {of_donor}");
            assert!(!answer.to_string().contains(&donor), "{name}");
        } else if tells_donors {
            assert!(!rows(&of_donor, "data.donationItemFacets.expiry").is_empty(), "{name}: {of_donor}");
        } else {
            assert_eq!(codes(&of_donor), ["ARGUMENT_FORBIDDEN"], "{name}");
        }
    }
    assert!(told >= 4 && refused > 10, "{told} {refused}");
    world.stop().await;
}
