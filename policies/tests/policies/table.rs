//! The access table and the rules that always hold, spelt out beside the policies: a second pair of eyes.

use enlace_policies::{Answer, Class, Condition, Fact, Principal, ROLES, RecordType, UserPrincipal, Verb};

use crate::world::{MINE, Record, agency_of, built_in, principals, records, user};

fn answer(principal: &UserPrincipal, verb: Verb, class: Class, record: RecordType) -> Answer {
    built_in().decide(&Principal::User(principal.clone()), verb, class, record).unwrap()
}

fn condition(principal: &UserPrincipal, verb: Verb, class: Class, record: RecordType) -> Condition {
    match answer(principal, verb, class, record) {
        Answer::Depends(dependence) => dependence.condition.clone(),
        other => panic!("{other:?}"),
    }
}

fn refused_by(answer: &Answer) -> &str {
    match answer {
        Answer::Refused(refusal) => &refusal.policy,
        other => panic!("{other:?}"),
    }
}

/// Whether the ids of such records say who someone is.
fn identified(record: RecordType) -> bool {
    use RecordType as Of;
    matches!(
        record,
        Of::Donor
            | Of::Person
            | Of::Household
            | Of::Consent
            | Of::Referral
            | Of::CustodyTransfer
            | Of::ArcoRequest
            | Of::InvolvedPerson
            | Of::Intake
            | Of::Assessment
            | Of::Diagnosis
            | Of::Enrolment
            | Of::WorkProfile
            | Of::JobApplication
            | Of::Dwelling
            | Of::Lease
            | Of::Tenancy
            | Of::BreakGlassAccess
    )
}

#[test]
fn a_witness_alone_recognises_nobody() {
    for role in ROLES {
        let (alone, witness) = (user(&[role.code]), user(&[role.code, "witness"]));
        for &record in RecordType::ALL.iter().filter(|record| identified(**record)) {
            let recognises = answer(&alone, Verb::Identify, Class::Public, record) == Answer::Allowed;
            assert_eq!(recognises, role.code != "witness", "{} {record}", role.code);
            let refused = answer(&witness, Verb::Identify, Class::Public, record);
            assert_eq!(refused_by(&refused), "always-witness-knows-nobody");
        }
    }
}

/// What each role may do with a lot and its stock, as the access table has it: reads and writes of
/// OPERATIONAL, INVENTORY and DONOR. `+` everywhere, `?` somewhere, `-` nowhere.
const TABLE: &[(&str, [&str; 3])] = &[
    ("coordinator", ["++", "++", "++"]),
    ("shelter_lead", ["+?", "+?", "--"]),
    ("donation_coordinator", ["+-", "++", "++"]),
    ("administrator", ["+-", "--", "--"]),
    ("clinician", ["+-", "??", "--"]),
    ("educator", ["+-", "--", "--"]),
    ("kitchen", ["+-", "?-", "--"]),
    ("officer", ["+-", "--", "--"]),
    ("inspector", ["+-", "--", "--"]),
    ("lender", ["+-", "--", "--"]),
    ("permits", ["+-", "--", "--"]),
    ("liaison", ["+-", "+-", "++"]),
    ("donor", ["+-", "+?", "?-"]),
    ("adviser", ["+-", "+-", "--"]),
    ("programmes", ["+-", "+-", "--"]),
    ("partner", ["+-", "+?", "?-"]),
    ("witness", ["+-", "+-", "--"]),
    ("employer", ["--", "--", "--"]),
    ("integrator", ["--", "--", "--"]),
];

#[test]
fn every_role_has_the_rights_of_the_table() {
    assert_eq!(TABLE.len(), ROLES.len());
    let policies = built_in();
    for (role, expected) in TABLE {
        let profile = policies.profile(&Principal::User(user(&[role]))).unwrap();
        let found = [Class::Operational, Class::Inventory, Class::Donor].map(|class| {
            let sign = |&verb: &Verb| match profile.answer(verb, class, RecordType::Stock) {
                Answer::Allowed => '+',
                Answer::Depends(_) => '?',
                Answer::Refused(_) => '-',
            };
            [Verb::Read, Verb::Write].iter().map(sign).collect::<String>()
        });
        assert_eq!(&found, expected, "{role}");
        let public = profile.answer(Verb::Read, Class::Public, RecordType::Stock);
        assert_eq!(public, &Answer::Allowed, "{role} reads PUBLIC");
    }
}

