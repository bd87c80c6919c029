//! What households are given by their pickup codes: never more than they are owed, and without a word of who they are.

use std::collections::BTreeMap;

use enlace_tests::{Client, World, at, codes, fresh_key, id};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::receiving::place;
use super::{DONATIONS, mutate, outcome, problem, result};
use crate::operations::assert_ledger_holds;
use crate::reference::rows;

const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";

/// A household that nothing was given to: its id, its pickup code, how many people are in it.
struct Household {
    id: String,
    key: Uuid,
    code: String,
    persons: i32,
}

/// A household of at least two that lodges in a shelter and was given nothing yet.
async fn household(world: &World) -> Household {
    let statement = "SELECT households.id, pickup_code, count(*)::integer FROM households \
                     JOIN persons ON household_id = households.id JOIN shelters ON shelters.id = households.shelter_id \
                     WHERE shelters.code = 'ALB-01' AND NOT EXISTS (SELECT FROM household_deliveries WHERE household_id = households.id) \
                     GROUP BY households.id HAVING count(*) > 1 ORDER BY households.id LIMIT 1";
    let row = world.database().await.query_one(statement, &[]).await.unwrap();
    Household { id: id("household", row.get(0)), key: row.get(0), code: row.get(1), persons: row.get(2) }
}

/// The ids of stores and of items, by their codes.
async fn ids(client: &Client) -> BTreeMap<String, String> {
    let found = client.query("{ catalogue { id code } locations { id code } }").await;
    let all = ["catalogue", "locations"].into_iter().flat_map(|list| rows(&found, &format!("data.{list}")));
    all.map(|row| (row["code"].as_str().unwrap().to_owned(), row["id"].as_str().unwrap().to_owned()))
        .collect()
}

/// Receives so much of some items in a store.
async fn stocked(world: &World, store: &str, items: &[&str], amount: i32) {
    let donor = place(world).await.private;
    let line = |item: &&str| format!("{{item: \"{item}\", quantity: \"{amount} PIECE\"}}");
    let lines: Vec<String> = items.iter().map(line).collect();
    let arguments = format!("donor: \"{donor}\", location: \"{store}\", lines: [{}]", lines.join(", "));
    let answer = mutate(&world.client(DONATIONS), "receiveDonation", &arguments).await;
    assert_eq!(outcome(&answer).0, "ReceiveDonationPayload", "{answer}");
}

fn giving(code: &str, store: &str, goods: &str) -> String {
    format!("pickupCode: \"{code}\", from: \"{store}\", goods: [{goods}]")
}

/// What may still be had of an item or a kit, and from when again.
async fn remaining(client: &Client, code: &str, of: &str) -> Option<(Json, Json)> {
    let document = format!(
        "{{ householdAllowance(pickupCode: \"{code}\") {{ remaining againOn item {{ code }} kit {{ code }} entitlement {{ amount }} }} }}"
    );
    let answer = client.query(&document).await;
    let found = rows(&answer, "data.householdAllowance")
        .iter()
        .find(|row| [at(row, "item"), at(row, "kit")].into_iter().any(|thing| thing["code"] == of))?;
    Some((found["remaining"].clone(), found["againOn"].clone()))
}

