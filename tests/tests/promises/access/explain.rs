//! `policyExplain`: the answer is what a query shows, the reasons are the policies', and nothing is told that its asker may not
//! read. Each question is in the journal.

use std::time::Duration;

use enlace_policies::RecordType;
use enlace_tests::{Client, World, at, codes, id};
use serde_json::{Value as Json, json};

use crate::reference::sights::one_of_each_role;
use crate::reference::{POLICIES, client, is_a_refusal, the_error};

const ASK: &str = "query($of: String!, $id: ID, $as: AskedAs) { policyExplain(coordinate: $of, id: $id, as: $as) {
  coordinate answer action recordType dependsOn policyVersion
  determining { policy effect file line reason failed } unmet { policy effect file line reason failed }
  wouldAllow { text role agency shelter purpose agreement record } inLists { answer dependsOn determining { policy } } } }";

/// Asks without `as`, which not everyone may name.
const ASK_OF_MYSELF: &str = "query($of: String!, $id: ID) { policyExplain(coordinate: $of, id: $id) {
  answer dependsOn determining { policy file line } unmet { policy failed } wouldAllow { text } inLists { answer } } }";

async fn ask(client: &Client, of: &str, id: Option<&str>) -> Json {
    let answer = client.run(ASK_OF_MYSELF, json!({"of": of, "id": id})).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{of} {answer}");
    at(&answer, "data.policyExplain").clone()
}

async fn ask_about(client: &Client, of: &str, id: Option<&str>, about: Json) -> Json {
    let answer = client.run(ASK, json!({"of": of, "id": id, "as": about})).await;
    assert_eq!(codes(&answer), Vec::<String>::new(), "{of} {answer}");
    at(&answer, "data.policyExplain").clone()
}

fn texts(of: &Json) -> Vec<&str> {
    of.as_array().unwrap().iter().map(|remedy| remedy["text"].as_str().unwrap()).collect()
}

