//! Several processes and a NATS between them: it spares them reads, and is trusted with nothing.

use std::time::Duration;

use async_nats::{Message, Subscriber};
use enlace_tests::{Client, Nats, Sibling, Socket, World, at};
use futures_util::StreamExt;
use serde_json::Value as Json;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const KITCHEN: &str = "SEDENA/kitchen";
const FOLLOW: &str = "subscription { shelterCapacityChanged { space { version } } }";

const CONNECTED: &str = "enlace_nats_connected";
const RECEIVED: &str = "enlace_nats_received_total";
const READ_INSTEAD: &str = "enlace_nats_read_instead_total";
const REJECTED: &str = "enlace_nats_rejected_total";

const CHANGES: i64 = 10;

/// Two processes of one deployment. The first sequences; on the second somebody follows.
struct Pair {
    world: World,
    sibling: Sibling,
    space: Json,
    followers: Vec<Socket>,
    /// The last index that the followers have seen.
    seen: i64,
}

impl Pair {
    /// So patient that whatever NATS does not bring is missed by the test, and not only late.
    async fn start(nats: &Nats) -> Self {
        let patient = World::with().set("nats_url", nats.url()).set("nats_patience", 600_000);
        let world = patient.start().await;
        let (sibling, space) = (world.sibling().await, world.space().await);
        let mut followers = Vec::new();
        let mut seen = -1;
        for _ in 0..3 {
            let mut follower = sibling.socket(&world.token(KITCHEN)).await;
            seen = follower.follow("a", FOLLOW).await;
            followers.push(follower);
        }
        Self { world, sibling, space, followers, seen }
    }

    fn clients(&self) -> [Client; 2] {
        [self.world.client(COORDINATOR), self.other()]
    }

    /// A client of the second process.
    fn other(&self) -> Client {
        self.sibling.client(&self.world.token(COORDINATOR))
    }

    /// Waits until both say whether NATS is connected.
    async fn are_connected(&self, connected: bool) {
        for client in self.clients() {
            client.shows(CONNECTED, connected.into()).await;
        }
    }

    /// Makes changes at the first, and has each follower at the second see each once and in order.
    async fn change(&mut self, changes: i64) {
        let client = self.world.client(COORDINATOR);
        for _ in 0..changes {
            let version = client.recount(&mut self.space).await;
            self.seen += 1;
            for follower in &mut self.followers {
                let message = follower.event().await;
                let told = at(&message, "payload.data.shelterCapacityChanged.space.version");
                let index = at(&message, "payload.extensions.stream.index").as_str().unwrap();
                assert_eq!((told.as_i64(), index.parse()), (Some(version), Ok(self.seen)), "{message}");
            }
        }
    }

    async fn stop(self) {
        self.sibling.stop().await;
        self.world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_spares_the_other_processes_their_reads_and_they_go_on_without_it() {
    let mut nats = Nats::start().await;
    nats.kill();
    let mut pair = Pair::start(&nats).await;
    let other = pair.other();
    for _ in 0..2 {
        pair.are_connected(false).await;
        let [received, read] = [other.metric(RECEIVED).await, other.metric(READ_INSTEAD).await];
        pair.change(CHANGES).await;
        assert_eq!(other.metric(RECEIVED).await, received);
        assert_eq!(other.metric(READ_INSTEAD).await, read + CHANGES);

        // It comes, and has nothing of what was before.
        nats.start_again().await;
        pair.are_connected(true).await;
        pair.change(CHANGES).await;
        assert_eq!(other.metric(RECEIVED).await, received + CHANGES);
        assert_eq!(other.metric(READ_INSTEAD).await, read + CHANGES, "nothing was read");
        nats.kill();
    }
    assert_eq!(other.metric(REJECTED).await, 0);
    assert_eq!(pair.world.client(COORDINATOR).metric("enlace_nats_published_total").await, 2 * CHANGES);
    pair.stop().await;
}

/// The next message that NATS carries.
async fn carried(listener: &mut Subscriber) -> Message {
    tokio::time::timeout(Duration::from_secs(30), listener.next()).await.expect("a message in time").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_send_by_the_same_nats_changes_nothing_and_they_learn_nothing() {
    let nats = Nats::start().await;
    let (mut pair, mut foreign) = (Pair::start(&nats).await, Pair::start(&nats).await);
    for pair in [&pair, &foreign] {
        pair.are_connected(true).await;
    }
    let stranger = nats.connect().await;
    let mut listener = stranger.subscribe("enlace.>").await.unwrap();
    stranger.flush().await.unwrap();
    pair.change(1).await;
    let ours = carried(&mut listener).await;
    foreign.change(1).await;
    let theirs = carried(&mut listener).await;
    // Both hold the same programme, the demonstration's, and do not meet.
    assert_ne!(ours.subject, theirs.subject);
    let readable = b"adjustOccupancy";
    assert!(!ours.payload.windows(readable.len()).any(|window| window == readable));

    let mut altered = ours.payload.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    let forged = [altered.into(), theirs.payload.clone(), "{\"index\": 2}".into(), "".into()];
    let count = i64::try_from(forged.len()).unwrap();
    for payload in forged {
        stranger.publish(ours.subject.clone(), payload).await.unwrap();
    }
    // What was sent once may be sent again.
    let received = pair.other().metric(RECEIVED).await;
    stranger.publish(ours.subject.clone(), ours.payload).await.unwrap();
    for client in pair.clients() {
        client.shows(REJECTED, count).await;
    }
    pair.other().shows(RECEIVED, received + 1).await;
    pair.change(CHANGES).await;
    foreign.change(CHANGES).await;
    for client in foreign.clients() {
        assert_eq!(client.metric(REJECTED).await, 0);
    }
    assert_eq!(foreign.other().metric(RECEIVED).await, 1 + CHANGES);
    assert_eq!(pair.other().metric("enlace_journal_index").await, pair.seen);
    pair.stop().await;
    foreign.stop().await;
}
