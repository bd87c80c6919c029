//! A client that a generator made of what one role sees of the schema: it compiles, and speaks with the server.
//!
//! `shelter_lead.graphql` is what `enlace sdl --as DIF_MUNICIPAL/shelter_lead` prints; the types below come of it and of the
//! documents beside it, when this is compiled. A field that the role may not see is none of them.

use enlace_tests::{Client, World, enlace, fresh_key};
use graphql_client::{GraphQLQuery, Response};
use serde_json::Value as Json;

/// Only what this program reads of a schema is used of what is generated.
#[allow(dead_code, clippy::all, clippy::pedantic, reason = "generated")]
mod made {
    use graphql_client::GraphQLQuery;

    #[derive(GraphQLQuery)]
    #[graphql(
        schema_path = "tests/promises/generated/shelter_lead.graphql",
        query_path = "tests/promises/generated/documents.graphql",
        response_derives = "Debug, PartialEq"
    )]
    pub(super) struct Board;

    #[derive(GraphQLQuery)]
    #[graphql(
        schema_path = "tests/promises/generated/shelter_lead.graphql",
        query_path = "tests/promises/generated/documents.graphql",
        response_derives = "Debug, PartialEq"
    )]
    pub(super) struct Count;
}

use made::{Board, Count, board, count};

const LEAD: &str = "DIF_MUNICIPAL/shelter_lead";
const SDL: &str = include_str!("shelter_lead.graphql");

async fn run<Q: GraphQLQuery>(client: &Client, variables: Q::Variables) -> Response<Q::ResponseData> {
    let answer: Json = client.post(&serde_json::to_value(Q::build_query(variables)).unwrap()).await.json();
    serde_json::from_value(answer.clone()).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn the_schema_that_it_is_made_of_is_the_roles() {
    let printed = enlace("sdl --as").with(LEAD).end();
    let page = "tests/tests/promises/generated/shelter_lead.graphql";
    assert!(printed.out == SDL, "{page} is stale: run  cargo run -q -- sdl --as {LEAD} > {page}");
    assert!(SDL.contains("  givenNames: String") && !SDL.contains("migrationStatus"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_generated_from_a_roles_schema_runs() {
    let world = World::start().await;
    let lead = world.client(&format!("{LEAD}@ALB-01")).stating("RECEPTION");
    let read = async || {
        let answer = run::<Board>(&lead, board::Variables { rows: 3 }).await;
        assert!(answer.errors.is_none(), "{:?}", answer.errors);
        answer.data.unwrap()
    };
    let data = read().await;
    let viewer = data.viewer.unwrap();
    assert_eq!(viewer.shelters, Some(vec!["ALB-01".to_owned()]));
    let persons = data.persons.unwrap();
    assert_eq!(persons.nodes.len(), 3);
    assert!(persons.total_count > 3 && persons.page_info.has_next_page);
    assert!(persons.nodes.iter().all(|person| person.kinship.is_some() && person.household.is_some()));
    let explanation = data.policy_explain.unwrap();
    assert_eq!(explanation.answer, board::PolicyAnswer::DEPENDS);
    assert_eq!(explanation.depends_on.as_deref(), Some("shelter is ALB-01"));

    let shelters = data.shelters.unwrap();
    assert_eq!(shelters.len(), 12);
    let own = shelters.into_iter().find(|shelter| shelter.code == "ALB-01").unwrap();
    let space = own.spaces.unwrap().swap_remove(0);
    let (occupied, version) = (space.occupied.unwrap(), space.version.unwrap());
    let asked =
        |occupied, version| count::Variables { space: space.id.clone(), occupied, version, key: fresh_key() };
    let counted = i64::from(occupied == 0);
    let answer = run::<Count>(&lead, asked(counted, version)).await;
    let Some(count::CountAdjustOccupancy::AdjustOccupancyPayload(payload)) =
        answer.data.unwrap().adjust_occupancy
    else {
        panic!("not counted")
    };
    let space = payload.space.unwrap();
    assert_eq!((space.occupied, space.version), (Some(counted), Some(version + 1)));
    let stale = run::<Count>(&lead, asked(counted, version)).await;
    let Some(count::CountAdjustOccupancy::VersionConflict(conflict)) = stale.data.unwrap().adjust_occupancy
    else {
        panic!("the version is stale")
    };
    assert_eq!(conflict.current_version, version + 1);
    world.stop().await;
}
