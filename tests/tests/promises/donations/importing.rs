//! A donation whose lines stand in a file, as people make them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use enlace_tests::{Answer, Client, DataFolder, World, at, connect, enlace, fresh_key};
use futures_util::future::join_all;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use rustix::process::Signal;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::DONATIONS;
use super::receiving::{Place, lots_of, place};
use crate::operations::assert_ledger_holds;

pub(super) const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What is told of an import: its problems as `line CODE`, and its outcome.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) problems: Vec<String>,
    told: Vec<Json>,
    pub(super) outcome: Json,
}

impl Report {
    pub(super) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/jsonl");
        let mut told: Vec<Json> = answer
            .body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        let outcome = told.pop().unwrap()["outcome"].take();
        assert!(outcome.is_object(), "{told:?}");
        let problems = told.iter().map(|told| {
            let problem = &told["problem"];
            format!("{} {}", problem["line"], problem["code"].as_str().unwrap())
        });
        Self { problems: problems.collect(), told, outcome }
    }

    /// Lines, good ones, problems and articles.
    pub(super) fn counts(&self) -> [i64; 4] {
        ["lines", "good", "problems", "articles"].map(|name| self.outcome[name].as_i64().unwrap())
    }

    pub(super) fn donation(&self) -> Option<&str> {
        self.outcome["donation"]["id"].as_str()
    }
}

pub(super) async fn send(
    client: &Client,
    place: &Place,
    media: &str,
    parameters: &str,
    file: impl Into<Vec<u8>>,
) -> Answer {
    let path =
        format!("/imports/donations?donor={}&location={}&{parameters}", place.private, place.warehouse);
    client.send(Method::POST, &path, &[("content-type", media)], file.into()).await
}

/// Sends a file and awaits no answer: the connection, where the server took it all.
pub(super) async fn post(address: SocketAddr, token: &str, path: &str, file: &str) -> Option<TcpStream> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: {CSV}\r\n\
         content-length: {}\r\n\r\n",
        file.len()
    );
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all((head + file).as_bytes()).await.ok()?;
    Some(stream)
}

/// Imports a file with a key that nobody has used.
pub(super) async fn import(client: &Client, place: &Place, mode: &str, file: impl Into<Vec<u8>>) -> Report {
    let parameters = format!("mode={mode}&key={}", fresh_key());
    Report::of(&send(client, place, CSV, &parameters, file).await)
}

/// What the journal has beside how far imports were.
async fn kept(world: &World) -> i64 {
    let others = "SELECT count(*) FROM journal_entries WHERE operation <> 'donations.tellImport'";
    world.database().await.query_one(others, &[]).await.unwrap().get(0)
}

/// The code of an import that was refused, with its status.
pub(super) fn refused(answer: &Answer) -> (u16, String) {
    let code = at(&answer.json(), "errors.0.extensions.code").as_str().unwrap().to_owned();
    (answer.status.as_u16(), code)
}

