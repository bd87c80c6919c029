//! What people ask of their own data (R20): a clock in working days, one way forward, blocking before erasure, and two to erase.

use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::TokenRequest;
use enlace_tests::{Client, Scratch, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::journal::every_leaf_stands;
use crate::reference::grant;

use super::sharing::{COORDINATOR, PARTNER, beyond, entries, give};
use super::{asking, key, listed, person_id};

const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");
const ELSEWHERE: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-02", "RECEPTION");
const CLINICIAN: (&str, &str) = ("ISESALUD/clinician", "HEALTH_CARE");
const WITNESS: (&str, &str) = ("CNDH/witness", "OVERSIGHT");

const REQUEST: &str = "id version kind askedBy proof receivedOn state dueOn carryOutBy overdue extensionReason ground answerReason \
    erasureAskedAt carriedOutAt handedOver rectifiedVersion person { id } consents { id withdrawnAt }";

/// Asks a mutation, whose arguments are given but for the key; its payload's request is shown.
async fn ask(client: &Client, root: &str, arguments: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let key = fresh_key();
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{key}\") {{ __typename \
         ... on {payload} {{ arcoRequest {{ {REQUEST} }} }} ... on Problem {{ code message }} ... on InvalidValue {{ argument }} }} }}"
    );
    client.query(&document).await
}

/// The request in a payload.
pub(super) fn request(answer: &Json) -> &Json {
    let request = at(answer, "data.x.arcoRequest");
    assert!(request["id"].is_string(), "{answer}");
    request
}

/// What a step of a request came to, with the request where it was taken.
pub(super) async fn step(client: &Client, root: &str, request: &Json, more: &str) -> Json {
    let arguments = format!("arcoRequest: {}, version: {}{more}", request["id"], request["version"]);
    ask(client, root, &arguments).await
}

pub(super) async fn record(client: &Client, person: Uuid, kind: &str, more: &str) -> Json {
    let person = person_id(person);
    let arguments =
        format!("person: \"{person}\", kind: {kind}, askedBy: PERSON, proof: \"Expediente 14/2022\"{more}");
    ask(client, "recordArcoRequest", &arguments).await
}

/// An adult who lodges in a shelter and is no head of a household.
async fn lodger(world: &World, shelter: &str) -> Uuid {
    let statement = "SELECT persons.id FROM persons JOIN households ON households.id = household_id \
                     JOIN shelters ON shelters.id = persons.shelter_id \
                     WHERE shelters.code = $1 AND head_id <> persons.id AND adult_from < '2022-01-01' ORDER BY persons.id LIMIT 1";
    world.database().await.query_one(statement, &[&shelter]).await.unwrap().get(0)
}

