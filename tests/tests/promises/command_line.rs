//! The program itself, as a person runs it: what it prints, with which code it ends, and what it leaves behind.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use enlace::auth::dev::DevIssuer;
use enlace_tests::{Client, DataFolder, Ended, Run, Running, Scratch, World, at, codes, enlace, outcome};
use rustix::process::Signal;
use serde_json::Value as Json;

/// How a command can have ended.
trait EndedAs {
    /// It did what it was asked to, and says nothing else.
    fn well(&self) -> &str;
    /// It failed, and says why in one line on standard error, and nothing on standard output.
    fn failed(&self) -> &str;
    /// It was not called rightly.
    fn misused(&self) -> &str;
}

impl EndedAs for Ended {
    fn well(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        &self.out
    }

    fn failed(&self) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(1), ""), "{self:?}");
        assert!(self.err.starts_with("enlace: ") && self.err.lines().count() == 1, "{self:?}");
        &self.err
    }

    fn misused(&self) -> &str {
        assert_eq!((self.code, self.out.as_str()), (Some(2), ""), "{self:?}");
        assert!(self.err.contains("--help") || self.err.contains("Usage: enlace"), "{self:?}");
        &self.err
    }
}

fn committed(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The subcommands that a help lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let lines = commands.lines().take_while(|line| line.starts_with("  "));
    lines
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_subcommand_explains_itself() {
    let mut left = vec![String::new()];
    let mut seen = BTreeSet::new();
    while let Some(subcommand) = left.pop() {
        let ended = enlace(&subcommand).with("--help").end();
        let help = ended.well();
        let usage = format!("Usage: enlace {subcommand}");
        assert!(help.contains(usage.trim_end()), "{help}");
        assert!(!help.starts_with("Usage"), "a sentence comes first: {help}");
        left.extend(listed(help).iter().map(|name| format!("{subcommand} {name}").trim().to_owned()));
        seen.insert(subcommand);
    }
    for known in [
        "demo",
        "serve",
        "keys rotate",
        "migrate",
        "token",
        "sdl",
        "export activities",
        "policy check",
        "policy test",
        "policy explain",
        "policy diff",
        "policy matrix",
        "bench",
    ] {
        assert!(seen.contains(known), "{seen:?}");
    }
    assert!(enlace("--version").end().well().starts_with("enlace "));
}

#[test]
fn wrong_usage_ends_with_2() {
    for line in [
        "",
        "dance",
        "policy",
        "demo --speed fast",
        "demo --listen nowhere",
        "demo --at yesterday",
        "token --agency INEA",
        "token --agency INEA --role educator --ttl forever",
        "token --agency INEA --role educator --ttl 12",
        "sdl --errors --as INEA/educator",
        "policy matrix --format xml",
        "export",
        "export activities --format xml",
        "export activities --location location_01fpf39k00fmhtnw073eat64gf",
        "keys",
        "keys rotate --person somebody",
        "keys rotate --all --older-than 30",
    ] {
        enlace(line).end().misused();
    }
}

#[test]
fn the_generated_pages_are_those_that_are_committed() {
    for (line, page) in [
        ("sdl", "schema/schema.graphql"),
        ("sdl --errors", "docs/errors.md"),
        ("sdl --configuration", "docs/configuration.md"),
        ("policy matrix", "policies/matrix.md"),
    ] {
        assert!(enlace(line).end().well() == committed(page), "{page} is not what `enlace {line}` prints");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_of_a_role_is_what_the_server_shows_to_it() {
    let world = World::start().await;
    for role in ["INEA/educator", "DIF_MUNICIPAL/coordinator", "CNDH/witness", "NGO_PAN_DEL_VALLE/partner"] {
        let served = world.client(role).send(hyper::Method::GET, "/schema.graphql", &[], "").await;
        let ended = enlace("sdl --as").with(role).end();
        assert!(ended.well().as_bytes() == served.body, "{role}");
    }
    let public = world.public().send(hyper::Method::GET, "/schema.graphql", &[], "").await;
    assert!(enlace("sdl --as public").end().well().as_bytes() == public.body);
    world.stop().await;
}

#[test]
fn the_schema_of_nobody_is_not_printed() {
    for (line, said) in [
        ("sdl --as INEA", "AGENCY/ROLE"),
        ("sdl --as INEA/king", "there is no role `king`"),
        ("sdl --as INEA/coordinator", "INEA does not hold the role `coordinator`"),
    ] {
        assert!(enlace(line).end().failed().contains(said), "{line}");
    }
}

#[test]
fn policies_are_checked_and_a_broken_one_is_named() {
    let text = enlace("policy check").end();
    let json = enlace("policy check --format json").end();
    let found: Json = serde_json::from_str(json.well()).unwrap();
    let (count, version) = (found["policies"].as_u64().unwrap(), found["version"].as_str().unwrap());
    assert!(count > 10 && version.len() >= 8, "{found}");
    assert_eq!(text.well(), format!("{count} policies are valid; version {version}\n"));
    let matrix: Json = serde_json::from_str(enlace("policy matrix --format json").end().well()).unwrap();
    assert_eq!(matrix["version"], version);
    assert_eq!(matrix["markdown"], committed("policies/matrix.md"));

    let folder = DataFolder::new();
    std::fs::create_dir_all(folder.path()).unwrap();
    for file in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")).unwrap().flatten()
    {
        let name = file.file_name().into_string().unwrap();
        if name.contains(".cedar") {
            std::fs::copy(file.path(), folder.path().join(name)).unwrap();
        }
    }
    let check = enlace("policy check --policies").with(folder.path());
    assert_eq!(check.end().well(), text.out);
    let broken = folder.path().join("shelters.cedar");
    let whole = std::fs::read_to_string(&broken).unwrap();
    for (wrong, said) in [
        ("permit (principal, action", "shelters.cedar"),
        ("@id(\"x\") @reason(\"x\") permit (principal, action == Action::\"dance\", resource);", "dance"),
    ] {
        std::fs::write(&broken, format!("{whole}\n{wrong}")).unwrap();
        let ended = check.end();
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.contains(said), "{ended:?}");
        // Nobody is served by policies that are not valid.
        let sdl = enlace("sdl").set("ENLACE_POLICIES", folder.path().to_str().unwrap()).end();
        assert_eq!((sdl.code, sdl.out.as_str()), (Some(1), ""), "{sdl:?}");
    }
}

#[test]
fn a_token_is_all_that_is_printed() {
    let data = DataFolder::new();
    let absent = enlace("token --agency INEA --role educator").data(&data).end();
    assert!(absent.failed().contains("there is no development issuer at"), "{absent:?}");
    assert!(!data.path().exists(), "asking for a token makes nothing");

    std::fs::create_dir_all(data.path()).unwrap();
    DevIssuer::open_or_create(data.path()).unwrap();
    let claims = |line: &str| -> Json {
        let ended = enlace(line).data(&data).end();
        let token = ended.well().strip_suffix('\n').unwrap();
        assert!(token.split('.').count() == 3 && !token.contains(char::is_whitespace), "{token:?}");
        jsonwebtoken::dangerous::insecure_decode_claims(token).unwrap()
    };
    let lead = claims(
        "token --agency DIF_MUNICIPAL --role shelter_lead --shelter ALB-01 --shelter ALB-02 --ttl 90m",
    );
    let members: BTreeSet<&str> = lead.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["iss", "aud", "sub", "agency", "roles", "shelters", "jti", "iat", "exp"].into());
    assert_eq!((&lead["iss"], &lead["aud"]), (&"enlace-dev".into(), &"enlace".into()));
    assert_eq!(
        (&lead["agency"], &lead["sub"]),
        (&"DIF_MUNICIPAL".into(), &"dif_municipal.shelter_lead".into())
    );
    assert_eq!(lead["roles"], serde_json::json!(["shelter_lead"]));
    assert_eq!(lead["shelters"], serde_json::json!(["ALB-01", "ALB-02"]));
    assert_eq!(lead["exp"].as_i64().unwrap() - lead["iat"].as_i64().unwrap(), 90 * 60);
    let other = claims("token --agency INEA --role educator --role integrator --user someone");
    assert_eq!((&other["sub"], &other["shelters"]), (&"someone".into(), &serde_json::json!([])));
    assert_eq!(other["roles"], serde_json::json!(["educator", "integrator"]));
    assert_eq!(other["exp"].as_i64().unwrap() - other["iat"].as_i64().unwrap(), 12 * 3_600);
    assert_ne!(other["jti"], claims("token --agency INEA --role educator")["jti"]);

    let asked = enlace("token --agency INEA --role educator").data(&data);
    let production = asked.clone().set("ENLACE_MODE", "production").end();
    assert!(production.failed().contains("production"), "{production:?}");
    for ttl in ["0s", "31d"] {
        let ended = asked.clone().with("--ttl").with(ttl).end();
        assert!(ended.failed().contains("between one second and 30 days"), "{ended:?}");
    }
    // A key that others can read is no secret any more.
    let key = data.path().join("dev-issuer.pem");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(asked.end().failed().contains("chmod 600"));
}

#[test]
fn a_configuration_that_is_wrong_is_refused_with_the_name_of_what_is_wrong() {
    for (name, value) in [
        ("ENLACE_LISTEN", "8080"),
        ("ENLACE_MODE", "staging"),
        ("ENLACE_WRITERS", "many"),
        ("ENLACE_REQUEST_DEADLINE", "0"),
        ("ENLACE_LOG", "enlace=loud"),
    ] {
        let ended = enlace("sdl").set(name, value).end();
        let key = name.trim_start_matches("ENLACE_").to_lowercase();
        assert!(ended.failed().contains(&format!("`{key}` cannot be `{value}`")), "{ended:?}");
    }
    let folder = DataFolder::new();
    std::fs::create_dir_all(folder.path()).unwrap();
    let file = folder.path().join("enlace.toml");
    let with_file = |text: &str| {
        std::fs::write(&file, text).unwrap();
        enlace("sdl --config").with(&file).end()
    };
    assert!(with_file("writers = 3\n").code == Some(0));
    assert!(with_file("lisen = \"127.0.0.1:1\"\n").failed().contains("`lisen` is not known"));
    assert!(with_file("writers = \"three\"\n").failed().contains("`writers` cannot be `three`"));
    let broken = with_file("writers = \n");
    assert!(broken.code == Some(1) && broken.out.is_empty(), "{broken:?}");
    assert!(broken.err.contains("enlace.toml") && broken.err.contains("not valid"), "{broken:?}");
    std::fs::remove_file(&file).unwrap();
    let missing = enlace("sdl --config").with(&file).end();
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
    assert!(missing.err.contains("enlace.toml") && missing.err.contains("cannot be read"), "{missing:?}");

    // The environment wins over the file.
    std::fs::write(&file, "mode = \"production\"\n").unwrap();
    DevIssuer::open_or_create(folder.path()).unwrap();
    let token = enlace("token --agency INEA --role educator --config").with(&file).data(&folder);
    assert!(token.end().failed().contains("production"));
    token.set("ENLACE_MODE", "development").end().well();
}

#[test]
fn a_port_that_is_taken_is_said_at_once_and_nothing_is_begun() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for subcommand in ["demo", "serve"] {
        let data = DataFolder::new();
        let ended = enlace(subcommand).with("--listen").with(&address).data(&data).end();
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.contains(&format!("cannot listen on {address}")), "{ended:?}");
        assert!(ended.err.contains("--listen"), "it says what to do: {ended:?}");
        assert!(!data.path().exists());
    }
}

