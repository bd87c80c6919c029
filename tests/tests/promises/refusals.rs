//! Refusals of consequence are in the journal, with what was asked and which rule decided; and nobody floods it with them.

use std::time::Duration;

use enlace_tests::{World, at, codes, fresh_key, headcount};
use serde_json::{Value as Json, json};

const JOURNAL: &str = "{ journal(operation: \"journal.refuse\", first: 500) { nodes { operation actor roles classes subjectCount
  otherRefusals agency { code } refusals { code coordinate class policy policyVersion purpose times firstAt lastAt } } } }";

/// What the journal has of refusals, as a witness reads it.
async fn refusals(world: &World) -> Vec<Json> {
    let answer = world.client("CNDH/witness").query(JOURNAL).await;
    at(&answer, "data.journal.nodes").as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

/// Reads them until there are so many.
async fn expect(world: &World, count: usize) -> Vec<Json> {
    for _ in 0..500 {
        let found = refusals(world).await;
        if found.len() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the journal has fewer refusals than {count}: {:?}", refusals(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_consequence_is_in_the_journal_with_its_coordinate_and_its_rule() {
    let world = World::start().await;
    let space = world.spaces("ALB-02").await.swap_remove(0);
    let policies = world.public().query("{ viewer { policyVersion } }").await;
    let version = at(&policies, "data.viewer.policyVersion").clone();

    // Each by another caller, so that each is the first of its caller's.
    let root =
        world.client("SEDENA/kitchen").stating("RECEPTION").query("{ persons { nodes { id } } }").await;
    assert_eq!(codes(&root), ["FIELD_FORBIDDEN"]);
    let field = world.client("INEA/educator").stating("EDUCATION");
    let field = field.query("{ persons(first: 3) { nodes { migrationStatus } } }").await;
    assert_eq!(codes(&field), ["FIELD_FORBIDDEN"]);
    let mutation = world.client("DSPM/officer").run(enlace_tests::ADJUST, headcount(&space, 1)).await;
    assert_eq!(codes(&mutation), ["FORBIDDEN"]);
    let by_record = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01");
    assert_eq!(codes(&by_record.run(enlace_tests::ADJUST, headcount(&space, 1)).await), ["FORBIDDEN"]);
    let unstated = world.client("DIF_MUNICIPAL/coordinator").query("{ persons { totalCount } }").await;
    assert_eq!(codes(&unstated), ["PURPOSE_REQUIRED"]);
    let lapsed = world.client("NGO_CONVENIO_VENCIDO/partner").stating("ASSISTANCE");
    assert_eq!(codes(&lapsed.query("{ persons { totalCount } }").await), ["FIELD_FORBIDDEN"]);

    let found = expect(&world, 6).await;
    let of = |agency: &str, role: &str| {
        let entry = found
            .iter()
            .find(|entry| at(entry, "agency.code") == agency && at(entry, "roles.0") == role)
            .unwrap_or_else(|| panic!("nothing of {agency}/{role}: {found:?}"));
        let refusals = entry["refusals"].as_array().unwrap();
        assert_eq!(
            (refusals.len(), &entry["subjectCount"], &entry["otherRefusals"]),
            (1, &json!(0), &json!(0))
        );
        let refusal = refusals[0].clone();
        assert_eq!((&refusal["times"], &refusal["policyVersion"]), (&json!(1), &version));
        assert_eq!(refusal["firstAt"], refusal["lastAt"]);
        assert_eq!(entry["classes"], json!([refusal["class"]]), "it is found by its class");
        refusal
    };
    for (agency, role, expected) in [
        ("SEDENA", "kitchen", ["FIELD_FORBIDDEN", "Query.persons", "IDENTITY", "default-deny", "RECEPTION"]),
        (
            "INEA",
            "educator",
            ["FIELD_FORBIDDEN", "Person.migrationStatus", "MIGRATION", "default-deny", "EDUCATION"],
        ),
        ("DSPM", "officer", ["FORBIDDEN", "Mutation.adjustOccupancy", "OPERATIONAL", "default-deny", ""]),
        (
            "DIF_MUNICIPAL",
            "shelter_lead",
            [
                "FORBIDDEN",
                "Mutation.adjustOccupancy",
                "OPERATIONAL",
                "operational-shelter-lead-writes-own",
                "",
            ],
        ),
        ("DIF_MUNICIPAL", "coordinator", ["PURPOSE_REQUIRED", "Query.persons", "IDENTITY", "", ""]),
        (
            "NGO_CONVENIO_VENCIDO",
            "partner",
            ["FIELD_FORBIDDEN", "Query.persons", "IDENTITY", "always-agreement-in-force", "ASSISTANCE"],
        ),
    ] {
        let refusal = of(agency, role);
        let said = ["code", "coordinate", "class", "policy", "purpose"]
            .map(|name| refusal[name].as_str().unwrap_or_default());
        assert_eq!(said, expected, "{agency}/{role}");
    }
    // Each agency reads its own part of it.
    let own = world.client("SEDENA/kitchen").query(JOURNAL).await;
    assert_eq!(at(&own, "data.journal.nodes").as_array().map(Vec::len), Some(1), "{own}");
    world.stop().await;
}

/// However often a caller is refused, it makes one entry at once and one more for the whole minute; and none is left uncounted.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_floods_the_journal_with_refusals() {
    let world = World::start().await;
    let space = world.space().await;
    let (kitchen, officer) =
        (world.client("SEDENA/kitchen").stating("RECEPTION"), world.client("DSPM/officer"));
    for _ in 0..60 {
        kitchen.query("{ persons { totalCount } households { totalCount } }").await;
        officer.run(enlace_tests::ADJUST, headcount(&space, 1)).await;
    }
    // What is not written yet is written before the server has stopped.
    let world = World::with().start_on(world.halt().await).await;
    let found = expect(&world, 2).await;
    for (agency, coordinates, times) in [("SEDENA", 2, 60), ("DSPM", 1, 60)] {
        let own: Vec<&Json> = found.iter().filter(|entry| at(entry, "agency.code") == agency).collect();
        assert!((1..=3).contains(&own.len()), "{agency}: {own:?}");
        let refusals = own.iter().flat_map(|entry| entry["refusals"].as_array().unwrap());
        let counted: i64 = refusals.map(|refusal| refusal["times"].as_i64().unwrap()).sum();
        assert_eq!(counted, coordinates * times, "{agency}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_token_that_is_used_is_in_the_journal_and_made_up_ones_are_not() {
    let world = World::start().await;
    let token = world.token("SEDENA/kitchen");
    let claims: Json = jsonwebtoken::dangerous::insecure_decode_claims(&token).unwrap();
    let revoke = "INSERT INTO revoked_tokens VALUES ($1, now() + interval '1 hour')";
    world.database().await.execute(revoke, &[&claims["jti"].as_str().unwrap()]).await.unwrap();
    let client = enlace_tests::Client::new(world.address, Some(token));
    while codes(&client.query("{ agencies { code } }").await) != ["TOKEN_REVOKED"] {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let stranger = world.client("NASA/coordinator");
    assert_eq!(codes(&stranger.query("{ agencies { code } }").await), ["ACTOR_UNKNOWN"]);
    let found = expect(&world, 1).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (at(&found[0], "agency.code"), at(&found[0], "refusals.0.code")),
        (&json!("SEDENA"), &json!("TOKEN_REVOKED"))
    );
    assert_eq!((at(&found[0], "refusals.0.coordinate"), &found[0]["roles"]), (&Json::Null, &json!([])));
    world.stop().await;
}

/// What is no one's secret, and what nobody can be named for, makes no entry.
#[tokio::test(flavor = "multi_thread")]
async fn other_refusals_leave_no_entry() {
    let world = World::start().await;
    let kitchen = world.client("SEDENA/kitchen");
    let donors = kitchen.query("{ donationItems(first: 1) { nodes { donor { name } } } }").await;
    assert_eq!(codes(&donors), ["FIELD_FORBIDDEN"]);
    assert_eq!(codes(&world.public().query("{ persons { totalCount } }").await), ["FIELD_FORBIDDEN"]);
    let missing = json!({"space": enlace_tests::id("space", uuid::Uuid::now_v7()), "occupied": 1, "version": 1, "key": fresh_key()});
    world.client("DIF_MUNICIPAL/coordinator").run(enlace_tests::ADJUST, missing).await;
    let world = World::with().start_on(world.halt().await).await;
    assert_eq!(refusals(&world).await, Vec::<Json>::new());
    world.stop().await;
}

/// A refusal that cannot be put into the journal is a refusal all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_does_not_wait_for_its_entry() {
    let world = World::start().await;
    let database = world.database().await;
    database.batch_execute("REVOKE INSERT ON journal_entries FROM enlace_app").await.unwrap();
    let kitchen = world.client("SEDENA/kitchen").stating("RECEPTION");
    for _ in 0..3 {
        let answer = kitchen.query("{ persons { totalCount } shelters { code } }").await;
        assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"]);
        assert_eq!(at(&answer, "data.shelters").as_array().map(Vec::len), Some(12));
    }
    world.stop().await;
}
