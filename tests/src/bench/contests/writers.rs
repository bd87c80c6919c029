//! Writers of different rows: Enlace with its journal, against Enlace whose journal takes nothing in: the same transaction and the
//! same changes of rows, without the journal's inserts. Beside it, and without a bound, the same transaction by hand.

use std::time::Duration;

use serde_json::json;
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::{Duel, Side};
use super::super::load::{Client, Load, post};
use super::super::report::{Bound, Line};
use super::super::server::Server;
use super::super::stage::Stage;

const LEAST: f64 = 0.8;

/// How long the journal may take to place the last entry.
const PATIENCE: Duration = Duration::from_secs(30);

const MUTATION: &str = "mutation($space: ID!, $occupied: Int!, $version: Int!, $key: String!) { \
    adjustOccupancy(space: $space, occupied: $occupied, version: $version, idempotencyKey: $key) { \
    __typename ... on AdjustOccupancyPayload { space { occupied version } } ... on Problem { code message } } }";

/// Counts the people in one space, again and again. Nobody else does.
pub(super) struct Writer {
    path: &'static str,
    token: String,
    space: String,
    version: i32,
    /// How many were counted.
    pub(super) written: u32,
}

impl Writer {
    /// A writer for each of the first spaces of a part of those that count their people themselves.
    pub(super) async fn several(
        database: &Database,
        path: &'static str,
        token: &str,
        skip: u32,
        many: u32,
    ) -> Result<Vec<Self>, Failure> {
        let spaces = database
            .query(
                "SELECT id, version FROM spaces WHERE capacity > 1 AND beds = 0 ORDER BY id OFFSET $1 LIMIT $2",
                &[&i64::from(skip), &i64::from(many)],
            )
            .await?;
        if spaces.len() < many as usize {
            return Err("there are not as many spaces as connections".into());
        }
        let writers = spaces.iter().map(|row| {
            let uuid: Uuid = row.get(0);
            let space = enlace_schema::GlobalId { kind: "space".to_owned(), uuid }.to_string();
            Self { path, token: token.to_owned(), space, version: row.get(1), written: 0 }
        });
        Ok(writers.collect())
    }
}

impl Client for Writer {
    fn request(&mut self) -> Result<Vec<u8>, Failure> {
        let variables = json!({
            "space": self.space,
            "occupied": self.version % 2,
            "version": self.version,
            "key": Uuid::now_v7(),
        });
        Ok(post(self.path, &self.token, &json!({"query": MUTATION, "variables": variables}).to_string()))
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        let expected = format!(
            "{{\"data\":{{\"adjustOccupancy\":{{\"__typename\":\"AdjustOccupancyPayload\",\"space\":{{\"occupied\":{},\"version\":{}}}}}}}}}",
            self.version % 2,
            self.version + 1
        );
        if body != expected.as_bytes() {
            return Err(format!("a write was refused: {}", String::from_utf8_lossy(body)).into());
        }
        self.version += 1;
        self.written += 1;
        Ok(())
    }
}

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let without = stage.enlace_without_journal().await?;
    let journal = duel(stage, arguments, without, "/graphql").await?;
    let by_hand = duel(stage, arguments, stage.floor().await?, "/adjust").await?;
    Ok(vec![
        Line::both("disjoint writers, journal", "writes/s", journal.rate(), Bound::AtLeast(LEAST)),
        Line::both("the same against a floor without", "writes/s", by_hand.rate(), None),
    ])
}

/// Lets writers with the journal take turns with others.
async fn duel(
    stage: &Stage,
    arguments: &Arguments,
    without: Server,
    path: &'static str,
) -> Result<Duel, Failure> {
    let database = stage.database().await?;
    let enlace = stage.enlace().await?;
    let token = stage.token("DIF_MUNICIPAL", "coordinator")?;
    let many = arguments.connections;
    let before = entries(&database).await?;
    // Of different spaces: where the two use one database, the one side's are not the other's.
    let others = Writer::several(&database, path, &token, 0, many).await?;
    let writers = Writer::several(&database, "/graphql", &token, many, many).await?;
    let mut floor_side = Side {
        server: without.pid,
        postmaster: stage.postmaster,
        load: Load::connect(without.address, others).await?,
    };
    let mut enlace_side = Side {
        server: enlace.pid,
        postmaster: stage.postmaster,
        load: Load::connect(enlace.address, writers).await?,
    };
    let duel = Duel::fight(&mut floor_side, &mut enlace_side, arguments.rounds, arguments.seconds).await?;
    drop(floor_side);
    let writers = enlace_side.load.into_clients();
    placed(&database, before, writers.iter().map(|writer| i64::from(writer.written)).sum()).await?;
    enlace.stop().await?;
    without.stop().await?;
    Ok(duel)
}

async fn entries(database: &Database) -> Result<i64, Failure> {
    Ok(database.query_one("SELECT count(*) FROM journal_index", &[]).await?.try_get(0)?)
}

/// Waits until each write is in the journal, once.
async fn placed(database: &Database, before: i64, written: i64) -> Result<(), Failure> {
    let counted = async {
        loop {
            let placed = entries(database).await? - before;
            if placed >= written {
                return Ok::<_, Failure>(placed);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, counted).await {
        Ok(Ok(placed)) if placed == written => Ok(()),
        Ok(Ok(placed)) => Err(format!("{written} writes made {placed} entries").into()),
        Ok(Err(failure)) => Err(failure),
        Err(_) => Err(format!("{written} writes are not all in the journal").into()),
    }
}
