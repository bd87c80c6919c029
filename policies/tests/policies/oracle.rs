//! Compiled answers against Cedar's own authorizer, which is asked about each concrete record with every
//! policy at hand. The principals and records are described to Cedar here anew, so that a mistake of the
//! crate's own description shows.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs,
    path::Path,
    str::FromStr,
};

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression, Schema, SchemaFragment,
};
use enlace_policies::{
    Answer, Class, DEFAULT_DENY, Fact, Policies, Principal, ROLES, RecordType, UserPrincipal, Verb,
};

use crate::world::{NARROWED, Record, agency_of, built_in, principals, records, user};

const SCHEMA: &str = include_str!("../../enlace.cedarschema");

struct Oracle {
    authorizer: Authorizer,
    schema: Schema,
    policies: PolicySet,
    permits: PolicySet,
}

impl Oracle {
    fn new(policies: &Policies) -> Self {
        let schema = Schema::from_str(SCHEMA).unwrap();
        let all: Vec<Policy> = policies
            .rules()
            .map(|rule| Policy::parse(Some(PolicyId::new(&rule.id)), &rule.text).unwrap())
            .collect();
        let permits = all.iter().filter(|policy| policy.effect() == Effect::Permit).cloned();
        Self {
            authorizer: Authorizer::new(),
            schema,
            permits: PolicySet::from_policies(permits).unwrap(),
            policies: PolicySet::from_policies(all).unwrap(),
        }
    }

    /// The caller, for one verb, with what it is in.
    fn caller(&self, principal: &Principal, verb: Verb) -> (EntityUid, Entities) {
        let (uid, entity, groups) = match principal {
            Principal::Anyone => {
                let uid = uid("Anyone", "anyone");
                (uid.clone(), Entity::new_no_attrs(uid, HashSet::new()), HashSet::new())
            }
            Principal::User(user) => {
                let uid = uid("User", &user.user);
                // The schema admits no other roles, and this crate drops them.
                let roles = user.roles.iter().filter(|role| *role != "no such role");
                let mut groups: HashSet<_> = roles.map(|role| self::uid("Role", role)).collect();
                if let (Verb::Read | Verb::List | Verb::Identify, Some(role), true) =
                    (verb, &user.reads_as, user.roles.contains("integrator"))
                {
                    groups.insert(self::uid("Role", role));
                }
                groups.insert(self::uid("Agency", &user.agency));
                (uid.clone(), Entity::new(uid, attributes(user), groups.clone()).unwrap(), groups)
            }
        };
        let groups = groups.into_iter().map(|group| Entity::new_no_attrs(group, HashSet::new()));
        (uid, Entities::from_entities(groups.chain([entity]), Some(&self.schema)).unwrap())
    }

    /// A record; to a question about the class of which alone some of them share, or about any other.
    fn record(&self, record: RecordType, facts: &Record, is_of_narrowed: bool) -> Entity {
        let uid = uid(record.as_str(), "r");
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let shared = |with: &String| match with.rsplit_once('/') {
            Some((recipient, _)) if recipient.contains('/') => is_of_narrowed.then(|| text(recipient)),
            _ => Some(text(with)),
        };
        let value = |fact: &Fact, values: &Vec<String>| match fact {
            Fact::SharedWith => RestrictedExpression::new_set(values.iter().filter_map(shared)),
            _ => text(&values[0]),
        };
        let facts = facts.0.iter().map(|(fact, values)| (fact.to_string(), value(fact, values))).collect();
        let entity = Entity::new(uid, facts, HashSet::new()).unwrap();
        Entities::from_entities([entity.clone()], Some(&self.schema))
            .expect("the facts are those of the schema");
        entity
    }
}

fn uid(type_name: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(type_name.parse().unwrap(), id.parse().unwrap())
}

fn attributes(user: &UserPrincipal) -> HashMap<String, RestrictedExpression> {
    let text = |text: &String| RestrictedExpression::new_string(text.clone());
    let opened = user.opened.as_ref().map(|person| ("opened".to_owned(), text(person)));
    let others = [
        ("user".to_owned(), text(&user.user)),
        ("agency".to_owned(), text(&user.agency)),
        ("shelters".to_owned(), RestrictedExpression::new_set(user.shelters.iter().map(text))),
        ("agreementInForce".to_owned(), RestrictedExpression::new_bool(user.agreement_in_force)),
        (
            "recipient".to_owned(),
            text(&format!("{}/{}", user.agency, user.purpose.clone().unwrap_or_default())),
        ),
    ];
    others.into_iter().chain(opened).collect()
}

