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
    assert_eq!(format!("{:08x}", u32::from_be_bytes(signature[..4].try_into().unwrap())), id);
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

/// Has a client run a mutation whose arguments are literals; the payload, which shows these fields.
async fn act(client: &Client, root: &str, arguments: &str, shown: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let answer = client
        .query(&format!(
            "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {shown} }} \
             ... on Problem {{ code message }} }} }}",
            fresh_key()
        ))
        .await;
    assert_eq!(outcome(&answer), payload, "{root}: {answer}");
    answer["data"]["x"].clone()
}

/// A record that was changed, as the next change names it.
fn seen(argument: &str, record: &Json) -> String {
    format!("{argument}: {}, version: {}", record["id"], record["version"])
}

/// Keeps count: of each act it is said which indicators it moves, by how much, and that it moves no other.
struct Tally<'w> {
    world: &'w World,
    counts: Counts,
}

impl Tally<'_> {
    async fn moves(&mut self, act: &str, expected: &[(&str, i64)]) {
        let after = counted(&self.world.scratch, demo::DEFAULT_DAY).await;
        let expected: BTreeMap<String, i64> =
            expected.iter().map(|(key, by)| ((*key).to_owned(), *by)).collect();
        assert_eq!(moved(&self.counts, &after), expected, "{act}");
        self.counts = after;
    }
}

