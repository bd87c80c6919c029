//! Explanations: the same answers as the compiled ones, nothing told that must not be, and remedies that work.

use enlace_policies::{
    Answer, Class, Explanation, Fact, Known, Level, NamedFacts, Principal, RecordType, UserPrincipal, Verb,
};

use crate::world::{Record, agency_of, built_in, principals, records, user};

/// What is told of a question where all the facts may be told.
fn explained(
    principal: &UserPrincipal,
    (verb, class, record): (Verb, Class, RecordType),
    facts: &[(&str, &str)],
) -> Explanation {
    let named = facts.iter().map(|(name, value)| (*name, vec![(*value).to_owned()]));
    let facts = NamedFacts::new(record, named).unwrap();
    let known = Known { facts: &facts, told: &|_| true, answer_by_told: true, every: false };
    built_in().explain(&Principal::User(principal.clone()), verb, class, record, &known).unwrap()
}

fn in_general(principal: &UserPrincipal, (verb, class, record): (Verb, Class, RecordType)) -> Explanation {
    let principal = Principal::User(principal.clone());
    built_in().explain(&principal, verb, class, record, &Known::NOTHING).unwrap()
}

const READ_DONOR: (Verb, Class, RecordType) = (Verb::Read, Class::Donor, RecordType::Lot);
const READ_PERSON: (Verb, Class, RecordType) = (Verb::Read, Class::Identity, RecordType::Person);

/// Every so many: each explanation of a refusal tries dozens of callers.
const STRIDE: usize = 131;

#[test]
fn an_explanation_gives_the_answer_that_is_compiled() {
    let policies = built_in();
    let mut questions = Vec::new();
    for principal in principals() {
        for &record in RecordType::ALL {
            for &class in Class::ALL.iter().filter(|&&class| policies.applies(class, record)) {
                questions.extend(Verb::ALL.iter().map(|&verb| (principal.clone(), verb, class, record)));
            }
        }
    }
    for (principal, verb, class, record) in questions.iter().step_by(STRIDE) {
        let answer = policies.decide(principal, *verb, *class, *record).unwrap();
        let general = policies.explain(principal, *verb, *class, *record, &Known::NOTHING).unwrap();
        let (level, holds): (_, &dyn Fn(&Record) -> bool) = match &answer {
            Answer::Allowed => (Level::Allowed, &|_| true),
            Answer::Refused(_) => (Level::Refused, &|_| false),
            Answer::Depends(found) => (Level::Depends, &|facts| found.condition.holds(facts)),
        };
        assert_eq!(general.answer, level, "{principal:?} {verb} {class} {record}");
        for facts in records(*record, agency_of(principal)).iter().step_by(5) {
            let known = Known { facts, told: &|_| true, answer_by_told: true, every: false };
            let found = policies.explain(principal, *verb, *class, *record, &known).unwrap();
            let expected = if holds(facts) { Level::Allowed } else { Level::Refused };
            assert_eq!(found.answer, expected, "{principal:?} {verb} {class} {record} {facts:?}");
        }
    }
}

#[test]
fn a_refusal_names_who_could_and_why_the_caller_cannot() {
    let officer = user(&["officer"]);
    let found = in_general(&officer, READ_DONOR);
    assert_eq!((found.answer, found.determining.len()), (Level::Refused, 0));
    let coordinators = found.unmet.iter().find(|policy| policy.policy == "donor-coordinators").unwrap();
    assert_eq!(coordinators.file, "donations.cedar");
    assert!(coordinators.line > 1);
    assert_eq!(
        coordinators.failed,
        ["the caller holds the role coordinator or donation_coordinator or liaison"]
    );
    let said: Vec<String> = found.would_allow.iter().map(ToString::to_string).collect();
    for remedy in [
        "the role coordinator in DIF_MUNICIPAL",
        "the role liaison in RP",
        "the role donor in ACNUR, a record of which this holds: donorAgency is own",
        "the role partner in NGO_*, a record of which this holds: donorAgency is own",
    ] {
        assert!(said.iter().any(|one| one == remedy), "{remedy}: {said:#?}");
    }
}

#[test]
fn a_forbid_is_named_and_no_permit_is_missed() {
    let ended = UserPrincipal { agreement_in_force: false, ..user(&["liaison"]) };
    let found = in_general(&ended, READ_DONOR);
    let determining: Vec<&str> = found.determining.iter().map(|policy| policy.policy.as_str()).collect();
    assert_eq!(determining, ["always-agreement-in-force"]);
    assert!(found.unmet.is_empty(), "{found}");
    assert!(found.would_allow.iter().any(|remedy| remedy.to_string() == "an agreement in force"), "{found}");
}