/// A command line on a test's database in place of a PostgreSQL of the program's own.
fn on(scratch: &Scratch, arguments: &str, data: &DataFolder) -> Run {
    enlace(arguments).data(data).set("DATABASE_URL", &scratch.url())
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_can_be_repeated_and_leaves_a_newer_database_alone() {
    let scratch = Scratch::empty().await;
    let data = DataFolder::new();
    let migrate = on(&scratch, "migrate", &data);
    let first = migrate.end();
    assert!(first.well().ends_with(" migrations run; the schema is up to date.\n"), "{first:?}");
    assert_eq!(migrate.end().well(), "The schema is up to date.\n");
    assert!(!data.path().join("postgres").exists(), "a named database needs no other");

    let client = scratch.connect().await;
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')";
    client.batch_execute(newer).await.unwrap();
    for subcommand in ["migrate", "serve --listen 127.0.0.1:0", "demo --listen 127.0.0.1:0"] {
        let ended = on(&scratch, subcommand, &data).end();
        assert!(ended.failed().contains("migrated by a newer Enlace"), "{ended:?}");
    }
    drop(client);
    scratch.drop().await;
}

#[test]
fn a_database_that_cannot_be_reached_is_said_so() {
    let data = DataFolder::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://someone:secret-word@127.0.0.1:{closed}/enlace");
    let ended = enlace("migrate").data(&data).set("ENLACE_DATABASE_URL", &url).end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains("the database cannot be reached"), "{ended:?}");
    assert!(!ended.err.contains("secret-word"), "{ended:?}");
    let ended = enlace("migrate").data(&data).set("ENLACE_DATABASE_URL", "postgres//secret-word").end();
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains("database_url") && !ended.err.contains("secret-word"), "{ended:?}");
}