fn holds(answer: &Answer, facts: &Record) -> bool {
    match answer {
        Answer::Allowed => true,
        Answer::Refused(_) => false,
        Answer::Depends(dependence) => dependence.condition.holds(facts),
    }
}

#[test]
fn compiled_answers_are_cedars_own_and_no_policy_is_superfluous() {
    let decisive = compare_all(built_in(), &principals());
    for rule in built_in().rules() {
        assert!(decisive.contains(&*rule.id), "no answer changes without {}", rule.id);
    }
}

/// Conditions of every shape that can be translated, in permits and in forbids that look at the record.
const SHAPES: &str = r#"
@id("permit") @reason("Both branches of an if.")
permit (principal, action == Action::"read INVENTORY", resource is Stock)
when { if resource has shelter then resource.shelter != "CDC-02" else resource.stockKind == "food" };

@id("permit-more") @reason("Either, text on the left, and an unless.")
permit (principal is User, action == Action::"read INVENTORY", resource is Stock)
when { "medical" == resource.stockKind || !(resource has donorAgency) }
unless { resource has shelter && resource.shelter == "CDC-02" };

@id("forbid") @reason("A set of texts.")
forbid (principal is User, action == Action::"read INVENTORY", resource is Stock)
when { ["food", "general"].contains(resource.stockKind) && resource has donorAgency };

@id("forbid-more") @reason("What is the caller's own, and what is not.")
forbid (principal is User, action == Action::"read INVENTORY", resource is Stock)
unless {
  resource has donorAgency && (resource.donorAgency == principal.agency || resource.stockKind != "food")
};

@id("permit-always") @reason("Left to the forbids alone.")
permit (principal is User, action == Action::"write INVENTORY", resource is Stock);

@id("forbid-write") @reason("Elsewhere.")
forbid (principal is User, action in Action::"write", resource is Stock)
when { action == Action::"write INVENTORY" && resource has shelter }
unless { resource has shelter && principal.shelters.contains(resource.shelter) };
"#;

#[test]
fn every_translatable_shape_means_what_cedar_means() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shapes");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("enlace.cedarschema"), SCHEMA).unwrap();
    fs::write(folder.join("shapes.cedar"), SHAPES).unwrap();
    let policies = Policies::from_dir(&folder).unwrap();

    let lead = Principal::User(user(&["shelter_lead"]));
    let decisive = compare_all(&policies, &[Principal::Anyone, lead.clone()]);
    for rule in policies.rules() {
        assert!(decisive.contains(&*rule.id), "no answer changes without {}", rule.id);
    }
    let answer = policies.decide(&lead, Verb::Write, Class::Inventory, RecordType::Stock).unwrap();
    let Answer::Depends(dependence) = answer else { panic!("{answer:?}") };
    assert_eq!(dependence.policies, ["forbid-write".into()], "a permit that holds anyway asks for no fact");
}

/// Compares every answer for these principals; returns the policies that some decision rests on alone, which
/// is therefore another decision, or has another reason, without them.
fn compare_all(policies: &Policies, principals: &[Principal]) -> BTreeSet<String> {
    let oracle = &Oracle::new(policies);
    let compare_some = |some: &[Principal]| -> BTreeSet<String> {
        some.iter().flat_map(|principal| compare(policies, oracle, principal)).collect()
    };
    // The halves run side by side: the product is large, and Cedar unoptimised is slow.
    let (left, right) = principals.split_at(principals.len() / 2);
    std::thread::scope(|scope| {
        let left = scope.spawn(|| compare_some(left));
        let mut decisive = compare_some(right);
        decisive.extend(left.join().unwrap());
        decisive
    })
}

