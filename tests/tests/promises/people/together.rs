//! Who belongs together: another head, and a person who moves to another household. There is always one head, of the household's own.

use enlace_tests::{Client, World, at, codes, fresh_key, id, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::sharing::entries;
use super::{asking, key};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");

const CHANGE: &str = "mutation($household: ID!, $version: Int!, $head: ID!, $kinships: [KinshipInput!]!, $key: String!) {
  changeHead(household: $household, version: $version, head: $head, kinships: $kinships, idempotencyKey: $key) {
    __typename ... on ChangeHeadPayload { household { id version } } ... on Problem { code message } ... on InvalidValue { argument } } }";

const MOVE: &str = "mutation($person: ID!, $version: Int!, $household: ID!, $kinship: Kinship!, $key: String!) {
  moveToHousehold(person: $person, version: $version, household: $household, kinship: $kinship, idempotencyKey: $key) {
    __typename ... on MoveToHouseholdPayload { person { id version kinship household { id } } }
    ... on Problem { code message } ... on InvalidValue { argument } } }";

/// A household that lodges in a shelter, and its members, the head first.
struct Family {
    id: Json,
    members: Vec<Json>,
}

/// Some households of two or more in a shelter.
async fn families(world: &World, shelter: &str, many: i64) -> Vec<Family> {
    let statement = "SELECT households.id, array_agg(persons.id ORDER BY persons.id <> head_id, persons.id) FROM households \
                     JOIN persons ON household_id = households.id JOIN shelters ON shelters.id = households.shelter_id \
                     WHERE shelters.code = $1 GROUP BY households.id HAVING count(*) > 1 ORDER BY households.id LIMIT $2";
    let rows = world.database().await.query(statement, &[&shelter, &many]).await.unwrap();
    let person = |key: &Uuid| json!(id("person", *key));
    let family = |row: &tokio_postgres::Row| Family {
        id: json!(id("household", row.get(0))),
        members: row.get::<_, Vec<Uuid>>(1).iter().map(person).collect(),
    };
    rows.iter().map(family).collect()
}

async fn change(client: &Client, family: &Family, version: i32, head: usize) -> Json {
    let others = family.members.iter().enumerate().filter(|(place, _)| *place != head);
    let kinships: Vec<Json> =
        others.map(|(_, person)| json!({"person": person, "kinship": "RELATIVE"})).collect();
    let variables = json!({
        "household": family.id, "version": version, "head": family.members[head], "kinships": kinships, "key": fresh_key()
    });
    client.run(CHANGE, variables).await
}

async fn move_to(client: &Client, person: &Json, version: i32, household: &Json) -> Json {
    let variables = json!({
        "person": person, "version": version, "household": household, "kinship": "RELATIVE", "key": fresh_key()
    });
    client.run(MOVE, variables).await
}

/// What the members of a household are to its head, by their ids.
async fn kinships(client: &Client, household: &Json) -> Vec<(Json, Json)> {
    let document = "query($id: ID!) { persons(household: $id) { nodes { id kinship } } }";
    let answer = client.run(document, json!({"id": household})).await;
    let nodes = at(&answer, "data.persons.nodes").as_array().unwrap_or_else(|| panic!("{answer}"));
    nodes.iter().map(|person| (person["id"].clone(), person["kinship"].clone())).collect()
}

