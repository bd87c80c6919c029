//! Which records a caller reaches is decided in SQL, and is what Cedar's own authorizer says of each of them: for actors, grants
//! and records of chance, under the programme's own policies.

mod database;
mod examine;
mod programme;

use std::collections::BTreeSet;

use enlace_policies::{Answer, Class, Principal, ROLES, RecordType, UserPrincipal, Verb};
use enlace_tests::Scratch;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use self::examine::{
    Examined, Goods, Tally, examine_goods, examine_health, examine_housing, examine_incidents,
    examine_intakes, examine_journal, examine_people, examine_volunteers, examine_work,
};
use self::programme::{client, programme};
use crate::reference::oracle::Oracle;
use crate::reference::{POLICIES, Pseudonyms, roomy, say};

/// How many programmes of chance.
const PROGRAMMES: usize = 2;

/// The fewest comparisons, and how often each rule must hold of some record and fail of another.
const CASES: usize = 10_000;
const BOTH_WAYS: usize = 100;

/// The rules that turn on the record for some caller.
fn record_dependent() -> BTreeSet<String> {
    let mut rules = BTreeSet::new();
    for (role, agency) in ROLES.iter().flat_map(|role| role.agencies.iter().map(move |agency| (role, agency)))
    {
        let user = UserPrincipal {
            user: "self".to_owned(),
            agency: (*agency).to_owned(),
            roles: [role.code.to_owned()].into(),
            reads_as: None,
            shelters: ["ALB-01".to_owned()].into(),
            agreement_in_force: true,
            purpose: Some("EDUCATION".to_owned()),
            opened: Some("someone".to_owned()),
        };
        let profile = POLICIES.profile(&Principal::User(user)).unwrap();
        for &verb in Verb::ALL {
            for &class in Class::ALL {
                for &record in RecordType::ALL {
                    if let Answer::Depends(dependence) = profile.answer(verb, class, record) {
                        rules.extend(dependence.policies.iter().map(ToString::to_string));
                    }
                }
            }
        }
    }
    rules
}

/// Whether a user knows people by pseudonyms.
fn is_a_witness(user: &UserPrincipal) -> bool {
    let reads_as = user.reads_as.as_deref().filter(|_| user.roles.contains("integrator"));
    user.roles.contains("witness") || reads_as == Some("witness")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sql_lets_through_is_what_the_authorizer_allows_record_by_record() {
    let oracle = Oracle::new(&POLICIES);
    let mut tally = Tally::default();
    let mut runner = TestRunner::deterministic();
    for _ in 0..PROGRAMMES {
        let programme = programme().new_tree(&mut runner).unwrap().current();
        let scratch = Scratch::with_programme().await;
        programme.write(&scratch).await;
        let goods = Goods::of(&scratch).await;
        let world = roomy().start_on(scratch).await;
        for (number, actor) in programme.actors.iter().enumerate() {
            let client = client(&world, number, actor);
            let user = programme.principal(actor);
            let known_as = if is_a_witness(&user) {
                Some(Pseudonyms::of(&world.scratch, &user.agency).await)
            } else {
                None
            };
            let mut examined = Examined::new(&oracle, &mut tally, user, client, known_as);
            examine_people(&mut examined, &programme).await;
            examine_health(&mut examined, &programme).await;
            examine_work(&mut examined, &programme).await;
            examine_intakes(&mut examined, &programme).await;
            examine_housing(&mut examined, &programme).await;
            examine_journal(&mut examined, &programme).await;
            examine_goods(&mut examined, &goods).await;
            examine_incidents(&mut examined, &goods).await;
            examine_volunteers(&mut examined, &goods).await;
        }
        world.stop().await;
    }
    say(&format!(
        "row scope: {} comparisons; how often each rule held, and failed: {:?}\n",
        tally.cases, tally.rules
    ));
    assert!(tally.cases >= CASES, "{}", tally.cases);
    for rule in record_dependent() {
        let (held, failed) = tally.rules.get(&rule).copied().unwrap_or_default();
        assert!(held >= BOTH_WAYS && failed >= BOTH_WAYS, "{rule} held {held} times and failed {failed}");
    }
}
