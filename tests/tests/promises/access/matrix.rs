//! Every field that can be read, for every role, on every way to it.

use std::collections::{BTreeMap, BTreeSet};

use enlace_tests::{at, codes};
use serde_json::{Value as Json, json};

use crate::reference::documents::{Style, everything, found, is_elsewhere};
use crate::reference::sights::{Caller, everyone};
use crate::reference::{
    OMNISCIENT, POLICIES, Reference, SCHEMA, Snapshot, class_of, client, compare, grant, the_error, world,
};

/// The roots that show lists, with the type that each leads to and how many edges further to go.
fn lists(snapshot: &Snapshot) -> Vec<(String, &'static str, usize)> {
    // The store that holds most, so that many kinds of goods lie there.
    let (crowd, _) = snapshot.pages.families.first_key_value().unwrap();
    let fullest = snapshot.pages.stock.iter().max_by_key(|(id, held)| (held.len(), *id)).unwrap().0;
    vec![
        ("viewer".into(), "Viewer", 2),
        ("agencies".into(), "Agency", 3),
        ("shelters".into(), "Shelter", 2),
        ("centres".into(), "Centre", 2),
        ("categories".into(), "Category", 1),
        ("locations".into(), "Location", 1),
        ("catalogue".into(), "CatalogueItem", 1),
        ("campaigns".into(), "Campaign", 1),
        ("kits".into(), "Kit", 2),
        ("entitlements".into(), "Entitlement", 1),
        ("kitchens".into(), "Kitchen", 1),
        ("courses".into(), "Course", 1),
        ("courseGroups(first: 4)".into(), "CourseGroupConnection", 2),
        ("schools".into(), "School", 2),
        ("inspections(first: 12)".into(), "InspectionConnection", 2),
        ("incidents(last: 12)".into(), "IncidentConnection", 2),
        ("inspectionFindings(last: 8)".into(), "InspectionFindingConnection", 1),
        ("mealServices(last: 40)".into(), "MealServiceConnection", 2),
        ("householdDeliveries(first: 6)".into(), "HouseholdDeliveryConnection", 2),
        ("donors(first: 15)".into(), "DonorConnection", 1),
        ("donations(last: 10)".into(), "DonationConnection", 1),
        ("donationItems(first: 12)".into(), "DonationItemConnection", 1),
        ("donationItems(last: 7)".into(), "DonationItemConnection", 1),
        ("requests(first: 6)".into(), "SupplyRequestConnection", 2),
        ("shipments(last: 6)".into(), "ShipmentConnection", 2),
        ("reservations(last: 6)".into(), "ReservationConnection", 2),
        ("stockCounts(last: 2)".into(), "StockCountConnection", 2),
        ("containers(last: 5)".into(), "ContainerConnection", 2),
        ("facilityChecks(first: 5)".into(), "FacilityCheckConnection", 1),
        (format!("stock(location: \"{fullest}\", first: 9)"), "StockConnection", 1),
        ("persons(first: 20)".into(), "PersonConnection", 1),
        (format!("persons(household: \"{crowd}\", last: 5)"), "PersonConnection", 2),
        ("households(first: 8)".into(), "HouseholdConnection", 1),
        ("referrals(last: 15)".into(), "ReferralConnection", 1),
    ]
}

/// Types that lists of everyone's show nowhere, or only by chance: they are found by their ids.
const BY_ID: &[&str] = &[
    "MealInput",
    "Movement",
    "Donor",
    "Intake",
    "CustodyTransfer",
    "Diagnosis",
    "Visit",
    "Prescription",
    "Dispensing",
    "Pregnancy",
    "Birth",
    "Enrolment",
    "Employer",
    "Vacancy",
    "JobEvent",
    "JobStand",
    "WorkProfile",
    "JobApplication",
    "JobPlacement",
    "JobFollowUp",
    "RfcProcedure",
    "JobAttendance",
    "Attendance",
    "SchoolPlace",
    "Revalidation",
    "Bed",
    "BedHold",
    "Stay",
    "Episode",
    "Departure",
    "OutreachAction",
    "Owner",
    "Dwelling",
    "DwellingVisit",
    "Lease",
    "Tenancy",
    "CentreWork",
    "Task",
    "Permit",
    "Recommendation",
    "RecommendationReport",
    "Translation",
    "Tutorial",
    "TutorialEdition",
    "TutorialSession",
    "Volunteer",
    "Screening",
    "VolunteerShift",
    "ShiftSignUp",
    "PressVisit",
    "FundingSource",
    "BudgetLine",
    "Commitment",
    "Expense",
];