async fn overdue(client: &Client, more: &str) -> Vec<Json> {
    let answer =
        client.query(&format!("{{ arcoRequests({more}) {{ totalCount nodes {{ id overdue }} }} }}")).await;
    let nodes = at(&answer, "data.arcoRequests.nodes").as_array().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(at(&answer, "data.arcoRequests.totalCount"), nodes.len());
    nodes.iter().map(|node| node["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_runs_its_clock_in_working_days_and_goes_forward_alone() {
    let world = World::start().await;
    let database = world.database().await;
    let after = async |day: &str, days: i32| -> String {
        let statement = "SELECT working_day_after($1::text::date, $2)::text";
        database.query_one(statement, &[&day, &days]).await.unwrap().get(0)
    };
    // Over weekends and the days off of February and March 2022.
    assert_eq!(after("2022-01-31", 20).await, "2022-03-01");
    assert_eq!(after("2022-01-31", 30).await, "2022-03-15");
    assert_eq!(after("2022-03-15", 15).await, "2022-04-06");
    assert_eq!(after("2022-02-04", 1).await, "2022-02-08");

    let (coordinator, lead) = (asking(&world, COORDINATOR), asking(&world, LEAD));
    let person = lodger(&world, "ALB-01").await;
    let future = record(&lead, person, "ACCESS", ", receivedOn: \"2099-01-01\"").await;
    assert_eq!(outcome(&future), "InvalidValue", "{future}");
    let other = record(&lead, person, "ACCESS", ", consents: []").await;
    assert_eq!(outcome(&other), "RecordArcoRequestPayload", "none named are none: {other}");
    let asked = record(&lead, person, "ACCESS", "").await;
    let first = request(&asked).clone();
    let day = first["receivedOn"].as_str().unwrap();
    assert_eq!(first["dueOn"], json!(after(day, 20).await));
    assert_eq!(
        (&first["state"], &first["overdue"], &first["version"]),
        (&json!("RECEIVED"), &json!(false), &json!(1))
    );
    assert_eq!(
        (&first["proof"], &first["person"]["id"]),
        (&json!("Expediente 14/2022"), &json!(person_id(person)))
    );

    // A lead takes requests of people in its own shelters, and decides none.
    assert_eq!(outcome(&record(&asking(&world, ELSEWHERE), person, "ACCESS", "").await), "NotFound");
    assert!(overdue(&asking(&world, ELSEWHERE), "first: 9").await.is_empty());
    let decided = step(&lead, "answerArcoRequest", &first, ", granted: true").await;
    assert_eq!((at(&decided, "data.x"), codes(&decided)), (&Json::Null, vec!["FORBIDDEN".to_owned()]));
    // Others have nothing to do with it; a witness sees how far it is, and no text.
    let refused = asking(&world, CLINICIAN).query("{ arcoRequests { nodes { state } } }").await;
    assert_eq!(codes(&refused), ["FIELD_FORBIDDEN"]);
    let seen = asking(&world, WITNESS)
        .query("{ arcoRequests { nodes { id state dueOn proof person { id } } } }")
        .await;
    let nodes = at(&seen, "data.arcoRequests.nodes").as_array().unwrap();
    assert!(nodes.iter().all(|node| node["state"] == "RECEIVED"
        && node["proof"].is_null()
        && node["dueOn"] == first["dueOn"]));
    assert!(
        nodes.len() == 2
            && nodes
                .iter()
                .all(|node| node["id"] != first["id"] && node["person"]["id"] != json!(person_id(person)))
    );
    assert_eq!(codes(&seen), ["FIELD_FORBIDDEN"]);

    steps(&world, &first, [&after(day, 30).await, &after(day, 15).await]).await;
    waits_too_long(&coordinator, &lead, (person, &first["id"])).await;
    world.stop().await;
}

/// The steps of a request for access, each in its turn and no other; the last days that follow from them are these.
async fn steps(world: &World, first: &Json, [longer, carried]: [&str; 2]) {
    // More time once, by the version that was seen; then the answer, and what is to be done.
    let coordinator = asking(world, COORDINATOR);
    let mut stale = first.clone();
    stale["version"] = json!(7);
    assert_eq!(
        outcome(&step(&coordinator, "extendArcoRequest", &stale, ", reason: \"otro archivo\"").await),
        "VersionConflict"
    );
    let extended = step(&coordinator, "extendArcoRequest", first, ", reason: \"Está en otro archivo\"").await;
    let extended = request(&extended).clone();
    assert_eq!((&extended["state"], &extended["dueOn"]), (&json!("EXTENDED"), &json!(longer)));
    assert_eq!(extended["extensionReason"], "Está en otro archivo");
    assert_eq!(
        outcome(&step(&coordinator, "extendArcoRequest", &extended, ", reason: \"y otro\"").await),
        "StateConflict"
    );
    for wrong in [
        ", granted: false",
        ", granted: true, ground: NOT_HELD",
        ", granted: false, ground: NOT_HELD",
        ", granted: false, ground: NOT_HELD, reason: \"x\"",
    ] {
        assert_eq!(
            outcome(&step(&coordinator, "answerArcoRequest", &extended, wrong).await),
            "InvalidValue",
            "{wrong}"
        );
    }
    assert_eq!(
        outcome(&step(&coordinator, "carryOutArcoRequest", &extended, ", note: \"en mano\"").await),
        "StateConflict"
    );
    let granted = step(&coordinator, "answerArcoRequest", &extended, ", granted: true").await;
    let granted = request(&granted).clone();
    assert_eq!((&granted["state"], &granted["carryOutBy"]), (&json!("GRANTED"), &json!(carried)));
    assert_eq!(
        outcome(&step(&coordinator, "answerArcoRequest", &granted, ", granted: true").await),
        "StateConflict"
    );
    for wrong in ["", ", note: \"x\"", ", note: \"en mano\", personVersion: 9"] {
        assert_eq!(
            outcome(&step(&coordinator, "carryOutArcoRequest", &granted, wrong).await),
            "InvalidValue",
            "{wrong}"
        );
    }
    assert_eq!(
        outcome(&step(&coordinator, "askErasure", &granted, "").await),
        "StateConflict",
        "of a cancellation alone"
    );
    let done =
        step(&coordinator, "carryOutArcoRequest", &granted, ", note: \"Copia entregada en mano\"").await;
    let done = request(&done).clone();
    assert_eq!(
        (&done["state"], &done["handedOver"], &done["version"]),
        (&json!("CARRIED_OUT"), &json!("Copia entregada en mano"), &json!(4))
    );
    assert_eq!(entries(world, "census.carryOutArcoRequest", key(at(first, "person.id"))).await.len(), 1);
}

/// A request whose time is over, beside one that is done.
async fn waits_too_long(coordinator: &Client, lead: &Client, (person, done): (Uuid, &Json)) {
    // What waits too long is found, is not extended any more, and can still be answered.
    let late = record(coordinator, person, "ACCESS", ", receivedOn: \"2021-11-01\"").await;
    let late = request(&late).clone();
    assert_eq!((&late["overdue"], &late["dueOn"]), (&json!(true), &json!("2021-11-29")));
    assert_eq!(overdue(lead, "overdue: true").await, [late["id"].clone()]);
    assert_eq!(overdue(lead, "overdue: false").await.len(), 2);
    assert_eq!(overdue(lead, "state: CARRIED_OUT, kind: ACCESS").await, std::slice::from_ref(done));
    assert_eq!(
        outcome(&step(coordinator, "extendArcoRequest", &late, ", reason: \"olvidada\"").await),
        "StateConflict"
    );
    let refused = step(
        coordinator,
        "answerArcoRequest",
        &late,
        ", granted: false, ground: NOT_PROVED, reason: \"Sin poder notarial\"",
    )
    .await;
    let refused = request(&refused).clone();
    assert_eq!(
        (&refused["state"], &refused["ground"], &refused["answerReason"]),
        (&json!("REFUSED"), &json!("NOT_PROVED"), &json!("Sin poder notarial"))
    );
    assert!(overdue(lead, "overdue: true").await.is_empty());
    assert_eq!(
        outcome(&step(coordinator, "carryOutArcoRequest", &refused, ", note: \"en mano\"").await),
        "StateConflict"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opposition_ends_the_consents_it_names_and_a_rectification_names_its_version() {
    let world = World::start().await;
    let (coordinator, partner) = (asking(&world, COORDINATOR), asking(&world, PARTNER));
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let given = give(&world, &coordinator, person, "NGO_LETRAS_EN_CAMINO", "EDUCATION").await;
    let consent = at(&given, "data.giveConsent.consent.id").clone();
    assert!(listed(&partner).await.contains(&person));
    for wrong in ["", ", consents: []"] {
        let answer = record(&coordinator, person, "OPPOSITION", wrong).await;
        assert_eq!(at(&answer, "data.x.argument"), "consents", "{answer}");
    }
    let names = format!(", consents: [{consent}]");
    assert_eq!(outcome(&record(&coordinator, person, "ACCESS", &names).await), "InvalidValue");
    let other = beyond(&world, LEAD, PARTNER).await;
    if other != person {
        assert_eq!(
            outcome(&record(&coordinator, other, "OPPOSITION", &names).await),
            "InvalidValue",
            "it is of somebody else"
        );
    }
    let asked = record(&coordinator, person, "OPPOSITION", &names).await;
    let asked = request(&asked).clone();
    assert_eq!(asked["consents"], json!([{"id": consent, "withdrawnAt": null}]));
    assert_eq!(
        outcome(&record(&coordinator, person, "OPPOSITION", &names).await),
        "InvalidValue",
        "it is opposed already"
    );
    let granted = step(&coordinator, "answerArcoRequest", &asked, ", granted: true").await;
    assert!(listed(&partner).await.contains(&person), "until it is carried out");
    let done = step(&coordinator, "carryOutArcoRequest", request(&granted), "").await;
    assert!(request(&done)["consents"][0]["withdrawnAt"].is_string(), "{done}");
    assert!(!listed(&partner).await.contains(&person));

    let asked = record(&coordinator, person, "RECTIFICATION", "").await;
    let granted = step(&coordinator, "answerArcoRequest", request(&asked), ", granted: true").await;
    let granted = request(&granted).clone();
    let read = "query($id: ID!) { node(id: $id) { ... on Person { version } } }";
    let version = at(&coordinator.run(read, json!({"id": person_id(person)})).await, "data.node.version")
        .as_i64()
        .unwrap();
    for wrong in
        [String::new(), format!(", personVersion: {version}"), format!(", personVersion: {}", version + 1)]
    {
        assert_eq!(
            outcome(&step(&coordinator, "carryOutArcoRequest", &granted, &wrong).await),
            "InvalidValue",
            "{wrong}"
        );
    }
    let updated = update(&coordinator, person, version).await;
    assert_eq!(outcome(&updated), "UpdatePersonPayload", "{updated}");
    let done =
        step(&coordinator, "carryOutArcoRequest", &granted, &format!(", personVersion: {}", version + 1))
            .await;
    assert_eq!(request(&done)["rectifiedVersion"], version + 1);
    world.stop().await;
}

async fn update(client: &Client, person: Uuid, version: i64) -> Json {
    let document = "mutation($person: ID!, $version: Int!, $key: String!) {
      updatePerson(person: $person, version: $version, placement: {segment: SINGLE_WOMEN}, idempotencyKey: $key) {
        __typename ... on UpdatePersonPayload { person { version } } ... on Problem { message } } }";
    client.run(document, json!({"person": person_id(person), "version": version, "key": fresh_key()})).await
}

/// Another user who holds the coordinator's role.
fn second(world: &World) -> Client {
    let request = TokenRequest {
        agency: "DIF_MUNICIPAL".into(),
        roles: vec!["coordinator".into()],
        shelters: Vec::new(),
        user: Some("dif_municipal.donation_coordinator".into()),
        ttl: Duration::from_hours(1),
    };
    let token = world.issuer.mint(&request, Utc::now()).unwrap();
    Client::new(world.address, Some(token)).stating("RECEPTION")
}

async fn node(client: &Client, person: Uuid) -> Json {
    let document =
        "query($id: ID!) { node(id: $id) { ... on Person { id givenNames kinship withheld version } } }";
    let answer = client.run(document, json!({"id": person_id(person)})).await;
    at(&answer, "data.node").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_cancellation_blocks_and_two_users_erase() {
    let scratch = Scratch::with_programme().await;
    grant(&scratch, "dif_municipal.donation_coordinator", "coordinator").await;
    let world = World::with().start_on(scratch).await;
    let (coordinator, second) = (asking(&world, COORDINATOR), second(&world));
    let person = lodger(&world, "ALB-01").await;
    let given = give(&world, &coordinator, person, "NGO_LETRAS_EN_CAMINO", "EDUCATION").await;
    assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
    let everyone = listed(&coordinator).await;
    let mut partner = world.socket_stating(PARTNER.0, PARTNER.1).await;
    partner.follow("s", "subscription { peopleChanged { people { id } gone { id } } }").await;
    let known = node(&coordinator, person).await;
    assert!(known["givenNames"].is_string() && known["withheld"].is_null(), "{known}");
    assert_eq!(
        outcome(&update(&coordinator, person, known["version"].as_i64().unwrap()).await),
        "UpdatePersonPayload"
    );
    let told = partner.event().await;
    assert_eq!(at(&told, "payload.data.peopleChanged.people.0.id"), &json!(person_id(person)));

    let asked = record(&asking(&world, LEAD), person, "CANCELLATION", "").await;
    let granted = step(&coordinator, "answerArcoRequest", request(&asked), ", granted: true").await;
    let granted = request(&granted).clone();
    // Blocked: nobody but the coordinator sees or changes them, and those who followed lose sight of them.
    let told = partner.event().await;
    assert_eq!(
        at(&told, "payload.data.peopleChanged"),
        &json!({"people": [], "gone": [{"id": person_id(person)}]})
    );
    for caller in [LEAD, CLINICIAN, PARTNER] {
        let client = asking(&world, caller);
        assert!(!listed(&client).await.contains(&person), "{caller:?}");
        assert_eq!(node(&client, person).await, Json::Null, "{caller:?}");
    }
    let members = "{ households(first: 500) { nodes { members { id } } } }";
    let members = asking(&world, CLINICIAN).query(members).await;
    assert!(!members.to_string().contains(&person_id(person)), "not by their household either");
    assert_eq!(listed(&asking(&world, WITNESS)).await.len(), everyone.len() - 1);
    let blocked = node(&coordinator, person).await;
    assert_eq!((&blocked["withheld"], &blocked["givenNames"]), (&json!("BLOCKED"), &known["givenNames"]));
    let version = blocked["version"].as_i64().unwrap();
    assert_eq!(outcome(&update(&asking(&world, LEAD), person, version).await), "NotFound");
    assert_eq!(outcome(&update(&coordinator, person, version).await), "UpdatePersonPayload");
    assert!(
        at(
            &asking(&world, LEAD).query("{ arcoRequests { nodes { state person { id } } } }").await,
            "data.arcoRequests.nodes.0.person"
        )
        .is_null()
    );

    // Erased by two, and by nobody alone.
    assert_eq!(outcome(&step(&coordinator, "carryOutArcoRequest", &granted, "").await), "StateConflict");
    assert_eq!(outcome(&step(&coordinator, "erasePerson", &granted, "").await), "StateConflict");
    let to_erase = step(&coordinator, "askErasure", &granted, "").await;
    let to_erase = request(&to_erase).clone();
    assert!(to_erase["erasureAskedAt"].is_string());
    assert_eq!(outcome(&step(&coordinator, "erasePerson", &to_erase, "").await), "StateConflict");
    let lead = step(&asking(&world, LEAD), "erasePerson", &to_erase, "").await;
    assert_eq!(codes(&lead), ["FORBIDDEN"]);
    let erased = step(&second, "erasePerson", &to_erase, "").await;
    assert_eq!(
        (&request(&erased)["state"], &request(&erased)["proof"]),
        (&json!("CARRIED_OUT"), &Json::Null)
    );

    // What was known of them is unreadable and counts still; the journal stands, byte by byte.
    let gone = node(&coordinator, person).await;
    assert_eq!(
        (&gone["withheld"], &gone["givenNames"], &gone["kinship"]),
        (&json!("ERASED"), &Json::Null, &Json::Null)
    );
    assert_eq!(listed(&coordinator).await, everyone);
    let keys =
        world.keys().await.query("SELECT FROM person_keys WHERE person_id = $1", &[&person]).await.unwrap();
    assert!(keys.is_empty());
    let database = world.database().await;
    let tokens = database.query("SELECT FROM person_tokens WHERE person_id = $1", &[&person]).await.unwrap();
    assert!(tokens.is_empty());
    assert_eq!(entries(&world, "census.updatePerson", person).await.len(), 2);
    assert_eq!(entries(&world, "census.erasePerson", person).await[0]["subjectCount"], 1);
    assert!(every_leaf_stands(&database).await > 5);
    // And nothing more is kept of them.
    let refused = update(&coordinator, person, gone["version"].as_i64().unwrap()).await;
    assert_eq!(codes(&refused), ["FORBIDDEN"]);
    let refused = give(&world, &coordinator, person, "ACNUR", "PROTECTION").await;
    assert_eq!(codes(&refused), ["FORBIDDEN"]);
    assert_eq!(outcome(&record(&coordinator, person, "ACCESS", "").await), "StateConflict");
    world.stop().await;
}
