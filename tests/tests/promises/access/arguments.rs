//! Filters, orders and search: refused arguments null their root; what is answered tells of nothing out of reach.

use std::collections::BTreeSet;

use enlace_tests::{Client, at};
use serde_json::{Value as Json, json};

use crate::reference::sights::{Caller, one_of_each_role};
use crate::reference::{Reference, SCHEMA, Snapshot, client, errors, is_a_refusal, rows, the_error, world};

/// Arguments that select by another class than their root's: root, argument, the root's class, the argument's, and the type of
/// record that bears it. Who reads that class of some records only may not use them, unless these are all that the root shows.
pub(super) const CLASSED: &[(&str, &str, &str, &str, &str)] = &[
    ("donationItems", "donor", "INVENTORY", "DONOR", "DonationItem"),
    ("donationItemFacets", "donor", "INVENTORY", "DONOR", "DonationItemFacets"),
    ("donations", "donor", "INVENTORY", "DONOR", "Donation"),
    ("persons", "shelter", "IDENTITY", "PLACEMENT", "Person"),
    ("persons", "household", "IDENTITY", "FAMILY", "Person"),
    ("placementProposals", "household", "PLACEMENT", "FAMILY", "PlacementProposal"),
    ("personSearch", "householdCode", "IDENTITY", "FAMILY", "Person"),
    ("journal", "person", "JOURNAL", "JOURNAL", "JournalSubject"),
    ("vacancies", "employer", "OPERATIONAL", "COUNTERPARTY", "Employer"),
    ("policyExplain", "as", "PUBLIC", "ADMINISTRATION", "PolicyExplanation"),
];

/// Whether a caller of a root may give an argument.
pub(super) fn may_give(caller: &Caller, root: &str, argument: &str) -> bool {
    let class = CLASSED.iter().find(|(of, name, ..)| *of == root && *name == argument);
    class.is_none_or(|(_, _, of, by, on)| caller.selects(of, by, on))
}

/// What is searched for: codes, names and parts of them, what a pattern would be made of, a slip, and nothing that is there.
const TEXTS: [&str; 11] = [
    "\"co\"",
    "\"LOT-0\"",
    "\"lot-0001\"",
    "\"%\"",
    "\"_\"",
    "\"á\"",
    "\"COLCHONETA indi\"",
    "\"edredon\"",
    "\"food\"",
    "\"MED-0\"",
    "\"zzz\"",
];

