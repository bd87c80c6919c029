//! Policies that change while the server runs: a good set is felt at once, on open streams too, and a bad one changes nothing
//! (R4, R8). Tried on the executable, as whoever runs it would.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use enlace_tests::{Client, DataFolder, Running, Scratch, Socket, at, codes, enlace};
use rustix::process::Signal;
use serde_json::{Value as Json, json};

/// How soon a change must be felt (R8).
const SOON: Duration = Duration::from_secs(5);

const STREAM: &str = "subscription { shelterCapacityChanged { space { occupied } } }";

/// What takes OPERATIONAL from the kitchen.
const FORBID: &str = "
@id(\"kitchen-sees-no-shelter\")
@reason(\"The kitchen is told of no shelter for now.\")
forbid (principal in Role::\"kitchen\", action == Action::\"read OPERATIONAL\", resource);
";

/// A copy of the committed policies. Dropped, it is removed.
struct Folder(PathBuf);

impl Folder {
    fn copy(name: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reload-{name}-{}", std::process::id()));
        let _gone = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
        for entry in std::fs::read_dir(committed).unwrap().flatten() {
            let of_interest =
                entry.path().extension().is_some_and(|kind| kind == "cedar" || kind == "cedarschema");
            if of_interest {
                std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
            }
        }
        Self(folder)
    }

    fn write(&self, text: &str) {
        std::fs::write(self.0.join("more.cedar"), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// A server with policies of its own, on a test's database.
struct Server {
    running: Running,
    address: SocketAddr,
    data: DataFolder,
    policies: Folder,
    scratch: Scratch,
}

impl Server {
    async fn start(name: &str) -> Self {
        let (scratch, data, policies) =
            (Scratch::with_programme().await, DataFolder::new(), Folder::copy(name));
        let mut running = enlace("serve --listen 127.0.0.1:0")
            .data(&data)
            .set("DATABASE_URL", &scratch.url())
            .set("ENLACE_POLICIES", policies.0.to_str().unwrap())
            .set("ENLACE_LOG", "info")
            .start();
        let said = running.says("/graphql\n");
        let (_, rest) = said.split_once("http://").expect("an address");
        let address = rest.split_once("/graphql").unwrap().0.parse().unwrap();
        Self { running, address, data, policies, scratch }
    }

    fn token(&self, agency: &str, role: &str) -> String {
        let ended =
            enlace("token").with("--agency").with(agency).with("--role").with(role).data(&self.data).end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.out.trim().to_owned()
    }

    fn client(&self, agency: &str, role: &str) -> Client {
        Client::new(self.address, Some(self.token(agency, role)))
    }

    async fn version(&self) -> String {
        let answer = Client::new(self.address, None).query("{ viewer { policyVersion } }").await;
        at(&answer, "data.viewer.policyVersion").as_str().unwrap().to_owned()
    }

    /// Asks it to read its policies again, and waits until others are in force.
    async fn reread(&self) -> String {
        let before = self.version().await;
        let begun = Instant::now();
        self.running.signal(Signal::HUP);
        loop {
            let now = self.version().await;
            if now != before {
                return now;
            }
            assert!(begun.elapsed() < SOON, "the policies are still {before}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the journal has of changes of the policies.
    async fn replaced(&self) -> Vec<Json> {
        let document = "{ journal(operation: \"journal.replacePolicies\") { nodes { policyVersion agency { code } actor } } }";
        let answer = self.client("CNDH", "witness").query(document).await;
        at(&answer, "data.journal.nodes").as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    /// Ends it; what it logged.
    async fn stop(self) -> String {
        self.running.signal(Signal::TERM);
        let (status, log) = self.running.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        self.scratch.drop().await;
        log
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_policies_are_felt_by_open_streams_and_stand_in_the_journal() {
    let server = Server::start("good").await;
    let mut socket = Socket::open(server.address, &server.token("SEDENA", "kitchen")).await;
    socket.follow("s", STREAM).await;
    let mut events = server.client("SEDENA", "kitchen").follow(STREAM).await.unwrap();
    assert_eq!(events.next().await.name, "ready");
    let before = server.version().await;

    let begun = Instant::now();
    server.policies.write(FORBID);
    let after = server.reread().await;
    assert_eq!(socket.error("s").await, "AUTHORITY_CHANGED");
    let last = events.next().await;
    assert_eq!(codes(&last.data), ["AUTHORITY_CHANGED"]);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());

    // What is forbidden now is refused on every way, and names the policy; others go on as before.
    socket.subscribe("t", STREAM).await;
    assert_eq!(socket.error("t").await, "FIELD_FORBIDDEN");
    let kitchen = server.client("SEDENA", "kitchen").query("{ shelters { code spaces { occupied } } }").await;
    let refusal = at(&kitchen, "errors.0.extensions");
    assert_eq!(
        (&refusal["policy"], &refusal["policyVersion"]),
        (&json!("kitchen-sees-no-shelter"), &json!(after))
    );
    let officer = server.client("DSPM", "officer").query("{ shelters { spaces { occupied } } }").await;
    assert_eq!(codes(&officer), Vec::<String>::new());

    let replaced = server.replaced().await;
    assert_eq!(replaced, [json!({"policyVersion": after, "agency": null, "actor": null})]);
    // And back again.
    server.policies.write("");
    let restored = server.reread().await;
    assert_ne!(restored, before, "a file more is another set");
    socket.follow("u", STREAM).await;
    assert_eq!(server.replaced().await.len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_are_refused_leave_everything_as_it_was() {
    let mut server = Server::start("bad").await;
    let mut socket = Socket::open(server.address, &server.token("SEDENA", "kitchen")).await;
    socket.follow("s", STREAM).await;
    let before = server.version().await;
    let coordinator = server.client("DIF_MUNICIPAL", "coordinator");
    let mut space = coordinator.spaces("ALB-01").await.swap_remove(0);
    let broken = [
        "permit (principal, action",
        "@id(\"x\") @reason(\"X.\") permit (principal in Role::\"cook\", action == Action::\"read DONOR\", resource);",
        // It is valid, and does not compile into a condition.
        "@id(\"x\") @reason(\"X.\") permit (principal is User, action == Action::\"read ADMINISTRATION\", resource is Account) \
         when { resource.user like \"a*\" };",
    ];
    for (refused, text) in broken.iter().enumerate() {
        server.policies.write(text);
        server.running.signal(Signal::HUP);
        server.running.logs("those in force stay", refused + 1);
    }
    // The very set that is in force is no change.
    std::fs::remove_file(server.policies.0.join("more.cedar")).unwrap();
    server.running.signal(Signal::HUP);
    server.running.logs("these policies are in force", 1);
    assert_eq!(server.version().await, before);
    assert_eq!(server.replaced().await, Vec::<Json>::new());
    // The stream is the one that was opened before.
    coordinator.recount(&mut space).await;
    let event = socket.event().await;
    assert_eq!((&event["type"], &event["id"]), (&json!("next"), &json!("s")), "{event}");
    let log = server.stop().await;
    for said in ["more.cedar", "cook", "x"] {
        assert!(log.contains(said), "the log says what is wrong: {log}");
    }
}
