//! Who writes what, and where; what is refused leaves no trace (R9).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::TokenRequest;
use enlace_tests::{Client, World, at, fresh_key, headcount, outcome};
use serde_json::{Value as Json, json};

use crate::reference::documents::{Style, everything};
use crate::reference::sights::{Caller, Facts, everyone};
use crate::reference::{
    SCHEMA, Snapshot, class_of, client, errors, grant, is_a_refusal, is_as_seen, is_withheld, roomy,
    the_error, world,
};

/// A balance that can be drawn on.
#[derive(Debug)]
pub(super) struct Goods {
    pub(super) lot: String,
    pub(super) from: String,
    pub(super) to: String,
    unit: String,
    pub(super) facts: Facts,
    /// The shelter whose store it lies in.
    shelter: Option<String>,
}

impl Goods {
    /// Variables that move one of them.
    pub(super) fn one(&self) -> Json {
        json!({
            "lot": self.lot, "from": self.from, "to": self.to, "quantity": format!("1 {}", self.unit), "why": "prueba",
            "key": fresh_key(),
        })
    }
}

/// A balance for each kind of goods, giver and shelter that a rule could tell apart, each with enough for every caller.
pub(super) fn goods(snapshot: &Snapshot) -> Vec<Goods> {
    let givers =
        [None, Some("ACNUR"), Some("DIF_ESTATAL"), Some("NGO_PAN_DEL_VALLE"), Some("NGO_BOTIQUIN_SOLIDARIO")];
    let mut found = BTreeMap::new();
    for (location, held) in snapshot.pages.stock.iter().collect::<BTreeMap<_, _>>() {
        let shelter = snapshot.value(location, "shelter")["id"].as_str();
        let shelter = shelter.map(|id| snapshot.value(id, "code").as_str().unwrap().to_owned());
        let on_the_way = *snapshot.value(location, "kind") == "TRANSIT";
        if on_the_way || !matches!(shelter.as_deref(), None | Some("ALB-01" | "ALB-02")) {
            continue;
        }
        for (id, _) in held {
            let quantity = snapshot.value(id, "quantity").as_str().unwrap();
            let (amount, unit) = quantity.split_once(' ').unwrap();
            let facts = snapshot.facts(id);
            if amount.parse::<usize>().unwrap() < 40 || !givers.contains(&facts.donor_agency.as_deref()) {
                continue;
            }
            let key = format!("{facts:?} {shelter:?}");
            found.entry(key).or_insert_with(|| Goods {
                lot: snapshot.value(id, "lot")["id"].as_str().unwrap().to_owned(),
                from: location.clone(),
                to: snapshot.list("locations").iter().find(|other| *other != location).unwrap().clone(),
                unit: unit.to_owned(),
                facts: facts.clone(),
                shelter: shelter.clone(),
            });
        }
    }
    found.into_values().collect()
}

/// A mutation that shows every field of its payload.
fn shows_all(signature: &str, root: &str, payload: &str) -> String {
    let selection = everything("x", payload, 1, Style::Plain);
    let selection = selection.trim().strip_prefix("{ x ").unwrap().strip_suffix(" }").unwrap();
    format!(
        "mutation{signature} {{ {root} {{ __typename ... on {payload} {selection} ... on Problem {{ code message }} }} }}"
    )
}

fn move_stock() -> String {
    shows_all(
        "($lot: ID!, $from: ID!, $to: ID!, $quantity: Quantity!, $why: String, $key: String!)",
        "moveStock(lot: $lot, from: $from, to: $to, quantity: $quantity, outOfOrder: $why, idempotencyKey: $key)",
        "MoveStockPayload",
    )
}

fn adjust_occupancy() -> String {
    shows_all(
        "($space: ID!, $occupied: Int!, $version: Int!, $key: String!)",
        "adjustOccupancy(space: $space, occupied: $occupied, version: $version, idempotencyKey: $key)",
        "AdjustOccupancyPayload",
    )
}

