//! Custody: the operator answers for everyone at first; whoever holds a case hands it on, the other accepts, and nobody reads more by it.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::sharing::{agency, beyond, entries, give};
use super::{asking, listed, person_id};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const PARTNER: (&str, &str) = ("NGO_LETRAS_EN_CAMINO/partner", "EDUCATION");
const OTHER: (&str, &str) = ("NGO_PUENTE_CACHANILLA/partner", "HOUSING");

async fn propose(
    world: &World,
    client: &Client,
    person: Uuid,
    (recipient, purpose, basis): (&str, &str, &str),
) -> Json {
    let document = format!(
        "mutation {{ x: proposeCustodyTransfer(person: \"{}\", recipient: {}, purpose: {purpose}, legalBasis: {basis}, idempotencyKey: \"{}\") {{ \
         __typename ... on ProposeCustodyTransferPayload {{ transfer {{ id version state sender {{ code }} recipient {{ code }} }} }} \
         ... on Problem {{ code message }} }} }}",
        person_id(person),
        agency(world, recipient).await,
        fresh_key()
    );
    client.query(&document).await
}

async fn settle(client: &Client, verb: &str, transfer: &Json) -> Json {
    let document = format!(
        "mutation {{ x: {}CustodyTransfer(transfer: {}, version: {}, idempotencyKey: \"{}\") {{ __typename \
         ... on {verb}CustodyTransferPayload {{ transfer {{ id version state settledAt }} }} ... on Problem {{ code message }} }} }}",
        verb.to_lowercase(),
        transfer["id"],
        transfer["version"],
        fresh_key()
    );
    client.query(&document).await
}

async fn custodian(client: &Client, person: Uuid) -> Json {
    let document = format!(
        "{{ node(id: \"{}\") {{ ... on Person {{ custodian {{ code }} custodyTransfers {{ state }} }} }} }}",
        person_id(person)
    );
    at(&client.query(&document).await, "data.node").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn custody_is_handed_on_by_its_holder_and_shares_nothing() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let (coordinator, partner, other) =
        (asking(&world, COORDINATOR), asking(&world, PARTNER), asking(&world, OTHER));
    assert_eq!(at(&custodian(&coordinator, person).await, "custodian.code"), "DIF_MUNICIPAL");
    let to_partner = ("NGO_LETRAS_EN_CAMINO", "EDUCATION", "PUBLIC_INTEREST");
    // Whoever does not hold it does not hand it on, and to whom the person is not shown there is none.
    assert_eq!(outcome(&propose(&world, &partner, person, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await), "NotFound");
    for stranger in [("CNDH/witness", "OVERSIGHT"), ("SEDENA/kitchen", "RECEPTION")] {
        let refused = propose(&world, &asking(&world, stranger), person, to_partner).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{stranger:?}");
    }
    let own = propose(&world, &coordinator, person, ("DIF_MUNICIPAL", "RECEPTION", "LEGAL_DUTY")).await;
    assert_eq!(outcome(&own), "InvalidValue", "{own}");
    let unconsented = propose(&world, &coordinator, person, ("NGO_LETRAS_EN_CAMINO", "EDUCATION", "CONSENT")).await;
    assert_eq!(outcome(&unconsented), "ConsentMissing", "{unconsented}");

    let proposed = propose(&world, &coordinator, person, to_partner).await;
    let transfer = at(&proposed, "data.x.transfer").clone();
    assert_eq!((&transfer["state"], at(&transfer, "sender.code")), (&json!("PROPOSED"), &json!("DIF_MUNICIPAL")));
    let twice = propose(&world, &coordinator, person, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await;
    assert_eq!(outcome(&twice), "StateConflict", "one at a time");
    // Nobody answers for the recipient, and whom it does not concern does not find it.
    assert_eq!(codes(&settle(&coordinator, "Accept", &transfer).await), ["FORBIDDEN"]);
    assert_eq!(outcome(&settle(&other, "Accept", &transfer).await), "NotFound");
    assert_eq!(codes(&settle(&partner, "Withdraw", &transfer).await), ["FORBIDDEN"]);
    let accepted = settle(&partner, "Accept", &transfer).await;
    assert_eq!(at(&accepted, "data.x.transfer.state"), "ACCEPTED", "{accepted}");
    assert_eq!(outcome(&settle(&partner, "Decline", &transfer).await), "VersionConflict");
    assert!(!listed(&partner).await.contains(&person), "custody shares nothing");
    let known = custodian(&coordinator, person).await;
    assert_eq!(known, json!({"custodian": {"code": "NGO_LETRAS_EN_CAMINO"}, "custodyTransfers": [{"state": "ACCEPTED"}]}));
    for (operation, by) in [("propose", "DIF_MUNICIPAL"), ("accept", "NGO_LETRAS_EN_CAMINO")] {
        let entry = entries(&world, &format!("coordination.{operation}CustodyTransfer"), person).await.swap_remove(0);
        assert_eq!((at(&entry, "agency.code"), &entry["classes"]), (&json!(by), &json!(["CONSENT"])));
    }

    // From now on it is the new holder's to hand on: it names the person by their id, and reads nothing else of them.
    let late = propose(&world, &coordinator, person, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await;
    assert_eq!(codes(&late), ["FORBIDDEN"], "{late}");
    let given = give(&world, &coordinator, person, "NGO_PUENTE_CACHANILLA", "HOUSING").await;
    assert_eq!(outcome(&given), "GiveConsentPayload");
    let onward = ("NGO_PUENTE_CACHANILLA", "HOUSING", "CONSENT");
    let proposed = propose(&world, &partner, person, onward).await;
    let transfer = at(&proposed, "data.x.transfer").clone();
    assert_eq!(at(&transfer, "sender.code"), "NGO_LETRAS_EN_CAMINO", "{proposed}");
    let withdrawn = settle(&partner, "Withdraw", &transfer).await;
    assert_eq!(at(&withdrawn, "data.x.transfer.state"), "WITHDRAWN", "{withdrawn}");
    let again = at(&propose(&world, &partner, person, onward).await, "data.x.transfer").clone();
    let declined = settle(&other, "Decline", &again).await;
    assert_eq!(at(&declined, "data.x.transfer.state"), "DECLINED", "{declined}");
    assert_eq!(at(&custodian(&coordinator, person).await, "custodian.code"), "NGO_LETRAS_EN_CAMINO");
    let history = partner.query(&format!("{{ custodyTransfers(person: \"{}\", first: 9) {{ totalCount nodes {{ state }} }} }}", person_id(person))).await;
    let mut states: Vec<&str> = history["data"]["custodyTransfers"]["nodes"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["ACCEPTED", "DECLINED", "WITHDRAWN"], "{history}");
    world.stop().await;
}
