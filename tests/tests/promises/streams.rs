//! Streams go on where they were left: nothing is lost, nothing comes twice, nothing out of order, and nothing that is not allowed now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use enlace_schema::{Code, Event, Stated, Subscription};
use enlace_tests::{Client, Socket, World, at, codes, fill};
use futures_util::future::join_all;
use hyper::Method;
use serde_json::{Value as Json, json};

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const KITCHEN: &str = "SEDENA/kitchen";
/// What a headcount is in the journal.
const ADJUSTED: &str = "shelters.adjustOccupancy";

const FOLLOW: &str =
    "subscription($after: String) { shelterCapacityChanged(after: $after) { space { version } } }";

/// Opens a stream after a cursor.
async fn resume(socket: &mut Socket, id: &str, cursor: &str) {
    let payload = json!({"query": FOLLOW, "variables": {"after": cursor}});
    socket.send(&json!({"type": "subscribe", "id": id, "payload": payload})).await;
}

/// Of a change, the version of its space, and its cursor.
fn told(message: &Json) -> (i64, String) {
    let version = at(message, "payload.data.shelterCapacityChanged.space.version").as_i64();
    let stream = at(message, "payload.extensions.stream");
    let (index, cursor) = (stream["index"].as_str().unwrap(), stream["cursor"].as_str().unwrap());
    assert!(cursor.starts_with(&format!("{index}.")), "{message}");
    (version.unwrap_or_else(|| panic!("{message}")), cursor.to_owned())
}

