//! Education: groups with their places, schools with theirs, and adults' schooling, revalidated.

mod groups;
mod revalidations;
mod schools;

use enlace_tests::{Client, World, at, fresh_key};
use serde_json::Value as Json;
use uuid::Uuid;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const EDUCATOR: &str = "INEA/educator";
const PROGRAMMES: &str = "UNICEF/programmes";

fn asking(world: &World, caller: &str) -> Client {
    world.client(caller).stating("EDUCATION")
}

const GROUP: &str = "group { id name capacity enrolled free version }";
const ENROLMENT: &str =
    "enrolment { id state level course startedOn endedOn levelReached note version group { id enrolled } }";
const PLACE: &str = "schoolPlace { id level state requestedOn placedOn documentsSeen documentsWaived waivers documentsMissing \
                     provisional ageException closing note version }";
const REVALIDATION: &str = "revalidation { id level state filedOn decidedOn documents folio reason version }";

/// Runs a mutation of education with arguments as literals, under a key.
async fn keyed(client: &Client, root: &str, arguments: &str, key: &str) -> Json {
    let shown = match root {
        "openCourse" => "course { id name kind level }",
        "openCourseGroup" | "reviseCourseGroup" => GROUP,
        "recordSession" => "session { id heldOn attendances { id state note version enrolment { id } } }",
        "correctAttendance" => "attendance { id state note version }",
        "registerSchool" => "school { id name grades { id grade places placed version } }",
        "offerSchoolPlaces" => "grade { id places placed version }",
        "fileRevalidation" | "decideRevalidation" | "withdrawRevalidation" => REVALIDATION,
        root if root.contains("School") => PLACE,
        _ => ENROLMENT,
    };
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    // These take no value that could be wrong.
    let wrong =
        if matches!(root, "enrolPerson" | "placeInSchool") { "" } else { "... on InvalidValue { argument }" };
    client
        .query(&format!(
            "mutation {{ x: {root}({arguments}, idempotencyKey: \"{key}\") {{ __typename ... on {payload} {{ {shown} }} \
             ... on Problem {{ code message }} {wrong} }} }}"
        ))
        .await
}

async fn act(client: &Client, root: &str, arguments: &str) -> Json {
    keyed(client, root, arguments, &fresh_key()).await
}

/// What a mutation shows under a name.
fn shown<'a>(answer: &'a Json, name: &str) -> &'a Json {
    let found = at(answer, &format!("data.x.{name}"));
    assert!(found.is_object(), "{answer}");
    found
}

/// People of whom a condition of SQL holds, in the order of their codes.
async fn people(world: &World, condition: &str, how_many: usize) -> Vec<String> {
    let statement = format!("SELECT id FROM persons WHERE {condition} ORDER BY code LIMIT {how_many}");
    let rows = world.database().await.query(&statement, &[]).await.unwrap();
    assert_eq!(rows.len(), how_many, "{condition}");
    rows.iter().map(|row| enlace_tests::id("person", row.get(0))).collect()
}

const ADULT: &str = "adult_from < '2020-01-01' AND NOT EXISTS (SELECT FROM enrolments WHERE person_id = persons.id) \
                     AND NOT EXISTS (SELECT FROM revalidations WHERE person_id = persons.id)";

/// Those born in a year for whom no place in a school is asked.
fn child(born: i32) -> String {
    format!(
        "adult_from = '{}-01-01' AND NOT EXISTS (SELECT FROM school_places WHERE person_id = persons.id)",
        born + 19
    )
}

fn uuid(id: &str) -> Uuid {
    enlace_schema::GlobalId::parse(id).unwrap().uuid
}

/// Nowhere in these tables lies a text.
async fn is_sealed(world: &World, tables: &[&str], text: &str) {
    for table in tables.iter().chain(&["journal_entries", "idempotency_keys"]) {
        let statement =
            format!("SELECT string_agg(encode(convert_to(t::text, 'utf8'), 'escape'), '') FROM {table} t");
        let held: String = world.database().await.query_one(&statement, &[]).await.unwrap().get(0);
        let as_bytes = text.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
        assert!(!held.contains(text) && !held.contains(&as_bytes), "{table} holds {text}");
    }
}