/// What each argument may be given, as literals over the records of a snapshot. A root or an argument that is new fails here.
pub(super) fn values(snapshot: &Snapshot, root: &str, argument: &str) -> Vec<String> {
    let text = |id: &str| format!("\"{id}\"");
    let some_of = |list: &str| snapshot.list(list).iter().map(|id| text(id)).collect::<Vec<_>>();
    let lot = |nth: usize| snapshot.pages.lots[nth].0.as_str();
    let literals = |all: &[&str]| all.iter().map(|literal| (*literal).to_owned()).collect();
    match (root, argument) {
        ("donationItems" | "donationItemFacets", "category") => some_of("categories"),
        ("donationItems" | "donationItemFacets", "item") => {
            some_of("catalogue").into_iter().step_by(9).collect()
        }
        ("donationItems" | "donationItemFacets", "expiry") => {
            literals(&["EXPIRED", "WITHIN_7_DAYS", "WITHIN_30_DAYS", "WITHIN_90_DAYS", "LATER", "NEVER"])
        }
        (
            "donationItems"
            | "donationItemFacets"
            | "householdDeliveries"
            | "reservations"
            | "stock"
            | "stockCounts"
            | "containers"
            | "requests"
            | "movements"
            | "stockAsOf",
            "location",
        )
        | ("shipments", "from" | "to") => some_of("locations").into_iter().step_by(4).collect(),
        ("donationItems" | "donationItemFacets", "donation") => {
            (0..3).map(|nth| text(snapshot.value(lot(7 * nth), "donation")["id"].as_str().unwrap())).collect()
        }
        ("donationItems" | "donationItemFacets" | "donations", "donor") => {
            let donors: BTreeSet<&str> =
                (0..40).map(|nth| snapshot.value(lot(nth), "donor")["id"].as_str().unwrap()).collect();
            donors.into_iter().map(text).collect()
        }
        ("donationItems" | "donationItemFacets", "expiresBefore" | "expiresFrom") => {
            literals(&["\"2022-03-01\"", "\"1999-01-01\""])
        }
        ("movements" | "stockAsOf" | "containers", "lot") => vec![text(lot(0))],
        ("stockAsOf", "item") => some_of("catalogue").into_iter().step_by(9).collect(),
        ("stockAsOf", "at") | ("movements", "occurredFrom" | "occurredBefore") => {
            literals(&["\"2022-01-30T00:00:00Z\""])
        }
        ("donationItems", "text") => literals(&TEXTS),
        ("catalogue" | "donationItemFacets", "text") => literals(&["\"co\""]),
        ("donationItems", "orderBy") => literals(&[
            "RECEIVED_ON",
            "RECEIVED_ON_DESC",
            "EXPIRES_ON",
            "EXPIRES_ON_DESC",
            "CODE",
            "CODE_DESC",
            "NAME",
            "NAME_DESC",
        ]),
        // Of no household.
        ("householdAllowance" | "placementProposals", "pickupCode") => literals(&["\"00000000\""]),
        ("reservations", "open") => literals(&["true", "false"]),
        ("householdAllowance", "on") => literals(&["\"2022-01-31\""]),
        ("requests", "state") => literals(&["SUBMITTED", "APPROVED", "FULFILLED"]),
        ("shipments", "state") => literals(&["IN_TRANSIT", "RECEIVED"]),
        ("container", "code") => {
            vec![text(snapshot.value(&snapshot.pages.containers[0].0, "code").as_str().unwrap())]
        }
        ("labelSheet", "containers") => vec![format!("[{}]", text(&snapshot.pages.containers[0].0))],
        ("verifyReceipt", "code") => literals(&["\"DON-000017-0123456789ABCDEFGHJKMNPQRS\""]),
        ("labelSheet", "paper") => literals(&["A4"]),
        ("stockCounts", "state") => literals(&["OPEN", "CLOSED"]),
        ("uncountedStock", "count") => vec![text(&snapshot.pages.counts[0].0)],
        ("journal" | "breakGlassAccesses", _)
            if !matches!(argument, "first" | "last" | "after" | "before") =>
        {
            of_the_journal(snapshot, argument)
        }
        ("daysOfCover" | "proposedReplenishment" | "fairAllocation" | "consolidation", "item") => {
            vec![text(&snapshot.list("catalogue")[0])]
        }
        ("fairAllocation", "quantity") => {
            let unit = snapshot.value(&snapshot.list("catalogue")[0], "unit").as_str().unwrap();
            vec![format!("\"40 {unit}\"")]
        }
        ("fairAllocation", "locations") => vec![format!("[{}]", some_of("locations").join(", "))],
        (_, "days" | "window" | "expiringWithin") => literals(&["10"]),
        ("daysOfCover" | "proposedReplenishment" | "stockAlerts" | "consolidation", "location") => {
            some_of("locations").into_iter().step_by(6).collect()
        }
        ("stockAlerts", "kind") => literals(&["EXPIRED", "EXPIRING", "LOW_STOCK"]),
        ("policyExplain", "coordinate") => literals(&["\"Shelter.name\""]),
        ("policyExplain", "as") => literals(&["{agency: \"INEA\", role: \"educator\"}"]),
        (_, "first" | "last") => literals(&["5"]),
        // Cursors and ids have tests of their own.
        (_, "after" | "before") | ("node" | "policyExplain", "id") => Vec::new(),
        _ => of_people_and_places(snapshot, root, argument)
            .or_else(|| of_counts_and_money(snapshot, root, argument))
            .unwrap_or_else(|| panic!("no values for the argument {root}({argument}:): is it classed?")),
    }
}

