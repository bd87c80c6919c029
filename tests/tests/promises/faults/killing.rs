//! What is killed.

use std::sync::Arc;

use enlace_tests::{connect, signal};
use rustix::process::Signal;

use super::{CHANGES, Nodes, PATIENCE, PAUSE, Reached, WRITERS, write};

const FOLLOWERS: usize = 6;
const FAULTS: usize = 8;

/// What fails, one after the other; the first of the nodes sequences as long as it lives.
async fn break_something(fault: usize, nodes: &mut Nodes, reached: &Reached) {
    tokio::time::sleep(PAUSE).await;
    match fault {
        0 => nodes.nats.kill(),
        1 | 5 => nodes.kill(fault / 5),
        2 | 6 => nodes.start(fault / 5, reached),
        3 => {
            let killed = nodes.data.postmaster().unwrap();
            assert!(signal(killed, Signal::KILL));
            while nodes.data.postmaster().is_none_or(|now| now == killed) {
                tokio::time::sleep(PAUSE).await;
            }
        }
        4 => nodes.nats.start_again().await,
        _ => {
            let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'enlace'";
            connect(&nodes.owner()).await.query_one(cut, &[]).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_every_follower_goes_on_without_loss_and_without_repeat() {
    let mut nodes = Nodes::prepare().await;
    let reached = nodes.at_hand();
    nodes.start_both([&reached, &reached]).await;
    let addresses = Arc::clone(&nodes.addresses);
    let followers: Vec<_> = (0..FOLLOWERS).map(|place| nodes.follow(&addresses, place)).collect();
    for follower in &followers {
        follower.is_live().await;
    }
    for fault in 0..FAULTS {
        let (mut spaces, token) = (std::mem::take(&mut nodes.spaces), nodes.coordinator.clone());
        let writing = write(&addresses, &token, &mut spaces);
        let both = async { tokio::join!(writing, break_something(fault, &mut nodes, &reached)) };
        tokio::time::timeout(PATIENCE, both).await.expect("changes in time");
        nodes.spaces = spaces;
        // Before the next fault all have all.
        for follower in &followers {
            follower.sees((fault + 1) * WRITERS * CHANGES, &format!("after fault {fault}")).await;
        }
    }
    nodes.conclude(followers, FAULTS * WRITERS * CHANGES).await;
}