/// Types of which tests of their own ask: those that only a mutation or a subscription shows, counts, the journal, and what a caller
/// is told of itself.
pub(super) fn is_shown_by_queries(object: &str) -> bool {
    const OTHERS: &[&str] = &[
        "Mutation",
        "Subscription",
        "ShelterCapacityChange",
        "StockChange",
        "PeopleChange",
        "PersonGone",
        "PlacementProposal",
        "PlacementReason",
        "ProposedPlace",
        "PlacementOverride",
        "DepartureFollowUp",
        "HousingFigures",
        "ArcoRequest",
        "DuplicateCandidate",
        "PastStock",
        "StockAlert",
        "MealShortfall",
        "MealShortfallAlert",
        "MealServiceChange",
        "InspectionChange",
        "IncidentChange",
        "JobMatch",
        "VacancyChange",
        "CourseGroupChange",
        "StoreMinimum",
        "ImportMapping",
        "ImportProgress",
        "StockExpiring",
        "HouseholdAllowance",
        "DaysOfCover",
        "AllocationShare",
        "ConsolidationMove",
        "RequestChange",
        "ShipmentChange",
        "StockCountChange",
        "LabelSheet",
        "DonationReceipt",
        "VerifiedReceipt",
        "VerifiedReceiptLine",
        "Budget",
        "BudgetChange",
        "CentreReturn",
        "CentreReturnLine",
        "CentreWorkChange",
        "TaskChange",
        "PermitChange",
        "RecommendationChange",
        "TranslationChange",
        "TutorialChange",
        "VolunteerShiftChange",
        "PressVisitChange",
        "Activity",
        "Indicator",
        "IndicatorPart",
        "IndicatorDay",
        "PublishedTable",
        "EnumLabel",
        "Country",
        "DonationItemFacets",
        "DonationItemCategoryCount",
        "DonationItemLocationCount",
        "DonationItemExpiryCount",
        "DonationItemDonorCount",
        "AccessProfile",
        "CoordinateAccess",
        "PolicyExplanation",
        "PolicyCitation",
        "PolicyRemedy",
        "JournalEntry",
        "JournalRefusal",
        "JournalSubject",
        "BreakGlassAccess",
        "BreakGlassPayload",
        "EndBreakGlassPayload",
        "BreakGlassNotice",
        "MedicalReferral",
        "PrenatalControl",
        "Vaccination",
        "VaccinationScheme",
        "VaccineDoses",
        "Stream",
        "Webhook",
        "WebhookMessage",
    ];
    !OTHERS.contains(&object)
        && !object.ends_with("Payload")
        && !SCHEMA.object(object).implements_interfaces.contains("Problem")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_is_answered_every_field_as_the_table_has_it() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let nothing = json!({});
    let mut reached = BTreeSet::new();
    let mut verdicts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let leads = ["DIF_MUNICIPAL/shelter_lead@ALB-01", OMNISCIENT].map(Caller::of);
    for (place, caller) in everyone().iter().chain(&leads).enumerate() {
        let reference = Reference::asking(&world, snapshot, caller).await;
        let client = client(&world, caller);
        for (root, object, depth) in lists(snapshot) {
            // By plain names and by one of the other ways, in turn.
            for style in [Style::Plain, Style::ALL[1 + place % 3]] {
                let document = everything(&root, object, depth, style);
                let expected = compare(&client, &reference, &document, None, &nothing).await;
                for (coordinate, asked) in expected.asked {
                    let verdict = verdicts.entry(coordinate.clone()).or_default();
                    verdict.0 += asked.places - asked.refused.len();
                    verdict.1 += asked.refused.len();
                    reached.insert(coordinate);
                }
            }
        }
    }
    let mut refused_of_class = BTreeMap::new();
    for object in SCHEMA.objects().filter(|object| is_shown_by_queries(&object.name)) {
        for field in object.fields.values().filter(|field| !is_elsewhere(object, &field.name)) {
            let coordinate = format!("{}.{}", object.name, field.name);
            let Some(class) = class_of(field) else { continue };
            if BY_ID.contains(&object.name.as_str())
                || matches!(&*coordinate, "Query.node" | "Query.donationItemFacets")
            {
                continue;
            }
            assert!(reached.contains(&coordinate), "nobody asked for {coordinate}");
            let (answered, refused) = verdicts[&coordinate];
            assert!(answered > 0, "nobody was answered {coordinate}");
            *refused_of_class.entry(class).or_insert(0) += refused;
        }
    }
    for (class, refused) in refused_of_class {
        assert_eq!(refused == 0, class == "PUBLIC", "{class} was refused {refused} times");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_finds_by_id_what_the_table_lets_it_see() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    // Records with everything that a rule could tell apart.
    let mut kinds: Vec<&str> = Vec::new();
    let mut features = BTreeSet::new();
    for id in snapshot.ids().iter().filter(|id| SCHEMA.is_node(snapshot.object(id))) {
        let object = snapshot.object(id);
        let of_this = snapshot.facts(id).features().into_iter().map(|feature| format!("{object} {feature}"));
        let before = features.len();
        features.extend(of_this);
        if features.len() > before {
            kinds.push(id);
        }
    }
    let objects: BTreeSet<&str> = kinds.iter().map(|id| snapshot.object(id)).collect();
    // Nobody has opened a record, registered a webhook, asked for an override or anything of their data, or referred
    // anybody to a hospital yet, and the journal does not tell of what was loaded: it has no receipt.
    let nodes = SCHEMA.objects().filter(|object| {
        SCHEMA.is_node(&object.name)
            && !matches!(
                object.name.as_str(),
                "ArcoRequest"
                    | "BreakGlassAccess"
                    | "CentreReturn"
                    | "CentreReturnLine"
                    | "DepartureFollowUp"
                    | "DonationReceipt"
                    | "MedicalReferral"
                    | "PlacementOverride"
                    | "Webhook"
            )
    });
    assert_eq!(objects, nodes.map(|object| object.name.as_str()).collect(), "a record of every type");
    let mut answered = BTreeSet::new();
    let lead = Caller::of("DIF_MUNICIPAL/shelter_lead@ALB-01");
    for (place, caller) in everyone().iter().chain([&lead]).enumerate() {
        let reference = Reference::asking(&world, snapshot, caller).await;
        let client = client(&world, caller);
        let found: Vec<_> = kinds.iter().map(|id| (*id, snapshot.object(id))).collect();
        let document = self::found(&found, 1, Style::ALL[place % 4]);
        let expected = compare(&client, &reference, &document, None, &json!({})).await;
        let open = expected.asked.into_iter().filter(|(_, asked)| asked.refused.len() < asked.places);
        answered.extend(open.map(|(coordinate, _)| coordinate));
        // Each alone: together they are a list, in which no minor has an identity.
        for object in ["Person", "Household"] {
            for id in kinds.iter().filter(|id| snapshot.object(id) == object) {
                let document = self::found(&[(id, object)], 1, Style::ALL[place % 4]);
                compare(&client, &reference, &document, None, &json!({})).await;
            }
        }
    }
    for object in ["Stock", "DonationItem", "Consent"].iter().chain(BY_ID) {
        for field in SCHEMA.object(object).fields.keys() {
            let coordinate = format!("{object}.{field}");
            assert!(answered.contains(&coordinate), "nobody found {coordinate}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_reach_looks_as_if_it_did_not_exist() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let kitchen = Caller::of("SEDENA/kitchen");
    let hidden = snapshot.pages.lots.iter().find(|(id, _)| !kitchen.sees("INVENTORY", snapshot.facts(id)));
    let hidden = &hidden.expect("a lot that is no food").0;
    let invented = enlace_tests::id("lot", uuid::Uuid::from_u128(7));
    let ask =
        "query($id: ID!) { node(id: $id) { __typename id ... on DonationItem { name donorReference } } }";
    let client = client(&world, &kitchen);
    let unseen = client.run(ask, json!({"id": hidden})).await;
    let missing = client.run(ask, json!({"id": invented})).await;
    assert_eq!(unseen, missing);
    assert_eq!(unseen, json!({"data": {"node": null}}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_one_error_for_each_coordinate_and_siblings_stand() {
    let world = world().await;
    let client = world.client("OIM/adviser");
    let answer = client
        .query(
            "{ a: donationItems(first: 3) { nodes { id d: donor { id } e: donor { id } } }
               b: donationItems(first: 2) { nodes { code ... on DonationItem { donor { name } } } } }",
        )
        .await;
    let error = the_error(&answer);
    let version = POLICIES.version();
    assert_eq!(
        *error,
        json!({
            "message": "You may not read DonationItem.donor.",
            "path": ["a", "nodes", 0, "d"],
            "extensions": {
                "code": "FIELD_FORBIDDEN",
                "coordinate": "DonationItem.donor",
                "reason": error["extensions"]["reason"],
                "policy": "default-deny",
                "policyVersion": version,
                // Withheld at eight places: from three rows under two names, and from two rows.
                "records": 8,
            },
        })
    );
    for (root, rows) in [("a", 3), ("b", 2)] {
        let nodes = at(&answer, &format!("data.{root}.nodes")).as_array().unwrap();
        assert_eq!(nodes.len(), rows);
        for node in nodes {
            assert!(node.get("id").or(node.get("code")).is_some_and(Json::is_string), "{node}");
            assert!(node.get("d").or(node.get("donor")).is_some_and(Json::is_null), "{node}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_is_of_the_first_place_that_the_answer_has() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let agency = &snapshot.list("agencies")[0];
    let nobody = enlace_tests::id("agency", uuid::Uuid::from_u128(7));
    // The document asks thrice: of nothing, of an agency by a longer way, and of the agency itself.
    let document = "query($nobody: ID!, $agency: ID!) {
      none: node(id: $nobody) { ... on Agency { agreements { id } } }
      viewer { agency { agreements { id } } }
      some: node(id: $agency) { ... on Agency { agreements { id } } }
    }";
    let variables = json!({"nobody": nobody, "agency": agency});
    for (client, path, records) in [
        (world.client("SEDENA/kitchen"), json!(["viewer", "agency", "agreements"]), 2),
        (world.public(), json!(["some", "agreements"]), 1),
    ] {
        let answer = client.run(document, variables.clone()).await;
        assert_eq!(at(&answer, "data.none"), &Json::Null);
        let error = the_error(&answer);
        assert_eq!(error["path"], path, "{answer}");
        assert_eq!(error["extensions"]["records"], records, "{answer}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_some_records_are_refused_the_answer_says_which() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let donor = Caller::of("ACNUR/donor");
    let answer =
        client(&world, &donor).query("{ donationItems(first: 200) { nodes { id donorReference } } }").await;
    let error = the_error(&answer);
    let indices: Vec<(usize, usize)> =
        serde_json::from_value(error["extensions"]["indices"].clone()).expect("ranges");
    assert!(indices.len() > 1, "{indices:?}");
    let nodes = at(&answer, "data.donationItems.nodes").as_array().unwrap();
    let mut own = 0;
    for (place, node) in nodes.iter().enumerate() {
        let is_refused = indices.iter().any(|(from, to)| (*from..=*to).contains(&place));
        let id = node["id"].as_str().unwrap();
        assert_eq!(is_refused, !donor.sees("DONOR", snapshot.facts(id)), "{place}: {node}");
        if is_refused {
            assert!(node["donorReference"].is_null(), "{place}: {node}");
        } else {
            // A null here is a real one.
            assert_eq!(&node["donorReference"], snapshot.value(id, "donorReference"));
            own += 1;
        }
    }
    assert!(own > 0, "ACNUR gave some of them");
    assert_eq!(error["extensions"]["records"], nodes.len() - own);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_together_see_what_each_of_them_sees() {
    let scratch = enlace_tests::Scratch::with_programme().await;
    grant(&scratch, "isesalud.clinician", "kitchen").await;
    grant(&scratch, "acnur.donor", "adviser").await;
    let world = crate::reference::roomy().start_on(scratch).await;
    // The snapshot is of a caller who sees all, whom another world has.
    let other = crate::reference::world().await;
    let snapshot = Snapshot::taken().await;
    for token in ["ISESALUD/clinician+kitchen", "ACNUR/donor+adviser"] {
        let caller = Caller::of(token);
        let reference = Reference::asking(&world, snapshot, &caller).await;
        // The caller's account has a grant that the snapshot does not know.
        for (root, object, depth) in lists(snapshot).into_iter().filter(|(_, object, _)| *object != "Agency")
        {
            let document = everything(&root, object, depth, Style::Plain);
            compare(&client(&world, &caller), &reference, &document, None, &json!({})).await;
        }
    }
    other.stop().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_refusals_has_no_errors() {
    let world = world().await;
    let answer = world.client("SEDENA/kitchen").query("{ shelters { code spaces { occupied } } }").await;
    assert_eq!(codes(&answer), Vec::<String>::new());
    assert!(answer.get("errors").is_none());
    world.stop().await;
}
