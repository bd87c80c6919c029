//! Custody: the operator answers for everyone at first; whoever holds a case hands it on, the other accepts, and nobody reads more by it.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::lodging::homeless;

use super::duplicates::{merge, registered};
use super::sharing::{COORDINATOR, PARTNER, agency, beyond, entries, give, withdraw};
use super::{arco, asking, key, listed, person_id};

const ACNUR: (&str, &str) = ("ACNUR/donor", "PROTECTION");
/// With whom nobody of the demonstration is shared for that.
const OIM: (&str, &str) = ("OIM/adviser", "HOUSING");

const PROPOSE: &str = "mutation($person: ID!, $recipient: ID!, $purpose: Purpose!, $basis: LegalBasis!, $key: String!) {
  proposeCustodyTransfer(person: $person, recipient: $recipient, purpose: $purpose, legalBasis: $basis, idempotencyKey: $key) {
    __typename
    ... on ProposeCustodyTransferPayload { custodyTransfer { id version state settledAt sender { code } recipient { code } } }
    ... on Problem { code message } ... on NotFound { argument } ... on InvalidValue { argument } } }";

fn settling(root: &str) -> String {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    format!(
        "mutation($id: ID!, $version: Int!, $key: String!) {{ {root}(custodyTransfer: $id, version: $version, idempotencyKey: $key) {{
           __typename ... on {payload} {{ custodyTransfer {{ id version state settledAt withdrawnBecause }} }} ... on Problem {{ code message }} }} }}"
    )
}

async fn propose(
    world: &World,
    client: &Client,
    person: Uuid,
    (recipient, purpose, basis): (&str, &str, &str),
) -> Json {
    let variables = json!({
        "person": person_id(person), "recipient": agency(world, recipient).await, "purpose": purpose, "basis": basis,
        "key": fresh_key()
    });
    client.run(PROPOSE, variables).await
}

/// The transfer that a proposal made.
async fn proposed(world: &World, client: &Client, person: Uuid, how: (&str, &str, &str)) -> Json {
    let answer = propose(world, client, person, how).await;
    let transfer = at(&answer, "data.proposeCustodyTransfer.custodyTransfer").clone();
    assert_eq!(transfer["state"], "PROPOSED", "{answer}");
    transfer
}

async fn settle(client: &Client, root: &str, transfer: &Json) -> Json {
    let variables = json!({"id": transfer["id"], "version": transfer["version"], "key": fresh_key()});
    client.run(&settling(root), variables).await
}

/// What an answer came to, as the transfer is then.
async fn settled(client: &Client, root: &str, transfer: &Json) -> Json {
    let answer = settle(client, root, transfer).await;
    let transfer = at(&answer, &format!("data.{root}.custodyTransfer")).clone();
    assert!(transfer["settledAt"].is_string(), "{answer}");
    transfer
}

/// Who answers for somebody's case, and how it came to that.
async fn custody(client: &Client, person: Uuid) -> Json {
    let document = "query($id: ID!) { node(id: $id) { ... on Person {
        custodian { code } custodyTransfers { id version state withdrawnBecause } } } }";
    let answer = client.run(document, json!({"id": person_id(person)})).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{answer}");
    at(&answer, "data.node").clone()
}

