//! Beds: nobody lies in two, no two in one, a family together or not at all; and a hold is over when its time is.

use std::collections::BTreeMap;
use std::sync::Arc;

use enlace_tests::{Client, World, at, codes, fresh_key, id, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use crate::reference::documents::Dice;
use crate::reference::rows;

const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";

/// Runs a mutation with arguments as literals, and a key that nobody has used.
pub(crate) async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let shown = match root {
        "addBeds" => "... on AddBedsPayload { beds { id code suits state version space { id } } }",
        "blockBed" => "... on BlockBedPayload { bed { state blockedFor version } }",
        "unblockBed" => "... on UnblockBedPayload { bed { state blockedFor version } }",
        "holdBeds" => "... on HoldBedsPayload { hold { id code version until beds { code } } }",
        "releaseHold" => "... on ReleaseHoldPayload { hold { version endedAt beds { code } } }",
        "checkIn" => {
            "... on CheckInPayload { stays { id version person { id shelter { code } } bed { id code state } } }"
        }
        "issueLodgingKit" => "... on IssueLodgingKitPayload { issued }",
        "requestPlacementOverride" => {
            "... on RequestPlacementOverridePayload { overrides { id approvedAt endsAt person { id } } }"
        }
        "approvePlacementOverride" => {
            "... on ApprovePlacementOverridePayload { overrides { id approvedAt used } }"
        }
        "transferStay" => {
            "... on TransferStayPayload { stay { id version bed { code } } former { endedAt bed { code } } }"
        }
        _ => "... on CheckOutPayload { stay { endedAt person { shelter { code } } } bed { state } }",
    };
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename {shown} ... on Problem {{ code message }} \
         ... on NotFound {{ argument }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

/// The code of a problem.
pub(crate) fn problem(answer: &Json) -> &str {
    at(answer, "data.x.code").as_str().unwrap_or_else(|| panic!("no problem: {answer}"))
}

/// Takes the demonstration's own beds away, with who lies in them, as if all spaces counted their people themselves.
const UNFURNISH: &str = "\
DELETE FROM stays WHERE bed_id IN (SELECT id FROM beds WHERE code LIKE 'C-%'); \
DELETE FROM beds WHERE code LIKE 'C-%'; \
UPDATE spaces SET beds = 0, lodged = 0, held = 0, blocked = 0, occupied = 0 WHERE beds > 0 AND id NOT IN (SELECT space_id FROM beds)";

/// Beds of a space, by the shelter's and the space's codes: one for each text of what it suits. They are the only ones that there are
/// but for others that were made so; the space counts nobody from then on.
pub(crate) async fn furnish(world: &World, shelter: &str, space: &str, suits: &[&str]) -> Vec<String> {
    world.database().await.batch_execute(UNFURNISH).await.unwrap();
    let client = world.client("DIF_MUNICIPAL/coordinator");
    let shelters =
        client.query("{ shelters { code spaces { id code segment capacity occupied version } } }").await;
    let of_code = |rows: &[Json], code: &str| rows.iter().find(|row| row["code"] == code).unwrap().clone();
    let space = of_code(rows(&of_code(rows(&shelters, "data.shelters"), shelter), "spaces"), space);
    assert_eq!(outcome(&client.adjust(&space, 0).await), "AdjustOccupancyPayload");
    let new: Vec<String> = suits
        .iter()
        .enumerate()
        .map(|(number, suits)| format!("{{code: \"B-{number}\", suits: [{suits}]}}"))
        .collect();
    let added =
        mutate(&client, "addBeds", &format!("space: {}, beds: [{}]", space["id"], new.join(", "))).await;
    rows(&added, "data.x.beds").iter().map(|bed| bed["id"].as_str().unwrap().to_owned()).collect()
}

/// A household that arrives and lodges nowhere yet: a head and children, each with a segment and needs. Its id, its pickup code and the ids
/// of its members.
pub(crate) async fn arrive(world: &World, members: &[(&str, &str)]) -> (String, String, Vec<String>) {
    let member = |(place, (segment, needs)): (usize, &(&str, &str))| {
        let kinship = if place == 0 { "HEAD" } else { "CHILD" };
        format!(
            "{{id: \"{}\", identity: {{givenNames: \"Zz {place}\", birthDate: \"1990\", sex: FEMALE, nationality: \"HTI\"}}, \
             family: {{kinship: {kinship}}}, placement: {{segment: {segment}, bedNeeds: [{needs}]}}}}",
            id("person", Uuid::now_v7())
        )
    };
    let members: Vec<String> = members.iter().enumerate().map(member).collect();
    let document = format!(
        "mutation {{ x: registerHousehold(members: [{}], idempotencyKey: \"{}\") {{ __typename ... on RegisterHouseholdPayload \
         {{ household {{ id pickupCode members {{ id }} }} }} ... on Problem {{ code message }} }} }}",
        members.join(", "),
        fresh_key()
    );
    let answer = coordinator(world).query(&document).await;
    let text = |of: &Json| of.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let household = at(&answer, "data.x.household");
    let members = rows(household, "members").iter().map(|member| text(&member["id"])).collect();
    (text(&household["id"]), text(&household["pickupCode"]), members)
}

/// A space of a shelter with so many beds, and their ids by code.
pub(crate) struct Ward {
    space: String,
    key: Uuid,
    pub(crate) beds: Vec<String>,
}

/// Gives beds to the space of the families in a shelter that counts its people itself.
pub(crate) async fn ward(world: &World, shelter: &str, beds: usize) -> Ward {
    let beds = furnish(world, shelter, "FAM", &vec!["LOWER_BED"; beds]).await;
    let space = families(&world.client("DIF_MUNICIPAL/coordinator"), shelter).await;
    let space = space["id"].as_str().unwrap().to_owned();
    Ward { key: enlace_schema::GlobalId::parse(&space).unwrap().uuid, space, beds }
}

/// The space of the families in a shelter.
async fn families(client: &Client, shelter: &str) -> Json {
    client.spaces(shelter).await.into_iter().find(|space| space["code"] == "FAM").unwrap()
}

/// Families of a size that lodge nowhere: the ids of their members.
pub(crate) async fn homeless(world: &World, size: usize, households: usize) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for _ in 0..households {
        found.push(arrive(world, &vec![("FAMILY_NUCLEUS", ""); size]).await.2);
    }
    found
}

/// Arguments of a check-in.
pub(crate) fn lodging(people: &[String], beds: &[String]) -> String {
    format!("persons: {}, beds: {}", json!(people), json!(beds))
}

fn coordinator(world: &World) -> Client {
    world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION")
}

/// The states of a space's beds, by code.
async fn states(client: &Client, ward: &Ward) -> BTreeMap<String, String> {
    let document =
        format!("{{ node(id: \"{}\") {{ ... on Space {{ beds {{ code state }} }} }} }}", ward.space);
    let answer = client.query(&document).await;
    let text = |bed: &Json, name: &str| bed[name].as_str().unwrap().to_owned();
    rows(&answer, "data.node.beds").iter().map(|bed| (text(bed, "code"), text(bed, "state"))).collect()
}

/// R31, of every space: what it counts is what its beds and its stays come to, and within its capacity; and people lodge where they
/// lie.
async fn assert_lodging_holds(database: &Database) {
    let broken = "SELECT spaces.code FROM spaces LEFT JOIN LATERAL (SELECT count(*) AS beds, \
                  count(*) FILTER (WHERE EXISTS (SELECT FROM stays WHERE bed_id = beds.id AND ended_at IS NULL)) AS lie, \
                  count(*) FILTER (WHERE occupied) AS occupied, count(hold_id) AS held, count(blocked_for) AS blocked \
                  FROM beds WHERE space_id = spaces.id) AS found ON true \
                  WHERE spaces.beds > 0 AND (spaces.beds, lodged, spaces.occupied, spaces.held, spaces.blocked) IS DISTINCT FROM \
                  (found.beds, found.lie, found.occupied, found.held, found.blocked) \
                  OR spaces.occupied + spaces.held + spaces.blocked > capacity \
                  UNION ALL SELECT persons.code FROM stays JOIN persons ON persons.id = person_id JOIN beds ON beds.id = bed_id \
                  JOIN spaces ON spaces.id = space_id WHERE ended_at IS NULL AND persons.shelter_id IS DISTINCT FROM spaces.shelter_id";
    let broken: Vec<String> =
        database.query(broken, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(broken, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_is_lodged_together_or_not_at_all_and_its_shelter_knows_it_from_then_on() {
    let world = World::start().await;
    let (coordinator, lead) = (coordinator(&world), world.client(LEAD).stating("RECEPTION"));
    let ward = ward(&world, "ALB-01", 5).await;
    let family = homeless(&world, 3, 1).await.remove(0);
    let mut events = coordinator
        .follow("subscription { shelterCapacityChanged { previouslyOccupied space { id occupied } } }")
        .await
        .unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    // Nobody without a purpose, nobody of another trade, and no lead of people who are not in its shelter.
    let all = lodging(&family, &ward.beds[..3]);
    assert_eq!(codes(&mutate(&world.client(LEAD), "checkIn", &all).await), ["PURPOSE_REQUIRED"]);
    for stranger in ["ISESALUD/clinician", "SEDENA/kitchen", "CNDH/witness", "NGO_PAN_DEL_VALLE/partner"] {
        let answer = mutate(&world.client(stranger).stating("RECEPTION"), "checkIn", &all).await;
        assert_eq!(codes(&answer), ["FORBIDDEN"], "{stranger}: {answer}");
    }
    assert_eq!(problem(&mutate(&lead, "checkIn", &all).await), "NOT_FOUND");
    // Without one of them, or where one of the beds is taken, nobody is lodged.
    let two = mutate(&coordinator, "checkIn", &lodging(&family[..2], &ward.beds[..2])).await;
    assert_eq!(problem(&two), "INVALID_ARGUMENT", "{two}");
    let blocking = format!("bed: \"{}\", version: 1, reason: \"La base está rota\"", ward.beds[2]);
    let blocked = mutate(&lead, "blockBed", &blocking).await;
    assert_eq!(at(&blocked, "data.x.bed.state"), "BLOCKED", "{blocked}");
    assert_eq!(problem(&mutate(&coordinator, "checkIn", &all).await), "STATE_CONFLICT");
    let unblocking = format!("bed: \"{}\", version: 2", ward.beds[2]);
    assert_eq!(at(&mutate(&lead, "unblockBed", &unblocking).await, "data.x.bed.blockedFor"), &Json::Null);
    assert!(states(&lead, &ward).await.values().all(|state| state == "FREE"));

    let lodged = mutate(&coordinator, "checkIn", &all).await;
    let stays = rows(&lodged, "data.x.stays");
    assert_eq!(stays.len(), 3, "{lodged}");
    assert!(stays.iter().all(|stay| at(stay, "person.shelter.code") == "ALB-01"), "{lodged}");
    let told = events.response().await;
    let change = at(&told, "data.shelterCapacityChanged");
    assert_eq!(*change, json!({"previouslyOccupied": 0, "space": {"id": ward.space, "occupied": 3}}));
    // From then on they are its lead's, and nobody counts them by hand.
    let seen = format!(
        "{{ node(id: \"{}\") {{ ... on Person {{ stays {{ endedAt bed {{ code }} }} }} }} }}",
        family[0]
    );
    assert_eq!(rows(&lead.query(&seen).await, "data.node.stays").len(), 1);
    let other = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02").stating("RECEPTION");
    assert_eq!(at(&other.query(&seen).await, "data.node"), &Json::Null);
    let space = families(&lead, "ALB-01").await;
    assert_eq!((&space["id"], &space["occupied"]), (&json!(ward.space), &json!(3)));
    let counted = lead.adjust(&space, 4).await;
    assert_eq!(outcome(&counted), "StateConflict", "{counted}");
    // Nobody lies in two beds.
    let again = mutate(&coordinator, "checkIn", &lodging(&family[..1], &ward.beds[3..4])).await;
    assert_eq!(problem(&again), "STATE_CONFLICT", "{again}");

    // Moved to another bed, the first is free; checked out, they lodge nowhere and the lead is told no more of them.
    let moving = format!("stay: {}, version: 1, bed: \"{}\"", stays[0]["id"], ward.beds[4]);
    let moved = mutate(&lead, "transferStay", &moving).await;
    assert_eq!(at(&moved, "data.x.stay.bed.code"), "B-4", "{moved}");
    assert!(at(&moved, "data.x.former.endedAt").is_string(), "{moved}");
    assert_eq!(problem(&mutate(&lead, "transferStay", &moving).await), "VERSION_CONFLICT");
    let leaving = |stay: &Json| format!("stay: {}, version: {}", stay["id"], stay["version"]);
    let left = mutate(&lead, "checkOut", &leaving(at(&moved, "data.x.stay"))).await;
    assert_eq!(
        (at(&left, "data.x.bed.state"), at(&left, "data.x.stay")),
        (&json!("FREE"), &Json::Null),
        "{left}"
    );
    let told = events.response().await;
    assert_eq!(
        at(&told, "data.shelterCapacityChanged.space.occupied"),
        2,
        "within a space nobody is told of a move"
    );
    let expected = ["OCCUPIED", "OCCUPIED", "FREE", "FREE", "FREE"];
    let found = states(&lead, &ward).await;
    let mut found: Vec<&str> = found.values().map(String::as_str).collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(found, expected);
    assert_lodging_holds(&world.database().await).await;
    world.stop().await;
}

/// Whoever comes to a shelter for the first time is not seen there: the household shows its code, and is the shelter's own from then on.
#[tokio::test(flavor = "multi_thread")]
async fn a_shelter_lodges_the_household_that_shows_its_code() {
    let world = World::start().await;
    let lead = world.client(LEAD).stating("RECEPTION");
    let (ward, elsewhere) = (ward(&world, "ALB-01", 3).await, ward(&world, "ALB-02", 2).await);
    let family = homeless(&world, 2, 1).await.remove(0);
    let key = enlace_schema::GlobalId::parse(&family[0]).unwrap().uuid;
    let of_it = "SELECT pickup_code FROM households JOIN persons ON household_id = households.id WHERE persons.id = $1";
    let code: String = world.database().await.query_one(of_it, &[&key]).await.unwrap().get(0);
    let showing = |code: &str, beds: &[String]| format!("pickupCode: \"{code}\", beds: {}", json!(beds));
    let seen = format!("{{ node(id: \"{}\") {{ ... on Person {{ stays {{ id }} }} }} }}", family[1]);
    assert_eq!(at(&lead.query(&seen).await, "data.node"), &Json::Null);
    for (arguments, code) in [
        (showing("00000000", &ward.beds[..2]), "NOT_FOUND"),
        (showing(&code, &ward.beds), "INVALID_ARGUMENT"),
        (showing(&code, &ward.beds[..1]), "INVALID_ARGUMENT"),
        (
            format!("{}, {}", lodging(&family, &ward.beds[..2]), "pickupCode: \"00000000\""),
            "INVALID_ARGUMENT",
        ),
        (format!("beds: {}", json!(ward.beds)), "INVALID_ARGUMENT"),
    ] {
        let answer = mutate(&lead, "checkIn", &arguments).await;
        assert_eq!(problem(&answer), code, "{arguments}: {answer}");
    }
    // Not in another's shelter, and by nobody who only gives things out by the code.
    assert_eq!(codes(&mutate(&lead, "checkIn", &showing(&code, &elsewhere.beds)).await), ["FORBIDDEN"]);
    let stores = world.client("DIF_MUNICIPAL/donation_coordinator").stating("ASSISTANCE");
    assert_eq!(codes(&mutate(&stores, "checkIn", &showing(&code, &ward.beds[..2])).await), ["FORBIDDEN"]);
    let lodged = mutate(&lead, "checkIn", &showing(&code, &ward.beds[..2])).await;
    assert_eq!(rows(&lodged, "data.x.stays").len(), 2, "{lodged}");
    assert_eq!(rows(&lead.query(&seen).await, "data.node.stays").len(), 1);
    let again = mutate(&lead, "checkIn", &showing(&code, &ward.beds[2..])).await;
    assert_eq!(problem(&again), "STATE_CONFLICT", "everyone lies in a bed: {again}");
    // Whom another shelter counts, its own lead or the coordinator moves.
    let of_another = "SELECT pickup_code FROM households JOIN shelters ON shelters.id = shelter_id WHERE shelters.code = 'ALB-03' \
                      AND (SELECT count(*) FROM persons WHERE household_id = households.id) = 1 LIMIT 1";
    let code: String = world.database().await.query_one(of_another, &[]).await.unwrap().get(0);
    assert_eq!(problem(&mutate(&lead, "checkIn", &showing(&code, &ward.beds[2..])).await), "STATE_CONFLICT");
    assert_lodging_holds(&world.database().await).await;
    world.stop().await;
}

/// Of what is lodged, the journal tells everyone how full a space is, and who lies there only under their own key.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_between_shelters_is_told_of_each_and_the_journal_keeps_who_apart() {
    let world = World::start().await;
    let coordinator = coordinator(&world);
    let (here, there) = (ward(&world, "ALB-01", 2).await, ward(&world, "ALB-02", 2).await);
    let family = homeless(&world, 2, 1).await.remove(0);
    let apart = [here.beds[0].clone(), there.beds[0].clone()];
    let refused = mutate(&coordinator, "checkIn", &lodging(&family, &apart)).await;
    assert_eq!(problem(&refused), "INVALID_ARGUMENT", "{refused}");
    let with_reason = lodging(&family, &apart) + ", reason: \"Uno de los dos acompaña a un enfermo\"";
    let lodged = mutate(&coordinator, "checkIn", &with_reason).await;
    let stay = rows(&lodged, "data.x.stays").iter().find(|stay| at(stay, "bed.id") == here.beds[0].as_str());
    let stay = stay.unwrap_or_else(|| panic!("{lodged}")).clone();
    let moving = format!("stay: {}, version: 1, bed: \"{}\"", stay["id"], there.beds[1]);
    // A lead of one of the two does not send people to the other.
    let lead = world.client(LEAD).stating("RECEPTION");
    assert_eq!(codes(&mutate(&lead, "transferStay", &moving).await), ["FORBIDDEN"]);
    let moved = mutate(&coordinator, "transferStay", &moving).await;
    assert_eq!(at(&moved, "data.x.__typename"), "TransferStayPayload", "{moved}");
    let database = world.database().await;
    let counts = "SELECT id, occupied FROM spaces WHERE id = ANY($1) ORDER BY occupied";
    let counts = database.query(counts, &[&vec![here.key, there.key]]).await.unwrap();
    let counts: Vec<(Uuid, i32)> = counts.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(counts, [(here.key, 0), (there.key, 2)]);
    let told = "SELECT operation, part_classes, part_subjects, convert_from(part_contents[2], 'UTF8') FROM journal_entries \
                WHERE operation IN ('lodging.checkIn', 'lodging.transferStay') AND part_classes[2] = 'OPERATIONAL'";
    let told = database.query(told, &[]).await.unwrap();
    assert_eq!(told.len(), 2, "the first of two spaces has an entry of its own, each time");
    for row in told {
        assert!(row.get::<_, String>(3).contains("shelters.occupancyAdjusted"));
    }
    let personal = "SELECT count(*) FROM journal_entries, unnest(part_classes, part_subjects, part_contents) AS part (class, subject, content) \
                    WHERE class = 'PLACEMENT' AND (subject IS NULL OR content LIKE '%lodging%'::bytea)";
    assert_eq!(database.query_one(personal, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_lodging_holds(&database).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_who_want_one_bed_at_once_one_gets_it() {
    let world = World::start().await;
    let coordinator = Arc::new(coordinator(&world));
    let ward = ward(&world, "ALB-01", 1).await;
    let mut people = homeless(&world, 1, 5).await;
    people.truncate(5);
    let tries = (0..100).map(|number| {
        let (client, arguments) = (Arc::clone(&coordinator), lodging(&people[number % 5], &ward.beds));
        async move { mutate(&client, "checkIn", &arguments).await }
    });
    let answers = join_all(tries).await;
    let won = answers.iter().filter(|answer| outcome(answer) == "CheckInPayload").count();
    assert_eq!(won, 1);
    assert!(
        answers
            .iter()
            .filter(|answer| outcome(answer) != "CheckInPayload")
            .all(|a| problem(a) == "STATE_CONFLICT")
    );
    assert_lodging_holds(&world.database().await).await;
    world.stop().await;
}

/// R33: clients that check in, move, check out, hold and block at once leave what some order of what was answered would have left.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_at_once_no_space_is_over_its_capacity() {
    let world = World::start().await;
    let (here, there) = (ward(&world, "ALB-01", 3).await, ward(&world, "ALB-02", 3).await);
    let people = homeless(&world, 1, 8).await;
    let beds: Vec<String> = here.beds.iter().chain(&there.beds).cloned().collect();
    let clients = (0..8).map(|number| {
        let (client, person, beds) = (coordinator(&world), people[number].clone(), beds.clone());
        async move {
            let mut dice = Dice::new(number as u64);
            let (mut stay, mut holds, mut won) = (None::<Json>, Vec::<Json>::new(), 0);
            for _ in 0..25 {
                let bed = dice.pick(&beds).clone();
                let answer = match (dice.roll(4), &stay) {
                    (0 | 1, None) => mutate(&client, "checkIn", &lodging(&person, &[bed])).await,
                    (0, Some(at)) => {
                        mutate(
                            &client,
                            "checkOut",
                            &format!("stay: {}, version: {}", at["id"], at["version"]),
                        )
                        .await
                    }
                    (1, Some(at)) => {
                        let arguments =
                            format!("stay: {}, version: {}, bed: \"{bed}\"", at["id"], at["version"]);
                        mutate(&client, "transferStay", &arguments).await
                    }
                    (2, _) => {
                        let arguments = format!(
                            "beds: [\"{bed}\"], until: \"2022-02-02T00:00:00Z\", note: \"Para mañana\""
                        );
                        mutate(&client, "holdBeds", &arguments).await
                    }
                    _ => match holds.pop() {
                        Some(hold) => {
                            let arguments = format!("hold: {}, version: {}", hold["id"], hold["version"]);
                            mutate(&client, "releaseHold", &arguments).await
                        }
                        None => continue,
                    },
                };
                match outcome(&answer).as_str() {
                    "CheckInPayload" => stay = Some(at(&answer, "data.x.stays.0").clone()),
                    "TransferStayPayload" => stay = Some(at(&answer, "data.x.stay").clone()),
                    "CheckOutPayload" => stay = None,
                    "HoldBedsPayload" => holds.push(at(&answer, "data.x.hold").clone()),
                    "ReleaseHoldPayload" => {}
                    _ => {
                        assert_eq!(problem(&answer), "STATE_CONFLICT", "{answer}");
                        continue;
                    }
                }
                won += 1;
            }
            (stay.is_some(), holds.len(), won)
        }
    });
    let ended = join_all(clients).await;
    assert!(ended.iter().map(|(.., won)| won).sum::<i32>() > 30, "{ended:?}");
    let database = world.database().await;
    assert_lodging_holds(&database).await;
    // What is left is what each of them was told of its own.
    let left = "SELECT sum(lodged), sum(held) FROM spaces WHERE id = ANY($1)";
    let left = database.query_one(left, &[&vec![here.key, there.key]]).await.unwrap();
    let lodged = ended.iter().filter(|(lodges, ..)| *lodges).count();
    let held: usize = ended.iter().map(|(_, holds, _)| holds).sum();
    let known = [i64::try_from(lodged).unwrap(), i64::try_from(held).unwrap()];
    assert_eq!([left.get::<_, i64>(0), left.get(1)], known);
    world.stop().await;
}

/// A hold keeps its beds for whoever names it until its time is over, and from that moment on for nobody; whatever was held, let go and
/// taken before.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_keeps_its_beds_until_its_time_is_over() {
    let mut world = World::start().await;
    let ward = ward(&world, "ALB-01", 6).await;
    let people = homeless(&world, 1, 3).await;
    let mut dice = Dice::new(17);
    // What the beds should be, by code: until which day they are kept, and by which hold.
    let mut kept: BTreeMap<usize, (i64, Json)> = BTreeMap::new();
    let mut lie: Vec<usize> = Vec::new();
    let mut today = 0;
    for person in people.iter().take(3) {
        let lead = world.client(LEAD).stating("RECEPTION");
        kept.retain(|_, (until, _)| *until > today);
        let expected: BTreeMap<String, String> = (0..ward.beds.len())
            .map(|bed| {
                let state = match (lie.contains(&bed), kept.contains_key(&bed)) {
                    (true, _) => "OCCUPIED",
                    (_, true) => "HELD",
                    _ => "FREE",
                };
                (format!("B-{bed}"), state.to_owned())
            })
            .collect();
        assert_eq!(states(&lead, &ward).await, expected, "on day {today}");
        // Every bed is tried, by a stranger and by whoever holds it.
        for bed in 0..ward.beds.len() {
            let days = today + 1 + i64::try_from(dice.roll(4)).unwrap();
            let until = chrono::DateTime::parse_from_rfc3339("2022-01-31T19:30:00Z").unwrap()
                + chrono::TimeDelta::days(days);
            let holding = format!(
                "beds: [\"{}\"], until: \"{}\", note: \"Para mañana\"",
                ward.beds[bed],
                until.to_rfc3339()
            );
            let answer = mutate(&lead, "holdBeds", &holding).await;
            let free = !lie.contains(&bed) && !kept.contains_key(&bed);
            assert_eq!(outcome(&answer) == "HoldBedsPayload", free, "{answer}");
            if free {
                kept.insert(bed, (days, at(&answer, "data.x.hold").clone()));
            }
        }
        // One who has no name for the hold is refused; one who has is let in.
        let (&bed, (_, hold)) = kept.iter().nth(dice.roll(kept.len())).unwrap();
        let arguments = lodging(person, &ward.beds[bed..=bed]);
        let client = coordinator(&world);
        assert_eq!(problem(&mutate(&client, "checkIn", &arguments).await), "STATE_CONFLICT");
        let named = format!("{arguments}, hold: {}", hold["id"]);
        let let_in = mutate(&client, "checkIn", &named).await;
        assert_eq!(outcome(&let_in), "CheckInPayload", "{let_in}");
        kept.remove(&bed);
        lie.push(bed);
        // And one is let go.
        let (&bed, (_, hold)) = kept.iter().nth(dice.roll(kept.len())).unwrap();
        let releasing = format!("hold: {}, version: {}", hold["id"], hold["version"]);
        let released = mutate(&lead, "releaseHold", &releasing).await;
        assert_eq!(rows(&released, "data.x.hold.beds").len(), 0, "{released}");
        assert_eq!(problem(&mutate(&lead, "releaseHold", &releasing).await), "VERSION_CONFLICT");
        kept.remove(&bed);
        assert_lodging_holds(&world.database().await).await;
        let days = 1 + i64::try_from(dice.roll(2)).unwrap();
        let later = "UPDATE programmes SET clock_offset_us = clock_offset_us + $1";
        world.database().await.execute(later, &[&(days * 86_400_000_000)]).await.unwrap();
        today += days;
        world = World::with().start_on(world.halt().await).await;
    }
    world.stop().await;
}

/// A hold that is over is in nobody's way, whether or not it was ended by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_stay_passes_over_a_hold_that_is_over_by_its_own_time() {
    let world = World::start().await;
    let ward = ward(&world, "ALB-01", 1).await;
    let holding =
        format!("beds: {}, until: \"2022-02-01T20:00:00Z\", note: \"Para mañana\"", json!(ward.beds));
    let held = mutate(&world.client(LEAD), "holdBeds", &holding).await;
    assert_eq!(outcome(&held), "HoldBedsPayload", "{held}");
    let database = world.database().await;
    let lying = |at: &str| {
        format!(
            "BEGIN; INSERT INTO stays (id, person_id, bed_id, party_id, began_at) \
             SELECT gen_random_uuid(), persons.id, beds.id, persons.id, '{at}' FROM beds, persons WHERE space_id = '{}' \
             AND persons.id NOT IN (SELECT person_id FROM stays) LIMIT 1",
            ward.key
        )
    };
    let refused = database.batch_execute(&lying("2022-02-01T19:59:59Z")).await.unwrap_err();
    assert_eq!(refused.as_db_error().unwrap().constraint(), Some("beds_one_use"));
    database.batch_execute("ROLLBACK").await.unwrap();
    database.batch_execute(&lying("2022-02-01T20:00:00Z")).await.unwrap();
    assert_lodging_holds(&database).await;
    database.batch_execute("ROLLBACK").await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_of_a_shelter_come_page_by_page_the_open_ones_apart() {
    let world = World::start().await;
    let lead = world.client(LEAD);
    let ward = ward(&world, "ALB-01", 5).await;
    let mut made = Vec::new();
    for bed in &ward.beds {
        let holding = format!("beds: [\"{bed}\"], until: \"2022-02-02T20:00:00Z\", note: \"Para mañana\"");
        let held = mutate(&lead, "holdBeds", &holding).await;
        made.push(at(&held, "data.x.hold").clone());
    }
    let ids =
        |holds: &[Json]| holds.iter().map(|hold| hold["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let shelters = lead.query("{ shelters { id code } }").await;
    let shelter = |code: &str| {
        let known = rows(&shelters, "data.shelters").iter().find(|shelter| shelter["code"] == code).unwrap();
        format!("shelter: {}", known["id"])
    };
    let (here, there) = (shelter("ALB-01"), shelter("ALB-02"));
    let open = format!("{here}, open: true");
    let before = paged(&lead, "holds", &format!("{here}, open: false"), 2).await;
    let all = paged(&lead, "holds", &open, 2).await;
    assert!(all.ends_with(&ids(&made)), "{all:?}");
    let released = format!("hold: {}, version: {}", made[1]["id"], made[1]["version"]);
    assert_eq!(outcome(&mutate(&lead, "releaseHold", &released).await), "ReleaseHoldPayload");
    let left: Vec<String> = all.iter().filter(|id| **id != made[1]["id"]).cloned().collect();
    assert_eq!(paged(&lead, "holds", &open, 3).await, left);
    let over = paged(&lead, "holds", &format!("{here}, open: false"), 3).await;
    assert_eq!(over.len(), before.len() + 1);
    assert!(over.contains(&ids(&made)[1]));
    let elsewhere = paged(&lead, "holds", &there, 2).await;
    assert!(ids(&made).iter().all(|id| !elsewhere.contains(id)));
    world.stop().await;
}

/// Beds are added to a space that lodges nobody, each under a code of its own, and no more than it can lodge.
#[tokio::test(flavor = "multi_thread")]
async fn a_space_has_no_more_beds_than_places() {
    let world = World::start().await;
    let lead = world.client(LEAD);
    let space = lead.spaces("ALB-01").await.swap_remove(0);
    let adding = |codes: &[&str]| {
        let beds: Vec<String> = codes.iter().map(|code| format!("{{code: \"{code}\"}}")).collect();
        format!("space: {}, beds: [{}]", space["id"], beds.join(", "))
    };
    assert!(space["occupied"].as_i64().unwrap() > 0);
    assert_eq!(problem(&mutate(&lead, "addBeds", &adding(&["A"])).await), "STATE_CONFLICT");
    assert_eq!(outcome(&lead.adjust(&space, 0).await), "AdjustOccupancyPayload");
    assert_eq!(problem(&mutate(&lead, "addBeds", &adding(&["lower"])).await), "INVALID_ARGUMENT");
    assert_eq!(problem(&mutate(&lead, "addBeds", &adding(&["A", "A"])).await), "INVALID_ARGUMENT");
    let capacity = usize::try_from(space["capacity"].as_i64().unwrap()).unwrap();
    let codes: Vec<String> = (0..=capacity).map(|number| format!("B-{number}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    assert_eq!(problem(&mutate(&lead, "addBeds", &adding(&codes)).await), "OVER_CAPACITY");
    let added = mutate(&lead, "addBeds", &adding(&codes[1..])).await;
    assert_eq!(rows(&added, "data.x.beds").len(), capacity, "{added}");
    let other = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02");
    assert_eq!(enlace_tests::codes(&mutate(&other, "addBeds", &adding(&["Z"])).await), ["FORBIDDEN"]);
    world.stop().await;
}

/// What a store has of one item: the item's id, its code and unit, and how much of it can be taken.
type Held = (String, String, String, i64);

/// A shelter's store, and the two items of which it has most.
async fn plenty(world: &World, shelter: &str) -> (String, Vec<Held>) {
    let statement = "SELECT locations.id, items.id, items.code, items.unit, sum(quantity - reserved - packed)::bigint FROM balances \
         JOIN locations ON locations.id = location_id JOIN shelters ON shelters.id = locations.shelter_id \
         JOIN items ON items.id = item_id \
         WHERE shelters.code = $1 AND in_stock AND keeps_until > '2022-02-10' \
         GROUP BY locations.id, items.id, items.code, items.unit ORDER BY 5 DESC LIMIT 2";
    let rows = world.database().await.query(statement, &[&shelter]).await.unwrap();
    let item = |row: &tokio_postgres::Row| (id("item", row.get(1)), row.get(2), row.get(3), row.get(4));
    (id("location", rows[0].get(0)), rows.iter().map(item).collect())
}

/// A kit of so much of each of some items.
async fn kit_of(client: &Client, code: &str, items: &[Held], much: i64) -> String {
    let line = |(item, _, unit, _): &Held| format!("{{item: \"{item}\", quantity: \"{much} {unit}\"}}");
    let lines: Vec<String> = items.iter().map(line).collect();
    let document = format!(
        "mutation {{ defineKit(code: \"{code}\", name: \"De llegada\", nameEn: \"On arrival\", lines: [{}], idempotencyKey: \"{}\") \
         {{ ... on DefineKitPayload {{ kit {{ id }} }} ... on Problem {{ message }} }} }}",
        lines.join(", "),
        fresh_key()
    );
    let answer = client.query(&document).await;
    at(&answer, "data.defineKit.kit.id").as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_is_issued_once_for_a_stay_out_of_the_shelters_store_and_the_ledger_names_nobody() {
    let world = World::start().await;
    let ward = ward(&world, "ALB-01", 3).await;
    let family = homeless(&world, 3, 1).await.remove(0);
    let (coordinator, lead) = (coordinator(&world), world.client(LEAD).stating("RECEPTION"));
    let lodged = mutate(&coordinator, "checkIn", &lodging(&family, &ward.beds)).await;
    let stays: Vec<String> =
        rows(&lodged, "data.x.stays").iter().map(|stay| stay["id"].as_str().unwrap().to_owned()).collect();
    let (store, items) = plenty(&world, "ALB-01").await;
    let (elsewhere, _) = plenty(&world, "ALB-02").await;
    assert!(items.len() == 2 && items.iter().all(|(.., there)| *there > 3), "{items:?}");
    let kit = kit_of(&coordinator, "KIT-UNO", &items, 1).await;
    let vast = kit_of(&coordinator, "KIT-VASTO", &items, 100_000).await;
    let issue = async |client: &Client, kit: &str, from: &str, stays: &[String]| {
        let arguments = format!("stays: {}, kit: \"{kit}\", from: \"{from}\"", json!(stays));
        mutate(client, "issueLodgingKit", &arguments).await
    };
    let there = async || plenty(&world, "ALB-01").await.1.iter().map(|(.., there)| *there).sum::<i64>();
    let before = there().await;

    // All or nothing, and what is missing is said, all of it.
    let lacking = issue(&lead, &vast, &store, &stays).await;
    assert_eq!(problem(&lacking), "INSUFFICIENT_STOCK", "{lacking}");
    let message = at(&lacking, "data.x.message").as_str().unwrap();
    for (_, code, unit, _) in &items {
        assert!(message.contains(&format!("of {code} 300000 {unit} are needed")), "{message}");
    }
    let other = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02").stating("RECEPTION");
    assert_eq!(problem(&issue(&other, &kit, &elsewhere, &stays).await), "NOT_FOUND");
    assert_eq!(problem(&issue(&coordinator, &kit, &elsewhere, &stays).await), "STATE_CONFLICT");
    assert_eq!(problem(&issue(&lead, &kit, &store, &[]).await), "INVALID_ARGUMENT");
    assert_eq!(there().await, before);

    // Once for each stay: whoever asks again for one of them changes nothing.
    let issued = issue(&lead, &kit, &store, &stays[..2]).await;
    assert_eq!(at(&issued, "data.x.issued"), 2, "{issued}");
    assert_eq!(there().await, before - 4);
    assert_eq!(problem(&issue(&lead, &kit, &store, &stays[1..]).await), "STATE_CONFLICT");
    assert_eq!(there().await, before - 4);
    let shown = format!("{{ node(id: \"{}\") {{ ... on Stay {{ kitIssuedAt }} }} }}", stays[2]);
    assert!(at(&lead.query(&shown).await, "data.node.kitIssuedAt").is_null());
    let both = [&lead, &coordinator].map(|client| issue(client, &kit, &store, &stays[2..]));
    let mut outcomes: Vec<String> = join_all(both).await.iter().map(outcome).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["IssueLodgingKitPayload", "StateConflict"]);
    assert!(at(&lead.query(&shown).await, "data.node.kitIssuedAt").is_string());
    assert_eq!(there().await, before - 6);

    // What the journal has of the goods tells of nobody, and what it has of people of no goods.
    let entries = "SELECT count(*) FILTER (WHERE 'INVENTORY' = ANY(classes)), count(*) FILTER (WHERE cardinality(persons) > 0), \
         count(*) FILTER (WHERE 'INVENTORY' = ANY(classes) AND cardinality(persons) > 0) \
         FROM journal_entries WHERE operation = 'lodging.issueKit'";
    let entries = world.database().await.query_one(entries, &[]).await.unwrap();
    let counts: [i64; 3] = [0, 1, 2].map(|place| entries.get(place));
    assert!(counts[0] >= 4 && counts[1] == 2 && counts[2] == 0, "{counts:?}");
    world.stop().await;
}

/// The ids of all rows of a list, some at a time.
async fn paged(client: &Client, list: &str, of: &str, each: usize) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), String::new());
    loop {
        let answer = client
            .query(&format!("{{ x: {list}({of}, first: {each}{after}) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"))
            .await;
        let page = at(&answer, "data.x");
        ids.extend(rows(page, "nodes").iter().map(|node| node["id"].as_str().unwrap().to_owned()));
        if at(page, "pageInfo.hasNextPage") == false {
            assert_eq!(page["totalCount"], ids.len(), "{answer}");
            return ids;
        }
        after = format!(", after: {}", at(page, "pageInfo.endCursor"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beds_of_a_space_and_stays_of_a_person_come_page_by_page_each_once() {
    let world = World::start().await;
    let client = coordinator(&world);
    let sorted = |mut ids: Vec<String>| {
        ids.sort_unstable();
        ids
    };
    let ids =
        |rows: &[Json]| rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let database = world.database().await;
    let space = "SELECT space_id FROM beds GROUP BY space_id ORDER BY count(*) DESC, space_id LIMIT 2";
    let spaces = database.query(space, &[]).await.unwrap();
    let [largest, next] = [0, 1].map(|place| format!("space: \"{}\"", id("space", spaces[place].get(0))));
    let node = format!(
        "{{ node(id: \"{}\") {{ ... on Space {{ beds {{ id }} }} }} }}",
        id("space", spaces[0].get(0))
    );
    let beds = ids(rows(&client.query(&node).await, "data.node.beds"));
    assert!(beds.len() > 7);
    assert_eq!(sorted(paged(&client, "beds", &largest, 7).await), sorted(beds));
    let first =
        client.query(&format!("{{ beds({largest}, first: 1) {{ pageInfo {{ endCursor }} }} }}")).await;
    let cursor = at(&first, "data.beds.pageInfo.endCursor");
    let other = client.query(&format!("{{ beds({next}, after: {cursor}) {{ totalCount }} }}")).await;
    assert_eq!(codes(&other), ["INVALID_CURSOR"]);

    let ward = ward(&world, "ALB-01", 2).await;
    let people = homeless(&world, 1, 1).await.remove(0);
    let lodged = mutate(&client, "checkIn", &lodging(&people, &ward.beds[..1])).await;
    let stay = at(&lodged, "data.x.stays.0");
    let moving = format!("stay: {}, version: {}, bed: \"{}\"", stay["id"], stay["version"], ward.beds[1]);
    assert_eq!(outcome(&mutate(&client, "transferStay", &moving).await), "TransferStayPayload");
    let person = format!("person: \"{}\"", people[0]);
    let node = format!("{{ node(id: \"{}\") {{ ... on Person {{ stays {{ id }} }} }} }}", people[0]);
    let stays = ids(rows(&client.query(&node).await, "data.node.stays"));
    assert_eq!((stays.len(), paged(&client, "stays", &person, 1).await), (2, stays));
    // Whoever may not see the person sees none of their stays.
    let elsewhere = world.client("DIF_MUNICIPAL/shelter_lead@ALB-02").stating("RECEPTION");
    assert_eq!(paged(&elsewhere, "stays", &person, 1).await, Vec::<String>::new());
    let refused = world
        .client("SEDENA/kitchen")
        .stating("RECEPTION")
        .query(&format!("{{ stays({person}) {{ totalCount }} }}"))
        .await;
    assert_eq!(
        (at(&refused, "data.stays"), codes(&refused)),
        (&Json::Null, vec!["FIELD_FORBIDDEN".to_owned()])
    );
    world.stop().await;
}
