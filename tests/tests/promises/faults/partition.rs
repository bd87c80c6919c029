//! What is cut off from the others, and comes back.

use std::sync::{Arc, Mutex};

use enlace_tests::Way;
use tokio_postgres::config::Host;

use super::{Addresses, CHANGES, Follower, Nodes, PATIENCE, Reached, WRITERS, node, write};

const FOLLOWERS_EACH: usize = 2;
const MADE: usize = WRITERS * CHANGES;

/// How the first node is cut off.
const CUTS: [fn(&Way); 2] = [
    // As it sequences: PostgreSQL misses it, and another takes over.
    Way::freeze_and_miss,
    // As it follows, and for no longer than nobody notices.
    Way::freeze,
];

/// Ways to the nodes' PostgreSQL and NATS, and what lies at their end.
async fn ways(nodes: &Nodes) -> ([Way; 2], Reached) {
    let owner = nodes.owner();
    let Host::Unix(folder) = &owner.get_hosts()[0] else { panic!("a socket") };
    let socket = folder.join(format!(".s.PGSQL.{}", owner.get_ports()[0]));
    let (to_postgres, to_nats) = (Way::to_socket(&socket).await, Way::to_port(nodes.nats.port()).await);
    let port = to_postgres.address.port();
    let (user, name) = (owner.get_user().unwrap(), owner.get_dbname().unwrap());
    let database = format!("host=127.0.0.1 port={port} user={user} dbname={name}");
    let nats = nodes.nats.url_by(to_nats.address.port());
    ([to_postgres, to_nats], Reached { database, nats })
}

async fn all_see(followers: &[Follower], made: usize, when: &str) {
    for follower in followers {
        follower.sees(made, when).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_tells_nothing_wrong_and_has_all_when_it_is_back() {
    let mut nodes = Nodes::prepare().await;
    let (ways, through_them) = ways(&nodes).await;
    let at_hand = nodes.at_hand();
    nodes.start_both([&through_them, &at_hand]).await;
    // Nobody changes nodes.
    let [cut_off, other]: [Addresses; 2] =
        [0, 1].map(|place| Arc::new(Mutex::new([node(&nodes.addresses, place); 2])));
    let [here, there] = [&cut_off, &other]
        .map(|at| (0..FOLLOWERS_EACH).map(|place| nodes.follow(at, place)).collect::<Vec<_>>());
    for follower in here.iter().chain(&there) {
        follower.is_live().await;
    }
    let (mut spaces, token) = (std::mem::take(&mut nodes.spaces), nodes.coordinator.clone());
    let mut made = 0;
    for (turn, cut) in CUTS.iter().enumerate() {
        write(&nodes.addresses, &token, &mut spaces).await;
        made += MADE;
        all_see(&here, made, "before it is cut off").await;
        all_see(&there, made, "before the other is cut off").await;

        ways.iter().for_each(cut);
        tokio::time::timeout(PATIENCE, write(&other, &token, &mut spaces)).await.expect("changes in time");
        all_see(&there, made + MADE, &format!("while the other is cut off, {turn}")).await;
        assert!(here.iter().all(|follower| follower.count() == made), "it cannot know of anything");

        ways.iter().for_each(Way::thaw);
        made += MADE;
        all_see(&here, made, &format!("when it is back, {turn}")).await;
    }
    let followers = here.into_iter().chain(there).collect();
    nodes.conclude(followers, made).await;
}
