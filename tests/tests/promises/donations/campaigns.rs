//! Campaigns of collection: opened, given for, closed, and what they collected.

use enlace_tests::{Client, World, at, codes, id};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::receiving::{Place, place};
use super::{DONATIONS, mutate, outcome, problem, result};
use crate::reference::rows;

/// Opens a campaign; its id.
async fn open(client: &Client, title: &str, from: &str, until: &str) -> String {
    let arguments = format!("title: \"{title}\", from: \"{from}\", until: \"{until}\"");
    let answer = mutate(client, "openCampaign", &arguments).await;
    result(&answer)["campaign"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn given_for(campaign: &str, place: &Place, more: &str) -> String {
    format!(
        "donor: \"{}\", location: \"{}\", campaign: \"{campaign}\", \
         lines: [{{item: \"COB-01\", quantity: \"30 PIECE\"}}, {{item: \"COB-02\", quantity: \"5 PIECE\"}}]{more}",
        place.private, place.warehouse
    )
}

async fn collected(client: &Client, campaign: &str) -> (Json, Json) {
    let answer = client.query("{ campaigns { id donations articles } }").await;
    let found = rows(&answer, "data.campaigns").iter().find(|found| found["id"] == campaign).unwrap();
    (found["donations"].clone(), found["articles"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_for_a_campaign_is_counted_until_it_is_closed() {
    let world = World::start().await;
    let place = place(&world).await;
    let (liaison, stores) = (world.client("RP/liaison"), world.client(DONATIONS));
    let campaign = open(&liaison, " Cobijas para todos ", "2022-01-20", "2022-02-20").await;
    let listed = liaison.query("{ campaigns { id title startsOn endsOn closedAt version } }").await;
    let expected = json!({
        "id": campaign, "title": "Cobijas para todos", "startsOn": "2022-01-20", "endsOn": "2022-02-20", "closedAt": null, "version": 1,
    });
    assert!(rows(&listed, "data.campaigns").contains(&expected), "{listed}");
    assert_eq!(collected(&stores, &campaign).await, (json!(0), json!(0)));

    let given = mutate(&stores, "receiveDonation", &given_for(&campaign, &place, "")).await;
    let donation = at(result(&given), "donation.id").as_str().unwrap();
    let shown = stores
        .query(&format!(
            "{{ node(id: \"{donation}\") {{ ... on Donation {{ campaign {{ title articles }} }} }} }}"
        ))
        .await;
    assert_eq!(at(&shown, "data.node.campaign"), &json!({"title": "Cobijas para todos", "articles": 35}));
    assert_eq!(collected(&stores, &campaign).await, (json!(1), json!(35)));
    // What is undone was not collected; what is moved was.
    let movement: Uuid = world
        .database()
        .await
        .query_one("SELECT movements.id FROM movements JOIN lots ON lots.id = lot_id WHERE lots.received = 5 AND kind = 'RECEIPT' ORDER BY recorded_at DESC, line DESC LIMIT 1", &[])
        .await
        .unwrap()
        .get(0);
    let undoing = format!("movement: \"{}\", note: \"counted twice\"", id("movement", movement));
    let undone = mutate(&stores, "correctMovement", &undoing).await;
    assert_eq!(outcome(&undone).0, "CorrectMovementPayload");
    assert_eq!(collected(&stores, &campaign).await, (json!(1), json!(30)));

    let closing = format!("campaign: \"{campaign}\", version: 1");
    let closed = mutate(&world.client("DIF_MUNICIPAL/coordinator"), "closeCampaign", &closing).await;
    assert!(at(result(&closed), "campaign.closedAt").is_string(), "{closed}");
    assert_eq!(at(result(&closed), "campaign.articles"), 30);
    let late = mutate(&stores, "receiveDonation", &given_for(&campaign, &place, "")).await;
    assert_eq!(outcome(&late), ("StateConflict", &Json::Null));
    let again = mutate(&liaison, "closeCampaign", &closing).await;
    assert_eq!(at(result(&again), "currentVersion"), 2);
    let again = mutate(&liaison, "closeCampaign", &closing.replace("version: 1", "version: 2")).await;
    assert_eq!(outcome(&again).0, "StateConflict");
    assert_eq!(collected(&stores, &campaign).await, (json!(1), json!(30)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_donation_is_for_a_campaign_on_its_days_alone() {
    let world = World::start().await;
    let place = place(&world).await;
    let (liaison, stores) = (world.client("RP/liaison"), world.client(DONATIONS));
    let now = open(&liaison, "De enero", "2022-01-20", "2022-02-20").await;
    let future = open(&liaison, "De febrero", "2022-02-01", "2022-02-20").await;
    let nowhere = id("campaign", Uuid::now_v7());
    for (campaign, more, expected) in [
        (&future, "", ("StateConflict", Json::Null)),
        (&nowhere, "", ("NotFound", json!("campaign"))),
        // Before its first day, as the day is in Mexicali.
        (&now, ", receivedAt: \"2022-01-20T07:59:59Z\"", ("StateConflict", Json::Null)),
    ] {
        let answer = mutate(&stores, "receiveDonation", &given_for(campaign, &place, more)).await;
        assert_eq!(outcome(&answer), (expected.0, &expected.1), "{answer}");
    }
    let first = given_for(&now, &place, ", receivedAt: \"2022-01-20T08:00:00Z\"");
    assert_eq!(outcome(&mutate(&stores, "receiveDonation", &first).await).0, "ReceiveDonationPayload");
    for (arguments, argument) in [
        ("title: \"ab\", from: \"2022-01-20\", until: \"2022-02-20\"", "title"),
        ("title: \"De nada\", from: \"2022-02-20\", until: \"2022-02-19\"", "until"),
        ("title: \"De ayer\", from: \"2022-01-20\", until: \"2022-01-30\"", "until"),
    ] {
        let answer = mutate(&liaison, "openCampaign", arguments).await;
        assert_eq!(problem(&answer), ("INVALID_ARGUMENT", &json!(argument)), "{answer}");
    }
    let twice = "title: \"De enero\", from: \"2022-01-20\", until: \"2022-02-20\"";
    assert_eq!(outcome(&mutate(&liaison, "openCampaign", twice).await).0, "StateConflict");
    for stranger in [DONATIONS, "DIF_MUNICIPAL/shelter_lead@ALB-01", "ACNUR/donor", "CNDH/witness"] {
        let answer = mutate(&world.client(stranger), "openCampaign", twice).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{stranger}: {answer}");
    }
    // The kitchen reads of campaigns, and not what of all kinds they collected.
    let kitchen = world.client("SEDENA/kitchen").query("{ campaigns { title articles } }").await;
    assert!(rows(&kitchen, "data.campaigns").iter().all(|found| found["articles"].is_null()));
    assert_eq!(codes(&kitchen), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

/// Receipts and the closing at the same moment: whatever was received counts, and nothing comes after.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_for_a_campaign_after_it_was_closed_however_many_act_at_once() {
    let world = World::start().await;
    let place = place(&world).await;
    let (liaison, stores) = (world.client("RP/liaison"), world.client(DONATIONS));
    for round in 0..6 {
        let campaign = open(&liaison, &format!("Ronda {round}"), "2022-01-20", "2022-02-20").await;
        let receiving = given_for(&campaign, &place, "");
        let receipts =
            futures_util::future::join_all((0..6).map(|_| mutate(&stores, "receiveDonation", &receiving)));
        let closing = format!("campaign: \"{campaign}\", version: 1");
        let (received, closed) = tokio::join!(receipts, mutate(&liaison, "closeCampaign", &closing));
        let counted = at(result(&closed), "campaign.donations").as_i64().unwrap();
        let mut committed = 0;
        for answer in &received {
            match outcome(answer).0 {
                "ReceiveDonationPayload" => committed += 1,
                other => assert_eq!(other, "StateConflict", "{answer}"),
            }
        }
        assert_eq!(counted, committed, "what the closing counted is all that there is");
        assert_eq!(collected(&stores, &campaign).await, (json!(committed), json!(35 * committed)));
    }
    world.stop().await;
}
