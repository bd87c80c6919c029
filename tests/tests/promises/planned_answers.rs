//! Planned answers are a stock executor's answers: the planner and the writer change what an answer costs, never what it says.

use crate::reference::documents::{Dice, Random};
use crate::reference::sights::{Caller, one_of_each_role};
use crate::reference::{Reference, Snapshot, client, compare, open_world, world};

/// How many documents of chance, each run with two settings of its variables.
const DOCUMENTS: usize = 300;
/// How many for each caller who is refused something.
const DOCUMENTS_EACH: usize = 16;
const SEED: u64 = 20_220_131;

#[tokio::test(flavor = "multi_thread")]
async fn random_documents_are_answered_as_a_stock_executor_answers_them() {
    let world = open_world().await;
    let snapshot = Snapshot::taken().await;
    let caller = Caller::of_an_open_world();
    let reference = Reference::asking(&world, snapshot, &caller).await;
    let client = client(&world, &caller);
    let mut dice = Dice::new(SEED);
    for _ in 0..DOCUMENTS {
        let document = Random::new(snapshot, &mut dice);
        // The second time its plan may be a kept one, for other variables or for the same.
        for _ in 0..2 {
            let variables = document.variables(&mut dice);
            let expected = compare(&client, &reference, &document.text, document.operation, &variables).await;
            assert!(expected.refused().is_empty(), "{:?}", expected.asked);
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_values_are_null_and_told_where_a_stock_executor_meets_them() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let mut dice = Dice::new(SEED + 1);
    let (mut refused_everywhere, mut refused_somewhere) = (0, 0);
    for caller in one_of_each_role() {
        let reference = Reference::asking(&world, snapshot, &caller).await;
        let client = client(&world, &caller);
        for _ in 0..DOCUMENTS_EACH {
            let document = Random::new(snapshot, &mut dice);
            let variables = document.variables(&mut dice);
            let expected = compare(&client, &reference, &document.text, document.operation, &variables).await;
            for asked in expected.refused().values() {
                if asked.refused.len() < asked.places {
                    refused_somewhere += 1;
                } else {
                    refused_everywhere += 1;
                }
            }
        }
    }
    assert!(refused_everywhere > 100, "chance asks for what is refused: {refused_everywhere}");
    assert!(refused_somewhere > 3, "and for what is refused of some records: {refused_somewhere}");
    world.stop().await;
}
