//! A file of as many lines as the programme had articles: imported, all or nothing, against a bare COPY of the same rows with their
//! ledger entries into the same tables, under the same laws. And what a file four times as long takes in memory.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, TryStreamExt, pin_mut};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::super::arguments::Arguments;
use super::super::duel::Figure;
use super::super::report::{Bound, Line};
use super::super::server::Server;
use super::super::stage::Stage;
use super::super::{Failure, process};

const LINES: u32 = 48_963;
const AT_MOST: f64 = 3.0;
/// What a file four times as long may take beside the other: nothing more, but for the measuring.
const MEMORY: f64 = 1.25;
const ROUNDS: u32 = 5;

/// The rows of an import, each table as it travels, with other ids.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "donations",
        "id, programme_id, donor_id, received_on, received_at_id, recorded_at, user_id",
        "SELECT other, programme_id, donor_id, received_on, received_at_id, recorded_at, user_id FROM donations, another WHERE id = $1",
    ),
    (
        "lots",
        "id, programme_id, item_id, donor_id, donation_id, line, code, condition, received, received_on, received_at_id, expires_on",
        "SELECT again.other, programme_id, item_id, donor_id, another.other, line, 'C' || code || another.other, condition, received, \
             received_on, received_at_id, expires_on FROM lots JOIN again USING (id), another ORDER BY line",
    ),
    (
        "balances",
        "id, lot_id, location_id",
        "SELECT gen_random_uuid(), other, location_id FROM balances JOIN again ON again.id = lot_id",
    ),
    (
        "movements",
        "id, lot_id, kind, to_id, quantity, occurred_at, recorded_at, user_id",
        "SELECT gen_random_uuid(), other, kind, to_id, quantity, occurred_at, recorded_at, user_id FROM movements JOIN again ON again.id = lot_id",
    ),
];

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let database = stage.database().await?;
    let enlace = stage.enlace().await?;
    let sender = Sender::new(stage, &database).await?;
    let mut rounds = Vec::new();
    for round in 0..=arguments.rounds.min(ROUNDS) {
        let begun = Instant::now();
        let donation = sender.import(&enlace, &file(LINES, round)).await?;
        let took = begun.elapsed().as_secs_f64();
        let bare = copied(&database, donation).await?;
        // One that does not count.
        if round > 0 {
            rounds.push((bare, took));
        }
    }
    enlace.stop().await?;
    let time = Figure::of(rounds.into_iter());
    let mut memory = Vec::new();
    for times in [1, 4] {
        let enlace = stage.enlace().await?;
        // What it takes once for all. A file is imported once: another for each server.
        sender.import(&enlace, &file(8, 200 + times)).await?;
        memory.push(sender.peak(&enlace, &file(LINES * times, 100 + times)).await?);
        enlace.stop().await?;
    }
    let memory = match memory.as_slice() {
        [one, four] => Figure { floor: *one, enlace: *four, ratio: four / one },
        _ => return Err("two files were to be measured".into()),
    };
    Ok(vec![
        Line::both("import of 48,963 lines against COPY", "s", time, Bound::AtMost(AT_MOST)),
        Line::both("memory of 4 times the lines", "MiB", memory, Bound::AtMost(MEMORY)),
    ])
}

/// A list of goods; another for each number.
fn file(lines: u32, number: u32) -> String {
    const ITEMS: [&str; 8] =
        ["COB-01", "Atún en lata", "MED-01", "Chamarra infantil", "HIG-02", "col-01", "GRA-01", "CAL-01"];
    let mut text = String::from("Artículo;Cantidad;Estado;Caducidad\n");
    for line in 0..lines {
        let item = ITEMS.get(line as usize % ITEMS.len()).copied().unwrap_or_default();
        let expiry = if line % 3 == 0 { "31/12/2023" } else { "" };
        let _infallible = writeln!(text, "{item};{};nuevo;{expiry}", 1 + (line * 7 + number) % 900);
    }
    text
}

/// Who sends files.
struct Sender {
    token: String,
    parameters: String,
}

impl Sender {
    async fn new(stage: &Stage, database: &Database) -> Result<Self, Failure> {
        let row = database
            .query_one(
                "SELECT (SELECT id FROM donors ORDER BY id LIMIT 1), \
                     (SELECT id FROM locations WHERE kind = 'WAREHOUSE' ORDER BY id LIMIT 1)",
                &[],
            )
            .await?;
        let id = |kind: &str, uuid| enlace_schema::GlobalId { kind: kind.to_owned(), uuid }.to_string();
        Ok(Self {
            token: stage.token("DIF_MUNICIPAL", "donation_coordinator")?,
            parameters: format!(
                "donor={}&location={}&mode=ALL",
                id("donor", row.get(0)),
                id("location", row.get(1))
            ),
        })
    }

    /// Imports a file; the donation that it became.
    async fn import(&self, server: &Server, file: &str) -> Result<Uuid, Failure> {
        let mut stream = TcpStream::connect(server.address).await?;
        let head = format!(
            "POST /imports/donations?{}&key={} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: text/csv\r\n\
             authorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
            self.parameters,
            Uuid::now_v7(),
            self.token,
            file.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(file.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let outcome =
            answer.lines().find(|line| line.starts_with("{\"outcome\"")).ok_or_else(|| answer.clone())?;
        let outcome: Json = serde_json::from_str(outcome)?;
        let id = outcome.pointer("/outcome/donation/id").and_then(Json::as_str).ok_or(answer)?;
        Ok(enlace_schema::GlobalId::parse(id).ok_or("no id")?.uuid)
    }

    /// The most memory that a server takes over an import beside what it had before, in MiB.
    async fn peak(&self, server: &Server, file: &str) -> Result<f64, Failure> {
        let before = process::memory(server.pid)?;
        let importing = self.import(server, file);
        pin_mut!(importing);
        let mut most = before;
        loop {
            tokio::select! {
                done = &mut importing => {
                    done?;
                    return Ok(f64::from(most.max(process::memory(server.pid)?).saturating_sub(before)) / 1024.0);
                }
                () = tokio::time::sleep(Duration::from_millis(5)) => most = most.max(process::memory(server.pid)?),
            }
        }
    }
}

/// How long a bare COPY of a donation's rows takes, in seconds.
async fn copied(database: &Database, donation: Uuid) -> Result<f64, Failure> {
    database
        .batch_execute(&format!(
            "DROP TABLE IF EXISTS again, another; \
             CREATE TEMP TABLE again AS SELECT id, gen_random_uuid() AS other FROM lots WHERE donation_id = '{donation}'; \
             CREATE TEMP TABLE another AS SELECT gen_random_uuid() AS other; ANALYZE again"
        ))
        .await?;
    let mut kept: Vec<(String, Vec<Bytes>)> = Vec::new();
    for (table, columns, rows) in TABLES {
        let rows = rows.replace("$1", &format!("'{donation}'"));
        let out = database.copy_out(&format!("COPY ({rows}) TO STDOUT (FORMAT binary)")).await?;
        let into = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
        kept.push((into, out.try_collect().await?));
    }
    let begun = Instant::now();
    database.batch_execute("BEGIN").await?;
    for (into, pieces) in kept {
        let sink = database.copy_in::<_, Bytes>(&into).await?;
        pin_mut!(sink);
        for piece in pieces {
            sink.feed(piece).await?;
        }
        sink.finish().await?;
    }
    database.batch_execute("COMMIT").await?;
    Ok(begun.elapsed().as_secs_f64())
}
