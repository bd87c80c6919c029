//! What a text finds, in the catalogue and among lots.

use std::collections::BTreeSet;

use enlace_tests::{Client, Plans, World, at, codes, fill, id};
use serde_json::json;

use super::super::DONATIONS;
use super::plans::{TIMES, by_index, nodes, telling_world};
use super::{Lot, all_lots, ids, page, walk};
use crate::reference::rows;

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