/// What an argument of lists of people may be given, or of where they lodge and eat.
fn of_people_and_places(snapshot: &Snapshot, root: &str, argument: &str) -> Option<Vec<String>> {
    let one = |id: &str| vec![format!("\"{id}\"")];
    let literals = |all: &[&str]| all.iter().map(|literal| (*literal).to_owned()).collect();
    let someone = &snapshot.pages.people[0].0;
    Some(match (root, argument) {
        (_, "shelter") => one(&snapshot.list("shelters")[0]),
        (_, "kitchen") => one(&snapshot.list("kitchens")[0]),
        (_, "day")
        | ("departures", "from" | "until")
        | ("jobPlacements", "heldOn")
        | ("dwellings", "vacantOn")
        | ("leases", "on")
        | ("housingFigures", "asOf") => one("2022-01-31"),
        ("departures", "state") => literals(&["PLANNED", "CONFIRMED"]),
        ("dwellings", "district") => one("Ejido Muestra"),
        ("dwellings", "capacity") => literals(&["4"]),
        ("leases", "dwelling") => one(snapshot.of_object("Dwelling").first()?),
        ("leases", "state") => literals(&["ACTIVE"]),
        ("outreachActions", "kind") => literals(&["TALK"]),
        ("persons" | "placementProposals", "household") => one(snapshot.pages.families.keys().next()?),
        ("placementProposals", "persons") => vec![format!("[\"{someone}\"]")],
        (
            "duplicateCandidates"
            | "visits"
            | "stays"
            | "vaccinationScheme"
            | "arcoRequests"
            | "custodyTransfers"
            | "jobMatches"
            | "intakes",
            "person",
        ) => one(someone),
        ("vacancies", "skill") => literals(&["COOKING"]),
        ("vacancies", "shift") => literals(&["NIGHT"]),
        ("vacancies", "employer") => one(&snapshot.of_object("Employer")[0]),
        ("jobMatches" | "jobApplications" | "jobPlacements", "vacancy") => {
            one(&snapshot.of_object("Vacancy")[0])
        }
        ("jobApplications", "state") => literals(&["SUBMITTED", "HIRED"]),
        ("rfcProcedures", "state") => literals(&["OPENED", "COMPLETED"]),
        ("jobEvents", "kind") => literals(&["JOB_FAIR", "TRAINING"]),
        ("beds", "space") => one(&snapshot.of_object("Space")[0]),
        ("prenatalControls", "pregnancy") => one(&enlace_tests::id("pregnancy", uuid::Uuid::from_u128(7))),
        ("prenatalControls", "state") => literals(&["DUE", "MISSED"]),
        ("arcoRequests", "kind") => literals(&["ACCESS", "CANCELLATION"]),
        ("arcoRequests", "state") => literals(&["RECEIVED"]),
        ("custodyTransfers", "state") => literals(&["PROPOSED", "ACCEPTED"]),
        ("intakes", "state") => literals(&["OPEN", "SUBMITTED"]),
        ("personSearch", "name") => one("Marie"),
        ("personSearch", "birthDate") => one("1990"),
        ("personSearch", "documentNumber" | "curp" | "householdCode") => one("HOG-0001"),
        ("inspections", "centre") => {
            one(snapshot.value(&snapshot.list("shelters")[0], "centre")["id"].as_str().unwrap())
        }
        ("inspections", "outcome") => literals(&["PASSED", "PASSED_WITH_FINDINGS"]),
        ("inspectionFindings", "state") => literals(&["BEGUN", "VERIFIED"]),
        ("inspectionFindings", "severity") => literals(&["HIGH"]),
        ("courseGroups", "course") => one(&snapshot.list("courses")[0]),
        ("courses" | "courseGroups", "kind") => literals(&["SPANISH", "SPORT"]),
        ("schools" | "schoolPlaces" | "revalidations", "level") => literals(&["PRIMARY", "SECONDARY"]),
        ("schoolPlaces", "state") => literals(&["REQUESTED", "PLACED"]),
        ("revalidations", "state") => literals(&["FILED", "CERTIFIED"]),
        ("incidents", "kind") => literals(&["THEFT", "VIOLENCE"]),
        ("incidents", "state") => literals(&["OPEN", "CLOSED"]),
        ("mealServices", "state") => literals(&["PLANNED", "SERVED", "CANCELLED"]),
        ("mealServices", "short")
        | ("arcoRequests" | "inspectionFindings", "overdue")
        | ("courseGroups", "free")
        | ("intakes", "own")
        | ("holds", "open")
        | ("vacancies", "available")
        | ("jobPlacements", "formal") => literals(&["true", "false"]),
        _ => return None,
    })
}

