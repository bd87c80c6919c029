//! Asking Cedar. The only module that uses type-aware partial evaluation (`tpe`), which is experimental
//! upstream: a change of its interface ends here.
//!
//! The record is left unknown. Cedar evaluates each policy as far as the caller and the action settle it and
//! hands back what remains, which is translated into a [`Condition`]: some permit holds, and no forbid does.
//!
//! Cedar skips a policy whose evaluation raises an error. For a forbid that would be an allowance, so here an
//! error in a forbid refuses, and one within what remains of a policy is [`Error::Untranslatable`]. Strict
//! validation leaves no such error to a policy that uses only attributes, text and sets; arithmetic could
//! overflow.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use cedar_policy::{
    Context, Effect, Entities, Entity, EntityUid, PartialEntities, PartialEntityUid, PartialRequest, Policy,
    PolicyId, PolicySet, RestrictedExpression, TpeResponse,
    pst::{BinaryOp, Clause, Expr, Literal, UnaryOp, Var},
};

use crate::{
    Answer, Class, Condition, Dependence, Error, Fact, Policies, Principal, Profile, ROLES, RecordType,
    Refusal, UserPrincipal, Value, Verb,
    class::Question,
    load::{Cell, entity},
};

impl Policies {
    /// The answers to every question of a principal. Compiled from the policies each time: cache it by
    /// principal and [`version`](Self::version).
    pub fn profile(&self, principal: &Principal) -> Result<Profile, Error> {
        let reader = Caller::new(self, principal, Verb::Read)?;
        let writer = Caller::new(self, principal, Verb::Write)?;
        let answers = self
            .cells
            .iter()
            .map(|cell| self.answer(if cell.question.verb.reads() { &reader } else { &writer }, cell))
            .collect::<Result<_, _>>()?;
        Ok(Profile::new(answers, self.by_default.clone()))
    }

    /// Compiles the profile of every role of every agency, with an agreement and without: what does not translate shows
    /// here, before anyone relies on it.
    pub fn check(&self) -> Result<(), Error> {
        self.profile(&Principal::Anyone)?;
        for (agency, role) in
            ROLES.iter().flat_map(|role| role.agencies.iter().map(move |agency| (agency, role)))
        {
            for agreement_in_force in [true, false] {
                self.profile(&Principal::User(UserPrincipal {
                    agreement_in_force,
                    ..UserPrincipal::example(agency, role.code)
                }))?;
            }
        }
        Ok(())
    }

    /// The answer to one question of a principal, as its [`profile`](Self::profile) has it.
    pub fn decide(
        &self,
        principal: &Principal,
        verb: Verb,
        class: Class,
        record: RecordType,
    ) -> Result<Answer, Error> {
        let caller = Caller::new(self, principal, verb)?;
        match self.cells.get(Question { verb, class, record }.index()) {
            Some(cell) => self.answer(&caller, cell),
            None => Ok(Answer::Refused(self.by_default.clone())),
        }
    }

    fn answer(&self, caller: &Caller, cell: &Cell) -> Result<Answer, Error> {
        let policies = caller.policies(cell);
        if policies.is_empty() {
            return Ok(Answer::Refused(self.by_default.clone()));
        }
        let request = self.request(caller, cell)?;
        let response = self.evaluate(policies, &request, caller)?;

        // Cedar's ids come in no order; the smallest is as good a witness as any, and always the same.
        if let Some(id) = response.true_forbids().chain(response.error_forbids()).min() {
            return Ok(Answer::Refused(self.refusal(id)));
        }
        let is_permitted = response.true_permits().next().is_some();
        let mut remaining: Vec<Policy> = response
            .residual_policies()
            .filter(|policy| !is_permitted || policy.effect() == Effect::Forbid)
            .collect();
        remaining.sort_by(|a, b| a.id().cmp(b.id()));

        let mut asked = vec![(Effect::Permit, if is_permitted { Condition::True } else { Condition::False })];
        for policy in &remaining {
            asked.push((policy.effect(), remaining_condition(policy)?.about(cell.question.class)));
        }
        Ok(match permitted(asked) {
            Condition::True => Answer::Allowed,
            Condition::False => Answer::Refused(self.by_default.clone()),
            condition => Answer::Depends(Arc::new(Dependence {
                condition,
                policies: remaining.iter().map(|policy| self.id(policy.id())).collect(),
            })),
        })
    }

