//! Births: a clinician, who writes nothing else of who people are, makes persons of newborns, of their mother's household and where she
//! lodges; they count as births, and as no arrivals.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::pregnancies::{others, record};
use super::{CLINICIAN, COORDINATOR, asking, mutate, person};
use crate::people::entries;

const BIRTHS: &str = "births { id bornAt order weightGrams lodging mother { id } pregnancy { id ending version } \
     newborn { id code givenNames familyNames birthDate sex nationality kinship minor arrivedOn migrationStatus segment bedNeeds \
         shelter { code } household { id } stays { endedAt bed { suits } } episodes { arrivedOn endedOn } assessments { id } birth { id } } }";

async fn register(client: &Client, arguments: Json) -> Json {
    let types = "mother: ID!, newborns: [NewbornInput!]!, occurredAt: DateTime";
    // What a clinician may not read is refused, and the rest answered.
    let shows = BIRTHS.replace(" migrationStatus", "");
    mutate(client, "registerBirth", types, &shows, &arguments).await
}

/// Somebody who lies in a bed of a shelter in whose spaces of that segment so many cots are free at least.
async fn in_a_bed(world: &World) -> (Uuid, String) {
    let statement = "SELECT stays.person_id, shelters.code FROM stays JOIN beds ON beds.id = bed_id JOIN spaces ON spaces.id = space_id \
                         JOIN shelters ON shelters.id = spaces.shelter_id JOIN persons ON persons.id = stays.person_id \
                     WHERE ended_at IS NULL AND adult_from < '2022-01-01' AND segment = 'FAMILY_NUCLEUS' \
                         AND NOT EXISTS (SELECT FROM care_records WHERE person_id = persons.id) \
                         AND (SELECT count(*) FROM beds AS cot WHERE cot.space_id = spaces.id AND suits @> '{COT}' AND NOT occupied \
                             AND blocked_for IS NULL AND hold_id IS NULL) BETWEEN 2 AND 40 \
                         AND NOT EXISTS (SELECT FROM stays AS other JOIN beds AS used ON used.id = other.bed_id \
                             WHERE used.space_id = spaces.id AND used.suits @> '{COT}' AND other.began_at > '2022-01-30') \
                     ORDER BY stays.person_id LIMIT 1";
    let row = world.database().await.query_one(statement, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn number(world: &World, statement: &str) -> i64 {
    world.database().await.query_one(statement, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_are_registered_in_their_mothers_household_and_lodge_with_her() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let (mother, shelter) = in_a_bed(&world).await;
    let recorded = record(&clinician, mother, json!({"dueOn": "2022-02-10"})).await;
    let pregnancy = at(&recorded, "data.recordPregnancy.pregnancy.id").clone();
    let document = "query($id: ID!) { node(id: $id) { ... on Person { familyNames segment kinship household { id version } shelter { code } } } }";
    let before = clinician.run(document, json!({"id": person(mother)})).await;
    let before = at(&before, "data.node").clone();
    let (people, occupied) = (
        number(&world, "SELECT count(*) FROM persons").await,
        number(&world, "SELECT sum(occupied)::bigint FROM spaces").await,
    );

    let arguments = json!({
        "mother": person(mother), "occurredAt": "2022-01-31T12:30:00Z", "idempotencyKey": fresh_key(),
        "newborns": [
            {"givenNames": "Ozwazul", "sex": "FEMALE", "weightGrams": 2480},
            {"givenNames": "Ti Frè", "familyNames": "Ozwazul Cadet", "sex": "MALE"},
        ],
    });
    let first = register(&clinician, arguments.clone()).await;
    assert_eq!(outcome(&first), "RegisterBirthPayload", "{first}");
    assert_eq!(register(&clinician, arguments).await, first, "sent again, it is answered");
    let births = at(&first, "data.registerBirth.births").as_array().unwrap();
    assert_eq!(births.len(), 2);
    let kinship =
        if matches!(before["kinship"].as_str(), Some("HEAD" | "PARTNER")) { "CHILD" } else { "RELATIVE" };
    for (place, birth) in births.iter().enumerate() {
        let newborn = &birth["newborn"];
        let expected = json!({
            "id": birth["id"], "bornAt": "2022-01-31T12:30:00Z", "order": place + 1,
            "weightGrams": if place == 0 { json!(2480) } else { Json::Null }, "lodging": "COT", "mother": {"id": person(mother)},
            "pregnancy": {"id": pregnancy, "ending": "BIRTH", "version": 2},
            "newborn": {
                "id": newborn["id"], "code": newborn["code"], "givenNames": (["Ozwazul", "Ti Frè"][place]),
                "familyNames": if place == 0 { before["familyNames"].clone() } else { json!("Ozwazul Cadet") },
                "birthDate": "2022-01-31", "sex": (["FEMALE", "MALE"][place]), "nationality": "MEX", "kinship": kinship, "minor": true,
                "arrivedOn": "2022-01-31", "segment": before["segment"], "bedNeeds": ["COT"], "shelter": {"code": shelter},
                "household": {"id": at(&before, "household.id")},
                "stays": [{"endedAt": null, "bed": {"suits": at(newborn, "stays.0.bed.suits")}}],
                "episodes": [{"arrivedOn": "2022-01-31", "endedOn": null}], "assessments": [], "birth": {"id": birth["id"]},
            },
        });
        assert_eq!(birth, &expected);
        assert!(at(newborn, "stays.0.bed.suits").as_array().unwrap().contains(&json!("COT")));
    }
    // They are persons and take beds; but they count as births, and nobody arrived.
    assert_eq!(number(&world, "SELECT count(*) FROM persons").await, people + 2);
    assert_eq!(number(&world, "SELECT sum(occupied)::bigint FROM spaces").await, occupied + 2);
    let entries_of = "SELECT count(*) FROM episodes WHERE NOT EXISTS (SELECT FROM births WHERE births.person_id = episodes.person_id)";
    assert_eq!(number(&world, entries_of).await, 2_767);
    let after = clinician.run(document, json!({"id": person(mother)})).await;
    assert_eq!(
        at(&after, "data.node.household.version").as_i64().unwrap(),
        at(&before, "household.version").as_i64().unwrap() + 1
    );

    // The coordinator finds them as anyone, and reads nothing of the birth.
    let coordinator = asking(&world, COORDINATOR);
    let search = "{ personSearch(name: \"Ozwazul\", birthDate: \"2022-01-31\") { id } }";
    let found = coordinator.query(search).await;
    assert_eq!(at(&found, "data.personSearch").as_array().map(Vec::len), Some(2), "{found}");
    let document = format!(
        "{{ node(id: {}) {{ ... on Person {{ givenNames birth {{ weightGrams }} }} }} }}",
        births[0]["newborn"]["id"]
    );
    let hidden = coordinator.query(&document).await;
    assert_eq!(
        (at(&hidden, "data.node.birth"), codes(&hidden)),
        (&Json::Null, vec!["FIELD_FORBIDDEN".to_owned()])
    );
    assert_eq!(at(&hidden, "data.node.givenNames"), "Ozwazul");

    // Each newborn has a key of their own, and the entry tells of each and of the mother by class.
    for birth in births {
        let newborn = enlace_schema::GlobalId::parse(birth["newborn"]["id"].as_str().unwrap()).unwrap().uuid;
        let keys = world.keys().await;
        let held = keys.query("SELECT FROM person_keys WHERE person_id = $1", &[&newborn]).await.unwrap();
        assert_eq!(held.len(), 1);
        let entry = entries(&world, "health.registerBirth", newborn).await.swap_remove(0);
        let classes = entry["classes"].as_array().unwrap();
        for class in ["FAMILY", "HEALTH", "IDENTITY", "PLACEMENT"] {
            assert!(classes.contains(&json!(class)), "{entry}");
        }
    }
    let row = world
        .database()
        .await
        .query_one(
            "SELECT (SELECT string_agg(encode(record, 'escape'), '') FROM births) || (SELECT string_agg(t::text, '') FROM idempotency_keys t) \
                 || (SELECT string_agg(delivery_id::text || born_at, '') FROM births), (SELECT string_agg(t::text, '') FROM births t)",
            &[],
        )
        .await
        .unwrap();
    let (sealed, rows): (String, String) = (row.get(0), row.get(1));
    assert!(
        !sealed.contains("Ozwazul") && !rows.contains(&mother.to_string()),
        "no row joins a newborn to the mother"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_birth_is_registered_by_clinicians_alone_and_never_drops_where_the_newborn_lodges() {
    let world = World::start().await;
    let clinician = asking(&world, CLINICIAN);
    let someone = others(&world).await[0];
    let newborn = json!([{"givenNames": "Ozwazul", "sex": "FEMALE", "weightGrams": 3100}]);

    // No pregnancy was recorded: one is, that ends with the birth. Where no cot is free, the newborn is with the mother.
    let block =
        "UPDATE beds SET blocked_for = 'Broken' WHERE suits @> '{COT}' AND NOT occupied AND hold_id IS NULL";
    world.database().await.batch_execute(block).await.unwrap();
    let born = register(&clinician, json!({"mother": person(someone), "newborns": newborn})).await;
    let birth = at(&born, "data.registerBirth.births.0");
    assert_eq!(
        (&birth["lodging"], at(birth, "pregnancy.ending")),
        (&json!("WITH_MOTHER"), &json!("BIRTH")),
        "{born}"
    );
    assert!(at(birth, "newborn.shelter.code").is_string() && at(birth, "newborn.stays") == &json!([]));
    let nowhere =
        "SELECT id FROM persons WHERE shelter_id IS NULL AND adult_from < '2022-01-01' ORDER BY id LIMIT 1";
    let nowhere: Uuid = world.database().await.query_one(nowhere, &[]).await.unwrap().get(0);
    let born = register(&clinician, json!({"mother": person(nowhere), "newborns": newborn})).await;
    assert_eq!(at(&born, "data.registerBirth.births.0.lodging"), "ELSEWHERE", "{born}");

    let try_with = |more: Json| {
        let mut arguments = json!({"mother": person(someone), "newborns": newborn});
        for (name, value) in more.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        arguments
    };
    for (more, argument) in [
        (json!({"newborns": []}), "newborns"),
        (json!({"newborns": [{"givenNames": " ", "sex": "MALE"}]}), "newborns.0.givenNames"),
        (
            json!({"newborns": [{"givenNames": "Ti", "sex": "MALE", "weightGrams": 100}]}),
            "newborns.0.weightGrams",
        ),
        (json!({"occurredAt": "2022-02-01T00:00:00Z"}), "occurredAt"),
        (json!({"occurredAt": "2021-12-01T00:00:00Z"}), "occurredAt"),
        (json!({"mother": person(Uuid::from_u128(7))}), "mother"),
    ] {
        let refused = register(&clinician, try_with(more.clone())).await;
        assert_eq!(at(&refused, "data.registerBirth.argument"), argument, "{more} {refused}");
    }
    let lead = asking(&world, super::LEAD);
    for other in [asking(&world, COORDINATOR), lead] {
        let refused = register(&other, try_with(json!({}))).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
        assert_eq!(at(&refused, "errors.0.extensions.policy"), "birth-clinicians-only");
    }
    // The verb gives no right to write anybody's identity.
    let document = "mutation($person: ID!, $key: String!) { updatePerson(person: $person, version: 1, \
        identity: {givenNames: \"X\", birthDate: \"2022\", sex: MALE, nationality: \"HTI\"}, idempotencyKey: $key) { __typename } }";
    let refused = clinician.run(document, json!({"person": person(someone), "key": fresh_key()})).await;
    assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
    assert_eq!(codes(&register(&world.client(CLINICIAN.0), try_with(json!({}))).await), ["PURPOSE_REQUIRED"]);
    world.stop().await;
}

/// The demonstration's births, of pregnancies of its people.
#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_has_births_that_are_no_entries() {
    let world = World::start().await;
    let born = number(&world, "SELECT count(*) FROM births").await;
    assert!((3..12).contains(&born), "{born}");
    assert_eq!(number(&world, "SELECT count(*) FROM persons").await, 2_767 + born);
    let recorded = number(&world, "SELECT count(*) FROM care_records").await;
    assert!(recorded > born + 10, "most pregnancies last: {recorded}");
    let clinician = asking(&world, CLINICIAN);
    let document = "query($id: ID!) { node(id: $id) { ... on Birth { id bornAt lodging newborn { household { id } } \
        mother { household { id } pregnancies { endedAt } } pregnancy { endedAt ending births { id } } } } }";
    for row in world.database().await.query("SELECT id FROM births", &[]).await.unwrap() {
        let id = enlace_tests::id("birth", row.get(0));
        let answer = clinician.run(document, json!({"id": id})).await;
        let birth = at(&answer, "data.node");
        assert_eq!(at(birth, "newborn.household"), at(birth, "mother.household"), "{answer}");
        let ended = json!({"endedAt": birth["bornAt"], "ending": "BIRTH", "births": [{"id": id}]});
        assert_eq!(
            (&birth["pregnancy"], at(birth, "mother.pregnancies.0.endedAt")),
            (&ended, &birth["bornAt"])
        );
    }
    world.stop().await;
}