/// Those of what is counted, of money, of works on centres and of labels; none where the argument is no such one.
fn of_counts_and_money(snapshot: &Snapshot, root: &str, argument: &str) -> Option<Vec<String>> {
    let one = |object: &str| Some(vec![format!("\"{}\"", snapshot.of_object(object).first()?)]);
    let literals = |all: &[&str]| Some(all.iter().map(|literal| (*literal).to_owned()).collect());
    match (root, argument) {
        ("budgetLines", "purpose") => literals(&["HOUSING"]),
        ("commitments", "line") => one("BudgetLine"),
        ("expenses", "commitment") => one("Commitment"),
        ("centreWorks", "centre") => one("Centre"),
        ("centreWorks", "state") => literals(&["PLANNED", "DONE"]),
        ("centreReturns", "loan") => one("CentreLoan"),
        (
            "tasks" | "permits" | "recommendations" | "translations" | "tutorials" | "volunteers"
            | "activities",
            "agency",
        )
        | ("tasks", "assignee")
        | ("recommendations", "addressee")
        | ("translations", "asker") => one("Agency"),
        ("tasks" | "permits" | "recommendations", "shelter") => one("Shelter"),
        ("tasks", "state") => literals(&["ACCEPTED", "DONE"]),
        ("tasks", "priority") => literals(&["HIGH"]),
        ("permits", "kind") => literals(&["OPENING", "EVENT"]),
        ("permits", "state") => literals(&["GRANTED"]),
        ("permits", "expiresBefore") => literals(&["\"2022-02-15\""]),
        ("recommendations", "state") => literals(&["VERIFIED"]),
        ("translations", "state") => literals(&["PUBLISHED"]),
        ("translations", "targetLanguage") | ("tutorials", "language") => literals(&["\"ht\""]),
        ("tutorials", "topic") => literals(&["RIGHTS"]),
        ("tutorials", "audience") => literals(&["EVERYONE"]),
        ("tasks" | "recommendations" | "translations", "overdue")
        | ("commitments", "open")
        | ("permits", "expired")
        | ("tutorials", "published") => literals(&["true", "false"]),
        ("volunteers", "skill") => literals(&["COOKING"]),
        ("volunteers", "active" | "mayWorkNearMinors") | ("volunteerShifts", "nearMinors" | "free") => {
            literals(&["true", "false"])
        }
        ("volunteerShifts", "activity") => literals(&["KITCHEN"]),
        ("volunteerShifts", "from" | "until") => literals(&["\"2022-01-31\""]),
        ("pressVisits", "state") => literals(&["PROPOSED", "DONE"]),
        ("activities", "sector") => literals(&["FOOD_SECURITY"]),
        ("activities", "kind") => literals(&["MEALS"]),
        ("activities", "status") => literals(&["ONGOING"]),
        ("indicators", "asOf") | ("indicatorSeries" | "expenses", "from" | "until") => {
            literals(&["\"2022-01-10\""])
        }
        ("indicatorSeries", "keys") => literals(&["[\"shelters_opened\"]"]),
        ("enumLabels", "names") => literals(&["[\"Sex\"]"]),
        _ => None,
    }
}

/// What an argument of the journal's lists may be given.
fn of_the_journal(snapshot: &Snapshot, argument: &str) -> Vec<String> {
    let one = |id: &str| vec![format!("\"{id}\"")];
    match argument {
        "agency" => one(&snapshot.list("agencies")[0]),
        "actor" => one(&enlace_tests::id("user", uuid::Uuid::from_u128(7))),
        "person" => one(&snapshot.pages.people[0].0),
        "operation" => one("journal.read"),
        "capability" => one("shelters"),
        "class" => one("IDENTITY"),
        "recordedFrom" | "recordedBefore" => one("2022-01-31T00:00:00Z"),
        _ => panic!("no values for the journal's argument {argument}: is it classed?"),
    }
}

