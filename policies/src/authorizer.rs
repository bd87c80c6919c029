//! Asking Cedar's own authorizer about one record, with every policy at hand. It shares nothing with the
//! compiled answers but the description of the caller, and so it can contradict them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use cedar_policy::{
    Context, Decision, Effect, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression,
};

use crate::{
    Error, Fact, Facts, Policies, Principal, class::Question, condition::shared_of,
    evaluate::principal_entities, load::entity,
};

/// Cedar's authorizer over a set of policies.
pub(crate) struct Authorizer<'a> {
    policies: &'a Policies,
    all: PolicySet,
    permits: PolicySet,
}

/// What it says of one record.
pub(crate) struct Verdict {
    pub(crate) allowed: bool,
    /// The ids of the policies that the answer rests on: the forbids that apply, or else the permits that do;
    /// none where neither does.
    pub(crate) determining: BTreeSet<Arc<str>>,
    /// The ids of all policies that apply.
    pub(crate) applying: BTreeSet<Arc<str>>,
}

/// A question about one record, in Cedar's words.
struct Concrete {
    request: Request,
    entities: Entities,
}

impl<'a> Authorizer<'a> {
    pub(crate) fn new(policies: &'a Policies) -> Result<Self, Error> {
        let mut every = Vec::new();
        for rule in policies.rules() {
            let policy = Policy::parse(Some(PolicyId::new(&rule.id)), &rule.text);
            every.push(policy.map_err(Error::cedar("reading a policy again"))?);
        }
        let permits = every.iter().filter(|policy| policy.effect() == Effect::Permit).cloned();
        let permits = PolicySet::from_policies(permits).map_err(Error::cedar("collecting the permits"))?;
        let all = PolicySet::from_policies(every).map_err(Error::cedar("collecting the policies"))?;
        Ok(Self { policies, all, permits })
    }

    /// What it says to a principal who asks this of a record with these facts.
    pub(crate) fn decide(
        &self,
        principal: &Principal,
        question: Question,
        facts: &dyn Facts,
    ) -> Result<Verdict, Error> {
        let concrete = Concrete::new(self.policies, principal, question, facts)?;
        let (decision, determining) = self.ask(&concrete, &self.all)?;
        let allowed = decision == Decision::Allow;
        // The permits that a forbid overrules apply none the less.
        let mut applying = determining.clone();
        if !allowed {
            applying.extend(self.ask(&concrete, &self.permits)?.1);
        }
        Ok(Verdict { allowed, determining, applying })
    }

    fn ask(
        &self,
        concrete: &Concrete,
        policies: &PolicySet,
    ) -> Result<(Decision, BTreeSet<Arc<str>>), Error> {
        let Concrete { request, entities } = concrete;
        let response = cedar_policy::Authorizer::new().is_authorized(request, policies, entities);
        // Cedar passes over a policy that fails; an answer without it is none.
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(Error::cedar("evaluating the policies")(error));
        }
        let reasons = response.diagnostics().reason().map(|id| self.policies.id(id)).collect();
        Ok((response.decision(), reasons))
    }
}

impl Concrete {
    fn new(
        policies: &Policies,
        principal: &Principal,
        question: Question,
        facts: &dyn Facts,
    ) -> Result<Self, Error> {
        let (caller, mut entities) = principal_entities(principal, question.verb)?;
        let (record, described) = describe(question, facts, &|_| true)?;
        entities.push(described);
        // The schema sees to it that no required fact is left out.
        let entities = Entities::from_entities(entities, Some(&policies.schema))
            .map_err(|error| Error::Facts { record: question.record, message: innermost(&error) })?;
        let action = entity("Action", &question.action())?;
        let request = Request::new(caller, action, record, Context::empty(), Some(&policies.schema))
            .map_err(Error::cedar("stating a question"))?;
        Ok(Self { request, entities })
    }
}

/// The most particular thing that an error says.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

/// The record that a question is about as a Cedar entity, with those of its facts that are known.
pub(crate) fn describe(
    Question { class, record, .. }: Question,
    facts: &dyn Facts,
    is_known: &dyn Fn(Fact) -> bool,
) -> Result<(EntityUid, Entity), Error> {
    let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
    let attributes: HashMap<String, RestrictedExpression> = record
        .facts()
        .iter()
        .filter(|fact| is_known(**fact))
        .filter_map(|&fact| {
            let value = match fact {
                Fact::SharedWith => {
                    Some(RestrictedExpression::new_set(shared_of(facts.members(fact), class).map(text)))
                }
                _ => facts.fact(fact).map(text),
            };
            Some((fact.to_string(), value?))
        })
        .collect();
    let uid = entity(record.as_str(), "record")?;
    let described = Entity::new(uid.clone(), attributes, HashSet::new())
        .map_err(Error::cedar("describing the record"))?;
    Ok((uid, described))
}