#[test]
fn a_caller_without_a_token_reads_public_only() {
    let profile = built_in().profile(&Principal::Anyone).unwrap();
    for &record in RecordType::ALL {
        for &class in Class::ALL {
            let reads = profile.answer(Verb::Read, class, record) == &Answer::Allowed;
            assert_eq!(reads, class == Class::Public);
            assert!(matches!(profile.answer(Verb::Write, class, record), Answer::Refused(_)));
        }
    }
}

#[test]
fn own_means_the_callers_own() {
    let own_shelter = Condition::Is(Fact::Shelter, MINE.to_owned());
    let lead = user(&["shelter_lead"]);
    assert_eq!(condition(&lead, Verb::Write, Class::Inventory, RecordType::Stock), own_shelter);
    assert_eq!(condition(&lead, Verb::Write, Class::Operational, RecordType::Space), own_shelter);
    assert_eq!(condition(&lead, Verb::Write, Class::Public, RecordType::Shelter), own_shelter);
    // What was served is said where it is eaten, and planned where it is cooked.
    let cooks = Condition::Is(Fact::Agency, "SEDENA".to_owned());
    let kitchen = user(&["kitchen"]);
    for record in [RecordType::Kitchen, RecordType::MealService, RecordType::MealServing] {
        assert_eq!(condition(&kitchen, Verb::Write, Class::Operational, record), cooks, "{record}");
    }
    assert_eq!(condition(&lead, Verb::Write, Class::Operational, RecordType::MealServing), own_shelter);
    let planned = answer(&lead, Verb::Write, Class::Operational, RecordType::MealService);
    assert!(matches!(planned, Answer::Refused(_)), "{planned:?}");
    // What was found is corrected where it was found, and verified by whoever found it.
    let found = Condition::Is(Fact::Agency, "PCE".to_owned());
    let inspector = user(&["inspector"]);
    for record in [RecordType::Inspection, RecordType::CorrectiveWork] {
        assert_eq!(condition(&inspector, Verb::Write, Class::Operational, record), found, "{record}");
    }
    assert_eq!(condition(&lead, Verb::Write, Class::Operational, RecordType::CorrectiveWork), own_shelter);
    let inspects = answer(&lead, Verb::Write, Class::Operational, RecordType::Inspection);
    assert!(matches!(inspects, Answer::Refused(_)), "{inspects:?}");
    // What is asked is asked in one's own agency's name and answered by whoever is asked; who asks for a permit does not decide on it; and
    // what is advised is the adviser's own.
    for (role, agency) in [("clinician", "ISESALUD"), ("officer", "DSPM"), ("donor", "DIF_ESTATAL")] {
        let asks = condition(&user(&[role]), Verb::Write, Class::Operational, RecordType::AgencyRequest);
        assert_eq!(asks, Condition::Is(Fact::Agency, agency.to_owned()));
        let answers = condition(&user(&[role]), Verb::Write, Class::Operational, RecordType::AgencyAnswer);
        assert_eq!(answers, Condition::Is(Fact::Recipient, agency.to_owned()));
    }
    let coordinator = user(&["coordinator"]);
    let answers = condition(&coordinator, Verb::Write, Class::Operational, RecordType::AgencyAnswer);
    assert_eq!(answers, Condition::Is(Fact::Recipient, "DIF_MUNICIPAL".to_owned()));
    for (record, policy) in [
        (RecordType::PermitDecision, "permits-only-permits-decides"),
        (RecordType::Advice, "coordination-only-adviser-advises"),
    ] {
        let refused = answer(&coordinator, Verb::Write, Class::Operational, record);
        assert_eq!(refused_by(&refused), policy);
    }
    let decides = answer(&user(&["permits"]), Verb::Write, Class::Operational, RecordType::PermitDecision);
    assert_eq!(decides, Answer::Allowed);
    let advises = condition(&user(&["adviser"]), Verb::Write, Class::Operational, RecordType::Advice);
    assert_eq!(advises, Condition::Is(Fact::Agency, "OIM".to_owned()));
    // Custody of a case is handed on by whoever holds it, the coordinator no less than others, and answered by whom it is handed to.
    for role in ["coordinator", "clinician", "donor", "partner"] {
        let caller = user(&[role]);
        let of = |fact: Fact, code: &str| Record([(fact, vec![code.to_owned()])].into());
        for (record, fact) in
            [(RecordType::CustodyTransfer, Fact::Agency), (RecordType::ReferralAnswer, Fact::Recipient)]
        {
            let writes = condition(&caller, Verb::Write, Class::Consent, record);
            assert!(
                writes.holds(&of(fact, &caller.agency)) && !writes.holds(&of(fact, "IMSS")),
                "{role} {record}"
            );
        }
    }
    // An employer's contact reads of its own vacancies, of itself, and of its candidates who consented, and nothing else of anyone.
    let employer = user(&["employer"]);
    let of_employer = Condition::Is(Fact::Agency, employer.agency.clone());
    assert_eq!(condition(&employer, Verb::Read, Class::Operational, RecordType::Vacancy), of_employer);
    assert_eq!(condition(&employer, Verb::Read, Class::Counterparty, RecordType::Employer), of_employer);
    let jobs = answer(&employer, Verb::Read, Class::Employment, RecordType::WorkProfile);
    assert!(matches!(jobs, Answer::Refused(_)), "{jobs:?}");
    // Volunteers are the agency's that brings them, which does not verify them; who comes to a shelter its lead says too.
    for (role, agency) in [("partner", "NGO_ALFA"), ("inspector", "PCE")] {
        let (own, brings) = (Condition::Is(Fact::Agency, agency.to_owned()), user(&[role]));
        assert_eq!(condition(&brings, Verb::Write, Class::Counterparty, RecordType::Volunteer), own);
        assert_eq!(condition(&brings, Verb::Read, Class::Counterparty, RecordType::Screening), own);
        assert_eq!(condition(&brings, Verb::Write, Class::Operational, RecordType::ShiftSignUp), own);
        let verifies = answer(&brings, Verb::Write, Class::Counterparty, RecordType::Screening);
        assert_eq!(refused_by(&verifies), "default-deny", "{role}");
    }
    assert_eq!(condition(&lead, Verb::Write, Class::Operational, RecordType::ShiftSignUp), own_shelter);
    for record in [RecordType::Volunteer, RecordType::Screening, RecordType::PressVisit] {
        let knows = answer(&lead, Verb::Read, Class::Counterparty, record);
        assert_eq!(refused_by(&knows), "default-deny", "{record}");
    }
    // The press is proposed by public relations, which keeps no shelter.
    let liaison = user(&["liaison"]);
    let proposes = answer(&liaison, Verb::Write, Class::Operational, RecordType::PressVisit);
    assert_eq!(proposes, Answer::Allowed);
    let decides = answer(&liaison, Verb::Write, Class::Operational, RecordType::Shelter);
    assert!(matches!(decides, Answer::Refused(_)), "{decides:?}");
    // What is taught is the agency's own; of a revalidation whoever teaches decides, and nobody for them.
    for (role, agency) in [("educator", "INEA"), ("programmes", "UNICEF")] {
        let own = Condition::Is(Fact::Agency, agency.to_owned());
        assert_eq!(condition(&user(&[role]), Verb::Write, Class::Education, RecordType::Course), own);
    }
    for role in ["coordinator", "programmes"] {
        let decides = answer(&user(&[role]), Verb::Write, Class::Education, RecordType::RevalidationDecision);
        assert_eq!(refused_by(&decides), "education-educator-decides", "{role}");
    }
    let lead_of_none = UserPrincipal { shelters: [].into(), ..lead };
    let refused = answer(&lead_of_none, Verb::Write, Class::Inventory, RecordType::Stock);
    assert_eq!(refused_by(&refused), "default-deny");

    let partner = user(&["partner"]);
    let own_donation = Condition::Is(Fact::DonorAgency, "NGO_ALFA".to_owned());
    assert_eq!(condition(&partner, Verb::Write, Class::Inventory, RecordType::Lot), own_donation);
    assert_eq!(condition(&partner, Verb::Read, Class::Donor, RecordType::Donor), own_donation);

    let medical = Condition::Is(Fact::StockKind, "medical".to_owned());
    let clinician = user(&["clinician"]);
    assert_eq!(condition(&clinician, Verb::Write, Class::Inventory, RecordType::Item), medical);
    let both = user(&["clinician", "kitchen"]);
    let either = Condition::In(Fact::StockKind, vec!["food".to_owned(), "medical".to_owned()]);
    assert_eq!(condition(&both, Verb::Read, Class::Inventory, RecordType::Lot), either);
}

