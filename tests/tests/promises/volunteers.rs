//! Volunteers: known to those who bring them, verified by others, signed up for shifts within their places, and withdrawn from what is to come
//! in the same breath in which a screening is revoked.

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::reference::rows;

const COORDINATOR: &str = "DIF_MUNICIPAL/coordinator";
const LEAD: &str = "DIF_MUNICIPAL/shelter_lead@ALB-01";
const PARTNER: &str = "NGO_PAN_DEL_VALLE/partner";
const INSPECTOR: &str = "PCE/inspector";
const KINDS: [&str; 3] = ["IDENTITY", "CRIMINAL_RECORD", "CHILD_SAFEGUARDING"];

/// Runs a mutation with arguments as literals, and a key that nobody has used.
async fn mutate(client: &Client, root: &str, arguments: &str) -> Json {
    let shown = match root {
        "registerVolunteer" | "reviseVolunteer" | "endVolunteer" => {
            "volunteer { id code givenNames contact endedAt mayWorkNearMinors version agency { code } }"
        }
        "recordScreening" | "revokeScreening" => {
            "screening { id kind state validUntil reason version verifier { code } volunteer { id } }"
        }
        "planVolunteerShift" | "cancelVolunteerShift" => {
            "shift { id code state places taken nearMinors version startsOn shelter { code } signUps { state cause } }"
        }
        _ => {
            "signUp { id badge state cause reason minutes version agency { code } volunteer { id } shift { id taken } }"
        }
    };
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    let document = format!(
        "mutation {{ x: {root}({arguments}, idempotencyKey: \"{}\") {{ __typename ... on {payload} {{ {shown} }} \
         ... on Problem {{ code message }} }} }}",
        fresh_key()
    );
    client.query(&document).await
}

/// The record that a mutation leaves.
async fn done(client: &Client, root: &str, arguments: &str) -> Json {
    let answer = mutate(client, root, arguments).await;
    let payload = at(&answer, "data.x").as_object().unwrap_or_else(|| panic!("{answer}"));
    let record = payload.values().find(|value| value.is_object());
    record.unwrap_or_else(|| panic!("{answer}")).clone()
}

fn seen(argument: &str, record: &Json) -> String {
    format!("{argument}: {}, version: {}", record["id"], record["version"])
}

async fn shelter(world: &World, code: &str) -> String {
    let board = world.public().query("{ shelters { id code } }").await;
    let found = rows(&board, "data.shelters").iter().find(|row| row["code"] == code).unwrap().clone();
    found["id"].as_str().unwrap().to_owned()
}

const NAMES: &str = "givenNames: \"Voluntaria de Prueba\", contact: \"prueba@example.org\", languages: [\"es\"], skills: [CHILDCARE]";

fn planning(shelter: &str, from: &str, until: &str, places: i32, near_minors: bool) -> String {
    let activity = if near_minors { "CHILDCARE" } else { "KITCHEN" };
    format!(
        "shelter: \"{shelter}\", activity: {activity}, startsAt: \"2022-02-05T{from}Z\", endsAt: \"2022-02-05T{until}Z\", \
         nearMinors: {near_minors}, places: {places}"
    )
}

/// Verifies all of a volunteer.
async fn verify(coordinator: &Client, volunteer: &Json) -> Vec<Json> {
    let mut screenings = Vec::new();
    for kind in KINDS {
        let arguments = format!(
            "volunteer: {}, kind: {kind}, evidence: \"Expediente 12\", validUntil: \"2022-06-30\"",
            volunteer["id"]
        );
        screenings.push(done(coordinator, "recordScreening", &arguments).await);
    }
    screenings
}

