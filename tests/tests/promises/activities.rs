//! Who does what where: counted from the records and of nobody, told to agencies, and exported as others read it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};
use enlace_tests::{Client, DataFolder, World, codes, enlace, fresh_key, id, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::reference::{is_a_refusal, rows, the_error};

const SHOWN: &str = "agency { code name } sector kind shelter { code name } since until status";
/// A fortnight before the demonstration's day.
const A_FORTNIGHT_AGO: &str = "2022-01-17";
/// As long as it was agreed.
const AGREED: [&str; 4] = ["SHELTER_MANAGEMENT", "CENTRE_LOAN", "COURSES", "JOB_EVENTS"];

async fn activities(client: &Client, arguments: &str) -> Vec<Json> {
    let answer = client.query(&format!("{{ activities{arguments} {{ {SHOWN} }} }}")).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    rows(&answer, "data.activities").to_vec()
}

/// An activity in a line.
fn line(row: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or("-").to_owned();
    let shelter = text(&row["shelter"]["code"]);
    let rest = ["since", "until", "status"].map(|name| text(&row[name])).join(" ");
    format!(
        "{} {} {} {shelter} {rest}",
        text(&row["agency"]["code"]),
        text(&row["sector"]),
        text(&row["kind"])
    )
}

/// All of them, each in a line.
async fn lines(client: &Client) -> BTreeSet<String> {
    activities(client, "").await.iter().map(line).collect()
}

/// What is not there any more, and what is new.
fn changes<'l>(before: &'l BTreeSet<String>, after: &'l BTreeSet<String>) -> (Vec<&'l str>, Vec<&'l str>) {
    let missing = |of: &'l BTreeSet<String>, from: &'l BTreeSet<String>| {
        of.difference(from).map(String::as_str).collect::<Vec<_>>()
    };
    (missing(before, after), missing(after, before))
}

/// The global id of what a list shows by a code.
async fn id_of(client: &Client, list: &str, code: &str) -> String {
    let answer = client.query(&format!("{{ {list} {{ id code }} }}")).await;
    let found = rows(&answer, &format!("data.{list}")).iter().find(|row| row["code"] == code);
    found.unwrap_or_else(|| panic!("{answer}"))["id"].as_str().unwrap().to_owned()
}

