//! Subscriptions: each event is authorised for each follower, as a query would be (R6, R8).

use enlace_tests::{MOVE, Socket, at, outcome};

use crate::reference::documents::{Style, everything};
use crate::reference::sights::{Caller, Facts, everyone};
use crate::reference::{Snapshot, is_a_refusal, is_as_seen, world};

use super::writes::goods;

struct Follower {
    caller: Caller,
    socket: Socket,
}

/// Follows as everyone who may; checks the refusal of those who may not.
async fn follow(
    world: &enlace_tests::World,
    root: &str,
    object: &str,
    may: impl Fn(&Caller) -> bool,
) -> Vec<Follower> {
    let document = format!("subscription {}", everything(root, object, 1, Style::Plain));
    let mut followers = Vec::new();
    for caller in everyone() {
        let Some(token) = &caller.token else { continue };
        let mut socket = world.socket(token).await;
        if may(&caller) {
            socket.follow("s", &document).await;
            followers.push(Follower { caller, socket });
        } else {
            socket.subscribe("s", &document).await;
            let refusal = socket.event().await;
            assert_eq!((refusal["type"].as_str(), refusal["id"].as_str()), (Some("error"), Some("s")));
            let error = at(&refusal, "payload.0");
            is_a_refusal(error, "FIELD_FORBIDDEN", &format!("Subscription.{root}"));
        }
    }
    followers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_stock_reaches_those_who_may_see_it_with_what_they_may_see() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let root = "stockChanged";
    let mut followers =
        follow(&world, root, "StockChange", |caller| caller.may_see("INVENTORY", "StockChange")).await;
    assert!(followers.len() > 10);
    // Goods of every kind and of several givers, twice: what leaks in the first round comes out of turn.
    let goods = goods(snapshot);
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    let mut moved = Vec::new();
    for found in goods.iter().step_by(2).chain(goods.iter().step_by(2)) {
        let answer = coordinator.run(MOVE, found.one()).await;
        assert_eq!(outcome(&answer), "MoveStockPayload");
        moved.push((at(&answer, "data.moveStock.movement.id").clone(), &found.facts));
    }
    for Follower { caller, socket } in &mut followers {
        let mut seen = 0;
        for (id, facts) in moved.iter().filter(|(_, facts)| caller.sees("INVENTORY", facts)) {
            let message = socket.event().await;
            let payload = &message["payload"];
            let change = at(payload, "data.stockChanged");
            assert_eq!(at(change, "movement.id"), id, "{}: {message}", caller.name());
            is_as_seen(payload, change, "StockChange", caller, facts);
            seen += 1;
        }
        assert!(seen > 0, "{} follows for nothing", caller.name());
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headcount_reaches_those_who_may_see_it_with_what_they_may_see() {
    let world = world().await;
    let root = "shelterCapacityChanged";
    let may = |caller: &Caller| caller.may_see("OPERATIONAL", "ShelterCapacityChange");
    let mut followers = follow(&world, root, "ShelterCapacityChange", may).await;
    assert!(followers.len() > 20 && followers.len() < everyone().len() - 1);
    let space = world.space().await;
    let counted = world.client("DIF_MUNICIPAL/coordinator").adjust(&space, 2).await;
    assert_eq!(outcome(&counted), "AdjustOccupancyPayload");
    for Follower { caller, socket } in &mut followers {
        let message = socket.event().await;
        let payload = &message["payload"];
        let change = at(payload, "data.shelterCapacityChanged");
        assert_eq!(at(change, "space.id"), &space["id"], "{}: {message}", caller.name());
        assert_eq!(at(change, "space.occupied"), 2, "{}: {message}", caller.name());
        is_as_seen(payload, change, "ShelterCapacityChange", caller, &Facts::default());
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_filtered_away_is_not_sent() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let goods = goods(snapshot);
    let (first, second) = (&goods[0], goods.iter().find(|other| other.lot != goods[0].lot).unwrap());
    let mut socket = world.socket("DIF_MUNICIPAL/donation_coordinator").await;
    let document =
        format!("subscription {{ stockChanged(lot: \"{}\") {{ movement {{ lot {{ id }} }} }} }}", second.lot);
    socket.follow("s", &document).await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    for found in [first, second] {
        assert_eq!(outcome(&coordinator.run(MOVE, found.one()).await), "MoveStockPayload");
    }
    let message = socket.event().await;
    assert_eq!(at(&message, "payload.data.stockChanged.movement.lot.id"), second.lot.as_str());
    world.stop().await;
}
