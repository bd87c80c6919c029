//! A donation's receipt: for the donor, and for whoever holds its code.

use enlace_tests::{Client, World, at, codes};
use serde_json::{Value as Json, json};

use super::{DONATIONS, mutate, problem, result};

async fn receipt_of(client: &Client, donation: &Json) -> Json {
    let document = format!(
        "{{ node(id: {donation}) {{ ... on Donation {{ code receipt {{ verificationCode journalIndex changed html }} }} }} }}"
    );
    client.query(&document).await
}

async fn verified(client: &Client, code: &str) -> Json {
    let document = format!(
        "{{ verifyReceipt(code: \"{code}\") {{ folio receivedOn articles changed journalIndex lines {{ item category quantity standing }} }} }}"
    );
    at(&client.query(&document).await, "data.verifyReceipt").clone()
}

/// An item that counts in pieces, the donor that is no agency, and a store.
async fn things(client: &Client) -> (Json, Json, Json) {
    let found = client
        .query("{ catalogue { code name unit perishable category { name } } donors(first: 500) { nodes { id kind name } } locations { id code } }")
        .await;
    let first = |list: &str, fits: &dyn Fn(&Json) -> bool| {
        at(&found, list).as_array().unwrap().iter().find(|one| fits(one)).unwrap().clone()
    };
    let item = first("data.catalogue", &|item| item["unit"] == "PIECE" && item["perishable"] == false);
    let donor = first("data.donors.nodes", &|donor| donor["kind"] == "PERSON");
    let store = first("data.locations", &|store| store["code"] == "ALM-01");
    (item, donor, store)
}

