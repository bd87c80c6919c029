//! Donors: registered and revised by those who may know them.

use enlace_tests::{World, at, codes};
use serde_json::{Value as Json, json};

use super::{DONATIONS, mutate, outcome, result};

#[tokio::test(flavor = "multi_thread")]
async fn donors_of_each_kind_are_registered_and_revised() {
    let world = World::start().await;
    let liaison = world.client("RP/liaison");
    let shop = mutate(
        &liaison,
        "registerDonor",
        "kind: ORGANISATION, name: \" Abarrotes Sol \", contact: \"686 555 0101\"",
    )
    .await;
    let donor = at(&shop, "data.x.donor");
    let expected = json!({
        "id": donor["id"], "kind": "ORGANISATION", "name": "Abarrotes Sol", "contact": "686 555 0101", "version": 1, "agency": null,
    });
    assert_eq!(*donor, expected);
    // What is left out, it has no more.
    let revising = format!("donor: {}, name: \"Abarrotes Luna\", version: 1", donor["id"]);
    let revised = mutate(&world.client(DONATIONS), "reviseDonor", &revising).await;
    let expected = json!({
        "id": donor["id"], "kind": "ORGANISATION", "name": "Abarrotes Luna", "contact": null, "version": 2, "agency": null,
    });
    assert_eq!(at(&revised, "data.x.donor"), &expected);
    let late = mutate(&liaison, "reviseDonor", &revising).await;
    assert_eq!(at(&late, "data.x.currentVersion"), 2, "{late}");
    let person = mutate(&liaison, "registerDonor", "kind: PERSON, name: \"Ana Ruiz\"").await;
    assert_eq!(at(&person, "data.x.donor.kind"), "PERSON", "{person}");
    // An agency is called as the programme calls it, and gives as one donor.
    let agencies = liaison.query("{ agencies { id code name } }").await;
    let agencies = at(&agencies, "data.agencies").as_array().unwrap().clone();
    let cdm = agencies.iter().find(|agency| agency["code"] == "CDM").unwrap();
    let registering = format!("kind: AGENCY, agency: {}", cdm["id"]);
    let agency = mutate(&liaison, "registerDonor", &registering).await;
    assert_eq!(at(&agency, "data.x.donor.name"), &cdm["name"], "{agency}");
    assert_eq!(at(&agency, "data.x.donor.agency"), &json!({"code": "CDM"}));
    let again = mutate(&liaison, "registerDonor", &registering).await;
    assert_eq!(outcome(&again).0, "StateConflict");
    world.stop().await;
}

/// Somebody who does not say who they are: they give, and neither a name nor a contact can be set to them.
#[tokio::test(flavor = "multi_thread")]
async fn an_anonymous_donor_gives_and_stays_anonymous() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let donor = mutate(&client, "registerDonor", "kind: ANONYMOUS").await;
    assert_eq!(at(&donor, "data.x.donor.name"), &Json::Null, "{donor}");
    let id = at(&donor, "data.x.donor.id").as_str().unwrap().to_owned();
    for arguments in [", name: \"Ana\"", ", contact: \"ana@example.org\""] {
        let argument = json!(arguments[2..].split(':').next().unwrap());
        let named = mutate(&client, "registerDonor", &format!("kind: ANONYMOUS{arguments}")).await;
        assert_eq!(outcome(&named), ("InvalidValue", &argument));
        let named = mutate(&client, "reviseDonor", &format!("donor: \"{id}\", version: 1{arguments}")).await;
        assert_eq!(outcome(&named), ("InvalidValue", &argument));
    }
    let place = super::receiving::place(&world).await;
    let arguments = format!(
        "donor: \"{id}\", location: \"{}\", lines: [{{item: \"COB-01\", quantity: \"3 PIECE\"}}]",
        place.warehouse
    );
    let given = mutate(&client, "receiveDonation", &arguments).await;
    assert_eq!(at(result(&given), "donation.donor.id"), &json!(id));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_donor_that_cannot_be_says_what_is_wrong() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let nobody = enlace_tests::id("agency", uuid::Uuid::now_v7());
    let stranger = enlace_tests::id("donor", uuid::Uuid::now_v7());
    for (root, arguments, problem, argument) in [
        ("registerDonor", "kind: AGENCY".to_owned(), "InvalidValue", "agency"),
        (
            "registerDonor",
            format!("kind: PERSON, name: \"Ana\", agency: \"{nobody}\""),
            "InvalidValue",
            "agency",
        ),
        ("registerDonor", format!("kind: AGENCY, agency: \"{nobody}\""), "NotFound", "agency"),
        ("registerDonor", "kind: PERSON".to_owned(), "InvalidValue", "name"),
        ("registerDonor", "kind: ORGANISATION, name: \" \"".to_owned(), "InvalidValue", "name"),
        ("registerDonor", "kind: PERSON, name: \"Ana\", contact: \"\"".to_owned(), "InvalidValue", "contact"),
        ("reviseDonor", format!("donor: \"{stranger}\", name: \"Ana\", version: 1"), "NotFound", "donor"),
    ] {
        let answer = mutate(&client, root, &arguments).await;
        assert_eq!(outcome(&answer), (problem, &json!(argument)), "{arguments}: {answer}");
    }
    world.stop().await;
}

/// Who someone is stands in the donor's row alone: the journal has neither name nor contact; nobody else registers.
#[tokio::test(flavor = "multi_thread")]
async fn the_journal_keeps_no_name_and_others_register_nobody() {
    let world = World::start().await;
    let registering = "kind: PERSON, name: \"Zutano Inconfundible\", contact: \"zutano@example.org\"";
    let answer = mutate(&world.client(DONATIONS), "registerDonor", registering).await;
    assert_eq!(at(&answer, "data.x.donor.version"), 1, "{answer}");
    let row = world
        .database()
        .await
        .query_one(
            "SELECT count(*), count(*) FILTER (WHERE encode(content, 'escape') ~* 'zutano'), count(*) FILTER (WHERE encode(content, 'escape') ~ 'donorSet') \
             FROM journal_entries, unnest(part_contents) AS content",
            &[],
        )
        .await
        .unwrap();
    assert!(row.get::<_, i64>(0) > 0);
    assert_eq!((row.get::<_, i64>(1), row.get::<_, i64>(2)), (0, 1));
    for stranger in [
        "DIF_MUNICIPAL/shelter_lead@ALB-01",
        "ISESALUD/clinician",
        "ACNUR/donor",
        "NGO_PAN_DEL_VALLE/partner",
        "CEDH/witness",
    ] {
        let answer = mutate(&world.client(stranger), "registerDonor", registering).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{stranger}: {answer}");
    }
    world.stop().await;
}
