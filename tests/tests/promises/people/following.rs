//! People followed: who sees them come, change and go, and that the journal has it before.

use chrono::{DateTime, TimeDelta, Utc};
use enlace_tests::{Receiver, Socket, World, at, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::lodging::{homeless, lodging, mutate, ward};

use super::sharing::{COORDINATOR, GIVE, PARTNER, agency, beyond, give, open, settle, withdraw};
use super::{asking, key, person_id};

const FOLLOW: &str = "subscription($after: String) {
  peopleChanged(after: $after) { occurredAt people { id givenNames migrationStatus } gone { id } } }";

/// Of whom the next message tells, and who is gone by it; with the message.
async fn told(socket: &mut Socket) -> (Vec<Json>, Vec<Json>, Json) {
    let message = socket.event().await;
    let change = at(&message, "payload.data.peopleChanged");
    let ids = |rows: &Json| -> Vec<Json> {
        rows.as_array().unwrap_or_else(|| panic!("{message}")).iter().map(|row| row["id"].clone()).collect()
    };
    (ids(&change["people"]), ids(&change["gone"]), message.clone())
}

/// How many reads the journal has of an agency.
async fn reads(world: &World, agency: &str) -> i64 {
    let statement = "SELECT count(*) FROM journal_entries WHERE operation = 'journal.read' AND agency = $1";
    world.database().await.query_one(statement, &[&agency]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_consent_comes_and_who_withdraws_it_is_gone() {
    const CODE: &str = "NGO_LETRAS_EN_CAMINO";
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let id = json!(person_id(person));
    let mut partner = world.socket_stating(PARTNER.0, PARTNER.1).await;
    let mut other = world.socket_stating(PARTNER.0, "HOUSING").await;
    let mut coordinator = world.socket_stating(COORDINATOR.0, COORDINATOR.1).await;
    for socket in [&mut partner, &mut other, &mut coordinator] {
        socket.follow("s", FOLLOW).await;
    }
    let writer = asking(&world, COORDINATOR);
    let before = reads(&world, CODE).await;
    let given = give(&world, &writer, person, CODE, "EDUCATION").await;
    assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
    let (people, gone, message) = told(&mut partner).await;
    assert_eq!((people, gone), (vec![id.clone()], vec![]));
    let shown = at(&message, "payload.data.peopleChanged.people.0");
    assert!(shown["migrationStatus"].is_null(), "as a query would show it: {message}");
    assert_eq!(reads(&world, CODE).await, before + 1, "the journal has it before it is sent");
    let (people, gone, _) = told(&mut coordinator).await;
    assert_eq!((people, gone), (vec![id.clone()], vec![]));

    // Away, it misses both that someone went and that they had come.
    let cursor = at(&message, "payload.extensions.stream.cursor").clone();
    partner.send(&json!({"type": "complete", "id": "s"})).await;
    let withdrawn = withdraw(&writer, at(&given, "data.giveConsent.consent")).await;
    assert_eq!(outcome(&withdrawn), "WithdrawConsentPayload", "{withdrawn}");
    let (people, gone, _) = told(&mut coordinator).await;
    assert_eq!((people, gone), (vec![id.clone()], vec![]), "whoever sees them still is told of the change");
    let payload = json!({"query": FOLLOW, "variables": {"after": cursor}});
    partner.send(&json!({"type": "subscribe", "id": "t", "payload": payload})).await;
    let (people, gone, message) = told(&mut partner).await;
    assert_eq!((people, gone), (vec![], vec![id.clone()]), "{message}");
    assert_eq!(reads(&world, CODE).await, before + 1, "nothing is read of who is gone");

    // To whoever stated another purpose, neither was told: the next that it hears of is what it may see.
    let given = give(&world, &writer, person, CODE, "HOUSING").await;
    assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
    let (people, gone, _) = told(&mut other).await;
    assert_eq!((people, gone), (vec![id], vec![]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_followed_from_its_acceptance_to_its_end() {
    let world = World::start().await;
    let acnur = ("ACNUR/donor", "PROTECTION");
    let person = beyond(&world, COORDINATOR, acnur).await;
    let id = json!(person_id(person));
    let mut socket = world.socket_stating(acnur.0, acnur.1).await;
    let of_one = FOLLOW.replace("after: $after", &format!("after: $after, person: {id}"));
    socket.follow("s", &of_one).await;
    let (writer, recipient) = (asking(&world, COORDINATOR), asking(&world, acnur));
    let opened = open(&world, &writer, person, ("ACNUR", "PROTECTION", "VITAL_INTEREST")).await;
    assert_eq!(outcome(&opened), "OpenReferralPayload", "{opened}");
    let accepted = settle(&recipient, "acceptReferral", at(&opened, "data.openReferral.referral")).await;
    assert_eq!(outcome(&accepted), "AcceptReferralPayload", "{accepted}");
    let (people, gone, _) = told(&mut socket).await;
    assert_eq!((people, gone), (vec![id.clone()], vec![]), "not before it is accepted");
    let ended = settle(&recipient, "endReferral", at(&accepted, "data.acceptReferral.referral")).await;
    assert_eq!(outcome(&ended), "EndReferralPayload", "{ended}");
    let (people, gone, _) = told(&mut socket).await;
    assert_eq!((people, gone), (vec![], vec![id]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_consent_comes_to_its_end_is_gone() {
    let world = World::start().await;
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let mut partner = world.socket_stating(PARTNER.0, PARTNER.1).await;
    partner.follow("s", FOLLOW).await;
    let now = async || -> DateTime<Utc> {
        let viewer = world.client(PARTNER.0).query("{ viewer { now } }").await;
        at(&viewer, "data.viewer.now").as_str().unwrap().parse().unwrap()
    };
    let ends_at = now().await + TimeDelta::seconds(2);
    let recipient = agency(&world, "NGO_LETRAS_EN_CAMINO").await;
    let variables = json!({
        "person": person_id(person), "recipient": recipient, "purpose": "EDUCATION", "endsAt": ends_at, "key": fresh_key()
    });
    let given = asking(&world, COORDINATOR).run(GIVE, variables).await;
    assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
    let (people, gone, _) = told(&mut partner).await;
    assert_eq!((people, gone), (vec![json!(person_id(person))], vec![]));
    while now().await <= ends_at {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Each node looks for what is over as it starts, and each minute.
    let sibling = world.sibling().await;
    let (people, gone, _) = told(&mut partner).await;
    assert_eq!((people, gone), (vec![], vec![json!(person_id(person))]));
    sibling.stop().await;
    world.stop().await;
}

/// Whoever is transferred goes from the sight of the one shelter's lead, and comes into that of the other's.
#[tokio::test(flavor = "multi_thread")]
async fn who_moves_to_another_shelter_is_gone_from_the_first() {
    let world = World::start().await;
    let writer = asking(&world, COORDINATOR);
    let (here, there) = (ward(&world, "ALB-01", 1).await, ward(&world, "ALB-02", 1).await);
    let people = homeless(&world, 1, 1).await.remove(0);
    let lodged = mutate(&writer, "checkIn", &lodging(&people, &here.beds)).await;
    let stay = at(&lodged, "data.x.stays.0").clone();
    let mut sockets = Vec::new();
    for code in ["ALB-01", "ALB-02"] {
        let lead = format!("DIF_MUNICIPAL/shelter_lead@{code}");
        let mut socket = world.socket_stating(&lead, "RECEPTION").await;
        socket.follow("s", FOLLOW).await;
        sockets.push(socket);
    }
    let moving = format!("stay: {}, version: {}, bed: \"{}\"", stay["id"], stay["version"], there.beds[0]);
    let moved = mutate(&writer, "transferStay", &moving).await;
    assert_eq!(at(&moved, "data.x.__typename"), "TransferStayPayload", "{moved}");
    let (came, gone, _) = told(&mut sockets[0]).await;
    assert_eq!((came, gone), (vec![], vec![json!(people[0])]));
    let (came, gone, _) = told(&mut sockets[1]).await;
    assert_eq!((came, gone), (vec![json!(people[0])], vec![]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_tells_of_people_is_in_the_journal_too() {
    const REGISTER: &str = "mutation($url: String!, $document: String!, $key: String!) {
      registerWebhook(url: $url, document: $document, idempotencyKey: $key) { __typename ... on Problem { code message } } }";
    let world = World::with().set("webhook_networks", "127.0.0.0/8").start().await;
    let receiver = Receiver::open().await;
    let person = beyond(&world, COORDINATOR, PARTNER).await;
    let partner = asking(&world, PARTNER);
    let document = "subscription { peopleChanged { people { id } gone { id } } }";
    let variables = json!({"url": receiver.url(), "document": document, "key": fresh_key()});
    let registered = partner.run(REGISTER, variables).await;
    assert_eq!(outcome(&registered), "RegisterWebhookPayload", "{registered}");
    let before = reads(&world, "NGO_LETRAS_EN_CAMINO").await;
    let writer = asking(&world, COORDINATOR);
    let given = give(&world, &writer, person, "NGO_LETRAS_EN_CAMINO", "EDUCATION").await;
    let change = receiver.taken(1).await.remove(0).json();
    assert_eq!(at(&change, "data.peopleChanged.people.0.id"), &json!(person_id(person)), "{change}");
    assert_eq!(reads(&world, "NGO_LETRAS_EN_CAMINO").await, before + 1);
    withdraw(&writer, at(&given, "data.giveConsent.consent")).await;
    let change = receiver.taken(2).await.remove(1).json();
    assert_eq!(at(&change, "data.peopleChanged.gone"), &json!([{"id": person_id(person)}]), "{change}");
    assert_eq!(reads(&world, "NGO_LETRAS_EN_CAMINO").await, before + 1);
    world.stop().await;
}

/// The stream of all is a list: it says of no minor who they are (R25). That of one may.
#[tokio::test(flavor = "multi_thread")]
async fn who_minors_are_is_told_one_by_one() {
    let world = World::start().await;
    let writer = asking(&world, COORDINATOR);
    let page = writer.query("{ persons(first: 500) { nodes { id minor } } }").await;
    let people = at(&page, "data.persons.nodes").as_array().unwrap().clone();
    for minor in [true, false] {
        let person = people.iter().find(|person| person["minor"] == minor).expect("one of each");
        let mut socket = world.socket_stating(COORDINATOR.0, COORDINATOR.1).await;
        socket.follow("all", FOLLOW).await;
        let of_one = FOLLOW.replace("after: $after", &format!("after: $after, person: {}", person["id"]));
        socket.follow("one", &of_one).await;
        let given = give(&world, &writer, key(&person["id"]), "ONU", "OVERSIGHT").await;
        assert_eq!(outcome(&given), "GiveConsentPayload", "{given}");
        for _ in 0..2 {
            let message = socket.event().await;
            let shown = at(&message, "payload.data.peopleChanged.people.0");
            assert_eq!(shown["id"], person["id"]);
            let is_told = !minor || message["id"] == "one";
            assert_eq!(shown["givenNames"].is_string(), is_told, "{message}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_follows_people_without_a_purpose_or_without_a_right() {
    let world = World::start().await;
    for (caller, purpose, code) in [
        ("DIF_MUNICIPAL/coordinator", None, "PURPOSE_REQUIRED"),
        ("SEDENA/kitchen", Some("ASSISTANCE"), "FIELD_FORBIDDEN"),
    ] {
        let mut socket = match purpose {
            Some(purpose) => world.socket_stating(caller, purpose).await,
            None => world.socket(caller).await,
        };
        socket.subscribe("s", FOLLOW).await;
        let refusal = socket.event().await;
        assert_eq!(at(&refusal, "payload.0.extensions.code"), code, "{refusal}");
    }
    world.stop().await;
}
