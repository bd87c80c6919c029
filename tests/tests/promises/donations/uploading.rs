//! A file that arrives piece by piece, and how far its import is.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Method;
use enlace_tests::{Answer, Client, DataFolder, World, at, enlace, fresh_key};
use rustix::process::Signal;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::DONATIONS;
use super::importing::{Report, long, refused};
use super::receiving::place;
use crate::operations::assert_ledger_holds;

const PIECES: &str = "application/offset+octet-stream";
const PATH: &str = "/imports/uploads";

async fn begin(client: &Client, length: usize, key: &str) -> Answer {
    let length = length.to_string();
    let headers = [("tus-resumable", "1.0.0"), ("upload-length", length.as_str()), ("idempotency-key", key)];
    client.send(Method::POST, PATH, &headers, Vec::new()).await
}

async fn piece(client: &Client, upload: &str, offset: usize, bytes: &[u8]) -> Answer {
    let offset = offset.to_string();
    let headers = [("tus-resumable", "1.0.0"), ("upload-offset", offset.as_str()), ("content-type", PIECES)];
    client.send(Method::PATCH, upload, &headers, bytes.to_vec()).await
}

async fn came(client: &Client, upload: &str) -> usize {
    let head = client.send(Method::HEAD, upload, &[("tus-resumable", "1.0.0")], Vec::new()).await;
    assert_eq!(head.status, 200, "{head:?}");
    head.header("upload-offset").parse().unwrap()
}

