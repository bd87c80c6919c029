//! Centres: who lends them and for how long, and that nobody is left in a shelter that closes.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::lodging::{arrive, furnish, lodging, mutate};
use crate::reference::rows;

const LOAN: &str = "mutation($centre: ID!, $from: Date!, $until: Date!, $key: String!) {
  x: recordCentreLoan(centre: $centre, startsOn: $from, endsOn: $until, conditions: \"Solo como albergue\",
    inventory: [{thing: \"Sillas\", quantity: 40, condition: WORN}], idempotencyKey: $key) {
    __typename ... on RecordCentreLoanPayload { loan { code startsOn centre { code } lender { code } inventory { thing quantity condition } } }
    ... on Problem { code message } ... on InvalidValue { argument } } }";

const OPEN: &str = "mutation($centre: ID!, $code: String!, $key: String!) {
  x: openShelter(centre: $centre, code: $code, name: \"Albergue Nuevo\", spaces: [{code: \"FAM\", segment: FAMILY_NUCLEUS, capacity: 20}],
    idempotencyKey: $key) { __typename ... on OpenShelterPayload { shelter { id code openedOn spaces { code capacity occupied } } }
    ... on Problem { code message } ... on InvalidValue { argument } } }";

const CLOSE: &str = "mutation($shelter: ID!, $on: Date, $key: String!) {
  x: closeShelter(shelter: $shelter, closedOn: $on, idempotencyKey: $key) {
    __typename ... on CloseShelterPayload { shelter { code closedOn } } ... on Problem { code message } } }";

const CHECK: &str = "mutation($shelter: ID!, $hot: Boolean!, $at: DateTime, $key: String!) {
  x: recordFacilityCheck(shelter: $shelter, clean: true, sanitised: true, toiletsUsable: true, hotShowers: $hot, note: \"Todo en orden\",
    occurredAt: $at, idempotencyKey: $key) { __typename ... on RecordFacilityCheckPayload { check { id hotShowers note } }
    ... on Problem { code message } } }";

/// The centre with a code.
async fn centre(client: &Client, code: &str) -> Json {
    let answer = client
        .query("{ centres { id code lender { code } loans { code endsOn inventory { thing } } } }")
        .await;
    rows(&answer, "data.centres").iter().find(|centre| centre["code"] == code).unwrap().clone()
}

async fn shelter(client: &Client, code: &str) -> Json {
    let answer = client.query("{ shelters { id code } }").await;
    rows(&answer, "data.shelters").iter().find(|shelter| shelter["code"] == code).unwrap()["id"].clone()
}

async fn close(client: &Client, shelter: &Json) -> Json {
    client.run(CLOSE, json!({"shelter": shelter, "key": fresh_key()})).await
}