/// The cursor of a ready marker.
fn ready(message: &Json) -> String {
    assert_eq!(message["payload"]["ready"], "a", "{message}");
    message["payload"]["cursor"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_goes_on_with_what_came_since_and_says_when_it_is_live() {
    let world = World::start().await;
    let mut space = world.space().await;
    let client = world.client(COORDINATOR);
    let mut socket = world.socket(KITCHEN).await;
    resume(&mut socket, "a", "").await;
    assert_eq!(socket.error("a").await, "INVALID_CURSOR");
    socket.subscribe("a", FOLLOW).await;
    let mut cursor = ready(&socket.next().await);
    // While the cohort lives it keeps what it sent; while it does not, the journal does.
    for others in [true, false] {
        let kept = if others { Some(subscribe(&world, KITCHEN, FOLLOW, None)) } else { None };
        client.recount(&mut space).await;
        let (version, seen) = told(&socket.event().await);
        assert_eq!(version, space["version"].as_i64().unwrap());
        socket.close().await;
        for _ in 0..3 {
            client.recount(&mut space).await;
        }
        // What has no place yet would come after it is live.
        let (index, _) = seen.split_once('.').unwrap();
        client.shows("enlace_journal_index", index.parse::<i64>().unwrap() + 3).await;
        socket = world.socket(KITCHEN).await;
        resume(&mut socket, "a", &seen).await;
        for missed in 1..=3 {
            assert_eq!(told(&socket.next().await).0, version + missed, "{others}");
        }
        cursor = ready(&socket.next().await);
        client.recount(&mut space).await;
        assert_eq!(told(&socket.event().await).0, version + 4);
        drop(kept);
    }
    // From the same place once more: the same again, which its index tells.
    resume(&mut socket, "again", &cursor).await;
    assert_eq!(told(&socket.event().await).0, space["version"].as_i64().unwrap());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_goes_on_after_the_last_event_that_was_seen() {
    let world = World::start().await;
    let mut space = world.space().await;
    let client = world.client(KITCHEN);
    let after = async |last: &str| {
        let headers = [("content-type", "application/json"), ("last-event-id", last)];
        let body = json!({"query": FOLLOW}).to_string();
        client
            .events(Method::POST, "/graphql", &headers, body)
            .await
            .unwrap_or_else(|answer| panic!("{answer:?}"))
    };
    let mut stream = after("").await;
    stream.ready().await;
    world.client(COORDINATOR).recount(&mut space).await;
    let seen = stream.next().await;
    drop(stream);
    world.client(COORDINATOR).recount(&mut space).await;
    client.shows("enlace_journal_index", seen.index().unwrap() + 1).await;
    let last = seen.id.clone().unwrap();
    let mut stream = after(&last).await;
    let missed = stream.next().await;
    assert_eq!(missed.index(), seen.index().map(|index| index + 1));
    assert_eq!(at(&missed.data, "data.shelterCapacityChanged.space.version"), &space["version"]);
    assert_eq!(Some(stream.ready().await), missed.index());

    let code = last.split_once('.').unwrap().1;
    for unknown in ["x", "1.5", "7", "99999999999999999999", &format!("{last}x"), &format!("99.{code}")] {
        let mut stream = after(unknown).await;
        assert_eq!(codes(&stream.response().await), ["INVALID_CURSOR"], "{unknown}");
        stream.completes().await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_its_users_its_documents_and_its_variables_alone() {
    let world = World::start().await;
    let shelters = world.client(KITCHEN).query("{ shelters { id } }").await;
    let shelter = at(&shelters, "data.shelters.0.id").as_str().unwrap();
    let mut socket = world.socket(KITCHEN).await;
    socket.subscribe("a", FOLLOW).await;
    let cursor = ready(&socket.next().await);
    let ask = async |caller: &str, document: &str, variables: Json| {
        let mut socket = world.socket(caller).await;
        let payload = json!({"query": document, "variables": variables});
        socket.send(&json!({"type": "subscribe", "id": "a", "payload": payload})).await;
        let answer = socket.next().await;
        match answer["type"].as_str() {
            Some("error") => at(&answer, "payload.0.extensions.code").as_str().unwrap().to_owned(),
            _ => ready(&answer),
        }
    };
    let with = |selection: &str| FOLLOW.replace("space { version }", selection);
    assert_eq!(ask(KITCHEN, FOLLOW, json!({"after": cursor})).await, cursor);
    // Written otherwise it is the same document, and so it is with the cursor in its text.
    let literal =
        format!("subscription {{ shelterCapacityChanged(after: \"{cursor}\") {{ space {{ version }} }} }}");
    assert_eq!(ask(KITCHEN, &literal, json!({})).await, cursor);
    for (what, caller, document, variables) in [
        ("another user", COORDINATOR, FOLLOW.to_owned(), json!({"after": cursor})),
        ("another selection", KITCHEN, with("occurredAt"), json!({"after": cursor})),
        (
            "another argument",
            KITCHEN,
            FOLLOW.replace("after: $after", &format!("after: $after, shelter: \"{shelter}\"")),
            json!({"after": cursor}),
        ),
    ] {
        assert_eq!(ask(caller, &document, variables).await, "INVALID_CURSOR", "{what}");
    }
    let by_variable = "subscription($after: String, $shelter: ID) {
        shelterCapacityChanged(after: $after, shelter: $shelter) { space { version } } }";
    let of_one = ask(KITCHEN, by_variable, json!({"shelter": shelter})).await;
    assert_eq!(ask(KITCHEN, by_variable, json!({"shelter": shelter, "after": of_one})).await, of_one);
    assert_eq!(ask(KITCHEN, by_variable, json!({"after": of_one})).await, "INVALID_CURSOR");
    world.stop().await;
}

/// Streams that are left and taken up again at chance places, while changes are made, see every change once and in order.
#[tokio::test(flavor = "multi_thread")]
async fn however_often_a_stream_is_taken_up_again_every_change_comes_once_and_in_order() {
    const COUNTS: i64 = 120;
    let world = World::start().await;
    let spaces = world.spaces("ALB-01").await;
    let writing = async {
        let mut space = spaces[0].clone();
        for _ in 0..COUNTS {
            world.client(COORDINATOR).recount(&mut space).await;
        }
    };
    // Whoever is there before the first change.
    let there = || subscribe(&world, KITCHEN, FOLLOW, None);
    let reading = async |mut subscription: Subscription, every: usize| {
        let mut seen = Vec::new();
        let mut events = 0;
        while seen.len() < usize::try_from(COUNTS).unwrap() {
            match next(&mut subscription).await {
                Event::Next { index, .. } => seen.push(index),
                Event::Ready(_) => {}
                other => panic!("{other:?}"),
            }
            events += 1;
            if events % every == 0 {
                let cursor = subscription.progress().cursor().unwrap().to_string();
                drop(subscription);
                if events % 2 == 0 {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                }
                subscription = subscribe(&world, KITCHEN, FOLLOW, Some(&cursor));
            }
        }
        seen
    };
    let (few, some, many) = (reading(there(), 2), reading(there(), 7), reading(there(), 31));
    let ((), few, some, many) = tokio::join!(writing, few, some, many);
    for seen in [few, some, many] {
        let distinct: BTreeSet<i64> = seen.iter().copied().collect();
        assert_eq!(seen, distinct.into_iter().collect::<Vec<_>>(), "once, and in order");
        assert_eq!(seen.last().unwrap() - seen[0], COUNTS - 1, "and none is left out");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_absence_is_made_up_for_from_the_journal() {
    const AWAY: i32 = 2_000;
    let world = World::start().await;
    let mut first = subscribe(&world, KITCHEN, FOLLOW, None);
    assert!(matches!(next(&mut first).await, Event::Ready(_)));
    world.client(COORDINATOR).recount(&mut world.space().await).await;
    assert!(matches!(next(&mut first).await, Event::Next { .. }));
    let cursor = first.progress().cursor().unwrap();
    drop(first);
    append_copies(&world, ADJUSTED, AWAY).await;
    let mut again = subscribe(&world, KITCHEN, FOLLOW, Some(&cursor.to_string()));
    for expected in 1..=i64::from(AWAY) {
        let event = next(&mut again).await;
        assert!(
            matches!(event, Event::Next { index, .. } if index == cursor.index() + expected),
            "{event:?}"
        );
    }
    assert!(matches!(next(&mut again).await, Event::Ready(_)));
    world.stop().await;
}

/// How things stand, told at once: each space, with the index at which it stood so.
async fn board(stream: &mut Socket) -> BTreeMap<String, i64> {
    stream.subscribe("a", BOARD).await;
    let mut board = BTreeMap::new();
    loop {
        let message = stream.next().await;
        if message["type"] == "ping" {
            ready(&message);
            return board;
        }
        let shown = at(&message, "payload.extensions.stream");
        assert_eq!((&shown["cursor"], &message["type"]), (&Json::Null, &json!("next")), "{message}");
        take(&mut board, &message);
    }
}

/// Takes over what a message tells of a space; what comes later is newer.
fn take(board: &mut BTreeMap<String, i64>, message: &Json) {
    let space = at(message, "payload.data.shelterCapacityChanged.space");
    let (id, version) = (space["id"].as_str().unwrap().to_owned(), space["version"].as_i64().unwrap());
    let before = board.insert(id, version);
    assert!(before.is_none_or(|before| before < version), "{before:?} before {message}");
}

const BOARD: &str = "subscription { shelterCapacityChanged(snapshot: true) { previouslyOccupied space { id occupied version } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_how_things_stand_and_goes_on_from_there() {
    let world = World::start().await;
    let client = world.client(COORDINATOR);
    let mut space = world.space().await;
    client.recount(&mut space).await;
    let mut socket = world.socket(KITCHEN).await;
    let mut shown = board(&mut socket).await;
    let all = client.query("{ shelters { spaces { id version } } }").await;
    let spaces = at(&all, "data.shelters").as_array().unwrap().iter();
    let spaces = spaces.flat_map(|shelter| shelter["spaces"].as_array().unwrap());
    let stand = |space: &Json| (space["id"].as_str().unwrap().to_owned(), space["version"].as_i64().unwrap());
    assert_eq!(shown, spaces.map(stand).collect());
    client.recount(&mut space).await;
    take(&mut shown, &socket.event().await);
    assert_eq!(shown[space["id"].as_str().unwrap()], space["version"].as_i64().unwrap());
    world.stop().await;
}

/// Whenever a board is opened while others write, it and the changes after it are every version of each space, none twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_board_that_is_opened_while_others_write_misses_nothing_and_repeats_nothing() {
    const COUNTS: i64 = 40;
    let world = World::start().await;
    let spaces = world.client(COORDINATOR).counted("ALB-01").await;
    let writing = join_all(spaces.iter().map(async |space| {
        let mut space = space.clone();
        for _ in 0..COUNTS {
            world.client(COORDINATOR).recount(&mut space).await;
        }
        space
    }));
    let reading = async |after: u64| {
        tokio::time::sleep(Duration::from_millis(after)).await;
        let mut socket = world.socket(KITCHEN).await;
        let mut shown = board(&mut socket).await;
        loop {
            let done = spaces.iter().all(|space| {
                shown[space["id"].as_str().unwrap()] == space["version"].as_i64().unwrap() + COUNTS
            });
            if done {
                return shown;
            }
            let message = socket.event().await;
            let (id, before) = (at(&message, "payload.data.shelterCapacityChanged.space.id"), shown.clone());
            take(&mut shown, &message);
            let id = id.as_str().unwrap();
            assert_eq!(shown[id], before[id] + 1, "no version is left out: {message}");
        }
    };
    let (written, ..) = tokio::join!(writing, reading(0), reading(20), reading(60), reading(150));
    assert_eq!(written.len(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_shows_what_its_reader_may_see_and_is_not_without_end() {
    let world = World::start().await;
    let following = |arguments: &str| {
        format!(
            "subscription {{ stockChanged({arguments}) {{ stock {{ id quantity lot {{ category {{ stockKind }} }} }} }} }}"
        )
    };
    let locations = world.client(KITCHEN).query("{ locations { id code } }").await;
    let store = at(&locations, "data.locations.0.id").as_str().unwrap();
    let of_the_store = format!("location: \"{store}\" snapshot: true");
    for (caller, kinds) in [(KITCHEN, 1), (COORDINATOR, 3)] {
        let mut subscription = subscribe(&world, caller, &following(&of_the_store), None);
        let mut seen = BTreeSet::new();
        while let Event::Standing(message) = next(&mut subscription).await {
            let message: Json = serde_json::from_slice(&message).unwrap();
            assert_eq!(at(&message, "extensions.stream.kind"), "SNAPSHOT");
            seen.insert(at(&message, "data.stockChanged.stock.0.lot.category.stockKind").to_string());
        }
        assert_eq!(seen.len(), kinds, "{caller}: {seen:?}");
    }
    fill(&world.database().await, 1_001).await.unwrap();
    for arguments in ["snapshot: true", "snapshot: true, lowStock: true"] {
        let mut subscription = subscribe(&world, COORDINATOR, &following(arguments), None);
        let end = next(&mut subscription).await;
        assert!(
            matches!(&end, Event::End(error) if error.code == Code::InvalidArgument),
            "{arguments}: {end:?}"
        );
        assert!(subscription.progress().cursor().is_none(), "and begins anew");
    }
    // It costs what a query of so many rows would.
    let many = (0..50)
        .map(|place| format!("a{place}: stock {{ id quantity version }}"))
        .collect::<Vec<_>>()
        .join(" ");
    let costly = format!("subscription {{ stockChanged({of_the_store}) {{ {many} }} }}");
    let end = next(&mut subscribe(&world, COORDINATOR, &costly, None)).await;
    assert!(matches!(&end, Event::End(error) if error.code == Code::DocumentTooComplex), "{end:?}");
    let document = "subscription { breakGlassOpened(snapshot: true) { openedAt } }";
    let mut socket = world.socket(COORDINATOR).await;
    socket.subscribe("a", document).await;
    assert_eq!(socket.error("a").await, "DOCUMENT_INVALID");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_a_minute_before_its_token_ends() {
    const LIVES: Duration = Duration::from_secs(80);
    let world = World::start().await;
    let token = world.token_for(KITCHEN, LIVES);
    let ends = Utc::now() + LIVES;
    let mut socket = Socket::open(world.address, &token).await;
    let mut stream = Client::new(world.address, Some(token))
        .follow(FOLLOW)
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    stream.ready().await;
    let (warned, told) = (socket.next().await, stream.next().await);
    assert_eq!((&warned["type"], &told.name[..]), (&json!("ping"), "expiring"));
    for at in [&warned["payload"]["tokenExpires"], &told.data["tokenExpires"]] {
        let at: DateTime<Utc> = at.as_str().unwrap().parse().unwrap();
        assert!((at - ends).abs() < TimeDelta::seconds(2), "{at}");
    }
    assert!(ends - Utc::now() > TimeDelta::seconds(50), "in time to renew it");
    // Renewed, it ends later.
    let renewed = json!({"authorization": format!("Bearer {}", world.token(KITCHEN))});
    socket.send(&json!({"type": "ping", "payload": renewed})).await;
    assert_eq!(socket.next().await, json!({"type": "pong", "payload": {"renewed": true}}));
    world.stop().await;
}

/// A subscription at the engine itself, whose reader is as slow as the test wants.
pub(crate) fn subscribe(world: &World, caller: &str, document: &str, after: Option<&str>) -> Subscription {
    let (agency, role) = caller.split_once('/').unwrap();
    let (subject, roles) = (format!("{agency}.{role}").to_lowercase(), [role.to_owned()]);
    let stated =
        Stated { jti: "engine", subject: &subject, agency, roles: &roles, shelters: &[], purpose: None };
    let caller = world.enlace.caller(Some(&stated)).unwrap();
    let request = serde_json::from_value(json!({"query": document})).unwrap();
    world.enlace.subscribe(&caller, &request, after).unwrap_or_else(|answer| panic!("{answer:?}"))
}

/// Appends copies of the entry of an operation, in one transaction, as if so many changes had been made at once; and waits until
/// they are in the journal.
pub(crate) async fn append_copies(world: &World, operation: &str, count: i32) {
    let database = world.database().await;
    let last = async || -> i64 {
        database.query_one("SELECT coalesce(max(index), -1) FROM journal_index", &[]).await.unwrap().get(0)
    };
    let original = "SELECT e.id FROM journal_entries e JOIN journal_index i ON i.entry_id = e.id WHERE operation = $1 ORDER BY index LIMIT 1";
    while database.query_opt(original, &[&operation]).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = last().await;
    database
        .execute(
            &format!(
                "WITH copies AS (SELECT gen_random_uuid() AS id, programme_id, leaf, \
                         part_classes, part_subjects, part_salts, part_contents, persons \
                     FROM journal_entries e, generate_series(1, $2) WHERE e.id = ({original})), \
                 entries AS (INSERT INTO journal_entries \
                     (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents, persons) SELECT * FROM copies) \
                 INSERT INTO journal_queue (entry_id) SELECT id FROM copies"
            ),
            &[&operation, &count],
        )
        .await
        .unwrap();
    database.batch_execute("NOTIFY enlace_appended").await.unwrap();
    while last().await < before + i64::from(count) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The next event of a subscription.
pub(crate) async fn next(subscription: &mut Subscription) -> Event {
    tokio::time::timeout(Duration::from_secs(10), subscription.next()).await.expect("an event in time")
}

/// What a cohort could not make ends it for those who are there, however slowly they leave; not for those who come then.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_after_a_stream_has_ended_begins_another() {
    const WITH_NAME: &str = "subscription { shelterCapacityChanged { space { shelter { name } } } }";
    let world = World::start().await;
    let database = world.database().await;
    let mut there = subscribe(&world, KITCHEN, WITH_NAME, None);
    assert!(matches!(next(&mut there).await, Event::Ready(_)));
    let mut space = world.space().await;
    database.batch_execute("ALTER TABLE shelters RENAME COLUMN name TO nombre").await.unwrap();
    world.client(COORDINATOR).recount(&mut space).await;
    assert!(matches!(next(&mut there).await, Event::End(_)));
    database.batch_execute("ALTER TABLE shelters RENAME COLUMN nombre TO name").await.unwrap();
    let mut comes = subscribe(&world, KITCHEN, WITH_NAME, None);
    assert!(matches!(next(&mut comes).await, Event::Ready(_)));
    world.client(COORDINATOR).recount(&mut space).await;
    assert!(matches!(next(&mut comes).await, Event::Next { .. }));
    drop(there);
    world.client(COORDINATOR).recount(&mut space).await;
    assert!(matches!(next(&mut comes).await, Event::Next { .. }));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_misses_states_gets_the_last_of_each() {
    let world = World::start().await;
    let mut subscription = subscribe(&world, KITCHEN, FOLLOW, None);
    world.client(COORDINATOR).adjust(&world.space().await, 1).await;
    append_copies(&world, ADJUSTED, 600).await;
    // Its cohort, too, has dealt with them by then; whoever reads at the same time is a place further than one who does not read.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(next(&mut subscription).await, Event::Ready(_)));
    let Event::Next { index: 600, head } = next(&mut subscription).await else { panic!("not the last") };
    let head = String::from_utf8(head.to_vec()).unwrap();
    assert!(head.contains(r#""kind":"COALESCED","skippedAfter":"-1""#), "{head}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_changes_reaches_a_subscriber_whole_or_its_last_state_and_never_leaves_a_gap() {
    const FLOOD: i64 = 3_000;
    let world = World::start().await;
    let mut subscription = subscribe(&world, KITCHEN, FOLLOW, None);
    assert!(matches!(next(&mut subscription).await, Event::Ready(_)));
    world.client(COORDINATOR).adjust(&world.space().await, 1).await;
    append_copies(&world, ADJUSTED, i32::try_from(FLOOD).unwrap()).await;
    let mut last = -1;
    while last < FLOOD {
        let Event::Next { index, head } = next(&mut subscription).await else { panic!("no change") };
        let head = String::from_utf8(head.to_vec()).unwrap();
        let skipped = format!(r#""kind":"COALESCED","skippedAfter":"{last}""#);
        assert!(index == last + 1 || head.contains(&skipped), "{index} after {last}: {head}");
        last = index;
    }
    drop(subscription);
    let mut again = subscribe(&world, KITCHEN, FOLLOW, None);
    assert!(matches!(next(&mut again).await, Event::Ready(_)));
    assert_eq!(again.progress().cursor().unwrap().index(), FLOOD);
    world.client(COORDINATOR).adjust(&world.space().await, 2).await;
    let event = next(&mut again).await;
    assert!(matches!(event, Event::Next { index, .. } if index == FLOOD + 1), "{event:?}");
    world.stop().await;
}

/// Whoever runs the server sees what is followed, by how many, and how far behind they are.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_who_follows_what() {
    const STREAMS: &str = "{ streams { subscription variables subscribers backlog position messages lag } }";
    let world = World::start().await;
    let (administrator, mut space) = (world.client("DIF_MUNICIPAL/administrator"), world.space().await);
    assert_eq!(administrator.query(STREAMS).await, json!({"data": {"streams": []}}));
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let mut socket = world.socket(KITCHEN).await;
        socket.subscribe("a", FOLLOW).await;
        ready(&socket.next().await);
        sockets.push(socket);
    }
    world.client(COORDINATOR).recount(&mut space).await;
    for socket in &mut sockets {
        told(&socket.event().await);
    }
    let answer = administrator.query(STREAMS).await;
    let [stream] = at(&answer, "data.streams").as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!(stream["subscription"], "shelterCapacityChanged");
    assert_eq!((&stream["subscribers"], &stream["messages"]), (&json!(2), &json!(1)), "{stream}");
    assert_eq!((&stream["variables"], &stream["position"]), (&json!("{}"), &json!("0")), "{stream}");
    assert!(stream["lag"].as_i64().is_some_and(|lag| lag < 30_000), "{stream}");
    let refused = world.client(COORDINATOR).query(STREAMS).await;
    assert_eq!(codes(&refused), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

/// A change costs one execution for each cohort that it concerns, however many follow in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_cohorts_cost_a_hundred_executions() {
    const COHORTS: usize = 100;
    const FOLLOWERS: usize = 3;
    let world = World::with().set("subscriptions_per_token", 1_000).start().await;
    let mut space = world.space().await;
    let mut sockets = Vec::new();
    for _ in 0..FOLLOWERS {
        // A socket has at most fifty.
        for half in 0..2 {
            let mut socket = world.socket(KITCHEN).await;
            for place in 0..COHORTS / 2 {
                let name = format!("c{}", half * COHORTS / 2 + place);
                let document =
                    format!("subscription {{ {name}: shelterCapacityChanged {{ space {{ version }} }} }}");
                socket.subscribe(&name, &document).await;
                assert_eq!(socket.next().await["payload"]["ready"], *name);
            }
            sockets.push(socket);
        }
    }
    let client = world.client(COORDINATOR);
    client.shows("enlace_cohorts", 100).await;
    let made = client.metric("enlace_stream_messages_total").await;
    client.recount(&mut space).await;
    for socket in &mut sockets {
        let mut came = BTreeSet::new();
        for _ in 0..COHORTS / 2 {
            let event = socket.event().await;
            let name = event["id"].as_str().unwrap();
            assert_eq!(at(&event, &format!("payload.data.{name}.space.version")), &space["version"]);
            came.insert(name.to_owned());
        }
        assert_eq!(came.len(), COHORTS / 2, "to each subscription once");
    }
    assert_eq!(client.metric("enlace_stream_messages_total").await - made, 100);
    world.stop().await;
}
