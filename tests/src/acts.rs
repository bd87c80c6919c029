//! What callers do in tests: the mutations, and the records that they act on.

use std::sync::Arc;

use enlace::auth::Verifier;
use enlace::auth::dev::AUDIENCE;
use enlace::config::Config;
use enlace::http::{App, HttpSettings};
use enlace::server;
use enlace_schema::Enlace;
use serde_json::{Value as Json, json};

use crate::{Client, Front, Socket, World, at};

/// Records a headcount; every outcome names itself.
pub const ADJUST: &str = "mutation($space: ID!, $occupied: Int!, $version: Int!, $at: DateTime, $key: String!) {
  adjustOccupancy(space: $space, occupied: $occupied, version: $version, occurredAt: $at, idempotencyKey: $key) {
    __typename
    ... on AdjustOccupancyPayload { space { id occupied version countedAt } }
    ... on Problem { code message }
    ... on NotFound { argument }
    ... on InvalidValue { argument }
    ... on VersionConflict { currentVersion }
  }
}";

/// Moves stock; every outcome names itself.
pub const MOVE: &str =
    "mutation($lot: ID!, $from: ID!, $to: ID!, $quantity: Quantity!, $at: DateTime, $why: String, $key: String!) {
  moveStock(lot: $lot, from: $from, to: $to, quantity: $quantity, occurredAt: $at, outOfOrder: $why, idempotencyKey: $key) {
    __typename
    ... on MoveStockPayload {
      movement { id kind quantity occurredAt recordedAt lot { id } from { id } to { id } }
      stock { id quantity version location { id } }
    }
    ... on Problem { code message }
    ... on NotFound { argument }
    ... on InvalidValue { argument }
  }
}";

/// A key that nobody has used.
pub fn fresh_key() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// What became of a mutation: the type of its result, or the code of the error in its place.
pub fn outcome(answer: &Json) -> String {
    let result = answer["data"].as_object().and_then(|data| data.values().find(|value| value.is_object()));
    let said = result.map_or_else(|| at(answer, "errors.0.extensions.code"), |result| &result["__typename"]);
    said.as_str().unwrap_or_else(|| panic!("neither a result nor an error: {answer}")).to_owned()
}

/// The variables of [`ADJUST`] for a space as it was read, with a fresh key.
pub fn headcount(space: &Json, occupied: i32) -> Json {
    json!({"space": space["id"], "occupied": occupied, "version": space["version"], "key": fresh_key()})
}

impl Client {
    /// Records a headcount of a space as it was read, with a fresh key.
    pub async fn adjust(&self, space: &Json, occupied: i32) -> Json {
        self.run(ADJUST, headcount(space, occupied)).await
    }

    /// The spaces of a shelter, as this client reads them.
    pub async fn spaces(&self, shelter: &str) -> Vec<Json> {
        let board =
            self.query("{ shelters { code spaces { id code segment capacity occupied version } } }").await;
        let shelters = at(&board, "data.shelters").as_array().expect("the board");
        let found = shelters.iter().find(|found| found["code"] == shelter).expect("the shelter");
        found["spaces"].as_array().expect("its spaces").clone()
    }

    /// Those of a shelter's spaces that count their people themselves: the demonstration's others have beds.
    pub async fn counted(&self, shelter: &str) -> Vec<Json> {
        let mut spaces = self.spaces(shelter).await;
        let bedded = ["FAMILY_NUCLEUS", "SINGLE_MEN", "SINGLE_WOMEN"];
        spaces.retain(|space| !bedded.contains(&space["segment"].as_str().expect("its segment")));
        spaces
    }
}

/// A second process of the same deployment, as far as the database can tell: an engine and a server of its own.
pub struct Sibling {
    /// The engine.
    pub enlace: Enlace,
    front: Front,
}

impl Sibling {
    /// A client of it with a token that its world made.
    pub fn client(&self, token: &str) -> Client {
        Client::new(self.front.address, Some(token.to_owned()))
    }

    /// A socket to it, initialised with a token that its world made.
    pub async fn socket(&self, token: &str) -> Socket {
        Socket::open(self.front.address, token).await
    }

    /// Stops it.
    pub async fn stop(self) {
        self.front.stop().await;
        self.enlace.stop().await;
    }
}

