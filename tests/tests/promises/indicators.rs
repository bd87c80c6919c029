//! Indicators: the closing table comes out of the records, each act moves those that it is of, and what is published tells of nobody.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::{NaiveDate, Utc};
use enlace_schema::{demo, standings};
use enlace_tests::{Client, Scratch, World, at, codes, fresh_key, outcome};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value as Json, json};

use crate::reference::rows;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";

/// What the programme came to.
const CLOSING: [(&str, i64); 13] = [
    ("adults_revalidated", 80),
    ("articles_donated", 48_963),
    ("basic_education", 128),
    ("births", 14),
    ("census_departures", 2_767),
    ("census_entries", 2_767),
    ("dwellings_leased", 461),
    ("families_departed", 922),
    ("formal_jobs", 2_000),
    ("medicines_delivered", 714),
    ("people_consulted", 2_767),
    ("rfc_completed", 900),
    ("shelters_opened", 12),
];

type Counts = BTreeMap<String, i64>;

/// What the records say as of a day, to whoever keeps the database.
async fn counted(scratch: &Scratch, as_of: NaiveDate) -> Counts {
    let standings = standings(&scratch.connect().await, as_of, Utc::now()).await.unwrap();
    standings.into_iter().map(|standing| (standing.key.to_owned(), standing.count)).collect()
}

fn by_key(answer: &Json, field: &str) -> BTreeMap<String, Json> {
    let rows = rows(answer, "data.indicators").iter();
    rows.map(|row| (row["key"].as_str().unwrap().to_owned(), row[field].clone())).collect()
}

