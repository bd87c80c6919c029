//! The journal as a query: each filter chooses what it says and nothing else, page by page, within what its reader may see.

use std::collections::BTreeSet;
use std::time::Duration;

use enlace_tests::{Client, World, at, codes, fresh_key};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The arguments with their types, by the names of the variables.
const ARGUMENTS: [(&str, &str, &str); 12] = [
    ("agency", "agency", "ID"),
    ("actor", "actor", "ID"),
    ("operation", "operation", "String"),
    ("capability", "capability", "String"),
    ("class", "class", "String"),
    ("person", "person", "ID"),
    ("from", "recordedFrom", "DateTime"),
    ("before", "recordedBefore", "DateTime"),
    ("first", "first", "Int"),
    ("after", "after", "String"),
    ("last", "last", "Int"),
    ("back", "before", "String"),
];

const SHOWN: &str = "totalCount nodes { index operation actor agency { id code } classes recordedAt policyVersion purpose document subjectCount
      refusals { code } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

/// A document with the arguments that these variables fill, and no others: to give one is to ask by it.
fn document(variables: &Json) -> String {
    let given: Vec<_> = ARGUMENTS.iter().filter(|(name, ..)| variables.get(*name).is_some()).collect();
    if given.is_empty() {
        return format!("{{ journal {{ {SHOWN} }} }}");
    }
    let declared: Vec<String> = given.iter().map(|(name, _, of)| format!("${name}: {of}")).collect();
    let passed: Vec<String> =
        given.iter().map(|(name, argument, _)| format!("{argument}: ${name}")).collect();
    format!("query({}) {{ journal({}) {{ {SHOWN} }} }}", declared.join(", "), passed.join(", "))
}

const SUBJECTS: &str = "{ journal(first: 500) { nodes { index subjects { person } } } }";

async fn read(client: &Client, variables: Json) -> Json {
    let answer = client.run(&document(&variables), variables).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    at(&answer, "data.journal").clone()
}

async fn entries(client: &Client, variables: Json) -> Vec<Json> {
    let mut variables = variables;
    variables["first"] = json!(500);
    read(client, variables).await["nodes"].as_array().unwrap().clone()
}

fn indexes(entries: &[Json]) -> Vec<i64> {
    entries.iter().map(|entry| entry["index"].as_str().unwrap().parse().unwrap()).collect()
}

/// Who reads what of people here, and for what; each asks another document.
const READERS: [(&str, &str, &str); 3] = [
    ("INEA/educator", "EDUCATION", "{ persons(first: 3) { nodes { id givenNames } } }"),
    ("OIM/adviser", "PROTECTION", "{ persons(first: 2) { nodes { id migrationStatus kinship } } }"),
    ("ISESALUD/clinician", "HEALTH_CARE", "{ persons(first: 4) { nodes { id assessments { risk } } } }"),
];

