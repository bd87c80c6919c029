//! `node(id:)`: its id may be of any type. Planned are the types that the document names; of every other it asks the same, which is
//! kept once: a plan must not grow by the schema's types for each root of a document.

use std::collections::BTreeSet;

use apollo_compiler::executable::{Selection as Selected, SelectionSet};

use crate::access::plan::{Merged, Planner, Reply, Segment, lead, misfit};
use crate::error::Result;

/// What is written of a record whose type the document does not name, each with what precedes it.
pub(crate) struct Common(pub(crate) Vec<(Vec<u8>, CommonField)>);

/// What every `Node` has. Neither can be refused: an id is of class PUBLIC.
#[derive(Clone, Copy)]
pub(crate) enum CommonField {
    Typename,
    Id,
}

impl<'a> Planner<'a> {
    pub(super) fn node(&mut self, merged: &Merged<'a>, path: &[Segment]) -> Result<Reply> {
        let mut named = BTreeSet::new();
        for set in &merged.sets {
            self.note_named(set, &mut named);
        }
        let graph = self.graph;
        let is_named = |object: &str| {
            let interfaces = graph.interfaces(object).iter().filter(|interface| **interface != "Node");
            std::iter::once(&object).chain(interfaces).any(|name| named.contains(name))
        };
        let nodes = graph.nodes.values().map(|node| node.object);
        let members: Vec<&'static str> = nodes.filter(|object| is_named(object)).collect();
        let planned = self.either(&members, "Node", &merged.sets, path)?;
        let mut common = Vec::new();
        for field in self.collect(&merged.sets, &["Node"]) {
            let what = match field.field.name.as_str() {
                "__typename" => CommonField::Typename,
                "id" => CommonField::Id,
                _ => return Err(misfit()),
            };
            common.push((lead(common.is_empty(), &field.key), what));
        }
        Ok(Reply::Node(planned, Common(common)))
    }

    /// The types that a selection names, fragments followed.
    fn note_named(&self, set: &'a SelectionSet, named: &mut BTreeSet<&'a str>) {
        for selection in &set.selections {
            match selection {
                Selected::Field(_) => {}
                Selected::InlineFragment(inline) => {
                    named.extend(inline.type_condition.as_ref().map(apollo_compiler::Name::as_str));
                    self.note_named(&inline.selection_set, named);
                }
                Selected::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.executable.fragments.get(&spread.fragment_name) {
                        named.insert(fragment.type_condition().as_str());
                        self.note_named(&fragment.selection_set, named);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::response::JsonMap;
    use enlace_policies::{Policies, Principal};

    use crate::access::plan::{Call, Reply, RootWhat, plan};
    use crate::access::{Document, Limits};
    use crate::{capabilities, whole_schema};

    #[test]
    fn a_plan_holds_the_types_that_its_document_names_and_the_rest_once() {
        let text = "{ a: node(id: \"x\") { id ...named } b: node(id: \"y\") { __typename ... on Node { id } } } \
                    fragment named on Node { ... on Shelter { name } ... on Person { id } }";
        let document = Document::read(text, 0, &whole_schema().unwrap().schema, &Limits::default()).unwrap();
        let profile = Policies::built_in().unwrap().profile(&Principal::Anyone).unwrap();
        let operation = document.executable.operations.get(None).unwrap();
        let plan = plan(capabilities(), &profile, &document, operation, &JsonMap::new()).unwrap();
        let held = plan.roots.iter().map(|root| match &root.what {
            RootWhat::Call(Call { reply: Reply::Node(members, common), .. }) => {
                (members.iter().map(|(name, _)| *name).collect::<Vec<_>>(), common.0.len())
            }
            _ => panic!("{} is answered", root.key),
        });
        assert_eq!(held.collect::<Vec<_>>(), [(vec!["Person", "Shelter"], 1), (vec![], 2)]);
    }
}