/// The mutations by which a referral is answered, or custody handed on.
const ANSWERS: &[&str] = &[
    "acceptReferral",
    "declineReferral",
    "endReferral",
    "proposeCustodyTransfer",
    "acceptCustodyTransfer",
    "declineCustodyTransfer",
    "withdrawCustodyTransfer",
];

/// The mutations of households, and of who belongs to them.
const FAMILIES: &[&str] = &[
    "replacePickupCode",
    "registerHousehold",
    "changeHead",
    "moveToHousehold",
    "openEpisode",
    "planDeparture",
    "replanDeparture",
    "cancelDeparture",
    "confirmDeparture",
    "reverseDeparture",
    "followUpDeparture",
    "mergePersons",
    "undoMerge",
    "dismissDuplicate",
    "recordIntake",
    "submitIntake",
    "withdrawIntake",
];

/// The mutations of vacancies, fairs and trainings, which are of no shelter.
const WORK: &[&str] = &["openVacancy", "reviseVacancy", "closeVacancy", "openJobEvent", "recordJobStand"];

/// The mutations of who volunteers are, and those of the press that whoever keeps the shelter does not decide.
const VOLUNTEERS: &[&str] = &["registerVolunteer", "reviseVolunteer", "endVolunteer"];
const PRESS: &[&str] = &["proposePressVisit", "closePressVisit", "cancelPressVisit"];

/// The mutations by which what people ask of their own data is decided and done.
const DECISIONS: &[&str] =
    &["extendArcoRequest", "answerArcoRequest", "carryOutArcoRequest", "askErasure", "erasePerson"];

/// The mutations by which agencies ask something of one another, and answer.
const BETWEEN_AGENCIES: &[&str] = &[
    "proposeTask",
    "acceptTask",
    "declineTask",
    "completeTask",
    "withdrawTask",
    "answerRecommendation",
    "reportRecommendation",
    "requestTranslation",
    "reviewTranslation",
    "withdrawTranslation",
];

/// Those of recommendations, translations and tutorials that are whoever's who gives them.
const ADVICE: &[&str] = &[
    "makeRecommendation",
    "verifyRecommendation",
    "deliverTranslation",
    "declineTranslation",
    "publishTutorial",
    "addTutorialEdition",
    "withdrawTutorial",
    "recordTutorialSession",
];

