//! The conditions that a policy makes, one by one, for one record: whether each holds, and in words.

use std::{str::FromStr, sync::Arc};

use cedar_policy::{
    EvalResult, Expression, Policy, eval_expression,
    pst::{
        BinaryOp, Clause, EntityOrSlot, Expr, Literal, PrincipalConstraint, ResourceConstraint, UnaryOp, Var,
    },
};

use crate::{Error, authorizer::Concrete};

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

impl Concrete {
    /// Whether a condition is known not to hold. One that cannot be asked, because a fact is absent that another
    /// condition asks for first, is not: that other one says so.
    pub(crate) fn fails(&self, expression: &Expr) -> bool {
        self.value(expression) == Some(EvalResult::Bool(false))
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
                BinaryOp::In => format!("{} is in {}", self.term(left), self.term(right)),
                BinaryOp::Eq => format!("{} is {}", self.term(left), self.term(right)),
                BinaryOp::NotEq => format!("{} is not {}", self.term(left), self.term(right)),
                BinaryOp::Contains if matches!(&**left, Expr::Set(_)) => {
                    format!("{} is {}", self.term(right), self.term(left))
                }
                BinaryOp::Contains => format!("{} include {}", self.term(left), self.term(right)),
                _ => expression.to_string(),
            },
            Expr::HasAttr { expr, attrs } if attrs.tail.is_empty() => {
                format!("{} has a {}", self.term(expr), attrs.head)
            }
            Expr::Is { expr, entity_type, in_expr: None } => {
                format!("{} is a {entity_type}", self.term(expr))
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
            Expr::Literal(Literal::EntityUID(uid)) => {
                format!("the {} {}", uid.ty.to_string().to_lowercase(), uid.eid)
            }
            Expr::Set(elements) => {
                let elements: Vec<String> = elements.iter().map(|element| self.term(element)).collect();
                elements.join(" or ")
            }
            Expr::GetAttr { expr, attr } => {
                let value = self.value(expression).map_or_else(|| "absent".to_owned(), |value| tell(&value));
                format!("{}'s {attr} ({value})", self.term(expr))
            }
            _ => expression.to_string(),
        }
    }
}

fn tell(value: &EvalResult) -> String {
    match value {
        EvalResult::String(text) => text.clone(),
        EvalResult::Set(members) if members.is_empty() => "none".to_owned(),
        EvalResult::Set(members) => members.iter().map(tell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
