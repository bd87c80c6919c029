//! The copy for whoever asks for access to their data (R20): two published documents, which leave out nothing that is held of a person.

use std::collections::BTreeSet;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};
use enlace_policies::Class;
use enlace_tests::{World, at, codes};
use serde_json::json;
use uuid::Uuid;

use crate::reference::{SCHEMA, class_of};

use super::sharing::entries;
use super::{asking, person_id};

const COPY: &str = include_str!("../../../../docs/arco-copy.graphql");

/// Types of which nothing is kept: what is computed of other records when it is asked for, and what tells that something happened.
const COMPUTED: &[&str] = &[
    "DuplicateCandidate",
    "IncidentChange",
    "JobMatch",
    "PeopleChange",
    "PlacementProposal",
    "PlacementReason",
    "PrenatalControl",
    "ProposedPlace",
    "VaccinationScheme",
    "VaccineDoses",
];

/// Types that tell of a dwelling and of nobody who lives there.
const OF_NOBODY: &[&str] = &["DwellingVisit"];

/// The fields that a document selects, as `Person.code`.
fn selected(set: &SelectionSet, found: &mut BTreeSet<String>) {
    for selection in &set.selections {
        match selection {
            Selection::Field(field) => {
                found.insert(format!("{}.{}", set.ty, field.name));
                selected(&field.selection_set, found);
            }
            Selection::InlineFragment(fragment) => selected(&fragment.selection_set, found),
            Selection::FragmentSpread(spread) => panic!("the copy spreads {}", spread.fragment_name),
        }
    }
}

/// Whoever adds something that is held of a person adds it to the copy, or says that nothing of it is kept.
#[test]
fn the_copy_leaves_out_nothing_that_is_held_of_a_person() {
    let document = ExecutableDocument::parse_and_validate(&SCHEMA.0, COPY, "arco-copy.graphql")
        .unwrap_or_else(|faulty| panic!("{}", faulty.errors));
    let mut copied = BTreeSet::new();
    for operation in document.operations.iter() {
        selected(&operation.selection_set, &mut copied);
    }
    let mut missing = BTreeSet::new();
    for object in SCHEMA.objects() {
        let name = object.name.as_str();
        let is_a_root = matches!(name, "Query" | "Mutation" | "Subscription");
        if is_a_root || name.ends_with("Payload") || COMPUTED.contains(&name) || OF_NOBODY.contains(&name) {
            continue;
        }
        for field in object.fields.values().filter(|field| SCHEMA.target(field).is_none()) {
            let personal = class_of(field).and_then(Class::named).is_some_and(Class::is_personal);
            let coordinate = format!("{name}.{}", field.name);
            if personal && !copied.contains(&coordinate) {
                missing.insert(coordinate);
            }
        }
    }
    assert_eq!(missing, BTreeSet::new(), "what docs/arco-copy.graphql leaves out");
    for name in COMPUTED.iter().chain(OF_NOBODY) {
        assert!(SCHEMA.objects().any(|object| object.name == *name), "there is no {name}");
    }
}

/// Each document is answered whole to the one whom it is for, within the limits, of a minor too; each reading stands in the journal.
#[tokio::test(flavor = "multi_thread")]
async fn the_copy_is_read_whole_by_those_who_may_and_stands_in_the_journal() {
    let world = World::start().await;
    let coordinator = asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"));
    let clinician = asking(&world, ("ISESALUD/clinician", "HEALTH_CARE"));
    let database = world.database().await;
    let grown = "SELECT person_id FROM assessments JOIN intakes USING (person_id) JOIN persons ON persons.id = person_id \
                 JOIN work_profiles USING (person_id) WHERE adult_from < '2022-01-01' ORDER BY 1 LIMIT 1";
    let minor = "SELECT person_id FROM assessments JOIN persons ON persons.id = person_id WHERE adult_from > '2022-12-31' ORDER BY 1 LIMIT 1";
    let documents = ExecutableDocument::parse(&SCHEMA.0, COPY, "arco-copy.graphql").unwrap();
    let of = |name: &str| documents.operations.get(Some(name)).unwrap().to_string();
    let (without_health, of_health) = (of("CopyWithoutHealth"), of("CopyOfHealth"));
    for chosen in [grown, minor] {
        let person: Uuid = database.query_one(chosen, &[]).await.unwrap().get(0);
        let variables = json!({"person": person_id(person)});
        let copy = coordinator.run(&without_health, variables.clone()).await;
        assert_eq!(codes(&copy), Vec::<String>::new(), "{copy}");
        assert!(
            at(&copy, "data.person.givenNames").is_string()
                && at(&copy, "data.person.household.code").is_string()
        );
        let copy = clinician.run(&of_health, variables.clone()).await;
        assert_eq!(codes(&copy), Vec::<String>::new(), "{copy}");
        assert!(at(&copy, "data.person.assessments.0.risk").is_string(), "{copy}");
        // Of health the coordinator reads nothing, whatever it asks.
        let refused = coordinator.run(&of_health, variables).await;
        let refused = codes(&refused);
        assert!(refused.len() >= 6 && refused.iter().all(|code| code == "FIELD_FORBIDDEN"), "{refused:?}");
        let read: BTreeSet<String> = entries(&world, "journal.read", person)
            .await
            .iter()
            .flat_map(|entry| entry["classes"].as_array().unwrap().clone())
            .map(|class| class.as_str().unwrap().to_owned())
            .collect();
        for class in ["IDENTITY", "MIGRATION", "HEALTH", "EMPLOYMENT", "HOUSING", "SECURITY", "CONSENT"] {
            assert!(read.contains(class), "{class} {read:?}");
        }
    }
    world.stop().await;
}
