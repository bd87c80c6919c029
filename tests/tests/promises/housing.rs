//! Housing: nobody lives in what was not found fit, in two places at once or too many together; and where people live is told to those alone
//! who may know it.

use enlace_schema::demo;
use enlace_tests::{Client, Scratch, World, at, codes, fresh_key};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::lodging::{homeless, problem};
use crate::people::entries;
use crate::reference::rows;

const LEASE: &str = "lease { id version state signedOn startsOn endsOn endedOn ending rent guaranteedUntil guarantor { code } \
     renews { id } dwelling { id } tenancies { id startsOn endsOn people share tenant { id } household { id } } }";

fn coordinator(world: &World) -> Client {
    world.client("DIF_MUNICIPAL/coordinator").stating("HOUSING")
}

/// Runs a mutation of housing with arguments as literals, under a key.
async fn keyed(client: &Client, root: &str, arguments: &str, key: &str) -> Json {
    let shown = match root {
        "recordOutreach" => "action { id owners dwellings }",
        "registerOwner" | "reviseOwner" => "owner { id name contact version action { id } }",
        "offerDwelling" | "reviseDwelling" | "visitDwelling" => {
            "dwelling { id code address capacity rent services fit offeredOn withdrawnOn version }"
        }
        "planDeparture" | "replanDeparture" => "departures { id version place lease { id } }",
        _ => LEASE,
    };
    let payload = format!("{}{}Payload", root[..1].to_uppercase(), &root[1..]);
    client
        .query(&format!(
            "mutation {{ x: {root}({arguments}, idempotencyKey: \"{key}\") {{ __typename ... on {payload} {{ {shown} }} \
             ... on Problem {{ code message ... on InvalidValue {{ argument }} ... on NotFound {{ argument }} }} }} }}"
        ))
        .await
}

async fn act(client: &Client, root: &str, arguments: &str) -> Json {
    keyed(client, root, arguments, &fresh_key()).await
}

fn wrong(answer: &Json) -> &str {
    at(answer, "data.x.argument").as_str().unwrap_or_else(|| panic!("nothing wrong: {answer}"))
}

/// An owner's dwelling for so many people; not visited yet.
async fn dwelling(client: &Client, capacity: i32) -> String {
    let owner =
        act(client, "registerOwner", "name: \"Arrendadora sintética\", contact: \"arrendadora@example.org\"")
            .await;
    let offered = act(
        client,
        "offerDwelling",
        &format!(
            "owner: {}, address: \"Calle Inventada {}\", district: \"Ejido Muestra\", rooms: 2, capacity: {capacity}, \
             rent: \"6000.00 MXN\", services: [WATER, POWER]",
            at(&owner, "data.x.owner.id"),
            fresh_key()
        ),
    )
    .await;
    at(&offered, "data.x.dwelling.id").as_str().unwrap_or_else(|| panic!("{offered}")).to_owned()
}

/// As [`dwelling`], and found fit.
async fn fit(client: &Client, capacity: i32) -> String {
    let dwelling = dwelling(client, capacity).await;
    let visited = act(client, "visitDwelling", &format!("dwelling: \"{dwelling}\", fit: true")).await;
    assert_eq!(at(&visited, "data.x.dwelling.fit"), true, "{visited}");
    dwelling
}

fn signing(dwelling: &str, tenants: &[&str]) -> String {
    format!(
        "dwelling: \"{dwelling}\", tenants: {}, startsOn: \"2022-02-01\", endsOn: \"2022-07-31\"",
        json!(tenants)
    )
}

