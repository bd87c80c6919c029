//! What it costs that a read of people in care is recorded: a page of 50 people, against the same server whose journal takes
//! nothing in.

use serde_json::json;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::{Duel, Side};
use super::super::load::{Load, post_stating};
use super::super::report::{Bound, Line};
use super::super::stage::Stage;
use super::reads::sample;

const MOST_CPU: f64 = 1.15;

/// A difference this small needs more rounds than others.
const ROUNDS: u32 = 2;

/// 50 people with what a shelter's list shows of them.
const QUERY: &str = "{ persons(first: 50) { nodes { id code givenNames familyNames birthDate sex nationality arrivedOn kinship \
                     maritalStatus segment shelter { code } household { code } } } }";

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let without = stage.enlace_without_journal().await?;
    let recording = stage.enlace().await?;
    let token = stage.token("DIF_MUNICIPAL", "coordinator")?;
    let request = post_stating("/graphql", &token, "RECEPTION", &json!({"query": QUERY}).to_string());
    let unrecorded = sample(without.address, request.clone()).await?;
    let recorded = sample(recording.address, request).await?;
    if unrecorded.answer != recorded.answer {
        return Err("the answers with and without recording differ".into());
    }
    let many = arguments.connections as usize;
    let mut off = Side {
        server: without.pid,
        postmaster: stage.postmaster,
        load: Load::connect(without.address, vec![unrecorded; many]).await?,
    };
    let mut on = Side {
        server: recording.pid,
        postmaster: stage.postmaster,
        load: Load::connect(recording.address, vec![recorded; many]).await?,
    };
    let duel = Duel::fight(&mut off, &mut on, arguments.rounds * ROUNDS, arguments.seconds).await?;
    drop((off, on));
    recording.stop().await?;
    without.stop().await?;
    Ok(vec![
        Line::both("50 people, the read recorded: CPU", "µs/request", duel.cpu(), Bound::AtMost(MOST_CPU)),
        Line::both("50 people, the read recorded", "requests/s", duel.rate(), None),
    ])
}
