//! Each caller's own schema: what its introspection and its SDL show (R7).

use apollo_compiler::collections::HashMap;
use apollo_compiler::executable::Operation;
use apollo_compiler::introspection;
use apollo_compiler::response::{JsonMap, JsonValue};
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};

use crate::access::document::Document;
use crate::error::{Code, Error, Result};

/// A schema to answer introspection from.
pub(crate) struct RoleView {
    pub(crate) sdl: String,
    pub(crate) schema: Valid<Schema>,
    implementers: HashMap<Name, Implementers>,
}

impl RoleView {
    /// The view that an SDL describes.
    pub(crate) fn new(sdl: String) -> Result<Self> {
        let schema = Schema::parse_and_validate(&sdl, "schema.graphql")
            .map_err(|faulty| Error::internal(format!("the schema does not validate: {}", faulty.errors)))?;
        let implementers = schema.implementers_map();
        Ok(Self { sdl, schema, implementers })
    }

    /// The values of the operation's `__schema` and `__type` fields, by response key.
    pub(crate) fn introspect(
        &self,
        document: &Document,
        operation: &Operation,
        variables: &Valid<JsonMap>,
    ) -> Result<JsonMap> {
        introspection::check_max_depth(&document.executable, operation).map_err(|_| {
            Error::new(Code::DocumentTooComplex, "Introspection nests too deep.")
                .with("limit", "introspectionDepth")
        })?;
        let response = introspection::partial_execute(
            &self.schema,
            &self.implementers,
            &document.executable,
            operation,
            variables,
        )
        .map_err(|error| Error::new(Code::DocumentInvalid, error.message().to_string()))?;
        Ok(response.data.unwrap_or_default())
    }
}

/// Appends a JSON value.
pub(crate) fn write_json(value: &JsonValue, out: &mut Vec<u8>) {
    // A Vec takes every write, and the value is JSON already.
    let _infallible = serde_json::to_writer(out, value);
}
