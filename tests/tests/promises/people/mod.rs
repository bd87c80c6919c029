//! People in care: who sees whom and what of them, for what, and what stays behind.

mod arco;
mod break_glass;
mod bulk;
mod copy;
mod custody;
mod disclosure;
mod duplicates;
mod episodes;
mod following;
mod intake;
mod pseudonyms;
mod reach;
mod registering;
mod rotation;
mod sealing;
mod searching;
mod sharing;
mod together;
mod updating;

pub(crate) use sharing::entries;

use std::collections::BTreeSet;

use enlace_tests::{Client, World, at};
use serde_json::Value as Json;
use uuid::Uuid;

/// Every caller who may see people at all, with the purpose that it states.
const CALLERS: &[(&str, &str)] = &[
    ("DIF_MUNICIPAL/coordinator", "RECEPTION"),
    ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION"),
    ("DIF_MUNICIPAL/shelter_lead@ALB-02,ALB-03", "RECEPTION"),
    ("ISESALUD/clinician", "HEALTH_CARE"),
    ("INEA/educator", "EDUCATION"),
    ("INEA/educator", "PROTECTION"),
    ("ACNUR/donor", "PROTECTION"),
    ("ACNUR/donor", "EDUCATION"),
    ("OIM/adviser", "PROTECTION"),
    ("UNICEF/programmes", "EDUCATION"),
    ("NGO_LETRAS_EN_CAMINO/partner", "EDUCATION"),
    ("NGO_MANOS_DEL_DESIERTO/partner", "ASSISTANCE"),
];

/// Every caller who may see nobody.
const OUTSIDERS: &[&str] = &[
    "DIF_MUNICIPAL/donation_coordinator",
    "DIF_MUNICIPAL/administrator",
    "SEDENA/kitchen",
    "DSPM/officer",
    "PCE/inspector",
    "BISOM/lender",
    "CDM/permits",
    "RP/liaison",
    "DIF_ESTATAL/donor",
    "ONU/adviser",
];

fn asking(world: &World, (caller, purpose): (&str, &str)) -> Client {
    world.client(caller).stating(purpose)
}

/// The keys of everyone whom a caller lists, page by page.
async fn listed(client: &Client) -> BTreeSet<Uuid> {
    let document = "query($after: String) { persons(first: 500, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor } } }";
    let (mut found, mut after) = (BTreeSet::new(), Json::Null);
    loop {
        let page = client.run(document, serde_json::json!({"after": after})).await;
        let persons = at(&page, "data.persons");
        for person in persons["nodes"].as_array().unwrap_or_else(|| panic!("{page}")) {
            assert!(found.insert(key(&person["id"])), "{person} came twice");
        }
        after = at(persons, "pageInfo.endCursor").clone();
        if at(persons, "pageInfo.hasNextPage") == false {
            assert_eq!(persons["totalCount"], found.len());
            return found;
        }
    }
}

/// The key in a global id.
fn key(id: &Json) -> Uuid {
    enlace_schema::GlobalId::parse(id.as_str().expect("an id")).expect("an id's form").uuid
}

fn person_id(key: Uuid) -> String {
    enlace_tests::id("person", key)
}