async fn custodian(client: &Client, person: Uuid) -> String {
    at(&custody(client, person).await, "custodian.code").as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn custody_is_handed_on_by_its_holder_and_shares_nothing() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let [coordinator, partner, oim] = [COORDINATOR, PARTNER, OIM].map(|caller| asking(&world, caller));
    assert_eq!(custodian(&coordinator, person).await, "DIF_MUNICIPAL");
    let to_partner = ("NGO_LETRAS_EN_CAMINO", "EDUCATION", "PUBLIC_INTEREST");
    let to_acnur = ("ACNUR", "PROTECTION", "LEGAL_DUTY");

    // Whoever does not hold it does not hand it on, and to whom the person is not shown there is none.
    assert_eq!(outcome(&propose(&world, &partner, person, to_acnur).await), "NotFound");
    for stranger in [
        ("ISESALUD/clinician", "HEALTH_CARE"),
        ("CNDH/witness", "OVERSIGHT"),
        ("SEDENA/kitchen", "RECEPTION"),
    ] {
        let refused = propose(&world, &asking(&world, stranger), person, to_partner).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{stranger:?}");
    }
    let silent = world.client(COORDINATOR.0);
    assert_eq!(codes(&propose(&world, &silent, person, to_partner).await), ["PURPOSE_REQUIRED"]);
    let own = propose(&world, &coordinator, person, ("DIF_MUNICIPAL", "RECEPTION", "LEGAL_DUTY")).await;
    assert_eq!(outcome(&own), "InvalidValue", "{own}");
    let unconsented =
        propose(&world, &coordinator, person, ("NGO_LETRAS_EN_CAMINO", "EDUCATION", "CONSENT")).await;
    assert_eq!(outcome(&unconsented), "ConsentMissing", "{unconsented}");

    let transfer = proposed(&world, &coordinator, person, to_partner).await;
    assert_eq!(
        (at(&transfer, "sender.code"), at(&transfer, "recipient.code")),
        (&json!("DIF_MUNICIPAL"), &json!("NGO_LETRAS_EN_CAMINO"))
    );
    assert_eq!(outcome(&propose(&world, &coordinator, person, to_acnur).await), "StateConflict");

    // Nobody answers for the recipient nor takes it back for the holder, and whom it does not concern does not find it.
    assert_eq!(codes(&settle(&coordinator, "acceptCustodyTransfer", &transfer).await), ["FORBIDDEN"]);
    assert_eq!(codes(&settle(&partner, "withdrawCustodyTransfer", &transfer).await), ["FORBIDDEN"]);
    assert_eq!(outcome(&settle(&oim, "acceptCustodyTransfer", &transfer).await), "NotFound");
    let accepted = settled(&partner, "acceptCustodyTransfer", &transfer).await;
    assert_eq!(accepted["state"], "ACCEPTED");
    assert_eq!(outcome(&settle(&partner, "declineCustodyTransfer", &transfer).await), "VersionConflict");
    assert_eq!(outcome(&settle(&partner, "declineCustodyTransfer", &accepted).await), "StateConflict");
    assert_eq!(custodian(&coordinator, person).await, "NGO_LETRAS_EN_CAMINO");
    for (operation, by) in [("propose", "DIF_MUNICIPAL"), ("accept", "NGO_LETRAS_EN_CAMINO")] {
        let operation = format!("coordination.{operation}CustodyTransfer");
        let entry = entries(&world, &operation, person).await.swap_remove(0);
        assert_eq!((at(&entry, "agency.code"), &entry["classes"]), (&json!(by), &json!(["CONSENT"])));
    }

    // It knows the transfer, and reads nothing of the person by it.
    assert!(!listed(&partner).await.contains(&person), "custody shares nothing");
    let known = format!(
        "{{ custodyTransfers(person: \"{}\") {{ totalCount nodes {{ state sender {{ code }} person {{ id }} }} }} }}",
        person_id(person)
    );
    let told = partner.query(&known).await;
    assert_eq!(
        at(&told, "data.custodyTransfers"),
        &json!({"totalCount": 1, "nodes": [{"state": "ACCEPTED", "sender": {"code": "DIF_MUNICIPAL"}, "person": null}]}),
        "{told}"
    );
    assert_eq!(at(&oim.query(&known).await, "data.custodyTransfers.totalCount"), 0);

    // From now on it is the new holder's to hand on, and nobody else's; it names the person by their id.
    let late = propose(&world, &coordinator, person, to_acnur).await;
    assert_eq!(codes(&late), ["FORBIDDEN"], "{late}");
    let onward = ("OIM", "HOUSING", "CONSENT");
    assert_eq!(outcome(&propose(&world, &partner, person, onward).await), "ConsentMissing");
    let given = give(&world, &coordinator, person, "OIM", "HOUSING").await;
    assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
    let transfer = proposed(&world, &partner, person, onward).await;
    let withdrawn = settled(&partner, "withdrawCustodyTransfer", &transfer).await;
    assert_eq!(
        (&withdrawn["state"], &withdrawn["withdrawnBecause"]),
        (&json!("WITHDRAWN"), &json!("HOLDER"))
    );
    let transfer = proposed(&world, &partner, person, onward).await;
    assert_eq!(settled(&oim, "declineCustodyTransfer", &transfer).await["state"], "DECLINED");

    // On the ground of a consent that is withdrawn it is not accepted any more.
    let transfer = proposed(&world, &partner, person, onward).await;
    let ended = withdraw(&coordinator, at(&given, "data.giveConsent.consent")).await;
    assert_eq!(outcome(&ended), "WithdrawConsentPayload", "{ended}");
    assert_eq!(outcome(&settle(&oim, "acceptCustodyTransfer", &transfer).await), "StateConflict");
    assert_eq!(settled(&oim, "declineCustodyTransfer", &transfer).await["state"], "DECLINED");
    assert_eq!(custodian(&coordinator, person).await, "NGO_LETRAS_EN_CAMINO");
    let states: Vec<Json> = at(&custody(&coordinator, person).await, "custodyTransfers")
        .as_array()
        .unwrap()
        .iter()
        .map(|transfer| transfer["state"].clone())
        .collect();
    assert_eq!(states, ["ACCEPTED", "WITHDRAWN", "DECLINED", "DECLINED"], "oldest first");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_one_is_done_and_what_is_sent_again_is_not_done_again() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, ACNUR).await;
    let [coordinator, acnur] = [COORDINATOR, ACNUR].map(|caller| asking(&world, caller));
    let (to_acnur, to_state) =
        (("ACNUR", "PROTECTION", "LEGAL_DUTY"), ("DIF_ESTATAL", "PROTECTION", "LEGAL_DUTY"));
    for _ in 0..3 {
        let (one, other) = tokio::join!(
            propose(&world, &coordinator, person, to_acnur),
            propose(&world, &coordinator, person, to_state)
        );
        let mut outcomes = [outcome(&one), outcome(&other)];
        outcomes.sort_unstable();
        assert_eq!(outcomes, ["ProposeCustodyTransferPayload", "StateConflict"], "{one} {other}");
        let made = [one, other];
        let made = made
            .iter()
            .map(|answer| at(answer, "data.proposeCustodyTransfer.custodyTransfer"))
            .find(|transfer| transfer.is_object())
            .unwrap();
        settled(&coordinator, "withdrawCustodyTransfer", made).await;
    }

    // Whoever takes it back and whoever accepts: the later sees that it changed.
    let transfer = proposed(&world, &coordinator, person, to_acnur).await;
    let (taken, back) = tokio::join!(
        settle(&acnur, "acceptCustodyTransfer", &transfer),
        settle(&coordinator, "withdrawCustodyTransfer", &transfer)
    );
    let accepts = outcome(&taken) == "AcceptCustodyTransferPayload";
    let other = if accepts { &back } else { &taken };
    assert_eq!(outcome(other), "VersionConflict", "{taken} {back}");
    assert!(accepts || outcome(&back) == "WithdrawCustodyTransferPayload", "{taken} {back}");
    let holder = if accepts { "ACNUR" } else { "DIF_MUNICIPAL" };
    assert_eq!(custodian(&coordinator, person).await, holder);

    let someone = key(&json!(homeless(&world, 1, 1).await.remove(0).remove(0)));
    let mut variables = json!({
        "person": person_id(someone), "recipient": agency(&world, "DIF_ESTATAL").await, "purpose": "PROTECTION",
        "basis": "LEGAL_DUTY", "key": fresh_key()
    });
    let count = async || -> i64 {
        let statement = "SELECT count(*) FROM custody_transfers WHERE person_id = $1";
        world.database().await.query_one(statement, &[&someone]).await.unwrap().get(0)
    };
    let before = count().await;
    let first = coordinator.run(PROPOSE, variables.clone()).await;
    assert_eq!(outcome(&first), "ProposeCustodyTransferPayload", "{first}");
    assert_eq!(coordinator.run(PROPOSE, variables.clone()).await, first, "a retry gets the same answer");
    assert_eq!(count().await, before + 1);
    variables["purpose"] = json!("RECEPTION");
    assert_eq!(outcome(&coordinator.run(PROPOSE, variables).await), "IdempotencyConflict");
    let transfer = at(&first, "data.proposeCustodyTransfer.custodyTransfer");
    let answer = json!({"id": transfer["id"], "version": transfer["version"], "key": fresh_key()});
    let state = asking(&world, ("DIF_ESTATAL/donor", "PROTECTION"));
    let accepted = state.run(&settling("acceptCustodyTransfer"), answer.clone()).await;
    assert_eq!(outcome(&accepted), "AcceptCustodyTransferPayload", "{accepted}");
    assert_eq!(state.run(&settling("acceptCustodyTransfer"), answer).await, accepted);
    world.stop().await;
}