/// The address that a server says it serves on.
fn address(said: &str) -> SocketAddr {
    let (_, rest) = said.split_once("http://").expect("an address");
    rest.split_once("/graphql").unwrap().0.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_serves_a_named_database_until_it_is_asked_to_end() {
    let scratch = Scratch::with_programme().await;
    let data = DataFolder::new();
    let serve = on(&scratch, "serve --listen 127.0.0.1:0", &data);
    let mut server = serve.start();
    let address = address(&server.says("/graphql\n"));
    let token = enlace("token --agency SEDENA --role kitchen").data(&data).end().well().trim().to_owned();
    let answer = Client::new(address, Some(token)).query("{ viewer { subject agreementInForce } }").await;
    assert_eq!(
        at(&answer, "data.viewer"),
        &serde_json::json!({"subject": "sedena.kitchen", "agreementInForce": true})
    );
    server.signal(Signal::TERM);
    let (status, complaints) = server.ended();
    assert_eq!((status.code(), complaints.as_str()), (Some(0), ""));

    let production = serve.set("ENLACE_MODE", "production").end();
    assert!(production.failed().contains("no issuer is configured"), "{production:?}");
    scratch.drop().await;
    let empty = Scratch::empty().await;
    let ended = on(&empty, "serve --listen 127.0.0.1:0", &data).end();
    assert!(ended.failed().contains("holds no programme"), "{ended:?}");
    empty.drop().await;
}

/// The tokens that the demo prints, each under its caller.
fn tokens(welcome: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = welcome.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[1].starts_with("ey") && pair[0].contains('/'));
    pairs.map(|pair| (pair[0].trim().to_owned(), pair[1].to_owned())).collect()
}

