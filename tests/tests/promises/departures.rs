//! Departures: a household goes together or one by one, and what held it here ends with it; an error is taken back.

use std::sync::Arc;

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::lodging::{homeless, lodging, mutate, problem, ward};
use crate::people::entries;
use crate::reference::rows;

const PARTY: &str = "departures { id state plannedOn departedAt destination country place transport reason version person { id } }";

fn asking(world: &World, caller: &str) -> Client {
    world.client(caller).stating("RECEPTION")
}

fn coordinator(world: &World) -> Client {
    asking(world, "DIF_MUNICIPAL/coordinator")
}

/// Runs a mutation of departures with arguments as literals, under a key.
async fn keyed(client: &Client, root: &str, arguments: &str, key: &str) -> Json {
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let shown = if root == "followUpDeparture" { "followUp { id outcome note madeAt }" } else { PARTY };
    client
        .query(&format!(
            "mutation {{ x: {root}({arguments}, idempotencyKey: \"{key}\") {{ __typename ... on {payload} {{ {shown} }} \
             ... on Problem {{ code message }} ... on InvalidValue {{ argument }} }} }}"
        ))
        .await
}

async fn act(client: &Client, root: &str, arguments: &str) -> Json {
    keyed(client, root, arguments, &fresh_key()).await
}

const BY_BUS: &str =
    "destination: {kind: CITY, country: \"MEX\", place: \"Ciudad Inventada\", transport: BUS}";

async fn plan(client: &Client, people: &[String], day: &str) -> Json {
    act(client, "planDeparture", &format!("persons: {}, plannedOn: \"{day}\", {BY_BUS}", json!(people))).await
}

/// Departures as a change names them.
fn seen(departures: &[Json]) -> String {
    let each = |field: &str| {
        departures.iter().map(|departure| departure[field].to_string()).collect::<Vec<_>>().join(", ")
    };
    format!("departures: [{}], versions: [{}]", each("id"), each("version"))
}

fn planned(answer: &Json) -> Vec<Json> {
    rows(answer, "data.x.departures").to_vec()
}

async fn household(client: &Client, person: &str) -> Json {
    let document =
        "query($id: ID!) { node(id: $id) { ... on Person { household { id closedOn } shelter { code }
        stays { endedAt } episodes { endedOn ending } referrals { state } } } }";
    at(&client.run(document, json!({"id": person})).await, "data.node").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_departure_ends_all_that_held_a_household_here_and_the_last_closes_it() {
    let world = World::start().await;
    let client = coordinator(&world);
    let ward = ward(&world, "ALB-01", 3).await;
    let family = homeless(&world, 3, 1).await.remove(0);
    let lodged = mutate(&client, "checkIn", &lodging(&family, &ward.beds)).await;
    assert_eq!(rows(&lodged, "data.x.stays").len(), 3, "{lodged}");
    let agency = client.query("{ agencies { id code } }").await;
    let oim = rows(&agency, "data.agencies").iter().find(|agency| agency["code"] == "OIM").unwrap().clone();
    let referral = client
        .query(&format!(
            "mutation {{ x: openReferral(person: \"{}\", recipient: {}, purpose: PROTECTION, legalBasis: PUBLIC_INTEREST, \
             idempotencyKey: \"{}\") {{ __typename }} }}",
            family[0],
            oim["id"],
            fresh_key()
        ))
        .await;
    assert_eq!(at(&referral, "data.x.__typename"), "OpenReferralPayload");

    // The shelter's own lead plans it; whom others lodge, it does not know.
    let lead = asking(&world, "DIF_MUNICIPAL/shelter_lead@ALB-01");
    let elsewhere = plan(&asking(&world, "DIF_MUNICIPAL/shelter_lead@ALB-02"), &family, "2022-02-01").await;
    assert_eq!(problem(&elsewhere), "NOT_FOUND");
    let party = planned(&plan(&lead, &family, "2022-02-01").await);
    let expected = json!({"id": party[0]["id"], "state": "PLANNED", "plannedOn": "2022-02-01", "departedAt": null,
        "destination": "CITY", "country": "MEX", "place": "Ciudad Inventada", "transport": "BUS", "reason": null, "version": 1,
        "person": party[0]["person"]});
    assert_eq!((party.len(), &party[0]), (3, &expected));
    assert_eq!(problem(&plan(&client, &family[..1], "2022-02-02").await), "STATE_CONFLICT");

    // One goes ahead of the others.
    let first = act(&client, "confirmDeparture", &seen(&party[..1])).await;
    assert_eq!(outcome(&json!({"data": {"x": at(&first, "data.x")}})), "ConfirmDeparturePayload", "{first}");
    let gone = party[0]["person"]["id"].as_str().unwrap();
    let known = household(&client, gone).await;
    assert_eq!((at(&known, "household.closedOn"), at(&known, "shelter")), (&Json::Null, &Json::Null));
    assert_eq!(at(&known, "episodes.0"), &json!({"endedOn": "2022-01-31", "ending": "DEPARTED"}));
    assert!(!at(&known, "stays.0.endedAt").is_null());

    // The others follow, in one transaction that says what it ended.
    let key = fresh_key();
    let both = seen(&party[1..]);
    let last = keyed(&client, "confirmDeparture", &both, &key).await;
    assert_eq!(rows(&last, "data.x.departures").len(), 3, "{last}");
    assert!(rows(&last, "data.x.departures").iter().all(|departure| departure["state"] == "CONFIRMED"));
    assert_eq!(keyed(&client, "confirmDeparture", &both, &key).await, last);
    for person in &family {
        let known = household(&client, person).await;
        assert_eq!(at(&known, "household.closedOn"), "2022-01-31");
        assert!(rows(&known, "referrals").iter().all(|referral| referral["state"] == "ENDED"), "{known}");
        assert!(rows(&known, "stays").iter().all(|stay| !stay["endedAt"].is_null()));
    }
    let space = client.spaces("ALB-01").await.into_iter().find(|space| space["code"] == "FAM").unwrap();
    assert_eq!(space["occupied"], 0);
    let entry = entries(&world, "departures.confirmDeparture", uuid(&family[1])).await;
    assert!(!entry.is_empty());

    // Who left lies in no bed, and takes no further departure, until they come back.
    assert_eq!(problem(&mutate(&client, "checkIn", &lodging(&family, &ward.beds)).await), "STATE_CONFLICT");
    assert_eq!(problem(&plan(&client, &family, "2022-02-02").await), "STATE_CONFLICT");

    // Taken back together, each keeps when they were said to have gone.
    let gone = planned(&last);
    let back = format!("{}, reason: \"No se fueron\"", seen(&gone));
    let back = planned(&act(&client, "reverseDeparture", &back).await);
    let times =
        |party: &[Json]| party.iter().map(|departure| departure["departedAt"].clone()).collect::<Vec<_>>();
    assert!(back.iter().all(|departure| departure["state"] == "REVERSED"), "{back:?}");
    assert_eq!(times(&back), times(&gone));
    assert_eq!(at(&household(&client, &family[0]).await, "household.closedOn"), &Json::Null);
    world.stop().await;
}