/// Two lots: one that ACNUR gave, and one of somebody else.
async fn lots(world: &World) -> [String; 2] {
    let database = world.database().await;
    let lot = async |given: &str| {
        let found = format!(
            "SELECT l.id FROM lots l JOIN donors d ON d.id = l.donor_id LEFT JOIN agencies a ON a.id = d.agency_id \
             WHERE (a.code = 'ACNUR') IS {given} ORDER BY l.id LIMIT 1"
        );
        id("lot", database.query_one(&found, &[]).await.unwrap().get(0))
    };
    [lot("TRUE").await, lot("NOT TRUE").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_about_a_record_is_what_a_query_of_it_shows() {
    let world = World::start().await;
    let lots = lots(&world).await;
    let (mut allowed, mut refused, mut out_of_reach) = (0, 0, 0);
    for caller in one_of_each_role().iter().filter(|caller| caller.token.is_some()) {
        let client = client(&world, caller);
        for lot in &lots {
            let shown = client
                .query(&format!(
                    "{{ node(id: \"{lot}\") {{ ... on DonationItem {{ id code donorReference }} }} }}"
                ))
                .await;
            for (field, coordinate) in [
                ("id", "DonationItem.id"),
                ("code", "DonationItem.code"),
                ("donorReference", "DonationItem.donorReference"),
            ] {
                let answer = client.run(ASK_OF_MYSELF, json!({"of": coordinate, "id": lot})).await;
                let context = || format!("{} {coordinate}: {answer} {shown}", caller.name());
                if at(&shown, "data.node").is_null() {
                    assert_eq!(codes(&answer), ["NOT_FOUND"], "{}", context());
                    assert!(at(&answer, "data.policyExplain").is_null());
                    out_of_reach += 1;
                    continue;
                }
                let withheld = crate::reference::errors(&shown)
                    .iter()
                    .any(|error| at(error, "extensions.coordinate") == coordinate);
                let expected = if withheld { "REFUSED" } else { "ALLOWED" };
                assert_eq!(at(&answer, "data.policyExplain.answer"), expected, "{}", context());
                assert!(withheld || !shown["data"]["node"][field].is_null() || field == "donorReference");
                if withheld { refused += 1 } else { allowed += 1 }
            }
        }
    }
    assert!(allowed > 20 && refused > 10 && out_of_reach > 10, "{allowed} {refused} {out_of_reach}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_with_the_policies_their_lines_and_what_would_allow_it() {
    let world = World::start().await;
    let [own, others] = lots(&world).await;
    let donor = world.client("ACNUR/donor");
    let general = ask(&donor, "DonationItem.donor", None).await;
    assert_eq!(
        (&general["answer"], &general["dependsOn"]),
        (&json!("DEPENDS"), &json!("donorAgency is own"))
    );
    let rule = POLICIES.rule("donor-givers-read-own").unwrap();
    let cited = json!([{"policy": &*rule.id, "file": rule.file, "line": rule.line}]);
    assert_eq!(general["determining"], cited);
    let of_own = ask(&donor, "DonationItem.donor", Some(&own)).await;
    assert_eq!((&of_own["answer"], &of_own["determining"]), (&json!("ALLOWED"), &cited));

    let refused = ask(&donor, "DonationItem.donor", Some(&others)).await;
    assert_eq!((&refused["answer"], &refused["determining"]), (&json!("REFUSED"), &json!([])));
    let unmet = refused["unmet"].as_array().unwrap();
    let failed = |policy: &str| &unmet.iter().find(|unmet| unmet["policy"] == policy).unwrap()["failed"];
    assert_eq!(
        failed("donor-coordinators"),
        &json!(["the caller holds the role coordinator or donation_coordinator or liaison"])
    );
    // Who gave it is what ACNUR may not know: the condition is told, and not the value that it met.
    assert_eq!(
        failed("donor-givers-read-own"),
        &json!([
            "the record has a giving agency",
            "the record's giving agency is the caller's agency (ACNUR)"
        ])
    );
    let remedies = texts(&refused["wouldAllow"]);
    assert!(remedies.contains(&"the role liaison in RP"), "{remedies:?}");
    assert!(remedies.contains(&"a record of which this holds: donorAgency is own"), "{remedies:?}");
    let other = "the role donor in DIF_ESTATAL, a record of which this holds: donorAgency is own";
    assert!(remedies.contains(&other), "{remedies:?}");

    // An operation, an argument, a subscription.
    let lead = world.client("DIF_MUNICIPAL/shelter_lead@ALB-01");
    let space = |shelter: &'static str| {
        let world = &world;
        async move { world.spaces(shelter).await.swap_remove(0)["id"].as_str().unwrap().to_owned() }
    };
    for (shelter, answer) in [("ALB-01", "ALLOWED"), ("ALB-02", "REFUSED")] {
        let asked = ask(&lead, "Mutation.adjustOccupancy", Some(&space(shelter).await)).await;
        assert_eq!(asked["answer"], answer, "{shelter} {asked}");
    }
    assert_eq!(ask(&lead, "Mutation.adjustOccupancy", None).await["dependsOn"], "shelter is ALB-01");
    // Somebody who sees who gave some lots may not look for all lots of a giver.
    assert_eq!(ask(&donor, "Query.donationItems(donor:)", None).await["answer"], "REFUSED");
    assert_eq!(ask(&donor, "Query.donationItems(category:)", None).await["answer"], "ALLOWED");
    assert_eq!(ask(&donor, "Subscription.stockChanged", None).await["answer"], "ALLOWED");

    // Whose agreement has ended may still ask why.
    let ended = world.client("NGO_CONVENIO_VENCIDO/partner");
    let refused = ask(&ended, "Query.donationItems", None).await;
    assert_eq!(at(&refused, "determining.0.policy"), "always-agreement-in-force");
    assert!(texts(&refused["wouldAllow"]).contains(&"an agreement in force"), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minors_identity_is_told_alone_and_not_in_lists() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let found = ask_about(&coordinator, "Person.givenNames", None, Json::Null).await;
    assert_eq!((&found["answer"], &found["action"]), (&json!("ALLOWED"), &json!("identify IDENTITY")));
    assert_eq!(found["recordType"], RecordType::Person.as_str());
    assert_eq!(at(&found, "inLists.answer"), "DEPENDS");
    assert_eq!(at(&found, "inLists.dependsOn"), "not ageGroup is minor");
    assert_eq!(at(&found, "inLists.determining.0.policy"), "always-minors-never-in-bulk");
    assert!(ask(&coordinator, "Person.kinship", None).await["inLists"].is_null());
    world.stop().await;
}

/// A person whose data is shared with an agency for a purpose, and one whose is not.
async fn persons(world: &World, share: &str) -> [String; 2] {
    let database = world.database().await;
    let person = async |shared: &str| {
        let found = format!(
            "SELECT p.id FROM persons p JOIN shelters s ON s.id = p.shelter_id WHERE {shared} ORDER BY p.id LIMIT 1"
        );
        id("person", database.query_one(&found, &[&share]).await.unwrap().get(0))
    };
    let always = "FROM shares WHERE person_id = p.id AND share = $1";
    let now = format!("EXISTS (SELECT {always} AND valid_from < '2022-01-31' AND valid_until IS NULL)");
    [person(&now).await, person(&format!("NOT EXISTS (SELECT {always})")).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_out_of_reach_and_one_that_is_not_there_are_answered_alike() {
    let world = World::start().await;
    let [shared, hidden] = persons(&world, "INEA/EDUCATION").await;
    let nobody = id("person", uuid::Uuid::now_v7());
    let educator = world.client("INEA/educator");
    let stating = educator.stating("EDUCATION");
    assert_eq!(ask(&stating, "Person.givenNames", Some(&shared)).await["answer"], "ALLOWED");
    for coordinate in ["Person.givenNames", "Person.id", "Person.segment", "Query.persons"] {
        let answers = [&hidden, &nobody].map(|id| {
            let (stating, educator) = (stating.clone(), educator.clone());
            async move {
                let variables = json!({"of": coordinate, "id": id});
                let (told, untold) = (
                    stating.run(ASK_OF_MYSELF, variables.clone()).await,
                    educator.run(ASK_OF_MYSELF, variables).await,
                );
                assert_eq!(codes(&told), ["NOT_FOUND"], "{told}");
                assert_eq!(codes(&untold), ["PURPOSE_REQUIRED"], "{untold}");
                told
            }
        });
        let [hidden, nobody] = answers;
        assert_eq!(hidden.await, nobody.await);
    }
    // Another role of the same agency's would reach nobody at all: no word of theirs is worth a question.
    let kitchen = world.client("SEDENA/kitchen").stating("RECEPTION");
    for id in [&shared, &hidden, &nobody] {
        let answer = kitchen.run(ASK_OF_MYSELF, json!({"of": "Person.givenNames", "id": id})).await;
        assert_eq!(codes(&answer), ["NOT_FOUND"]);
    }
    let [lot, _] = lots(&world).await;
    let answer = stating.run(ASK_OF_MYSELF, json!({"of": "Person.givenNames", "id": lot})).await;
    assert_eq!(codes(&answer), ["INVALID_ID"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fact_is_told_that_its_asker_may_not_read() {
    let world = World::start().await;
    let [shared, _] = persons(&world, "INEA/EDUCATION").await;
    let educator = world.client("INEA/educator").stating("EDUCATION");
    // The educator knows who they are, and neither where they lodge nor with whom else they share.
    for coordinate in ["Person.segment", "Person.migrationStatus", "Person.givenNames", "Person.minor"] {
        let asked = ask(&educator, coordinate, Some(&shared)).await;
        let said = asked.to_string();
        for fact in ["ALB-", "ACNUR/", "OIM/", "UNICEF/", "NGO_"] {
            assert!(!said.replace("NGO_*", "").contains(fact), "{coordinate} tells of {fact}: {said}");
        }
    }
    // A lead of the person's shelter knows where they lodge.
    let kept = "SELECT s.code FROM persons p JOIN shelters s ON s.id = p.shelter_id WHERE p.id = $1";
    let key = enlace_schema::GlobalId::parse(&shared).unwrap().uuid;
    let shelter: String = world.database().await.query_one(kept, &[&key]).await.unwrap().get(0);
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let lead = json!({"agency": "DIF_MUNICIPAL", "role": "shelter_lead"});
    let asked = ask_about(&coordinator, "Person.segment", Some(&shared), lead.clone()).await;
    assert_eq!(asked["answer"], "REFUSED");
    let remedy = format!("the shelter {shelter} as the caller's own");
    assert!(texts(&asked["wouldAllow"]).contains(&remedy.as_str()), "{asked}");
    let mut with_it = lead;
    with_it["shelter"] = json!(shelter);
    assert_eq!(ask_about(&coordinator, "Person.segment", Some(&shared), with_it).await["answer"], "ALLOWED");

    // A witness does not read who gave: what another sees of it would tell.
    let [own, others] = lots(&world).await;
    let donor = json!({"agency": "ACNUR", "role": "donor"});
    let witness = world.client("CNDH/witness");
    let mut seen = Vec::new();
    for lot in [&own, &others] {
        let asked = ask_about(&witness, "DonationItem.donor", Some(lot), donor.clone()).await;
        assert_eq!(asked["answer"], "DEPENDS", "{asked}");
        seen.push(asked);
    }
    assert_eq!(seen[0], seen[1]);
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    for (lot, answer) in [(own, "ALLOWED"), (others, "REFUSED")] {
        let asked = ask_about(&coordinator, "DonationItem.donor", Some(&lot), donor.clone()).await;
        assert_eq!(asked["answer"], answer, "{asked}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_others_ask_those_whom_a_policy_lets() {
    let world = World::start().await;
    let about = json!({"agency": "INEA", "role": "educator", "purpose": "EDUCATION"});
    let variables = json!({"of": "Person.givenNames", "as": about});
    for caller in one_of_each_role().iter().filter(|caller| caller.token.is_some()) {
        let answer = client(&world, caller).run(ASK, variables.clone()).await;
        if caller.selects("PUBLIC", "ADMINISTRATION", "PolicyExplanation") {
            assert_eq!(at(&answer, "data.policyExplain.answer"), "DEPENDS", "{} {answer}", caller.name());
            assert_eq!(
                at(&answer, "data.policyExplain.dependsOn"),
                "shared with INEA for EDUCATION and not withheld"
            );
        } else {
            assert_eq!(answer["data"], json!({"policyExplain": null}), "{}", caller.name());
            is_a_refusal(the_error(&answer), "ARGUMENT_FORBIDDEN", "Query.policyExplain(as:)");
        }
    }
    for able in ["DIF_MUNICIPAL/coordinator", "DIF_MUNICIPAL/administrator", "CNDH/witness"] {
        let answer = world.client(able).run(ASK, variables.clone()).await;
        assert_eq!(codes(&answer), Vec::<String>::new(), "{able}");
    }
    // An administrator reads nothing of people in care, and so learns nothing of one by asking about another.
    let [shared, _] = persons(&world, "INEA/EDUCATION").await;
    let administrator = world.client("DIF_MUNICIPAL/administrator").stating("RECEPTION");
    let mut of_one = variables;
    of_one["id"] = json!(shared);
    assert_eq!(codes(&administrator.run(ASK, of_one).await), ["NOT_FOUND"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_makes_no_sense_is_answered_with_what_to_do() {
    let world = World::start().await;
    let coordinator = world.client("DIF_MUNICIPAL/coordinator");
    for coordinate in
        ["Person.nickname", "Shelter", "", "Query.donationItems(giver:)", "PageInfo.hasNextPage", "persons"]
    {
        let answer = coordinator.run(ASK, json!({"of": coordinate})).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{coordinate}");
        assert!(at(&answer, "errors.0.message").as_str().unwrap().contains("Type.field"), "{answer}");
    }
    for (agency, role) in [("INEA", "king"), ("INEA", "coordinator"), ("NGO_NOBODY", "partner")] {
        let about = json!({"agency": agency, "role": role});
        let answer = coordinator.run(ASK, json!({"of": "Shelter.name", "as": about})).await;
        assert_eq!(codes(&answer), ["INVALID_ARGUMENT"], "{agency}/{role}");
    }
    let nobody = world.public().run(ASK_OF_MYSELF, json!({"of": "Shelter.name"})).await;
    assert_eq!(codes(&nobody), ["UNAUTHENTICATED"]);
    world.stop().await;
}

/// Reads the journal until it holds so many entries.
async fn entries(client: &Client, count: usize) -> Vec<Json> {
    let read = async {
        loop {
            let answer = client.query(ENTRIES).await;
            let nodes = crate::reference::rows(&answer, "data.journal.nodes").to_vec();
            if nodes.len() >= count {
                return nodes;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), read).await.expect("the entries find their place")
}

const ENTRIES: &str = "{ journal { nodes { operation coordinate askedAbout purpose classes subjectCount actor
  roles subjects { person } agency { code } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_in_the_journal_with_who_asked_what_about_whom() {
    let world = World::start().await;
    let [shared, _] = persons(&world, "INEA/EDUCATION").await;
    let nobody = id("person", uuid::Uuid::now_v7());
    let coordinator = world.client("DIF_MUNICIPAL/coordinator").stating("RECEPTION");
    let educator = json!({"agency": "INEA", "role": "educator"});
    ask_about(&coordinator, "Person.givenNames", Some(&shared), educator).await;
    coordinator.run(ASK, json!({"of": "Person.givenNames", "id": nobody})).await;
    ask(&world.client("SEDENA/kitchen"), "DonationItem.donor", None).await;

    let entries = entries(&coordinator, 3).await;
    let [about, missed, own] = entries.as_slice() else { panic!("{entries:?}") };
    assert!(entries.iter().all(|entry| entry["operation"] == "journal.explain"));
    assert_eq!(
        (&about["coordinate"], &about["askedAbout"], &about["purpose"], at(about, "agency.code")),
        (&json!("Person.givenNames"), &json!("INEA/educator"), &json!("RECEPTION"), &json!("DIF_MUNICIPAL"))
    );
    assert_eq!(about["subjects"], json!([{"person": shared}]));
    assert_eq!(
        about["classes"],
        json!(["CONSENT", "FAMILY", "IDENTITY", "PLACEMENT"]),
        "of which facts it tells"
    );
    // Of whom nothing was told, nothing is noted but that they were asked for.
    assert_eq!((&missed["subjects"], &missed["classes"]), (&json!([]), &json!([])));
    assert_eq!((&own["coordinate"], &own["askedAbout"]), (&json!("DonationItem.donor"), &Json::Null));
    assert_eq!((at(own, "agency.code"), &own["roles"]), (&json!("SEDENA"), &json!(["kitchen"])));

    // The entry itself holds the question, and ids.
    let kept = world
        .database()
        .await
        .query_one("SELECT convert_from(content, 'UTF8') FROM journal_parts JOIN journal_index USING (entry_id) WHERE index = 0 AND ordinal = 1", &[])
        .await
        .unwrap();
    let kept: Json = serde_json::from_str(kept.get(0)).unwrap();
    assert_eq!(at(&kept, "change"), "journal.policyExplained");
    assert_eq!(at(&kept, "data.record"), &json!(shared));

    // Where the entry cannot be written, nothing is answered.
    let database = world.database().await;
    database.batch_execute("REVOKE INSERT ON journal_entries FROM enlace_app").await.unwrap();
    let answer = coordinator.run(ASK, json!({"of": "Person.givenNames"})).await;
    assert!(at(&answer, "data.policyExplain").is_null(), "{answer}");
    assert_eq!(codes(&answer), ["INTERNAL"]);
    world.stop().await;
}
