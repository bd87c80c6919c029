//! As an attacker would: every role tries every coordinate of every other, on every way that there is to it (R6).
//!
//! What each try ought to be answered is worked out by [`Reference`]; what came of them all is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use apollo_compiler::schema::ExtendedType;
use enlace_tests::{Client, World, at, codes};
use serde_json::{Value as Json, json};

use super::arguments::{may_give, values};
use super::matrix::is_shown_by_queries;
use super::writes::usable_roots;
use crate::reference::documents::{Style, everything, found, is_elsewhere};
use crate::reference::sights::{Caller, one_of_each_role};
use crate::reference::{
    Expected, Pseudonyms, Reference, SCHEMA, Snapshot, class_of, client, compare, errors, is_a_refusal,
    is_withheld, say, world,
};

/// The ways to a value.
const WAYS: [&str; 9] = [
    "list",
    "alias",
    "inline fragment",
    "named fragment",
    "node",
    "foreign id",
    "nested edge",
    "argument",
    "operation",
];

/// For how many records a document asks, so that there are fewer documents. What tells who someone is comes one by one:
/// together they are a list, in which no minor has an identity.
fn together(object: &str) -> usize {
    let identifies = SCHEMA.object(object).fields.values().any(|field| class_of(field) == Some("IDENTITY"));
    if identifies || object == "Household" { 1 } else { 10 }
}

/// What came of the tries of one way: refused or answered, by coordinate.
#[derive(Default)]
struct Outcome {
    refused: BTreeSet<String>,
    answered: BTreeSet<String>,
}

impl Outcome {
    /// What a document asks for, and what of it was answered somewhere.
    fn note(&mut self, asked: impl IntoIterator<Item = String>, expected: &Expected) {
        for coordinate in asked {
            let open =
                expected.asked.get(&coordinate).is_some_and(|asked| asked.refused.len() < asked.places);
            self.settle(coordinate, open);
        }
    }

    fn settle(&mut self, coordinate: String, answered: bool) {
        if answered {
            self.refused.remove(&coordinate);
            self.answered.insert(coordinate);
        } else if !self.answered.contains(&coordinate) {
            self.refused.insert(coordinate);
        }
    }
}

/// One line of the report.
fn line(report: &mut String, who: &str, refused: usize, answered: usize) {
    writeln!(report, "attack: {who:<40}{:>6}{refused:>9}{answered:>10}", refused + answered).unwrap();
}

/// The coordinates of an object type that have a class.
fn coordinates(object: &str) -> impl Iterator<Item = String> {
    let object = SCHEMA.object(object);
    let fields = object
        .fields
        .values()
        .filter(|field| class_of(field).is_some() && !is_elsewhere(object, &field.name));
    fields.map(|field| format!("{}.{}", object.name, field.name))
}

/// The object types whose every field this attack asks for.
fn targets() -> BTreeSet<&'static str> {
    let objects =
        SCHEMA.objects().filter(|object| object.name != "Query" && is_shown_by_queries(&object.name));
    objects.map(|object| object.name.as_str()).filter(|object| coordinates(object).next().is_some()).collect()
}

/// The lists, with the types that they lead to and how many edges to go on from there.
fn lists(snapshot: &Snapshot) -> Vec<(String, &'static str, usize)> {
    let fullest = snapshot.pages.stock.iter().max_by_key(|(id, held)| (held.len(), *id)).unwrap().0;
    let family = snapshot.pages.families.keys().next().unwrap();
    vec![
        ("viewer".into(), "Viewer", 1),
        // Grants are reached through their users alone.
        ("agencies".into(), "Agency", 3),
        ("shelters".into(), "Shelter", 1),
        ("centres".into(), "Centre", 2),
        ("categories".into(), "Category", 1),
        ("locations".into(), "Location", 1),
        ("catalogue".into(), "CatalogueItem", 0),
        ("campaigns".into(), "Campaign", 0),
        ("kits".into(), "Kit", 1),
        ("entitlements".into(), "Entitlement", 1),
        ("kitchens".into(), "Kitchen", 1),
        ("courses".into(), "Course", 0),
        ("courseGroups(first: 2)".into(), "CourseGroupConnection", 1),
        ("schools".into(), "School", 1),
        ("inspections(first: 6)".into(), "InspectionConnection", 1),
        ("inspectionFindings(first: 3)".into(), "InspectionFindingConnection", 1),
        ("mealServices(first: 3)".into(), "MealServiceConnection", 1),
        ("householdDeliveries(last: 6)".into(), "HouseholdDeliveryConnection", 1),
        ("donors(first: 6)".into(), "DonorConnection", 1),
        ("donations(last: 6)".into(), "DonationConnection", 1),
        ("donationItems(first: 9)".into(), "DonationItemConnection", 1),
        ("requests(last: 6)".into(), "SupplyRequestConnection", 1),
        ("shipments(first: 6)".into(), "ShipmentConnection", 1),
        ("reservations(first: 6)".into(), "ReservationConnection", 1),
        ("stockCounts(first: 2)".into(), "StockCountConnection", 1),
        ("containers(first: 4)".into(), "ContainerConnection", 1),
        ("facilityChecks(last: 3)".into(), "FacilityCheckConnection", 1),
        (format!("stock(location: \"{fullest}\", first: 5)"), "StockConnection", 1),
        ("persons(first: 20)".into(), "PersonConnection", 1),
        (format!("persons(household: \"{family}\")"), "PersonConnection", 1),
        ("households(first: 4)".into(), "HouseholdConnection", 1),
        ("referrals(first: 12)".into(), "ReferralConnection", 1),
    ]
}

