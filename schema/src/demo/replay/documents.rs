//! The documents by which a script's changes are asked for, written from the schema: each argument by its type, and of the payload the
//! ids and versions of what it carries.

use std::fmt::Write as _;

use apollo_compiler::Schema;
use apollo_compiler::schema::{ExtendedType, FieldDefinition, ObjectType};
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value};

use super::Doing;
use crate::capabilities;
use crate::error::{Error, Result};
use crate::graph::print_sdl;

/// The argument by which a change is done once, however often it is sent.
pub const KEY: &str = "idempotencyKey";

/// A script asks for what the schema does not have.
#[derive(Debug, thiserror::Error)]
#[error("the schema has no mutation {verb} with the argument {argument:?} and a payload of its own")]
pub struct UnknownVerb {
    verb: String,
    argument: Option<String>,
}

/// Writes documents.
pub struct Documents {
    schema: Valid<Schema>,
}

impl Documents {
    /// Those of the whole schema.
    pub fn of_the_schema() -> Result<Self> {
        let schema = Schema::parse_and_validate(print_sdl(capabilities(), None), "schema.graphql")
            .map_err(|faulty| Error::internal(format!("the schema does not validate: {}", faulty.errors)))?;
        Ok(Self { schema })
    }

    /// The document of something that is done with these arguments, the versions and the key among them.
    pub fn document(
        &self,
        doing: &Doing,
        arguments: &Map<String, Value>,
    ) -> std::result::Result<String, UnknownVerb> {
        match doing {
            Doing::Read { document, .. } => Ok((*document).to_owned()),
            Doing::Change { verb, tells, .. } => self.change(verb, arguments, tells.unwrap_or_default()),
        }
    }

    /// Whether the schema takes a document.
    #[cfg(test)]
    pub(super) fn check(&self, document: &str) -> std::result::Result<(), String> {
        let read = apollo_compiler::ExecutableDocument::parse_and_validate(
            &self.schema,
            document,
            "document.graphql",
        );
        read.map(drop).map_err(|faulty| faulty.errors.to_string())
    }

    fn change(
        &self,
        verb: &str,
        arguments: &Map<String, Value>,
        tells: &str,
    ) -> std::result::Result<String, UnknownVerb> {
        let unknown =
            |argument: Option<&String>| UnknownVerb { verb: verb.to_owned(), argument: argument.cloned() };
        let field = self.mutation(verb).ok_or_else(|| unknown(None))?;
        let (mut declared, mut given) = (String::new(), String::new());
        for name in arguments.keys() {
            let argument = field.argument_by_name(name).ok_or_else(|| unknown(Some(name)))?;
            // A String takes every write.
            let _infallible = write!(declared, "${name}: {} ", argument.ty);
            let _infallible = write!(given, "{name}: ${name} ");
        }
        let payload = self.payload(field).ok_or_else(|| unknown(None))?;
        let carried = self.carried(payload);
        Ok(format!(
            "mutation({declared}) {{ {verb}({given}) {{ __typename ... on Problem {{ code message }} \
             ... on {} {{ {carried}{tells} }} }} }}",
            payload.name,
        ))
    }

    fn mutation(&self, verb: &str) -> Option<&FieldDefinition> {
        let root = self.schema.schema_definition.mutation.as_ref()?;
        self.schema.get_object(root.as_str())?.fields.get(verb).map(|field| &***field)
    }

    /// The member of a result that is no problem.
    fn payload(&self, field: &FieldDefinition) -> Option<&ObjectType> {
        let ExtendedType::Union(result) = self.schema.types.get(field.ty.inner_named_type())? else {
            return None;
        };
        let named = result.members.iter().find(|member| member.as_str().ends_with("Payload"))?;
        self.schema.get_object(named.as_str()).map(|payload| &**payload)
    }

    /// The ids and versions of what a payload carries, as a selection.
    fn carried(&self, payload: &ObjectType) -> String {
        let mut selection = String::new();
        for (name, field) in &payload.fields {
            let Some(carried) = self.schema.get_object(field.ty.inner_named_type()) else { continue };
            let known: Vec<&str> =
                ["id", "version"].into_iter().filter(|name| carried.fields.contains_key(*name)).collect();
            if !known.is_empty() {
                let _infallible = write!(selection, "{name} {{ {} }} ", known.join(" "));
            }
        }
        if selection.is_empty() { "__typename ".to_owned() } else { selection }
    }
}