#[test]
fn what_depends_says_on_what() {
    let donor = UserPrincipal { agency: "ACNUR".to_owned(), ..user(&["donor"]) };
    let found = in_general(&donor, READ_DONOR);
    assert_eq!((found.answer, found.depends_on.as_deref()), (Level::Depends, Some("donorAgency is own")));
    assert_eq!(found.determining[0].policy, "donor-givers-read-own");

    let own = explained(&donor, READ_DONOR, &[("stockKind", "food"), ("donorAgency", "ACNUR")]);
    assert_eq!((own.answer, own.determining[0].policy.as_str()), (Level::Allowed, "donor-givers-read-own"));
    let others = explained(&donor, READ_DONOR, &[("stockKind", "food"), ("donorAgency", "DIF_ESTATAL")]);
    assert_eq!(others.answer, Level::Refused);
    let own = others.unmet.iter().find(|policy| policy.policy == "donor-givers-read-own").unwrap();
    assert_eq!(own.failed, ["the record's giving agency (DIF_ESTATAL) is the caller's agency (ACNUR)"]);
    let said: Vec<String> = others.would_allow.iter().map(ToString::to_string).collect();
    assert!(said.contains(&"the role donor in DIF_ESTATAL".to_owned()), "{said:?}");
    assert!(said.contains(&"a record of which this holds: donorAgency is own".to_owned()), "{said:?}");
}

#[test]
fn what_depends_on_the_record_is_refused_where_every_record_is_meant() {
    let donor = UserPrincipal { agency: "ACNUR".to_owned(), ..user(&["donor"]) };
    let explain = |user: &UserPrincipal| {
        let principal = Principal::User(user.clone());
        built_in().explain(&principal, READ_DONOR.0, READ_DONOR.1, READ_DONOR.2, &Known::EVERY).unwrap()
    };
    let found = explain(&donor);
    assert_eq!((found.answer, &found.depends_on), (Level::Refused, &None));
    let own = found.unmet.iter().find(|policy| policy.policy == "donor-givers-read-own").unwrap();
    assert!(
        own.failed.iter().any(|said| said == "the record's giving agency is the caller's agency (ACNUR)")
    );
    assert!(found.would_allow.iter().all(|remedy| remedy.record.is_none()), "{found}");
    assert_eq!(explain(&user(&["liaison"])).answer, Level::Allowed);
}

#[test]
fn every_remedy_by_a_purpose_or_a_shelter_works() {
    let donor = UserPrincipal {
        agency: "ACNUR".to_owned(),
        purpose: Some("EDUCATION".to_owned()),
        ..user(&["donor"])
    };
    let facts = [("ageGroup", "adult"), ("shelter", "ALB-03"), ("sharedWith", "ACNUR/PROTECTION")];
    let refused = explained(&donor, READ_PERSON, &facts);
    assert_eq!(refused.answer, Level::Refused);
    assert!(
        refused.would_allow.iter().any(|remedy| remedy.to_string() == "the purpose PROTECTION"),
        "{refused}"
    );
    let stated = UserPrincipal { purpose: Some("PROTECTION".to_owned()), ..donor };
    assert_eq!(explained(&stated, READ_PERSON, &facts).answer, Level::Allowed);

    let lead = user(&["shelter_lead"]);
    let refused = explained(&lead, READ_PERSON, &facts);
    let shelter = "the shelter ALB-03 as the caller's own";
    assert!(refused.would_allow.iter().any(|remedy| remedy.to_string() == shelter), "{refused}");
    let with_it = UserPrincipal { shelters: ["ALB-03".to_owned()].into(), ..lead };
    assert_eq!(explained(&with_it, READ_PERSON, &facts).answer, Level::Allowed);
}

/// Two records that differ in what may not be told: not a word of the explanations differs, unless the answer does, and the
/// answer only where the caller asks of itself.
#[test]
fn what_may_not_be_told_shows_nowhere() {
    let policies = built_in();
    let mut compared = 0;
    for principal in principals().iter().step_by(9) {
        for (verb, class, record) in [
            READ_PERSON,
            (Verb::Read, Class::Placement, RecordType::Person),
            (Verb::Read, Class::Consent, RecordType::Referral),
            (Verb::Write, Class::Inventory, RecordType::Stock),
            READ_DONOR,
        ] {
            let records = records(record, agency_of(principal));
            for untold in record.facts() {
                let told = |fact: Fact| fact != *untold;
                for answer_by_told in [true, false] {
                    let explain = |facts: &Record| {
                        let known = Known { facts, told: &told, answer_by_told, every: false };
                        policies.explain(principal, verb, class, record, &known).unwrap()
                    };
                    for pair in records.windows(2).step_by(13) {
                        let mut other = pair[0].clone();
                        other.0.remove(untold);
                        if let Some(value) = pair[1].0.get(untold) {
                            other.0.insert(*untold, value.clone());
                        }
                        let (one, other) = (explain(&pair[0]), explain(&other));
                        compared += 1;
                        // Of itself a caller learns which of its own permits apply.
                        if answer_by_told || (one.answer, other.answer) == (Level::Refused, Level::Refused) {
                            assert_eq!(one, other, "{principal:?} {untold}");
                        }
                    }
                }
            }
        }
    }
    assert!(compared > 100, "{compared}");
}
