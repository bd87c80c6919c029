//! The journal: what was done, all of it and nothing else, in one gapless order that survives whatever breaks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use enlace_tests::{ADJUST, Client as HttpClient, MOVE, Socket, World, at, codes, headcount, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::reference::documents::Dice;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const CLIENTS: usize = 8;
const FOLLOW: &str = "subscription { shelterCapacityChanged { previouslyOccupied shelter { code } space { id occupied version } } }";

/// An entry in its place.
struct Recorded {
    index: i64,
    id: Uuid,
    leaf: Vec<u8>,
    parts: Vec<Part>,
}

/// A part of an entry; its salt and content are gone where it was erased.
struct Part {
    class: String,
    subject: Option<Uuid>,
    opening: Option<(Vec<u8>, Vec<u8>)>,
}

impl Recorded {
    fn json(&self, ordinal: usize) -> Json {
        serde_json::from_slice(&self.parts[ordinal].opening.as_ref().unwrap().1).unwrap()
    }
}

/// The journal, once it holds so many entries.
async fn journal(client: &Client, count: usize) -> Vec<Recorded> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let rows = client
            .query(
                "SELECT index, entry_id, leaf, class, subject, salt, content FROM journal_index \
                 JOIN journal_entries e ON e.id = entry_id JOIN journal_parts USING (entry_id) ORDER BY index, ordinal",
                &[],
            )
            .await
            .unwrap();
        let mut entries: Vec<Recorded> = Vec::new();
        for row in &rows {
            let opening = row.get::<_, Option<Vec<u8>>>(5).zip(row.get::<_, Option<Vec<u8>>>(6));
            let part = Part { class: row.get(3), subject: row.get(4), opening };
            match entries.last_mut() {
                Some(entry) if entry.index == row.get::<_, i64>(0) => entry.parts.push(part),
                _ => entries.push(Recorded {
                    index: row.get(0),
                    id: row.get(1),
                    leaf: row.get(2),
                    parts: vec![part],
                }),
            }
        }
        if entries.len() >= count {
            return entries;
        }
        assert!(Instant::now() < deadline, "{} of {count} entries came", entries.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Moves a space's headcount so many times, trying anew where another was faster; the versions that were made.
async fn count_often(client: &HttpClient, shelter: &str, times: usize) -> Vec<i64> {
    let mut made = Vec::new();
    while made.len() < times {
        let space = client.spaces(shelter).await.swap_remove(0);
        let occupied = i32::from(space["occupied"] == 0);
        let answer = client.adjust(&space, occupied).await;
        if let Some(version) = at(&answer, "data.adjustOccupancy.space.version").as_i64() {
            made.push(version);
        } else {
            assert_eq!(outcome(&answer), "VersionConflict", "{answer}");
        }
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_appears_once_and_without_a_gap_and_nothing_else_appears() {
    const CHANGES: usize = 6;
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(COORDINATOR);
    let moved = join_all((0..CLIENTS * CHANGES).map(|number| {
        // Every third asks for too much, and is not a change.
        let amount = if number % 3 == 0 { i32::MAX } else { 1 };
        client.run(MOVE, goods.transfer(amount))
    }))
    .await;
    let made: BTreeSet<&str> =
        moved.iter().filter_map(|answer| at(answer, "data.moveStock.movement.id").as_str()).collect();
    assert_eq!(made.len(), goods_moved(CLIENTS * CHANGES));

    let database = world.database().await;
    let entries = journal(&database, made.len()).await;
    let indexes: Vec<i64> = entries.iter().map(|entry| entry.index).collect();
    assert_eq!(indexes, (0..).take(made.len()).collect::<Vec<i64>>());
    let told: Vec<Json> =
        entries.iter().map(|entry| at(&entry.json(1), "data.movement.id").clone()).collect();
    let told: BTreeSet<&str> = told.iter().filter_map(Json::as_str).collect();
    assert_eq!(told, made);
    let waiting = database.query_one("SELECT count(*) FROM journal_queue", &[]).await.unwrap();
    assert_eq!(waiting.get::<_, i64>(0), 0);
    world.stop().await;
}

/// How many of so many transfers ask for what there is.
fn goods_moved(asked: usize) -> usize {
    asked - asked.div_ceil(3)
}

/// R27, in normal running: the machine may be busy with something else for a moment, but not most of the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_the_journal_within_a_second() {
    const TRIES: i32 = 9;
    let world = World::start().await;
    let database = world.database().await;
    let mut waits = Vec::new();
    for count in 1..=TRIES {
        let space = world.space().await;
        world.client(COORDINATOR).adjust(&space, count).await;
        let answered = Instant::now();
        journal(&database, usize::try_from(count).unwrap()).await;
        waits.push(answered.elapsed());
    }
    waits.sort();
    assert!(waits[waits.len() / 2] < Duration::from_secs(1), "{waits:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_entry_cannot_be_written_is_not_made() {
    let world = World::start().await;
    let (space, goods) = (world.space().await, world.goods("general").await);
    let client = world.client(COORDINATOR);
    let database = world.database().await;
    for table in ["journal_entries", "journal_queue", "idempotency_keys"] {
        database.batch_execute(&format!("REVOKE INSERT ON {table} FROM enlace_app")).await.unwrap();
        for (document, variables) in [(ADJUST, headcount(&space, 1)), (MOVE, goods.transfer(1))] {
            let answer = client.run(document, variables).await;
            assert_eq!(codes(&answer), ["INTERNAL"], "{table}");
            assert!(!answer.to_string().contains(table), "R17: {answer}");
        }
        database.batch_execute(&format!("GRANT INSERT ON {table} TO enlace_app")).await.unwrap();
    }
    assert_eq!(world.space().await, space);
    let moved = client.run(MOVE, goods.transfer(1)).await;
    assert_eq!(at(&moved, "data.moveStock.stock.1.quantity"), &json!(format!("1 {}", goods.unit)));
    assert_eq!(outcome(&client.run(ADJUST, headcount(&space, 1)).await), "AdjustOccupancyPayload");
    assert_eq!(journal(&database, 2).await.len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_connection_breaks_is_not_made_and_its_retry_is() {
    let world = World::start().await;
    let space = world.space().await;
    let variables = headcount(&space, 1);
    let holder = world.database().await;
    holder.batch_execute("BEGIN; SELECT FROM spaces FOR UPDATE").await.unwrap();
    let client = world.client(COORDINATOR);
    let (broken, ()) = tokio::join!(client.run(ADJUST, variables.clone()), async {
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
        // A connection of its own: inside a transaction this view stands still.
        let killer = world.database().await;
        while killer.query(kill, &[]).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        holder.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(codes(&broken), ["UNAVAILABLE"], "{broken}");
    assert_eq!(world.space().await, space);
    assert_eq!(outcome(&client.run(ADJUST, variables).await), "AdjustOccupancyPayload");
    assert_eq!(journal(&holder, 1).await.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_says_who_did_what_when_and_under_which_policies() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client("DIF_MUNICIPAL/donation_coordinator");
    let mut variables = goods.transfer(1);
    variables["at"] = json!("2022-01-30T10:00:00Z");
    let moved = client.run(MOVE, variables).await;
    assert_eq!(outcome(&moved), "MoveStockPayload");
    let viewer = client.query("{ viewer { policyVersion } }").await;
    let database = world.database().await;
    let entries = journal(&database, 1).await;
    let user: Uuid = database
        .query_one("SELECT id FROM users WHERE subject = 'dif_municipal.donation_coordinator'", &[])
        .await
        .unwrap()
        .get(0);
    let header = &entries[0].json(0);
    assert_eq!(entries[0].parts[0].class, "JOURNAL");
    assert_eq!(header["operation"], "donations.moveStock");
    assert_eq!(header["agency"], "DIF_MUNICIPAL");
    assert_eq!(header["user"], json!(user));
    assert_eq!(header["roles"], json!(["donation_coordinator"]));
    assert_eq!(&header["policyVersion"], at(&viewer, "data.viewer.policyVersion"));
    assert_eq!(header["occurredAt"], "2022-01-30T10:00:00Z");
    let time = |name: &str| header[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let programme = chrono::Utc::now() + world.enlace.programme().clock_offset;
    let age =
        |now: chrono::DateTime<chrono::Utc>, then: chrono::DateTime<chrono::Utc>| (now - then).num_seconds();
    assert!((0..60).contains(&age(programme, time("recordedAt"))), "the programme clock");
    assert!((0..60).contains(&age(chrono::Utc::now(), time("realTime"))), "the real clock");

    let change = &entries[0].parts[1];
    assert_eq!((change.class.as_str(), change.subject, entries[0].parts.len()), ("INVENTORY", None, 2));
    let answered = at(&moved, "data.moveStock.movement.id");
    assert_eq!(at(&entries[0].json(1), "data.movement.id"), answered);
    world.stop().await;
}

/// Deterministic CBOR (RFC 8949), as far as a leaf needs it, written for this test alone.
mod cbor {
    fn head(major: u8, length: usize) -> Vec<u8> {
        match u8::try_from(length) {
            Ok(short @ 0..=23) => vec![major << 5 | short],
            Ok(byte) => vec![major << 5 | 0x18, byte],
            Err(_) => {
                [vec![major << 5 | 0x19], u16::try_from(length).unwrap().to_be_bytes().to_vec()].concat()
            }
        }
    }

    pub(super) fn number(small: usize) -> Vec<u8> {
        head(0, small)
    }

    pub(super) fn bytes(bytes: &[u8]) -> Vec<u8> {
        [head(2, bytes.len()), bytes.to_vec()].concat()
    }

    pub(super) fn text(text: &str) -> Vec<u8> {
        [head(3, text.len()), text.as_bytes().to_vec()].concat()
    }

    pub(super) fn array(members: &[Vec<u8>]) -> Vec<u8> {
        [head(4, members.len()), members.concat()].concat()
    }

    pub(super) fn null() -> Vec<u8> {
        vec![0xf6]
    }
}

/// What the published encoding makes of an open part.
fn commitment(part: &Part) -> Vec<u8> {
    let (salt, content) = part.opening.as_ref().unwrap();
    let subject = part.subject.map_or_else(cbor::null, |subject| cbor::bytes(subject.as_bytes()));
    let members = [
        cbor::text("enlace/part/1"),
        cbor::text(&part.class),
        subject,
        cbor::bytes(salt),
        cbor::bytes(content),
    ];
    Sha256::digest(cbor::array(&members)).to_vec()
}

fn leaf(id: Uuid, commitments: &[Vec<u8>]) -> Vec<u8> {
    let commitments: Vec<Vec<u8>> = commitments.iter().map(|commitment| cbor::bytes(commitment)).collect();
    cbor::array(&[cbor::number(1), cbor::bytes(id.as_bytes()), cbor::array(&commitments)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_commits_to_every_part_and_says_nothing_of_any() {
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(COORDINATOR);
    client.adjust(&world.space().await, 1).await;
    client.run(MOVE, goods.transfer(1)).await;
    client.run(MOVE, goods.transfer(1)).await;
    let database = world.database().await;
    let entries = journal(&database, 3).await;
    let mut salts = BTreeSet::new();
    for entry in &entries {
        let commitments: Vec<Vec<u8>> = entry.parts.iter().map(commitment).collect();
        assert_eq!(entry.leaf, leaf(entry.id, &commitments));
        for part in &entry.parts {
            let (salt, content) = part.opening.clone().unwrap();
            assert_eq!(salt.len(), 32);
            assert!(salts.insert(salt), "a salt is used once");
            let bare: [u8; 32] = Sha256::digest(&content).into();
            assert!(!contains(&entry.leaf, &bare), "a hash without a salt could be guessed");
            for window in content.windows(6) {
                assert!(!contains(&entry.leaf, window), "{}", String::from_utf8_lossy(window));
            }
        }
    }

    // Erased, a part opens no more; the leaf and what it says of the other part stand.
    let before = (entries[1].leaf.clone(), commitment(&entries[1].parts[0]));
    database.execute("SELECT erase_journal_part($1, 1)", &[&entries[1].id]).await.unwrap();
    let after = journal(&database, 3).await;
    assert!(after[1].parts[1].opening.is_none());
    assert_eq!((after[1].leaf.clone(), commitment(&after[1].parts[0])), before);
    assert!(contains(&after[1].leaf, &before.1));
    world.stop().await;
}

/// Every entry of the journal commits to its parts as they lie there; how many of them there are.
pub(crate) async fn every_leaf_stands(database: &Client) -> usize {
    every_leaf_commits_to(database, |_, _, content| content).await
}

/// Every entry of the journal commits to what its parts were first, which is told by their class, their person and what lies there now.
pub(crate) async fn every_leaf_commits_to(
    database: &Client,
    first: impl Fn(&str, Option<Uuid>, Vec<u8>) -> Vec<u8>,
) -> usize {
    let mut entries = journal(database, 1).await;
    for entry in &mut entries {
        for part in &mut entry.parts {
            let (salt, content) = part.opening.take().unwrap();
            part.opening = Some((salt, first(&part.class, part.subject, content)));
        }
        let commitments: Vec<Vec<u8>> = entry.parts.iter().map(commitment).collect();
        assert_eq!(entry.leaf, leaf(entry.id, &commitments), "{}", entry.index);
    }
    entries.len()
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entries_of_a_record_come_in_the_order_of_its_versions() {
    const TRANSFERS: usize = 10;
    let world = World::start().await;
    let goods = world.goods("general").await;
    let client = world.client(COORDINATOR);
    let counts = join_all((0..CLIENTS).map(|_| count_often(&client, "ALB-01", 3)));
    let transfers = join_all((0..CLIENTS * TRANSFERS).map(|number| {
        let (from, to) = if number % 2 == 0 { (&goods.from, &goods.to) } else { (&goods.to, &goods.from) };
        client.run(MOVE, goods.between(from, to, 1))
    }));
    let (counts, transfers) = tokio::join!(counts, transfers);
    let moved = transfers.iter().filter(|answer| outcome(answer) == "MoveStockPayload").count();
    let database = world.database().await;
    let mut versions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for entry in journal(&database, counts.concat().len() + moved).await {
        let data = entry.json(1)["data"].clone();
        let records = data["stock"].as_array().cloned().unwrap_or_else(|| vec![data["space"].clone()]);
        for record in records {
            let id = record["id"].as_str().unwrap().to_owned();
            versions.entry(id).or_default().push(record["version"].as_i64().unwrap());
        }
    }
    assert_eq!(versions.len(), 3, "a space and two balances");
    for (record, seen) in versions {
        let expected: Vec<i64> = (seen[0]..).take(seen.len()).collect();
        assert_eq!(seen, expected, "{record}");
    }
    world.stop().await;
}

/// The next so many events of a socket: their indexes and the versions that they tell of.
async fn events(socket: &mut Socket, count: usize) -> Vec<(i64, String, i64)> {
    let mut events = Vec::new();
    while events.len() < count {
        let event = socket.event().await;
        assert_eq!(event["type"], "next", "{event}");
        let index = at(&event, "payload.extensions.stream.index").as_str().unwrap().parse().unwrap();
        let space = at(&event, "payload.data.shelterCapacityChanged.space");
        let version = space["version"].as_i64().unwrap_or_else(|| panic!("{event}"));
        events.push((index, space["id"].as_str().unwrap().to_owned(), version));
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_no_entry_and_a_refusal_none_of_a_change() {
    let world = World::start().await;
    let client = world.client(COORDINATOR);
    let space = world.space().await;
    let variables = headcount(&space, 1);
    for _ in 0..3 {
        assert_eq!(outcome(&client.run(ADJUST, variables.clone()).await), "AdjustOccupancyPayload");
        assert_eq!(outcome(&client.adjust(&space, 2).await), "VersionConflict");
        assert_eq!(codes(&world.client("CNDH/witness").adjust(&space, 2).await), ["FORBIDDEN"]);
    }
    let goods = world.goods("general").await;
    assert_eq!(outcome(&client.run(MOVE, goods.transfer(1)).await), "MoveStockPayload");
    let entries = journal(&world.database().await, 3).await;
    let operations: Vec<Json> = entries.iter().map(|entry| entry.json(0)["operation"].clone()).collect();
    let changes: Vec<&Json> = operations.iter().filter(|operation| *operation != "journal.refuse").collect();
    assert_eq!(changes, ["shelters.adjustOccupancy", "donations.moveStock"]);
    world.stop().await;
}

/// Those who came early and late, by socket and by event stream, see the same changes in the same order.
#[tokio::test(flavor = "multi_thread")]
async fn what_many_write_at_once_all_see_in_one_order() {
    const CHANGES: usize = 6;
    let world = World::start().await;
    let mut early = Vec::new();
    for caller in ["SEDENA/kitchen", "DSPM/officer", "CNDH/witness"] {
        let mut socket = world.socket(caller).await;
        socket.follow("a", FOLLOW).await;
        early.push(socket);
    }
    let mut stream = world.client("INEA/educator").follow(FOLLOW).await.unwrap();
    assert_eq!(stream.ready().await, -1);

    let client = world.client(COORDINATOR);
    let shelters: Vec<String> = (1..=CLIENTS).map(|number| format!("ALB-{number:02}")).collect();
    let writers = join_all(shelters.iter().map(|shelter| count_often(&client, shelter, CHANGES)));
    let (made, (mut late, joined_at)) = tokio::join!(writers, async {
        while world.enlace.journal_head() < 5 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut late = world.socket("PCE/inspector").await;
        let joined_at = late.follow("a", FOLLOW).await;
        (late, joined_at)
    });
    let made = made.concat().len();
    let seen = events(&mut early[0], made).await;
    assert_eq!(
        seen.iter().map(|(index, ..)| *index).collect::<Vec<_>>(),
        (0..).take(made).collect::<Vec<i64>>()
    );
    for socket in &mut early[1..] {
        assert_eq!(events(socket, made).await, seen);
    }
    for (index, _, version) in &seen {
        let event = stream.next().await;
        assert_eq!(event.index(), Some(*index));
        assert_eq!(at(&event.data, "data.shelterCapacityChanged.space.version"), &json!(version));
    }
    let rest: Vec<_> = seen.iter().filter(|(index, ..)| *index > joined_at).cloned().collect();
    assert_eq!(events(&mut late, rest.len()).await, rest);

    let journalled: Vec<(i64, i64)> = journal(&world.database().await, made)
        .await
        .iter()
        .map(|entry| (entry.index, at(&entry.json(1), "data.space.version").as_i64().unwrap()))
        .collect();
    assert_eq!(journalled, seen.iter().map(|(index, _, version)| (*index, *version)).collect::<Vec<_>>());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_one_sequence_and_when_one_stops_the_other_goes_on() {
    const CHANGES: usize = 5;
    let leading = World::start().await;
    let other = leading.sibling().await;
    let token = leading.token(COORDINATOR);
    let clients = [leading.client(COORDINATOR), other.client(&token)];
    let mut here = leading.socket("SEDENA/kitchen").await;
    let mut there = other.socket(&leading.token("DSPM/officer")).await;
    here.follow("a", FOLLOW).await;
    there.follow("b", FOLLOW).await;

    let shelters = ["ALB-01", "ALB-02", "ALB-03", "ALB-04"];
    let writers = shelters
        .iter()
        .enumerate()
        .map(|(number, shelter)| count_often(&clients[number % 2], shelter, CHANGES));
    let made = join_all(writers).await.concat().len();
    let seen = events(&mut here, made).await;
    assert_eq!(events(&mut there, made).await, seen);
    let indexes: Vec<i64> = seen.iter().map(|(index, ..)| *index).collect();
    assert_eq!(indexes, (0..).take(made).collect::<Vec<i64>>());

    let scratch = leading.halt().await;
    count_often(&clients[1], "ALB-05", CHANGES).await;
    let went_on: Vec<i64> = events(&mut there, CHANGES).await.iter().map(|(index, ..)| *index).collect();
    assert_eq!(went_on, (0..).skip(made).take(CHANGES).collect::<Vec<i64>>());
    drop(there);
    other.stop().await;
    scratch.drop().await;
}

/// The backend of the journal's own connection, once it is the one that sequences.
async fn sequencer(client: &Client) -> i32 {
    let holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted \
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(row) = client.query_opt(holder, &[]).await.unwrap() {
            return row.get(0);
        }
        assert!(Instant::now() < deadline, "nobody sequences");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// One who writes entries of its own in transactions of chance length, some of which it gives up or dies in; those that it committed, in
/// that order.
async fn writes_by_chance(world: &World, seed: u64) -> Vec<Uuid> {
    const TRANSACTIONS: usize = 30;
    let mut dice = Dice::new(seed);
    let mut committed = Vec::new();
    let mut client = world.database().await;
    for _ in 0..TRANSACTIONS {
        client.batch_execute("BEGIN").await.unwrap();
        let mut ids = Vec::new();
        for _ in 0..=dice.roll(3) {
            let id = Uuid::now_v7();
            client
                .execute(
                    "WITH entry AS (INSERT INTO journal_entries \
                         (id, programme_id, leaf, part_classes, part_subjects, part_salts, part_contents) \
                         SELECT $1, id, '\\x00', '{JOURNAL}', '{NULL}', ARRAY['\\x00'::bytea], ARRAY['{}'::bytea] FROM programmes) \
                     INSERT INTO journal_queue (entry_id) VALUES ($1)",
                    &[&id],
                )
                .await
                .unwrap();
            ids.push(id);
            tokio::time::sleep(Duration::from_millis(dice.roll(8) as u64)).await;
        }
        match dice.roll(10) {
            0 => client.batch_execute("ROLLBACK").await.unwrap(),
            1 => client = world.database().await,
            _ => {
                client.batch_execute("COMMIT; NOTIFY enlace_appended").await.unwrap();
                committed.extend(ids);
            }
        }
    }
    committed
}

/// However transactions overlap, and whoever dies: what was committed has one place each, without a gap, in an order that keeps each
/// writer's own; what was not has none. Two processes take turns in sequencing, as one's connection is killed again and again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_has_one_place_and_what_is_not_has_none() {
    const WRITERS: u64 = 12;
    let world = World::start().await;
    let other = world.sibling().await;
    let database = world.database().await;
    let killing = async {
        loop {
            tokio::time::sleep(Duration::from_millis(60)).await;
            let holder = sequencer(&database).await;
            database.query_one("SELECT pg_terminate_backend($1)", &[&holder]).await.unwrap();
        }
    };
    let writing = join_all((0..WRITERS).map(|writer| writes_by_chance(&world, 1_000 + writer)));
    let written = tokio::select! {
        written = writing => written,
        () = killing => unreachable!("it goes on for ever"),
    };
    let committed: usize = written.iter().map(Vec::len).sum();
    let deadline = Instant::now() + Duration::from_secs(20);
    let places: Vec<(i64, Uuid)> = loop {
        let rows =
            database.query("SELECT index, entry_id FROM journal_index ORDER BY index", &[]).await.unwrap();
        if rows.len() >= committed {
            break rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        }
        assert!(Instant::now() < deadline, "{} of {committed}", rows.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let indexes: Vec<i64> = places.iter().map(|(index, _)| *index).collect();
    assert_eq!(
        indexes,
        (0..).take(committed).collect::<Vec<i64>>(),
        "no gap, no repeat, and nothing that was given up"
    );
    let place: BTreeMap<Uuid, i64> = places.into_iter().map(|(index, id)| (id, index)).collect();
    for own in &written {
        let own: Vec<i64> = own.iter().map(|id| place[id]).collect();
        assert!(own.is_sorted(), "the order in which they were written: {own:?}");
    }
    let queued: i64 = database.query_one("SELECT count(*) FROM journal_queue", &[]).await.unwrap().get(0);
    assert_eq!(queued, 0);
    other.stop().await;
    world.stop().await;
}

/// R35: every connection of the server to the database is cut, several times, while changes are made and followed.
#[tokio::test(flavor = "multi_thread")]
async fn when_its_connections_are_cut_the_server_recovers_and_no_event_is_missed() {
    const CUTS: usize = 3;
    const CHANGES: usize = 4;
    let world = World::start().await;
    let database = world.database().await;
    let client = world.client(COORDINATOR);
    let mut follower = world.socket("SEDENA/kitchen").await;
    follower.follow("a", FOLLOW).await;
    let mut space = world.space().await;
    for change in 0..CUTS * CHANGES {
        if change % CHANGES == 0 {
            sequencer(&database).await;
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                       WHERE datname = current_database() AND application_name = 'enlace'";
            let cut: i64 = database.query_one(cut, &[]).await.unwrap().get(0);
            assert!(cut >= 1, "the journal's own connection, and those for reads and writes");
        }
        // The same key again and again: it is applied once, however often the answer was lost.
        let variables = headcount(&space, i32::from(change % 2 == 0));
        let deadline = Instant::now() + Duration::from_secs(10);
        let counted = loop {
            let answer = client.run(ADJUST, variables.clone()).await;
            match outcome(&answer).as_str() {
                "AdjustOccupancyPayload" => break answer,
                code => assert_eq!(code, "UNAVAILABLE", "{answer}"),
            }
            assert!(Instant::now() < deadline, "the server did not recover");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        space = at(&counted, "data.adjustOccupancy.space").clone();
    }
    let seen: Vec<(i64, i64)> = events(&mut follower, CUTS * CHANGES)
        .await
        .into_iter()
        .map(|(index, _, version)| (index, version))
        .collect();
    assert_eq!(seen, (0..).map(|index| (index, index + 2)).take(CUTS * CHANGES).collect::<Vec<_>>());
    world.stop().await;
}
