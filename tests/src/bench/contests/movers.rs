//! Coordinators who move the same lots at once: Enlace, against a server that calls one function of SQL, which writes the same
//! movement under the same laws, and asks nothing of who calls, of retries or of a journal.

use serde_json::json;
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::{Duel, Side};
use super::super::load::{Client, Load, post};
use super::super::report::{Bound, Line};
use super::super::stage::Stage;

const LEAST: f64 = 0.6;
const COORDINATORS: usize = 24;
const LOTS: i64 = 64;

const MUTATION: &str = "mutation($lot: ID!, $from: ID!, $to: ID!, $quantity: Quantity!, $key: String!) { \
    moveStock(lot: $lot, from: $from, to: $to, quantity: $quantity, idempotencyKey: $key) { __typename } }";

const FUNCTION: &str = "CREATE FUNCTION bench_move(lot uuid, source uuid, target uuid, amount integer) RETURNS integer LANGUAGE sql AS $$ \
    INSERT INTO balances (id, lot_id, location_id) VALUES (gen_random_uuid(), lot, target) ON CONFLICT DO NOTHING; \
    INSERT INTO movements (id, lot_id, kind, from_id, to_id, quantity, occurred_at, recorded_at, user_id) \
        SELECT gen_random_uuid(), lot, 'TRANSFER', source, target, amount, now(), now(), id FROM users LIMIT 1; \
    SELECT quantity FROM balances WHERE lot_id = lot AND location_id = source $$; \
    GRANT EXECUTE ON FUNCTION bench_move(uuid, uuid, uuid, integer) TO enlace_app";

/// A lot, and the two stores between which it goes.
#[derive(Clone)]
struct Goods {
    lot: String,
    stores: [String; 2],
    unit: String,
}

/// Moves one unit of a lot there, and then back, lot after lot: so each lot keeps what it has.
struct Mover {
    path: &'static str,
    token: String,
    goods: Vec<Goods>,
    turn: usize,
}

impl Client for Mover {
    fn request(&mut self) -> Result<Vec<u8>, Failure> {
        let goods = self.goods.get(self.turn / 2 % self.goods.len().max(1)).ok_or("no goods")?;
        let [here, there] = &goods.stores;
        let (from, to) = if self.turn.is_multiple_of(2) { (here, there) } else { (there, here) };
        let variables = json!({
            "lot": goods.lot, "from": from, "to": to, "quantity": format!("1 {}", goods.unit), "key": Uuid::now_v7(),
        });
        Ok(post(self.path, &self.token, &json!({"query": MUTATION, "variables": variables}).to_string()))
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        if body != br#"{"data":{"moveStock":{"__typename":"MoveStockPayload"}}}"# {
            return Err(format!("a transfer was refused: {}", String::from_utf8_lossy(body)).into());
        }
        self.turn += 1;
        Ok(())
    }
}

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let database = stage.database().await?;
    database.batch_execute(FUNCTION).await?;
    let goods = goods(&database).await?;
    let before = units(&database).await?;
    let (floor, enlace) = (stage.floor().await?, stage.enlace().await?);
    let token = stage.token("DIF_MUNICIPAL", "donation_coordinator")?;
    let movers = |path| {
        let mover = |number: usize| {
            let mut goods = goods.clone();
            // Each begins with another lot, and all come past all of them.
            let first = number * goods.len() / COORDINATORS;
            goods.rotate_left(first);
            Mover { path, token: token.clone(), goods, turn: 0 }
        };
        (0..COORDINATORS).map(mover).collect::<Vec<_>>()
    };
    let mut floor_side = Side {
        server: floor.pid,
        postmaster: stage.postmaster,
        load: Load::connect(floor.address, movers("/move")).await?,
    };
    let mut enlace_side = Side {
        server: enlace.pid,
        postmaster: stage.postmaster,
        load: Load::connect(enlace.address, movers("/graphql")).await?,
    };
    let duel = Duel::fight(&mut floor_side, &mut enlace_side, arguments.rounds, arguments.seconds).await?;
    drop((floor_side, enlace_side));
    enlace.stop().await?;
    floor.stop().await?;
    let after = units(&database).await?;
    if before != after {
        return Err(format!("{before} units became {after}").into());
    }
    Ok(vec![Line::both("24 coordinators, 64 lots", "moves/s", duel.rate(), Bound::AtLeast(LEAST))])
}

/// Lots that do not expire, and of which a store holds enough for all who move them.
async fn goods(database: &Database) -> Result<Vec<Goods>, Failure> {
    let rows = database
        .query(
            "SELECT lot_id, location_id, \
                 (SELECT id FROM locations WHERE id <> location_id AND kind <> 'TRANSIT' ORDER BY id LIMIT 1), unit \
             FROM balances JOIN lots ON lots.id = lot_id JOIN locations ON locations.id = location_id \
             WHERE quantity >= 24 AND lots.expires_on IS NULL AND recalled_at IS NULL AND kind <> 'TRANSIT' ORDER BY lot_id LIMIT $1",
            &[&LOTS],
        )
        .await?;
    if rows.len() < usize::try_from(LOTS)? {
        return Err("there are not as many lots".into());
    }
    let id = |kind: &str, uuid| enlace_schema::GlobalId { kind: kind.to_owned(), uuid }.to_string();
    let goods = |row: &tokio_postgres::Row| Goods {
        lot: id("lot", row.get(0)),
        stores: [id("location", row.get(1)), id("location", row.get(2))],
        unit: row.get(3),
    };
    Ok(rows.iter().map(goods).collect())
}

/// All that lies in the stores.
async fn units(database: &Database) -> Result<i64, Failure> {
    Ok(database.query_one("SELECT sum(quantity) FROM balances", &[]).await?.try_get(0)?)
}
