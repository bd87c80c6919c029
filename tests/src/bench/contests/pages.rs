//! A page of 50 lots takes as long whatever there is beside it: from 48,963 and from 489,630 lots against one from 4,896, in every way in
//! which lots are found, the first page and one near the end.

use std::fmt::Write;
use std::time::Instant;

use serde_json::{Value as Json, json};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::{Figure, median};
use super::super::load::{Connection, post};
use super::super::report::{Bound, Line};
use super::super::server::Server;
use super::super::stage::Stage;

/// How many lots there are, and how much longer than with the fewest a page may take.
const SIZES: [(u32, &str, f64); 3] =
    [(4_896, "4,896", 1.0), (48_963, "48,963", 1.1), (489_630, "489,630", 1.2)];

/// How often a page is read in a turn.
const TIMES: usize = 12;
/// How many turns there are for one of another contest: of so many ways the worst counts, and what disturbs one must not make it.
const TURNS: u32 = 4;

/// Where a page near the end begins: so many lots before it.
const NEAR_THE_END: &[u32] = &[101, 151, 201, 251, 301, 351, 401, 451];

/// A way of finding lots, and who finds them so.
struct Way {
    name: String,
    /// Whether they come as a text fits them.
    by_fit: bool,
    agency: &'static str,
    role: &'static str,
    arguments: String,
}

/// One size's server, with what is asked of it.
struct Side {
    copy: String,
    server: Server,
    connection: Connection,
}

impl Side {
    async fn set(stage: &Stage, copy: String) -> Result<Self, Failure> {
        let server = stage.enlace_on(&copy).await?;
        let connection = Connection::open(server.address).await?;
        Ok(Self { copy, server, connection })
    }

    async fn answer(&mut self, request: &[u8]) -> Result<Json, Failure> {
        Ok(serde_json::from_slice(self.connection.exchange(request).await?)?)
    }

    /// How long a page takes, in milliseconds: the median of some.
    async fn time(&mut self, request: &[u8]) -> Result<f64, Failure> {
        let mut took = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let begun = Instant::now();
            self.connection.exchange(request).await?;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        Ok(median(took.into_iter()))
    }
}

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let mut copies = Vec::new();
    for (lots, ..) in SIZES {
        eprintln!("enlace-bench: making {lots} lots …");
        copies.push(stage.copy_with(lots).await?);
    }
    // Only now: a server closes a connection on which nothing comes for as long as the largest copy takes to be made.
    let mut sides = Vec::new();
    for copy in copies {
        sides.push(Side::set(stage, copy).await?);
    }
    let fewest = sides.first().ok_or("no side")?;
    // What many lots share in each of the copies: they are all made alike.
    let ways = ways(&stage.database_of(&fewest.copy).await?).await?;
    let mut worst: Vec<Option<(Figure, String)>> = vec![None; SIZES.len()];
    for way in &ways {
        let token = stage.token(way.agency, way.role)?;
        for deep in [false, true] {
            let mut requests = Vec::new();
            for side in &mut sides {
                requests.push(request(side, &token, way, deep).await?);
            }
            let mut rounds = Vec::new();
            for round in 0..=arguments.rounds * TURNS {
                let mut took = Vec::new();
                for (side, request) in sides.iter_mut().zip(&requests) {
                    took.push(side.time(request).await?);
                }
                // One that does not count.
                if round > 0 {
                    rounds.push(took);
                }
            }
            let name = format!("{}, {}", way.name, if deep { "deep" } else { "first" });
            let mut told = name.clone();
            for (place, worst) in worst.iter_mut().enumerate().skip(1) {
                let of = |took: &Vec<f64>| {
                    (took.first().copied().unwrap_or_default(), took.get(place).copied().unwrap_or_default())
                };
                let figure = Figure::of(rounds.iter().map(of));
                let _infallible =
                    write!(told, " · {:.2} to {:.2} ms, {:.3}", figure.floor, figure.enlace, figure.ratio);
                if worst.as_ref().is_none_or(|(worst, _)| worst.ratio < figure.ratio) {
                    *worst = Some((figure, name.clone()));
                }
            }
            eprintln!("enlace-bench: {told}");
        }
    }
    let mut lines = Vec::new();
    for ((_, lots, bound), worst) in SIZES.into_iter().zip(worst) {
        if let Some((figure, name)) = worst {
            let name =
                format!("page from {lots} lots against 4,896; the worst of {}: {name}", 2 * ways.len());
            lines.push(Line::both(name, "ms", figure, Bound::AtMost(bound)));
        }
    }
    for Side { copy, server, connection } in sides {
        drop(connection);
        server.stop().await?;
        stage.drop_copy(&copy).await?;
    }
    Ok(lines)
}

