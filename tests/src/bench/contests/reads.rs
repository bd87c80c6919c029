//! Lists: requests a second, and CPU for each.

use serde_json::json;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::{Duel, Side};
use super::super::load::{Connection, Load, Same, post_stating};
use super::super::report::{Bound, Line};
use super::super::stage::Stage;

/// A query that both sides answer.
pub(super) struct Read {
    name: &'static str,
    agency: &'static str,
    role: &'static str,
    pub(super) query: &'static str,
    /// The floor's path for it.
    path: &'static str,
    /// How many coordinates are refused.
    refused: usize,
    /// The least part of the floor's requests a second.
    least: f64,
}

pub(super) const SHELTERS: Read = Read {
    name: "12 shelters of 6 segments",
    agency: "SEDENA",
    role: "kitchen",
    query: "{ shelters { code name spaces { segment capacity occupied } } }",
    path: "/shelters",
    refused: 0,
    least: 0.8,
};

pub(super) const LOTS: Read = Read {
    name: "50 lots, category, donor, store",
    agency: "DIF_MUNICIPAL",
    role: "coordinator",
    query: "{ donationItems(first: 50) { nodes { id code name received receivedOn expiresOn \
            category { code name } donor { name kind } location { code name } } pageInfo { hasNextPage } } }",
    path: "/lots",
    refused: 0,
    least: 0.7,
};

pub(super) const ROWS: Read = Read {
    name: "500 rows of 10 fields, 2 refused",
    agency: "UNICEF",
    role: "programmes",
    query: "{ donationItems(first: 500) { nodes { id code name item condition received receivedOn expiresOn \
            donorReference donor { name } } } }",
    path: "/rows",
    refused: 2,
    least: 0.65,
};

/// What the floor does not do is most of it here: each answer is in the journal before it leaves.
pub(super) const PEOPLE: Read = Read {
    name: "500 people, sealed, the read recorded",
    agency: "DIF_MUNICIPAL",
    role: "coordinator",
    query: "{ persons(first: 500) { nodes { id code givenNames familyNames birthDate sex nationality arrivedOn \
            kinship maritalStatus segment } } }",
    path: "/people",
    refused: 7,
    least: 0.65,
};

/// For what people's data is asked; of no moment elsewhere.
const PURPOSE: &str = "RECEPTION";

/// The most CPU, against the floor's.
const MOST_CPU: f64 = 1.5;

pub(super) async fn run(read: &Read, stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let floor = stage.floor().await?;
    let enlace = stage.enlace().await?;
    let token = stage.token(read.agency, read.role)?;
    let body = json!({"query": read.query}).to_string();
    let by_hand = sample(floor.address, post_stating(read.path, &token, PURPOSE, &body)).await?;
    let answer = sample(enlace.address, post_stating("/graphql", &token, PURPOSE, &body)).await?;
    compare(read, &by_hand.answer, &answer.answer)?;

    let many = arguments.connections as usize;
    let mut floor_side = Side {
        server: floor.pid,
        postmaster: stage.postmaster,
        load: Load::connect(floor.address, vec![by_hand; many]).await?,
    };
    let mut enlace_side = Side {
        server: enlace.pid,
        postmaster: stage.postmaster,
        load: Load::connect(enlace.address, vec![answer; many]).await?,
    };
    let duel = Duel::fight(&mut floor_side, &mut enlace_side, arguments.rounds, arguments.seconds).await?;
    drop((floor_side, enlace_side));
    enlace.stop().await?;
    floor.stop().await?;
    Ok(vec![
        Line::both(read.name, "requests/s", duel.rate(), Bound::AtLeast(read.least)),
        Line::both(format!("{}: CPU", read.name), "µs/request", duel.cpu(), Bound::AtMost(MOST_CPU)),
    ])
}

/// Sends a request once, so that each later answer can be compared with this one.
pub(super) async fn sample(address: std::net::SocketAddr, request: Vec<u8>) -> Result<Same, Failure> {
    let answer = Connection::open(address).await?.exchange(&request).await?.to_vec();
    Ok(Same { request, answer })
}

/// The floor's answer and Enlace's have the same data, byte for byte; what Enlace refused follows it.
fn compare(read: &Read, floor: &[u8], enlace: &[u8]) -> Result<(), Failure> {
    let data = floor.strip_suffix(b"}").ok_or("the floor's answer is empty")?;
    let errors = enlace.strip_prefix(data).ok_or_else(|| {
        let text = |bytes| String::from_utf8_lossy(bytes).chars().take(2_000).collect::<String>();
        format!("the answers differ:\n{}\n{}", text(floor), text(enlace))
    })?;
    let refused = errors.windows(15).filter(|part| *part == b"FIELD_FORBIDDEN").count();
    if refused == read.refused { Ok(()) } else { Err(format!("{refused} coordinates are refused").into()) }
}