/// Sends the beginning of a piece, and breaks off.
async fn break_off(address: SocketAddr, token: &str, upload: &str, offset: usize, file: &[u8], sent: usize) {
    let rest = &file[offset..];
    let head = format!(
        "PATCH {upload} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: {PIECES}\r\n\
         upload-offset: {offset}\r\ncontent-length: {}\r\n\r\n",
        rest.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&rest[..sent]).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// Connections that break off cost a piece at most; what is imported in the end is the file, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_piece_by_piece_however_often_it_breaks_off() {
    let world = World::start().await;
    let place = place(&world).await;
    let (client, token) = (world.client(DONATIONS), world.token(DONATIONS));
    let file = long(60_000).into_bytes();
    let begun = begin(&client, file.len(), "the-list-of-may").await;
    assert_eq!((begun.status.as_u16(), begun.header("upload-offset")), (201, "0"), "{begun:?}");
    assert!(begun.header("upload-expires").ends_with("GMT"));
    let upload = begun.header("location").to_owned();
    let mut before = 0;
    for sent in [300_000, 270_000] {
        break_off(world.address, &token, &upload, before, &file, sent).await;
        // All that came before the end is kept, as soon as the server has seen it.
        for _ in 0..500 {
            if came(&client, &upload).await == before + sent {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        before += sent;
        assert_eq!(came(&client, &upload).await, before);
    }
    // Whoever begins again with the key goes on where it is.
    let again = begin(&client, file.len(), "the-list-of-may").await;
    assert_eq!(again.header("location"), upload);
    let offset: usize = again.header("upload-offset").parse().unwrap();
    let path = format!(
        "/imports/donations?donor={}&location={}&mode=GOOD&key=the-list-of-may&upload={}",
        place.private,
        place.warehouse,
        upload.rsplit_once('/').unwrap().1
    );
    let early = client.send(Method::POST, &path, &[], Vec::new()).await;
    assert_eq!(refused(&early), (409, "STATE_CONFLICT".into()));
    let elsewhere = piece(&client, &upload, offset + 1, b"x").await;
    assert_eq!(refused(&elsewhere), (409, "STATE_CONFLICT".into()));
    let rest = piece(&client, &upload, offset, &file[offset..]).await;
    assert_eq!((rest.status.as_u16(), rest.header("upload-offset")), (204, file.len().to_string().as_str()));
    let surplus = piece(&client, &upload, file.len(), b"x").await;
    assert_eq!(surplus.status, 413);

    let report = Report::of(&client.send(Method::POST, &path, &[], Vec::new()).await);
    assert_eq!(report.counts()[..3], [60_000, 58_800, 1_200]);
    let again = Report::of(&client.send(Method::POST, &path, &[], Vec::new()).await);
    assert_eq!(again.outcome, report.outcome);
    // It is the file that is imported once, whichever way it comes.
    let direct = path.replace("&upload=", "&donorReference=other&x=").split("&x=").next().unwrap().to_owned();
    let direct = direct.replace("the-list-of-may", &fresh_key());
    let direct = client.send(Method::POST, &direct, &[("content-type", "text/csv")], file).await;
    assert_eq!(refused(&direct), (409, "STATE_CONFLICT".into()));
    assert_ledger_holds(&world).await;

    let gone = client.send(Method::DELETE, &upload, &[], Vec::new()).await;
    assert_eq!(gone.status, 204);
    let head = client.send(Method::HEAD, &upload, &[], Vec::new()).await;
    assert_eq!(head.status, 404);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_its_users_alone_and_within_its_bounds() {
    let world = World::start().await;
    let client = world.client(DONATIONS);
    let begun = begin(&client, 10, "a-small-list").await;
    let upload = begun.header("location").to_owned();
    let other = world.client("DIF_MUNICIPAL/coordinator");
    for answer in [
        other.send(Method::HEAD, &upload, &[], Vec::new()).await,
        other.send(Method::DELETE, &upload, &[], Vec::new()).await,
        piece(&other, &upload, 0, b"x").await,
        piece(&client, "/imports/uploads/upload_0", 0, b"x").await,
    ] {
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    let public = world.public().send(Method::HEAD, &upload, &[], Vec::new()).await;
    assert_eq!(public.status, 401);
    let may_not = begin(&world.client("DSPM/officer"), 10, "a-small-list").await;
    assert_eq!(refused(&may_not), (403, "FORBIDDEN".into()));
    assert_eq!(refused(&begin(&client, 11, "a-small-list").await), (409, "IDEMPOTENCY_CONFLICT".into()));
    assert_eq!(refused(&begin(&client, 11, "short").await), (422, "INVALID_ARGUMENT".into()));
    assert_eq!(refused(&begin(&client, 0, "an-empty-list").await), (422, "INVALID_ARGUMENT".into()));
    assert_eq!(begin(&client, 1 << 40, "a-long-list").await.status, 413);
    let old = client.send(Method::HEAD, &upload, &[("tus-resumable", "0.2.2")], Vec::new()).await;
    assert_eq!((old.status.as_u16(), old.header("tus-version")), (412, "1.0.0"));
    let able = client.send(Method::OPTIONS, PATH, &[], Vec::new()).await;
    assert_eq!(able.header("tus-extension"), "creation,expiration,termination");
    assert_eq!(client.send(Method::GET, &upload, &[], Vec::new()).await.status, 405);
    let wrong = [("upload-offset", "0"), ("content-type", "text/csv")];
    assert_eq!(client.send(Method::PATCH, &upload, &wrong, b"x".to_vec()).await.status, 415);

    // Eight at once, however many ask at the same moment.
    let keys: Vec<String> = (0..12).map(|_| fresh_key()).collect();
    let begun = futures_util::future::join_all(keys.iter().map(|key| begin(&client, 10, key))).await;
    assert_eq!(begun.iter().filter(|answer| answer.status == 201).count(), 7);
    assert!(begun.iter().filter(|answer| answer.status != 201).all(|answer| answer.status == 409));
    world.stop().await;
}

/// The program is killed while a file arrives: what came is there when it runs again.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_after_the_program_was_killed() {
    let data = DataFolder::new();
    let address: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let demo = enlace("demo --listen").with(address.to_string()).data(&data);
    let mut running = demo.start();
    let welcome = running.says("Ctrl-C");
    let token = welcome.lines().find(|line| line.starts_with("ey")).unwrap().to_owned();
    let client = Client::new(address, Some(token.clone()));
    let file = long(40_000).into_bytes();
    let upload = begin(&client, file.len(), "killed-again").await.header("location").to_owned();
    let half = file.len() / 2;
    assert_eq!(piece(&client, &upload, 0, &file[..half]).await.status, 204);
    running.signal(Signal::KILL);
    running.ended();
    running = demo.start();
    running.says("Ctrl-C");
    assert_eq!(came(&client, &upload).await, half);
    assert_eq!(piece(&client, &upload, half, &file[half..]).await.status, 204);
    running.signal(Signal::TERM);
    assert_eq!(running.ended().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_tells_how_far_it_is() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let key = fresh_key();
    let mut socket = world.socket("RP/liaison").await;
    let document = format!(
        "subscription {{ importProgressed(key: \"{key}\") {{ phase lines of good problems donation {{ id }} }} }}"
    );
    socket.follow("a", &document).await;
    let path = |mode: &str, key: &str| {
        format!(
            "/imports/donations?donor={}&location={}&mode={mode}&key={key}",
            place.private, place.warehouse
        )
    };
    let good = (1..=12_000).map(|number| format!("COB-01,{}\n", number % 9 + 1)).collect::<Vec<_>>().concat();
    let csv = [("content-type", "text/csv")];
    let others = client.send(Method::POST, &path("CHECK", &fresh_key()), &csv, long(60)).await;
    assert_eq!(others.status, 200);
    let sent = format!("articulo,cantidad\n{good}");
    let report = Report::of(&client.send(Method::POST, &path("ALL", &key), &csv, sent).await);
    let mut told = Vec::new();
    loop {
        let event = socket.event().await;
        let progress = at(&event, "payload.data.importProgressed").clone();
        let phase = progress["phase"].as_str().unwrap().to_owned();
        told.push((phase.clone(), progress["lines"].as_i64().unwrap(), progress["of"].as_i64()));
        if phase == "RECEIVED" {
            assert_eq!(progress["donation"]["id"].as_str(), report.donation());
            assert_eq!((&progress["good"], &progress["problems"]), (&json!(12_000), &json!(0)));
            break;
        }
    }
    let expected = [
        ("CHECKING", 0, None),
        ("CHECKING", 5000, None),
        ("CHECKING", 10_000, None),
        ("STORING", 0, Some(12_000)),
        ("STORING", 5000, Some(12_000)),
        ("STORING", 10_000, Some(12_000)),
        ("RECEIVED", 12_000, Some(12_000)),
    ];
    let expected: Vec<_> = expected.map(|(phase, lines, of)| (phase.to_owned(), lines, of)).into();
    assert_eq!(told, expected);

    // What comes to nothing is told too: too much wrong, and no list at all.
    for (file, phase) in [(long(60), "NOT_RECEIVED"), ("no list at all".to_owned(), "FAILED")] {
        let key = fresh_key();
        let mut socket = world.socket(DONATIONS).await;
        let document = format!("subscription {{ importProgressed(key: \"{key}\") {{ phase }} }}");
        socket.follow("a", &document).await;
        client.send(Method::POST, &path("ALL", &key), &csv, file).await;
        let mut last = String::new();
        while last != phase {
            last =
                at(&socket.event().await, "payload.data.importProgressed.phase").as_str().unwrap().to_owned();
        }
    }
    world.stop().await;
}