/// The request for 50 lots: the first ones, or some near the end.
async fn request(side: &mut Side, token: &str, way: &Way, deep: bool) -> Result<Vec<u8>, Failure> {
    let ask = |window: &str| {
        let arguments = &way.arguments;
        let query = format!(
            "{{ donationItems({arguments} {window}) {{ nodes {{ id code name received receivedOn expiresOn }} \
             pageInfo {{ hasNextPage startCursor }} }} }}"
        );
        post("/graphql", token, &json!({"query": query}).to_string())
    };
    let mut found = None;
    for from_the_end in if deep { NEAR_THE_END } else { &[0] } {
        let window = if *from_the_end > 0 {
            let end = side.answer(&ask(&format!("last: {from_the_end}"))).await?;
            let cursor = end.pointer("/data/donationItems/pageInfo/startCursor").and_then(Json::as_str);
            format!("first: 50, after: \"{}\"", cursor.ok_or_else(|| format!("{}: {end}", way.name))?)
        } else {
            "first: 50".to_owned()
        };
        let request = ask(&window);
        let answer = side.answer(&request).await?;
        let rows = answer.pointer("/data/donationItems/nodes").and_then(Json::as_array);
        let names: Vec<&Json> = rows.into_iter().flatten().map(|row| &row["name"]).collect();
        if names.len() != 50 {
            return Err(format!("{} {window}: {} rows of 50", way.name, names.len()).into());
        }
        // As a text fits them lots come item by item, and each that a page shows is looked up: pages of one are compared, where
        // there is such a page.
        if !way.by_fit || names.iter().all(|name| Some(name) == names.first()) {
            return Ok(request);
        }
        found.get_or_insert(request);
    }
    found.ok_or_else(|| format!("{}: no page", way.name).into())
}

/// The column that holds what an argument names, and the rows of lots that have it.
fn shared(argument: &str) -> (&'static str, &'static str) {
    match argument {
        "location" => {
            ("balances.location_id", "lots JOIN balances ON lot_id = lots.id AND balances.quantity > 0")
        }
        "category" => ("lots.category_id", "lots"),
        "item" => ("lots.item_id", "lots"),
        "donor" => ("lots.donor_id", "lots"),
        _ => ("lots.donation_id", "lots"),
    }
}

/// An argument that names a record.
fn named(argument: &str, uuid: Uuid) -> String {
    let id = enlace_schema::GlobalId { kind: argument.to_owned(), uuid };
    format!("{argument}: \"{id}\"")
}

/// Every combination that the API offers, by what most lots share; of a range of expiry; by texts; and for who sees goods of one kind.
async fn ways(database: &Database) -> Result<Vec<Way>, Failure> {
    let most = async |argument: &str, condition: &str| -> Result<String, Failure> {
        let (column, rows) = shared(argument);
        let most = format!(
            "SELECT {column} FROM {rows} WHERE {condition} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        );
        Ok(named(argument, database.query_one(&most, &[]).await?.try_get(0)?))
    };
    let mut ways = Vec::new();
    for (agency, role, condition) in [
        ("DIF_MUNICIPAL", "donation_coordinator", "true"),
        ("ISESALUD", "clinician", "lots.stock_kind = 'medical'"),
    ] {
        for combination in enlace_schema::combinations() {
            let narrow = role == "clinician"
                && combination.by.iter().any(|by| !matches!(*by, "category" | "location"));
            if narrow {
                continue;
            }
            let mut arguments = Vec::new();
            for by in &combination.by {
                arguments.push(most(by, condition).await?);
            }
            let by = if combination.by.is_empty() { "all".to_owned() } else { combination.by.join(" and ") };
            let name = format!("{role}: {by}, {}", combination.order);
            arguments.push(format!("orderBy: {}", combination.order));
            let arguments = arguments.join(" ");
            ways.push(Way { name: name.clone(), by_fit: false, agency, role, arguments: arguments.clone() });
            if combination.expiry && role != "clinician" {
                let arguments =
                    format!("{arguments} expiresFrom: \"2022-01-15\" expiresBefore: \"2022-12-15\"");
                ways.push(Way { name: name + " in a range", by_fit: false, agency, role, arguments });
            }
        }
        for also in [None, Some("category"), Some("location")] {
            // The first word of a name, and what is selected beside it, that most lots have.
            let (column, rows) = match also {
                Some(argument) => shared(argument),
                None => ("NULL::uuid", "lots"),
            };
            let most = format!(
                "SELECT {column}, split_part(lots.item_name, ' ', 1) FROM {rows} WHERE {condition} GROUP BY 1, 2 \
                 ORDER BY count(*) DESC, 1, 2 LIMIT 1"
            );
            let row = database.query_one(&most, &[]).await?;
            let (id, text): (Option<Uuid>, String) = (row.try_get(0)?, row.try_get(1)?);
            let other = also.zip(id).map(|(argument, uuid)| named(argument, uuid)).unwrap_or_default();
            let name = format!("{role}: text {}", also.map(|also| format!("and {also}")).unwrap_or_default());
            ways.push(Way {
                name: name.trim().to_owned(),
                by_fit: true,
                agency,
                role,
                arguments: format!("text: \"{text}\" {other}"),
            });
        }
    }
    let text = "text: \"GEN-000\"".to_owned();
    let (agency, role) = ("DIF_MUNICIPAL", "donation_coordinator");
    ways.push(Way {
        name: format!("{role}: the beginning of a code"),
        by_fit: false,
        agency,
        role,
        arguments: text,
    });
    Ok(ways)
}