    /// What each policy that can bear on a principal's question asks of the record, in the order of their ids.
    pub(crate) fn asked(&self, principal: &Principal, question: Question) -> Result<Vec<Asked>, Error> {
        let caller = Caller::new(self, principal, question.verb)?;
        let Some(cell) = self.cells.get(question.index()) else { return Ok(Vec::new()) };
        let policies = caller.policies(cell);
        if policies.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.request(&caller, cell)?;
        let response = self.evaluate(policies, &request, &caller)?;
        let always: HashSet<&PolicyId> =
            response.true_permits().chain(response.true_forbids()).chain(response.error_forbids()).collect();
        let mut remaining: HashMap<PolicyId, Policy> =
            response.residual_policies().map(|policy| (policy.id().clone(), policy)).collect();
        let mut asked = policies
            .policies()
            .map(|policy| {
                let condition = match remaining.remove(policy.id()) {
                    _ if always.contains(policy.id()) => Condition::True,
                    Some(rest) => remaining_condition(&rest)?.about(question.class),
                    None => Condition::False,
                };
                Ok(Asked { id: policy.id().clone(), effect: policy.effect(), condition })
            })
            .collect::<Result<Vec<_>, Error>>()?;
        asked.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(asked)
    }

    /// A question of Cedar's about a record of which nothing is known.
    fn request(&self, caller: &Caller, cell: &Cell) -> Result<PartialRequest, Error> {
        PartialRequest::new(
            PartialEntityUid::from_concrete(caller.uid.clone()),
            cell.action.clone(),
            PartialEntityUid::new(cell.record.clone(), None),
            Some(Context::empty()),
            &self.schema,
        )
        .map_err(Error::cedar("stating a question"))
    }

    fn evaluate<'a>(
        &'a self,
        policies: &PolicySet,
        request: &'a PartialRequest,
        caller: &'a Caller,
    ) -> Result<TpeResponse<'a>, Error> {
        policies.tpe(request, &caller.entities, &self.schema).map_err(Error::cedar("evaluating the policies"))
    }

    fn refusal(&self, id: &PolicyId) -> Refusal {
        match self.rule(id.as_ref()) {
            Some(rule) => Refusal { policy: Arc::clone(&rule.id), reason: Arc::clone(&rule.reason) },
            None => Refusal { policy: Arc::from(id.as_ref()), ..self.by_default.clone() },
        }
    }

    /// The `@id` that is Cedar's id, shared rather than copied.
    pub(crate) fn id(&self, id: &PolicyId) -> Arc<str> {
        self.rule(id.as_ref()).map_or_else(|| Arc::from(id.as_ref()), |rule| Arc::clone(&rule.id))
    }
}

/// What one policy asks of the record, when the caller and the question are settled.
pub(crate) struct Asked {
    pub(crate) id: PolicyId,
    pub(crate) effect: Effect,
    /// True where it applies to every record, false where it applies to none.
    pub(crate) condition: Condition,
}

/// Some permit holds, and no forbid does.
pub(crate) fn permitted(asked: impl IntoIterator<Item = (Effect, Condition)>) -> Condition {
    let (mut some_permit, mut every_part) = (Vec::new(), Vec::new());
    for (effect, condition) in asked {
        match effect {
            Effect::Permit => some_permit.push(condition),
            Effect::Forbid => every_part.push(Condition::not(condition)),
        }
    }
    every_part.push(Condition::any(some_permit));
    Condition::all(every_part)
}

/// A principal in Cedar's words, for one verb.
struct Caller {
    uid: EntityUid,
    /// The caller and the groups that it is in.
    entities: PartialEntities,
    has_token: bool,
}

impl Caller {
    fn new(policies: &Policies, principal: &Principal, verb: Verb) -> Result<Self, Error> {
        let (uid, entities) = principal_entities(principal, verb)?;
        let entities = Entities::from_entities(entities, Some(&policies.schema))
            .map_err(Error::cedar("describing the caller"))?;
        let entities = PartialEntities::from_concrete(entities, &policies.schema)
            .map_err(Error::cedar("describing the caller"))?;
        Ok(Self { uid, entities, has_token: matches!(principal, Principal::User(_)) })
    }

    fn policies<'a>(&self, cell: &'a Cell) -> &'a PolicySet {
        if self.has_token { &cell.for_users } else { &cell.for_anyone }
    }
}

/// A principal as Cedar entities: itself first by id, then with the groups that it is in.
pub(crate) fn principal_entities(
    principal: &Principal,
    verb: Verb,
) -> Result<(EntityUid, Vec<Entity>), Error> {
    match principal {
        Principal::Anyone => {
            let uid = entity("Anyone", "anyone")?;
            Ok((uid.clone(), vec![Entity::new_no_attrs(uid, HashSet::new())]))
        }
        Principal::User(user) => {
            let uid = entity("User", &user.user)?;
            let mut groups = HashSet::from([entity("Agency", &user.agency)?]);
            for role in user.roles_for(verb) {
                groups.insert(entity("Role", role)?);
            }
            let mut entities: Vec<Entity> =
                groups.iter().map(|group| Entity::new_no_attrs(group.clone(), HashSet::new())).collect();
            entities.push(
                Entity::new(uid.clone(), attributes(user), groups)
                    .map_err(Error::cedar("describing the caller"))?,
            );
            Ok((uid, entities))
        }
    }
}

