//! Who was here, left and came back: one episode after the other, and one at most that is open.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use super::sharing::entries;
use super::{asking, key};

const COORDINATOR: (&str, &str) = ("DIF_MUNICIPAL/coordinator", "RECEPTION");
const LEAD: (&str, &str) = ("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION");

const OPEN: &str = "mutation($person: ID!, $arrivedOn: Date, $key: String!) {
  openEpisode(person: $person, arrivedOn: $arrivedOn, idempotencyKey: $key) {
    __typename ... on OpenEpisodePayload { episode { id arrivedOn endedOn ending version } person { id episodes { id } } }
    ... on Problem { code message } ... on InvalidValue { argument } } }";

async fn open(client: &Client, person: &Json, arrived_on: Option<&str>) -> Json {
    client.run(OPEN, json!({"person": person["id"], "arrivedOn": arrived_on, "key": fresh_key()})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_begins_another_episode_once_the_last_has_ended() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let page = coordinator
        .query("{ persons(first: 200) { nodes { id minor arrivedOn shelter { code } episodes { id arrivedOn endedOn ending version } } } }")
        .await;
    let people = at(&page, "data.persons.nodes").as_array().unwrap();
    // As a list has it: of a minor it does not say when.
    for person in people {
        let [episode] = person["episodes"].as_array().unwrap().as_slice() else { panic!("{person}") };
        assert_eq!(episode["arrivedOn"], person["arrivedOn"]);
        assert_eq!(
            (episode["arrivedOn"].is_null(), &episode["ending"]),
            (person["minor"] == true, &Json::Null)
        );
    }
    let elsewhere = |person: &&Json| {
        person["minor"] == false && at(person, "shelter.code").as_str().is_some_and(|code| code != "ALB-01")
    };
    let person = people.iter().find(elsewhere).unwrap();
    assert_eq!(outcome(&open(&coordinator, person, None).await), "StateConflict");
    // As if they had been seen to be gone.
    let end = format!(
        "UPDATE stays SET ended_at = '2022-01-25T18:00:00Z' WHERE person_id = '{0}'; \
         UPDATE episodes SET ended_on = '2022-01-25', ending = 'LEFT' WHERE person_id = '{0}'",
        key(&person["id"])
    );
    world.database().await.batch_execute(&end).await.unwrap();

    assert_eq!(outcome(&open(&asking(&world, LEAD), person, None).await), "NotFound");
    let clinician = open(&asking(&world, ("ISESALUD/clinician", "HEALTH_CARE")), person, None).await;
    assert_eq!(codes(&clinician), ["FORBIDDEN"]);
    let before = open(&coordinator, person, Some("2022-01-24")).await;
    assert_eq!(outcome(&before), "StateConflict", "they were here on that day");
    let future = open(&coordinator, person, Some("2022-02-01")).await;
    assert_eq!(
        (outcome(&future).as_str(), at(&future, "data.openEpisode.argument")),
        ("InvalidValue", &json!("arrivedOn"))
    );

    let variables = json!({"person": person["id"], "arrivedOn": "2022-01-25", "key": fresh_key()});
    let opened = coordinator.run(OPEN, variables.clone()).await;
    let episode = at(&opened, "data.openEpisode.episode");
    let expected = json!({"id": episode["id"], "arrivedOn": "2022-01-25", "endedOn": null, "ending": null, "version": 1});
    assert_eq!((outcome(&opened).as_str(), episode), ("OpenEpisodePayload", &expected), "{opened}");
    let both = json!([{"id": at(person, "episodes.0.id")}, {"id": episode["id"]}]);
    assert_eq!(at(&opened, "data.openEpisode.person.episodes"), &both);
    assert_eq!(coordinator.run(OPEN, variables).await, opened);
    assert_eq!(outcome(&open(&coordinator, person, None).await), "StateConflict");

    let document =
        "query($id: ID!) { node(id: $id) { ... on Episode { endedOn ending version person { id } } } }";
    let ended = coordinator.run(document, json!({"id": at(person, "episodes.0.id")})).await;
    let expected =
        json!({"endedOn": "2022-01-25", "ending": "LEFT", "version": 2, "person": {"id": person["id"]}});
    assert_eq!((at(&ended, "data.node"), codes(&ended).len()), (&expected, 0));
    let entry = entries(&world, "census.openEpisode", key(&person["id"])).await.swap_remove(0);
    assert_eq!((&entry["classes"], &entry["subjectCount"]), (&json!(["IDENTITY"]), &json!(1)));
    world.stop().await;
}
