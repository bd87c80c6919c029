//! How many statements a document runs depends on the document, and not on how many rows its pages have.

use enlace_tests::{Plans, Scratch, World, at};
use serde_json::{Value as Json, json};

const GUIDE: &str = include_str!("../../../docs/integrators.md");

/// No document of the guide runs more, of whatever page size.
const MOST: usize = 12;
/// How many more a long page may run: what the first rows have nothing of.
const MORE: usize = 2;
/// Rows of a page; as long as the cost of the guide's largest document lets it be.
const LONG: usize = 100;

/// Those who see the most of what the guide asks for.
const CALLERS: [&str; 3] = ["DIF_MUNICIPAL/coordinator", "ISESALUD/clinician", "CNDH/witness"];

/// The queries that the guide sends, with their variables.
fn documents() -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for (place, _) in GUIDE.match_indices(r#"{"query":"#) {
        let mut request = serde_json::Deserializer::from_str(&GUIDE[place..]).into_iter::<Json>();
        let request =
            request.next().unwrap().unwrap_or_else(|error| panic!("{error}: {}", &GUIDE[place..place + 200]));
        let text = request["query"].as_str().unwrap().to_owned();
        if text.starts_with('{') || text.starts_with("query") {
            found.push((text, request["variables"].clone()));
        }
    }
    found
}

/// The document with pages of so many rows.
fn with_pages_of(rows: usize, document: &str) -> String {
    let pieces: Vec<&str> = document
        .split("first: ")
        .enumerate()
        .map(
            |(place, piece)| {
                if place == 0 { piece } else { piece.trim_start_matches(|c: char| c.is_ascii_digit()) }
            },
        )
        .collect();
    pieces.join(&format!("first: {rows}"))
}

/// A household of the programme in the place of the one that a guide's reader names.
async fn variables(world: &World, variables: &Json) -> Json {
    if variables.get("household").is_none() {
        return variables.clone();
    }
    let client = world.client(CALLERS[0]).stating("RECEPTION");
    let found = client.query("{ households(first: 1) { nodes { id } } }").await;
    json!({"household": at(&found, "data.households.nodes.0.id")})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_of_the_guide_runs_as_many_statements_for_a_long_page_as_for_a_short_one() {
    let scratch = Scratch::with_programme().await;
    Plans::tell(&scratch.connect().await).await;
    let world = World::with().set("readers", 1).start_on(scratch).await;
    let mut plans = Plans::new(&world).await;
    let documents = documents();
    assert!(documents.len() > 15, "the guide's documents are found: {}", documents.len());
    for (document, named) in documents {
        let variables = variables(&world, &named).await;
        for caller in CALLERS {
            let client = world.client(caller).stating("RECEPTION");
            let mut ran = Vec::new();
            for rows in [2, LONG] {
                let text = with_pages_of(rows, &document);
                let mut fewest = usize::MAX;
                // The server's own statements come now and then; a document's come each time.
                for _ in 0..3 {
                    plans.next().await;
                    let answer = client.run(&text, variables.clone()).await;
                    assert!(at(&answer, "data").is_object(), "{text}: {answer}");
                    fewest = fewest.min(plans.next().await.len());
                }
                ran.push(fewest);
            }
            assert!(
                ran.iter().all(|ran| *ran <= MOST) && ran[1] <= ran[0] + MORE,
                "{caller} {ran:?}: {document}"
            );
        }
    }
    world.stop().await;
}
