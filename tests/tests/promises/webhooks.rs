//! Webhooks: what a subscription sends is posted, signed, at least once and of each thing in order; to no private address, and only what
//! its user may see then.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enlace_tests::{Client, Post, Receiver, World, at, fresh_key, outcome};
use ring::hmac;
use serde_json::{Value as Json, json};

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const KITCHEN: &str = "SEDENA/kitchen";

const REGISTER: &str = "mutation($url: String!, $document: String!, $variables: String, $key: String!) {
  registerWebhook(url: $url, document: $document, variables: $variables, idempotencyKey: $key) {
    __typename
    ... on RegisterWebhookPayload { secret webhook { id version state url roles user { subject } } }
    ... on InvalidValue { argument message }
    ... on Problem { code }
  } }";
const SET: &str = "mutation($webhook: ID!, $state: WebhookState!, $version: Int!, $key: String!) {
  setWebhookState(webhook: $webhook, state: $state, version: $version, idempotencyKey: $key) {
    __typename ... on SetWebhookStatePayload { webhook { id version state } } ... on Problem { code } } }";
const ROTATE: &str = "mutation($webhook: ID!, $version: Int!, $key: String!) {
  rotateWebhookSecret(webhook: $webhook, version: $version, idempotencyKey: $key) {
    __typename ... on RotateWebhookSecretPayload { secret webhook { id version } } ... on Problem { code } } }";
const REPLAY: &str = "mutation($webhook: ID!, $messages: [ID!], $version: Int!, $key: String!) {
  replayWebhookMessages(webhook: $webhook, messages: $messages, version: $version, idempotencyKey: $key) {
    __typename ... on ReplayWebhookMessagesPayload { webhook { id version pending dead } } ... on Problem { code } } }";
const WEBHOOKS: &str = "{ webhooks { id version state problem failingSince waitsUntil pending dead delivered deliveredAt position
  messages { id index state attempts problem nextAttemptAt } } }";

const FOLLOW: &str = "subscription { shelterCapacityChanged { shelter { code } space { id version } } }";

/// Registers a webhook; its secret and itself.
async fn register(client: &Client, url: &str, document: &str) -> (String, Json) {
    let variables = json!({"url": url, "document": document, "key": fresh_key()});
    let answer = client.run(REGISTER, variables).await;
    let registered = at(&answer, "data.registerWebhook");
    assert_eq!(outcome(&answer), "RegisterWebhookPayload", "{answer}");
    (registered["secret"].as_str().unwrap().to_owned(), registered["webhook"].clone())
}

/// Does something with a webhook as it was read; the webhook after it.
async fn change(client: &Client, document: &str, webhook: &Json, more: Json) -> Json {
    let mut variables = json!({"webhook": webhook["id"], "version": webhook["version"], "key": fresh_key()});
    variables.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = client.run(document, variables).await;
    let changed = answer["data"].as_object().and_then(|data| data.values().next()).unwrap();
    assert!(changed["webhook"].is_object(), "{answer}");
    changed.clone()
}

