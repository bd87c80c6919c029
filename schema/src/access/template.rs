//! A call's arguments, kept with the plan: what the document says, with the variables left open.

use apollo_compiler::Node;
use apollo_compiler::ast::{Argument, Value};
use apollo_compiler::executable::Field;
use apollo_compiler::response::serde_json_bytes::ByteString;
use apollo_compiler::response::{JsonMap, JsonValue};

use crate::error::{Code, Error, Result};

/// An argument's value with the variables left open.
pub(crate) enum Template {
    Constant(JsonValue),
    Variable(String),
    List(Vec<Template>),
    Object(Vec<(ByteString, Template)>),
}

/// The arguments of a field.
pub(super) fn arguments(field: &Field) -> Result<Vec<(ByteString, Template)>> {
    let argument = |given: &Node<Argument>| {
        let of_list = field.definition.argument_by_name(&given.name).is_some_and(|known| known.ty.is_list());
        Ok((given.name.as_str().into(), if of_list { list(&given.value)? } else { template(&given.value)? }))
    };
    field.arguments.iter().map(argument).collect()
}

/// A value where a list is wanted: one that is no list is a list of itself (GraphQL, 3.11).
fn list(value: &Node<Value>) -> Result<Template> {
    Ok(match value.as_ref() {
        Value::List(_) | Value::Null | Value::Variable(_) => template(value)?,
        _ => Template::List(vec![template(value)?]),
    })
}

fn template(value: &Node<Value>) -> Result<Template> {
    let number = |text: &str| {
        text.parse()
            .map(|number| Template::Constant(JsonValue::Number(number)))
            .map_err(|_| Error::new(Code::DocumentInvalid, "A number in the document is out of range."))
    };
    Ok(match value.as_ref() {
        Value::Null => Template::Constant(JsonValue::Null),
        Value::Enum(name) => Template::Constant(name.as_str().into()),
        Value::Variable(name) => Template::Variable(name.as_str().to_owned()),
        Value::String(text) => Template::Constant(text.as_str().into()),
        Value::Boolean(value) => Template::Constant((*value).into()),
        Value::Int(digits) => number(digits.as_str())?,
        Value::Float(digits) => number(digits.as_str())?,
        Value::List(values) => Template::List(values.iter().map(template).collect::<Result<_>>()?),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.as_str().into(), template(value)?)));
            Template::Object(fields.collect::<Result<_>>()?)
        }
    })
}

impl Template {
    /// The value, where every variable that it consists of was given.
    fn fill(&self, variables: &JsonMap) -> Option<JsonValue> {
        match self {
            Self::Constant(value) => Some(value.clone()),
            Self::Variable(name) => variables.get(name.as_str()).cloned(),
            Self::List(values) => Some(JsonValue::Array(
                values.iter().map(|value| value.fill(variables).unwrap_or(JsonValue::Null)).collect(),
            )),
            Self::Object(fields) => Some(JsonValue::Object(fill(fields, variables))),
        }
    }
}

/// The values that are given, with the variables filled in.
pub(super) fn fill(fields: &[(ByteString, Template)], variables: &JsonMap) -> JsonMap {
    fields.iter().filter_map(|(name, value)| Some((name.clone(), value.fill(variables)?))).collect()
}
