//! What a document may ask for is bounded before it is validated (R15); what no client should send is a client's error (R17).

use std::fmt::Write as _;
use std::time::Duration;

use enlace_tests::{ADJUST, Answer, Client, Goods, MOVE, World, at, codes, fresh_key};
use hyper::{Method, StatusCode};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

/// A request that hangs ends the test; how fast a refusal is, is the benches' affair.
const PATIENCE: Duration = Duration::from_secs(30);

async fn post(client: &Client, document: &str) -> Answer {
    tokio::time::timeout(PATIENCE, client.post(&json!({"query": document}))).await.expect("an answer in time")
}

/// Documents about a bound: one that just keeps it and one that just exceeds it.
fn bounds() -> Vec<(&'static str, u64, String, String)> {
    let each = |count: usize, of: &dyn Fn(usize) -> String| {
        (0..count).fold(String::new(), |mut text, place| {
            write!(text, " {}", of(place)).unwrap();
            text
        })
    };
    let aliases = |count| format!("{{ shelters {{ {} }} }}", each(count, &|place| format!("a{place}: code")));
    let roots = |count| format!("{{ {} }}", each(count, &|_| "viewer { now }".into()));
    let directives =
        |count| format!("{{ shelters {{ {} }} }}", each(count, &|_| "code @include(if: true)".into()));
    // Braces, names: so many tokens; the parser counts the end of the text too.
    let tokens = |count: usize| format!("{{ viewer {{ {} }} }}", each(count - 6, &|_| "now".into()));
    let depth =
        |levels: usize| format!("{{ viewer {{ {} now {}", "... { ".repeat(levels - 2), "} ".repeat(levels));
    let literal = |levels: usize| {
        format!("{{ node(id: {}\"x\"{}) {{ id }} }}", "[".repeat(levels - 1), "]".repeat(levels - 1))
    };
    let fields = |count: usize| {
        // Twenty fields in each of so many spreads, and the root's own.
        let spreads = each(count / 20, &|_| "...F".into());
        let rest = each(count % 20, &|_| "code".into());
        let twenty = each(20, &|_| "code".into());
        format!("{{ shelters {{ {spreads}{rest} }} }} fragment F on Shelter {{ {twenty} }}")
    };
    vec![
        ("aliases", 60, aliases(60), aliases(61)),
        ("rootFields", 30, roots(30), roots(31)),
        ("directives", 60, directives(60), directives(61)),
        ("tokens", 5_000, String::new(), tokens(5_003)),
        ("depth", 12, depth(12), depth(13)),
        ("literalDepth", 8, String::new(), literal(9)),
        ("fields", 2_000, fields(1_999), fields(2_000)),
    ]
}

fn is_too_complex(answer: &Answer, limit: &str, allowed: u64) {
    let said = answer.json();
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{limit}: {said}");
    assert_eq!(codes(&said), ["DOCUMENT_TOO_COMPLEX"], "{limit}: {said}");
    assert_eq!(at(&said, "errors.0.extensions.limit"), limit, "{said}");
    assert_eq!(at(&said, "errors.0.extensions.allowed"), &json!(allowed), "{said}");
    assert!(said.get("data").is_none());
}

