//! The census in the schema.

use enlace_policies::Class;

use crate::agencies::{self, Agency};
use crate::census::episodes::Episode;
use crate::census::intake::Intake;
use crate::census::{
    Consent, Household, Person, arco, consents, duplicates, episodes, following, intake, load, pickup,
    registering, search, together, updating,
};
use crate::coordination;
use crate::departures::{self, Departure};
use crate::donations::{HouseholdDelivery, deliveries_of_households};
use crate::education;
use crate::employment;
use crate::graph::{ConnectionKind, Graph};
use crate::health;
use crate::housing::{self, Tenancy};
use crate::incidents;
use crate::lodging::{self, PlacementOverride, Stay};
use crate::shelters::{self, Shelter};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    person(graph);
    household(graph);
    consent(graph);
    arco::register(graph);
    consents::register(graph);
    duplicates::register(graph);
    episodes::register(graph);
    following::register(graph);
    intake::register(graph);
    pickup::register(graph);
    registering::register(graph);
    updating::register(graph);
    together::register(graph);
    search::register(graph);
    graph.node::<Person, _, _>(Class::Identity, load::persons_by_ids);
    graph.node::<Household, _, _>(Class::Family, load::households_by_ids);
    graph.node::<Consent, _, _>(Class::Consent, load::consents_by_ids);
    graph
        .query("persons", Class::Identity, "People in the programme's care. Needs a purpose.")
        .bounded_by("household")
        .connection(
            ConnectionKind { node: "Person", connection: "PersonConnection", edge: "PersonEdge" },
            load::persons,
        );
    graph.query("households", Class::Family, "The households of those people. Needs a purpose.").connection(
        ConnectionKind { node: "Household", connection: "HouseholdConnection", edge: "HouseholdEdge" },
        load::households,
    );
}

fn person(graph: &mut Graph) {
    graph.object::<Person>(|person| {
        let person = person
            .one(
                "household",
                Class::Family,
                "The household that they came with.",
                |person| Some(person.household_id),
                load::households_by_ids,
                |household: &Household| household.id.uuid(),
            )
            .in_scope::<Household>()
            .one(
                "shelter",
                Class::Placement,
                "The shelter where they lodge; null where they lodge in none.",
                |person| person.shelter_id,
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "stays",
                Class::Placement,
                "Where they lay and lie, oldest first. `Query.stays` shows it page by page.",
                |person| Some(person.id.uuid()),
                lodging::stays_of,
                |stay: &Stay| stay.person_id,
            )
            .in_scope::<Stay>()
            .many(
                "placementOverrides",
                Class::Placement,
                "Where it was asked that they lie though it does not suit them, oldest first.",
                |person| Some(person.id.uuid()),
                lodging::overrides_of,
                |of: &PlacementOverride| of.person_id,
            )
            .in_scope::<PlacementOverride>()
            .many(
                "episodes",
                Class::Identity,
                "When they were here, oldest first.",
                |person| Some(person.id.uuid()),
                episodes::episodes_of,
                |episode: &Episode| episode.person_id,
            )
            .in_scope::<Episode>()
            .many(
                "departures",
                Class::Identity,
                "When they were to go and went, in the order in which it was planned.",
                |person| Some(person.id.uuid()),
                departures::departures_of,
                |departure: &Departure| departure.person_id,
            )
            .in_scope::<Departure>()
            .many(
                "intakes",
                Class::Family,
                "What was said of their vaccinations and work when they were registered, in the order in which it was begun.",
                |person| Some(person.id.uuid()),
                intake::intakes_of,
                |intake: &Intake| intake.person_id,
            )
            .in_scope::<Intake>()
            .one(
                "mergedInto",
                Class::Identity,
                "The record of the same person that goes on in the place of this one; null where this one does.",
                |person| person.merged_into,
                load::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .many(
                "mergedFrom",
                Class::Identity,
                "Other records of the same person, which were merged into this one: what was recorded of each stays with it.",
                |person| Some(person.id.uuid()),
                load::merged_from,
                |person: &Person| person.merged_into.unwrap_or_default(),
            )
            .in_scope::<Person>()
            .many(
                "consents",
                Class::Consent,
                "What they agreed to, oldest first.",
                |person| Some(person.id.uuid()),
                load::consents_of,
                |consent: &Consent| consent.person_id,
            )
            .in_scope::<Consent>();
        let person = health::of_a_person(coordination::of_a_person(person));
        incidents::of_a_person(employment::of_a_person(education::of_a_person(person)))
    });
}

fn household(graph: &mut Graph) {
    graph.object::<Household>(|household| {
        household
            .many(
                "members",
                Class::Identity,
                "Its members whom the caller may see, in the order of their registration.",
                |household| Some(household.id.uuid()),
                load::members_of,
                |person: &Person| person.household_id,
            )
            .in_scope::<Person>()
            .one(
                "shelter",
                Class::Family,
                "The shelter where it lodges; null where it lodges in none.",
                |household| household.shelter_id,
                shelters::by_ids,
                |shelter: &Shelter| shelter.id.uuid(),
            )
            .many(
                "deliveries",
                Class::Family,
                "What it was given by its pickup code, oldest first.",
                |household| Some(household.id.uuid()),
                deliveries_of_households,
                |delivery: &HouseholdDelivery| delivery.household_id,
            )
            .identifying()
            .many(
                "tenancies",
                Class::Housing,
                "Where it lives and lived, in the order in which it was signed for.",
                |household| Some(household.id.uuid()),
                housing::tenancies_of_households,
                |tenancy: &Tenancy| tenancy.household_id,
            )
            .in_scope::<Tenancy>()
    });
}

fn consent(graph: &mut Graph) {
    graph.object::<Consent>(|consent| {
        consent
            .one(
                "person",
                Class::Identity,
                "Whose it is.",
                |consent| Some(consent.person_id),
                load::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "recipient",
                Class::Consent,
                "The agency that may read.",
                |consent| Some(consent.recipient_id),
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
    });
}
