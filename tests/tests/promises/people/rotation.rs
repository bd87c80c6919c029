//! Rotation of people's keys: while everyone goes on, killed or not, nothing is lost, and nothing is left under an old key (R21, R23).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use enlace_schema::SEALED;
use enlace_tests::{Client, DataFolder, Run, Scratch, World, at, codes, connect, enlace, fresh_key};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::journal::every_leaf_commits_to;

use super::{asking, person_id};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const CLINICIAN: (&str, &str) = ("ISESALUD/clinician", "HEALTH_CARE");

/// What begins the content of a journal's part that was sealed anew.
const RESEALED: &[u8] = b"resealed/1";

/// `enlace keys rotate` on a database.
fn rotate(scratch: &Scratch, data: &DataFolder, how: &str) -> Run {
    enlace(&format!("keys rotate --format json {how}")).data(data).set("DATABASE_URL", &scratch.url())
}

/// What it came to, at its end.
async fn rotated(run: Run) -> Json {
    let ended = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

fn cipher(key: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap())
}

/// Seals as the documentation says; for what the demonstration has none of.
fn seal(key: &[u8], person: Uuid, part: &str, text: &str) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(text).unwrap();
    let aad = Aad::from([person.as_bytes(), part.as_bytes()].concat());
    let nonce = Nonce::assume_unique_for_key([5; NONCE_LEN]);
    cipher(key).seal_in_place_append_tag(nonce, aad, &mut bytes).unwrap();
    [vec![5; NONCE_LEN], bytes].concat()
}

fn open(key: &[u8], person: Uuid, part: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let aad = Aad::from([person.as_bytes(), part.as_bytes()].concat());
    let mut bytes = rest.to_vec();
    Some(cipher(key).open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut bytes).ok()?.to_vec())
}

/// What a part of the journal was when it was committed to, as whoever has the person's key finds it, and what it tells.
fn open_part(key: &[u8], person: Uuid, class: &str, content: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let part = format!("journal/{class}");
    let Some(resealed) = content.strip_prefix(RESEALED) else {
        return Some((content.to_vec(), open(key, person, &part, content)?));
    };
    let within = open(key, person, &format!("{part}/resealed"), resealed)?;
    let (key, committed) = within.split_at(32);
    Some((committed.to_vec(), open(key, person, &part, committed)?))
}

type Secrets = HashMap<Uuid, Vec<u8>>;