/// The types that a document of [`everything`] within so many edges of a type asks for.
fn asked_from(object: &str, depth: usize) -> BTreeSet<&'static str> {
    let node = SCHEMA.object(object.strip_suffix("Connection").unwrap_or(object));
    let mut asked = BTreeSet::from([node.name.as_str()]);
    if depth > 0 {
        let targets = node.fields.values().filter_map(|field| SCHEMA.target(field));
        asked.extend(targets.flat_map(|target| asked_from(&target.name, depth - 1)));
    }
    asked
}

async fn by_lists(client: &Client, reference: &Reference<'_>, way: Style, outcome: &mut Outcome) {
    for (root, object, depth) in lists(reference.snapshot) {
        let document = everything(&root, object, depth, way);
        let expected = compare(client, reference, &document, None, &json!({})).await;
        outcome.note(asked_from(object, depth).into_iter().flat_map(coordinates), &expected);
        let name = root.split('(').next().unwrap();
        outcome.note([format!("Query.{name}")], &expected);
    }
}

/// A few records of each type, with whatever a rule could tell apart.
fn samples(snapshot: &Snapshot) -> BTreeMap<&str, Vec<&str>> {
    let mut samples: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for object in snapshot.objects().into_iter().filter(|object| SCHEMA.is_node(object)) {
        let mut features = BTreeSet::new();
        for id in snapshot.of_object(object) {
            let before = features.len();
            features.extend(snapshot.facts(id).features());
            if features.len() > before {
                samples.entry(object).or_default().push(id);
            }
        }
    }
    samples
}

async fn by_node(
    client: &Client,
    reference: &Reference<'_>,
    samples: &BTreeMap<&str, Vec<&str>>,
    outcome: &mut Outcome,
) {
    for (object, ids) in samples {
        for ids in ids.chunks(together(object)) {
            let records: Vec<(&str, &str)> = ids.iter().map(|id| (*id, *object)).collect();
            let document = found(&records, 0, Style::Plain);
            let expected = compare(client, reference, &document, None, &json!({})).await;
            outcome.note(coordinates(object), &expected);
        }
    }
}

/// The arguments by which a list is asked for what tells of one record.
const SELECTING: &[(&str, &str, &str)] = &[
    ("Household", "persons", "household"),
    ("Person", "journal", "person"),
    ("Person", "breakGlassAccesses", "person"),
    ("Donor", "donationItems", "donor"),
    ("Donor", "donations", "donor"),
    ("Dwelling", "leases", "dwelling"),
];

