//! The catalogue: registered, revised, and what follows for the lots of an item.

use std::collections::BTreeSet;

use enlace_tests::{Client, World, at, codes, id};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::receiving::place;
use super::{DONATIONS, mutate, outcome, problem, result};
use crate::reference::rows;

/// The id of a category.
pub(super) async fn category(client: &Client, code: &str) -> String {
    let answer = client.query("{ categories { id code } }").await;
    let found = rows(&answer, "data.categories").iter().find(|category| category["code"] == code);
    found.unwrap_or_else(|| panic!("no {code}: {answer}"))["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_registered_revised_and_received() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let (fresh, canned) = (category(&client, "FRE").await, category(&client, "ENL").await);
    let said = format!(
        "category: \"{fresh}\", code: \"FRE-90\", gtin: \"7501000111206\", name: \" Queso fresco \", unit: PIECE, perishable: true, \
         packSizes: [24, 6], minimumStock: \"40 PIECE\""
    );
    let answer = mutate(&client, "registerCatalogueItem", &said).await;
    let item = at(&answer, "data.x.item").clone();
    let expected = json!({
        "id": item["id"], "code": "FRE-90", "gtin": "7501000111206", "name": "Queso fresco", "unit": "PIECE", "perishable": true,
        "packSizes": [6, 24], "minimumStock": "40 PIECE", "version": 1, "category": {"code": "FRE", "stockKind": "food"},
    });
    assert_eq!(item, expected);
    let id = item["id"].as_str().unwrap();
    // What is left out, it has no more; without lots even its unit may be another.
    let said = format!(
        "item: \"{id}\", category: \"{canned}\", name: \"Queso en lata\", unit: BOX, perishable: false"
    );
    let revised = mutate(&client, "reviseCatalogueItem", &format!("{said}, version: 1")).await;
    let expected = json!({
        "id": id, "code": "FRE-90", "gtin": null, "name": "Queso en lata", "unit": "BOX", "perishable": false,
        "packSizes": [], "minimumStock": null, "version": 2, "category": {"code": "ENL", "stockKind": "food"},
    });
    assert_eq!(at(&revised, "data.x.item"), &expected);
    assert_eq!(
        client
            .query(&format!("{{ node(id: \"{id}\") {{ ... on CatalogueItem {{ name version }} }} }}"))
            .await["data"]["node"],
        json!({"name": "Queso en lata", "version": 2})
    );
    // Whoever saw an earlier version is told so.
    let late = mutate(&client, "reviseCatalogueItem", &format!("{said}, version: 1")).await;
    assert_eq!(at(&late, "data.x.currentVersion"), 2, "{late}");
    // Once there is a lot, its unit stays; the rest does not have to.
    receive(&world, &client, "{item: \"FRE-90\", quantity: \"9 BOX\"}").await;
    let other_unit = said.replace("BOX", "PIECE");
    let kept = mutate(&client, "reviseCatalogueItem", &format!("{other_unit}, version: 2")).await;
    assert_eq!(at(&kept, "data.x.code"), "STATE_CONFLICT", "{kept}");
    let same_unit = said.replace("en lata", "amarillo");
    let renamed = mutate(&client, "reviseCatalogueItem", &format!("{same_unit}, version: 2")).await;
    assert_eq!(at(&renamed, "data.x.item.version"), 3, "{renamed}");
    world.stop().await;
}

/// Receives lines from a private donor; the donation's answer.
async fn receive(world: &World, client: &Client, lines: &str) -> Json {
    let place = place(world).await;
    let arguments =
        format!("donor: \"{}\", location: \"{}\", lines: [{lines}]", place.private, place.warehouse);
    mutate(client, "receiveDonation", &arguments).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_perishes_is_received_with_an_expiry_alone() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let missing = receive(
        &world,
        &client,
        "{item: \"COB-01\", quantity: \"1 PIECE\"}, {item: \"FRE-01\", quantity: \"9 PIECE\"}",
    )
    .await;
    assert_eq!(problem(&missing), ("INVALID_ARGUMENT", &json!("lines.1.expiresOn")));
    let said =
        receive(&world, &client, "{item: \"FRE-01\", quantity: \"9 PIECE\", expiresOn: \"2022-02-08\"}")
            .await;
    assert!(result(&said)["donation"]["id"].is_string(), "{said}");
    // The database holds it too, and who is made perishable is so from then on.
    let database = world.database().await;
    let blankets = client.query("{ catalogue { id code version category { id } name unit } }").await;
    let blanket = rows(&blankets, "data.catalogue").iter().find(|item| item["code"] == "COB-01").unwrap();
    let revising = format!(
        "item: {}, category: {}, name: {}, unit: PIECE, perishable: true, version: 1",
        blanket["id"], blanket["category"]["id"], blanket["name"]
    );
    let perishes = mutate(&client, "reviseCatalogueItem", &revising).await;
    assert_eq!(at(&perishes, "data.x.item.perishable"), true, "{perishes}");
    let refused = receive(&world, &client, "{item: \"COB-01\", quantity: \"1 PIECE\"}").await;
    assert_eq!(problem(&refused), ("INVALID_ARGUMENT", &json!("lines.0.expiresOn")));
    let broken = database
        .batch_execute(
            "UPDATE lots SET expires_on = NULL WHERE id = (SELECT lots.id FROM lots JOIN items ON items.id = item_id WHERE perishable LIMIT 1)",
        )
        .await
        .unwrap_err();
    assert_eq!(broken.as_db_error().unwrap().constraint(), Some("lots_perishable_expires"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_cannot_be_says_what_is_wrong_and_leaves_nothing() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let database = world.database().await;
    let traces = async || -> (i64, i64, i64) {
        let row = database
            .query_one(
                "SELECT (SELECT count(*) FROM items), (SELECT sum(version)::bigint FROM items), (SELECT count(*) FROM journal_entries)",
                &[],
            )
            .await
            .unwrap();
        (row.get(0), row.get(1), row.get(2))
    };
    let before = traces().await;
    let fresh = category(&client, "FRE").await;
    let said = |more: &str| format!("category: \"{fresh}\", {more}");
    let fine = "code: \"FRE-91\", name: \"Queso\", unit: PIECE";
    let nowhere = id("category", Uuid::now_v7());
    for (arguments, problem, argument) in [
        (format!("category: \"{nowhere}\", {fine}"), "NotFound", json!("category")),
        (said("name: \"Queso\", unit: PIECE"), "InvalidValue", json!("code")),
        (said(&fine.replace("FRE-91", "fre-91")), "InvalidValue", json!("code")),
        (said(&fine.replace("FRE-91", "-FRE")), "InvalidValue", json!("code")),
        (said(&fine.replace("FRE-91", &"F".repeat(31))), "InvalidValue", json!("code")),
        (said(&fine.replace("Queso", "  ")), "InvalidValue", json!("name")),
        (said(&fine.replace("Queso", &"q".repeat(201))), "InvalidValue", json!("name")),
        (said(&format!("{fine}, gtin: \"4006381333932\"")), "InvalidValue", json!("gtin")),
        (said(&format!("{fine}, gtin: \"400638133393\"")), "InvalidValue", json!("gtin")),
        (said(&format!("{fine}, packSizes: [6, 6]")), "InvalidValue", json!("packSizes")),
        (said(&format!("{fine}, packSizes: [1]")), "InvalidValue", json!("packSizes")),
        (said(&format!("{fine}, packSizes: [2,3,4,5,6,7,8,9,10,11,12]")), "InvalidValue", json!("packSizes")),
        (said(&format!("{fine}, minimumStock: \"0 PIECE\"")), "InvalidValue", json!("minimumStock")),
        (said(&format!("{fine}, minimumStock: \"5 BOX\"")), "InvalidValue", json!("minimumStock")),
        (said(&fine.replace("FRE-91", "FRE-01")), "StateConflict", Json::Null),
        (said(&fine.replace("Queso", "Pan de caja")), "StateConflict", Json::Null),
    ] {
        let answer = mutate(&client, "registerCatalogueItem", &arguments).await;
        assert_eq!(outcome(&answer), (problem, &argument), "{arguments}: {answer}");
    }
    assert_eq!(traces().await, before);
    // A GTIN alone is a code; with zeros before it, it is the same GTIN.
    let twelve = mutate(
        &client,
        "registerCatalogueItem",
        &said("gtin: \"036000291452\", name: \"Queso A\", unit: PIECE"),
    )
    .await;
    assert_eq!(at(&twelve, "data.x.item.code"), "036000291452", "{twelve}");
    let fourteen = mutate(
        &client,
        "registerCatalogueItem",
        &said("gtin: \"00036000291452\", name: \"Queso B\", unit: PIECE"),
    )
    .await;
    assert_eq!(outcome(&fourteen), ("StateConflict", &Json::Null), "{fourteen}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_the_catalogue() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    let (fresh, drugs) = (category(&coordinator, "FRE").await, category(&coordinator, "MED").await);
    let item = |category: &str, code: &str| {
        format!("category: \"{category}\", code: \"{code}\", name: \"{code}\", unit: BOX")
    };
    let medicine =
        mutate(&world.client("ISESALUD/clinician"), "registerCatalogueItem", &item(&drugs, "MED-90")).await;
    assert_eq!(at(&medicine, "data.x.item.category.stockKind"), "medical", "{medicine}");
    // A clinician keeps medical goods, and does not so much as see other categories; so nothing medical becomes food in its hands.
    let clinician = world.client("ISESALUD/clinician");
    let cheese = mutate(&clinician, "registerCatalogueItem", &item(&fresh, "FRE-92")).await;
    assert_eq!(outcome(&cheese), ("NotFound", &json!("category")));
    let id = at(&medicine, "data.x.item.id").as_str().unwrap();
    let revising = |item: &str, category: &str| {
        format!(
            "item: \"{item}\", category: \"{category}\", name: \"x\", unit: BOX, perishable: true, version: 1"
        )
    };
    let moved = mutate(&clinician, "reviseCatalogueItem", &revising(id, &fresh)).await;
    assert_eq!(outcome(&moved), ("NotFound", &json!("category")));
    let bread = coordinator.query("{ catalogue { id code } }").await;
    let bread = rows(&bread, "data.catalogue").iter().find(|item| item["code"] == "FRE-01").unwrap();
    let taken =
        mutate(&clinician, "reviseCatalogueItem", &revising(bread["id"].as_str().unwrap(), &drugs)).await;
    assert_eq!(outcome(&taken), ("NotFound", &json!("item")));
    for stranger in
        ["DIF_MUNICIPAL/shelter_lead@ALB-01", "SEDENA/kitchen", "ACNUR/donor", "RP/liaison", "CNDH/witness"]
    {
        let answer = mutate(&world.client(stranger), "registerCatalogueItem", &item(&fresh, "FRE-93")).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{stranger}: {answer}");
    }
    world.stop().await;
}

/// Receipts and a change of the unit at the same moment: whichever comes first, no lot counts in another unit than its item.
#[tokio::test(flavor = "multi_thread")]
async fn no_lot_is_counted_in_another_unit_than_its_item_however_many_act_at_once() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let fresh = category(&client, "FRE").await;
    let place = place(&world).await;
    let mut ends = BTreeSet::new();
    for round in 0..12 {
        let code = format!("RACE-{round}");
        let said = format!("category: \"{fresh}\", code: \"{code}\", name: \"{code}\", unit: BOX");
        let item = mutate(&client, "registerCatalogueItem", &said).await;
        let revising = format!(
            "item: {}, category: \"{fresh}\", name: \"{code}\", unit: PIECE, perishable: false, version: 1",
            at(&item, "data.x.item.id")
        );
        let receiving = format!(
            "donor: \"{}\", location: \"{}\", lines: [{{item: \"{code}\", quantity: \"9 BOX\"}}]",
            place.private, place.warehouse
        );
        let (revised, received) = tokio::join!(
            mutate(&client, "reviseCatalogueItem", &revising),
            mutate(&client, "receiveDonation", &receiving)
        );
        let revised = outcome(&revised).0 == "ReviseCatalogueItemPayload";
        let is_received = received["data"]["x"]["__typename"] == "ReceiveDonationPayload";
        let is_late =
            codes(&received) == ["UNAVAILABLE"] || received["data"]["x"]["__typename"] == "InvalidValue";
        assert!(is_received || is_late, "{received}");
        assert!(revised != is_received, "one of the two, and not both: {revised} {received}");
        ends.insert(revised);
    }
    let row = world
        .database()
        .await
        .query_one(
            "SELECT count(*) FROM lots JOIN items ON items.id = item_id WHERE lots.unit <> items.unit",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
    assert!(!ends.is_empty());
    world.stop().await;
}