/// The root fields that a caller may use on some record.
pub(super) fn usable_roots(caller: &Caller) -> BTreeSet<String> {
    let roots = ["Query", "Mutation", "Subscription"].into_iter().flat_map(|root| {
        SCHEMA.object(root).fields.values().filter_map(move |field| {
            let class = class_of(field).unwrap();
            let of = field.ty.inner_named_type().as_str();
            let usable = match root {
                "Mutation" if ANSWERS.contains(&field.name.as_str()) => caller.may_answer(),
                "Mutation" if field.name == "decideRevalidation" => caller.decides_revalidations(),
                "Mutation" if WORK.contains(&field.name.as_str()) => caller.keeps_employment(),
                "Mutation" if DECISIONS.contains(&field.name.as_str()) => caller.decides_requests(),
                "Mutation" if matches!(field.name.as_str(), "requestSupplies" | "closeRequest") => {
                    caller.may_write_goods("SupplyRequest")
                }
                "Mutation" if field.name == "decideRequest" => caller.may_write_goods("SupplyDecision"),
                "Mutation" if matches!(field.name.as_str(), "sendShipment" | "receiveShipment") => {
                    caller.may_write_goods("Shipment")
                }
                "Mutation" if matches!(field.name.as_str(), "reserveStock" | "releaseReservation") => {
                    caller.may_write_goods("Reservation")
                }
                "Mutation" if field.name.ends_with("Count") => caller.may_write_goods("StockCount"),
                "Mutation" if field.name.ends_with("Container") => caller.may_write_goods("Container"),
                "Mutation" if matches!(field.name.as_str(), "receiveDonation" | "saveImportMapping") => {
                    caller.may_write_goods("Donation")
                }
                "Mutation" if field.name == "recallLot" => caller.may_write_goods("DonationItem"),
                "Mutation" if matches!(field.name.as_str(), "serveMeal" | "correctMeal") => {
                    caller.serves_meals()
                }
                "Mutation" if field.name.ends_with("Meal") || field.name.ends_with("Kitchen") => {
                    caller.plans_meals()
                }
                "Mutation" if matches!(field.name.as_str(), "recordInspection" | "verifyCorrection") => {
                    caller.inspects()
                }
                "Mutation" if field.name.ends_with("Correction") => caller.corrects(),
                "Mutation" if matches!(field.name.as_str(), "takeMealInputs" | "issueLodgingKit") => {
                    caller.may_write_goods("Stock")
                }
                "Mutation" if field.name.ends_with("Campaign") || field.name == "recordOutreach" => {
                    caller.keeps_campaigns()
                }
                "Mutation" if field.name.ends_with("Kit") => caller.may_write_goods("Kit"),
                "Mutation" if field.name.ends_with("Entitlement") => caller.may_write_goods("Entitlement"),
                "Mutation" if field.name == "deliverToHousehold" => caller.gives_to_households(),
                // Who writes FAMILY writes CONSENT, and nobody else does.
                "Mutation" if FAMILIES.contains(&field.name.as_str()) => caller.may_write("CONSENT"),
                "Mutation" if field.name == "registerBirth" => caller.registers_births(),
                "Mutation" if field.name == "updatePerson" => caller.changes_people(),
                "Mutation" if field.name.ends_with("CatalogueItem") => {
                    caller.may_write_goods("CatalogueItem")
                }
                "Mutation" if field.name.to_lowercase().contains("webhook") => caller.keeps_webhooks(),
                "Mutation" if VOLUNTEERS.contains(&field.name.as_str()) => caller.brings_volunteers(),
                "Mutation" if field.name.ends_with("Shift") && class == "OPERATIONAL" => {
                    caller.fills_shifts(&field.name)
                }
                "Mutation" if PRESS.contains(&field.name.as_str()) => caller.proposes_press(),
                "Mutation" if field.name == "publishIndicators" => caller.publishes(),
                "Mutation"
                    if ["CentreLoan", "CentreWork", "CentreReturn"]
                        .iter()
                        .any(|of| field.name.ends_with(of)) =>
                {
                    caller.lends_centres()
                }
                "Mutation" if BETWEEN_AGENCIES.contains(&field.name.as_str()) => {
                    caller.works_for_its_agency()
                }
                "Mutation" if ADVICE.contains(&field.name.as_str()) => caller.advises(),
                "Mutation" if matches!(field.name.as_str(), "requestPermit" | "withdrawPermit") => {
                    caller.asks_for_permits()
                }
                "Mutation" if field.name.ends_with("Permit") => caller.decides_on_permits(),
                "Mutation" => caller.may_write(class),
                _ => {
                    !is_withheld(field, caller)
                        && caller.may_see(class, of.strip_suffix("Connection").unwrap_or(of))
                }
            };
            usable.then(|| format!("{root}.{}", field.name))
        })
    });
    roots.collect()
}

/// What would tell of a change: of rows, of the ledger, of the journal (but for the refusal itself), of keys.
async fn traces(world: &tokio_postgres::Client) -> Vec<i64> {
    let row = world
        .query_one(
            "SELECT (SELECT count(*) FROM journal_entries WHERE operation <> 'journal.refuse'), \
             (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM movements), \
             (SELECT count(*) FROM balances), (SELECT sum(version)::bigint FROM balances), \
             (SELECT sum(version)::bigint FROM spaces), (SELECT sum(occupied)::bigint FROM spaces)",
            &[],
        )
        .await
        .unwrap();
    (0..row.len()).map(|place| row.get(place)).collect()
}

/// What ought to come of a write.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    /// The caller may do this to no record.
    NeverAllowed,
    /// The caller sees the record and may not change it.
    NotThisOne,
    /// The caller does not even see it.
    Unseen,
}