async fn publish(client: &Client, as_of: &str) -> Json {
    let document = format!(
        "mutation {{ x: publishIndicators(asOf: \"{as_of}\", idempotencyKey: \"{}\") {{ __typename \
         ... on PublishIndicatorsPayload {{ table {{ number asOf note verifier }} }} ... on Problem {{ code message }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

/// The lines of a note, once its signature was verified as anybody would.
fn verified(table: &Json) -> Vec<String> {
    let (note, verifier) = (table["note"].as_str().unwrap(), table["verifier"].as_str().unwrap());
    let [name, id, public] = verifier.splitn(3, '+').collect::<Vec<_>>().try_into().unwrap();
    let public = BASE64_STANDARD.decode(public).unwrap();
    let (text, signature) = note.split_once("\n\n").unwrap();
    let signature = signature.strip_prefix(&format!("\u{2014} {name} ")).unwrap().trim_end();
    let signature = BASE64_STANDARD.decode(signature).unwrap();
    assert_eq!(signature[..4].iter().map(|byte| format!("{byte:02x}")).collect::<String>(), id);
    UnparsedPublicKey::new(&ED25519, &public[1..])
        .verify(format!("{text}\n").as_bytes(), &signature[4..])
        .unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closing_table_comes_out_of_the_records_and_is_published() {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    demo::load(&mut scratch.connect().await, &scratch.keys().await, demo::ENDS_ON, Utc::now()).await.unwrap();
    let closing: Counts = CLOSING.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
    assert_eq!(counted(&scratch, demo::ENDS_ON).await, closing);
    let world = World::with().start_on(scratch).await;
    let document = "{ indicators(asOf: \"2022-03-31\") { key value standing parts { dimension category value standing } } \
                    publishedTables { number asOf note verifier } }";
    // Without a token.
    let answer = world.public().query(document).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    let values: Counts =
        by_key(&answer, "value").into_iter().map(|(key, value)| (key, value.as_i64().unwrap())).collect();
    assert_eq!(values, closing);
    // The newest is that of no day in particular.
    let newest = world.public().query("{ indicators { key asOf value } }").await;
    assert!(
        rows(&newest, "data.indicators")
            .iter()
            .all(|row| row["asOf"] == "2022-03-31" && row["value"].is_number())
    );

    // Parts add up, as far as they are shown, and none of them is of few.
    for row in rows(&answer, "data.indicators") {
        let mut sums: BTreeMap<&str, (i64, bool)> = BTreeMap::new();
        for part in rows(row, "parts") {
            let (sum, whole) = sums.entry(part["dimension"].as_str().unwrap()).or_insert((0, true));
            match part["value"].as_i64() {
                Some(value) => {
                    assert!(value > 10, "{row}");
                    *sum += value;
                }
                None => *whole = false,
            }
            assert_eq!(part["standing"] == "PUBLISHED", part["value"].is_number(), "{part}");
        }
        for (dimension, (sum, whole)) in sums {
            let total = row["value"].as_i64().unwrap();
            assert!(if whole { sum == total } else { sum < total }, "{dimension} of {row}");
        }
    }
    // The notes say the same, and are signed.
    let tables = rows(&answer, "data.publishedTables");
    assert_eq!(
        tables.iter().map(|table| table["asOf"].as_str().unwrap()).collect::<Vec<_>>(),
        ["2021-12-31", "2022-01-31", "2022-03-31"]
    );
    let lines = verified(tables.last().unwrap());
    for (key, count) in CLOSING {
        assert!(lines.contains(&format!("{key} {count}")), "{key} in {lines:?}");
    }
    assert!(
        lines.contains(&"programme PIAM-MXL".to_owned()) && lines.contains(&"as-of 2022-03-31".to_owned())
    );

    // Day by day, for those who run the programme, up to the same; of health nothing is told so.
    let days = world.client(COORDINATOR).query("{ indicatorSeries { key day recorded } }").await;
    assert_eq!(codes(&days), Vec::<String>::new(), "{days}");
    let mut last = Counts::new();
    let mut count = 0;
    for row in rows(&days, "data.indicatorSeries") {
        last.insert(row["key"].as_str().unwrap().to_owned(), row["recorded"].as_i64().unwrap());
        count += usize::from(row["key"] == "census_entries");
    }
    assert_eq!(count, 113, "every day of the programme");
    let told: Counts = closing
        .into_iter()
        .filter(|(key, _)| !["births", "medicines_delivered", "people_consulted"].contains(&key.as_str()))
        .collect();
    assert_eq!(last, told);
    world.stop().await;
}

/// What some acts changed.
fn moved(before: &Counts, after: &Counts) -> BTreeMap<String, i64> {
    let by = |(key, count): (&String, &i64)| (key.clone(), count - before[key]);
    after.iter().map(by).filter(|(_, by)| *by != 0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_published_is_told_to_those_who_run_the_programme_and_to_witnesses() {
    let world = World::start().await;
    let document = "{ indicators(asOf: \"2022-01-30\") { key standing value recorded parts { value } } }";
    let today = counted(&world.scratch, NaiveDate::from_ymd_opt(2022, 1, 30).unwrap()).await;
    for caller in [COORDINATOR, "CNDH/witness"] {
        let answer = world.client(caller).query(document).await;
        assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
        for row in rows(&answer, "data.indicators") {
            let key = row["key"].as_str().unwrap();
            assert_eq!(
                (&row["standing"], &row["value"], &row["parts"]),
                (&json!("NOT_PUBLISHED"), &Json::Null, &json!([]))
            );
            let is_of_health = ["births", "medicines_delivered", "people_consulted"].contains(&key);
            let expected = if is_of_health { Json::Null } else { json!(today[key]) };
            assert_eq!(row["recorded"], expected, "{key} to {caller}");
        }
    }
    for caller in ["SEDENA/kitchen", "ISESALUD/clinician", "NGO_MANOS_DEL_DESIERTO/partner"] {
        let answer = world.client(caller).query(document).await;
        assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"], "{answer}");
        assert!(rows(&answer, "data.indicators").iter().all(|row| row["recorded"].is_null()));
        let series = world.client(caller).query("{ indicatorSeries { key day recorded } }").await;
        assert!(series["data"]["indicatorSeries"].is_null() && !codes(&series).is_empty(), "{series}");
    }
    // What is to come is not counted, nor what is no indicator.
    let coordinator = world.client(COORDINATOR);
    for (root, argument) in [
        ("indicators(asOf: \"2022-02-01\") { key }", "asOf"),
        ("indicatorSeries(until: \"2022-02-01\") { key }", "until"),
        ("indicatorSeries(from: \"2022-01-20\", until: \"2022-01-10\") { key }", "from"),
        ("indicatorSeries(from: \"2020-01-20\") { key }", "from"),
        ("indicatorSeries(keys: [\"births\"]) { key }", "keys"),
        ("indicatorSeries(keys: [\"beds\"]) { key }", "keys"),
    ] {
        let answer = coordinator.query(&format!("{{ x: {root} }}")).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{answer}");
        assert_eq!(at(&answer, "errors.0.extensions.argument"), argument);
    }
    let days = coordinator.query("{ indicatorSeries(keys: [\"shelters_opened\"], from: \"2021-12-09\", until: \"2021-12-10\") { key day } }").await;
    let expected = json!([{"key": "shelters_opened", "day": "2021-12-09"}, {"key": "shelters_opened", "day": "2021-12-10"}]);
    assert_eq!(*at(&days, "data.indicatorSeries"), expected);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_published_once_by_the_coordinator_and_withholds_what_tells_of_few() {
    let world = World::start().await;
    let coordinator = world.client(COORDINATOR);
    for stranger in ["DIF_MUNICIPAL/shelter_lead@ALB-01", "CNDH/witness"] {
        let refused = publish(&world.client(stranger), "2022-01-10").await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{refused}");
    }
    assert_eq!(outcome(&publish(&coordinator, "2022-02-01").await), "InvalidValue");
    assert_eq!(
        outcome(&publish(&coordinator, "2021-12-31").await),
        "StateConflict",
        "it is published already"
    );
    // A day after a published one: hardly anything grew by more than ten.
    let first = publish(&coordinator, "2022-01-10").await;
    assert_eq!(outcome(&first), "PublishIndicatorsPayload", "{first}");
    assert_eq!(at(&first, "data.x.table.number"), 2);
    let next = publish(&coordinator, "2022-01-11").await;
    let lines = verified(at(&next, "data.x.table"));
    let public = world.public();
    let document = |day: &str| format!("{{ indicators(asOf: \"{day}\") {{ key value standing }} }}");
    let [before, after] =
        [public.query(&document("2022-01-10")).await, public.query(&document("2022-01-11")).await]
            .map(|answer| by_key(&answer, "value"));
    let counts = counted(&world.scratch, NaiveDate::from_ymd_opt(2022, 1, 11).unwrap()).await;
    for (key, value) in &after {
        let things = ["articles_donated", "shelters_opened"].contains(&key.as_str());
        match (value.as_i64(), before[key].as_i64()) {
            (Some(value), Some(earlier)) => {
                assert_eq!(value, counts[key]);
                assert!(
                    things || value == earlier || (value - earlier).abs() > 10,
                    "{key}: {earlier}, then {value}"
                );
            }
            (Some(value), None) => assert!(things || value == 0 || value > 10, "{key}: {value}"),
            (None, _) => assert!(!things && lines.contains(&format!("{key} -")), "{key}"),
        }
    }
    assert!(after.values().any(Json::is_null), "something grew by few: {after:?}");
    // The journal tells of both.
    let entries = world
        .client("CNDH/witness")
        .query("{ journal(operation: \"indicators.publishIndicators\") { nodes { operation } } }")
        .await;
    assert_eq!(rows(&entries, "data.journal.nodes").len(), 2, "{entries}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_tables_that_are_published_at_once_each_has_its_place() {
    let world = World::start().await;
    let coordinator = world.client(COORDINATOR);
    let days: Vec<String> = (10..18).map(|day| format!("2022-01-{day}")).collect();
    let answers = futures_util::future::join_all(days.iter().map(|day| publish(&coordinator, day))).await;
    let published = answers.iter().filter(|answer| outcome(answer) == "PublishIndicatorsPayload").count();
    assert!(published >= 1);
    assert!(
        answers
            .iter()
            .all(|answer| ["PublishIndicatorsPayload", "StateConflict"].contains(&outcome(answer).as_str())),
        "{answers:?}"
    );
    let tables = world.public().query("{ publishedTables { number } }").await;
    let numbers: Vec<i64> =
        rows(&tables, "data.publishedTables").iter().map(|row| row["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=i64::try_from(published).unwrap() + 1).collect::<Vec<_>>());
    world.stop().await;
}