async fn goes_on(world: &World) {
    let answer = world.client("SEDENA/kitchen").query("{ shelters { code } }").await;
    assert_eq!(at(&answer, "data.shelters").as_array().map(Vec::len), Some(12), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exceeds_a_bound_is_refused_and_what_keeps_it_is_not() {
    let world = World::start().await;
    for caller in [world.public(), world.client("DIF_MUNICIPAL/coordinator")] {
        for (limit, allowed, keeps, exceeds) in bounds() {
            is_too_complex(&post(&caller, &exceeds).await, limit, allowed);
            if !keeps.is_empty() {
                let answer = post(&caller, &keeps).await;
                assert_eq!(answer.status, StatusCode::OK, "{limit}: {}", answer.json());
            }
        }
    }
    goes_on(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_holds_before_validation_and_on_every_way() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/coordinator");
    for (limit, allowed, _, exceeds) in bounds() {
        // No such field: a document that were validated would be DOCUMENT_INVALID.
        let invalid = exceeds
            .replace("code", "noSuchField")
            .replace("shelters", "noSuchRoot")
            .replace("now", "noSuchField");
        is_too_complex(&post(&client, &invalid).await, limit, allowed);
        // Unused, it is still read.
        let (_, body) = exceeds.split_once('{').unwrap();
        let (selection, fragments) = body.split_once(" fragment ").unwrap_or((body, ""));
        let fragments = if fragments.is_empty() { String::new() } else { format!(" fragment {fragments}") };
        let unused = format!("{{ viewer {{ now }} }} fragment Unused on Query {{{selection}{fragments}");
        if limit != "rootFields" {
            let answer = post(&client, &unused).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{limit}");
        }
        // As application/json, where GraphQL's own errors are 200, a limit is none of GraphQL's.
        let json = [("content-type", "application/json"), ("accept", "application/json")];
        let body = json!({"query": exceeds}).to_string();
        is_too_complex(&client.send(Method::POST, "/graphql", &json, body).await, limit, allowed);
        let mut socket = world.socket("SEDENA/kitchen").await;
        socket.subscribe("x", &exceeds).await;
        let refused = socket.event().await;
        assert_eq!(refused["type"], "error", "{limit}: {refused}");
        assert_eq!(at(&refused, "payload.0.extensions.limit"), limit, "{refused}");
    }
    goes_on(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_that_double_are_counted_and_not_followed() {
    let world = World::start().await;
    let client = world.public();
    let mut document = String::from("{ shelters { ...F40 } } fragment F0 on Shelter { code }");
    for level in 1..=40 {
        write!(document, " fragment F{level} on Shelter {{ ...F{0} ...F{0} }}", level - 1).unwrap();
    }
    assert!(document.len() < 2_500);
    is_too_complex(&post(&client, &document).await, "fields", 2_000);
    // With other counters doubled in place of fields.
    for (leaf, limit, allowed) in [("a: code", "fields", 2_000), ("code @skip(if: true)", "fields", 2_000)] {
        let document = document.replace("{ code }", &format!("{{ {leaf} }}"));
        is_too_complex(&post(&client, &document).await, limit, allowed);
    }
    // Deep through fragments: no selection set is deep by itself.
    let mut deep = String::from("{ shelters { ...D0 } } fragment D20 on Shelter { code }");
    for level in 0..20 {
        write!(deep, " fragment D{level} on Shelter {{ spaces {{ shelter {{ ...D{} }} }} }}", level + 1)
            .unwrap();
    }
    is_too_complex(&post(&client, &deep).await, "depth", 12);
    // Round in a circle: that is what validation says.
    let circle = "{ shelters { ...A } } fragment A on Shelter { ...B } fragment B on Shelter { spaces { shelter { ...A } } }";
    let answer = post(&client, circle).await;
    assert_eq!(
        (answer.status, codes(&answer.json())[0].as_str()),
        (StatusCode::BAD_REQUEST, "DOCUMENT_INVALID")
    );
    goes_on(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_arguments_multiply_what_a_document_costs() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/coordinator");
    let document = |rows: &str| {
        format!(
            "query($rows: Int) {{ donationItems(first: {rows}) {{ nodes {{ id stock {{ id lot {{ id name code }} location {{ id code name }} }} }} }} }}"
        )
    };
    assert_eq!(post(&client, &document("20").replace("($rows: Int)", "")).await.status, StatusCode::OK);
    let costly = document("500").replace("($rows: Int)", "").replace(
        "location { id code name }",
        "location { id code name shelter { id spaces { id code segment capacity shelter { id spaces { id code } } } } }",
    );
    is_too_complex(&post(&client, &costly).await, "cost", 100_000);
    // By a variable, from the end, and where several roots add up.
    let by_variable =
        costly.replace("{ donationItems(first: 500)", "query($rows: Int) { donationItems(last: $rows)");
    let answer = client.post(&json!({"query": by_variable, "variables": {"rows": 500}})).await;
    is_too_complex(&answer, "cost", 100_000);
    let small = client.post(&json!({"query": by_variable, "variables": {"rows": 2}})).await;
    assert_eq!(small.status, StatusCode::OK, "{}", small.json());
    let root = "donationItems(first: 500) { nodes { id code name received } edges { cursor node { id code name item } } }";
    let roots = (0..29).fold(String::new(), |mut text, place| {
        write!(text, " r{place}: {root}").unwrap();
        text
    });
    is_too_complex(&post(&client, &format!("{{ {roots} }}")).await, "cost", 100_000);
    goes_on(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_no_request() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/coordinator");
    for count in [1, 2, 1_000] {
        let batch = Json::Array(vec![json!({"query": "{ viewer { now } }"}); count]);
        let answer = client.post(&batch).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(codes(&answer.json()), ["INVALID_REQUEST"]);
    }
    goes_on(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn introspection_has_its_bound_too() {
    let world = World::start().await;
    let nested = "fields { type { fields { type { fields { type { name } } } } } }";
    for document in [
        format!("{{ __schema {{ types {{ {nested} }} }} }}"),
        format!("{{ __type(name: \"Shelter\") {{ {nested} possibleTypes {{ {nested} }} }} }}"),
    ] {
        let answer = post(&world.client("SEDENA/kitchen"), &document).await;
        let said = answer.json();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{said}");
        assert_eq!(codes(&said), ["DOCUMENT_TOO_COMPLEX"], "{said}");
    }
    goes_on(&world).await;
    world.stop().await;
}

/// Sends a body as it is; it must not come out as a fault of the server's.
async fn is_borne(client: &Client, body: &[u8]) {
    let headers = [("content-type", "application/json"), ("accept", "application/graphql-response+json")];
    let sent = client.send(Method::POST, "/graphql", &headers, body.to_vec());
    let answer = tokio::time::timeout(PATIENCE, sent).await.expect("an answer in time");
    let shown = String::from_utf8_lossy(&body[..body.len().min(1_500)]).into_owned();
    assert!(answer.status.as_u16() < 500, "{} for {shown}", answer.status);
    let said = answer.json();
    assert!(!codes(&said).contains(&"INTERNAL".to_owned()), "{said} for {shown}");
    // An answer, or what is wrong with the request.
    assert!(said.get("data").is_some() || !codes(&said).is_empty(), "{said} for {shown}");
}

/// JSON values that some argument or other cannot be.
const STRANGE: &[&str] = &[
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\\u0000""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\ud83d\ude00""#,
    "\"\u{feff}\u{202e}\u{ffff}\"",
    "99999999999999999999999999999999",
    "-99999999999999999999",
    "9223372036854775808",
    "18446744073709551615",
    "2147483648",
    "-2147483649",
    "2147483647",
    "-2147483648",
    "1e400",
    "1e-400",
    "1.5",
    "-0",
    "-0.0",
    "true",
    "null",
    "[]",
    "{}",
    r#"{"\u0000": 1}"#,
    r#"["lot_", ["x"]]"#,
    r#""""#,
    r#""lot_00000000000000000000000000""#,
    r#""lot_7zzzzzzzzzzzzzzzzzzzzzzzzz""#,
    r#""location_7zzzzzzzzzzzzzzzzzzzzzzzzz""#,
    r#""space_7zzzzzzzzzzzzzzzzzzzzzzzzz""#,
    r#""-262143-01-01""#,
    r#""+262142-12-31""#,
    r#""-4713-01-01""#,
    r#""-9999-01-01T00:00:00Z""#,
    r#""-262143-01-01T00:00:00Z""#,
    r#""+262142-12-31T23:59:59Z""#,
    r#""0000-01-01""#,
    r#""0000-01-01T00:00:00Z""#,
    r#""0001-01-01T00:00:00+23:59""#,
    r#""9999-12-31""#,
    r#""9999-12-31T23:59:59.999999999Z""#,
    r#""2022-02-30""#,
    r#""2016-12-31T23:59:60Z""#,
    r#""infinity""#,
    r#""now""#,
    r#""-1 PIECE""#,
    r#""-2147483648 PIECE""#,
    r#""2147483647 PIECE""#,
    r#""99999999999 PIECE""#,
    r#""' OR 1=1 --""#,
    r#""%_\\""#,
];

/// Strange values in the place of each variable of each root in turn; the others are as they should be.
fn strange_variables(space: &Json, goods: &Goods) -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    let lots = "query($category: ID, $location: ID, $donor: ID, $before: Date, $from: Date, $text: String, $order: DonationItemOrder, \
                $first: Int, $after: String) { donationItems(category: $category, location: $location, donor: $donor, \
                expiresBefore: $before, expiresFrom: $from, text: $text, orderBy: $order, first: $first, after: $after) { totalCount nodes { id } } }";
    let roots: [(&str, Json); 5] = [
        (
            ADJUST,
            json!({"space": space["id"], "occupied": 1, "version": space["version"], "at": null, "key": ""}),
        ),
        (MOVE, {
            let mut variables = goods.transfer(1);
            variables["at"] = Json::Null;
            variables
        }),
        (
            lots,
            json!({"category": null, "location": null, "donor": null, "before": null, "from": null, "text": null, "order": null, "first": null, "after": null}),
        ),
        ("query($id: ID!) { node(id: $id) { id } }", json!({"id": ""})),
        (
            "query($id: ID!, $last: Int, $before: String) { stock(location: $id, last: $last, before: $before) { totalCount nodes { id } } }",
            json!({"id": goods.from, "last": null, "before": null}),
        ),
    ];
    for (document, variables) in &roots {
        for name in variables.as_object().unwrap().keys() {
            for value in STRANGE {
                let mut variables = variables.clone();
                if variables.get("key").is_some() {
                    variables["key"] = json!(fresh_key());
                }
                if name == "text" && value.starts_with('"') {
                    variables["order"] = json!("NAME");
                }
                variables[name] = json!("PUT IT HERE");
                let body = json!({"query": document, "variables": variables}).to_string();
                bodies.push(body.replace("\"PUT IT HERE\"", value).into_bytes());
            }
        }
    }
    bodies
}

/// Strange values in the document itself, and strange documents and bodies.
fn strange_documents() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for value in STRANGE {
        for field in [
            format!("node(id: {value}) {{ id }}"),
            format!("donationItems(first: {value}) {{ totalCount }}"),
            format!("donationItems(text: {value}) {{ totalCount }}"),
            format!("donationItems(expiresBefore: {value}) {{ totalCount }}"),
            format!("donationItems(expiresFrom: {value}, after: {value}) {{ totalCount }}"),
            format!("viewer @include(if: {value}) {{ now }}"),
            format!("__type(name: {value}) {{ name }}"),
        ] {
            bodies.push(json!({"query": format!("{{ {field} }}")}).to_string().into_bytes());
        }
    }
    for text in ["\\uD800", "\\u{110000}", "\\u{D800}", "\\u{0}", "\\x", "\\"] {
        bodies
            .push(json!({"query": format!("{{ node(id: \"{text}\") {{ id }} }}")}).to_string().into_bytes());
    }
    let nested = |open: &str, close: &str, times| format!("{}{}", open.repeat(times), close.repeat(times));
    for document in [
        nested("{a", "}", 100_000),
        nested("{a(b:[", "])}", 10_000),
        format!("query($a: {}) {{ a }}", nested("[", "]", 50_000).replace("[]", "[Int]")),
        format!("{{ node(id: {}) {{ id }} }}", nested("{a:", "}", 50_000)),
        "{".repeat(200_000),
        "\"".repeat(99_999),
        "#".repeat(500_000),
        "fragment F on Query { ...F } { ...F }".into(),
        format!("{{ {} }}", "__typename ".repeat(1_000)),
        format!("{{ node(id: \"{}\") {{ id }} }}", "x".repeat(1_000_000)),
        format!("{{ {} }}", "x".repeat(1_000_000)),
        "\u{0}{ viewer { now } }".into(),
        String::new(),
    ] {
        bodies.push(json!({"query": document}).to_string().into_bytes());
    }
    for json in [
        format!("{{\"query\":\"{{a}}\",\"variables\":{}}}", nested("[", "]", 100_000)),
        format!(
            "{{\"query\":\"{{a}}\",\"variables\":{}1{}}}",
            "{\"a\":".repeat(100_000),
            "}".repeat(100_000)
        ),
        format!(
            "{{\"query\":\"query($a: ID!) {{ node(id: $a) {{ id }} }}\",\"variables\":{{\"a\":{}1{}}}}}",
            "[".repeat(120),
            "]".repeat(120)
        ),
        "[".repeat(1_000_000),
    ] {
        bodies.push(json.into_bytes());
    }
    bodies.extend(
        [&b"\xff\xfe"[..], b"{\"query\":\"{ \xc3\x28 }\"}", b"{\"query\":\"\xed\xa0\x80\"}", b"\0", b""]
            .map(<[u8]>::to_vec),
    );
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_client_should_send_is_a_clients_error() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/coordinator");
    let space = world.space().await;
    let goods = world.goods("food").await;
    let bodies = [strange_variables(&space, &goods), strange_documents()].concat();
    for body in &bodies {
        is_borne(&client, body).await;
    }
    assert!(bodies.len() > 1_000);
    goes_on(&world).await;
    world.stop().await;
}

/// Bodies of chance: bytes, JSON, and documents that are nearly GraphQL.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    let json = leaf.prop_recursive(4, 24, 4, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 0..4).prop_map(Json::from),
            prop::collection::hash_map(any::<String>(), part, 0..4)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    });
    let words = vec![
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ":",
        "!",
        "$",
        "@",
        "...",
        "=",
        "|",
        "&",
        "query",
        "mutation",
        "subscription",
        "fragment",
        "on",
        "true",
        "null",
        "shelters",
        "code",
        "spaces",
        "donationItems",
        "nodes",
        "first",
        "after",
        "node",
        "id",
        "viewer",
        "now",
        "Query",
        "Shelter",
        "ID",
        "Int",
        "include",
        "skip",
        "if",
        "\"x\"",
        "\"\"\"",
        "7",
        "-1",
        "1e9",
        "__typename",
        "__schema",
        "moveStock",
        "#",
        "\u{feff}",
        "é",
        "\0",
    ];
    let document =
        prop::collection::vec(prop::sample::select(words), 0..40).prop_map(|words| words.join(" "));
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200),
        2 => json.clone().prop_map(|body| body.to_string().into_bytes()),
        4 => (document.clone(), json.clone()).prop_map(|(query, variables)| {
            json!({"query": query, "variables": variables}).to_string().into_bytes()
        }),
        2 => (document, json.clone()).prop_map(|(query, name)| {
            json!({"query": format!("{{ {query} }}"), "operationName": name}).to_string().into_bytes()
        }),
        3 => json.prop_map(|value| {
            let document = "query($a: String, $b: Int, $c: ID) { donationItems(text: $a, first: $b, category: $c) { totalCount } }";
            json!({"query": document, "variables": {"a": value, "b": value, "c": value}}).to_string().into_bytes()
        }),
    ]
}

const BODIES: usize = 600;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_is_no_fault_of_the_servers() {
    let world = World::start().await;
    let client = world.client("DIF_MUNICIPAL/coordinator");
    let mut runner = TestRunner::deterministic();
    let strategy = body();
    for _ in 0..BODIES {
        is_borne(&client, &strategy.new_tree(&mut runner).unwrap().current()).await;
    }
    goes_on(&world).await;
    world.stop().await;
}
