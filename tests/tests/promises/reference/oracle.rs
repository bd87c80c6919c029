//! Cedar's own authorizer, asked about one record at a time with every policy at hand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression, Schema,
};
use enlace_policies::{Class, Fact, Policies, RecordType, Rule, UserPrincipal, Verb};

/// The facts of one record: of most one value, of a set its members.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record(pub(crate) BTreeMap<Fact, Vec<String>>);

impl Record {
    /// One that has these facts beside those of `self`; an absent value adds none.
    pub(crate) fn with(mut self, fact: Fact, value: Option<&str>) -> Self {
        self.0.extend(value.map(|value| (fact, vec![value.to_owned()])));
        self
    }

    /// One that has this fact, which is a set, beside those of `self`.
    pub(crate) fn with_set(mut self, fact: Fact, members: impl IntoIterator<Item = String>) -> Self {
        self.0.insert(fact, members.into_iter().collect());
        self
    }
}

impl enlace_policies::Facts for Record {
    fn fact(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).and_then(|values| values.first()).map(String::as_str)
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.0.get(&fact).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What the authorizer says of one record.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    /// The policies that it rests on.
    pub(crate) reasons: BTreeSet<String>,
}

/// See the module.
pub(crate) struct Oracle {
    authorizer: Authorizer,
    schema: Schema,
    policies: PolicySet,
    /// Those of them that permit.
    permits: PolicySet,
}

/// A caller, as the authorizer is told of it for one verb.
pub(crate) struct Asking {
    uid: EntityUid,
    entities: Entities,
}

fn uid(type_name: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(type_name.parse().unwrap(), id.parse().unwrap())
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

impl Oracle {
    /// Over these policies.
    pub(crate) fn new(policies: &Policies) -> Self {
        let parse = |rule: &Rule| Policy::parse(Some(PolicyId::new(&rule.id)), &rule.text).unwrap();
        let parsed: Vec<Policy> = policies.rules().map(parse).collect();
        let permits = parsed.iter().filter(|policy| policy.effect() == Effect::Permit).cloned();
        Self {
            authorizer: Authorizer::new(),
            schema: Schema::from_str(include_str!("../../../../policies/enlace.cedarschema")).unwrap(),
            permits: PolicySet::from_policies(permits).unwrap(),
            policies: PolicySet::from_policies(parsed).unwrap(),
        }
    }

    /// Who asks, with the roles that count for a verb.
    pub(crate) fn caller(&self, user: &UserPrincipal, verb: Verb) -> Asking {
        let mut roles = user.roles.clone();
        if verb != Verb::Write && roles.contains("integrator") {
            roles.extend(user.reads_as.clone());
        }
        let mut groups: HashSet<_> = roles.iter().map(|role| self::uid("Role", role)).collect();
        groups.insert(self::uid("Agency", &user.agency));
        let recipient = format!("{}/{}", user.agency, user.purpose.as_deref().unwrap_or_default());
        let attributes = HashMap::from([
            ("user".to_owned(), text(&user.user)),
            ("agency".to_owned(), text(&user.agency)),
            (
                "shelters".to_owned(),
                RestrictedExpression::new_set(user.shelters.iter().map(|value| text(value))),
            ),
            ("agreementInForce".to_owned(), RestrictedExpression::new_bool(user.agreement_in_force)),
            ("recipient".to_owned(), text(&recipient)),
        ]);
        let opened = user.opened.iter().map(|person| ("opened".to_owned(), text(person)));
        let attributes = attributes.into_iter().chain(opened).collect();
        let uid = uid("User", &user.user);
        let entity = Entity::new(uid.clone(), attributes, groups.clone()).unwrap();
        let groups = groups.into_iter().map(|group| Entity::new_no_attrs(group, HashSet::new()));
        Asking { uid, entities: Entities::from_entities(groups.chain([entity]), Some(&self.schema)).unwrap() }
    }

    /// What it says to a caller of one record.
    pub(crate) fn decide(
        &self,
        asking: &Asking,
        verb: Verb,
        class: Class,
        record: RecordType,
        facts: &Record,
    ) -> Verdict {
        let resource = uid(record.as_str(), "r");
        let value = |fact: Fact, values: &[String]| {
            if !fact.is_set() {
                return text(&values[0]);
            }
            // What is shared of one class alone is shared where that is asked about; a household with who is of it.
            let as_shared = if class == Class::Family { "IDENTITY" } else { class.as_str() };
            let shared =
                values.iter().filter_map(|value| match value.splitn(3, '/').collect::<Vec<_>>()[..] {
                    [agency, purpose, of] => (of == as_shared).then(|| text(&format!("{agency}/{purpose}"))),
                    _ => Some(text(value)),
                });
            RestrictedExpression::new_set(shared)
        };
        let facts = record.facts().iter().filter_map(|&fact| {
            let values = facts.0.get(&fact).map(Vec::as_slice);
            let values = if fact.is_set() { Some(values.unwrap_or_default()) } else { values };
            values.map(|values| (fact.to_string(), value(fact, values)))
        });
        let entity = Entity::new(resource.clone(), facts.collect(), HashSet::new()).unwrap();
        let entities = asking.entities.clone().add_entities([entity], Some(&self.schema)).unwrap();
        let action = uid("Action", &format!("{verb} {class}"));
        let request =
            Request::new(asking.uid.clone(), action, resource, Context::empty(), Some(&self.schema)).unwrap();
        let ask = |policies: &PolicySet| {
            let response = self.authorizer.is_authorized(&request, policies, &entities);
            assert_eq!(response.diagnostics().errors().count(), 0);
            let reasons: BTreeSet<String> =
                response.diagnostics().reason().map(ToString::to_string).collect();
            (response.decision() == Decision::Allow, reasons)
        };
        let (allowed, mut reasons) = ask(&self.policies);
        if !allowed && !reasons.is_empty() {
            reasons.extend(ask(&self.permits).1);
        }
        Verdict { allowed, reasons }
    }
}
