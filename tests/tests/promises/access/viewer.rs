//! A token's claims give no right that the grants do not confirm, and grants none that the token does not claim.

use std::collections::BTreeSet;

use enlace_tests::{Client, Scratch, World, at, codes};
use serde_json::{Value as Json, json};

use crate::reference::grant;
use crate::reference::sights::{Caller, everyone};
use crate::reference::{SCHEMA, class_of, client, is_withheld, world};

const WHO: &str = "{ viewer { subject roles shelters agreementInForce may agency { code } } }";

async fn who(client: &Client) -> Json {
    let answer = client.query(WHO).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    at(&answer, "data.viewer").clone()
}

async fn sees_donors(client: &Client) -> bool {
    let answer = client.query("{ donationItems(first: 1) { nodes { donor { id } } } }").await;
    at(&answer, "data.donationItems.nodes.0.donor").is_object()
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_the_claims_that_grants_confirm() {
    let world = World::start().await;
    // Claimed and not granted.
    let kitchen = who(&world.client("SEDENA/kitchen+coordinator+administrator@ALB-01")).await;
    assert_eq!((&kitchen["roles"], &kitchen["shelters"]), (&json!(["kitchen"]), &json!([])));
    assert!(!sees_donors(&world.client("SEDENA/kitchen+coordinator")).await);
    // The right agency, another's role first: the user is that role's, who is not known there.
    let stranger = world.client("SEDENA/coordinator").post(&json!({"query": WHO})).await;
    assert_eq!((stranger.status.as_u16(), codes(&stranger.json())), (403, vec!["ACTOR_UNKNOWN".to_owned()]));
    let nowhere = world.client("NO_SUCH/kitchen").post(&json!({"query": WHO})).await;
    assert_eq!((nowhere.status.as_u16(), codes(&nowhere.json())), (403, vec!["ACTOR_UNKNOWN".to_owned()]));
    // Shelters: those that are claimed and granted.
    let lead = who(&world.client("DIF_MUNICIPAL/shelter_lead@ALB-02,ALB-99")).await;
    assert_eq!(lead["shelters"], json!(["ALB-02"]));
    let lead = who(&world.client("DIF_MUNICIPAL/shelter_lead")).await;
    assert_eq!(lead["shelters"], json!([]));
    assert!(!lead["may"].as_array().unwrap().contains(&json!("Mutation.adjustOccupancy")));
    // The demonstration grants shelters to the lead alone.
    let coordinator = who(&world.client("DIF_MUNICIPAL/coordinator@ALB-02")).await;
    assert_eq!(coordinator["shelters"], json!([]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_role_counts_only_where_the_token_claims_it() {
    let scratch = Scratch::with_programme().await;
    grant(&scratch, "sedena.kitchen", "donation_coordinator").await;
    let world = World::with().start_on(scratch).await;
    let (without, with) =
        (world.client("SEDENA/kitchen"), world.client("SEDENA/kitchen+donation_coordinator"));
    assert_eq!(who(&without).await["roles"], json!(["kitchen"]));
    assert!(!sees_donors(&without).await);
    assert_eq!(who(&with).await["roles"], json!(["donation_coordinator", "kitchen"]));
    assert!(sees_donors(&with).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_counts_only_while_it_is_in_force() {
    let scratch = Scratch::with_programme().await;
    let database = scratch.connect().await;
    for (subject, period) in [
        ("sedena.kitchen", "valid_until = '2022-01-31 19:00Z'"),
        ("dspm.officer", "valid_from = '2022-06-01 00:00Z'"),
    ] {
        let statement = format!(
            "UPDATE grants SET {period} WHERE user_id = (SELECT id FROM users WHERE subject = '{subject}')"
        );
        assert_eq!(database.execute(&statement, &[]).await.unwrap(), 1);
    }
    let world = World::with().start_on(scratch).await;
    for ended in ["SEDENA/kitchen", "DSPM/officer"] {
        let answer = world.client(ended).query("{ locations { id } viewer { agreementInForce } }").await;
        assert_eq!(at(&answer, "data.locations"), &Json::Null, "{ended} {answer}");
        assert_eq!(at(&answer, "data.viewer.agreementInForce"), &json!(true));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_is_told_who_it_is_and_what_it_may_use() {
    let world = world().await;
    let uses = |may: &Json| -> BTreeSet<String> {
        may.as_array().unwrap().iter().map(|root| root.as_str().unwrap().to_owned()).collect()
    };
    for caller in everyone() {
        let client = client(&world, &caller);
        let answer = client.query("{ viewer { may now } }").await;
        let may = uses(at(&answer, "data.viewer.may"));
        let expected = super::writes::usable_roots(&caller);
        assert_eq!(may, expected, "{}", caller.name());
        let now = at(&answer, "data.viewer.now").as_str().unwrap();
        assert!(
            now.starts_with("2022-01-31T") || now.starts_with("2022-02-01T"),
            "the programme clock: {now}"
        );
    }
    world.stop().await;
}

/// The coordinates that a caller may use, on some record at least.
fn open_to(caller: &Caller) -> BTreeSet<String> {
    let roots = super::writes::usable_roots(caller);
    let mut open = BTreeSet::new();
    for object in SCHEMA.objects() {
        for field in object.fields.values() {
            let coordinate = format!("{}.{}", object.name, field.name);
            let Some(class) = class_of(field) else { continue };
            if matches!(object.name.as_str(), "Query" | "Mutation" | "Subscription") {
                if !roots.contains(&coordinate) {
                    continue;
                }
                open.extend(
                    field
                        .arguments
                        .iter()
                        .filter(|argument| super::arguments::may_give(caller, &field.name, &argument.name))
                        .map(|argument| format!("{coordinate}({}:)", argument.name)),
                );
                open.insert(coordinate);
            } else if !is_withheld(field, caller)
                && caller.may_see(class, SCHEMA.judged_on(&object.name, field))
            {
                open.insert(coordinate);
            }
        }
    }
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_is_told_which_coordinates_are_open_to_it() {
    let world = world().await;
    let lead = Caller::of("DIF_MUNICIPAL/shelter_lead@ALB-01");
    for caller in everyone().iter().chain([&lead]) {
        let document = "{ accessProfile { policyVersion coordinates { coordinate class access policies } } }";
        let answer = client(&world, caller).query(document).await;
        assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
        let coordinates = at(&answer, "data.accessProfile.coordinates").as_array().unwrap();
        let told: Vec<&str> = coordinates.iter().map(|told| told["coordinate"].as_str().unwrap()).collect();
        assert!(told.is_sorted(), "{}", caller.name());
        let expected = open_to(caller);
        assert_eq!(told, expected.iter().map(String::as_str).collect::<Vec<_>>(), "{}", caller.name());
        for told in coordinates {
            // Whoever reads some records only is told by which policies.
            let depends = told["access"] == "DEPENDS";
            assert_eq!(depends, told["policies"] != json!([]), "{} {told}", caller.name());
            assert!(told["class"] != "PUBLIC" || !depends, "{} {told}", caller.name());
        }
    }
    world.stop().await;
}