/// Everyone's newest key.
async fn newest(scratch: &Scratch) -> Secrets {
    let rows = scratch.keys().await.query("SELECT person_id, key FROM person_keys", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn old_keys(scratch: &Scratch) -> i64 {
    scratch.keys().await.query_one("SELECT count(*) FROM person_old_keys", &[]).await.unwrap().get(0)
}

/// All that is sealed of whoever has a key, opened with the newest keys alone: by where it lies, with its person. Everything opens.
async fn opened(scratch: &Scratch, keys: &Secrets) -> BTreeMap<(String, Uuid), (Uuid, Vec<u8>)> {
    let database = scratch.connect().await;
    let mut all = BTreeMap::new();
    for table in SEALED {
        for (column, part) in table.columns {
            let statement = format!(
                "SELECT id, {}, {column} FROM {} WHERE {column} IS NOT NULL",
                table.person, table.name
            );
            for row in database.query(&statement, &[]).await.unwrap() {
                let (id, person): (Uuid, Uuid) = (row.get(0), row.get(1));
                let Some(key) = keys.get(&person) else { continue };
                let place = format!("{}.{column}", table.name);
                let value = open(key, person, part, row.get(2));
                let value = value.unwrap_or_else(|| panic!("{place} of {id} is under another key"));
                all.insert((place, id), (person, value));
            }
        }
    }
    let parts = "SELECT entry_id, ordinal::text, subject, class, content FROM journal_parts WHERE subject IS NOT NULL";
    for row in database.query(parts, &[]).await.unwrap() {
        let (entry, person): (Uuid, Uuid) = (row.get(0), row.get(2));
        let Some(key) = keys.get(&person) else { continue };
        let place = format!("journal {}", row.get::<_, String>(1));
        let (_, value) =
            open_part(key, person, row.get(3), row.get(4)).unwrap_or_else(|| panic!("{place} of {entry}"));
        all.insert((place, entry), (person, value));
    }
    all
}

/// Every entry's leaf commits to what its parts were first, which the newest keys lead to; how many there are.
async fn leaves(scratch: &Scratch, keys: &Secrets) -> usize {
    let first = |class: &str, subject: Option<Uuid>, content: Vec<u8>| match subject {
        Some(person) => open_part(&keys[&person], person, class, &content).unwrap().0,
        None => content,
    };
    every_leaf_commits_to(&scratch.connect().await, first).await
}

/// Some adults who were not merged, in the order of their keys.
async fn adults(scratch: &Scratch, count: i64) -> Vec<Uuid> {
    let statement = "SELECT id FROM persons WHERE adult_from < '2022-01-01' ORDER BY id LIMIT $1";
    let rows = scratch.connect().await.query(statement, &[&count]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// A record of each kind that the demonstration has none of, of a person whose record is merged into another's.
async fn complete(scratch: &Scratch, [merged, into]: [Uuid; 2]) {
    let key = newest(scratch).await.remove(&merged).unwrap();
    let sealed = |part: &str| seal(&key, merged, part, "a text of several words");
    let database = scratch.connect().await;
    // What is tried is not how such records come to be.
    database.batch_execute("SET session_replication_role = replica").await.unwrap();
    let departure: Uuid = database
        .query_one(
            "INSERT INTO departures (id, programme_id, person_id, episode_id, party_id, planned_on, plan, recorded_at) \
             SELECT gen_random_uuid(), programme_id, id, gen_random_uuid(), gen_random_uuid(), '2022-02-01', $2, '2022-01-31' FROM persons WHERE id = $1 RETURNING id",
            &[&merged, &sealed("destination")],
        )
        .await
        .unwrap()
        .get(0);
    database
        .execute(
            "INSERT INTO departure_follow_ups (id, departure_id, made_at, record) VALUES (gen_random_uuid(), $1, '2022-02-02', $2)",
            &[&departure, &sealed("follow_up")],
        )
        .await
        .unwrap();
    database
        .execute(
            "INSERT INTO medical_referrals (id, person_id, visit_id, referred_at, record) \
             VALUES (gen_random_uuid(), $1, gen_random_uuid(), '2022-01-31', $2)",
            &[&merged, &sealed("medicalReferral")],
        )
        .await
        .unwrap();
    database
        .execute(
            "INSERT INTO break_glass_accesses (id, programme_id, person_id, user_id, agency, reason, opened_at, ends_at) \
             SELECT gen_random_uuid(), programme_id, id, gen_random_uuid(), 'ISESALUD', $2, '2022-01-01 00:00Z', '2022-01-01 01:00Z' \
             FROM persons WHERE id = $1",
            &[&merged, &sealed("breakGlassReason")],
        )
        .await
        .unwrap();
    for (state, ground) in [("CARRIED_OUT", None), ("REFUSED", Some("NOT_HELD"))] {
        let at_end = |value: Vec<u8>, wanted: &str| (state == wanted).then_some(value);
        database
            .execute(
                "INSERT INTO arco_requests (id, programme_id, person_id, kind, asked_by, proof, received_on, person_version, state, \
                     extended_at, extension_reason, answered_at, ground, answer_reason, due_on, carried_out_at, carried_out_by, handed_over, recorded_by) \
                 SELECT gen_random_uuid(), programme_id, id, 'ACCESS', 'PERSON', $2, '2022-01-03', 1, $3, '2022-01-04', $4, '2022-01-05', $5, $6, \
                     '2022-02-01', CASE WHEN $7::bytea IS NOT NULL THEN '2022-01-06'::timestamptz END, \
                     CASE WHEN $7::bytea IS NOT NULL THEN gen_random_uuid() END, $7, gen_random_uuid() FROM persons WHERE id = $1",
                &[
                    &merged,
                    &sealed("arco/proof"),
                    &state,
                    &sealed("arco/extension"),
                    &ground,
                    &at_end(sealed("arco/answer"), "REFUSED"),
                    &at_end(sealed("arco/handedOver"), "CARRIED_OUT"),
                ],
            )
            .await
            .unwrap();
    }
    let merging = "UPDATE persons SET merged_into = $2, merged_at = '2022-01-31' WHERE id = $1";
    database.execute(merging, &[&merged, &into]).await.unwrap();
}

/// Changes somebody's name; the version that it made.
async fn rename(client: &Client, person: Uuid, version: i64, name: &str) -> i64 {
    let document = "mutation($person: ID!, $version: Int!, $identity: IdentityInput, $key: String!) {
        updatePerson(person: $person, version: $version, identity: $identity, idempotencyKey: $key) {
          __typename ... on UpdatePersonPayload { person { version givenNames } } ... on Problem { message } } }";
    let identity = json!({"givenNames": name, "familyNames": "Tenòk", "birthDate": "1990-03", "sex": "FEMALE", "nationality": "HTI"});
    let variables =
        json!({"person": person_id(person), "version": version, "identity": identity, "key": fresh_key()});
    let answer = client.run(document, variables).await;
    assert_eq!(at(&answer, "data.updatePerson.person.givenNames"), name, "{answer}");
    at(&answer, "data.updatePerson.person.version").as_i64().unwrap()
}

async fn name_of(client: &Client, person: Uuid) -> Json {
    let document = "query($id: ID!) { node(id: $id) { ... on Person { givenNames } } }";
    let answer = client.run(document, json!({"id": person_id(person)})).await;
    if codes(&answer).is_empty() {
        at(&answer, "data.node.givenNames").clone()
    } else {
        json!(codes(&answer))
    }
}

/// Everything opens that is shown. Who a minor is, no list shows.
fn nothing_fails(list: &Json) {
    assert!(codes(list).iter().all(|code| code == "FIELD_FORBIDDEN"), "{list}");
    assert!(!at(list, "data.persons.nodes.0").is_null(), "{list}");
}

/// Renames somebody over and over, and reads what was written, until `over`; what they are called at last.
async fn rename_until(client: &Client, person: Uuid, over: impl Fn() -> bool) -> String {
    let (mut version, mut turn) = (1, 0);
    loop {
        turn += 1;
        let name = format!("Mirlande {turn}");
        version = rename(client, person, version, &name).await;
        assert_eq!(name_of(client, person).await, json!(name));
        if over() {
            return name;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everyones_key_is_replaced_while_people_write_and_read_and_nothing_is_lost() {
    let (world, data) = (World::start().await, DataFolder::new());
    let scratch = &world.scratch;
    let people = adults(scratch, 5).await;
    let [written, other, merged, into] = [0, 1, 2, 3].map(|place| people[place]);
    complete(scratch, [merged, into]).await;
    let coordinator = asking(&world, COORDINATOR);
    rename(&coordinator, into, 1, "Wislene").await;
    let (old, before) = {
        let keys = newest(scratch).await;
        let before = opened(scratch, &keys).await;
        (keys, before)
    };
    let places: BTreeSet<&str> = before.keys().map(|(place, _)| place.as_str()).collect();
    for table in SEALED {
        for (column, _) in table.columns {
            assert!(
                places.contains(format!("{}.{column}", table.name).as_str()),
                "{}.{column}: {places:?}",
                table.name
            );
        }
    }
    assert!(places.iter().any(|place| place.starts_with("journal ")), "{places:?}");

    let rotation = tokio::spawn(rotated(rotate(scratch, &data, "--all --grace 3s")));
    let clinician = asking(&world, CLINICIAN);
    let reading = async {
        while !rotation.is_finished() {
            let list = clinician
                .query("{ persons(first: 300) { nodes { nationality assessments { risk } } } }")
                .await;
            nothing_fails(&list);
        }
    };
    let [one, two] =
        [written, other].map(|person| rename_until(&coordinator, person, || rotation.is_finished()));
    let (one, two, ()) = tokio::join!(one, two, reading);
    let came = rotation.await.unwrap();
    let everyone = json!(old.len());
    assert_eq!(
        (&came["keys_made"], &came["keys_destroyed"], &came["people_unreadable"]),
        (&everyone, &everyone, &json!(0)),
        "{came}"
    );

    // Nothing is left under an old key, each value is what it was, and what was written meanwhile is what was written.
    let keys = newest(scratch).await;
    assert!(old.iter().all(|(person, key)| keys[person] != *key) && old_keys(scratch).await == 0);
    let after = opened(scratch, &keys).await;
    for ((place, id), (person, value)) in &before {
        if !([written, other].contains(person) && place == "persons.identity") {
            assert_eq!(after[&(place.clone(), *id)].1, *value, "{place} of {id}");
        }
    }
    assert_eq!(name_of(&coordinator, written).await, json!(one));
    assert_eq!(name_of(&coordinator, other).await, json!(two));
    assert!(leaves(scratch, &keys).await > 5);

    // Run again, there is nothing to do; of keys that are new none is old.
    for how in ["", "--older-than 1"] {
        let again = rotated(rotate(scratch, &data, how)).await;
        assert_eq!((&again["keys_made"], &again["values_resealed"]), (&json!(0), &json!(0)), "{how}");
    }
    world.stop().await;
}

/// What was read before its key went, and comes back by a backup, is unreadable; so is whoever was erased while both keys were there.
#[tokio::test(flavor = "multi_thread")]
async fn killed_it_goes_on_and_what_was_sealed_before_opens_with_no_key_that_is_left() {
    let (world, data) = (World::start().await, DataFolder::new());
    let scratch = &world.scratch;
    let coordinator = asking(&world, COORDINATOR);
    let people = adults(scratch, 2).await;
    let (person, erased) = (people[0], people[1]);
    rename(&coordinator, person, 1, "Mirlande").await;
    let database = scratch.connect().await;
    let identity = async |person: Uuid| -> Vec<u8> {
        database.query_one("SELECT identity FROM persons WHERE id = $1", &[&person]).await.unwrap().get(0)
    };
    let part = "SELECT part_contents[array_position(part_subjects, $1::uuid)] FROM journal_entries WHERE $1::uuid = ANY(part_subjects)";
    let told = async || -> Vec<u8> { database.query_one(part, &[&person]).await.unwrap().get(0) };
    let (backup, entry) = (identity(person).await, told().await);

    let running = rotate(scratch, &data, "--all --grace 1h").start();
    let deadline = Instant::now() + Duration::from_mins(2);
    while identity(person).await == backup {
        assert!(Instant::now() < deadline, "nothing is sealed anew");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    running.signal(Signal::KILL);
    drop(running);
    assert_eq!(name_of(&coordinator, person).await, json!("Mirlande"));
    let list = coordinator.query("{ persons(first: 500) { nodes { nationality segment } } }").await;
    nothing_fails(&list);
    let both = old_keys(scratch).await;
    let destroyed =
        scratch.keys().await.execute("DELETE FROM person_keys WHERE person_id = $1", &[&erased]).await;
    assert_eq!((destroyed.unwrap(), old_keys(scratch).await), (1, both - 1), "both of their keys");

    let came = rotated(rotate(scratch, &data, "--grace 0s")).await;
    assert_eq!((&came["keys_made"], &came["keys_destroyed"]), (&json!(0), &json!(both - 1)), "{came}");
    assert_eq!(old_keys(scratch).await, 0);
    let keys = newest(scratch).await;
    assert!(!keys.contains_key(&erased) && opened(scratch, &keys).await.len() > keys.len());
    assert_eq!(name_of(&coordinator, erased).await, Json::Null);

    // The journal's part opens with the new key, and no copy of what it was does; nor does the record, put back.
    let now = told().await;
    assert_eq!(open_part(&keys[&person], person, "IDENTITY", &now).unwrap().0, entry);
    assert!(open_part(&keys[&person], person, "IDENTITY", &entry).is_none());
    let back = "UPDATE persons SET identity = $2 WHERE id = $1";
    database.execute(back, &[&person, &backup]).await.unwrap();
    assert_eq!(name_of(&coordinator, person).await, json!(["INTERNAL"]));

    // Such a value is no reason to stop: of its person the old key is kept, and whoever rotates is told.
    let run = rotate(scratch, &data, "--all --grace 0s");
    let ended = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
    let came: Json = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (ended.code, &came["people_unreadable"], old_keys(scratch).await),
        (Some(1), &json!(1), 1),
        "{ended:?}"
    );
    world.stop().await;
}

/// A transaction that asked for a key before there was another writes under the old one, however late.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_began_before_is_waited_for() {
    let (scratch, data) = (Scratch::with_programme().await, DataFolder::new());
    let mut config = scratch.owner.clone();
    config.application_name("enlace");
    let (server, database) = (connect(&config).await, scratch.connect().await);
    server.batch_execute("BEGIN").await.unwrap();
    let of = "SELECT id, person_id, findings FROM assessments ORDER BY id LIMIT 1";
    let row = server.query_one(of, &[]).await.unwrap();
    let (assessment, person): (Uuid, Uuid) = (row.get(0), row.get(1));
    let of_person = format!("--person {} --grace 0s", person_id(person));
    let rotation = tokio::spawn(rotated(rotate(&scratch, &data, &of_person)));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%virtualxid%' \
                 AND application_name = 'enlace keys rotate'";
    while database.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(!rotation.is_finished());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let copy = "INSERT INTO assessments (id, person_id, assessed_at, findings) SELECT gen_random_uuid(), person_id, assessed_at, $2 \
                FROM assessments WHERE id = $1";
    server.execute(copy, &[&assessment, &row.get::<_, Vec<u8>>(2)]).await.unwrap();
    assert_eq!(old_keys(&scratch).await, 1);
    server.batch_execute("COMMIT").await.unwrap();
    let came = rotation.await.unwrap();
    assert_eq!(
        (&came["keys_made"], &came["keys_destroyed"]),
        (&json!(1), &json!(1)),
        "one person's alone: {came}"
    );
    opened(&scratch, &newest(&scratch).await).await;
    drop((server, database));
    scratch.drop().await;
}

/// Columns of bytes that are sealed under nobody's key: digests, tokens, salts, leaves, and what tells of nobody.
const UNSEALED: [&str; 7] = [
    "care_records.slot",
    "donations.file_digest",
    "idempotency_keys.body",
    "journal_entries.leaf",
    "journal_entries.part_salts",
    "person_tokens.token",
    "upload_pieces.content",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_column_that_is_sealed_is_sealed_anew() {
    let scratch = Scratch::with_programme().await;
    let database = scratch.connect().await;
    let bytes = "SELECT table_name::text || '.' || column_name::text FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) \
                 WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND udt_name IN ('bytea', '_bytea')";
    let rows = database.query(bytes, &[]).await.unwrap();
    let found: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let sealed = SEALED
        .iter()
        .flat_map(|table| table.columns.iter().map(|(column, _)| format!("{}.{column}", table.name)));
    let known = sealed.chain(["journal_entries.part_contents".to_owned()]).chain(UNSEALED.map(str::to_owned));
    assert_eq!(found, known.collect::<BTreeSet<String>>());
    drop(database);
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rotates_at_a_time_and_nobody_who_has_no_key() {
    let (scratch, data) = (Scratch::with_programme().await, DataFolder::new());
    let failed = async |how: &str| {
        let run = rotate(&scratch, &data, how);
        let ended = tokio::task::spawn_blocking(move || run.end()).await.unwrap();
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        ended.err
    };
    let nobody = failed(&format!("--person {}", person_id(Uuid::from_u128(7)))).await;
    assert!(nobody.contains("has no key"), "{nobody}");
    let keys = scratch.keys().await;
    keys.query_one("SELECT pg_advisory_lock(hashtext('enlace keys rotate'))", &[]).await.unwrap();
    assert!(failed("--all").await.contains("another rotation is running"));
    assert_eq!(old_keys(&scratch).await, 0);
    drop(keys);
    scratch.drop().await;
}
