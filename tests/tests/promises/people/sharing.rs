//! Consents and referrals: who records them, whom they let read, and that it is felt by the very next request.

use std::collections::BTreeSet;

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{asking, listed, person_id};

pub(super) const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
pub(super) const PARTNER: (&str, &str) = ("NGO_LETRAS_EN_CAMINO/partner", "EDUCATION");
const ACNUR: (&str, &str) = ("ACNUR/donor", "PROTECTION");

pub(super) const GIVE: &str = "mutation($person: ID!, $recipient: ID!, $purpose: Purpose!, $endsAt: DateTime, $at: DateTime, $key: String!) {
  giveConsent(person: $person, recipient: $recipient, purpose: $purpose, endsAt: $endsAt, occurredAt: $at, idempotencyKey: $key) {
    __typename ... on GiveConsentPayload { consent { id version purpose withdrawnAt recipient { code } } }
    ... on Problem { code message } ... on NotFound { argument } ... on InvalidValue { argument } } }";

const WITHDRAW: &str = "mutation($id: ID!, $version: Int!, $at: DateTime, $key: String!) {
  withdrawConsent(consent: $id, version: $version, occurredAt: $at, idempotencyKey: $key) {
    __typename ... on WithdrawConsentPayload { consent { id version withdrawnAt } }
    ... on Problem { code message } ... on InvalidValue { argument } ... on VersionConflict { currentVersion } } }";

const OPEN: &str = "mutation($person: ID!, $recipient: ID!, $purpose: Purpose!, $basis: LegalBasis!, $key: String!) {
  openReferral(person: $person, recipient: $recipient, purpose: $purpose, legalBasis: $basis, idempotencyKey: $key) {
    __typename ... on OpenReferralPayload { referral { id version state legalBasis sender { code } recipient { code } } }
    ... on Problem { code message } ... on NotFound { argument } ... on InvalidValue { argument } } }";

fn settling(root: &str) -> String {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    format!(
        "mutation($id: ID!, $version: Int!, $key: String!) {{ {root}(referral: $id, version: $version, idempotencyKey: $key) {{
           __typename ... on {payload} {{ referral {{ id version state }} }} ... on Problem {{ code message }} }} }}"
    )
}

pub(super) async fn agency(world: &World, code: &str) -> Json {
    let agencies = world.public().query("{ agencies { id code } }").await;
    let agencies = at(&agencies, "data.agencies").as_array().unwrap().clone();
    agencies.iter().find(|agency| agency["code"] == code).unwrap()["id"].clone()
}

/// Someone whom one caller lists and another does not.
pub(super) async fn beyond(world: &World, whose: (&str, &str), caller: (&str, &str)) -> Uuid {
    let all = listed(&asking(world, whose)).await;
    let reached = listed(&asking(world, caller)).await;
    *all.difference(&reached).next().unwrap()
}

pub(super) async fn give(
    world: &World,
    client: &Client,
    person: Uuid,
    recipient: &str,
    purpose: &str,
) -> Json {
    let variables = json!({
        "person": person_id(person), "recipient": agency(world, recipient).await, "purpose": purpose, "key": fresh_key()
    });
    client.run(GIVE, variables).await
}

pub(super) async fn withdraw(client: &Client, consent: &Json) -> Json {
    let variables = json!({"id": consent["id"], "version": consent["version"], "key": fresh_key()});
    client.run(WITHDRAW, variables).await
}

pub(super) async fn open(
    world: &World,
    client: &Client,
    person: Uuid,
    (recipient, purpose, basis): (&str, &str, &str),
) -> Json {
    let variables = json!({
        "person": person_id(person), "recipient": agency(world, recipient).await, "purpose": purpose, "basis": basis,
        "key": fresh_key()
    });
    client.run(OPEN, variables).await
}

pub(super) async fn settle(client: &Client, root: &str, referral: &Json) -> Json {
    let variables = json!({"id": referral["id"], "version": referral["version"], "key": fresh_key()});
    client.run(&settling(root), variables).await
}