#[test]
fn administration_is_the_administrators_the_witnesses_and_ones_own() {
    let of = |role: &str, verb| answer(&user(&[role]), verb, Class::Administration, RecordType::Account);
    assert_eq!(of("administrator", Verb::Read), Answer::Allowed);
    assert_eq!(of("administrator", Verb::Write), Answer::Allowed);
    assert_eq!(of("witness", Verb::Read), Answer::Allowed);
    let own = Condition::Is(Fact::User, "me".to_owned());
    assert_eq!(condition(&user(&["kitchen"]), Verb::Read, Class::Administration, RecordType::Account), own);
    assert_eq!(refused_by(&of("coordinator", Verb::Write)), "default-deny");
}

#[test]
fn a_witness_never_writes() {
    for role in ROLES {
        let witness = user(&["witness", role.code]);
        for &class in Class::ALL {
            for &record in RecordType::ALL.iter().filter(|&&record| built_in().applies(class, record)) {
                let refused = answer(&witness, Verb::Write, class, record);
                let by = refused_by(&refused);
                let never = [
                    "always-witness-never-writes",
                    "always-diagnosis-stays-in-health-services",
                    "always-migration-out-of-reach",
                ];
                assert!(never.contains(&by), "{} writes {class} of {record}: {by}", role.code);
            }
        }
    }
}

