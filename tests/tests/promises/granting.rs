//! Who grants what to whom, the laws of it, and how soon it is felt that a grant, a token, an account or an agreement was taken
//! back (R4, R8).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use enlace_policies::{INCOMPATIBLE, ROLES, incompatibility};
use enlace_tests::{Client, World, at, codes, fresh_key, outcome};
use serde_json::{Value as Json, json};

use crate::authority::{Present, is_refused, token};

const ADMINISTRATOR: &str = "DIF_MUNICIPAL/administrator";

const GRANT: &str = "mutation($user: ID!, $role: RoleCode!, $shelters: [ID!], $readsAs: RoleCode, $endsAt: DateTime!, $key: String!) {
  grantRole(user: $user, role: $role, shelters: $shelters, readsAs: $readsAs, endsAt: $endsAt, idempotencyKey: $key) {
    __typename
    ... on GrantRolePayload { grant { id role readsAs shelters validFrom validUntil version user { subject } } }
    ... on Problem { code message }
    ... on InvalidValue { argument } ... on NotFound { argument } ... on RoleNotOfAgency { argument } ... on RolesIncompatible { held }
  }
}";

const PROBLEM: &str = "... on Problem { code message } ... on VersionConflict { currentVersion }";

fn withdrawal(root: &str, of: &str) -> String {
    format!(
        "mutation($id: ID!, $version: Int!, $key: String!) {{ {root}({of}: $id, version: $version, idempotencyKey: $key) {{
           __typename {PROBLEM} }} }}"
    )
}

const REVOKE_TOKEN: &str = "mutation($jti: String!, $expiresAt: DateTime!, $key: String!) {
  revokeToken(jti: $jti, expiresAt: $expiresAt, idempotencyKey: $key) {
    __typename ... on RevokeTokenPayload { jti expiresAt } ... on Problem { code message } } }";

/// Everything that the administrator administers, by agency.
async fn authorities(client: &Client) -> Vec<Json> {
    let found = client
        .query(
            "{ agencies { code agreements { id validUntil version }
                 users { id subject active version grants { id role validUntil version } } } }",
        )
        .await;
    assert_eq!(codes(&found), Vec::<String>::new());
    at(&found, "data.agencies").as_array().unwrap().clone()
}

async fn account(client: &Client, subject: &str) -> Json {
    let agencies = authorities(client).await;
    let users = agencies.iter().flat_map(|agency| agency["users"].as_array().unwrap());
    users
        .into_iter()
        .find(|user| user["subject"] == subject)
        .unwrap_or_else(|| panic!("no {subject}"))
        .clone()
}