fn uuid(id: &str) -> uuid::Uuid {
    enlace_schema::GlobalId::parse(id).unwrap().uuid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_departure_that_was_none_is_reversed_and_one_that_is_not_to_be_cancelled() {
    let world = World::start().await;
    let client = coordinator(&world);
    let ward = ward(&world, "ALB-01", 2).await;
    let couple = homeless(&world, 2, 1).await.remove(0);
    mutate(&client, "checkIn", &lodging(&couple, &ward.beds)).await;
    for (arguments, argument) in [
        (
            "plannedOn: \"2022-01-30\", destination: {kind: COUNTRY, country: \"USA\", transport: AIR}",
            "plannedOn",
        ),
        (
            "plannedOn: \"2022-02-01\", destination: {kind: COUNTRY, country: \"MEX\", transport: AIR}",
            "destination.country",
        ),
        (
            "plannedOn: \"2022-02-01\", destination: {kind: DWELLING, country: \"MEX\", transport: PRIVATE}",
            "destination.place",
        ),
    ] {
        let refused =
            act(&client, "planDeparture", &format!("persons: {}, {arguments}", json!(couple))).await;
        assert_eq!(at(&refused, "data.x.argument"), argument, "{refused}");
    }
    let alone = homeless(&world, 1, 1).await.remove(0);
    let before = seen(&planned(&plan(&client, &alone, "2022-02-03").await));
    let before = format!("{before}, occurredAt: \"2021-12-01T12:00:00Z\"");
    assert_eq!(problem(&act(&client, "confirmDeparture", &before).await), "STATE_CONFLICT");
    let party = planned(&plan(&client, &couple, "2022-02-03").await);
    let abroad = "plannedOn: \"2022-02-05\", destination: {kind: COUNTRY, country: \"CAN\", transport: AIR}";
    let party = planned(&act(&client, "replanDeparture", &format!("{}, {abroad}", seen(&party))).await);
    assert_eq!(
        (&party[1]["country"], &party[1]["place"], &party[1]["version"]),
        (&json!("CAN"), &Json::Null, &json!(2))
    );
    let stale = act(
        &client,
        "cancelDeparture",
        &format!("{}, reason: \"Se quedan\"", seen(&[json!({"id": party[0]["id"], "version": 1})])),
    )
    .await;
    assert_eq!(problem(&stale), "VERSION_CONFLICT");

    let followed = format!("departure: {}, outcome: SETTLED, note: \"Llegaron bien\"", party[0]["id"]);
    assert_eq!(problem(&act(&client, "followUpDeparture", &followed).await), "STATE_CONFLICT");
    let early =
        act(&client, "confirmDeparture", &format!("{}, occurredAt: \"2022-02-04T12:00:00Z\"", seen(&party)))
            .await;
    assert_eq!(at(&early, "data.x.argument"), "occurredAt");
    let party = planned(&act(&client, "confirmDeparture", &seen(&party)).await);
    let heard = act(&client, "followUpDeparture", &followed).await;
    assert_eq!(
        (at(&heard, "data.x.followUp.outcome"), at(&heard, "data.x.followUp.note")),
        (&json!("SETTLED"), &json!("Llegaron bien"))
    );

    // It was an error: they are here again, and their beds are to be found anew.
    let reason = "reason: \"Perdieron el avión\"";
    let back = planned(&act(&client, "reverseDeparture", &format!("{}, {reason}", seen(&party))).await);
    assert_eq!((&back[0]["state"], &back[0]["reason"]), (&json!("REVERSED"), &json!("Perdieron el avión")));
    let known = household(&client, &couple[0]).await;
    assert_eq!(
        (at(&known, "household.closedOn"), at(&known, "episodes.0.ending")),
        (&Json::Null, &Json::Null)
    );
    assert_eq!(
        problem(&act(&client, "reverseDeparture", &format!("{}, {reason}", seen(&back))).await),
        "STATE_CONFLICT"
    );
    let lodged = mutate(&client, "checkIn", &lodging(&couple, &ward.beds)).await;
    assert_eq!(rows(&lodged, "data.x.stays").len(), 2, "{lodged}");

    // Another plan, which comes to nothing.
    let party = planned(&plan(&client, &couple, "2022-02-10").await);
    let cancelled =
        planned(&act(&client, "cancelDeparture", &format!("{}, reason: \"Se quedan\"", seen(&party))).await);
    assert_eq!((&cancelled[0]["state"], &cancelled[0]["reason"]), (&json!("CANCELLED"), &json!("Se quedan")));
    assert_eq!(problem(&act(&client, "confirmDeparture", &seen(&cancelled)).await), "STATE_CONFLICT");
    let history = "query($id: ID!) { node(id: $id) { ... on Person { departures { state party { id } followUps { outcome } } } } }";
    let history = client.run(history, json!({"id": couple[0]})).await;
    let states: Vec<&Json> =
        rows(&history, "data.node.departures").iter().map(|departure| &departure["state"]).collect();
    assert_eq!(states, ["REVERSED", "CANCELLED"]);
    assert_eq!(rows(&history, "data.node.departures.0.party").len(), 2);

    // Where they were to go lies sealed.
    let plans = world.database().await.query("SELECT plan FROM departures", &[]).await.unwrap();
    assert!(plans.iter().all(|row| !row.get::<_, Vec<u8>>(0).windows(3).any(|three| three == b"CAN")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_confirm_at_once_one_is_told_that_it_was_done_and_members_close_their_household_whoever_is_last()
 {
    let world = World::start().await;
    let client = Arc::new(coordinator(&world));
    let ward = ward(&world, "ALB-01", 4).await;
    let family = homeless(&world, 4, 1).await.remove(0);
    mutate(&client, "checkIn", &lodging(&family, &ward.beds)).await;
    let party = planned(&plan(&client, &family, "2022-02-01").await);
    let each = party.iter().flat_map(|departure| [departure.clone(), departure.clone()]).map(|departure| {
        let client = Arc::clone(&client);
        async move { act(&client, "confirmDeparture", &seen(&[departure])).await }
    });
    let answers = join_all(each).await;
    let done =
        answers.iter().filter(|answer| at(answer, "data.x.__typename") == "ConfirmDeparturePayload").count();
    assert_eq!(done, 4, "{answers:?}");
    let refused = answers.iter().filter_map(|answer| at(answer, "data.x.code").as_str());
    assert!(
        refused.clone().count() == 4 && refused.clone().all(|code| code == "VERSION_CONFLICT"),
        "{answers:?}"
    );
    assert_eq!(at(&household(&client, &family[0]).await, "household.closedOn"), "2022-01-31");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_each_caller_its_own_and_nobody_where_nobody_may_be_seen() {
    let world = World::start().await;
    let client = coordinator(&world);
    let document = "query($state: DepartureState) { departures(state: $state, first: 500) { totalCount nodes { state plannedOn person { id } } } }";
    let all = client.run(document, json!({})).await;
    let total = at(&all, "data.departures.totalCount").as_i64().unwrap();
    assert!(total > 20, "the demonstration plans some by its day: {all}");
    let confirmed = client.run(document, json!({"state": "CONFIRMED"})).await;
    assert_eq!(at(&confirmed, "data.departures.totalCount"), 0);
    let lead = asking(&world, "DIF_MUNICIPAL/shelter_lead@ALB-01").run(document, json!({})).await;
    let own = at(&lead, "data.departures.totalCount").as_i64().unwrap();
    assert!(own < total, "{own} of {total}");
    let officer = world.client("DSPM/officer").stating("RECEPTION").run(document, json!({})).await;
    assert!(!codes(&officer).is_empty());
    world.stop().await;
}