#[expect(clippy::too_many_lines, reason = "one story, from the grant to what is given back")]
#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_given_what_it_is_owed_and_nobody_learns_who_it_is() {
    let world = World::start().await;
    let (stores, lead) = (world.client(DONATIONS), world.client(LEAD));
    let ids = ids(&stores).await;
    let store = &ids["TDA-01"];
    let mut family = household(&world).await;
    stocked(&world, store, &["COB-02", "CAT-01", "COL-01", "COB-01", "AMH-01"], 60).await;

    // What is owed is granted by whoever keeps the goods, one grant of a thing at a time.
    let blankets = format!("item: \"{}\", amount: 2, per: PERSON, intervalDays: 7, cap: 60", ids["COB-02"]);
    assert_eq!(codes(&mutate(&lead, "grantEntitlement", &blankets).await), ["FORBIDDEN"]);
    let granted = mutate(&stores, "grantEntitlement", &blankets).await;
    let entitlement = at(result(&granted), "entitlement").clone();
    assert_eq!(at(&entitlement, "item.code"), "COB-02");
    assert_eq!(entitlement["validFrom"], "2022-01-31");
    assert_eq!(problem(&mutate(&stores, "grantEntitlement", &blankets).await).0, "STATE_CONFLICT");
    for (wrong, argument) in [
        ("amount: 0, per: PERSON", "amount"),
        ("amount: 2, per: PERSON, intervalDays: 0", "intervalDays"),
        ("amount: 2, per: PERSON, cap: 1", "cap"),
        ("amount: 2, per: PERSON, from: \"2022-01-30\"", "from"),
        ("amount: 2, per: PERSON, until: \"2022-01-30\"", "until"),
    ] {
        let answer =
            mutate(&stores, "grantEntitlement", &format!("item: \"{}\", {wrong}", ids["COB-03"])).await;
        assert_eq!(problem(&answer), ("INVALID_ARGUMENT", &json!(argument)), "{answer}");
    }
    let most = 2 * family.persons;
    let nothing = Json::Null;
    assert_eq!(remaining(&lead, &family.code, "COB-02").await, Some((json!(most), json!("2022-02-07"))));

    // As it is written on a slip, and within what is owed.
    let slip = format!("{}-{}", &family.code[..4], &family.code[4..]).to_lowercase();
    let blanket = |amount: i32| format!("{{item: \"{}\", quantity: \"{amount} PIECE\"}}", ids["COB-02"]);
    let given = mutate(&lead, "deliverToHousehold", &giving(&slip, store, &blanket(most - 1))).await;
    assert_eq!(at(result(&given), "delivery.lines.0.given"), most - 1, "{given}");
    assert_eq!(at(result(&given), "delivery.lines.0.entitlement.id"), &entitlement["id"]);
    let left = rows(result(&given), "allowance");
    assert!(left.iter().any(|row| at(row, "entitlement.id") == &entitlement["id"] && row["remaining"] == 1));
    let more = mutate(&lead, "deliverToHousehold", &giving(&family.code, store, &blanket(2))).await;
    assert_eq!(problem(&more), ("BEYOND_ENTITLEMENT", &json!("goods.0")), "{more}");
    assert_eq!((&result(&more)["remaining"], &result(&more)["againOn"]), (&json!(1), &json!("2022-02-07")));
    let unowed = format!("{{item: \"{}\", quantity: \"1 PIECE\"}}", ids["COB-01"]);
    let unowed = mutate(&lead, "deliverToHousehold", &giving(&family.code, store, &unowed)).await;
    assert_eq!(problem(&unowed), ("BEYOND_ENTITLEMENT", &json!("goods.0.item")), "{unowed}");

    // A slip of the pen is found; of a code that is nobody's, nothing else is said, whatever is asked.
    let wrong = |code: &str| giving(code, store, &blanket(1));
    let mistaken = family.code.chars().rev().collect::<String>();
    if mistaken != family.code {
        let answer = mutate(&lead, "deliverToHousehold", &wrong(&mistaken)).await;
        let (code, argument) = problem(&answer);
        assert_eq!(argument, "pickupCode", "{answer}");
        assert!(matches!(code, "INVALID_ARGUMENT" | "NOT_FOUND"), "{answer}");
    }
    let nobody = mutate(&lead, "deliverToHousehold", &wrong("0000 0000")).await;
    assert_eq!(problem(&nobody), ("NOT_FOUND", &json!("pickupCode")));
    assert_eq!(remaining(&lead, "00000000", "COB-02").await, None);
    for (stranger, code) in [
        ("ACNUR/donor", "FORBIDDEN"),
        ("DIF_MUNICIPAL/shelter_lead@ALB-02", "FORBIDDEN"),
        ("ISESALUD/clinician", "FORBIDDEN"),
        ("NGO_PAN_DEL_VALLE/partner", "FORBIDDEN"),
        ("SEDENA/kitchen", "FORBIDDEN"),
    ] {
        let answer = mutate(&world.client(stranger), "deliverToHousehold", &wrong(&family.code)).await;
        assert_eq!(codes(&answer), [code], "{stranger}: {answer}");
    }

    // A kit draws its items, all or none of them; what is corrected is owed again, once nothing of it is out any more.
    let kits = |count: i32| format!("{{kit: \"KIT-CAMA\", kits: {count}}}");
    let beds = mutate(&lead, "deliverToHousehold", &giving(&family.code, store, &kits(family.persons))).await;
    assert_eq!(at(result(&beds), "delivery.lines.0.given"), family.persons, "{beds}");
    let again = mutate(&lead, "deliverToHousehold", &giving(&family.code, store, &kits(1))).await;
    assert_eq!(problem(&again).0, "BEYOND_ENTITLEMENT");
    assert_eq!((&result(&again)["remaining"], &result(&again)["againOn"]), (&json!(0), &nothing));
    let database = world.database().await;
    let delivery: Uuid = database
        .query_one("SELECT id FROM household_deliveries ORDER BY id DESC LIMIT 1", &[])
        .await
        .unwrap()
        .get(0);
    let moved = database
        .query(
            "SELECT movements.id FROM movements JOIN household_delivery_lines AS line ON line.id = delivery_line_id WHERE delivery_id = $1",
            &[&delivery],
        )
        .await
        .unwrap();
    assert!(moved.len() >= 4, "one movement of each lot");
    for (place, movement) in moved.iter().enumerate() {
        assert_eq!(
            remaining(&lead, &family.code, "KIT-CAMA").await,
            Some((json!(0), nothing.clone())),
            "{place}"
        );
        let undoing = format!("movement: \"{}\", note: \"no se entregó\"", id("movement", movement.get(0)));
        assert_eq!(outcome(&mutate(&lead, "correctMovement", &undoing).await).0, "CorrectMovementPayload");
    }
    assert_eq!(
        remaining(&lead, &family.code, "KIT-CAMA").await,
        Some((json!(family.persons), nothing.clone()))
    );

    // The household's own record shows what it got, to those who may read it; no reader of goods finds whose a delivery is.
    let shown = format!(
        "{{ node(id: \"{}\") {{ ... on Household {{ pickupCode deliveries {{ code }} version }} }} }}",
        family.id
    );
    let own = lead.stating("RECEPTION").query(&shown).await;
    assert_eq!(at(&own, "data.node.pickupCode"), &json!(family.code), "{own}");
    assert_eq!(rows(&own, "data.node.deliveries").len(), 2);
    let witness = world.client("CNDH/witness").stating("OVERSIGHT");
    let seen = witness
        .query("{ households(first: 1) { nodes { arrivedOn pickupCode deliveries { code } } } }")
        .await;
    assert_eq!(at(&seen, "data.households.nodes.0.pickupCode"), &nothing);
    assert_eq!(at(&seen, "data.households.nodes.0.deliveries"), &nothing);
    let journal = "SELECT count(*) FILTER (WHERE class = 'FAMILY')::integer, count(*) FILTER (WHERE class <> 'FAMILY')::integer \
                   FROM journal_entries, unnest(part_classes, part_contents) AS parts (class, content) \
                   WHERE position(convert_to($1, 'UTF8') IN content) > 0";
    let told = database.query_one(journal, &[&family.key.to_string()]).await.unwrap();
    assert_eq!((told.get::<_, i32>(0), told.get::<_, i32>(1)), (2, 0), "whose it was is a part of its own");

    // A code that was lost is replaced, by those who may write the household, and is nobody's from then on.
    let version = at(&own, "data.node.version");
    let replacing = format!("household: \"{}\", version: {version}", family.id);
    assert_eq!(codes(&mutate(&stores, "replacePickupCode", &replacing).await), ["FORBIDDEN"]);
    let elsewhere = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02").stating("RECEPTION");
    assert_eq!(problem(&mutate(&elsewhere, "replacePickupCode", &replacing).await).0, "NOT_FOUND");
    let replaced = mutate(&lead.stating("RECEPTION"), "replacePickupCode", &replacing).await;
    let fresh = at(result(&replaced), "household.pickupCode")
        .as_str()
        .unwrap_or_else(|| panic!("{replaced}"))
        .to_owned();
    assert_eq!(
        problem(&mutate(&lead.stating("RECEPTION"), "replacePickupCode", &replacing).await).0,
        "VERSION_CONFLICT"
    );
    let old = mutate(&lead, "deliverToHousehold", &wrong(&family.code)).await;
    assert_eq!(result(&old), result(&nobody), "as of a code that never was");
    family.code = fresh;
    assert_eq!(remaining(&lead, &family.code, "COB-02").await, Some((json!(1), json!("2022-02-07"))));

    let ending = format!("entitlement: {}, version: 1", entitlement["id"]);
    let ended = mutate(&stores, "endEntitlement", &ending).await;
    assert_eq!(at(result(&ended), "entitlement.validUntil"), "2022-01-31");
    assert_eq!(at(result(&mutate(&stores, "endEntitlement", &ending).await), "currentVersion"), 2);
    assert_eq!(
        remaining(&lead, &family.code, "COB-02").await,
        Some((json!(1), nothing)),
        "its last day has no end yet"
    );
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// Deliveries at once, at two stores: what succeeds comes to what is owed; what is given back is given once more; a repeat is answered.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_give_at_once_no_household_has_more_than_it_is_owed() {
    let world = World::start().await;
    let stores = world.client(DONATIONS);
    let ids = ids(&stores).await;
    let family = household(&world).await;
    for store in ["TDA-01", "TDA-02"] {
        stocked(&world, &ids[store], &["COB-02"], 40).await;
    }
    let owed = format!("item: \"{}\", amount: 3, per: HOUSEHOLD, intervalDays: 1, cap: 5", ids["COB-02"]);
    assert_eq!(outcome(&mutate(&stores, "grantEntitlement", &owed).await).0, "GrantEntitlementPayload");
    let one = |place: usize| {
        let store = &ids[["TDA-01", "TDA-02"][place % 2]];
        giving(&family.code, store, &format!("{{item: \"{}\", quantity: \"1 PIECE\"}}", ids["COB-02"]))
    };
    let database = world.database().await;
    let given = "SELECT coalesce(sum(given), 0)::integer FROM household_delivery_lines JOIN household_deliveries AS delivery \
                 ON delivery.id = delivery_id WHERE household_id = $1";
    let mut expected = 3;
    for round in 0..3 {
        let at_once = (0..12).map(|place| {
            let (stores, arguments) = (&stores, one(place));
            async move { mutate(stores, "deliverToHousehold", &arguments).await }
        });
        let mut done = 0;
        for answer in join_all(at_once).await {
            match outcome(&answer).0 {
                "DeliverToHouseholdPayload" => done += 1,
                _ => assert_eq!(problem(&answer).0, "BEYOND_ENTITLEMENT", "{answer}"),
            }
        }
        assert_eq!(done, expected, "round {round}");
        let sum: i32 = database.query_one(given, &[&family.key]).await.unwrap().get(0);
        assert_eq!(sum, 3);
        // One is given back, while others try.
        let movement: Uuid = database
            .query_one(
                "SELECT id FROM movements WHERE delivery_line_id IS NOT NULL AND kind = 'DELIVERY' AND user_id IS NOT NULL \
                 AND NOT EXISTS (SELECT FROM movements AS undone WHERE undone.reverses_id = movements.id) ORDER BY id LIMIT 1",
                &[],
            )
            .await
            .unwrap()
            .get(0);
        let undoing = format!("movement: \"{}\", note: \"no se entregó\"", id("movement", movement));
        assert_eq!(outcome(&mutate(&stores, "correctMovement", &undoing).await).0, "CorrectMovementPayload");
        expected = 1;
    }
    // The same key, at once and again: one delivery, one answer.
    let repeated = format!(
        "mutation {{ x: deliverToHousehold({}, idempotencyKey: \"{}\") {{ __typename ... on DeliverToHouseholdPayload {{ delivery {{ id }} }} }} }}",
        one(0),
        fresh_key()
    );
    let answers = join_all((0..4).map(|_| stores.query(&repeated))).await;
    assert_eq!(outcome(&answers[0]).0, "DeliverToHouseholdPayload");
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    // The next day as much again, but for what it gets in all.
    let of_the_next_day = "SELECT remaining FROM household_allowance($1, '2022-02-01') WHERE item = (SELECT id FROM items WHERE code = 'COB-02')";
    let next: i32 = database.query_one(of_the_next_day, &[&family.key]).await.unwrap().get(0);
    assert_eq!(next, 2);
    assert_ledger_holds(&world).await;
    world.stop().await;
}