/// A world in which every kind of entry was made by several; with how many there are.
async fn busy() -> (World, usize) {
    let world = World::start().await;
    for (caller, purpose, document) in READERS {
        let answer = world.client(caller).stating(purpose).query(document).await;
        assert_eq!(codes(&answer), Vec::<String>::new(), "{caller}: {answer}");
    }
    for (caller, shelter) in
        [("DIF_MUNICIPAL/coordinator", "ALB-02"), ("DIF_MUNICIPAL/shelter_lead@ALB-01", "ALB-01")]
    {
        let space = world.spaces(shelter).await.swap_remove(0);
        assert_eq!(
            enlace_tests::outcome(&world.client(caller).adjust(&space, 1).await),
            "AdjustOccupancyPayload"
        );
    }
    let goods = world.goods("food").await;
    let moved =
        world.client("DIF_MUNICIPAL/donation_coordinator").run(enlace_tests::MOVE, goods.transfer(1)).await;
    assert_eq!(enlace_tests::outcome(&moved), "MoveStockPayload");
    let revoke = "mutation($key: String!) { revokeToken(jti: \"gone\", expiresAt: \"2100-01-01T00:00:00Z\", idempotencyKey: $key) {
        __typename } }";
    let revoked = world.client("DIF_MUNICIPAL/administrator").run(revoke, json!({"key": fresh_key()})).await;
    assert_eq!(enlace_tests::outcome(&revoked), "RevokeTokenPayload");
    let refused =
        world.client("SEDENA/kitchen").stating("RECEPTION").query("{ persons { totalCount } }").await;
    assert_eq!(codes(&refused), ["FIELD_FORBIDDEN"]);
    let count = READERS.len() + 2 + 1 + 1 + 1;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    for _ in 0..500 {
        if entries(&coordinator, json!({})).await.len() == count {
            return (world, count);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:#?}", entries(&coordinator, json!({})).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_chooses_what_it_says_and_nothing_else() {
    let (world, count) = busy().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    let all = entries(&coordinator, json!({})).await;
    assert_eq!(indexes(&all), (0..i64::try_from(count).unwrap()).collect::<Vec<_>>(), "gapless and in order");
    let shown = coordinator.query(SUBJECTS).await;
    let subjects: Vec<BTreeSet<String>> = at(&shown, "data.journal.nodes")
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let subjects = entry["subjects"].as_array().unwrap();
            subjects.iter().map(|subject| subject["person"].as_str().unwrap().to_owned()).collect()
        })
        .collect();

    let of = |name: &str, path: &str| -> BTreeSet<String> {
        let values = all.iter().flat_map(|entry| match at(entry, path) {
            Json::Array(values) => values.clone(),
            value => vec![value.clone()],
        });
        let found: BTreeSet<String> = values.filter_map(|value| value.as_str().map(str::to_owned)).collect();
        assert!(found.len() > 2, "{name} tells few apart: {found:?}");
        found
    };
    let mut tried = 0;
    for (name, path) in [
        ("agency", "agency.id"),
        ("actor", "actor"),
        ("operation", "operation"),
        ("class", "classes"),
        ("from", "recordedAt"),
        ("before", "recordedAt"),
    ] {
        for value in of(name, path) {
            let fits = |entry: &&Json| match (name, at(entry, path)) {
                ("from", recorded) => recorded.as_str() >= Some(value.as_str()),
                ("before", recorded) => recorded.as_str() < Some(value.as_str()),
                (_, Json::Array(values)) => values.contains(&json!(value)),
                (_, found) => *found == json!(value),
            };
            let expected: Vec<Json> = all.iter().filter(fits).cloned().collect();
            let found = read(&coordinator, json!({name: value, "first": 500})).await;
            assert_eq!(indexes(found["nodes"].as_array().unwrap()), indexes(&expected), "{name}: {value}");
            assert_eq!(found["totalCount"], expected.len(), "{name}: {value}");
            tried += 1;
        }
    }
    for capability in ["shelters", "donations", "journal", "agencies", "census"] {
        let expected = all
            .iter()
            .filter(|entry| entry["operation"].as_str().unwrap().split('.').next() == Some(capability));
        let expected: Vec<Json> = expected.cloned().collect();
        let found = entries(&coordinator, json!({"capability": capability})).await;
        assert_eq!(indexes(&found), indexes(&expected), "{capability}");
    }
    let someone: BTreeSet<&String> = subjects.iter().flatten().collect();
    assert!(someone.len() >= 4);
    for person in someone {
        let found = entries(&coordinator, json!({"person": person})).await;
        let expected: Vec<i64> =
            (0..).zip(&subjects).filter(|(_, told)| told.contains(person)).map(|(index, _)| index).collect();
        assert_eq!(indexes(&found), expected, "{person}");
    }
    // Several at once: each narrows.
    let one = &all[0];
    let narrowed = json!({"agency": at(one, "agency.id"), "operation": "journal.read", "class": "IDENTITY", "capability": "journal"});
    assert_eq!(indexes(&entries(&coordinator, narrowed).await), [0]);
    assert_eq!(
        entries(&coordinator, json!({"agency": at(one, "agency.id"), "capability": "shelters"})).await,
        Vec::<Json>::new()
    );
    for nothing in
        [json!({"operation": "journal"}), json!({"capability": "journal.read"}), json!({"class": "identity"})]
    {
        assert_eq!(entries(&coordinator, nothing.clone()).await, Vec::<Json>::new(), "{nothing}");
    }
    assert!(tried > 20, "{tried}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_pages_join_without_gap_or_repeat_in_both_directions() {
    let (world, count) = busy().await;
    let witness = world.client("CEDH/witness");
    for size in [1, 3, 500] {
        let (mut forward, mut after) = (Vec::new(), Json::Null);
        loop {
            let page = read(&witness, json!({"first": size, "after": after})).await;
            forward.extend(indexes(page["nodes"].as_array().unwrap()));
            after = at(&page, "pageInfo.endCursor").clone();
            if at(&page, "pageInfo.hasNextPage") == false {
                break;
            }
        }
        assert_eq!(forward, (0..i64::try_from(count).unwrap()).collect::<Vec<_>>());
        let (mut backward, mut before) = (Vec::new(), Json::Null);
        loop {
            let page = read(&witness, json!({"last": size, "back": before})).await;
            let mut found = indexes(page["nodes"].as_array().unwrap());
            found.extend(backward);
            backward = found;
            before = at(&page, "pageInfo.startCursor").clone();
            if at(&page, "pageInfo.hasPreviousPage") == false {
                break;
            }
        }
        assert_eq!(backward, forward);
    }
    // A cursor belongs to its filters.
    let page = read(&witness, json!({"first": 1})).await;
    let other = json!({"after": at(&page, "pageInfo.endCursor"), "capability": "shelters"});
    let other = witness.run(&document(&other), other).await;
    assert_eq!(codes(&other), ["INVALID_CURSOR"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_says_who_what_for_which_document_and_under_which_policies() {
    let (world, _) = busy().await;
    let witness = world.client("CNDH/witness");
    let version =
        at(&witness.query("{ viewer { policyVersion } }").await, "data.viewer.policyVersion").clone();
    let reads = entries(&witness, json!({"operation": "journal.read"})).await;
    assert_eq!(reads.len(), READERS.len());
    for ((caller, purpose, document), entry) in READERS.iter().zip(&reads) {
        let digest = Sha256::digest(document)
            .iter()
            .fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        assert_eq!(entry["document"], json!(digest), "{caller}");
        assert_eq!((&entry["purpose"], &entry["policyVersion"]), (&json!(purpose), &version), "{caller}");
        assert_eq!(at(entry, "agency.code"), caller.split('/').next().unwrap());
        assert!(entry["subjectCount"].as_i64().unwrap() > 0 && entry["actor"].is_string());
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_agency_reads_its_own_part_whatever_it_filters_by() {
    let (world, count) = busy().await;
    let all = entries(&world.client("DIF_MUNICIPAL/coordinator"), json!({})).await;
    assert_eq!(entries(&world.client("CNDH/witness"), json!({})).await.len(), count);
    for caller in [
        "INEA/educator",
        "OIM/adviser",
        "ISESALUD/clinician",
        "SEDENA/kitchen",
        "DSPM/officer",
        "DIF_MUNICIPAL/administrator",
    ] {
        let agency = caller.split('/').next().unwrap();
        let client = world.client(caller);
        let own = |entry: &&Json| at(entry, "agency.code") == agency;
        for filter in [
            json!({}),
            json!({"operation": "journal.read"}),
            json!({"class": "IDENTITY"}),
            json!({"capability": "shelters"}),
        ] {
            let expected: BTreeSet<i64> =
                indexes(&entries(&world.client("CNDH/witness"), filter.clone()).await).into_iter().collect();
            let expected: Vec<Json> = all
                .iter()
                .filter(own)
                .filter(|entry| expected.contains(&entry["index"].as_str().unwrap().parse().unwrap()))
                .cloned()
                .collect();
            let found = read(&client, filter.clone()).await;
            assert_eq!(indexes(found["nodes"].as_array().unwrap()), indexes(&expected), "{caller} {filter}");
            assert_eq!(found["totalCount"], expected.len(), "{caller} {filter}");
        }
        // Another agency's part is empty to it, asked for by name.
        for other in all.iter().filter(|entry| !own(entry)) {
            let found = entries(&client, json!({"agency": at(other, "agency.id")})).await;
            assert_eq!(found, Vec::<Json>::new(), "{caller}");
        }
    }
    world.stop().await;
}
