//! A headcount, in the same transaction as Enlace's, without the journal's inserts; and a transfer of stock by one function of SQL.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio_postgres::{Client, Config, Statement};
use uuid::Uuid;

use super::json::Json;
use super::register::Registering;
use super::{Failure, connect};

/// As many as Enlace has.
const WRITERS: usize = 16;

const KNOWN: &str = "SELECT body, answer FROM idempotency_keys WHERE user_id = $1 AND key = $2";
const FIND: &str = "\
SELECT p.id, p.code, p.segment, p.capacity, p.occupied, p.version, p.counted_at, p.shelter_id, s.code \
FROM spaces p JOIN shelters s ON s.id = p.shelter_id WHERE p.id = $1";
const COUNT: &str =
    "UPDATE spaces SET occupied = $3, version = $4, counted_at = $5 WHERE id = $1 AND version = $2";
const KEEP: &str =
    "INSERT INTO idempotency_keys (user_id, key, body, answer, recorded_at) VALUES ($1, $2, $3, $4, $5)";

/// What the contest of movers makes: one function that does it all.
const MOVE: &str = "SELECT bench_move($1, $2, $3, $4)";

/// The part of a GraphQL request that a hand-written endpoint would take.
#[derive(Deserialize)]
struct Request<'r> {
    #[serde(borrow)]
    variables: Headcount<'r>,
}

#[derive(Deserialize)]
struct Headcount<'r> {
    space: &'r str,
    occupied: i32,
    version: i32,
    key: &'r str,
}

#[derive(Deserialize)]
struct MoveRequest<'r> {
    #[serde(borrow)]
    variables: Transfer<'r>,
}

#[derive(Deserialize)]
struct Transfer<'r> {
    lot: &'r str,
    from: &'r str,
    to: &'r str,
    quantity: &'r str,
}

struct Writer {
    client: Client,
    known: Statement,
    find: Statement,
    count: Statement,
    keep: Statement,
    registering: Registering,
}

/// A pool.
pub(super) struct Writes {
    idle: Mutex<Vec<Writer>>,
    places: Semaphore,
    user: Uuid,
}

impl Writes {
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let mut idle = Vec::new();
        for _ in 0..WRITERS {
            let client = connect(config).await?;
            idle.push(Writer {
                known: client.prepare(KNOWN).await?,
                find: client.prepare(FIND).await?,
                count: client.prepare(COUNT).await?,
                keep: client.prepare(KEEP).await?,
                registering: Registering::prepare(&client).await?,
                client,
            });
        }
        let any = idle.first().ok_or("no writer")?;
        let user = any.client.query_one("SELECT id FROM users ORDER BY id LIMIT 1", &[]).await?.try_get(0)?;
        Ok(Self { idle: Mutex::new(idle), places: Semaphore::new(WRITERS), user })
    }

    pub(super) async fn adjust(&self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let Request { variables } = serde_json::from_slice(body)?;
        let _place = self.places.acquire().await?;
        let writer = self.take()?;
        let written = writer.adjust(self.user, &variables, body).await;
        self.give_back(writer);
        written
    }

    pub(super) async fn transfer(&self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let MoveRequest { variables } = serde_json::from_slice(body)?;
        let _place = self.places.acquire().await?;
        let writer = self.take()?;
        let written = writer.transfer(&variables).await;
        self.give_back(writer);
        written
    }

    pub(super) async fn register(&self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let _place = self.places.acquire().await?;
        let writer = self.take()?;
        let written = writer.registering.register(&writer.client, body).await;
        self.give_back(writer);
        written
    }

    fn take(&self) -> Result<Writer, Failure> {
        Ok(self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().ok_or("no writer")?)
    }

    fn give_back(&self, writer: Writer) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(writer);
    }
}

impl Writer {
    async fn transfer(&self, input: &Transfer<'_>) -> Result<Vec<u8>, Failure> {
        let key = |id| enlace_schema::GlobalId::parse(id).map(|id| id.uuid).ok_or("no id");
        let (lot, from, to) = (key(input.lot)?, key(input.from)?, key(input.to)?);
        let amount: i32 = input.quantity.split(' ').next().unwrap_or_default().parse()?;
        // Made by the contest, which only some runs have: prepared at its first use, and kept by the connection.
        self.client.query_one(MOVE, &[&lot, &from, &to, &amount]).await?;
        Ok(br#"{"data":{"moveStock":{"__typename":"MoveStockPayload"}}}"#.to_vec())
    }

    async fn adjust(&self, user: Uuid, input: &Headcount<'_>, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let space = enlace_schema::GlobalId::parse(input.space).ok_or("no id")?.uuid;
        let now = chrono::Utc::now();
        let version = input.version + 1;
        self.client.batch_execute("BEGIN").await?;
        if self.client.query_opt(&self.known, &[&user, &input.key]).await?.is_some() {
            return Err("the key was used".into());
        }
        let found = self.client.query_one(&self.find, &[&space]).await?;
        let _space: Uuid = found.try_get(0)?;
        let counted = [&space as _, &input.version as _, &input.occupied as _, &version as _, &now as _];
        if self.client.execute(&self.count, &counted).await? != 1 {
            return Err("another version".into());
        }
        let mut out = Json::with_capacity(200);
        out.raw(r#"{"data":{"adjustOccupancy":{"__typename":"AdjustOccupancyPayload","space":{"occupied":"#);
        out.number(input.occupied);
        out.raw(r#","version":"#);
        out.number(version);
        out.raw("}}}}");
        let answer = std::str::from_utf8(&out.0)?;
        let hash: [u8; 32] = Sha256::digest(body).into();
        let kept = [&user as _, &input.key as _, &hash.as_slice() as _, &answer as _, &now as _];
        self.client.execute(&self.keep, &kept).await?;
        self.client.batch_execute("COMMIT").await?;
        Ok(out.0)
    }
}