async fn board(client: &Client) -> Json {
    let found =
        client.query("{ viewer { now } shelters { spaces { id code capacity occupied version } } }").await;
    assert_eq!(codes(&found), Vec::<String>::new());
    found["data"].clone()
}

/// It ends well when it is asked to, and takes its PostgreSQL with it.
fn ends_with_everything(running: Running, data: &DataFolder, how: Signal) {
    assert!(data.postmaster().is_some());
    running.signal(how);
    let (status, complaints) = running.ended();
    assert_eq!((status.code(), complaints.as_str()), (Some(0), ""));
    data.wait_deserted();
    assert!(!data.path().join("postgres/postmaster.pid").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_starts_from_nothing_and_finds_its_data_as_it_was_left() {
    let data = DataFolder::new();
    let demo = enlace("demo --listen 127.0.0.1:0").data(&data);
    let begun = Instant::now();
    let mut running = demo.start();
    let welcome = running.says("Ctrl-C");
    assert!(begun.elapsed() < Duration::from_mins(2));
    assert!(welcome.contains("12 albergues") && welcome.contains("48963 artículos"), "{welcome}");
    let here = address(&welcome);
    let ready = tokens(&welcome);
    assert_eq!(ready.len(), 13, "{welcome}");
    for (caller, token) in &ready {
        let (agency, _) = caller.split_once('/').unwrap();
        let viewer =
            Client::new(here, Some(token.clone())).query("{ viewer { roles agency { code } } }").await;
        assert_eq!(at(&viewer, "data.viewer.agency.code"), agency, "{caller}");
        assert_eq!(at(&viewer, "data.viewer.roles").as_array().map(Vec::len), Some(1), "{caller}");
    }
    let coordinator = Client::new(here, Some(ready[0].1.clone()));
    let before = board(&coordinator).await;
    let space = at(&before, "shelters.0.spaces.0").clone();
    let counted = i32::from(space["occupied"] == 0);
    assert_eq!(outcome(&coordinator.adjust(&space, counted).await), "AdjustOccupancyPayload");
    let left = board(&coordinator).await;
    ends_with_everything(running, &data, Signal::INT);

    // Its own key is still believed, and the programme clock went on.
    let mut running = demo.start();
    let welcome = running.says("Ctrl-C");
    assert!(welcome.contains("as it was left"), "{welcome}");
    let coordinator = Client::new(address(&welcome), Some(ready[0].1.clone()));
    let found = board(&coordinator).await;
    assert_eq!(found["shelters"], left["shelters"]);
    let clock = |board: &Json| -> chrono::DateTime<chrono::Utc> {
        at(board, "viewer.now").as_str().unwrap().parse().unwrap()
    };
    let went_on = clock(&found) - clock(&before);
    assert!(went_on > chrono::TimeDelta::zero() && went_on < chrono::TimeDelta::hours(1), "{went_on}");
    ends_with_everything(running, &data, Signal::INT);

    let never = enlace("demo --listen 127.0.0.1:0 --fresh --at 2023-01-01").data(&data).end();
    assert!(never.failed().contains("not a day of the demonstration programme"), "{never:?}");
    let other_day = enlace("demo --listen 127.0.0.1:0 --at 2022-03-31").data(&data);
    let refused = other_day.end();
    assert!(refused.failed().contains("stands on 2022-01-31; add --fresh"), "{refused:?}");
    data.wait_deserted();

    let mut running = other_day.with("--fresh").start();
    let welcome = running.says("Ctrl-C");
    let coordinator = Client::new(address(&welcome), Some(tokens(&welcome)[0].1.clone()));
    let fresh = board(&coordinator).await;
    assert!(at(&fresh, "viewer.now").as_str().unwrap().starts_with("2022-03-31T"), "{fresh}");
    assert_eq!(at(&fresh, "shelters.0.spaces.0.version"), 1);
    ends_with_everything(running, &data, Signal::TERM);
}