/// The caller's only webhook, once it is as wanted.
async fn shows(client: &Client, wanted: impl Fn(&Json) -> bool) -> Json {
    for _ in 0..600 {
        let answer = client.query(WEBHOOKS).await;
        let webhook = at(&answer, "data.webhooks.0");
        if wanted(webhook) {
            return webhook.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the webhook stays {}", client.query(WEBHOOKS).await);
}

/// Whether a post is signed with a secret, by the Standard Webhooks specification.
fn is_signed(post: &Post, secret: &str) -> bool {
    let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(secret.len(), 32);
    let (id, timestamp) = (post.header("webhook-id"), post.header("webhook-timestamp"));
    let signed = [format!("{id}.{timestamp}.").as_bytes(), &post.body].concat();
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &signed);
    let wanted = format!("v1,{}", STANDARD.encode(signature));
    post.header("webhook-signature").split(' ').any(|signature| signature == wanted)
}

/// Of what thing a post tells, and of which version of it.
fn told(post: &Post) -> (String, i64) {
    let json = post.json();
    let space = at(&json, "data.shelterCapacityChanged.space");
    (space["id"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned(), space["version"].as_i64().unwrap())
}

fn receiving() -> enlace_tests::WorldBuilder {
    World::with().set("webhook_networks", "127.0.0.0/8")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_subscription_sends_is_posted_and_signed() {
    let (world, receiver) = (receiving().start().await, Receiver::open().await);
    let (coordinator, kitchen) = (world.client(COORDINATOR), world.client(KITCHEN));
    let variables = json!({"url": receiver.url(), "document": FOLLOW, "key": fresh_key()});
    let answer = kitchen.run(REGISTER, variables.clone()).await;
    let registered = at(&answer, "data.registerWebhook");
    assert_eq!(at(registered, "webhook.roles"), &json!(["kitchen"]), "{answer}");
    assert_eq!(at(registered, "webhook.user.subject"), "sedena.kitchen");
    // Asked again, it is the same one and the same secret, which the database does not have.
    assert_eq!(kitchen.run(REGISTER, variables).await, answer);
    let secret = registered["secret"].as_str().unwrap().to_owned();
    let kept = "SELECT count(*) FROM (SELECT answer AS text FROM idempotency_keys \
                UNION ALL SELECT webhooks::text FROM webhooks) AS kept WHERE position($1 IN text) > 0";
    let raw = secret.strip_prefix("whsec_").unwrap();
    assert_eq!(world.database().await.query_one(kept, &[&raw]).await.unwrap().get::<_, i64>(0), 0);

    let mut space = world.space().await;
    coordinator.recount(&mut space).await;
    let post = receiver.taken(1).await.remove(0);
    assert!(is_signed(&post, &secret) && post.header("webhook-id").starts_with("msg_"), "{post:?}");
    assert_eq!(post.header("content-type"), "application/json");
    let json = post.json();
    assert_eq!(json["type"], "shelterCapacityChanged");
    assert_eq!(at(&json, "extensions.stream.kind"), "CHANGE");
    assert_eq!(told(&post), (space["id"].as_str().unwrap().into(), space["version"].as_i64().unwrap()));
    assert!(json["timestamp"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().is_ok());
    let shown = shows(&kitchen, |webhook| webhook["delivered"] == 1).await;
    assert_eq!((&shown["pending"], &shown["dead"], &shown["problem"]), (&json!(0), &json!(0), &Json::Null));

    // Another secret: for a day both are good.
    let rotated = change(&kitchen, ROTATE, &shown, json!({})).await;
    let other = rotated["secret"].as_str().unwrap();
    assert_ne!(other, secret);
    coordinator.recount(&mut space).await;
    let post = receiver.taken(2).await.remove(1);
    assert!(is_signed(&post, &secret) && is_signed(&post, other), "{post:?}");

    // It is nobody's but its user's, the administrator's, and a witness reads it.
    let id = &shown["id"];
    let node = format!("{{ node(id: {id}) {{ id ... on Webhook {{ url }} }} }}");
    for (reader, reads) in [
        (KITCHEN, true),
        ("DIF_MUNICIPAL/administrator", true),
        ("CNDH/witness", true),
        (COORDINATOR, false),
        ("ACNUR/donor", false),
    ] {
        let answer = world.client(reader).query(&node).await;
        assert_eq!(at(&answer, "data.node.url").is_string(), reads, "{reader}: {answer}");
        let listed = world.client(reader).query("{ webhooks { id } }").await;
        assert_eq!(at(&listed, "data.webhooks.0.id") == id, reads, "{reader}: {listed}");
    }
    let ending = json!({"webhook": id, "state": "ENDED", "version": 2, "key": fresh_key()});
    assert_eq!(outcome(&coordinator.run(SET, ending).await), "NotFound");

    // Paused it goes on from where it was; ended it posts no more.
    let paused = change(&kitchen, SET, &rotated["webhook"], json!({"state": "PAUSED"})).await;
    coordinator.recount(&mut space).await;
    let active = change(&kitchen, SET, &paused["webhook"], json!({"state": "ACTIVE"})).await;
    assert_eq!(told(&receiver.taken(3).await[2]).1, space["version"].as_i64().unwrap());
    let ended = change(&kitchen, SET, &active["webhook"], json!({"state": "ENDED"})).await;
    coordinator.recount(&mut space).await;
    let again =
        json!({"webhook": id, "state": "ACTIVE", "version": ended["webhook"]["version"], "key": fresh_key()});
    assert_eq!(outcome(&kitchen.run(SET, again).await), "StateConflict");
    assert_eq!(kitchen.query("{ webhooks { id } }").await, json!({"data": {"webhooks": []}}));
    assert_eq!(receiver.posts().len(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_posted_again_and_holds_up_its_own_thing_alone() {
    let (world, receiver) = (receiving().start().await, Receiver::open().await);
    let (coordinator, kitchen) = (world.client(COORDINATOR), world.client(KITCHEN));
    let (secret, _) = register(&kitchen, &receiver.url(), FOLLOW).await;
    let mut spaces = world.spaces("ALB-01").await;
    let (mut refused, mut taken) = (spaces.remove(0), spaces.remove(0));
    let stubborn = refused["id"].clone();
    receiver.answer(
        move |body| {
            if *at(body, "data.shelterCapacityChanged.space.id") == stubborn { 400 } else { 204 }
        },
    );
    for _ in 0..3 {
        coordinator.recount(&mut refused).await;
        coordinator.recount(&mut taken).await;
    }
    let others = receiver.taken(3).await;
    let versions: Vec<i64> = others.iter().map(|post| told(post).1).collect();
    let last = taken["version"].as_i64().unwrap();
    assert_eq!(versions, [last - 2, last - 1, last], "what is not refused comes, in order");
    let waits = shows(&kitchen, |webhook| {
        webhook["pending"] == 3
            && webhook["delivered"] == 3
            && at(webhook, "messages.0.attempts").as_i64() > Some(0)
    })
    .await;
    assert_eq!(at(&waits, "messages.0.problem"), "It answered 400 Bad Request.");
    assert_eq!(at(&waits, "messages.1.attempts"), 0, "what comes later of the same thing waits: {waits}");
    assert_eq!(waits["problem"], Json::Null, "the webhook itself goes on");

    // Once it is taken, all of it comes, in order; what was posted before has the same id.
    receiver.answer(|_| 204);
    change(&kitchen, SET, &waits, json!({"state": "ACTIVE"})).await;
    let came = receiver.taken(6).await;
    let versions: Vec<i64> = came[3..].iter().map(|post| told(post).1).collect();
    let last = refused["version"].as_i64().unwrap();
    assert_eq!(versions, [last - 2, last - 1, last]);
    let first = receiver.posts().into_iter().find(|post| post.status == 400).unwrap();
    assert_eq!(first.header("webhook-id"), came[3].header("webhook-id"));
    assert!(receiver.posts().iter().all(|post| is_signed(post, &secret)));

    // Where the address fails, the whole webhook waits, and it is seen why.
    receiver.answer(|_| 503);
    coordinator.recount(&mut refused).await;
    coordinator.recount(&mut taken).await;
    let fails =
        shows(&kitchen, |webhook| webhook["failingSince"].is_string() && webhook["pending"] == 2).await;
    assert_eq!(fails["problem"], "It answered 503 Service Unavailable.");
    assert!(fails["waitsUntil"].is_string(), "{fails}");
    let address = receiver.address;
    drop(receiver);
    let fails = change(&kitchen, SET, &fails, json!({"state": "ACTIVE"})).await;
    shows(&kitchen, |webhook| {
        webhook["problem"].as_str().is_some_and(|problem| problem.starts_with("It cannot be reached: "))
    })
    .await;
    let receiver = Receiver::at(address).await;
    change(&kitchen, SET, &fails["webhook"], json!({"state": "ACTIVE"})).await;
    receiver.taken(2).await;
    let well = shows(&kitchen, |webhook| webhook["delivered"] == 8).await;
    assert_eq!((&well["problem"], &well["failingSince"]), (&Json::Null, &Json::Null), "{well}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_seen_and_can_be_posted_again() {
    let (world, receiver) = (receiving().start().await, Receiver::open().await);
    receiver.answer(|_| 500);
    let (coordinator, kitchen) = (world.client(COORDINATOR), world.client(KITCHEN));
    register(&kitchen, &receiver.url(), FOLLOW).await;
    let mut space = world.space().await;
    for _ in 0..3 {
        coordinator.recount(&mut space).await;
    }
    shows(&kitchen, |webhook| webhook["pending"] == 3 && webhook["failingSince"].is_string()).await;
    // Three days pass.
    let scratch = world.halt().await;
    let database = scratch.connect().await;
    let aged = "UPDATE webhook_messages SET queued_at = queued_at - interval '3 days 1 minute'";
    assert_eq!(database.execute(aged, &[]).await.unwrap(), 3);
    drop(database);
    let world = receiving().start_on(scratch).await;
    let (coordinator, kitchen) = (world.client(COORDINATOR), world.client(KITCHEN));
    let dead = shows(&kitchen, |webhook| webhook["dead"] == 3).await;
    assert_eq!(at(&dead, "messages.0.state"), "DEAD");
    assert_eq!(at(&dead, "messages.0.problem"), "It answered 500 Internal Server Error.");
    assert_eq!((&dead["pending"], &dead["state"]), (&json!(0), &json!("ACTIVE")));

    // One is posted again, then all; what is not dead is not.
    receiver.answer(|_| 200);
    let second = at(&dead, "messages.1.id");
    let replayed = change(&kitchen, REPLAY, &dead, json!({"messages": [second]})).await;
    assert_eq!((at(&replayed, "webhook.pending"), at(&replayed, "webhook.dead")), (&json!(1), &json!(2)));
    let active = change(&kitchen, SET, &dead, json!({"state": "ACTIVE"})).await;
    let last = space["version"].as_i64().unwrap();
    assert_eq!(told(&receiver.taken(1).await[0]).1, last - 1);
    let gone = json!({"webhook": dead["id"], "messages": [second], "version": active["webhook"]["version"], "key": fresh_key()});
    assert_eq!(outcome(&kitchen.run(REPLAY, gone).await), "StateConflict");
    change(&kitchen, REPLAY, &active["webhook"], json!({})).await;
    let versions: Vec<i64> = receiver.taken(3).await.iter().map(|post| told(post).1).collect();
    assert_eq!(versions, [last - 1, last - 2, last]);
    coordinator.recount(&mut space).await;
    assert_eq!(told(&receiver.taken(4).await[3]).1, last + 1);
    world.stop().await;
}

/// The user's rights are those that it has when something is posted; what came meanwhile is told once it has them again.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_posted_of_what_its_user_may_not_see() {
    let (world, receiver) = (receiving().start().await, Receiver::open().await);
    let (coordinator, kitchen) = (world.client(COORDINATOR), world.client(KITCHEN));
    register(&kitchen, &receiver.url(), FOLLOW).await;
    let mut space = world.space().await;
    coordinator.recount(&mut space).await;
    receiver.taken(1).await;
    let database = world.database().await;
    for (taken, given, problem) in [
        (
            "UPDATE users SET active = false WHERE subject = 'sedena.kitchen'",
            "UPDATE users SET active = true WHERE subject = 'sedena.kitchen'",
            "The token's user is not known here",
        ),
        (
            "UPDATE grants SET valid_until = valid_from + interval '1 second' WHERE role = 'kitchen'",
            "INSERT INTO grants (id, user_id, role, valid_from, valid_until) \
             SELECT gen_random_uuid(), id, 'kitchen', '2022-01-01', '2100-01-01' FROM users WHERE subject = 'sedena.kitchen'",
            "None of the roles in which this acts is granted at present.",
        ),
        (
            "UPDATE agreements SET valid_until = valid_from + interval '1 second' \
             WHERE agency_id = (SELECT id FROM agencies WHERE code = 'SEDENA')",
            "INSERT INTO agreements (id, agency_id, valid_from) \
             SELECT gen_random_uuid(), id, '2022-01-01' FROM agencies WHERE code = 'SEDENA'",
            "shelterCapacityChanged",
        ),
    ] {
        let before = receiver.posts().len();
        database.batch_execute(taken).await.unwrap();
        // The administrator sees why it stands still.
        let administrator = world.client("DIF_MUNICIPAL/administrator");
        let shown = shows(&administrator, |webhook| webhook["problem"].is_string()).await;
        assert!(shown["problem"].as_str().unwrap().contains(problem), "{shown}");
        coordinator.recount(&mut space).await;
        database.batch_execute(given).await.unwrap();
        receiver.taken(before + 1).await;
        let shown = shows(&kitchen, |webhook| webhook["problem"].is_null()).await;
        assert_eq!(shown["pending"], 0);
        assert_eq!(receiver.posts().len(), before + 1, "told once, when it may be seen");
    }
    drop(database);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_or_a_document_that_does_not_do_is_refused() {
    let world = receiving().start().await;
    let kitchen = world.client(KITCHEN);
    let long = format!("https://example.org/{}", "a".repeat(2_000));
    let addresses = [
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:192.168.0.1]/x",
        "https://0x7f.1.1.1.1.1/",
        "https://192.168.257/",
        "http://example.org/x",
        "http://1.1.1.1/x",
        "ftp://example.org/x",
        "https://ana:secreto@example.org/x",
        "https://example.org/x#y",
        "example.org",
        "",
        &long,
    ];
    let documents = [
        "{ agencies { code } }",
        "subscription { shelterCapacityChanged(snapshot: true) { space { id } } }",
        "subscription { shelterCapacityChanged(after: \"1.a\") { space { id } } }",
        "subscription {",
    ];
    let good = "https://example.org/enlace";
    let tried = addresses
        .map(|url| (url, FOLLOW, "{}", "url"))
        .into_iter()
        .chain(documents.map(|document| (good, document, "{}", "document")))
        .chain([(good, FOLLOW, "[]", "variables"), (good, FOLLOW, "{", "variables")]);
    for (url, document, variables, argument) in tried {
        let variables = json!({"url": url, "document": document, "variables": variables, "key": fresh_key()});
        let answer = kitchen.run(REGISTER, variables).await;
        assert_eq!(at(&answer, "data.registerWebhook.argument"), argument, "{url} {document}: {answer}");
    }
    let beyond = json!({"url": good, "document": "subscription { stockChanged { stock { id } } }", "key": fresh_key()});
    let answer = world.client("DSPM/officer").run(REGISTER, beyond).await;
    assert_eq!(at(&answer, "data.registerWebhook.argument"), "document", "{answer}");
    // A name may lead anywhere: it is looked at when something is posted.
    let (_, webhook) = register(&kitchen, "https://localhost/enlace", FOLLOW).await;
    // Here the loopback network is allowed, so it is only that nobody listens; on a world of its own it is private.
    change(&kitchen, SET, &webhook, json!({"state": "PAUSED"})).await;
    let scratch = world.halt().await;
    let world = World::with().start_on(scratch).await;
    let (coordinator, kitchen) = (world.client(COORDINATOR), world.client(KITCHEN));
    let paused = shows(&kitchen, |_| true).await;
    change(&kitchen, SET, &paused, json!({"state": "ACTIVE"})).await;
    coordinator.recount(&mut world.space().await).await;
    let shown = shows(&kitchen, |webhook| webhook["problem"].is_string()).await;
    assert_eq!(shown["problem"], "It cannot be reached: its address is private.");

    // A user has twenty at once; a witness none.
    for _ in 1..20 {
        register(&kitchen, good, FOLLOW).await;
    }
    let variables = json!({"url": good, "document": FOLLOW, "key": fresh_key()});
    assert_eq!(outcome(&kitchen.run(REGISTER, variables.clone()).await), "StateConflict");
    assert_eq!(outcome(&world.client("CNDH/witness").run(REGISTER, variables).await), "FORBIDDEN");
    world.stop().await;
}

/// Of several processes one posts; where it ends, another goes on, and each change is posted in order.
#[tokio::test(flavor = "multi_thread")]
async fn another_process_goes_on_where_the_one_that_posts_ended() {
    let (world, receiver) = (receiving().start().await, Receiver::open().await);
    let (coordinator, kitchen) = (world.client(COORDINATOR), world.client(KITCHEN));
    register(&kitchen, &receiver.url(), FOLLOW).await;
    let mut space = world.space().await;
    coordinator.recount(&mut space).await;
    receiver.taken(1).await;
    shows(&kitchen, |webhook| webhook["delivered"] == 1).await;
    let sibling = world.sibling_set(&[("ENLACE_WEBHOOK_NETWORKS", "127.0.0.0/8")]).await;
    let coordinator = sibling.client(&world.token(COORDINATOR));
    let mut versions = Vec::new();
    for _ in 0..5 {
        versions.push(coordinator.recount(&mut space).await);
    }
    receiver.taken(6).await;
    let scratch = world.halt().await;
    for _ in 0..5 {
        versions.push(coordinator.recount(&mut space).await);
    }
    let posts = receiver.taken(11).await;
    let told: Vec<i64> = posts[1..].iter().map(|post| told(post).1).collect();
    assert_eq!(told, versions);
    sibling.stop().await;
    scratch.drop().await;
}
