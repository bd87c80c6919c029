//! Reading a document: parsed, bounded, and only then validated (R15).

use std::collections::{BTreeSet, HashMap};

use apollo_compiler::ast::{self, Definition, Selection, Value};
use apollo_compiler::parser::Parser;
use apollo_compiler::response::GraphQLError;
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Node, Schema};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::error::{Code, Error};
use crate::live::{Bound, bound};

/// How much a document may ask for. Each holds for every role, before validation; `cost` once the arguments are known.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Lexical tokens.
    pub tokens: usize,
    /// Selection sets inside one another, fragments followed.
    pub depth: usize,
    /// Fields with an alias, fragments followed.
    pub aliases: usize,
    /// Fields of the root, fragments followed.
    pub root_fields: usize,
    /// Directives, fragments followed.
    pub directives: usize,
    /// Fields, fragments followed: what a doubling of fragments makes of a short text.
    pub fields: usize,
    /// Lists and objects inside one another in a literal.
    pub literal_depth: usize,
    /// Values that the answer may hold: fields times the rows that the arguments ask for.
    pub cost: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 5_000,
            depth: 12,
            aliases: 60,
            root_fields: 30,
            directives: 60,
            fields: 2_000,
            literal_depth: 8,
            cost: 100_000,
        }
    }
}

/// A valid document.
pub struct Document {
    /// Parsed and validated against the whole schema: that a coordinate exists is no secret, values and records are (R7).
    pub(crate) executable: Valid<ExecutableDocument>,
    /// Its place among the documents of this process, for the plans' cache.
    pub(crate) number: u64,
    /// The variables that `@skip` and `@include` turn on: a plan holds for one setting of them.
    pub(crate) flag_names: Vec<String>,
    /// SHA-256 of its text, in hexadecimal digits: the journal names documents by it.
    pub(crate) digest: String,
    /// Of a document that subscribes: what its cursors are bound to.
    pub(crate) bound: Option<Bound>,
}

/// Why a document is refused: one or more entries for `errors`.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) errors: Vec<Json>,
}

impl Fault {
    /// What is wrong, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let message = self.errors.iter().find_map(|error| error["message"].as_str());
        message.unwrap_or(self.code.as_str()).to_owned()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { code: error.code, errors: vec![error.to_json(None)] }
    }
}

/// A plan's key has room for so many variables in directives.
const MOST_FLAGS: usize = 64;
/// Most entries that one faulty document is answered with.
const MOST_ERRORS: usize = 10;

impl Fault {
    fn of(code: Code, diagnostics: &DiagnosticList) -> Self {
        let errors =
            diagnostics.iter().take(MOST_ERRORS).map(|found| entry(code, &found.to_json())).collect();
        Self { code, errors }
    }
}

fn entry(code: Code, error: &GraphQLError) -> Json {
    let locations: Vec<Json> =
        error.locations.iter().map(|place| json!({"line": place.line, "column": place.column})).collect();
    json!({"message": error.message, "locations": locations, "extensions": {"code": code.as_str()}})
}

fn too_much(limit: &'static str, allowed: usize) -> Error {
    Error::new(
        Code::DocumentTooComplex,
        format!(
            "The document exceeds the limit of {allowed} for {limit}. Split it, or ask for less at a time."
        ),
    )
    .with("limit", limit)
    .with("allowed", allowed)
}

impl Document {
    /// Reads a document. What exceeds a limit is refused before it is validated.
    pub(crate) fn read(
        source: &str,
        number: u64,
        schema: &Valid<Schema>,
        limits: &Limits,
    ) -> Result<Self, Fault> {
        // Literals and types nest as selections do; the parser's own bound keeps its stack.
        let mut parser = Parser::new()
            .token_limit(limits.tokens)
            .recursion_limit(4 * (limits.depth + limits.literal_depth));
        let parsed = match parser.parse_ast(source, "document.graphql") {
            Ok(parsed) => parsed,
            Err(_) if parser.tokens_reached() > limits.tokens => {
                return Err(too_much("tokens", limits.tokens).into());
            }
            Err(_) if parser.recursion_reached() > 4 * (limits.depth + limits.literal_depth) => {
                return Err(too_much("depth", limits.depth).into());
            }
            Err(faulty) => return Err(Fault::of(Code::DocumentSyntax, &faulty.errors)),
        };
        let flag_names = Bounds::check(&parsed, limits)?;
        let bound = bound(&parsed);
        let executable = parsed
            .to_executable_validate(schema)
            .map_err(|faulty| Fault::of(Code::DocumentInvalid, &faulty.errors))?;
        let digest = format!("{:x}", Sha256::digest(source));
        Ok(Self { executable, number, flag_names, digest, bound })
    }
}

/// Refuses an answer whose size the arguments alone make too large.
pub(crate) fn check_cost(cost: usize, limits: &Limits) -> Result<(), Error> {
    if cost > limits.cost { Err(too_much("cost", limits.cost).with("cost", cost)) } else { Ok(()) }
}

fn within(found: usize, allowed: usize, limit: &'static str) -> Result<(), Error> {
    if found > allowed { Err(too_much(limit, allowed)) } else { Ok(()) }
}

