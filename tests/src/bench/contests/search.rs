//! Searches one after the other: how long 95 of 100 take at most, against a hand-written server with one indexed statement. Both answer the
//! same, byte for byte.

use std::time::Instant;

use serde_json::json;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::Figure;
use super::super::load::{Connection, post};
use super::super::report::{Bound, Line};
use super::super::stage::Stage;

const LOTS: u32 = 48_963;
const AT_MOST: f64 = 3.0;

const QUERY: &str = "query($text: String) { donationItems(text: $text, first: 50) { nodes { id code name received expiresOn } } }";

/// Words, their beginnings, a category in English, and errors of typing.
const TEXTS: &[&str] = &[
    "cobija",
    "arroz",
    "panal",
    "PAÑAL",
    "medic",
    "food",
    "edredón",
    "kit",
    "agua",
    "cobiga",
    "arros",
    "paracetmol",
    "colchonta",
    "infan",
];

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let copy = stage.copy_with(LOTS).await?;
    let (floor, enlace) = (stage.floor_on(&copy).await?, stage.enlace_on(&copy).await?);
    let token = stage.token("DIF_MUNICIPAL", "donation_coordinator")?;
    let mut by_hand = Connection::open(floor.address).await?;
    let mut by_enlace = Connection::open(enlace.address).await?;
    let mut rounds = Vec::new();
    // One that does not count.
    for round in 0..=arguments.rounds {
        let (mut floor_took, mut enlace_took) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            for text in TEXTS {
                let body = json!({"query": QUERY, "variables": {"text": text}}).to_string();
                let begun = Instant::now();
                let expected = by_hand.exchange(&post("/search", &token, &body)).await?.to_vec();
                floor_took.push(begun.elapsed().as_secs_f64() * 1e3);
                let begun = Instant::now();
                let answer = by_enlace.exchange(&post("/graphql", &token, &body)).await?;
                enlace_took.push(begun.elapsed().as_secs_f64() * 1e3);
                if answer != expected {
                    return Err(format!("the answers to {text} differ").into());
                }
            }
        }
        if round > 0 {
            rounds.push((percentile(floor_took), percentile(enlace_took)));
        }
    }
    drop((by_hand, by_enlace));
    enlace.stop().await?;
    floor.stop().await?;
    stage.drop_copy(&copy).await?;
    let figure = Figure::of(rounds.into_iter());
    Ok(vec![Line::both("search in 48,963 lots, the 95th percentile", "ms", figure, Bound::AtMost(AT_MOST))])
}

/// How often each text is looked for in a round.
const TIMES: usize = 8;

/// What 95 of 100 are not above.
pub(super) fn percentile(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * 95 / 100).copied().unwrap_or_default()
}