async fn reaches(client: &Client, person: Uuid) -> bool {
    let node = client.run("query($id: ID!) { node(id: $id) { id } }", json!({"id": person_id(person)})).await;
    assert_eq!(codes(&node), Vec::<String>::new());
    let found = !at(&node, "data.node").is_null();
    assert_eq!(listed(client).await.contains(&person), found, "the list and the node agree");
    found
}

/// What the journal has of an operation on a person, as the coordinator reads it.
pub(crate) async fn entries(world: &World, operation: &str, person: Uuid) -> Vec<Json> {
    let document =
        "query($operation: String, $person: ID) { journal(operation: $operation, person: $person) {
        nodes { operation classes subjectCount agency { code } subjects { person } } } }";
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    for _ in 0..500 {
        let variables = json!({"operation": operation, "person": person_id(person)});
        let answer = coordinator.run(document, variables).await;
        let nodes =
            at(&answer, "data.journal.nodes").as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        if !nodes.is_empty() {
            return nodes;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the journal has no {operation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_felt_by_the_next_request_and_so_is_its_withdrawal() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let (coordinator, partner) = (asking(&world, COORDINATOR), asking(&world, PARTNER));
    let mut socket = world.socket_stating(PARTNER.0, PARTNER.1).await;
    let mut count = async || {
        let counted = socket.ask("q", "{ persons { totalCount } }").await;
        at(&counted, "data.persons.totalCount").as_i64().unwrap()
    };
    let before = count().await;
    assert!(!reaches(&partner, person).await);

    let given = give(&world, &coordinator, person, "NGO_LETRAS_EN_CAMINO", "EDUCATION").await;
    assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
    let consent = at(&given, "data.giveConsent.consent");
    assert!(reaches(&partner, person).await);
    assert_eq!(count().await, before + 1, "on an open socket too");
    // For that purpose, and no other.
    assert!(!reaches(&asking(&world, (PARTNER.0, "HOUSING")), person).await);

    let withdrawn = withdraw(&coordinator, consent).await;
    assert_eq!(outcome(&withdrawn), "WithdrawConsentPayload", "{withdrawn}");
    assert_eq!(at(&withdrawn, "data.withdrawConsent.consent.version"), 2);
    assert!(!reaches(&partner, person).await);
    assert_eq!(count().await, before, "on an open socket too");

    for operation in ["census.giveConsent", "census.withdrawConsent"] {
        let entry = entries(&world, operation, person).await.swap_remove(0);
        assert_eq!((&entry["classes"], &entry["subjectCount"]), (&json!(["CONSENT"]), &json!(1)));
        assert_eq!(at(&entry, "subjects.0.person"), &json!(person_id(person)));
        assert_eq!(at(&entry, "agency.code"), "DIF_MUNICIPAL");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_breaks_a_law_is_refused_by_its_name() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let coordinator = asking(&world, COORDINATOR);
    let recipient = agency(&world, "NGO_LETRAS_EN_CAMINO").await;
    let variables = json!({"person": person_id(person), "recipient": recipient, "purpose": "EDUCATION", "key": fresh_key()});
    let with = |changed: &[(&str, Json)]| {
        let mut variables = variables.clone();
        variables["key"] = json!(fresh_key());
        for (name, value) in changed {
            variables[*name] = value.clone();
        }
        variables
    };
    for (changed, expected) in [
        (vec![("person", json!(person_id(Uuid::now_v7())))], "NotFound"),
        (vec![("recipient", json!(enlace_tests::id("agency", Uuid::now_v7())))], "NotFound"),
        (vec![("at", json!("2099-01-01T00:00:00Z"))], "InvalidValue"),
        (vec![("endsAt", json!("2022-01-01T00:00:00Z"))], "InvalidValue"),
    ] {
        let answer = coordinator.run(GIVE, with(&changed)).await;
        assert_eq!(outcome(&answer), expected, "{changed:?}: {answer}");
    }
    let given = coordinator.run(GIVE, variables.clone()).await;
    assert_eq!(outcome(&given), "GiveConsentPayload");
    assert_eq!(coordinator.run(GIVE, variables.clone()).await, given, "a retry gets the same answer");
    assert_eq!(outcome(&coordinator.run(GIVE, with(&[])).await), "StateConflict", "it stands already");

    let consent = at(&given, "data.giveConsent.consent");
    let early = json!({"id": consent["id"], "version": 1, "at": "2021-12-09T12:00:00Z", "key": fresh_key()});
    assert_eq!(outcome(&coordinator.run(WITHDRAW, early).await), "InvalidValue");
    assert_eq!(outcome(&withdraw(&coordinator, consent).await), "WithdrawConsentPayload");
    let stale = withdraw(&coordinator, consent).await;
    assert_eq!(
        (outcome(&stale).as_str(), at(&stale, "data.withdrawConsent.currentVersion")),
        ("VersionConflict", &json!(2))
    );
    let again = json!({"id": consent["id"], "version": 2});
    assert_eq!(outcome(&withdraw(&coordinator, &again).await), "StateConflict");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consents_are_written_by_the_coordinator_and_each_shelters_lead_and_with_a_purpose() {
    let world = World::start().await;
    let lead = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");
    let own: BTreeSet<Uuid> = listed(&asking(&world, lead)).await;
    let shared = listed(&asking(&world, PARTNER)).await;
    let inside = *own.difference(&shared).next().unwrap();
    let outside = beyond(&world, COORDINATOR, lead).await;
    let given = give(&world, &asking(&world, lead), inside, "NGO_LETRAS_EN_CAMINO", "EDUCATION").await;
    assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
    let refused = give(&world, &asking(&world, lead), outside, "NGO_LETRAS_EN_CAMINO", "EDUCATION").await;
    assert_eq!(outcome(&refused), "NotFound");

    let consent = at(&given, "data.giveConsent.consent").clone();
    for caller in [
        ("ISESALUD/clinician", "HEALTH_CARE"),
        PARTNER,
        ("SEDENA/kitchen", "RECEPTION"),
        ("CNDH/witness", "OVERSIGHT"),
    ] {
        let client = asking(&world, caller);
        let refused = give(&world, &client, inside, "NGO_LETRAS_EN_CAMINO", "HOUSING").await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{caller:?}");
        assert_eq!(codes(&withdraw(&client, &consent).await), ["FORBIDDEN"], "{caller:?}");
        let referred = open(&world, &client, inside, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await;
        assert_eq!(codes(&referred), ["FORBIDDEN"], "{caller:?}");
    }
    let silent = world.client("DIF_MUNICIPAL/coordinator");
    let unstated = give(&world, &silent, inside, "NGO_LETRAS_EN_CAMINO", "HOUSING").await;
    assert_eq!(codes(&unstated), ["PURPOSE_REQUIRED"]);
    assert_eq!(codes(&withdraw(&silent, &consent).await), ["PURPOSE_REQUIRED"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_shares_from_its_acceptance_by_the_recipient_until_its_end() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, ACNUR).await;
    let (coordinator, acnur) = (asking(&world, COORDINATOR), asking(&world, ACNUR));
    let opened = open(&world, &coordinator, person, ("ACNUR", "PROTECTION", "PUBLIC_INTEREST")).await;
    assert_eq!(outcome(&opened), "OpenReferralPayload", "{opened}");
    let referral = at(&opened, "data.openReferral.referral").clone();
    assert_eq!(
        (&referral["state"], at(&referral, "sender.code")),
        (&json!("PROPOSED"), &json!("DIF_MUNICIPAL"))
    );
    assert!(!reaches(&acnur, person).await, "what is proposed shares nothing");
    let twice = open(&world, &coordinator, person, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await;
    assert_eq!(outcome(&twice), "StateConflict");

    // Nobody answers for the recipient, and whom it does not concern does not find it.
    assert_eq!(codes(&settle(&coordinator, "acceptReferral", &referral).await), ["FORBIDDEN"]);
    assert_eq!(codes(&settle(&coordinator, "declineReferral", &referral).await), ["FORBIDDEN"]);
    assert_eq!(
        outcome(
            &settle(&asking(&world, ("UNICEF/programmes", "HOUSING")), "acceptReferral", &referral).await
        ),
        "NotFound"
    );

    let accepted = settle(&acnur, "acceptReferral", &referral).await;
    assert_eq!(at(&accepted, "data.acceptReferral.referral.state"), "ACCEPTED", "{accepted}");
    assert!(reaches(&acnur, person).await);
    assert_eq!(outcome(&settle(&acnur, "acceptReferral", &referral).await), "VersionConflict");
    let referral = at(&accepted, "data.acceptReferral.referral").clone();
    assert_eq!(outcome(&settle(&acnur, "declineReferral", &referral).await), "StateConflict");

    let ended = settle(&acnur, "endReferral", &referral).await;
    assert_eq!(at(&ended, "data.endReferral.referral.state"), "ENDED", "{ended}");
    assert!(!reaches(&acnur, person).await);
    let referral = at(&ended, "data.endReferral.referral").clone();
    assert_eq!(outcome(&settle(&coordinator, "endReferral", &referral).await), "StateConflict");
    for (operation, by) in
        [("openReferral", "DIF_MUNICIPAL"), ("acceptReferral", "ACNUR"), ("endReferral", "ACNUR")]
    {
        let entry = entries(&world, &format!("coordination.{operation}"), person).await.swap_remove(0);
        assert_eq!((at(&entry, "agency.code"), &entry["classes"]), (&json!(by), &json!(["CONSENT"])));
    }

    // Once it is over, another may be opened; declined, it shares nothing.
    let opened = open(&world, &coordinator, person, ("ACNUR", "PROTECTION", "LEGAL_DUTY")).await;
    let referral = at(&opened, "data.openReferral.referral").clone();
    let declined = settle(&acnur, "declineReferral", &referral).await;
    assert_eq!(at(&declined, "data.declineReferral.referral.state"), "DECLINED", "{declined}");
    assert!(!reaches(&acnur, person).await);
    // Whoever refers may end what it opened.
    let opened = open(&world, &coordinator, person, ("ACNUR", "PROTECTION", "VITAL_INTEREST")).await;
    let ended = settle(&coordinator, "endReferral", at(&opened, "data.openReferral.referral")).await;
    assert_eq!(at(&ended, "data.endReferral.referral.state"), "ENDED", "{ended}");
    world.stop().await;
}

/// R10: the ground of a transfer is not only named, it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_on_the_ground_of_consent_needs_one_that_stands_and_shares_no_longer_than_it() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, ACNUR).await;
    let (coordinator, acnur) = (asking(&world, COORDINATOR), asking(&world, ACNUR));
    let asked = ("ACNUR", "PROTECTION", "CONSENT");
    let refused = open(&world, &coordinator, person, asked).await;
    assert_eq!(outcome(&refused), "ConsentMissing", "{refused}");
    let own = open(&world, &coordinator, person, ("DIF_MUNICIPAL", "PROTECTION", "LEGAL_DUTY")).await;
    assert_eq!(outcome(&own), "InvalidValue");

    let given = give(&world, &coordinator, person, "ACNUR", "PROTECTION").await;
    let opened = open(&world, &coordinator, person, asked).await;
    assert_eq!(outcome(&opened), "OpenReferralPayload", "{opened}");
    let accepted = settle(&acnur, "acceptReferral", at(&opened, "data.openReferral.referral")).await;
    assert_eq!(outcome(&accepted), "AcceptReferralPayload", "{accepted}");
    assert!(reaches(&acnur, person).await);
    let consent = at(&given, "data.giveConsent.consent");
    assert_eq!(outcome(&withdraw(&coordinator, consent).await), "WithdrawConsentPayload");
    assert!(
        !reaches(&acnur, person).await,
        "the referral shares nothing without the consent that it rests on"
    );

    // Withdrawn before it is accepted, it is not accepted any more.
    let referral = at(&accepted, "data.acceptReferral.referral");
    assert_eq!(outcome(&settle(&coordinator, "endReferral", referral).await), "EndReferralPayload");
    let given = give(&world, &coordinator, person, "ACNUR", "PROTECTION").await;
    let opened = open(&world, &coordinator, person, asked).await;
    withdraw(&coordinator, at(&given, "data.giveConsent.consent")).await;
    let late = settle(&acnur, "acceptReferral", at(&opened, "data.openReferral.referral")).await;
    assert_eq!(outcome(&late), "StateConflict", "{late}");
    world.stop().await;
}

/// What is carried is read, and nothing else; and at its end it ends, whoever is asleep.
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_shares_the_classes_that_it_carries_until_it_ends_by_itself() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, ACNUR).await;
    let (coordinator, acnur) = (asking(&world, COORDINATOR), asking(&world, ACNUR));
    let carry = async |classes: Json, basis: &str, ends_at: &str| {
        let document = "mutation($person: ID!, $recipient: ID!, $basis: LegalBasis!, $classes: [SharedClass!], $endsAt: DateTime, $key: String!) {
          openReferral(person: $person, recipient: $recipient, purpose: PROTECTION, legalBasis: $basis, classes: $classes, endsAt: $endsAt, idempotencyKey: $key) {
            __typename ... on OpenReferralPayload { referral { id version classes endsAt } } ... on InvalidValue { argument } } }";
        let variables = json!({
            "person": person_id(person), "recipient": agency(&world, "ACNUR").await, "basis": basis,
            "classes": classes, "endsAt": ends_at, "key": fresh_key(),
        });
        coordinator.run(document, variables).await
    };
    for (classes, basis, ends_at, argument) in [
        (json!(["MIGRATION"]), "LEGAL_DUTY", "2022-02-10T00:00:00Z", "classes"),
        (json!([]), "LEGAL_DUTY", "2022-02-10T00:00:00Z", "classes"),
        (json!(["IDENTITY"]), "CONSENT", "2022-02-10T00:00:00Z", "classes"),
        (json!(["IDENTITY"]), "LEGAL_DUTY", "2022-01-10T00:00:00Z", "endsAt"),
    ] {
        let refused = carry(classes, basis, ends_at).await;
        assert_eq!(at(&refused, "data.openReferral.argument"), argument, "{refused}");
    }
    let opened =
        carry(json!(["CONSENT", "IDENTITY", "IDENTITY"]), "LEGAL_DUTY", "2022-02-10T00:00:00Z").await;
    let referral = at(&opened, "data.openReferral.referral");
    assert_eq!(referral["classes"], json!(["IDENTITY", "CONSENT"]), "{opened}");
    let accepted = settle(&acnur, "acceptReferral", referral).await;
    assert_eq!(outcome(&accepted), "AcceptReferralPayload", "{accepted}");
    let read = async || {
        let document = "query($id: ID!) { node(id: $id) { ... on Person { givenNames migrationStatus maritalStatus } } }";
        acnur.run(document, json!({"id": person_id(person)})).await
    };
    let told = read().await;
    assert!(at(&told, "data.node.givenNames").is_string(), "{told}");
    assert_eq!(codes(&told), ["FIELD_FORBIDDEN"], "{told}");
    assert_eq!(at(&told, "errors.0.path"), &json!(["node", "migrationStatus"]), "{told}");
    assert!(reaches(&acnur, person).await);

    world.enlace.move_programme_clock("2022-02-10T00:00:00Z".parse().unwrap());
    assert!(!reaches(&acnur, person).await, "it ended by itself");
    let late = settle(&acnur, "endReferral", at(&accepted, "data.acceptReferral.referral")).await;
    assert_eq!(outcome(&late), "StateConflict", "{late}");
    let again = carry(json!(["IDENTITY"]), "LEGAL_DUTY", "2022-03-10T00:00:00Z").await;
    assert_eq!(outcome(&again), "OpenReferralPayload", "{again}");
    world.stop().await;
}
