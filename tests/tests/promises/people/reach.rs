//! Whom a caller reaches: the list, the count, the edges and `node` agree with the policies, record by record.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use enlace_policies::{Answer, Class, Fact, Facts, Policies, Principal, RecordType, UserPrincipal, Verb};
use enlace_tests::{World, at, codes};
use serde_json::json;
use uuid::Uuid;

use super::{CALLERS, OUTSIDERS, asking, key, listed, person_id};

/// A person as the tables have them.
struct Row {
    id: Uuid,
    shelter: Option<String>,
    adult_from: NaiveDate,
    shared_with: Vec<String>,
}

/// The facts of a person, worked out here once more.
struct Known<'a>(&'a Row, NaiveDate);

impl Facts for Known<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Shelter => self.0.shelter.as_deref(),
            Fact::AgeGroup => Some(if self.0.adult_from <= self.1 { "adult" } else { "minor" }),
            _ => None,
        }
    }

    fn members(&self, fact: Fact) -> &[String] {
        if fact == Fact::SharedWith { &self.0.shared_with } else { &[] }
    }
}

/// Everyone; whom a referral shares at all, it shares the identity of.
async fn everyone(world: &World, now: DateTime<Utc>) -> Vec<Row> {
    let rows = world
        .database()
        .await
        .query(
            "SELECT p.id, s.code, p.adult_from, array(
                SELECT c.recipient || '/' || c.purpose FROM consents c WHERE c.person_id = p.id
                    AND c.given_at <= $1 AND (c.ends_at IS NULL OR c.ends_at > $1)
                    AND (c.withdrawn_at IS NULL OR c.withdrawn_at > $1)
                UNION
                SELECT r.recipient || '/' || r.purpose FROM referrals r WHERE r.person_id = p.id
                    AND r.accepted_at <= $1 AND (r.ended_at IS NULL OR r.ended_at > $1) AND (r.ends_at IS NULL OR r.ends_at > $1))
             FROM persons p LEFT JOIN shelters s ON s.id = p.shelter_id",
            &[&now],
        )
        .await
        .unwrap();
    let row = |row: &tokio_postgres::Row| Row {
        id: row.get(0),
        shelter: row.get(1),
        adult_from: row.get(2),
        shared_with: row.get(3),
    };
    rows.iter().map(row).collect()
}

fn principal(caller: &str, purpose: &str) -> Principal {
    let (holder, shelters) = caller.split_once('@').unwrap_or((caller, ""));
    let (agency, role) = holder.split_once('/').unwrap();
    Principal::User(UserPrincipal {
        user: "self".to_owned(),
        agency: agency.to_owned(),
        roles: [role.to_owned()].into(),
        reads_as: None,
        shelters: shelters.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        agreement_in_force: true,
        purpose: Some(purpose.to_owned()),
        opened: None,
    })
}

