//! Coordinates of the schema, and what the policies are asked of each.

use enlace_policies::{Answer, Class, Error, Explanation, Known, Policies, Principal, RecordType, Verb};

use crate::graph::{Graph, OperationKind, Root};

/// A field, an operation or an argument of the schema, and what decides on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinate {
    /// `Shelter.name`, `Query.shelters`, `Query.donationItems(donor:)`.
    pub name: String,
    /// What is asked of the policies.
    pub verb: Verb,
    /// Of the fields of which class.
    pub class: Class,
    /// On records of which type.
    pub record: RecordType,
    /// Of an argument that selects by another class than its operation's: what decides on the operation. It is used on every
    /// record that the operation shows, or not at all.
    pub selects_from: Option<(Verb, Class)>,
}

/// Whether a root whose own answer is `root` may be asked by an argument that selects by what `argument` answers.
pub(crate) fn may_select(root: &Answer, argument: &Answer) -> bool {
    match (root, argument) {
        (_, Answer::Allowed) => true,
        // Whatever the root shows meets the condition: a filter tells of no other record.
        (Answer::Depends(root), Answer::Depends(argument)) => root.condition == argument.condition,
        _ => false,
    }
}

impl Coordinate {
    /// Why someone may or may not use it; of one record where `known` has its facts.
    pub fn explain(
        &self,
        policies: &Policies,
        principal: &Principal,
        known: &Known<'_>,
    ) -> Result<Explanation, Error> {
        let Self { verb, class, record, .. } = *self;
        if let Some((root_verb, root_class)) = self.selects_from {
            let root = policies.decide(principal, root_verb, root_class, record)?;
            let argument = policies.decide(principal, verb, class, record)?;
            if !may_select(&root, &argument) {
                return policies.explain(principal, verb, class, record, &Known::EVERY);
            }
        }
        policies.explain(principal, verb, class, record, known)
    }
}

impl Root {
    /// What a caller must be able to do with its records.
    pub(crate) fn verb(&self) -> Verb {
        if self.kind == OperationKind::Mutation { Verb::Write } else { Verb::Read }
    }
}

impl Graph {
    /// Every coordinate that the policies decide on, by name.
    pub(crate) fn coordinates(&self) -> Vec<Coordinate> {
        let mut coordinates = Vec::new();
        for root in &self.roots {
            let name = format!("{}.{}", root.kind.type_name(), root.name);
            let (verb, class, record) = (root.verb(), root.class, root.record);
            for argument in &root.arguments {
                let name = format!("{name}({}:)", argument.name);
                coordinates.push(match argument.class {
                    Some(by) => Coordinate {
                        name,
                        verb: Verb::Read,
                        class: by,
                        record,
                        selects_from: Some((verb, class)),
                    },
                    None => Coordinate { name, verb, class, record, selects_from: None },
                });
            }
            coordinates.push(Coordinate { name, verb, class, record, selects_from: None });
        }
        for object in &self.objects {
            for field in object.fields() {
                coordinates.push(Coordinate {
                    name: format!("{}.{}", object.name(), field.name),
                    verb: Verb::Read,
                    class: field.class,
                    record: field.leads_to.unwrap_or(object.record()),
                    selects_from: None,
                });
            }
        }
        coordinates.sort_by(|a, b| a.name.cmp(&b.name));
        coordinates
    }
}