#[expect(clippy::too_many_lines, reason = "one story, from the receipt to its doubt")]
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_genuine_to_whoever_holds_its_code_and_says_honestly_what_changed() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let nobody = world.public();
    let (item, donor, store) = things(&client).await;
    let line =
        |amount: i32| format!("{{item: {}, quantity: \"{amount} PIECE\", condition: NEW}}", item["code"]);
    let received = mutate(
        &client,
        "receiveDonation",
        &format!(
            "donor: {}, location: {}, donorReference: \"MI-FOLIO-7\", lines: [{}, {}]",
            donor["id"],
            store["id"],
            line(30),
            line(12)
        ),
    )
    .await;
    let donation = at(result(&received), "donation.id");
    let receipt = receipt_of(&client, donation).await;
    let shown = at(&receipt, "data.node.receipt");
    let code = shown["verificationCode"].as_str().unwrap_or_else(|| panic!("{receipt}"));
    let folio = at(&receipt, "data.node.code").as_str().unwrap();
    let (of_folio, secret) = code.rsplit_once('-').unwrap();
    assert_eq!((of_folio, secret.len(), &shown["changed"]), (folio, 26, &json!(false)));
    let html = shown["html"].as_str().unwrap();
    for said in
        [code, folio, "Recibo de donación", "Donation receipt", item["name"].as_str().unwrap(), ">42<"]
    {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains(donor["name"].as_str().unwrap()));

    // Whoever holds the code is told, without a token; its answer says nothing of the donor.
    let told = verified(&nobody, code).await;
    assert_eq!(
        (&told["folio"], &told["articles"], &told["changed"]),
        (&json!(folio), &json!(42), &json!(false)),
        "{told}"
    );
    assert_eq!(
        told["lines"],
        json!([{
            "item": item["name"], "category": item["category"]["name"], "quantity": "42 PIECE", "standing": "RECEIVED"
        }])
    );
    for hidden in ["name", "id"] {
        assert!(!told.to_string().contains(donor[hidden].as_str().unwrap()));
    }
    assert!(!told.to_string().contains("MI-FOLIO-7"));
    let typed = code.to_lowercase().replace('-', " - ");
    assert_eq!(verified(&nobody, &typed).await["folio"], told["folio"]);
    // The journal's entry at that place is the one of this receipt.
    let index: i64 = told["journalIndex"].as_str().unwrap().parse().unwrap();
    let there: bool = world
        .database()
        .await
        .query_one(
            "SELECT convert_from(part_contents[2], 'UTF8') LIKE '%donationReceived%' AND convert_from(part_contents[2], 'UTF8') LIKE '%' || $2 || '%' \
             FROM journal_entries JOIN journal_index ON entry_id = id WHERE index = $1",
            &[&index, &folio],
        )
        .await
        .unwrap()
        .get(0);
    assert!(there);

    // A forged code: one symbol changed, another donation's folio, none at all.
    let other = if secret.starts_with('7') { "8" } else { "7" };
    let others =
        client.query("{ donations(first: 1) { nodes { id code receipt { verificationCode } } } }").await;
    let old = at(&others, "data.donations.nodes.0");
    for forged in [
        format!("{folio}-{other}{}", &secret[1..]),
        format!("{}-{secret}", old["code"].as_str().unwrap()),
        format!("DON-999999-{secret}"),
        secret.to_owned(),
        folio.to_owned(),
        String::new(),
    ] {
        assert_eq!(verified(&nobody, &forged).await, Json::Null, "{forged}");
    }
    // What was loaded with the programme is not in the journal, which could prove nothing of it.
    assert_eq!(old["receipt"], Json::Null);

    // A lot is recalled, the other's receipt corrected: the receipt says so, and its code stays.
    let lots = client
        .query(&format!(
            "{{ donationItems(donation: {donation}, first: 5, orderBy: CODE) {{ nodes {{ id received }} }} }}"
        ))
        .await;
    let lot = |quantity: &str| {
        let lots = at(&lots, "data.donationItems.nodes").as_array().unwrap();
        lots.iter().find(|lot| lot["received"] == quantity).unwrap()["id"].clone()
    };
    let recalled =
        mutate(&client, "recallLot", &format!("lot: {}, reason: \"Costura suelta\"", lot("12 PIECE"))).await;
    assert!(at(result(&recalled), "lot.recalledAt").is_string(), "{recalled}");
    let movement = client
        .query(&format!("{{ movements(lot: {}, first: 1) {{ nodes {{ id }} }} }}", lot("30 PIECE")))
        .await;
    let correction = format!("movement: {}, note: \"Eran 29\"", at(&movement, "data.movements.nodes.0.id"));
    let corrected = mutate(&client, "correctMovement", &correction).await;
    assert!(at(result(&corrected), "movement.id").is_string(), "{corrected}");
    let told = verified(&nobody, code).await;
    let standing = |line: &Json| (line["quantity"].clone(), line["standing"].clone());
    assert_eq!(told["changed"], true);
    assert_eq!(
        told["lines"].as_array().unwrap().iter().map(standing).collect::<Vec<_>>(),
        [(json!("12 PIECE"), json!("RECALLED")), (json!("30 PIECE"), json!("CORRECTED"))]
    );
    let again = receipt_of(&client, donation).await;
    assert_eq!(at(&again, "data.node.receipt.verificationCode"), code);
    assert!(at(&again, "data.node.receipt.html").as_str().unwrap().contains("corregido después"));

    // Who may not read who gave is not given the code.
    let adviser = world.client("OIM/adviser");
    assert_eq!(codes(&receipt_of(&adviser, donation).await), ["FIELD_FORBIDDEN"]);
    assert_eq!(
        problem(
            &mutate(&client, "recallLot", &format!("lot: {}, reason: \"Otra vez\"", lot("12 PIECE"))).await
        )
        .0,
        "STATE_CONFLICT"
    );
    world.stop().await;
}

/// A donation that was imported has a receipt as any other.
#[tokio::test(flavor = "multi_thread")]
async fn an_imported_donation_has_a_receipt_that_is_verified() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let donation = super::importing::imported(&world, 700).await;
    let receipt = receipt_of(&client, &donation).await;
    let code =
        at(&receipt, "data.node.receipt.verificationCode").as_str().unwrap_or_else(|| panic!("{receipt}"));
    let told = verified(&world.public(), code).await;
    assert_eq!(told["folio"], *at(&receipt, "data.node.code"));
    let total: i64 = world
        .database()
        .await
        .query_one(
            "SELECT sum(received) FROM lots JOIN donations ON donations.id = donation_id WHERE donations.code = $1",
            &[&told["folio"].as_str()],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!((told["articles"].as_i64(), &told["changed"]), (Some(total), &json!(false)));
    world.stop().await;
}