/// Whether a lot is selected by an argument.
fn selects(snapshot: &Snapshot, lot: &str, argument: &str, literal: &str) -> bool {
    let wanted = literal.trim_matches('"');
    let text = |of: &str, name: &str| snapshot.value(of, name).as_str().unwrap_or_default().to_owned();
    let expires = snapshot.value(lot, "expiresOn").as_str();
    match argument {
        "category" | "donor" | "donation" => snapshot.value(lot, argument)["id"] == wanted,
        "location" => {
            let held = snapshot.pages.stock.get(wanted).map_or(&[][..], Vec::as_slice);
            held.iter().any(|(stock, _)| snapshot.value(stock, "lot")["id"] == *lot)
        }
        "expiresBefore" => expires.is_some_and(|day| day < wanted),
        "expiresFrom" => expires.is_some_and(|day| day >= wanted),
        "item" => text(lot, "item") == text(wanted, "code"),
        "expiry" => {
            // The programme's today is 31 January 2022.
            let bands = [
                ("2022-01-31", "EXPIRED"),
                ("2022-02-07", "WITHIN_7_DAYS"),
                ("2022-03-02", "WITHIN_30_DAYS"),
                ("2022-05-01", "WITHIN_90_DAYS"),
                ("9999-12-31", "LATER"),
            ];
            let band = expires.map_or("NEVER", |day| bands.iter().find(|(last, _)| day <= *last).unwrap().1);
            band == wanted
        }
        "text" if wanted.to_uppercase().starts_with("LOT-") => {
            text(lot, "code").starts_with(&wanted.to_uppercase())
        }
        "text" => {
            let category = snapshot.value(lot, "category")["id"].as_str().unwrap();
            let words =
                [text(lot, "name"), text(lot, "item"), text(category, "name"), text(category, "nameEn")];
            let words = words_of(&words.join(" "));
            let wanted = words_of(wanted);
            !wanted.is_empty()
                && wanted.iter().all(|wanted| words.iter().any(|word| word.starts_with(wanted)))
        }
        _ => true,
    }
}