/// A record is reached by the id by which its caller knows it, and by no other: not by a witness's pseudonym, nor, by a witness,
/// by the record's own id or another witness's pseudonym.
async fn by_foreign_ids(
    client: &Client,
    reference: &Reference<'_>,
    samples: &BTreeMap<&str, Vec<&str>>,
    witnesses: &[Pseudonyms],
    outcome: &mut Outcome,
) {
    for (object, ids) in samples {
        let foreign: Vec<String> = ids
            .iter()
            .flat_map(|id| {
                let known: BTreeSet<String> =
                    witnesses.iter().map(|witness| witness.hide(id)).chain([(*id).to_owned()]).collect();
                known.into_iter().filter(|other| *other != reference.known(id))
            })
            .collect();
        let ways = SELECTING.iter().filter(|(of, ..)| of == object);
        for foreign in foreign.chunks(together(object)) {
            let all = |root: &dyn Fn(&str) -> String| {
                let roots = foreign.iter().enumerate().map(|(place, id)| format!("n{place}: {}", root(id)));
                format!("{{ {} }}", roots.collect::<Vec<_>>().join(" "))
            };
            let nothing: serde_json::Map<_, _> =
                (0..foreign.len()).map(|place| (format!("n{place}"), Json::Null)).collect();
            let answer = client.query(&all(&|id| format!("node(id: \"{id}\") {{ __typename id }}"))).await;
            assert_eq!(answer, json!({"data": nothing}), "{} {foreign:?}", reference.caller.name());
            outcome.settle(format!("{object} by a foreign id"), false);
            for (_, list, argument) in ways.clone() {
                let document = all(&|id| format!("{list}({argument}: \"{id}\") {{ totalCount }}"));
                let answer = client.query(&document).await;
                for (name, found) in answer["data"].as_object().unwrap_or_else(|| panic!("{answer}")) {
                    let context = || format!("{} {name} of {foreign:?}: {answer}", reference.caller.name());
                    assert!(found.is_null() || found["totalCount"] == 0, "{}", context());
                }
                outcome.settle(format!("Query.{list}({argument}:) by a foreign id"), false);
            }
        }
    }
}

/// Every edge, from a record that is found by its id, to every value at its end.
async fn by_edges(
    client: &Client,
    reference: &Reference<'_>,
    samples: &BTreeMap<&str, Vec<&str>>,
    outcome: &mut Outcome,
) {
    for (object, ids) in samples {
        for field in SCHEMA.object(object).fields.values() {
            let Some(target) = SCHEMA.target(field) else { continue };
            let scalars = target.fields.values().filter(|field| SCHEMA.target(field).is_none());
            let scalars: Vec<&str> = scalars.map(|field| field.name.as_str()).collect();
            let wanted = scalars.join(" ");
            for ids in ids.chunks(together(object).min(together(&target.name))) {
                let edges = ids.iter().enumerate().map(|(place, id)| {
                    format!(
                        "n{place}: node(id: \"{id}\") {{ ... on {object} {{ {} {{ {wanted} }} }} }}",
                        field.name
                    )
                });
                let document = format!("{{ {} }}", edges.collect::<Vec<_>>().join(" "));
                let expected = compare(client, reference, &document, None, &json!({})).await;
                let at_its_end = scalars.iter().map(|name| format!("{}.{name}", target.name));
                outcome.note(at_its_end.chain([format!("{object}.{}", field.name)]), &expected);
            }
        }
    }
}

/// Every filter, order and page of every root.
async fn by_arguments(client: &Client, reference: &Reference<'_>, outcome: &mut Outcome) {
    let (snapshot, caller) = (reference.snapshot, reference.caller);
    for root in SCHEMA.object("Query").fields.values() {
        let of = root.ty.inner_named_type().as_str();
        for argument in &root.arguments {
            let name = argument.name.as_str();
            let given = |name: &str| {
                let literal = values(snapshot, &root.name, name).into_iter().next()?;
                Some(format!("{name}: {literal}"))
            };
            let Some(literal) = given(name) else { continue };
            // Nobody is looked for by a name alone.
            // Matches are of a vacancy or of a person.
            let goes_along = |other: &str| {
                root.name == "personSearch" && other == "birthDate"
                    || root.name == "jobMatches" && name == "first" && other == "vacancy"
            };
            let others = root.arguments.iter().filter(|other| {
                (other.is_required() || goes_along(&other.name)) && other.name != argument.name
            });
            let others = others.filter_map(|other| given(&other.name));
            let given = others.chain([literal]).collect::<Vec<_>>().join(", ");
            let document = format!("{{ x: {}({given}) {{ __typename }} }}", root.name);
            let answer = client.query(&reference.known(&document)).await;
            let coordinate = format!("Query.{}({name}:)", root.name);
            let context = format!("{} {document} {answer}", caller.name());
            // Without a token there is nobody to explain anything of.
            let refused = if root.name == "policyExplain" && caller.token.is_none() && name != "as" {
                assert_eq!(codes(&answer), ["UNAUTHENTICATED"], "{context}");
                outcome.settle(coordinate, false);
                continue;
            } else if is_withheld(root, caller)
                || !caller.may_see(class_of(root).unwrap(), of.strip_suffix("Connection").unwrap_or(of))
            {
                Some(("FIELD_FORBIDDEN", format!("Query.{}", root.name)))
            } else if may_give(caller, &root.name, name) {
                None
            } else {
                Some(("ARGUMENT_FORBIDDEN", coordinate.clone()))
            };
            match &refused {
                // No receipt has the code that is given.
                None => assert!(
                    errors(&answer).is_empty()
                        && answer["data"]["x"].is_null() == (root.name == "verifyReceipt"),
                    "{context}"
                ),
                Some((code, refused)) => {
                    assert_eq!(answer["data"], json!({"x": null}), "{context}");
                    is_a_refusal(&errors(&answer)[0], code, refused);
                }
            }
            outcome.settle(coordinate, refused.is_none());
        }
    }
}