impl Verdict {
    fn of(caller: &Caller, class: &str, facts: &Facts, shelter: Option<&str>) -> Self {
        match (caller.may_write(class), caller.sees(class, facts), caller.writes(class, facts, shelter)) {
            (false, ..) => Self::NeverAllowed,
            (_, false, _) => Self::Unseen,
            (_, _, true) => Self::Done,
            _ => Self::NotThisOne,
        }
    }

    fn check(&self, answer: &Json, root: &str, context: &str) {
        let payload = at(answer, &format!("data.{root}"));
        match self {
            Self::Done => {
                let expected =
                    if root == "moveStock" { "MoveStockPayload" } else { "AdjustOccupancyPayload" };
                assert_eq!(payload["__typename"], expected, "{context}");
            }
            Self::Unseen => {
                assert_eq!(payload["__typename"], "NotFound", "{context}");
                assert!(errors(answer).is_empty(), "{context}");
            }
            Self::NeverAllowed => {
                assert_eq!(payload, &Json::Null, "{context}");
                is_a_refusal(the_error(answer), "FORBIDDEN", &format!("Mutation.{root}"));
            }
            Self::NotThisOne => {
                assert_eq!(payload, &Json::Null, "{context}");
                let error = the_error(answer);
                assert_eq!(at(error, "extensions.code"), "FORBIDDEN", "{context}");
                assert_eq!(error["path"], json!([root]), "{context}");
                for said in ["policy", "reason", "policyVersion"] {
                    assert!(error["extensions"][said].is_string(), "{context}");
                }
            }
        }
    }
}

