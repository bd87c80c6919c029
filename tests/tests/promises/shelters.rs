//! The shelter board: who sees it, who changes it, and how changes reach the others.

use enlace_tests::{World, at, codes};
use serde_json::json;

const BOARD: &str = "{ shelters { code name spaces { id segment capacity occupied version } } }";
const ADJUST: &str = "mutation($space: ID!, $occupied: Int!, $version: Int!, $key: String!) {
  adjustOccupancy(space: $space, occupied: $occupied, version: $version, idempotencyKey: $key) {
    __typename
    ... on AdjustOccupancyPayload { space { occupied version } }
    ... on Problem { code }
  }
}";

#[tokio::test(flavor = "multi_thread")]
async fn twelve_shelters_with_six_segments_each() {
    let world = World::start().await;
    let board = world.client("SEDENA/kitchen").query(BOARD).await;
    let shelters = at(&board, "data.shelters").as_array().unwrap();
    assert_eq!(shelters.len(), 12);
    assert!(shelters.iter().all(|shelter| shelter["spaces"].as_array().unwrap().len() == 6));
    assert_eq!(codes(&board), Vec::<String>::new());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_reaches_every_partner_that_follows() {
    let world = World::start().await;
    let board = world.client("DIF_MUNICIPAL/coordinator").query(BOARD).await;
    let space = at(&board, "data.shelters.0.spaces.0");
    let document =
        "subscription { shelterCapacityChanged { previouslyOccupied space { occupied } shelter { code } } }";
    let mut kitchen = world.socket("SEDENA/kitchen").await;
    let mut officer = world.socket("DSPM/officer").await;
    let ready = kitchen.follow("a", document).await;
    officer.follow("b", document).await;

    let variables =
        json!({"space": space["id"], "occupied": 1, "version": space["version"], "key": "first count"});
    let counted = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01").run(ADJUST, variables).await;
    assert_eq!(at(&counted, "data.adjustOccupancy.space"), &json!({"occupied": 1, "version": 2}));

    for (socket, id) in [(&mut kitchen, "a"), (&mut officer, "b")] {
        let event = socket.event().await;
        assert_eq!((event["type"].as_str(), event["id"].as_str()), (Some("next"), Some(id)));
        assert_eq!(at(&event, "payload.data.shelterCapacityChanged.shelter.code"), "ALB-01");
        assert_eq!(at(&event, "payload.data.shelterCapacityChanged.space.occupied"), 1);
        assert_eq!(at(&event, "payload.extensions.stream.index"), &json!((ready + 1).to_string()));
    }
    world.stop().await;
}