fn problem(answer: &Json) -> &str {
    at(answer, "data.x.code").as_str().unwrap_or_else(|| panic!("no problem: {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_centre_is_lent_once_at_a_time_by_who_lends_it() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    let (lent, owned) = (centre(&coordinator, "CC-03").await, centre(&coordinator, "CC-01").await);
    assert_eq!(at(&lent, "lender.code"), "BISOM");
    assert_eq!(rows(&lent, "loans.0.inventory").len(), 6, "{lent}");
    assert_eq!(rows(&owned, "loans").len(), 0);
    let loan = |centre: &Json, from: &str, until: &str| json!({"centre": centre["id"], "from": from, "until": until, "key": fresh_key()});
    let next = loan(&lent, "2022-06-01", "2022-12-31");
    for stranger in ["IMACUM/lender", "IMDECUF/lender"] {
        assert_eq!(codes(&world.client(stranger).run(LOAN, next.clone()).await), ["FORBIDDEN"], "{stranger}");
    }
    for stranger in ["DIF_MUNICIPAL/shelter_lead@ALB-03", "CDM/permits", "CNDH/witness"] {
        assert_eq!(codes(&world.client(stranger).run(LOAN, next.clone()).await), ["FORBIDDEN"], "{stranger}");
    }
    let lender = world.client("BISOM/lender");
    let recorded = lender.run(LOAN, next.clone()).await;
    assert_eq!(
        at(&recorded, "data.x.loan.inventory.0"),
        &json!({"thing": "Sillas", "quantity": 40, "condition": "WORN"})
    );
    assert_eq!(at(&recorded, "data.x.loan.lender.code"), "BISOM", "{recorded}");
    assert_eq!(lender.run(LOAN, next).await, recorded, "sent again, it is answered and not repeated");
    let over = coordinator.run(LOAN, loan(&lent, "2022-12-31", "2023-06-30")).await;
    assert_eq!(problem(&over), "STATE_CONFLICT", "{over}");
    for (centre, from, until, argument) in
        [(&lent, "2023-02-01", "2023-01-01", "endsOn"), (&owned, "2023-01-01", "2023-02-01", "centre")]
    {
        let refused = coordinator.run(LOAN, loan(centre, from, until)).await;
        assert_eq!(
            (problem(&refused), at(&refused, "data.x.argument")),
            ("INVALID_ARGUMENT", &json!(argument))
        );
    }
    let loans = centre(&world.client("SEDENA/kitchen"), "CC-03").await;
    assert_eq!(rows(&loans, "loans").len(), 2);
    assert_eq!(at(&loans, "loans.0.endsOn"), "2022-12-31", "newest first: {loans}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_left_in_a_shelter_that_closes() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let beds = furnish(&world, "ALB-01", "FAM", &["", ""]).await;
    let (old, site) = (shelter(&coordinator, "ALB-01").await, centre(&coordinator, "CC-01").await);
    let full = close(&coordinator, &old).await;
    assert_eq!(problem(&full), "STATE_CONFLICT", "people are counted there: {full}");
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01");
    for space in lead.spaces("ALB-01").await.iter().filter(|space| space["occupied"] != 0) {
        assert_eq!(outcome(&lead.adjust(space, 0).await), "AdjustOccupancyPayload");
    }
    let holding = format!("beds: [\"{}\"], until: \"2022-02-02T00:00:00Z\", note: \"Para mañana\"", beds[0]);
    let held = mutate(&lead, "holdBeds", &holding).await;
    assert_eq!(problem(&close(&coordinator, &old).await), "STATE_CONFLICT", "beds are held");
    let kept = at(&held, "data.x.hold");
    mutate(&lead, "releaseHold", &format!("hold: {}, version: {}", kept["id"], kept["version"])).await;
    assert_eq!(codes(&close(&world.client("DIF_MUNICIPAL/shelter_lead@ALB-02"), &old).await), ["FORBIDDEN"]);
    let future =
        coordinator.run(CLOSE, json!({"shelter": old, "on": "2022-03-01", "key": fresh_key()})).await;
    assert_eq!(problem(&future), "INVALID_ARGUMENT");
    // Of who comes and who closes at the same moment one is too late.
    let (.., people) = arrive(&world, &[("FAMILY_NUCLEUS", "")]).await;
    let coming = lodging(&people, &beds[..1]);
    let (closed, came) = tokio::join!(close(&coordinator, &old), mutate(&coordinator, "checkIn", &coming));
    let won = [outcome(&closed), outcome(&came)];
    let one = won.iter().filter(|of| of.ends_with("Payload")).count();
    assert_eq!(one, 1, "{closed} {came}");
    if won[1] == "CheckInPayload" {
        let stay = at(&came, "data.x.stays.0");
        mutate(&coordinator, "checkOut", &format!("stay: {}, version: 1", stay["id"])).await;
        assert_eq!(outcome(&close(&lead, &old).await), "CloseShelterPayload");
    }
    assert_eq!(problem(&close(&coordinator, &old).await), "STATE_CONFLICT", "it is closed once");
    assert_eq!(problem(&mutate(&coordinator, "checkIn", &coming).await), "STATE_CONFLICT");

    // The centre opens anew, as another shelter, and once at a time.
    let open = |code: &str| json!({"centre": site["id"], "code": code, "key": fresh_key()});
    assert_eq!(codes(&lead.run(OPEN, open("ALB-13")).await), ["FORBIDDEN"]);
    assert_eq!(problem(&coordinator.run(OPEN, open("ALB-01")).await), "INVALID_ARGUMENT");
    assert_eq!(problem(&coordinator.run(OPEN, open("alb 13")).await), "INVALID_ARGUMENT");
    let opened = coordinator.run(OPEN, open("ALB-13")).await;
    assert_eq!(
        at(&opened, "data.x.shelter.spaces"),
        &json!([{"code": "FAM", "capacity": 20, "occupied": 0}])
    );
    assert_eq!(problem(&coordinator.run(OPEN, open("ALB-14")).await), "STATE_CONFLICT");
    let stores = coordinator.query("{ locations { code shelter { code } } }").await;
    let store = rows(&stores, "data.locations").iter().find(|store| store["code"] == "TDA-ALB-13");
    assert_eq!(at(store.unwrap(), "shelter.code"), "ALB-13");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_check_is_the_state_of_a_shelter_and_is_told() {
    let world = World::start().await;
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01");
    let of = shelter(&lead, "ALB-01").await;
    let state = format!(
        "{{ node(id: {of}) {{ ... on Shelter {{ facilityState {{ id hotShowers checkedAt }} }} }} }}"
    );
    let before = at(&lead.query(&state).await, "data.node.facilityState").clone();
    assert!(before["checkedAt"].is_string(), "somebody looked this morning: {before}");
    let inspector = world.client("PCE/inspector");
    let mut told = inspector
        .follow(&format!(
            "subscription {{ facilityChecked(shelter: {of}) {{ id hotShowers shelter {{ code }} }} }}"
        ))
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    told.ready().await;
    let check =
        |hot: bool, at: Option<&str>| json!({"shelter": of, "hot": hot, "at": at, "key": fresh_key()});
    for stranger in ["DIF_MUNICIPAL/shelter_lead@ALB-02", "PCE/inspector", "BISOM/lender", "SEDENA/kitchen"] {
        assert_eq!(
            codes(&world.client(stranger).run(CHECK, check(true, None)).await),
            ["FORBIDDEN"],
            "{stranger}"
        );
    }
    let future = lead.run(CHECK, check(true, Some("2022-03-01T00:00:00Z"))).await;
    assert_eq!(problem(&future), "INVALID_ARGUMENT");
    let recorded = lead.run(CHECK, check(false, None)).await;
    let id = at(&recorded, "data.x.check.id").clone();
    assert_eq!(
        at(&told.response().await, "data.facilityChecked"),
        &json!({"id": id, "hotShowers": false, "shelter": {"code": "ALB-01"}})
    );
    // What was found before it is no news of how the shelter is.
    let earlier = lead.run(CHECK, check(true, Some("2022-01-15T15:00:00Z"))).await;
    assert_eq!(outcome(&earlier), "RecordFacilityCheckPayload", "{earlier}");
    assert_eq!(at(&inspector.query(&state).await, "data.node.facilityState.id"), &id);
    let newest =
        inspector.query(&format!("{{ facilityChecks(shelter: {of}, last: 2) {{ nodes {{ id }} }} }}")).await;
    assert_eq!(at(&newest, "data.facilityChecks.nodes.0.id"), &id, "{newest}");
    world.stop().await;
}