/// What the lists rest on: the conditions that run in SQL choose the very people whom the policies allow one by one.
#[tokio::test(flavor = "multi_thread")]
async fn whom_a_caller_lists_are_those_whom_the_policies_allow() {
    let world = World::start().await;
    let policies = Policies::built_in().unwrap();
    let viewer = world.client("DIF_MUNICIPAL/coordinator").query("{ viewer { now } }").await;
    let now: DateTime<Utc> = at(&viewer, "data.viewer.now").as_str().unwrap().parse().unwrap();
    let everyone = everyone(&world, now).await;
    let today = now.with_timezone(&chrono_tz::America::Tijuana).date_naive();
    let mut compared = 0;
    for &(caller, purpose) in CALLERS {
        let answer = policies
            .decide(&principal(caller, purpose), Verb::Read, Class::Identity, RecordType::Person)
            .unwrap();
        let allowed = |row: &&Row| match &answer {
            Answer::Allowed => true,
            Answer::Refused(_) => false,
            Answer::Depends(dependence) => dependence.condition.holds(&Known(row, today)),
        };
        let expected: BTreeSet<Uuid> = everyone.iter().filter(allowed).map(|row| row.id).collect();
        let found = listed(&asking(&world, (caller, purpose))).await;
        assert_eq!(found, expected, "{caller} for {purpose}");
        compared += everyone.len();
    }
    assert!(compared > 10_000, "{compared}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shown_without_a_purpose_or_to_those_outside() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    let someone = listed(&coordinator.stating("RECEPTION")).await.pop_first().unwrap();
    let nobody = Uuid::now_v7();
    for root in ["persons", "households", "referrals"] {
        let answer = coordinator.query(&format!("{{ {root} {{ totalCount }} }}")).await;
        assert_eq!(codes(&answer), ["PURPOSE_REQUIRED"], "{root}");
    }
    // Whether the person exists makes no difference.
    for key in [someone, nobody] {
        let node =
            coordinator.run("query($id: ID!) { node(id: $id) { id } }", json!({"id": person_id(key)})).await;
        assert_eq!(codes(&node), ["PURPOSE_REQUIRED"]);
    }
    for outsider in OUTSIDERS {
        let client = world.client(outsider).stating("RECEPTION");
        for root in ["persons", "households"] {
            let answer = client.query(&format!("{{ {root} {{ totalCount }} }}")).await;
            assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"], "{outsider} {root}");
        }
        let node =
            client.run("query($id: ID!) { node(id: $id) { id } }", json!({"id": person_id(someone)})).await;
        assert_eq!((at(&node, "data.node"), codes(&node).len()), (&json!(null), 0), "{outsider}");
    }
    let answer = world.public().query("{ persons { totalCount } }").await;
    assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purpose_is_one_of_the_list() {
    let world = World::start().await;
    let client = world.client("INEA/educator").stating("CURIOSITY");
    let answer = client.post(&json!({"query": "{ persons { totalCount } }"})).await;
    assert_eq!((answer.status.as_u16(), codes(&answer.json())), (400, vec!["PURPOSE_UNKNOWN".to_owned()]));
    let mut socket = world.socket_stating("INEA/educator", "EDUCATION").await;
    socket.subscribe("a", "{ persons { totalCount } }").await;
    let counted = socket.event().await;
    assert!(at(&counted, "payload.data.persons.totalCount").as_i64().unwrap() > 0, "{counted}");
    world.stop().await;
}

/// Who is out of reach looks as if they were not there: to `node`, along edges and to a household's members.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_out_of_reach_looks_not_found() {
    let world = World::start().await;
    let everyone = listed(&asking(&world, ("DIF_MUNICIPAL/coordinator", "RECEPTION"))).await;
    for caller in [("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION"), ("ACNUR/donor", "PROTECTION")] {
        let client = asking(&world, caller);
        let reached = listed(&client).await;
        let beyond = *everyone.difference(&reached).next().unwrap();
        let document = "query($id: ID!) { node(id: $id) { id ... on Person { code } } }";
        for key in [beyond, Uuid::now_v7()] {
            let node = client.run(document, json!({"id": person_id(key)})).await;
            assert_eq!(node, json!({"data": {"node": null}}), "{caller:?}");
        }
        let households = client.query("{ households(first: 500) { nodes { members { id } } } }").await;
        for household in at(&households, "data.households.nodes").as_array().unwrap() {
            for member in household["members"].as_array().unwrap() {
                assert!(reached.contains(&key(&member["id"])), "{caller:?} reaches {member}");
            }
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_consent_is_felt_by_the_next_request() {
    let world = World::start().await;
    let client = asking(&world, ("NGO_LETRAS_EN_CAMINO/partner", "EDUCATION"));
    let reached = listed(&client).await;
    let gone = *reached.first().unwrap();
    let database = world.database().await;
    let withdrawn = database
        .execute(
            "UPDATE consents SET withdrawn_at = given_at WHERE person_id = $1 AND recipient = 'NGO_LETRAS_EN_CAMINO'",
            &[&gone],
        )
        .await
        .unwrap();
    assert_eq!(withdrawn, 1);
    let mut expected = reached;
    expected.remove(&gone);
    assert_eq!(listed(&client).await, expected);
    world.stop().await;
}

/// Health is the clinicians' alone, and a diagnosis never leaves ISESALUD.
#[tokio::test(flavor = "multi_thread")]
async fn each_class_answers_those_whom_the_table_names() {
    let world = World::start().await;
    let fields = [
        ("givenNames", "IDENTITY"),
        ("kinship", "FAMILY"),
        ("migrationStatus", "MIGRATION"),
        ("segment", "PLACEMENT"),
        ("consents { purpose }", "CONSENT"),
        ("assessments { risk diagnoses { code } }", "HEALTH"),
        ("enrolments { course }", "EDUCATION"),
        ("workProfile { skills }", "EMPLOYMENT"),
    ];
    let readers = [
        (
            ("DIF_MUNICIPAL/coordinator", "RECEPTION"),
            "IDENTITY FAMILY MIGRATION PLACEMENT CONSENT EDUCATION EMPLOYMENT",
        ),
        (("DIF_MUNICIPAL/shelter_lead@ALB-01", "RECEPTION"), "IDENTITY FAMILY PLACEMENT CONSENT EDUCATION"),
        (("ISESALUD/clinician", "HEALTH_CARE"), "IDENTITY FAMILY PLACEMENT CONSENT HEALTH"),
        (("INEA/educator", "EDUCATION"), "IDENTITY FAMILY CONSENT EDUCATION"),
        (("ACNUR/donor", "PROTECTION"), "IDENTITY FAMILY MIGRATION CONSENT"),
        (("OIM/adviser", "PROTECTION"), "IDENTITY FAMILY MIGRATION CONSENT"),
        (("UNICEF/programmes", "EDUCATION"), "IDENTITY FAMILY CONSENT EDUCATION"),
        (("NGO_LETRAS_EN_CAMINO/partner", "EDUCATION"), "IDENTITY FAMILY CONSENT EDUCATION EMPLOYMENT"),
    ];
    for (caller, classes) in readers {
        let client = asking(&world, caller);
        for (field, class) in fields {
            let name = field.split(' ').next().unwrap();
            // A name is read of one person at a time: of minors a list has none.
            let (answer, nodes) = if class == "IDENTITY" {
                let id = person_id(*listed(&client).await.first().unwrap());
                let document = format!("{{ node(id: \"{id}\") {{ ... on Person {{ {field} }} }} }}");
                let answer = client.query(&document).await;
                let node = at(&answer, "data.node").clone();
                (answer, vec![node])
            } else {
                let answer =
                    client.query(&format!("{{ persons(first: 50) {{ nodes {{ {field} }} }} }}")).await;
                let nodes = at(&answer, "data.persons.nodes").as_array().unwrap().clone();
                (answer, nodes)
            };
            assert!(!nodes.is_empty(), "{caller:?}");
            if classes.split(' ').any(|known| known == class) {
                assert_eq!(codes(&answer), Vec::<String>::new(), "{caller:?} {field}");
                assert!(nodes.iter().any(|node| !node[name].is_null()), "{caller:?} {field}");
            } else {
                assert_eq!(codes(&answer), ["FIELD_FORBIDDEN"], "{caller:?} {field}");
                assert!(nodes.iter().all(|node| node[name].is_null()), "{caller:?} {field}");
            }
        }
    }
    world.stop().await;
}