#[expect(clippy::too_many_lines, reason = "one household, from its coming to its leaving")]
#[tokio::test(flavor = "multi_thread")]
async fn each_act_moves_the_indicators_that_it_is_of_by_what_it_says_and_no_other() {
    let world = World::start().await;
    let counts = counted(&world.scratch, demo::DEFAULT_DAY).await;
    let mut tally = Tally { world: &world, counts };
    let asking = |caller: &str, purpose: &str| world.client(caller).stating(purpose);
    let coordinator = asking(COORDINATOR, "RECEPTION");
    let clinician = asking("ISESALUD/clinician", "HEALTH_CARE");

    let members = "members: [\
        {identity: {givenNames: \"Ozwazul\", familyNames: \"Muestra\", birthDate: \"1990-02-01\", sex: FEMALE, nationality: \"HTI\"}, \
         family: {kinship: HEAD}, migration: {status: ASYLUM_SEEKER}, placement: {segment: FAMILY_NUCLEUS}}, \
        {identity: {givenNames: \"Ti\", familyNames: \"Muestra\", birthDate: \"2014-05-01\", sex: MALE, nationality: \"CHL\"}, \
         family: {kinship: CHILD}, migration: {status: ASYLUM_SEEKER}, placement: {segment: FAMILY_NUCLEUS}}]";
    let household =
        act(&coordinator, "registerHousehold", members, "household { members { id kinship } }").await;
    tally.moves("two arrive", &[("census_entries", 2)]).await;
    let member = |kinship: &str| {
        let members = rows(&household, "household.members");
        members.iter().find(|member| member["kinship"] == kinship).unwrap()["id"].clone()
    };
    let (mother, child) = (member("HEAD"), member("CHILD"));

    let visit = act(
        &clinician,
        "openVisit",
        &format!("person: {mother}, specialty: GENERAL"),
        "visit { id version }",
    )
    .await;
    tally.moves("a visit begins", &[]).await;
    act(&clinician, "closeVisit", &seen("visit", &visit["visit"]), "visit { id }").await;
    tally.moves("a visit ends", &[("people_consulted", 1)]).await;
    let newborn = format!("mother: {mother}, newborns: [{{givenNames: \"Neno\", sex: FEMALE}}]");
    let birth = act(&clinician, "registerBirth", &newborn, "births { newborn { id } }").await;
    let newborn = &rows(&birth, "births")[0]["newborn"]["id"];
    tally.moves("somebody is born", &[("births", 1)]).await;

    let teaching = asking(COORDINATOR, "EDUCATION");
    let school = "name: \"Primaria de prueba\", level: PRIMARY, shift: MORNING, places: [0, 2, 0, 0, 0, 0]";
    let school = act(&teaching, "registerSchool", school, "school { grades { id grade } }").await;
    let grade =
        rows(&school, "school.grades").iter().find(|grade| grade["grade"] == 2).unwrap()["id"].clone();
    let place = "schoolPlace { id version }";
    let asked =
        act(&teaching, "requestSchoolPlace", &format!("grade: {grade}, person: {child}"), place).await;
    let documents = format!(
        "{}, seen: [BIRTH_CERTIFICATE, GUARDIAN_IDENTITY, VACCINATION_CARD]",
        seen("schoolPlace", &asked["schoolPlace"])
    );
    let complete = act(&teaching, "settleSchoolDocuments", &documents, place).await;
    tally.moves("a place in a school is asked for", &[]).await;
    act(&teaching, "placeInSchool", &seen("schoolPlace", &complete["schoolPlace"]), place).await;
    tally.moves("a child is placed", &[("basic_education", 1)]).await;
    let filing = format!("person: {mother}, level: SECONDARY, documents: [IDENTITY, FOREIGN_CERTIFICATE]");
    let filed = act(&teaching, "fileRevalidation", &filing, "revalidation { id version }").await;
    tally.moves("a revalidation is filed", &[]).await;
    let certify =
        format!("{}, decision: CERTIFIED, folio: \"INEA-7\"", seen("revalidation", &filed["revalidation"]));
    act(&asking("INEA/educator", "EDUCATION"), "decideRevalidation", &certify, "revalidation { id }").await;
    tally.moves("an adult is certified", &[("adults_revalidated", 1)]).await;

    let working = asking(COORDINATOR, "EMPLOYMENT");
    let employer = "name: \"Taller de prueba\", trade: \"Talleres\", contact: \"taller@example.org\"";
    let employer = act(&working, "registerEmployer", employer, "employer { id }").await;
    let vacancy = format!(
        "employer: {}, title: \"Soldadora\", skills: [WELDING], shift: NIGHT, startsOn: \"2022-01-31\", openings: 3",
        employer["employer"]["id"]
    );
    act(&working, "openVacancy", &vacancy, "vacancy { id }").await;
    tally.moves("work is offered", &[]).await;
    // One that was offered yesterday already: a job that begins and ends on one day is none.
    let offered = working.query("{ vacancies(available: true) { nodes { id openedOn } } }").await;
    let offered = rows(&offered, "data.vacancies.nodes");
    let vacancy = &offered.iter().find(|one| one["openedOn"].as_str() < Some("2022-01-30")).unwrap()["id"];
    let placing = format!("person: {mother}, vacancy: {vacancy}, formal: true, startedOn: \"2022-01-30\"");
    let job = act(&working, "placeInJob", &placing, "jobPlacement { id version }").await;
    tally.moves("a formal job begins", &[("formal_jobs", 1)]).await;
    let ending = format!("{}, ending: RESIGNED", seen("jobPlacement", &job["jobPlacement"]));
    act(&working, "endJobPlacement", &ending, "jobPlacement { id }").await;
    tally.moves("a formal job ends", &[("formal_jobs", -1)]).await;

    let documents = "documents: [PHOTOGRAPH, IDENTIFICATION, PROOF_OF_ADDRESS, SIGNED_APPLICATION]";
    let shown = "rfcProcedure { id version }";
    let mut rfc = act(&working, "openRfcProcedure", &format!("person: {mother}, {documents}"), shown).await;
    for state in ["DOCUMENTS_COMPLETE", "FILED"] {
        let step = format!("{}, state: {state}", seen("rfcProcedure", &rfc["rfcProcedure"]));
        rfc = act(&working, "advanceRfcProcedure", &step, shown).await;
    }
    tally.moves("a procedure for an RFC is filed", &[]).await;
    let step = format!("{}, state: COMPLETED", seen("rfcProcedure", &rfc["rfcProcedure"]));
    act(&working, "advanceRfcProcedure", &step, shown).await;
    tally.moves("a procedure for an RFC is completed", &[("rfc_completed", 1)]).await;

    let homing = asking(COORDINATOR, "HOUSING");
    let owner = "name: \"Arrendadora de prueba\", contact: \"arrendadora@example.org\"";
    let owner = act(&homing, "registerOwner", owner, "owner { id }").await;
    let dwelling = format!(
        "owner: {}, address: \"Calle de prueba 1\", district: \"Ejido Muestra\", rooms: 2, capacity: 6, rent: \"5000.00 MXN\", services: [WATER]",
        owner["owner"]["id"]
    );
    let dwelling =
        act(&homing, "offerDwelling", &dwelling, "dwelling { id }").await["dwelling"]["id"].clone();
    act(&homing, "visitDwelling", &format!("dwelling: {dwelling}, fit: true"), "dwelling { id }").await;
    tally.moves("a dwelling is offered", &[]).await;
    let lease = format!(
        "dwelling: {dwelling}, tenants: [{mother}], startsOn: \"2022-01-31\", endsOn: \"2022-07-31\""
    );
    act(&homing, "signLease", &lease, "lease { id }").await;
    tally.moves("a dwelling is leased", &[("dwellings_leased", 1)]).await;

    // All of the household leave, the newborn too, who is no entry and no departure.
    let leaving = async |people: &str| {
        let plan = format!(
            "persons: [{people}], plannedOn: \"2022-01-31\", \
             destination: {{kind: CITY, country: \"MEX\", place: \"Ciudad Inventada\", transport: BUS}}"
        );
        rows(&act(&coordinator, "planDeparture", &plan, "departures { id version }").await, "departures")
            .to_vec()
    };
    let confirm = async |departures: &[Json]| {
        let named = |field: &str| {
            departures.iter().map(|departure| departure[field].to_string()).collect::<Vec<_>>().join(", ")
        };
        let confirming = format!("departures: [{}], versions: [{}]", named("id"), named("version"));
        act(&coordinator, "confirmDeparture", &confirming, "departures { id }").await;
    };
    let two = leaving(&format!("{mother}, {child}")).await;
    tally.moves("two are to leave", &[]).await;
    confirm(&two).await;
    tally.moves("two have left, and one of theirs is here", &[("census_departures", 2)]).await;
    confirm(&leaving(&newborn.to_string()).await).await;
    tally.moves("the last of a household has left", &[("families_departed", 1)]).await;
    let statement = "SELECT (SELECT id FROM donors WHERE agency = 'ACNUR'), (SELECT id FROM locations WHERE code = 'ALM-01')";
    let row = world.database().await.query_one(statement, &[]).await.unwrap();
    let giving = format!(
        "donor: \"{}\", location: \"{}\", lines: [{{item: \"COB-01\", quantity: \"30 PIECE\", condition: GOOD}}]",
        enlace_tests::id("donor", row.get(0)),
        enlace_tests::id("location", row.get(1))
    );
    act(&world.client("DIF_MUNICIPAL/donation_coordinator"), "receiveDonation", &giving, "donation { id }")
        .await;
    tally.moves("thirty blankets are given", &[("articles_donated", 30)]).await;
    world.stop().await;
}