/// A lot that lies in a warehouse, and where it may go.
#[derive(Debug, Clone)]
pub struct Goods {
    /// The lot's id.
    pub lot: String,
    /// The unit that it counts in.
    pub unit: String,
    /// How much of it lies in `from`.
    pub amount: i32,
    /// The store that holds it.
    pub from: String,
    /// A store that holds none of it.
    pub to: String,
    /// Another store that holds none of it.
    pub other: String,
}

impl Goods {
    /// The variables of [`MOVE`] from its first store to its second, with a fresh key.
    pub fn transfer(&self, amount: i32) -> Json {
        self.between(&self.from, &self.to, amount)
    }

    /// The variables of [`MOVE`] between two stores, with a fresh key.
    pub fn between(&self, from: &str, to: &str, amount: i32) -> Json {
        let quantity = format!("{amount} {}", self.unit);
        json!({"lot": self.lot, "from": from, "to": to, "quantity": quantity, "key": fresh_key()})
    }
}

impl World {
    /// Starts a second process on this world's database, which believes the same issuer and is set as this one is.
    pub async fn sibling(&self) -> Sibling {
        self.sibling_set(&[]).await
    }

    /// As [`World::sibling`], with further variables.
    pub async fn sibling_set(&self, environment: &[(&str, &str)]) -> Sibling {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::read(None, self.settings.iter().cloned().chain(environment)).unwrap();
        let enlace = server::engine(&config, &self.scratch.owner).await.expect("the engine");
        let verifier = Verifier::new(vec![self.issuer.issuer_config()], AUDIENCE.to_owned()).unwrap();
        let app = App::new(enlace.clone(), Arc::new(verifier), None, HttpSettings::default());
        Sibling { enlace, front: Front::open(app).await }
    }

    /// The spaces of a shelter, as the coordinator reads them.
    pub async fn spaces(&self, shelter: &str) -> Vec<Json> {
        self.client("DIF_MUNICIPAL/coordinator").spaces(shelter).await
    }

    /// A space of the first shelter.
    pub async fn space(&self) -> Json {
        self.spaces("ALB-01").await.swap_remove(0)
    }

    /// A lot of some kind of stock (`food`, `medical`, `general`) of which one store holds 40 or more, and that may be given out.
    pub async fn goods(&self, stock_kind: &str) -> Goods {
        self.lot_of(Some(stock_kind)).await
    }

    /// As [`World::goods`], of any kind.
    pub async fn fit_goods(&self) -> Goods {
        self.lot_of(None).await
    }

    async fn lot_of(&self, stock_kind: Option<&str>) -> Goods {
        let found = self
            .database()
            .await
            .query_one(
                "SELECT b.lot_id, b.location_id, b.quantity, i.unit, empty \
                 FROM balances b JOIN lots l ON l.id = b.lot_id JOIN items i ON i.id = l.item_id \
                 JOIN categories c ON c.id = i.category_id, \
                 LATERAL (SELECT array_agg(o.id ORDER BY o.id) FROM locations o WHERE o.kind <> 'TRANSIT' AND NOT EXISTS \
                    (SELECT FROM balances x WHERE x.location_id = o.id AND (x.lot_id = b.lot_id OR x.item_id = b.item_id \
                        AND x.quantity > 0 AND x.expires_on > '2022-01-30' AND x.expires_on < coalesce(b.expires_on, 'infinity')))) AS others (empty) \
                 WHERE b.quantity >= 40 AND c.stock_kind = coalesce($1, c.stock_kind) AND l.recalled_at IS NULL \
                 AND coalesce(l.expires_on, 'infinity') > '2022-02-02' AND cardinality(empty) > 1 AND NOT EXISTS (SELECT FROM balances e \
                    WHERE e.item_id = l.item_id AND e.location_id = b.location_id AND e.quantity > 0 \
                        AND e.expires_on > '2022-01-30' AND e.expires_on < coalesce(l.expires_on, 'infinity')) \
                 ORDER BY b.id LIMIT 1",
                &[&stock_kind],
            )
            .await
            .expect("a lot");
        let empty: Vec<uuid::Uuid> = found.get(4);
        let store = |uuid| id("location", uuid);
        Goods {
            lot: id("lot", found.get(0)),
            unit: found.get(3),
            amount: found.get(2),
            from: store(found.get(1)),
            to: store(empty[0]),
            other: store(empty[1]),
        }
    }
}

/// A global id of a kind of record.
pub fn id(kind: &str, uuid: uuid::Uuid) -> String {
    enlace_schema::GlobalId { kind: kind.to_owned(), uuid }.to_string()
}
