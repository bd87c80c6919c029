//! Where households could lodge, in twelve shelters of 3,000 beds of which 97 in 100 are taken: how long 95 of 100 questions take at most,
//! against a hand-written server with one statement that finds enough free beds in one space. Enlace opens what each person needs,
//! explains its proposals, and has the journal know whom they tell of before it answers.

use std::time::Instant;

use serde_json::json;
use uuid::Uuid;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::Figure;
use super::super::load::{Connection, post, post_stating};
use super::super::report::{Bound, Line};
use super::super::stage::Stage;
use super::search::percentile;

/// Milliseconds.
const LIMIT: f64 = 50.0;

/// How many households of each size from one to seven are asked about in a round.
const OF_EACH_SIZE: i64 = 8;

const QUERY: &str = "query($household: ID!) { placementProposals(household: $household) { penalty roomLeft shelter { code } \
    reasons { ground text count penalty } places { segmentFits unmetNeeds person { id } bed { id code space { code } } } } }";

/// Beds for every place, and somebody in 97 of 100.
const NEARLY_FULL: &str = "\
UPDATE spaces SET occupied = 0 WHERE beds = 0; \
INSERT INTO beds (id, space_id, code, suits) SELECT gen_random_uuid(), id, 'C-' || number, \
    CASE WHEN number % 9 = 0 THEN '{COT}' WHEN number % 3 = 1 THEN '{LOWER_BED,NEAR_TOILETS}' ELSE '{}' END::text[] \
    FROM spaces, generate_series(1, capacity) AS number WHERE beds = 0; \
UPDATE beds SET occupied = true FROM spaces, shelters WHERE spaces.id = space_id AND shelters.id = shelter_id AND NOT beds.occupied \
    AND hold_id IS NULL AND blocked_for IS NULL AND abs(hashtext(shelters.code || spaces.code || beds.code)) % 100 < 97; \
ANALYZE beds, spaces";

const HOUSEHOLDS: &str = "\
SELECT id, people FROM ( \
    SELECT household_id AS id, count(*) AS people, row_number() OVER (PARTITION BY count(*) ORDER BY household_id) AS place FROM persons \
    GROUP BY household_id HAVING count(*) <= 7 AND bool_and(id NOT IN (SELECT person_id FROM stays))) AS of_size \
WHERE place <= $1 ORDER BY id";

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let copy = stage.copy_with(0).await?;
    let database = stage.database_of(&copy).await?;
    database.batch_execute(NEARLY_FULL).await?;
    let households: Vec<(Uuid, i64)> = database
        .query(HOUSEHOLDS, &[&OF_EACH_SIZE])
        .await?
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, Failure>>()?;
    drop(database);
    let (floor, enlace) = (stage.floor_on(&copy).await?, stage.enlace_on(&copy).await?);
    let token = stage.token("DIF_MUNICIPAL", "coordinator")?;
    let mut by_hand = Connection::open(floor.address).await?;
    let mut by_enlace = Connection::open(enlace.address).await?;
    let mut rounds = Vec::new();
    // One that does not count.
    for round in 0..=arguments.rounds {
        let (mut floor_took, mut enlace_took) = (Vec::new(), Vec::new());
        for (household, people) in &households {
            let id = enlace_schema::GlobalId { kind: "household".to_owned(), uuid: *household }.to_string();
            let body =
                json!({"query": QUERY, "variables": {"household": id}, "extensions": {"people": people}});
            let body = body.to_string();
            let begun = Instant::now();
            by_hand.exchange(&post("/beds", &token, &body)).await?;
            floor_took.push(begun.elapsed().as_secs_f64() * 1e3);
            let begun = Instant::now();
            let answer = by_enlace.exchange(&post_stating("/graphql", &token, "RECEPTION", &body)).await?;
            enlace_took.push(begun.elapsed().as_secs_f64() * 1e3);
            if !answer.starts_with(br#"{"data":{"placementProposals":[{"penalty":"#) {
                return Err(format!("nothing was proposed: {}", String::from_utf8_lossy(answer)).into());
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
    let what = "where households could lodge, 97 % taken, the 95th percentile";
    Ok(vec![Line::both(what, "ms", figure, Bound::Under(LIMIT))])
}