/// Arguments, and which rows they leave.
type Narrowed = (String, fn(&Json) -> bool);

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_yields_what_an_agency_did_and_no_more() {
    let world = World::start().await;
    let client = world.client("OIM/adviser");
    let of = async |agency: &str| {
        let agency = id_of(&client, "agencies", agency).await;
        let found = activities(&client, &format!("(agency: \"{agency}\")")).await;
        found.iter().map(line).collect::<Vec<_>>()
    };
    let army = [
        "SEDENA FOOD_SECURITY MEALS ALB-01 2021-12-10 2022-01-31 ONGOING",
        "SEDENA FOOD_SECURITY MEALS ALB-02 2021-12-11 2022-01-31 ONGOING",
        "SEDENA FOOD_SECURITY MEALS ALB-08 2021-12-22 2022-01-31 ONGOING",
    ];
    assert_eq!(of("SEDENA").await, army);
    let children = [
        "UNICEF EDUCATION COURSES ALB-02 2021-12-20 2022-01-28 ENDED",
        "UNICEF EDUCATION COURSES ALB-05 2021-12-20 2022-01-28 ENDED",
        "UNICEF EDUCATION COURSES ALB-08 2021-12-27 2022-02-04 ONGOING",
        "UNICEF EDUCATION COURSES ALB-11 2022-01-10 2022-02-18 ONGOING",
    ];
    assert_eq!(of("UNICEF").await, children);
    // Of incidents, and of who gave, nothing is told.
    for silent in ["DSPM", "ACNUR"] {
        assert_eq!(of(silent).await, Vec::<String>::new(), "{silent}");
    }

    let all = activities(&client, "").await;
    let kinds: BTreeSet<&str> = all.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 10, "there is something of each kind: {kinds:?}");
    for row in &all {
        let kind = row["kind"].as_str().unwrap();
        let last = if AGREED.contains(&kind) { "2022-01-31" } else { A_FORTNIGHT_AGO };
        let goes_on = row["until"].as_str().is_none_or(|until| until >= last);
        assert_eq!(row["status"] == "ONGOING", goes_on, "{row}");
    }
    let shelter = id_of(&client, "shelters", "ALB-04").await;
    let narrowed: [Narrowed; 4] = [
        ("sector: PROTECTION".to_owned(), |row| row["sector"] == "PROTECTION"),
        ("kind: VOLUNTEERING, status: ENDED".to_owned(), |row| {
            row["kind"] == "VOLUNTEERING" && row["status"] == "ENDED"
        }),
        (format!("shelter: \"{shelter}\""), |row| row["shelter"]["code"] == "ALB-04"),
        (format!("shelter: \"{shelter}\", sector: HEALTH, status: ENDED"), |_| false),
    ];
    for (arguments, holds) in narrowed {
        let expected: Vec<&Json> = all.iter().filter(|row| holds(row)).collect();
        let found = activities(&client, &format!("({arguments})")).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{arguments}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_agency_under_an_agreement_is_told_the_same_and_nobody_else_is() {
    let world = World::start().await;
    let told = activities(&world.client("DIF_MUNICIPAL/coordinator"), "").await;
    for caller in ["SEDENA/kitchen", "DSPM/officer", "CNDH/witness", "NGO_PAN_DEL_VALLE/partner"] {
        assert_eq!(activities(&world.client(caller), "").await, told, "{caller}");
    }
    for client in [world.public(), world.client("NGO_CONVENIO_VENCIDO/partner")] {
        let answer = client.query("{ activities { kind } }").await;
        assert_eq!(answer["data"], json!({"activities": null}));
        is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", "Query.activities");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_thing_that_is_recorded_changes_one_row() {
    let world = World::start().await;
    let inspector = world.client("PCE/inspector");
    let before = lines(&inspector).await;
    let shelter = id_of(&inspector, "shelters", "ALB-12").await;
    let inspected = inspector
        .query(&format!(
            "mutation {{ x: recordInspection(shelter: \"{shelter}\", outcome: PASSED, idempotencyKey: \"{}\") {{ __typename \
             ... on Problem {{ code message }} }} }}",
            fresh_key()
        ))
        .await;
    assert_eq!(outcome(&inspected), "RecordInspectionPayload", "{inspected}");
    let after = lines(&inspector).await;
    let expected = (
        vec!["PCE CAMP_MANAGEMENT INSPECTION ALB-12 2022-01-15 2022-01-15 ENDED"],
        vec!["PCE CAMP_MANAGEMENT INSPECTION ALB-12 2022-01-15 2022-01-31 ONGOING"],
    );
    assert_eq!(changes(&before, &after), expected);
    world.stop().await;
}

/// Who was seen, by the shelter in which they lay then and the Monday before.
async fn seen(world: &World) -> BTreeMap<String, BTreeMap<NaiveDate, BTreeSet<Uuid>>> {
    let statement = "SELECT shelters.code, (seen_at AT TIME ZONE 'America/Tijuana')::date, care.person_id \
         FROM (SELECT person_id, assessed_at AS seen_at FROM assessments UNION ALL SELECT person_id, opened_at FROM visits) AS care \
             JOIN stays ON stays.person_id = care.person_id AND began_at <= seen_at AND coalesce(ended_at > seen_at, true) \
             JOIN beds ON beds.id = bed_id JOIN spaces ON spaces.id = space_id JOIN shelters ON shelters.id = spaces.shelter_id";
    let mut seen: BTreeMap<String, BTreeMap<NaiveDate, BTreeSet<Uuid>>> = BTreeMap::new();
    for row in world.database().await.query(statement, &[]).await.unwrap() {
        let day: NaiveDate = row.get(1);
        let monday = day - Days::new(day.weekday().num_days_from_monday().into());
        seen.entry(row.get(0)).or_default().entry(monday).or_default().insert(row.get(2));
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn care_is_told_by_weeks_in_which_more_than_ten_were_seen() {
    let world = World::start().await;
    let clinician = world.client("ISESALUD/clinician").stating("HEALTH_CARE");
    let seen = seen(&world).await;
    let few = seen.values().flat_map(BTreeMap::values).filter(|people| people.len() <= 10).count();
    assert!(few > 0, "there are weeks that must not be told of");
    let shelters = clinician.query("{ shelters { code openedOn } }").await;
    let expected: BTreeMap<&str, (String, String)> = rows(&shelters, "data.shelters")
        .iter()
        .filter_map(|shelter| {
            let code = shelter["code"].as_str().unwrap();
            let many: Vec<NaiveDate> = seen
                .get(code)?
                .iter()
                .filter_map(|(monday, people)| (people.len() > 10).then_some(*monday))
                .collect();
            let opened = shelter["openedOn"].as_str().unwrap().to_owned();
            let (first, last) = (many.first()?, *many.last()? + Days::new(6));
            Some((code, (first.to_string().max(opened), last.to_string())))
        })
        .collect();
    let told = activities(&clinician, "(kind: HEALTH_CARE)").await;
    let told: BTreeMap<&str, (String, String)> = told
        .iter()
        .map(|row| {
            let day = |name: &str| row[name].as_str().unwrap().to_owned();
            (row["shelter"]["code"].as_str().unwrap(), (day("since"), day("until")))
        })
        .collect();
    assert_eq!(told, expected);

    // Of ten who are seen in a week nobody learns; of the eleventh, that there were more than ten.
    let statement = "SELECT person_id FROM stays JOIN beds ON beds.id = bed_id JOIN spaces ON spaces.id = space_id \
             JOIN shelters ON shelters.id = spaces.shelter_id \
         WHERE shelters.code = 'ALB-01' AND ended_at IS NULL \
             AND NOT EXISTS (SELECT FROM visits WHERE visits.person_id = stays.person_id AND closed_at IS NULL) ORDER BY 1";
    let today = NaiveDate::from_ymd_opt(2022, 1, 31).unwrap();
    let before_them = seen["ALB-01"].get(&today).cloned().unwrap_or_default();
    let lodgers = world.database().await.query(statement, &[]).await.unwrap();
    let lodgers =
        lodgers.iter().map(|row| row.get::<_, Uuid>(0)).filter(|person| !before_them.contains(person));
    let eleven: Vec<Uuid> = lodgers.take(11 - before_them.len()).collect();
    let visit = async |person: &Uuid| {
        let document = format!(
            "mutation {{ x: openVisit(person: \"{}\", specialty: GENERAL, idempotencyKey: \"{}\") {{ __typename \
             ... on Problem {{ code message }} }} }}",
            id("person", *person),
            fresh_key()
        );
        let answer = clinician.query(&document).await;
        assert_eq!(outcome(&answer), "OpenVisitPayload", "{answer}");
    };
    let before = lines(&clinician).await;
    let (last, ten) = eleven.split_last().unwrap();
    for person in ten {
        visit(person).await;
    }
    assert_eq!(lines(&clinician).await, before);
    visit(last).await;
    let after = lines(&clinician).await;
    let expected = (
        vec!["ISESALUD HEALTH HEALTH_CARE ALB-01 2021-12-10 2022-01-30 ONGOING"],
        vec!["ISESALUD HEALTH HEALTH_CARE ALB-01 2021-12-10 2022-02-06 ONGOING"],
    );
    assert_eq!(changes(&before, &after), expected);
    world.stop().await;
}

/// The cells of a line of CSV (RFC 4180) in which no cell has a quotation mark of its own.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().unwrap().push(other),
        }
    }
    cells
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_is_hxl_with_the_rows_of_the_query() {
    let world = World::start().await;
    let told = activities(&world.client("OIM/adviser"), "").await;
    let data = DataFolder::new();
    let export = |arguments: &str| {
        let run = enlace(&format!("export activities {arguments}")).data(&data);
        let ended = run.set("DATABASE_URL", &world.scratch.url()).end();
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
        ended.out
    };
    let listed: Json = serde_json::from_str(&export("--format json")).unwrap();
    assert_eq!(listed, json!(told));

    let exported = export("");
    let text = exported.strip_prefix('\u{feff}').expect("the mark by which a spreadsheet knows UTF-8");
    let lines: Vec<Vec<String>> = text.split_terminator("\r\n").map(cells).collect();
    assert_eq!(lines.len(), told.len() + 2);
    let hashtags = [
        "#org",
        "#org+code",
        "#sector",
        "#sector+code",
        "#activity",
        "#activity+code",
        "#loc+name",
        "#loc+code",
        "#date+start",
        "#date+end",
        "#status",
    ];
    assert_eq!((lines[0][0].as_str(), lines[0].len()), ("Institución", hashtags.len()));
    assert_eq!(lines[1], hashtags);
    for (row, cells) in told.iter().zip(&lines[2..]) {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let (agency, shelter) = (&row["agency"], &row["shelter"]);
        let expected = [&agency["name"], &agency["code"], &row["kind"], &shelter["name"], &shelter["code"]];
        let expected: Vec<String> =
            expected.into_iter().chain([&row["since"], &row["until"]]).map(text).collect();
        let shown = [0, 1, 5, 6, 7, 8, 9].map(|place| cells[place].clone());
        assert_eq!(expected, shown, "{cells:?}");
        // In words, and never empty.
        assert!(cells.len() == hashtags.len() && [2, 3, 4, 10].iter().all(|place| !cells[*place].is_empty()));
    }
    let untagged = exported.replace(&format!("{}\r\n", hashtags.join(",")), "");
    assert_eq!(export("--format csv"), untagged);

    let file = data.path().join("3w.csv");
    assert_eq!(export(file.to_str().unwrap()), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), exported);
    world.stop().await;
}