/// As Excel in Mexico saves it: Windows-1252, semicolons, a title, thousands with points, days first, a total below.
fn from_excel() -> Vec<u8> {
    let text = "Banco de Alimentos de Mexicali;;;;\r\n\r\n\
        Artículo;Cantidad;Unidad;Caducidad;Estado\r\n\
        COB-01;1.200;piezas;;Nuevo\r\n\
        Atún en lata;350;pza;28/02/2023;\r\n\
        COLCHONETA INDIVIDUAL;25;;;Buen estado\r\n\
        ;;;;\r\n\
        MED-01;10;caja;05/03/2023;\r\n\
        TOTAL;1.585;;;\r\n";
    // Windows-1252 has these letters at their Unicode numbers.
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

/// The id of a donation of so many lines, of which the good ones were imported.
pub(super) async fn imported(world: &World, lines: u32) -> Json {
    let place = place(world).await;
    let report = import(&world.client(DONATIONS), &place, "GOOD", long(lines)).await;
    json!(report.donation().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_as_excel_saves_it_becomes_lots() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let checked = import(&client, &place, "CHECK", from_excel()).await;
    assert_eq!((checked.counts(), checked.donation()), ([4, 4, 0, 1585], None), "{checked:?}");
    let all = import(&client, &place, "ALL", from_excel()).await;
    assert_eq!(all.counts(), [4, 4, 0, 1585]);
    let lots = lots_of(&client, all.donation().unwrap()).await;
    let found: BTreeSet<String> = lots
        .iter()
        .map(|lot| {
            let text = |name: &str| lot[name].as_str().unwrap_or("-").to_owned();
            let line = text("code").rsplit_once('-').unwrap().1.to_owned();
            [line, text("item"), text("received"), text("expiresOn"), text("condition")].join(" ")
        })
        .collect();
    let expected = [
        "4 COB-01 1200 PIECE - NEW",
        "5 ENL-01 350 PIECE 2023-02-28 NEW",
        "6 COL-01 25 PIECE - GOOD",
        "8 MED-01 10 BOX 2023-03-05 NEW",
    ];
    assert_eq!(
        found,
        expected.map(str::to_owned).into(),
        "each lot bears the number of its line in the file"
    );
    assert_ledger_holds(&world).await;
    // The journal has what came by kind of goods, and the file's digest.
    let database = world.database().await;
    let file: String = database
        .query_one(
            "SELECT convert_from(content, 'UTF8')::json #>> '{data,file}' FROM journal_parts WHERE class = 'INVENTORY' \
             AND convert_from(content, 'UTF8')::json ->> 'change' = 'donations.donationReceived'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    let kept: String = database
        .query_one("SELECT encode(file_digest, 'hex') FROM donations WHERE file_digest IS NOT NULL", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(file, kept);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_with_titles_merged_cells_and_its_own_dates_is_read_as_it_is_meant() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let bold = Format::new().set_bold();
    sheet.merge_range(0, 0, 0, 3, "Entrega de enero", &bold).unwrap();
    for (column, title) in (0..).zip(["Clave", "Cant.", "Vence", "Folio"]) {
        sheet.write(2, column, title).unwrap();
    }
    // One item over two lines.
    sheet.merge_range(3, 0, 4, 0, "ENL-01", &bold).unwrap();
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (row, amount) in [(3, 40), (4, 60)] {
        sheet.write(row, 1, amount).unwrap();
        sheet.write_with_format(row, 2, ExcelDateTime::from_ymd(2023, 3, 5).unwrap(), &day).unwrap();
        sheet.write(row, 3, format!("C-{row}")).unwrap();
    }
    sheet.write(5, 0, "COB-01").unwrap().write(5, 1, 2.5).unwrap().write(5, 3, "C-3").unwrap();
    let file = workbook.save_to_buffer().unwrap();
    let parameters = format!("mode=GOOD&key={}", fresh_key());
    let report = Report::of(&send(&client, &place, XLSX, &parameters, file).await);
    assert_eq!(report.counts(), [3, 2, 2, 100], "{report:?}");
    assert_eq!(report.problems, ["6 QUANTITY_INVALID", "6 REFERENCE_REPEATED"]);
    let columns: Vec<_> = report.told.iter().map(|told| &told["problem"]["column"]).collect();
    assert_eq!(columns, ["B (Cant.)", "D (Folio)"]);
    let lots = lots_of(&client, report.donation().unwrap()).await;
    assert!(lots.iter().all(|lot| lot["item"] == "ENL-01" && lot["expiresOn"] == "2023-03-05"), "{lots:?}");
    world.stop().await;
}

const WRONG: &str = "articulo,cantidad,unidad,estado,caducidad,folio\n\
    COB-01,10,PIECE,nuevo,,A-1\n\
    ,5,,,,A-2\n\
    NADA-99,5,,,,A-3\n\
    COB-01,cinco,,,,A-4\n\
    COB-01,-5,,,,A-5\n\
    COB-01,5,litros,,,A-6\n\
    COB-01,5,,roto,,A-7\n\
    ENL-01,5,,,2022-13-40,A-8\n\
    ENL-01,5,,,2021-12-01,A-9\n\
    COB-01,5,,,,A-1\n\
    NADA-98,x,litros,roto,ayer,A-10\n\
    COB-02,7,,,,A-11,de más\n\
    COB-02,7,,,,A-12\n\
    FRE-01,5,,,,A-13\n\
    TOTAL,999,,,,\n";

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_is_reported_at_once_and_all_or_the_good_is_received() {
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let expected = [
        "3 ITEM_MISSING",
        "4 ITEM_UNKNOWN",
        "5 QUANTITY_INVALID",
        "6 QUANTITY_INVALID",
        "7 UNIT_DIFFERS",
        "8 CONDITION_UNKNOWN",
        "9 EXPIRY_INVALID",
        "10 EXPIRED",
        "11 REFERENCE_REPEATED",
        "12 ITEM_UNKNOWN",
        "12 QUANTITY_INVALID",
        "12 CONDITION_UNKNOWN",
        "12 EXPIRY_INVALID",
        "13 CELLS_BEYOND",
        "15 EXPIRY_MISSING",
        "16 TOTAL_DIFFERS",
    ];
    for mode in ["CHECK", "ALL"] {
        let report = import(&client, &place, mode, WRONG).await;
        assert_eq!(report.problems, expected, "{mode}");
        assert_eq!(report.counts(), [14, 2, 16, 17], "{mode}");
        assert_eq!(report.donation(), None, "{mode}");
    }
    assert_eq!(kept(&world).await, 0, "nothing was received");
    let good = import(&client, &place, "GOOD", WRONG).await;
    assert_eq!(good.problems, expected);
    assert_eq!(good.counts(), [14, 2, 16, 17]);
    assert_eq!(lots_of(&client, good.donation().unwrap()).await.len(), 2);
    // What was wrong, corrected and sent with the rest once more: what came before is not received again.
    let corrected = WRONG.replace("NADA-99", "COB-03").replace("TOTAL,999", "TOTAL,").replace(",de más", "");
    let again = import(&client, &place, "GOOD", corrected).await;
    assert!(again.problems.starts_with(&["2 REFERENCE_KNOWN".to_owned()]), "{again:?}");
    assert!(again.problems.contains(&"14 REFERENCE_KNOWN".to_owned()), "{again:?}");
    assert_eq!(lots_of(&client, again.donation().unwrap()).await.len(), 2, "lines 4 and 13");
    assert_ledger_holds(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_list_or_may_not_be_sent_is_refused_with_a_status_of_its_own() {
    let world = World::with().set("import_limit", 11_000_000).start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let fine = "articulo,cantidad\nCOB-01,5\n";
    let mode = || format!("mode=CHECK&key={}", fresh_key());
    let garbage: Vec<u8> =
        (0..10_000_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    let ambiguous = "articulo,cantidad,caducidad\nENL-01,5,05/03/2023\nENL-01,5,07/08/2023\n";
    for (answer, expected) in [
        (send(&client, &place, CSV, &mode(), garbage).await, (422, "FILE_UNREADABLE")),
        (send(&client, &place, CSV, &mode(), "").await, (422, "FILE_UNREADABLE")),
        (send(&client, &place, CSV, &mode(), "nombre,edad\nAna,5\n").await, (422, "FILE_UNREADABLE")),
        (send(&client, &place, CSV, &mode(), ambiguous).await, (422, "FILE_UNREADABLE")),
        (send(&client, &place, CSV, &mode(), vec![b'x'; 11_000_001]).await, (413, "BODY_TOO_LARGE")),
        (send(&client, &place, "text/plain", &mode(), fine).await, (415, "UNSUPPORTED_MEDIA_TYPE")),
        (send(&client, &place, CSV, "mode=SOME&key=12345678", fine).await, (400, "INVALID_REQUEST")),
        (send(&client, &place, CSV, "mode=CHECK", fine).await, (400, "INVALID_REQUEST")),
        (send(&client, &place, CSV, "mode=CHECK&key=short", fine).await, (422, "INVALID_ARGUMENT")),
        (
            send(&client, &place, CSV, &(mode() + "&receivedAt=2022-03-01T00:00:00Z"), fine).await,
            (422, "INVALID_ARGUMENT"),
        ),
        (send(&client, &place, CSV, &(mode() + "&columns=colour:C"), fine).await, (422, "INVALID_ARGUMENT")),
        (send(&world.public(), &place, CSV, &mode(), fine).await, (401, "UNAUTHENTICATED")),
        (send(&world.client("RP/liaison"), &place, CSV, &mode(), fine).await, (403, "FORBIDDEN")),
        (send(&world.client("CNDH/witness"), &place, CSV, &mode(), fine).await, (403, "FORBIDDEN")),
        // A giver may import what it gives itself: of another it knows nothing.
        (send(&world.client("ACNUR/donor"), &place, CSV, &mode(), fine).await, (404, "NOT_FOUND")),
        (client.send(Method::GET, "/imports/donations", &[], "").await, (405, "METHOD_NOT_ALLOWED")),
    ] {
        assert_eq!(refused(&answer), (expected.0, expected.1.to_owned()), "{answer:?}");
    }
    let stated = send(&client, &place, CSV, &(mode() + "&days=MONTH_FIRST"), ambiguous).await;
    assert_eq!(Report::of(&stated).counts(), [2, 2, 0, 10]);
    let own = Place { private: place.acnur.clone(), ..place };
    let given =
        send(&world.client("ACNUR/donor"), &own, CSV, &format!("mode=ALL&key={}", fresh_key()), fine).await;
    assert!(Report::of(&given).donation().is_some());
    // Columns that are called otherwise, or not at all.
    let odd = "cosa;trae\nCOB-01;5\n";
    let chosen = send(&client, &own, CSV, &(mode() + "&columns=item:cosa,quantity:B"), odd).await;
    assert_eq!(Report::of(&chosen).counts(), [1, 1, 0, 5]);
    world.stop().await;
}

/// The same file is received once, by its key and by its content; goods that bear one folio are, whoever brings them first.
#[tokio::test(flavor = "multi_thread")]
async fn imports_at_the_same_time_receive_each_thing_once() {
    const AT_ONCE: usize = 6;
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    // One request, sent again before it was answered.
    let key = format!("mode=ALL&key={}", fresh_key());
    let answers = join_all((0..AT_ONCE).map(|_| send(&client, &place, CSV, &key, from_excel()))).await;
    let donations: BTreeSet<String> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| Report::of(answer).outcome.to_string())
        .collect();
    assert_eq!(donations.len(), 1);
    let again = Report::of(&send(&client, &place, CSV, &key, from_excel()).await);
    assert_eq!(again.outcome.to_string(), *donations.first().unwrap());
    // One file, by several people.
    let file = "articulo,cantidad\nCOB-01,5\n";
    let keys: Vec<String> = (0..AT_ONCE).map(|_| format!("mode=ALL&key={}", fresh_key())).collect();
    let answers = join_all(keys.iter().map(|key| send(&client, &place, CSV, key, file))).await;
    let received = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(received, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused(answer), (409, "STATE_CONFLICT".to_owned()));
    }
    // Files that overlap in their folios.
    let files: Vec<String> = (0..AT_ONCE)
        .map(|number| {
            let lines =
                (number * 40..number * 40 + 120).map(|folio| format!("COB-01,{},P-{folio}\n", folio + 1));
            format!("articulo,cantidad,folio\n{}", lines.collect::<String>())
        })
        .collect();
    let reports = join_all(files.iter().map(|file| import(&client, &place, "GOOD", file.as_str()))).await;
    let good: i64 = reports.iter().map(|report| report.counts()[1]).sum();
    let folios = 40 * (i64::try_from(AT_ONCE).unwrap() - 1) + 120;
    assert_eq!(good, folios);
    let known = reports.iter().flat_map(|report| &report.problems);
    assert!(known.clone().all(|problem| problem.ends_with("REFERENCE_KNOWN")));
    assert_eq!(known.count(), 120 * AT_ONCE - usize::try_from(folios).unwrap());
    let row = world
        .database()
        .await
        .query_one(
            "SELECT count(*), count(DISTINCT donor_reference), sum(received) FROM lots WHERE donor_reference LIKE 'P-%'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (folios, folios));
    assert_eq!(row.get::<_, i64>(2), folios * (folios + 1) / 2);
    assert_ledger_holds(&world).await;
    world.stop().await;
}

/// A long list: lines of each kind, and one in fifty wrong.
pub(super) fn long(lines: u32) -> String {
    let items = ["COB-01", "ENL-01", "MED-01", "RAD-01", "HIG-02"];
    let line = |number: u32| {
        let item = items[number as usize % items.len()];
        if number.is_multiple_of(50) {
            format!("{item},mil,L-{number}\n")
        } else {
            format!("{item},{},L-{number}\n", number % 90 + 1)
        }
    };
    let lines: String = (1..=lines).map(line).collect();
    format!("articulo,cantidad,folio\n{lines}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_reports_all_its_errors_at_once_and_whoever_stops_listening_stops_it() {
    const LINES: u32 = 50_000;
    let world = World::start().await;
    let place = place(&world).await;
    let client = world.client(DONATIONS);
    let report = import(&client, &place, "CHECK", long(LINES)).await;
    assert_eq!(report.counts()[..3], [50_000, 49_000, 1_000]);
    let expected: Vec<String> = (1..=1000).map(|nth| format!("{} QUANTITY_INVALID", nth * 50 + 1)).collect();
    assert_eq!(report.problems, expected);
    assert_eq!(kept(&world).await, 0);
    // More than is told ahead is wrong: without a listener it cannot go on.
    let path = format!(
        "/imports/donations?donor={}&location={}&mode=GOOD&key={}",
        place.private,
        place.warehouse,
        fresh_key()
    );
    let file = format!("articulo,cantidad\nCOB-01,77\n{}", "NADA-1,1\n".repeat(60_000));
    let mut stream = post(world.address, &world.token(DONATIONS), &path, &file).await.unwrap();
    stream.read_exact(&mut [0; 64]).await.unwrap();
    drop(stream);
    let database = world.database().await;
    let count = async || -> i64 {
        database
            .query_one("SELECT count(*) FROM donations WHERE file_digest IS NOT NULL", &[])
            .await
            .unwrap()
            .get(0)
    };
    let running = async || -> i64 {
        let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        database.query_one(running, &[]).await.unwrap().get(0)
    };
    for _ in 0..400 {
        if running().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((running().await, count().await), (0, 0));
    world.stop().await;
}

/// R34: the program is killed while it imports. Nothing is there by half; sent again with its key, all is there once.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_leaves_nothing_and_is_done_once_when_it_is_sent_again() {
    let data = DataFolder::new();
    let address: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let demo = enlace("demo --listen").with(address.to_string()).data(&data);
    let mut running = demo.start();
    let welcome = running.says("Ctrl-C");
    let token = welcome.lines().find(|line| line.starts_with("ey")).unwrap().to_owned();
    let client = Client::new(address, Some(token.clone()));
    let found = client.query("{ donors(first: 1) { nodes { id } } locations { id code } }").await;
    let (donor, location) = (at(&found, "data.donors.nodes.0.id"), at(&found, "data.locations.0.id"));
    let (donor, location) = (donor.as_str().unwrap(), location.as_str().unwrap());
    let path = format!("/imports/donations?donor={donor}&location={location}&mode=GOOD&key=killed-again");
    let database =
        format!("host={} user=enlace dbname=enlace", data.path().join("postgres-socket").display());
    // Its PostgreSQL goes with it, and so does a connection.
    let held = async || -> BTreeMap<&str, i64> {
        let database = connect(&database.parse().unwrap()).await;
        let mut held = BTreeMap::new();
        let told = "(SELECT FROM journal_entries WHERE operation <> 'donations.tellImport') AS told";
        for table in ["donations", "lots", "balances", "movements", told] {
            let count = format!("SELECT count(*) FROM {table}");
            held.insert(table, database.query_one(&count, &[]).await.unwrap().get(0));
        }
        held
    };
    let before = held().await;
    for moment in [150, 600, 1500] {
        let sent = post(address, &token, &path, &long(20_000)).await;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        running.signal(Signal::KILL);
        drop(sent);
        running.ended();
        running = demo.start();
        running.says("Ctrl-C");
        assert_eq!(held().await, before, "killed after {moment} ms");
    }
    let headers = [("content-type", CSV)];
    let first = Report::of(&client.send(Method::POST, &path, &headers, long(20_000)).await);
    assert_eq!(first.counts()[..3], [20_000, 19_600, 400]);
    let after = held().await;
    let grown = |table: &str| after[table] - before[table];
    assert_eq!(["donations", "lots", "balances", "movements"].map(grown), [1, 19_600, 19_600, 19_600]);
    let second = Report::of(&client.send(Method::POST, &path, &headers, long(20_000)).await);
    assert_eq!(second.outcome, first.outcome);
    assert_eq!(held().await, after);
    running.signal(Signal::TERM);
    assert_eq!(running.ended().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_checks_a_list_and_has_it_received() {
    let world = World::start().await;
    let place = place(&world).await;
    let folder = DataFolder::new();
    std::fs::create_dir_all(folder.path()).unwrap();
    let file = folder.path().join("lista.csv");
    std::fs::write(&file, WRONG).unwrap();
    let run = |mode: &str| {
        enlace("import")
            .with(&file)
            .with("--donor")
            .with(&place.private)
            .with("--location")
            .with(&place.warehouse)
            .with("--mode")
            .with(mode)
            .with("--url")
            .with(format!("http://{}", world.address))
    };
    let token = world.token(DONATIONS);
    let without = run("check").end();
    assert!(without.err.contains("ENLACE_TOKEN"), "{without:?}");
    let checking = run("check").set("ENLACE_TOKEN", &token);
    let checked = tokio::task::spawn_blocking(move || checking.end()).await.unwrap();
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.out.contains("line 3 · A (articulo): No item is named."), "{}", checked.out);
    assert!(
        checked.out.ends_with("14 lines, 2 good with 17 articles, 16 problems; nothing was received\n"),
        "{}",
        checked.out
    );
    std::fs::write(&file, from_excel()).unwrap();
    let receiving = run("all").with("--format").with("json").set("ENLACE_TOKEN", &token);
    let received = tokio::task::spawn_blocking(move || receiving.end()).await.unwrap();
    assert_eq!(received.code, Some(0), "{received:?}");
    let outcome: Json = serde_json::from_str(&received.out).unwrap();
    assert_eq!(at(&outcome, "outcome.articles"), &json!(1585));

    // What it became is written as a list again, which is read as it was.
    let donation = at(&outcome, "outcome.donation.id").as_str().unwrap().to_owned();
    let exported = folder.path().join("exportada.csv");
    let url = format!("http://{}", world.address);
    let export = |file: &std::path::Path| enlace("export").with(file).with("--url").with(&url);
    let exporting = export(&exported).with("--donation").with(&donation).set("ENLACE_TOKEN", &token);
    let ended = tokio::task::spawn_blocking(move || exporting.end()).await.unwrap();
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let list = std::fs::read_to_string(&exported).unwrap();
    let expected = "\u{feff}articulo,cantidad,unidad,estado,caducidad,folio\r\nCOB-01,1200,PIECE,NEW,,\r\n\
        ENL-01,350,PIECE,NEW,2023-02-28,\r\nCOL-01,25,PIECE,GOOD,,\r\nMED-01,10,BOX,NEW,2023-03-05,\r\n";
    assert_eq!(list, expected);
    let client = world.client(DONATIONS);
    let again = import(&client, &place, "CHECK", list).await;
    assert_eq!(again.counts(), [4, 4, 0, 1585], "{again:?}");
    // A store's goods, where it is no matter who gave them: what may not be read stays empty, and is named. What has expired there is
    // exported too, and received nowhere.
    let stores = folder.path().join("existencias.csv");
    let exporting = export(&stores)
        .with("--location")
        .with(&place.warehouse)
        .set("ENLACE_TOKEN", &world.token("UNICEF/programmes"));
    let ended = tokio::task::spawn_blocking(move || exporting.end()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.err, "DonationItem.donorReference stays empty: you may not read it\n");
    let list = std::fs::read_to_string(&stores).unwrap();
    let held = world
        .database()
        .await
        .query_one(
            "SELECT count(*), sum(quantity) FILTER (WHERE lots.keeps_until >= '2022-01-31') \
             FROM balances JOIN locations ON locations.id = location_id JOIN lots ON lots.id = lot_id \
             WHERE quantity > 0 AND locations.code = 'ALM-01'",
            &[],
        )
        .await
        .unwrap();
    let again = import(&client, &place, "CHECK", list).await;
    assert_eq!(
        [again.outcome["lines"].as_i64(), again.outcome["articles"].as_i64()],
        [Some(held.get(0)), Some(held.get(1))],
        "{again:?}"
    );

    // A larger list goes piece by piece, by itself.
    std::fs::write(&file, format!("{}COB-01,5,{}\n", long(60_000), "x".repeat(90))).unwrap();
    let checking = run("check").set("ENLACE_TOKEN", &token);
    let checked = tokio::task::spawn_blocking(move || checking.end()).await.unwrap();
    assert!(checked.out.ends_with("1200 problems; nothing was received\n"), "{}", checked.err);
    let came: i64 =
        world.database().await.query_one("SELECT received FROM uploads", &[]).await.unwrap().get(0);
    assert_eq!(came, i64::try_from(std::fs::metadata(&file).unwrap().len()).unwrap());
    world.stop().await;
}