/// Who leaves, or is withheld, is handed on no more; and a record is merged within one custody.
#[tokio::test(flavor = "multi_thread")]
async fn a_departure_and_a_cancellation_end_what_is_open_and_a_merge_waits_for_it() {
    let world = World::start().await;
    let [coordinator, acnur] = [COORDINATOR, ACNUR].map(|caller| asking(&world, caller));
    let to_acnur = ("ACNUR", "PROTECTION", "PUBLIC_INTEREST");

    let leaves = homeless(&world, 1, 1).await.remove(0).remove(0);
    let person = key(&json!(leaves));
    let transfer = proposed(&world, &coordinator, person, to_acnur).await;
    let by_bus = "destination: {kind: CITY, country: \"MEX\", place: \"Ciudad Inventada\", transport: BUS}";
    let planned = coordinator
        .query(&format!(
            "mutation {{ x: planDeparture(persons: [\"{leaves}\"], plannedOn: \"2022-02-01\", {by_bus}, idempotencyKey: \"{}\") \
             {{ ... on PlanDeparturePayload {{ departures {{ id version }} }} }} }}",
            fresh_key()
        ))
        .await;
    let departure = at(&planned, "data.x.departures.0");
    let confirmed = coordinator
        .query(&format!(
            "mutation {{ x: confirmDeparture(departures: [{}], versions: [{}], idempotencyKey: \"{}\") \
             {{ __typename ... on Problem {{ message }} }} }}",
            departure["id"],
            departure["version"],
            fresh_key()
        ))
        .await;
    assert_eq!(outcome(&confirmed), "ConfirmDeparturePayload", "{confirmed}");
    let ended = |transfer: &Json, because: &str| json!([{"id": transfer["id"], "version": 2, "state": "WITHDRAWN", "withdrawnBecause": because}]);
    let now = custody(&coordinator, person).await;
    assert_eq!(now["custodyTransfers"], ended(&transfer, "DEPARTED"));
    assert_eq!(at(&now, "custodian.code"), "DIF_MUNICIPAL", "who answers for them stays");
    assert_eq!(outcome(&settle(&acnur, "acceptCustodyTransfer", &transfer).await), "VersionConflict");
    let entry = entries(&world, "departures.confirmDeparture", person).await.swap_remove(0);
    assert!(entry["classes"].as_array().unwrap().contains(&json!("CONSENT")), "{entry}");

    let person = beyond(&world, COORDINATOR, ACNUR).await;
    let transfer = proposed(&world, &coordinator, person, to_acnur).await;
    let asked = arco::record(&coordinator, person, "CANCELLATION", "").await;
    let granted =
        arco::step(&coordinator, "answerArcoRequest", arco::request(&asked), ", granted: true").await;
    assert_eq!(arco::request(&granted)["state"], "GRANTED", "{granted}");
    assert_eq!(custody(&coordinator, person).await["custodyTransfers"], ended(&transfer, "WITHHELD"));
    assert_eq!(outcome(&settle(&acnur, "declineCustodyTransfer", &transfer).await), "NotFound");

    let one = registered(&coordinator, "Guerline", "Zizou Panpalelou", "1991-08-20", Some("ZZ-000917")).await;
    let same = registered(&coordinator, "Gerlin", "Panpalelu", "1991-08", Some("ZZ000917")).await;
    let transfer = proposed(&world, &coordinator, same, to_acnur).await;
    let open = merge(&coordinator, one, same, 1).await;
    assert!(at(&open, "data.mergePersons.message").as_str().unwrap().starts_with("A transfer"), "{open}");
    settled(&acnur, "acceptCustodyTransfer", &transfer).await;
    let apart = merge(&coordinator, one, same, 1).await;
    assert!(at(&apart, "data.mergePersons.message").as_str().unwrap().starts_with("Two agencies"), "{apart}");
    let back = proposed(&world, &acnur, same, ("DIF_MUNICIPAL", "RECEPTION", "PUBLIC_INTEREST")).await;
    settled(&coordinator, "acceptCustodyTransfer", &back).await;
    let merged = merge(&coordinator, one, same, 1).await;
    assert_eq!(outcome(&merged), "MergePersonsPayload", "{merged}");
    assert_eq!(outcome(&propose(&world, &coordinator, same, to_acnur).await), "StateConflict");
    world.stop().await;
}