/// The programme clock, so many seconds from now.
fn within(world: &World, seconds: i64) -> Json {
    let now = Utc::now() + world.enlace.programme().clock_offset + TimeDelta::seconds(seconds);
    json!(now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

async fn grants(world: &World) -> i64 {
    world.database().await.query_one("SELECT count(*) FROM grants", &[]).await.unwrap().get(0)
}

/// Reads the journal as a witness until it holds something of this operation.
async fn entry(world: &World, operation: &str) -> Json {
    let witness = world.client("CNDH/witness");
    let document = "query($operation: String) { journal(operation: $operation) { nodes {
        operation actor roles policyVersion classes agency { code } } } }";
    for _ in 0..500 {
        let answer = witness.run(document, json!({"operation": operation})).await;
        let nodes =
            at(&answer, "data.journal.nodes").as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        if let Some(found) = nodes.into_iter().next() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the journal has no {operation}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_role_is_felt_and_is_in_the_journal() {
    let world = World::start().await;
    let administrator = world.client(ADMINISTRATOR);
    let user = account(&administrator, "dif_municipal.coordinator").await;
    let claimed = ["coordinator", "donation_coordinator"];
    let both = token(&world, "DIF_MUNICIPAL", "dif_municipal.coordinator", &claimed, &[]);
    let both = Client::new(world.address, Some(both));
    let roles = async || at(&both.query("{ viewer { roles } }").await, "data.viewer.roles").clone();
    assert_eq!(roles().await, json!(["coordinator"]));

    let variables = json!({
        "user": user["id"], "role": "donation_coordinator", "endsAt": within(&world, 3600), "key": fresh_key()
    });
    let granted = administrator.run(GRANT, variables.clone()).await;
    assert_eq!(outcome(&granted), "GrantRolePayload");
    let grant = at(&granted, "data.grantRole.grant");
    assert_eq!((&grant["validUntil"], &grant["version"]), (&variables["endsAt"], &json!(1)));
    assert_eq!(at(grant, "user.subject"), "dif_municipal.coordinator");
    let asked = Instant::now();
    while roles().await != json!(["coordinator", "donation_coordinator"]) {
        assert!(asked.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let entry = entry(&world, "agencies.grantRole").await;
    let actor = account(&administrator, "dif_municipal.administrator").await;
    assert_eq!((&entry["actor"], &entry["classes"]), (&actor["id"], &json!(["ADMINISTRATION"])));
    assert_eq!(
        (at(&entry, "agency.code"), &entry["roles"]),
        (&json!("DIF_MUNICIPAL"), &json!(["administrator"]))
    );

    // A retry gets the same answer; another body with its key, none.
    assert_eq!(administrator.run(GRANT, variables.clone()).await, granted);
    let mut other = variables;
    other["endsAt"] = within(&world, 7200);
    assert_eq!(outcome(&administrator.run(GRANT, other).await), "IdempotencyConflict");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_breaks_a_law_is_refused_by_its_name_and_leaves_nothing() {
    let world = World::start().await;
    let administrator = world.client(ADMINISTRATOR);
    let before = grants(&world).await;
    let shelters = administrator.query("{ shelters { id } }").await;
    let shelter = json!([at(&shelters, "data.shelters.0.id")]);
    let nowhere = json!([enlace_tests::id("shelter", uuid::Uuid::now_v7())]);
    let (later, earlier) = (within(&world, 3600), within(&world, -1));
    let none = Json::Null;
    let cases = [
        ("sedena.kitchen", "clinician", &none, &none, &later, "RoleNotOfAgency", "role"),
        ("acnur.donor", "partner", &none, &none, &later, "RoleNotOfAgency", "role"),
        ("acnur.donor", "integrator", &none, &json!("adviser"), &later, "RoleNotOfAgency", "readsAs"),
        ("acnur.donor", "integrator", &none, &json!("integrator"), &later, "RoleNotOfAgency", "readsAs"),
        ("cndh.witness", "employer", &none, &none, &later, "RolesIncompatible", "witness"),
        ("cndh.witness", "integrator", &none, &json!("witness"), &later, "RolesIncompatible", "witness"),
        (
            "dif_municipal.administrator",
            "coordinator",
            &none,
            &none,
            &later,
            "RolesIncompatible",
            "administrator",
        ),
        (
            "dif_municipal.coordinator",
            "administrator",
            &none,
            &none,
            &later,
            "RolesIncompatible",
            "coordinator",
        ),
        ("acnur.donor", "employer", &none, &none, &later, "RolesIncompatible", "donor"),
        // A role whose reads it holds counts as held.
        ("isesalud.integrator", "employer", &none, &none, &later, "RolesIncompatible", "clinician"),
        ("acnur.donor", "donor", &none, &none, &later, "AlreadyGranted", ""),
        ("acnur.donor", "integrator", &none, &json!("donor"), &earlier, "InvalidValue", "endsAt"),
        ("acnur.donor", "integrator", &none, &none, &later, "InvalidValue", "readsAs"),
        (
            "dif_municipal.coordinator",
            "donation_coordinator",
            &none,
            &json!("coordinator"),
            &later,
            "InvalidValue",
            "readsAs",
        ),
        ("dif_municipal.coordinator", "shelter_lead", &none, &none, &later, "InvalidValue", "shelters"),
        ("dif_municipal.coordinator", "shelter_lead", &json!([]), &none, &later, "InvalidValue", "shelters"),
        (
            "dif_municipal.coordinator",
            "donation_coordinator",
            &shelter,
            &none,
            &later,
            "InvalidValue",
            "shelters",
        ),
        ("dif_municipal.coordinator", "shelter_lead", &nowhere, &none, &later, "NotFound", "shelters"),
    ];
    for (subject, role, shelters, reads_as, ends_at, expected, about) in cases {
        let user = account(&administrator, subject).await;
        let variables = json!({
            "user": user["id"], "role": role, "shelters": shelters, "readsAs": reads_as, "endsAt": ends_at, "key": fresh_key()
        });
        let answer = administrator.run(GRANT, variables).await;
        assert_eq!(outcome(&answer), expected, "{subject} {role} {reads_as}: {answer}");
        let said = at(&answer, "data.grantRole");
        let named = said["argument"].as_str().or(said["held"].as_str()).unwrap_or_default();
        assert_eq!(named, about, "{subject} {role} {reads_as}: {answer}");
    }
    let nobody = json!({
        "user": enlace_tests::id("user", uuid::Uuid::now_v7()), "role": "donor", "endsAt": later, "key": fresh_key()
    });
    assert_eq!(outcome(&administrator.run(GRANT, nobody).await), "NotFound");
    assert_eq!(grants(&world).await, before);

    // What is allowed besides.
    for (subject, role, shelters, reads_as) in [
        ("dif_municipal.coordinator", "shelter_lead", &shelter, &none),
        ("dif_municipal.integrator", "donation_coordinator", &none, &none),
        ("acnur.donor", "integrator", &none, &json!("donor")),
    ] {
        let user = account(&administrator, subject).await;
        let variables = json!({
            "user": user["id"], "role": role, "shelters": shelters, "readsAs": reads_as, "endsAt": later, "key": fresh_key()
        });
        let answer = administrator.run(GRANT, variables).await;
        assert_eq!(outcome(&answer), "GrantRolePayload", "{subject} {role}: {answer}");
    }
    world.stop().await;
}

/// Whichever of two grants at once comes second is refused, by the database, though neither had seen the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_grants_at_once_do_not_make_an_incompatible_pair() {
    let world = World::start().await;
    let administrator = world.client(ADMINISTRATOR);
    world
        .database()
        .await
        .batch_execute(
            "INSERT INTO users (id, agency_id, subject) SELECT gen_random_uuid(), id, 'new.' || n \
             FROM agencies, generate_series(1, 12) AS n WHERE code = 'DIF_MUNICIPAL'",
        )
        .await
        .unwrap();
    for round in 1..=12 {
        let user = account(&administrator, &format!("new.{round}")).await;
        let grant = async |role: &str| {
            let variables =
                json!({"user": user["id"], "role": role, "endsAt": within(&world, 3600), "key": fresh_key()});
            outcome(&administrator.run(GRANT, variables).await)
        };
        let (one, other) = tokio::join!(grant("administrator"), grant("coordinator"));
        let said = BTreeSet::from([one.as_str(), other.as_str()]);
        assert_eq!(said, BTreeSet::from(["GrantRolePayload", "RolesIncompatible"]), "round {round}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_the_roles_of_the_policies_and_which_are_not_held_together() {
    let scratch = enlace_tests::Scratch::with_programme().await;
    let database = scratch.connect().await;
    let pairs = async |statement: &str| -> BTreeSet<(String, String)> {
        let rows = database.query(statement, &[]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    };
    let held = pairs("SELECT role, pattern FROM role_agencies").await;
    let expected = ROLES
        .iter()
        .flat_map(|role| role.agencies.iter().map(|agency| (role.code.to_owned(), (*agency).to_owned())));
    assert_eq!(held, expected.collect());

    let apart = pairs("SELECT role, other FROM incompatible_roles").await;
    let all = ROLES.iter().flat_map(|one| ROLES.iter().map(move |other| (one.code, other.code)));
    let expected = all.filter(|(one, other)| one < other && incompatibility(one, other).is_some());
    assert_eq!(apart, expected.map(|(one, other)| (one.to_owned(), other.to_owned())).collect());
    assert!(apart.len() > ROLES.len() && INCOMPATIBLE.iter().all(|pair| !pair.reason.is_empty()));

    // And it reads the patterns as the policies do.
    for role in ROLES {
        for agency in ["DIF_MUNICIPAL", "NGO_ALFA", "NGO", "ACNUR", "ACNUR2", "EMPLEADOR_DEMO", "CNDH"] {
            let holds: bool =
                database.query_one("SELECT may_hold($1, $2)", &[&role.code, &agency]).await.unwrap().get(0);
            assert_eq!(holds, role.held_by(agency), "{} {agency}", role.code);
        }
    }
    drop(database);
    scratch.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_administrator_grants_or_takes_back() {
    let world = World::start().await;
    let administrator = world.client(ADMINISTRATOR);
    let user = account(&administrator, "acnur.integrator").await;
    let before = authorities(&administrator).await;
    for caller in [
        "DIF_MUNICIPAL/coordinator",
        "DIF_MUNICIPAL/shelter_lead@ALB-01",
        "ISESALUD/clinician",
        "NGO_PAN_DEL_VALLE/partner",
        "CNDH/witness",
        "ACNUR/integrator",
    ] {
        let client = world.client(caller);
        let granting =
            json!({"user": user["id"], "role": "donor", "endsAt": within(&world, 3600), "key": fresh_key()});
        assert_eq!(codes(&client.run(GRANT, granting).await), ["FORBIDDEN"], "{caller}");
        for (root, of, id) in [
            ("revokeGrant", "grant", at(&user, "grants.0.id")),
            ("deactivateUser", "user", &user["id"]),
            ("reactivateUser", "user", &user["id"]),
            ("endAgreement", "agreement", at(&before[0], "agreements.0.id")),
        ] {
            let variables = json!({"id": id, "version": 1, "key": fresh_key()});
            let answer = client.run(&withdrawal(root, of), variables).await;
            assert_eq!(codes(&answer), ["FORBIDDEN"], "{caller} {root}: {answer}");
        }
        let variables = json!({"jti": "someone's", "expiresAt": "2100-01-01T00:00:00Z", "key": fresh_key()});
        assert_eq!(codes(&client.run(REVOKE_TOKEN, variables).await), ["FORBIDDEN"], "{caller}");
    }
    assert_eq!(authorities(&administrator).await, before);

    // Whoever is not concerned sees its own account and what it is granted, and no other.
    let seen =
        world.client("SEDENA/kitchen").query("{ agencies { users { subject grants { role } } } }").await;
    assert_eq!(codes(&seen), Vec::<String>::new());
    let agencies = at(&seen, "data.agencies").as_array().unwrap();
    let users: Vec<&Json> = agencies.iter().flat_map(|agency| agency["users"].as_array().unwrap()).collect();
    assert_eq!(users, [&json!({"subject": "sedena.kitchen", "grants": [{"role": "kitchen"}]})]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_administrator_revokes_is_refused_everywhere() {
    let world = World::start().await;
    let token = world.token("SEDENA/kitchen");
    let present = Present::enter(&world, &token).await;
    let claims: Json = jsonwebtoken::dangerous::insecure_decode_claims(&token).unwrap();
    let variables = json!({"jti": claims["jti"], "expiresAt": "2100-01-01T00:00:00Z", "key": fresh_key()});
    let revoked = world.client(ADMINISTRATOR).run(REVOKE_TOKEN, variables).await;
    assert_eq!(outcome(&revoked), "RevokeTokenPayload");
    present.expect_expulsion("TOKEN_REVOKED", 4401, "TOKEN_REVOKED").await;
    is_refused(&world, &token, 401, "TOKEN_REVOKED", 4401).await;
    assert_eq!(entry(&world, "agencies.revokeToken").await["classes"], json!(["ADMINISTRATION"]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_administrator_deactivates_is_refused_until_it_is_reactivated() {
    let world = World::start().await;
    let administrator = world.client(ADMINISTRATOR);
    let token = world.token("DSPM/officer");
    let present = Present::enter(&world, &token).await;
    let user = account(&administrator, "dspm.officer").await;
    let set = async |root: &str, version: i64| {
        let variables = json!({"id": user["id"], "version": version, "key": fresh_key()});
        administrator.run(&withdrawal(root, "user"), variables).await
    };
    assert_eq!(outcome(&set("deactivateUser", 1).await), "DeactivateUserPayload");
    present.expect_expulsion("ACTOR_UNKNOWN", 4403, "ACTOR_UNKNOWN").await;
    is_refused(&world, &token, 403, "ACTOR_UNKNOWN", 4403).await;
    let stale = set("reactivateUser", 1).await;
    assert_eq!(
        (outcome(&stale).as_str(), at(&stale, "data.reactivateUser.currentVersion")),
        ("VersionConflict", &json!(2))
    );
    assert_eq!(outcome(&set("deactivateUser", 2).await), "StateConflict");
    assert_eq!(outcome(&set("reactivateUser", 2).await), "ReactivateUserPayload");
    let client = Client::new(world.address, Some(token.clone()));
    let restored = Instant::now();
    while !codes(&client.query("{ shelters { spaces { occupied } } }").await).is_empty() {
        assert!(restored.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Present::enter(&world, &token).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_grant_and_an_ended_agreement_are_felt_everywhere() {
    let world = World::start().await;
    let administrator = world.client(ADMINISTRATOR);
    let token = world.token("PCE/inspector");
    let present = Present::enter(&world, &token).await;
    let user = account(&administrator, "pce.inspector").await;
    let revoke = async |version: i64| {
        let variables = json!({"id": at(&user, "grants.0.id"), "version": version, "key": fresh_key()});
        outcome(&administrator.run(&withdrawal("revokeGrant", "grant"), variables).await)
    };
    assert_eq!(revoke(7).await, "VersionConflict");
    assert_eq!(revoke(1).await, "RevokeGrantPayload");
    present.expect_expulsion("NO_ROLE_GRANTED", 4403, "FIELD_FORBIDDEN").await;
    assert_eq!(revoke(2).await, "StateConflict");

    let mut present = Present::enter(&world, &world.token("ACNUR/donor")).await;
    let agencies = authorities(&administrator).await;
    let acnur = agencies.iter().find(|agency| agency["code"] == "ACNUR").unwrap();
    let end = async |version: i64| {
        let variables = json!({"id": at(acnur, "agreements.0.id"), "version": version, "key": fresh_key()});
        outcome(&administrator.run(&withdrawal("endAgreement", "agreement"), variables).await)
    };
    assert_eq!(end(1).await, "EndAgreementPayload");
    present.subscription_ends("AUTHORITY_CHANGED").await;
    present.stream_ends("AUTHORITY_CHANGED").await;
    present.query_answers(&["FIELD_FORBIDDEN"]).await;
    assert_eq!(end(2).await, "StateConflict");
    for operation in ["agencies.revokeGrant", "agencies.endAgreement"] {
        assert_eq!(entry(&world, operation).await["classes"], json!(["ADMINISTRATION"]));
    }
    world.stop().await;
}