/// Every household has the one head that its members say.
async fn heads_hold(world: &World) {
    let statement = "SELECT count(*) FROM households LEFT JOIN persons ON persons.id = head_id AND household_id = households.id \
                     WHERE persons.id IS NULL";
    let headless: i64 = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    assert_eq!(headless, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_becomes_the_head_and_the_others_are_said_anew_what_they_are() {
    let world = World::start().await;
    let lead = asking(&world, LEAD);
    let family = families(&world, "ALB-01", 1).await.remove(0);
    let answer = change(&lead, &family, 1, 1).await;
    assert_eq!(outcome(&answer), "ChangeHeadPayload", "{answer}");
    assert_eq!(at(&answer, "data.changeHead.household"), &json!({"id": family.id, "version": 2}));
    for (person, kinship) in kinships(&lead, &family.id).await {
        let expected = if person == family.members[1] { "HEAD" } else { "RELATIVE" };
        assert_eq!(kinship, expected, "{person}");
    }
    heads_hold(&world).await;
    let entry = entries(&world, "census.changeHead", key(&family.members[0])).await.swap_remove(0);
    assert_eq!(
        (&entry["classes"], &entry["subjectCount"]),
        (&json!(["FAMILY"]), &json!(family.members.len()))
    );

    assert_eq!(outcome(&change(&lead, &family, 1, 0).await), "VersionConflict");
    assert_eq!(
        at(&change(&lead, &family, 2, 1).await, "data.changeHead.argument"),
        "head",
        "they are the head"
    );
    // Each of the others, once, and none as a second head.
    let [first, new] = [&family.members[0], &family.members[1]];
    for kinships in [
        json!([]),
        json!([{"person": new, "kinship": "HEAD"}]),
        json!([{"person": new, "kinship": "CHILD"}, {"person": first, "kinship": "CHILD"}]),
    ] {
        let variables = json!({"household": family.id, "version": 2, "head": first, "kinships": kinships, "key": fresh_key()});
        let answer = lead.run(CHANGE, variables).await;
        assert_eq!(at(&answer, "data.changeHead.argument"), "kinships", "{kinships} {answer}");
    }
    let foreign = families(&world, "ALB-02", 1).await.remove(0);
    assert_eq!(outcome(&change(&lead, &foreign, 1, 1).await), "NotFound");
    for outsider in ["ISESALUD/clinician", "CNDH/witness", "INEA/educator"] {
        let answer = change(&world.client(outsider).stating("RECEPTION"), &family, 2, 0).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{outsider} {answer}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_moves_to_another_household_and_its_head_stays() {
    let world = World::start().await;
    let lead = asking(&world, LEAD);
    let [left, entered]: [Family; 2] = families(&world, "ALB-01", 2).await.try_into().ok().unwrap();
    let [head, person] = [&left.members[0], left.members.last().unwrap()];
    let answer = move_to(&lead, person, 1, &entered.id).await;
    assert_eq!(outcome(&answer), "MoveToHouseholdPayload", "{answer}");
    let expected =
        json!({"id": person, "version": 2, "kinship": "RELATIVE", "household": {"id": entered.id}});
    assert_eq!(at(&answer, "data.moveToHousehold.person"), &expected);
    assert!(kinships(&lead, &entered.id).await.contains(&(person.clone(), json!("RELATIVE"))));
    assert_eq!(kinships(&lead, &left.id).await.len(), left.members.len() - 1);
    let entry = entries(&world, "census.moveToHousehold", key(person)).await.swap_remove(0);
    assert_eq!((&entry["classes"], &entry["subjectCount"]), (&json!(["FAMILY"]), &json!(1)));

    assert_eq!(outcome(&move_to(&lead, person, 2, &entered.id).await), "StateConflict", "they belong there");
    assert_eq!(outcome(&move_to(&lead, person, 1, &left.id).await), "VersionConflict");
    assert_eq!(outcome(&move_to(&lead, head, 1, &entered.id).await), "StateConflict", "a head stays");
    let foreign = families(&world, "ALB-02", 1).await.remove(0);
    assert_eq!(outcome(&move_to(&lead, person, 2, &foreign.id).await), "NotFound");
    assert_eq!(outcome(&move_to(&lead, &foreign.members[1], 1, &left.id).await), "NotFound");
    heads_hold(&world).await;
    world.stop().await;
}

/// Two who move members between the same households in both directions, and one who changes the heads, never wait for each other in a
/// circle, and leave one head in each.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_same_time_too_every_household_keeps_one_head() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let [one, other]: [Family; 2] = families(&world, "ALB-01", 2).await.try_into().ok().unwrap();
    let moves =
        async |person: &Json, household: &Json| outcome(&move_to(&coordinator, person, 1, household).await);
    let acts = join_all([
        Box::pin(moves(&one.members[1], &other.id)) as std::pin::Pin<Box<dyn Future<Output = String>>>,
        Box::pin(moves(&other.members[1], &one.id)),
        Box::pin(async { outcome(&change(&coordinator, &one, 1, 1).await) }),
        Box::pin(async { outcome(&change(&coordinator, &other, 1, 1).await) }),
    ]);
    let known =
        ["MoveToHouseholdPayload", "ChangeHeadPayload", "StateConflict", "VersionConflict", "InvalidValue"];
    for outcome in acts.await {
        assert!(known.contains(&outcome.as_str()), "{outcome}");
    }
    for family in [&one, &other] {
        let heads =
            kinships(&coordinator, &family.id).await.into_iter().filter(|(_, kinship)| kinship == "HEAD");
        assert_eq!(heads.count(), 1);
    }
    heads_hold(&world).await;
    world.stop().await;
}