/// No case stays with an agency that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn where_the_holders_agreement_has_ended_the_operator_hands_on_in_its_place() {
    const GONE: &str = "NGO_CONVENIO_VENCIDO";
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, ACNUR).await;
    let coordinator = asking(&world, COORDINATOR);
    let hold = "UPDATE persons SET custodian = $2 WHERE id = $1";
    world.database().await.execute(hold, &[&person, &GONE]).await.unwrap();
    let gone = asking(&world, ("NGO_CONVENIO_VENCIDO/partner", "ASSISTANCE"));
    let back = ("DIF_MUNICIPAL", "RECEPTION", "PUBLIC_INTEREST");
    assert_eq!(codes(&propose(&world, &gone, person, back).await), ["FORBIDDEN"]);
    let elsewhere = proposed(&world, &coordinator, person, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await;
    assert_eq!(at(&elsewhere, "sender.code"), GONE);
    settled(&coordinator, "withdrawCustodyTransfer", &elsewhere).await;
    let transfer = proposed(&world, &coordinator, person, back).await;
    settled(&coordinator, "acceptCustodyTransfer", &transfer).await;
    assert_eq!(custodian(&coordinator, person).await, "DIF_MUNICIPAL");
    world.stop().await;
}

/// Whoever follows a person is told that their custody moved.
#[tokio::test(flavor = "multi_thread")]
async fn custody_is_followed_with_the_person() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, ACNUR).await;
    let [coordinator, acnur] = [COORDINATOR, ACNUR].map(|caller| asking(&world, caller));
    let mut socket = world.socket_stating(COORDINATOR.0, COORDINATOR.1).await;
    let following = format!(
        "subscription {{ peopleChanged(person: \"{}\") {{ people {{ custodian {{ code }} custodyTransfers {{ state }} }} }} }}",
        person_id(person)
    );
    socket.follow("s", &following).await;
    let transfer = proposed(&world, &coordinator, person, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await;
    let told = socket.event().await;
    let people = at(&told, "payload.data.peopleChanged.people");
    assert_eq!(at(people, "0.custodyTransfers.0.state"), "PROPOSED", "{told}");
    settled(&acnur, "acceptCustodyTransfer", &transfer).await;
    let told = socket.event().await;
    let people = at(&told, "payload.data.peopleChanged.people");
    assert_eq!(
        (at(people, "0.custodian.code"), at(people, "0.custodyTransfers.0.state")),
        (&json!("ACNUR"), &json!("ACCEPTED")),
        "{told}"
    );
    world.stop().await;
}
