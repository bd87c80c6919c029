//! The conditions that a policy makes, one by one: whether each holds of a caller and a record, and in words.

use std::{str::FromStr, sync::Arc};

use cedar_policy::{
    Context, Entities, EvalResult, Expression, Policy, Request, eval_expression,
    pst::{
        BinaryOp, Clause, EntityOrSlot, Expr, Literal, PrincipalConstraint, ResourceConstraint, UnaryOp, Var,
    },
};

use crate::{
    Error, Fact, Facts, Policies, Principal, authorizer::describe, class::Question,
    evaluate::principal_entities, load::entity as cedar_entity,
};

/// Who asks, and of which record, as far as its facts are known.
pub(crate) struct Circumstances<'a> {
    request: Request,
    entities: Entities,
    is_known: &'a dyn Fn(Fact) -> bool,
}

/// The conditions of a policy that all must hold: of its scope (but for the action), and of its clauses.
pub(crate) fn conditions(policy: &Policy) -> Result<Vec<Arc<Expr>>, Error> {
    let tree = policy.to_pst().map_err(Error::cedar("reading a policy"))?;
    let body = tree.body();
    let mut found = Vec::new();
    found.extend(match &body.principal {
        PrincipalConstraint::Any => None,
        PrincipalConstraint::Eq(entity) => Some(binary(BinaryOp::Eq, Var::Principal, entity)),
        PrincipalConstraint::In(entity) => Some(binary(BinaryOp::In, Var::Principal, entity)),
        PrincipalConstraint::Is(kind) => Some(is(Var::Principal, kind, None)),
        PrincipalConstraint::IsIn(kind, entity) => Some(is(Var::Principal, kind, Some(entity))),
    });
    found.extend(match &body.resource {
        ResourceConstraint::Any => None,
        ResourceConstraint::Eq(entity) => Some(binary(BinaryOp::Eq, Var::Resource, entity)),
        ResourceConstraint::In(entity) => Some(binary(BinaryOp::In, Var::Resource, entity)),
        ResourceConstraint::Is(kind) => Some(is(Var::Resource, kind, None)),
        ResourceConstraint::IsIn(kind, entity) => Some(is(Var::Resource, kind, Some(entity))),
    });
    for clause in body.clauses() {
        match clause {
            Clause::When(expression) => split(expression, &mut found),
            Clause::Unless(expression) => split_negated(expression, &mut found),
        }
    }
    Ok(found)
}

fn binary(op: BinaryOp, left: Var, right: &EntityOrSlot) -> Arc<Expr> {
    Arc::new(Expr::BinaryOp { op, left: Arc::new(Expr::Var(left)), right: entity(right) })
}

fn is(var: Var, kind: &cedar_policy::pst::EntityType, within: Option<&EntityOrSlot>) -> Arc<Expr> {
    Arc::new(Expr::Is {
        expr: Arc::new(Expr::Var(var)),
        entity_type: kind.clone(),
        in_expr: within.map(entity),
    })
}

fn entity(entity: &EntityOrSlot) -> Arc<Expr> {
    Arc::new(match entity {
        EntityOrSlot::Entity(uid) => Expr::Literal(Literal::EntityUID(uid.clone())),
        EntityOrSlot::Slot(slot) => Expr::Slot(*slot),
    })
}

fn split(expression: &Arc<Expr>, into: &mut Vec<Arc<Expr>>) {
    match &**expression {
        Expr::BinaryOp { op: BinaryOp::And, left, right } => {
            split(left, into);
            split(right, into);
        }
        Expr::UnaryOp { op: UnaryOp::Not, expr } => split_negated(expr, into),
        _ => into.push(Arc::clone(expression)),
    }
}

fn split_negated(expression: &Arc<Expr>, into: &mut Vec<Arc<Expr>>) {
    match &**expression {
        Expr::BinaryOp { op: BinaryOp::Or, left, right } => {
            split_negated(left, into);
            split_negated(right, into);
        }
        Expr::UnaryOp { op: UnaryOp::Not, expr } => split(expr, into),
        _ => into.push(Arc::new(Expr::UnaryOp { op: UnaryOp::Not, expr: Arc::clone(expression) })),
    }
}

impl<'a> Circumstances<'a> {
    pub(crate) fn new(
        policies: &Policies,
        principal: &Principal,
        question: Question,
        facts: &dyn Facts,
        is_known: &'a dyn Fn(Fact) -> bool,
    ) -> Result<Self, Error> {
        let (caller, mut entities) = principal_entities(principal, question.verb)?;
        let (record, described) = describe(question, facts, is_known)?;
        entities.push(described);
        // No schema: it demands facts that may be unknown here.
        let entities =
            Entities::from_entities(entities, None).map_err(Error::cedar("describing the question"))?;
        let action = cedar_entity("Action", &question.action())?;
        let request = Request::new(caller, action, record, Context::empty(), Some(&policies.schema))
            .map_err(Error::cedar("stating a question"))?;
        Ok(Self { request, entities, is_known })
    }

    /// Whether a condition is known not to hold. One that cannot be asked, because a fact is absent that another
    /// condition asks for first, is not: that other one says so.
    pub(crate) fn fails(&self, expression: &Expr) -> bool {
        !self.turns_on_the_unknown(expression) && self.value(expression) == Some(EvalResult::Bool(false))
    }