/// Words, without accents and capitals.
fn words_of(text: &str) -> Vec<String> {
    let small = text.to_lowercase();
    let plain = small.chars().map(|letter| match letter {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        other => other,
    });
    let plain: String = plain.collect();
    plain
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The key by which an order sorts.
fn key(snapshot: &Snapshot, lot: &str, order: &str) -> Option<String> {
    let field = match order {
        "RECEIVED_ON" | "RECEIVED_ON_DESC" => "receivedOn",
        "EXPIRES_ON" | "EXPIRES_ON_DESC" => "expiresOn",
        "CODE" | "CODE_DESC" => "code",
        "NAME" | "NAME_DESC" => "name",
        _ => return None,
    };
    Some(snapshot.value(lot, field).as_str().unwrap_or("never").to_owned())
}

async fn lots(client: &Client, arguments: &str) -> Json {
    let document = format!("{{ donationItems(first: 500, {arguments}) {{ nodes {{ id }} totalCount }} }}");
    client.query(&document).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_or_order_answers_of_what_is_seen_or_nulls_its_root() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let root = SCHEMA.object("Query").fields["donationItems"].clone();
    let mut selections: Vec<(&str, String, BTreeSet<&str>)> = Vec::new();
    for argument in &root.arguments {
        if matches!(argument.name.as_str(), "first" | "last" | "after" | "before") {
            continue;
        }
        for literal in values(snapshot, "donationItems", &argument.name) {
            let all = snapshot.pages.lots.iter().map(|(id, _)| id.as_str());
            let selected = all.filter(|id| selects(snapshot, id, &argument.name, &literal)).collect();
            selections.push((&argument.name, literal, selected));
        }
    }
    let (mut answered, mut refused) = (0, 0);
    for caller in one_of_each_role() {
        let client = client(&world, &caller);
        let reference = Reference::asking(&world, snapshot, &caller).await;
        let all = snapshot.pages.lots.iter().map(|(id, _)| id.as_str());
        let visible: BTreeSet<&str> = all.filter(|id| caller.sees("INVENTORY", snapshot.facts(id))).collect();
        for (argument, literal, selected) in &selections {
            let given = format!("{argument}: {literal}");
            let answer = lots(&client, &reference.known(&given)).await;
            let context = || format!("{} {given}: {answer}", caller.name());
            if !caller.may_see("INVENTORY", "DonationItem") {
                assert_eq!(answer["data"], json!({"donationItems": null}), "{}", context());
                is_a_refusal(the_error(&answer), "FIELD_FORBIDDEN", "Query.donationItems");
            } else if !may_give(&caller, "donationItems", argument) {
                assert_eq!(answer["data"], json!({"donationItems": null}), "{}", context());
                let error = the_error(&answer);
                let coordinate = format!("Query.donationItems({argument}:)");
                is_a_refusal(error, "ARGUMENT_FORBIDDEN", &coordinate);
                assert_eq!(error["path"], json!(["donationItems"]));
                refused += 1;
            } else {
                assert!(errors(&answer).is_empty(), "{}", context());
                let wanted: BTreeSet<&str> = selected.intersection(&visible).copied().collect();
                let nodes = rows(&answer, "data.donationItems.nodes");
                let found: Vec<&str> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
                assert_eq!(at(&answer, "data.donationItems.totalCount"), wanted.len(), "{}", context());
                assert_eq!(found.len(), wanted.len().min(500), "{}", context());
                assert!(found.iter().all(|id| wanted.contains(id)), "{}", context());
                let keys: Vec<_> =
                    found.iter().filter_map(|id| key(snapshot, id, literal.as_str())).collect();
                let is_sorted = if literal.ends_with("DESC") {
                    keys.is_sorted_by(|a, b| a >= b)
                } else {
                    keys.is_sorted()
                };
                assert!(is_sorted, "{}", context());
                answered += 1;
            }
        }
    }
    assert!(answered > 300 && refused > 50, "{answered} answered, {refused} refused");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_is_refused_however_it_is_given() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let donor = snapshot.value(&snapshot.pages.lots[0].0, "donor")["id"].clone();
    let documents = [
        "query($donor: ID) { x: donationItems(donor: $donor) { totalCount } shelters { code } }",
        "query($donor: ID) { ...Lots shelters { code } } fragment Lots on Query { x: donationItems(first: 1, donor: $donor) { nodes { id } } }",
        "query($donor: ID) { ... on Query @include(if: true) { x: donationItems(donor: $donor, text: \"a\") { pageInfo { hasNextPage } } } shelters { code } }",
    ];
    // ACNUR sees who gave what it gave itself: even its own donor would tell it of others by what is missing.
    for caller in [
        "OIM/adviser",
        "DIF_MUNICIPAL/shelter_lead",
        "ACNUR/donor",
        "ISESALUD/clinician",
        "UNICEF/programmes",
    ] {
        for document in documents {
            let answer = world.client(caller).run(document, json!({"donor": donor})).await;
            assert_eq!(answer["data"]["x"], Json::Null, "{caller} {answer}");
            assert_eq!(rows(&answer, "data.shelters").len(), 12);
            let error = the_error(&answer);
            is_a_refusal(error, "ARGUMENT_FORBIDDEN", "Query.donationItems(donor:)");
            assert_eq!(error["path"], json!(["x"]));
        }
    }
    world.stop().await;
}

/// The arguments by which a list is selected that have a class of their own.
fn selecting(root: &str) -> &'static [&'static str] {
    match root {
        "node" => &["id"],
        "policyExplain" => &["coordinate", "id", "as"],
        "donationItems" | "donationItemFacets" => &[
            "category",
            "item",
            "location",
            "donor",
            "donation",
            "expiry",
            "expiresBefore",
            "expiresFrom",
            "text",
            "orderBy",
        ],
        "catalogue" => &["text"],
        "donations" => &["donor"],
        "stock" | "householdDeliveries" => &["location"],
        "householdAllowance" => &["pickupCode", "on"],
        "placementOverrides" | "facilityChecks" => &["shelter"],
        "placementProposals" => &["household", "persons", "pickupCode", "first"],
        "reservations" => &["location", "open"],
        "arcoRequests" => &["person", "kind", "state", "overdue"],
        "intakes" => &["person", "state", "own"],
        "custodyTransfers" => &["person", "state"],
        "departures" => &["state", "from", "until"],
        "dwellings" => &["district", "capacity", "vacantOn"],
        "leases" => &["dwelling", "state", "on"],
        "outreachActions" | "jobEvents" | "courses" => &["kind"],
        "courseGroups" => &["course", "kind", "shelter", "free"],
        "schools" => &["level"],
        "schoolPlaces" | "revalidations" => &["level", "state"],
        "housingFigures" | "indicators" => &["asOf"],
        "incidents" => &["shelter", "kind", "state", "day"],
        "vacancies" => &["available", "skill", "shift", "employer"],
        "jobMatches" => &["vacancy", "person", "first"],
        "jobApplications" => &["vacancy", "state"],
        "jobPlacements" => &["vacancy", "formal", "heldOn"],
        "rfcProcedures" => &["state"],
        "requests" | "stockCounts" => &["location", "state"],
        "shipments" => &["from", "to", "state"],
        "mealServices" => &["day", "shelter", "kitchen", "state", "short"],
        "mealShortfalls" => &["day", "shelter"],
        "inspections" => &["shelter", "centre", "outcome"],
        "inspectionFindings" => &["shelter", "state", "severity", "overdue"],
        "containers" => &["location", "lot"],
        "container" | "verifyReceipt" => &["code"],
        "budgetLines" => &["purpose"],
        "commitments" => &["line", "open"],
        "expenses" => &["commitment", "from", "until"],
        "centreWorks" => &["centre", "state"],
        "centreReturns" => &["loan"],
        "tasks" => &["agency", "assignee", "shelter", "state", "priority", "overdue"],
        "permits" => &["agency", "shelter", "kind", "state", "expired", "expiresBefore"],
        "recommendations" => &["agency", "addressee", "shelter", "state", "overdue"],
        "translations" => &["agency", "asker", "targetLanguage", "state", "overdue"],
        "tutorials" => &["agency", "topic", "audience", "language", "published"],
        "volunteers" => &["agency", "skill", "active", "mayWorkNearMinors"],
        "volunteerShifts" => &["shelter", "activity", "from", "until", "nearMinors", "free"],
        "pressVisits" => &["shelter", "state", "day"],
        "activities" => &["agency", "shelter", "sector", "kind", "status"],
        "indicatorSeries" => &["keys", "from", "until"],
        "enumLabels" => &["names"],
        "labelSheet" => &["containers", "paper"],
        "uncountedStock" => &["count"],
        "movements" => &["lot", "location", "occurredFrom", "occurredBefore"],
        "stockAsOf" => &["at", "location", "lot", "item"],
        "consolidation" => &["item", "location", "expiringWithin", "window", "first"],
        "daysOfCover" => &["location", "item", "window", "first"],
        "proposedReplenishment" => &["location", "item", "days", "window", "first"],
        "fairAllocation" => &["item", "quantity", "locations", "days", "window"],
        "stockAlerts" => &["kind", "location", "expiringWithin", "first"],
        "persons" => &["shelter", "household"],
        "personSearch" => &["name", "birthDate", "documentNumber", "curp", "householdCode"],
        "breakGlassAccesses" | "duplicateCandidates" | "visits" | "stays" | "vaccinationScheme" => {
            &["person"]
        }
        "beds" => &["space"],
        "holds" => &["shelter", "open"],
        "prenatalControls" => &["pregnancy", "state"],
        "journal" => &[
            "agency",
            "actor",
            "operation",
            "capability",
            "class",
            "person",
            "recordedFrom",
            "recordedBefore",
        ],
        _ => &[],
    }
}

#[test]
fn every_argument_of_a_list_has_a_class_that_this_test_knows() {
    for root in SCHEMA.object("Query").fields.values() {
        let selects = selecting(&root.name);
        for argument in root.arguments.iter().map(|argument| argument.name.as_str()) {
            let is_page = root.ty.inner_named_type().ends_with("Connection")
                && matches!(argument, "first" | "last" | "after" | "before");
            let known = is_page || selects.contains(&argument);
            assert!(known, "say in these tests who may use Query.{}({argument}:)", root.name);
        }
    }
}
