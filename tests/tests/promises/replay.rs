//! The whole programme, done by its agencies through the API, each with its own token: what it comes to is the closing table.

use chrono::Utc;
use enlace::replay::{Replay, Speed};
use enlace_schema::demo;
use enlace_tests::{Scratch, World, at};

/// What the records come to when the programme closes.
const CLOSING: [(&str, i64); 13] = [
    ("census_entries", 2_767),
    ("census_departures", 2_767),
    ("families_departed", 922),
    ("dwellings_leased", 461),
    ("basic_education", 128),
    ("adults_revalidated", 80),
    ("rfc_completed", 900),
    ("formal_jobs", 2_000),
    ("medicines_delivered", 714),
    ("people_consulted", 2_767),
    ("articles_donated", 48_963),
    ("births", 14),
    ("shelters_opened", 12),
];

/// An Enlace that holds what there is on the eve of the programme.
async fn eve() -> World {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    demo::load_eve(&mut scratch.connect().await, &scratch.keys().await, Utc::now()).await.unwrap();
    World::with().start_on(scratch).await
}

async fn replay(world: &World, speed: Speed) -> Replay {
    let (issuer, owner) = (world.issuer.clone(), world.database().await);
    Replay::of_the_programme(speed, world.address, issuer, world.enlace.clone(), owner).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_programme_as_its_agencies_do_it_ends_in_the_closing_table() {
    let world = eve().await;
    let mut days = 0;
    let played = replay(&world, Speed::Max).await.play(|_| days += 1).await.unwrap();
    assert_eq!(days, 113, "from 9 December to 31 March");

    let answer = world.public().query("{ indicators(asOf: \"2022-03-31\") { key value } }").await;
    let told = at(&answer, "data.indicators").as_array().unwrap();
    for (key, count) in CLOSING {
        let told = told.iter().find(|indicator| indicator["key"] == key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!(told["value"], count, "{key}: {answer}");
    }
    // Nobody wrote a table: every change is an entry of the journal, of the agency that made it.
    let database = world.database().await;
    let entries: i64 = database.query_one("SELECT count(*) FROM journal_index", &[]).await.unwrap().get(0);
    assert!(entries > i64::try_from(played.acts).unwrap() * 4 / 5, "{entries} entries of {played}");
    world.stop().await;
}