#[test]
fn without_an_agreement_an_agency_reads_public_only() {
    let policies = built_in();
    for role in ROLES {
        let ended = UserPrincipal { agreement_in_force: false, ..user(&[role.code]) };
        let profile = policies.profile(&Principal::User(ended)).unwrap();
        for &verb in Verb::ALL {
            for &class in Class::ALL {
                for &record in RecordType::ALL {
                    let allowed = profile.answer(verb, class, record) == &Answer::Allowed;
                    assert_eq!(
                        allowed,
                        class == Class::Public
                            && (verb == Verb::Read
                                || verb == Verb::Identify && role.code != "witness" && identified(record)),
                        "{} {verb} {class}",
                        role.code
                    );
                }
            }
        }
    }
}

#[test]
fn an_integrator_has_the_reads_of_the_role_that_it_names_and_no_write() {
    let policies = built_in();
    for role in ROLES {
        let person = UserPrincipal { agency: "ACNUR".to_owned(), ..user(&[role.code]) };
        let machine = UserPrincipal {
            agency: "ACNUR".to_owned(),
            reads_as: Some(role.code.to_owned()),
            ..user(&["integrator"])
        };
        let person = policies.profile(&Principal::User(person)).unwrap();
        let machine = policies.profile(&Principal::User(machine)).unwrap();
        for &class in Class::ALL {
            for &record in RecordType::ALL {
                assert_eq!(
                    machine.answer(Verb::Read, class, record),
                    person.answer(Verb::Read, class, record)
                );
                // But for the webhooks by which it is told what it reads.
                let writes = (class, record) == (Class::Administration, RecordType::Webhook);
                let refused = matches!(machine.answer(Verb::Write, class, record), Answer::Refused(_));
                assert_ne!(refused, writes, "{class} {record}");
            }
        }
    }
}

#[test]
fn whoever_may_write_a_record_may_read_it() {
    let policies = built_in();
    for principal in principals() {
        let profile = policies.profile(&principal).unwrap();
        for &record in RecordType::ALL {
            for facts in records(record, agency_of(&principal)) {
                let holds = |verb, class| match profile.answer(verb, class, record) {
                    Answer::Allowed => true,
                    Answer::Refused(_) => false,
                    Answer::Depends(dependence) => dependence.condition.holds(&facts),
                };
                for &class in Class::ALL {
                    assert!(
                        !holds(Verb::Write, class) || holds(Verb::Read, class),
                        "{principal:?} {class} {record}"
                    );
                }
            }
        }
    }
}
