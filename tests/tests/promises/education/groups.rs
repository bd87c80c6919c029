//! Courses and their groups: never above their places, whoever is in them, and what was said of them stays.

use std::sync::Arc;

use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::{ADULT, COORDINATOR, EDUCATOR, PROGRAMMES, act, asking, is_sealed, keyed, people, shown, uuid};
use crate::lodging::problem;
use crate::people::entries;
use crate::reference::rows;

/// A group of so many places in a course of Spanish that the educator opens.
async fn group(world: &World, capacity: usize) -> Json {
    let educator = asking(world, EDUCATOR);
    let name = fresh_key();
    let course =
        act(&educator, "openCourse", &format!("name: \"Curso {name}\", kind: SPANISH, level: A2")).await;
    let course = shown(&course, "course")["id"].clone();
    let opened = act(
        &educator,
        "openCourseGroup",
        &format!(
            "course: {course}, name: \"Matutino\", place: \"Aula 2\", days: [MONDAY], capacity: {capacity}, \
             beginsOn: \"2022-01-10\", endsOn: \"2022-03-11\""
        ),
    )
    .await;
    shown(&opened, "group").clone()
}

async fn enrol(client: &Client, group: &Json, person: &str) -> Json {
    act(client, "enrolPerson", &format!("group: {}, person: \"{person}\"", group["id"])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_is_opened_by_the_agency_that_teaches_it() {
    let world = World::start().await;
    let (educator, programmes) = (asking(&world, EDUCATOR), asking(&world, PROGRAMMES));
    let sport = "name: \"Ajedrez\", kind: SPORT";
    let opened = act(&programmes, "openCourse", sport).await;
    let course = shown(&opened, "course").clone();
    assert_eq!((&course["kind"], &course["level"]), (&json!("SPORT"), &Json::Null));
    assert_eq!(problem(&act(&programmes, "openCourse", sport).await), "STATE_CONFLICT");
    for unfit in [
        "name: \"x\", kind: ART",
        "name: \"Español\", kind: SPANISH",
        "name: \"Danza\", kind: ART, level: A1",
    ] {
        assert_eq!(outcome(&act(&educator, "openCourse", unfit).await), "InvalidValue", "{unfit}");
    }
    // Its groups are the same agency's, or the coordinator's to open.
    let group = format!(
        "course: {}, name: \"Uno\", place: \"Cancha\", days: [SATURDAY], capacity: 4, beginsOn: \"2022-02-05\", endsOn: \"2022-03-05\"",
        course["id"]
    );
    assert_eq!(outcome(&act(&educator, "openCourseGroup", &group).await), "FORBIDDEN");
    let opened = act(&asking(&world, COORDINATOR), "openCourseGroup", &group).await;
    let opened = shown(&opened, "group").clone();
    assert_eq!((&opened["free"], &opened["version"]), (&json!(4), &json!(1)));
    for unfit in [
        group.replace("capacity: 4", "capacity: 51"),
        group.replace("[SATURDAY]", "[]"),
        group.replace("endsOn: \"2022-03-05\"", "endsOn: \"2022-02-01\""),
        group.replace("place: \"Cancha\", ", ""),
    ] {
        assert_eq!(outcome(&act(&programmes, "openCourseGroup", &unfit).await), "InvalidValue", "{unfit}");
    }
    // Revised by the version that was seen.
    let revise = |version: i32, more: &str| format!("group: {}, version: {version}, {more}", opened["id"]);
    let revised = act(&programmes, "reviseCourseGroup", &revise(1, "capacity: 2, teacher: \"DOC-7\"")).await;
    assert_eq!(
        (&shown(&revised, "group")["capacity"], &shown(&revised, "group")["version"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        outcome(&act(&programmes, "reviseCourseGroup", &revise(1, "capacity: 3")).await),
        "VersionConflict"
    );
    let children = people(&world, &super::child(2012), 2).await;
    for child in &children {
        assert_eq!(outcome(&enrol(&programmes, &opened, child).await), "EnrolPersonPayload");
    }
    assert_eq!(
        outcome(&act(&programmes, "reviseCourseGroup", &revise(2, "capacity: 1")).await),
        "OverCapacity"
    );
    // Everyone of an agency reads what is taught where; whoever may read no EDUCATION is not told who is in it.
    let board = world.client("SEDENA/kitchen").query("{ courseGroups(free: true, first: 500) { nodes { name free course { name } } } courses(kind: SPORT) { name groups { id } } schools { name } }").await;
    assert_eq!(codes(&board), Vec::<String>::new());
    assert!(rows(&board, "data.courseGroups.nodes").iter().all(|group| group["free"].as_i64().unwrap() > 0));
    let kitchen = asking(&world, "SEDENA/kitchen");
    let who = kitchen.query("{ courseGroups { nodes { enrolments { id } } } }").await;
    assert_eq!(codes(&who), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twelve_who_want_the_last_places_of_a_group_as_many_get_one_as_there_are() {
    let world = World::start().await;
    let group = group(&world, 5).await;
    let everyone = people(&world, ADULT, 12).await;
    let educator = Arc::new(asking(&world, EDUCATOR));
    let each = everyone.into_iter().map(|person| {
        let (educator, group) = (Arc::clone(&educator), group.clone());
        async move { outcome(&enrol(&educator, &group, &person).await) }
    });
    let outcomes = join_all(each).await;
    let count = |wanted: &str| outcomes.iter().filter(|outcome| *outcome == wanted).count();
    assert_eq!((count("EnrolPersonPayload"), count("OverCapacity")), (5, 7), "{outcomes:?}");
    let read = format!("{{ node(id: {}) {{ ... on CourseGroup {{ enrolled free }} }} }}", group["id"]);
    assert_eq!(at(&educator.query(&read).await, "data.node"), &json!({"enrolled": 5, "free": 0}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_enrols_comes_and_completes_with_a_level_that_is_never_said_otherwise() {
    let world = World::start().await;
    let educator = asking(&world, EDUCATOR);
    let group = group(&world, 3).await;
    let [one, other, gone] = <[String; 3]>::try_from(people(&world, ADULT, 3).await).unwrap();

    let mut follower = world.socket("SEDENA/kitchen").await;
    follower.follow("s", "subscription { courseGroupChanged { group { id free } } }").await;
    let key = fresh_key();
    let arguments = format!("group: {}, person: \"{one}\"", group["id"]);
    let enrolled = keyed(&educator, "enrolPerson", &arguments, &key).await;
    assert_eq!(
        keyed(&educator, "enrolPerson", &arguments, &key).await,
        enrolled,
        "sent again, it is answered"
    );
    let event = follower.event().await;
    assert_eq!(at(&event, "payload.data.courseGroupChanged.group"), &json!({"id": group["id"], "free": 2}));
    let enrolment = shown(&enrolled, "enrolment").clone();
    assert_eq!(
        (&enrolment["state"], &enrolment["level"], &enrolment["startedOn"]),
        (&json!("ACTIVE"), &json!("LEVELLING"), &json!("2022-01-31"))
    );
    let entry = entries(&world, "education.enrolPerson", uuid(&one)).await.swap_remove(0);
    assert_eq!(entry["agency"]["code"], "INEA");
    assert_eq!(problem(&enrol(&educator, &group, &one).await), "STATE_CONFLICT");
    assert_eq!(outcome(&enrol(&asking(&world, PROGRAMMES), &group, &other).await), "FORBIDDEN");
    let second = shown(&enrol(&educator, &group, &other).await, "enrolment").clone();

    // The whole group in one request: whoever is named nowhere did not come.
    let session = format!("group: {}, late: [{}]", group["id"], enrolment["id"]);
    let held = act(&educator, "recordSession", &session).await;
    let came = rows(&held, "data.x.session.attendances").to_vec();
    let of = |enrolment: &Json| {
        came.iter().find(|came| came["enrolment"]["id"] == enrolment["id"]).unwrap().clone()
    };
    assert_eq!((&of(&enrolment)["state"], &of(&second)["state"]), (&json!("LATE"), &json!("ABSENT")));
    assert_eq!(problem(&act(&educator, "recordSession", &session).await), "STATE_CONFLICT");
    let twice = format!("{session}, present: [{}], heldOn: \"2022-01-30\"", enrolment["id"]);
    assert_eq!(outcome(&act(&educator, "recordSession", &twice).await), "InvalidValue");
    // Nobody was in it before.
    let before = format!("{session}, heldOn: \"2022-01-24\"");
    assert_eq!(outcome(&act(&educator, "recordSession", &before).await), "InvalidValue");
    let correct = format!(
        "attendance: {}, version: 1, state: EXCUSED, note: \"Cita con Xilotepan\"",
        of(&second)["id"]
    );
    let corrected = act(&educator, "correctAttendance", &correct).await;
    assert_eq!(
        (&shown(&corrected, "attendance")["state"], &shown(&corrected, "attendance")["version"]),
        (&json!("EXCUSED"), &json!(2))
    );
    assert_eq!(outcome(&act(&educator, "correctAttendance", &correct).await), "VersionConflict");

    let complete = |more: &str| format!("enrolment: {}, version: 1{more}", enrolment["id"]);
    assert_eq!(outcome(&act(&educator, "completeEnrolment", &complete("")).await), "InvalidValue");
    let completed =
        act(&educator, "completeEnrolment", &complete(", levelReached: B1, note: \"Muy bien, Xilotepan\""))
            .await;
    let known = shown(&completed, "enrolment");
    assert_eq!(
        (&known["state"], &known["levelReached"], &known["version"]),
        (&json!("COMPLETED"), &json!("B1"), &json!(2))
    );
    assert_eq!(known["group"]["enrolled"], 1);
    let again = complete(", levelReached: C1").replace("version: 1", "version: 2");
    assert_eq!(problem(&act(&educator, "completeEnrolment", &again).await), "STATE_CONFLICT");
    let left = act(&educator, "endEnrolment", &format!("enrolment: {}, version: 1", second["id"])).await;
    assert_eq!(shown(&left, "enrolment")["state"], "LEFT");
    is_sealed(&world, &["enrolments", "attendances"], "Xilotepan").await;

    // A witness reads how it stands, and not what was said; a lead those in its own shelters.
    let ask = format!(
        "{{ node(id: {}) {{ ... on CourseGroup {{ enrolments {{ id state levelReached note }} }} }} }}",
        group["id"]
    );
    let witness = asking(&world, "CNDH/witness").query(&ask).await;
    assert_eq!(codes(&witness), ["FIELD_FORBIDDEN"]);
    assert!(
        rows(&witness, "data.node.enrolments")
            .iter()
            .all(|row| row["note"].is_null() && row["id"] != enrolment["id"])
    );
    assert_eq!(rows(&witness, "data.node.enrolments").len(), 2);
    let partner = world.client("NGO_LETRAS_EN_CAMINO/partner").stating("HOUSING").query(&ask).await;
    assert_eq!(rows(&partner, "data.node.enrolments").len(), 0, "{partner}");

    // Whoever is merged, erased or not here begins nothing.
    let database = world.database().await;
    let merge = "UPDATE persons SET merged_into = $2, merged_at = now() WHERE id = $1";
    database.execute(merge, &[&uuid(&other), &uuid(&one)]).await.unwrap();
    world
        .keys()
        .await
        .execute("DELETE FROM person_keys WHERE person_id = $1", &[&uuid(&gone)])
        .await
        .unwrap();
    for person in [&other, &gone] {
        assert_eq!(problem(&enrol(&educator, &group, person).await), "STATE_CONFLICT");
    }
    let nobody = enlace_tests::id("person", uuid::Uuid::from_u128(7));
    assert_eq!(problem(&enrol(&educator, &group, &nobody).await), "NOT_FOUND");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_departure_ends_what_somebody_learns_in_groups_and_takes_no_school_from_them() {
    let world = World::start().await;
    let coordinator = asking(&world, COORDINATOR);
    let database = world.database().await;
    let found = database
        .query_one(
            "SELECT enrolments.person_id, group_id, enrolled FROM enrolments JOIN course_groups ON course_groups.id = group_id JOIN persons ON persons.id = person_id \
             WHERE state = 'ACTIVE' AND adult_from < '2020-01-01' AND NOT EXISTS (SELECT FROM revalidations WHERE revalidations.person_id = persons.id) \
             AND NOT EXISTS (SELECT FROM departures WHERE departures.person_id = enrolments.person_id) LIMIT 1",
            &[],
        )
        .await
        .unwrap();
    let (person, group, enrolled): (uuid::Uuid, uuid::Uuid, i32) = (found.get(0), found.get(1), found.get(2));
    let id = enlace_tests::id("person", person);
    let filed = act(
        &coordinator,
        "fileRevalidation",
        &format!("person: \"{id}\", level: HIGH_SCHOOL, documents: [IDENTITY]"),
    )
    .await;
    let going = format!(
        "mutation {{ x: planDeparture(persons: [\"{id}\"], plannedOn: \"2022-01-31\", destination: {{kind: CITY, country: \"MEX\", \
         place: \"Ciudad Inventada\", transport: BUS}}, idempotencyKey: \"{}\") {{ ... on PlanDeparturePayload {{ departures {{ id version }} }} }} }}",
        fresh_key()
    );
    let planned = coordinator.query(&going).await;
    let departure = &rows(&planned, "data.x.departures")[0];
    let gone = coordinator
        .query(&format!(
            "mutation {{ x: confirmDeparture(departures: [{}], versions: [{}], idempotencyKey: \"{}\") {{ __typename }} }}",
            departure["id"],
            departure["version"],
            fresh_key()
        ))
        .await;
    assert_eq!(outcome(&gone), "ConfirmDeparturePayload", "{gone}");
    let read = format!(
        "{{ node(id: \"{id}\") {{ ... on Person {{ enrolments {{ state endedOn }} revalidations {{ state }} }} }} }}"
    );
    let known = coordinator.query(&read).await;
    assert!(
        rows(&known, "data.node.enrolments")
            .iter()
            .all(|row| row["state"] != "ACTIVE" && row["endedOn"].is_string()),
        "{known}"
    );
    let stands = rows(&known, "data.node.revalidations")
        .iter()
        .any(|row| row["state"] == shown(&filed, "revalidation")["state"]);
    assert!(stands, "{known}");
    let now: i32 = database
        .query_one("SELECT enrolled FROM course_groups WHERE id = $1", &[&group])
        .await
        .unwrap()
        .get(0);
    assert_eq!(now, enrolled - 1);
    let entry = entries(&world, "departures.confirmDeparture", person).await.swap_remove(0);
    assert!(entry["classes"].as_array().unwrap().contains(&json!("EDUCATION")), "{entry}");
    world.stop().await;
}
