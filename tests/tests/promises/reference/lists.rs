//! Which roots of a document are lists, in which no minor has an identity (R25): those that show many people by nature, and
//! all of them where more than one would show a person, or a household, alone.

use std::collections::BTreeSet;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::{JsonMap, JsonValue};

use super::sights::Caller;
use super::{SCHEMA, class_of};

/// The roots of one operation that show a person or a household alone, by their response keys.
pub(super) struct Lists {
    alone: BTreeSet<String>,
}

struct Reader<'a> {
    document: &'a ExecutableDocument,
    operation: &'a Operation,
    variables: &'a JsonMap,
    caller: &'a Caller,
}

impl Lists {
    /// Reads an operation as a caller's.
    pub(super) fn of(
        document: &ExecutableDocument,
        operation: Option<&str>,
        variables: &JsonMap,
        caller: &Caller,
    ) -> Self {
        let operation = document.operations.get(operation).unwrap();
        let reader = Reader { document, operation, variables, caller };
        let mut alone = BTreeSet::new();
        let mut naming = BTreeSet::new();
        reader.fields(&operation.selection_set, &mut |_, root| {
            let key = root.response_key().to_string();
            if !reader.is_alone(root) {
                return;
            }
            if reader.names_people(&root.selection_set) {
                naming.insert(key.clone());
            }
            alone.insert(key);
        });
        Self { alone: if naming.len() > 1 { BTreeSet::new() } else { alone } }
    }

    /// Whether this root is a list.
    pub(super) fn is_list(&self, root: &Field) -> bool {
        !self.alone.contains(root.response_key().as_str())
    }
}

impl Reader<'_> {
    fn is_alone(&self, root: &Field) -> bool {
        match root.name.as_str() {
            "node" => true,
            "persons" => match root.specified_argument_by_name("household").map(AsRef::as_ref) {
                None | Some(Value::Null) => false,
                Some(Value::Variable(name)) => {
                    let declared = self.operation.variables.iter().find(|declared| declared.name == *name);
                    declared.unwrap().ty.is_non_null()
                }
                Some(_) => true,
            },
            _ => false,
        }
    }

    /// Whether a selection asks for a person's identity at any depth that the caller may reach.
    fn names_people(&self, set: &SelectionSet) -> bool {
        let mut names = false;
        self.fields(set, &mut |of, field| {
            let class = class_of(&field.definition);
            if SCHEMA.target(&field.definition).is_none() {
                names |= of == "Person" && class == Some("IDENTITY");
            } else if class
                .is_none_or(|class| self.caller.may_see(class, SCHEMA.judged_on(of, &field.definition)))
            {
                names |= self.names_people(&field.selection_set);
            }
        });
        names
    }

    /// Every field that a selection includes, with the type that it is selected on.
    fn fields(&self, set: &SelectionSet, each: &mut dyn FnMut(&str, &Field)) {
        for selection in &set.selections {
            let flag = |directive: &str| {
                let given = selection.directives().get(directive)?;
                match given.specified_argument_by_name("if")?.as_ref() {
                    Value::Boolean(value) => Some(*value),
                    Value::Variable(name) => self.variables.get(name.as_str()).and_then(JsonValue::as_bool),
                    _ => None,
                }
            };
            if flag("skip") == Some(true) || flag("include") == Some(false) {
                continue;
            }
            match selection {
                Selection::Field(field) => each(set.ty.as_str(), field),
                Selection::InlineFragment(inline) => self.fields(&inline.selection_set, each),
                Selection::FragmentSpread(spread) => {
                    self.fields(&self.document.fragments[&spread.fragment_name].selection_set, each);
                }
            }
        }
    }
}