/// Everyone, and those who write by their shelters.
fn writers() -> Vec<Caller> {
    let leads = ["DIF_MUNICIPAL/shelter_lead@ALB-01", "DIF_MUNICIPAL/shelter_lead@ALB-02,ALB-03"];
    everyone().into_iter().chain(leads.map(Caller::of)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_moved_by_whom_and_whence_the_table_has_it() {
    let world = world().await;
    let snapshot = Snapshot::taken().await;
    let database = world.database().await;
    let goods = goods(snapshot);
    for wanted in [Some("food"), Some("medical"), Some("general")] {
        assert!(goods.iter().any(|found| found.facts.stock_kind.as_deref() == wanted), "{wanted:?}");
    }
    assert!(goods.iter().any(|found| found.shelter.as_deref() == Some("ALB-01")));
    let document = move_stock();
    let mut done = BTreeSet::new();
    for caller in writers() {
        let client = client(&world, &caller);
        for found in &goods {
            let verdict = Verdict::of(&caller, "INVENTORY", &found.facts, found.shelter.as_deref());
            let before = traces(&database).await;
            let answer = client.run(&document, found.one()).await;
            let context = format!("{} {verdict:?} {found:?}: {answer}", caller.name());
            verdict.check(&answer, "moveStock", &context);
            let after = traces(&database).await;
            assert_eq!(before == after, verdict != Verdict::Done, "{context}");
            if verdict == Verdict::Done {
                is_as_seen(&answer, at(&answer, "data.moveStock"), "MoveStockPayload", &caller, &found.facts);
                done.insert(caller.name().to_owned());
            }
        }
    }
    let names = [
        "ACNUR/donor",
        "DIF_ESTATAL/donor",
        "DIF_MUNICIPAL/coordinator",
        "DIF_MUNICIPAL/donation_coordinator",
        "DIF_MUNICIPAL/shelter_lead@ALB-01",
        "DIF_MUNICIPAL/shelter_lead@ALB-02,ALB-03",
        "ISESALUD/clinician",
        "NGO_BOTIQUIN_SOLIDARIO/partner",
        "NGO_PAN_DEL_VALLE/partner",
    ];
    assert_eq!(done.iter().map(String::as_str).collect::<Vec<_>>(), names);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spaces_are_counted_by_whom_and_where_the_table_has_it() {
    let world = world().await;
    let database = world.database().await;
    let document = adjust_occupancy();
    let nothing = Facts::default();
    let mut done = BTreeSet::new();
    for caller in writers() {
        let client = client(&world, &caller);
        for shelter in ["ALB-01", "ALB-02", "ALB-12"] {
            let space = world.spaces(shelter).await.swap_remove(0);
            let verdict = Verdict::of(&caller, "OPERATIONAL", &nothing, Some(shelter));
            let before = traces(&database).await;
            let answer = client.run(&document, headcount(&space, 1)).await;
            let context = format!("{} {verdict:?} {shelter}: {answer}", caller.name());
            verdict.check(&answer, "adjustOccupancy", &context);
            let after = traces(&database).await;
            assert_eq!(before == after, verdict != Verdict::Done, "{context}");
            if verdict == Verdict::Done {
                let payload = at(&answer, "data.adjustOccupancy");
                is_as_seen(&answer, payload, "AdjustOccupancyPayload", &caller, &nothing);
                done.insert(format!("{} {shelter}", caller.name()));
            }
        }
    }
    let expected = [
        "DIF_MUNICIPAL/coordinator ALB-01",
        "DIF_MUNICIPAL/coordinator ALB-02",
        "DIF_MUNICIPAL/coordinator ALB-12",
        "DIF_MUNICIPAL/shelter_lead@ALB-01 ALB-01",
        "DIF_MUNICIPAL/shelter_lead@ALB-02,ALB-03 ALB-02",
    ];
    assert_eq!(done.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_never_writes_whatever_else_it_is() {
    let scratch = enlace_tests::Scratch::with_programme().await;
    for role in ["coordinator", "donation_coordinator"] {
        grant(&scratch, "cndh.witness", role).await;
    }
    let world = roomy().start_on(scratch).await;
    let database = world.database().await;
    let before = traces(&database).await;
    let space = world.space().await;
    let moves = world.goods("food").await.transfer(1);
    for roles in ["witness", "witness+coordinator", "witness+donation_coordinator+coordinator"] {
        let witness = world.client(&format!("CNDH/{roles}"));
        for (document, variables, root) in [
            (adjust_occupancy(), headcount(&space, 1), "adjustOccupancy"),
            (move_stock(), moves.clone(), "moveStock"),
        ] {
            let answer = witness.run(&document, variables).await;
            let error = the_error(&answer);
            is_a_refusal(error, "FORBIDDEN", &format!("Mutation.{root}"));
            assert_eq!(at(error, "extensions.policy"), "always-witness-never-writes");
            assert_eq!(answer["data"], json!({root: null}));
        }
    }
    assert_eq!(traces(&database).await, before);
    // The grants above are real: where the token leaves the witness out, the other role writes.
    let request = TokenRequest {
        agency: "CNDH".into(),
        roles: vec!["coordinator".into()],
        shelters: Vec::new(),
        user: Some("cndh.witness".into()),
        ttl: Duration::from_hours(1),
    };
    let client = Client::new(world.address, Some(world.issuer.mint(&request, Utc::now()).unwrap()));
    let counted = client.run(&adjust_occupancy(), headcount(&space, 1)).await;
    assert_eq!(outcome(&counted), "AdjustOccupancyPayload");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_mutations_each_is_judged_alone() {
    let world = World::start().await;
    let (mine, other) =
        (world.spaces("ALB-01").await.swap_remove(0), world.spaces("ALB-02").await.swap_remove(0));
    let answer = world
        .client("DIF_MUNICIPAL/shelter_lead@ALB-01")
        .run(
            "mutation($a: ID!, $b: ID!, $va: Int!, $vb: Int!, $k1: String!, $k2: String!) {
               refused: adjustOccupancy(space: $b, occupied: 1, version: $vb, idempotencyKey: $k1) { __typename }
               done: adjustOccupancy(space: $a, occupied: 1, version: $va, idempotencyKey: $k2) { __typename }
             }",
            json!({"a": mine["id"], "b": other["id"], "va": mine["version"], "vb": other["version"], "k1": fresh_key(), "k2": fresh_key()}),
        )
        .await;
    assert_eq!(answer["data"], json!({"refused": null, "done": {"__typename": "AdjustOccupancyPayload"}}));
    assert_eq!(the_error(&answer)["path"], json!(["refused"]));
    assert_eq!(world.spaces("ALB-02").await[0]["version"], other["version"]);
    world.stop().await;
}