    /// Whether a condition asks for a fact that is not known.
    pub(crate) fn turns_on_the_unknown(&self, expression: &Expr) -> bool {
        let unknown = |part: &Expr| {
            let (of, attribute) = match part {
                Expr::GetAttr { expr, attr } => (expr, attr),
                Expr::HasAttr { expr, attrs } => (expr, &attrs.head),
                _ => return None,
            };
            let fact = Fact::named(attribute).filter(|_| is_record(of))?;
            Some(!(self.is_known)(fact))
        };
        expression.reduce(&unknown, &|one, other| one || other, false)
    }

    fn value(&self, expression: &Expr) -> Option<EvalResult> {
        let expression = Expression::from_str(&expression.to_string()).ok()?;
        eval_expression(&self.request, &self.entities, &expression).ok()
    }

    /// A condition in words, with the values that it meets here. What has no words is told as Cedar.
    pub(crate) fn words(&self, expression: &Expr) -> String {
        let part = |part: &Expr| match part {
            Expr::BinaryOp { op: BinaryOp::And | BinaryOp::Or, .. } => format!("({})", self.words(part)),
            _ => self.words(part),
        };
        match expression {
            Expr::UnaryOp { op: UnaryOp::Not, expr } => format!("not: {}", part(expr)),
            Expr::BinaryOp { op, left, right } => match op {
                BinaryOp::And => format!("{} and {}", part(left), part(right)),
                // A chain of alternatives needs no brackets.
                BinaryOp::Or => format!("{} or {}", self.alternative(left), self.alternative(right)),
                BinaryOp::In => format!("{} {}", self.term(left), membership(right)),
                BinaryOp::Eq => format!("{} is {}", self.term(left), self.term(right)),
                BinaryOp::NotEq => format!("{} is not {}", self.term(left), self.term(right)),
                BinaryOp::Contains if matches!(&**left, Expr::Set(_)) => {
                    format!("{} is {}", self.term(right), self.term(left))
                }
                BinaryOp::Contains => format!("{} include {}", self.term(left), self.term(right)),
                _ => expression.to_string(),
            },
            Expr::HasAttr { expr, attrs } if attrs.tail.is_empty() => {
                format!("{} has a {}", self.term(expr), attribute(expr, &attrs.head))
            }
            Expr::Is { expr, entity_type, in_expr: None } => {
                format!("{} is of the type {entity_type}", self.term(expr))
            }
            Expr::GetAttr { attr, .. } if attr == "agreementInForce" => {
                "the agreement of the caller's agency is in force".to_owned()
            }
            Expr::GetAttr { .. } => self.term(expression),
            _ => expression.to_string(),
        }
    }

    fn alternative(&self, expression: &Expr) -> String {
        match expression {
            Expr::BinaryOp { op: BinaryOp::And, .. } => format!("({})", self.words(expression)),
            _ => self.words(expression),
        }
    }

    /// What a condition compares.
    fn term(&self, expression: &Expr) -> String {
        match expression {
            Expr::Var(Var::Principal) => "the caller".to_owned(),
            Expr::Var(Var::Resource) => "the record".to_owned(),
            Expr::Var(Var::Action) => "the action".to_owned(),
            Expr::Literal(Literal::String(text)) => text.to_string(),
            Expr::Literal(Literal::EntityUID(uid)) => uid.eid.to_string(),
            Expr::Set(elements) => {
                let elements: Vec<String> = elements.iter().map(|element| self.term(element)).collect();
                elements.join(" or ")
            }
            Expr::GetAttr { expr, attr } => {
                let named = format!("{}'s {}", self.term(expr), attribute(expr, attr));
                if self.turns_on_the_unknown(expression) {
                    return named;
                }
                let value = self.value(expression).map_or_else(|| "none".to_owned(), |value| tell(&value));
                format!("{named} ({value})")
            }
            _ => expression.to_string(),
        }
    }
}

fn is_record(expression: &Expr) -> bool {
    matches!(expression, Expr::Var(Var::Resource))
}

/// That the caller is in a group, or in one of several.
fn membership(groups: &Expr) -> String {
    let group = |group: &Expr| match group {
        Expr::Literal(Literal::EntityUID(uid)) => {
            let of = uid.ty.to_string();
            let verb = if of == "Role" { "holds the role" } else { "is of the agency" };
            Some((verb, uid.eid.to_string()))
        }
        _ => None,
    };
    let groups: Option<Vec<_>> = match groups {
        Expr::Set(groups) => groups.iter().map(|one| group(one)).collect(),
        one => group(one).map(|group| vec![group]),
    };
    let groups = groups.unwrap_or_default();
    let verb = groups.first().map_or("is in", |(verb, _)| verb);
    let names: Vec<&str> = groups.iter().map(|(_, name)| name.as_str()).collect();
    format!("{verb} {}", names.join(" or "))
}

/// What people call an attribute of the caller or of the record.
fn attribute<'a>(of: &Expr, name: &'a str) -> &'a str {
    match name {
        "recipient" if !is_record(of) => "agency and purpose",
        "sharedWith" => "shares",
        "stockKind" => "kind of goods",
        "donorAgency" => "giving agency",
        "ageGroup" => "age group",
        "lender" => "lending agency",
        other => other,
    }
}

fn tell(value: &EvalResult) -> String {
    match value {
        // A recipient of no purpose.
        EvalResult::String(text) if text.ends_with('/') => text.replace('/', ", no purpose stated"),
        EvalResult::String(text) => text.clone(),
        EvalResult::Set(members) if members.is_empty() => "none".to_owned(),
        EvalResult::Set(members) => members.iter().map(tell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
