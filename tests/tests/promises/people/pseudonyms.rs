//! What a witness is told of people: everything but who they are, by pseudonyms that are its agency's alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use enlace_schema::GlobalId;
use enlace_tests::{Client, World, at, codes, fresh_key};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{asking, key, listed};

const WITNESSES: [&str; 2] = ["CNDH/witness", "CEDH/witness"];

fn witness(world: &World, caller: &str) -> Client {
    asking(world, (caller, "OVERSIGHT"))
}

/// The keys of everyone and of everything by which someone could be recognised.
async fn real_keys(world: &World) -> HashSet<Uuid> {
    let rows = world
        .database()
        .await
        .query(
            "SELECT id FROM persons UNION ALL SELECT id FROM households UNION ALL SELECT id FROM consents \
             UNION ALL SELECT id FROM referrals UNION ALL SELECT id FROM custody_transfers UNION ALL SELECT id FROM assessments UNION ALL SELECT id FROM diagnoses UNION ALL SELECT id FROM visits \
             UNION ALL SELECT id FROM prescriptions UNION ALL SELECT id FROM dispensings UNION ALL SELECT id FROM medical_referrals \
             UNION ALL SELECT id FROM care_records UNION ALL SELECT id FROM births \
             UNION ALL SELECT id FROM enrolments UNION ALL SELECT id FROM attendances UNION ALL SELECT id FROM school_places \
             UNION ALL SELECT id FROM revalidations UNION ALL SELECT id FROM dwellings UNION ALL SELECT id FROM dwelling_visits \
             UNION ALL SELECT id FROM leases UNION ALL SELECT id FROM tenancies UNION ALL SELECT id FROM donors UNION ALL SELECT id FROM break_glass_accesses",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The keys that a text holds: as global ids, as UUIDs, and in whatever is encoded in it, as cursors are.
fn keys_in(text: &str) -> HashSet<Uuid> {
    let mut found = HashSet::new();
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-".contains(letter)) {
        found.extend(GlobalId::parse(word).map(|id| id.uuid));
        found.extend(Uuid::parse_str(word).ok());
        let decoded = URL_SAFE_NO_PAD.decode(word).unwrap_or_default();
        found.extend(decoded.windows(16).map(|bytes| Uuid::from_slice(bytes).unwrap()));
    }
    found
}

/// Everything that a witness can ask of people.
const DOCUMENTS: &[&str] = &[
    "{ persons(first: 60) { totalCount edges { cursor node { id code givenNames familyNames birthDate birthYear minor sex
        nationality languages documents curp photograph arrivedOn kinship maritalStatus migrationStatus migrationProcedure segment bedNeeds
        household { id code arrivedOn members { id } } shelter { code }
        consents { id purpose givenAt person { id } recipient { code } }
        referrals { id purpose legalBasis state person { id } } assessments { id risk }
        enrolments { id course level person { id } attendances { id } } schoolPlaces { id level } revalidations { id state } } } pageInfo { startCursor endCursor } } }",
    "{ households(last: 60) { nodes { id code members { id givenNames sex } shelter { code } }
        pageInfo { startCursor endCursor } } }",
    "{ referrals(first: 60) { edges { cursor node { id purpose person { id household { id } } } } } }",
    "{ custodyTransfers(first: 60) { edges { cursor node { id purpose sender { code } person { id household { id } } } } } }",
    "{ journal(first: 500) { edges { cursor node { index operation actor subjects { person } breakGlass { id person reason } } } } }",
    "{ breakGlassAccesses { edges { cursor node { id person user reason openedAt endsAt } } } }",
    "{ dwellings(first: 60) { edges { cursor node { id code address district rent visits { id fit } leases { id state tenancies { id share
        tenant { id givenNames } household { id code } } } } } } }",
    "{ leases(last: 60) { edges { cursor node { id rent dwelling { id code address } renewals { id } } } } }",
    "{ donationItems(first: 200) { edges { cursor node { code donorReference donor { id kind name contact } } } } }",
    "{ accessProfile { coordinates { coordinate policies } } viewer { subject roles } }",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_to_a_witness_holds_a_real_id_or_a_name() {
    let world = World::start().await;
    let clinician = asking(&world, ("ISESALUD/clinician", "HEALTH_CARE"));
    let page = clinician
        .query("{ persons(first: 60) { nodes { id code givenNames familyNames household { id code } } } }")
        .await;
    let open = "mutation($person: ID!, $key: String!) {
        breakGlass(person: $person, reason: \"Collapsed at the gate, and nobody knows her\", minutes: 5, idempotencyKey: $key) { __typename } }";
    let mut sockets = Vec::new();
    for caller in WITNESSES {
        let mut socket = world.socket_stating(caller, "OVERSIGHT").await;
        socket
            .follow("s", "subscription { breakGlassOpened { access { id person reason agency { code } } } }")
            .await;
        sockets.push(socket);
    }
    let person = at(&page, "data.persons.nodes.0.id");
    clinician.run(open, json!({"person": person, "key": fresh_key()})).await;
    clinician.query("{ persons(first: 20) { nodes { id givenNames } } }").await;

    let real = real_keys(&world).await;
    assert!(real.len() > 10_000);
    let (mut known, mut notices) = (Vec::new(), Vec::new());
    for (caller, socket) in WITNESSES.iter().zip(&mut sockets) {
        let client = witness(&world, caller);
        let notice = socket.event().await.to_string();
        let mut texts = vec![notice.clone()];
        notices.push(notice);
        for document in DOCUMENTS {
            let answer = client.query(document).await;
            for error in answer["errors"].as_array().unwrap_or(&Vec::new()) {
                assert_eq!(at(error, "extensions.code"), "FIELD_FORBIDDEN", "{error}");
            }
            texts.push(answer.to_string());
        }
        // What it was told of leads on, and gives away no more.
        let pseudonyms: HashSet<Uuid> = texts.iter().flat_map(|text| keys_in(text)).collect();
        let ids =
            texts.iter().flat_map(|text| text.split('"').filter_map(GlobalId::parse).collect::<Vec<_>>());
        let by_kind: BTreeMap<String, GlobalId> = ids.map(|id| (id.kind.clone(), id)).collect();
        for kind in [
            "person",
            "household",
            "consent",
            "referral",
            "custody_transfer",
            "enrolment",
            "dwelling",
            "lease",
            "tenancy",
            "donor",
            "break_glass",
        ] {
            let id = &by_kind[kind];
            let answer = client
                .run("query($id: ID!) { node(id: $id) { __typename id } }", json!({"id": id.to_string()}))
                .await;
            assert_eq!(at(&answer, "data.node.id"), &json!(id.to_string()), "{kind}: {answer}");
            texts.push(answer.to_string());
        }
        for text in &texts {
            let leaked: Vec<Uuid> = keys_in(text).intersection(&real).copied().collect();
            assert!(leaked.is_empty(), "{caller}: {leaked:?}");
            assert!(!text.contains("Collapsed"), "the reason may name the person");
            for person in at(&page, "data.persons.nodes").as_array().unwrap() {
                for secret in [&person["code"], at(person, "household.code")]
                    .into_iter()
                    .filter(|code| code.is_string())
                {
                    assert!(!text.contains(&format!("{secret}")), "{caller} reads {secret}");
                }
            }
        }
        known.push(pseudonyms);
    }
    // One document, one event, and no byte of it shared.
    assert_ne!(notices[0], notices[1]);
    let shared: Vec<&Uuid> = known[0].intersection(&known[1]).collect();
    let of_people: Vec<_> = shared.iter().filter(|key| real.contains(**key)).collect();
    assert!(of_people.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_reads_everything_but_who_people_are() {
    let world = World::start().await;
    let client = witness(&world, "CNDH/witness");
    let answer = client.query(DOCUMENTS[0]).await;
    let refused: BTreeSet<&str> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|error| at(error, "extensions.policy") == "always-witness-knows-nobody")
        .map(|error| at(error, "extensions.coordinate").as_str().unwrap())
        .collect();
    let expected = [
        "Household.code",
        "Person.birthDate",
        "Person.code",
        "Person.curp",
        "Person.documents",
        "Person.familyNames",
        "Person.givenNames",
        "Person.migrationProcedure",
        "Person.photograph",
    ];
    assert_eq!(refused, expected.into());
    let rows = at(&answer, "data.persons.edges").as_array().unwrap();
    let adults: Vec<&Json> =
        rows.iter().map(|row| &row["node"]).filter(|node| node["minor"] == false).collect();
    assert!(adults.len() > 20);
    for node in adults {
        for name in [
            "code",
            "givenNames",
            "familyNames",
            "birthDate",
            "documents",
            "curp",
            "photograph",
            "migrationProcedure",
        ] {
            assert!(node[name].is_null(), "{name}");
        }
        for name in ["birthYear", "sex", "nationality", "arrivedOn", "kinship", "migrationStatus", "segment"]
        {
            assert!(!node[name].is_null(), "{name}: {node}");
        }
    }
    // Health is told in aggregates alone.
    let health = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|error| at(error, "extensions.coordinate") == "Person.assessments");
    assert_eq!(at(health.unwrap(), "extensions.policy"), "default-deny");
    // Nor is it told where people live, or who gave.
    let told_apart: [(&str, &[&str]); 2] = [
        ("{ dwellings", &["Dwelling.address", "Dwelling.code", "Household.code", "Person.givenNames"]),
        ("{ donationItems", &["DonationItem.donorReference", "Donor.contact", "Donor.name"]),
    ];
    for (root, expected) in told_apart {
        let document = DOCUMENTS.iter().find(|document| document.starts_with(root)).unwrap();
        let answer = client.query(document).await;
        let refused: BTreeSet<&str> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| at(error, "extensions.coordinate").as_str().unwrap())
            .collect();
        assert_eq!(refused, expected.iter().copied().collect());
    }
    let without = world.client("CNDH/witness").query("{ persons { totalCount } }").await;
    assert_eq!(codes(&without), ["PURPOSE_REQUIRED"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pseudonym_is_stable_and_leads_back_for_its_own_witness_alone() {
    let world = World::start().await;
    let real = listed(&asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"))).await;
    let [national, state] = WITNESSES.map(|caller| witness(&world, caller));
    let (one, other) = (listed(&national).await, listed(&state).await);
    assert_eq!((one.len(), other.len()), (real.len(), real.len()), "paging leaves nobody out");
    assert!(one.is_disjoint(&other) && one.is_disjoint(&real) && other.is_disjoint(&real));
    assert_eq!(listed(&national).await, one);
    // Another process of the deployment knows them by the same.
    let sibling = world.sibling().await;
    assert_eq!(listed(&sibling.client(&world.token("CNDH/witness")).stating("OVERSIGHT")).await, one);
    sibling.stop().await;

    let node = async |client: &Client, key: Uuid| {
        let document =
            "query($id: ID!) { node(id: $id) { id ... on Person { birthYear household { id } } } }";
        at(&client.run(document, json!({"id": super::person_id(key)})).await, "data.node").clone()
    };
    let pseudonym = *one.first().unwrap();
    let found = node(&national, pseudonym).await;
    assert_eq!(key(&found["id"]), pseudonym);
    assert_eq!(node(&state, pseudonym).await, json!(null), "another witness's");
    assert_eq!(node(&national, *real.first().unwrap()).await, json!(null), "a real id");
    let of_coordinator = node(&asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION")), pseudonym).await;
    assert_eq!(of_coordinator, json!(null), "a pseudonym to those who know ids");

    // A filter takes a pseudonym, and none that is not the caller's.
    let members = async |client: &Client, household: &Json| {
        let document = "query($household: ID) { persons(household: $household) { totalCount nodes { household { id } } } }";
        at(&client.run(document, json!({"household": household})).await, "data.persons").clone()
    };
    let household = at(&found, "household.id");
    let own = members(&national, household).await;
    assert!(own["totalCount"].as_i64().unwrap() > 0);
    assert!(own["nodes"].as_array().unwrap().iter().all(|node| at(node, "household.id") == household));
    assert_eq!(members(&state, household).await["totalCount"], 0);
    let real_household: Uuid =
        world.database().await.query_one("SELECT id FROM households LIMIT 1", &[]).await.unwrap().get(0);
    assert_eq!(
        members(&national, &json!(enlace_tests::id("household", real_household))).await["totalCount"],
        0
    );
    world.stop().await;
}

/// Two witnesses could lay their lists side by side.
#[tokio::test(flavor = "multi_thread")]
async fn neither_the_order_nor_a_cursor_links_what_two_witnesses_see() {
    let world = World::start().await;
    for (root, fields) in [
        ("persons", "arrivedOn birthYear sex nationality segment"),
        ("households", "arrivedOn"),
        ("referrals", "openedAt"),
    ] {
        let document = format!("{{ {root}(first: 300) {{ edges {{ cursor node {{ {fields} }} }} }} }}");
        let mut seen = Vec::new();
        for caller in WITNESSES {
            let page = witness(&world, caller).query(&document).await;
            let edges = at(&page, &format!("data.{root}.edges")).as_array().unwrap().clone();
            let cursors: HashSet<String> = edges.iter().map(|edge| edge["cursor"].to_string()).collect();
            let nodes: Vec<Json> = edges.iter().map(|edge| edge["node"].clone()).collect();
            seen.push((cursors, nodes));
        }
        assert!(seen[0].0.is_disjoint(&seen[1].0), "{root}: the same cursor");
        // Chance alone puts the same into a place.
        let places = seen[0].1.iter().zip(&seen[1].1).filter(|(one, other)| one == other).count();
        assert!(places < seen[0].1.len() / 5, "{root}: {places} of {} places hold the same", seen[0].1.len());
    }
    // Nor is one witness's cursor another's, and backward is the reverse of forward.
    let page = |from: &str| {
        format!("{{ persons({from}) {{ nodes {{ id }} pageInfo {{ startCursor endCursor }} }} }}")
    };
    let [national, state] = WITNESSES.map(|caller| witness(&world, caller));
    let first = national.query(&page("first: 10")).await;
    let cursor = at(&first, "data.persons.pageInfo.endCursor");
    assert_eq!(codes(&state.query(&page(&format!("first: 10, after: {cursor}"))).await), ["INVALID_CURSOR"]);
    let second = national.query(&page(&format!("first: 10, after: {cursor}"))).await;
    let start = at(&second, "data.persons.pageInfo.startCursor");
    let back = national.query(&page(&format!("last: 10, before: {start}"))).await;
    assert_eq!(at(&back, "data.persons.nodes"), at(&first, "data.persons.nodes"));
    world.stop().await;
}

/// A witness's reads are in the journal too (R9), which each reads by its own pseudonyms.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_witness_reads_is_in_the_journal() {
    let world = World::start().await;
    let [national, state] = WITNESSES.map(|caller| witness(&world, caller));
    let page = national.query("{ persons(first: 7) { nodes { id sex } } }").await;
    let read: BTreeSet<Uuid> =
        at(&page, "data.persons.nodes").as_array().unwrap().iter().map(|node| key(&node["id"])).collect();
    let document = "query($person: ID) { journal(operation: \"journal.read\", person: $person) { nodes {
        purpose roles subjectCount agency { code } subjects { person } } } }";
    let entries = async |client: &Client, person: Json| {
        at(&client.run(document, json!({"person": person})).await, "data.journal.nodes")
            .as_array()
            .unwrap()
            .clone()
    };
    let began = std::time::Instant::now();
    while entries(&national, Json::Null).await.is_empty() {
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "it is not in the journal");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let subjects = |entry: &Json| -> BTreeSet<Uuid> {
        entry["subjects"].as_array().unwrap().iter().map(|subject| key(&subject["person"])).collect()
    };
    let own = entries(&national, Json::Null).await.swap_remove(0);
    assert_eq!(
        (at(&own, "agency.code"), &own["purpose"], &own["roles"]),
        (&json!("CNDH"), &json!("OVERSIGHT"), &json!(["witness"]))
    );
    assert_eq!((&own["subjectCount"], subjects(&own)), (&json!(7), read.clone()));
    let of_other = subjects(&entries(&state, Json::Null).await[0]);
    let known = subjects(&entries(&world.client("DIF_MUNICIPAL/coordinator"), Json::Null).await[0]);
    assert!(of_other.len() == 7 && known.len() == 7);
    assert!(of_other.is_disjoint(&read) && known.is_disjoint(&read) && known.is_disjoint(&of_other));

    // It is searched by the caller's own pseudonym alone.
    let person = |key: Uuid| json!(super::person_id(key));
    assert_eq!(entries(&national, person(*read.first().unwrap())).await.len(), 1);
    for stranger in [*known.first().unwrap(), *of_other.first().unwrap()] {
        assert!(entries(&national, person(stranger)).await.is_empty());
    }
    world.stop().await;
}