/// What a selection set amounts to with its fragments followed. Saturating: a doubling of fragments overflows no counter.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    fields: usize,
    depth: usize,
    aliases: usize,
    directives: usize,
    /// Fields directly in the set.
    own: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.own = self.own.saturating_add(other.own);
    }
}

/// Measures a document, each fragment once.
struct Bounds<'a> {
    fragments: HashMap<&'a str, &'a ast::FragmentDefinition>,
    /// `None` while a fragment is being measured: a cycle, which validation will name.
    measured: HashMap<&'a str, Option<Size>>,
    flag_names: BTreeSet<&'a str>,
    limits: &'a Limits,
}

impl<'a> Bounds<'a> {
    fn check(document: &'a ast::Document, limits: &'a Limits) -> Result<Vec<String>, Error> {
        let fragments = document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                Definition::FragmentDefinition(fragment) => Some((fragment.name.as_str(), fragment.as_ref())),
                _ => None,
            })
            .collect();
        let mut bounds = Self { fragments, measured: HashMap::new(), flag_names: BTreeSet::new(), limits };
        // Unused fragments are measured too: validation walks them.
        let mut whole = Size::default();
        for definition in &document.definitions {
            match definition {
                Definition::OperationDefinition(operation) => {
                    let mut size = bounds.selections(&operation.selection_set, 1)?;
                    size.directives =
                        size.directives.saturating_add(bounds.directives(&operation.directives)?);
                    for variable in &operation.variables {
                        size.directives =
                            size.directives.saturating_add(bounds.directives(&variable.directives)?);
                        if let Some(default) = &variable.default_value {
                            bounds.literal(default, 1)?;
                        }
                    }
                    within(size.own, limits.root_fields, "rootFields")?;
                    whole.add(size);
                }
                Definition::FragmentDefinition(fragment) => {
                    bounds.fragment(fragment.name.as_str(), 1)?;
                }
                _ => {}
            }
        }
        within(whole.depth, limits.depth, "depth")?;
        within(whole.fields, limits.fields, "fields")?;
        within(whole.aliases, limits.aliases, "aliases")?;
        within(whole.directives, limits.directives.min(MOST_FLAGS), "directives")?;
        Ok(bounds.flag_names.into_iter().map(str::to_owned).collect())
    }

    fn selections(&mut self, set: &'a [Selection], level: usize) -> Result<Size, Error> {
        within(level, self.limits.depth, "depth")?;
        let mut size = Size { depth: 1, ..Size::default() };
        for selection in set {
            match selection {
                Selection::Field(field) => {
                    let mut below = if field.selection_set.is_empty() {
                        Size::default()
                    } else {
                        self.selections(&field.selection_set, level + 1)?
                    };
                    below.depth += 1;
                    below.fields = below.fields.saturating_add(1);
                    below.aliases = below.aliases.saturating_add(usize::from(field.alias.is_some()));
                    below.directives = below.directives.saturating_add(self.directives(&field.directives)?);
                    below.own = 1;
                    for argument in &field.arguments {
                        self.literal(&argument.value, 1)?;
                    }
                    size.add(below);
                }
                Selection::InlineFragment(inline) => {
                    let mut inside = self.selections(&inline.selection_set, level + 1)?;
                    inside.directives =
                        inside.directives.saturating_add(self.directives(&inline.directives)?);
                    size.add(inside);
                }
                Selection::FragmentSpread(spread) => {
                    let mut inside = self.fragment(spread.fragment_name.as_str(), level)?;
                    inside.directives =
                        inside.directives.saturating_add(self.directives(&spread.directives)?);
                    size.add(inside);
                }
            }
            within(size.fields, self.limits.fields, "fields")?;
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &'a str, level: usize) -> Result<Size, Error> {
        if let Some(known) = self.measured.get(name) {
            return Ok(known.unwrap_or_default());
        }
        let Some(fragment) = self.fragments.get(name).copied() else { return Ok(Size::default()) };
        self.measured.insert(name, None);
        let mut size = self.selections(&fragment.selection_set, level)?;
        size.directives = size.directives.saturating_add(self.directives(&fragment.directives)?);
        self.measured.insert(name, Some(size));
        Ok(size)
    }

    fn directives(&mut self, directives: &'a ast::DirectiveList) -> Result<usize, Error> {
        for directive in directives {
            for argument in &directive.arguments {
                if let Value::Variable(name) = argument.value.as_ref() {
                    self.flag_names.insert(name.as_str());
                }
                self.literal(&argument.value, 1)?;
            }
        }
        Ok(directives.len())
    }

    fn literal(&mut self, value: &'a Node<Value>, level: usize) -> Result<(), Error> {
        within(level, self.limits.literal_depth, "literalDepth")?;
        match value.as_ref() {
            Value::List(values) => values.iter().try_for_each(|value| self.literal(value, level + 1)),
            Value::Object(fields) => fields.iter().try_for_each(|(_, value)| self.literal(value, level + 1)),
            _ => Ok(()),
        }
    }
}