/// A value of a type that names nothing: whoever may do a thing does it to no record.
fn nothing(argument: &str, of: &str) -> String {
    match of {
        "ID" => {
            let kind = match argument {
                "from" | "to" => "location",
                "recipient" | "assignee" | "addressee" | "escort" => "agency",
                "renews" => "permit",
                "request" => "supply_request",
                "access" => "break_glass",
                "count" => "stock_count",
                "service" => "meal_service",
                "medicalReferral" => "medical_referral",
                "finding" => "inspection_finding",
                "group" => "course_group",
                "grade" => "school_grade",
                "schoolPlace" => "school_place",
                "arcoRequest" => "arco_request",
                "custodyTransfer" => "custody_transfer",
                "beds" => "bed",
                "departures" => "departure",
                "action" => "outreach_action",
                "loan" => "centre_loan",
                "loanLine" => "centre_loan_line",
                "work" => "centre_work",
                "shift" => "volunteer_shift",
                "signUp" => "shift_sign_up",
                "pressVisit" => "press_visit",
                "act" => "centre_return",
                "source" => "funding_source",
                "line" => "budget_line",
                "employers" => "employer",
                "event" => "job_event",
                "stand" => "job_stand",
                "jobApplication" => "job_application",
                "jobPlacement" => "job_placement",
                "rfcProcedure" => "rfc_procedure",
                "stays" => "stay",
                "consents" => "consent",
                "overrides" => "placement_override",
                "persons" | "mother" | "head" | "keep" | "merge" | "other" | "tenant" | "tenants" => "person",
                kind => kind,
            };
            format!("\"{}\"", enlace_tests::id(kind, uuid::Uuid::from_u128(7)))
        }
        "Int" => "1".to_owned(),
        "Boolean" => "true".to_owned(),
        "Date" | "PartialDate" => "\"2000-01-01\"".to_owned(),
        // Nothing has such a name, and nothing is done in such a place.
        "String" if matches!(argument, "name" | "givenNames" | "place") => "\"\"".to_owned(),
        "String" => "\"an attack: 1\"".to_owned(),
        "Money" => "\"1.00 MXN\"".to_owned(),
        "Quantity" => "\"1 PIECE\"".to_owned(),
        "DateTime" => "\"2000-01-01T00:00:00Z\"".to_owned(),
        _ => match SCHEMA.0.types.get(of) {
            Some(ExtendedType::Enum(of)) => of.values.keys().next().unwrap().to_string(),
            Some(ExtendedType::InputObject(of)) => {
                let needed = of.fields.values().filter(|field| field.is_required());
                let members = needed.map(|field| {
                    format!("{}: {}", field.name, nothing(&field.name, field.ty.inner_named_type()))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            _ => panic!("what is given for {argument}: {of}?"),
        },
    }
}

/// Every mutation and every subscription.
async fn by_operations(world: &World, client: &Client, caller: &Caller, outcome: &mut Outcome) {
    let usable = usable_roots(caller);
    for field in SCHEMA.object("Mutation").fields.values() {
        // A permit for no shelter is not a lead's to ask for.
        let placed = |argument: &str| field.name == "requestPermit" && argument == "shelter";
        let needed =
            field.arguments.iter().filter(|argument| argument.is_required() || placed(&argument.name));
        let given = needed.map(|argument| {
            format!("{}: {}", argument.name, nothing(&argument.name, argument.ty.inner_named_type()))
        });
        let given = given.collect::<Vec<_>>().join(", ");
        let answer =
            client.query(&format!("mutation {{ x: {}({given}) {{ __typename }} }}", field.name)).await;
        let coordinate = format!("Mutation.{}", field.name);
        let may = usable.contains(&coordinate);
        if may {
            let outcome = at(&answer, "data.x.__typename").as_str();
            let outcome = outcome.unwrap_or_else(|| panic!("{} {coordinate} {answer}", caller.name()));
            assert!(
                SCHEMA.object(outcome).implements_interfaces.contains("Problem"),
                "{} {answer}",
                caller.name()
            );
        } else {
            assert_eq!(answer["data"], json!({"x": null}), "{} {answer}", caller.name());
            is_a_refusal(&errors(&answer)[0], "FORBIDDEN", &coordinate);
        }
        outcome.settle(coordinate, may);
    }
    for field in SCHEMA.object("Subscription").fields.values() {
        let document = format!("subscription {{ {} {{ __typename }} }}", field.name);
        let coordinate = format!("Subscription.{}", field.name);
        let may = caller.token.is_some()
            && caller.may_see(class_of(field).unwrap(), field.ty.inner_named_type().as_str());
        match client.follow(&document).await {
            Ok(mut stream) if may => {
                stream.ready().await;
            }
            Ok(mut stream) => {
                let refusal = stream.response().await;
                is_a_refusal(&errors(&refusal)[0], "FIELD_FORBIDDEN", &coordinate);
            }
            Err(refused) => {
                assert!(caller.token.is_none(), "{} {refused:?}", caller.name());
                assert_eq!(codes(&refused.json()), ["UNAUTHENTICATED"]);
            }
        }
        outcome.settle(coordinate, may);
    }
    // And an operation of one kind is none of another.
    let hidden = client.query("subscription { shelterCapacityChanged { occurredAt } }").await;
    assert_eq!(
        (hidden.get("data"), codes(&hidden)),
        (None::<&Json>, vec!["OPERATION_NOT_SUPPORTED".to_owned()])
    );
    assert!(world.enlace.check().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_tries_every_coordinate_of_every_other_on_every_way() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let samples = samples(snapshot);
    let mut witnesses = Vec::new();
    for agency in ["CNDH", "CEDH"] {
        witnesses.push(Pseudonyms::of(&world.scratch, agency).await);
    }
    let mut report = format!("\nattack: {:<40}{:>6}{:>9}{:>10}\n", "who", "tried", "refused", "answered");
    let mut of_ways: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let more = ["DIF_MUNICIPAL/shelter_lead@ALB-01", "ACNUR/donor", "ONU/adviser"].map(Caller::of);
    let mut of_everyone: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for caller in one_of_each_role().iter().chain(&more) {
        let reference = Reference::asking(&world, snapshot, caller).await;
        let client = client(&world, caller);
        let mut outcomes: BTreeMap<&str, Outcome> = BTreeMap::new();
        for (way, style) in WAYS.iter().zip(Style::ALL) {
            by_lists(&client, &reference, style, outcomes.entry(way).or_default()).await;
        }
        by_node(&client, &reference, &samples, outcomes.entry("node").or_default()).await;
        let foreign = outcomes.entry("foreign id").or_default();
        by_foreign_ids(&client, &reference, &samples, &witnesses, foreign).await;
        by_edges(&client, &reference, &samples, outcomes.entry("nested edge").or_default()).await;
        by_arguments(&client, &reference, outcomes.entry("argument").or_default()).await;
        by_operations(&world, &client, caller, outcomes.entry("operation").or_default()).await;

        let mut all = Outcome::default();
        for way in WAYS {
            let outcome = &outcomes[way];
            for coordinate in &outcome.refused {
                all.settle(coordinate.clone(), false);
            }
            for coordinate in &outcome.answered {
                all.settle(coordinate.clone(), true);
                of_everyone.entry(way).or_default().insert(coordinate.clone());
            }
            let of_way = of_ways.entry(way).or_default();
            of_way.0 += outcome.refused.len();
            of_way.1 += outcome.answered.len();
        }
        line(&mut report, caller.name(), all.refused.len(), all.answered.len());
        // Nothing is left out.
        for coordinate in targets().into_iter().flat_map(coordinates) {
            assert!(
                all.refused.contains(&coordinate) || all.answered.contains(&coordinate),
                "nobody tried {coordinate}"
            );
        }
    }
    for way in WAYS {
        let (refused, answered) = of_ways[way];
        line(&mut report, &format!("all of them by {way}"), refused, answered);
    }
    say(&report);
    // What someone may see is seen on each of its ways: a refusal that everyone meets proves nothing.
    let nodes: BTreeSet<String> = samples.keys().flat_map(|object| coordinates(object)).collect();
    for way in ["node", "nested edge"] {
        let scalars = nodes.iter().filter(|coordinate| {
            let (object, field) = coordinate.split_once('.').unwrap();
            way == "node" && SCHEMA.target(&SCHEMA.object(object).fields[field]).is_none()
        });
        for coordinate in scalars {
            assert!(of_everyone[way].contains(coordinate), "nobody is answered {coordinate} by {way}");
        }
    }
    assert!(of_everyone["nested edge"].len() > 100, "{}", of_everyone["nested edge"].len());
    world.stop().await;
}
