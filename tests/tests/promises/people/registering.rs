//! Households that arrive: registered in one request, by whom and where the table has it, sealed, and once.

use enlace_tests::{Client, World, at, codes, fresh_key, id, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::sharing::entries;
use super::{asking, key, person_id};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");
const PARTNER: (&str, &str) = ("NGO_LETRAS_EN_CAMINO/partner", "EDUCATION");

const REGISTER: &str = "mutation($household: ID, $shelter: ID, $arrivedOn: Date, $members: [NewMember!]!, $at: DateTime, $key: String!) {
  registerHousehold(household: $household, shelter: $shelter, arrivedOn: $arrivedOn, members: $members, occurredAt: $at, idempotencyKey: $key) {
    __typename ... on RegisterHouseholdPayload { household { id code arrivedOn pickupCode shelter { code } members { id code kinship } } }
    ... on Problem { code message } ... on NotFound { argument } ... on InvalidValue { argument } } }";

const PERSONS: &str = "query($household: ID!) { persons(household: $household) { nodes {
  id code givenNames familyNames birthDate birthYear minor sex nationality languages documents curp photograph arrivedOn kinship
  maritalStatus migrationStatus migrationProcedure segment bedNeeds consents { purpose givenAt endsAt recipient { code } } } } }";

/// A mother with what can be known of her, and her child with the least that is asked for.
async fn members(world: &World) -> Json {
    json!([
        {
            "id": person_id(Uuid::now_v7()),
            "identity": {
                "givenNames": "Wislande Zulmé", "familyNames": "Pétit-Homme Dézilien", "birthDate": "1991-08-20", "sex": "FEMALE",
                "nationality": "HTI", "languages": ["ht", "fr"], "documents": ["PASSPORT HTI ZZ-000917"], "curp": "PEDW910820MNETZS02",
                "photograph": "fotos/zz-000917",
            },
            "family": {"kinship": "HEAD", "maritalStatus": "WIDOWED"},
            "migration": {"status": "ASYLUM_SEEKER", "procedure": "COMAR-ZZ-44"},
            "placement": {"segment": "FAMILY_NUCLEUS", "bedNeeds": ["LOWER_BED"]},
            "consents": [
                {"id": id("consent", Uuid::now_v7()), "recipient": agency(world, PARTNER.0).await, "purpose": "EDUCATION"},
                {"recipient": agency(world, "ACNUR/donor").await, "purpose": "PROTECTION", "endsAt": "2022-03-31T12:00:00Z"},
            ],
        },
        {
            "identity": {"givenNames": "Ti Zulmé", "birthDate": "2019", "sex": "MALE", "nationality": "CHL"},
            "family": {"kinship": "CHILD"},
            "placement": {"segment": "FAMILY_NUCLEUS"},
        },
    ])
}

/// The id of a caller's agency.
async fn agency(world: &World, caller: &str) -> Json {
    let agencies = world.public().query("{ agencies { id code } }").await;
    let code = caller.split('/').next().unwrap();
    let agencies = at(&agencies, "data.agencies").as_array().unwrap().clone();
    agencies.iter().find(|agency| agency["code"] == code).unwrap()["id"].clone()
}

async fn shelter(world: &World, code: &str) -> Json {
    let shelters = world.public().query("{ shelters { id code } }").await;
    let shelters = at(&shelters, "data.shelters").as_array().unwrap().clone();
    shelters.iter().find(|shelter| shelter["code"] == code).unwrap()["id"].clone()
}

/// Whether a person is as they were stated, class by class.
fn is_as_stated(person: &Json, stated: &Json) {
    for class in ["identity", "family", "migration", "placement"] {
        for (name, value) in stated[class].as_object().unwrap_or_else(|| panic!("no {class}")) {
            let field = match name.as_str() {
                "status" => "migrationStatus",
                "procedure" => "migrationProcedure",
                same => same,
            };
            assert_eq!(&person[field], value, "{name}");
        }
    }
}

async fn register(client: &Client, variables: &Json) -> Json {
    let mut variables = variables.clone();
    if variables["key"].is_null() {
        variables["key"] = json!(fresh_key());
    }
    client.run(REGISTER, variables).await
}

/// The people of a household, the head first.
async fn persons(client: &Client, household: &Json) -> Vec<Json> {
    let answer = client.run(PERSONS, json!({"household": household})).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let mut persons = at(&answer, "data.persons.nodes").as_array().unwrap().clone();
    persons.sort_by_key(|person| person["kinship"] != "HEAD");
    persons
}