#[tokio::test(flavor = "multi_thread")]
async fn who_a_volunteer_is_is_between_their_agency_and_the_coordinator() {
    let world = World::start().await;
    let (partner, coordinator) = (world.client(PARTNER), world.client(COORDINATOR));
    let volunteer = done(&partner, "registerVolunteer", NAMES).await;
    assert_eq!(
        (at(&volunteer, "agency.code"), &volunteer["mayWorkNearMinors"], &volunteer["version"]),
        (&json!("NGO_PAN_DEL_VALLE"), &json!(false), &json!(1))
    );
    let ask = format!(
        "{{ node(id: {}) {{ ... on Volunteer {{ givenNames }} }} volunteers(first: 500) {{ nodes {{ agency {{ code }} }} }} }}",
        volunteer["id"]
    );
    let own = partner.query(&ask).await;
    assert_eq!(at(&own, "data.node.givenNames"), "Voluntaria de Prueba", "{own}");
    let listed = rows(&own, "data.volunteers.nodes");
    assert!(listed.iter().all(|row| at(row, "agency.code") == "NGO_PAN_DEL_VALLE") && listed.len() > 2);
    let all = coordinator.query(&ask).await;
    assert!(rows(&all, "data.volunteers.nodes").len() > listed.len());
    for other in [INSPECTOR, "NGO_ABRIGO_DEL_NORTE/partner"] {
        let hidden = world.client(other).query(&ask).await;
        assert_eq!(at(&hidden, "data.node"), &Json::Null, "{other}: {hidden}");
    }
    for stranger in [LEAD, "CNDH/witness", "RP/liaison", "DSPM/officer"] {
        let refused = world.client(stranger).query("{ volunteers { nodes { code } } }").await;
        assert_eq!(codes(&refused), ["FIELD_FORBIDDEN"], "{stranger}");
        let refused = mutate(&world.client(stranger), "registerVolunteer", NAMES).await;
        assert_eq!(codes(&refused), ["FORBIDDEN"], "{stranger}");
    }
    // For another agency the coordinator registers, and nobody else.
    let pce = rows(&world.public().query("{ agencies { id code } }").await, "data.agencies").to_vec();
    let pce = pce.iter().find(|agency| agency["code"] == "PCE").unwrap()["id"].clone();
    let for_pce = format!("{NAMES}, agency: {pce}");
    assert_eq!(codes(&mutate(&partner, "registerVolunteer", &for_pce).await), ["FORBIDDEN"]);
    let brought = done(&coordinator, "registerVolunteer", &for_pce).await;
    assert_eq!(at(&brought, "agency.code"), "PCE");

    for (wrong, argument) in
        [("contact: \"prueba@example.org\"", "contact: \"x\""), ("[\"es\"]", "[\"Español\"]")]
    {
        let wrong = NAMES.replace(wrong, argument);
        assert_eq!(outcome(&mutate(&partner, "registerVolunteer", &wrong).await), "InvalidValue", "{wrong}");
    }
    let revise = format!(
        "{}, {}",
        seen("volunteer", &volunteer),
        NAMES.replace("contact: \"prueba@example.org\", ", "")
    );
    let revised = done(&partner, "reviseVolunteer", &revise).await;
    assert_eq!((&revised["contact"], &revised["version"]), (&Json::Null, &json!(2)));
    assert_eq!(outcome(&mutate(&partner, "reviseVolunteer", &revise).await), "VersionConflict");
    let ended = done(&partner, "endVolunteer", &seen("volunteer", &revised)).await;
    assert!(ended["endedAt"].is_string());
    assert_eq!(outcome(&mutate(&partner, "endVolunteer", &seen("volunteer", &ended)).await), "StateConflict");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_takes_no_more_than_its_places_and_nobody_is_in_two_at_a_time() {
    let world = World::start().await;
    let (lead, partner, inspector) = (world.client(LEAD), world.client(PARTNER), world.client(INSPECTOR));
    let (own, other) = (shelter(&world, "ALB-01").await, shelter(&world, "ALB-02").await);
    let plan = planning(&own, "17:00:00", "21:00:00", 1, false);
    assert_eq!(codes(&mutate(&partner, "planVolunteerShift", &plan).await), ["FORBIDDEN"]);
    let elsewhere = planning(&other, "17:00:00", "21:00:00", 1, false);
    assert_eq!(codes(&mutate(&lead, "planVolunteerShift", &elsewhere).await), ["FORBIDDEN"]);
    for wrong in [
        planning(&own, "21:00:00", "17:00:00", 1, false),
        planning(&own, "17:00:00", "21:00:00", 0, false),
        plan.replace("KITCHEN", "CHILDCARE"),
        plan.replace("2022-02-05", "2022-01-05"),
    ] {
        assert_eq!(outcome(&mutate(&lead, "planVolunteerShift", &wrong).await), "InvalidValue", "{wrong}");
    }
    let following = format!(
        "subscription {{ volunteerShiftChanged(shelter: \"{own}\") {{ step shift {{ taken state }} signUps {{ badge state }} }} }}"
    );
    let mut events =
        world.client("CEDH/witness").follow(&following).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;
    let shift = done(&lead, "planVolunteerShift", &plan).await;
    assert_eq!((&shift["taken"], &shift["startsOn"]), (&json!(0), &json!("2022-02-05")));
    assert_eq!(at(&events.response().await, "data.volunteerShiftChanged.step"), "PLANNED");
    let overlapping =
        done(&lead, "planVolunteerShift", &planning(&own, "20:00:00", "23:00:00", 4, false)).await;
    events.response().await;

    let one = done(&partner, "registerVolunteer", NAMES).await;
    let another = done(&inspector, "registerVolunteer", NAMES).await;
    let come =
        |shift: &Json, volunteer: &Json| format!("shift: {}, volunteer: {}", shift["id"], volunteer["id"]);
    // Whoever does not know them does not sign them up.
    for stranger in [&inspector, &lead] {
        assert_eq!(outcome(&mutate(stranger, "signUpForShift", &come(&shift, &one)).await), "NotFound");
    }
    let signed = done(&partner, "signUpForShift", &come(&shift, &one)).await;
    assert_eq!(
        (&signed["badge"], &signed["state"], at(&signed, "shift.taken")),
        (&one["code"], &json!("SIGNED_UP"), &json!(1))
    );
    let told = events.response().await;
    assert_eq!(at(&told, "data.volunteerShiftChanged.signUps.0.badge"), &one["code"], "{told}");
    assert_eq!(outcome(&mutate(&inspector, "signUpForShift", &come(&shift, &another)).await), "OverCapacity");
    assert_eq!(
        outcome(&mutate(&partner, "signUpForShift", &come(&overlapping, &one)).await),
        "StateConflict"
    );
    // A shelter knows who comes by their badge alone.
    let ask = format!(
        "{{ node(id: {}) {{ ... on VolunteerShift {{ signUps {{ badge agency {{ code }} volunteer {{ id }} }} }} }} }}",
        shift["id"]
    );
    let known = lead.query(&ask).await;
    let known_to_lead = at(&known, "data.node.signUps.0");
    assert_eq!(
        (&known_to_lead["badge"], &known_to_lead["volunteer"]),
        (&one["code"], &Json::Null),
        "{known}"
    );
    let early = format!("{}, minutes: 200", seen("signUp", &signed));
    assert_eq!(outcome(&mutate(&lead, "recordShiftAttendance", &early).await), "StateConflict", "not begun");

    // Withdrawn, its place is free again.
    let withdraw = format!("{}, reason: \"No puede venir\"", seen("signUp", &signed));
    assert_eq!(codes(&mutate(&inspector, "withdrawFromShift", &withdraw).await), ["FORBIDDEN"]);
    let withdrawn = done(&lead, "withdrawFromShift", &withdraw).await;
    assert_eq!(
        (&withdrawn["state"], &withdrawn["cause"], at(&withdrawn, "shift.taken")),
        (&json!("WITHDRAWN"), &json!("ASKED"), &json!(0))
    );
    let again = format!("{}, reason: \"No puede venir\"", seen("signUp", &withdrawn));
    assert_eq!(outcome(&mutate(&lead, "withdrawFromShift", &again).await), "StateConflict");
    done(&partner, "signUpForShift", &come(&overlapping, &one)).await;
    let current = lead.query(&format!("{{ volunteerShifts(shelter: \"{own}\", from: \"2022-02-05\", until: \"2022-02-05\", first: 9) {{ nodes {{ id version taken }} }} }}")).await;
    let current = rows(&current, "data.volunteerShifts.nodes");
    let current = current.iter().find(|row| row["id"] == overlapping["id"]).unwrap();
    assert_eq!(current["taken"], 1);
    let cancel =
        |version: &Json| format!("shift: {}, version: {version}, reason: \"Lluvia\"", overlapping["id"]);
    assert_eq!(outcome(&mutate(&lead, "cancelVolunteerShift", &cancel(&json!(1))).await), "VersionConflict");
    let cancelled = done(&lead, "cancelVolunteerShift", &cancel(&current["version"])).await;
    assert_eq!((&cancelled["state"], &cancelled["taken"]), (&json!("CANCELLED"), &json!(0)));
    assert_eq!(cancelled["signUps"], json!([{"state": "WITHDRAWN", "cause": "SHIFT_CANCELLED"}]));
    assert_eq!(
        outcome(&mutate(&partner, "signUpForShift", &come(&overlapping, &one)).await),
        "StateConflict"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn near_minors_come_those_alone_of_whom_all_is_verified_and_a_revocation_is_felt_at_once() {
    let world = World::start().await;
    let (coordinator, partner) = (world.client(COORDINATOR), world.client(PARTNER));
    let own = shelter(&world, "ALB-01").await;
    let near =
        done(&coordinator, "planVolunteerShift", &planning(&own, "17:00:00", "20:00:00", 3, true)).await;
    let apart =
        done(&coordinator, "planVolunteerShift", &planning(&own, "21:00:00", "23:00:00", 3, false)).await;
    let one = done(&partner, "registerVolunteer", NAMES).await;
    let coming = |shift: &Json| format!("shift: {}, volunteer: {}", shift["id"], one["id"]);
    assert_eq!(
        outcome(&mutate(&partner, "signUpForShift", &coming(&near)).await),
        "StateConflict",
        "unscreened"
    );

    // Whoever brings them does not verify them.
    let identity = format!(
        "volunteer: {}, kind: IDENTITY, evidence: \"Credencial\", validUntil: \"2022-02-04\"",
        one["id"]
    );
    assert_eq!(codes(&mutate(&partner, "recordScreening", &identity).await), ["FORBIDDEN"]);
    let beyond = identity.replace("2022-02-04", "2035-02-04");
    assert_eq!(outcome(&mutate(&coordinator, "recordScreening", &beyond).await), "InvalidValue");
    let screenings = verify(&coordinator, &one).await;
    assert_eq!(at(&screenings[0], "verifier.code"), "DIF_MUNICIPAL");
    for shift in [&near, &apart] {
        done(&partner, "signUpForShift", &coming(shift)).await;
    }
    let following =
        "subscription { volunteerShiftChanged { step shift { id taken } signUps { badge cause } } }";
    let mut events = world.client(LEAD).follow(following).await.unwrap_or_else(|answer| panic!("{answer:?}"));
    events.ready().await;

    // One that does not last until the shift ends supersedes, and disqualifies; a newer one counts again, and signs nobody up by itself.
    let shorter = done(&coordinator, "recordScreening", &identity).await;
    let told = events.response().await;
    let expected = json!({"step": "WITHDRAWN", "shift": {"id": near["id"], "taken": 0},
        "signUps": [{"badge": one["code"], "cause": "SCREENING"}]});
    assert_eq!(*at(&told, "data.volunteerShiftChanged"), expected, "{told}");
    let stale = format!("{}, reason: \"Caducó\"", seen("screening", &screenings[0]));
    let refused = outcome(&mutate(&coordinator, "revokeScreening", &stale).await);
    assert!(matches!(refused.as_str(), "StateConflict" | "VersionConflict"), "{refused}");
    let again = identity.replace("2022-02-04", "2022-06-30");
    let identity = done(&coordinator, "recordScreening", &again).await;
    assert_ne!(identity["id"], shorter["id"]);
    done(&partner, "signUpForShift", &coming(&near)).await;
    events.response().await;

    let revoke = format!("{}, reason: \"No era suya\"", seen("screening", &identity));
    assert_eq!(codes(&mutate(&partner, "revokeScreening", &revoke).await), ["FORBIDDEN"]);
    let revoked = done(&coordinator, "revokeScreening", &revoke).await;
    assert_eq!((&revoked["state"], &revoked["reason"]), (&json!("REVOKED"), &json!("No era suya")));
    assert_eq!(*at(&events.response().await, "data.volunteerShiftChanged"), expected);
    let ask = format!(
        "{{ node(id: {}) {{ ... on Volunteer {{ mayWorkNearMinors screenings {{ kind state }} signUps {{ state cause shift {{ id }} }} }} }} }}",
        one["id"]
    );
    let known = partner.query(&ask).await;
    let states: Vec<(&Json, &Json)> =
        rows(&known, "data.node.signUps").iter().map(|row| (&row["state"], &row["cause"])).collect();
    let gone = (&json!("WITHDRAWN"), &json!("SCREENING"));
    assert_eq!(states, [gone, (&json!("SIGNED_UP"), &Json::Null), gone], "what is apart stays: {known}");
    assert_eq!(at(&known, "data.node.mayWorkNearMinors"), false);
    // The journal has it in the same transaction, the withdrawal before the revocation.
    let statement = "SELECT count(*) FROM journal_entries WHERE operation = 'coordination.revokeScreening'";
    let entries: i64 = world.database().await.query_one(statement, &[]).await.unwrap().get(0);
    assert_eq!(entries, 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn volunteers_help_while_the_agreement_of_their_agency_stands_and_it_is_said_who_came() {
    let world = World::start().await;
    let (coordinator, partner) = (world.client(COORDINATOR), world.client(PARTNER));
    let own = shelter(&world, "ALB-01").await;
    let later =
        done(&coordinator, "planVolunteerShift", &planning(&own, "17:00:00", "20:00:00", 3, false)).await;
    // It is noon in Mexicali.
    let begun = planning(&own, "17:00:00", "22:00:00", 3, false).replace("2022-02-05", "2022-01-31");
    let begun = done(&coordinator, "planVolunteerShift", &begun).await;
    let one = done(&partner, "registerVolunteer", NAMES).await;
    let coming = |shift: &Json| format!("shift: {}, volunteer: {}", shift["id"], one["id"]);
    let now = done(&partner, "signUpForShift", &coming(&begun)).await;
    done(&partner, "signUpForShift", &coming(&later)).await;
    let attended = format!("{}, minutes: 240", seen("signUp", &now));
    assert_eq!(codes(&mutate(&partner, "recordShiftAttendance", &attended).await), ["FORBIDDEN"]);
    let lead = world.client(LEAD);
    let impossible = format!("{}, minutes: 2000", seen("signUp", &now));
    assert_eq!(outcome(&mutate(&lead, "recordShiftAttendance", &impossible).await), "InvalidValue");
    let came = done(&lead, "recordShiftAttendance", &attended).await;
    assert_eq!((&came["state"], &came["minutes"]), (&json!("CAME"), &json!(240)));
    assert_eq!(outcome(&mutate(&lead, "recordShiftAttendance", &attended).await), "VersionConflict");
    let corrected = done(&lead, "recordShiftAttendance", &seen("signUp", &came)).await;
    assert_eq!((&corrected["state"], &corrected["minutes"]), (&json!("ABSENT"), &Json::Null));

    let agreements = "{ agencies { code agreements { id version validUntil } } }";
    let administrator = world.client("DIF_MUNICIPAL/administrator");
    let found = administrator.query(agreements).await;
    let agencies = rows(&found, "data.agencies");
    let agency = agencies.iter().find(|agency| agency["code"] == "NGO_PAN_DEL_VALLE").unwrap();
    let agreement = at(agency, "agreements.0");
    let ending = format!(
        "mutation {{ x: endAgreement(agreement: {}, version: {}, endsAt: \"2022-02-05T18:00:00Z\", idempotencyKey: \"{}\") {{ __typename }} }}",
        agreement["id"],
        agreement["version"],
        fresh_key()
    );
    assert_eq!(outcome(&administrator.query(&ending).await), "EndAgreementPayload");
    let known = partner
        .query(&format!(
            "{{ node(id: {}) {{ ... on Volunteer {{ signUps {{ state cause }} }} }} }}",
            one["id"]
        ))
        .await;
    assert_eq!(
        *at(&known, "data.node.signUps"),
        json!([{"state": "ABSENT", "cause": null}, {"state": "WITHDRAWN", "cause": "AGREEMENT_ENDED"}]),
        "{known}"
    );
    assert_eq!(outcome(&mutate(&partner, "signUpForShift", &coming(&later)).await), "StateConflict");
    world.stop().await;
}

/// Two who take the last place at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_take_the_last_place_at_once_one_gets_it() {
    let world = World::start().await;
    let (coordinator, partner) = (world.client(COORDINATOR), world.client(PARTNER));
    let own = shelter(&world, "ALB-01").await;
    let shift =
        done(&coordinator, "planVolunteerShift", &planning(&own, "17:00:00", "20:00:00", 1, false)).await;
    let (one, another) =
        (done(&partner, "registerVolunteer", NAMES).await, done(&partner, "registerVolunteer", NAMES).await);
    let come = |volunteer: &Json| format!("shift: {}, volunteer: {}", shift["id"], volunteer["id"]);
    let (first, second) = (come(&one), come(&another));
    let (first, second) = tokio::join!(
        mutate(&partner, "signUpForShift", &first),
        mutate(&coordinator, "signUpForShift", &second)
    );
    let mut outcomes = [outcome(&first), outcome(&second)];
    outcomes.sort();
    assert_eq!(outcomes, ["OverCapacity", "SignUpForShiftPayload"]);
    world.stop().await;
}