/// A lease as a change names it.
fn seen(lease: &Json) -> String {
    format!("lease: {}, version: {}", lease["id"], lease["version"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dwelling_is_leased_once_it_was_found_fit_and_shared_as_far_as_it_has_room() {
    let world = World::start().await;
    let client = coordinator(&world);
    let families = homeless(&world, 2, 3).await;
    let [one, two, three] = [0, 1, 2].map(|place| families[place][0].as_str());
    let home = dwelling(&client, 5).await;
    let alone = signing(&home, &[one]);
    assert_eq!(problem(&act(&client, "signLease", &alone).await), "STATE_CONFLICT", "no visit");
    let silent = act(&client, "visitDwelling", &format!("dwelling: \"{home}\", fit: false")).await;
    assert_eq!(wrong(&silent), "remedies");
    let unfit = format!("dwelling: \"{home}\", fit: false, remedies: \"Falta agua caliente\"");
    assert_eq!(at(&act(&client, "visitDwelling", &unfit).await, "data.x.dwelling.fit"), false);
    assert_eq!(problem(&act(&client, "signLease", &alone).await), "STATE_CONFLICT", "found unfit");
    act(&client, "visitDwelling", &format!("dwelling: \"{home}\", fit: true")).await;

    for (more, argument) in [
        (", guaranteedUntil: \"2022-08-01\"", "guaranteedUntil"),
        (", signedOn: \"2022-02-01\"", "signedOn"),
        (", shares: [\"6000.01 MXN\"]", "shares"),
        (", shares: [\"10.00 USD\"]", "shares"),
    ] {
        assert_eq!(wrong(&act(&client, "signLease", &format!("{alone}{more}")).await), argument);
    }
    let both = format!(
        "{}, shares: [\"2500.00 MXN\", \"3500.00 MXN\"], guaranteedUntil: \"2022-04-30\"",
        signing(&home, &[two, one])
    );
    let key = fresh_key();
    let signed = keyed(&client, "signLease", &both, &key).await;
    let lease = at(&signed, "data.x.lease").clone();
    assert_eq!((&lease["state"], &lease["rent"]), (&json!("ACTIVE"), &json!("6000.00 MXN")), "{signed}");
    assert_eq!(
        (&lease["signedOn"], at(&lease, "guarantor.code"), &lease["guaranteedUntil"]),
        (&json!("2022-01-31"), &json!("DIF_MUNICIPAL"), &json!("2022-04-30"))
    );
    let of = |tenant: &str| {
        let living = rows(&lease, "tenancies").iter().find(|tenancy| tenancy["tenant"]["id"] == tenant);
        living.unwrap_or_else(|| panic!("{lease}")).clone()
    };
    assert_eq!((&of(two)["share"], &of(two)["people"]), (&json!("2500.00 MXN"), &json!(2)));
    assert_eq!((&of(one)["share"], &of(one)["endsOn"]), (&json!("3500.00 MXN"), &json!("2022-07-31")));
    assert_eq!(keyed(&client, "signLease", &both, &key).await, signed);
    assert_eq!(problem(&keyed(&client, "signLease", &alone, &key).await), "IDEMPOTENCY_CONFLICT");

    // No other lease of it meanwhile, and no other dwelling for those who live there; nor more people than it has room for.
    assert_eq!(problem(&act(&client, "signLease", &signing(&home, &[three])).await), "STATE_CONFLICT");
    let other = fit(&client, 1).await;
    assert_eq!(problem(&act(&client, "signLease", &signing(&other, &[one])).await), "STATE_CONFLICT");
    assert_eq!(problem(&act(&client, "signLease", &signing(&other, &[three])).await), "OVER_CAPACITY");
    let joining = |lease: &Json| format!("{}, tenant: \"{three}\"", seen(lease));
    assert_eq!(problem(&act(&client, "joinLease", &joining(&lease)).await), "OVER_CAPACITY");

    // One leaves, and another moves in.
    let leaving = |version: &Json, day: &str| {
        format!("tenancy: {}, version: {version}, lastDay: \"{day}\"", of(one)["id"])
    };
    let stale = act(&client, "leaveLease", &leaving(&json!(1), "2022-02-28")).await;
    assert_eq!(problem(&stale), "VERSION_CONFLICT");
    let early = act(&client, "leaveLease", &leaving(&lease["version"], "2022-01-30")).await;
    assert_eq!(wrong(&early), "lastDay");
    let left = act(&client, "leaveLease", &leaving(&lease["version"], "2022-02-28")).await;
    let lease = at(&left, "data.x.lease").clone();
    let dear = format!("{}, startsOn: \"2022-03-01\", share: \"3600.00 MXN\"", joining(&lease));
    assert_eq!(wrong(&act(&client, "joinLease", &dear).await), "share");
    let moving = format!("{}, startsOn: \"2022-03-01\", share: \"3500.00 MXN\"", joining(&lease));
    let joined = act(&client, "joinLease", &moving).await;
    let lease = at(&joined, "data.x.lease").clone();
    assert_eq!(rows(&lease, "tenancies").len(), 3, "{joined}");
    let entry = entries(&world, "housing.joinLease", uuid(three)).await;
    assert!(entry[0]["classes"].as_array().unwrap().contains(&json!("HOUSING")), "{entry:?}");
    // What they pay lies sealed.
    let records = world.database().await.query("SELECT record FROM tenancies", &[]).await.unwrap();
    assert!(records.iter().all(|row| !row.get::<_, Vec<u8>>(0).windows(3).any(|three| three == b"MXN")));
    world.stop().await;
}

fn uuid(id: &str) -> uuid::Uuid {
    enlace_schema::GlobalId::parse(id).unwrap().uuid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_renewed_by_a_term_that_follows_on_and_ends_once() {
    let world = World::start().await;
    let client = coordinator(&world);
    let families = homeless(&world, 2, 2).await;
    let home = fit(&client, 6).await;
    let tenants = [families[0][0].as_str(), families[1][0].as_str()];
    let shares = "shares: [\"3000.00 MXN\", \"3000.00 MXN\"]";
    let signed = act(&client, "signLease", &format!("{}, {shares}", signing(&home, &tenants))).await;
    let first = at(&signed, "data.x.lease").clone();
    let of_one = &rows(&first, "tenancies")[0]["id"];
    let leaving = format!("tenancy: {of_one}, version: {}, lastDay: \"2022-06-30\"", first["version"]);
    let first = at(&act(&client, "leaveLease", &leaving).await, "data.x.lease").clone();

    let renewing = format!("{}, endsOn: \"2023-01-31\"", seen(&first));
    let backwards = format!("{}, endsOn: \"2022-07-31\"", seen(&first));
    assert_eq!(wrong(&act(&client, "renewLease", &backwards).await), "endsOn");
    let renewed = act(&client, "renewLease", &renewing).await;
    let second = at(&renewed, "data.x.lease").clone();
    assert_eq!(
        (&second["startsOn"], at(&second, "renews.id")),
        (&json!("2022-08-01"), &first["id"]),
        "{renewed}"
    );
    // The one who stays, as before.
    let staying = rows(&second, "tenancies");
    assert_eq!((staying.len(), &staying[0]["share"]), (1, &json!("3000.00 MXN")));
    assert_eq!(problem(&act(&client, "renewLease", &renewing).await), "STATE_CONFLICT", "once");
    let ending = |lease: &Json, day: &str| format!("{}, lastDay: \"{day}\", ending: OWNER", seen(lease));
    assert_eq!(problem(&act(&client, "endLease", &ending(&first, "2022-06-01")).await), "STATE_CONFLICT");

    // Cancelled before it begins, nobody ever lived by it; and then the first may end.
    let cancelled =
        at(&act(&client, "endLease", &ending(&second, "2022-01-31")).await, "data.x.lease").clone();
    assert_eq!((&cancelled["state"], &cancelled["ending"]), (&json!("CANCELLED"), &json!("OWNER")));
    assert!(rows(&cancelled, "tenancies").iter().all(|living| living["endsOn"] == "2022-01-31"));
    let late = act(&client, "endLease", &ending(&first, "2022-08-01")).await;
    assert_eq!(wrong(&late), "lastDay");
    let ended = at(&act(&client, "endLease", &ending(&first, "2022-03-31")).await, "data.x.lease").clone();
    assert_eq!((&ended["state"], &ended["endedOn"]), (&json!("ENDED"), &json!("2022-03-31")));
    assert!(rows(&ended, "tenancies").iter().all(|living| living["endsOn"] == "2022-03-31"));
    assert_eq!(problem(&act(&client, "endLease", &ending(&ended, "2022-03-01")).await), "STATE_CONFLICT");

    // The dwelling and the households are free again from then on, unless it is offered no more.
    let again = format!(
        "dwelling: \"{home}\", tenants: {}, startsOn: \"2022-04-01\", endsOn: \"2022-06-30\"",
        json!(tenants)
    );
    let withdrawing = |offered: bool, version: i32| {
        format!(
            "dwelling: \"{home}\", rent: \"5000.00 MXN\", services: [WATER], offered: {offered}, version: {version}"
        )
    };
    let withdrawn = act(&client, "reviseDwelling", &withdrawing(false, 1)).await;
    assert_eq!(at(&withdrawn, "data.x.dwelling.withdrawnOn"), "2022-01-31", "{withdrawn}");
    assert_eq!(problem(&act(&client, "signLease", &again).await), "STATE_CONFLICT");
    assert_eq!(problem(&act(&client, "reviseDwelling", &withdrawing(true, 1)).await), "VERSION_CONFLICT");
    act(&client, "reviseDwelling", &withdrawing(true, 2)).await;
    let anew = act(&client, "signLease", &again).await;
    assert_eq!(at(&anew, "data.x.lease.rent"), "5000.00 MXN", "{anew}");
    let page = format!(
        "{{ leases(dwelling: \"{home}\", state: ACTIVE, on: \"2022-05-01\") {{ totalCount nodes {{ id }} }} }}"
    );
    let page = client.query(&page).await;
    assert_eq!(at(&page, "data.leases.nodes.0.id"), at(&anew, "data.x.lease.id"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_sign_at_once_one_gets_the_dwelling_and_a_household_one_dwelling() {
    let world = World::start().await;
    let client = coordinator(&world);
    let families = homeless(&world, 1, 6).await;
    let home = fit(&client, 6).await;
    let each = families.iter().map(|family| {
        let (client, arguments) = (client.clone(), signing(&home, &[family[0].as_str()]));
        async move { act(&client, "signLease", &arguments).await }
    });
    let answers = join_all(each).await;
    let won = answers.iter().position(|answer| at(answer, "data.x.__typename") == "SignLeasePayload");
    let won = won.unwrap_or_else(|| panic!("{answers:?}"));
    let refused = answers.iter().filter(|answer| at(answer, "data.x.code") == "STATE_CONFLICT").count();
    assert_eq!(refused, 5, "{answers:?}");

    // All who lost would share it; each saw the same.
    let lease = at(&answers[won], "data.x.lease").clone();
    let losers: Vec<&String> = families
        .iter()
        .enumerate()
        .filter(|(place, _)| *place != won)
        .map(|(_, family)| &family[0])
        .collect();
    let each = losers.iter().map(|tenant| {
        let (client, arguments) = (client.clone(), format!("{}, tenant: \"{tenant}\"", seen(&lease)));
        async move { act(&client, "joinLease", &arguments).await }
    });
    let joined = join_all(each).await;
    let done = joined.iter().filter(|answer| at(answer, "data.x.__typename") == "JoinLeasePayload").count();
    assert_eq!(done, 1, "{joined:?}");

    let homeless = homeless(&world, 1, 1).await.remove(0).remove(0);
    let mut homes = Vec::new();
    for _ in 0..4 {
        homes.push(fit(&client, 2).await);
    }
    let each = homes.iter().map(|home| {
        let (client, arguments) = (client.clone(), signing(home, &[homeless.as_str()]));
        async move { act(&client, "signLease", &arguments).await }
    });
    let answers = join_all(each).await;
    let done = answers.iter().filter(|answer| at(answer, "data.x.__typename") == "SignLeasePayload").count();
    assert_eq!(done, 1, "{answers:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_people_live_is_told_to_whom_it_is_shared_with_and_to_witnesses_without_a_place() {
    let world = World::start().await;
    let client = coordinator(&world);
    let document = "{ leases(first: 500) { totalCount nodes { id dwelling { id address district owner { name } } tenancies { id tenant { id } } } } }";
    let all = client.query(document).await;
    assert_eq!(codes(&all), Vec::<String>::new());
    let total = at(&all, "data.leases.totalCount").as_i64().unwrap();
    assert!(total > 2 && at(&all, "data.leases.nodes.0.dwelling.owner.name").is_string(), "{all}");

    // A tenant agrees that a partner helps them to find a dwelling.
    let tenant = at(&all, "data.leases.nodes.0.tenancies.0.tenant.id").as_str().unwrap().to_owned();
    let database = world.database().await;
    database.execute("DELETE FROM consents WHERE purpose = 'HOUSING'", &[]).await.unwrap();
    let partner = world.client("NGO_PUENTE_CACHANILLA/partner").stating("HOUSING");
    assert_eq!(at(&partner.query(document).await, "data.leases.totalCount"), 0);
    let agree = "INSERT INTO consents (id, programme_id, person_id, recipient, purpose, given_at) \
                 SELECT gen_random_uuid(), programme_id, id, 'NGO_PUENTE_CACHANILLA', 'HOUSING', '2022-01-30' FROM persons WHERE id = $1";
    database.execute(agree, &[&uuid(&tenant)]).await.unwrap();
    let shared = partner.query(document).await;
    assert_eq!(at(&shared, "data.leases.totalCount"), 1, "{shared}");
    let lease = at(&shared, "data.leases.nodes.0");
    assert_eq!(at(lease, "id"), at(&all, "data.leases.nodes.0.id"));
    assert_eq!(at(lease, "dwelling.address"), at(&all, "data.leases.nodes.0.dwelling.address"));
    // Of those who share the dwelling, only the one who agreed; and never who lets it.
    assert_eq!(rows(lease, "tenancies").len(), 1, "{lease}");
    assert_eq!(
        (at(lease, "tenancies.0.tenant.id"), at(lease, "dwelling.owner")),
        (&json!(tenant), &Json::Null)
    );
    let elsewhere = world.client("NGO_PUENTE_CACHANILLA/partner").stating("ASSISTANCE").query(document).await;
    assert_eq!(at(&elsewhere, "data.leases.totalCount"), 0, "another purpose");

    // Once the cancellation of their data is granted, nobody but the coordinator is told.
    database
        .execute(
            "UPDATE persons SET withheld = 'BLOCKED', withheld_since = '2022-01-30' WHERE id = $1",
            &[&uuid(&tenant)],
        )
        .await
        .unwrap();
    assert_eq!(at(&partner.query(document).await, "data.leases.totalCount"), 0);
    assert_eq!(at(&client.query(document).await, "data.leases.totalCount"), total);

    let witness = world.client("CNDH/witness").stating("OVERSIGHT").query(document).await;
    assert_eq!(at(&witness, "data.leases.totalCount"), total);
    let real: Vec<&Json> = rows(&all, "data.leases.nodes").iter().map(|lease| &lease["id"]).collect();
    for lease in rows(&witness, "data.leases.nodes") {
        assert!(!real.contains(&&lease["id"]) && at(lease, "dwelling.district").is_string());
        assert_eq!((at(lease, "dwelling.address"), at(lease, "dwelling.owner")), (&Json::Null, &Json::Null));
    }
    for caller in ["DIF_MUNICIPAL/shelter_lead@ALB-01", "ISESALUD/clinician", "RP/liaison", "OIM/adviser"] {
        let refused = world.client(caller).stating("HOUSING");
        for document in
            ["{ leases { totalCount } }", "{ dwellings { totalCount } }", "{ owners { totalCount } }"]
        {
            assert_eq!(codes(&refused.query(document).await), ["FIELD_FORBIDDEN"], "{caller} {document}");
        }
        let figures = refused.query("{ housingFigures { offered leased } }").await;
        assert!(at(&figures, "data.housingFigures.offered").as_i64().unwrap() > 20, "{figures}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_campaign_is_counted_by_the_owners_and_the_dwellings_that_name_it() {
    let world = World::start().await;
    let (client, liaison) = (coordinator(&world), world.client("RP/liaison"));
    let future = "kind: TALK, place: \"Centro de muestra\", heldOn: \"2022-02-01\"";
    assert_eq!(wrong(&act(&liaison, "recordOutreach", future).await), "heldOn");
    let held =
        act(&liaison, "recordOutreach", "kind: TALK, place: \"Centro de muestra\", attendance: 30").await;
    let action = at(&held, "data.x.action.id").clone();
    let owner =
        act(&client, "registerOwner", &format!("name: \"Arrendador sintético\", action: {action}")).await;
    assert_eq!(at(&owner, "data.x.owner.action.id"), &action, "{owner}");
    let owner = at(&owner, "data.x.owner").clone();
    let offer = |rooms: i32, rent: &str| {
        format!(
            "owner: {}, address: \"Calle Única 1\", district: \"Muestra\", rooms: {rooms}, capacity: 3, rent: \"{rent}\", services: [], action: {action}",
            owner["id"]
        )
    };
    assert_eq!(wrong(&act(&client, "offerDwelling", &offer(0, "1.00 MXN")).await), "rooms");
    let offered = act(&client, "offerDwelling", &offer(1, "4000.00 MXN")).await;
    assert_eq!(at(&offered, "data.x.dwelling.offeredOn"), "2022-01-31", "{offered}");
    assert_eq!(problem(&act(&client, "offerDwelling", &offer(1, "4000.00 MXN")).await), "STATE_CONFLICT");
    let counted =
        format!("{{ node(id: {action}) {{ ... on OutreachAction {{ attendance owners dwellings }} }} }}");
    let expected = json!({"attendance": 30, "owners": 1, "dwellings": 1});
    assert_eq!(at(&liaison.query(&counted).await, "data.node"), &expected);

    let revise =
        |version: i32, name: &str| format!("owner: {}, name: \"{name}\", version: {version}", owner["id"]);
    assert_eq!(wrong(&act(&client, "reviseOwner", &revise(1, " ")).await), "name");
    let revised = act(&client, "reviseOwner", &revise(1, "Arrendador de muestra")).await;
    assert_eq!(at(&revised, "data.x.owner.version"), 2, "{revised}");
    assert_eq!(problem(&act(&client, "reviseOwner", &revise(1, "Otro")).await), "VERSION_CONFLICT");
    // The journal has that it was set, and not who it is.
    let database = world.database().await;
    let told = "SELECT count(*) FROM journal_entries, unnest(part_contents) AS content \
                WHERE operation LIKE 'housing.%' AND convert_from(content, 'utf8') ~ '(Arrendador|Calle Única)'";
    assert_eq!(database.query_one(told, &[]).await.unwrap().get::<_, i64>(0), 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_departure_names_the_lease_of_its_household_and_shows_it_to_whom_may_know_it() {
    let world = World::start().await;
    let client = coordinator(&world);
    let families = homeless(&world, 2, 2).await;
    let home = fit(&client, 4).await;
    let signed = act(&client, "signLease", &signing(&home, &[families[0][0].as_str()])).await;
    let lease = at(&signed, "data.x.lease.id").clone();
    let plan = |people: &[String], day: &str, kind: &str| {
        format!(
            "persons: {}, plannedOn: \"{day}\", destination: {{kind: {kind}, country: \"MEX\", transport: PROGRAMME}}, lease: {lease}",
            json!(people)
        )
    };
    let city = act(&client, "planDeparture", &plan(&families[0], "2022-02-02", "CITY")).await;
    assert_eq!(wrong(&city), "lease");
    let others = act(&client, "planDeparture", &plan(&families[1], "2022-02-02", "DWELLING")).await;
    assert_eq!(problem(&others), "STATE_CONFLICT", "another household's");
    let early = act(&client, "planDeparture", &plan(&families[0], "2022-01-31", "DWELLING")).await;
    assert_eq!(problem(&early), "STATE_CONFLICT", "before it begins");
    let planned = act(&client, "planDeparture", &plan(&families[0], "2022-02-02", "DWELLING")).await;
    let departures = rows(&planned, "data.x.departures").to_vec();
    assert_eq!(
        (departures.len(), at(&departures[0], "lease.id"), &departures[0]["place"]),
        (2, &lease, &Json::Null)
    );

    // Another day, to the same dwelling.
    let each = |field: &str| -> Vec<Json> { departures.iter().map(|one| one[field].clone()).collect() };
    let again = format!(
        "departures: {}, versions: {}, plannedOn: \"2022-02-03\"",
        json!(each("id")),
        json!(each("version"))
    );
    let replanned = act(&client, "replanDeparture", &again).await;
    assert_eq!(at(&replanned, "data.x.departures.0.lease.id"), &lease, "{replanned}");

    let document =
        "query($id: ID!) { node(id: $id) { ... on Departure { destination place lease { id } } } }";
    let witness = world.client("ISESALUD/clinician").stating("RECEPTION");
    let told = witness.run(document, json!({"id": departures[0]["id"]})).await;
    assert_eq!(
        at(&told, "data.node"),
        &json!({"destination": "DWELLING", "place": null, "lease": null}),
        "{told}"
    );
    assert_eq!(codes(&told), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_programme_closes_all_households_live_in_461_dwellings_none_overcrowded() {
    let scratch = Scratch::empty().await;
    scratch.migrate().await;
    let keys = scratch.keys().await;
    demo::load(&mut scratch.connect().await, &keys, demo::ENDS_ON, chrono::Utc::now()).await.unwrap();
    let world = World::with().start_on(scratch).await;
    let client = coordinator(&world);
    let figures = client.query("{ housingFigures { asOf leased households } }").await;
    let expected = json!({"asOf": "2022-03-31", "leased": 461, "households": 922});
    assert_eq!(at(&figures, "data.housingFigures"), &expected);
    let earlier =
        client.query("{ housingFigures(asOf: \"2022-01-31\") { leased offered fit vacant places } }").await;
    let earlier = at(&earlier, "data.housingFigures");
    let count = |name: &str| earlier[name].as_i64().unwrap_or_else(|| panic!("{earlier}"));
    assert!((1..30).contains(&count("leased")) && count("fit") < count("offered"), "{earlier}");
    assert!(count("vacant") <= count("fit") && count("places") >= count("vacant"), "{earlier}");

    let database = world.database().await;
    let crowded = "SELECT count(*) FROM dwellings, generate_series('2022-01-20'::date, '2022-03-31', interval '1 day') AS day \
                   WHERE capacity < (SELECT sum(people) FROM tenancies \
                       WHERE dwelling_id = dwellings.id AND day::date BETWEEN starts_on AND ends_on)";
    let homeless = "SELECT count(*) FROM households WHERE closed_on IS NULL OR NOT EXISTS (SELECT FROM tenancies \
                    WHERE household_id = households.id AND '2022-03-31' BETWEEN starts_on AND ends_on)";
    for none in [crowded, homeless] {
        assert_eq!(database.query_one(none, &[]).await.unwrap().get::<_, i64>(0), 0, "{none}");
    }
    // Everyone went to the dwelling that their household leased.
    let went = "{ departures(first: 50) { nodes { destination lease { tenancies { household { id } } } person { household { id } } } } }";
    let went = client.query(went).await;
    let nodes = rows(&went, "data.departures.nodes");
    assert_eq!(nodes.len(), 50);
    for departure in nodes {
        let home = at(departure, "person.household.id");
        assert!(
            rows(departure, "lease.tenancies").iter().any(|one| at(one, "household.id") == home),
            "{departure}"
        );
    }
    world.stop().await;
}
