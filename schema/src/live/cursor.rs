//! From where a stream goes on.
//!
//! A cursor is the journal's index and a code over its subject, its document and its variables: another user's, or another
//! document's, is refused. The index itself is no secret, and a subject who changes it deprives nobody but itself.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use apollo_compiler::ast::{Definition, Document, OperationType, Selection, Value};
use apollo_compiler::response::JsonMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::beginning::says_where;
use crate::error::{Code, Error, Result};

/// How much of the code a cursor has: what nobody guesses.
const CODE_BYTES: usize = 16;

/// What follows the cursor in a message: the end of a text, and of three objects.
pub const AFTER_CURSOR: &str = "\"}}}";

/// What of a document its cursors are bound to.
#[derive(Debug)]
pub(crate) struct Bound {
    /// Of the document without the arguments that say where it begins.
    digest: [u8; 32],
    /// The variables that these arguments take.
    variables: BTreeSet<String>,
}

/// What the cursors of a document with a subscription are bound to.
pub(crate) fn bound(document: &Document) -> Option<Bound> {
    let subscribes = |definition: &Definition| match definition {
        Definition::OperationDefinition(operation) => operation.operation_type == OperationType::Subscription,
        _ => false,
    };
    if !document.definitions.iter().any(subscribes) {
        return None;
    }
    let (mut document, mut variables) = (document.clone(), BTreeSet::new());
    for definition in &mut document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                strip(&mut operation.make_mut().selection_set, &mut variables);
            }
            Definition::FragmentDefinition(fragment) => {
                strip(&mut fragment.make_mut().selection_set, &mut variables);
            }
            _ => {}
        }
    }
    for definition in &mut document.definitions {
        if let Definition::OperationDefinition(operation) = definition {
            operation.make_mut().variables.retain(|variable| !variables.contains(variable.name.as_str()));
        }
    }
    let text = document.serialize().no_indent().to_string();
    Some(Bound { digest: Sha256::digest(text).into(), variables })
}

/// Takes out the arguments that say where a stream begins, and tells which variables they take.
fn strip(set: &mut [Selection], variables: &mut BTreeSet<String>) {
    for selection in set {
        match selection {
            Selection::Field(field) => {
                let field = field.make_mut();
                field.arguments.retain(|argument| {
                    let stays = !says_where(&argument.name);
                    if let (false, Value::Variable(name)) = (stays, argument.value.as_ref()) {
                        variables.insert(name.as_str().to_owned());
                    }
                    stays
                });
                strip(&mut field.selection_set, variables);
            }
            Selection::InlineFragment(inline) => strip(&mut inline.make_mut().selection_set, variables),
            Selection::FragmentSpread(_) => {}
        }
    }
}

impl Bound {
    /// The variables that say what a stream is of, as text.
    pub(crate) fn variables(&self, variables: &JsonMap) -> Result<String> {
        let bound: JsonMap = variables
            .iter()
            .filter(|(name, _)| !self.variables.contains(name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        serde_json::to_string(&bound).map_err(Error::internal)
    }
}

/// A place in a stream, for its subject to go on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    index: i64,
    code: Arc<str>,
}

impl Display for Cursor {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.index, self.code)
    }
}

impl Cursor {
    /// The cursor before the first index of a user's stream.
    pub(crate) fn new(
        key: &hmac::Key,
        user: Uuid,
        bound: &Bound,
        (operation, variables): (Option<&str>, &str),
    ) -> Self {
        let mut code = hmac::Context::with_key(key);
        code.update(user.as_bytes());
        code.update(&bound.digest);
        // No name holds what keeps the two apart.
        for part in [operation.unwrap_or_default(), "\0", variables] {
            code.update(part.as_bytes());
        }
        let code = code.sign();
        let code = code.as_ref().get(..CODE_BYTES).unwrap_or_default();
        Self { index: -1, code: URL_SAFE_NO_PAD.encode(code).into() }
    }

    /// The journal's index.
    pub fn index(&self) -> i64 {
        self.index
    }

    /// What follows the index and a dot.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The same stream's, at another index.
    #[must_use]
    pub fn at(&self, index: i64) -> Self {
        Self { index, code: Arc::clone(&self.code) }
    }

    /// The index of a cursor that this stream gave.
    pub(crate) fn read(&self, text: &str) -> Result<i64> {
        let read = || {
            let (index, code) = text.split_once('.')?;
            let index = index.parse().ok().filter(|index| *index >= -1)?;
            (code == &*self.code).then_some(index)
        };
        read().ok_or_else(invalid)
    }
}

/// A cursor that is not this stream's.
pub(super) fn invalid() -> Error {
    Error::new(
        Code::InvalidCursor,
        "This cursor was not given to this user by a stream with this document and these variables. Subscribe without it.",
    )
}

#[cfg(test)]
mod tests {
    use apollo_compiler::parser::Parser;
    use apollo_compiler::response::JsonValue;
    use apollo_compiler::response::serde_json_bytes::ByteString;

    use super::*;

    fn bound_of(text: &str) -> Bound {
        bound(&Parser::new().parse_ast(text, "document.graphql").unwrap()).unwrap()
    }

    fn cursor(user: u128, document: &str, variables: &str) -> Cursor {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        Cursor::new(&key, Uuid::from_u128(user), &bound_of(document), (None, variables))
    }

    #[test]
    fn a_cursor_is_its_users_and_its_streams_alone() {
        let document = "subscription { stockChanged { donation { id } } }";
        let own = cursor(1, document, "{}");
        assert_eq!(own.read(&own.at(9).to_string()).unwrap(), 9);
        for other in [
            cursor(2, document, "{}"),
            cursor(1, "subscription { stockChanged { stock { id } } }", "{}"),
            cursor(1, document, r#"{"lot":"lot_1"}"#),
        ] {
            assert!(own.read(&other.to_string()).is_err(), "{other}");
        }
        for text in ["", "5", "5.", ".x", "x.y", &format!("-2.{}", own.code()), &format!("{own}x")] {
            assert!(own.read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn where_a_stream_begins_is_no_part_of_what_it_is() {
        let plain = bound_of("subscription { stockChanged { stock { id } } }");
        let asks = "subscription($from: String) { stockChanged(after: $from) { stock { id } } }";
        for document in [
            asks,
            "subscription { stockChanged(after: \"5.x\") { stock { id } } }",
            "subscription   { stockChanged(after: null) { stock {id} } }",
        ] {
            assert_eq!(bound_of(document).digest, plain.digest, "{document}");
        }
        assert_ne!(
            bound_of("subscription { stockChanged(lot: \"a\") { stock { id } } }").digest,
            plain.digest
        );
        let given = JsonMap::from_iter([
            (ByteString::from("from"), JsonValue::from("5.x")),
            (ByteString::from("lot"), JsonValue::from("lot_1")),
        ]);
        assert_eq!(bound_of(asks).variables(&given).unwrap(), r#"{"lot":"lot_1"}"#);
    }

    #[test]
    fn only_what_subscribes_has_cursors() {
        let query = Parser::new().parse_ast("{ shelters { id } }", "document.graphql").unwrap();
        assert!(bound(&query).is_none());
    }
}
