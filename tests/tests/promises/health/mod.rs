//! Health: assessing people, their visits, and what others are told of it.

mod assessing;
mod births;
mod hospitals;
mod pregnancies;
mod prescriptions;
mod vaccinations;
mod visits;

use enlace_tests::{Client, World};
use serde_json::{Value as Json, json};
use uuid::Uuid;

const CLINICIAN: (&str, &str) = ("ISESALUD/clinician", "HEALTH_CARE");
const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");

fn asking(world: &World, (caller, purpose): (&str, &str)) -> Client {
    world.client(caller).stating(purpose)
}

/// The keys of some people who lodge in ALB-01, adults or minors.
async fn lodgers(world: &World, adults: bool) -> Vec<Uuid> {
    let statement = "SELECT persons.id FROM persons JOIN shelters ON shelters.id = shelter_id \
                     WHERE shelters.code = 'ALB-01' AND (adult_from < '2022-01-01') = $1 \
                         AND NOT EXISTS (SELECT FROM visits WHERE person_id = persons.id AND closed_at IS NULL) \
                         AND NOT EXISTS (SELECT FROM prescriptions WHERE person_id = persons.id) \
                         AND NOT EXISTS (SELECT FROM intakes WHERE person_id = persons.id) ORDER BY 1 LIMIT 12";
    let rows = world.database().await.query(statement, &[&adults]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn person(key: Uuid) -> Json {
    json!(enlace_tests::id("person", key))
}

/// A mutation by its name, with its arguments as variables of these types; `shows` of its payload.
async fn mutate(client: &Client, name: &str, types: &str, shows: &str, arguments: &Json) -> Json {
    let mut arguments = arguments.clone();
    if arguments["idempotencyKey"].is_null() {
        arguments["idempotencyKey"] = json!(enlace_tests::fresh_key());
    }
    let (mut declared, mut given) = (Vec::new(), Vec::new());
    for pair in types.split(", ").chain(["idempotencyKey: String!"]) {
        let (argument, of) = pair.split_once(": ").unwrap();
        if !arguments[argument].is_null() {
            declared.push(format!("${argument}: {of}"));
            given.push(format!("{argument}: ${argument}"));
        }
    }
    let pascal = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    let document = format!(
        "mutation({}) {{ {name}({}) {{ __typename ... on {pascal}Payload {{ {shows} }} ... on Problem {{ code message }} \
         ... on InvalidValue {{ argument }} ... on NotFound {{ argument }} }} }}",
        declared.join(", "),
        given.join(", ")
    );
    client.run(&document, arguments).await
}