/// How many rows tell of people, and how many keys there are.
async fn counts(world: &World) -> (Vec<i64>, i64) {
    let statement = "SELECT (SELECT count(*) FROM households), (SELECT count(*) FROM persons), (SELECT count(*) FROM consents), \
                     (SELECT count(*) FROM journal_entries WHERE operation = 'census.registerHousehold')";
    let row = world.database().await.query_one(statement, &[]).await.unwrap();
    let keys = world.keys().await.query_one("SELECT count(*) FROM person_keys", &[]).await.unwrap();
    ((0..row.len()).map(|place| row.get(place)).collect(), keys.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_registered_in_one_request_and_read_as_it_was_stated() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let (household, members) = (id("household", Uuid::now_v7()), members(&world).await);
    let known = "SELECT count(*) FROM persons";
    let known: i64 = world.database().await.query_one(known, &[]).await.unwrap().get(0);
    let answer = register(
        &coordinator,
        &json!({
            "household": household, "shelter": shelter(&world, "ALB-01").await, "arrivedOn": "2022-01-29", "members": members,
            "at": "2022-01-30T18:00:00Z",
        }),
    )
    .await;
    assert_eq!(outcome(&answer), "RegisterHouseholdPayload", "{answer}");
    let registered = at(&answer, "data.registerHousehold.household");
    assert_eq!((&registered["id"], &registered["arrivedOn"]), (&json!(household), &json!("2022-01-29")));
    assert_eq!(
        (&registered["code"], at(registered, "shelter.code")),
        (&json!("HOG-000923"), &json!("ALB-01"))
    );
    assert_eq!(registered["pickupCode"].as_str().unwrap().len(), 8);

    let found = persons(&coordinator, &json!(household)).await;
    let [mother, child] = found.as_slice() else { panic!("{found:?}") };
    let stated = &members[0];
    is_as_stated(mother, stated);
    assert_eq!((&mother["code"], &mother["minor"]), (&json!(format!("PER-{:06}", known + 1)), &json!(false)));
    let mut consents = mother["consents"].as_array().unwrap().clone();
    consents.sort_by_key(|consent| consent["purpose"].to_string());
    let expected = json!([
        {"purpose": "EDUCATION", "givenAt": "2022-01-30T18:00:00Z", "endsAt": null, "recipient": {"code": "NGO_LETRAS_EN_CAMINO"}},
        {"purpose": "PROTECTION", "givenAt": "2022-01-30T18:00:00Z", "endsAt": "2022-03-31T12:00:00Z", "recipient": {"code": "ACNUR"}},
    ]);
    assert_eq!(json!(consents), expected);
    let plain = json!({
        "id": child["id"], "code": format!("PER-{:06}", known + 2), "givenNames": "Ti Zulmé", "familyNames": null, "birthDate": "2019", "birthYear": 2019,
        "minor": true, "sex": "MALE", "nationality": "CHL", "languages": [], "documents": [], "curp": null, "photograph": null,
        "arrivedOn": "2022-01-29", "kinship": "CHILD", "maritalStatus": null, "migrationStatus": null, "migrationProcedure": null,
        "segment": "FAMILY_NUCLEUS", "bedNeeds": [], "consents": [],
    });
    assert_eq!(child, &plain);

    // What she agreed to is felt at once; of her child nothing was.
    let partner = asking(&world, PARTNER);
    let document = "query($household: ID!) { persons(household: $household) { nodes { id givenNames } } }";
    let shared = partner.run(document, json!({"household": household})).await;
    let expected = json!([{"id": mother["id"], "givenNames": stated["identity"]["givenNames"]}]);
    assert_eq!((at(&shared, "data.persons.nodes"), codes(&shared).len()), (&expected, 0));

    // The journal tells it as what each agreed to and stated, person by person.
    let entry = entries(&world, "census.registerHousehold", key(&child["id"])).await.swap_remove(0);
    assert_eq!(entry["classes"], json!(["CONSENT", "FAMILY", "IDENTITY", "MIGRATION", "PLACEMENT"]));
    assert_eq!(entry["subjectCount"], 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_or_in_another_order_comes_to_the_same() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let (one, other) = (id("household", Uuid::now_v7()), id("household", Uuid::now_v7()));
    let first = json!({"household": one, "members": members(&world).await, "key": fresh_key()});
    let second = json!({"household": other, "members": members(&world).await, "key": fresh_key()});
    let (before, keys) = counts(&world).await;

    // Both in one request, as a tablet sends what it gathered; then again the other way round.
    let field = |alias: &str| {
        let fields =
            "__typename ... on RegisterHouseholdPayload { household { id } } ... on Problem { code message }";
        format!(
            "{alias}: registerHousehold(household: ${alias}_household, members: ${alias}_members, idempotencyKey: ${alias}_key) {{ {fields} }}"
        )
    };
    let parameters = |alias: &str| {
        format!("${alias}_household: ID, ${alias}_members: [NewMember!]!, ${alias}_key: String!")
    };
    let document = |order: [&str; 2]| {
        let [first, second] = order;
        format!("mutation({}, {}) {{ {} {} }}", parameters("a"), parameters("b"), field(first), field(second))
    };
    let variables = json!({
        "a_household": first["household"], "a_members": first["members"], "a_key": first["key"],
        "b_household": second["household"], "b_members": second["members"], "b_key": second["key"],
    });
    for order in [["a", "b"], ["b", "a"]] {
        let answer = coordinator.run(&document(order), variables.clone()).await;
        assert_eq!(at(&answer, "data.a.household.id"), &json!(one), "{answer}");
        assert_eq!(at(&answer, "data.b.household.id"), &json!(other), "{answer}");
    }
    let after =
        (before.iter().zip([2, 4, 4, 2]).map(|(count, more)| count + more).collect::<Vec<_>>(), keys + 4);
    assert_eq!(counts(&world).await, after);

    // With the key of another body, and with another key.
    let other_body = json!({"household": one, "members": second["members"], "key": first["key"]});
    assert_eq!(outcome(&register(&coordinator, &other_body).await), "IdempotencyConflict");
    let mut again = first.clone();
    again["key"] = json!(fresh_key());
    assert_eq!(outcome(&register(&coordinator, &again).await), "StateConflict");
    again["household"] = Json::Null;
    assert_eq!(outcome(&register(&coordinator, &again).await), "StateConflict", "its members are registered");
    assert_eq!(counts(&world).await, after);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_by_its_place() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let before = counts(&world).await;
    let nobody = id("agency", Uuid::from_u128(7));
    for (pointer, value, argument) in [
        ("/members/1/family/kinship", json!("HEAD"), "members"),
        ("/members/0/family/kinship", json!("PARTNER"), "members"),
        ("/members", json!([]), "members"),
        ("/arrivedOn", json!("2022-02-01"), "arrivedOn"),
        ("/at", json!("2022-02-01T00:00:00Z"), "occurredAt"),
        ("/shelter", json!(id("shelter", Uuid::from_u128(7))), "shelter"),
        ("/members/0/identity/givenNames", json!(" "), "members.0.identity.givenNames"),
        ("/members/0/identity/familyNames", json!("a\nb"), "members.0.identity.familyNames"),
        ("/members/1/identity/birthDate", json!("2022-02-01"), "members.1.identity.birthDate"),
        ("/members/1/identity/birthDate", json!("1805"), "members.1.identity.birthDate"),
        ("/members/0/identity/nationality", json!("Haiti"), "members.0.identity.nationality"),
        ("/members/0/identity/languages", json!(["Kreyòl"]), "members.0.identity.languages"),
        ("/members/0/identity/curp", json!("PEDW910820MNETZS03"), "members.0.identity.curp"),
        ("/members/0/identity/birthDate", json!("1991-08-21"), "members.0.identity.curp"),
        ("/members/0/identity/photograph", json!("x"), "members.0.identity.photograph"),
        ("/members/0/migration/procedure", json!(""), "members.0.migration.procedure"),
        ("/members/0/consents/1/recipient", json!(nobody), "members.0.consents.1.recipient"),
        ("/members/0/consents/1/givenAt", json!("2022-02-01T00:00:00Z"), "members.0.consents.1.givenAt"),
        ("/members/0/consents/1/endsAt", json!("2022-01-01T00:00:00Z"), "members.0.consents.1.endsAt"),
    ] {
        let mut variables =
            json!({"members": members(&world).await, "arrivedOn": null, "at": null, "shelter": null});
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        variables.pointer_mut(parent).unwrap()[name] = value;
        let answer = register(&coordinator, &variables).await;
        assert_eq!(at(&answer, "data.registerHousehold.argument"), argument, "{pointer} {answer}");
    }
    // The same consent twice is the database's to refuse.
    let mut variables = json!({"members": members(&world).await});
    variables["members"][0]["consents"][1]["recipient"] =
        variables["members"][0]["consents"][0]["recipient"].clone();
    variables["members"][0]["consents"][1]["purpose"] = json!("EDUCATION");
    assert_eq!(outcome(&register(&coordinator, &variables).await), "StateConflict");
    assert_eq!(counts(&world).await.0, before.0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_registered_by_whom_and_where_the_table_has_it() {
    let world = World::start().await;
    let [own, other] = [shelter(&world, "ALB-01").await, shelter(&world, "ALB-02").await];
    let before = counts(&world).await;
    let lead = asking(&world, LEAD);
    let mut plain = members(&world).await;
    plain[0].as_object_mut().unwrap().remove("migration");
    for variables in [
        json!({"members": plain, "shelter": other}),
        json!({"members": plain}),
        // MIGRATION is not a shelter's to write.
        json!({"members": members(&world).await, "shelter": own}),
    ] {
        assert_eq!(codes(&register(&lead, &variables).await), ["FORBIDDEN"], "{variables}");
    }
    let unstated = world.client(LEAD.0);
    let stated = json!({"members": plain, "shelter": own});
    assert_eq!(codes(&register(&unstated, &stated).await), ["PURPOSE_REQUIRED"]);
    for outsider in [
        "ISESALUD/clinician",
        "INEA/educator",
        "CNDH/witness",
        "DIF_MUNICIPAL/administrator",
        "NGO_LETRAS_EN_CAMINO/partner",
    ] {
        let answer = register(&world.client(outsider).stating("RECEPTION"), &stated).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{outsider} {answer}");
    }
    assert_eq!(counts(&world).await, before, "what is refused leaves no trace, and no key");
    let answer = register(&lead, &stated).await;
    assert_eq!(outcome(&answer), "RegisterHouseholdPayload", "{answer}");
    let household = at(&answer, "data.registerHousehold.household");
    assert_eq!(household["members"].as_array().unwrap().len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_lies_sealed_and_whose_key_is_destroyed_gets_no_other() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let members = members(&world).await;
    let variables = json!({"members": members, "household": id("household", Uuid::now_v7())});
    let answer = register(&coordinator, &variables).await;
    assert_eq!(outcome(&answer), "RegisterHouseholdPayload", "{answer}");
    let database = world.database().await;
    for table in ["persons", "households", "consents", "journal_entries", "idempotency_keys"] {
        let statement = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        let held: String = database.query_one(&statement, &[]).await.unwrap().get(0);
        for text in ["Wislande", "Zulm", "PEDW910820MNETZS02", "ZZ-000917", "COMAR-ZZ-44", "WIDOWED"] {
            let hidden = text.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
            assert!(!held.contains(text) && !held.contains(&hidden), "{table} holds {text}");
        }
    }

    let mother = key(&members[0]["id"]);
    let keys = world.keys().await;
    assert_eq!(keys.execute("DELETE FROM person_keys WHERE person_id = $1", &[&mother]).await.unwrap(), 1);
    let again = json!({"members": members});
    assert_eq!(outcome(&register(&coordinator, &again).await), "StateConflict");
    let document = "query($id: ID!) { node(id: $id) { ... on Person { givenNames curp documents } } }";
    let erased = coordinator.run(document, json!({"id": members[0]["id"]})).await;
    assert_eq!(
        at(&erased, "data.node"),
        &json!({"givenNames": null, "curp": null, "documents": null}),
        "{erased}"
    );
    assert_eq!(codes(&erased), Vec::<String>::new());
    world.stop().await;
}

/// A household has one head, who is a member of it: the database holds that when a transaction ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_household_has_one_head_of_its_own() {
    let world = World::start().await;
    let database = world.database().await;
    for broken in [
        "UPDATE households SET head_id = (SELECT id FROM persons WHERE household_id <> households.id ORDER BY id LIMIT 1)",
        "UPDATE persons SET household_id = (SELECT id FROM households WHERE id <> household_id ORDER BY id LIMIT 1)",
        "UPDATE households SET head_id = gen_random_uuid()",
        "UPDATE households SET head_id = NULL",
    ] {
        assert!(database.execute(broken, &[]).await.is_err(), "{broken}");
    }
    let statement = "SELECT count(*) FROM households JOIN persons ON persons.id = head_id AND household_id = households.id";
    let heads: i64 = database.query_one(statement, &[]).await.unwrap().get(0);
    assert_eq!(heads, 922);
    world.stop().await;
}
