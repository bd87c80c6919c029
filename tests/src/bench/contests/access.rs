//! What access control costs: Enlace with its policies, against Enlace with one policy that permits everything.

use serde_json::json;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::{Duel, Side};
use super::super::load::{Load, post};
use super::super::report::{Bound, Line};
use super::super::stage::Stage;
use super::reads::sample;

/// Where the plan settles everything before a row is read.
const SETTLED: f64 = 1.03;
/// Where each row is asked.
const ASKED: f64 = 1.10;

/// A difference this small needs more rounds than others.
const ROUNDS: u32 = 3;

/// 500 rows of ten fields, all of which both callers may read.
const QUERY: &str = "{ donationItems(first: 500) { nodes { id code name item condition received receivedOn \
                     expiresOn category { code } location { code } } } }";

/// Whose rights are settled before a row is read, and whose depend on each row.
const CALLERS: [(&str, &str, &str, f64); 2] = [
    ("access, settled by the plan: CPU", "DIF_MUNICIPAL", "coordinator", SETTLED),
    ("access, settled by each row: CPU", "SEDENA", "kitchen", ASKED),
];

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    // The kitchen reads what is food: with everything food it reads as much with access control as without.
    let database = stage.database().await?;
    database.batch_execute("CREATE TABLE kinds AS SELECT id, stock_kind FROM categories").await?;
    database.batch_execute("UPDATE categories SET stock_kind = 'food'").await?;
    let mut lines = Vec::new();
    for (name, agency, role, most) in CALLERS {
        let cpu = duel(stage, arguments, &stage.token(agency, role)?).await?.cpu();
        lines.push(Line::both(name, "µs/request", cpu, Some(Bound::AtMost(most))));
    }
    database
        .batch_execute("UPDATE categories c SET stock_kind = k.stock_kind FROM kinds k WHERE k.id = c.id; DROP TABLE kinds")
        .await?;
    Ok(lines)
}

async fn duel(stage: &Stage, arguments: &Arguments, token: &str) -> Result<Duel, Failure> {
    let open = stage.enlace_without_access_control().await?;
    let guarded = stage.enlace().await?;
    let request = post("/graphql", token, &json!({"query": QUERY}).to_string());
    let without = sample(open.address, request.clone()).await?;
    let with = sample(guarded.address, request).await?;
    if without.answer != with.answer {
        return Err("the answers with and without access control differ".into());
    }
    let many = arguments.connections as usize;
    let mut off = Side {
        server: open.pid,
        postmaster: stage.postmaster,
        load: Load::connect(open.address, vec![without; many]).await?,
    };
    let mut on = Side {
        server: guarded.pid,
        postmaster: stage.postmaster,
        load: Load::connect(guarded.address, vec![with; many]).await?,
    };
    let duel = Duel::fight(&mut off, &mut on, arguments.rounds * ROUNDS, arguments.seconds).await?;
    drop((off, on));
    guarded.stop().await?;
    open.stop().await?;
    Ok(duel)
}