/// What the schema says of a `User`.
fn attributes(user: &UserPrincipal) -> HashMap<String, RestrictedExpression> {
    let text = |value: &String| RestrictedExpression::new_string(value.clone());
    let mut attributes = HashMap::from([
        ("user".to_owned(), text(&user.user)),
        ("agency".to_owned(), text(&user.agency)),
        ("shelters".to_owned(), RestrictedExpression::new_set(user.shelters.iter().map(text))),
        ("agreementInForce".to_owned(), RestrictedExpression::new_bool(user.agreement_in_force)),
        ("recipient".to_owned(), RestrictedExpression::new_string(user.recipient())),
    ]);
    attributes.extend(user.opened.as_ref().map(|person| ("opened".to_owned(), text(person))));
    attributes
}

/// What remains of a policy. Cedar puts it all into one `when`; an `unless` would mean the same negated.
fn remaining_condition(policy: &Policy) -> Result<Condition, Error> {
    let untranslatable =
        |expression: String| Error::Untranslatable { policy: policy.id().to_string(), expression };
    let tree = policy.to_pst().map_err(|error| untranslatable(error.to_string()))?;
    let parts = tree
        .body()
        .clauses()
        .iter()
        .map(|clause| match clause {
            Clause::When(expression) => translate(expression),
            Clause::Unless(expression) => translate(expression).map(Condition::not),
        })
        .collect::<Result<Vec<_>, _>>();
    parts.map(Condition::all).map_err(|Unsupported(expression)| untranslatable(expression))
}

/// The part of an expression that has no [`Condition`], as Cedar.
struct Unsupported(String);

/// Translates an expression over the unknown record.
///
/// Cedar evaluates `&&` and `||` from the left and stops early, and an access to an absent attribute is an
/// error; a condition has neither order nor errors. They agree because strict validation admits an access
/// only behind the `has` that guards it.
fn translate(expression: &Expr) -> Result<Condition, Unsupported> {
    let unsupported = || Unsupported(expression.to_string());
    match expression {
        Expr::Literal(Literal::Bool(true)) => Ok(Condition::True),
        Expr::Literal(Literal::Bool(false)) => Ok(Condition::False),
        Expr::UnaryOp { op: UnaryOp::Not, expr } => translate(expr).map(Condition::not),
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            Ok(Condition::all([translate(left)?, translate(right)?]))
        }
        Expr::BinaryOp { op: BinaryOp::Or, left, right } => {
            Ok(Condition::any([translate(left)?, translate(right)?]))
        }
        Expr::BinaryOp { op: BinaryOp::Eq, left, right } => equal(left, right).ok_or_else(unsupported),
        Expr::BinaryOp { op: BinaryOp::NotEq, left, right } => {
            equal(left, right).map(Condition::not).ok_or_else(unsupported)
        }
        Expr::BinaryOp { op: BinaryOp::Contains, left, right } => {
            contains(left, right).ok_or_else(unsupported)
        }
        Expr::HasAttr { expr, attrs } if is_record(expr) && attrs.tail.is_empty() => {
            Fact::named(&attrs.head).filter(|fact| !fact.is_set()).map(Condition::Has).ok_or_else(unsupported)
        }
        Expr::IfThenElse { cond, then_expr, else_expr } => {
            let condition = translate(cond)?;
            let then = Condition::all([condition.clone(), translate(then_expr)?]);
            let otherwise = Condition::all([Condition::not(condition), translate(else_expr)?]);
            Ok(Condition::any([then, otherwise]))
        }
        _ => Err(unsupported()),
    }
}

/// A fact compared with text, on either side.
fn equal(left: &Expr, right: &Expr) -> Option<Condition> {
    let (fact, value) = match (fact(left), fact(right)) {
        (Some(fact), None) => (fact, text(right)?),
        (None, Some(fact)) => (fact, text(left)?),
        _ => return None,
    };
    (!fact.is_set()).then_some(Condition::Is(fact, value))
}

/// A fact looked for in a set of texts, or a text in a fact that is a set.
fn contains(set: &Expr, element: &Expr) -> Option<Condition> {
    if let Some(members) = fact(set) {
        return members.is_set().then_some(Condition::Contains(members, text(element)?));
    }
    let Expr::Set(elements) = set else { return None };
    let values = elements.iter().map(|element| text(element)).collect::<Option<Vec<_>>>()?;
    Some(Condition::one_of(fact(element)?, values))
}

/// `resource.fact`.
fn fact(expression: &Expr) -> Option<Fact> {
    match expression {
        Expr::GetAttr { expr, attr } if is_record(expr) => Fact::named(attr),
        _ => None,
    }
}

fn text(expression: &Expr) -> Option<Value> {
    match expression {
        Expr::Literal(Literal::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn is_record(expression: &Expr) -> bool {
    matches!(expression, Expr::Var(Var::Resource))
}