/// Compares every answer for one principal.
fn compare(policies: &Policies, oracle: &Oracle, principal: &Principal) -> BTreeSet<String> {
    let profile = policies.profile(principal).unwrap();
    let mut decisive = BTreeSet::new();
    for &verb in Verb::ALL {
        let (caller, entities) = oracle.caller(principal, verb);
        for &record in RecordType::ALL {
            let resource = uid(record.as_str(), "r");
            let asked = Class::ALL.iter().filter_map(|&class| {
                let action = uid("Action", &format!("{verb} {class}"));
                let (caller, resource) = (caller.clone(), resource.clone());
                let request =
                    Request::new(caller, action, resource, Context::empty(), Some(&oracle.schema)).ok();
                // Otherwise the schema has no such fields on such records.
                let answer = profile.answer(verb, class, record);
                let is_default =
                    || matches!(answer, Answer::Refused(refusal) if &*refusal.policy == DEFAULT_DENY);
                assert!(request.is_some() || is_default(), "{principal:?} {verb} {class} on {record}");
                Some((class, answer, request?))
            });
            let asked: Vec<_> = asked.collect();
            for facts in records(record, agency_of(principal)) {
                let described = |is_of_narrowed| {
                    let entity = oracle.record(record, &facts, is_of_narrowed);
                    entities.clone().add_entities([entity], None).unwrap()
                };
                let of_narrowed = facts.0.contains_key(&Fact::SharedWith).then(|| described(true));
                let of_others = described(false);
                for (class, answer, request) in &asked {
                    let narrowed = of_narrowed.as_ref().filter(|_| *class == NARROWED);
                    let entities = narrowed.unwrap_or(&of_others);
                    let response = oracle.authorizer.is_authorized(request, &oracle.policies, entities);
                    assert_eq!(response.diagnostics().errors().count(), 0);
                    let reasons: BTreeSet<&str> =
                        response.diagnostics().reason().map(AsRef::as_ref).collect();

                    let question =
                        || format!("{principal:?} {verb} {class} on {record} {facts:?}: {answer:?}");
                    assert_eq!(
                        holds(answer, &facts),
                        response.decision() == Decision::Allow,
                        "{}",
                        question()
                    );
                    if let Answer::Refused(refusal) = answer {
                        // A forbid of some records adds nothing where no policy permits.
                        let permitted = || {
                            oracle.authorizer.is_authorized(request, &oracle.permits, entities).decision()
                                == Decision::Allow
                        };
                        let named = reasons.contains(&*refusal.policy);
                        assert!(named || &*refusal.policy == DEFAULT_DENY && !permitted(), "{}", question());
                    }
                    if reasons.len() == 1 {
                        decisive.extend(reasons.into_iter().map(str::to_owned));
                    }
                }
            }
        }
    }
    decisive
}

#[test]
fn the_vocabulary_is_the_schemas() {
    let (fragment, _) = SchemaFragment::from_cedarschema_str(SCHEMA).unwrap();
    let schema = fragment.to_json_value().unwrap();
    let roles = schema[""]["entityTypes"]["Role"]["enum"].as_array().unwrap();
    assert!(
        roles.iter().filter_map(|role| role.as_str()).eq(ROLES.iter().map(|role| role.code)),
        "{roles:?}"
    );
    for class in Class::ALL {
        let listed = schema[""]["actions"].get(format!("list {class}")).is_some();
        assert_eq!(listed, class.is_listed_apart(), "{class}");
    }
    for record in RecordType::ALL {
        let attributes = schema[""]["entityTypes"][record.as_str()]["shape"]["attributes"].as_object();
        let attributes: BTreeSet<_> =
            attributes.map(|attributes| attributes.keys().cloned().collect()).unwrap_or_default();
        let facts: BTreeSet<_> = record.facts().iter().map(ToString::to_string).collect();
        assert_eq!(attributes, facts, "{record}");
    }
}

#[test]
fn a_single_decision_is_the_profiles() {
    let policies = built_in();
    for principal in principals().iter().step_by(7) {
        let profile = policies.profile(principal).unwrap();
        for &verb in Verb::ALL {
            for &class in Class::ALL {
                for &record in RecordType::ALL {
                    let decided = policies.decide(principal, verb, class, record).unwrap();
                    assert_eq!(&decided, profile.answer(verb, class, record));
                }
            }
        }
    }
}
